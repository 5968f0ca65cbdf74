# SPDX-License-Identifier: BSD-2-Clause
"""The personality file: the ready-made ones, what each member changes, and how errors are told."""
import glob
import json
import os

import pytest
from hosted_agent import ROOT, STATUS
from agent import CommandError

FILES = sorted(glob.glob(os.path.join(ROOT, "personalities/*.json")))
# What guest-get-osinfo always tells; where the file is silent, the truth.
KERNEL = {"kernel-release", "kernel-version", "machine"}


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


@pytest.mark.parametrize("path", FILES, ids=os.path.basename)
def test_ready_made(hosted, path):
    """The guest is what the file says, in every command that asks."""
    claimed = read(path)
    with open(path, encoding="utf-8") as file:
        agent = hosted(file.read()).connect()
    assert agent.execute(STATUS)["accepted"] is True
    assert agent.execute("guest-get-osinfo") == claimed["os"]
    assert agent.execute("guest-get-host-name") == {"host-name": claimed["host-name"]}
    assert agent.execute("guest-get-timezone") == claimed["timezone"]
    assert agent.execute("guest-get-users") == claimed["users"]
    assert agent.execute("guest-get-fsinfo") == claimed["file-systems"]
    assert agent.execute("guest-get-disks") == claimed["disks"]
    assert agent.execute("guest-get-vcpus") == claimed["vcpus"]
    if "devices" in claimed:
        assert agent.execute("guest-get-devices") == claimed["devices"]
    assert agent.execute("guest-network-get-interfaces") == claimed["interfaces"]
    if "routes" in claimed:
        assert agent.execute("guest-network-get-route") == claimed["routes"]
    info = agent.execute("guest-info")
    assert info["version"] == claimed["agent"]["version"]
    names = {command["name"] for command in info["supported_commands"]}
    assert not names & set(claimed["agent"].get("missing-commands", []))
    assert all(set(c) == {"enabled", "name", "success-response"}
               for c in info["supported_commands"])
    assert agent.execute("guest-fsfreeze-freeze") == len(claimed["file-systems"])
    assert agent.execute("guest-fsfreeze-thaw") == len(claimed["file-systems"])


def test_the_files_of_a_ready_made_one(hosted):
    with open(os.path.join(ROOT, "personalities/debian-12.json"), encoding="utf-8") as file:
        agent = hosted(file.read()).connect()
    lines = agent.read_file("/etc/os-release").decode().splitlines()
    assert 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"' in lines and 'ID="debian"' in lines
    assert agent.read_file("/etc/hostname") == b"debian\n"


def test_missing_commands(hosted):
    agent = hosted({"agent": {"missing-commands": ["guest-get-users"]}}).connect()
    with pytest.raises(CommandError) as error:
        agent.execute("guest-get-users")
    assert error.value.error == {"class": "CommandNotFound",
                                 "desc": "The command guest-get-users has not been found"}


def test_disabled_commands(hosted):
    """As those that qemu-ga was told to block, or built without."""
    agent = hosted({"agent": {"disabled-commands": ["guest-get-devices", "guest-fsfreeze-thaw"],
                              "missing-commands": ["guest-get-users"]}}).connect()
    for command in "guest-get-devices", "guest-fsfreeze-thaw":
        with pytest.raises(CommandError) as error:
            agent.execute(command)
        assert error.value.error == {
            "class": "CommandNotFound",
            "desc": f"Command {command} has been disabled: the command is not allowed"}
    enabled = {c["name"]: c["enabled"] for c in agent.execute("guest-info")["supported_commands"]}
    assert [name for name, on in enabled.items() if not on] == ["guest-get-devices",
                                                                "guest-fsfreeze-thaw"]
    assert "guest-get-users" not in enabled
    assert agent.execute("guest-fsfreeze-freeze") == 1
    # What leaves the frozen state is never blocked.
    assert agent.execute("guest-fsfreeze-thaw") == 1


