/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PURG_NORETURN void purg_jump(uint64_t pc, const uint64_t x[4]);
 *
 * booting.rst: "All forms of interrupts must be masked in PSTATE.DAIF",
 * "The MMU must be off", "Instruction cache may be on or off, and must not
 * hold any stale entries corresponding to the loaded kernel image".  DAIF and
 * MMU are as at entry.  The kernel's crash path does not invalidate the
 * I-cache, so it is done here; it costs nothing.
 */
	.text
	.globl purg_jump
purg_jump:
	mov	x4, x0
	mov	x5, x1
	ldp	x0, x1, [x5]
	ldp	x2, x3, [x5, #16]
	dsb	sy			/* console writes have left */
	ic	iallu
	dsb	nsh			/* the invalidation is complete on this CPU */
	isb				/* nothing was fetched before it */
	br	x4

	.section .note.GNU-stack, "", %progbits
