// SPDX-License-Identifier: GPL-2.0-only
/*
 * purgatory/idmap-arm64.c: what it builds is read as a CPU would read it.
 *
 * The reader ("mmu_", the first half of this file) is written from the Arm ARM
 * DDI 0487, chapter D8, and shares nothing with that: it is told TCR, TTBR,
 * the regime and the memory, and decodes the rest.  It is stricter than a CPU:
 * bits that a CPU ignores have to be 0.
 *
 * Random sets of regions: IDMAP_SEED (a number) repeats a run, IDMAP_SETS
 * makes it longer.
 */
#include "purgatory/idmap-arm64.h"
#include "../unit/test.h"

#define KIB	(1ULL << 10)
#define MIB	(1ULL << 20)
#define GIB	(1ULL << 30)
#define TIB	(1ULL << 40)

/* ---- the reader ----------------------------------------------------------- */

/* TCR and TTBR, taken apart. */
struct mmu {
	const uint8_t *mem;		/* memory at @mem_pa, where the tables are */
	uint64_t mem_pa, mem_len;
	int el2;			/* one privilege level */
	int granule;			/* index: 0 4K, 1 16K, 2 64K */
	unsigned page_bits;
	unsigned va_bits, oa_bits;
	int ds;				/* descriptors of FEAT_LPA2 */
	int lpa;			/* 64K with OA[51:48] in bits 15:12 */
	unsigned sh0;			/* TCR.SH0, used with DS */
	int start_level;
	uint64_t root;
};

enum { FAULT, TABLE, LEAF };

struct entry {
	int type;
	uint64_t pa;		/* of the table, or output address */
	unsigned size_bits;
	unsigned mair;		/* the byte of MAIR 0x04ff */
	unsigned sh;
	int write, exec, el0;	/* el0: anything at all for EL0 */
};

/* D8.2: which VA bits index the table of a level. */
static const struct {
	unsigned page_bits, index_bits;
	unsigned lsb[5];	/* of levels -1 to 3; 0: there is no such level */
} shape[3] = {
	{ 12, 9,  { 48, 39, 30, 21, 12 } },
	{ 14, 11, { 0, 47, 36, 25, 14 } },
	{ 16, 13, { 0, 0, 42, 29, 16 } },
};

static uint64_t bits(uint64_t value, unsigned msb, unsigned lsb)
{
	return value >> lsb & (~0ULL >> (63 - (msb - lsb)));
}

/* Initial lookup level, from the tables of D8.2 by T0SZ. */
static int mmu_start_level(int granule, unsigned t0sz)
{
	switch (granule) {
	case 0:
		return t0sz <= 15 ? -1 : t0sz <= 24 ? 0 : t0sz <= 33 ? 1 : 2;
	case 1:
		return t0sz <= 16 ? 0 : t0sz <= 27 ? 1 : 2;
	default:
		return t0sz <= 21 ? 1 : t0sz <= 34 ? 2 : 3;
	}
}

/* Every bit of TCR that this map has no business with is 0, RES1 is 1. */
static int mmu_init(struct mmu *u, uint64_t tcr, uint64_t ttbr)
{
	static const unsigned ips_bits[8] = { 32, 36, 40, 42, 44, 48, 52, 0 };
	static const int tg0[4] = { 0, 2, 1, -1 };
	unsigned t0sz = bits(tcr, 5, 0), ips;
	uint64_t known = 0xff3f;
	int ok = 1;

	ok &= CHECK_EQ_U64(bits(tcr, 9, 8), 1);		/* IRGN0: WB, RA, WA */
	ok &= CHECK_EQ_U64(bits(tcr, 11, 10), 1);	/* ORGN0 */
	u->sh0 = bits(tcr, 13, 12);
	ok &= CHECK_EQ_U64(u->sh0, 3);			/* inner shareable */
	u->granule = tg0[bits(tcr, 15, 14)];
	if (!CHECK(u->granule >= 0))
		return 0;
	if (u->el2) {
		ips = bits(tcr, 18, 16);
		u->ds = bits(tcr, 32, 32);
		ok &= CHECK(bits(tcr, 31, 31) && bits(tcr, 23, 23));	/* RES1 */
		known |= 7ULL << 16 | 1ULL << 23 | 1ULL << 31 | 1ULL << 32;
	} else {
		ips = bits(tcr, 34, 32);
		u->ds = bits(tcr, 59, 59);
		ok &= CHECK(bits(tcr, 23, 23));		/* EPD1: TTBR1 not walked */
		known |= 1ULL << 23 | 7ULL << 32 | 1ULL << 59;
	}
	ok &= CHECK_EQ_U64(tcr & ~known, 0);
	u->page_bits = shape[u->granule].page_bits;
	u->oa_bits = ips_bits[ips];
	ok &= CHECK(u->oa_bits);			/* not reserved */
	/* "DS: ... RES0 when the granule is 64KB"; 52 bits else need it. */
	if (u->granule == 2)
		ok &= CHECK(!u->ds);
	else
		ok &= CHECK_EQ_U64(u->oa_bits == 52, u->ds);
	u->lpa = u->granule == 2 && u->oa_bits == 52;
	ok &= CHECK(t0sz >= (u->ds || u->lpa ? 12 : 16) && t0sz <= 39);
	u->va_bits = 64 - t0sz;
	u->start_level = mmu_start_level(u->granule, t0sz);

	u->root = bits(ttbr, 47, 6) << 6;
	if (u->oa_bits == 52)
		u->root |= bits(ttbr, 5, 2) << 48;
	else
		ok &= CHECK_EQ_U64(bits(ttbr, 5, 2), 0);
	ok &= CHECK_EQ_U64(bits(ttbr, 63, 48), 0);	/* ASID */
	ok &= CHECK_EQ_U64(bits(ttbr, 1, 0), 0);	/* CnP */
	return ok;
}

static unsigned mmu_lsb(const struct mmu *u, int level)
{
	return shape[u->granule].lsb[level + 1];
}

