# SPDX-License-Identifier: BSD-2-Clause
"""What docs/clients.md shows is what was run: its domain boots, its YAML is well-formed."""
import os
import re

import pytest

import qemu

with open(os.path.join(qemu.ROOT, "docs/clients.md"), encoding="utf-8") as page:
    TEXT = page.read()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def domain_of(machine):
    """The page's domain for a machine; riscv64's is what it says of that."""
    x86, _, virt = blocks("xml")
    arch, board = qemu.arch_of(machine)
    if arch == "riscv64":
        virt = re.sub(r"<cpu.*</cpu>", "", virt)
    return re.sub(r"<type arch='\w+' machine='\w+'>", f"<type arch='{arch}' machine='{board}'>",
                  x86 if arch == "x86_64" else virt)


@pytest.mark.parametrize("machine", ["q35", "pc", *qemu.VIRT])
def test_domain(start, machine):
    xml = domain_of(machine)
    domain = start.prepare(xml=xml)
    domain.start().wait_connected()
    assert domain.virsh("domhostname", "--source", "agent") == "bare-qga"
    deadline = qemu.Deadline(60)
    while "eth0" not in domain.virsh("domifaddr", "--source", "agent"):
        assert not deadline.over()
    domain.shut_down()
    domain.wait_lifecycle("stopped", 0)


@pytest.mark.only("x86_64", why="the page's domain with it")
def test_domain_with_fw_cfg(start):
    domain, options, _ = blocks("xml")
    xml = re.sub(r"<cmdline>.*</cmdline>", "", domain).replace("</os>", "</os>" + options)
    domain = start.prepare(xml=xml.replace("machine='q35'", "machine='pc'"))
    domain.start().wait_connected()
    assert domain.virsh("domhostname", "--source", "agent") == "bare-qga"


def test_manifest():
    yaml = pytest.importorskip("yaml")
    inventory, manifest = map(yaml.safe_load, blocks("yaml"))
    assert inventory["guests"]["hosts"]["bare-qga"]["ansible_connection"].endswith("libvirt_qemu")
    assert manifest["kind"] == "VirtualMachineInstance"
    boot = manifest["spec"]["domain"]["firmware"]["kernelBoot"]
    assert boot["container"]["kernelPath"] in blocks("dockerfile")[0]
