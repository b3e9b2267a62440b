// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a dump goes: a file, which gets its name when all of it is on the disk, a
 * device, which is written in place, or a pipe.  Called by write.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "write-parts.h"

static int fail(const struct write_target *t, const char *what, struct kx_err *err)
{
	return kx_err_set(err, errno, "%s: cannot %s: %s", t->path, what, strerror(errno));
}

/* ---- opening -------------------------------------------------------------------------- */

/* Standard output: a file that somebody else opened is written in place. */
static int open_output(struct write_target *t, struct kx_err *err)
{
	struct stat st;

	t->path = "standard output";
	t->fd = STDOUT_FILENO;
	t->place = WRITE_PIPE;
	if (fstat(t->fd, &st) < 0)
		return fail(t, "use it", err);
	if (isatty(t->fd))
		return kx_err_set(err, EINVAL, "-: expected a pipe, a socket or a file at standard"
				  " output, have a terminal");
	return 0;
}

int write_zeros_check(const struct write_target *t, struct kx_err *err)
{
	size_t got = 0;
	uint8_t *p = malloc(WRITE_BLANK);
	ssize_t n = 1;
	bool zero;

	if (!p)
		return kx_err_set(err, ENOMEM, "no memory for %u bytes", WRITE_BLANK);
	while (got < WRITE_BLANK && n) {
		n = pread(t->fd, p + got, WRITE_BLANK - got, (off_t)got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		got += (size_t)n;
	}
	zero = n >= 0 && write_is_zero(p, got);
	free(p);
	if (n < 0)
		return fail(t, "read", err);
	return zero ? 0 : kx_err_set(err, EEXIST, "%s: expected a device with zeros in its first"
				     " %u KiB, or --force; have something there", t->path,
				     WRITE_BLANK / 1024);
}

static int open_device(struct write_target *t, mode_t mode, bool force, struct kx_err *err)
{
	bool pipe = S_ISFIFO(mode) || S_ISSOCK(mode);
	int r = 0;

	/* O_EXCL: the kernel refuses a block device that is mounted. */
	t->fd = open(t->path, (S_ISBLK(mode) ? O_RDWR | O_EXCL : O_WRONLY) | O_CLOEXEC);
	if (t->fd < 0)
		return fail(t, "open", err);
	t->place = pipe ? WRITE_PIPE : WRITE_DEVICE;
	if (S_ISBLK(mode) && !force)
		r = write_zeros_check(t, err);
	if (r < 0) {
		close(t->fd);
		t->fd = -1;
	}
	return r;
}

static int open_beside(struct write_target *t, bool force, struct kx_arena *a, struct kx_err *err)
{
	int r;

	t->file.path = t->path;
	r = out_file_open(&t->file, force, a, err);
	t->fd = t->file.fd;
	t->place = WRITE_FILE;
	return r;
}

int write_target_open(struct write_target *t, const char *path, const struct write_request *r,
		      int core_fd, struct kx_arena *a, struct kx_err *err)
{
	struct stat st, core;

	*t = (struct write_target){ .path = path, .fd = -1 };
	if (r->dry) {
		t->place = WRITE_NOWHERE;
		return 0;
	}
	if (!strcmp(path, "-"))
		return open_output(t, err);
	if (stat(path, &st) < 0)
		return errno == ENOENT ? open_beside(t, r->force, a, err) : fail(t, "stat", err);
	if (S_ISDIR(st.st_mode))
		return kx_err_set(err, EISDIR, "%s: expected the name of a file, have a folder", path);
	if (core_fd >= 0 && fstat(core_fd, &core) == 0 && core.st_dev == st.st_dev &&
	    core.st_ino == st.st_ino)
		return kx_err_set(err, EINVAL, "%s: expected another file than the core", path);
	if (!S_ISREG(st.st_mode))
		return open_device(t, st.st_mode, r->force, err);
	return open_beside(t, r->force, a, err);
}

int write_target_cut(const struct write_target *t, uint64_t len, struct kx_err *err)
{
	if (ftruncate(t->fd, (off_t)len) < 0 || lseek(t->fd, (off_t)len, SEEK_SET) < 0)
		return fail(t, "cut it", err);
	return 0;
}

int write_target_restart(const struct write_target *t, struct kx_err *err)
{
	return t->place == WRITE_FILE ? write_target_cut(t, 0, err) : 0;
}

uint64_t write_target_room(const struct write_target *t)
{
	struct statvfs fs;
	off_t end;

	if (t->place == WRITE_DEVICE) {
		end = lseek(t->fd, 0, SEEK_END);
		return end > 0 ? (uint64_t)end : UINT64_MAX;
	}
	/* "unsigned long f_bavail: Number of free blocks for unprivileged users" */
	if (t->place != WRITE_FILE || fstatvfs(t->fd, &fs) < 0)
		return UINT64_MAX;
	return (uint64_t)(geteuid() ? fs.f_bavail : fs.f_bfree) * fs.f_frsize;
}

/* ---- finishing ------------------------------------------------------------------------ */

int write_target_sync(const struct write_target *t, struct kx_err *err)
{
	if (t->place == WRITE_NOWHERE || t->place == WRITE_PIPE)
		return 0;
	/* EINVAL: /dev/null and the like. */
	if (fsync(t->fd) < 0 && errno != EINVAL)
		return kx_err_set(err, errno == EDQUOT ? ENOSPC : errno, "%s: cannot flush: %s",
				  t->path, strerror(errno));
	return 0;
}

int write_target_commit(struct write_target *t, bool whole, struct kx_arena *a,
			struct kx_err *err)
{
	if (t->place != WRITE_FILE)
		return write_target_sync(t, err);
	return whole ? out_file_finish(&t->file, a, err) : out_file_finish_part(&t->file, a, err);
}

void write_target_close(struct write_target *t)
{
	if (t->place == WRITE_FILE)
		out_file_close(&t->file);
	else if (t->fd >= 0 && t->fd != STDOUT_FILENO)
		close(t->fd);
	t->fd = -1;
}
