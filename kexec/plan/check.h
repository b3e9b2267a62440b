/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between check.c and check-unpack.c.
 */
#ifndef KX_PLAN_CHECK_H
#define KX_PLAN_CHECK_H

#include "kx/plan.h"

/*
 * The unpack list: each record reads what is loaded and writes a target or a home,
 * no byte is written twice, every byte of a target once, of a home exactly what
 * the saved core has, the list never; no record writes what a later one reads, and
 * no home is over a segment that is not ->written.  -EINVAL with the record's number, -ENOMEM.
 */
KX_CHECKED int kx_plan_check_unpack(const struct kx_plan *p, struct kx_err *err);

#endif
