/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel that a core is of used its pages for: its struct pages, found
 * through VMCOREINFO (Documentation/admin-guide/kdump/vmcoreinfo.rst) and read
 * through its page tables.  lib/core-pages.c.
 *
 * All of it is the other kernel's word, and that kernel may have crashed: every
 * address is looked up, every number has a bound, and a page of which nothing
 * can be said for sure is kept.
 */
#ifndef KX_CORE_PAGES_H
#define KX_CORE_PAGES_H

#include <stddef.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/core-va.h"
#include "kx/err.h"

enum kx_page_kind {
	KX_PAGE_KEPT,			/* used, or nobody knows */
	KX_PAGE_FREE,			/* in the buddy allocator's lists */
	KX_PAGE_CACHE,			/* of a file, without private data */
	KX_PAGE_CACHE_PRIVATE,		/* of a file, with buffers or the like */
	KX_PAGE_USER,			/* of processes: anonymous, or huge */
	KX_PAGE_UNACCEPTED,		/* of a confidential guest, never touched */
	KX_PAGE_OFFLINE,		/* a balloon's: reading it may hang the machine */
	KX_PAGE_POISONED,		/* broken memory: reading it is a machine check */
};

/*
 * Dump levels, as makedumpfile(8) has them for -d: a sum of what is left out.  Zero
 * pages are seen when they are read.
 */
#define KX_LEVEL_ZERO		1u
#define KX_LEVEL_CACHE		2u
#define KX_LEVEL_CACHE_PRIVATE	4u	/* and KX_LEVEL_CACHE */
#define KX_LEVEL_USER		8u
#define KX_LEVEL_FREE		16u
#define KX_LEVEL_MAX		31u

/* Pages behind each other of one kind. */
struct kx_page_run {
	uint64_t end;			/* physical, exclusive */
	enum kx_page_kind kind;
};

struct kx_pages {
	const struct kx_core_va *va;
	uint64_t page_size;
	uint32_t page_len;		/* struct page */
	uint32_t type_off, private_off;	/* in it */
	uint32_t buddy;			/* what is at type_off of the first page of a free block */
	uint64_t orders;		/* a block has 1 << n pages, n below this */
	/* sparsemem: a table of tables of struct mem_section */
	uint64_t roots_va, root_count;
	uint64_t section_len, per_root;
	uint32_t section_map_off;	/* in struct mem_section */
	uint32_t section_bits;		/* of a physical address */
	/* Struct pages of [start, end), read last; unless @known nobody has them. */
	uint8_t *buf;
	uint64_t start, end;
	bool known;
	/* How often something was not as it should be, and was kept for that. */
	uint64_t odd;			/* free blocks of an impossible size */
	uint64_t missing;		/* times that struct pages are not in the core */
};

/*
 * @vmcoreinfo: kx_vmcoreinfo_text() of va->core.  *ret borrows from @va and @a.
 *   -ENOENT   VMCOREINFO does not say what is needed: which line
 *   -EINVAL   what it says cannot be: which line, wanted, found
 *   -ENOMEM
 */
KX_CHECKED int kx_pages_init(struct kx_pages *ret, const struct kx_core_va *va,
			     struct kx_bytes vmcoreinfo, struct kx_arena *a, struct kx_err *err);
/*
 * What kind the page at @pa is, and how far from there on, up to @end, all are; both
 * are whole pages, @pa below @end.  The core is to have what is between them: where it
 * is cut off (kx_core.end), nothing bounds how much that is.
 *   only what the core's file->read says: memory that the core has not is kept
 */
KX_CHECKED int kx_pages_next(struct kx_pages *p, uint64_t pa, uint64_t end,
			     struct kx_page_run *ret, struct kx_err *err);

#endif
