/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the packed pages of a saved core wait for purgatory.  Called by saved.c.
 *
 * Best in holes: usable memory that the core has no page in.  A kernel that was
 * busy has its pages everywhere, and no hole may be large enough.  Then they are
 * loaded over places of the core's pages, and the order of unpacking sees to it
 * that nothing is written before what lay there was read:
 *
 *	room 0   any usable memory, written over
 *	room 1   for the pieces with a page in room 0, written over
 *	 ...     for the pieces with a page in the room before
 *	room n   holes
 *
 * A piece has the level behind the last written room that it has a page in, or 0.
 * Pieces are unpacked level by level: those of level 0 write to no room, and when
 * they are done room 0 is read; those of level 1 write to room 0 and outside, and
 * so on.  Each room is smaller than the one before by how much pages shrink, and by
 * how many of the places are the core's.  List and purgatory are needed to the end:
 * they have holes.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kx/arch.h"
#include "print.h"
#include "saved.h"

/* Purgatory maps the first MiB itself on x86_64, and firmware uses it. */
#define LOW_1M		(1ULL << 20)
#define PIECE_ALIGN	16u

bool saved_piece_touches(const struct saved_job *j, const struct saved_piece *piece,
			 struct kx_range r)
{
	size_t low = piece->first, high = piece->first + piece->count;

	/* The first record that ends behind r.start. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (saved_record_range(j, middle).end > r.start)
			high = middle;
		else
			low = middle + 1;
	}
	return low < piece->first + piece->count && saved_record_range(j, low).start < r.end;
}

/* ---- pieces into ranges ---------------------------------------------------------- */

/* Where the next piece goes, in @range[0..n). */
struct filler {
	const struct saved_job *j;
	const struct kx_range *range;
	size_t n, i;			/* i: the one that is being filled */
	uint64_t pa;			/* behind the piece before */
	const uint8_t *end;		/* the same in memory; NULL: a new segment begins */
	size_t segments;
};

static struct filler filler_make(const struct saved_job *j, const struct kx_range *range, size_t n)
{
	return (struct filler){ .j = j, .range = range, .n = n, .pa = n ? range[0].start : 0 };
}

/*
 * Pieces that lie one behind the other in the core, up to the next 4096, are
 * loaded as they lie, as one segment, straight from the mapping.
 */
static bool goes_on(const struct filler *f, const struct saved_piece *piece, uint64_t *ret_pa)
{
	const uint8_t *data = piece->bytes.data;

	if (!f->end)
		return false;
	/* What is a block, or goes on with one, stays in one piece for its digest. */
	if (f->j->copied)
		*ret_pa = data == f->end ? f->pa : kx_align_up(f->pa, PIECE_ALIGN);
	else if (data >= f->end && data - f->end < (ptrdiff_t)KX_SAVED_ALIGN)
		*ret_pa = f->pa + (uint64_t)(data - f->end);
	else
		return false;
	return true;
}

/* Is there room for @piece?  Then it is taken, and *ret_pa is where. */
static bool filler_add(struct filler *f, const struct saved_piece *piece, uint64_t *ret_pa)
{
	bool on = goes_on(f, piece, ret_pa);

	if (!on)
		*ret_pa = kx_align_up(f->pa, f->j->p->sources->page_size);
	while (f->i < f->n && (*ret_pa > f->range[f->i].end ||
			       f->range[f->i].end - *ret_pa < piece->bytes.len)) {
		on = false;
		if (++f->i < f->n)
			*ret_pa = f->range[f->i].start;
	}
	if (f->i == f->n)
		return false;
	f->segments += !on;
	f->pa = *ret_pa + piece->bytes.len;
	f->end = piece->bytes.data + piece->bytes.len;
	return true;
}

/* A way to load the pieces of one level: which, and where to. */
struct trial {
	const bool *in;			/* by piece */
	const struct kx_range *range;
	size_t n;
	bool written;			/* those with a page in @range go elsewhere */
};

static bool touches_any(const struct saved_job *j, const struct saved_piece *piece,
			const struct kx_range *range, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (saved_piece_touches(j, piece, range[i]))
			return true;
	return false;
}

/* Do they all find room?  *ret_pa is the end of the last. */
static bool trial_fits(const struct saved_job *j, const struct trial *t, uint64_t *ret_end)
{
	struct filler f = filler_make(j, t->range, t->n);
	uint64_t pa;

	for (size_t i = 0; i < j->piece_count; i++) {
		const struct saved_piece *piece = &j->piece[i];

		if (!t->in[i] || !piece->bytes.len ||
		    (t->written && touches_any(j, piece, t->range, t->n)))
			continue;
		if (!filler_add(&f, piece, &pa))
			return false;
	}
	*ret_end = f.pa;
	return true;
}

/* ---- rooms ------------------------------------------------------------------------- */

static int room_add(struct saved_job *j, struct kx_space *usable, struct kx_range r,
		    size_t level, bool written, struct kx_err *err)
{
	int rc;

	if (j->room_count == SAVED_SEGMENTS_MAX)
		return kx_err_set(err, E2BIG, "the packed pages lie in more than %u pieces",
				  SAVED_SEGMENTS_MAX);
	j->room[j->room_count++] = (struct saved_room){ r, level, written };
	rc = kx_space_remove(usable, r, err);
	return rc < 0 ? rc : kx_space_remove(&j->holes, r, err);
}

/* The largest ranges of @s, at most @max; returns how many. */
static size_t largest(const struct kx_space *s, struct kx_range *ret, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct kx_range r = s->v[i].r;
		size_t at = n;

		while (at && kx_range_len(ret[at - 1]) < kx_range_len(r))
			at--;
		if (at == max)
			continue;
		n += n < max;
		memmove(&ret[at + 1], &ret[at], (n - 1 - at) * sizeof(*ret));
		ret[at] = r;
	}
	return n;
}

