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
import os
import pwd
import select
import shutil
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../boot")]
from domain import AGENT, LIFECYCLE, Domain, LibvirtError, VirshError, libvirt  # noqa: E402
from qemu import ARCHES, PATIENCE, Deadline, qemu_of  # noqa: E402

# Those whose part of the tests runs (tests/conftest.py).
CHOSEN = [os.environ["BARE_QGA_ARCH"]] if "BARE_QGA_ARCH" in os.environ else list(ARCHES)


def missing():
    """Why no libvirt can be had here, or None."""
    if libvirt is None:
        return "no libvirt for Python here (Debian: python3-libvirt)"
    for program in ("libvirtd", "virsh", *map(qemu_of, CHOSEN)):
        if not find(program):
            return f"no {program} here"
    if os.geteuid() == 0 and not find("setpriv"):
        return "libvirtd wants another user than root, and there is no setpriv"
    return None


def find(program):
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


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
        for arch in CHOSEN:
            os.symlink(find(qemu_of(arch)), self.path("bin/qemu-system-" + arch))
        # Without virtlogd and without labels of a security driver.
        self.write("etc/libvirt/qemu.conf", 'stdio_handler = "file"\nsecurity_driver = "none"\n')
        self.write("libvirtd.conf", f'unix_sock_dir = "{self.path("run")}"\n'
                   'log_filters = "1:qemu_agent"\n'
                   f'log_outputs = "1:file:{self.path("libvirtd.log")}"\n')
        self.images = {}
        for arch in CHOSEN:
            with open(ARCHES[arch]["image"], "rb") as image:
                self.images[arch] = self.write(f"bare-qga.{arch}", image.read())
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
        self.virsh("list", timeout=60)
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
