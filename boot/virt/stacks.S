/* SPDX-License-Identifier: BSD-2-Clause */
/* The stacks, each on a page that is never mapped: what runs, its traps, and traps of these. */

    .macro stack name, bytes
    .globl stack_\name\()_guard, stack_\name\()_end
stack_\name\()_guard:
    .skip 4096 + \bytes
stack_\name\()_end:
    .endm

    .section .pages, "aw", %nobits
    .balign 4096
    stack main, 65536
    stack trap, 8192
    stack fault, 8192

    .section .note.GNU-stack, "", %progbits
