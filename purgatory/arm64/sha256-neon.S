/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * void sha256_lanes_neon(uint32_t *state, const uint8_t *const *data, size_t blocks)
 *
 * SHA-256 (FIPS 180-4, 6.2.2) of four messages at once with Advanced SIMD, one in
 * each 32-bit lane, for CPUs without the SHA2 instructions.  One message alone has
 * nothing to gain: its rounds wait for each other.  state[4w + i] is word w of the
 * i-th state.  AAPCS64: v8-v15 belong to the caller, as 64-bit values.
 *
 *	v0 - v7		a to h
 *	v8 - v14	scratch
 *	v15		K, the same in each lane
 *	v16 - v31	the last 16 words of the message schedule; word 4i + j is in
 *			v(16 + i + 4j), where transposing the input leaves it
 *	x0 state, x2 blocks, x3-x6 the four messages, x7 constants
 */
	.arch	armv8-a+simd
	.text

/*
 * One round.  The halves for e and for a are interleaved: each waits for itself.
 * Maj(a,b,c) is c where a and b differ, else b.
 */
	.macro	round a, b, c, d, e, f, g, h, w
	ld1r	{v15.4s}, [x7], #4
	shl	v8.4s, \e\().4s, #26
	shl	v9.4s, \e\().4s, #21
	shl	v11.4s, \a\().4s, #30
	shl	v12.4s, \a\().4s, #19
	sri	v8.4s, \e\().4s, #6
	sri	v9.4s, \e\().4s, #11
	sri	v11.4s, \a\().4s, #2
	sri	v12.4s, \a\().4s, #13
	add	v15.4s, v15.4s, \w\().4s
	eor	v8.16b, v8.16b, v9.16b
	shl	v9.4s, \e\().4s, #7
	eor	v11.16b, v11.16b, v12.16b
	shl	v12.4s, \a\().4s, #10
	mov	v10.16b, \e\().16b
	sri	v9.4s, \e\().4s, #25
	eor	v13.16b, \a\().16b, \b\().16b
	sri	v12.4s, \a\().4s, #22
	bsl	v10.16b, \f\().16b, \g\().16b
	add	\h\().4s, \h\().4s, v15.4s
	bsl	v13.16b, \c\().16b, \b\().16b
	eor	v8.16b, v8.16b, v9.16b
	eor	v11.16b, v11.16b, v12.16b
	add	\h\().4s, \h\().4s, v10.4s
	add	v11.4s, v11.4s, v13.4s
	add	\h\().4s, \h\().4s, v8.4s
	add	\d\().4s, \d\().4s, \h\().4s
	add	\h\().4s, \h\().4s, v11.4s
	.endm

/* \w0 becomes the word 16 further on. */
	.macro	schedule w0, w1, w9, w14
	shl	v8.4s, \w1\().4s, #25
	shl	v9.4s, \w1\().4s, #14
	shl	v11.4s, \w14\().4s, #15
	shl	v12.4s, \w14\().4s, #13
	sri	v8.4s, \w1\().4s, #7
	sri	v9.4s, \w1\().4s, #18
	sri	v11.4s, \w14\().4s, #17
	sri	v12.4s, \w14\().4s, #19
	ushr	v10.4s, \w1\().4s, #3
	ushr	v13.4s, \w14\().4s, #10
	eor	v8.16b, v8.16b, v9.16b
	eor	v11.16b, v11.16b, v12.16b
	add	\w0\().4s, \w0\().4s, \w9\().4s
	eor	v8.16b, v8.16b, v10.16b
	eor	v11.16b, v11.16b, v13.16b
	add	\w0\().4s, \w0\().4s, v8.4s
	add	\w0\().4s, \w0\().4s, v11.4s
	.endm

	.macro	next a, b, c, d, e, f, g, h, w0, w1, w9, w14
	schedule \w0, \w1, \w9, \w14
	round	\a, \b, \c, \d, \e, \f, \g, \h, \w0
	.endm

/*
 * Four times four words: a register has words 4i to 4i + 3 of one message, then
 * one word of the four messages.
 */
	.macro	transpose w0, w1, w2, w3
	rev32	\w0\().16b, \w0\().16b
	rev32	\w1\().16b, \w1\().16b
	rev32	\w2\().16b, \w2\().16b
	rev32	\w3\().16b, \w3\().16b
	trn1	v8.4s, \w0\().4s, \w1\().4s
	trn2	v9.4s, \w0\().4s, \w1\().4s
	trn1	v10.4s, \w2\().4s, \w3\().4s
	trn2	v11.4s, \w2\().4s, \w3\().4s
	trn1	\w0\().2d, v8.2d, v10.2d
	trn1	\w1\().2d, v9.2d, v11.2d
	trn2	\w2\().2d, v8.2d, v10.2d
	trn2	\w3\().2d, v9.2d, v11.2d
	.endm

	.globl	sha256_lanes_neon
	.type	sha256_lanes_neon, %function
	.balign	64
