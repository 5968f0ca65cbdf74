/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ends of the machine: firmware's calls (PSCI, Arm DEN 0022), and semihosting (Arm, Semihosting
 * for AArch32 and AArch64), which QEMU has if -semihosting-config says so.
 */
#include "boot/virt/virt.h"
#include "entry.h"

enum psci_function { PSCI_SYSTEM_OFF = 0x84000008, PSCI_SYSTEM_RESET = 0x84000009 };

/* SYS_EXIT: the reason "by itself", and the code. */
#define SEMIHOSTING_EXIT        0x18
#define SEMIHOSTING_APPLICATION 0x20026u

static void psci_call(const struct machine *machine, enum psci_function function)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = 0;
    register uint64_t x2 __asm__("x2") = 0;
    register uint64_t x3 __asm__("x3") = 0;

    if (machine->power.psci == MACHINE_PSCI_HVC)
        __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory");
    else if (machine->power.psci == MACHINE_PSCI_SMC)
        __asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory");
}

void arch_power_off(const struct machine *machine)
{
    psci_call(machine, PSCI_SYSTEM_OFF);
}

void arch_power_reset(const struct machine *machine)
{
    psci_call(machine, PSCI_SYSTEM_RESET);
}

void arch_exit(uint8_t code)
{
    const uint64_t block[2] = {SEMIHOSTING_APPLICATION, code};

    semihosting_call(SEMIHOSTING_EXIT, block);
}

void arch_stop(void)
{
    for (;;)
        __asm__ volatile("msr daifset, #0xf\n\tmsr cntv_ctl_el0, xzr\n\twfi" ::: "memory");
}
