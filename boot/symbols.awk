# SPDX-License-Identifier: BSD-2-Clause
# Makes the table of function names that a backtrace prints (boot/symbols.h).
# Input: nm --numeric-sort --defined-only of the image, or nothing for the first of two links.
# Functions are what nm calls t and T; labels of linker.ld and local ones (with a dot) are not.

BEGIN { count = 0 }
$3 == "text_start" { start = $1 }
$2 ~ /^[tT]$/ && $3 !~ /[.]|^text_(start|end)$|^image_start$|^no_long_mode$|^boot_header$/ && $1 != last {
    last = $1
    addresses[count] = $1
    names[count++] = $3
}
END {
    print ".section .symbols, \"a\", %progbits"
    print ".balign 4"
    print ".globl symbols_count, symbols_offset, symbols_names"
    print "symbols_count: .long " count
    print "symbols_offset:"
    for (i = 0; i < count; i++)
        print ".long 0x" addresses[i] " - 0x" start
    print "symbols_names:"
    for (i = 0; i < count; i++)
        print ".asciz \"" names[i] "\""
    print ".section .note.GNU-stack, \"\", %progbits"
}
