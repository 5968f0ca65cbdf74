/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Death tests: the option crash=WAY makes the kernel do at start what its protections must stop,
 * so that a test sees the report and the end.
 */
#ifndef BOOT_DEATH_H
#define BOOT_DEATH_H

/* Returns, after a line on the log, if `way` is unknown or, against all hope, was survived. */
void death_by(const char *way);

#endif
