/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files of the machine, below a root: "" is the running machine, anything
 * else a directory that tests/plan/capture.sh made of one.
 *
 * Called by sources*.c only; whoever decides what a missing file means does so
 * there.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kx/number.h"
#include "kx/sys.h"
#include "open.h"

/* No fact file is larger: config.gz, the FDT (2 MiB) and iomem are the big ones. */
#define ROOT_FILE_MAX	(64ULL << 20)

/* "@root/@fmt" into @path; the format may or may not start with a slash. */
static int root_path(char path[PATH_MAX], const char *root, struct kx_err *err,
		     const char *fmt, va_list ap)
{
	size_t n = strlen(root);
	int len;

	while (*fmt == '/')
		fmt++;
	if (n >= PATH_MAX - 1)
		return kx_err_set(err, ENAMETOOLONG, "root: expected at most %d bytes, have %zu",
				  PATH_MAX - 2, n);
	memcpy(path, root, n);
	path[n++] = '/';
	len = vsnprintf(path + n, PATH_MAX - n, fmt, ap);
	if (len < 0 || (size_t)len >= PATH_MAX - n)
		return kx_err_set(err, ENAMETOOLONG, "%s…: path is longer than %d bytes", path,
				  PATH_MAX - 1);
	return 0;
}

int kx_root_read(const char *root, struct kx_arena *a, struct kx_bytes *ret,
		 struct kx_err *err, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = root_path(path, root, err, fmt, ap);
	va_end(ap);
	if (r < 0)
		return r;
	return kx_file_read(path, ROOT_FILE_MAX, a, ret, err);
}

/* The first line of a small file, blanks around it gone. */
static int read_word(const char *path, char word[static 64], struct kx_err *err)
{
	_cleanup_fd_ int fd = kx_open(path, O_RDONLY);
	size_t len = 0, got = 0, skip;
	int r;

	if (fd < 0)
		return kx_err_set(err, -fd, "%s: cannot open: %s", path, strerror(-fd));
	do {
		r = kx_read_some(fd, word + len, 64 - len, &got);
		if (r < 0)
			return kx_err_set(err, -r, "%s: cannot read: %s", path, strerror(-r));
		len += got;
	} while (got && len < 64);
	if (len == 64)
		return kx_err_set(err, EINVAL, "%s: expected a number, have 0x40 bytes or more",
				  path);
	if (memchr(word, 0, len))
		return kx_err_set(err, EINVAL, "%s: expected a number, have a NUL byte", path);
	while (len && strchr(" \t\n", word[len - 1]))
		len--;
	word[len] = 0;
	skip = strspn(word, " \t");
	memmove(word, word + skip, len - skip + 1);
	return 0;
}

int kx_root_u64(const char *root, int base, uint64_t *ret, struct kx_err *err,
		const char *fmt, ...)
{
	char path[PATH_MAX], word[64];
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = root_path(path, root, err, fmt, ap);
	va_end(ap);
	if (r < 0)
		return r;
	r = read_word(path, word, err);
	if (r < 0)
		return r;
	r = kx_number_parse(word, base, ret, err);
	if (r < 0) {
		kx_err_wrap(err, "%s", path);
		return r;
	}
	return 0;
}

bool kx_root_exists(const char *root, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = root_path(path, root, NULL, fmt, ap);
	va_end(ap);
	return r == 0 && access(path, F_OK) == 0;
}

static void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define _cleanup_dir_ __attribute__((cleanup(closedirp)))

static int opendir_at(const char *path, DIR **ret, struct kx_err *err)
{
	int fd = kx_open(path, O_RDONLY | O_DIRECTORY), e;

	if (fd < 0)
		return kx_err_set(err, -fd, "%s: cannot open: %s", path, strerror(-fd));
	*ret = fdopendir(fd);
	if (!*ret) {
		e = errno;
		kx_close(&fd);
		return kx_err_set(err, e, "%s: cannot open: %s", path, strerror(e));
	}
	return 0;
}

struct names {
	char **v;
	size_t n, cap;
};

/* Append @name, keeping room for the final NULL. */
static int names_add(struct names *l, struct kx_arena *a, const char *name)
{
	if (l->n + 1 >= l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 32;
		char **v = kx_arena_resize_raw(a, l->v, cap * sizeof(*v));

		if (!v)
			return -ENOMEM;
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n] = kx_arena_strdup(a, name);
	if (!l->v[l->n])
		return -ENOMEM;
	l->v[++l->n] = NULL;
	return 0;
}

/* memory2 before memory10: numbers in names count by value. */
static int compare_names(const void *x, const void *y)
{
	const char *const *a = x, *const *b = y;

	return strverscmp(*a, *b);
}

int kx_root_list(const char *root, struct kx_arena *a, const char *dir, char ***ret,
		 struct kx_err *err)
{
	_cleanup_dir_ DIR *d = NULL;
	struct names list = { 0 };
	char path[PATH_MAX];
	const struct dirent *de;
	int r;

	while (*dir == '/')
		dir++;
	r = snprintf(path, sizeof(path), "%s/%s", root, dir);
	if (r < 0 || r >= (int)sizeof(path))
		return kx_err_set(err, ENAMETOOLONG, "%s: path is longer than %d bytes", dir,
				  PATH_MAX - 1);
	r = opendir_at(path, &d, err);
	if (r < 0)
		return r;
	list.v = kx_arena_alloc_raw(a, 32 * sizeof(*list.v));
	if (!list.v)
		return kx_err_set(err, ENOMEM, "%s: out of memory", path);
	list.cap = 32;
	list.v[0] = NULL;
	for (errno = 0; (de = readdir(d)); errno = 0) {
		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		if (names_add(&list, a, de->d_name) < 0)
			return kx_err_set(err, ENOMEM, "%s: out of memory", path);
	}
	if (errno)
		return kx_err_set(err, errno, "%s: cannot read: %s", path, strerror(errno));
	qsort(list.v, list.n, sizeof(*list.v), compare_names);
	*ret = list.v;
	return 0;
}
