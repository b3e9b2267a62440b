/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Free memory as a sorted list of disjoint holes, and the search for a place
 * in it.  Used by plan/space.c (which fills it) and by every layout.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kx/memmap.h"

void kx_space_init(struct kx_space *s, struct kx_arena *a)
{
	*s = (struct kx_space){ .arena = a };
}

/* Make room for one hole at index @i and put @h there. */
static int space_insert(struct kx_space *s, size_t i, struct kx_hole h, struct kx_err *err)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 32;
		struct kx_hole *v = kx_arena_resize_raw(s->arena, s->v, cap * sizeof(*v));

		if (!v)
			return kx_err_set(err, ENOMEM, "no memory for %zu holes", cap);
		s->v = v;
		s->cap = cap;
	}
	memmove(&s->v[i + 1], &s->v[i], (s->n - i) * sizeof(h));
	s->v[i] = h;
	s->n++;
	return 0;
}

/* First hole that ends above @pa. */
static size_t space_index(const struct kx_space *s, uint64_t pa)
{
	size_t i = 0;

	while (i < s->n && s->v[i].r.end <= pa)
		i++;
	return i;
}

/* Let no hole have @pa in its middle. */
static int space_split(struct kx_space *s, uint64_t pa, struct kx_err *err)
{
	size_t i = space_index(s, pa);
	struct kx_hole upper;
	int r;

	if (i == s->n || s->v[i].r.start >= pa)
		return 0;
	upper = s->v[i];
	upper.r.start = pa;
	r = space_insert(s, i + 1, upper, err);
	if (r < 0)
		return r;
	s->v[i].r.end = pa;
	return 0;
}

/* Join neighbours that touch and are of the same kind. */
static void space_merge(struct kx_space *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct kx_hole *last = n ? &s->v[n - 1] : NULL;

		if (last && last->r.end == s->v[i].r.start &&
		    last->removable == s->v[i].removable)
			last->r.end = s->v[i].r.end;
		else
			s->v[n++] = s->v[i];
	}
	s->n = n;
}

int kx_space_add(struct kx_space *s, struct kx_range r, struct kx_err *err)
{
	uint64_t pa = r.start;
	int e;

	/* Only the gaps: what is in already keeps its kind. */
	while (pa < r.end) {
		size_t i = space_index(s, pa);
		struct kx_hole h = { .r = { pa, r.end } };

		if (i < s->n && s->v[i].r.start <= pa) {
			pa = s->v[i].r.end;
			continue;
		}
		if (i < s->n && s->v[i].r.start < r.end)
			h.r.end = s->v[i].r.start;
		e = space_insert(s, i, h, err);
		if (e < 0)
			return e;
		pa = h.r.end;
	}
	space_merge(s);
	return 0;
}

/* Cut the holes at both ends of @r, so that each is inside or outside. */
static int space_cut(struct kx_space *s, struct kx_range r, struct kx_err *err)
{
	int e = space_split(s, r.start, err);

	return e < 0 ? e : space_split(s, r.end, err);
}

int kx_space_remove(struct kx_space *s, struct kx_range r, struct kx_err *err)
{
	size_t first, last;
	int e;

	if (kx_range_empty(r))
		return 0;
	e = space_cut(s, r, err);
	if (e < 0)
		return e;
	first = space_index(s, r.start);
	last = first;
	while (last < s->n && s->v[last].r.start < r.end)
		last++;
	if (last > first)
		memmove(&s->v[first], &s->v[last], (s->n - last) * sizeof(s->v[0]));
	s->n -= last - first;
	return 0;
}

int kx_space_mark_removable(struct kx_space *s, struct kx_range r, struct kx_err *err)
{
	int e;

	if (kx_range_empty(r))
		return 0;
	e = space_cut(s, r, err);
	if (e < 0)
		return e;
	for (size_t i = space_index(s, r.start); i < s->n && s->v[i].r.start < r.end; i++)
		s->v[i].removable = true;
	space_merge(s);
	return 0;
}

