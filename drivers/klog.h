/* SPDX-License-Identifier: BSD-2-Clause */
/* One line of the kernel's log; boot/ implements it, tests bring their own. */
#ifndef DRIVERS_KLOG_H
#define DRIVERS_KLOG_H

/* printf-like; the newline is added. */
void klog(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
