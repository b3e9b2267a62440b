/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leaves for purgatory as the arm64 kernel does, at EL1, EL2 or EL2 with
 * HCR_EL2.E2H and TGE (the word at 0x48000000 is 1).  Loaded and started by
 * QEMU's loader device; used by tests/purgatory/qemu.c.
 *
 * As hostile as the contract allows: VBAR points into the void, the stack
 * pointer too, FP/SIMD traps, alignment checks are whatever Device memory
 * gives, registers are junk.
 */
	.text
	.globl	_start
_start:
	msr	daifset, #0xf
	mrs	x1, CurrentEL
	cmp	x1, #(2 << 2)
	b.ne	1f
	mov	x3, #0x48000000
	ldr	w3, [x3]
	mov	x2, #(1 << 31)			/* HCR_EL2.RW */
	cbz	w3, 2f
	movk	x2, #0x4, lsl #32		/* E2H */
	orr	x2, x2, #(1 << 27)		/* TGE */
2:	msr	hcr_el2, x2
	isb
	mov	x2, #0x3
	lsl	x2, x2, #40
	msr	vbar_el2, x2
	cbnz	w3, 3f
	mov	x2, #0x37ff			/* CPTR_EL2.TFP, E2H=0 */
	msr	cptr_el2, x2
	b	3f
1:	mov	x2, #0x3
	lsl	x2, x2, #40
	msr	vbar_el1, x2
	msr	cpacr_el1, xzr			/* FP/SIMD traps */
3:	isb
	mov	sp, x2
	mov	x30, x2
	mov	x29, x2
	mov	x0, #0
	mov	x1, #0
	mov	x2, #0
	mov	x3, #0
	mov	x4, #0x44000000
	br	x4

	.section .note.GNU-stack, "", %progbits
