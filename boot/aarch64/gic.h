/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of the GIC: Arm IHI 0048B (GICv2) §4, IHI 0069H (GICv3, v4) §12. */
#ifndef BOOT_AARCH64_GIC_H
#define BOOT_AARCH64_GIC_H

/* Distributor; those from IGROUPR on also in the second frame of a redistributor. */
#define GICD_CTLR             0x0000u
#define GICD_CTLR_GROUP0      (1u << 0)
#define GICD_CTLR_GROUP1      (1u << 1)
#define GICD_CTLR_AFFINITY    (1u << 4)
#define GICD_CTLR_PENDING     (1u << 31) /* a write has not arrived everywhere yet */
#define GICD_TYPER            0x0004u
#define GICD_TYPER_LINES      0x1fu /* in 32s, less one */
#define GIC_IGROUPR           0x0080u
#define GIC_ISENABLER         0x0100u
#define GIC_ICENABLER         0x0180u
#define GIC_ICPENDR           0x0280u
#define GIC_IPRIORITYR        0x0400u
#define GICD_ITARGETSR        0x0800u
#define GIC_ICFGR             0x0c00u
#define GIC_ICFGR_EDGE        2u
#define GICD_IROUTER          0x6000u
#define GIC_DISTRIBUTOR_BYTES 0x10000u

/* CPU interface of a GICv2. */
#define GICC_CTLR  0x00u
#define GICC_PMR   0x04u
#define GICC_IAR   0x0cu
#define GICC_EOIR  0x10u
#define GICC_BYTES 0x1000u

/* Redistributor of a GICv3: two frames of 64 KiB each, one after the other for each processor. */
#define GICR_TYPER              0x0008u
#define GICR_TYPER_LAST         (1u << 4)
#define GICR_TYPER_VIRTUAL_LPIS (1u << 1) /* GICv4: two more frames */
#define GICR_WAKER              0x0014u
#define GICR_WAKER_SLEEP        (1u << 1)
#define GICR_WAKER_ASLEEP       (1u << 2)
#define GICR_SGI_FRAME          0x10000u
#define GICR_FRAMES_BYTES       0x20000u

/* System registers of a GICv3, for assemblers that do not know them. */
#define ICC_PMR_EL1     "S3_0_C4_C6_0"
#define ICC_IAR1_EL1    "S3_0_C12_C12_0"
#define ICC_EOIR1_EL1   "S3_0_C12_C12_1"
#define ICC_SRE_EL1     "S3_0_C12_C12_5"
#define ICC_IGRPEN1_EL1 "S3_0_C12_C12_7"

/* Interrupt numbers: below 32 a processor's own, from 1020 on nothing pending. */
#define GIC_SPI_FIRST      32u
#define GIC_LINE_END       1020u
#define GIC_LINE_MASK      0x3ffu
#define GIC_PRIORITY       0xa0u
#define GIC_PRIORITY_LEAST 0xf0u

#endif
