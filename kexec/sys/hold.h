/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that the kernel is not to load into, for commit.c.
 */
#ifndef KEXEC_SYS_HOLD_H
#define KEXEC_SYS_HOLD_H

#include <stdint.h>

#include "kx/plan.h"

struct kx_hold {
	uint8_t *at;			/* NULL: nothing is held */
	uint64_t len;			/* of the mapping */
	uint64_t held;			/* bytes of it that are in memory, in segments */
};

/*
 * Hold as much free memory that lies in segments of @p as can be had without harm:
 * maybe nothing.
 */
void kx_hold_begin(const struct kx_plan *p, struct kx_hold *h);
void kx_hold_end(struct kx_hold *h);

#endif
