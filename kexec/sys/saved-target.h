/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mark "resuming" and the state of the image it names, for commit.c; the rest
 * is in kx/sys.h.
 */
#ifndef KEXEC_SYS_SAVED_TARGET_H
#define KEXEC_SYS_SAVED_TARGET_H

#include <stdbool.h>

#include "kx/err.h"
#include "kx/plan.h"
#include "kx/sys.h"

/* After the load of @p: set the mark if that is a saved core, else take it away. */
KX_CHECKED int kx_resuming_note(const struct kx_plan *p, struct kx_err *err);
/* Nothing is loaded any more. */
KX_CHECKED int kx_resuming_forget(const char *root, struct kx_err *err);
/*
 * The jump comes next: what is loaded, if it is a saved core, can never be resumed
 * again.  On disk and flushed when this returns 0.
 *   -ESTALE  the target has another image by now, or another state
 *   and errors of opening, reading and writing it
 */
KX_CHECKED int kx_resuming_consume(const char *root, bool *ret_consumed, struct kx_err *err);
/* The jump was refused: it has the state that it was loaded with. */
KX_CHECKED int kx_resuming_restore(const char *root, struct kx_err *err);

/* @data to @off, and not only into the cache.  Negative errno. */
KX_CHECKED int kx_write_flushed(int fd, uint64_t off, const void *data, size_t len);
/*
 * saved-extent.c: @data to @off of a file that cannot be opened for writing, on the
 * device below it, and flushed.  -EOPNOTSUPP: it is not in one place there.
 */
KX_CHECKED int kx_target_write_below(const struct kx_target *t, uint64_t off, const void *data,
				     size_t len, struct kx_err *err);

#endif
