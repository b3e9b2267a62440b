/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cores behind a descriptor, as kx_core_open() wants them.
 *
 *	sys/core-file.c		reading, no more
 *	sys/core-window.c	all that struct kx_core_file has
 */
#ifndef KX_CORE_FILE_H
#define KX_CORE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "kx/core.h"
#include "kx/err.h"

/*
 * struct kx_core_file.read for a descriptor, which is *@ctx, an int.  Negative
 * errno of pread(2), -ENODATA where the file ends.
 */
KX_CHECKED int kx_core_fd_read(void *ctx, uint64_t off, void *to, size_t len,
			       struct kx_err *err);

enum kx_core_access {
	KX_CORE_BEST,			/* /proc/vmcore is mapped, others are read */
	KX_CORE_MAPS,
	KX_CORE_READS,
};

/*
 * *ret reads the @len bytes behind @fd, which stays the caller's and outlives it; give
 * it back with ret->done(ret->ctx).  What cannot be mapped is read.
 *   -ENOMEM
 */
KX_CHECKED int kx_core_file_open(int fd, uint64_t len, enum kx_core_access how,
				 struct kx_core_file *ret, struct kx_err *err);

#endif
