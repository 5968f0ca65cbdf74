/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way out of S3 (ACPI 6.4 §16.3): from real mode, where firmware jumps to, back to where
 * sleep_save() was called.
 *
 * At a wake-up QEMU resets the machine, and writes the segments of an image that -kernel gave it
 * into memory as at the start (hw/core/loader.c:rom_reset()).  Code and constants are the same as
 * before, but data are not: all of them come back out of a copy, before page tables or the stack
 * are used.
 */
#include "entry.h"
#include "sleep.h"

#define A20_PORT   0x92
#define A20_ENABLE 0x02
#define A20_RESET  0x01
/* Not the processor's own bit in IA32_EFER (long mode active). */
#define EFER_WRITABLE (EFER_LME | EFER_NXE)

    .section .rodata
    .balign 8
    .globl wake_start, wake_end, wake_copy
    .code16
wake_start:
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    lgdtl wake_gdt_pointer - wake_start
    inb $A20_PORT, %al
    orb $A20_ENABLE, %al
    andb $~A20_RESET, %al
    outb %al, $A20_PORT
    movl %cr0, %eax
    orl $CR0_PE, %eax
    movl %eax, %cr0
    ljmpl $SELECTOR_CODE, $(WAKE_ADDRESS + wake_protected - wake_start)

    .code32
wake_protected:
    movl $SELECTOR_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl WAKE_ADDRESS + wake_copy - wake_start, %esi
    movl $data_start, %edi
    movl $stack_main_end, %ecx
    subl %edi, %ecx
    shrl $2, %ecx
    rep movsl
    movl $resume, %eax
    jmp *%eax

    .balign 8
wake_gdt:
    .quad 0
    .quad 0x00cf9a000000ffff /* SELECTOR_CODE: 32-bit, ring 0 */
    .quad 0x00cf92000000ffff /* SELECTOR_DATA */
wake_gdt_pointer:
    .short wake_gdt_pointer - wake_gdt - 1
    .long WAKE_ADDRESS + wake_gdt - wake_start
    .balign 4
wake_copy:
    .long 0
wake_end:

    .text
    .code64
    .globl sleep_save
    .type sleep_save, @function
sleep_save:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, saved_rsp
    movq %cr3, %rax
    movq %rax, saved_cr3
    movq %cr4, %rax
    movq %rax, saved_cr4
    movq %cr0, %rax
    movq %rax, saved_cr0
    movl $MSR_EFER, %ecx
    rdmsr
    andl $EFER_WRITABLE, %eax
    movl %eax, saved_efer
    movl $data_start, %esi
    movl $stack_main_guard, %ecx
    subl %esi, %ecx
    shrl $3, %ecx
    cld
    rep movsq
    addl $4096, %esi /* the guard's page is not mapped */
    addq $4096, %rdi
    movl $(STACK_MAIN_SIZE / 8), %ecx
    rep movsq
    xorl %eax, %eax
    jmp 1f

    .code32
resume:
    movl saved_cr4, %eax
    movl %eax, %cr4
    movl saved_cr3, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    movl saved_efer, %eax
    xorl %edx, %edx
    wrmsr
    movl saved_cr0, %eax
    movl %eax, %cr0
    lgdt gdt_pointer
    ljmp $SELECTOR_CODE, $resume_64

    .code64
resume_64:
    movl $SELECTOR_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movq saved_rsp, %rsp
    incl %eax
1:  popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret
    .size sleep_save, . - sleep_save

    .section .bss
    .balign 8
saved_rsp:
    .skip 8
saved_cr0:
    .skip 8
saved_cr3:
    .skip 8
saved_cr4:
    .skip 8
saved_efer:
    .skip 4

    .section .note.GNU-stack, "", @progbits
