// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which pages a kernel had free: kx/core-pages.h.  Called by vmcore-dump.
 *
 *	SYMBOL(mem_section) -> root[nr / per_root] -> mem_section[nr % per_root]
 *		.section_mem_map -> struct page[pfn]: _mapcount, private
 *
 * Linux with CONFIG_SPARSEMEM_EXTREME, as every distribution has it on both
 * architectures (include/linux/mmzone.h); with and without a virtual map, which
 * makes no difference here.  Free is what the buddy allocator has in its lists; what
 * waits in a CPU's own list looks used, and is kept.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "kx/core-pages.h"

/* Read at once. */
#define BUF_LEN		0x10000u
#define WORD		8u

/* mmzone.h: flags in the low bits of section_mem_map, six at most (6.15). */
#define SECTION_HAS	0x7u		/* present, has a map, is online */
#define SECTION_FLAGS	0x3fu

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

/* ---- VMCOREINFO --------------------------------------------------------------- */

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

static int page_facts(struct kx_pages *p, struct kx_bytes text, struct kx_err *err)
{
	uint64_t len = 0, buddy = 0;
	int r;

	r = get(text, "SIZE(page)", 4096, &len, err);
	if (r == 0)
		r = get_offset(text, "OFFSET(page._mapcount)", len, 4, &p->type_off, err);
	if (r == 0)
		r = get_offset(text, "OFFSET(page.private)", len, WORD, &p->private_off, err);
	if (r == 0)
		r = kx_vmcoreinfo_number(text, "PAGE_BUDDY_MAPCOUNT_VALUE", &buddy, err);
	if (r == 0)
		r = get(text, "LENGTH(zone.free_area)", ORDERS_MAX, &p->orders, err);
	p->page_len = (uint32_t)len;
	/* 32 bits in struct page, and printed as a long. */
	p->buddy = (uint32_t)buddy;
	return r;
}

