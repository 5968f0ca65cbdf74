#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
bench.py: the figures of the README, measured side by side in one run.

Each round starts every guest once, in an order that rotates, so that a ratio is taken between runs
close in time; the tables show medians over the rounds, spreads, and the median of the per-round
ratios.  The guests:

  bare-qga, bare-qga-microvm   this project's image
  linux, linux-microvm         Linux 6.1 made small for this one purpose, with qemu-ga
  echo                         the same Linux with a process that answers without looking
  floor                        QEMU until a guest's first instruction

The peers are built from Debian's packages into build/bench (see linux/build), or taken from
--peer DIRECTORY (also the environment's BENCH_PEER): vmlinux, initrd.cpio.

On a host without KVM and with other work, compare ratios and CPU times, not single wall times.
"""
import argparse
import dataclasses
import json
import os
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import hosted
import network
from guest import AgentError, Guest, QEMU, Run, least_memory, machine_args, port_args

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, "build/bench")
IMAGE = os.path.join(ROOT, "build/x86_64/bare-qga.elf")
HOSTED = os.path.join(ROOT, "build/hosted/bare-qga")
QUIET = "quiet panic=-1 tsc=reliable no_timer_check noapictimer"
# File bytes moved per measurement and chunk size.
BUDGETS = {4096: 1 << 20, 65536: 4 << 20, 1 << 20: 8 << 20, 4 << 20: 16 << 20}
SUITES = ("boot", "session", "memory", "network", "hosted")


def say(text):
    print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)


def run(*argv):
    subprocess.run(argv, check=True)


def build_floor():
    """The smallest guest, in build/bench/floor.elf."""
    target, source = BUILD + "/floor.elf", HERE + "/floor/pvh.S"
    run("gcc", "-m32", "-c", source, "-o", BUILD + "/floor.o")
    run("ld", "-m", "elf_i386", "-N", "--no-warn-rwx-segments", "-T", HERE + "/floor/floor.ld",
        "-o", target, BUILD + "/floor.o")
    return target


def find_peer(directory):
    """vmlinux and initrd of the Linux guests; built if nobody brings them."""
    if not directory:
        need = os.path.join(ROOT, "tests/tools/need")
        run(need, "the Linux peer", "gcc", "make", "bc", "bison", "flex", "libelf-dev",
            "libssl-dev", "xz-utils", "dpkg-dev", "pkg-config", "ninja-build", "python3",
            "libc6-dev", "libglib2.0-dev", "binutils")
        run(HERE + "/linux/build", BUILD)
        return BUILD + "/vmlinux", BUILD + "/initrd.cpio"
    for names in (("vmlinux", "initrd.cpio"), ("vmlinux-tiny", "initrd-tiny.cpio")):
        files = [os.path.join(directory, name) for name in names]
        if all(map(os.path.exists, files)):
            return files
    sys.exit(f"{directory} holds no vmlinux and initrd.cpio")


def guests(peer):
    ours = dict(args=["-kernel", IMAGE], files=[IMAGE], least=(1024, 16384, 128))

    def linux(words=" nonet=1"):
        return dict(args=["-kernel", peer[0], "-initrd", peer[1], "-append", QUIET + words],
                    files=list(peer), least=(4096, 65536, 256))

    return [Guest("bare-qga", "pc", **ours), Guest("bare-qga-microvm", "microvm,acpi=off", **ours),
            Guest("linux", "pc", **linux()), Guest("linux-microvm", "microvm,acpi=off", **linux()),
            Guest("echo", "pc", kind="echo", **linux(" nonet=1 echo=1 vecho=1"))]


def floor(machine, image):
    """Time and CPU time from the start of QEMU to the guest's first instruction."""
    guest = Guest("floor", machine, [], [])
    with tempfile.TemporaryDirectory(prefix="bare-qga.") as folder:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(folder + "/agent")
        listener.listen(1)
        argv = machine_args(guest) + port_args(guest, listener.fileno()) + [
            "-kernel", image, "-chardev", "stdio,id=d0,signal=off",
            "-device", "isa-debugcon,iobase=0xe9,chardev=d0",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
        start = time.perf_counter()
        process = subprocess.Popen(argv, pass_fds=(listener.fileno(),), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        listener.close()
        ready = select.select([process.stdout], [], [], 30)[0]
        first = os.read(process.stdout.fileno(), 1) if ready else b""
        elapsed = time.perf_counter() - start
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        process.stdout.close()
    if first != b"F":
        raise AgentError("the floor's guest said nothing")
    return {"boot_ms": elapsed * 1e3, "boot_cpu_ms": (usage.ru_utime + usage.ru_stime) * 1e3}


class Results:
    """rows[guest][metric] = one value per round."""

    def __init__(self):
        self.rows = {}

    def add(self, guest, number, values):
        say(f"{guest}: " + ", ".join(f"{k} {v:.1f}" for k, v in values.items()))
        for metric, value in values.items():
            self.rows.setdefault(guest, {}).setdefault(metric, {})[number] = value

    def median(self, guest, metric):
        values = self.rows.get(guest, {}).get(metric)
        return statistics.median(values.values()) if values else None

    def ratio(self, guest, other, metric):
        """The median over rounds of guest's value divided by the other's."""
        mine = self.rows.get(guest, {}).get(metric, {})
        theirs = self.rows.get(other, {}).get(metric, {})
        both = [mine[n] / theirs[n] for n in mine if theirs.get(n)]
        return statistics.median(both) if both else None

    def metrics(self):
        seen = {}
        for values in self.rows.values():
            for metric in values:
                seen[metric] = None
        return list(seen)

    def table(self, pairs):
        names = list(self.rows)
        head = ["", *names, *(f"{a} ÷ {b}" for a, b in pairs)]
        lines = [head, ["---"] * len(head)]
        for metric in self.metrics():
            line = [metric]
            for name in names:
                values = self.rows[name].get(metric, {}).values()
                spread = ""
                if len(values) > 1:
                    spread = f" ({number(min(values))}–{number(max(values))})"
                line.append(number(statistics.median(values)) + spread if values else "")
            ratios = (self.ratio(a, b, metric) for a, b in pairs)
            lines.append(line + [number(r) if r else "" for r in ratios])
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def rotated(items, by):
    by %= len(items)
    return items[by:] + items[:by]


def measure_boot(machines, image, rounds, results):
    """Image bytes, and boots with the floor between them."""
    for guest in machines:
        results.add(guest.name, 0, {"image_bytes": sum(map(os.path.getsize, guest.files))})
    for n in range(rounds):
        for name, machine in (("floor", "pc"), ("floor-microvm", "microvm,acpi=off")):
            results.add(name, n, floor(machine, image))
        for guest in rotated(machines, n):
            with Run(guest) as vm:
                results.add(guest.name, n, vm.boot())


def measure_session(machines, options, results):
    for n in range(options.rounds):
        for guest in rotated(machines, n):
            with Run(guest) as vm:
                vm.boot()
                results.add(guest.name, n, vm.measure_idle(options.idle))
                results.add(guest.name, n, vm.measure_ping(options.pings))
                for chunk, budget in BUDGETS.items():
                    # Not worth minutes: at 4 MB/s the Linux guest would take them.
                    results.add(guest.name, n, vm.measure_files(chunk, budget))


def network_guests(peer):
    """By name: a guest, and the model of its card."""
    ours = Guest("bare-qga", "pc",
                 ["-kernel", IMAGE, "-append", "net.services=echo,discard,chargen"], [IMAGE])
    linux = Guest("linux", "pc", ["-kernel", peer[0], "-initrd", peer[1], "-append",
                                  QUIET + " ip=dhcp"], list(peer))
    return [(ours, "e1000"), (linux, "e1000"),
            (dataclasses.replace(ours, name="bare-qga-e1000e"), "e1000e")]


def measure_network(peer, options, results):
    machines = [(guest, device) for guest, device in network_guests(peer)
                if not options.only or guest.name in options.only.split(",")]
    for n in range(options.rounds):
        for guest, device in rotated(machines, n):
            with_card, ports = network.with_card(guest, device)
            with Run(with_card) as vm:
                results.add(guest.name, n, network.measure(vm, ports))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", default=os.environ.get("BENCH_PEER"), metavar="DIRECTORY")
    parser.add_argument("--only", help="names of guests, with commas")
    parser.add_argument("--suites", default=",".join(SUITES), help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pings", type=int, default=2000)
    parser.add_argument("--idle", type=float, default=5, metavar="SECONDS")
    options = parser.parse_args()
    os.makedirs(BUILD, exist_ok=True)
    suites = options.suites.split(",")
    peer = find_peer(options.peer)
    machines = [g for g in guests(peer) if not options.only or g.name in options.only.split(",")]
    results, text = Results(), []
    if "boot" in suites:
        measure_boot(machines, build_floor(), options.rounds * 2, results)
    if "session" in suites:
        measure_session(machines, options, results)
    if "network" in suites:
        measure_network(peer, options, results)
    if "memory" in suites:
        for guest in machines:
            if guest.kind == "agent":
                kib = least_memory(guest)
                results.add(guest.name, 0, {"least_memory_KiB": kib} if kib else {})
    if results.rows:
        version = subprocess.run([QEMU, "--version"], capture_output=True, text=True, check=True)
        text += [f"{version.stdout.splitlines()[0]}, {os.cpu_count()} CPUs, TCG; median "
                 "(least–most); a ÷ b: median of the ratios within rounds", "",
                 results.table([("bare-qga", "floor"), ("bare-qga-microvm", "floor-microvm"),
                                ("bare-qga", "linux"), ("bare-qga-microvm", "linux-microvm"),
                                ("bare-qga", "echo")])]
    if "hosted" in suites:
        run(os.path.join(ROOT, "tests/tools/need"), "the hosted comparison", "valgrind")
        agent = os.path.join(BUILD, "qemu-ga")
        if not os.path.exists(agent):
            run(HERE + "/linux/build", BUILD, "qemu-ga")
        processes = Results()
        for name, values in hosted.compare(HOSTED, agent).items():
            processes.add(name, 0, values)
        text += ["", "Hosted, by callgrind:", "", processes.table([("qemu-ga", "bare-qga")])]
        results.rows.update({"hosted " + k: v for k, v in processes.rows.items()})
    report = "\n".join(text) + "\n"
    print(report)
    with open(BUILD + "/results.md", "w", encoding="utf-8") as file:
        file.write(report)
    with open(BUILD + "/results.json", "w", encoding="utf-8") as file:
        json.dump(results.rows, file, indent=1)


if __name__ == "__main__":
    main()
