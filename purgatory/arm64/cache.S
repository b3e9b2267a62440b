/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * void purg_dcache_civac(const void *start, uint64_t len);
 *
 * Cleans and invalidates by address, to the point of coherency, every line that
 * holds a byte of [start, start + len).  Clean and invalidate also where a
 * clean would do: a line of neither the old kernel nor ours is left to be
 * evicted later, and a clean alone is what the Cortex-A53 errata 819472,
 * 824069, 826319 and 827319 are about.
 *
 * Without a barrier: the caller has one for all its ranges.
 */
#include "cache.h"

	.text
	.globl	purg_dcache_civac
purg_dcache_civac:
	cbz	x1, 1f
	add	x1, x0, x1
	dcache_line x2, x3
	dcache_lines civac, x0, x1, x2, x3
1:	ret

	.section .note.GNU-stack, "", %progbits
