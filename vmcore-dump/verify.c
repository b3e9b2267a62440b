// SPDX-License-Identifier: GPL-2.0-only
/*
 * --verify: every block of a saved core against its digest, and every record
 * unpacked.  Opening it has checked the rest.  Called by main.c.
 */
#include <errno.h>
#include <inttypes.h>

#include "plain.h"
#include "vmcore-dump.h"

/* Block @i; its buffers are the plain core's. */
static int block_verify(struct plain *p, size_t i, struct kx_err *err)
{
	const struct kx_saved *s = p->saved;
	const struct saved_block *b = &s->block[i];
	const struct saved_record *r = &s->record[b->first_record];
	const uint8_t *at = p->block_bytes;
	int rc;

	rc = kx_saved_block(s, i, p->block_bytes, err);
	for (uint64_t k = 0; rc == 0 && k < b->records; at += r->stored, k++, r++)
		rc = kx_saved_unpack(s, r, at, p->record_bytes, err);
	return rc;
}

int verify(struct dump *d, struct kx_text *t, struct kx_err *err)
{
	struct plain *p = d->plain;
	struct kx_err first = { 0 };
	uint64_t bad = 0, blocks;

	if (!p)
		return kx_err_set(err, EINVAL, "%s: expected a saved core, have one without digests",
				  d->path);
	blocks = p->saved->head.block_count;
	for (size_t i = 0; i < blocks; i++) {
		struct kx_err why = { 0 };

		if (block_verify(p, i, &why) < 0 && !bad++)
			first = why;
	}
	if (bad)
		return kx_err_set(err, first.code, "%s: %" PRIu64 " of %" PRIu64 " blocks are bad, the"
				  " first: %s", d->path, bad, blocks, first.text);
	kx_text_add(t, "%s: %s, %" PRIu64 " pages in %" PRIu64 " blocks, all of it verified\n", d->path,
		    kx_saved_state_name((enum kx_saved_state)p->saved->head.state),
		    p->saved->head.page_count, blocks);
	return 0;
}
