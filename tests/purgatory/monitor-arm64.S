/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hypervisor that does nothing but watch purgatory at EL1 maintain the caches,
 * which QEMU has not: DC by address to the point of coherency traps
 * (HCR_EL2.TPCP), so do writes to SCTLR, TCR, MAIR and TTBR0 (TVM).  Part of the
 * stub; tests/purgatory/qemu.c looks at what is left behind:
 *
 *	WATCH_LINES	a byte for each line of RAM: 1 = DC IVAC, 2 = DC CIVAC
 *	WATCH_CLEANED	each line as it was at its last DC CIVAC: what a machine
 *			with caches would have in memory
 *	WATCH_DROPPED	the same at DC IVAC, of purgatory's own memory
 *	WATCH_OWN	purgatory's own memory when SCTLR.M was set
 *	WATCH_LOG	a count, then { register, value, IVACs, CIVACs so far }
 *
 * MMU and caches are off at EL2, and addresses are the same for both.
 */
#include "guest-arm64.h"

#define KEY(op0, op1, crn, crm, op2) \
	((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)
#define FRAME	256			/* x0 to x30 */

	.text
	.balign	0x800
	.globl	monitor_vectors
monitor_vectors:
	.space	0x400			/* nothing comes from EL2 itself */
	b	sync			/* lower level, AArch64, synchronous */

	.balign	0x80
	.macro	frame op
	\op	x0, x1, [sp]
	\op	x2, x3, [sp, #16]
	\op	x4, x5, [sp, #32]
	\op	x6, x7, [sp, #48]
	\op	x8, x9, [sp, #64]
	\op	x10, x11, [sp, #80]
	\op	x12, x13, [sp, #96]
	\op	x14, x15, [sp, #112]
	\op	x16, x17, [sp, #128]
	\op	x18, x19, [sp, #144]
	\op	x20, x21, [sp, #160]
	\op	x22, x23, [sp, #176]
	\op	x24, x25, [sp, #192]
	\op	x26, x27, [sp, #208]
	\op	x28, x29, [sp, #224]
	.endm

/* Branches if the trapped instruction, w1, is \key. */
	.macro	is key, label
	ldr	w2, =\key
	cmp	w1, w2
	b.eq	\label
	.endm

sync:
	sub	sp, sp, #FRAME
	frame	stp
	stp	x30, xzr, [sp, #240]	/* and XZR, as register 31 */
	mrs	x0, esr_el2
	lsr	x1, x0, #26
	cmp	x1, #0x16
	b.eq	psci
	cmp	x1, #0x18
	b.ne	.
	ubfx	x1, x0, #5, #5
	ldr	x3, [sp, x1, lsl #3]	/* the value, or the address */
	ldr	w2, =0x3ffc1e		/* but for the register's number */
	and	w1, w0, w2
	ldr	x4, =WATCH_LOG
	is	KEY(1, 0, 7, 6, 1), ivac
	is	KEY(1, 3, 7, 14, 1), civac
	is	KEY(3, 0, 1, 0, 0), sctlr
	is	KEY(3, 0, 2, 0, 2), tcr
	is	KEY(3, 0, 10, 2, 0), mair
	is	KEY(3, 0, 2, 0, 0), ttbr0
	b	.
tcr:	msr	tcr_el1, x3
	b	log
mair:	msr	mair_el1, x3
	b	log
ttbr0:	msr	ttbr0_el1, x3
	b	log
sctlr:	mrs	x5, sctlr_el1
	bic	x5, x3, x5
	tbz	x5, #0, 2f		/* M was not set by this */
	ldr	x5, =WATCH_BASE
	ldr	x6, =WATCH_OWN
	mov	x7, #WATCH_OWN_LEN
1:	ldp	x8, x9, [x5], #16
	stp	x8, x9, [x6], #16
	subs	x7, x7, #16
	b.ne	1b
2:	msr	sctlr_el1, x3
log:	ldr	x5, [x4]
	add	x6, x4, x5, lsl #5
	stp	x1, x3, [x6, #32]
	ldp	x7, x8, [x4, #8]
	stp	x7, x8, [x6, #48]
	add	x5, x5, #1
	str	x5, [x4]
	b	done

ivac:	ldr	x5, [x4, #8]
	add	x5, x5, #1
	str	x5, [x4, #8]
	mov	w7, #1
	ldr	x6, =(WATCH_DROPPED - WATCH_BASE)
	b	line
civac:	ldr	x5, [x4, #16]
	add	x5, x5, #1
	str	x5, [x4, #16]
	mov	w7, #2
	ldr	x6, =(WATCH_CLEANED - WATCH_RAM)
line:	bic	x3, x3, #63
	add	x6, x6, x3
	ldp	x8, x9, [x3]
	ldp	x10, x11, [x3, #16]
	ldp	x12, x13, [x3, #32]
	ldp	x14, x15, [x3, #48]
	stp	x8, x9, [x6]
	stp	x10, x11, [x6, #16]
	stp	x12, x13, [x6, #32]
	stp	x14, x15, [x6, #48]
	ldr	x5, =WATCH_RAM
	sub	x3, x3, x5
	ldr	x5, =WATCH_LINES
	add	x5, x5, x3, lsr #6
	ldrb	w6, [x5]
	orr	w6, w6, w7
	strb	w6, [x5]

done:	mrs	x0, elr_el2
	add	x0, x0, #4
	msr	elr_el2, x0
	ldr	x30, [sp, #240]
	frame	ldp
	add	sp, sp, #FRAME
	eret

/* With an EL2, QEMU's firmware takes smc. */
psci:	ldr	x30, [sp, #240]
	frame	ldp
	smc	#0
	b	.
	.ltorg

	.section .note.GNU-stack, "", %progbits
