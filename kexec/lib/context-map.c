// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backup map, and a sleeping kernel's memory read through it: what the next
 * kernel's memory took the place of is in backup pages elsewhere
 * (doc/resumable-core.md).  Called by context.c and vmcore-dump.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "kx/context.h"

#define FIELD(name)	offsetof(struct context_map, name)

void kx_context_map_blank(uint8_t *desc, uint64_t page_size)
{
	kx_put_le32(desc + FIELD(version), CONTEXT_NOTE_VERSION);
	kx_put_le64(desc + FIELD(page_size), page_size);
}

static int compare_runs(const void *x, const void *y)
{
	const struct context_run *a = x, *b = y;

	return (a->dst_pa > b->dst_pa) - (a->dst_pa < b->dst_pa);
}

static uint64_t run_len(const struct kx_context_map *m, const struct context_run *r)
{
	return r->pages * m->page_size;
}

static int run_check(const struct kx_context_map *m, const struct context_run *r, size_t i,
		     struct kx_err *err)
{
	struct kx_range range;
	uint64_t len;

	if (!r->pages || __builtin_mul_overflow(r->pages, m->page_size, &len) ||
	    !kx_range_make(r->dst_pa, len, &range) || !kx_range_make(r->src_pa, len, &range))
		return kx_err_set(err, ENOEXEC, "run %zu: expected pages that end below 2^64, have"
				  " 0x%" PRIx64 " of them at 0x%" PRIx64 " and 0x%" PRIx64, i,
				  r->pages, r->dst_pa, r->src_pa);
	if ((r->dst_pa | r->src_pa) & (m->page_size - 1))
		return kx_err_set(err, ENOEXEC, "run %zu: expected addresses of pages, have 0x%"
				  PRIx64 " and 0x%" PRIx64, i, r->dst_pa, r->src_pa);
	return 0;
}

/* Sorted and disjoint: a page has one backup. */
static int runs_check(const struct kx_context_map *m, struct kx_err *err)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < m->run_count; i++) {
		const struct context_run *r = &m->run[i];

		/* Each is below 2^52, and disjoint ones are together. */
		pages += r->pages;
		if (i && r->dst_pa - r[-1].dst_pa < run_len(m, &r[-1]))
			return kx_err_set(err, ENOEXEC, "runs: expected apart, have 0x%" PRIx64
					  " pages at 0x%" PRIx64 " and a run at 0x%" PRIx64,
					  r[-1].pages, r[-1].dst_pa, r->dst_pa);
	}
	if (m->status == CONTEXT_CUT ? pages > m->page_count : pages != m->page_count)
		return kx_err_set(err, ENOEXEC, "page count: expected 0x%" PRIx64 ", as the runs"
				  " have, have 0x%" PRIx64, pages, m->page_count);
	return 0;
}

static int runs_read(struct kx_rd *rd, uint64_t count, struct kx_arena *a,
		     struct kx_context_map *m, struct kx_err *err)
{
	int r;

	if (!count)
		return runs_check(m, err);
	m->run = kx_arena_alloc(a, (size_t)count * sizeof(*m->run));
	if (!m->run)
		return kx_err_set(err, ENOMEM, "no memory for %" PRIu64 " runs", count);
	for (; m->run_count < count; m->run_count++) {
		struct context_run *run = &m->run[m->run_count];

		run->dst_pa = kx_rd_u64(rd);
		run->src_pa = kx_rd_u64(rd);
		run->pages = kx_rd_u64(rd);
		r = run_check(m, run, m->run_count, err);
		if (r < 0)
			return r;
	}
	qsort(m->run, m->run_count, sizeof(*m->run), compare_runs);
	return runs_check(m, err);
}

static int head_check(const struct kx_context_map *m, uint32_t version, uint32_t status,
		      uint64_t count, uint64_t reserved, struct kx_err *err)
{
	if (version != CONTEXT_NOTE_VERSION)
		return kx_err_set(err, EOPNOTSUPP, "version: expected %u, have %" PRIu32,
				  CONTEXT_NOTE_VERSION, version);
	if (status > CONTEXT_UNKNOWN)
		return kx_err_set(err, ENOEXEC, "status: expected 0 to %u, have %" PRIu32,
				  CONTEXT_UNKNOWN, status);
	if (m->page_size != 0x1000 && m->page_size != 0x4000 && m->page_size != 0x10000)
		return kx_err_set(err, ENOEXEC, "page size: expected 0x1000, 0x4000 or 0x10000,"
				  " have 0x%" PRIx64, m->page_size);
	if (count > m->capacity)
		return kx_err_set(err, ENOEXEC, "run count: expected at most %" PRIu64 ", have %"
				  PRIu64, m->capacity, count);
	if (reserved)
		return kx_err_set(err, ENOEXEC, "reserved: expected 0, have 0x%" PRIx64, reserved);
	if (count && (status == CONTEXT_BLANK || status == CONTEXT_UNKNOWN))
		return kx_err_set(err, ENOEXEC, "run count: expected 0 with status %" PRIu32
				  ", have %" PRIu64, status, count);
	return 0;
}

int kx_context_map_parse(struct kx_bytes b, struct kx_arena *a, struct kx_context_map *ret,
			 struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make(b, KX_LE);
	struct kx_context_map m = { .run = NULL };
	uint32_t version, status;
	uint64_t count, reserved;
	int r;

	if (b.len < KX_CONTEXT_MAP_LEN)
		return kx_err_set(err, ENOEXEC, "descsz: expected at least %u, have %zu",
				  KX_CONTEXT_MAP_LEN, b.len);
	version = kx_rd_u32(&rd);
	status = kx_rd_u32(&rd);
	m.page_size = kx_rd_u64(&rd);
	count = kx_rd_u64(&rd);
	m.page_count = kx_rd_u64(&rd);
	m.list_head = kx_rd_u64(&rd);
	reserved = kx_rd_u64(&rd);
	m.capacity = (b.len - KX_CONTEXT_MAP_LEN) / KX_CONTEXT_RUN_LEN;
	r = head_check(&m, version, status, count, reserved, err);
	if (r < 0)
		return r;
	m.status = status;
	r = runs_read(&rd, count, a, &m, err);
	if (r == 0)
		*ret = m;
	return r;
}

/* ---- memory through the map --------------------------------------------------- */

/* The first run that ends behind @pa; NULL if none does. */
static const struct context_run *run_from(const struct kx_context_map *m, uint64_t pa)
{
	size_t low = 0, high = m->run_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (m->run[mid].dst_pa + run_len(m, &m->run[mid]) <= pa)
			low = mid + 1;
		else
			high = mid;
	}
	return low < m->run_count ? &m->run[low] : NULL;
}

int kx_context_memory_read(const struct kx_core *c, const struct kx_context_map *map, uint64_t pa,
			   void *to, size_t len, struct kx_err *err)
{
	uint8_t *p = to;

	while (len) {
		const struct context_run *run = map ? run_from(map, pa) : NULL;
		uint64_t at = pa, n = len;
		int r;

		if (run && run->dst_pa <= pa) {
			at = run->src_pa + (pa - run->dst_pa);
			n = run->dst_pa + run_len(map, run) - pa;
		} else if (run) {
			n = run->dst_pa - pa;
		}
		if (n > len)
			n = len;
		r = kx_core_read(c, at, p, (size_t)n, err);
		if (r < 0) {
			if (at != pa)
				kx_err_wrap(err, "backup of 0x%" PRIx64, pa);
			return r;
		}
		p += n;
		pa += n;
		len -= (size_t)n;
	}
	return 0;
}
