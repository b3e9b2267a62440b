/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Symbols of the kernel that a core is of, from the table that it carries itself
 * (kernel/kallsyms.c); VMCOREINFO says where that is since 6.0.  lib/kallsyms.c.
 */
#ifndef KX_KALLSYMS_H
#define KX_KALLSYMS_H

#include <stdint.h>

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/core-va.h"
#include "kx/err.h"

/*
 * The address of symbol @name, of less than 64 characters.  The table's own _stext has to
 * be VMCOREINFO's, or nothing that it says counts.  @a: buffers only.
 *   -ENOENT  VMCOREINFO does not say where the table is, or it has no such symbol
 *   -EINVAL  the table is none: what, wanted, found
 *   -ENOMEM, and as kx_core_va_read()
 */
KX_CHECKED int kx_kallsyms_find(const struct kx_core_va *va, struct kx_bytes vmcoreinfo,
				const char *name, struct kx_arena *a, uint64_t *ret,
				struct kx_err *err);

#endif
