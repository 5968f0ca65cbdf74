# SPDX-License-Identifier: BSD-2-Clause
"""
A libvirt of the tests' own: the daemon, a domain that boots the kernel, its events, and virsh.

The daemon runs in session mode, because that needs neither systemd nor cgroups, AppArmor,
/dev/kvm or a bridge.  libvirtd takes session mode only for a user who is not root, so root runs it
as nobody; clients find it by its socket.  All of its state is in one folder of /tmp, since socket
paths are limited to 107 bytes and nobody may be barred from the folder of the sources.

Quirks that this file hides (libvirt 9.0): the daemon asks every qemu-system-* in its PATH what it
can do, half a minute's work, so its PATH holds the one that is wanted; the agent counts as
connected when QEMU says so, which may be before or after `virsh start` returns.
"""
import contextlib
import json
import os
import pwd
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree
from xml.sax.saxutils import quoteattr

try:
    import libvirt
    import libvirt_qemu
except ImportError:
    libvirt = libvirt_qemu = None  # the tests are skipped then, see missing()

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../boot"))
from qemu import IMAGE, PATIENCE, PORT_NAME, Deadline  # noqa: E402

QEMU = "qemu-system-x86_64"
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


def missing():
    """Why no libvirt can be had here, or None."""
    if libvirt is None:
        return "no libvirt for Python here (Debian: python3-libvirt)"
    for program in ("libvirtd", "virsh", QEMU):
        if not find(program):
            return f"no {program} here"
    if os.geteuid() == 0 and not find("setpriv"):
        return "libvirtd wants another user than root, and there is no setpriv"
    return None


def find(program):
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


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


class EventLoop:
    """libvirt's own event loop in a thread; one for the whole process, never ended."""

    started = False

    @classmethod
    def start(cls):
        if not cls.started:
            libvirt.registerErrorHandler(lambda context, error: None, None)
            libvirt.virEventRegisterDefaultImpl()
            threading.Thread(target=cls._run, daemon=True).start()
            cls.started = True

    @staticmethod
    def _run():
        while True:
            libvirt.virEventRunDefaultImpl()


