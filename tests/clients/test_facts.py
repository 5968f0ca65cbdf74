# SPDX-License-Identifier: BSD-2-Clause
"""virsh guestinfo, domhostname, domfsinfo, domfstrim: the guest's facts as libvirt reads them."""
import pytest

from domain import VirshError
from qemu import VIRT, arch_of, has_fw_cfg

MACHINES = ["pc", "q35", *VIRT]


def fields(text):
    """virsh guestinfo's lines "name : value"."""
    return {name.strip(): value.strip()
            for name, value in (line.split(":", 1) for line in text.splitlines() if line)}


def guestinfo(domain, *kinds):
    return fields(domain.virsh("guestinfo", *kinds))


def test_everything(domain):
    """Without a kind libvirt asks for all of them, and one wrong reply spoils the whole."""
    for kind in ("--user", "--os", "--timezone", "--hostname", "--filesystem", "--disk",
                 "--interface"):
        part = guestinfo(domain, kind)
        everything = guestinfo(domain)
        assert part.keys() <= everything.keys()
        # Addresses come by and by, and the file system fills.
        still = [name for name in part if not name.endswith("-bytes") and name[:3] != "if."]
        assert [part[name] for name in still] == [everything[name] for name in still]


def test_os(domain, machine):
    said = domain.execute("guest-get-osinfo")
    shown = guestinfo(domain, "--os")
    assert shown["os.machine"] == arch_of(machine)[0]
    assert shown["os.id"] == said["id"] and shown["os.name"] == said["name"]
    assert shown["os.pretty-name"] == said["pretty-name"]
    assert len(shown) == len(said), (shown, said)


def test_users(domain):
    assert guestinfo(domain, "--user") == {"user.count": "0"}


def test_timezone(domain):
    assert guestinfo(domain, "--timezone") == {"timezone.name": "UTC", "timezone.offset": "0"}


def test_hostname(domain):
    name = domain.execute("guest-get-host-name")["host-name"]
    assert guestinfo(domain, "--hostname") == {"hostname": name}
    assert domain.virsh("domhostname", "--source", "agent") == name
    assert domain.virsh("domhostname") == name


@pytest.mark.parametrize("way", ["append", "fw_cfg"])
def test_given_hostname(start, machine, way):
    """A name by the <cmdline> of the domain or by its <sysinfo type='fwcfg'>."""
    if way == "fw_cfg" and not has_fw_cfg(machine):
        pytest.skip("this QEMU takes no -fw_cfg on this board")
    options = {"append": "hostname=given"} if way == "append" else {
        "fw_cfg": {"opt/bare-qga/cmdline": "hostname=given"}}
    domain = start(**options)
    assert domain.virsh("domhostname", "--source", "agent") == "given"


def test_filesystems(domain):
    shown = guestinfo(domain, "--filesystem")
    assert shown["fs.count"] == "1" and shown["fs.0.mountpoint"] == "/"
    assert shown["fs.0.disk.count"] == "0"
    total, used = int(shown["fs.0.total-bytes"]), int(shown["fs.0.used-bytes"])
    assert 0 < used < total < 64 << 20
    lines = domain.virsh("domfsinfo").splitlines()
    assert lines[0].split() == ["Mountpoint", "Name", "Type", "Target"]
    assert [line.split() for line in lines[2:]] == [["/", shown["fs.0.name"],
                                                     shown["fs.0.fstype"]]]


def test_filesystem_fills(domain):
    before = int(guestinfo(domain, "--filesystem")["fs.0.used-bytes"])
    handle = domain.execute("guest-file-open", path="/tmp/fill", mode="w")
    for _ in range(8):
        domain.call("guest-file-write", handle=handle, buf_b64="QUJD" * 16384)
    after = int(guestinfo(domain, "--filesystem")["fs.0.used-bytes"])
    assert after - before >= 8 * 49152
    domain.execute("guest-file-close", handle=handle)
    handle = domain.execute("guest-file-open", path="/tmp/fill", mode="w")
    domain.execute("guest-file-close", handle=handle)
    assert int(guestinfo(domain, "--filesystem")["fs.0.used-bytes"]) < after


def test_disks(domain):
    """Of an empty list virsh says nothing, not even its length."""
    assert domain.execute("guest-get-disks") == []
    assert guestinfo(domain, "--disk") == {}


def test_trim(domain):
    assert domain.virsh("domfstrim") == ""
    assert domain.virsh("domfstrim", "--minimum", "1048576") == ""


def test_while_frozen(domain):
    """Plain guestinfo leaves out what is not allowed; asking for a kind says why there is none."""
    domain.virsh("domfsfreeze")
    try:
        assert guestinfo(domain) == {}
        with pytest.raises(VirshError, match="guest-get-osinfo has been disabled"):
            guestinfo(domain, "--os")
        with pytest.raises(VirshError):
            domain.virsh("domhostname", "--source", "agent")
    finally:
        domain.virsh("domfsthaw")
    assert "os.id" in guestinfo(domain)
