# SPDX-License-Identifier: BSD-2-Clause
"""
A domain of libvirt's that boots the kernel: its XML, its events, and virsh with its name.
"""
import contextlib
import json
import threading
import xml.etree.ElementTree
from xml.sax.saxutils import quoteattr

try:
    import libvirt
    import libvirt_qemu
except ImportError:
    libvirt = libvirt_qemu = None  # the tests are skipped then, see libvirtd.missing()

import cpio
from qemu import ARCHES, PORT_NAME, Deadline, arch_of, has_fw_cfg

# What libvirt says of a domain that ends as it was asked to, see Domain.shut_down(): the agent's
# socket broke, or the monitor, of which it finds many words.
RACED = ("End of file from agent socket", " monitor")
CRASHES = {"faults": [{"effect": "crash", "command": "guest-get-load"}]}
MAC = "52:54:00:12:34:56"

# libvirt-domain.h, enum virDomainEventType and virConnectDomainEventAgentLifecycleState
LIFECYCLE = ("defined", "undefined", "started", "suspended", "resumed", "stopped", "shutdown",
             "pmsuspended", "crashed")
AGENT = ("", "connected", "disconnected")


class LibvirtError(AssertionError):
    """The daemon did not start, or virsh or an event failed to come; the text says which."""


class VirshError(LibvirtError):
    """virsh ended with an error; .stderr is what it said."""

    def __init__(self, arguments, done):
        super().__init__(f"virsh {' '.join(arguments)}: exit code {done.returncode}: "
                         f"{done.stderr.strip()}")
        self.stderr = done.stderr


class Events:
    """Everything that happened to one domain, in order, as tuples (kind, detail...)."""

    def __init__(self):
        self.changed = threading.Condition()
        self.list = []

    def add(self, *event):
        with self.changed:
            self.list.append(event)
            self.changed.notify_all()

    def mark(self):
        """A point in time, for wait()."""
        with self.changed:
            return len(self.list)

    def since(self, mark):
        with self.changed:
            return self.list[mark:]

    def wait(self, *wanted, since=0, timeout=30):
        """
        Waits for an event that starts with `wanted`; returns the point in time behind it, so that
        a next wait(since=) is about what came later.
        """
        deadline = Deadline(timeout)
        with self.changed:
            at = since
            while True:
                while at < len(self.list):
                    at += 1
                    if self.list[at - 1][:len(wanted)] == wanted:
                        return at
                if not self.changed.wait(deadline.left()) and deadline.over():
                    raise LibvirtError(f"no event {wanted} in {timeout} s; since then: "
                                       f"{self.list[since:]}")


