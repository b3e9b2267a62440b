/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file that gets its name when all of it is on the disk: until then it has a temporary
 * one beside it.
 */
#ifndef OUT_FILE_H
#define OUT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/err.h"

struct out_file {
	const char *path;
	char *tmp;			/* arena; NULL: there is none to remove */
	int fd;				/* -1: none */
	bool force;
};

/* @source is read for it, so it must not replace that: -EINVAL.  @o has its path. */
KX_CHECKED int out_file_is_not(const struct out_file *o, int source, struct kx_err *err);
/*
 * @o has its path.  Close it, also on failure.
 *   -EEXIST  something has that name, and not @force
 *   -EINVAL  it is no regular file
 *   -ENOMEM, and what making a file says
 */
KX_CHECKED int out_file_open(struct out_file *o, bool force, struct kx_arena *a,
			     struct kx_err *err);
/* @len bytes at @off. */
KX_CHECKED int out_file_put(const struct out_file *o, uint64_t off, const uint8_t *p, size_t len,
			    struct kx_err *err);
/*
 * All of it was written: to the disk, and give it its name; -EEXIST as out_file_open().
 * Where that fails the temporary name stays, and @err says which it is.
 */
KX_CHECKED int out_file_finish(struct out_file *o, struct kx_arena *a, struct kx_err *err);
/* Part of it was written: the same, but it never replaces a file, -EEXIST. */
KX_CHECKED int out_file_finish_part(struct out_file *o, struct kx_arena *a, struct kx_err *err);
/* What has no name by now is removed. */
void out_file_close(struct out_file *o);

/* "PATH: cannot @what: " and what errno says. */
KX_CHECKED int out_file_fail(const struct out_file *o, const char *what, struct kx_err *err);

#endif
