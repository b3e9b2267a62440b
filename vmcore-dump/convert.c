// SPDX-License-Identifier: GPL-2.0-only
/*
 * --convert: a saved core as a plain, sparse ELF core that crash, drgn and gdb open.
 * It gets its name when all of it is on the disk.  Called by main.c.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "out-file.h"
#include "plain.h"
#include "vmcore-dump.h"

/* ---- what is written ------------------------------------------------------------------ */

static bool is_zero(const uint8_t *p, size_t len)
{
	return !*p && !memcmp(p, p + 1, len - 1);
}

/* Pages of zeros are left out: the file is a hole there. */
static int pages_put(const struct out_file *o, uint64_t off, const uint8_t *p, size_t len,
		     struct kx_err *err)
{
	const size_t page = KX_SAVED_ALIGN;
	size_t from = 0;
	int r = 0;

	for (size_t at = 0; r == 0 && at <= len; at += page) {
		if (at < len && !is_zero(p + at, page))
			continue;
		r = out_file_put(o, off + from, p + from, at - from, err);
		from = at + page;
	}
	return r;
}

/* What is wrong with the image is said with its name. */
static int image_fails(const struct dump *d, int r, struct kx_err *err)
{
	if (r < 0)
		kx_err_wrap(err, "%s", d->path);
	return r;
}

static int block_put(const struct out_file *o, struct dump *d, size_t i, struct kx_err *err)
{
	struct plain *p = d->plain;
	const struct kx_saved *s = p->saved;
	const struct saved_block *b = &s->block[i];
	const uint8_t *at = p->block_bytes;
	int rc;

	rc = image_fails(d, kx_saved_block(s, i, p->block_bytes, err), err);
	for (size_t k = (size_t)b->first_record; rc == 0 && k < b->first_record + b->records; k++) {
		const struct saved_record *r = &s->record[k];
		const struct plain_run *run = plain_run_of(p, k);

		if (!r->stored)
			continue;
		rc = image_fails(d, kx_saved_unpack(s, r, at, p->record_bytes, err), err);
		if (rc == 0)
			rc = pages_put(o, run->off + (r->pa - run->pa.start), p->record_bytes,
				       (size_t)(r->pages * s->contexts.context.page_size), err);
		at += r->stored;
	}
	return rc;
}

static int core_put(const struct out_file *o, struct dump *d, struct kx_err *err)
{
	struct plain *p = d->plain;
	int r = 0;

	if (ftruncate(o->fd, (off_t)p->len) < 0)
		return out_file_fail(o, "set its length", err);
	for (size_t i = 0; r == 0 && i < p->saved->head.block_count; i++)
		r = block_put(o, d, i, err);
	/* Last: until then the temporary file is no core either. */
	return r < 0 ? r : out_file_put(o, 0, p->headers.data, p->headers.len, err);
}

int convert(struct dump *d, const char *path, struct kx_err *err)
{
	struct out_file o = { .path = path, .fd = -1 };
	int r;

	if (!d->plain)
		return kx_err_set(err, EINVAL, "%s: expected a saved core, have another core: there is"
				  " nothing to convert", d->path);
	r = out_file_is_not(&o, d->fd, err);
	if (r == 0)
		r = out_file_open(&o, true, d->arena, err);
	if (r == 0)
		r = core_put(&o, d, err);
	if (r == 0)
		r = out_file_finish(&o, d->arena, err);
	out_file_close(&o);
	return r;
}
