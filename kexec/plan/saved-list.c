/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What purgatory does to bring a saved core back: the unpack list, level by level
 * (saved-place.c), and the homes, the ranges that it may write to.
 * Called by saved.c and put-back.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "saved.h"

/* ---- the list -------------------------------------------------------------------- */

static struct purg_unpack record_unpack(const struct saved_job *j, size_t i, uint64_t src_pa)
{
	struct kx_range r = saved_record_range(j, i);
	struct purg_unpack u = {
		.src_pa = src_pa, .src_len = j->stored[i],
		.dst_pa = r.start, .dst_len = kx_range_len(r),
		.codec = PURG_CODEC_LZ4,
	};

	if (!u.src_len) {
		u.src_pa = 0;
		u.codec = PURG_CODEC_ZERO;
	} else if (u.src_len == u.dst_len) {
		u.codec = PURG_CODEC_RAW;
	}
	return u;
}

/* Does @u go on where @last ends?  An LZ4 block stands for itself. */
static bool goes_on(const struct purg_unpack *last, const struct purg_unpack *u)
{
	if (last->codec != u->codec || last->dst_pa + last->dst_len != u->dst_pa)
		return false;
	return u->codec == PURG_CODEC_ZERO ||
	       (u->codec == PURG_CODEC_RAW && last->src_pa + last->src_len == u->src_pa);
}

/*
 * The records of @piece, behind the @n that are in @list (NULL: only count them).
 * Records of two pieces are never one: they may be of two levels, or apart.
 */
static size_t add_piece(const struct saved_job *j, const struct saved_piece *piece,
			struct purg_unpack *list, size_t n)
{
	struct purg_unpack last = { .dst_len = 0 };
	uint64_t pa = piece->pa;

	for (size_t i = piece->first; i < piece->first + piece->count; i++) {
		struct purg_unpack u = record_unpack(j, i, pa);

		pa += j->stored[i];
		if (last.dst_len && goes_on(&last, &u)) {
			u.src_pa = last.src_pa;
			u.src_len += last.src_len;
			u.dst_pa = last.dst_pa;
			u.dst_len += last.dst_len;
			n--;
		}
		last = u;
		if (list)
			list[n] = u;
		n++;
	}
	return n;
}

size_t saved_list_max(const struct saved_job *j)
{
	size_t n = 0;

	for (size_t i = 0; i < j->piece_count; i++)
		n = add_piece(j, &j->piece[i], NULL, n);
	return n;
}

int saved_place_list(struct saved_job *j, struct kx_err *err)
{
	struct kx_plan *p = j->p;
	int rc;

	p->param.unpack_pa = j->list.start;
	/* It was kept from the pages. */
	rc = kx_space_add(&p->space, j->list, err);
	if (rc < 0)
		return rc;
	return kx_plan_place_at(p, "unpack list", j->list,
				(struct kx_bytes){ (const uint8_t *)p->unpack,
						   p->unpack_count * sizeof(*p->unpack) +
						   p->part_count * sizeof(*p->part) },
				"what purgatory does; smallest room that the core leaves", err);
}

static int build_list(struct saved_job *j, struct kx_err *err)
{
	size_t n = 0, max = saved_list_max(j), levels = 1;
	struct kx_plan *p = j->p;
	int rc;

	/* Room for one, so that a core without pages has a list, too. */
	p->unpack = kx_arena_alloc_raw(p->arena, (max + 1) * sizeof(*p->unpack) +
				       saved_parts_max(j) * sizeof(*p->part));
	if (!p->unpack)
		return kx_err_set(err, ENOMEM, "no memory for %zu unpack records", max);
	for (size_t level = 0; level < levels; level++)
		for (size_t i = 0; i < j->piece_count; i++) {
			if (j->piece[i].level == level)
				n = add_piece(j, &j->piece[i], p->unpack, n);
			else if (j->piece[i].level >= levels)
				levels = j->piece[i].level + 1;
		}
	p->unpack_count = n;
	rc = saved_parts(j, err);
	return rc < 0 ? rc : saved_place_list(j, err);
}

/* ---- homes ------------------------------------------------------------------------- */

/* May a home reach from one run to the next, over @gap? */
static bool may_bridge(const struct saved_job *j, struct kx_range gap)
{
	const struct kx_plan *p = j->p;

	if (kx_range_overlaps(gap, j->purgatory))
		return false;
	for (size_t i = 0; i < p->segment_count; i++)
		if (!p->segment[i].written && kx_range_overlaps(gap, p->segment[i].range))
			return false;
	for (size_t i = 0; i < j->core->kept_area_count; i++)
		if (kx_range_overlaps(gap, j->core->kept_area[i]))
			return false;
	return kx_space_contains(&j->ram, gap);
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x < y) - (x > y);
}

/*
 * Gaps longer than what is returned end a home, so that at most @max homes
 * are left: purgatory maps homes, and cleans them by cache line, so large ranges
 * without a page are best left out.  *ret_forced: gaps that no home may reach over.
 */
static int longest_gaps(const struct saved_job *j, size_t max, uint64_t *ret, size_t *ret_forced,
			struct kx_err *err)
{
	uint64_t *gap = kx_arena_alloc_raw(j->p->arena, (j->written_count + 1) * sizeof(*gap));
	size_t n = 0, forced = 0;

	if (!gap)
		return kx_err_set(err, ENOMEM, "out of memory");
	for (size_t i = 1; i < j->written_count; i++) {
		struct kx_range r = { j->written[i - 1].end, j->written[i].start };

		if (may_bridge(j, r))
			gap[n++] = kx_range_len(r);
		else
			forced++;
	}
	qsort(gap, n, sizeof(*gap), compare_u64);
	*ret_forced = forced;
	/* Of @max homes, forced + 1 there are anyway. */
	*ret = 0;
	if (forced < max && n > max - 1 - forced)
		*ret = gap[max - 1 - forced];
	kx_arena_release(j->p->arena, gap);
	return 0;
}

int saved_homes(struct saved_job *j, struct kx_err *err)
{
	struct kx_plan *p = j->p;
	/* Every segment but purgatory, which is not placed yet, is a region, and every area. */
	size_t max = PURG_REGIONS_MAX - p->segment_count - j->core->kept_area_count, forced = 0;
	uint64_t longest = 0;
	int rc;

	rc = longest_gaps(j, max, &longest, &forced, err);
	if (rc < 0)
		return rc;
	if (forced >= max)
		return kx_err_set(err, E2BIG,
				  "the core's memory is %zu ranges with something else between them, and purgatory knows at most %zu",
				  forced + 1, max);
	for (size_t i = 0; i < j->written_count; i++) {
		struct kx_range *home = p->home_count ? &p->home[p->home_count - 1] : NULL;
		struct kx_range gap = { home ? home->end : 0, j->written[i].start };

		if (home && kx_range_len(gap) <= longest && may_bridge(j, gap))
			home->end = j->written[i].end;
		else
			p->home[p->home_count++] = j->written[i];
	}
	return 0;
}

int saved_list(struct saved_job *j, struct kx_err *err)
{
	int rc = build_list(j, err);

	j->written = j->run;
	j->written_count = j->run_count;
	return rc < 0 ? rc : saved_homes(j, err);
}
