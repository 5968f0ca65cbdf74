/* SPDX-License-Identifier: BSD-2-Clause */
/* The patterns of file names: "*", "?", "[a-z]", "\x" for x itself (POSIX.1-2017 XCU §2.13). */
#ifndef AGENT_PATTERN_H
#define AGENT_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/* Whether all `length` bytes of `text` match; never more than pattern times text steps. */
bool pattern_match(const char *pattern, const char *text, size_t length);
/* Whether it holds anything that matches more than itself. */
bool pattern_is_special(const char *pattern);

#endif
