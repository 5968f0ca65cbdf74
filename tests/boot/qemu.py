# SPDX-License-Identifier: BSD-2-Clause
"""
One run of QEMU under a test: the command line, the process, its monitor (QMP), its serial port.

Everything waits on something that happens (a QMP event, a byte on a socket, the end of the
process) under a deadline; nothing sleeps and hopes.  The monitor is a socket on which we listen
and QEMU connects, so its greeting tells that every chardev of the machine exists: from there on a
client may connect to the agent's socket.

Quirks that this file hides (QEMU 7.2): a chardev socket serves one client at a time, a second one
waits in the backlog; VSERPORT_CHANGE comes only for ports that have an id=, at most once a second.
"""
import functools
import json
import os
import re
import select
import shlex
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from agent import Agent

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
QEMU = os.environ.get("QEMU", "qemu-system-x86_64")
if os.path.dirname(QEMU):
    QEMU = os.path.abspath(QEMU)
IMAGE = os.environ.get("BARE_QGA_IMAGE", os.path.join(BUILD, "x86_64/bare-qga.elf"))


def qemu_of(arch):
    """QEMU of another architecture, from beside the one that was chosen."""
    folder, name = os.path.split(QEMU)
    return os.path.join(folder, re.sub(r"(?<=qemu-system-)\w+", arch, name))


