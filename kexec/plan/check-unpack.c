/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is the unpack list one that may be obeyed in order (include/purgatory/abi.h)?
 * There may be many thousands of records, so nothing here is quadratic.
 * Called by check.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static struct kx_range dst_of(const struct purg_unpack *u)
{
	return (struct kx_range){ u->dst_pa, u->dst_pa + u->dst_len };
}

static struct kx_range src_of(const struct purg_unpack *u)
{
	return (struct kx_range){ u->src_pa, u->src_pa + u->src_len };
}

/* Does one of @n segments hold all of [@pa, @pa + @len)? */
static bool inside(const struct kx_segment *s, size_t n, uint64_t pa, uint64_t len)
{
	struct kx_range r;

	if (!kx_range_make(pa, len, &r))
		return false;
	for (size_t i = 0; i < n; i++)
		if (kx_range_contains(s[i].range, r))
			return true;
	return false;
}

static bool loaded(const struct kx_plan *p, uint64_t pa, uint64_t len)
{
	return inside(p->segment, p->segment_count, pa, len) ||
	       inside(p->staged, p->staged_count, pa, len);
}

/* Is it where pages of a kernel are that is kept in memory? */
static bool kept(const struct kx_plan *p, uint64_t pa, uint64_t len)
{
	struct kx_range r;

	if (!p->saved || !kx_range_make(pa, len, &r))
		return false;
	for (size_t i = 0; i < p->saved->kept_area_count; i++)
		if (kx_range_contains(p->saved->kept_area[i], r))
			return true;
	return false;
}

/* Is it where something may be unpacked to? */
static bool to_unpack_to(const struct kx_plan *p, const struct purg_unpack *u)
{
	if (inside(p->target, p->target_count, u->dst_pa, u->dst_len))
		return true;
	for (size_t i = 0; i < p->home_count; i++)
		if (u->dst_pa >= p->home[i].start && u->dst_pa <= p->home[i].end &&
		    u->dst_len <= p->home[i].end - u->dst_pa)
			return true;
	return false;
}

/* What can be said of one record alone; NULL or what is wrong. */
static const char *check_record(const struct kx_plan *p, const struct purg_unpack *u)
{
	if (u->reserved)
		return "its reserved field is not 0";
	if (!u->dst_len)
		return "it writes nothing";
	if (!to_unpack_to(p, u))
		return "its destination is in no target";
	if (u->codec == PURG_CODEC_ZERO)
		return u->src_pa || u->src_len ? "it is zeros, and has a source" : NULL;
	if (u->codec != PURG_CODEC_RAW && u->codec != PURG_CODEC_LZ4)
		return "its codec is not known";
	if (!u->src_len || (!loaded(p, u->src_pa, u->src_len) && !kept(p, u->src_pa, u->src_len)))
		return "its source is in nothing that is loaded";
	if (u->codec == PURG_CODEC_RAW)
		return u->src_len != u->dst_len ? "it is raw, and of two lengths" : NULL;
	return kx_range_overlaps(src_of(u), dst_of(u)) ? "it unpacks over its own block" : NULL;
}

static int record_bad(const struct kx_plan *p, size_t i, const char *why, struct kx_err *err)
{
	return kx_err_set(err, EINVAL, "unpack record %zu of %zu, to 0x%" PRIx64 ": %s", i,
			  p->unpack_count, p->unpack[i].dst_pa, why);
}

/* A destination, and which record's it is. */
struct dst {
	struct kx_range r;
	size_t record;
};

static int dst_compare(const void *a, const void *b)
{
	const struct dst *x = a, *y = b;

	return (x->r.start > y->r.start) - (x->r.start < y->r.start);
}

/* All destinations by address; none may overlap another. */
static int sort_destinations(const struct kx_plan *p, struct dst *dst, struct kx_err *err)
{
	for (size_t i = 0; i < p->unpack_count; i++)
		dst[i] = (struct dst){ dst_of(&p->unpack[i]), i };
	qsort(dst, p->unpack_count, sizeof(*dst), dst_compare);
	for (size_t i = 1; i < p->unpack_count; i++)
		if (dst[i - 1].r.end > dst[i].r.start)
			return record_bad(p, dst[i].record, "another record writes there, too", err);
	return 0;
}

