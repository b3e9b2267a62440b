/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * LZ4 blocks (the LZ4 project's doc/lz4_Block_format.md), decoded by purgatory
 * to unpack what kexec packed with liblz4; the fuzzers call it too.
 *
 * Two builds of one source, because purgatory on arm64 may run with the MMU
 * off, where an unaligned access faults:
 *
 * purg_lz4_decode          any access; both architectures with their map on
 * purg_lz4_decode_strict   aligned accesses only
 *
 * Decodes the block [@src, @src + @src_len) into exactly @dst_len bytes at
 * @dst.  The two must not overlap.  Reads nothing outside the block, writes
 * nothing outside [@dst, @dst + @dst_len), whatever the block says.  Returns
 * NULL, or a constant sentence part that says what is wrong with the block
 * ("ends inside a sequence").
 */
#ifndef PURGATORY_LZ4_H
#define PURGATORY_LZ4_H

#include <stdint.h>

const char *purg_lz4_decode(const uint8_t *src, uint64_t src_len, uint8_t *dst, uint64_t dst_len);
const char *purg_lz4_decode_strict(const uint8_t *src, uint64_t src_len, uint8_t *dst,
				   uint64_t dst_len);

#endif
