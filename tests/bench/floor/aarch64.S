/* SPDX-License-Identifier: BSD-2-Clause */
/* The smallest guest of QEMU's aarch64 virt: one byte on the PL011, then off by PSCI. */
    .globl _start
_start:
    mov x0, #0x09000000
    mov w1, #1
    strb w1, [x0]
    ldr w0, =0x84000008
    hvc #0
1:  wfi
    b 1b
