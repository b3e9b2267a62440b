// SPDX-License-Identifier: GPL-2.0-only
/*
 * Identity page tables for arm64: Arm ARM DDI 0487, D8.2 "Translation process"
 * (levels, block sizes), D8.3 "Translation table descriptor formats", and the
 * registers TCR_ELx, TTBR0_ELx, ID_AA64MMFR0_EL1 and ID_AA64MMFR2_EL1.
 * Called by purgatory, where the MMU is off and every access has to be
 * aligned, and by kexec, which wants to know how much pool a plan takes.
 *
 * A level is named by the shift of its entries: an entry of level @shift maps,
 * or has a table for, 1 << shift bytes.  A table has 1 << (granule_shift - 3)
 * entries.
 */
#include <stddef.h>
#include "purgatory/idmap-arm64.h"

#define BIT(n)		(1ULL << (n))
#define LOW(n)		(BIT(n) - 1)

/* What an entry is.  At the last level, DESC_TABLE says "page". */
#define DESC_VALID	BIT(0)
#define DESC_TABLE	BIT(1)

/* Lower and upper attributes of blocks and pages. */
#define DESC_ATTR(index) ((uint64_t)(index) << 2)
#define DESC_AP1	BIT(6)		/* one privilege level: RES1; two: EL0 may */
#define DESC_READ_ONLY	BIT(7)		/* AP[2] */
#define DESC_SH_INNER	(3ULL << 8)
#define DESC_AF		BIT(10)		/* 0 would fault at the first access */
#define DESC_PXN	BIT(53)		/* two privilege levels */
#define DESC_UXN	BIT(54)		/* two privilege levels: EL0 may not execute */
#define DESC_XN		BIT(54)		/* one privilege level */

#define TCR_IRGN0_WBWA	BIT(8)
#define TCR_ORGN0_WBWA	BIT(10)
#define TCR_SH0_INNER	(3ULL << 12)
#define TCR_TG0(tg0)	((uint64_t)(tg0) << 14)
#define TCR_EL1_EPD1	BIT(23)		/* no walks for the upper VA range */
#define TCR_EL1_IPS(ps)	((uint64_t)(ps) << 32)
#define TCR_EL1_DS	BIT(59)
#define TCR_EL2_PS(ps)	((uint64_t)(ps) << 16)
#define TCR_EL2_RES1	(BIT(31) | BIT(23))
#define TCR_EL2_DS	BIT(32)

/* ID_AA64MMFR0_EL1.PARange, and IPS and PS: address bits by value. */
#define PS_48		5
#define PS_52		6
static const uint8_t pa_range[] = { 32, 36, 40, 42, 44, 48, 52, 56 };

/* By granule: TCR.TG0, and which field of ID_AA64MMFR0_EL1 has it. */
static const struct granule {
	uint8_t shift;
	uint8_t tg0;
	uint8_t field;		/* lowest bit of TGran4, TGran16, TGran64 */
	uint8_t yes;		/* "4KB granule supported" */
	uint8_t yes_52;		/* "4KB granule supports 52-bit input addresses" */
} granules[] = {
	{ 12, 0, 28, 0, 1 },
	{ 14, 2, 20, 1, 2 },
	{ 16, 1, 24, 0, 0 },	/* 52 bits are told by PARange and VARange */
};

static const struct granule *granule_find(uint32_t shift)
{
	for (size_t i = 0; i < sizeof(granules) / sizeof(granules[0]); i++)
		if (granules[i].shift == shift)
			return &granules[i];
	return NULL;
}

static uint32_t id_field(uint64_t reg, uint32_t lowest)
{
	return reg >> lowest & 0xf;
}

static int pa_bits_known(uint32_t bits)
{
	for (size_t i = 0; i <= PS_52; i++)
		if (pa_range[i] == bits)
			return 1;
	return 0;
}

uint32_t arm64_mmu_pa_bits(const struct arm64_mmu_facts *f)
{
	uint32_t value = id_field(f->mmfr0, 0);

	if (value >= sizeof(pa_range))
		return 0;
	return pa_range[value] < 52 ? pa_range[value] : 52;
}

/* ID_AA64MMFR2_EL1.VARange: 1 is 52 bits with 64K granules, 2 is 56 bits. */
static int has_lva(const struct arm64_mmu_facts *f)
{
	uint32_t value = id_field(f->mmfr2, 16);

	return value == 1 || value == 2;
}

