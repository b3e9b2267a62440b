/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between commit.c, which makes the calls, and commit-staged.c, which knows
 * their order when there are two.
 */
#ifndef KEXEC_SYS_COMMIT_H
#define KEXEC_SYS_COMMIT_H

#include <stdbool.h>

#include "kx/err.h"
#include "kx/plan.h"
#include "kx/sources.h"

/* ---- commit.c: one call each, explained when refused ---- */

/* -EPERM when /proc/iomem hides what must not be overwritten. */
KX_CHECKED int kx_check_sighted(const struct kx_plan *p, struct kx_err *err);
/* @p->segment as the image that kexec -e enters. */
KX_CHECKED int kx_load_segments(const struct kx_plan *p, struct kx_err *err);
/* @p->staged as the crash image. */
KX_CHECKED int kx_load_payload(const struct kx_plan *p, struct kx_err *err);
/* Of one image; KX_CALL_AUTO tries both calls. */
KX_CHECKED int kx_unload_image(const struct kx_sources *s, bool crash, enum kx_call call,
			       struct kx_err *err);

/* ---- commit-staged.c; @ret_left as in kx/sys.h ---- */

/* Payload and image of @p. */
KX_CHECKED int kx_load_staged(const struct kx_plan *p, struct kx_err *ret_left,
			      struct kx_err *err);
/* The payload that is staged, and the mark. */
KX_CHECKED int kx_unload_staged(const struct kx_sources *s, enum kx_call call,
				struct kx_err *ret_left, struct kx_err *err);
/* After @p was loaded, which needs no payload: the one of the image before, if any. */
void kx_drop_staged(const struct kx_plan *p, struct kx_err *ret_left);

#endif
