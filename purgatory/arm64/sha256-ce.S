/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * void sha256_blocks_ce(uint32_t state[8], const uint8_t *data, size_t blocks)
 *
 * SHA-256 with the ARMv8 SHA2 instructions (Arm ARM C7.2, SHA256H, SHA256H2,
 * SHA256SU0, SHA256SU1).  Used by kexec in user space where HWCAP_SHA2 is
 * set.  AAPCS64: v8-v15 belong to the caller, as 64-bit values.
 *
 *	v0, v1		state abcd, efgh	v9, v10	the same before the block
 *	v4 - v7		message schedule, 16 words
 *	v16 - v31	all 64 round constants
 *	v2		abcd before SHA256H, which SHA256H2 needs
 *	v3, v8		W + K of this and of the next four rounds: the addition
 *			stands between SHA256H and SHA256H2, where an in-order
 *			core has time for it
 */
	.arch	armv8-a+crypto
	.text

/*
 * Four rounds with W + K in \now.  Prepares the next four: \w1 + \k into
 * \next.  \w0 (used up) becomes the words 16 further on.
 */
	.macro	rounds_schedule now, next, k, w0, w1, w2, w3
	sha256su0 \w0\().4s, \w1\().4s
	mov	v2.16b, v0.16b
	sha256h	q0, q1, \now\().4s
	add	\next\().4s, \w1\().4s, \k\().4s
	sha256su1 \w0\().4s, \w2\().4s, \w3\().4s
	sha256h2 q1, q2, \now\().4s
	.endm

	.macro	rounds now, next, k, w1
	mov	v2.16b, v0.16b
	sha256h	q0, q1, \now\().4s
	add	\next\().4s, \w1\().4s, \k\().4s
	sha256h2 q1, q2, \now\().4s
	.endm

	.globl	sha256_blocks_ce
	.type	sha256_blocks_ce, %function
	.balign	64
sha256_blocks_ce:
	hint	#34			/* bti c; a nop before ARMv8.5 */
	cbz	x2, 2f
	stp	d8, d9, [sp, #-32]!
	str	d10, [sp, #16]
	adrp	x3, sha256_k
	add	x3, x3, :lo12:sha256_k
	ld1	{v16.4s - v19.4s}, [x3], #64
	ld1	{v20.4s - v23.4s}, [x3], #64
	ld1	{v24.4s - v27.4s}, [x3], #64
	ld1	{v28.4s - v31.4s}, [x3]
	ld1	{v0.4s, v1.4s}, [x0]

1:	ld1	{v4.16b - v7.16b}, [x1], #64
	mov	v9.16b, v0.16b
	mov	v10.16b, v1.16b
	rev32	v4.16b, v4.16b
	rev32	v5.16b, v5.16b
	add	v3.4s, v4.4s, v16.4s
	rev32	v6.16b, v6.16b
	rev32	v7.16b, v7.16b
	sub	x2, x2, #1

	rounds_schedule v3, v8, v17, v4, v5, v6, v7
	rounds_schedule v8, v3, v18, v5, v6, v7, v4
	rounds_schedule v3, v8, v19, v6, v7, v4, v5
	rounds_schedule v8, v3, v20, v7, v4, v5, v6
	rounds_schedule v3, v8, v21, v4, v5, v6, v7
	rounds_schedule v8, v3, v22, v5, v6, v7, v4
	rounds_schedule v3, v8, v23, v6, v7, v4, v5
	rounds_schedule v8, v3, v24, v7, v4, v5, v6
	rounds_schedule v3, v8, v25, v4, v5, v6, v7
	rounds_schedule v8, v3, v26, v5, v6, v7, v4
	rounds_schedule v3, v8, v27, v6, v7, v4, v5
	rounds_schedule v8, v3, v28, v7, v4, v5, v6
	rounds	v3, v8, v29, v5
	rounds	v8, v3, v30, v6
	rounds	v3, v8, v31, v7
	mov	v2.16b, v0.16b
	sha256h	q0, q1, v8.4s
	sha256h2 q1, q2, v8.4s

	add	v0.4s, v0.4s, v9.4s
	add	v1.4s, v1.4s, v10.4s
	cbnz	x2, 1b

	st1	{v0.4s, v1.4s}, [x0]
	ldr	d10, [sp, #16]
	ldp	d8, d9, [sp], #32
2:	ret
	.size	sha256_blocks_ce, . - sha256_blocks_ce

/* So that a kexec built with -mbranch-protection stays marked BTI (aaelf64, 5.2.7). */
	.section .note.gnu.property, "a"
	.balign	8
	.long	4, 16, 5		/* namesz, descsz, NT_GNU_PROPERTY_TYPE_0 */
	.asciz	"GNU"
	.long	0xc0000000, 4, 1, 0	/* GNU_PROPERTY_AARCH64_FEATURE_1_AND: BTI */

	.section .note.GNU-stack, "", %progbits