static int section_bits(struct kx_pages *p, struct kx_bytes text, struct kx_err *err)
{
	struct kx_err why = { .code = 0 };
	uint64_t bits = 0;

	for (size_t i = 0; i < sizeof(architectures) / sizeof(architectures[0]); i++)
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

int kx_pages_init(struct kx_pages *ret, const struct kx_core_va *va, struct kx_bytes vmcoreinfo,
		  struct kx_arena *a, struct kx_err *err)
{
	struct kx_pages p = { .va = va };
	int r;

	r = get(vmcoreinfo, "PAGESIZE", 0x10001, &p.page_size, err);
	if (r < 0)
		return r;
	if (p.page_size != 0x1000 && p.page_size != 0x4000 && p.page_size != 0x10000)
		return kx_err_set(err, EINVAL, "VMCOREINFO: PAGESIZE: expected 4096, 16384 or"
				  " 65536, have %" PRIu64, p.page_size);
	r = page_facts(&p, vmcoreinfo, err);
	if (r == 0)
		r = section_facts(&p, vmcoreinfo, err);
	if (r < 0)
		return r;
	p.buf = kx_arena_alloc_raw(a, BUF_LEN);
	if (!p.buf)
		return kx_err_set(err, ENOMEM, "no memory for 0x%x bytes", BUF_LEN);
	*ret = p;
	return 0;
}

/* ---- where the struct pages are ------------------------------------------------ */

/* Does it only say that the core has not what was asked for? */
static bool is_missing(int r)
{
	return r == -ENXIO || r == -ENODATA;
}

static int read_word(const struct kx_pages *p, uint64_t va, uint64_t *ret, struct kx_err *err)
{
	uint8_t b[WORD];
	int r = kx_core_va_read(p->va, va, b, sizeof(b), err);

	if (r == 0 && !kx_bytes_le64((struct kx_bytes){ b, sizeof(b) }, 0, ret))
		r = kx_err_set(err, EIO, "a word of %u bytes has less", WORD);
	return r;
}

/* Where sections of @count from number @nr on end, or the last whole page. */
static uint64_t sections_end(const struct kx_pages *p, uint64_t nr, uint64_t count)
{
	uint64_t last = UINT64_MAX >> p->section_bits;

	return nr > last || count > last - nr ? UINT64_MAX & -p->page_size :
	       (nr + count) << p->section_bits;
}

/*
 * The address at which the struct page of frame 0 would be if all were where those
 * of @pa's section are: "mem_map - section_nr_to_pfn(pnum)", sparse_encode_mem_map();
 * 0: it has none.  *ret_end: how far that is so.
 */
static int section_map(const struct kx_pages *p, uint64_t pa, uint64_t *ret, uint64_t *ret_end,
		       struct kx_err *err)
{
	uint64_t nr = pa >> p->section_bits, root = nr / p->per_root, at = 0, map = 0;
	int r;

	*ret = 0;
	*ret_end = UINT64_MAX & -p->page_size;
	if (root >= p->root_count)
		return 0;
	*ret_end = sections_end(p, root * p->per_root, p->per_root);
	r = read_word(p, p->roots_va + root * WORD, &at, err);
	if (r < 0 || !at)
		return r;
	*ret_end = sections_end(p, nr, 1);
	r = read_word(p, at + nr % p->per_root * p->section_len + p->section_map_off, &map, err);
	if (r == 0 && (map & SECTION_HAS) == SECTION_HAS)
		*ret = map & ~(uint64_t)SECTION_FLAGS;
	return r;
}

/*
 * Struct pages from that of @pa on, as many as the buffer holds of its section.  What the
 * core has not is not known, to the section's end: the time this takes is bounded by
 * the memory that has struct pages, and by sections.
 */
static int load(struct kx_pages *p, uint64_t pa, struct kx_err *err)
{
	struct kx_err why = { .code = 0 };
	uint64_t map = 0, pages;
	int r;

	p->known = false;
	p->start = pa;
	r = section_map(p, pa, &map, &p->end, &why);
	pages = (p->end - pa) / p->page_size;
	if (r == 0 && map) {
		if (pages > BUF_LEN / p->page_len)
			pages = BUF_LEN / p->page_len;
		r = kx_core_va_read(p->va, map + pa / p->page_size * p->page_len, p->buf,
				    (size_t)pages * p->page_len, &why);
		p->known = r == 0;
	}
	if (p->known)
		p->end = pa + pages * p->page_size;
	p->missing += is_missing(r);
	if (r == 0 || is_missing(r))
		return 0;
	p->start = p->end = 0;
	return kx_err_set(err, -r, "struct page of 0x%" PRIx64 ": %s", pa, why.text);
}

/* ---- what they say --------------------------------------------------------------- */

/*
 * NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE) is -128 to 4.17 and ~0x80 to 6.11, all 32 bits.
 * Since 6.12 the type is the uppermost byte (include/linux/page-flags.h, "enum
 * pagetype"), and types may use those below.
 */
static bool is_buddy(const struct kx_pages *p, uint32_t type)
{
	uint32_t mask = p->buddy & 0xffffff ? UINT32_MAX : 0xff000000;

	return (type & mask) == p->buddy;
}

/* Bytes of the free block that begins at @pa; 0: none does. */
static uint64_t free_block(struct kx_pages *p, uint64_t pa)
{
	struct kx_bytes page = {
		p->buf + (pa - p->start) / p->page_size * p->page_len, p->page_len,
	};
	uint64_t order = 0, len;
	uint32_t type = 0;

	/* Both are inside: get_offset(). */
	if (!kx_bytes_le32(page, p->type_off, &type) || !is_buddy(p, type) ||
	    !kx_bytes_le64(page, p->private_off, &order))
		return 0;
	len = order < p->orders ? p->page_size << order : 0;
	/* "a block's address is a multiple of its size", Documentation/mm */
	if (!len || pa % len) {
		p->odd++;
		return 0;
	}
	return len;
}

int kx_pages_next(struct kx_pages *p, uint64_t pa, uint64_t end, struct kx_page_run *ret,
		  struct kx_err *err)
{
	struct kx_page_run run = { .kind = KX_PAGE_KEPT };
	uint64_t at = pa, len;
	int r;

	while (at < end) {
		enum kx_page_kind kind = KX_PAGE_KEPT;

		if (at < p->start || at >= p->end) {
			r = load(p, at, err);
			if (r < 0)
				return r;
		}
		len = p->known ? free_block(p, at) : p->end - at;
		if (p->known && len)
			kind = KX_PAGE_FREE;
		if (at > pa && kind != run.kind)
			break;
		run.kind = kind;
		len = len ? len : p->page_size;
		at = len < end - at ? at + len : end;
	}
	run.end = at;
	*ret = run;
	return 0;
}

bool kx_page_dropped(enum kx_page_kind kind, unsigned int level)
{
	static const unsigned int at[] = {
		[KX_PAGE_FREE] = KX_LEVEL_FREE,
		[KX_PAGE_CACHE] = KX_LEVEL_CACHE | KX_LEVEL_CACHE_PRIVATE,
		[KX_PAGE_CACHE_PRIVATE] = KX_LEVEL_CACHE_PRIVATE,
		[KX_PAGE_USER] = KX_LEVEL_USER,
		[KX_PAGE_UNACCEPTED] = KX_LEVEL_FREE,
		[KX_PAGE_OFFLINE] = ~0u,
		[KX_PAGE_POISONED] = ~0u,
	};

	return at[kind] == ~0u || at[kind] & level;
}
