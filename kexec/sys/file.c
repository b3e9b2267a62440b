/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whole files into memory.
 *
 * Knows that files below /proc and /sys report size 0, that a pipe has none,
 * that a file may grow while it is read, and that read(2) may be short or
 * interrupted.  Called by verb-load.c for the user's files and by root.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kx/sys.h"
#include "open.h"

/* The first guess for files that do not tell their size. */
#define FIRST_GUESS	4096u

int kx_open(const char *path, int flags)
{
	int fd;

	do
		fd = open(path, flags | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

int kx_open_below(const char *root, const char *name, int flags)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", root, name);

	return n < 0 || n >= (int)sizeof(path) ? -ENAMETOOLONG : kx_open(path, flags);
}

void kx_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int kx_read_some(int fd, void *p, size_t n, size_t *ret)
{
	ssize_t r;

	do
		r = read(fd, p, n);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	*ret = (size_t)r;
	return 0;
}

static int too_large(const char *path, uint64_t max, struct kx_err *err)
{
	return kx_err_set(err, EFBIG, "%s: expected at most 0x%llx bytes, have more", path,
			  (unsigned long long)max);
}

static int no_memory(const char *path, uint64_t want, struct kx_err *err)
{
	return kx_err_set(err, ENOMEM, "%s: out of memory for 0x%llx bytes", path,
			  (unsigned long long)want);
}

/*
 * How many bytes to reserve: the size a regular file claims plus the NUL, so
 * that it is read without moving.  A file larger than @max fails before the
 * first byte is read.
 */
static int guess_size(int fd, const char *path, uint64_t max, size_t *ret, struct kx_err *err)
{
	struct stat st;

	*ret = FIRST_GUESS;
	if (fstat(fd, &st) < 0)
		return kx_err_set(err, errno, "%s: cannot stat: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size <= 0)
		return 0;
	if ((uint64_t)st.st_size > max)
		return too_large(path, max, err);
	if ((uint64_t)st.st_size >= SIZE_MAX)
		return no_memory(path, (uint64_t)st.st_size, err);
	*ret = (size_t)st.st_size + 1;
	return 0;
}

/* Fill *buf from @fd; it always keeps one byte more than *ret_len. */
static int read_all(int fd, const char *path, uint64_t max, struct kx_arena *a,
		    uint8_t **buf, size_t cap, size_t *ret_len, struct kx_err *err)
{
	size_t len = 0, got = 0;
	int r;

	for (;;) {
		/*
		 * The last byte is kept for the NUL, but only used for it once
		 * end of file was seen: reading into it is how growth shows.
		 */
		r = kx_read_some(fd, *buf + len, cap - len, &got);
		if (r < 0)
			return kx_err_set(err, -r, "%s: cannot read: %s", path, strerror(-r));
		if (got == 0)
			break;
		len += got;
		if (len > max)
			return too_large(path, max, err);
		if (len == cap) {
			size_t more;
			uint8_t *p;

			if (__builtin_mul_overflow(cap, (size_t)2, &more))
				return no_memory(path, cap, err);
			p = kx_arena_resize_raw(a, *buf, more);
			if (!p)
				return no_memory(path, more, err);
			*buf = p;
			cap = more;
		}
	}
	*ret_len = len;
	return 0;
}

int kx_file_read_fd(int fd, const char *path, uint64_t max, struct kx_arena *a,
		    struct kx_bytes *ret, struct kx_err *err)
{
	uint8_t *buf, *fit;
	size_t cap, len = 0;
	int r;

	r = guess_size(fd, path, max, &cap, err);
	if (r < 0)
		return r;
	buf = kx_arena_alloc_raw(a, cap);
	if (!buf)
		return no_memory(path, cap, err);
	r = read_all(fd, path, max, a, &buf, cap, &len, err);
	if (r < 0) {
		kx_arena_release(a, buf);
		return r;
	}
	buf[len] = 0;
	if (len + 1 < cap) {
		fit = kx_arena_resize_raw(a, buf, len + 1);
		if (fit)
			buf = fit;
	}
	*ret = (struct kx_bytes){ buf, len };
	return 0;
}

int kx_file_read(const char *path, uint64_t max, struct kx_arena *a, struct kx_bytes *ret,
		 struct kx_err *err)
{
	_cleanup_fd_ int fd = kx_open(path, O_RDONLY);

	if (fd < 0)
		return kx_err_set(err, -fd, "%s: cannot open: %s", path, strerror(-fd));
	return kx_file_read_fd(fd, path, max, a, ret, err);
}

int kx_file_map(int fd, struct kx_bytes *ret)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 || (uint64_t)st.st_size > SIZE_MAX)
		return -ENODEV;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*ret = (struct kx_bytes){ p, (size_t)st.st_size };
	return 0;
}

void kx_file_unmap(struct kx_bytes b)
{
	if (b.len)
		munmap((void *)(uintptr_t)b.data, b.len);
}
