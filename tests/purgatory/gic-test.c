// SPDX-License-Identifier: GPL-2.0-only
/*
 * purgatory/arm64/gic.c on the host, with a GIC whose registers are here: which
 * are written, in which order, and that nothing waits for ever.
 */
#include "../../purgatory/arm64/gic.h"
#include <io.h>
#include "../unit/test.h"

#define ITS	0x8080000ULL
#define GICR	0x80a0000ULL
#define FRAMES	8
#define NEVER	0xffffffffu

static struct {
	uint32_t its[2], its_delay;		/* GITS_CTLR; reads until Quiescent */
	uint32_t ctlr[FRAMES], typer[FRAMES], pidr2[FRAMES];
	uint32_t rwp_delay, res1;		/* EnableLPIs cannot be cleared */
	uint64_t baser[FRAMES][2];		/* PROPBASER, PENDBASER */
	uint64_t baser_mask;			/* what can be written of them */
	uint32_t baser_on;			/* writes while LPIs were on */
	uint64_t stride;
	uint32_t reads, writes;
	uint64_t last_its, first_gicr;		/* by number of the write */
} gic;

static uint32_t its_read(uint32_t *ctlr)
{
	if (!(*ctlr & 1) && gic.its_delay != NEVER && !(gic.its_delay && gic.its_delay--))
		*ctlr |= 1u << 31;
	return *ctlr;
}

static uint32_t gicr_read(uint32_t i, uint64_t reg)
{
	if (reg == 8)
		return gic.typer[i];
	if (reg == 0xffe8)
		return gic.pidr2[i];
	if ((gic.ctlr[i] & 8) && gic.rwp_delay != NEVER && !(gic.rwp_delay && gic.rwp_delay--))
		gic.ctlr[i] &= ~8u;
	return gic.ctlr[i];
}

uint32_t purg_rd32(uint64_t pa)
{
	gic.reads++;
	if (pa < GICR) {
		CHECK_EQ_U64((pa - ITS) % 0x10000, 0);
		return its_read(&gic.its[(pa - ITS) / 0x10000 % 2]);
	}
	if (!CHECK((pa - GICR) / gic.stride < FRAMES))
		return 0;
	return gicr_read((uint32_t)((pa - GICR) / gic.stride), (pa - GICR) % gic.stride);
}

void purg_wr32(uint64_t pa, uint32_t v)
{
	gic.writes++;
	if (pa < GICR) {
		gic.its[(pa - ITS) / 0x10000 % 2] = v & ~(1u << 31);
		gic.last_its = gic.writes;
		return;
	}
	CHECK_EQ_U64((pa - GICR) % gic.stride, 0);
	if (!gic.first_gicr)
		gic.first_gicr = gic.writes;
	gic.ctlr[(pa - GICR) / gic.stride] = (v & ~1u) | gic.res1 | (v & 1 ? 0 : 8);
}

static uint64_t *baser_at(uint64_t pa)
{
	uint64_t i = (pa - GICR) / gic.stride, reg = (pa - GICR) % gic.stride;

	if (!CHECK(pa >= GICR && i < FRAMES && (reg == 0x70 || reg == 0x78)))
		return &gic.baser[0][0];
	return &gic.baser[i][reg == 0x78];
}

uint64_t purg_rd64(uint64_t pa)
{
	gic.reads++;
	return *baser_at(pa);
}

void purg_wr64(uint64_t pa, uint64_t v)
{
	uint64_t *baser = baser_at(pa);

	gic.writes++;
	gic.baser_on += gic.ctlr[(baser - gic.baser[0]) / 2] & 1;
	*baser = v & gic.baser_mask;
}

/* Two ITSs and four redistributors, all on. */
static void begin(struct purg_param *p, uint64_t stride)
{
	memset(&gic, 0, sizeof(gic));
	memset(p, 0, sizeof(*p));
	gic.stride = stride;
	gic.baser_mask = ~0ULL;
	gic.its[0] = gic.its[1] = 1 | 2;
	for (int i = 0; i < FRAMES; i++) {
		gic.ctlr[i] = 1 | 2;
		gic.pidr2[i] = 0x3b;
		gic.typer[i] = i == 3 ? 0x11 : 1;
	}
	p->its_count = 2;
	p->its_pa[0] = ITS;
	p->its_pa[1] = ITS + 0x10000;
	p->gicr_count = 1;
	p->gicr[0] = (struct purg_gicr){ GICR, FRAMES * stride, 0 };
}

