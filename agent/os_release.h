/* SPDX-License-Identifier: BSD-2-Clause */
/* os-release(5), as qemu-ga reads it. */
#ifndef AGENT_OS_RELEASE_H
#define AGENT_OS_RELEASE_H

#include "buffer.h"
#include "text_file.h"

/*
 * Looks for `key` in the content of an os-release file; the last one counts.  Puts its value,
 * without quotes and escapes, into `value`, an initialized buffer that is emptied first, and
 * returns 1; 0 if there is none; -ENOMEM.
 */
int os_release_find(struct text_span content, const char *key, struct buffer *value);

#endif