/* The part of @r in which @w may begin and end: window, alignment, skew. */
static bool hole_usable(struct kx_range r, const struct kx_want *w, struct kx_range *ret)
{
	uint64_t mask = w->align ? w->align - 1 : 0;
	uint64_t forward;

	if (r.start < w->min)
		r.start = w->min;
	if (w->max && r.end > w->max)
		r.end = w->max;
	if (kx_range_empty(r))
		return false;
	forward = (w->skew - r.start) & mask;
	if (forward >= kx_range_len(r))
		return false;
	r.start += forward;
	*ret = r;
	return true;
}

/* Lowest or highest fit of @w in @r. */
static bool hole_fit(struct kx_range r, const struct kx_want *w, uint64_t *ret_pa)
{
	uint64_t mask = w->align ? w->align - 1 : 0;

	if (!hole_usable(r, w, &r) || kx_range_len(r) < w->size)
		return false;
	/*
	 * r.start obeys alignment and skew, so walking down from the top by
	 * whole alignments ends at r.start at the latest.
	 */
	*ret_pa = w->top_down ? r.start + ((kx_range_len(r) - w->size) & ~mask) : r.start;
	return true;
}

/*
 * The hole at *i, joined with its neighbours of either kind if @join; *i moves
 * behind it.
 */
static struct kx_range next_hole(const struct kx_space *s, size_t *i, bool join)
{
	struct kx_range r = s->v[(*i)++].r;

	while (join && *i < s->n && s->v[*i].r.start == r.end)
		r.end = s->v[(*i)++].r.end;
	return r;
}

static bool find_pass(const struct kx_space *s, const struct kx_want *w, bool removable,
		      uint64_t *ret_pa)
{
	bool found = false;

	for (size_t i = 0; i < s->n;) {
		bool skip = !removable && s->v[i].removable;
		struct kx_range r = next_hole(s, &i, removable);

		if (skip || !hole_fit(r, w, ret_pa))
			continue;
		found = true;
		if (!w->top_down)
			break;
	}
	return found;
}

static int find_error(const struct kx_space *s, const struct kx_want *w, struct kx_err *err)
{
	char skew[40] = "", largest[64] = "there is none";
	uint64_t best = 0;

	for (size_t i = 0; i < s->n;) {
		struct kx_range r = next_hole(s, &i, true);

		if (hole_usable(r, w, &r) && kx_range_len(r) > best)
			best = kx_range_len(r);
	}
	if (w->skew)
		snprintf(skew, sizeof(skew), " plus 0x%" PRIx64, w->skew);
	if (best)
		snprintf(largest, sizeof(largest), "the largest has 0x%" PRIx64, best);
	return kx_err_set(err, ENOSPC,
			  "%s: expected a hole of 0x%" PRIx64 " bytes aligned to 0x%" PRIx64
			  "%s in [0x%" PRIx64 ", 0x%" PRIx64 "), %s",
			  w->name, w->size, w->align ? w->align : 1, skew, w->min,
			  w->max ? w->max : UINT64_MAX, largest);
}

bool kx_space_contains(const struct kx_space *s, struct kx_range r)
{
	for (size_t i = 0; i < s->n; i++)
		if (kx_range_contains(s->v[i].r, r))
			return true;
	return false;
}

int kx_space_find(const struct kx_space *s, const struct kx_want *w, uint64_t *ret_pa,
		  bool *ret_removable, struct kx_err *err)
{
	bool removable;
	uint64_t pa = 0;

	if (w->align & (w->align - 1))
		return kx_err_set(err, EINVAL,
				  "%s: alignment: expected a power of two, have 0x%" PRIx64,
				  w->name, w->align);
	/*
	 * The second pass only runs when memory that stays has no room, so
	 * whatever it finds touches removable memory.
	 */
	removable = !find_pass(s, w, false, &pa);
	if (removable && !find_pass(s, w, true, &pa))
		return find_error(s, w, err);
	*ret_pa = pa;
	if (ret_removable)
		*ret_removable = removable;
	return 0;
}