static struct purg_gic_left left;

static void stop(struct purg_param *p, uint32_t its, uint32_t lpis)
{
	left = (struct purg_gic_left){ 77, 77, 77, 77 };
	purg_gic_stop(p, &left);
	CHECK_EQ_U64(left.its, its);
	CHECK_EQ_U64(left.lpis, lpis);
}

static void tables(uint32_t held, uint32_t silent)
{
	CHECK_EQ_U64(left.held, held);
	CHECK_EQ_U64(left.silent, silent);
}

static void test_all(void)
{
	struct purg_param p;

	begin(&p, 0x20000);
	gic.its_delay = gic.rwp_delay = 5;
	stop(&p, 0, 0);
	CHECK_EQ_U64(gic.its[0], 1u << 31);
	CHECK_EQ_U64(gic.its[1], 1u << 31);
	/* The one that says Last, and none behind it. */
	for (int i = 0; i < FRAMES; i++)
		CHECK_EQ_U64(gic.ctlr[i], i <= 3 ? 2 : 3);
	CHECK(gic.last_its < gic.first_gicr);
	/* Again there is nothing to do. */
	gic.writes = 0;
	stop(&p, 0, 0);
	CHECK_EQ_U64(gic.writes, 0);
}

static void test_strides(void)
{
	struct purg_param p;

	/* GICv4: four frames each. */
	begin(&p, 0x40000);
	for (int i = 0; i < FRAMES; i++) {
		gic.typer[i] |= 2;
		gic.pidr2[i] = 0x4b;
	}
	stop(&p, 0, 0);
	CHECK_EQ_U64(gic.ctlr[3], 2);
	/* A stride that only the tree knows. */
	begin(&p, 0x80000);
	p.gicr[0].stride = 0x80000;
	stop(&p, 0, 0);
	CHECK_EQ_U64(gic.ctlr[3], 2);
	CHECK_EQ_U64(gic.ctlr[4], 3);
}

/* No Last: the region ends. */
static void test_ends(void)
{
	struct purg_param p;

	for (uint64_t len = 0; len < 0x60000; len += 0x10000) {
		begin(&p, 0x20000);
		gic.typer[3] = 1;
		p.gicr[0].len = len;
		stop(&p, 0, 0);
		for (uint64_t i = 0; i < FRAMES; i++)
			CHECK_EQ_U64(gic.ctlr[i], (i + 1) * 0x20000 <= len ? 2 : 3);
	}
	/* Not a GICv3's redistributor: no register of it is believed. */
	begin(&p, 0x20000);
	gic.pidr2[1] = 0x2b;
	stop(&p, 0, 0);
	CHECK_EQ_U64(gic.ctlr[0], 2);
	CHECK_EQ_U64(gic.ctlr[1], 3);
	/* A stride longer than what is left. */
	begin(&p, 0x20000);
	p.gicr[0].len = 0x40000;
	p.gicr[0].stride = ~0xffffULL;
	stop(&p, 0, 0);
	CHECK_EQ_U64(gic.ctlr[0], 2);
	CHECK_EQ_U64(gic.ctlr[1], 3);
}

#define PROP	0x123456000ULL
#define PEND	0x140000000ULL
/* Inner shareable, read and write allocate, 16 bits of INTID. */
#define USUAL	0x780ULL

/* The same with tables for the first three redistributors; they have others. */
static void begin_tables(struct purg_param *p)
{
	begin(p, 0x20000);
	p->lpi_prop_pa = PROP;
	p->lpi_count = 3;
	for (uint32_t i = 0; i < FRAMES; i++) {
		gic.baser[i][0] = 0x9990780 | 13;
		gic.baser[i][1] = 0x9980780;
		if (i < 3)
			p->lpi[i] = (struct purg_lpi){ GICR + i * gic.stride, PEND + i * 0x10000ULL };
	}
}