/* Every byte of every target is written. */
static int check_covered(const struct kx_plan *p, const struct dst *dst, struct kx_err *err)
{
	for (size_t t = 0; t < p->target_count; t++) {
		uint64_t have = 0;

		for (size_t i = 0; i < p->unpack_count; i++)
			if (kx_range_contains(p->target[t].range, dst[i].r))
				have += kx_range_len(dst[i].r);
		if (have != kx_range_len(p->target[t].range))
			return kx_err_set(err, EINVAL,
					  "%s: unpacking writes 0x%" PRIx64 " of its 0x%" PRIx64 " bytes",
					  p->target[t].name, have,
					  kx_range_len(p->target[t].range));
	}
	return 0;
}

/* What @dst[*i..] writes without a gap, *i moving behind it; false at the end. */
static bool next_written(const struct kx_plan *p, const struct dst *dst, size_t *i,
			 struct kx_range *ret)
{
	if (*i == p->unpack_count)
		return false;
	*ret = dst[(*i)++].r;
	while (*i < p->unpack_count && dst[*i].r.start == ret->end)
		ret->end = dst[(*i)++].r.end;
	return true;
}

/* Is record @i of a kernel that is kept in memory where it belongs? */
static bool at_home(const struct kx_saved *s, size_t i)
{
	return s->kept_pa && s->kept_pa[i] == s->record[i].pa;
}

/* The same of what the core has. */
static bool next_saved(const struct kx_plan *p, size_t *i, struct kx_range *ret)
{
	uint64_t page = p->saved->contexts.context.page_size;
	const struct saved_record *r = p->saved->record;
	size_t n = p->saved->head.record_count;

	while (*i < n && at_home(p->saved, *i))
		++*i;
	if (*i == n)
		return false;
	*ret = (struct kx_range){ r[*i].pa, r[*i].pa + r[*i].pages * page };
	while (++*i < n && r[*i].pa == ret->end && !at_home(p->saved, *i))
		ret->end += r[*i].pages * page;
	return true;
}

/* A saved core: each of its pages is written, and nothing else. */
static int check_core_covered(const struct kx_plan *p, const struct dst *dst, struct kx_err *err)
{
	struct kx_range written, saved;
	size_t i = 0, k = 0;
	bool more, more_saved;

	do {
		written = saved = (struct kx_range){ UINT64_MAX, UINT64_MAX };
		more = next_written(p, dst, &i, &written);
		more_saved = next_saved(p, &k, &saved);
		if (written.start != saved.start || written.end != saved.end)
			return kx_err_set(err, EINVAL,
					  "unpacking writes [0x%" PRIx64 "-0x%" PRIx64 "), where the core has [0x%"
					  PRIx64 "-0x%" PRIx64 ")", written.start, written.end,
					  saved.start, saved.end);
	} while (more && more_saved);
	return 0;
}

/*
 * What stays to be read while others are unpacked: segments that are not written
 * over, and purgatory, are in no home.
 */
static int check_homes(const struct kx_plan *p, struct kx_err *err)
{
	for (size_t i = 0; i < p->home_count; i++)
		for (size_t k = 0; k < p->segment_count; k++)
			if (!p->segment[k].written &&
			    kx_range_overlaps(p->home[i], p->segment[k].range))
				return kx_err_set(err, EINVAL,
						  "%s: unpacking may write [0x%" PRIx64 "-0x%" PRIx64 ")",
						  p->segment[k].name, p->home[i].start,
						  p->home[i].end);
	for (size_t i = 0; p->saved && i < p->home_count; i++)
		for (size_t k = 0; k < p->saved->kept_area_count; k++)
			if (kx_range_overlaps(p->home[i], p->saved->kept_area[k]))
				return kx_err_set(err, EINVAL,
						  "kept %zu: unpacking may write [0x%" PRIx64 "-0x%" PRIx64 ")",
						  k, p->home[i].start, p->home[i].end);
	return 0;
}

/* The first of @dst that ends behind @pa. */
static size_t find_dst(const struct dst *dst, size_t n, uint64_t pa)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (dst[middle].r.end > pa)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/*
 * The least record number among dst[from, to): @tree is a heap of minima, its
 * leaves, in the order of dst, being tree[n] to tree[2n - 1].
 */
static size_t least_record(const size_t *tree, size_t n, size_t from, size_t to)
{
	size_t least = SIZE_MAX;

	for (from += n, to += n; from < to; from /= 2, to /= 2) {
		if (from & 1 && tree[from] < least)
			least = tree[from];
		from += from & 1;
		if (to & 1 && tree[--to] < least)
			least = tree[to];
	}
	return least;
}

