// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts that write memory, stopped: a GICv3's translation services and, if
 * the block has them, its redistributors' LPIs (Arm IHI0069, "Arm Generic
 * Interrupt Controller Architecture Specification", chapters 5 and 12).  Their
 * tables are memory of the kernel that left.  Called by map.c while the MMU is
 * off, so nothing of it is mapped.  doc/purgatory-arm64.md, "Interrupts that go on".
 *
 * A kernel that was saved expects its own LPI tables in its redistributors.  Their
 * addresses are written here as well, while LPIs are off and nothing reads them; at
 * the end mmu.S turns LPIs on.
 */
#include "gic.h"
#include <io.h>

#define GITS_CTLR		0x0000
#define GITS_CTLR_ENABLED	(1u << 0)
#define GITS_CTLR_IMDE		(1u << 1)
#define GITS_CTLR_QUIESCENT	(1u << 31)

#define GICR_CTLR		0x0000
#define GICR_CTLR_ENABLE_LPIS	(1u << 0)
#define GICR_CTLR_RWP		(1u << 3)
#define GICR_TYPER		0x0008		/* 64 bits, these in the lower half */
#define GICR_TYPER_VLPIS	(1u << 1)
#define GICR_TYPER_LAST		(1u << 4)
#define GICR_PROPBASER		0x0070		/* 64 bits */
#define GICR_PENDBASER		0x0078		/* 64 bits */
#define GICR_PIDR2		0xffe8
#define PIDR2_ARCH_REV		0xf0
#define ARCH_REV_3		0x30
#define ARCH_REV_4		0x40

/* In both BASERs.  Bits of INTIDs, less one, in PROPBASER only. */
#define BASER_IDBITS		0x1fULL
#define BASER_CACHE		(7ULL << 7 | 7ULL << 56)	/* inner, outer */
#define BASER_CACHE_RAWAWB	(7ULL << 7)
#define BASER_CACHE_NC		(1ULL << 7)
#define BASER_SHARE		(3ULL << 10)
#define BASER_SHARE_INNER	(1ULL << 10)
#define PROPBASER_PA		0x000ffffffffff000ULL
#define PENDBASER_PA		0x000fffffffff0000ULL
/*
 * "If the value of this field is larger than the value of GICD_TYPER.IDbits, the
 * GICD_TYPER.IDbits value applies": Linux writes the smaller of the two.
 */
#define IDBITS_LINUX		15

/* RD_base and SGI_base; GICv4 adds VLPI_base and a reserved one. */
#define FRAMES_V3		0x20000
#define FRAMES_V4		0x40000

/*
 * A device read takes 0.1 to 1 us, so this is 0.1 to 1 s, as Linux waits for one of
 * them.  For all together: there may be hundreds.
 */
#define POLLS			(1u << 20)

/* Waits until the bits @mask of the register at @pa are @want; is that so? */
static int wait_for(uint32_t *polls, uint64_t pa, uint32_t mask, uint32_t want)
{
	for (;;) {
		if ((purg_rd32(pa) & mask) == want)
			return 1;
		if (!*polls)
			return 0;
		--*polls;
	}
}

/*
 * "When Enabled is cleared, the ITS must complete all outstanding operations before
 * it sets Quiescent."  ImDe goes with it, as in Linux.
 */
static int its_stop(uint32_t *polls, uint64_t pa)
{
	uint32_t ctlr = purg_rd32(pa + GITS_CTLR);

	if (!(ctlr & GITS_CTLR_ENABLED) && (ctlr & GITS_CTLR_QUIESCENT))
		return 1;
	purg_wr32(pa + GITS_CTLR, ctlr & ~(GITS_CTLR_ENABLED | GITS_CTLR_IMDE));
	return wait_for(polls, pa + GITS_CTLR, GITS_CTLR_QUIESCENT, GITS_CTLR_QUIESCENT);
}

/*
 * RWP says when pending states were written back.  Whether EnableLPIs can be cleared
 * at all is IMPLEMENTATION DEFINED unless GICR_CTLR.CES says so: it is tried, and
 * looked at.
 */
static int lpis_stop(uint32_t *polls, uint64_t pa)
{
	uint32_t ctlr = purg_rd32(pa + GICR_CTLR);

	if (!(ctlr & GICR_CTLR_ENABLE_LPIS))
		return 1;
	purg_wr32(pa + GICR_CTLR, ctlr & ~GICR_CTLR_ENABLE_LPIS);
	return wait_for(polls, pa + GICR_CTLR, GICR_CTLR_RWP, 0) &&
	       !(purg_rd32(pa + GICR_CTLR) & GICR_CTLR_ENABLE_LPIS);
}

