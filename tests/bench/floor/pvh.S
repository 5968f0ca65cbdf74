/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU's own floor: a guest whose first instruction says so on the debug console (port 0xe9) and
 * whose third ends QEMU (isa-debug-exit).  No guest that starts by -kernel can speak earlier.
 */
.section .note.Xen, "a", @note
    .align 4
    .long 4, 4, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long _start

.section .text
    .globl _start
_start:
    movb $'F', %al
    outb %al, $0xe9
    xorl %eax, %eax
    outl %eax, $0xf4
1:  hlt
    jmp 1b
