#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Holds the folders to their rule: who may include what, and who may ask about the machine.

    agent/       C headers of memory, strings and formatted output; jsmn; SHA-256 of Mbed TLS;
                 itself; generated code
    agent/exec/  as agent/, of which cmd_exec.c and state.h alone look in from outside
    drivers/     C headers, <arch/...>, itself
    net/         C headers, lwIP, drivers/, itself, and what agent/ wants of the network
    boot/        everything, but only boot/main.c sees both drivers/ and agent/
    boot/<arch>  as boot/

Outside boot/<arch>/ no conditional compilation asks for an architecture or an operating system.
Every source file begins with its licence.
"""
import functools
import glob
import os
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
CONDITION = re.compile(r"^\s*#\s*(?:el)?if(?:n?def)?\b(.*(?:\\\n.*)*)", re.M)
MACHINE = re.compile(r"__(?:x86_64|amd64|i386|aarch64|arm|riscv|linux|unix|gnu_linux|STDC_HOSTED)"
                     r"\w*__|\b(?:linux|unix|HOSTED|KERNEL|ARCH_\w+|CONFIG_\w+)\b")
C_HEADERS = {name + ".h" for name in (
    "ctype errno inttypes limits stdalign stdarg stdbool stddef stdint stdio stdlib stdnoreturn "
    "string float math").split()}
# What drivers/ asks of whoever runs it: services that boot/ implements, not drivers.
SERVICES = {"drivers/clock.h", "drivers/dma.h", "drivers/irq.h", "drivers/klog.h"}
# What agent/ asks of whoever runs it.
SEAMS = {"agent/channel.h", "agent/network.h", "agent/platform.h"}
# What agent/ takes from libraries.
LIBRARIES = {"jsmn.h", "mbedtls/sha256.h", "mbedtls/constant_time.h", "mbedtls/platform_util.h"}
# What agent/ knows of the programs that guest-exec runs.
EXEC_USERS = {"agent/cmd_exec.c", "agent/state.h"}
# What net/ gives to agent/: facts about the network, and connections.
FOR_NET = {"agent/network.h", "agent/remote.h"}
GENERATED = {os.path.basename(path) for path in glob.glob("build/gen/*.h")}


@functools.cache
def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def resolve(including, quote, name):
    """The path in the tree of an included file, or <name> for one from elsewhere."""
    for candidate in (os.path.join(os.path.dirname(including), name), os.path.join("agent", name),
                      name):
        candidate = os.path.normpath(candidate)
        if quote == '"' and os.path.exists(candidate):
            return candidate
    if name.startswith("arch/"):
        return "<arch>"
    return f"<{name}>"


def includes(path):
    return [resolve(path, quote, name) for quote, name in INCLUDE.findall(text_of(path))]


@functools.cache
def reach(path):
    """Everything of the tree that a file sees, directly or not."""
    seen, todo = set(), [path]
    while todo:
        for found in includes(todo.pop()):
            if not found.startswith("<") and found not in seen:
                seen.add(found)
                todo.append(found)
    return seen


def allowed(path, target):
    """Whether `path` may include `target` directly."""
    folder = path.split("/")[0]
    if target.startswith("<"):
        name = target[1:-1]
        if name == "arch" or name.startswith("arch/"):
            return folder != "agent"
        return name in C_HEADERS or (folder == "agent" and name in LIBRARIES | GENERATED) or \
            (folder == "net" and re.match(r"(lwip|netif)/", name) is not None)
    if target.startswith("agent/exec/") and not path.startswith("agent/exec/"):
        return path in EXEC_USERS
    if folder in ("agent", "drivers"):
        return target.startswith(folder + "/")
    if folder == "net":
        return target.startswith(("net/", "drivers/")) or target in FOR_NET
    return True


def layer_faults(path):
    folder = path.split("/")[0]
    for target in includes(path):
        if folder in ("agent", "drivers", "net") and not allowed(path, target):
            yield f"{path}: {folder}/ must not include {target}"
    if folder == "boot" and path != "boot/main.c":
        seen = reach(path)
        drivers = {t for t in seen if t.startswith("drivers/")} - SERVICES
        agent = {t for t in seen if t.startswith("agent/")} - SEAMS
        if drivers and agent:
            yield (f"{path}: only boot/main.c may see both drivers and agent; this sees "
                   f"{min(drivers)} and {min(agent)}")


def condition_faults(path):
    if re.match(r"boot/[^/]+/.*", path) and not path.startswith("boot/libc/"):
        return
    for match in CONDITION.finditer(text_of(path)):
        if found := MACHINE.search(match[1]):
            line = text_of(path)[:match.start()].count("\n") + 1
            yield f"{path}:{line}: conditional on {found[0]}; that belongs into boot/<arch>/"


def licence_faults(path):
    if "SPDX-License-Identifier: BSD-2-Clause" not in "\n".join(text_of(path).split("\n")[:3]):
        yield f"{path}: the licence line is missing at the top"


def tree(*patterns):
    return sorted(path for pattern in patterns for path in glob.glob(pattern, recursive=True)
                  if not path.startswith("build/"))


def main():
    sources = tree("agent/**/*.[chS]", "drivers/**/*.[chS]", "net/**/*.[chS]", "boot/**/*.[chS]")
    faults = []
    for path in sources:
        faults += layer_faults(path)
        faults += condition_faults(path)
    for path in tree("**/*.[chS]", "**/*.py", "**/*.ld", "**/*.mk", "Makefile", ".ci/run"):
        faults += licence_faults(path)
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