class Domain:
    """
    One domain.

    machine, memory, vcpus   the board as qemu.Vm names it, MiB, number
    append                   the kernel command line
    initrd                   entries of a cpio archive
    fw_cfg                   {name: text or bytes}, e.g. {"opt/bare-qga/cmdline": "log=off"}
    personality              what the agent claims to be, an object; by fw_cfg where there is that
    on_crash, on_reboot      what libvirt does (preserve, destroy, restart ...)
    devices                  further XML inside <devices>
    network                  whether there is an e1000 in QEMU's user network
    sleep                    yes or no: whether the machine offers ACPI's S3
    xml                      a whole domain in place of all that; only name and kernel are changed
    """

    def __init__(self, daemon, name, machine="pc", memory=64, vcpus=2, append=None, initrd=(),
                 fw_cfg=None, personality=None, on_crash="preserve", on_reboot="restart",
                 devices="", network=True, sleep="yes", xml=None):
        arch, board = arch_of(machine)
        fw_cfg, initrd = dict(fw_cfg or {}), list(initrd)
        if personality is not None and has_fw_cfg(machine):
            fw_cfg["opt/bare-qga/personality"] = json.dumps(personality)
        elif personality is not None:
            initrd.append(cpio.entry("etc/bare-qga/personality.json",
                                     json.dumps(personality).encode()))
        self.machine = machine
        self.image = daemon.images[arch]
        self.daemon = daemon
        self.name = name
        self.events = Events()
        self.serial = daemon.path(name + ".serial")
        self.started = 0
        self.given = xml
        self.parts = {
            "name": name, "arch": arch, "board": board, "memory": memory, "vcpus": vcpus,
            "own": _OWN_X86.format(sleep=sleep) if arch == "x86_64" else _own(arch),
            "panic": _PANIC_X86 if arch == "x86_64" else "",
            "args": "" if arch == "x86_64" else _PANIC_VIRT,
            "image": self.image, "serial": self.serial, "port": PORT_NAME,
            "append": f"<cmdline>{_text(append)}</cmdline>" if append else "",
            "initrd": self._initrd(initrd), "fw_cfg": self._fw_cfg(fw_cfg),
            "on_crash": on_crash, "on_reboot": on_reboot,
            "network": _NETWORK if network else "", "devices": devices}

    def _initrd(self, entries):
        if not entries:
            return ""
        return f"<initrd>{self.daemon.write(self.name + '.cpio', cpio.archive(*entries))}</initrd>"

    def _fw_cfg(self, files):
        entries = ""
        for number, (name, content) in enumerate(files.items()):
            path = self.daemon.write(f"{self.name}.fw_cfg{number}", content)
            entries += f"<entry name={quoteattr(name)} file={quoteattr(path)}/>"
        return f"<sysinfo type='fwcfg'>{entries}</sysinfo>" if entries else ""

    def xml(self):
        if self.given is None:
            return _XML.format(**self.parts)
        domain = xml.etree.ElementTree.fromstring(self.given)
        domain.find("name").text = self.name
        domain.find("os/kernel").text = self.image
        return xml.etree.ElementTree.tostring(domain, encoding="unicode")

    def virsh(self, verb, *arguments, **options):
        """virsh VERB DOMAIN ARGUMENTS; see Libvirtd.virsh()."""
        return self.daemon.virsh(verb, self.name, *arguments, **options)

    def popen(self, verb, *arguments, **options):
        return self.daemon.popen(verb, self.name, *arguments, **options)

    def start(self):
        """Starts it; does not wait for the agent."""
        self.started = self.events.mark()
        self.virsh("start")
        return self

    def wait_connected(self, since=None, timeout=60):
        """Waits until libvirt counts the agent as connected; returns a mark for wait(since=)."""
        return self.events.wait("agent", "connected", timeout=timeout,
                                since=self.started if since is None else since)

    def wait_disconnected(self, since, timeout=60):
        return self.events.wait("agent", "disconnected", since=since, timeout=timeout)

    def wait_lifecycle(self, event, since, timeout=60):
        """`event` is one of LIFECYCLE."""
        return self.events.wait("lifecycle", event, since=since, timeout=timeout)

    def agent_state(self):
        """connected or disconnected, as the domain's XML has it."""
        target = xml.etree.ElementTree.fromstring(self.virsh("dumpxml")).find(
            f"./devices/channel/target[@name='{PORT_NAME}']")
        return target.get("state")

    def state(self):
        return self.virsh("domstate")

    def shut_down(self, *mode):
        """
        virsh shutdown.  libvirt ends QEMU as soon as the guest is off; whether the caller hears
        of that or of the agent's socket that went with QEMU is a race inside of libvirt, and so is
        whether it then tries the power button of a machine that is off.  riscv64's QEMU 7.2 ends
        inside of the guest's write (hw/misc/sifive_test.c), and the monitor may be what breaks.
        """
        self.end_by("shutdown", *mode)

    def end_by(self, verb, *mode):
        """As shut_down(), by another verb after which QEMU ends."""
        done = self.virsh(verb, *mode, check=False)
        if done.returncode and not any(text in done.stderr for text in (
                *RACED, *([] if mode else ["domain is not running"]))):
            raise VirshError((verb, self.name, *mode), done)

    def command(self, request, *options, timeout=60):
        """virsh qemu-agent-command; `request` is an object or text.  Returns the reply's object."""
        text = request if isinstance(request, str) else json.dumps(request)
        return json.loads(self.virsh("qemu-agent-command", *options, text, timeout=timeout))

    def execute(self, command, **arguments):
        """One agent command through libvirt and its value; underscores become hyphens."""
        request = {"execute": command}
        if arguments:
            request["arguments"] = {k.replace("_", "-"): v for k, v in arguments.items()}
        return self.command(request)["return"]

    def call_raw(self, text, timeout=20):
        """
        One agent command through libvirt's Python bindings, for what is too long for an argument
        of virsh.  Returns the text of the reply; an error is a LibvirtError.
        """
        try:
            domain = self.daemon.connection.lookupByName(self.name)
            return libvirt_qemu.qemuAgentCommand(domain, text, timeout, 0)
        except libvirt.libvirtError as error:
            raise LibvirtError(str(error)) from error

    def call(self, command, **arguments):
        """As execute(), without the start of a virsh."""
        arguments = {name.replace("_", "-"): value for name, value in arguments.items()}
        return json.loads(self.call_raw(json.dumps(
            {"execute": command, "arguments": arguments})))["return"]

    def crash(self):
        """
        The guest dies: of a non-maskable interrupt that nothing asked for, or, where there is none,
        of what its personality has to be, CRASHES.
        """
        if arch_of(self.machine)[0] == "x86_64":
            self.virsh("inject-nmi")
        else:
            self.virsh("qemu-agent-command", "--timeout", "1", '{"execute":"guest-get-load"}',
                       check=False)

    def qemu_pid(self):
        with open(self.daemon.path(f"run/libvirt/qemu/run/{self.name}.pid"), encoding="ascii") as f:
            return int(f.read())

    def serial_log(self):
        with contextlib.suppress(OSError), open(self.serial, "rb") as file:
            return file.read().decode("utf-8", "replace")
        return ""

    def stop(self):
        """Ends it and forgets it."""
        with contextlib.suppress(LibvirtError):
            self.virsh("destroy", check=False)
            self.virsh("undefine", "--managed-save", "--snapshots-metadata", check=False)
        self.daemon.domains.pop(self.name, None)


