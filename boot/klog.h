/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the log (drivers/klog.h) goes. */
#ifndef BOOT_KLOG_H
#define BOOT_KLOG_H

#include <stdbool.h>

/* Whether lines reach the serial port from now on; at first they do (log=). */
void klog_to_serial(bool wanted);

#endif
