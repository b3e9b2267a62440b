// SPDX-License-Identifier: GPL-2.0-only
/*
 * The LZ4 decoder for normal memory, where any access may be unaligned: built
 * without the -mstrict-align of the rest of purgatory (Makefile.in).
 */
#define LZ4_DECODE	purg_lz4_decode
#define LZ4_STRICT	0
#include "lz4-decode.h"