/* Entries in a table of @level: fewer in the root if VAs end inside it. */
static uint64_t mmu_table_len(const struct mmu *u, int level)
{
	unsigned top = mmu_lsb(u, level) + shape[u->granule].index_bits;

	if (top > u->va_bits)
		top = u->va_bits;
	return 1ULL << (top - mmu_lsb(u, level));
}

/* The address in a descriptor whose address field starts at bit @lsb. */
static uint64_t mmu_address(const struct mmu *u, uint64_t desc, unsigned lsb)
{
	if (u->ds)
		return bits(desc, 49, lsb) << lsb | bits(desc, 9, 8) << 50;
	if (u->lpa)
		return bits(desc, 47, lsb) << lsb | bits(desc, 15, 12) << 48;
	return bits(desc, 47, lsb) << lsb;
}

/* All bits an address field may use. */
static uint64_t mmu_address_mask(const struct mmu *u, unsigned lsb)
{
	if (u->ds)
		return (bits(~0ULL, 49, lsb) << lsb) | 3ULL << 8;
	if (u->lpa)
		return (bits(~0ULL, 47, lsb) << lsb) | 15ULL << 12;
	return bits(~0ULL, 47, lsb) << lsb;
}

static int mmu_decode_leaf(const struct mmu *u, uint64_t desc, int level, struct entry *e)
{
	unsigned lsb = mmu_lsb(u, level), ap = bits(desc, 7, 6);
	uint64_t known;
	int ok = 1;

	/* Valid, AttrIndx, AP, AF, XN; SH unless it is address. */
	known = mmu_address_mask(u, lsb) | 3 | 7ULL << 2 | 3ULL << 6 | 1ULL << 10 | 1ULL << 54;
	if (!u->ds)
		known |= 3ULL << 8;
	if (!u->el2)
		known |= 1ULL << 53;
	/* RES0: NS, nG, nT, Contiguous, DBM, GP, 63:55, at EL2 PXN. */
	ok &= CHECK_EQ_U64(desc & ~known, 0);
	ok &= CHECK(bits(desc, 10, 10));		/* AF */
	e->type = LEAF;
	e->size_bits = lsb;
	e->pa = mmu_address(u, desc, lsb);
	ok &= CHECK(e->pa >> u->oa_bits == 0);		/* or: address size fault */
	ok &= CHECK(bits(desc, 4, 2) < 2);
	e->mair = bits(0x04ff, bits(desc, 4, 2) * 8 + 7, bits(desc, 4, 2) * 8);
	e->sh = u->ds ? u->sh0 : bits(desc, 9, 8);
	e->write = !(ap & 2);
	if (u->el2) {
		ok &= CHECK(ap & 1);			/* RES1 */
		e->exec = !bits(desc, 54, 54);
		e->el0 = 0;
	} else {
		/* "Writable at EL0" implies PXN. */
		e->exec = !bits(desc, 53, 53) && ap != 1;
		e->el0 = (ap & 1) || !bits(desc, 54, 54);
	}
	return ok;
}

/* Decodes entry @index of the table at @table; 0 if something is not right. */
static int mmu_entry(const struct mmu *u, uint64_t table, int level, uint64_t index,
		     struct entry *e)
{
	uint64_t desc, at = table + index * 8 - u->mem_pa;

	*e = (struct entry){ .type = FAULT };
	if (!CHECK(table >= u->mem_pa && at <= u->mem_len - 8) ||
	    !CHECK_EQ_U64(bits(table, u->page_bits - 1, 0), 0) ||
	    !CHECK(index < mmu_table_len(u, level)))
		return 0;
	memcpy(&desc, u->mem + at, 8);			/* little-endian, as the host */
	if (!(desc & 1))
		return CHECK_EQ_U64(desc, 0);
	if (level == 3)					/* 0b01 is reserved */
		return CHECK(desc & 2) && mmu_decode_leaf(u, desc, level, e);
	if (!(desc & 2))				/* the block sizes without FEAT_LPA2 */
		return CHECK(level == 2 || (level == 1 && u->granule == 0)) &&
		       mmu_decode_leaf(u, desc, level, e);
	e->type = TABLE;
	e->pa = mmu_address(u, desc, u->page_bits);
	/* NSTable, APTable, UXNTable, PXNTable, and all that is ignored. */
	return CHECK_EQ_U64(desc & ~(mmu_address_mask(u, u->page_bits) | 3), 0);
}

/* Translates @va; e->pa is that of the byte.  0 if a check failed. */
static int mmu_walk(const struct mmu *u, uint64_t va, struct entry *e)
{
	uint64_t table = u->root;

	*e = (struct entry){ .type = FAULT };
	if (va >> u->va_bits)
		return 1;
	for (int level = u->start_level; level <= 3; level++) {
		uint64_t index = (va >> mmu_lsb(u, level)) % mmu_table_len(u, level);

		if (!mmu_entry(u, table, level, index, e))
			return 0;
		if (e->type == LEAF)
			e->pa |= bits(va, e->size_bits - 1, 0);
		if (e->type != TABLE)
			return 1;
		table = e->pa;
	}
	return CHECK(!"a table at level 3");
}

/* ---- what has to be there -------------------------------------------------- */

/* By enum arm64_map_kind; a new row is a new kind. */
static const struct {
	enum arm64_map_kind kind;
	unsigned mair;
	int write, exec;
} wanted[] = {
	{ ARM64_MAP_TEXT,   0xff, 1, 1 },
	{ ARM64_MAP_READ,   0xff, 0, 0 },
	{ ARM64_MAP_WRITE,  0xff, 1, 0 },
	{ ARM64_MAP_DEVICE, 0x04, 1, 0 },
};
#define KINDS	(sizeof(wanted) / sizeof(wanted[0]))

