/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine as the firmware describes it, whatever the firmware's language: ACPI tables, a
 * flattened device tree, or the command line of microvm.  boot/<arch>/machine.c fills the
 * structure once, early; nobody writes it afterwards.  An address of 0 means "not there", a count
 * of 0 means "none".
 */
#ifndef BOOT_MACHINE_H
#define BOOT_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MACHINE_IRQ_CONTROLLERS_MAX 8u
#define MACHINE_ISA_IRQS            16u
#define MACHINE_VIRTIO_MMIO_MAX     64u
#define MACHINE_PCI_HOSTS_MAX       4u
#define MACHINE_HOTPLUG_BUSES_MAX   40u
#define MACHINE_BRIDGES_MAX         6u

struct boot_info;
struct options;

/* Where a register lives (ACPI 6.4 §5.2.3.2, the address space ids that we can reach). */
enum machine_space { MACHINE_SPACE_NONE, MACHINE_SPACE_MEMORY, MACHINE_SPACE_PORT };

struct machine_register {
    enum machine_space space;
    uint8_t access_bytes; /* 1, 2 or 4: how wide one access is */
    uint8_t bytes;        /* length of the register block */
    uint64_t address;
};

enum machine_irq_kind {
    MACHINE_IRQ_IOAPIC,
    MACHINE_IRQ_GICV2,
    MACHINE_IRQ_GICV3,
    MACHINE_IRQ_PLIC,
    MACHINE_IRQ_APLIC
};

/* An interrupt controller that takes lines. */
struct machine_irq_controller {
    enum machine_irq_kind kind;
    uint64_t address;
    uint64_t cpu_address; /* GICv2: the CPU interface; GICv3: the redistributors; APLIC: where it
                             sends messages */
    uint64_t cpu_bytes;
    uint32_t gsi_base;      /* the global system interrupt of its first pin */
    uint32_t id;            /* the firmware's number for it */
    uint32_t phandle;       /* the device tree's, 0: not from there */
    uint32_t address_cells; /* of an address that an interrupt map gives it */
    uint32_t context;       /* PLIC: which of its contexts is the boot processor's */
    /* APLIC: the domain that may delegate its lines to this one, and as which child; 0: none. */
    uint64_t parent_address;
    uint32_t child;
};

/* How a line behaves (ACPI 6.4 §5.2.12.5, table 5-26). */
struct machine_irq_line {
    uint32_t gsi;
    bool level_triggered;
    bool active_low;
};

/* A virtio-mmio transport; whether a device is behind it only its registers tell. */
struct machine_virtio_mmio {
    uint64_t address;
    uint64_t bytes;
    struct machine_irq_line irq;
};

/* A range that a PCI host passes on to its bus; `bytes` 0 means that there is none. */
struct machine_window {
    uint64_t address;     /* as the processor sees it; for I/O space on x86 the port number */
    uint64_t bus_address; /* as base address registers hold it */
    uint64_t bytes;
};

struct machine_pci_host {
    bool config_ports;     /* configuration space through ports 0xcf8 and 0xcfc, first 256 bytes */
    uint64_t ecam_address; /* configuration space of bus 0 in memory (PCIe 4.0 §7.2.2), 0: none */
    uint16_t segment;
    uint8_t bus_first;
    uint8_t bus_last;
    bool firmware_assigned; /* firmware has set base address registers and interrupt lines */
    struct machine_window io;
    struct machine_window mmio32;
    struct machine_window mmio64;
    /*
     * INTx: with `intx_by_swizzle` the line of a device on the root bus is
     * intx[(slot + pin) % 4], pin A being 0.  Without it the interrupt line register that
     * firmware wrote is an ISA interrupt number, to be looked up in machine.isa_irq.
     */
    bool intx_by_swizzle;
    struct machine_irq_line intx[4];
};

