// SPDX-License-Identifier: GPL-2.0-only
/*
 * A core in a file, on a block device, or in /proc/vmcore, whose size stat(2) says
 * since Linux 2.6.  Called by main.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kx/core-file.h"
#include "kx/host.h"
#include "plain-kdump.h"
#include "plain.h"
#include "vmcore-dump.h"

/* stat(2) does not know how long a device is. */
static int device_len(struct dump *d, struct kx_err *err)
{
	off_t end = lseek(d->fd, 0, SEEK_END);

	if (end < 0)
		return kx_err_set(err, errno, "cannot find its end: %s", strerror(errno));
	d->file_len = (uint64_t)end;
	return 0;
}

static int open_file(struct dump *d, struct kx_core_file *ret, struct kx_err *err)
{
	struct stat st;
	int r;

	/* O_NONBLOCK: a FIFO must not wait for its writer. */
	d->fd = open(d->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (d->fd < 0)
		return kx_err_set(err, errno, "cannot open: %s", strerror(errno));
	if (fstat(d->fd, &st) < 0)
		return kx_err_set(err, errno, "cannot stat: %s", strerror(errno));
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return kx_err_set(err, EINVAL, "expected a regular file or a block device, have"
				  " something else");
	d->file_len = (uint64_t)st.st_size;
	r = S_ISBLK(st.st_mode) ? device_len(d, err) : 0;
	*ret = (struct kx_core_file){ .read = kx_core_fd_read, .ctx = &d->fd, .len = d->file_len };
	return r;
}

static int key_open(struct dump *d, struct kx_err *err)
{
	int r = kx_saved_key_load(d->key_spec, &d->key, err);

	if (r == 0)
		r = kx_saved_cipher_init(&d->cipher, d->key, err);
	return r < 0 ? kx_err_wrap(err, "--key") : 0;
}

/* *file becomes the plain core.  -ENOENT: it is no saved core. */
static int open_saved(struct dump *d, struct kx_core_file *file, struct kx_arena *a,
		      struct kx_err *err)
{
	struct kx_saved *s = kx_arena_alloc(a, sizeof(*s));
	struct plain *p = kx_arena_alloc(a, sizeof(*p));
	int r;

	if (!s || !p)
		return kx_err_set(err, ENOMEM, "out of memory");
	if (d->may_be_locked && !d->key_spec)
		r = kx_saved_open_locked(file, kx_sha256_best(), a, s, err);
	else
		r = kx_saved_open_key(file, kx_sha256_best(), d->key ? &d->cipher : NULL, a, s, err);
	if (r < 0)
		return r == -ENOKEY || r == -EKEYREJECTED || r == -EINVAL ?
		       kx_err_wrap(err, "--key") : r;
	d->saved = s;
	if (s->locked)
		return 0;
	r = plain_init(p, s, a, err);
	if (r < 0)
		return r;
	d->plain = p;
	*file = plain_file(p);
	return 0;
}

/* *file becomes what was flattened, if it was. */
static int open_flat(struct dump *d, struct kx_core_file *file, struct kx_arena *a,
		     struct kx_err *err)
{
	struct kx_flat *f = kx_arena_alloc(a, sizeof(*f));
	struct kx_err why = { 0 };
	int r;

	if (!f)
		return kx_err_set(err, ENOMEM, "out of memory");
	r = kx_flat_open(file, a, f, &why);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return kx_err_set(err, -r, "%s", why.text);
	d->flat = f;
	*file = kx_flat_file(f);
	return 0;
}

/* *file becomes the plain core, if it is a kdump-compressed file. */
static int open_kdump(struct dump *d, struct kx_core_file *file, struct kx_arena *a,
		      struct kx_err *err)
{
	struct plain_kdump *p = kx_arena_alloc(a, sizeof(*p));
	struct kx_err why = { 0 };
	struct kx_kdump k;
	int r;

	if (!p)
		return kx_err_set(err, ENOMEM, "out of memory");
	r = kx_kdump_open(file, a, &k, &why);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return kx_err_set(err, -r, "%s", why.text);
	d->kdump = p;
	r = plain_kdump_init(p, &k, a, err);
	if (r == 0)
		*file = plain_kdump_file(p);
	return r;
}

int dump_open(struct dump *d, const char *path, struct kx_arena *a, struct kx_err *err)
{
	struct kx_core_file file;
	struct kx_err why = { 0 };
	int r;

	d->path = path;
	if (d->key_spec) {
		r = key_open(d, err);
		if (r < 0)
			return r;
	}
	r = open_file(d, &file, err);
	if (r == 0)
		r = open_saved(d, &file, a, &why);
	if (why.code == ENOENT && d->key_spec)
		kx_err_wrap(&why, "--key");
	else if (why.code == ENOENT)
		why.code = r = 0;
	if (why.code)
		*err = why;
	if (r == 0 && d->saved && d->saved->locked)
		return 0;
	if (r == 0 && !d->saved)
		r = open_flat(d, &file, a, err);
	if (!d->saved)
		d->file = file;
	if (r == 0 && !d->saved)
		r = open_kdump(d, &file, a, err);
	if (r == 0)
		r = kx_core_open(&file, a, &d->core, err);
	if (r == 0)
		r = kx_contexts_read(&d->core, a, &d->notes, err);
	if (r < 0) {
		kx_err_wrap(err, "%s", path);
		return r;
	}
	d->vmcoreinfo = kx_vmcoreinfo_text(&d->core);
	return 0;
}

int dump_has(struct dump *d, uint64_t pa, uint64_t end, bool *ret, uint64_t *ret_end,
	     struct kx_err *err)
{
	uint64_t size, page_end = end;
	int r;

	*ret = true;
	*ret_end = end;
	if (!d->kdump)
		return 0;
	size = d->kdump->kdump.page_size;
	r = kx_kdump_bits_next(&d->kdump->here, pa / size, kx_align_up(end, size) / size, ret,
			       &page_end, err);
	if (r == 0 && page_end < end / size)
		*ret_end = page_end * size;
	return r;
}

void dump_close(struct dump *d)
{
	if (d->kdump)
		plain_kdump_deinit(d->kdump);
	d->kdump = NULL;
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
	kx_saved_cipher_deinit(&d->cipher);
	kx_saved_key_free(d->key);
	d->key = NULL;
}
