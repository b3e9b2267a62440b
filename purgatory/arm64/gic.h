/* SPDX-License-Identifier: GPL-2.0-only */
/* gic.c, which is tested on the host as well. */
#ifndef PURGATORY_ARM64_GIC_H
#define PURGATORY_ARM64_GIC_H

#include "purgatory.h"

/* How many of each. */
struct purg_gic_left {
	uint32_t its, lpis;	/* did not stop */
	uint32_t held;		/* go on with the LPI tables of the kernel that left */
	uint32_t silent;	/* did not take the saved kernel's LPI tables; their LPIs are off */
};

/*
 * Stops what the block names, in bounded time, and sets the LPI tables that it names;
 * clears the pend_pa of those that did not take theirs.
 */
void purg_gic_stop(struct purg_param *p, struct purg_gic_left *ret);

#endif
