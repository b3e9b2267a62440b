// SPDX-License-Identifier: GPL-2.0-only
/*
 * What VMCOREINFO says of struct page and of where they are: kx/core-pages.h;
 * Documentation/admin-guide/kdump/vmcoreinfo.rst.
 *
 * No release's number counts, only what a kernel says: free pages need all of their
 * lines, and what other kinds lack becomes a doubt.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "core-pages.h"

#define WORD		8u
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* arm64 had 30. */
#define SECTION_BITS_MAX	36u
/* In roots of a page each: 52 bits in sections of 27. */
#define ROOTS_MAX	(1ULL << 20)

/* A zone has 11 orders by default, and 14 at most (arm64, 64 KiB). */
#define ORDERS_MAX	32u

/*
 * Kernels without NUMBER(SECTION_SIZE_BITS), before 5.13, have these
 * (asm/sparsemem.h).
 */
static const struct {
	uint16_t machine;
	uint32_t section_bits;
} architectures[] = {
	{ KX_ELF_X86_64, 27 },
	{ KX_ELF_ARM64, 30 },
};

/* ---- lines ---------------------------------------------------------------------- */

/* A number that is below @max. */
static int get(struct kx_bytes text, const char *key, uint64_t max, uint64_t *ret,
	       struct kx_err *err)
{
	uint64_t v;
	int r = kx_vmcoreinfo_u64(text, key, 10, &v, err);

	if (r < 0)
		return r;
	if (v >= max)
		return kx_err_set(err, EINVAL, "VMCOREINFO: %s: expected less than %" PRIu64
				  ", have %" PRIu64, key, max, v);
	*ret = v;
	return 0;
}

/* Where a member of @len bytes is in a struct of @size. */
static int get_offset(struct kx_bytes text, const char *key, uint64_t size, uint32_t len,
		      uint32_t *ret, struct kx_err *err)
{
	uint64_t v = 0;
	int r = get(text, key, size, &v, err);

	if (r < 0)
		return r;
	if (size - v < len)
		return kx_err_set(err, EINVAL, "VMCOREINFO: %s: expected %u bytes inside %" PRIu64
				  ", have %" PRIu64, key, len, size, v);
	*ret = (uint32_t)v;
	return 0;
}

/* NUMBER(@name) as a bit of page.flags. */
static int get_bit(struct kx_bytes text, const char *name, uint64_t *ret, struct kx_err *err)
{
	uint64_t v = 0;
	int r = kx_vmcoreinfo_number(text, name, &v, err);

	if (r < 0)
		return r;
	if (v >= 64)
		return kx_err_set(err, EINVAL, "VMCOREINFO: NUMBER(%s): expected a bit of 64, have %"
				  PRIu64, name, v);
	*ret = 1ULL << v;
	return 0;
}

/*
 * NUMBER(@name): what page._mapcount is.  PAGE_BUDDY_MAPCOUNT_VALUE was -128 to 4.17 and
 * ~0x80 to 6.11, all 32 bits.  Since 6.12 a type is the uppermost byte (include/linux/
 * page-flags.h, "enum pagetype"), and types may use those below.
 */
static int get_type(struct kx_bytes text, const char *name, struct kx_page_type *ret,
		    struct kx_err *err)
{
	uint64_t v = 0;
	int r = kx_vmcoreinfo_number(text, name, &v, err);

	if (r < 0)
		return r;
	/* 32 bits in struct page, and printed as a long. */
	ret->value = (uint32_t)v;
	ret->mask = ret->value & 0xffffff ? UINT32_MAX : 0xff000000;
	return 0;
}

/* A byte of the second struct page: a member of struct page, or of struct folio. */
static int get_byte(struct kx_bytes text, const char *page, const char *folio, uint32_t len,
		    struct kx_page_byte *ret, struct kx_err *err)
{
	uint64_t v = 0;
	int r = get_offset(text, page, len, 1, &ret->off, err);

	if (r == -ENOENT) {
		r = get(text, folio, 2ULL * len, &v, err);
		if (r == 0 && v < len)
			r = kx_err_set(err, EINVAL, "VMCOREINFO: %s: expected at least %u, have %"
				       PRIu64, folio, len, v);
		ret->off = (uint32_t)(v - len);
	}
	if (r == 0)
		ret->mask = 0xff;
	return r;
}

/* ---- struct page ------------------------------------------------------------------ */

