/* SPDX-License-Identifier: GPL-2.0-only */
/* The running kernel's LPI tables, for the MACHINE note. */
#ifndef KEXEC_SYS_GIC_TABLES_H
#define KEXEC_SYS_GIC_TABLES_H

#include "kx/arena.h"
#include "kx/err.h"
#include "kx/gic.h"
#include "kx/sources.h"

/*
 * Of the machine @s, which has a GICv3 with an ITS.  *ret is undefined on error.
 *   -ENODATA  not known: the sentence says what the log and the registers lack
 *   -ENOMEM
 */
KX_CHECKED int kx_gic_tables_read(const struct kx_sources *s, struct kx_arena *a,
				  struct kx_gic_tables *ret, struct kx_err *err);

#endif
