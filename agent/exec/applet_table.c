/* SPDX-License-Identifier: BSD-2-Clause */
/* Every program that there is. */
#include "applet.h"

#define APPLETS(X)                                                                                 \
    X(arch)                                                                                        \
    X(base64)                                                                                      \
    X(basename)                                                                                    \
    X(cat)                                                                                         \
    X(chmod)                                                                                       \
    X(chown)                                                                                       \
    X(cp)                                                                                          \
    X(cut)                                                                                         \
    X(date)                                                                                        \
    X(df)                                                                                          \
    X(dirname)                                                                                     \
    X(dmesg)                                                                                       \
    X(du)                                                                                          \
    X(echo)                                                                                        \
    X(env)                                                                                         \
    X(false)                                                                                       \
    X(find)                                                                                        \
    X(free)                                                                                        \
    X(getent)                                                                                      \
    X(grep)                                                                                        \
    X(head)                                                                                        \
    X(hostname)                                                                                    \
    X(id)                                                                                          \
    X(kill)                                                                                        \
    X(ls)                                                                                          \
    X(mkdir)                                                                                       \
    X(mktemp)                                                                                      \
    X(mv)                                                                                          \
    X(nproc)                                                                                       \
    X(printenv)                                                                                    \
    X(printf)                                                                                      \
    X(ps)                                                                                          \
    X(pwd)                                                                                         \
    X(readlink)                                                                                    \
    X(realpath)                                                                                    \
    X(rm)                                                                                          \
    X(rmdir)                                                                                       \
    X(seq)                                                                                         \
    X(sh)                                                                                          \
    X(sha256sum)                                                                                   \
    X(sleep)                                                                                       \
    X(sort)                                                                                        \
    X(stat)                                                                                        \
    X(sync)                                                                                        \
    X(tail)                                                                                        \
    X(tee)                                                                                         \
    X(test)                                                                                        \
    X(test_bracket)                                                                                \
    X(timeout)                                                                                     \
    X(touch)                                                                                       \
    X(tr)                                                                                          \
    X(true)                                                                                        \
    X(truncate)                                                                                    \
    X(uname)                                                                                       \
    X(uniq)                                                                                        \
    X(uptime)                                                                                      \
    X(wc)                                                                                          \
    X(which)                                                                                       \
    X(whoami)                                                                                      \
    X(yes)

#define DECLARE(name) extern const struct applet applet_##name;
#define ENTRY(name)   &applet_##name,

APPLETS(DECLARE)

const struct applet *const applets[] = {APPLETS(ENTRY)};
const size_t applet_count = sizeof(applets) / sizeof(applets[0]);
