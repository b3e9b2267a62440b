// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel that is kept in memory (kx/keep.h), from the notes in /proc/vmcore: its
 * map says of every page where its home is and where it is kept, INTEGRITY which
 * areas these are (doc/resumable-core.md, "Kept in memory").
 *
 * Purgatory will write where the map says, so nothing of it is taken on trust but
 * that these addresses are memory, which plan/put-back.c knows.
 * Called by sys/sources-peer.c and vmcore-dump.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kx/keep.h"
#include "kx/saved.h"

#define NOTE	"note " CONTEXT_NOTE_NAME " "

/* struct saved_record counts pages with 32 bits: runs are cut at this many. */
#define RECORD_PAGES	(1ULL << 31)

static struct kx_range run_source(const struct kx_context_map *m, const struct context_run *r)
{
	return (struct kx_range){ r->src_pa, r->src_pa + r->pages * m->page_size };
}

static struct kx_range run_home(const struct kx_context_map *m, const struct context_run *r)
{
	return (struct kx_range){ r->dst_pa, r->dst_pa + r->pages * m->page_size };
}

/* ---- what has to be there -------------------------------------------------------- */

static int check_context(const struct kx_core *core, const struct kx_context *c, struct kx_err *err)
{
	if (c->machine != core->machine)
		return kx_err_set(err, ENOEXEC, NOTE "CONTEXT: machine: expected that of the ELF"
				  " header, %u, have %u", core->machine, c->machine);
	if (c->entry_kind != CONTEXT_ENTRY_RESTORE_X86_64 &&
	    c->entry_kind != CONTEXT_ENTRY_RESUME_ARM64)
		return kx_err_set(err, ENOEXEC, NOTE "CONTEXT: entry kind: expected 2 or 3 of a kernel"
				  " that is kept in memory, have %u", c->entry_kind);
	if (!c->filled || !c->entry)
		return kx_err_set(err, ENOEXEC, NOTE "CONTEXT: entry: expected an address, have none");
	return 0;
}

static int check_map(const struct kx_contexts *n, struct kx_err *err)
{
	const struct kx_context_map *m = &n->map;

	if (!n->has_map)
		return kx_err_set(err, ENOEXEC, "expected a " NOTE "MAP, have none");
	if (m->status != CONTEXT_FILLED)
		return kx_err_set(err, ENOEXEC, NOTE "MAP: status: expected 1, have %u", m->status);
	if (m->page_size != n->context.page_size)
		return kx_err_set(err, ENOEXEC, NOTE "MAP: page size: expected the kernel's, 0x%" PRIx64
				  ", have 0x%" PRIx64, n->context.page_size, m->page_size);
	if (!m->run_count)
		return kx_err_set(err, ENOEXEC, NOTE "MAP: run count: expected 1 or more, have 0");
	return 0;
}

/* ---- the areas ----------------------------------------------------------------------- */

/* Room for all that a kernel that is kept may have. */
struct areas {
	struct kx_range r[KX_KEEP_AREAS_MAX];
	uint8_t sha256[KX_KEEP_AREAS_MAX][32];
	size_t n;
	bool has_sha256;
};

static int areas_read(const struct kx_context_integrity *g, struct areas *areas, struct kx_err *err)
{
	if (g->digest != CONTEXT_DIGEST_SHA256)
		return kx_err_set(err, EOPNOTSUPP, NOTE "INTEGRITY: digest: expected 1 (SHA-256), have %u",
				  g->digest);
	if (!g->chunk_count || g->chunk_count > KX_KEEP_AREAS_MAX)
		return kx_err_set(err, ENOEXEC, NOTE "INTEGRITY: chunk count: expected 1 to %u areas, have"
				  " %zu", KX_KEEP_AREAS_MAX, g->chunk_count);
	for (size_t i = 0; i < g->chunk_count; i++) {
		const struct kx_context_chunk *c = &g->chunk[i];

		if ((c->pa.start | c->pa.end) % KX_KEEP_ALIGN)
			return kx_err_set(err, ENOEXEC, NOTE "INTEGRITY: chunk %zu: expected a whole area of"
					  " 0x%x bytes each, have [0x%" PRIx64 "-0x%" PRIx64 ")", i,
					  KX_KEEP_ALIGN, c->pa.start, c->pa.end);
		areas->r[i] = c->pa;
		memcpy(areas->sha256[i], c->digest.data, sizeof(areas->sha256[i]));
	}
	areas->n = g->chunk_count;
	areas->has_sha256 = true;
	return 0;
}

/* Without that note: what the pages lie in.  @by_source ascends. */
static int areas_derive(const struct kx_context_map *m, const struct context_run *by_source,
			struct areas *areas, struct kx_err *err)
{
	for (size_t i = 0; i < m->run_count; i++) {
		struct kx_range r = kx_range_grow(run_source(m, &by_source[i]), KX_KEEP_ALIGN);
		struct kx_range *last = areas->n ? &areas->r[areas->n - 1] : NULL;

		if (last && r.start <= last->end) {
			last->end = r.end > last->end ? r.end : last->end;
			continue;
		}
		if (areas->n == KX_KEEP_AREAS_MAX)
			return kx_err_set(err, ENOEXEC, NOTE "MAP: expected pages in at most %u areas, have"
					  " more", KX_KEEP_AREAS_MAX);
		areas->r[areas->n++] = r;
	}
	return 0;
}

static bool in_area(const struct areas *areas, struct kx_range r)
{
	for (size_t i = 0; i < areas->n; i++)
		if (kx_range_contains(areas->r[i], r))
			return true;
	return false;
}

