/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry point and exception vectors, arm64.
 *
 * State at entry, from the kernel's relocate_kernel.S and cpu-reset.S (all
 * versions): EL1 or EL2, the latter with HCR_EL2.E2H 0 or 1; MMU, D-cache and
 * SCTLR.I off; DAIF masked; x0-x3 0; stack pointer, x30 and every system
 * register else (VBAR, TTBR, TCR, CPACR) stale values of the old kernel.
 *
 * E2H does not matter here: at EL2 the name VBAR_EL2 is the register that
 * takes EL2's exceptions whatever E2H is, and so are ESR, ELR, FAR.
 */
	.section .head, "ax"
	.globl purg_entry
purg_entry:
	b	start

	.text
start:
	/* Already so; but an interrupt here would have no handler. */
	msr	daifset, #0xf
	/* Handlers and code use the same stack pointer, SP_ELx. */
	msr	spsel, #1

	/* Vectors before anything that could fault. */
	adrp	x1, vectors
	add	x1, x1, :lo12:vectors
	mrs	x2, CurrentEL
	cmp	x2, #(2 << 2)
	b.eq	1f
	msr	vbar_el1, x1
	b	2f
1:	msr	vbar_el2, x1
2:	isb				/* the new VBAR, from here on */

	adrp	x1, stack_top
	add	x1, x1, :lo12:stack_top
	mov	sp, x1
	mov	x29, xzr
	mov	x30, xzr

	adrp	x0, purg_param
	add	x0, x0, :lo12:purg_param
	adrp	x1, purg_image_start
	add	x1, x1, :lo12:purg_image_start
	bl	purgatory
	b	.

/*
 * Sixteen slots of 128 bytes (Arm ARM D1.3.1.1 "Exception vectors").  Nothing
 * is saved: no exception returns.
 */
	.macro	vector slot
	.balign	0x80
	mov	x1, #\slot
	b	trap
	.endm

	.balign	0x800			/* VBAR_ELx[10:0] are RES0 */
vectors:
	.irp	slot, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vector	\slot
	.endr
	.balign	0x80

trap:
	/* The old stack may be the reason; nobody goes back to it. */
	adrp	x5, stack_top
	add	x5, x5, :lo12:stack_top
	mov	sp, x5
	mrs	x5, CurrentEL
	cmp	x5, #(2 << 2)
	b.eq	1f
	mrs	x2, esr_el1
	mrs	x3, elr_el1
	mrs	x4, far_el1
	b	2f
1:	mrs	x2, esr_el2
	mrs	x3, elr_el2
	mrs	x4, far_el2
2:	adrp	x0, purg_param
	add	x0, x0, :lo12:purg_param
	bl	purg_trap
	b	.

	.bss
	.balign	16			/* SP alignment check */
	.space	0x1000
stack_top:

	.section .note.GNU-stack, "", %progbits