def test_what_a_real_guest_answers_can_be_pasted(hosted):
    """guest-get-disks of a guest with an NVMe disk, as qemu-ga 8.2 gives it."""
    halves = {f"{name}-{half}": 2 ** 64 - 1 for half in ("lo", "hi") for name in (
        "data-units-read", "data-units-written", "host-read-commands", "host-write-commands",
        "controller-busy-time", "power-cycles", "power-on-hours", "unsafe-shutdowns",
        "media-errors", "number-of-error-log-entries")}
    disks = [{"name": "/dev/nvme0n1", "dependencies": [], "partition": False,
              "smart": {"type": "nvme", "critical-warning": 0, "temperature": 323,
                        "available-spare": 0, "available-spare-threshold": 0,
                        "percentage-used": 0, **halves},
              "address": {"serial": "QEMU NVMe Ctrl_nvme-1_1", "bus-type": "nvme", "bus": 0,
                          "unit": 0, "target": 0, "dev": "/dev/nvme0n1", "pci-controller": {
                              "bus": 0, "slot": 4, "domain": 0, "function": 0}}}]
    server = hosted({"disks": disks})
    assert server.connect().execute("guest-get-disks") == disks, server.log()
    disks[0]["smart"]["temperature"] = "warm"
    assert hosted({"disks": disks}).connect().execute(STATUS)["problem"] == (
        "Invalid parameter type for 'disks[0].smart.temperature', expected: integer")


def test_some_file_systems(hosted):
    filesystems = [
        {"name": "vda1", "mountpoint": "/", "type": "ext4", "disk": [
            {"pci-controller": {"domain": 0, "bus": 0, "slot": 5, "function": 0},
             "bus-type": "virtio", "bus": 0, "target": 0, "unit": 0}]},
        {"name": "tmpfs", "mountpoint": "/run", "type": "tmpfs", "disk": []},
        {"name": "vdb", "mountpoint": "/srv", "type": "xfs", "disk": []}]
    agent = hosted({"file-systems": filesystems}).connect()
    assert agent.execute("guest-fsfreeze-freeze-list", mountpoints=["/srv", "/none", "/"]) == 2
    assert agent.execute("guest-fsfreeze-status") == "frozen"
    assert agent.execute("guest-fsfreeze-thaw") == 2
    assert agent.execute("guest-fsfreeze-freeze-list", mountpoints=["/none"]) == 0
    assert agent.execute("guest-fsfreeze-status") == "thawed"
    assert agent.execute("guest-fstrim") == {"paths": [
        {"path": "/", "minimum": 0, "trimmed": 0}]}


def test_no_file_system_cannot_be_frozen(hosted):
    agent = hosted({"file-systems": []}).connect()
    assert agent.execute("guest-get-fsinfo") == []
    assert agent.execute("guest-fsfreeze-freeze") == 0
    assert agent.execute("guest-fsfreeze-status") == "thawed"


def test_vcpus_change(hosted):
    """They start as the file says, and guest-set-vcpus does what the file allows."""
    vcpus = [{"logical-id": i, "online": i < 40, "can-offline": i > 1} for i in range(50)]
    agent = hosted({"vcpus": vcpus}).connect()
    assert agent.execute("guest-get-vcpus") == vcpus
    assert agent.execute("guest-set-vcpus", vcpus=[
        {"logical-id": 39, "online": False}, {"logical-id": 49, "online": True}]) == 2
    vcpus[39]["online"], vcpus[49]["online"] = False, True
    assert agent.execute("guest-get-vcpus") == vcpus
    with pytest.raises(CommandError) as error:
        agent.execute("guest-set-vcpus", vcpus=[{"logical-id": 1, "online": False}])
    assert error.value.error["desc"] == "logical processor #1 can't be offlined"


def test_what_is_left_out_is_the_truth(hosted):
    plain = hosted().connect()
    agent = hosted({}).connect()
    for command in ("guest-get-osinfo", "guest-get-host-name", "guest-get-timezone",
                    "guest-get-users", "guest-get-disks", "guest-get-vcpus", "guest-info"):
        assert agent.execute(command) == plain.execute(command)


