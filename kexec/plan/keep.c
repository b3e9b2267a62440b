/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a kernel that is kept in memory is kept: the areas, and the place of each
 * of its pages in them (kx/keep.h; doc/resumable-core.md, "Kept in memory").
 *
 * The areas come from the top of memory: the next kernel wants what is low, for
 * itself, for devices and for a crash kernel of its own.  As the running kernel's
 * pages are there as well, many stay at home; and arm64's allocator hands out what
 * is at the top last, so that the kernel does not find its pages in the areas when
 * it loads them (kimage_alloc_page()).
 *
 * Called by verb-load.c without pages (an estimate), and by sys/keep.c with those
 * of the snapshot.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kx/gic.h"
#include "kx/plan.h"
#include "print.h"

#define MIB		((uint64_t)1 << 20)
#define FOUR_GIB	((uint64_t)1 << 32)

/* Clear of where x86_64 kernels that cannot move have to be, and of 24-bit DMA. */
#define X86_AREA_MIN	(16 * MIB)
/* What purgatory's four levels of page tables map. */
#define X86_AREA_MAX	((uint64_t)1 << 46)
/*
 * What the next kernel has left is this, and a quarter of what is free; on x86_64
 * some of it has to be where 32-bit devices reach it.
 */
#define NEXT_MIN	(192 * MIB)
#define NEXT_QUARTER	4
#define NEXT_LOW_MIN	(128 * MIB)

/* ---- the areas -------------------------------------------------------------------------- */

/*
 * The running kernel's LPI tables: redistributors write there until purgatory stops
 * them, and what was at home in an area would have another digest then.
 */
static int spare_lpis(struct kx_plan *p, struct kx_err *err)
{
	struct kx_gic_tables t;
	struct kx_range r;
	int rc;

	/* None, or not known where. */
	if (kx_gic_tables_parse(p->sources->machine_note, &t, NULL) < 0)
		return 0;
	r = (struct kx_range){ t.prop_pa, t.prop_pa + PURG_LPI_PROP_LEN };
	rc = kx_space_remove(&p->space, r, err);
	for (uint32_t i = 0; i < t.count && rc == 0; i++) {
		r = (struct kx_range){ t.v[i].pend_pa, t.v[i].pend_pa + PURG_LPI_PEND_LEN };
		rc = kx_space_remove(&p->space, r, err);
	}
	return rc;
}

/* All that is free, whatever --mem-min and --mem-max say: the next kernel has it all. */
static int free_memory(const struct kx_request *req, const struct kx_sources *src,
		       struct kx_arena *a, const struct kx_space **ret, struct kx_err *err)
{
	struct kx_request *all = kx_arena_alloc(a, sizeof(*all));
	struct kx_plan *p = kx_arena_alloc(a, sizeof(*p));
	int rc;

	if (!all || !p)
		return kx_err_set(err, ENOMEM, "out of memory");
	*all = *req;
	all->mem_min = 0;
	all->mem_max = UINT64_MAX;
	*p = (struct kx_plan){ .arena = a, .request = all, .sources = src };
	rc = kx_plan_space(p, err);
	if (rc == 0)
		rc = spare_lpis(p, err);
	if (rc < 0)
		return rc;
	*ret = &p->space;
	return 0;
}

static uint64_t free_below(const struct kx_space *s, uint64_t end)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->n && s->v[i].r.start < end; i++)
		sum += (s->v[i].r.end < end ? s->v[i].r.end : end) - s->v[i].r.start;
	return sum;
}

/* What areas may be in, from the top down.  What may be hot-removed is nothing to rely on. */
static size_t candidates(const struct kx_request *req, const struct kx_sources *src,
			 const struct kx_space *s, struct kx_range *ret)
{
	const bool x86 = src->machine == KX_MACHINE_X86_64;
	uint64_t min = x86 ? X86_AREA_MIN : 0, max = x86 ? X86_AREA_MAX : UINT64_MAX;
	size_t n = 0;

	if (min < req->mem_min)
		min = req->mem_min;
	if (req->mem_max < max)
		max = req->mem_max + 1;
	for (size_t i = s->n; i-- > 0;) {
		struct kx_range r = s->v[i].r;

		if (r.start < min)
			r.start = min;
		if (r.end > max)
			r.end = max;
		if (s->v[i].removable || r.start >= r.end)
			continue;
		r = kx_range_shrink(r, KX_KEEP_ALIGN);
		if (!kx_range_empty(r))
			ret[n++] = r;
	}
	return n;
}

