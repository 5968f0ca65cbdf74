/* SPDX-License-Identifier: BSD-2-Clause */
/* The smallest guest of QEMU's riscv64 virt behind OpenSBI: one byte on the 16550, then off. */
    .globl _start
_start:
    li t0, 0x10000000
    li t1, 1
    sb t1, (t0)
    li t0, 0x100000
    li t1, 0x5555
    sw t1, (t0)
1:  wfi
    j 1b
