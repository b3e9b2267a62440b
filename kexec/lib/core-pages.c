// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a kernel used its pages for, in runs: kx/core-pages.h.  Called by vmcore-dump.
 *
 * Pages are looked at in windows, from their first one on, and what they are is noted
 * in a byte each: the answer does not depend on where a caller begins, and nothing of
 * the core has to stay in place between two calls.  What waits in a CPU's own list of
 * free pages looks used, and is kept.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core-pages.h"

/* In a window's bytes: kept because the core has no struct page of it. */
#define MISSING		0x80u

static int room(struct kx_pages *p, struct kx_arena *a, struct kx_err *err)
{
	p->buf = kx_arena_alloc_raw(a, PAGES_BUF_LEN);
	p->kind = kx_arena_alloc_raw(a, PAGES_WINDOW);
	if (!p->buf || !p->kind)
		return kx_err_set(err, ENOMEM, "no memory for 0x%x bytes",
				  PAGES_BUF_LEN + PAGES_WINDOW);
	return 0;
}

int kx_pages_init(struct kx_pages *ret, const struct kx_core_va *va, struct kx_bytes vmcoreinfo,
		  struct kx_arena *a, struct kx_err *err)
{
	struct kx_pages p = { .va = va };
	int r;

	r = pages_info(&p, vmcoreinfo, a, err);
	if (r == 0)
		r = room(&p, a, err);
	if (r == 0)
		*ret = p;
	return r;
}

int kx_pages_fork(const struct kx_pages *from, const struct kx_core_va *va, struct kx_arena *a,
		  struct kx_pages *ret, struct kx_err *err)
{
	struct kx_pages p = *from;
	int r;

	p.va = va;
	p.start = p.end = 0;
	p.odd = p.missing = 0;
	r = room(&p, a, err);
	if (r == 0)
		*ret = p;
	return r;
}

/* ---- a window -------------------------------------------------------------------------- */

/* The first two struct pages of the block of 2^@order that has frame @pfn; NULL: no. */
static int first_two(struct kx_pages *p, uint64_t pfn, const uint8_t **ret, struct kx_err *err)
{
	uint64_t map = 0, end, n = 0;
	int r = pages_section(p, pfn * p->page_size, &map, &end, err);

	*ret = NULL;
	if (r == 0 && map)
		r = pages_get(p, map, pfn, 2, ret, &n, err);
	if (n < 2)
		*ret = NULL;
	return r;
}

/*
 * Is the first page of a window inside of a page that is larger than that?  It begins at a
 * multiple of its size.
 */
static int begin(struct kx_pages *p, uint64_t pfn, struct pages_block *b, struct kx_err *err)
{
	uint64_t last = pfn;
	const uint8_t *at;
	int r = first_two(p, pfn, &at, err);

	if (r < 0 || !at || !pages_inside(p, pfn, at))
		return r;
	for (unsigned int order = PAGES_WINDOW_ORDER + 1; order < PAGES_ORDER_MAX; order++) {
		uint64_t first = pfn & -(1ULL << order);

		if (first == last)
			continue;
		last = first;
		r = first_two(p, first, &at, err);
		if (r < 0 && !pages_is_missing(r))
			return r;
		if (r == 0 && at && pages_compound(p, first, at, pfn, b))
			return 0;
	}
	return 0;
}

/* Pages without a struct page do not go on with what was before them. */
static void skip(struct pages_block *b, uint64_t n)
{
	b->left = b->tail || n > b->left ? 0 : b->left - n;
}

/* Frames from *pfn on, up to @end, of one section; *pfn moves to where that ends. */
static int fill(struct kx_pages *p, uint64_t first, uint64_t end, uint64_t map, uint64_t *pfn,
		struct pages_block *b, struct kx_err *err)
{
	while (*pfn < end) {
		uint8_t *kind = p->kind + (*pfn - first);
		struct kx_err why = { .code = 0 };
		const uint8_t *at;
		uint64_t n;
		int r = pages_get(p, map, *pfn, end - *pfn, &at, &n, &why);

		if (r == 0) {
			pages_kinds(p, *pfn, at, n, b, kind);
		} else if (pages_is_missing(r)) {
			memset(kind, KX_PAGE_KEPT | MISSING, (size_t)n);
			skip(b, n);
		} else {
			return kx_err_set(err, -r, "struct page of 0x%" PRIx64 ": %s",
					  *pfn * p->page_size, why.text);
		}
		*pfn += n;
	}
	return 0;
}