def test_os_release_is_quoted(hosted):
    name = 'a "quoted" $HOME \\ `x` \u00fcber'
    agent = hosted({"os": {"name": name, "id": "x"}}).connect()
    info = agent.execute("guest-get-osinfo")
    assert info["name"] == name and info["id"] == "x" and set(info) == KERNEL | {"name", "id"}


def test_arguments_are_still_checked(hosted):
    agent = hosted({"users": []}).connect()
    with pytest.raises(CommandError) as error:
        agent.execute("guest-get-users", nonsense=1)
    assert error.value.error["desc"] == "Parameter 'nonsense' is unexpected"


DISK = {"pci-controller": {"domain": 0, "bus": 0, "slot": 0, "function": "0"},
        "bus-type": "scsi", "bus": 0, "target": 0, "unit": 0}
CPU = {"logical-id": 0, "online": True}


@pytest.mark.parametrize("file, problem", [
    ("", "JSON parse error, the text ends before its object does"),
    ("{", "JSON parse error, the text ends before its object does"),
    ("{} {}", "JSON parse error, there is more text behind the object"),
    ("[]", "QMP input must be a JSON object"),
    ('{"os": nul}', "JSON parse error, invalid keyword 'nul'"),
    ('{"os": {}, "os": {}}', "JSON parse error, duplicate key"),
    ({"hostname": "x"}, "Parameter 'hostname' is unexpected"),
    ({"os": {"nmae": "x"}}, "Parameter 'os.nmae' is unexpected"),
    ({"os": []}, "Invalid parameter type for 'os', expected: object"),
    ({"os": {"name": 5}}, "Invalid parameter type for 'os.name', expected: string"),
    ({"os": {"name": "a\nb"}}, "Parameter 'os.name' expects no control characters"),
    ({"agent": {"version": "10.0"}},
     "Parameter 'agent.version' expects three numbers with dots in between"),
    ({"agent": {"version": "10.0.2-rc1"}},
     "Parameter 'agent.version' expects three numbers with dots in between"),
    ({"agent": {"missing-commands": ["guest-ping", "guest-pong"]}},
     "Parameter 'agent.missing-commands[1]' does not accept value 'guest-pong'"),
    ({"agent": {"disabled-commands": ["guest-pong"]}},
     "Parameter 'agent.disabled-commands[0]' does not accept value 'guest-pong'"),
    ({"devices": [{"driver-name": "a", "id": {"type": "usb", "vendor-id": 1, "device-id": 2}}]},
     "Parameter 'devices[0].id.type' does not accept value 'usb'"),
    ({"devices": [{"driver-name": "a", "id": {"type": "pci", "vendor-id": 65536}}]},
     "Parameter 'devices[0].id.vendor-id' expects uint16"),
    ({"host-name": ""}, "Parameter 'host-name' expects 1 to 64 bytes without white space"),
    ({"host-name": "x" * 65}, "Parameter 'host-name' expects 1 to 64 bytes without white space"),
    ({"timezone": {"zone": "UTC"}}, "Parameter 'timezone.offset' is missing"),
    ({"timezone": {"zone": "x" * 64, "offset": 0}},
     "Parameter 'timezone.zone' expects at most 63 bytes"),
    ({"users": [{"user": "a", "login-time": "noon"}]},
     "Invalid parameter type for 'users[0].login-time', expected: number"),
    ({"file-systems": [{"name": "a", "mountpoint": "/", "type": "x", "disk": [DISK]}]},
     "Invalid parameter type for 'file-systems[0].disk[0].pci-controller.function', "
     "expected: integer"),
    ({"disks": [{"name": "a", "partition": False, "address": {**DISK, "bus-type": "floppy"}}]},
     "Invalid parameter type for 'disks[0].address.pci-controller.function', expected: integer"),
    ({"vcpus": []}, "Parameter 'vcpus' expects at least one processor"),
    ({"vcpus": [CPU, CPU]}, "Parameter 'vcpus[1].logical-id' expects 1"),
    ({"interfaces": [{"name": "a", "ip-addresses": [
        {"ip-address": "::", "ip-address-type": "ipv5", "prefix": 0}]}]},
     "Parameter 'interfaces[0].ip-addresses[0].ip-address-type' does not accept value 'ipv5'"),
    ({"faults": [{}]}, "Parameter 'faults[0].effect' is missing"),
    ({"faults": [{"effect": "explode"}]},
     "Parameter 'faults[0].effect' does not accept value 'explode'"),
    ({"faults": [{"effect": "delay"}]}, "Parameter 'faults[0].ms' is missing"),
    ({"faults": [{"effect": "huge"}]}, "Parameter 'faults[0].bytes' is missing"),
    ({"faults": [{"effect": "return"}]}, "Parameter 'faults[0].value' is missing"),
    ({"faults": [{"effect": "clock-jump"}]}, "Parameter 'faults[0].jump-ms' is missing"),
    ({"faults": [{"effect": "error", "ms": 5}]},
     "Parameter 'faults[0].ms' has no meaning for this effect"),
    ({"faults": [{"effect": "error", "nth": 0}]},
     "Parameter 'faults[0].nth' expects a number above 0"),
    ({"faults": [{"effect": "error", "nth": -1}]}, "Parameter 'faults[0].nth' expects uint32"),
    ({"faults": [{"effect": "drip", "bytes": 0}]},
     "Parameter 'faults[0].bytes' expects a number above 0"),
    ({"faults": [{"effect": "duplicate", "copies": 0}]},
     "Parameter 'faults[0].copies' expects a number above 0"),
    ({"faults": [{"effect": "error", "probability": 1.5}]},
     "Parameter 'faults[0].probability' expects a number from 0 to 1"),
    ({"faults": [{"effect": "garbage", "bytes": 1, "text": ""}]},
     "Parameter 'faults[0].bytes' and text exclude each other"),
    ({"faults": [{"effect": "error", "every-ms": 5}]},
     "Parameter 'faults[0].every-ms' is for disconnect, crash, restart and clock-jump without "
     "a command"),
    ({"faults": [{"effect": "crash", "every-ms": 0}]},
     "Parameter 'faults[0].every-ms' expects a number above 0"),
    ({"faults": [{"effect": "crash", "after-ms": 5, "when": "after"}]},
     "Parameter 'faults[0].when' has no meaning by the clock"),
])
def test_what_is_wrong_is_named(hosted, file, problem):
    """In the log and by the status command; and nothing else of the file is in effect."""
    if isinstance(file, dict):
        file = {"host-name": "half", "agent": {"version": "1.2.3"}, **file}
    server = hosted(file)
    agent = server.connect()
    status = agent.execute(STATUS)
    assert status["accepted"] is False and status["problem"] == problem and status["faults"] == []
    assert f": {problem}; nothing of this file is in effect" in server.log()
    assert agent.execute("guest-get-host-name") == {"host-name": "bare-qga"}
    assert agent.execute("guest-info")["version"] != "1.2.3"
    assert agent.execute("guest-ping") == {}


def test_the_file_is_in_the_tree(hosted, tmp_path):
    """/etc/bare-qga/personality.json of an initrd; one that is given in another way wins."""
    from cpio import archive, entry
    initrd = tmp_path / "initrd"
    initrd.write_bytes(archive(entry("etc/bare-qga/personality.json", b'{"host-name": "tree"}')))
    agent = hosted(None, ["--initrd", str(initrd)]).connect()
    assert agent.execute("guest-get-host-name") == {"host-name": "tree"}
    assert agent.execute(STATUS)["source"] == "/etc/bare-qga/personality.json"
    agent = hosted({"host-name": "given"}, ["--initrd", str(initrd)]).connect()
    assert agent.execute("guest-get-host-name") == {"host-name": "given"}


def test_the_option_wins(hosted, tmp_path):
    config = tmp_path / "config"
    config.write_text("hostname=option")
    agent = hosted({"host-name": "file"}, ["--config", str(config)]).connect()
    assert agent.execute("guest-get-host-name") == {"host-name": "option"}
