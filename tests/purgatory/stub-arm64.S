/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leaves for purgatory as the arm64 kernel does, at EL1, EL2 or EL2 with
 * HCR_EL2.E2H, as GUEST_MODE says.  Loaded and started by QEMU's loader device;
 * used by tests/purgatory/qemu.c.
 *
 * As hostile as the contract allows: VBAR points into the void, the stack
 * pointer too, FP/SIMD traps, translation registers hold a kernel's values,
 * alignment checks are whatever Device memory gives, registers are junk.
 */
#include "guest-arm64.h"

#define HCR_RW	31
#define HCR_TVM	26
#define HCR_TPCP 23
#define HCR_TGE	27
#define HCR_E2H	34
#define SVCR	S3_3_C4_C2_2

	.arch	armv8.1-a		/* _EL12 */
	.text
	.globl	_start
_start:
	msr	daifset, #0xf
	ldr	x4, =GUEST_MODE
	ldr	w4, [x4]
	mrs	x1, CurrentEL
	cmp	x1, #(2 << 2)
	b.ne	1f
	tbnz	x4, #3, watch
	mov	x2, #(1 << HCR_RW)
	tbz	x4, #0, 2f
	orr	x2, x2, #(1 << HCR_E2H)
2:	tbz	x4, #1, 3f
	orr	x2, x2, #(1 << HCR_TGE)
3:	msr	hcr_el2, x2
	isb
	tbz	x4, #0, 4f
	STALE_EL12(GUEST_SET)
	ldr	x2, =0x5a5a000077778888
	msr	tpidr_el2, x2
	b	1f
4:	STALE_EL2(GUEST_SET)
1:	STALE_ANY(GUEST_SET)
	STALE_EL1(GUEST_SET)
	isb
	tbz	x4, #2, 5f
	/* Streaming mode, then traps again. */
	mov	x2, #(3 << 24)			/* SMEN: no trap */
	msr	cpacr_el1, x2
	isb
	mov	x2, #1
	msr	SVCR, x2
	msr	cpacr_el1, xzr
	isb
5:	tbz	x4, #4, 6f
	mov	w3, #1
	ldr	x1, =GUEST_ITS
	str	w3, [x1]			/* GITS_CTLR.Enabled */
	ldr	x1, =GUEST_GICR
	mov	w4, #2
7:	ldr	x2, =(GUEST_LPI_PROP | 15)
	str	x2, [x1, #0x70]			/* GICR_PROPBASER: 16 bits of INTID */
	ldr	x2, =GUEST_LPI_PEND
	str	x2, [x1, #0x78]			/* GICR_PENDBASER */
	str	w3, [x1]			/* GICR_CTLR.EnableLPIs */
	add	x1, x1, #GUEST_GICR_STEP
	subs	w4, w4, #1
	b.ne	7b
6:	ldr	x1, =GUEST_BEFORE
	guest_dump

	mov	x2, #0x3
	lsl	x2, x2, #40
	mov	sp, x2
	mov	x30, x2
	mov	x29, x2
	mov	x0, #0
	mov	x1, #0
	mov	x2, #0
	mov	x3, #0
	mov	x4, #0x44000000
	br	x4

/* To EL1, watched from EL2; the registers first, their writes trap. */
watch:	STALE_ANY(GUEST_SET)
	STALE_EL1(GUEST_SET)
	ldr	x2, =GUEST_EL2_STACK
	mov	sp, x2
	adrp	x2, monitor_vectors
	add	x2, x2, :lo12:monitor_vectors
	msr	vbar_el2, x2
	mov	x2, #0x23ff			/* CPTR_EL2: neither FP/SIMD nor SME traps */
	msr	cptr_el2, x2
	ldr	x2, =(1 << HCR_RW | 1 << HCR_TVM | 1 << HCR_TPCP)
	msr	hcr_el2, x2
	mov	x2, #0x3c5			/* EL1h, all masked */
	msr	spsr_el2, x2
	adr	x2, 5b
	msr	elr_el2, x2
	eret
	.ltorg

	.section .note.GNU-stack, "", %progbits
