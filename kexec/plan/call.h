/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one function that chooses between kexec_load and kexec_file_load, and
 * what it and others call an option.
 */
#ifndef KEXEC_PLAN_CALL_H
#define KEXEC_PLAN_CALL_H

#include "kx/plan.h"

/*
 * Sets call, call_why, fallback_allowed and fallback_why_not.  @image is NULL when
 * no kernel is loaded.
 * -EINVAL: options that exclude each other; -EOPNOTSUPP: -s and a file the
 * kernel's loader does not take, or an architecture that cannot return.
 */
KX_CHECKED int kx_plan_choose_call(struct kx_plan *p, const struct kx_image *image,
				   struct kx_err *err);

/* The option that asks for what returns to the running kernel; NULL if none does. */
const char *kx_plan_return_option(const struct kx_request *req);

#endif