/* What is asked of every kernel. */
static int free_facts(struct kx_page_facts *f, struct kx_bytes text, struct kx_err *err)
{
	uint64_t len = 0;
	int r;

	r = get(text, "SIZE(page)", PAGES_STRUCT_MAX, &len, err);
	if (r == 0)
		r = get_offset(text, "OFFSET(page._mapcount)", len, 4, &f->type_off, err);
	if (r == 0)
		r = get_offset(text, "OFFSET(page.private)", len, WORD, &f->private_off, err);
	if (r == 0)
		r = get_type(text, "PAGE_BUDDY_MAPCOUNT_VALUE", &f->buddy, err);
	if (r == 0)
		r = get(text, "LENGTH(zone.free_area)", ORDERS_MAX, &f->orders, err);
	f->len = (uint32_t)len;
	return r;
}

static int flags_facts(struct kx_page_facts *f, struct kx_bytes text, struct kx_err *err)
{
	return get_offset(text, "OFFSET(page.flags)", f->len, WORD, &f->flags_off, err);
}

/*
 * Slab pages have something else where others have what is looked at.  A flag to
 * 6.9, a type since.
 */
static int slab_facts(struct kx_page_facts *f, struct kx_bytes text, struct kx_err *err)
{
	int r = get_type(text, "PAGE_SLAB_MAPCOUNT_VALUE", &f->slabs, NULL);

	return r == -ENOENT ? get_bit(text, "PG_slab", &f->slab, err) : r;
}

/* 7.1 renamed compound_head; the lowest bit is the same. */
static int tail_facts(struct kx_page_facts *f, struct kx_bytes text, struct kx_err *err)
{
	int r = get_offset(text, "OFFSET(page.compound_info)", f->len, WORD, &f->tail_off, err);

	if (r == -ENOENT)
		r = get_offset(text, "OFFSET(page.compound_head)", f->len, WORD, &f->tail_off, err);
	if (r == 0)
		r = kx_vmcoreinfo_number(text, "PG_head_mask", &f->head, err);
	return r;
}

static int use_facts(struct kx_page_facts *f, struct kx_bytes text, struct kx_err *err)
{
	int r;

	r = flags_facts(f, text, err);
	if (r == 0)
		r = get_offset(text, "OFFSET(page.mapping)", f->len, WORD, &f->mapping_off, err);
	if (r == 0)
		r = get_bit(text, "PG_lru", &f->lru, err);
	if (r == 0)
		r = get_bit(text, "PG_private", &f->private, err);
	if (r == 0)
		r = get_bit(text, "PG_swapcache", &f->swapcache, err);
	if (r == 0)
		r = get_bit(text, "PG_swapbacked", &f->swapbacked, err);
	if (r == 0)
		r = tail_facts(f, text, err);
	if (r == 0)
		r = slab_facts(f, text, err);
	f->uses = r == 0;
	return r;
}

/* 6.6: "the first eight bits of the second page's flags are the order", _flags_1. */
static void order_in_flags(struct kx_page_facts *f)
{
	f->order = (struct kx_page_byte){ .off = f->flags_off, .mask = 0xff };
}

/*
 * To 6.5 a hugetlb page has a destructor of its own, to 6.8 a flag of its second struct
 * page, and since a type.
 */
static int huge_facts(struct kx_page_facts *f, struct kx_bytes text, struct kx_err *err)
{
	uint64_t v = 0;
	int r;

	r = flags_facts(f, text, err);
	if (r < 0)
		return r;
	if (get_type(text, "PAGE_HUGETLB_MAPCOUNT_VALUE", &f->hugetlb, NULL) == 0) {
		order_in_flags(f);
		return 0;
	}
	if (kx_vmcoreinfo_number(text, "PG_hugetlb", &v, NULL) == 0 && v < 64) {
		order_in_flags(f);
		f->huge.off = f->flags_off + (uint32_t)v / 8;
		f->huge.mask = f->huge.value = (uint8_t)(1u << v % 8);
		return 0;
	}
	r = kx_vmcoreinfo_number(text, "HUGETLB_PAGE_DTOR", &v, err);
	if (r == 0)
		r = get_byte(text, "OFFSET(page.compound_order)", "OFFSET(folio._folio_order)", f->len,
			     &f->order, err);
	if (r == 0)
		r = get_byte(text, "OFFSET(page.compound_dtor)", "OFFSET(folio._folio_dtor)", f->len,
			     &f->huge, err);
	f->huge.value = (uint8_t)v;
	return r;
}

