#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Asserts on the kernel's files what loaders and page tables rely on.

    check_image.py IMAGE.elf|IMAGE.img...

The PVH note is what QEMU looks for (hw/i386/x86.c:read_pvh_start_addr): type 18, alone in a
PT_NOTE segment whose p_align is 4, because the padding of its name is computed from p_align.
multiboot2 (§3.1.1): the header is 8-aligned within the first 32768 bytes of the file.

On the other machines the entry is the lowest address: QEMU takes that one for RISC-V, whatever the
ELF header says (hw/riscv/boot.c:riscv_load_kernel), and a raw image has no other.  An .img is the
.elf beside it as it lies in memory; arm64's begins with the header of an Image (Linux
Documentation/arm64/booting.rst).
"""
import os
import struct
import sys

PT_LOAD, PT_NOTE, PT_GNU_STACK = 1, 4, 0x6474e551
PF_X, PF_W = 1, 2
XEN_ELFNOTE_PHYS32_ENTRY = 18
MULTIBOOT2_MAGIC = struct.pack("<I", 0xe85250d6)
EM_X86_64, EM_AARCH64 = 62, 183
AARCH64_RAM, AARCH64_TREE = 0x40000000, 1 << 20
SIZE_LIMIT = 448 * 1024


class Fault(Exception):
    """What is wrong with the image."""


def insist(condition, text):
    if not condition:
        raise Fault(text)


def read_segments(image):
    """(type, flags, offset, virtual address, physical address, size in file, in memory, align)."""
    insist(image[:6] == b"\x7fELF\x02\x01", "not a little-endian ELF64 file")
    offset, = struct.unpack_from("<Q", image, 32)
    size, count = struct.unpack_from("<HH", image, 54)
    for index in range(count):
        kind, flags, *rest = struct.unpack_from("<IIQQQQQQ", image, offset + index * size)
        yield (kind, flags, *rest)


def check_segments(segments, image):
    loads = [segment for segment in segments if segment[0] == PT_LOAD]
    insist(loads, "nothing to load")
    for _, flags, offset, virtual, physical, in_file, in_memory, _ in loads:
        insist(not (flags & PF_W and flags & PF_X), f"segment at {virtual:#x} is both W and X")
        insist(virtual == physical, f"segment at {virtual:#x} is loaded elsewhere, {physical:#x}")
        insist(virtual % 4096 == 0, f"segment at {virtual:#x} does not start on a page")
        insist(in_file <= in_memory and offset + in_file <= len(image),
               f"segment at {virtual:#x} reaches past the file")
    pages = sorted((v // 4096, (v + m + 4095) // 4096) for _, _, _, v, _, _, m, _ in loads)
    insist(all(a[1] <= b[0] for a, b in zip(pages, pages[1:])), "two segments share a page")
    for kind, flags, *_ in segments:
        insist(kind != PT_GNU_STACK or not flags & PF_X, "the stack is marked executable")
    return loads


def is_code(loads, address):
    return any(flags & PF_X and virtual <= address < virtual + in_file
               for _, flags, _, virtual, _, in_file, _, _ in loads)


def check_pvh(segments, loads, image):
    notes = [segment for segment in segments if segment[0] == PT_NOTE]
    insist(len(notes) == 1, f"{len(notes)} PT_NOTE segments instead of one")
    _, _, offset, _, _, size, _, align = notes[0]
    insist(align == 4, f"the note's segment has p_align {align}, not 4")
    name_size, description_size, kind = struct.unpack_from("<III", image, offset)
    insist(kind == XEN_ELFNOTE_PHYS32_ENTRY, f"the first note has type {kind}, not 18")
    start = 12 + (name_size + 3) // 4 * 4
    insist(start + description_size <= size, "the note is larger than its segment")
    insist(description_size == 8, "QEMU reads 8 bytes of entry address from an ELF64")
    entry, = struct.unpack_from("<Q", image, offset + start)
    insist(entry < 1 << 32 and is_code(loads, entry), f"the PVH entry {entry:#x} is not code")


def check_multiboot2(image):
    at = next((i for i in range(0, 32768 - 16, 8) if image[i:i + 4] == MULTIBOOT2_MAGIC), None)
    insist(at is not None, "no 8-aligned multiboot2 header in the first 32768 bytes")
    words = struct.unpack_from("<IIII", image, at)
    insist(sum(words) & 0xffffffff == 0, "the multiboot2 header's checksum is wrong")
    insist(at + words[2] <= 32768, "the multiboot2 header does not end within 32768 bytes")


def flatten(loads, image):
    """The loaded segments as they lie in memory, without what is only zeroes at the end."""
    base = min(virtual for _, _, _, virtual, _, in_file, _, _ in loads if in_file)
    flat = bytearray()
    for _, _, offset, virtual, _, in_file, _, _ in loads:
        if in_file:
            flat = flat.ljust(virtual - base, b"\0") + image[offset:offset + in_file]
    return bytes(flat)


def check_arm_header(loads, image):
    flat = flatten(loads, image)
    base = min(load[3] for load in loads)
    text_offset, size, flags = struct.unpack_from("<QQQ", flat, 8)
    insist(flat[56:60] == b"ARM\x64", "no magic of an arm64 Image at byte 56")
    insist(text_offset == base - AARCH64_RAM, "the Image header names another place")
    insist(size == max((v + m + 4095) // 4096 * 4096 for _, _, _, v, _, _, m, _ in loads) - base,
           "the Image header's size is not what the image takes in memory")
    insist(flags & 1 == 0, "the Image header says big-endian")
    insist(base - AARCH64_RAM >= AARCH64_TREE, "no room for QEMU's device tree before the image")


def check(image):
    segments = list(read_segments(image))
    loads = check_segments(segments, image)
    machine, = struct.unpack_from("<H", image, 18)
    entry, = struct.unpack_from("<Q", image, 24)
    insist(is_code(loads, entry), f"the entry {entry:#x} is not code")
    if machine == EM_X86_64:
        check_pvh(segments, loads, image)
        check_multiboot2(image)
    else:
        insist(entry == min(load[3] for load in loads), "the entry is not the lowest address")
    if machine == EM_AARCH64:
        check_arm_header(loads, image)
    insist(len(image) < SIZE_LIMIT, f"{len(image)} bytes, the limit is {SIZE_LIMIT}")


def check_file(path):
    with open(path, "rb") as file:
        image = file.read()
    elf = image
    if path.endswith(".img"):
        with open(os.path.splitext(path)[0] + ".elf", "rb") as file:
            elf = file.read()
        insist(image == flatten(check_segments(list(read_segments(elf)), elf), elf),
               "not what the .elf beside it loads")
    check(elf)
    print(f"{path}: {len(image)} bytes, as loaders and page tables need it")


def main():
    faults = 0
    for path in sys.argv[1:]:
        try:
            check_file(path)
        except (Fault, OSError, struct.error) as fault:
            print(f"{path}: {fault}")
            faults += 1
    return 1 if faults or not sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