class Libvirtd:
    """The daemon.  A context manager; virsh() runs a command, domain() makes a domain."""

    def __init__(self, logs):
        self.logs = logs
        self.connection = self.process = None
        self.domains = {}
        self.count = 0

    def __enter__(self):
        EventLoop.start()
        self.state = tempfile.mkdtemp(prefix="bare-qga.", dir="/tmp")
        self.socket = self.path("run/libvirt-sock")
        self.uri = f"qemu+unix:///session?socket={self.socket}"
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def path(self, name):
        return os.path.join(self.state, name)

    def write(self, name, data):
        """A file that the daemon and QEMU may read and write; returns its path."""
        with open(self.path(name), "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())
        self._give_away(self.path(name))
        return self.path(name)

    @staticmethod
    def _give_away(path):
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)

    def _start(self):
        for folder in ("run", "bin", "etc/libvirt", "home"):
            os.makedirs(self.path(folder))
        os.symlink(find(QEMU), self.path("bin/" + QEMU))
        # Without virtlogd and without labels of a security driver.
        self.write("etc/libvirt/qemu.conf", 'stdio_handler = "file"\nsecurity_driver = "none"\n')
        self.write("libvirtd.conf", f'unix_sock_dir = "{self.path("run")}"\n'
                   'log_filters = "1:qemu_agent"\n'
                   f'log_outputs = "1:file:{self.path("libvirtd.log")}"\n')
        with open(IMAGE, "rb") as image:
            self.image = self.write("bare-qga.elf", image.read())
        command = [find("libvirtd"), "--config", self.path("libvirtd.conf"),
                   "--pid-file", self.path("libvirtd.pid")]
        if os.geteuid() == 0:
            for folder, _, names in os.walk(self.state):
                for name in [folder] + [os.path.join(folder, name) for name in names]:
                    self._give_away(name)
            command = [find("setpriv"), "--reuid=nobody", "--regid=nogroup",
                       "--clear-groups"] + command
        command = [sys.executable, os.path.join(HERE, "reaper.py")] + command
        environment = {"PATH": self.path("bin") + ":/usr/sbin:/sbin", "HOME": self.path("home"),
                       "XDG_RUNTIME_DIR": self.path("run"), "XDG_CONFIG_HOME": self.path("etc"),
                       "XDG_CACHE_HOME": self.path("cache"), "LC_ALL": "C.UTF-8"}
        with open(self.path("libvirtd.out"), "wb") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=out, cwd="/", env=environment)
        self._connect()

    def _connect(self):
        """The socket is there before the daemon has loaded its drivers; open() waits for those."""
        pidfd = os.pidfd_open(self.process.pid)
        deadline = Deadline(60)
        while not os.path.exists(self.socket):
            # The end of the process is an event, the birth of a socket is not.
            if select.select([pidfd], [], [], 0.02)[0] or deadline.over():
                raise LibvirtError("libvirtd did not start: " + self.log())
        os.close(pidfd)
        # One call that virsh, not this process, waits for, so that it has a deadline.
        self.virsh("version", timeout=60)
        self.connection = libvirt.open(self.uri)
        register = self.connection.domainEventRegisterAny
        register(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, self._on_lifecycle, None)
        register(None, libvirt.VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, self._on_agent, None)
        register(None, libvirt.VIR_DOMAIN_EVENT_ID_REBOOT, self._on_simple, "reboot")
        register(None, libvirt.VIR_DOMAIN_EVENT_ID_PMSUSPEND, self._on_pm, "pmsuspend")
        register(None, libvirt.VIR_DOMAIN_EVENT_ID_PMWAKEUP, self._on_pm, "pmwakeup")

    def _add(self, domain, *event):
        if domain.name() in self.domains:
            self.domains[domain.name()].events.add(*event)

    def _on_lifecycle(self, _, domain, event, detail, __):
        self._add(domain, "lifecycle", LIFECYCLE[event], detail)

    def _on_agent(self, _, domain, state, reason, __):
        self._add(domain, "agent", AGENT[state], reason)

    def _on_pm(self, _, domain, __, name):
        self._add(domain, name)

    def _on_simple(self, _, domain, name):
        self._add(domain, name)

    def __exit__(self, *_):
        if self.process:
            for domain in list(self.domains.values()):
                domain.stop()
            if self.connection:
                with contextlib.suppress(libvirt.libvirtError):
                    self.connection.close()
            self._end()
        os.makedirs(self.logs, exist_ok=True)
        with contextlib.suppress(OSError):
            shutil.copy(self.path("libvirtd.log"), os.path.join(self.logs, "libvirtd.log"))
        shutil.rmtree(self.state, ignore_errors=True)

    def _end(self):
        self.process.terminate()
        try:
            self.process.wait(30 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def log(self, mark=0):
        """What the daemon said: its own words, then the agent's traffic from byte `mark` on."""
        text = ""
        for name in ("libvirtd.out", "libvirtd.log"):
            with contextlib.suppress(OSError), open(self.path(name), "rb") as file:
                file.seek(mark if name == "libvirtd.log" else 0)
                text += file.read().decode("utf-8", "replace")
        return text

    def log_size(self):
        return os.path.getsize(self.path("libvirtd.log"))

    def wait_log(self, text, since, timeout=30):
        """Waits until the daemon says `text`; `since` is a log_size().  No event tells this."""
        deadline = Deadline(timeout)
        while text not in self.log(since):
            if deadline.over():
                raise LibvirtError(f"libvirtd did not say {text!r} in {timeout} s")
            select.select([], [], [], 0.02)

    def popen(self, *arguments, stdbuf=False, **options):
        """virsh as a process that the caller takes care of; stdbuf: each line at once."""
        command = [find("virsh"), "--connect", self.uri, *arguments]
        return subprocess.Popen(
            (["stdbuf", "-oL"] if stdbuf else []) + command, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"}, **options)

    def virsh(self, *arguments, timeout=60, check=True):
        """
        Runs virsh under a deadline.  Returns what it printed; a failure raises VirshError, or
        with check=False the finished process (returncode, stdout, stderr) is returned instead.
        """
        with self.popen(*arguments) as process:
            try:
                out, err = process.communicate(timeout=timeout * PATIENCE)
            except subprocess.TimeoutExpired as error:
                process.kill()
                process.communicate()
                raise LibvirtError(f"virsh {arguments}: nothing in {timeout} s") from error
        done = subprocess.CompletedProcess(arguments, process.returncode, out, err)
        if not check:
            return done
        if done.returncode:
            raise VirshError(arguments, done)
        return done.stdout.strip("\n")

    def domain(self, **options):
        """A domain that is defined and not started; see Domain for the options."""
        self.count += 1
        domain = Domain(self, f"d{self.count}", **options)
        self.domains[domain.name] = domain
        self.virsh("define", self.write(domain.name + ".xml", domain.xml()))
        return domain


class Domain:
    """
    One domain.

    machine, memory, vcpus   <os> machine type, MiB, number
    append                   the kernel command line
    initrd                   bytes of a cpio archive
    fw_cfg                   {name: text or bytes}, e.g. {"opt/bare-qga/cmdline": "log=off"}
    on_crash, on_reboot      what libvirt does (preserve, destroy, restart ...)
    devices                  further XML inside <devices>
    network                  whether there is an e1000 in QEMU's user network
    sleep                    yes or no: whether the machine offers ACPI's S3
    xml                      a whole domain in place of all that; only name and kernel are changed
    """

    def __init__(self, daemon, name, machine="pc", memory=64, vcpus=2, append=None, initrd=None,
                 fw_cfg=None, on_crash="preserve", on_reboot="restart", devices="", network=True,
                 sleep="yes", xml=None):
        self.daemon = daemon
        self.name = name
        self.events = Events()
        self.serial = daemon.path(name + ".serial")
        self.started = 0
        self.given = xml
        self.parts = {
            "name": name, "machine": machine, "memory": memory, "vcpus": vcpus,
            "image": daemon.image, "serial": self.serial, "port": PORT_NAME,
            "append": f"<cmdline>{_text(append)}</cmdline>" if append else "",
            "initrd": f"<initrd>{daemon.write(name + '.cpio', initrd)}</initrd>" if initrd else "",
            "fw_cfg": self._fw_cfg(fw_cfg or {}), "on_crash": on_crash, "on_reboot": on_reboot,
            "network": _NETWORK if network else "", "devices": devices, "sleep": sleep}

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
        domain.find("os/kernel").text = self.daemon.image
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
        of that or of the agent's socket that went with QEMU is a race inside of libvirt.
        """
        done = self.virsh("shutdown", *mode, check=False)
        if done.returncode and "End of file from agent socket" not in done.stderr:
            raise VirshError(("shutdown", self.name, *mode), done)

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


def _text(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_NETWORK = f"""<interface type='user'>
      <mac address='{MAC}'/>
      <model type='e1000'/>
    </interface>"""

_XML = """<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>{memory}</memory>
  <vcpu>{vcpus}</vcpu>
  <os>
    <type arch='x86_64' machine='{machine}'>hvm</type>
    <kernel>{image}</kernel>
    {initrd}
    {append}
  </os>
  {fw_cfg}
  <features><acpi/></features>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>{on_reboot}</on_reboot>
  <on_crash>{on_crash}</on_crash>
  <pm>
    <suspend-to-mem enabled='{sleep}'/>
    <suspend-to-disk enabled='yes'/>
  </pm>
  <devices>
    <serial type='file'><source path='{serial}'/></serial>
    <channel type='unix'><target type='virtio' name='{port}'/></channel>
    {network}
    <panic model='isa'/>
    <memballoon model='none'/>
    {devices}
  </devices>
</domain>
"""
