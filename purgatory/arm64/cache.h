/* SPDX-License-Identifier: GPL-2.0-only */
/* Loops over cache lines, for cache.S and mmu.S; they store nothing. */

/*
 * \line = the smallest line of the data and unified caches, CTR_EL0.DminLine
 * (log2 of words).  Of this CPU: Linux takes the smallest of all CPUs, which
 * may have different caches, but here the others are off, and theirs were
 * cleaned when they were switched off.
 */
	.macro	dcache_line line, tmp
	mrs	\tmp, ctr_el0
	ubfx	\tmp, \tmp, #16, #4
	mov	\line, #4
	lsl	\line, \line, \tmp
	.endm

/* DC \op for every line of [\start, \end), which is not empty. */
	.macro	dcache_lines op, start, end, line, tmp
	sub	\tmp, \line, #1
	bic	\start, \start, \tmp
99:	dc	\op, \start
	add	\start, \start, \line
	cmp	\start, \end
	b.lo	99b
	.endm
