/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the bare arm64 machine of tests/purgatory/qemu.c agrees on: where the
 * stub and the payload leave what they found, and which registers that is.  C
 * and assembly; the lists are macros so that both can use them.
 */
#ifndef GUEST_ARM64_H
#define GUEST_ARM64_H

/* RAM that belongs to the test alone. */
#define GUEST_MODE	0x48000000	/* one word of MODE_* */
#define GUEST_BEFORE	0x48002000	/* the stub's dump, just before purgatory */
#define GUEST_AFTER	0x48003000	/* the payload's dump, first thing */
#define GUEST_SAVED	0x48004000	/* what payload.c prints */
#define GUEST_STACK	0x48010000	/* its end */
#define GUEST_EL2_STACK	0x48018000	/* of the monitor, its end */
#define GUEST_END	0x48020000
#define GUEST_STUB	0x48100000

#define MODE_E2H	1
#define MODE_TGE	2
#define MODE_STREAMING	4	/* PSTATE.SM = 1 */
#define MODE_WATCH	8	/* at EL1, with monitor-arm64.S at EL2 */
#define MODE_GIC	16	/* a GICv3's ITS is on, and LPIs of two CPUs */

/* QEMU's virt, hw/arm/virt.c; and memory for the LPIs' tables. */
#define GUEST_ITS	0x08080000
#define GUEST_GICR	0x080a0000
#define GUEST_GICR_LEN	0x00f60000
#define GUEST_GICR_STEP	0x00020000
#define GUEST_LPI_PROP	0x4b000000
#define GUEST_LPI_PEND	0x4b100000
/* Those of a saved kernel: a property table, and behind it two pending tables. */
#define GUEST_LPI_SAVED	0x4b200000

/* monitor-arm64.S: what it watches, and where it leaves what it has seen. */
#define WATCH_RAM	0x40000000
#define WATCH_RAM_LEN	0x10000000
#define WATCH_BASE	0x44000000	/* purgatory's image and pool */
#define WATCH_OWN_LEN	0x20000
#define WATCH_LOG	0x48018000
#define WATCH_CLEANED	0x50000000
#define WATCH_LINES	0x60000000
#define WATCH_OWN	0x61000000
#define WATCH_DROPPED	0x62000000
#define WATCH_END	0x70000000

/* A dump: CNTVCT_EL0, then these, 8 bytes each. */
#define REGS_ANY(X)							\
	X(CurrentEL) X(DAIF) X(SPSel) X(SP_EL0) X(TPIDR_EL0) X(TPIDRRO_EL0)
/* At EL1; and at EL2, where they are EL1's own, or with E2H = 1 EL2's. */
#define REGS_EL1(X)							\
	X(SCTLR_EL1) X(TCR_EL1) X(MAIR_EL1) X(TTBR0_EL1) X(TTBR1_EL1) X(VBAR_EL1) \
	X(CPACR_EL1) X(AMAIR_EL1) X(CONTEXTIDR_EL1) X(TPIDR_EL1) X(CNTKCTL_EL1) \
	X(ELR_EL1) X(SPSR_EL1) X(ESR_EL1) X(FAR_EL1)
#define REGS_EL2(X)							\
	X(HCR_EL2) X(SCTLR_EL2) X(TCR_EL2) X(MAIR_EL2) X(TTBR0_EL2) X(VBAR_EL2) \
	X(CPTR_EL2) X(AMAIR_EL2) X(TPIDR_EL2) X(CNTHCTL_EL2) X(VTCR_EL2) X(VTTBR_EL2)
/* With E2H = 1, EL1's own. */
#define REGS_EL12(X)							\
	X(SCTLR_EL12) X(TCR_EL12) X(MAIR_EL12) X(TTBR0_EL12) X(TTBR1_EL12) X(VBAR_EL12) \
	X(CPACR_EL12)

/* What the stub sets first: a kernel's values, and FP/SIMD traps. */
#define STALE_ANY(X)							\
	X(SP_EL0, 0xffff800011223340) X(TPIDR_EL0, 0x5a5a000011112222)	\
	X(TPIDRRO_EL0, 0x5a5a000033334444)
#define STALE_EL1(X)							\
	X(TCR_EL1, 0x000000f5b5593519) X(MAIR_EL1, 0x0000000000bbff44)	\
	X(TTBR0_EL1, 0x0007000041234000) X(TTBR1_EL1, 0x0008000041567000) \
	X(VBAR_EL1, 0x0000030000000000) X(CPACR_EL1, 0) X(CONTEXTIDR_EL1, 0x12345678) \
	X(TPIDR_EL1, 0x5a5a000055556666) X(SCTLR_EL1, 0x30d00800)
#define STALE_EL2(X)							\
	X(TCR_EL2, 0x0000000080853518) X(MAIR_EL2, 0x0000000000bbff04)	\
	X(TTBR0_EL2, 0x0000000041789000) X(VBAR_EL2, 0x0000030000000000) \
	X(CPTR_EL2, 0x37ff) X(TPIDR_EL2, 0x5a5a000077778888) X(SCTLR_EL2, 0x30c50830)
/* With E2H = 1, STALE_EL1 gives EL2 its values, and these EL1. */
#define STALE_EL12(X)							\
	X(TCR_EL12, 0x000000f5b5193519) X(MAIR_EL12, 0x0000000000aaff44) \
	X(TTBR0_EL12, 0x0009000041abc000) X(TTBR1_EL12, 0x000a000041def000) \
	X(VBAR_EL12, 0x0000030000000800) X(CPACR_EL12, 0) X(SCTLR_EL12, 0x30d00800)

#ifdef __ASSEMBLER__
#define GUEST_SET(reg, value)	ldr x2, =value; msr reg, x2;
#define GUEST_GET(reg)		mrs x2, reg; str x2, [x1], #8;

/* Dumps to x1; changes x1, x2, x3. */
	.macro	guest_dump
	mrs	x2, cntvct_el0
	str	x2, [x1], #8
	REGS_ANY(GUEST_GET)
	REGS_EL1(GUEST_GET)
	mrs	x3, CurrentEL
	cmp	x3, #(2 << 2)
	b.ne	99f
	REGS_EL2(GUEST_GET)
	mrs	x3, hcr_el2
	tbz	x3, #34, 99f
	REGS_EL12(GUEST_GET)
99:
	.endm
#endif

#endif
