# SPDX-License-Identifier: BSD-2-Clause
# Makes the table of function names that a backtrace prints (boot/symbols.h).
# Input: nm --numeric-sort --defined-only of the image, or nothing for the first of two links.
# Functions are what nm calls t and T; labels of linker.ld and local ones (with a dot) are not.

# Not all of b, which must have a last character of its own.
function shared_length(a, b,    i) {
    for (i = 0; i < 255 && i < length(b) - 1 && substr(a, i + 1, 1) == substr(b, i + 1, 1); i++)
        ;
    return i
}
BEGIN {
    print ".section .symbols, \"a\", %progbits"
    print ".globl symbols_start, symbols_end"
    print "symbols_start:"
}
$2 ~ /^[tT]$/ && $3 !~ /[.]|^text_(start|end)$|^image_start$|^no_long_mode$|^boot_header$/ &&
    ($1 != last || !name) {
    shared = shared_length(name, $3)
    print ".uleb128 0x" $1 " - 0x" (name ? last : $1)
    print ".byte " shared
    print ".ascii \"" substr($3, shared + 1, length($3) - shared - 1) "\""
    print ".byte 0x80 + '" substr($3, length($3)) "'"
    last = $1
    name = $3
}
END {
    print "symbols_end:"
    print ".section .note.GNU-stack, \"\", %progbits"
}