/*
 * The order: no record writes what a later one reads.  What a later one writes
 * over an earlier one's source is fine, and a raw record may overlap itself.
 */
static int check_order(const struct kx_plan *p, const struct dst *dst, size_t *tree,
		       struct kx_err *err)
{
	size_t n = p->unpack_count;

	for (size_t i = 0; i < n; i++)
		tree[n + i] = dst[i].record;
	for (size_t i = n; i-- > 1;)
		tree[i] = tree[2 * i] < tree[2 * i + 1] ? tree[2 * i] : tree[2 * i + 1];
	for (size_t i = 0; i < n; i++) {
		struct kx_range src = src_of(&p->unpack[i]);
		size_t from, to;

		if (kx_range_empty(src))
			continue;
		from = find_dst(dst, n, src.start);
		/* Destinations that start below the source's end. */
		to = find_dst(dst, n, src.end - 1);
		if (to < n && dst[to].r.start < src.end)
			to++;
		if (least_record(tree, n, from, to) < i)
			return record_bad(p, i, "an earlier record writes over its source", err);
	}
	return 0;
}

static int part_compare(const void *a, const void *b)
{
	const struct purg_part *x = a, *y = b;

	return (x->pa > y->pa) - (x->pa < y->pa);
}

/* What is unpacked of a saved core is all in one part or other (purgatory/abi.h). */
static int check_parts(const struct kx_plan *p, struct kx_err *err)
{
	size_t n = p->part_count, bad = p->unpack_count;
	struct purg_part *part = kx_arena_alloc_raw(p->arena, (n + 1) * sizeof(*part));

	if (!part)
		return kx_err_set(err, ENOMEM, "out of memory");
	if (n)
		memcpy(part, p->part, n * sizeof(*part));
	qsort(part, n, sizeof(*part), part_compare);
	for (size_t i = 0; i < p->unpack_count && bad == p->unpack_count; i++) {
		const struct purg_unpack *u = &p->unpack[i];
		size_t low = 0, high = n;

		/* The last that begins no later. */
		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (part[middle].pa > u->src_pa)
				high = middle;
			else
				low = middle + 1;
		}
		if (u->src_len && (!low || u->src_pa - part[low - 1].pa > part[low - 1].len ||
				   u->src_len > part[low - 1].len - (u->src_pa - part[low - 1].pa)))
			bad = i;
	}
	kx_arena_release(p->arena, part);
	return bad == p->unpack_count ? 0 : record_bad(p, bad, "its source is not verified", err);
}

static int check_list(const struct kx_plan *p, struct kx_err *err)
{
	struct kx_range list;
	uint64_t pa = p->param.unpack_pa;

	if (pa % 8 || !kx_range_make(pa, p->unpack_count * sizeof(*p->unpack), &list) ||
	    !loaded(p, pa, kx_range_len(list)))
		return kx_err_set(err, EINVAL,
				  "the unpack list at 0x%" PRIx64 " is not in what is loaded", pa);
	for (size_t i = 0; i < p->unpack_count; i++)
		if (kx_range_overlaps(dst_of(&p->unpack[i]), list))
			return record_bad(p, i, "it writes over the list", err);
	return 0;
}

int kx_plan_check_unpack(const struct kx_plan *p, struct kx_err *err)
{
	size_t n = p->unpack_count, *tree;
	struct dst *dst;
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		const char *why = check_record(p, &p->unpack[i]);

		if (why)
			rc = record_bad(p, i, why, err);
	}
	if (rc < 0 || (!n && !p->target_count && !p->saved))
		return rc;
	dst = kx_arena_alloc_raw(p->arena, (n + 1) * sizeof(*dst));
	tree = kx_arena_alloc_raw(p->arena, (2 * n + 1) * sizeof(*tree));
	if (!dst || !tree)
		return kx_err_set(err, ENOMEM, "out of memory");
	rc = sort_destinations(p, dst, err);
	if (rc == 0)
		rc = check_covered(p, dst, err);
	if (rc == 0 && p->saved)
		rc = check_core_covered(p, dst, err);
	if (rc == 0)
		rc = check_homes(p, err);
	if (rc == 0)
		rc = check_list(p, err);
	if (rc == 0)
		rc = check_order(p, dst, tree, err);
	if (rc == 0 && p->saved && !p->saved->kept_pa && !p->request->no_checks)
		rc = check_parts(p, err);
	kx_arena_release(p->arena, tree);
	kx_arena_release(p->arena, dst);
	return rc;
}
