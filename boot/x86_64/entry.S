/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first instructions: from 32-bit protected mode without paging, as PVH (Xen
 * docs/misc/pvh.pandoc, "PVH entry point") and multiboot2 (1.6 §3.3) both hand over, to long mode
 * with a stack, a first page table and a stack canary.
 *
 * EBX points to the loader's information in both protocols; the two entries differ only in the
 * number that they pass on.
 */
#include "entry.h"

/* The notes and the header by which a loader recognises us. */
    .section .note.boot, "a", @note
    .balign 4
    .long 4, 8, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    /* QEMU takes a note of this ELF class to hold 8 bytes (hw/i386/x86.c). */
    .quad entry_pvh

#define MULTIBOOT2_MAGIC 0xe85250d6

    .section .boot_header, "a"
    .balign 8
1:  .long MULTIBOOT2_MAGIC
    .long 0 /* i386, protected mode */
    .long 2f - 1b
    .long -(MULTIBOOT2_MAGIC + (2f - 1b))
    /* Modules on page boundaries (multiboot2 1.6 §3.1.10). */
    .short 6, 1
    .long 8
    /* End. */
    .short 0, 0
    .long 8
2:

    .section .entry, "ax"
    .code32
    .globl entry_elf
entry_elf:
    /* multiboot2 1.6 §3.3: EAX says who called; nobody else jumps to the ELF entry. */
    movl $ENTRY_MULTIBOOT2, %esi
    cmpl $0x36d76289, %eax
    je 1f
    movl $ENTRY_UNKNOWN, %esi
    jmp 1f

    .globl entry_pvh
entry_pvh:
    movl $ENTRY_PVH, %esi
1:  cli
    cld
    movl $stack_main_end, %esp
    movl %ebx, %ebp

    /* Long mode at all?  CPUID exists on everything that could say yes. */
    movl $0x80000000, %eax
    cpuid
    cmpl $0x80000001, %eax
    jb no_long_mode
    movl $0x80000001, %eax
    cpuid
    btl $29, %edx
    jnc no_long_mode
    movl $EFER_LME, %edi
    btl $20, %edx
    jnc 1f
    orl $EFER_NXE, %edi
1:

    /* The tables that are filled only in part start from zeros: at a reset QEMU writes the image
     * anew, but a segment without file content stays as it was (hw/core/loader.c:rom_reset). */
    movl %edi, %edx
    xorl %eax, %eax
    movl $page_table_top, %edi
    movl $(3 * 4096 / 4), %ecx
    rep stosl
    movl %edx, %edi

    /* The first 4 GiB one to one in 2 MiB pages; paging.c gives each its rights later. */
    movl $page_table_top, %eax
    movl %eax, %ecx
    movl $page_table_directories, %edx
    orl $(PTE_PRESENT | PTE_WRITE), %edx
    movl %edx, (%eax)
    movl $page_table_directories, %eax
    movl $page_table_middle, %edx
    orl $(PTE_PRESENT | PTE_WRITE), %edx
    movl %edx, (%eax)
    addl $0x1000, %edx
    movl %edx, 8(%eax)
    addl $0x1000, %edx
    movl %edx, 16(%eax)
    addl $0x1000, %edx
    movl %edx, 24(%eax)
    movl $page_table_middle, %eax
    movl $(PTE_PRESENT | PTE_WRITE | PTE_LARGE), %edx
1:  movl %edx, (%eax)
    addl $8, %eax
    addl $0x200000, %edx
    jnc 1b

    /* SSE on (OSFXSR, OSXMMEXCPT; CR0.EM off), because doubles live there in this ABI. */
    movl %ecx, %cr3
    movl %cr4, %eax
    orl $(CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
    movl %eax, %cr4
    movl $MSR_EFER, %ecx
    rdmsr
    orl %edi, %eax
    wrmsr
    movl %cr0, %eax
    andl $~(CR0_EM | CR0_TS | CR0_NW | CR0_CD), %eax
    orl $(CR0_PE | CR0_MP | CR0_NE | CR0_WP | CR0_PG), %eax
    movl %eax, %cr0
    lgdt gdt_pointer
    ljmp $SELECTOR_CODE, $1f

    .code64
1:  movl $SELECTOR_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movl $stack_main_end, %esp
    movl %ebp, %edi
    movl %esi, %r8d

    /* The canary: RDRAND where there is one (it may fail for a moment, Intel SDM 1 §7.3.17.1),
     * mixed with the time stamp counter, and a zero byte below that stops a runaway string. */
    movl $1, %eax
    cpuid
    xorl %esi, %esi
    btl $30, %ecx
    jnc 3f
    movl $10, %ecx
2:  rdrand %rsi
    jc 3f
    loop 2b
3:  rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    movabsq $0x9e3779b97f4a7c15, %rdx
    imulq %rdx, %rax
    xorq %rsi, %rax
    bswapq %rax
    xorb %al, %al
    movq %rax, __stack_chk_guard

    movl %r8d, %esi
    xorl %ebp, %ebp
    call start
    ud2

    .code32
no_long_mode:
    movl $3f, %esi
1:  lodsb
    testb %al, %al
    jz 2f
    movw $0x3f8, %dx
    outb %al, %dx
    jmp 1b
2:  cli
    hlt
    jmp 2b
3:  .asciz "bare-qga: this processor has no 64-bit mode\r\n"

    .section .data
    .balign 8
    .globl gdt, gdt_pointer
gdt:
    .quad 0
    .quad 0x00af9a000000ffff /* SELECTOR_CODE: 64-bit, ring 0 */
    .quad 0x00cf92000000ffff /* SELECTOR_DATA */
    .quad 0, 0               /* SELECTOR_TSS: traps.c */
gdt_end:
gdt_pointer:
    .short gdt_end - gdt - 1
    .long gdt
    .long 0

    .section .bss
    .balign 8
    .globl __stack_chk_guard
__stack_chk_guard:
    .skip 8

    .section .pages, "aw", @nobits
    .balign 4096
    .globl page_table_top, page_table_directories, page_table_image, page_table_middle
page_table_top:
    .skip 4096
page_table_directories:
    .skip 4096
page_table_image:
    .skip 4096
page_table_middle:
    .skip 4 * 4096
/* Each stack stands on a page that is never mapped. */
    .globl stack_main_guard, stack_main_end, stack_trap_guard, stack_trap_end
    .globl stack_fault_guard, stack_fault_end, stack_nmi_guard, stack_nmi_end
stack_main_guard:
    .skip 4096 + STACK_MAIN_SIZE
stack_main_end:
stack_trap_guard:
    .skip 4096 + STACK_TRAP_SIZE
stack_trap_end:
stack_fault_guard:
    .skip 4096 + STACK_TRAP_SIZE
stack_fault_end:
stack_nmi_guard:
    .skip 4096 + STACK_TRAP_SIZE
stack_nmi_end:

    .section .note.GNU-stack, "", @progbits