/* The kind that a leaf is, as an index of wanted[]; -1 if it is none. */
static int leaf_kind(const struct entry *e)
{
	if (e->el0 || (e->mair == 0xff && e->sh != 3))
		return -1;
	for (size_t i = 0; i < KINDS; i++)
		if (e->mair == wanted[i].mair && e->write == wanted[i].write &&
		    e->exec == wanted[i].exec)
			return (int)i;
	return -1;
}

struct extent {
	uint64_t start, end;
	int kind;
};

#define EXTENTS_MAX	64
struct extents {
	size_t count;
	struct extent e[EXTENTS_MAX];
	uint64_t tables, leaves;	/* seen on the way */
};

/* Appends in order of address, joined to the last one if it goes on there. */
static int extents_push(struct extents *x, struct extent e)
{
	struct extent *last = x->count ? &x->e[x->count - 1] : NULL;

	if (last && last->end == e.start && last->kind == e.kind) {
		last->end = e.end;
		return 1;
	}
	if (!CHECK(x->count < EXTENTS_MAX))
		return 0;
	x->e[x->count++] = e;
	return 1;
}

/* Every leaf below @table, which spans VAs from @va. */
static int mmu_extents(const struct mmu *u, uint64_t table, int level, uint64_t va,
		       struct extents *x)
{
	uint64_t len = mmu_table_len(u, level), size = 1ULL << mmu_lsb(u, level);

	x->tables++;
	for (uint64_t i = 0; i < len; i++, va += size) {
		struct entry e;

		if (!mmu_entry(u, table, level, i, &e))
			return 0;
		if (e.type == TABLE && (!CHECK(level < 3) ||
					!mmu_extents(u, e.pa, level + 1, va, x)))
			return 0;
		if (e.type != LEAF)
			continue;
		x->leaves++;
		if (!CHECK_EQ_U64(e.pa, va) || !CHECK(leaf_kind(&e) >= 0) ||
		    !extents_push(x, (struct extent){ va, va + size, leaf_kind(&e) }))
			return 0;
	}
	return 1;
}

