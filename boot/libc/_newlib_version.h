/* SPDX-License-Identifier: BSD-2-Clause */
/* The version of newlib in Debian 12, as its headers ask for it under this name. */
#ifndef LIBC_NEWLIB_VERSION_H
#define LIBC_NEWLIB_VERSION_H

#define _NEWLIB_VERSION       "3.3.0"
#define __NEWLIB__            3
#define __NEWLIB_MINOR__      3
#define __NEWLIB_PATCHLEVEL__ 0

#endif