/*
 * One hole for all of it: the highest, and of it the top, or where loading is
 * quick (place.c).  *ret is all that is needed of it.
 */
static bool one_hole(const struct saved_job *j, const bool *in, struct kx_range *ret)
{
	uint64_t page = j->p->sources->page_size, quick = kx_plan_quick_max(j->p), end;
	bool found = false, found_quick = false;

	for (size_t i = 0; i < j->holes.n; i++) {
		struct kx_range r = j->holes.v[i].r;
		struct trial t = { .in = in, .range = &r, .n = 1 };
		bool is_quick = quick && r.start < quick && r.end > quick;

		/* Of a hole on both sides, what is below will do. */
		if (is_quick)
			r.end = quick;
		if (!trial_fits(j, &t, &end) && is_quick) {
			r.end = j->holes.v[i].r.end;
			is_quick = false;
		}
		is_quick |= quick && r.end <= quick;
		if ((found_quick && !is_quick) || !trial_fits(j, &t, &end))
			continue;
		/* As far up as whole pages go. */
		ret->start = r.start + kx_align_down(r.end - end, page);
		ret->end = r.end;
		found = true;
		found_quick = is_quick;
	}
	return found;
}

/* Holes for the pieces @in, as few as possible; false if they do not suffice. */
static bool take_holes(struct saved_job *j, struct kx_space *usable, const bool *in, size_t level,
		       int *ret_rc, struct kx_err *err)
{
	struct kx_range hole[SAVED_SEGMENTS_MAX];
	size_t n = SAVED_SEGMENTS_MAX - j->room_count;
	struct trial t = { .in = in, .range = hole };
	uint64_t end;

	*ret_rc = 0;
	if (one_hole(j, in, &hole[0])) {
		t.n = 1;
	} else {
		n = largest(&j->holes, hole, n);
		for (t.n = 2; t.n <= n && !trial_fits(j, &t, &end); t.n++)
			;
		if (t.n > n)
			return false;
	}
	for (size_t i = 0; i < t.n && *ret_rc == 0; i++)
		*ret_rc = room_add(j, usable, hole[i], level, false, err);
	return true;
}

/* The uppermost @len bytes of @from[0..n), one after the other; returns how many that takes. */
static size_t carve(const struct kx_range *from, size_t n, uint64_t len, struct kx_range *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < n && len; i++) {
		uint64_t part = kx_range_len(from[i]) < len ? kx_range_len(from[i]) : len;

		ret[count++] = (struct kx_range){ from[i].end - part, from[i].end };
		len -= part;
	}
	return count;
}

/*
 * Memory to be written over, as little as will do: the more of it, the fewer
 * pieces of the level are left that have no page in it.
 */
static int take_written(struct saved_job *j, struct kx_space *usable, const bool *in,
			size_t level, struct kx_err *err)
{
	struct kx_range from[SAVED_SEGMENTS_MAX], part[SAVED_SEGMENTS_MAX];
	size_t n = largest(usable, from, SAVED_SEGMENTS_MAX - j->room_count);
	struct trial t = { .in = in, .range = part, .written = true };
	uint64_t page = j->p->sources->page_size, low = 0, high = 0, end;
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		high += kx_range_len(from[i]) / page;
	t.n = carve(from, n, high * page, part);
	if (!high || !trial_fits(j, &t, &end))
		return kx_err_set(err, ENOSPC, "not even what may be written over suffices");
	while (low + 1 < high) {
		uint64_t middle = low + (high - low) / 2;

		t.n = carve(from, n, middle * page, part);
		if (trial_fits(j, &t, &end))
			high = middle;
		else
			low = middle;
	}
	t.n = carve(from, n, high * page, part);
	for (size_t i = 0; i < t.n && rc == 0; i++)
		rc = room_add(j, usable, part[i], level, true, err);
	return rc;
}