class Domains:
    """The domains of one test, or of one module; of the board that it runs on."""

    def __init__(self, daemon, machine):
        self.daemon = daemon
        self.machine = machine
        self.log_mark = daemon.log_size()
        self.list = []

    def __call__(self, **options):
        domain = self.prepare(**options)
        domain.start().wait_connected()
        return domain

    def prepare(self, **options):
        """A domain that is defined and not started."""
        domain = self.daemon.domain(**{"machine": self.machine, **options})
        self.list.append(domain)
        return domain

    def report(self):
        for domain in self.list:
            yield f"{domain.name}: events", "\n".join(map(str, domain.events.since(0)))
            yield f"{domain.name}: serial log", domain.serial_log()[-4000:]
        yield "libvirtd and the agent", self.daemon.log(self.log_mark)[-12000:]

    def stop(self):
        for domain in self.list:
            domain.stop()


def _text(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_NETWORK = f"""<interface type='user'>
      <mac address='{MAC}'/>
      <model type='e1000'/>
    </interface>"""

# What only one kind of board has.
_OWN_X86 = """<features><acpi/></features>
  <pm>
    <suspend-to-mem enabled='{sleep}'/>
    <suspend-to-disk enabled='yes'/>
  </pm>"""
_PANIC_X86 = "<panic model='isa'/>"
# libvirt 9.0 does not know <panic model='pvpanic'/>, of 9.1, yet.
_PANIC_VIRT = """<commandline xmlns='http://libvirt.org/schemas/domain/qemu/1.0'>
    <arg value='-device'/><arg value='pvpanic-pci,addr=1e'/>
  </commandline>"""


def _own(arch):
    """Without <cpu>, aarch64's would have 32 bits."""
    cpu = ARCHES[arch]["cpu"]
    return f"""<cpu mode='custom' match='exact' check='none'>
    <model fallback='forbid'>{cpu}</model>
  </cpu>""" if cpu else ""


_XML = """<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>{memory}</memory>
  <vcpu>{vcpus}</vcpu>
  <os>
    <type arch='{arch}' machine='{board}'>hvm</type>
    <kernel>{image}</kernel>
    {initrd}
    {append}
  </os>
  {fw_cfg}
  {own}
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>{on_reboot}</on_reboot>
  <on_crash>{on_crash}</on_crash>
  <devices>
    <serial type='file'><source path='{serial}'/></serial>
    <channel type='unix'><target type='virtio' name='{port}'/></channel>
    {network}
    {panic}
    <memballoon model='none'/>
    {devices}
  </devices>
  {args}
</domain>
"""
