// SPDX-License-Identifier: GPL-2.0-only
/*
 * --verify: every block of a saved core against its digest, its tag if it is encrypted,
 * and every record unpacked; without the key the digests only.  Opening it has checked
 * the rest.  Other dumps are kdump.c's.  Called by main.c.
 */
#include <errno.h>
#include <inttypes.h>

#include "plain.h"
#include "vmcore-dump.h"

/* Block @i to @to; of a core that is not locked @p has the room to unpack it. */
static int block_verify(const struct kx_saved *s, const struct plain *p, size_t i, uint8_t *to,
			struct kx_err *err)
{
	const struct saved_block *b = &s->block[i];
	const struct saved_record *r;
	const uint8_t *at = to;
	int rc;

	rc = kx_saved_block(s, i, to, err);
	if (s->locked)
		return rc;
	r = &s->record[b->first_record];
	for (uint64_t k = 0; rc == 0 && k < b->records; at += r->stored, k++, r++)
		rc = kx_saved_unpack(s, r, at, p->record_bytes, err);
	return rc;
}

int verify(struct dump *d, struct kx_text *t, struct kx_err *err)
{
	const struct kx_saved *s = d->saved;
	struct kx_err first = { 0 };
	uint64_t bad = 0, blocks;
	uint8_t *to;

	if (!s)
		return kdump_verify(d, t, err);
	to = d->plain ? d->plain->block_bytes : kx_arena_alloc_raw(d->arena, KX_SAVED_BLOCK_MAX);
	if (!to)
		return kx_err_set(err, ENOMEM, "no memory for a block");
	blocks = s->head.block_count;
	for (size_t i = 0; i < blocks; i++) {
		struct kx_err why = { 0 };

		if (block_verify(s, d->plain, i, to, &why) < 0 && !bad++)
			first = why;
	}
	if (bad)
		return kx_err_set(err, first.code, "%s: %" PRIu64 " of %" PRIu64 " blocks are bad, the"
				  " first: %s", d->path, bad, blocks, first.text);
	kx_text_add(t, "%s: %s, %" PRIu64 " pages in %" PRIu64 " blocks, %s\n", d->path,
		    kx_saved_state_name((enum kx_saved_state)s->head.state), s->head.page_count, blocks,
		    s->locked ? "the digests of all of it verified; without --key, nothing else" :
		    "all of it verified");
	return 0;
}