/* The pieces that @level has to take, until more is written over. */
static void choose_level(const struct saved_job *j, size_t level, bool *in)
{
	for (size_t i = 0; i < j->piece_count; i++) {
		in[i] = !level;
		for (size_t k = 0; k < j->room_count && !in[i]; k++)
			in[i] = j->room[k].level + 1 == level &&
				saved_piece_touches(j, &j->piece[i], j->room[k].r);
	}
}

static int take_rooms(struct saved_job *j, bool *in, struct kx_err *err)
{
	struct kx_space usable, holes = j->holes;
	int rc = 0;

	kx_space_init(&usable, j->p->arena);
	for (size_t i = 0; i < j->p->space.n && rc == 0; i++)
		rc = kx_space_add(&usable, j->p->space.v[i].r, err);
	/* A copy, to begin anew with. */
	kx_space_init(&j->holes, j->p->arena);
	for (size_t i = 0; i < holes.n && rc == 0; i++)
		rc = kx_space_add(&j->holes, holes.v[i].r, err);
	j->room_count = 0;
	for (size_t level = 0; rc == 0; level++) {
		choose_level(j, level, in);
		if (take_holes(j, &usable, in, level, &rc, err))
			break;
		rc = level == SAVED_LEVELS_MAX ?
		     kx_err_set(err, ENOSPC, "too many rooms one behind the other") :
		     take_written(j, &usable, in, level, err);
	}
	j->holes = holes;
	return rc;
}

/* ---- pieces into rooms --------------------------------------------------------------- */

static void find_levels(struct saved_job *j)
{
	for (size_t i = 0; i < j->piece_count; i++) {
		struct saved_piece *piece = &j->piece[i];

		piece->level = 0;
		for (size_t k = 0; k < j->room_count; k++)
			if (j->room[k].written && j->room[k].level >= piece->level &&
			    saved_piece_touches(j, piece, j->room[k].r))
				piece->level = j->room[k].level + 1;
	}
}

/* Addresses for the pieces of @level; -E2BIG when they do not fit as they lie. */
static int fill_level(struct saved_job *j, size_t level, size_t *segments, struct kx_err *err)
{
	struct kx_range range[SAVED_SEGMENTS_MAX];
	struct filler f;
	size_t n = 0;

	for (size_t k = 0; k < j->room_count; k++)
		if (j->room[k].level == level)
			range[n++] = j->room[k].r;
	f = filler_make(j, range, n);
	for (size_t i = 0; i < j->piece_count; i++) {
		struct saved_piece *piece = &j->piece[i];

		if (piece->level == level && piece->bytes.len && !filler_add(&f, piece, &piece->pa))
			return kx_err_set(err, E2BIG, "the packed pages do not fit as they lie");
	}
	*segments += f.segments;
	return 0;
}

static int fill_rooms(struct saved_job *j, struct kx_err *err)
{
	size_t levels = j->room_count ? j->room[j->room_count - 1].level + 1 : 0, segments = 0;
	int rc = 0;

	find_levels(j);
	for (size_t level = 0; level < levels && rc == 0; level++)
		rc = fill_level(j, level, &segments, err);
	if (rc == 0 && segments > SAVED_SEGMENTS_MAX)
		rc = kx_err_set(err, E2BIG, "the packed pages lie in %zu pieces", segments);
	return rc;
}

/* ---- list and purgatory ----------------------------------------------------------------- */

/* The smallest hole that has room for @size bytes: large ones are for the pieces. */
static int take_smallest(struct saved_job *j, const char *name, uint64_t size, uint64_t align,
			 struct kx_range in, struct kx_range *ret, struct kx_err *err)
{
	const struct kx_hole *best = NULL;
	struct kx_range fit = { 0, 0 };
	int rc;

