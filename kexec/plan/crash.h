/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernels that wait for a panic (-p), for plan/ and arch/: plan/crash.c, plan/fit.c. */
#ifndef KX_PLAN_CRASH_H
#define KX_PLAN_CRASH_H

#include "kx/plan.h"

/* Options that make no sense with -p, and a machine without a reservation. */
KX_CHECKED int kx_crash_check(const struct kx_plan *p, struct kx_err *err);
/* p->space: the reservation.  -EINVAL (--mem-min, --mem-max), -ENOMEM. */
KX_CHECKED int kx_crash_space(struct kx_plan *p, struct kx_err *err);
/* Is what is left enough for what the running kernel itself puts there?  -ENOSPC. */
KX_CHECKED int kx_crash_check_left(const struct kx_plan *p, struct kx_err *err);
/* p->fit, and the sentence about it. */
void kx_crash_fit(struct kx_plan *p, const struct kx_image *image);

#endif
