# SPDX-License-Identifier: BSD-2-Clause
"""Reads QAPI schemas (QEMU docs/devel/qapi-code-gen) and writes what bare-qga makes of them.

Read in this order: source (text to tokens), syntax (tokens to values, files to statements), doc
(doc comments), model (what a schema consists of), checks and build (statements to a model), then
one module for each output: emit_c, emit_dictionary, emit_docs, coverage.
"""
