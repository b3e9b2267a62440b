/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MMU and caches on, and off again with the way out, arm64 (arm64.h: purg_mmu_on,
 * purg_leave).  Called by map.c and handover.c.
 *
 * Neither stores anything to memory.  A store between the cache maintenance and the write
 * to SCTLR would be where the other side does not look: with the MMU off it goes
 * to memory, past a line that an instruction prefetch may just have brought
 * back; with the MMU on it makes a line dirty that nobody cleans any more.
 */
#include "cpu.h"
#include "cache.h"

/* SCTLR_ELx: RES1 bits, and M, C, I; everything that could trap is off. */
#define SCTLR_EL1_OFF	0x30d00800
#define SCTLR_EL2_OFF	0x30c50830
#define SCTLR_ON	(SCTLR_M | SCTLR_C | SCTLR_I)

	.macro	mov32 reg, value
	movz	\reg, #((\value) & 0xffff)
	movk	\reg, #((\value) >> 16), lsl #16
	.endm

/*
 * All TLB entries of the regime we are in, of this CPU, and the I-cache.  ALLE2
 * means EL2&0 with E2H = 1, also with TGE = 0, where VMALLE1 would mean EL1&0.
 *
 * A hypervisor may make a broadcast of a local TLBI (HCR_EL2.FB).  So it is done
 * as errata of broadcasts want it: twice, with a barrier for the domain each time
 * (1286807, 2441007, 2441009, 4118414, Falkor 1009), and with the I-cache
 * afterwards (ThunderX 27456).
 */
	.macro	invalidate flags
	tbnz	\flags, #CPU_AT_EL2, 93f
	tlbi	vmalle1
	dsb	ish			/* complete, but for the errata */
	tlbi	vmalle1
	b	94f
93:	tlbi	alle2
	dsb	ish			/* the same */
	tlbi	alle2
94:	dsb	ish			/* complete */
	ic	iallu
	dsb	nsh			/* complete on this CPU */
	isb				/* nothing was fetched through the old ones */
	.endm

/* x0 = TCR, x1 = TTBR0, x4 = flags */
	.macro	map_on el, tcr2, off
	mov	x5, #CPU_MAIR_OWN
	msr	mair_\el, x5
	msr	tcr_\el, x0
	/* The old kernel's would change what permissions mean (PIE). */
	tbz	x4, #CPU_TCR2, 91f
	msr	\tcr2, xzr
91:	msr	ttbr0_\el, x1
	/* The registers, before any walk.  No access in between: ThunderX2 219. */
	isb
	/* The old kernel's entries, perhaps of the same ASID, are still there. */
	invalidate x4
	mov32	x5, (\off | SCTLR_ON)
	msr	sctlr_\el, x5
	isb				/* on, from the next instruction on */
	.endm

	.text
	.globl	purg_mmu_on
purg_mmu_on:
	dsb	sy			/* what we wrote has reached memory ... */
	/*
	 * ... past the caches, which may hold clean lines from before: the walker
	 * and we would read those.  Invalidate only: the old kernel cleaned the
	 * whole segment, so nothing is dirty; and if it were, it would be older
	 * than what is in memory.
	 */
	dcache_line x5, x6
	dcache_lines ivac, x2, x3, x5, x6
	dsb	sy			/* they are gone before the first walk */
	tbz	x4, #CPU_EL1_NAMES, 1f
	map_on	el1, TCR2_EL1, SCTLR_EL1_OFF
	ret
1:	map_on	el2, TCR2_EL2, SCTLR_EL2_OFF
	ret

/* x10-x16 = what entry.S found, x9 = flags.  VBAR late: until then we tell of a fault. */
	.macro	map_off el, cptr, tcr2, off
	mov32	x20, \off
	isb				/* Falkor 1041: right before M goes to 0 */
	msr	sctlr_\el, x20
	isb				/* off, from the next instruction on */
	msr	mair_\el, x12
	msr	tcr_\el, x11
	tbz	x9, #CPU_TCR2, 91f
	msr	\tcr2, x16
91:	msr	ttbr0_\el, x13
	isb				/* as above: ThunderX2 219 */
	msr	\cptr, x15
	msr	vbar_\el, x14
	msr	sctlr_\el, x10
	isb				/* all of it, before the next kernel */
	/*
	 * booting.rst: the instruction cache "must not hold any stale entries
	 * corresponding to the loaded kernel image"; and our map's entries are
	 * nobody's business.
	 */
	invalidate x9
	.endm

/*
 * booting.rst, "4. Call the kernel image": "The MMU must be off", "The address
 * range corresponding to the loaded kernel image must be cleaned to the PoC",
 * done by handover.c; here purgatory itself is cleaned, with the stack, the last
 * of what we wrote.
 *
 * The same with CPU_MAPPED clear, where half of it changes nothing.
 *
 * LPIs come last, when the MMU is off, so that redistributors are devices, and
 * their tables have been cleaned: they are read from here on.  gic.c has set them.
 */
	.globl	purg_leave
purg_leave:
	ldp	x10, x11, [x0, #CPU_SCTLR]
	ldp	x12, x13, [x0, #CPU_MAIR]
	ldp	x14, x15, [x0, #CPU_VBAR]
	ldp	x16, x9, [x0, #CPU_TCR2_REG]	/* and CPU_FLAGS */
	mov	x8, x1
	mov	x25, x5
	mov	x26, x6
	ldp	x21, x22, [x2]
	ldp	x23, x24, [x2, #16]
	dcache_line x5, x6
	dcache_lines civac, x3, x4, x5, x6
	/* handover.c's lines as well, and writes to the console have left. */
	dsb	sy
	tbz	x9, #CPU_EL1_NAMES, 1f
	map_off	el1, cpacr_el1, TCR2_EL1, SCTLR_EL1_OFF
	b	2f
1:	map_off	el2, cptr_el2, TCR2_EL2, SCTLR_EL2_OFF
2:	cbz	x26, 4f
	sub	x26, x26, #1
	ldp	x5, x6, [x25], #16		/* struct purg_lpi */
	cbz	x6, 2b
	ldr	w7, [x5]			/* GICR_CTLR */
	orr	w7, w7, #1			/* EnableLPIs */
	str	w7, [x5]
	b	2b
4:	dsb	sy				/* they have it before the kernel runs */
	mov	x0, x21
	mov	x1, x22
	mov	x2, x23
	mov	x3, x24
	br	x8

	.section .note.GNU-stack, "", %progbits
