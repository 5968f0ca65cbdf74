/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An experiment on the emulated e1000 instead of its use: the descriptor shapes by which guests
 * once broke out of QEMU or hung it, and what the chip's own counters say of them.
 * docs/lab-e1000.md explains each; tests/lab/lab_e1000.py judges the lines that this prints.
 */
#ifndef BOOT_LAB_E1000_H
#define BOOT_LAB_E1000_H

/*
 * Runs the shapes that `what` names, "e1000" for all or "e1000:CVE" (2012-0029 and so on), on the
 * first controller that drivers/e1000.h knows, which nobody else may use.  Returns when the device
 * does: on a QEMU with the defects it never does, or worse.
 */
void lab_e1000(const char *what);

#endif
