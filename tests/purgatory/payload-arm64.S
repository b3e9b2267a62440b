/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * First instructions of the payload, arm64: keeps what it found, where the test
 * expects it and nowhere else.
 */
#include "guest-arm64.h"

	.arch	armv8.1-a		/* _EL12 */
	.text
	.globl	_start
_start:
	ldr	x10, =GUEST_SAVED
	stp	x0, x1, [x10]
	stp	x2, x3, [x10, #16]
	ldr	x1, =GUEST_AFTER
	guest_dump
	mrs	x11, CurrentEL
	lsr	x11, x11, #2
	mrs	x12, daif
	stp	x11, x12, [x10, #32]
	cmp	x11, #2
	b.eq	1f
	mrs	x11, sctlr_el1
	mov	x12, #0
	b	2f
1:	mrs	x11, sctlr_el2
	mrs	x12, hcr_el2
2:	stp	x11, x12, [x10, #48]
	mov	x0, x10
	ldr	x1, =GUEST_STACK
	mov	sp, x1
	bl	payload
	/* PSCI SYSTEM_OFF: QEMU's virt takes hvc from EL1, smc from EL2 */
	mov	x0, #8
	movk	x0, #0x8400, lsl #16
	mrs	x1, CurrentEL
	cmp	x1, #(2 << 2)
	b.eq	3f
	hvc	#0
3:	smc	#0
	b	.
	.ltorg

	.section .note.GNU-stack, "", %progbits