static bool touches_area(const struct areas *areas, struct kx_range r)
{
	for (size_t i = 0; i < areas->n; i++)
		if (kx_range_overlaps(areas->r[i], r))
			return true;
	return false;
}

/* ---- the runs -------------------------------------------------------------------------- */

static int compare_sources(const void *x, const void *y)
{
	const struct context_run *a = x, *b = y;

	return (a->src_pa > b->src_pa) - (a->src_pa < b->src_pa);
}

/*
 * Each page is in an area, each place has one page, and none that is the home of
 * another: so putting them back is moves in any order, and none writes to an area.
 * (That homes do not overlap was seen when the map was read.)
 */
static int check_runs(const struct kx_context_map *m, const struct context_run *by_source,
		      const struct areas *areas, struct kx_err *err)
{
	for (size_t i = 0; i < m->run_count; i++) {
		const struct context_run *r = &by_source[i];
		struct kx_range source = run_source(m, r);

		if (!in_area(areas, source))
			return kx_err_set(err, ENOEXEC, NOTE "MAP: expected all of [0x%" PRIx64 "-0x%" PRIx64
					  ") to be in an area, have it elsewhere", source.start, source.end);
		if (i && run_source(m, &r[-1]).end > source.start)
			return kx_err_set(err, ENOEXEC, NOTE "MAP: expected one page at 0x%" PRIx64 ", have"
					  " two that are kept there", source.start);
		if (r->dst_pa != r->src_pa && touches_area(areas, run_home(m, r)))
			return kx_err_set(err, ENOEXEC, NOTE "MAP: expected pages whose home is in an area to"
					  " be kept there, have [0x%" PRIx64 "-0x%" PRIx64 ") at 0x%" PRIx64,
					  run_home(m, r).start, run_home(m, r).end, r->src_pa);
	}
	return 0;
}

static int check_all(const struct kx_contexts *n, struct kx_arena *a, struct areas *areas,
		     struct kx_err *err)
{
	const struct kx_context_map *m = &n->map;
	struct context_run *by_source = kx_arena_alloc_raw(a, m->run_count * sizeof(*by_source));
	int r;

	if (!by_source)
		return kx_err_set(err, ENOMEM, "no memory for %zu runs", m->run_count);
	memcpy(by_source, m->run, m->run_count * sizeof(*by_source));
	qsort(by_source, m->run_count, sizeof(*by_source), compare_sources);
	r = n->has_integrity ? areas_read(&n->integrity, areas, err) :
			       areas_derive(m, by_source, areas, err);
	if (r == 0)
		r = check_runs(m, by_source, areas, err);
	kx_arena_release(a, by_source);
	return r;
}

/* ---- as a saved core ------------------------------------------------------------------- */

/* A run may be more records; @to NULL: only count them. */
static size_t add_run(const struct kx_context_map *m, const struct context_run *r,
		      struct saved_record *to, uint64_t *kept)
{
	size_t n = 0;

	for (uint64_t done = 0, part; done < r->pages; done += part) {
		part = r->pages - done < RECORD_PAGES ? r->pages - done : RECORD_PAGES;
		if (to) {
			to[n] = (struct saved_record){ r->dst_pa + done * m->page_size,
						       (uint32_t)part, 0 };
			kept[n] = r->src_pa + done * m->page_size;
		}
		n++;
	}
	return n;
}

static int add_records(struct kx_saved *s, const struct kx_context_map *m, struct kx_arena *a,
		       struct kx_err *err)
{
	size_t n = 0, i = 0;
	uint64_t *kept;

	for (size_t k = 0; k < m->run_count; k++)
		n += add_run(m, &m->run[k], NULL, NULL);
	s->record = kx_arena_alloc_raw(a, n * sizeof(*s->record));
	kept = kx_arena_alloc_raw(a, n * sizeof(*kept));
	if (!s->record || !kept)
		return kx_err_set(err, ENOMEM, "no memory for %zu records", n);
	for (size_t k = 0; k < m->run_count; k++)
		i += add_run(m, &m->run[k], &s->record[i], &kept[i]);
	s->kept_pa = kept;
	s->head.record_count = n;
	s->head.page_count = m->page_count;
	return 0;
}

int kx_saved_kept(const struct kx_core *core, const struct kx_contexts *notes, struct kx_arena *a,
		  struct kx_saved *ret, struct kx_err *err)
{
	struct kx_saved s = { .core = *core, .contexts = *notes, .head.codec = KX_SAVED_RAW };
	struct areas *areas;
	int r;

	if (!notes->has_context || notes->context.source != CONTEXT_SOURCE_SNAPSHOT)
		return kx_err_set(err, ENOENT, "no note of a kernel that is kept in memory");
	areas = kx_arena_alloc(a, sizeof(*areas));
	if (!areas)
		return kx_err_set(err, ENOMEM, "out of memory");
	r = check_context(core, &notes->context, err);
	if (r == 0)
		r = check_map(notes, err);
	if (r == 0)
		r = kx_saved_notes(&s, err);
	if (r == 0)
		r = check_all(notes, a, areas, err);
	if (r == 0)
		r = add_records(&s, &notes->map, a, err);
	if (r < 0)
		return r;
	s.core.file = (struct kx_core_file){ .read = NULL };
	s.kept_area = areas->r;
	s.kept_area_count = areas->n;
	s.kept_sha256 = areas->has_sha256 ? (const uint8_t (*)[32])areas->sha256 : NULL;
	*ret = s;
	return 0;
}
