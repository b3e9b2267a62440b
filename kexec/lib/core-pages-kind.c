// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a struct page says of its page: kx/core-pages.h.  It knows include/linux/
 * page-flags.h and mm_types.h from 4.4 on, by what VMCOREINFO says of them and never by
 * a release's number; a type that it does not know is kept.
 *
 * Order matters, as the members of struct page have more than one use: slab pages
 * first, then the types, and what has none is a file's or a process's.
 */
#include "core-pages.h"

/* The lowest bit of compound_head, compound_info since 7.1: not the first page. */
#define TAIL		1u
/* PAGE_MAPPING_ANON, FOLIO_MAPPING_ANON: the lowest bit of mapping. */
#define ANON		1u

/*
 * Offsets were looked at once (lib/core-pages-info.c): there are too many pages to do
 * it for each.  Compilers make one load of it.
 */
static inline uint32_t le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t le64(const uint8_t *p)
{
	return le32(p) | (uint64_t)le32(p + 4) << 32;
}

static inline bool has_type(uint32_t type, struct kx_page_type t)
{
	return t.mask && (type & t.mask) == t.value;
}

static inline bool has_byte(const uint8_t *page, struct kx_page_byte b)
{
	return b.mask && (page[b.off] & b.mask) == b.value;
}

static struct pages_block one(enum kx_page_kind kind)
{
	return (struct pages_block){ .kind = kind, .left = 1 };
}

/*
 * "a block's address is a multiple of its size", Documentation/mm/physical_memory.rst, and
 * so are those of compound pages; what is not is kept.
 */
static struct pages_block block(struct kx_pages *p, uint64_t pfn, enum kx_page_kind kind,
				uint64_t order, uint64_t orders)
{
	if (order >= orders || pfn & ((1ULL << order) - 1)) {
		p->odd++;
		return one(KX_PAGE_KEPT);
	}
	return (struct pages_block){ .kind = kind, .left = 1ULL << order };
}

/* ---- compound pages ------------------------------------------------------------------ */

/*
 * hugetlb pages go by their order: most of their struct pages may be one and the same
 * memory, which has a first page's at the beginning of each page ("fake head").
 */
static struct pages_block huge(struct kx_pages *p, uint64_t pfn, const uint8_t *at, bool two)
{
	const struct kx_page_facts *f = &p->facts;
	enum kx_page_kind kind = KX_PAGE_USER;

	/* "hwpoison" of one page is noted at the first one: any of them may be the broken one. */
	if (le64(at + f->flags_off) & f->poison)
		kind = KX_PAGE_POISONED;
	if (!two || !f->order.mask)
		return one(kind == KX_PAGE_POISONED ? kind : KX_PAGE_KEPT);
	return block(p, pfn, kind, at[f->len + f->order.off] & f->order.mask, PAGES_ORDER_MAX);
}

/* All others go as far as there are struct pages that say the same as the second one. */
static struct pages_block compound(const struct kx_pages *p, const uint8_t *at, bool two,
				   enum kx_page_kind kind)
{
	struct pages_block b = one(kind);

	if (two)
		b.tail = le64(at + p->facts.len + p->facts.tail_off);
	if (!(b.tail & TAIL))
		return one(KX_PAGE_KEPT);
	b.left = PAGES_WINDOW;
	return b;
}

bool pages_inside(const struct kx_pages *p, uint64_t pfn, const uint8_t *at)
{
	const struct kx_page_facts *f = &p->facts;

	if (!f->uses || !f->order.mask)
		return false;
	if (le64(at + f->tail_off) & TAIL)
		return true;
	return le64(at + f->flags_off) & f->head &&
	       pfn & ((1ULL << (at[f->len + f->order.off] & f->order.mask & 0x3f)) - 1);
}

/* ---- one page -------------------------------------------------------------------------- */

static bool is_slab(const struct kx_page_facts *f, uint64_t flags, uint32_t type)
{
	return f->slab ? flags & f->slab : has_type(type, f->slabs);
}

/*
 * A type is a negative number below that of no mapping at all, which is -1: page-flags.h,
 * page_has_type().
 */
static bool is_typed(uint32_t type)
{
	return type >= 0x80000000 && type != UINT32_MAX;
}

static enum kx_page_kind use(const struct kx_page_facts *f, const uint8_t *page, uint64_t flags)
{
	if (le64(page + f->mapping_off) & ANON)
		return KX_PAGE_USER;
	if (!(flags & f->lru) && (flags & (f->swapbacked | f->swapcache)) !=
				 (f->swapbacked | f->swapcache))
		return KX_PAGE_KEPT;
	return flags & f->private ? KX_PAGE_CACHE_PRIVATE : KX_PAGE_CACHE;
}

static struct pages_block typed(struct kx_pages *p, uint64_t pfn, const uint8_t *at, bool two,
				uint32_t type)
{
	const struct kx_page_facts *f = &p->facts;

	if (has_type(type, f->buddy))
		return block(p, pfn, KX_PAGE_FREE, le64(at + f->private_off), f->orders);
	if (has_type(type, f->hugetlb))
		return huge(p, pfn, at, two);
	if (has_type(type, f->offline))
		return one(KX_PAGE_OFFLINE);
	/* "unaccepted memory is only ever of the largest order", mm/page_alloc.c. */
	if (has_type(type, f->unaccepted))
		return block(p, pfn, KX_PAGE_UNACCEPTED, f->orders - 1, f->orders);
	return one(KX_PAGE_KEPT);
}

/* @two: the second struct page is there too. */
static inline struct pages_block look(struct kx_pages *p, uint64_t pfn, const uint8_t *at,
				      bool two)
{
	const struct kx_page_facts *f = &p->facts;
	uint64_t flags = le64(at + f->flags_off);
	uint32_t type = le32(at + f->type_off);

	if (f->uses && le64(at + f->tail_off) & TAIL)
		return one(KX_PAGE_KEPT);	/* of what, is not known */
	if (is_slab(f, flags, type))
		return one(KX_PAGE_KEPT);
	if (is_typed(type))
		return typed(p, pfn, at, two, type);
	if (!f->uses)
		return one(KX_PAGE_KEPT);
	if (!(flags & f->head))
		return one(use(f, at, flags));
	if (two && has_byte(at + f->len, f->huge))
		return huge(p, pfn, at, two);
	return compound(p, at, two, use(f, at, flags));
}

bool pages_compound(struct kx_pages *p, uint64_t pfn, const uint8_t *at, uint64_t inside,
		    struct pages_block *ret)
{
	struct pages_block b = look(p, pfn, at, true);

	/* Only hugetlb pages are that large. */
	if (b.tail || b.left <= inside - pfn)
		return false;
	b.left -= inside - pfn;
	*ret = b;
	return true;
}

void pages_kinds(struct kx_pages *p, uint64_t pfn, const uint8_t *at, uint64_t n,
		 struct pages_block *b, uint8_t *kind)
{
	const struct kx_page_facts *f = &p->facts;

	for (uint64_t i = 0; i < n; i++, at += f->len) {
		if (b->left && b->tail && le64(at + f->tail_off) != b->tail)
			b->left = 0;
		if (!b->left)
			*b = look(p, pfn + i, at, n - i > 1);
		b->left--;
		kind[i] = (uint8_t)(le64(at + f->flags_off) & f->poison ? KX_PAGE_POISONED : b->kind);
	}
}
