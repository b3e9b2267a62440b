/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel that a core is of used its pages for: its struct pages, found
 * through VMCOREINFO (Documentation/admin-guide/kdump/vmcoreinfo.rst) and read
 * through its page tables.
 *
 *	lib/core-pages.c	runs of pages of one kind
 *	lib/core-pages-info.c	what VMCOREINFO says of struct page, and what it does not
 *	lib/core-pages-kind.c	what a struct page says
 *	lib/core-pages-map.c	where struct pages are
 *	lib/core-pages-free.c	how many free pages that kernel counted itself
 *
 * All of it is the other kernel's word, and that kernel may have crashed: every
 * address is looked up, every number has a bound, and a page of which nothing
 * can be said for sure is kept.
 */
#ifndef KX_CORE_PAGES_H
#define KX_CORE_PAGES_H

#include <stdbool.h>
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

/* A value of page._mapcount that says what a page is for. */
struct kx_page_type {
	uint32_t value, mask;		/* mask 0: not known */
};

/*
 * A byte of the second struct page of a compound page.  That is enough: orders and
 * destructors are small, and all is little-endian.
 */
struct kx_page_byte {
	uint32_t off;
	uint8_t value, mask;		/* mask 0: not known */
};

/* struct page, as VMCOREINFO has it.  Every member is inside @len. */
struct kx_page_facts {
	uint32_t len;
	uint32_t type_off, private_off;
	uint32_t flags_off, mapping_off, tail_off;
	/* Bits of flags; 0: not known, or none. */
	uint64_t poison, slab, head, lru, private, swapbacked, swapcache;
	struct kx_page_type buddy, unaccepted, offline, slabs, hugetlb;
	struct kx_page_byte huge;	/* hugetlb before it was a type: the value */
	struct kx_page_byte order;	/* of a compound page: what is below the mask */
	uint64_t orders;		/* a free block has 1 << n pages, n below this */
	bool uses;			/* cache and users are told from the rest */
};

#define KX_PAGES_DOUBTS	8u

struct kx_pages {
	const struct kx_core_va *va;
	uint64_t page_size;
	struct kx_page_facts facts;
	/* What cannot be told, and is kept: whole sentences; NULL behind the last one. */
	const char *doubt[KX_PAGES_DOUBTS + 1];
	/* sparsemem: a table of tables of struct mem_section */
	uint64_t roots_va, root_count;
	uint64_t section_len, per_root;
	uint32_t section_map_off;	/* in struct mem_section */
	uint32_t section_bits;		/* of a physical address */
	uint8_t *buf;			/* struct pages that have to be copied */
	/* What was looked at last: [start, end), a byte for each page; @blank: one for all. */
	uint8_t *kind;
	uint64_t start, end;
	bool blank;
	/* How often something was not as it should be, and was kept for that. */
	uint64_t odd;			/* blocks of an impossible size */
	uint64_t missing;		/* pages whose struct page is not in the core */
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
 * The same for one more thread.  @va is that thread's, of a core with a file of its
 * own (kx_core_file.fork); *ret borrows from it, from @a and from what @from does, and
 * counts from 0.
 *   -ENOMEM
 */
KX_CHECKED int kx_pages_fork(const struct kx_pages *from, const struct kx_core_va *va,
			     struct kx_arena *a, struct kx_pages *ret, struct kx_err *err);
/*
 * What kind the page at @pa is, and how far from there on, up to @end, all are; both
 * are whole pages, @pa below @end.  It is the same wherever one begins.  The core is to
 * have what is between them: where it is cut off (kx_core.end), nothing bounds how much
 * that is.
 *   only what the core's file->read says: memory that the core has not is kept
 */
KX_CHECKED int kx_pages_next(struct kx_pages *p, uint64_t pa, uint64_t end,
			     struct kx_page_run *ret, struct kx_err *err);

/*
 * Is a page of that kind left out at @level, a sum of KX_LEVEL_*?  What is offline or
 * poisoned always is, at level 0 too: to read it may end the kernel that reads.
 */
bool kx_page_dropped(enum kx_page_kind kind, unsigned int level);

/*
 * How many free pages that kernel counted itself, NR_FREE_PAGES: to compare with those
 * found.  CPUs add to it now and then, so that only a difference of more than 5 % means
 * something.  @a: buffers only.
 *   -ENOENT  it is not known: why
 *   -EINVAL  NUMBER(NR_FREE_PAGES) cannot be
 */
KX_CHECKED int kx_pages_free_expected(const struct kx_core_va *va, struct kx_bytes vmcoreinfo,
				      struct kx_arena *a, uint64_t *ret, struct kx_err *err);

#endif