/* The sum of the @count largest of @v. */
static uint64_t largest_sum(const struct kx_range *v, size_t n, size_t count)
{
	uint64_t top[KX_KEEP_AREAS_MAX] = { 0 }, sum = 0;

	for (size_t i = 0; i < n && count; i++) {
		uint64_t len = kx_range_len(v[i]);

		/* top[] descends. */
		for (size_t j = 0; j < count && len; j++)
			if (len > top[j]) {
				uint64_t less = top[j];

				top[j] = len;
				len = less;
			}
	}
	for (size_t j = 0; j < count; j++)
		sum += top[j];
	return sum;
}

/*
 * @need bytes from the highest of @v that will do: one that is shorter than @min is
 * passed over, and so is one without which the areas that remain could not hold the
 * rest.  Descending.
 */
static bool pick(const struct kx_range *v, size_t n, uint64_t min, uint64_t need,
		 struct kx_range area[KX_KEEP_AREAS_MAX], size_t *ret_count)
{
	size_t count = 0;

	for (size_t i = 0; i < n && need; i++) {
		uint64_t len = kx_range_len(v[i]), take = len < need ? len : need;

		if (len < min && len < need)
			continue;
		if (take < need &&
		    largest_sum(v + i + 1, n - i - 1, KX_KEEP_AREAS_MAX - count - 1) < need - take)
			continue;
		area[count++] = (struct kx_range){ v[i].end - take, v[i].end };
		need -= take;
	}
	*ret_count = count;
	return !need;
}

static int no_room(const struct kx_request *req, const struct kx_range *v, size_t n, uint64_t need,
		   struct kx_err *err)
{
	char want[KX_SIZE_TEXT], have[KX_SIZE_TEXT];

	kx_size_text(need, want);
	kx_size_text(largest_sum(v, n, KX_KEEP_AREAS_MAX), have);
	kx_err_set(err, ENOSPC,
		   "this kernel needs %s to be kept in, and the %d largest pieces of free memory have %s",
		   want, KX_KEEP_AREAS_MAX, have);
	if (req->mem_min || req->mem_max != UINT64_MAX)
		kx_err_wrap(err, "between --mem-min=0x%" PRIx64 " and --mem-max=0x%" PRIx64,
			    req->mem_min, req->mem_max);
	return -ENOSPC;
}

/* Is there enough left to boot in? */
static int check_rest(const struct kx_sources *src, const struct kx_space *s,
		      const struct kx_keep *keep, uint64_t need, struct kx_err *err)
{
	uint64_t all = free_below(s, UINT64_MAX), low = free_below(s, FOUR_GIB);
	uint64_t least = all / NEXT_QUARTER > NEXT_MIN ? all / NEXT_QUARTER : NEXT_MIN;
	char kept[KX_SIZE_TEXT], left[KX_SIZE_TEXT], want[KX_SIZE_TEXT];
	const char *where = "";

	for (size_t i = 0; i < keep->area_count; i++)
		if (keep->area[i].start < FOUR_GIB)
			low -= kx_range_len(keep->area[i]);
	all -= need;
	if (all >= least && (src->machine != KX_MACHINE_X86_64 || low >= NEXT_LOW_MIN))
		return 0;
	if (all >= least) {
		all = low;
		least = NEXT_LOW_MIN;
		where = " below 4 GiB";
	}
	return kx_err_set(err, ENOSPC,
			  "this kernel needs %s to be kept in, which leaves %s%s for the next one, and that needs %s",
			  kx_size_text(need, kept), kx_size_text(all, left), where,
			  kx_size_text(least, want));
}

/*
 * As few small ones as possible: each is a segment, and there are 16 in all.  Smaller
 * ones if there is no other way, or if low memory is spared that way.
 */
static int choose_areas(const struct kx_request *req, const struct kx_sources *src, uint64_t need,
			struct kx_arena *a, struct kx_keep *keep, struct kx_err *err)
{
	static const uint64_t parts[] = { 32, 256, UINT64_MAX };
	struct kx_range area[KX_KEEP_AREAS_MAX], *v;
	const struct kx_space *s = NULL;
	size_t n;
	int rc;

