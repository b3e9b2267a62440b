/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pieces of a kdump-compressed file of version 6 that is written, and of the
 * flattened form of any file (kx/kdump-file.h).  lib/kdump-write.c.
 */
#ifndef KX_KDUMP_WRITE_H
#define KX_KDUMP_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/err.h"
#include "kx/kdump-file.h"

#define KX_KDUMP_UTSNAME_LEN	390u

/* Where things are: offsets in the file, in bytes. */
struct kx_kdump_layout {
	uint32_t page_size;
	uint64_t max_pfn;		/* pages that a bitmap is about */
	uint64_t notes_off, notes_len;
	uint64_t map_off[2];		/* memory that there is; pages that are here */
	uint64_t map_len;		/* of each */
	uint64_t desc_off, descs;
	uint64_t data_off;
};

/*
 * @descs: how many pages there will be.
 *   -EINVAL  a page size that is no power of 2, or below 1024
 *   -EFBIG   more than the format's 32-bit numbers of blocks can say
 */
KX_CHECKED int kx_kdump_layout_make(struct kx_kdump_layout *ret, uint32_t page_size,
				    uint64_t max_pfn, uint64_t notes_len, uint64_t descs,
				    struct kx_err *err);

struct kx_kdump_head {
	const uint8_t *utsname;		/* KX_KDUMP_UTSNAME_LEN bytes */
	uint64_t time;			/* seconds since 1970; 0: not known */
	uint32_t status;		/* KX_KDUMP_STATUS_* */
	uint32_t cpus;			/* at least 1 */
	uint64_t phys_base;		/* two's complement */
	uint32_t level;			/* KX_LEVEL_* */
	bool split;			/* this file has [start_pfn, end_pfn) only */
	uint64_t start_pfn, end_pfn;
	uint64_t vmcoreinfo_off;	/* of its text in the notes */
	uint64_t vmcoreinfo_len;	/* 0: there is none */
};

/* A block of l->page_size bytes. */
void kx_kdump_head_build(uint8_t *to, const struct kx_kdump_layout *l,
			 const struct kx_kdump_head *h);
void kx_kdump_sub_build(uint8_t to[KX_KDUMP_SUB_LEN], const struct kx_kdump_layout *l,
			const struct kx_kdump_head *h);
/* @flags: how it is packed, a KX_KDUMP_STATUS_*; 0: not. */
void kx_kdump_desc_build(uint8_t to[KX_KDUMP_DESC_LEN], uint64_t off, uint32_t len,
			 uint32_t flags);

void kx_flat_head_build(uint8_t to[KX_FLAT_HEAD_LEN]);
void kx_flat_record_build(uint8_t to[KX_FLAT_RECORD_LEN], uint64_t off, uint64_t len);
void kx_flat_end_build(uint8_t to[KX_FLAT_RECORD_LEN]);

#endif