/* Registers that change the power state, and the events around them. */
struct machine_power {
    bool has_s5;
    uint8_t s5_type_a; /* SLP_TYP values of the \_S5 package (ACPI 6.4 §7.4.2) */
    uint8_t s5_type_b;
    bool has_s3; /* the same of \_S3 */
    uint8_t s3_type_a;
    uint8_t s3_type_b;
    uint64_t facs_address; /* where firmware looks for what to run after S3 (§5.2.10), 0: nowhere */
    struct machine_register pm1a_event; /* status half, then enable half (§4.8.3.1) */
    struct machine_register pm1b_event;
    struct machine_register pm1a_control;
    struct machine_register pm1b_control;
    struct machine_register sleep_control; /* hardware-reduced ACPI (§4.8.3.7) */
    struct machine_register sleep_status;
    struct machine_register reset;
    uint8_t reset_value;
    struct machine_register gpe0; /* status half, then enable half (§4.8.4.1) */
    uint32_t smi_command_port;    /* 0: ACPI mode is always on */
    uint8_t acpi_enable_value;
    bool has_sci;
    struct machine_irq_line sci;
    /* QEMU's generic event device on machines without an SCI: the register whose reading tells
     * and takes the events (hw/acpi/generic_event_device.c), 0: none. */
    uint64_t ged_address;
    bool has_8042; /* IAPC_BOOT_ARCH says that port 0x64 exists, or no table says anything */
    /* A device tree's ways: PSCI by a call of the hypervisor or of secure firmware, and registers
     * that end the machine when these values are written (syscon-poweroff, syscon-reboot). */
    enum { MACHINE_PSCI_NONE, MACHINE_PSCI_HVC, MACHINE_PSCI_SMC } psci;
    struct machine_register syscon_off;
    uint32_t syscon_off_value;
    struct machine_register syscon_reset;
    uint32_t syscon_reset_value;
    uint64_t sifive_test; /* QEMU's hw/misc/sifive_test.c, 0: none */
    /* The power button: a pin of a PL061 GPIO controller and its interrupt; address 0: none. */
    uint64_t button_gpio;
    uint32_t button_pin;
    struct machine_irq_line button_irq;
};

enum machine_rtc { MACHINE_RTC_NONE, MACHINE_RTC_PL031, MACHINE_RTC_GOLDFISH };

/* What can tell the time. */
struct machine_time {
    struct machine_register pm_timer;
    bool pm_timer_32bit;
    uint64_t hpet_address;
    bool has_rtc;
    uint8_t rtc_century;  /* index of the century byte in the CMOS RAM, 0: none */
    enum machine_rtc rtc; /* the one of a machine that is no PC */
    uint64_t rtc_address;
};

/*
 * QEMU's ACPI PCI hotplug registers (QEMU docs/specs/acpi_pci_hotplug): `port` 0 means none.  A
 * bus has a selector; which bus that is, the definition blocks say by the path of bridges from
 * the root bus (devfn each).
 */
struct machine_hotplug_bus {
    uint32_t selector;
    uint32_t bridge_count;
    uint8_t bridges[MACHINE_BRIDGES_MAX];
};

struct machine_hotplug {
    uint16_t port;
    uint32_t bus_count;
    struct machine_hotplug_bus buses[MACHINE_HOTPLUG_BUSES_MAX];
};

struct machine {
    const char *source;         /* what described it, for the log */
    const char *kind;           /* what uname(2) calls it */
    uint32_t cpu_count;         /* 0: not said */
    uint64_t boot_cpu;          /* the processor that runs us, as the device tree numbers them */
    uint64_t local_irq_address; /* local APIC */
    uint64_t msi_address;       /* a frame that turns messages into lines (GICv2m), 0: none */
    uint32_t irq_controller_count;
    struct machine_irq_controller irq_controllers[MACHINE_IRQ_CONTROLLERS_MAX];
    bool has_8259;
    struct machine_irq_line isa_irq[MACHINE_ISA_IRQS];
    uint32_t virtio_mmio_count;
    struct machine_virtio_mmio virtio_mmio[MACHINE_VIRTIO_MMIO_MAX];
    uint32_t pci_host_count;
    struct machine_pci_host pci_hosts[MACHINE_PCI_HOSTS_MAX];
    struct machine_power power;
    struct machine_time time;
    struct machine_hotplug hotplug;
};

/*
 * Fills *machine from what `info` points to (RSDP, command line) and from fw_cfg, and says on the
 * log what it found and what it had to assume.  Never fails: a machine without any description
 * gets what the architecture's standard prescribes.  Implemented per architecture.
 */
void machine_discover(const struct boot_info *info, const struct options *options,
                      struct machine *machine);

#endif
