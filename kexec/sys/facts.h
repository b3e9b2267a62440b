/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parts of kx_sources_read() that have a file of their own.
 */
#ifndef KEXEC_SYS_FACTS_H
#define KEXEC_SYS_FACTS_H

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/core.h"
#include "kx/err.h"
#include "kx/sources.h"

/*
 * The text of a file below @root without the white space around it, arena-owned;
 * "" when the file is missing, unreadable or has a NUL inside.  Only -ENOMEM.
 */
KX_CHECKED int kx_fact_text(const char *root, struct kx_arena *a, const char **ret,
			    struct kx_err *err, const char *fmt, ...) KX_PRINTF(5, 6);

/* The line "NAME:   12345 kB" of /proc/meminfo's @text, in bytes; 0: it is not there. */
uint64_t kx_meminfo_bytes(const char *text, const char *name);

/*
 * Headers and notes of /proc/kcore (sources-core.c); not its memory.  Without
 * CAP_SYS_RAWIO, and in a locked down kernel, it cannot be opened.  Errors of
 * open(2) and kx_core_open().
 */
KX_CHECKED int kx_kcore_read(const char *root, struct kx_arena *a, struct kx_core *ret);

/* s->removable (removable.c); reads s->iomem. Only -ENOMEM. */
KX_CHECKED int kx_removable_read(struct kx_sources *s, struct kx_arena *a, struct kx_err *err);

/* s->config_* (config.c); reads s->release. Only -ENOMEM. */
KX_CHECKED int kx_config_read(struct kx_sources *s, struct kx_arena *a, struct kx_err *err);

/* s->crash_is_staged (staged.c); reads s->crash_loaded. Only -ENOMEM. */
KX_CHECKED int kx_staged_read(struct kx_sources *s, struct kx_arena *a, struct kx_err *err);

#endif
