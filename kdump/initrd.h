/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is in an initrd: archives in a row, packed or not, as the kernel unpacks them
 * (Documentation/driver-api/early-userspace/buffer-format.rst).
 */
#ifndef INITRD_H
#define INITRD_H

#include <stddef.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/err.h"

struct initrd_file {
	struct kx_bytes name;	/* without / in front; of the archive's memory */
	uint64_t len;
	uint32_t mode;
};

struct initrd {
	struct initrd_file *file;	/* arena */
	size_t count, room;
	uint64_t unpacked;	/* bytes of memory that its files take, in whole pages */
	uint64_t archive;	/* bytes of the archives, unpacked */
};

/*
 * Adds the files of the archive that begins at @b.  *ret_used: how far it and the zeros
 * behind it go.  -ENOEXEC: which field of which file is wrong; -ENOMEM.
 */
KX_CHECKED int cpio_read(struct kx_bytes b, struct initrd *in, struct kx_arena *a,
			 size_t *ret_used, struct kx_err *err);
/*
 * All of @b.  @unpack: takes the wrapping off what is packed (contents.c); its memory
 * is to live as long as *ret.  Errors of both.
 */
KX_CHECKED int initrd_read(struct kx_bytes b,
			   int (*unpack)(struct kx_bytes b, struct kx_arena *a,
					 struct kx_bytes *ret, struct kx_err *err),
			   struct kx_arena *a, struct initrd *ret, struct kx_err *err);

/* The file with this last part of a name, below any directory; NULL: none. */
const struct initrd_file *initrd_find(const struct initrd *in, const char *name);
/* The module @name (dash and underscore are one), packed or not; NULL: none. */
const struct initrd_file *initrd_module(const struct initrd *in, const char *name);

#endif
