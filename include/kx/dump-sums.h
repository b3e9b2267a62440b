/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checksums behind a dump, where no other reader looks: what vmcore-dump --verify
 * compares.  lib/dump-sums.c.
 *
 *	u32[]	CRC-32 (zlib's) of each KX_SUMS_EXTENT bytes of the file before the
 *		table, the last one shorter
 *	trailer	KX_SUMS_TRAILER_LEN bytes, the end of the file:
 *		"KXDUMPS1", u64 bytes that are covered, u32 CRC-32 of the table,
 *		u32 CRC-32 of the 20 bytes before
 *
 * Little-endian.  In a flattened dump they are the last records, and are about the
 * file that it becomes.
 */
#ifndef KX_DUMP_SUMS_H
#define KX_DUMP_SUMS_H

#include <stdint.h>

#define KX_SUMS_MAGIC		"KXDUMPS1"
#define KX_SUMS_EXTENT		(1u << 20)
#define KX_SUMS_TRAILER_LEN	24u

#endif
