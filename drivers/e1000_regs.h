/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers and descriptors of the Intel 8254x ("PCI/PCI-X Family of Gigabit Ethernet Controllers
 * Software Developer's Manual", here: SDM) and of the 82574L, which kept them (its datasheet, §10).
 * Everything is little-endian, every register is 32 bits wide.
 */
#ifndef DRIVERS_E1000_REGS_H
#define DRIVERS_E1000_REGS_H

#include <stdint.h>

#define E1000_VENDOR        0x8086u
#define E1000_CLASS         0x0200u  /* PCI: Ethernet controller */
#define E1000_BAR           0u       /* the registers, in memory */
#define E1000_BAR_BYTES     0x20000u /* SDM §4.1 */
#define E1000_REGISTER_GONE UINT32_MAX

/* Control and status, SDM §13.4.1 to §13.4.4. */
#define E1000_CTRL            0x0000u
#define E1000_CTRL_ASDE       (UINT32_C(1) << 5) /* take the speed from the PHY … */
#define E1000_CTRL_SLU        (UINT32_C(1) << 6) /* … and set the link up */
#define E1000_CTRL_RST        (UINT32_C(1) << 26)
#define E1000_STATUS          0x0008u
#define E1000_STATUS_LU       (UINT32_C(1) << 1)
#define E1000_EERD            0x0014u
#define E1000_EERD_START      (UINT32_C(1) << 0)
#define E1000_EERD_DATA_SHIFT 16
#define E1000_EEPROM_MAC      0u /* first word of the address, SDM §5.6 */
#define E1000_EEPROM_WORDS    64u
#define E1000_EEPROM_SUM      0xbabau /* of all words */
#define E1000_MDIC            0x0020u /* a register of the PHY, SDM §13.4.6 */
#define E1000_MDIC_BMCR_WRITE (UINT32_C(1) << 21 | UINT32_C(1) << 26) /* PHY 1, register 0 */
#define E1000_MDIC_DONE       (UINT32_C(1) << 28)
#define E1000_BMCR_LOOPBACK   (UINT32_C(1) << 14) /* IEEE 802.3 §22.2.4.1 */
#define E1000_FCAL            0x0028u
#define E1000_FCAH            0x002cu
#define E1000_FCT             0x0030u
#define E1000_FCTTV           0x0170u

/* Interrupts, SDM §13.4.17 to §13.4.21. */
#define E1000_ICR      0x00c0u /* reading clears */
#define E1000_ITR      0x00c4u
#define E1000_ICS      0x00c8u
#define E1000_IMS      0x00d0u
#define E1000_IMC      0x00d8u
#define E1000_INT_TXDW (UINT32_C(1) << 0) /* a transmit descriptor was written back */
#define E1000_INT_LSC  (UINT32_C(1) << 2) /* the link changed */
#define E1000_INT_RXO  (UINT32_C(1) << 6) /* a frame found no descriptor */
#define E1000_INT_RXT0 (UINT32_C(1) << 7) /* a frame was received */
#define E1000_INT_ALL  UINT32_MAX

/* Receive, SDM §13.4.22 to §13.4.32. */
#define E1000_RCTL           0x0100u
#define E1000_RCTL_EN        (UINT32_C(1) << 1)
#define E1000_RCTL_SBP       (UINT32_C(1) << 2)
#define E1000_RCTL_UPE       (UINT32_C(1) << 3)
#define E1000_RCTL_MPE       (UINT32_C(1) << 4)
#define E1000_RCTL_LPE       (UINT32_C(1) << 5)
#define E1000_RCTL_LBM       (UINT32_C(3) << 6)  /* what is sent comes back */
#define E1000_RCTL_BAM       (UINT32_C(1) << 15) /* take broadcasts */
#define E1000_RCTL_BSIZE2048 (UINT32_C(0) << 16)
#define E1000_RCTL_SECRC     (UINT32_C(1) << 26) /* leave the CRC out of memory and length */
#define E1000_RDBAL          0x2800u
#define E1000_RDBAH          0x2804u
#define E1000_RDLEN          0x2808u /* a multiple of E1000_RING_UNIT */
#define E1000_RDH            0x2810u
#define E1000_RDT            0x2818u
#define E1000_RDTR           0x2820u
#define E1000_RADV           0x282cu
#define E1000_RXCSUM         0x5000u

/* Transmit, SDM §13.4.33 to §13.4.44. */
#define E1000_TCTL       0x0400u
#define E1000_TCTL_EN    (UINT32_C(1) << 1)
#define E1000_TCTL_PSP   (UINT32_C(1) << 3)     /* pad short frames */
#define E1000_TCTL_CT    (UINT32_C(0x0f) << 4)  /* SDM §14.5: what 802.3 asks for … */
#define E1000_TCTL_COLD  (UINT32_C(0x40) << 12) /* … and full duplex */
#define E1000_TIPG       0x0410u
#define E1000_TIPG_802_3 UINT32_C(0x0060200a) /* IPGT 10, IPGR1 8, IPGR2 6: SDM §13.4.34 */
#define E1000_TDBAL      0x3800u
#define E1000_TDBAH      0x3804u
#define E1000_TDLEN      0x3808u /* a multiple of E1000_RING_UNIT */
#define E1000_TDH        0x3810u
#define E1000_TDT        0x3818u
#define E1000_TIDV       0x3820u
#define E1000_TADV       0x382cu

/* Filters, SDM §13.5. */
#define E1000_MTA               0x5200u
#define E1000_MTA_WORDS         128u
#define E1000_RAL(i)            (0x5400u + 8u * (i))
#define E1000_RAH(i)            (0x5404u + 8u * (i))
#define E1000_RAH_AV            (UINT32_C(1) << 31)
#define E1000_RECEIVE_ADDRESSES 15u /* the 82574L's last one is the management's */

/* Statistics, SDM §13.7: reading clears; a pair of halves is cleared by its upper one. */
#define E1000_CRCERRS 0x4000u
#define E1000_RXERRC  0x400cu
#define E1000_MPC     0x4010u /* missed: no room in the chip */
#define E1000_GPRC    0x4074u
#define E1000_BPRC    0x4078u
#define E1000_MPRC    0x407cu
#define E1000_GPTC    0x4080u
#define E1000_GORCL   0x4088u
#define E1000_GORCH   0x408cu
#define E1000_GOTCL   0x4090u
#define E1000_GOTCH   0x4094u
#define E1000_RNBC    0x40a0u /* no descriptor */
#define E1000_RUC     0x40a4u /* shorter than 64 bytes, good CRC */
#define E1000_RFC     0x40a8u /* shorter than 64 bytes, bad CRC */
#define E1000_ROC     0x40acu /* longer than 1518 or 1522 bytes, good CRC */
#define E1000_RJC     0x40b0u /* longer, bad CRC */
#define E1000_TOTL    0x40c8u
#define E1000_TOTH    0x40ccu
#define E1000_TPT     0x40d4u

/* A ring's length in bytes is a multiple of this: QEMU cuts it down to one
 * (hw/net/e1000.c:set_dlen), and down to 0 what is smaller. */
#define E1000_RING_UNIT 128u

/* A receive descriptor, SDM §3.2.3. */
struct e1000_rx_descriptor {
    uint64_t address;
    uint16_t length;
    uint16_t checksum;
    uint8_t status;
#define E1000_RX_DD  0x01u /* done: the rest of the descriptor counts */
#define E1000_RX_EOP 0x02u /* the last piece of a frame */
    uint8_t errors;
#define E1000_RX_FRAME_ERRORS 0x97u /* CE, SE, SEQ, CXE, RXE: the frame is damaged … */
#define E1000_RX_TCPE         0x20u /* … and a checksum inside is wrong, the stack's business */
#define E1000_RX_IPE          0x40u
    uint16_t special;
};

/* A legacy transmit descriptor, SDM §3.3.3. */
struct e1000_tx_descriptor {
    uint64_t address;
    uint16_t length;
    uint8_t checksum_offset;
    uint8_t command;
#define E1000_TX_EOP  0x01u
#define E1000_TX_IFCS 0x02u /* append the CRC */
#define E1000_TX_TSE  0x04u /* in a context or data descriptor */
#define E1000_TX_RS   0x08u /* write DD back */
#define E1000_TX_DEXT 0x20u /* a context or data descriptor, no legacy one */
    uint8_t status;
#define E1000_TX_DD 0x01u
    uint8_t checksum_start;
    uint16_t special;
};

/* A context descriptor, SDM §3.3.6: how the data descriptors after it are cut and summed. */
struct e1000_tx_context {
    uint8_t ip_checksum_start;
    uint8_t ip_checksum_offset;
    uint16_t ip_checksum_end;
    uint8_t checksum_start;
    uint8_t checksum_offset;
    uint16_t checksum_end;
    uint32_t command; /* payload length in bits 19:0, DTYP in 23:20, TUCMD in 31:24 */
    uint8_t status;
    uint8_t header_bytes;
    uint16_t segment_bytes; /* MSS */
};

/* A data descriptor, SDM §3.3.7. */
struct e1000_tx_data {
    uint64_t address;
    uint32_t command; /* length in bits 19:0, DTYP in 23:20, DCMD in 31:24 */
#define E1000_TX_DTYP_CONTEXT  (UINT32_C(0) << 20)
#define E1000_TX_DTYP_DATA     (UINT32_C(1) << 20)
#define E1000_TX_COMMAND_SHIFT 24
    uint8_t status;
    uint8_t options;
    uint16_t special;
};

_Static_assert(sizeof(struct e1000_rx_descriptor) == 16, "SDM §3.2.3");
_Static_assert(sizeof(struct e1000_tx_descriptor) == 16, "SDM §3.3.3");
_Static_assert(sizeof(struct e1000_tx_context) == 16, "SDM §3.3.6");
_Static_assert(sizeof(struct e1000_tx_data) == 16, "SDM §3.3.7");

#endif
