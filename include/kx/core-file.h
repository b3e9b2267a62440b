/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cores behind a descriptor, as kx_core_open() wants them (sys/core-file.c).
 */
#ifndef KX_CORE_FILE_H
#define KX_CORE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "kx/err.h"

/*
 * struct kx_core_file.read for a descriptor, which is *@ctx, an int.  Negative
 * errno of pread(2), -ENODATA where the file ends.
 */
KX_CHECKED int kx_core_fd_read(void *ctx, uint64_t off, void *to, size_t len,
			       struct kx_err *err);

#endif
