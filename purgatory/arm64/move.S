/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory moved and cleared, 64 bytes at a time (arm64.h).  Called by memory.c,
 * which knows about alignment: with the MMU off, words have to be aligned to 8,
 * and they are if both ends of the copy begin so.
 *
 * A block is loaded whole before any of it is stored, so a distance of less
 * than 64 bytes does no harm.
 */
	.text

/* x0 = dst, x1 = src, x2 = len */
	.globl	purg_copy_up
purg_copy_up:
	subs	x2, x2, #64
	b.lo	2f
1:	ldp	x3, x4, [x1]
	ldp	x5, x6, [x1, #16]
	ldp	x7, x8, [x1, #32]
	ldp	x9, x10, [x1, #48]
	add	x1, x1, #64
	stp	x3, x4, [x0]
	stp	x5, x6, [x0, #16]
	stp	x7, x8, [x0, #32]
	stp	x9, x10, [x0, #48]
	add	x0, x0, #64
	subs	x2, x2, #64
	b.hs	1b
2:	add	x2, x2, #64			/* 0 to 63 are left */
	subs	x2, x2, #8
	b.lo	4f
3:	ldr	x3, [x1], #8
	str	x3, [x0], #8
	subs	x2, x2, #8
	b.hs	3b
4:	adds	x2, x2, #8
	b.eq	6f
5:	ldrb	w3, [x1], #1
	strb	w3, [x0], #1
	subs	x2, x2, #1
	b.ne	5b
6:	ret

/* The same from the end; the bytes first, so that the words are aligned. */
	.globl	purg_copy_down
purg_copy_down:
	add	x0, x0, x2
	add	x1, x1, x2
	ands	x3, x2, #7
	b.eq	2f
1:	ldrb	w4, [x1, #-1]!
	strb	w4, [x0, #-1]!
	subs	x3, x3, #1
	b.ne	1b
2:	ands	x3, x2, #0x38
	b.eq	4f
3:	ldr	x4, [x1, #-8]!
	str	x4, [x0, #-8]!
	subs	x3, x3, #8
	b.ne	3b
4:	ands	x2, x2, #~0x3f
	b.eq	6f
5:	ldp	x3, x4, [x1, #-16]
	ldp	x5, x6, [x1, #-32]
	ldp	x7, x8, [x1, #-48]
	ldp	x9, x10, [x1, #-64]!
	stp	x3, x4, [x0, #-16]
	stp	x5, x6, [x0, #-32]
	stp	x7, x8, [x0, #-48]
	stp	x9, x10, [x0, #-64]!
	subs	x2, x2, #64
	b.ne	5b
6:	ret

/* x0 = dst, x1 = len */
	.globl	purg_zero_words
purg_zero_words:
	subs	x1, x1, #64
	b.lo	2f
1:	stp	xzr, xzr, [x0]
	stp	xzr, xzr, [x0, #16]
	stp	xzr, xzr, [x0, #32]
	stp	xzr, xzr, [x0, #48]
	add	x0, x0, #64
	subs	x1, x1, #64
	b.hs	1b
2:	add	x1, x1, #64
	subs	x1, x1, #8
	b.lo	4f
3:	str	xzr, [x0], #8
	subs	x1, x1, #8
	b.hs	3b
4:	adds	x1, x1, #8
	b.eq	6f
5:	strb	wzr, [x0], #1
	subs	x1, x1, #1
	b.ne	5b
6:	ret

/* x0 = dst, x1 = len, both whole blocks and not 0, x2 = block */
	.globl	purg_zero_blocks
purg_zero_blocks:
	add	x1, x1, x0
1:	dc	zva, x0
	add	x0, x0, x2
	cmp	x0, x1
	b.lo	1b
	ret

	.section .note.GNU-stack, "", %progbits