# The other architectures' machines are named with a prefix: "aarch64:virt,gic-version=3".  What
# each needs: the image that -kernel gets, a processor, and what gives QEMU an exit code; and where
# RAM and PCI's configuration space are (hw/arm/virt.c, hw/riscv/virt.c; pc has that in ports).
ARCHES = {
    "x86_64": {"image": IMAGE, "cpu": None, "ram": 0, "ecam": None,
               "exit": ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"]},
    "aarch64": {"image": os.path.join(BUILD, "aarch64/bare-qga.img"), "cpu": "cortex-a57",
                "ram": 1 << 30, "ecam": 0x4010000000,
                "exit": ["-semihosting-config", "enable=on,target=native"]},
    "riscv64": {"image": os.path.join(BUILD, "riscv64/bare-qga.elf"), "cpu": None,
                "ram": 1 << 31, "ecam": 0x30000000, "exit": []},
}
# Arguments added to every machine; lets the harness be tried on another guest.
EXTRA = shlex.split(os.environ.get("BARE_QGA_QEMU_ARGS", ""))
# The machines that a device tree describes, of the architectures that have a folder.
VIRT = [f"{name}:virt" for name in ("aarch64", "riscv64")
        if os.path.isdir(os.path.join(ROOT, "boot", name))]
# One board of each architecture: where a test runs that names none.  BARE_QGA_MACHINE is another
# one in its architecture's place.
DEFAULTS = ["pc", *VIRT]
# All boards.
BOARDS = ["pc", "q35", "microvm,acpi=on", "microvm,acpi=off", *VIRT]
PORT_NAME = "org.qemu.guest_agent.0"
# Slow hosts: multiply every deadline.
PATIENCE = float(os.environ.get("BARE_QGA_PATIENCE", "1"))


class QemuError(AssertionError):
    """QEMU ended, refused a command or kept silent; the text says which."""


class Deadline:
    """A point in time that every wait of one operation shares."""

    def __init__(self, seconds):
        self.end = time.monotonic() + seconds * PATIENCE

    def left(self):
        return max(0.0, self.end - time.monotonic())

    def over(self):
        return self.left() == 0.0


class Qmp:
    """The monitor: commands, and the events that arrived so far."""

    def __init__(self, sock, describe):
        self.sock = sock
        self.describe = describe
        self.buffer = b""
        self.events = []
        self._message(Deadline(20))
        self.execute("qmp_capabilities")

    def _message(self, deadline):
        """The next message of QEMU, or None if the deadline passes first."""
        while b"\n" not in self.buffer:
            ready, _, _ = select.select([self.sock], [], [], deadline.left())
            if not ready:
                return None
            try:
                data = self.sock.recv(1 << 16)
            except ConnectionError:
                data = b""
            if not data:
                raise QemuError("QEMU closed the monitor: " + self.describe())
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def execute(self, command, **arguments):
        """Runs a QMP command and returns its result; underscores in names become hyphens."""
        request = {"execute": command}
        if arguments:
            request["arguments"] = {k.replace("_", "-"): v for k, v in arguments.items()}
        return self.execute_raw(request)

    def execute_raw(self, request, timeout=30):
        """As execute(), with the arguments spelt exactly as given."""
        self.sock.sendall(json.dumps(request).encode() + b"\n")
        deadline = Deadline(timeout)
        while True:
            message = self._message(deadline)
            if message is None:
                raise QemuError(f"no answer to {request} in {timeout} s")
            if "event" in message:
                self.events.append(message)
            elif "error" in message:
                raise QemuError(f"{request}: {message['error']['desc']}")
            elif "return" in message:
                return message["return"]

    def hmp(self, line):
        """Runs a command of the human monitor and returns its text."""
        return self.execute_raw(
            {"execute": "human-monitor-command", "arguments": {"command-line": line}}, 60)

    def wait_event(self, name, timeout=10, match=lambda data: True):
        """Waits for an event and returns it; events seen before count, and each counts once."""
        deadline = Deadline(timeout)
        while True:
            for i, event in enumerate(self.events):
                if event["event"] == name and match(event.get("data", {})):
                    return self.events.pop(i)
            message = self._message(deadline)
            if message is None:
                seen = [e["event"] for e in self.events]
                raise QemuError(f"no event {name} in {timeout} s; pending: {seen}")
            if "event" in message:
                self.events.append(message)

    def forget(self, name):
        """Drops the events of one name that are already here."""
        self.execute("query-status")
        self.events = [e for e in self.events if e["event"] != name]


class SerialPort:
    """Collects what the guest prints; a thread reads so that the guest never waits for us."""

    def __init__(self, path):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.changed = threading.Condition()
        self.data = b""
        self.ended = False
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        try:
            connection, _ = self.listener.accept()
            with connection:
                while data := connection.recv(1 << 16):
                    with self.changed:
                        self.data += data
                        self.changed.notify_all()
        except OSError:
            pass
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def text(self):
        with self.changed:
            return self.data.decode("utf-8", "replace")

    def wait(self, wanted, timeout=10):
        """Waits until the text (or, given a compiled pattern, a match) is in the log."""
        def found():
            text = self.data.decode("utf-8", "replace")
            return wanted in text if isinstance(wanted, str) else wanted.search(text)
        deadline = Deadline(timeout)
        with self.changed:
            while not found():
                if self.ended or not self.changed.wait(deadline.left()):
                    if found():
                        break
                    why = "serial port closed" if self.ended else f"{timeout} s passed"
                    raise QemuError(f"{wanted!r} never came on the serial port: {why}")
        return self.text()

    def close(self):
        # shutdown() ends an accept() in the thread, close() alone does not.
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.thread.join(10)


def is_microvm(machine):
    return machine.startswith("microvm")


def arch_of(machine):
    """The architecture of a machine, and the value of -M."""
    prefix, colon, rest = machine.partition(":")
    return (prefix, rest) if colon and prefix in ARCHES else ("x86_64", machine)


if "BARE_QGA_MACHINE" in os.environ:
    CHOSEN = os.environ["BARE_QGA_MACHINE"]
    DEFAULTS = [CHOSEN if arch_of(machine)[0] == arch_of(CHOSEN)[0] else machine
                for machine in DEFAULTS]


def has_button(machine):
    """Whether there is a power button: riscv64's board has none."""
    return arch_of(machine)[0] != "riscv64"


def least_memory(machine):
    """-m, with any -initrd: below, QEMU finds no room for it and riscv64's device tree."""
    return {"x86_64": "4M", "aarch64": "3M", "riscv64": "6M"}[arch_of(machine)[0]]


@functools.lru_cache
def has_fw_cfg(machine):
    """
    Whether -fw_cfg is taken: riscv64's board made its fw_cfg too late for that before QEMU 8.0
    (hw/riscv/virt.c: virt_machine_done).
    """
    name = arch_of(machine)[0]
    said = subprocess.run([qemu_of(name), "-version"], capture_output=True, text=True, check=True)
    return name != "riscv64" or int(re.search(r"version (\d+)", said.stdout)[1]) >= 8


def hotplug_bus(machine):
    """Where a PCI device can be plugged while the machine runs: arguments that make it, its id."""
    if machine.startswith("pc"):
        return [], "pci.0"
    return ["-device", "pcie-root-port,id=rp1,chassis=1,slot=1"], "rp1"


def exit_device(machine):
    """Arguments by which a crash and poweroff=debug-exit give QEMU an exit code."""
    return list(ARCHES[arch_of(machine)[0]]["exit"])


class Vm:
    """
    One QEMU.  A context manager that always ends the process.

    machine, memory, cpu     values of -M, -m, -cpu; machine with its architecture, see ARCHES
    append, initrd           values of -append, -initrd (a path)
    kernel                   the image, IMAGE for the architecture's own; None boots from what
                             `args` brings
    serial_device            the virtio-serial -device line, without its id; None: no such device
    port                     options of the agent's virtserialport; None: no agent port
    args                     further arguments, before the virtio-serial device
    after                    further arguments, behind the agent port
    no_reboot                a reset ends QEMU
    """

    def __init__(self, directory, machine="pc", memory="64M", cpu=None, append=None,
                 initrd=None, kernel=IMAGE, serial_device="", port="", args=(), after=(),
                 no_reboot=False):
        self.directory = directory
        os.makedirs(directory, exist_ok=True)
        # Socket paths are limited to 107 bytes, so they do not live beside the logs.
        self.sockets = tempfile.mkdtemp(prefix="bare-qga.")
        self.machine = machine
        self.process = self.qmp = self.serial = None
        self.agents = []
        name, board = arch_of(machine)
        arch = ARCHES[name]
        cpu = cpu or arch["cpu"]
        kernel = arch["image"] if kernel == IMAGE else kernel
        self.kernel = kernel
        argv = [qemu_of(name), "-M", board, "-m", memory, "-nodefaults", "-no-user-config",
                "-display", "none"]
        if cpu:
            argv += ["-cpu", cpu]
        if no_reboot:
            argv += ["-no-reboot"]
        if kernel:
            argv += ["-kernel", kernel]
        if append is not None:
            argv += ["-append", append]
        if initrd:
            argv += ["-initrd", initrd]
        argv += ["-chardev", f"socket,id=qmp,path={self.path('qmp')}",
                 "-mon", "chardev=qmp,mode=control",
                 "-chardev", f"socket,id=serial,path={self.path('serial')}",
                 "-serial", "chardev:serial"]
        argv += list(args)
        if serial_device == "":
            serial_device = "virtio-serial-device" if is_microvm(machine) else "virtio-serial-pci"
        if serial_device:
            argv += ["-device", serial_device + ",id=vs0"]
        if port is not None:
            argv += self.agent_port_args("agent", port)
        self.argv = argv + list(after) + EXTRA

    def path(self, name):
        return os.path.join(self.sockets, name)

    def chardev(self, name):
        """The -chardev line of a socket on which connect(name) finds the guest."""
        return f"socket,id={name},path={self.path(name)},server=on,wait=off"

    def agent_port_args(self, name, options=""):
        device = f"virtserialport,chardev={name},name={PORT_NAME},id=port-{name}"
        return ["-chardev", self.chardev(name),
                "-device", device + ("," + options if options else "")]

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        with open(os.path.join(self.directory, "command"), "w", encoding="utf-8") as file:
            file.write(self.command() + "\n")
        self.serial = SerialPort(self.path("serial"))
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.path("qmp"))
        listener.listen(1)
        self.stderr = open(os.path.join(self.directory, "qemu.stderr"), "w+b")
        self.started = time.monotonic()
        self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL,
                                        stdout=self.stderr, stderr=self.stderr)
        self.pidfd = os.pidfd_open(self.process.pid)
        ready, _, _ = select.select([listener, self.pidfd], [], [], 30 * PATIENCE)
        if listener not in ready:
            listener.close()
            self.stop()
            raise QemuError("QEMU did not start: " + self.describe())
        connection, _ = listener.accept()
        listener.close()
        self.qmp = Qmp(connection, self.describe)
        return self

    def command(self):
        return shlex.join(self.argv)

    def errors(self):
        """What QEMU itself printed."""
        with open(os.path.join(self.directory, "qemu.stderr"), encoding="utf-8",
                  errors="replace") as file:
            return file.read()

    def describe(self):
        code = self.process.poll() if self.process else None
        return f"exit code {code}, stderr {self.errors()!r}"

    def wait_exit(self, timeout=10):
        """Waits for the end of QEMU and returns its exit code."""
        ready, _, _ = select.select([self.pidfd], [], [], timeout * PATIENCE)
        if not ready:
            raise QemuError(f"QEMU is still running after {timeout} s")
        return self.process.wait()

    def connect(self, name="agent"):
        """A new client on a guest port, not yet synchronised."""
        agent = Agent(self.path(name), PATIENCE)
        self.agents.append(agent)
        return agent

    def agent(self, name="agent", timeout=10):
        """A new client that has had its first answer."""
        agent = self.connect(name)
        agent.sync(timeout)
        return agent

    def cpu_seconds(self):
        """CPU time of all QEMU threads so far (nanosecond resolution)."""
        total = 0
        for thread in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{thread}/schedstat", encoding="ascii") as f:
                total += int(f.read().split()[0])
        return total / 1e9

    def stop(self):
        """Ends QEMU and keeps the serial log; safe to call twice."""
        for agent in self.agents:
            agent.close()
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()
        if self.qmp:
            self.qmp.sock.close()
        if self.serial:
            self.serial.close()
            with open(os.path.join(self.directory, "serial.log"), "wb") as file:
                file.write(self.serial.data)
        if self.process and not self.stderr.closed:
            os.close(self.pidfd)
            self.stderr.close()
        shutil.rmtree(self.sockets, ignore_errors=True)
