# SPDX-License-Identifier: BSD-2-Clause
"""A schema with all that the C code can have."""

# One argument of every kind that C can have, and of every way to nest them.
EVERYTHING = """\
{ 'pragma': { 'command-returns-exceptions': [ 'a-first' ] } }
{ 'enum': 'Color', 'data': [ 'red', '3d', 'dark-red', { 'name': 'no', 'if': 'NO' } ] }
{ 'enum': 'Hue', 'data': [ 'warm', 'cold' ] }
{ 'enum': 'NVMeKind', 'prefix': 'NK', 'data': [ 'plain' ] }
{ 'struct': 'Empty', 'data': {} }
{ 'struct': 'Base', 'data': { 'id': 'int' } }
{ 'struct': 'Outer', 'base': 'Base', 'data': { 'inner': 'Inner', '*default': 'bool' } }
{ 'struct': 'Inner', 'data': { 'x': 'int8', 'empty': 'Empty', '*more': [ 'Outer' ] } }
{ 'struct': 'Listed', 'data': { 'y': 'int' } }
{ 'alternate': 'Either', 'data': { 'int': 'uint16', 'color': 'Hue', 'list': [ 'Inner' ],
                                   'bool': 'bool', 'struct': 'Base' } }
{ 'command': 'z-last', 'data': {
    'i': 'int', 'i8': 'int8', 'i16': 'int16', 'i32': 'int32', 'i64': 'int64', 'u8': 'uint8',
    'u16': 'uint16', 'u32': 'uint32', 'u64': 'uint64', 'size': 'size', 'number': 'number',
    'bool': 'bool', 'str': 'str', 'any': 'any', '*color': 'Color', 'kind': 'NVMeKind',
    '*while': 'Outer', 'lists': [ 'Listed' ], '*either': 'Either' } }
{ 'command': 'a-first', 'returns': 'int', 'success-response': false,
  'features': [ 'allowed-while-frozen' ] }
{ 'command': 'middle', 'data': 'Outer', 'boxed': true }
{ 'command': 'hidden', 'if': 'HIDDEN', 'data': { 'n': 'null' } }
{ 'command': 'half', 'data': { 'a': 'str', '*b': { 'type': 'str', 'if': 'HIDDEN' } } }
"""