sha256_lanes_neon:
	hint	#34			/* bti c; a nop before ARMv8.5 */
	cbz	x2, 3f
	stp	d8, d9, [sp, #-64]!
	stp	d10, d11, [sp, #16]
	stp	d12, d13, [sp, #32]
	stp	d14, d15, [sp, #48]
	ldp	x3, x4, [x1]
	ldp	x5, x6, [x1, #16]
	ldp	q0, q1, [x0]
	ldp	q2, q3, [x0, #32]
	ldp	q4, q5, [x0, #64]
	ldp	q6, q7, [x0, #96]

	/* Byte elements: no alignment is asked of the messages. */
1:	ld1	{v16.16b - v19.16b}, [x3], #64
	ld1	{v20.16b - v23.16b}, [x4], #64
	ld1	{v24.16b - v27.16b}, [x5], #64
	ld1	{v28.16b - v31.16b}, [x6], #64
	adrp	x7, sha256_k
	add	x7, x7, :lo12:sha256_k
	transpose v16, v20, v24, v28
	transpose v17, v21, v25, v29
	transpose v18, v22, v26, v30
	transpose v19, v23, v27, v31

	round	v0, v1, v2, v3, v4, v5, v6, v7, v16
	round	v7, v0, v1, v2, v3, v4, v5, v6, v20
	round	v6, v7, v0, v1, v2, v3, v4, v5, v24
	round	v5, v6, v7, v0, v1, v2, v3, v4, v28
	round	v4, v5, v6, v7, v0, v1, v2, v3, v17
	round	v3, v4, v5, v6, v7, v0, v1, v2, v21
	round	v2, v3, v4, v5, v6, v7, v0, v1, v25
	round	v1, v2, v3, v4, v5, v6, v7, v0, v29
	round	v0, v1, v2, v3, v4, v5, v6, v7, v18
	round	v7, v0, v1, v2, v3, v4, v5, v6, v22
	round	v6, v7, v0, v1, v2, v3, v4, v5, v26
	round	v5, v6, v7, v0, v1, v2, v3, v4, v30
	round	v4, v5, v6, v7, v0, v1, v2, v3, v19
	round	v3, v4, v5, v6, v7, v0, v1, v2, v23
	round	v2, v3, v4, v5, v6, v7, v0, v1, v27
	round	v1, v2, v3, v4, v5, v6, v7, v0, v31
	mov	w8, #3
2:	next	v0, v1, v2, v3, v4, v5, v6, v7, v16, v20, v22, v27
	next	v7, v0, v1, v2, v3, v4, v5, v6, v20, v24, v26, v31
	next	v6, v7, v0, v1, v2, v3, v4, v5, v24, v28, v30, v16
	next	v5, v6, v7, v0, v1, v2, v3, v4, v28, v17, v19, v20
	next	v4, v5, v6, v7, v0, v1, v2, v3, v17, v21, v23, v24
	next	v3, v4, v5, v6, v7, v0, v1, v2, v21, v25, v27, v28
	next	v2, v3, v4, v5, v6, v7, v0, v1, v25, v29, v31, v17
	next	v1, v2, v3, v4, v5, v6, v7, v0, v29, v18, v16, v21
	next	v0, v1, v2, v3, v4, v5, v6, v7, v18, v22, v20, v25
	next	v7, v0, v1, v2, v3, v4, v5, v6, v22, v26, v24, v29
	next	v6, v7, v0, v1, v2, v3, v4, v5, v26, v30, v28, v18
	next	v5, v6, v7, v0, v1, v2, v3, v4, v30, v19, v17, v22
	next	v4, v5, v6, v7, v0, v1, v2, v3, v19, v23, v21, v26
	next	v3, v4, v5, v6, v7, v0, v1, v2, v23, v27, v25, v30
	next	v2, v3, v4, v5, v6, v7, v0, v1, v27, v31, v29, v19
	next	v1, v2, v3, v4, v5, v6, v7, v0, v31, v16, v18, v23
	subs	w8, w8, #1
	b.ne	2b

	/* 6.2.2 step 4; the schedule is not needed any more. */
	ldp	q16, q17, [x0]
	ldp	q18, q19, [x0, #32]
	ldp	q20, q21, [x0, #64]
	ldp	q22, q23, [x0, #96]
	add	v0.4s, v0.4s, v16.4s
	add	v1.4s, v1.4s, v17.4s
	add	v2.4s, v2.4s, v18.4s
	add	v3.4s, v3.4s, v19.4s
	add	v4.4s, v4.4s, v20.4s
	add	v5.4s, v5.4s, v21.4s
	add	v6.4s, v6.4s, v22.4s
	add	v7.4s, v7.4s, v23.4s
	stp	q0, q1, [x0]
	stp	q2, q3, [x0, #32]
	stp	q4, q5, [x0, #64]
	stp	q6, q7, [x0, #96]
	subs	x2, x2, #1
	b.ne	1b

	ldp	d14, d15, [sp, #48]
	ldp	d12, d13, [sp, #32]
	ldp	d10, d11, [sp, #16]
	ldp	d8, d9, [sp], #64
3:	ret
	.size	sha256_lanes_neon, . - sha256_lanes_neon

/* So that a kexec built with -mbranch-protection stays marked BTI (aaelf64, 5.2.7). */
	.section .note.gnu.property, "a"
	.balign	8
	.long	4, 16, 5		/* namesz, descsz, NT_GNU_PROPERTY_TYPE_0 */
	.asciz	"GNU"
	.long	0xc0000000, 4, 1, 0	/* GNU_PROPERTY_AARCH64_FEATURE_1_AND: BTI */

	.section .note.GNU-stack, "", %progbits
