/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What newlib's configure would write for our use of it (newlib's newlib.hin lists the names):
 * %zu, %jd and %hhx, long long, and the C locale only.
 */
#ifndef LIBC_NEWLIB_H
#define LIBC_NEWLIB_H

#include "_newlib_version.h"

#define _WANT_IO_C99_FORMATS 1
#define _WANT_IO_LONG_LONG   1
#define _MB_LEN_MAX          1

#endif
