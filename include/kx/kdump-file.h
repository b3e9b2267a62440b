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
 *
 *	lib/kdump-file.c	reads kdump-compressed files; vmcore-dump unpacks
 *	lib/flat-file.c		reads flattened ones
 */
#ifndef KX_KDUMP_FILE_H
#define KX_KDUMP_FILE_H

#include "kx/arena.h"
#include "kx/core.h"
#include "kx/err.h"
#include "kx/range.h"

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

/* ---- reading kdump-compressed files (lib/kdump-file.c) ---------------------------- */

/* 128 TiB in pages of 4 KiB; a bitmap of 4 GiB. */
#define KX_KDUMP_PAGES_MAX	(1ULL << 35)
/* Pages whose bits are looked at together. */
#define KX_KDUMP_SECTION	65536u

enum kx_kdump_map {
	KX_KDUMP_PRESENT,		/* memory that there was */
	KX_KDUMP_HERE,			/* pages that have a descriptor */
};

enum kx_kdump_uts {
	KX_KDUMP_SYSTEM, KX_KDUMP_NODE, KX_KDUMP_RELEASE, KX_KDUMP_UTS_VERSION, KX_KDUMP_MACHINE,
	KX_KDUMP_DOMAIN,
	KX_KDUMP_UTS_COUNT
};

struct kx_kdump {
	struct kx_core_file file;	/* its read is called by all threads */
	uint32_t version, status;
	uint32_t page_size;		/* and of a block: 4, 16 or 64 KiB, or between */
	uint32_t cpus;
	uint32_t level;			/* 0 also if the version has none */
	uint64_t time;			/* seconds since 1970 */
	uint64_t phys_base;
	uint16_t machine;		/* KX_ELF_* */
	char uts[KX_KDUMP_UTS_COUNT][66];	/* may have any bytes but NUL */
	bool split;			/* one of several: it has [pages) only */
	struct kx_range pages;		/* numbers of those that it may have */
	uint64_t max_page;		/* number of pages that the bitmaps are about */
	/* Where in the file; empty: it has none. */
	struct kx_range notes, vmcoreinfo, erased;
	uint64_t map_off[2], map_len;	/* of each, by enum kx_kdump_map; may be the same */
	uint64_t present;		/* pages */
	uint64_t desc_off, desc_count;
	uint64_t *rank;			/* descriptors before each section; arena */
};

/*
 * The headers of @file, and a count of its bitmaps: 8 bytes of memory for each 256 MiB
 * (pages of 4 KiB).  *ret borrows from @a.
 *   -ENOENT      no kdump-compressed file
 *   -ENOEXEC     a malformed one, or it ends before its descriptors: where, wanted, found
 *   -EOPNOTSUPP  of another machine, or a version above 6
 *   -ENOMEM, and what file->read says
 */
KX_CHECKED int kx_kdump_open(const struct kx_core_file *file, struct kx_arena *a,
			     struct kx_kdump *ret, struct kx_err *err);

/* The bits of one bitmap; each thread has its own. */
struct kx_kdump_bits {
	const struct kx_kdump *kdump;
	enum kx_kdump_map map;
	uint64_t section;		/* whose bits these are; UINT64_MAX: none */
	uint8_t bits[KX_KDUMP_SECTION / 8];
	uint32_t before[KX_KDUMP_SECTION / 512];	/* bits in the section before each 64 bytes */
};

void kx_kdump_bits_init(struct kx_kdump_bits *b, const struct kx_kdump *k,
			enum kx_kdump_map map);
/*
 * Is the bit of @page set, and up to which page, at most @end, are they all alike?
 * @page below @end.  Behind max_page none is set.  What file->read says
 */
KX_CHECKED int kx_kdump_bits_next(struct kx_kdump_bits *b, uint64_t page, uint64_t end,
				  bool *ret, uint64_t *ret_end, struct kx_err *err);

