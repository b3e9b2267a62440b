/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dumps as makedumpfile, QEMU and diskdump write them, and crash, libkdumpfile and
 * drgn read them: kdump-compressed files, and the flattened form of any file.
 * makedumpfile has no specification but its headers (diskdump_mod.h, makedumpfile.h);
 * doc/dump-formats.md has what is known, as both readers and writers here need it.
 *
 * All of it is little-endian, and the structures are those of 64-bit machines.
 *
 *	block 0		header
 *	block 1		sub-header, and behind it the notes
 *	1 + sub_blocks	two bitmaps of equal length: memory that there is, pages here
 *	then		struct page descriptors of the pages here, ascending
 *	then		pages
 *	[ then		our trailer: kx/dump-sums.h ]
 */
#ifndef KX_KDUMP_FILE_H
#define KX_KDUMP_FILE_H

#define KX_KDUMP_MAGIC		"KDUMP   "
#define KX_KDUMP_VERSION	6u

/* disk_dump_header */
#define KX_KDUMP_HEAD_LEN	464u
#define KX_KDUMP_VERSION_AT	8u	/* u32 */
#define KX_KDUMP_UTSNAME_AT	12u	/* 6 strings of 65 */
#define KX_KDUMP_TIME_AT	408u	/* u64 seconds, u64 microseconds */
#define KX_KDUMP_STATUS_AT	424u	/* u32, KX_KDUMP_STATUS_* */
#define KX_KDUMP_BLOCK_AT	428u	/* u32, of a block and of a page */
#define KX_KDUMP_SUB_BLOCKS_AT	432u	/* u32 */
#define KX_KDUMP_MAP_BLOCKS_AT	436u	/* u32, both bitmaps */
#define KX_KDUMP_MAX_PFN_AT	440u	/* u32, or UINT32_MAX; see below */
#define KX_KDUMP_CPUS_AT	460u	/* u32, not 0 */

#define KX_KDUMP_STATUS_ZLIB		0x1u
#define KX_KDUMP_STATUS_LZO		0x2u
#define KX_KDUMP_STATUS_SNAPPY		0x4u
#define KX_KDUMP_STATUS_INCOMPLETE	0x8u
#define KX_KDUMP_STATUS_NO_VMEMMAP	0x10u
#define KX_KDUMP_STATUS_ZSTD		0x20u

/* kdump_sub_header; what a version added is not there before it */
#define KX_KDUMP_SUB_LEN	104u
#define KX_KDUMP_PHYS_BASE_AT	0u	/* s64 */
#define KX_KDUMP_LEVEL_AT	8u	/* u32, version 1 */
#define KX_KDUMP_SPLIT_AT	12u	/* u32, version 2 */
#define KX_KDUMP_START_AT	16u	/* u64 page number */
#define KX_KDUMP_END_AT		24u
#define KX_KDUMP_VMCOREINFO_AT	32u	/* u64 offset, u64 length, version 3 */
#define KX_KDUMP_NOTES_AT	48u	/* u64 offset, u64 length, version 4 */
#define KX_KDUMP_ERASEINFO_AT	64u	/* u64 offset, u64 length, version 5 */
#define KX_KDUMP_START_64_AT	80u	/* u64, version 6 */
#define KX_KDUMP_END_64_AT	88u
#define KX_KDUMP_MAX_PFN_64_AT	96u

/* page_desc: u64 offset, u32 length, u32 flags as KX_KDUMP_STATUS_* or 0, u64 0 */
#define KX_KDUMP_DESC_LEN	24u

/* Flattened: a block with the magic, and two numbers; then records. */
#define KX_FLAT_MAGIC		"makedumpfile"
#define KX_FLAT_HEAD_LEN	4096u
#define KX_FLAT_TYPE_AT		16u	/* big-endian s64 1 */
#define KX_FLAT_VERSION_AT	24u	/* big-endian s64 1 */
/* A record: big-endian s64 offset and length, the bytes; both -1: the last one. */
#define KX_FLAT_RECORD_LEN	16u

#endif
