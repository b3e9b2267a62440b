// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which pages a core has, and which of them are written.  Called by write.c and by the
 * writers of each format.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "write-parts.h"

/* Bitmaps are rounded up to pages, of which the largest has this many bits. */
#define CHUNK_MIN	(8u * 65536u)

/* ---- pages --------------------------------------------------------------------------- */

/* What the file was cut off of is no page: nobody has to try to read it. */
static int extent_find(struct write_map *m, const struct kx_core *c, struct kx_err *err)
{
	uint64_t last = 0;

	for (size_t i = 0; i < c->span_count; i++) {
		struct kx_range held = kx_core_span_held(c, &c->span[i]);
		uint64_t cut = c->span[i].pa.end - held.end;

		if (cut && !m->cut_len)
			m->cut_pa = held.end;
		m->cut_len += cut;
		if (held.end > held.start)
			last = held.end;
	}
	m->max_pfn = last / m->page_size + (last % m->page_size != 0);
	if (!m->max_pfn)
		return kx_err_set(err, EINVAL, "expected memory in the core, have none");
	/* Bitmaps are as long as the highest page says: a bad header must not fill the disk. */
	if (m->max_pfn > KX_KDUMP_PAGES_MAX)
		return kx_err_set(err, EFBIG, "expected memory below physical address 0x%" PRIx64
				  ", have some up to 0x%" PRIx64, (uint64_t)KX_KDUMP_PAGES_MAX * m->page_size,
				  last);
	return 0;
}

/* The kernel says how large its pages are; QEMU's cores need not say anything. */
static int page_size_of(const struct dump *d, uint64_t *ret, struct kx_err *err)
{
	struct kx_err none;
	uint64_t v = 4096;

	if (kx_vmcoreinfo_u64(d->vmcoreinfo, "PAGESIZE", 10, &v, &none) < 0 &&
	    d->core.machine == KX_ELF_ARM64)
		return kx_err_set(err, ENOENT, "VMCOREINFO: expected PAGESIZE, which arm64 leaves to"
				  " the kernel, have none");
	if (v != 0x1000 && v != 0x4000 && v != 0x10000)
		return kx_err_set(err, EINVAL, "VMCOREINFO: PAGESIZE: expected 4096, 16384 or 65536,"
				  " have %" PRIu64, v);
	*ret = v;
	return 0;
}

int write_map_level(struct write_map *m, unsigned int level, struct kx_err *err)
{
	m->level = level;
	m->total = m->total_kept = m->absent = 0;
	memset(m->kind, 0, sizeof(m->kind));
	memset(m->bucket, 0, sizeof(m->bucket));
	if (!m->knows && level & ~KX_LEVEL_ZERO)
		return kx_err_set(err, ENOENT, "level %u: %s; levels 0 and 1 do not need that", level,
				  m->why ? m->why : "it is not known what pages are used for");
	return 0;
}

int write_map_init(struct write_map *m, struct dump *d, const struct kx_core *core,
		   uint64_t memory, bool whole, struct kx_arena *a, struct kx_err *err)
{
	uint64_t room, all;
	struct kx_err why;
	int r;

	*m = (struct write_map){ .d = d, .core = core, .whole = whole };
	r = page_size_of(d, &m->page_size, err);
	if (r < 0)
		return r;
	r = extent_find(m, core, err);
	if (r < 0)
		return r;
	kx_core_va_init(&m->va, core, kx_contexts_map(&d->notes), d->vmcoreinfo);
	r = kx_pages_init(&m->pages, &m->va, d->vmcoreinfo, a, &why);
	if (r == -ENOMEM)
		return kx_err_set(err, ENOMEM, "%s", why.text);
	m->knows = r == 0;
	m->why = m->knows ? NULL : kx_arena_strdup(a, why.text);
	while ((m->max_pfn - 1) >> m->bucket_shift >= WRITE_BUCKETS)
		m->bucket_shift++;
	/* Two bits for each page. */
	room = memory * 4 / CHUNK_MIN * CHUNK_MIN;
	all = kx_align_up(m->max_pfn, CHUNK_MIN);
	m->room = whole || room > all ? all : room < CHUNK_MIN ? CHUNK_MIN : room;
	m->here = kx_arena_alloc_raw(a, (size_t)(m->room / 8));
	m->kept = kx_arena_alloc_raw(a, (size_t)(m->room / 8));
	if (!m->here || !m->kept)
		return kx_err_set(err, ENOMEM, "no memory for bitmaps of %" PRIu64 " pages", m->room);
	return 0;
}