/* What finds pages; each thread has its own. */
struct kx_kdump_finder {
	struct kx_kdump_bits here;
	uint64_t first;			/* of the descriptors in @desc */
	size_t count;
	uint8_t desc[170 * KX_KDUMP_DESC_LEN];
};

struct kx_kdump_page {
	uint64_t off;			/* with @len inside the file */
	uint32_t len;			/* 1 to page_size; page_size if it is not packed */
	uint32_t flags;			/* 0, or one of KX_KDUMP_STATUS_ZLIB, _LZO, _SNAPPY, _ZSTD */
};

void kx_kdump_finder_init(struct kx_kdump_finder *f, const struct kx_kdump *k);
/*
 * Where page @page is.
 *   -ENODATA  it is not in the file: why
 *   -EBADMSG  its descriptor is malformed: where, wanted, found
 *   and what file->read says
 */
KX_CHECKED int kx_kdump_find(struct kx_kdump_finder *f, uint64_t page, struct kx_kdump_page *ret,
			     struct kx_err *err);
/*
 * Descriptor @i, below desc_count, as it is in the file; where the file ends before it,
 * zeros.  What file->read says
 */
KX_CHECKED int kx_kdump_desc(struct kx_kdump_finder *f, uint64_t i, struct kx_kdump_page *ret,
			     struct kx_err *err);
/* Is what kx_kdump_desc() gave a page?  -ENODATA and -EBADMSG as kx_kdump_find(). */
KX_CHECKED int kx_kdump_desc_check(const struct kx_kdump *k, const struct kx_kdump_page *p,
				   struct kx_err *err);

/* ---- reading flattened files (lib/flat-file.c) -------------------------------------- */

/* Records that follow each other, and are behind each other in the file they make. */
#define KX_FLAT_CHAIN		16u
/* Chains; 80 bytes of memory each.  1 TiB of records as makedumpfile makes them. */
#define KX_FLAT_CHAINS_MAX	(1u << 20)

struct kx_flat_chain {
	uint64_t at, len;		/* in the file that is made */
	uint64_t off;			/* of the first record's head in this one */
};

/* What of a chain was not overwritten. */
struct kx_flat_piece {
	uint64_t at, len;
	uint32_t chain;
};

struct kx_flat {
	struct kx_core_file file;	/* its read is called by all threads */
	struct kx_flat_chain *chain;	/* in the order of the file; arena */
	struct kx_flat_piece *piece;	/* sorted by at, no two overlap; arena */
	size_t chain_count, piece_count;
	uint64_t records;
	uint64_t len;			/* of the file that is made */
	bool ended;			/* it has the last record; else it was cut off */
};

/*
 * Read the heads of all records of @file.  *ret borrows from @a.
 *   -ENOENT   no flattened file
 *   -ENOEXEC  a malformed one: where, wanted, found
 *   -E2BIG    more than KX_FLAT_CHAINS_MAX chains
 *   -ENOMEM, and what file->read says
 */
KX_CHECKED int kx_flat_open(const struct kx_core_file *file, struct kx_arena *a,
			    struct kx_flat *ret, struct kx_err *err);
/* The file that it makes; where no record wrote, zeros.  @f must outlive it. */
struct kx_core_file kx_flat_file(struct kx_flat *f);

/*
 * One record's head, or the end, from its 16 bytes at offset @off of the flattened file.
 * -ENOEXEC: it is neither
 */
struct kx_flat_record {
	bool last;
	uint64_t at, len;		/* an end that is below 2^63; len not 0 */
};
KX_CHECKED int kx_flat_record_parse(const uint8_t head[KX_FLAT_RECORD_LEN], uint64_t off,
				    struct kx_flat_record *ret, struct kx_err *err);
/* Is @b, of at least 32 bytes, the beginning of a flattened file?  -ENOENT, -EOPNOTSUPP */
KX_CHECKED int kx_flat_head_check(struct kx_bytes b, struct kx_err *err);

#endif
