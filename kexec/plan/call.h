/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one function that chooses between kexec_load and kexec_file_load.
 */
#ifndef KEXEC_PLAN_CALL_H
#define KEXEC_PLAN_CALL_H

#include "kx/plan.h"

/*
 * @image is NULL when no kernel is loaded.  Sets call, call_why, fallback_allowed and fallback_why_not.
 * -EINVAL: options that exclude each other; -EOPNOTSUPP: -s and a file the
 * kernel's loader does not take.
 */
KX_CHECKED int kx_plan_choose_call(struct kx_plan *p, const struct kx_image *image,
				   struct kx_err *err);

#endif
