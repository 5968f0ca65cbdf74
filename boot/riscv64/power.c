/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ends of the machine: firmware's calls, and QEMU's test device (hw/misc/sifive_test.c), which
 * gives QEMU an exit code.
 */
#include "power.h"

#include <arch/mmio.h>
#include <stddef.h>

#include "boot/platform.h"
#include "boot/virt/virt.h"
#include "entry.h"
#include "sbi.h"

#define SIFIVE_TEST_FAIL       0x3333u
#define SIFIVE_TEST_CODE_SHIFT 16

static volatile void *test_register;

void power_find_registers(const struct machine *machine)
{
    if (machine->power.sifive_test != 0)
        test_register = mmio_map(machine->power.sifive_test, sizeof(uint32_t));
}

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

void arch_exit(const struct machine *machine, uint8_t code)
{
    (void)machine;
    if (test_register != NULL)
        mmio_write32(test_register, (uint32_t)code << SIFIVE_TEST_CODE_SHIFT | SIFIVE_TEST_FAIL);
}

void arch_stop(void)
{
    __asm__ volatile("csrw sie, zero" ::: "memory");
    (void)sbi_call(SBI_HSM, SBI_HSM_STOP, 0, 0);
    for (;;)
        __asm__ volatile("wfi" ::: "memory");
}