const char *arm64_mmu_refuses(const struct arm64_mmu_facts *f, uint32_t granule_shift,
			      uint32_t pa_bits)
{
	const struct granule *g = granule_find(granule_shift);
	uint32_t have = arm64_mmu_pa_bits(f), value;

	if (!g)
		return "there is no such granule";
	if (!pa_bits_known(pa_bits))
		return "there is no such address size";
	if (!have)
		return "the CPU has an unknown address size";
	if (pa_bits > have)
		return "the CPU has fewer address bits";
	value = id_field(f->mmfr0, g->field);
	if (value != g->yes && value != g->yes_52)
		return "the CPU does not have the granule";
	if (pa_bits <= 48)
		return NULL;
	if (value != g->yes_52)
		return "the CPU has no 52-bit addresses with the granule";
	if (g->shift == 16 && !has_lva(f))
		return "the CPU has no 52-bit virtual addresses";
	return NULL;
}

/* Virtual addresses have as many bits as physical ones, and at least 48. */
static uint32_t va_bits(const struct arm64_idmap *m)
{
	return m->pa_bits > 48 ? 52 : 48;
}

/* FEAT_LPA2's descriptors: with 4K and 16K granules, 52 bits take TCR.DS. */
static int is_lpa2(const struct arm64_idmap *m)
{
	return m->pa_bits > 48 && m->granule_shift != 16;
}

/*
 * An address as a descriptor has it.  Bits that do not fit between the
 * attributes are moved down: with 64K granules OA[51:48] to bits 15:12, with
 * TCR.DS = 1 OA[51:50] to bits 9:8.
 */
static uint64_t fold(const struct arm64_idmap *m, uint64_t pa)
{
	if (is_lpa2(m))
		return (pa & LOW(50)) | (pa >> 50) << 8;
	return (pa & LOW(48)) | (pa >> 48) << 12;
}

uint64_t arm64_idmap_tcr(const struct arm64_idmap *m, const struct arm64_mmu_facts *f)
{
	const struct granule *g = granule_find(m->granule_shift);
	uint64_t tcr = TCR_IRGN0_WBWA | TCR_ORGN0_WBWA | TCR_SH0_INNER;
	/*
	 * The value for 52 bits changes what descriptors and TTBR mean, so it is
	 * for maps that are made so; the one for 56 bits needs FEAT_D128.
	 */
	uint32_t ps = id_field(f->mmfr0, 0), most = m->pa_bits > 48 ? PS_52 : PS_48;

	if (ps > most)
		ps = most;
	tcr |= 64 - va_bits(m);			/* T0SZ */
	tcr |= TCR_TG0(g ? g->tg0 : 0);
	if (m->regime == ARM64_REGIME_EL2)
		return tcr | TCR_EL2_RES1 | TCR_EL2_PS(ps) | (is_lpa2(m) ? TCR_EL2_DS : 0);
	return tcr | TCR_EL1_EPD1 | TCR_EL1_IPS(ps) | (is_lpa2(m) ? TCR_EL1_DS : 0);
}

uint64_t arm64_idmap_ttbr(const struct arm64_idmap *m)
{
	/* With 52 bits, bits 5:2 have the table's address bits 51:48; else they are 0. */
	return (m->pool_pa & LOW(48)) | (m->pool_pa >> 48) << 2;
}

/* The level of the root: the lowest one whose single table spans all. */
static uint32_t root_shift(const struct arm64_idmap *m)
{
	uint32_t shift = m->granule_shift, step = shift - 3;

	while (shift + step < va_bits(m))
		shift += step;
	return shift;
}

/*
 * May an entry of this level map by itself?  Level 2 may in every format, level
 * 1 with 4K granules.  The larger blocks of FEAT_LPA2 and FEAT_LPA (512 GiB,
 * 64 GiB, 4 TiB) are left out: they would save a table in few machines.
 */
static int can_map(const struct arm64_idmap *m, uint32_t shift)
{
	uint32_t g = m->granule_shift;

	return shift == g || shift == g + (g - 3) || (g == 12 && shift == 30);
}

/* NULL if the pool is used up. */
static uint64_t *table_new(struct arm64_idmap *m)
{
	uint64_t size = BIT(m->granule_shift);
	uint8_t *table = m->pool + m->used;

	if (size > m->pool_len - m->used)
		return NULL;
	m->used += size;
	__builtin_memset(table, 0, size);
	return (uint64_t *)(void *)table;
}