static int extent_order(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* ---- a map with guards around its pool --------------------------------------- */

#define GUARD		256
#define GUARD_BYTE	0xa5
#define POISON		0xff	/* would be valid entries */

struct bed {
	uint8_t *block;		/* from aligned_alloc */
	struct arm64_idmap m;
	struct arm64_mmu_facts facts;
};

/* A pool of @len bytes, poisoned; guards before and behind it. */
static void bed_init(struct bed *b, uint64_t len, uint32_t granule_shift, uint32_t pa_bits,
		     enum arm64_regime regime)
{
	uint64_t g = 1ULL << granule_shift;
	uint64_t whole = (g + len + GUARD + g - 1) / g * g;

	b->block = aligned_alloc(g, whole);
	if (!b->block)
		abort();
	memset(b->block, GUARD_BYTE, whole);
	memset(b->block + g, POISON, len);
	b->m = (struct arm64_idmap){ .pool = b->block + g, .pool_pa = 0x46000000,
				     .pool_len = len, .granule_shift = granule_shift,
				     .pa_bits = pa_bits, .regime = regime };
	b->facts = (struct arm64_mmu_facts){ .mmfr0 = 7, .mmfr2 = 0 };
}

static void bed_deinit(struct bed *b)
{
	uint64_t g = 1ULL << b->m.granule_shift;

	/* The whole granule before, and all that is left behind. */
	for (uint64_t i = 0; i < g; i++)
		if (!CHECK_EQ_U64(b->block[i], GUARD_BYTE))
			break;
	for (uint64_t i = 0; i < GUARD; i++)
		if (!CHECK_EQ_U64(b->m.pool[b->m.pool_len + i], GUARD_BYTE))
			break;
	free(b->block);
}

static int bed_mmu(const struct bed *b, struct mmu *u)
{
	*u = (struct mmu){ .mem = b->m.pool, .mem_pa = b->m.pool_pa, .mem_len = b->m.used,
			   .el2 = b->m.regime == ARM64_REGIME_EL2 };
	return mmu_init(u, arm64_idmap_tcr(&b->m, &b->facts), arm64_idmap_ttbr(&b->m)) &&
	       CHECK_EQ_U64(u->page_bits, b->m.granule_shift) &&
	       CHECK_EQ_U64(u->va_bits, b->m.pa_bits == 52 ? 52 : 48) &&
	       CHECK(u->oa_bits >= b->m.pa_bits);
}

/* The entry that maps @va, FAULT if none does. */
static struct entry bed_at(const struct bed *b, uint64_t va)
{
	struct entry e = { .type = FAULT };
	struct mmu u;

	if (bed_mmu(b, &u))
		mmu_walk(&u, va, &e);
	return e;
}

static const uint32_t shifts[] = { 12, 14, 16 };
static const enum arm64_regime regimes[] = { ARM64_REGIME_EL1, ARM64_REGIME_EL2 };
static const uint32_t sizes[] = { 32, 36, 40, 42, 44, 48, 52 };
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* ---- random sets of regions --------------------------------------------------- */

static uint64_t rng_state;

static uint64_t rnd(void)			/* splitmix64 */
{
	uint64_t z = rng_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

#define REGIONS_MAX	10
struct set {
	size_t count;
	struct extent asked[REGIONS_MAX];	/* in the order of the calls */
	struct extent wide[REGIONS_MAX];	/* the same, in whole granules */
};

/* What a block maps at level 2: 2 MiB, 32 MiB, 512 MiB. */
static uint64_t block_size(uint32_t granule_shift)
{
	return granule_shift == 12 ? 2 * MIB : granule_shift == 14 ? 32 * MIB : 512 * MIB;
}

static uint64_t random_start(const struct set *s, const struct arm64_idmap *m)
{
	static const uint8_t marks[] = { 0, 21, 25, 29, 30, 32, 36, 40, 42, 47, 48, 50, 51, 52 };
	uint64_t limit = 1ULL << m->pa_bits, mark = 1ULL << marks[rnd() % COUNT(marks)];
	const struct extent *other = s->count ? &s->wide[rnd() % s->count] : NULL;
	uint64_t g = 1ULL << m->granule_shift;

	switch (rnd() % 8) {
	case 0:					/* anywhere */
		return rnd();
	case 1:					/* in the lowest few GiB */
		return rnd() % (8 * GIB);
	case 2:					/* on a power of two */
		return mark;
	case 3:					/* a little before it */
		return mark - rnd() % (8 * g);
	case 4:					/* more before it */
		return mark - rnd() % (5 * block_size(m->granule_shift));
	case 5:					/* at the upper limit */
		return limit - 1 - rnd() % (16 * g);
	case 6:					/* behind a region */
		return other ? other->end : 0;
	default:				/* inside one */
		return other ? other->start + rnd() % (other->end - other->start) : mark;
	}
}

static uint64_t random_len(const struct arm64_idmap *m)
{
	uint64_t g = 1ULL << m->granule_shift, block = block_size(m->granule_shift);

	switch (rnd() % 8) {
	case 0:
		return 1 + rnd() % g;
	case 1:
		return g;
	case 2:
		return g * (1 + rnd() % 40);
	case 3:
		return block;
	case 4:
		return block * (1 + rnd() % 9);
	case 5:
		return block * (1 + rnd() % 9) + g - rnd() % (2 * g);
	case 6:
		return GIB * (1 + rnd() % 4);
	default:
		return 1 + (rnd() >> 1) % (1ULL << (20 + rnd() % 18));	/* up to 128 GiB */
	}
}

/* Appends a region unless it collides with one of another kind. */
static void random_region(struct set *s, const struct arm64_idmap *m)
{
	uint64_t limit = 1ULL << m->pa_bits, g = 1ULL << m->granule_shift;
	uint64_t len = random_len(m);
	struct extent wide, e = { .start = random_start(s, m) % limit };

	e.kind = (int)(rnd() % KINDS);
	if (rnd() % 4 == 0)
		e.start &= ~(g - 1);
	if (rnd() % 4 == 0)
		e.start &= ~(block_size(m->granule_shift) - 1);
	e.end = len > limit - e.start ? limit : e.start + len;
	wide.start = e.start / g * g;
	wide.end = (e.end + g - 1) / g * g;
	for (size_t i = 0; i < s->count; i++) {
		const struct extent *w = &s->wide[i];

		if (wide.start >= w->end || w->start >= wide.end)
			continue;
		if (rnd() % 2)			/* overlap the same kind more often */
			e.kind = w->kind;
		if (e.kind != w->kind)
			return;
	}
	wide.kind = e.kind;
	/* The kind may have changed on the way: once more, for the earlier ones. */
	for (size_t i = 0; i < s->count; i++)
		if (wide.start < s->wide[i].end && s->wide[i].start < wide.end &&
		    wide.kind != s->wide[i].kind)
			return;
	s->asked[s->count] = e;
	s->wide[s->count++] = wide;
}

/* What has to be mapped: sorted, overlaps of one kind joined. */
static void set_union(const struct set *s, struct extents *x)
{
	struct extent sorted[REGIONS_MAX];

	memcpy(sorted, s->wide, sizeof(sorted));
	qsort(sorted, s->count, sizeof(sorted[0]), extent_order);
	*x = (struct extents){ 0 };
	for (size_t i = 0; i < s->count; i++) {
		struct extent *last = x->count ? &x->e[x->count - 1] : NULL;

		if (last && last->kind == sorted[i].kind && sorted[i].start <= last->end) {
			if (sorted[i].end > last->end)
				last->end = sorted[i].end;
			continue;
		}
		x->e[x->count++] = sorted[i];
	}
}

/* The kind that has to be at @va, -1 for none. */
static int set_kind(const struct set *s, uint64_t va)
{
	for (size_t i = 0; i < s->count; i++)
		if (va >= s->wide[i].start && va < s->wide[i].end)
			return s->wide[i].kind;
	return -1;
}

/* First and last byte of the granule at @va, mapped or not. */
static int check_granule(const struct mmu *u, const struct set *s, uint64_t va)
{
	uint64_t g = 1ULL << u->page_bits;

	va = va / g * g;
	for (uint64_t at = va; at <= va + g - 1; at += g - 1) {
		int kind = set_kind(s, at);
		struct entry e;

		if (!mmu_walk(u, at, &e))
			return 0;
		if (kind < 0) {
			if (!CHECK_EQ_U64(e.type, FAULT))
				return 0;
		} else if (!CHECK_EQ_U64(e.type, LEAF) || !CHECK_EQ_U64(e.pa, at) ||
			   !CHECK_EQ_U64((uint64_t)leaf_kind(&e), (uint64_t)kind)) {
			return 0;
		}
	}
	return 1;
}

/* Walks: every granule of small regions; edges, neighbours and samples of all. */
static int check_walks(const struct mmu *u, const struct set *s)
{
	uint64_t g = 1ULL << u->page_bits, end = 1ULL << u->va_bits;

	for (size_t i = 0; i < s->count; i++) {
		const struct extent *w = &s->wide[i];
		uint64_t step = (w->end - w->start) / g <= 64 ? g : (w->end - w->start) / 13;

		for (uint64_t va = w->start; va < w->end; va += step)
			if (!check_granule(u, s, va))
				return 0;
		if (!check_granule(u, s, w->end - 1) ||
		    (w->start && !check_granule(u, s, w->start - 1)) ||
		    (w->end < end && !check_granule(u, s, w->end)))
			return 0;
	}
	for (int i = 0; i < 16; i++)
		if (!check_granule(u, s, rnd() % end))
			return 0;
	return 1;
}

/*
 * Blocks are used: a block's place inside one call, where nothing was mapped
 * before, has to be one leaf.
 */
static int check_blocks(const struct mmu *u, const struct set *s)
{
	for (size_t i = 0; i < s->count; i++) {
		uint64_t block = block_size(u->page_bits);
		const struct extent *w = &s->wide[i];
		uint64_t va = (w->start + block - 1) / block * block;
		struct entry e;
		int fresh = 1;

		if (va >= w->end || w->end - va < block)
			continue;
		for (size_t j = 0; j < i; j++)
			fresh &= va >= s->wide[j].end || s->wide[j].start >= va + block;
		if (fresh && (!mmu_walk(u, va, &e) || !CHECK(1ULL << e.size_bits >= block)))
			return 0;
	}
	return 1;
}

/* All there is, and nothing else. */
static int check_all(const struct bed *b, const struct set *s, uint64_t *leaves)
{
	static struct extents want, have;
	struct mmu u;

	if (!bed_mmu(b, &u))
		return 0;
	set_union(s, &want);
	have = (struct extents){ 0 };
	if (!mmu_extents(&u, u.root, u.start_level, 0, &have))
		return 0;
	*leaves += have.leaves;
	if (!CHECK_EQ_U64(have.count, want.count))
		return 0;
	for (size_t i = 0; i < want.count; i++)
		if (!CHECK_EQ_U64(have.e[i].start, want.e[i].start) ||
		    !CHECK_EQ_U64(have.e[i].end, want.e[i].end) ||
		    !CHECK_EQ_U64((uint64_t)have.e[i].kind, (uint64_t)want.e[i].kind))
			return 0;
	/* Every table is in the tree, once. */
	return CHECK_EQ_U64(have.tables << u.page_bits, b->m.used) &&
	       check_walks(&u, s) && check_blocks(&u, s);
}

/* A kind that is not there yet, at a place that is: the last thing done to a map. */
static int check_conflict(struct bed *b, const struct set *s)
{
	const struct extent *e = &s->asked[rnd() % s->count];
	size_t kind = ((size_t)e->kind + 1 + rnd() % (KINDS - 1)) % KINDS;
	uint64_t at = e->start + rnd() % (e->end - e->start);

	if (rnd() % 2)
		return CHECK(arm64_idmap_add(&b->m, at, at + 1, wanted[kind].kind));
	return CHECK(arm64_idmap_add(&b->m, e->start, e->end, wanted[kind].kind));
}

/* One set in one pool, which keeps its size and is used for all. */
static int random_set(struct bed *b, uint64_t *leaves)
{
	uint64_t limit, g = 1ULL << b->m.granule_shift, regions = 1 + rnd() % REGIONS_MAX;
	struct set s = { 0 };
	const char *why;

	b->m.pa_bits = rnd() % 2 ? 52 - 4 * (uint32_t)(rnd() % 2) : sizes[rnd() % COUNT(sizes)];
	b->m.regime = regimes[rnd() % COUNT(regimes)];
	limit = 1ULL << b->m.pa_bits;
	b->m.pool_pa = (rnd() % 4 ? rnd() % (limit - b->m.pool_len) : limit - b->m.pool_len) / g * g;
	/* A CPU that has enough address bits, or more. */
	do
		b->facts.mmfr0 = rnd() % 8;
	while (arm64_mmu_pa_bits(&b->facts) < b->m.pa_bits);
	why = arm64_idmap_init(&b->m);
	if (!CHECK_STR(why, NULL))
		return 0;
	for (int tries = 0; s.count < regions && tries < 4 * REGIONS_MAX; tries++)
		random_region(&s, &b->m);
	for (size_t i = 0; i < s.count; i++) {
		why = arm64_idmap_add(&b->m, s.asked[i].start, s.asked[i].end,
				      wanted[s.asked[i].kind].kind);
		if (!CHECK_STR(why, NULL))
			return 0;
	}
	if (check_all(b, &s, leaves) && check_conflict(b, &s))
		return 1;
	for (size_t i = 0; i < s.count; i++)
		printf("# region %#" PRIx64 " to %#" PRIx64 " kind %d\n", s.asked[i].start,
		       s.asked[i].end, s.asked[i].kind);
	return 0;
}

static uint64_t number_from_env(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void random_sets(uint32_t granule_shift)
{
	uint64_t seed = number_from_env("IDMAP_SEED", 0x6b65786563);
	uint64_t sets = number_from_env("IDMAP_SETS", 2000), leaves = 0, n;
	struct bed b;

	printf("# IDMAP_SEED=%#" PRIx64 ", %" PRIu64 " sets\n", seed, sets);
	bed_init(&b, 128ULL << granule_shift, granule_shift, 48, ARM64_REGIME_EL1);
	for (n = 0; n < sets; n++) {
		uint64_t used = b.m.used;

		/* Each set can be run alone. */
		rng_state = (seed ^ granule_shift) + n * 0x123456789abcdef;
		memset(b.m.pool, POISON, used);
		if (random_set(&b, &leaves))
			continue;
		printf("# set %" PRIu64 ": granule %u, pa_bits %u, regime %d, pool at %#" PRIx64 "\n",
		       n, 1u << granule_shift, b.m.pa_bits, (int)b.m.regime, b.m.pool_pa);
		break;
	}
	printf("# %" PRIu64 " sets held, %" PRIu64 " leaves read\n", n, leaves);
	bed_deinit(&b);
}

static void test_random_4k(void)
{
	random_sets(12);
}

static void test_random_16k(void)
{
	random_sets(14);
}

static void test_random_64k(void)
{
	random_sets(16);
}

/* ---- values that were seen to work ----------------------------------------- */

/* Entry @index of the table at @off of the pool. */
static uint64_t raw(const struct bed *b, uint64_t off, uint64_t index)
{
	uint64_t desc;

	memcpy(&desc, b->m.pool + off + index * 8, 8);
	return desc;
}

/*
 * Blocks of 1 GiB as QEMU was seen to take them (with 39-bit VAs); here the
 * root is one level up, and EL0 may not execute, which EL1 does not look at.
 */
static void test_proved_descriptors(void)
{
	struct bed b;

	for (size_t i = 0; i < COUNT(regimes); i++) {
		uint64_t el2 = regimes[i] == ARM64_REGIME_EL2;
		uint64_t xn = 1ULL << 54, never = el2 ? xn : xn | 1ULL << 53;

		bed_init(&b, 16 * KIB, 12, 48, regimes[i]);
		CHECK_STR(arm64_idmap_init(&b.m), NULL);
		CHECK_STR(arm64_idmap_add(&b.m, 0, GIB, ARM64_MAP_DEVICE), NULL);
		CHECK_STR(arm64_idmap_add(&b.m, GIB, 2 * GIB, ARM64_MAP_TEXT), NULL);
		CHECK_STR(arm64_idmap_add(&b.m, 2 * GIB, 3 * GIB, ARM64_MAP_WRITE), NULL);
		CHECK_STR(arm64_idmap_add(&b.m, 3 * GIB, 3 * GIB + 2 * MIB, ARM64_MAP_READ), NULL);
		CHECK_EQ_U64(raw(&b, 0, 0), 0x46001003);
		CHECK_EQ_U64(raw(&b, 4096, 0), (el2 ? 0x445 : 0x405) | never);
		CHECK_EQ_U64(raw(&b, 4096, 1), 0x40000000 | (el2 ? 0x741 : 0x701 | xn));
		CHECK_EQ_U64(raw(&b, 4096, 2), 0x80000000 | (el2 ? 0x741 : 0x701) | never);
		CHECK_EQ_U64(raw(&b, 4096, 3), 0x46002003);
		CHECK_EQ_U64(raw(&b, 4096, 4), 0);
		CHECK_EQ_U64(raw(&b, 8192, 0), 0xc0000000 | (el2 ? 0x7c1 : 0x781) | never);
		CHECK_EQ_U64(b.m.used, 3 * 4096);
		bed_deinit(&b);
	}
}

static void test_proved_tcr(void)
{
	static const struct {
		uint32_t granule_shift, pa_bits, parange;
		uint64_t el1, el2;
	} rows[] = {
		/* As proved, with T0SZ 16 for 25. */
		{ 12, 48, 5, 0x0000000500803510, 0x80853510 },
		{ 12, 40, 2, 0x0000000200803510, 0x80823510 },
		{ 12, 32, 0, 0x0000000000803510, 0x80803510 },
		/* More address bits than the map's are not used. */
		{ 12, 48, 6, 0x0000000500803510, 0x80853510 },
		{ 12, 48, 7, 0x0000000500803510, 0x80853510 },
		{ 14, 48, 5, 0x000000050080b510, 0x8085b510 },
		{ 16, 48, 6, 0x0000000500807510, 0x80857510 },
		/* 52 bits: T0SZ 12; DS, but not with 64K. */
		{ 12, 52, 6, 0x080000060080350c, 0x18086350c },
		{ 14, 52, 7, 0x080000060080b50c, 0x18086b50c },
		{ 16, 52, 6, 0x000000060080750c, 0x8086750c },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arm64_mmu_facts f = { .mmfr0 = rows[i].parange | 0xfffffffffffffff0 };
		struct arm64_idmap m = { .granule_shift = rows[i].granule_shift,
					 .pa_bits = rows[i].pa_bits };

		m.regime = ARM64_REGIME_EL1;
		CHECK_EQ_U64(arm64_idmap_tcr(&m, &f), rows[i].el1);
		m.regime = ARM64_REGIME_EL2;
		CHECK_EQ_U64(arm64_idmap_tcr(&m, &f), rows[i].el2);
	}
}

static void test_ttbr(void)
{
	struct arm64_idmap m = { .granule_shift = 12, .pa_bits = 48, .pool_pa = 0xfedcba987000 };

	CHECK_EQ_U64(arm64_idmap_ttbr(&m), 0xfedcba987000);
	m.pa_bits = 52;
	CHECK_EQ_U64(arm64_idmap_ttbr(&m), 0xfedcba987000);
	m.pool_pa |= 0xaULL << 48;
	CHECK_EQ_U64(arm64_idmap_ttbr(&m), 0xfedcba987028);
	m.granule_shift = 16;
	m.pool_pa = 0xdedcba9870000;
	CHECK_EQ_U64(arm64_idmap_ttbr(&m), 0xedcba9870034);
}

/* ---- what a CPU offers -------------------------------------------------------- */

/* TGran4, TGran64, TGran16, PARange and VARange in their places. */
static struct arm64_mmu_facts facts(uint64_t t4, uint64_t t64, uint64_t t16, uint64_t pa,
				    uint64_t va)
{
	/* The other fields do not matter. */
	return (struct arm64_mmu_facts){
		.mmfr0 = 0xffffffff000ffff0 | t4 << 28 | t64 << 24 | t16 << 20 | pa,
		.mmfr2 = 0xfffffffffff0ffff | va << 16,
	};
}

static int can(const struct arm64_mmu_facts f, uint32_t granule_shift, uint32_t pa_bits)
{
	return !arm64_mmu_refuses(&f, granule_shift, pa_bits);
}

static void test_granules(void)
{
	for (uint64_t v = 0; v < 16; v++) {
		CHECK_EQ_U64(can(facts(v, 0xf, 0, 6, 0), 12, 48), v <= 1);
		CHECK_EQ_U64(can(facts(v, 0xf, 0, 6, 0), 12, 52), v == 1);
		CHECK_EQ_U64(can(facts(0xf, 0xf, v, 6, 0), 14, 48), v == 1 || v == 2);
		CHECK_EQ_U64(can(facts(0xf, 0xf, v, 6, 0), 14, 52), v == 2);
		CHECK_EQ_U64(can(facts(0xf, v, 0, 6, 1), 16, 48), v == 0);
		CHECK_EQ_U64(can(facts(0xf, v, 0, 6, 1), 16, 52), v == 0);
		/* VARange: 52 or 56 bits; of no interest below 52. */
		CHECK_EQ_U64(can(facts(0xf, 0, 0, 6, v), 16, 52), v == 1 || v == 2);
		CHECK_EQ_U64(can(facts(0xf, 0, 0, 6, v), 16, 48), 1);
		CHECK_EQ_U64(can(facts(1, 0, 0, 6, v), 12, 52), 1);
	}
	CHECK(!can(facts(0, 0, 1, 6, 1), 13, 48));
	CHECK(!can(facts(0, 0, 1, 6, 1), 0, 48));
}

static void test_pa_range(void)
{
	const struct arm64_mmu_facts unknown = facts(1, 0, 2, 8, 1);

	CHECK_STR(arm64_mmu_refuses(&unknown, 12, 32), "the CPU has an unknown address size");
	for (uint64_t v = 0; v < 16; v++) {
		struct arm64_mmu_facts f = facts(1, 0, 2, v, 1);
		uint32_t have = v < 7 ? sizes[v] : v == 7 ? 52 : 0;

		CHECK_EQ_U64(arm64_mmu_pa_bits(&f), have);
		for (size_t i = 0; i < COUNT(shifts); i++)
			for (uint32_t want = 0; want < 64; want++) {
				int known = 0;

				for (size_t k = 0; k < COUNT(sizes); k++)
					known |= sizes[k] == want;
				CHECK_EQ_U64(can(f, shifts[i], want), known && want <= have);
			}
	}
}

/* ---- single cases ---------------------------------------------------------------- */

static void test_blocks(void)
{
	struct bed b;

	/* Whole GiBs in one entry each, what sticks out in smaller ones. */
	bed_init(&b, 16 * 4096, 12, 48, ARM64_REGIME_EL1);
	CHECK_STR(arm64_idmap_init(&b.m), NULL);
	CHECK_STR(arm64_idmap_add(&b.m, 4 * GIB - 5, 40 * GIB + 5, ARM64_MAP_READ), NULL);
	CHECK_EQ_U64(bed_at(&b, 4 * GIB - 1).size_bits, 12);
	CHECK_EQ_U64(bed_at(&b, 4 * GIB).size_bits, 30);
	CHECK_EQ_U64(bed_at(&b, 40 * GIB - 1).size_bits, 30);
	CHECK_EQ_U64(bed_at(&b, 40 * GIB).size_bits, 12);
	CHECK_EQ_U64(bed_at(&b, 40 * GIB + 4096).type, FAULT);
	CHECK_EQ_U64(b.m.used, 6 * 4096);
	/* More of the same kind, in and around what is there. */
	CHECK_STR(arm64_idmap_add(&b.m, 5 * GIB + 3, 6 * GIB - 3, ARM64_MAP_READ), NULL);
	CHECK_STR(arm64_idmap_add(&b.m, 3 * GIB, 5 * GIB, ARM64_MAP_READ), NULL);
	CHECK_EQ_U64(b.m.used, 6 * 4096);
	CHECK_EQ_U64(bed_at(&b, 3 * GIB).size_bits, 21);
	CHECK_EQ_U64(bed_at(&b, 4 * GIB - 2 * MIB).size_bits, 12);
	bed_deinit(&b);

	/* 512 GiB and 64 GiB with FEAT_LPA2, 4 TiB with FEAT_LPA: not as one block. */
	for (size_t i = 0; i < COUNT(shifts); i++) {
		static const unsigned largest[] = { 30, 25, 29 };

		bed_init(&b, 80ULL << shifts[i], shifts[i], 52, ARM64_REGIME_EL2);
		CHECK_STR(arm64_idmap_init(&b.m), NULL);
		CHECK_STR(arm64_idmap_add(&b.m, 4 * TIB, 8 * TIB, ARM64_MAP_WRITE), NULL);
		CHECK_EQ_U64(bed_at(&b, 4 * TIB).size_bits, largest[i]);
		CHECK_EQ_U64(bed_at(&b, 8 * TIB - 1).pa, 8 * TIB - 1);
		CHECK_EQ_U64(bed_at(&b, 8 * TIB).type, FAULT);
		bed_deinit(&b);
	}
}

/* Every kind over and under every other one, as pages and as a block. */
static void test_conflicts(void)
{
	struct bed b;

	for (size_t i = 0; i < COUNT(shifts); i++) {
		uint64_t block = block_size(shifts[i]), g = 1ULL << shifts[i], at = 4 * block;

		bed_init(&b, 8 * g, shifts[i], 48, ARM64_REGIME_EL1);
		for (size_t k = 0; k < KINDS * KINDS; k++) {
			enum arm64_map_kind one = wanted[k / KINDS].kind, two = wanted[k % KINDS].kind;

			/* A page, then the block around it. */
			CHECK_STR(arm64_idmap_init(&b.m), NULL);
			CHECK_STR(arm64_idmap_add(&b.m, at + g, at + g + 1, one), NULL);
			CHECK_EQ_U64(!arm64_idmap_add(&b.m, at, at + block, two), one == two);
			/* A block, then a page of it. */
			CHECK_STR(arm64_idmap_init(&b.m), NULL);
			CHECK_STR(arm64_idmap_add(&b.m, at, at + block, one), NULL);
			CHECK_EQ_U64(!arm64_idmap_add(&b.m, at + block - 1, at + block, two), one == two);
			/* A byte, then another one of its granule. */
			CHECK_STR(arm64_idmap_init(&b.m), NULL);
			CHECK_STR(arm64_idmap_add(&b.m, at, at + 1, one), NULL);
			CHECK_EQ_U64(!arm64_idmap_add(&b.m, at + g - 1, at + g, two), one == two);
			/* Neighbours are no conflict. */
			CHECK_STR(arm64_idmap_init(&b.m), NULL);
			CHECK_STR(arm64_idmap_add(&b.m, at, at + g, one), NULL);
			CHECK_STR(arm64_idmap_add(&b.m, at + g, at + 2 * g, two), NULL);
		}
		bed_deinit(&b);
	}
}

static void test_limits(void)
{
	struct bed b;

	for (size_t i = 0; i < COUNT(shifts); i++)
		for (size_t k = 0; k < COUNT(sizes); k++) {
			uint64_t limit = 1ULL << sizes[k];

			bed_init(&b, 16ULL << shifts[i], shifts[i], sizes[k], ARM64_REGIME_EL2);
			CHECK_STR(arm64_idmap_init(&b.m), NULL);
			CHECK_STR(arm64_idmap_add(&b.m, limit - 1, limit, ARM64_MAP_READ), NULL);
			CHECK_EQ_U64(bed_at(&b, limit - 1).pa, limit - 1);
			CHECK_STR(arm64_idmap_add(&b.m, 0, 1, ARM64_MAP_READ), NULL);
			CHECK_EQ_U64(bed_at(&b, 0).type, LEAF);
			CHECK(arm64_idmap_add(&b.m, limit, limit + 1, ARM64_MAP_READ));
			CHECK(arm64_idmap_add(&b.m, limit - 1, limit + 1, ARM64_MAP_READ));
			CHECK(arm64_idmap_add(&b.m, ~0ULL - 1, ~0ULL, ARM64_MAP_READ));
			CHECK(arm64_idmap_add(&b.m, 0, ~0ULL, ARM64_MAP_READ));
			/* Empty, and the wrong way round, as after a sum that wrapped. */
			CHECK(arm64_idmap_add(&b.m, 5, 5, ARM64_MAP_READ));
			CHECK(arm64_idmap_add(&b.m, 0, 0, ARM64_MAP_READ));
			CHECK(arm64_idmap_add(&b.m, 0x5000, 0x4000, ARM64_MAP_READ));
			CHECK(arm64_idmap_add(&b.m, limit - 1, 0, ARM64_MAP_READ));
			CHECK(arm64_idmap_add(&b.m, ~0ULL, 0, ARM64_MAP_READ));
			bed_deinit(&b);
		}
}

static void test_bad_pool(void)
{
	struct bed b;

	for (size_t i = 0; i < COUNT(shifts); i++) {
		uint64_t g = 1ULL << shifts[i];
		struct arm64_idmap good, *m = &b.m;

		bed_init(&b, 2 * g, shifts[i], 40, ARM64_REGIME_EL1);
		good = *m;
#define BAD(change)	do { *m = good; change; CHECK(arm64_idmap_init(m)); } while (0)
		BAD((m->pool += 8, m->pool_len -= 8));
		BAD((m->pool += g / 2, m->pool_len -= g / 2));
		BAD(m->pool_pa += g / 2);
		BAD(m->pool_pa = (1ULL << 40) - g);
		BAD(m->pool_pa = 1ULL << 40);
		BAD(m->pool_pa = 0 - g);
		BAD(m->pool_pa = 0 - 2 * g);
		BAD(m->pool_len = ~0ULL);
		BAD(m->pool_len = 0);
		BAD(m->pool_len = g - 1);
		BAD(m->granule_shift = 0);
		BAD(m->granule_shift = 13);
		BAD(m->granule_shift = 64);
		BAD(m->pa_bits = 0);
		BAD(m->pa_bits = 47);
		BAD(m->pa_bits = 56);
		BAD(m->pa_bits = 64);
#undef BAD
		*m = good;
		m->pool_pa = (1ULL << 40) - 2 * g;
		CHECK_STR(arm64_idmap_init(m), NULL);
		CHECK_EQ_U64(m->used, g);
		*m = good;
		bed_deinit(&b);
	}
}

/* Three regions, none in a table of another one but the root. */
static const char *add_three(struct arm64_idmap *m)
{
	uint64_t top = 1ULL << m->pa_bits;
	const char *why = arm64_idmap_init(m);

	why = why ? why : arm64_idmap_add(m, GIB - 1, GIB + 1, ARM64_MAP_TEXT);
	why = why ? why : arm64_idmap_add(m, top / 2 - 1, top / 2 + 1, ARM64_MAP_WRITE);
	return why ? why : arm64_idmap_add(m, top - 1, top, ARM64_MAP_DEVICE);
}

static void exhaust(uint32_t shift, uint32_t pa_bits, enum arm64_regime regime)
{
	uint64_t g = 1ULL << shift, need, need_elsewhere;
	struct bed b;

	bed_init(&b, 40 * g, shift, pa_bits, regime);
	CHECK_STR(add_three(&b.m), NULL);
	need = b.m.used / g;
	/* kexec asks with another pool_pa. */
	b.m.pool_pa = 0;
	CHECK_STR(add_three(&b.m), NULL);
	need_elsewhere = b.m.used / g;
	CHECK_EQ_U64(need_elsewhere, need);
	CHECK(need >= 6);
	bed_deinit(&b);
	for (uint64_t tables = 0; tables <= need; tables++) {
		bed_init(&b, tables * g, shift, pa_bits, regime);
		CHECK_EQ_U64(!add_three(&b.m), tables == need);
		CHECK(b.m.used <= tables * g);
		bed_deinit(&b);
		/* Almost one more. */
		bed_init(&b, tables * g + g - 8, shift, pa_bits, regime);
		CHECK_EQ_U64(!add_three(&b.m), tables == need);
		bed_deinit(&b);
	}
}

static void test_exhausted(void)
{
	for (size_t i = 0; i < COUNT(shifts); i++)
		for (size_t k = 0; k < COUNT(regimes); k++) {
			exhaust(shifts[i], 48, regimes[k]);
			exhaust(shifts[i], 52, regimes[k]);
		}
}

TEST_MAIN({ "descriptors that were proved", test_proved_descriptors },
	  { "TCR as it was proved", test_proved_tcr },
	  { "TTBR", test_ttbr },
	  { "granules of a CPU", test_granules },
	  { "address bits of a CPU", test_pa_range },
	  { "blocks", test_blocks },
	  { "conflicting kinds", test_conflicts },
	  { "address limits", test_limits },
	  { "unusable pools", test_bad_pool },
	  { "pool exhausted", test_exhausted },
	  { "random regions, 4K granule", test_random_4k },
	  { "random regions, 16K granule", test_random_16k },
	  { "random regions, 64K granule", test_random_64k })
