/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes as a file, for a system call that takes descriptors only.
 */
#ifndef KEXEC_SYS_MEMFD_H
#define KEXEC_SYS_MEMFD_H

#include "kx/bytes.h"
#include "kx/err.h"

/*
 * A sealed memory file with @b in it; the caller closes it.  Negative errno of
 * memfd_create(2) or write(2), -ENOSPC if a write takes nothing.
 */
KX_CHECKED int kx_memfd(const char *name, struct kx_bytes b, struct kx_err *err);

#endif