static uint64_t *table_at(const struct arm64_idmap *m, uint64_t desc)
{
	/* What fold() moved does not matter: the pool is shorter than 1 << 48. */
	uint64_t off = ((desc & ~LOW(m->granule_shift)) - m->pool_pa) & LOW(48);

	return (uint64_t *)(void *)(m->pool + off);
}

static uint64_t table_desc(const struct arm64_idmap *m, const uint64_t *table)
{
	uint64_t off = (uint64_t)((const uint8_t *)(const void *)table - m->pool);

	/* No limits on what the table's entries may say: bits 63:59 are 0. */
	return fold(m, m->pool_pa + off) | DESC_TABLE | DESC_VALID;
}

/* All of a block or page descriptor but the address and DESC_TABLE. */
static uint64_t attributes(const struct arm64_idmap *m, enum arm64_map_kind kind)
{
	uint64_t desc = DESC_VALID | DESC_AF;

	if (kind == ARM64_MAP_DEVICE)
		desc |= DESC_ATTR(ARM64_MAIR_DEVICE);	/* always outer shareable */
	else
		desc |= DESC_ATTR(ARM64_MAIR_NORMAL);
	/* With TCR.DS = 1 it is TCR.SH0 that counts, and OA is where SH was. */
	if (kind != ARM64_MAP_DEVICE && !is_lpa2(m))
		desc |= DESC_SH_INNER;
	if (kind == ARM64_MAP_READ)
		desc |= DESC_READ_ONLY;
	if (m->regime == ARM64_REGIME_EL2)
		return desc | DESC_AP1 | (kind == ARM64_MAP_TEXT ? 0 : DESC_XN);
	/* Nothing is for EL0, whose write access would also imply PXN. */
	return desc | DESC_UXN | (kind == ARM64_MAP_TEXT ? 0 : DESC_PXN);
}

const char *arm64_idmap_init(struct arm64_idmap *m)
{
	uint64_t end;

	m->used = 0;
	if (!granule_find(m->granule_shift))
		return "there is no such granule";
	if (!pa_bits_known(m->pa_bits))
		return "there is no such address size";
	if (((uintptr_t)m->pool | m->pool_pa) & LOW(m->granule_shift))
		return "the pool for page tables is not aligned";
	if (__builtin_add_overflow(m->pool_pa, m->pool_len, &end) || end > BIT(m->pa_bits))
		return "the pool for page tables is beyond the address bits";
	return table_new(m) ? NULL : "the pool for page tables is used up";
}

/*
 * Maps [va, end), which is inside what @table spans.  @attr as attributes()
 * gives it.  Calls itself for the level below: 5 levels are the most.
 */
static const char *fill(struct arm64_idmap *m, uint64_t *table, uint32_t shift, uint64_t va,
			uint64_t end, uint64_t attr)
{
	uint64_t last = shift == m->granule_shift ? DESC_TABLE : 0;
	const char *why;

	for (uint64_t next; va < end; va = next) {
		uint64_t base = va & ~LOW(shift);
		uint64_t *entry = &table[(va >> shift) & LOW(m->granule_shift - 3)];
		uint64_t *below;

		next = base + BIT(shift) < end ? base + BIT(shift) : end;
		if ((*entry & DESC_VALID) && (*entry & DESC_TABLE) == last) {
			/* Identity: the same kind at the same place is the same entry. */
			if (*entry != (fold(m, base) | attr | last))
				return "a range is mapped already as something else";
			continue;
		}
		if (!*entry && next - va == BIT(shift) && can_map(m, shift)) {
			*entry = fold(m, base) | attr | last;
			continue;
		}
		below = *entry ? table_at(m, *entry) : table_new(m);
		if (!below)
			return "the pool for page tables is used up";
		*entry = table_desc(m, below);
		why = fill(m, below, shift - (m->granule_shift - 3), va, next, attr);
		if (why)
			return why;
	}
	return NULL;
}

const char *arm64_idmap_add(struct arm64_idmap *m, uint64_t start, uint64_t end,
			    enum arm64_map_kind kind)
{
	if (start >= end)
		return "a range to map is empty";
	if (end > BIT(m->pa_bits))
		return "a range to map is beyond the address bits";
	start &= ~LOW(m->granule_shift);
	end = ((end - 1) | LOW(m->granule_shift)) + 1;
	return fill(m, (uint64_t *)(void *)m->pool, root_shift(m), start, end, attributes(m, kind));
}
