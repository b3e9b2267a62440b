/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The text of /proc/iomem (kernel/resource.c, r_show()) into a map.
 *
 * Pure, so that it can be unit-tested and fuzzed; sys/sources.c calls it.
 */
#ifndef KX_IOMEM_H
#define KX_IOMEM_H

#include <stdbool.h>

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/err.h"
#include "kx/memmap.h"

/*
 * Parse @text, lines of "START-END : NAME", hexadecimal, END inclusive, two
 * spaces in front per level of nesting.  *ret is sorted; names are copied into
 * @a.  The kernel shows readers without CAP_SYS_ADMIN zeros instead of
 * addresses: then *ret is empty and *ret_hidden true.
 * -ENOEXEC: a line that is not like that ("line 3: expected …, have …");
 * -ENOMEM.
 */
KX_CHECKED int kx_iomem_parse(struct kx_bytes text, struct kx_arena *a,
			      struct kx_memmap *ret, bool *ret_hidden, struct kx_err *err);

/*
 * The type a name stands for, KX_MEM_OTHER if it is a name of its own.
 * /sys/firmware/memmap spells its types the same way.
 */
enum kx_mem_type kx_iomem_type(const char *name);

#endif
