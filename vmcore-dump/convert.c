// SPDX-License-Identifier: GPL-2.0-only
/*
 * --convert: a saved core as a plain, sparse ELF core that crash, drgn and gdb open.
 * It gets its name when all of it is on the disk.  Called by main.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plain.h"
#include "vmcore-dump.h"

struct out {
	const char *path;
	char *tmp;			/* arena; NULL: there is none to remove */
	int fd;
};

static int fail(const struct out *o, const char *what, struct kx_err *err)
{
	return kx_err_set(err, errno, "%s: cannot %s: %s", o->path, what, strerror(errno));
}

/* ---- what is written ------------------------------------------------------------------ */

static int put(const struct out *o, uint64_t off, const uint8_t *p, size_t len, struct kx_err *err)
{
	while (len) {
		ssize_t n = pwrite(o->fd, p, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(o, "write", err);
		p += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static bool is_zero(const uint8_t *p, size_t len)
{
	return !*p && !memcmp(p, p + 1, len - 1);
}

/* Pages of zeros are left out: the file is a hole there. */
static int pages_put(const struct out *o, uint64_t off, const uint8_t *p, size_t len,
		     struct kx_err *err)
{
	const size_t page = KX_SAVED_ALIGN;
	size_t from = 0;
	int r = 0;

	for (size_t at = 0; r == 0 && at <= len; at += page) {
		if (at < len && !is_zero(p + at, page))
			continue;
		r = put(o, off + from, p + from, at - from, err);
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

static int block_put(const struct out *o, struct dump *d, size_t i, struct kx_err *err)
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

static int core_put(const struct out *o, struct dump *d, struct kx_err *err)
{
	struct plain *p = d->plain;
	int r = 0;

	if (ftruncate(o->fd, (off_t)p->len) < 0)
		return fail(o, "set its length", err);
	for (size_t i = 0; r == 0 && i < p->saved->head.block_count; i++)
		r = block_put(o, d, i, err);
	/* Last: until then the temporary file is no core either. */
	return r < 0 ? r : put(o, 0, p->headers.data, p->headers.len, err);
}

/* ---- the file --------------------------------------------------------------------------- */

/* rename(2) would put a file in the place of a device, or of the image itself. */
static int target_check(const struct out *o, const struct dump *d, struct kx_err *err)
{
	struct stat to, from;

	if (lstat(o->path, &to) < 0)
		return errno == ENOENT ? 0 : fail(o, "stat", err);
	if (!S_ISREG(to.st_mode))
		return kx_err_set(err, EINVAL, "%s: expected a regular file or nothing there, have"
				  " something else", o->path);
	if (fstat(d->fd, &from) == 0 && from.st_dev == to.st_dev && from.st_ino == to.st_ino)
		return kx_err_set(err, EINVAL, "%s: expected another file than the saved core",
				  o->path);
	return 0;
}

static int tmp_make(struct out *o, struct kx_arena *a, struct kx_err *err)
{
	char *tmp = kx_arena_printf(a, "%s.XXXXXX", o->path);

	if (!tmp)
		return kx_err_set(err, ENOMEM, "out of memory");
	/* 0600: memory has everybody's secrets. */
	o->fd = mkostemp(tmp, O_CLOEXEC);
	if (o->fd < 0)
		return fail(o, "make a temporary file beside it", err);
	o->tmp = tmp;
	return 0;
}

/* The name is on the disk when the folder is. */
static int folder_sync(const struct out *o, struct kx_arena *a, struct kx_err *err)
{
	const char *slash = strrchr(o->path, '/');
	const char *folder = !slash ? "." : kx_arena_printf(a, "%.*s", (int)(slash + 1 - o->path),
							    o->path);
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1, r = 0;

	/* EINVAL: a filesystem that does not do this. */
	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
		r = fail(o, "flush its folder", err);
	if (fd >= 0)
		close(fd);
	return r;
}

static int finish(struct out *o, struct kx_arena *a, struct kx_err *err)
{
	if (fsync(o->fd) < 0)
		return fail(o, "flush", err);
	if (rename(o->tmp, o->path) < 0)
		return fail(o, "rename a temporary file to it", err);
	o->tmp = NULL;
	return folder_sync(o, a, err);
}

int convert(struct dump *d, const char *path, struct kx_err *err)
{
	struct out o = { .path = path, .fd = -1 };
	int r;

	if (!d->plain)
		return kx_err_set(err, EINVAL, "%s: expected a saved core, have another core: there is"
				  " nothing to convert", d->path);
	r = target_check(&o, d, err);
	if (r == 0)
		r = tmp_make(&o, d->arena, err);
	if (r == 0)
		r = core_put(&o, d, err);
	if (r == 0)
		r = finish(&o, d->arena, err);
	if (o.tmp)
		unlink(o.tmp);
	if (o.fd >= 0)
		close(o.fd);
	return r;
}
