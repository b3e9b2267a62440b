// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file that gets its name when all of it is on the disk (out-file.h).  Called by
 * convert.c, join.c,
 * makedumpfile-run.c and write-target.c.
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

/*
 * Beside it: rename(2) is within a filesystem.  PATH.incomplete says what a file is whose
 * writer died; an older one of these may be all there is of a crash.
 */
static int open_beside(struct out_file *o, struct kx_arena *a, struct kx_err *err)
{
	char *tmp = kx_arena_printf(a, "%s.incomplete", o->path);

	/* 0600: memory has everybody's secrets. */
	if (tmp)
		o->fd = open(tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (tmp && o->fd < 0 && errno == EEXIST) {
		tmp = kx_arena_printf(a, "%s.incomplete.XXXXXX", o->path);
		o->fd = tmp ? mkostemp(tmp, O_CLOEXEC) : -1;
	}
	if (!tmp)
		return kx_err_set(err, ENOMEM, "out of memory");
	if (o->fd < 0)
		return out_file_fail(o, "make a file beside it", err);
	o->tmp = tmp;
	return 0;
}

int out_file_open(struct out_file *o, bool force, struct kx_arena *a, struct kx_err *err)
{
	int r;

	o->fd = -1;
	o->tmp = NULL;
	o->force = force;
	r = target_check(o, err);
	return r < 0 ? r : open_beside(o, a, err);
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

/* Without @force it does not replace what came meanwhile, unless the filesystem cannot. */
static int name_give(const struct out_file *o, struct kx_err *err)
{
	int r = renameat2(AT_FDCWD, o->tmp, AT_FDCWD, o->path, o->force ? 0 : RENAME_NOREPLACE);

	if (r < 0 && errno == EEXIST)
		return exists(o, err);
	if (r < 0 && (errno == EINVAL || errno == ENOSYS)) {
		/* almost as good */
		if (!o->force && access(o->path, F_OK) == 0)
			return exists(o, err);
		r = rename(o->tmp, o->path);
	}
	return r < 0 ? out_file_fail(o, "rename a file to it", err) : 0;
}

/* All of it was written: what has no name yet is better than nothing. */
static int kept(struct out_file *o, int r, struct kx_err *err)
{
	if (err)
		kx_err_wrap(err, "what was written is in %s", o->tmp);
	o->tmp = NULL;
	return r;
}

int out_file_finish(struct out_file *o, struct kx_arena *a, struct kx_err *err)
{
	int r;

	if (fsync(o->fd) < 0)
		return kept(o, out_file_fail(o, "flush", err), err);
	r = name_give(o, err);
	if (r < 0)
		return kept(o, r, err);
	o->tmp = NULL;
	return folder_sync(o, a, err);
}

int out_file_finish_part(struct out_file *o, struct kx_arena *a, struct kx_err *err)
{
	struct stat to;

	/* What comes to be there meanwhile is not replaced either. */
	o->force = false;
	if (lstat(o->path, &to) < 0)
		return out_file_finish(o, a, err);
	if (fsync(o->fd) < 0)
		return kept(o, out_file_fail(o, "flush", err), err);
	return kept(o, kx_err_set(err, EEXIST, "%s: expected all of a dump to replace what is"
				  " there, have a part", o->path), err);
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
