// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file that gets its name when all of it is on the disk (out-file.h).  Called by
 * convert.c and join.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "out-file.h"

int out_file_fail(const struct out_file *o, const char *what, struct kx_err *err)
{
	return kx_err_set(err, errno, "%s: cannot %s: %s", o->path, what, strerror(errno));
}

static int exists(const struct out_file *o, struct kx_err *err)
{
	return kx_err_set(err, EEXIST, "%s: expected nothing there, or --force; have a file", o->path);
}

int out_file_is_not(const struct out_file *o, int source, struct kx_err *err)
{
	struct stat to, from;

	if (lstat(o->path, &to) == 0 && fstat(source, &from) == 0 && from.st_dev == to.st_dev &&
	    from.st_ino == to.st_ino)
		return kx_err_set(err, EINVAL, "%s: expected another file than the one that is read",
				  o->path);
	return 0;
}

/* rename(2) would put a file in the place of a device. */
static int target_check(const struct out_file *o, struct kx_err *err)
{
	struct stat to;

	if (lstat(o->path, &to) < 0)
		return errno == ENOENT ? 0 : out_file_fail(o, "stat", err);
	if (!S_ISREG(to.st_mode))
		return kx_err_set(err, EINVAL, "%s: expected a regular file or nothing there, have"
				  " something else", o->path);
	return o->force ? 0 : exists(o, err);
}

int out_file_open(struct out_file *o, bool force, struct kx_arena *a, struct kx_err *err)
{
	char *tmp;
	int r;

	o->fd = -1;
	o->tmp = NULL;
	o->force = force;
	r = target_check(o, err);
	if (r < 0)
		return r;
	tmp = kx_arena_printf(a, "%s.XXXXXX", o->path);
	if (!tmp)
		return kx_err_set(err, ENOMEM, "out of memory");
	/* 0600: memory has everybody's secrets. */
	o->fd = mkostemp(tmp, O_CLOEXEC);
	if (o->fd < 0)
		return out_file_fail(o, "make a temporary file beside it", err);
	o->tmp = tmp;
	return 0;
}

int out_file_put(const struct out_file *o, uint64_t off, const uint8_t *p, size_t len,
		 struct kx_err *err)
{
	while (len) {
		ssize_t n = pwrite(o->fd, p, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return out_file_fail(o, "write", err);
		p += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* The name is on the disk when the folder is. */
static int folder_sync(const struct out_file *o, struct kx_arena *a, struct kx_err *err)
{
	const char *slash = strrchr(o->path, '/');
	const char *folder = !slash ? "." : kx_arena_printf(a, "%.*s", (int)(slash + 1 - o->path),
							    o->path);
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1, r = 0;

	/* EINVAL: a filesystem that does not do this. */
	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
		r = out_file_fail(o, "flush its folder", err);
	if (fd >= 0)
		close(fd);
	return r;
}

/* link(2) does not replace what came meanwhile; not every filesystem has it. */
static int name_give(const struct out_file *o, struct kx_err *err)
{
	if (!o->force) {
		if (link(o->tmp, o->path) == 0) {
			if (unlink(o->tmp) == 0)
				return 0;
			return out_file_fail(o, "remove the temporary name of", err);
		}
		if (errno == EEXIST)
			return exists(o, err);
	}
	if (rename(o->tmp, o->path) < 0)
		return out_file_fail(o, "rename a temporary file to it", err);
	return 0;
}

int out_file_finish(struct out_file *o, struct kx_arena *a, struct kx_err *err)
{
	int r;

	if (fsync(o->fd) < 0)
		return out_file_fail(o, "flush", err);
	r = name_give(o, err);
	if (r < 0)
		return r;
	o->tmp = NULL;
	return folder_sync(o, a, err);
}

void out_file_close(struct out_file *o)
{
	if (o->tmp)
		unlink(o->tmp);
	if (o->fd >= 0)
		close(o->fd);
	o->tmp = NULL;
	o->fd = -1;
}
