/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * void sha256_blocks_ni(uint32_t state[8], const uint8_t *data, size_t blocks)
 *
 * SHA-256 with Intel's SHA extensions (SDM vol. 2B, SHA256RNDS2, SHA256MSG1,
 * SHA256MSG2), SSSE3 and SSE4.1.  Called by purgatory after it has enabled
 * SSE, and by kexec in user space where CPUID has all three.
 *
 *	xmm1, xmm2	state as the instructions want it: ABEF, CDGH
 *	xmm8, xmm9	the same before the block
 *	xmm3 - xmm6	message schedule, 16 words, oldest first after \w0
 *	xmm0		W + K (implied operand); xmm7 scratch; xmm10 byte swap
 */
	.text

/*
 * Rounds 4i to 4i+3.  \w0 holds their words; \w1 \w2 \w3 the four words each
 * that follow, of which \w3 was just used (it is group i-1).
 *
 * The schedule for group i+1 (in \w1, which still holds group i-3 after
 * MSG1): add W[t-7], which straddles groups i-1 and i, then MSG2.
 */
	.macro	rounds i, w0, w1, w3
	.if	\i < 4
	movdqu	16 * \i(%rsi), \w0
	pshufb	%xmm10, \w0
	.endif
	movdqa	\w0, %xmm0
	paddd	16 * \i(%rax), %xmm0
	sha256rnds2 %xmm0, %xmm1, %xmm2
	.if	\i >= 3 && \i <= 14
	movdqa	\w0, %xmm7
	palignr	$4, \w3, %xmm7
	paddd	%xmm7, \w1
	sha256msg2 \w0, \w1
	.endif
	pshufd	$0x0e, %xmm0, %xmm0
	sha256rnds2 %xmm0, %xmm2, %xmm1
	.if	\i >= 1 && \i <= 12
	sha256msg1 \w0, \w3
	.endif
	.endm

	.globl	sha256_blocks_ni
	.type	sha256_blocks_ni, @function
	.balign	64
sha256_blocks_ni:
	.byte	0xf3, 0x0f, 0x1e, 0xfa	/* endbr64, a nop where CET is off */
	test	%rdx, %rdx
	jz	2f
	lea	sha256_k(%rip), %rax
	movdqa	byte_swap(%rip), %xmm10

	movdqu	(%rdi), %xmm7		/* DCBA */
	movdqu	16(%rdi), %xmm2		/* HGFE */
	pshufd	$0xb1, %xmm7, %xmm7	/* CDAB */
	pshufd	$0x1b, %xmm2, %xmm2	/* EFGH */
	movdqa	%xmm7, %xmm1
	palignr	$8, %xmm2, %xmm1	/* ABEF */
	pblendw	$0xf0, %xmm7, %xmm2	/* CDGH */

	.balign	16
1:	movdqa	%xmm1, %xmm8
	movdqa	%xmm2, %xmm9
	rounds	0, %xmm3, %xmm4, %xmm6
	rounds	1, %xmm4, %xmm5, %xmm3
	rounds	2, %xmm5, %xmm6, %xmm4
	rounds	3, %xmm6, %xmm3, %xmm5
	rounds	4, %xmm3, %xmm4, %xmm6
	rounds	5, %xmm4, %xmm5, %xmm3
	rounds	6, %xmm5, %xmm6, %xmm4
	rounds	7, %xmm6, %xmm3, %xmm5
	rounds	8, %xmm3, %xmm4, %xmm6
	rounds	9, %xmm4, %xmm5, %xmm3
	rounds	10, %xmm5, %xmm6, %xmm4
	rounds	11, %xmm6, %xmm3, %xmm5
	rounds	12, %xmm3, %xmm4, %xmm6
	rounds	13, %xmm4, %xmm5, %xmm3
	rounds	14, %xmm5, %xmm6, %xmm4
	rounds	15, %xmm6, %xmm3, %xmm5
	paddd	%xmm8, %xmm1
	paddd	%xmm9, %xmm2
	add	$64, %rsi
	dec	%rdx
	jnz	1b

	pshufd	$0x1b, %xmm1, %xmm1	/* FEBA */
	pshufd	$0xb1, %xmm2, %xmm2	/* DCHG */
	movdqa	%xmm1, %xmm7
	pblendw	$0xf0, %xmm2, %xmm1	/* DCBA */
	palignr	$8, %xmm7, %xmm2	/* HGFE */
	movdqu	%xmm1, (%rdi)
	movdqu	%xmm2, 16(%rdi)
2:	ret
	.size	sha256_blocks_ni, . - sha256_blocks_ni

	.section .rodata
	.balign	16
byte_swap:				/* PSHUFB: reverses each group of four bytes */
	.quad	0x0405060700010203, 0x0c0d0e0f08090a0b

/* So that a kexec built with -fcf-protection stays marked (x86-64 psABI, program property). */
	.section .note.gnu.property, "a"
	.balign	8
	.long	4, 16, 5		/* namesz, descsz, NT_GNU_PROPERTY_TYPE_0 */
	.asciz	"GNU"
	.long	0xc0000002, 4, 3, 0	/* GNU_PROPERTY_X86_FEATURE_1_AND: IBT, SHSTK */

	.section .note.GNU-stack, "", @progbits