	rc = free_memory(req, src, a, &s, err);
	if (rc < 0)
		return rc;
	v = kx_arena_alloc(a, (s->n + 1) * sizeof(*v));
	if (!v)
		return kx_err_set(err, ENOMEM, "out of memory");
	n = candidates(req, src, s, v);
	rc = -ENODATA;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && rc < 0; i++) {
		size_t count;

		if (!pick(v, n, need / parts[i], need, area, &count))
			continue;
		for (size_t j = 0; j < count; j++)
			keep->area[j] = area[count - 1 - j];
		keep->area_count = count;
		rc = check_rest(src, s, keep, need, err);
	}
	return rc == -ENODATA ? no_room(req, v, n, need, err) : rc;
}

/* ---- the pages ------------------------------------------------------------------------- */

struct runs {
	struct kx_arena *arena;
	struct context_run *v;
	size_t n, cap;
	uint64_t page_size;
};

/* [@home, +@len) is kept at @at. */
static int run_add(struct runs *o, uint64_t home, uint64_t at, uint64_t len, struct kx_err *err)
{
	struct context_run *last = o->n ? &o->v[o->n - 1] : NULL;
	uint64_t pages = len / o->page_size;

	if (last && last->dst_pa + last->pages * o->page_size == home &&
	    last->src_pa + last->pages * o->page_size == at) {
		last->pages += pages;
		return 0;
	}
	if (o->n == o->cap) {
		size_t cap = o->cap ? 2 * o->cap : 1024;
		struct context_run *v = kx_arena_resize_raw(o->arena, o->v, cap * sizeof(*v));

		if (!v)
			return kx_err_set(err, ENOMEM, "no memory for %zu runs of pages", cap);
		o->v = v;
		o->cap = cap;
	}
	o->v[o->n++] = (struct context_run){ .dst_pa = home, .src_pa = at, .pages = pages };
	return 0;
}

/* The pages that have a home, and the places that are left of the areas, both ascending. */
struct move {
	const struct kx_keep *keep;
	const struct kx_snapshot_run *run;
	size_t run_count;
	struct kx_range *gap;
	size_t gap_count;
	size_t at;			/* the gap that is filled next */
};

static struct kx_range home_of(const struct kx_snapshot_run *r, uint64_t page_size)
{
	return (struct kx_range){ r->pa, r->pa + r->pages * page_size };
}

/* What of the areas is nobody's home. */
static int find_gaps(struct move *m, struct kx_arena *a, struct kx_err *err)
{
	const struct kx_keep *keep = m->keep;
	size_t r = 0;

	m->gap = kx_arena_alloc_raw(a, (m->run_count + keep->area_count) * sizeof(*m->gap));
	if (!m->gap)
		return kx_err_set(err, ENOMEM, "no memory for %zu runs of pages", m->run_count);
	for (size_t i = 0; i < keep->area_count; i++) {
		uint64_t at = keep->area[i].start, end = keep->area[i].end;

		while (at < end) {
			struct kx_range home = { end, end };

			if (r < m->run_count)
				home = home_of(&m->run[r], keep->page_size);
			if (home.end <= at) {
				r++;
				continue;
			}
			if (home.start > at)
				m->gap[m->gap_count++] = (struct kx_range){
					at, home.start < end ? home.start : end,
				};
			at = home.end;
		}
	}
	return 0;
}

/* [@pa, @end) is outside the areas: into what is left of them. */
static int move_away(struct move *m, struct runs *o, uint64_t pa, uint64_t end, struct kx_err *err)
{
	int rc = 0;

	while (pa < end && rc == 0) {
		struct kx_range *gap = &m->gap[m->at];
		uint64_t len = end - pa;

		if (len > kx_range_len(*gap))
			len = kx_range_len(*gap);
		rc = run_add(o, pa, gap->start, len, err);
		pa += len;
		gap->start += len;
		if (kx_range_empty(*gap))
			m->at++;
	}
	return rc;
}

