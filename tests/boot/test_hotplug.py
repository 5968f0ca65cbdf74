# SPDX-License-Identifier: BSD-2-Clause
"""
Ports and devices that come and go.  device_del asks the guest by ACPI (ACPI 6.4 §6.3.5) or by the
slot's attention button (PCIe 5.0 §6.7.1.5); DEVICE_DELETED tells that the guest has let go.
"""
import pytest

from qemu import BOARDS, PORT_NAME, VIRT, hotplug_bus
from test_machines import check_session


def add_port(vm, name="agent", **options):
    vm.qmp.execute_raw({"execute": "device_add", "arguments": {
        "driver": "virtserialport", "chardev": name, "name": PORT_NAME, "id": "port-" + name,
        **options}})


def remove(vm, device, timeout=10):
    vm.qmp.execute("device_del", id=device)
    vm.qmp.wait_event("DEVICE_DELETED", timeout, lambda data: data.get("device") == device)


def wait_open(vm, is_open, port="port-agent"):
    vm.qmp.wait_event("VSERPORT_CHANGE", 10,
                      lambda data: data["id"] == port and data["open"] is is_open)


@pytest.mark.parametrize("machine", BOARDS)
def test_port_reported_open(boot):
    """VSERPORT_CHANGE is what libvirt's "agent connected" is made of; it needs no client."""
    wait_open(boot(), True)


@pytest.mark.parametrize("machine", ["pc", "microvm,acpi=off", *VIRT])
def test_port_added_late(boot):
    vm = boot.prepare(port=None)
    vm.argv += ["-chardev", vm.chardev("agent")]
    vm.start()
    add_port(vm)
    wait_open(vm, True)
    check_session(vm)


@pytest.mark.parametrize("machine", ["pc", "q35", "microvm,acpi=off", *VIRT])
def test_port_removed_and_added(boot):
    vm = boot()
    agent = check_session(vm)
    for number in (1, 1, 5, 30, 1):
        agent.close()
        remove(vm, "port-agent")
        add_port(vm, nr=number)
        agent = vm.agent()
        assert agent.read_file("/tmp/hello") == b"hello\n"


def test_port_removed_under_load(boot):
    """The port goes while requests are under way in both directions."""
    vm = boot()
    agent = check_session(vm)
    agent.write_file("/tmp/big", bytes(1 << 20))
    for _ in range(10):
        handle = agent.open("/tmp/big")
        agent.send(b'{"execute":"guest-ping"}' * 50)
        agent.send(b'{"execute":"guest-file-read","arguments":{"handle":%d,"count":1048576}}'
                   % handle)
        agent.line()
        remove(vm, "port-agent")
        agent.close()
        add_port(vm)
        agent = vm.agent()
    assert agent.read_file("/tmp/hello") == b"hello\n"


def test_port_renamed(boot):
    """A port of another name in the agent's place is left alone, then the agent's comes back."""
    vm = boot()
    agent = check_session(vm)
    agent.close()
    remove(vm, "port-agent")
    vm.qmp.execute_raw({"execute": "device_add", "arguments": {
        "driver": "virtserialport", "chardev": "agent", "name": "other", "id": "o", "nr": 1}})
    remove(vm, "o")
    add_port(vm, nr=1)
    check_session(vm)


# Where a whole device can come and go: by ACPI's events, which q35 has for its root ports too as
# QEMU sets it up, or by the port's own slot registers (PCIe).
SLOTS = pytest.mark.parametrize("machine,how", [
    ("pc", "acpi"), ("q35", "acpi"), ("q35", "native"), *((machine, "native") for machine in VIRT)])
NATIVE = ["-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off"]


def slot(machine, how):
    """Arguments that make the place, and its bus."""
    args, bus = hotplug_bus(machine)
    return args + (NATIVE if (machine, how) == ("q35", "native") else []), bus


def device_cycle(vm, bus, rounds=3):
    """Unplugs the whole device and plugs it again; the file tree outlives it."""
    agent = check_session(vm)
    handle = agent.open("/tmp/hello")
    for _ in range(rounds):
        agent.close()
        remove(vm, "vs0", 20)
        vm.qmp.execute("device_add", driver="virtio-serial-pci", id="vs0", bus=bus)
        add_port(vm)
        agent = vm.agent()
        assert agent.read_file("/tmp/hello") == b"hello\n"
    assert agent.read(handle, 100) == b"hello\n"


@SLOTS
def test_device_replug(boot, machine, how):
    args, bus = slot(machine, how)
    device_cycle(boot(args=args, serial_device="virtio-serial-pci,bus=" + bus), bus)


@pytest.mark.only("x86_64", why="a bus behind a conventional bridge has ACPI's hotplug there alone")
def test_device_replug_behind_a_bridge(boot):
    vm = boot(args=["-device", "pci-bridge,id=b1,chassis_nr=1,shpc=off"],
              serial_device="virtio-serial-pci,bus=b1,addr=3")
    device_cycle(vm, "b1")


@SLOTS
def test_device_added_late(boot, machine, how):
    """A machine that starts without any virtio-serial device."""
    args, bus = slot(machine, how)
    vm = boot.prepare(args=args, serial_device=None, port=None)
    vm.argv += ["-chardev", vm.chardev("agent")]
    vm.start()
    vm.serial.wait("\n")
    vm.qmp.execute("device_add", driver="virtio-serial-pci", id="vs0", bus=bus)
    add_port(vm)
    check_session(vm)


def test_second_device(boot, machine):
    """Unplugging another virtio-serial device does not disturb the agent's."""
    args, bus = hotplug_bus(machine)
    vm = boot(args=args + ["-device", f"virtio-serial-pci,id=vs1,bus={bus}"], port="bus=vs0.0")
    agent = check_session(vm)
    remove(vm, "vs1", 20)
    assert agent.execute("guest-ping") == {}