/* The window of @pa, or a longer stretch of memory that has no struct pages. */
static int load(struct kx_pages *p, uint64_t pa, struct kx_err *err)
{
	uint64_t first = pa / p->page_size & -(uint64_t)PAGES_WINDOW, pfn = first;
	uint64_t end = first + PAGES_WINDOW, last = UINT64_MAX / p->page_size;
	struct pages_block b = { .left = 0 };
	struct kx_err why = { .code = 0 };
	int r = 0;

	p->start = p->end = 0;
	p->blank = false;
	if (end > last)
		end = last;
	while (pfn < end) {
		uint64_t map, upto, n;
		uint8_t none;

		r = pages_section(p, pfn * p->page_size, &map, &upto, &why);
		upto /= p->page_size;
		n = (upto < end ? upto : end) - pfn;
		none = KX_PAGE_KEPT | (r < 0 ? MISSING : 0);
		if (r == 0 && map && pfn == first)
			r = begin(p, pfn, &b, &why);
		if (r < 0 && !pages_is_missing(r))
			return kx_err_set(err, -r, "struct page of 0x%" PRIx64 ": %s",
					  pfn * p->page_size, why.text);
		if (map) {
			r = fill(p, first, pfn + n, map, &pfn, &b, err);
			if (r < 0)
				return r;
			continue;
		}
		memset(p->kind + (pfn - first), none, (size_t)n);
		p->blank = pfn == first && upto >= end;
		if (p->blank)
			end = upto;
		skip(&b, n);
		pfn = p->blank ? end : pfn + n;
	}
	p->start = first * p->page_size;
	p->end = end * p->page_size;
	return 0;
}

/* ---- runs -------------------------------------------------------------------------------- */

/* How many bytes from @b on, at most @n, are the same as the first one. */
static uint64_t same(const uint8_t *b, uint64_t n)
{
	uint64_t i = 1, all = 0x0101010101010101u * b[0], w;

	for (; n - i >= sizeof(w); i += sizeof(w)) {
		memcpy(&w, b + i, sizeof(w));
		if (w != all)
			break;
	}
	while (i < n && b[i] == b[0])
		i++;
	return i;
}

int kx_pages_next(struct kx_pages *p, uint64_t pa, uint64_t end, struct kx_page_run *ret,
		  struct kx_err *err)
{
	struct kx_page_run run = { .kind = KX_PAGE_KEPT };
	uint64_t at = pa;

	while (at < end) {
		uint64_t upto, n;
		uint8_t kind;

		if (at < p->start || at >= p->end) {
			int r = load(p, at, err);

			if (r < 0)
				return r;
		}
		upto = p->end < end ? p->end : end;
		kind = p->kind[p->blank ? 0 : (at - p->start) / p->page_size];
		if (at > pa && (kind & ~MISSING) != run.kind)
			break;
		run.kind = kind & ~MISSING;
		n = (upto - at) / p->page_size;
		if (!p->blank)
			n = same(p->kind + (at - p->start) / p->page_size, n);
		if (kind & MISSING)
			p->missing += n;
		at += n * p->page_size;
	}
	run.end = at;
	*ret = run;
	return 0;
}

/* ---- levels ------------------------------------------------------------------------------ */

bool kx_page_dropped(enum kx_page_kind kind, unsigned int level)
{
	static const struct {
		bool always;
		unsigned int levels;
	} rules[] = {
		[KX_PAGE_KEPT] = { false, 0 },
		[KX_PAGE_FREE] = { false, KX_LEVEL_FREE },
		[KX_PAGE_CACHE] = { false, KX_LEVEL_CACHE | KX_LEVEL_CACHE_PRIVATE },
		[KX_PAGE_CACHE_PRIVATE] = { false, KX_LEVEL_CACHE_PRIVATE },
		[KX_PAGE_USER] = { false, KX_LEVEL_USER },
		[KX_PAGE_UNACCEPTED] = { false, KX_LEVEL_FREE },
		[KX_PAGE_OFFLINE] = { true, 0 },
		[KX_PAGE_POISONED] = { true, 0 },
	};

	return (size_t)kind < sizeof(rules) / sizeof(rules[0]) &&
	       (rules[kind].always || rules[kind].levels & level);
}
