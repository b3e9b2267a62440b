// SPDX-License-Identifier: GPL-2.0-only
/*
 * The LZ4 decoder for arm64 with the MMU off, where all memory is Device memory
 * and an unaligned access faults.
 */
#define LZ4_DECODE	purg_lz4_decode_strict
#define LZ4_STRICT	1
#include "lz4-decode.h"
