/* SPDX-License-Identifier: GPL-2.0-only */
/* What the pieces of kx/core-pages.h share: kexec/lib/core-pages*.c. */
#ifndef CORE_PAGES_H
#define CORE_PAGES_H

#include "kx/core-pages.h"

/* Struct pages copied at once; two of the largest fit in. */
#define PAGES_BUF_LEN	0x10000u
#define PAGES_STRUCT_MAX	4096u

/*
 * Pages looked at together, from a multiple of this on: more than the largest free
 * block has (2^13, arm64 with 64 KiB pages), so that one is never in two windows.
 */
#define PAGES_WINDOW_ORDER	15u
#define PAGES_WINDOW	(1u << PAGES_WINDOW_ORDER)
/* Pages of 16 GiB are the largest that any of the two architectures has: 2^22. */
#define PAGES_ORDER_MAX	24u

/* Of what a page at @pa belongs to: how it goes on behind it. */
struct pages_block {
	enum kx_page_kind kind;
	uint64_t left;			/* pages that it still has */
	uint64_t tail;			/* what their struct pages say; 0: need not say it */
};

/* lib/core-pages-info.c: fills facts, doubt and the section's facts.  As kx_pages_init(). */
KX_CHECKED int pages_info(struct kx_pages *p, struct kx_bytes vmcoreinfo, struct kx_arena *a,
			  struct kx_err *err);

/*
 * lib/core-pages-kind.c: the kinds of @n pages from frame @pfn on, whose struct pages are
 * at @at, into @kind; @b goes on from the pages before them, and to those behind.
 */
void pages_kinds(struct kx_pages *p, uint64_t pfn, const uint8_t *at, uint64_t n,
		 struct pages_block *b, uint8_t *kind);
/*
 * A compound page that begins at frame @pfn, its first two struct pages at @at: does
 * it have frame @inside?  Then *ret is that, counted from there on.
 */
bool pages_compound(struct kx_pages *p, uint64_t pfn, const uint8_t *at, uint64_t inside,
		    struct pages_block *ret);
/* Is this the struct page of no first page, so that it belongs to one before @pfn? */
bool pages_inside(const struct kx_pages *p, uint64_t pfn, const uint8_t *at);

/* Does it only say that the core has not what was asked for? */
bool pages_is_missing(int r);
/*
 * lib/core-pages-map.c: the address at which the struct page of frame 0 would be if all
 * were where those of @pa's section are; 0: it has none.  *ret_end: how far, from @pa, that
 * is so.  As kx_core_va_read().
 */
KX_CHECKED int pages_section(const struct kx_pages *p, uint64_t pa, uint64_t *ret,
			     uint64_t *ret_end, struct kx_err *err);
/*
 * Struct pages from frame @pfn on, as many as are in one piece and at most @want, of
 * a section whose are at @map: a view, or a copy in p->buf.  They are there until
 * something else is read.  As kx_core_va_read(), and then *ret_n says how many are not there.
 */
KX_CHECKED int pages_get(const struct kx_pages *p, uint64_t map, uint64_t pfn, uint64_t want,
			 const uint8_t **ret, uint64_t *ret_n, struct kx_err *err);

#endif
