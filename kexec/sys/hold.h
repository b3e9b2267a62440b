/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that the kernel is not to load into, for commit.c.
 */
#ifndef KEXEC_SYS_HOLD_H
#define KEXEC_SYS_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "kx/plan.h"

struct kx_hold {
	uint8_t *at;			/* NULL: nothing is held */
	uint64_t len;			/* of the mapping */
	uint64_t held;			/* bytes of it that are in memory */
};

/* All in bytes. */
struct kx_hold_memory {
	uint64_t total, free;
	uint64_t reserve;		/* the kernel's own (vm.min_free_kbytes) */
};

/* How much, all in bytes. */
struct kx_hold_share {
	uint64_t keep;			/* of what is free, is left alone */
	uint64_t take;			/* the rest; 0: nothing is taken */
	/* What is loaded first, and so much of it, may be loaded into. */
	uint64_t skip;
};

/* Is it worth the time to hold memory for @sum bytes of segments, with @free bytes? */
bool kx_hold_pays(uint64_t sum, uint64_t free);
/* Of what is free in @m, which @sum bytes of segments have to find room in: what is taken. */
struct kx_hold_share kx_hold_share(uint64_t sum, const struct kx_hold_memory *m);
/*
 * Could all that is free be taken: no cgroup (v2) limits this process, and there is no
 * zone of memory that is not for segments?  *ret_cma is free, and is not for them.
 */
bool kx_hold_may(const char *root, uint64_t *ret_cma);
/* Is any of [@from, @to) in a segment of @p, behind the first @skip bytes of all? */
bool kx_hold_wants(const struct kx_plan *p, uint64_t skip, uint64_t from, uint64_t to);

/*
 * Hold as much free memory that lies in segments of @p as can be had without harm:
 * maybe nothing.  What is loaded from the mapping of a saved core may be locked, until
 * that is unmapped.
 */
void kx_hold_begin(const struct kx_plan *p, struct kx_hold *h);
void kx_hold_end(struct kx_hold *h);

#endif
