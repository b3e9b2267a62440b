/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct purg_cpu: what entry.S found in the registers that purgatory is going
 * to change, so that purg_leave (mmu.S) can put it back.  C and assembly.
 *
 * Two sets of names reach all of them.  With HCR_EL2.E2H = 1 the names with
 * _EL1 stand for EL2's own registers, which then have the layout of EL1's (Arm
 * ARM D8.9 "Virtualization Host Extensions").  So EL1 and EL2 with E2H are one
 * case, "EL1 names"; EL2 with E2H = 0 is the other.  TGE does not matter.
 *
 * SCTLR2_ELx is left alone: booting.rst asks firmware for SCR_EL3.TCR2En but not
 * for SCTLR2En, so an access may trap to EL3; and nothing in it changes a
 * translation of ours.
 */
#ifndef PURGATORY_ARM64_CPU_H
#define PURGATORY_ARM64_CPU_H

/* Bits of flags, as numbers: tbz takes those. */
#define CPU_AT_EL2	0
#define CPU_EL1_NAMES	1
#define CPU_TCR2	2	/* TCR2_ELx exists */
#define CPU_MAPPED	3	/* MMU and caches are on */

/* Offsets for assembly; cpu.c asserts them. */
#define CPU_SCTLR	0x00
#define CPU_TCR		0x08
#define CPU_MAIR	0x10
#define CPU_TTBR0	0x18
#define CPU_VBAR	0x20
#define CPU_CPTR	0x28
#define CPU_TCR2_REG	0x30
#define CPU_FLAGS	0x38
#define CPU_SIZE	0x40

/* Registers that assemblers of 2022 have no name for. */
#define ID_AA64MMFR3_EL1	S3_0_C0_C7_3	/* 0 before it was defined */
#define ID_AA64MMFR4_EL1	S3_0_C0_C7_4
#define TCR2_EL1		S3_0_C2_C0_3
#define TCR2_EL2		S3_4_C2_C0_3

#define CPU_MAIR_OWN	0x04ff	/* ARM64_MAIR of idmap-arm64.h; map.c asserts it */

#define SCTLR_M		(1 << 0)
#define SCTLR_C		(1 << 2)
#define SCTLR_I		(1 << 12)

#ifndef __ASSEMBLER__
#include <stdint.h>

struct purg_cpu {
	uint64_t sctlr, tcr, mair, ttbr0, vbar;
	uint64_t cptr;		/* CPACR_EL1, with EL2's names CPTR_EL2 */
	uint64_t tcr2;		/* 0 where there is none */
	uint64_t flags;		/* bits CPU_* */
};

/* Filled by entry.S; map.c sets CPU_MAPPED.  In .bss. */
extern struct purg_cpu purg_cpu;

static inline int purg_cpu_is(unsigned int bit)
{
	return purg_cpu.flags >> bit & 1;
}
#endif

#endif
