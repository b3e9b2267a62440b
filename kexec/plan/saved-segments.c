/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Segments of a saved core's pieces, once each has its place: neighbours in memory
 * that are neighbours in the core, too, are one.  Called by saved-place.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "saved.h"

static int piece_compare(const void *a, const void *b)
{
	const struct saved_piece *const *x = a, *const *y = b;

	return ((*x)->pa > (*y)->pa) - ((*x)->pa < (*y)->pa);
}

/* The bytes of sorted pieces [@from, @to) as they will be in memory. */
static int segment_bytes(struct saved_job *j, struct saved_piece **v, size_t from, size_t to,
			 struct kx_bytes *ret, struct kx_err *err)
{
	uint64_t start = v[from]->pa;
	size_t len = v[to - 1]->pa + v[to - 1]->bytes.len - start;
	uint8_t *buf;

	*ret = (struct kx_bytes){ v[from]->bytes.data, len };
	if (!j->copied)
		return 0;
	buf = kx_arena_alloc_raw(j->p->arena, len);
	if (!buf)
		return kx_err_set(err, ENOMEM, "no memory for 0x%zx bytes of packed pages", len);
	memset(buf, 0, len);
	for (size_t i = from; i < to; i++)
		memcpy(buf + (v[i]->pa - start), v[i]->bytes.data, v[i]->bytes.len);
	ret->data = buf;
	return 0;
}

static const struct saved_room *room_of(const struct saved_job *j, uint64_t pa)
{
	for (size_t i = 0; i < j->room_count; i++)
		if (pa >= j->room[i].r.start && pa < j->room[i].r.end)
			return &j->room[i];
	return NULL;
}

/* Does @b begin another segment than @a, which is before it in memory? */
static bool is_apart(const struct saved_job *j, const struct saved_piece *a,
		     const struct saved_piece *b)
{
	if (room_of(j, a->pa) != room_of(j, b->pa))
		return true;
	return !j->copied && (uint64_t)(b->bytes.data - a->bytes.data) != b->pa - a->pa;
}

static int segment_add(struct saved_job *j, struct saved_piece **v, size_t from, size_t to,
		       struct kx_err *err)
{
	const struct saved_room *room = room_of(j, v[from]->pa);
	struct kx_plan *p = j->p;
	struct kx_bytes bytes;
	struct kx_range r;
	char *name;
	int rc;

	rc = segment_bytes(j, v, from, to, &bytes, err);
	if (rc < 0)
		return rc;
	r.start = v[from]->pa;
	r.end = kx_align_up(r.start + bytes.len, p->sources->page_size);
	name = kx_arena_printf(p->arena, "saved %zu", p->segment_count + 1);
	if (!name)
		return kx_err_set(err, ENOMEM, "out of memory");
	rc = kx_plan_place_at(p, name, r, bytes, room->written ?
			      "is unpacked before the core's own pages fall onto it" :
			      "the core has no page here", err);
	if (rc < 0)
		return rc;
	p->segment[p->segment_count - 1].written = room->written;
	/* It is, in parts: saved-parts.c. */
	p->segment[p->segment_count - 1].verify = false;
	return 0;
}

int saved_segments(struct saved_job *j, struct kx_err *err)
{
	struct saved_piece **v = kx_arena_alloc_raw(j->p->arena, (j->piece_count + 1) * sizeof(*v));
	size_t n = 0, from = 0;
	int rc = 0;

	if (!v)
		return kx_err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < j->piece_count; i++)
		if (j->piece[i].bytes.len)
			v[n++] = &j->piece[i];
	qsort(v, n, sizeof(*v), piece_compare);
	for (size_t i = 1; i <= n && rc == 0; i++) {
		if (i < n && !is_apart(j, v[i - 1], v[i]))
			continue;
		rc = segment_add(j, v, from, i, err);
		from = i;
	}
	kx_arena_release(j->p->arena, v);
	return rc;
}
