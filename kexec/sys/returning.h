/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mark "returning": what is loaded comes back to this kernel (struct
 * kx_returning).  The kernel tells only that something is loaded.
 */
#ifndef KEXEC_SYS_RETURNING_H
#define KEXEC_SYS_RETURNING_H

#include "kx/err.h"
#include "kx/plan.h"
#include "kx/sources.h"

/*
 * After the load of @p: set the mark if that returns, else take it away; a crash
 * image changes nothing.  As kx_mark_write().
 */
KX_CHECKED int kx_returning_note(const struct kx_plan *p, struct kx_err *err);
/* Nothing is loaded any more. */
KX_CHECKED int kx_returning_forget(const char *root, struct kx_err *err);
#endif