static int poison_facts(struct kx_page_facts *f, struct kx_bytes text, struct kx_err *err)
{
	int r = flags_facts(f, text, err);

	return r == 0 ? get_bit(text, "PG_hwpoison", &f->poison, err) : r;
}

static int offline_facts(struct kx_page_facts *f, struct kx_bytes text, struct kx_err *err)
{
	return get_type(text, "PAGE_OFFLINE_MAPCOUNT_VALUE", &f->offline, err);
}

/* Such pages have a type where types are the uppermost byte; VMCOREINFO says it since 6.16. */
static int unaccepted_facts(struct kx_page_facts *f, struct kx_bytes text, struct kx_err *err)
{
	if (f->buddy.mask == UINT32_MAX)
		return 0;
	return get_type(text, "PAGE_UNACCEPTED_MAPCOUNT_VALUE", &f->unaccepted, err);
}

/* What a kernel may not say.  A kind of which something is missing is not told at all. */
static int doubts(struct kx_pages *p, struct kx_bytes text, struct kx_arena *a,
		  struct kx_err *err)
{
	static const struct {
		int (*get)(struct kx_page_facts *f, struct kx_bytes text, struct kx_err *err);
		const char *what;
	} kinds[] = {
		{ use_facts, "pages of files and processes are kept" },
		{ huge_facts, "huge pages are kept" },
		{ poison_facts, "pages of broken memory look like others" },
		{ offline_facts, "pages that are offline look like others" },
		{ unaccepted_facts, "pages that are not accepted look like others" },
	};
	size_t n = 0;

	_Static_assert(COUNT(kinds) <= KX_PAGES_DOUBTS, "a doubt for each");
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct kx_page_facts f = p->facts;
		struct kx_err why = { .code = 0 };

		if (kinds[i].get(&f, text, &why) == 0) {
			p->facts = f;
			continue;
		}
		p->doubt[n] = kx_arena_printf(a, "%s: %s", kinds[i].what, why.text);
		if (!p->doubt[n++])
			return kx_err_set(err, ENOMEM, "out of memory");
	}
	return 0;
}

/* ---- sections ----------------------------------------------------------------------- */

static int section_bits(struct kx_pages *p, struct kx_bytes text, struct kx_err *err)
{
	struct kx_err why = { .code = 0 };
	uint64_t bits = 0;

	for (size_t i = 0; i < COUNT(architectures); i++)
		if (architectures[i].machine == p->va->core->machine)
			bits = architectures[i].section_bits;
	if (kx_vmcoreinfo_number(text, "SECTION_SIZE_BITS", &bits, &why) == -EINVAL)
		return kx_err_set(err, EINVAL, "%s", why.text);
	if (bits > SECTION_BITS_MAX || 1ULL << bits < p->page_size)
		return kx_err_set(err, EINVAL, "VMCOREINFO: NUMBER(SECTION_SIZE_BITS): expected at"
				  " most %u, and a page at least, have %" PRIu64, SECTION_BITS_MAX,
				  bits);
	p->section_bits = (uint32_t)bits;
	return 0;
}

static int section_facts(struct kx_pages *p, struct kx_bytes text, struct kx_err *err)
{
	int r;

	r = kx_vmcoreinfo_symbol(text, "mem_section", &p->roots_va, err);
	if (r == 0)
		r = get(text, "LENGTH(mem_section)", ROOTS_MAX, &p->root_count, err);
	if (r == 0)
		r = get(text, "SIZE(mem_section)", p->page_size + 1, &p->section_len, err);
	if (r == 0)
		r = get_offset(text, "OFFSET(mem_section.section_mem_map)", p->section_len, WORD,
			       &p->section_map_off, err);
	if (r < 0)
		return r;
	p->per_root = p->page_size / p->section_len;
	return section_bits(p, text, err);
}

int pages_info(struct kx_pages *p, struct kx_bytes text, struct kx_arena *a, struct kx_err *err)
{
	int r;

	r = get(text, "PAGESIZE", 0x10001, &p->page_size, err);
	if (r < 0)
		return r;
	if (p->page_size != 0x1000 && p->page_size != 0x4000 && p->page_size != 0x10000)
		return kx_err_set(err, EINVAL, "VMCOREINFO: PAGESIZE: expected 4096, 16384 or"
				  " 65536, have %" PRIu64, p->page_size);
	r = free_facts(&p->facts, text, err);
	if (r == 0)
		r = section_facts(p, text, err);
	return r == 0 ? doubts(p, text, a, err) : r;
}