static void test_tables(void)
{
	struct purg_param p;

	begin_tables(&p);
	gic.ctlr[1] = 0;		/* of a CPU that the other kernel did not use */
	gic.baser[1][0] = gic.baser[1][1] = 0;
	p.lpi[2].pend_pa = 0;
	stop(&p, 0, 0);
	tables(0, 0);
	CHECK_EQ_U64(gic.baser_on, 0);
	CHECK_EQ_U64(gic.baser[0][0], PROP | USUAL | 13);
	CHECK_EQ_U64(gic.baser[0][1], PEND | USUAL);
	CHECK_EQ_U64(gic.baser[1][0], PROP | USUAL | 15);
	CHECK_EQ_U64(gic.baser[1][1], (PEND + 0x10000) | USUAL);
	CHECK_EQ_U64(gic.baser[2][0], 0x9990780 | 13);
	/* Off until the tables are in their place. */
	for (int i = 0; i <= 3; i++)
		CHECK_EQ_U64(gic.ctlr[i] & 1, 0);
	CHECK_EQ_U64(p.lpi[0].pend_pa, PEND);
}

static void test_not_shareable(void)
{
	struct purg_param p;

	/* As Linux left it. */
	begin_tables(&p);
	gic.baser[0][0] = 0x9990080 | 15;
	gic.baser[0][1] = 0x9980080;
	/* Read and found out. */
	gic.ctlr[1] = 0;
	gic.baser_mask = ~0xc00ULL;
	stop(&p, 0, 0);
	tables(0, 0);
	for (uint32_t i = 0; i < 2; i++) {
		CHECK_EQ_U64(gic.baser[i][0], PROP | 0x80 | 15);
		CHECK_EQ_U64(gic.baser[i][1], (PEND + i * 0x10000ULL) | 0x80);
	}
}

static void test_tables_fail(void)
{
	struct purg_param p;

	/* LPIs cannot be turned off: the other kernel's tables stay. */
	begin_tables(&p);
	gic.res1 = 1;
	stop(&p, 0, 4);
	tables(3, 0);
	/* They are the right ones. */
	begin_tables(&p);
	gic.res1 = 1;
	for (uint32_t i = 0; i < 3; i++) {
		gic.baser[i][0] = PROP | 0x780 | 15;
		gic.baser[i][1] = p.lpi[i].pend_pa | 0x780;
	}
	gic.baser[2][1] += 0x10000;
	stop(&p, 0, 4);
	tables(1, 0);
	CHECK_EQ_U64(p.lpi[0].pend_pa, PEND);
	/* Powered down; and what cannot be written to. */
	begin_tables(&p);
	gic.pidr2[1] = 0;
	gic.baser_mask = 0xfffffffULL;
	p.lpi[2].pend_pa = 0x4000000;
	p.lpi_prop_pa = 0x5000000;
	stop(&p, 0, 0);
	tables(0, 2);
	CHECK_EQ_U64(p.lpi[0].pend_pa, 0);
	CHECK_EQ_U64(p.lpi[1].pend_pa, 0);
	CHECK_EQ_U64(p.lpi[2].pend_pa, 0x4000000);
}

static void test_nothing(void)
{
	struct purg_param p;

	begin(&p, 0x20000);
	p.its_count = p.gicr_count = 0;
	stop(&p, 0, 0);
	CHECK_EQ_U64(gic.reads + gic.writes, 0);
}

static void test_bounded(void)
{
	struct purg_param p;

	begin(&p, 0x20000);
	gic.its_delay = gic.rwp_delay = NEVER;
	stop(&p, 2, 4);
	CHECK(gic.reads < 2u << 20);
	/* "whether GICR_CTLR.EnableLPIs becomes RES1" */
	begin(&p, 0x20000);
	gic.res1 = 1;
	stop(&p, 0, 4);
	CHECK(gic.reads < 100);
}

TEST_MAIN({ "everything stops, ITSs first", test_all },
	  { "frames of GICv4, strides", test_strides },
	  { "ends of a region", test_ends },
	  { "a saved kernel's tables", test_tables },
	  { "tables that are not shareable", test_not_shareable },
	  { "tables that cannot be set", test_tables_fail },
	  { "nothing named, nothing touched", test_nothing },
	  { "what does not stop", test_bounded })
