/* SPDX-License-Identifier: BSD-2-Clause */
/* The ends of the machine: firmware's calls. */
#include "boot/virt/virt.h"
#include "entry.h"
#include "sbi.h"

void arch_power_off(const struct machine *machine)
{
    (void)machine;
    (void)sbi_call(SBI_SRST, SBI_SRST_RESET, SBI_SRST_SHUTDOWN, 0);
}

void arch_power_reset(const struct machine *machine)
{
    (void)machine;
    (void)sbi_call(SBI_SRST, SBI_SRST_RESET, SBI_SRST_COLD, 0);
}

/* What the processor has for it, semihosting, is a breakpoint where nobody listens; the board has a
 * device. */
void arch_exit(uint8_t code)
{
    (void)code;
}

void arch_stop(void)
{
    __asm__ volatile("csrw sie, zero" ::: "memory");
    (void)sbi_call(SBI_HSM, SBI_HSM_STOP, 0, 0);
    for (;;)
        __asm__ volatile("wfi" ::: "memory");
}
