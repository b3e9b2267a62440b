// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where struct pages are: kx/core-pages.h.
 *
 *	SYMBOL(mem_section) -> root[nr / per_root] -> mem_section[nr % per_root]
 *		.section_mem_map -> struct page[pfn]
 *
 * Linux with CONFIG_SPARSEMEM_EXTREME, as every distribution has it on both
 * architectures (include/linux/mmzone.h); with and without a virtual map, which
 * makes no difference here.  The virtual map is read through the page tables: those
 * of huge pages may share memory (Documentation/mm/vmemmap_dedup.rst).
 */
#include <errno.h>
#include <inttypes.h>

#include "core-pages.h"

#define WORD		8u

/* mmzone.h: flags in the low bits of section_mem_map, six at most (6.15). */
#define SECTION_HAS	0x7u		/* present, has a map, is online */
#define SECTION_FLAGS	0x3fu

bool pages_is_missing(int r)
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

/* section_mem_map is "mem_map - section_nr_to_pfn(pnum)", sparse_encode_mem_map(). */
int pages_section(const struct kx_pages *p, uint64_t pa, uint64_t *ret, uint64_t *ret_end,
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

/* @len bytes at @pa as they are in the file; NULL: they have to be copied. */
static const uint8_t *view(const struct kx_pages *p, uint64_t pa, uint64_t len)
{
	const struct kx_core *c = p->va->core;
	const struct kx_core_span *s = kx_core_span_find(c, pa);
	const uint8_t *at;
	uint64_t off;

	if (!c->file.view || p->va->map || !s || len > s->pa.end - pa)
		return NULL;
	off = s->off + (pa - s->pa.start);
	if (off > c->file.len || len > c->file.len - off)
		return NULL;
	/* What is wrong with it, reading says. */
	return c->file.view(c->file.ctx, off, (size_t)len, &at, NULL) == 0 ? at : NULL;
}

/* Struct pages up to the end of the page of memory at @va, at least one. */
static uint64_t piece(const struct kx_pages *p, uint64_t va)
{
	uint64_t n = (p->page_size - va % p->page_size) / p->facts.len;

	return n ? n : 1;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* As many of @n as the buffer holds; where some are not there, those of one page. */
static int copy(const struct kx_pages *p, uint64_t va, uint64_t n, uint64_t *ret_n,
		struct kx_err *err)
{
	uint64_t few = least(piece(p, va), n);
	int r;

	*ret_n = least(n, PAGES_BUF_LEN / p->facts.len & ~1u);
	r = kx_core_va_read(p->va, va, p->buf, (size_t)(*ret_n * p->facts.len), err);
	if (!pages_is_missing(r) || *ret_n <= few)
		return r;
	*ret_n = few;
	return kx_core_va_read(p->va, va, p->buf, (size_t)(few * p->facts.len), err);
}

/*
 * A page of memory may end inside a struct page, if its size is no power of two.  Then
 * that and the next one are copied: a compound page's first two are never apart.
 */
int pages_get(const struct kx_pages *p, uint64_t map, uint64_t pfn, uint64_t want,
	      const uint8_t **ret, uint64_t *ret_n, struct kx_err *err)
{
	uint64_t va = map + pfn * p->facts.len, pa, len, n;
	int r;

	*ret_n = least(piece(p, va), want);
	r = kx_core_va_find(p->va, va, &pa, &len, err);
	if (r < 0)
		return r;
	n = least(len / p->facts.len, want);
	if (n < want)
		n &= ~1ULL;
	*ret_n = n;
	*ret = n ? view(p, pa, n * p->facts.len) : NULL;
	if (*ret)
		return 0;
	*ret = p->buf;
	return copy(p, va, n ? n : least(2, want), ret_n, err);
}
