/* SPDX-License-Identifier: GPL-2.0-only */
/* First instructions of the payload, arm64: keeps what it found. */
	.text
	.globl	_start
_start:
	adrp	x10, saved
	add	x10, x10, :lo12:saved
	stp	x0, x1, [x10]
	stp	x2, x3, [x10, #16]
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
	adrp	x1, stack
	add	x1, x1, :lo12:stack
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

	.bss
	.balign	16
saved:	.space	160
	.space	4096
stack:
	.section .note.GNU-stack, "", %progbits
