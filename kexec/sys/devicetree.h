/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A flattened device tree from the directory the kernel shows it as.
 */
#ifndef KEXEC_SYS_DEVICETREE_H
#define KEXEC_SYS_DEVICETREE_H

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/err.h"

/*
 * The tree in the directory @dir below @root; owned by @a.  Memory reservations
 * (/memreserve/) are not shown there and so are missing.  -ENOENT: no such
 * directory; -E2BIG: deeper than 64 nodes or over 2 MiB; -ENOMEM.
 */
KX_CHECKED int kx_devicetree_flatten(const char *root, const char *dir, struct kx_arena *a,
				     struct kx_bytes *ret, struct kx_err *err);

#endif
