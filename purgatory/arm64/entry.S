/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry point and exception vectors, arm64.
 *
 * State at entry, from the kernel's relocate_kernel.S and cpu-reset.S (all
 * versions): EL1 or EL2, the latter with HCR_EL2.E2H 0 or 1; MMU, D-cache and
 * SCTLR.I off; DAIF masked; x0-x3 0; stack pointer, x30 and every system
 * register else (VBAR, TTBR, TCR, CPACR) stale values of the old kernel.  Those
 * are what the next kernel finds as well: they are kept in purg_cpu (cpu.h).
 *
 * The vectors read ESR, ELR and FAR by EL2's names at EL2, which E2H does not
 * change.
 */
#include "cpu.h"

	.section .head, "ax"
	.globl purg_entry
purg_entry:
	b	start

/* All of struct purg_cpu but flags; x1 = its address, x10 = flags. */
	.macro	keep el, cptr, tcr2, sctlr2
	mrs	x2, sctlr_\el
	mrs	x3, tcr_\el
	stp	x2, x3, [x1, #CPU_SCTLR]
	mrs	x2, mair_\el
	mrs	x3, ttbr0_\el
	stp	x2, x3, [x1, #CPU_MAIR]
	mrs	x2, vbar_\el
	mrs	x3, \cptr
	stp	x2, x3, [x1, #CPU_VBAR]
	mov	x2, xzr
	tbz	x10, #CPU_TCR2, 91f
	mrs	x2, \tcr2
91:	mov	x3, xzr
	tbz	x10, #CPU_SCTLR2, 92f
	mrs	x3, \sctlr2
92:	stp	x2, x3, [x1, #CPU_TCR2_REG]
	.endm

/* Our vectors, x4, before anything that could fault; and the I-cache. */
	.macro	begin el
	msr	vbar_\el, x4
	/*
	 * A crashing kernel has not invalidated the I-cache (cpu_soft_restart()).
	 * SCTLR.I needs no MMU, and without it every instruction comes from
	 * memory.
	 */
	ic	iallu
	dsb	nsh			/* the invalidation is complete */
	mrs	x2, sctlr_\el
	orr	x2, x2, #SCTLR_I
	msr	sctlr_\el, x2
	isb				/* VBAR and I, from here on */
	.endm

	.text
start:
	/* Already so; but an interrupt here would have no handler. */
	msr	daifset, #0xf
	/* Handlers and code use the same stack pointer, SP_ELx. */
	msr	spsel, #1

	mov	x10, xzr
	mrs	x2, CurrentEL
	cmp	x2, #(2 << 2)
	b.ne	1f
	orr	x10, x10, #(1 << CPU_AT_EL2)
	/* Without FEAT_VHE, bit 34 of HCR_EL2 means nothing. */
	mrs	x2, id_aa64mmfr1_el1
	ubfx	x2, x2, #8, #4		/* VH */
	cbz	x2, 2f
	mrs	x2, hcr_el2
	tbnz	x2, #34, 1f		/* E2H */
	/* E2H0 < 0: the bit is RES1, whatever it reads as. */
	mrs	x2, ID_AA64MMFR4_EL1
	tbz	x2, #27, 2f
1:	orr	x10, x10, #(1 << CPU_EL1_NAMES)
2:	mrs	x2, ID_AA64MMFR3_EL1
	tst	x2, #0xf		/* TCRX */
	b.eq	3f
	orr	x10, x10, #(1 << CPU_TCR2)
3:	tst	x2, #0xf0		/* SCTLRX */
	b.eq	4f
	orr	x10, x10, #(1 << CPU_SCTLR2)
4:
	adrp	x1, purg_cpu
	add	x1, x1, :lo12:purg_cpu
	str	x10, [x1, #CPU_FLAGS]
	adrp	x4, vectors
	add	x4, x4, :lo12:vectors
	tbz	x10, #CPU_EL1_NAMES, 5f
	keep	el1, cpacr_el1, TCR2_EL1, SCTLR2_EL1
	begin	el1
	b	6f
5:	keep	el2, cptr_el2, TCR2_EL2, SCTLR2_EL2
	begin	el2
6:
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
	.globl	purg_cpu
	.balign	16
purg_cpu:
	.space	CPU_SIZE
	.balign	16			/* SP alignment check */
	.space	0x1000
stack_top:

	.section .note.GNU-stack, "", %progbits