/*
 * As Linux writes one (its_cpu_init_lpis()): shareable and cached, unless the
 * redistributor says that it is not shareable.  What it had while its LPIs were on
 * is what a Linux found out; that may know more (FORCE_NON_SHAREABLE).
 */
static int baser_set(uint64_t pa, uint64_t mask, uint64_t table, uint64_t attributes)
{
	uint64_t v = table | attributes;

	purg_wr64(pa, v);
	if (!(purg_rd64(pa) & BASER_SHARE) && (v & BASER_SHARE)) {
		v = (v & ~(BASER_SHARE | BASER_CACHE)) | BASER_CACHE_NC;
		purg_wr64(pa, v);
	}
	return (purg_rd64(pa) & mask) == table;
}

/* Are the tables those that @l wants? */
static int tables_are(const struct purg_lpi *l, uint64_t prop_pa)
{
	return (purg_rd64(l->gicr_pa + GICR_PROPBASER) & PROPBASER_PA) == prop_pa &&
	       (purg_rd64(l->gicr_pa + GICR_PENDBASER) & PENDBASER_PA) == l->pend_pa;
}

static int tables_set(const struct purg_lpi *l, uint64_t prop_pa, int were_on)
{
	uint64_t attributes = BASER_SHARE_INNER | BASER_CACHE_RAWAWB;
	uint64_t idbits = IDBITS_LINUX;

	if (were_on) {
		attributes = purg_rd64(l->gicr_pa + GICR_PROPBASER);
		idbits = attributes & BASER_IDBITS;
		attributes &= BASER_SHARE | BASER_CACHE;
	}
	return baser_set(l->gicr_pa + GICR_PROPBASER, PROPBASER_PA, prop_pa, attributes | idbits) &&
	       baser_set(l->gicr_pa + GICR_PENDBASER, PENDBASER_PA, l->pend_pa, attributes);
}

/*
 * One that does not answer may be powered down with its CPU: the next kernel finds
 * out.  One that keeps the other kernel's tables, and its LPIs on, would write into
 * the saved kernel's memory.
 */
static void lpi_prepare(uint32_t *polls, struct purg_param *p, struct purg_lpi *l,
			struct purg_gic_left *ret)
{
	uint32_t rev = purg_rd32(l->gicr_pa + GICR_PIDR2) & PIDR2_ARCH_REV;
	int were_on;

	if (rev != ARCH_REV_3 && rev != ARCH_REV_4) {
		ret->silent += !!l->pend_pa;
		l->pend_pa = 0;
		return;
	}
	were_on = purg_rd32(l->gicr_pa + GICR_CTLR) & GICR_CTLR_ENABLE_LPIS;
	if (!lpis_stop(polls, l->gicr_pa)) {
		if (!l->pend_pa)
			ret->lpis++;
		else if (!tables_are(l, p->lpi_prop_pa))
			ret->held++;
		return;
	}
	if (l->pend_pa && !tables_set(l, p->lpi_prop_pa, were_on)) {
		ret->silent++;
		l->pend_pa = 0;
	}
}

static uint64_t frames_len(const struct purg_gicr *r, uint32_t typer)
{
	if (r->stride)
		return r->stride;
	return typer & GICR_TYPER_VLPIS ? FRAMES_V4 : FRAMES_V3;
}

/* One redistributor behind the other; those of CPUs that are off, too. */
static uint32_t region_stop(uint32_t *polls, const struct purg_gicr *r)
{
	uint64_t off = 0;
	uint32_t left = 0;

	while (r->len - off >= FRAMES_V3) {
		uint64_t pa = r->pa + off, len;
		uint32_t rev = purg_rd32(pa + GICR_PIDR2) & PIDR2_ARCH_REV;
		uint32_t typer = purg_rd32(pa + GICR_TYPER);

		if (rev != ARCH_REV_3 && rev != ARCH_REV_4)
			break;
		left += !lpis_stop(polls, pa);
		len = frames_len(r, typer);
		if ((typer & GICR_TYPER_LAST) || len > r->len - off)
			break;
		off += len;
	}
	return left;
}

void purg_gic_stop(struct purg_param *p, struct purg_gic_left *ret)
{
	uint32_t polls = POLLS;

	*ret = (struct purg_gic_left){ 0 };
	/* First what sends LPIs to the redistributors. */
	for (uint32_t i = 0; i < p->its_count; i++)
		ret->its += !its_stop(&polls, p->its_pa[i]);
	for (uint32_t i = 0; i < p->lpi_count; i++)
		lpi_prepare(&polls, p, &p->lpi[i], ret);
	for (uint32_t i = 0; i < p->gicr_count; i++)
		ret->lpis += region_stop(&polls, &p->gicr[i]);
}