/* Each run, cut where an area begins or ends. */
static int place_all(struct move *m, struct runs *o, struct kx_err *err)
{
	const struct kx_keep *keep = m->keep;
	size_t i = 0;
	int rc = 0;

	for (size_t r = 0; r < m->run_count && rc == 0; r++) {
		struct kx_range home = home_of(&m->run[r], keep->page_size);

		while (home.start < home.end && rc == 0) {
			struct kx_range area = { UINT64_MAX, UINT64_MAX };
			uint64_t end = home.end;

			if (i < keep->area_count)
				area = keep->area[i];
			if (area.end <= home.start) {
				i++;
				continue;
			}
			if (area.start > home.start) {
				end = end < area.start ? end : area.start;
				rc = move_away(m, o, home.start, end, err);
			} else {
				end = end < area.end ? end : area.end;
				rc = run_add(o, home.start, home.start, end - home.start, err);
			}
			home.start = end;
		}
	}
	return rc;
}

/* The areas have room for all of them, and no place is taken twice, only if this is so. */
static int check_runs(const struct kx_snapshot_run *run, size_t n, uint64_t page_size,
		      uint64_t page_count, struct kx_err *err)
{
	uint64_t at = 0, sum = 0;

	for (size_t i = 0; i < n; i++) {
		struct kx_range r;

		if (run[i].pa < at || run[i].pa % page_size || !run[i].pages ||
		    !kx_range_make(run[i].pa, run[i].pages * page_size, &r))
			return kx_err_set(err, EINVAL,
					  "snapshot: run %zu of its pages, at 0x%" PRIx64
					  ": expected whole pages above 0x%" PRIx64, i, run[i].pa, at);
		at = r.end;
		sum += run[i].pages;
	}
	if (sum != page_count)
		return kx_err_set(err, EINVAL,
				  "snapshot: expected 0x%" PRIx64 " pages in its runs, have 0x%" PRIx64,
				  page_count, sum);
	return 0;
}

static int choose_places(struct kx_keep *keep, const struct kx_snapshot_run *run, size_t run_count,
			 struct kx_arena *a, struct kx_err *err)
{
	struct move m = { .keep = keep, .run = run, .run_count = run_count };
	struct runs o = { .arena = a, .page_size = keep->page_size };
	int rc;

	rc = find_gaps(&m, a, err);
	if (rc == 0)
		rc = place_all(&m, &o, err);
	if (rc < 0)
		return rc;
	kx_arena_release(a, m.gap);
	keep->run = o.v;
	keep->run_count = o.n;
	return 0;
}

int kx_keep_choose(const struct kx_request *req, const struct kx_sources *src,
		   const struct kx_snapshot_run *run, size_t run_count, uint64_t page_size,
		   uint64_t page_count, struct kx_arena *a, struct kx_keep *ret,
		   struct kx_err *err)
{
	struct kx_keep keep = *ret;
	uint64_t need;
	int rc = 0;

	if (!page_count || !page_size || KX_KEEP_ALIGN % page_size ||
	    __builtin_mul_overflow(page_count, page_size, &need) ||
	    need > UINT64_MAX - KX_KEEP_ALIGN)
		return kx_err_set(err, EINVAL, "cannot keep 0x%" PRIx64 " pages of 0x%" PRIx64 " bytes",
				  page_count, page_size);
	keep.page_size = page_size;
	keep.page_count = page_count;
	keep.run = NULL;
	keep.run_count = 0;
	if (run)
		rc = check_runs(run, run_count, page_size, page_count, err);
	if (rc == 0)
		rc = choose_areas(req, src, kx_align_up(need, KX_KEEP_ALIGN), a, &keep, err);
	if (rc == 0 && run)
		rc = choose_places(&keep, run, run_count, a, err);
	if (rc < 0)
		return rc;
	*ret = keep;
	return 0;
}

uint8_t *kx_keep_at(const struct kx_keep *keep, uint64_t src_pa)
{
	for (size_t i = 0; i < keep->area_count; i++) {
		const struct kx_bytes *b = &keep->bytes[i];
		uint64_t off = src_pa - keep->area[i].start;

		/* Who fills it owns it: what only reads sees it as constant. */
		if (src_pa >= keep->area[i].start && b->data && off < b->len)
			return (uint8_t *)(uintptr_t)b->data + off;
	}
	return NULL;
}
