/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of a saved core that purgatory verifies (purgatory/abi.h).  A block that is
 * loaded in one piece, as it is stored, has its digest from the image; of one that
 * is not, each piece gets one, which saved-verify.c computes.  Called by saved-list.c.
 */
#include <errno.h>
#include <string.h>

#include "saved.h"

size_t saved_parts_max(const struct saved_job *j)
{
	return j->p->request->no_checks ? 0 : j->piece_count;
}

/* Does @b follow @a, in the block, where it comes from and where it is loaded? */
static bool goes_on(const struct saved_piece *a, const struct saved_piece *b)
{
	return a->block == b->block && a->bytes.data + a->bytes.len == b->bytes.data &&
	       a->pa + a->bytes.len == b->pa;
}

/* Pieces @first to @last, which go on with each other, as a part. */
static void part_add(struct saved_job *j, const struct saved_piece *first,
		     const struct saved_piece *last)
{
	const struct saved_block *b = &j->core->block[first->block];
	struct kx_plan *p = j->p;
	struct purg_part *part = &p->part[p->part_count];
	struct kx_bytes *bytes = &j->part[p->part_count++];

	*part = (struct purg_part){
		.pa = first->pa, .len = last->pa + last->bytes.len - first->pa,
	};
	*bytes = (struct kx_bytes){ first->bytes.data, (size_t)part->len };
	if (part->len != b->len || saved_is_read(j))
		return;
	memcpy(part->sha256, b->sha256, sizeof(part->sha256));
	*bytes = KX_BYTES_NONE;
}

int saved_parts(struct saved_job *j, struct kx_err *err)
{
	const struct saved_piece *first = NULL, *last = NULL;
	size_t max = saved_parts_max(j);
	struct kx_plan *p = j->p;

	p->part = (struct purg_part *)(void *)(p->unpack + p->unpack_count);
	p->part_count = 0;
	j->part = kx_arena_alloc_raw(p->arena, (max + 1) * sizeof(*j->part));
	if (!j->part)
		return kx_err_set(err, ENOMEM, "no memory for %zu digests", max);
	for (size_t i = 0; i < max; i++) {
		const struct saved_piece *piece = &j->piece[i];

		/* Zeros have no bytes, and no place. */
		if (!piece->bytes.len)
			continue;
		if (last && !goes_on(last, piece)) {
			part_add(j, first, last);
			last = NULL;
		}
		first = last ? first : piece;
		last = piece;
	}
	if (last)
		part_add(j, first, last);
	return 0;
}
