#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
machines.py [ROUNDS]: one line of figures for each architecture (`make bench`).

boot    from the start of QEMU to the agent's first answer, and how many times that is the floor:
        QEMU to the first instruction of the smallest guest on the same machine (floor/)
ping    the round trip of guest-ping
bytes   of what -kernel gets
least   the smallest -m, in MiB, with which the agent answers

Medians over the rounds; the machines take turns, so that a load of the host hits all alike.
"""
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests/boot"))
import agent  # noqa: E402
import qemu  # noqa: E402

MACHINES = {"x86_64": "pc", **{name.split(":")[0]: name for name in qemu.VIRT}}
# How the floor's guests are made: assembler, linker, and where QEMU wants them.
FLAT = ["-N", "--no-warn-rwx-segments"]
FLOORS = {
    "x86_64": (["gcc", "-m32"],
               ["ld", "-m", "elf_i386", *FLAT, "-T", HERE + "/floor/floor.ld"], "pvh.S"),
    "aarch64": (["aarch64-linux-gnu-gcc"],
                ["aarch64-linux-gnu-ld", *FLAT, "-Ttext=0x40100000"], "aarch64.S"),
    "riscv64": (["riscv64-unknown-elf-gcc"],
                ["riscv64-unknown-elf-ld", *FLAT, "-Ttext=0x80200000"], "riscv64.S"),
}
MARK = {"x86_64": b"F"}
PINGS = 300
MIB_MAX = 64


def build_floor(arch, folder):
    assemble, link, source = FLOORS[arch]
    made = os.path.join(folder, arch)
    subprocess.run([*assemble, "-c", f"{HERE}/floor/{source}", "-o", made + ".o"], check=True)
    subprocess.run([*link, made + ".o", "-o", made], check=True)
    return made


def floor_ms(arch, image):
    """From the start of QEMU to the byte that the guest writes first."""
    name, board = qemu.arch_of(MACHINES[arch])
    argv = [qemu.qemu_of(name), "-M", board, "-m", "64M", "-nodefaults", "-no-user-config",
            "-display", "none", "-kernel", image, "-device", "virtio-serial-pci"]
    if arch == "x86_64":
        argv += ["-chardev", "stdio,id=d0,signal=off", "-device",
                 "isa-debugcon,iobase=0xe9,chardev=d0", *qemu.exit_device("pc")]
    else:
        argv += ["-serial", "stdio"]
    if qemu.ARCHES[arch]["cpu"]:
        argv += ["-cpu", qemu.ARCHES[arch]["cpu"]]
    started = time.monotonic()
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as process:
        seen = b""
        while MARK.get(arch, b"\1") not in seen:
            ready = select.select([process.stdout], [], [], 30)[0]
            data = os.read(process.stdout.fileno(), 4096) if ready else b""
            if not data:
                process.kill()
                raise qemu.QemuError(f"the floor's guest on {arch} said nothing")
            seen += data
        elapsed = time.monotonic() - started
        process.kill()
    return elapsed * 1e3


def measure(arch, folder):
    """One boot: milliseconds to the first answer, microseconds of a ping."""
    with qemu.Vm(os.path.join(folder, "vm"), machine=MACHINES[arch]) as vm:
        client = vm.agent(timeout=30)
        boot = (time.monotonic() - vm.started) * 1e3
        times = []
        for _ in range(PINGS):
            started = time.monotonic()
            client.exchange(agent.request("guest-ping"), 1)
            times.append((time.monotonic() - started) * 1e6)
    return boot, statistics.median(times)


def answers(arch, mib, folder):
    try:
        with qemu.Vm(os.path.join(folder, "least"), machine=MACHINES[arch],
                     memory=f"{mib}M") as vm:
            vm.agent(timeout=10)
            return True
    except (AssertionError, OSError):
        return False


def least_mib(arch, folder):
    return next((mib for mib in range(2, MIB_MAX) if answers(arch, mib, folder)), MIB_MAX)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory(prefix="bare-qga.") as folder:
        floors = {arch: build_floor(arch, folder) for arch in MACHINES}
        rows = {arch: [] for arch in MACHINES}
        for _ in range(rounds):
            for arch, image in floors.items():
                rows[arch].append((floor_ms(arch, image), *measure(arch, folder)))
        lines = ["| machine | bytes | least MiB | floor ms | boot ms | boot ÷ floor | ping µs |",
                 "|---|---|---|---|---|---|---|"]
        for arch, values in rows.items():
            floors_ms, boots, pings = zip(*values)
            ratio = statistics.median(b / f for f, b in zip(floors_ms, boots))
            size = os.path.getsize(qemu.ARCHES[arch]["image"])
            lines.append(f"| {MACHINES[arch]} | {size} | {least_mib(arch, folder)} | "
                         f"{statistics.median(floors_ms):.0f} | {statistics.median(boots):.0f} | "
                         f"{ratio:.2f} | {statistics.median(pings):.0f} |")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
