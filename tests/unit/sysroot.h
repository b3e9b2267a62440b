/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Machines that exist for the length of a test: a temporary directory that
 * stands for "/" (kx_sources_read(), --sysroot).  A failure to make one ends
 * the program.
 */
#ifndef SYSROOT_H
#define SYSROOT_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sysroot {
	char dir[64];
};

static inline void sysroot_die(const char *what)
{
	perror(what);
	exit(99);
}

static inline void sysroot_make(struct sysroot *s)
{
	snprintf(s->dir, sizeof(s->dir), "/tmp/kx-sysroot-XXXXXX");
	if (!mkdtemp(s->dir))
		sysroot_die(s->dir);
}

/* The file @path below the root with these bytes, and every directory above it. */
static inline void sysroot_put(const struct sysroot *s, const char *path, const void *data,
			       size_t len)
{
	char full[PATH_MAX];
	int fd;

	snprintf(full, sizeof(full), "%s/%s", s->dir, path);
	for (char *p = full + strlen(s->dir) + 1; (p = strchr(p, '/')); p++) {
		*p = 0;
		if (mkdir(full, 0755) < 0 && errno != EEXIST)
			sysroot_die(full);
		*p = '/';
	}
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, data, len) != (ssize_t)len || close(fd) < 0)
		sysroot_die(full);
}

static inline void sysroot_text(const struct sysroot *s, const char *path, const char *text)
{
	sysroot_put(s, path, text, strlen(text));
}

static inline int sysroot_remove_one(const char *path, const struct stat *st, int flag,
				     struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline void sysroot_remove(struct sysroot *s)
{
	if (nftw(s->dir, sysroot_remove_one, 8, FTW_DEPTH | FTW_PHYS) < 0)
		sysroot_die(s->dir);
}

#endif
