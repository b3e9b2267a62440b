// SPDX-License-Identifier: GPL-2.0-only
/*
 * How large crashkernel= has to be.  Pure arithmetic; verb-estimate.c finds the numbers.
 *
 *	total = kernel + initrd + unpacked + modules + runtime + total / 64
 *
 * The last one is what the kernel spends on each page of memory that it has: 64 bytes
 * of struct page for 4096.
 */
#include "estimate.h"

/* A file that says more has no place in a reservation, and shall not overflow one. */
#define MOST	(1ull << 48)

static uint64_t capped(uint64_t v)
{
	return v < MOST ? v : MOST;
}

void estimate_add_up(struct estimate *e)
{
	uint64_t sum = capped(e->kernel) + capped(e->initrd) + capped(e->unpacked) +
		       capped(e->modules);

	/*
	 * Of the kernel: slabs, per-CPU areas, page tables, the log, and its drivers' rings.
	 * Of the programs: vmcore-dump keeps to 32 MiB (its --memory), the C library and an
	 * ssh are the rest.
	 */
	e->runtime = ESTIMATE_KERNEL_RUNTIME + ESTIMATE_TOOLS;
	sum += e->runtime;
	/* x = sum + x * 64 / 4096 */
	e->pages = (sum + ESTIMATE_PAGE / ESTIMATE_STRUCT_PAGE - 2) /
		   (ESTIMATE_PAGE / ESTIMATE_STRUCT_PAGE - 1);
	e->total = sum + e->pages;
	e->crashkernel = (e->total + ESTIMATE_ROUND - 1) / ESTIMATE_ROUND * ESTIMATE_ROUND;
}
