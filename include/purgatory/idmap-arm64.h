/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Identity page tables for arm64 (Arm ARM DDI 0487, D8 "The AArch64 Virtual
 * Memory System Architecture"): one stage, the lower VA range, identity.
 * Pure: writes the pool and nothing else.  Purgatory builds its map with it;
 * kexec runs it to learn how much pool a plan needs; the host tests walk what
 * it built.
 *
 * Exact: what is added is mapped to the granule, nothing else is.  Blocks are
 * used where a whole block is covered.
 */
#ifndef PURGATORY_IDMAP_ARM64_H
#define PURGATORY_IDMAP_ARM64_H

#include <stdint.h>

/* Translation regimes, as far as descriptors and TCR differ. */
enum arm64_regime {
	/* EL1&0, or EL2&0 (HCR_EL2.E2H = 1): two privilege levels, PXN is bit 53 */
	ARM64_REGIME_EL1,
	/* EL2 with E2H = 0: one privilege level, XN is bit 54, AP[1] is RES1 */
	ARM64_REGIME_EL2,
};

/* MAIR_ELx, by the AttrIndx the descriptors use. */
#define ARM64_MAIR_NORMAL	0	/* 0xff: write-back, read and write allocate */
#define ARM64_MAIR_DEVICE	1	/* 0x04: Device-nGnRE */
#define ARM64_MAIR		0x04ffULL

enum arm64_map_kind {
	ARM64_MAP_TEXT,		/* Normal, read, write and execute: purgatory itself */
	ARM64_MAP_READ,		/* Normal, read only, never execute */
	ARM64_MAP_WRITE,	/* Normal, read and write, never execute */
	ARM64_MAP_DEVICE,	/* Device-nGnRE, read and write, never execute */
};

struct arm64_idmap {
	/* Set by the caller before arm64_idmap_init(). */
	uint8_t *pool;		/* aligned to the granule */
	uint64_t pool_pa;	/* where the CPU finds it: equal to pool in purgatory */
	uint64_t pool_len;
	uint32_t granule_shift;	/* 12, 14 or 16 */
	/*
	 * Nothing at or above 1 << pa_bits is mapped: 32, 36, 40, 42, 44 or 48
	 * as the CPU has them, or 52, which needs CPU features and is for
	 * machines with something above 48 bits.  Up to 48, the tables (and
	 * the pool they take) do not depend on it.
	 */
	uint32_t pa_bits;
	enum arm64_regime regime;
	/* Kept by the functions. */
	uint64_t used;		/* bytes of the pool in tables; the root is at its start */
};

/* What the CPU offers, from ID_AA64MMFR0_EL1 and ID_AA64MMFR2_EL1. */
struct arm64_mmu_facts {
	uint64_t mmfr0, mmfr2;
};

/*
 * Address bits of a CPU with @f, as pa_bits takes them (PARange; 56 bits count
 * as 52); 0 if PARange has no meaning yet.
 */
uint32_t arm64_mmu_pa_bits(const struct arm64_mmu_facts *f);

/*
 * Can a CPU with @f use this granule with this pa_bits?  NULL, or why not (a
 * constant).  Values that the Arm ARM has not defined count as no.  TGran4_2,
 * TGran16_2 and TGran64_2 are about stage 2 and do not matter.  52 bits take
 * FEAT_LPA2 with 4K and 16K granules, FEAT_LPA and FEAT_LVA with 64K.
 */
const char *arm64_mmu_refuses(const struct arm64_mmu_facts *f, uint32_t granule_shift,
			      uint32_t pa_bits);

/*
 * TCR_EL1 (also EL2 with E2H) or TCR_EL2 for the map; @f gives IPS/PS.  The
 * whole register: nothing of the previous kernel's value is kept.
 */
uint64_t arm64_idmap_tcr(const struct arm64_idmap *m, const struct arm64_mmu_facts *f);
/* TTBR0_ELx for the map (52-bit addresses are folded as TTBR wants them). */
uint64_t arm64_idmap_ttbr(const struct arm64_idmap *m);

/*
 * Empties the map: one zeroed root.  NULL, or why not (constants): an unknown
 * granule or pa_bits; pool or pool_pa not aligned to the granule; no room for
 * the root; the pool reaches beyond pa_bits.
 */
const char *arm64_idmap_init(struct arm64_idmap *m);

/*
 * Maps [@start, @end), widened to whole granules.  NULL, or why not (constants):
 * the range is empty or ends before it starts; the pool is used up; beyond
 * pa_bits; a granule of it is mapped already with another kind (the same kind
 * is fine).  After a failure the map is of no use.
 */
const char *arm64_idmap_add(struct arm64_idmap *m, uint64_t start, uint64_t end,
			    enum arm64_map_kind kind);

#endif
