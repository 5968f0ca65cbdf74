# SPDX-License-Identifier: BSD-2-Clause
"""
OpenStack, without OpenStack: a domain of the shape that Nova writes for an image with
hw_qemu_guest_agent=yes, and the calls that Nova (nova/virt/libvirt/guest.py, driver.py) and
Masakari's introspective monitor make of libvirt.
"""
import json
import time

import pytest

from domain import RACED, libvirt, libvirt_qemu

# The agent's channel has a socket of its own name; the other devices are there to be in the way.
DEVICES = """
    <controller type='usb' index='0' model='piix3-uhci'/>
    <controller type='virtio-serial' index='0'/>
    <input type='tablet' bus='usb'/>
    <video><model type='virtio'/></video>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw' cache='none'/>
      <source file='{disk}'/>
      <target dev='vda' bus='virtio'/>
    </disk>"""


@pytest.fixture
def instance(daemon, start):
    """The domain, and it as libvirt's Python object, which is how Nova has it."""
    domain = start(append="root=/dev/vda console=tty0 console=ttyS0",
                   devices=DEVICES.format(disk=daemon.write("instance.disk", bytes(1 << 20))))
    return domain, daemon.connection.lookupByName(domain.name)


def test_foreign_command_line(instance):
    """Nova's own kernel arguments are named as unknown, and nothing more."""
    domain, _ = instance
    assert "root=/dev/vda" in domain.serial_log()
    assert domain.execute("guest-ping") == {}


def test_quiesced_snapshot(daemon, instance):
    """os_require_quiesce: fsFreeze, the snapshot of the disk, fsThaw, all by Nova itself."""
    domain, guest = instance
    assert guest.fsFreeze() == 1
    guest.snapshotCreateXML(f"""
        <domainsnapshot><disks><disk name='vda' snapshot='external'>
          <source file='{daemon.path(domain.name + ".delta")}'/>
        </disk></disks></domainsnapshot>""",
                            libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA |
                            libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY)
    assert guest.fsThaw() == 1


def test_set_admin_password(instance):
    _, guest = instance
    assert guest.setUserPassword("root", "from-nova", 0) == 0


def test_sync_guest_time(instance):
    """After a resume Nova gives seconds and nanoseconds (guest.py:sync_guest_time)."""
    domain, guest = instance
    guest.suspend()
    guest.resume()
    now = time.time()
    guest.setTime(time={"seconds": int(now), "nseconds": int(now % 1 * 10**9)})
    assert 0 <= domain.execute("guest-get-time") - int(now) * 10**9 < 60 * 10**9


def test_stop(instance):
    """virDomainShutdown without a mode, and then its state is asked for again and again."""
    domain, guest = instance
    mark = domain.events.mark()
    try:
        guest.shutdown()
    except libvirt.libvirtError as error:
        assert any(text in str(error) for text in RACED)
    domain.wait_lifecycle("stopped", mark)
    assert guest.state()[0] == libvirt.VIR_DOMAIN_SHUTOFF


def test_soft_reboot(instance):
    """Nova's soft reboot is a shutdown and a new start of the domain."""
    domain, guest = instance
    for _ in range(2):
        mark = domain.events.mark()
        domain.shut_down()
        domain.wait_lifecycle("stopped", mark)
        guest.create()
        domain.wait_connected(mark)
    assert domain.execute("guest-ping") == {}


def test_masakari(instance):
    """Any answer is life."""
    _, guest = instance
    for _ in range(10):
        answer = libvirt_qemu.qemuAgentCommand(guest, '{"execute": "guest-ping"}', 10, 0)
        assert json.loads(answer) == {"return": {}}
