// SPDX-License-Identifier: GPL-2.0-only
/*
 * What else of the CPU purgatory uses, arm64: FP/SIMD for SHA-256, and the
 * counter.  Called by purgatory.c.
 */
#include "arm64.h"

_Static_assert(offsetof(struct purg_cpu, sctlr) == CPU_SCTLR, "cpu.h");
_Static_assert(offsetof(struct purg_cpu, tcr) == CPU_TCR, "cpu.h");
_Static_assert(offsetof(struct purg_cpu, mair) == CPU_MAIR, "cpu.h");
_Static_assert(offsetof(struct purg_cpu, ttbr0) == CPU_TTBR0, "cpu.h");
_Static_assert(offsetof(struct purg_cpu, vbar) == CPU_VBAR, "cpu.h");
_Static_assert(offsetof(struct purg_cpu, cptr) == CPU_CPTR, "cpu.h");
_Static_assert(offsetof(struct purg_cpu, tcr2) == CPU_TCR2_REG, "cpu.h");
_Static_assert(offsetof(struct purg_cpu, flags) == CPU_FLAGS, "cpu.h");
_Static_assert(sizeof(struct purg_cpu) == CPU_SIZE, "cpu.h");

/* CPACR_EL1, and CPTR_EL2 with E2H = 1. */
#define CPACR_FPEN	(3U << 20)	/* 3: FP/SIMD does not trap */
#define CPACR_SMEN	(3U << 24)
/* CPTR_EL2 with E2H = 0. */
#define CPTR_TFP	(1U << 10)	/* FP/SIMD traps */
#define CPTR_TSM	(1U << 12)	/* SME traps; RES1 without it */

#define SVCR		"S3_3_C4_C2_2"
#define SVCR_SM		1U

static uint32_t field(uint64_t reg, unsigned int lowest)
{
	return reg >> lowest & 0xf;
}

static uint64_t cptr_read(void)
{
	return purg_cpu_is(CPU_EL1_NAMES) ? purg_mrs("cpacr_el1") : purg_mrs("cptr_el2");
}

static void cptr_write(uint64_t v)
{
	if (purg_cpu_is(CPU_EL1_NAMES))
		purg_msr("cpacr_el1", v);
	else
		purg_msr("cptr_el2", v);
	/* Before the next FP/SIMD instruction. */
	__asm__ volatile("isb" : : : "memory");
}

/*
 * A kernel that crashed may leave PSTATE.SM = 1, streaming mode, in which
 * Advanced SIMD is not to be had.  FP/SIMD and SME do not trap any more.
 */
static int streaming(void)
{
	return field(purg_mrs("id_aa64pfr1_el1"), 24) && (purg_mrs(SVCR) & SVCR_SM);
}

static void fp_enable(int sme)
{
	uint64_t v = cptr_read();

	if (purg_cpu_is(CPU_EL1_NAMES))
		cptr_write(v | CPACR_FPEN | (sme ? CPACR_SMEN : 0));
	else
		cptr_write(v & ~(uint64_t)(CPTR_TFP | (sme ? CPTR_TSM : 0)));
}

/* SHA2: 0 = not there. */
static int has_sha2(void)
{
	return field(purg_mrs("id_aa64isar0_el1"), 12) && !(purg_param.flags & PURG_F_NO_SHA2);
}

/* What is in the 32 SIMD registers is lost; no kernel looks at them at its entry. */
struct sha256_engine purg_arch_sha256_begin(struct purg_fpu *save)
{
	struct sha256_engine e = { .blocks = sha256_blocks_portable };

	save->reg[0] = cptr_read();
	save->reg[1] = 0;
	/* AdvSIMD: 0xf = not there, everything else is. */
	if (field(purg_mrs("id_aa64pfr0_el1"), 20) == 0xf)
		return e;
	fp_enable(!!field(purg_mrs("id_aa64pfr1_el1"), 24));
	if (streaming())
		return e;
	if (has_sha2()) {
		e.blocks = sha256_blocks_ce;
	} else {
		e.lanes = sha256_lanes_neon;
		e.lane_count = 4;
	}
	return e;
}

void purg_arch_sha256_end(const struct purg_fpu *save)
{
	cptr_write(save->reg[0]);
}

/*
 * CNTVCT_EL0 of a virtual machine counts its own time, as its user space reads
 * it; at EL2 CNTPCT_EL0 does not depend on what KVM left in CNTVOFF_EL2.
 */
static uint64_t counter_read(void)
{
	/* Without it the CPU may read the counter early. */
	__asm__ volatile("isb" : : : "memory");
	return purg_cpu_is(CPU_AT_EL2) ? purg_mrs("cntpct_el0") : purg_mrs("cntvct_el0");
}

/*
 * Two reads that agree to 15 us and do not end in nine equal bits, as long as
 * there is hope: errata 858921 of Cortex-A73, A-008585 of Freescale, 161010101
 * of HiSilicon and UNKNOWN1 of Allwinner make single reads wrong, the last one
 * around a carry into bit 10 (doc/purgatory-arm64.md, R13).
 */
uint64_t purg_arch_counter(void)
{
	uint64_t limit = purg_arch_counter_hz() >> 16, a, b, low;

	if (limit < 32)
		limit = 32;
	for (int tries = 200; ; tries--) {
		a = counter_read();
		b = counter_read();
		low = b & 0x1ff;
		if ((low && low != 0x1ff && b - a <= limit) || !tries)
			return b;
	}
}

uint64_t purg_arch_counter_hz(void)
{
	return purg_mrs("cntfrq_el0");
}