	size = kx_align_up(size, j->p->sources->page_size);
	for (size_t i = 0; i < j->holes.n; i++) {
		const struct kx_hole *h = &j->holes.v[i];
		uint64_t start = kx_align_up(h->r.start < in.start ? in.start : h->r.start, align);
		uint64_t end = h->r.end > in.end ? in.end : h->r.end;

		if (start > end || end - start < size ||
		    (best && kx_range_len(best->r) <= kx_range_len(h->r)))
			continue;
		best = h;
		fit = (struct kx_range){ start, start + size };
	}
	if (!best)
		return kx_err_set(err, ENOSPC, "%s: needs 0x%" PRIx64 " bytes in [0x%" PRIx64
				  "-0x%" PRIx64 ")", name, size, in.start, in.end);
	rc = kx_space_remove(&j->holes, fit, err);
	if (rc == 0)
		rc = kx_space_remove(&j->p->space, fit, err);
	*ret = fit;
	return rc;
}

/*
 * What purgatory takes at most: each end of a region may need a table of the lowest
 * level, each GiB one of the next, and a few are the image's and the consoles'.
 * Its place is needed before the regions are known.
 */
static uint64_t purgatory_len(const struct kx_plan *p)
{
	uint64_t gib = 0, tables;

	for (size_t i = 0; i < p->usable.n; i++)
		gib += (kx_range_len(p->usable.v[i].r) >> 30) + 1;
	for (size_t i = 0; i < p->saved->kept_area_count; i++)
		gib += (kx_range_len(p->saved->kept_area[i]) >> 30) + 1;
	tables = 2 * PURG_REGIONS_MAX + gib + 20;
	return PURG_IMAGE_MAX + kx_align_up(tables * p->sources->page_size, PURG_POOL_MIN);
}

int saved_take(struct saved_job *j, size_t records, struct kx_err *err)
{
	uint64_t page = j->p->sources->page_size, max = j->p->arch->purgatory_max;
	struct kx_range any = { LOW_1M, UINT64_MAX }, in = { LOW_1M, max ? max : UINT64_MAX };
	int rc;

	if (!kx_range_empty(j->p->door)) {
		in.start = j->p->door.start > in.start ? j->p->door.start : in.start;
		in.end = j->p->door.end < in.end ? j->p->door.end : in.end;
	}
	rc = take_smallest(j, "purgatory", purgatory_len(j->p), PURG_IMAGE_ALIGN, in,
			   &j->purgatory, err);
	if (rc < 0)
		return rc;
	return take_smallest(j, "unpack list", records * sizeof(struct purg_unpack) +
			     saved_parts_max(j) * sizeof(struct purg_part),
			     page, any, &j->list, err);
}

int saved_place_purgatory(struct saved_job *j, const char *why, struct kx_err *err)
{
	struct kx_plan *p = j->p;
	struct kx_space only;
	int rc;

	kx_space_init(&only, p->arena);
	rc = kx_space_add(&only, j->purgatory, err);
	if (rc < 0)
		return rc;
	p->space = only;
	rc = kx_plan_place_purgatory(p, err);
	if (rc == 0)
		p->segment[p->segment_count - 1].why = why;
	return rc;
}

/* ---- all of it ---------------------------------------------------------------------------- */

/* Why there is no room, with what there is. */
static int no_room(const struct saved_job *j, int rc, struct kx_err *err)
{
	char need[KX_SIZE_TEXT], have[KX_SIZE_TEXT], most[KX_SIZE_TEXT];
	uint64_t usable = 0;
	char all[KX_SIZE_TEXT];

	for (size_t i = 0; i < j->p->usable.n; i++)
		usable += kx_range_len(j->p->usable.v[i].r);
	kx_err_wrap(err, "no room for the saved core: its packed pages take %s, and of %s that may be used it has no page in %s, the largest piece of that being %s",
		    kx_size_text(j->bytes, need), kx_size_text(usable, all),
		    kx_size_text(j->holes_total, have), kx_size_text(j->holes_largest, most));
	return rc;
}

static int try_place(struct saved_job *j, bool *in, bool copied, struct kx_err *err)
{
	int rc;

	j->copied = copied;
	rc = take_rooms(j, in, err);
	return rc < 0 ? rc : fill_rooms(j, err);
}

int saved_place(struct saved_job *j, struct kx_err *err)
{
	bool *in = kx_arena_alloc(j->p->arena, (j->piece_count + 1) * sizeof(*in));
	struct kx_err first = { .code = 0 };
	int rc;

	if (!in)
		return kx_err_set(err, ENOMEM, "out of memory");
	rc = saved_take(j, saved_list_max(j), err);
	if (rc == 0) {
		rc = try_place(j, in, false, &first);
		if (rc == -E2BIG)
			rc = try_place(j, in, true, err);
		else if (rc < 0)
			kx_err_set(err, first.code, "%s", first.text);
	}
	if (rc == -ENOSPC || rc == -E2BIG)
		return no_room(j, rc, err);
	return rc < 0 ? rc : saved_segments(j, err);
}