static void set_bits(uint8_t *map, uint64_t from, uint64_t to)
{
	for (; from < to && from % 8; from++)
		map[from / 8] |= (uint8_t)(1u << from % 8);
	if (to - from >= 8)
		memset(map + from / 8, 0xff, (size_t)((to - from) / 8));
	for (from += (to - from) / 8 * 8; from < to; from++)
		map[from / 8] |= (uint8_t)(1u << from % 8);
}

static void keep(struct write_map *m, uint64_t from, uint64_t to, bool counts)
{
	set_bits(m->kept, from - m->first, to - m->first);
	if (!counts)
		return;
	m->total_kept += to - from;
	while (from < to) {
		uint64_t b = from >> m->bucket_shift, end = (b + 1) << m->bucket_shift;

		end = end < to ? end : to;
		m->bucket[b] += end - from;
		from = end;
	}
}

/* Pages [from, to) are in the core. */
static int classify_run(struct write_map *m, uint64_t from, uint64_t to, bool counts,
		    struct kx_err *err)
{
	while (from < to) {
		struct kx_page_run run = { .end = to * m->page_size, .kind = KX_PAGE_KEPT };
		uint64_t end;
		int r = 0;

		if (m->knows)
			r = kx_pages_next(&m->pages, from * m->page_size, to * m->page_size, &run, err);
		if (r < 0)
			return r;
		end = run.end / m->page_size;
		if (counts)
			m->kind[run.kind] += end - from;
		if (!kx_page_dropped(run.kind, m->level))
			keep(m, from, end, counts);
		from = end;
	}
	return 0;
}

/* Are pages [from, *ret_end), at most @to, in what is read, or were they left out of it? */
static int has_next(struct write_map *m, uint64_t from, uint64_t to, bool *ret, uint64_t *ret_end,
		    struct kx_err *err)
{
	uint64_t size = m->page_size, end;
	int r = dump_has(m->d, from * size, to * size, ret, &end, err);

	if (r < 0)
		return r;
	/* Of a page whose beginning is not like its end there is something. */
	*ret_end = end / size;
	if (*ret_end == from) {
		*ret = true;
		*ret_end = from + 1;
	}
	return 0;
}

/* Memory [from, to). */
static int classify(struct write_map *m, uint64_t from, uint64_t to, bool counts,
		    struct kx_err *err)
{
	int r = 0;

	for (uint64_t end; r == 0 && from < to; from = end) {
		bool has;

		r = has_next(m, from, to, &has, &end, err);
		if (r < 0)
			return r;
		if (has || !m->whole)
			set_bits(m->here, from - m->first, end - m->first);
		if (has)
			r = classify_run(m, from, end, counts, err);
		else if (counts)
			m->absent += end - from;
	}
	return r;
}

bool write_map_empty(const struct write_map *m, uint64_t first)
{
	size_t i = kx_core_span_from(m->core, first * m->page_size);

	return i == m->core->span_count ||
	       m->core->span[i].pa.start / m->page_size >= first + m->room;
}

int write_map_load(struct write_map *m, uint64_t first, bool counts, struct kx_err *err)
{
	uint64_t end, last = first;
	int r = 0;

	m->first = first;
	m->count = m->max_pfn - first < m->room ? m->max_pfn - first : m->room;
	end = first + m->count;
	memset(m->here, 0, (size_t)(m->room / 8));
	memset(m->kept, 0, (size_t)(m->room / 8));
	for (size_t i = kx_core_span_from(m->core, first * m->page_size);
	     r == 0 && last < end && i < m->core->span_count; i++) {
		struct kx_range pa = kx_core_span_held(m->core, &m->core->span[i]);
		uint64_t from = pa.start / m->page_size;
		uint64_t to = pa.end / m->page_size + (pa.end % m->page_size != 0);

		if (from >= end)
			break;
		/* Two spans may share a page. */
		from = from < last ? last : from;
		to = to < end ? to : end;
		if (from >= to || pa.start == pa.end)
			continue;
		last = to;
		m->total += counts ? to - from : 0;
		r = classify(m, from, to, counts, err);
	}
	return r;
}

/* ---- looking things up --------------------------------------------------------------- */

uint64_t write_map_next(const struct write_map *m, uint64_t pfn)
{
	uint64_t i = pfn - m->first;

	while (i < m->count && !write_bit(m->kept, i))
		i += !m->kept[i / 8] ? 8 - i % 8 : 1;
	return m->first + (i < m->count ? i : m->count);
}

uint64_t write_map_part(const struct write_map *m, size_t i, size_t n)
{
	uint64_t want = m->total_kept / n * i, have = 0;
	size_t b = 0;

	if (i == n)
		return m->max_pfn;
	while (i && b < WRITE_BUCKETS && have + m->bucket[b] / 2 < want)
		have += m->bucket[b++];
	have = (uint64_t)b << m->bucket_shift;
	return have < m->max_pfn ? have : m->max_pfn;
}
