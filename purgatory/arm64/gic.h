/* SPDX-License-Identifier: GPL-2.0-only */
/* gic.c, which is tested on the host as well. */
#ifndef PURGATORY_ARM64_GIC_H
#define PURGATORY_ARM64_GIC_H

#include "purgatory.h"

/* How many did not stop. */
struct purg_gic_left {
	uint32_t its, lpis;
};

/* Stops what the block names, in bounded time. */
void purg_gic_stop(const struct purg_param *p, struct purg_gic_left *ret);

#endif
