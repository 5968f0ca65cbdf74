# SPDX-License-Identifier: BSD-2-Clause
"""
KubeVirt, without Kubernetes: a domain of the shape that virt-launcher writes, and what its agent
poller and its probes (pkg/virt-launcher/virtwrap/agent-poller, cmd/virt-probe) ask and demand.
"""
import base64
import json

import pytest

from domain import MAC, Deadline, libvirt, libvirt_qemu
from qemu import VIRT

MACHINES = ["q35", *VIRT]

# pkg/virt-handler/guest-agent: without one of them the condition is UnsupportedAgent.
REQUIRED = {"guest-ping", "guest-get-time", "guest-info", "guest-shutdown",
            "guest-network-get-interfaces", "guest-get-fsinfo", "guest-get-host-name",
            "guest-get-users", "guest-get-timezone", "guest-get-osinfo"}
SSH_KEYS = {"guest-ssh-get-authorized-keys", "guest-ssh-add-authorized-keys",
            "guest-ssh-remove-authorized-keys"}
DEVICES = """
    <controller type='virtio-serial' index='0' model='virtio-non-transitional'/>
    <controller type='scsi' index='0' model='virtio-non-transitional'/>
    <channel type='unix'><target type='virtio' name='org.kubevirt.downward.0'/></channel>
    <rng model='virtio-non-transitional'><backend model='random'>/dev/urandom</backend></rng>"""


@pytest.fixture(scope="module")
def vmi(daemon, start_for_all):
    """The domain, and it as libvirt's object, which is how virt-launcher has it."""
    domain = start_for_all(append="net=dhcp hostname=vmi", devices=DEVICES)
    return domain, daemon.connection.lookupByName(domain.name)


def ask(guest, command, **arguments):
    request = {"execute": command, "arguments": arguments} if arguments else {"execute": command}
    return json.loads(libvirt_qemu.qemuAgentCommand(guest, json.dumps(request), 10, 0))["return"]


def test_agent_connected(vmi):
    assert vmi[0].agent_state() == "connected"


def test_supported_agent(vmi):
    listed = {entry["name"] for entry in ask(vmi[1], "guest-info")["supported_commands"]
              if entry["enabled"]}
    assert REQUIRED <= listed, REQUIRED - listed
    # What accessCredentials need besides.
    assert SSH_KEYS | {"guest-set-user-password"} <= listed


def test_poll(vmi):
    """One round of the poller: two raw commands, the rest by virDomainGetGuestInfo."""
    domain, guest = vmi
    disks = ask(guest, "guest-get-fsinfo")
    assert all(isinstance(fs[key], int) for fs in disks for key in ("used-bytes", "total-bytes"))
    assert all("bus-type" in disk for fs in disks for disk in fs["disk"])
    assert ask(guest, "guest-fsfreeze-status") == "thawed"
    info = guest.guestInfo(libvirt.VIR_DOMAIN_GUEST_INFO_OS |
                           libvirt.VIR_DOMAIN_GUEST_INFO_TIMEZONE |
                           libvirt.VIR_DOMAIN_GUEST_INFO_HOSTNAME)
    assert info["hostname"] == "vmi" and info["timezone.offset"] == 0 and info["os.id"]
    assert guest.guestInfo(libvirt.VIR_DOMAIN_GUEST_INFO_USERS) == {"user.count": 0}
    deadline = Deadline(60)
    while True:
        found = guest.interfaceAddresses(libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT)
        by_mac = {nic["hwaddr"]: nic["addrs"] or [] for nic in found.values()}
        if any(entry["addr"] == "10.0.2.15" for entry in by_mac.get(MAC, [])):
            break
        assert not deadline.over(), found


def test_ping_probe(vmi):
    """guestAgentPing."""
    for _ in range(5):
        assert ask(vmi[1], "guest-ping") == {}


def test_freeze(vmi):
    """virtctl freeze and unfreeze; a second freeze is taken for done when the status says so."""
    _, guest = vmi
    assert ask(guest, "guest-fsfreeze-status") == "thawed"
    assert guest.fsFreeze() == 1
    assert ask(guest, "guest-fsfreeze-status") == "frozen"
    assert guest.fsThaw() == 1
    assert guest.fsThaw() == 0


def test_missing_file(vmi):
    """virt-launcher looks for this text when it searches for authorized_keys."""
    with pytest.raises(libvirt.libvirtError, match="No such file or directory"):
        ask(vmi[1], "guest-file-open", path="/home/x/.ssh/authorized_keys", mode="r")


def test_exec_probe(vmi):
    """virt-probe --command: guest-exec, then guest-exec-status until it exited."""
    _, guest = vmi
    for command, code, out in ((["cat", "/etc/hostname"], 0, b"vmi\n"), (["false"], 1, b"")):
        pid = ask(guest, "guest-exec", **{"path": command[0], "arg": command[1:],
                                          "capture-output": True})["pid"]
        assert pid > 0
        deadline = Deadline(30)
        while not (status := ask(guest, "guest-exec-status", pid=pid))["exited"]:
            assert not deadline.over()
        assert status["exitcode"] == code
        assert base64.b64decode(status.get("out-data", "")) == out


def test_soft_reboot(vmi):
    domain, guest = vmi
    mark = domain.events.mark()
    guest.reboot(libvirt.VIR_DOMAIN_REBOOT_GUEST_AGENT)
    domain.wait_connected(domain.events.wait("reboot", since=mark))
    assert ask(guest, "guest-ping") == {}
