/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much memory purgatory's page tables take on arm64: found by building
 * them, with purgatory's own code (purgatory/idmap-arm64.c), as
 * purgatory/arm64/map.c does with the running kernel's granule.  Called by
 * arch/purgatory.c.
 *
 * Neither the translation regime nor, up to 48, the number of address bits
 * changes how many tables there are.
 */
#include <errno.h>

#include "arm64.h"
#include "purgatory/console.h"
#include "purgatory/idmap-arm64.h"

#define TABLES_FIRST	16u
#define TABLES_MAX	0x10000u
#define BITS_48		(1ULL << 48)

/* The registers that purgatory maps; empty for one that seal.c leaves out. */
static struct kx_range console_range(const struct purg_console *c)
{
	if (c->kind == PURG_CONSOLE_NONE || purg_console_fault(c))
		return (struct kx_range){ 0, 0 };
	/* 8 registers of an 8250; UARTDR to UARTFR of a PL011. */
	return (struct kx_range){
		c->addr, c->addr + (c->kind == PURG_CONSOLE_8250_MMIO ? 8ULL << c->reg_shift : 0x20),
	};
}

/* 52 if anything that there is, and so may be mapped, needs them. */
static uint32_t pa_bits(const struct kx_plan *p)
{
	const struct kx_sources *src = p->sources;
	uint64_t top = p->usable.n ? p->usable.v[p->usable.n - 1].r.end : 0;

	for (uint32_t i = 0; i < p->param.region_count; i++)
		if (top < p->param.region[i].pa + p->param.region[i].mem_len)
			top = p->param.region[i].pa + p->param.region[i].mem_len;
	for (size_t i = 0; i < src->console_count; i++)
		if (top < console_range(&src->console[i]).end)
			top = console_range(&src->console[i]).end;
	return top > BITS_48 ? 52 : 48;
}

/* Levels below the root's: a page that lies alone takes a table on each. */
static uint32_t levels_below_root(const struct arm64_idmap *m)
{
	uint32_t step = m->granule_shift - 3, levels = 0;
	uint32_t va_bits = m->pa_bits > 48 ? 52 : 48;

	for (uint32_t shift = m->granule_shift; shift + step < va_bits; shift += step)
		levels++;
	return levels;
}

/*
 * Not placed yet, or not written into the block: the image, which is aligned to
 * its own length and so never lies in two tables, and the consoles, which may
 * lie across two pages.
 */
static uint64_t other_tables(const struct kx_plan *p, const struct arm64_idmap *m)
{
	uint64_t pages = 1;

	for (size_t i = 0; i < p->sources->console_count; i++) {
		struct kx_range r = console_range(&p->sources->console[i]);

		if (!kx_range_empty(r))
			pages += 1 + ((r.end - 1) >> m->granule_shift) -
				 (r.start >> m->granule_shift);
	}
	return pages * levels_below_root(m);
}

/* NULL, or why the regions do not fit into @m's pool. */
static const char *build(struct arm64_idmap *m, const struct purg_param *param)
{
	const char *why = arm64_idmap_init(m);

	for (uint32_t i = 0; i < param->region_count && !why; i++) {
		const struct purg_region *r = &param->region[i];

		if (r->mem_len)
			why = arm64_idmap_add(m, r->pa, r->pa + r->mem_len,
					      r->flags & PURG_REGION_WRITE ? ARM64_MAP_WRITE :
									     ARM64_MAP_READ);
	}
	return why;
}

int kx_arm64_pool_len(struct kx_plan *p, uint64_t *ret, struct kx_err *err)
{
	uint64_t granule = p->sources->page_size;
	struct arm64_idmap m = {
		.granule_shift = (uint32_t)__builtin_ctzll(granule),
		.pa_bits = pa_bits(p),
		.regime = ARM64_REGIME_EL1,
	};
	const char *why = NULL;

	for (uint64_t tables = TABLES_FIRST; tables <= TABLES_MAX; tables *= 2) {
		/* Tables are aligned to their length. */
		uint8_t *room = kx_arena_alloc_raw(p->arena, (tables + 1) * granule);

		if (!room)
			return kx_err_set(err, ENOMEM, "out of memory");
		m.pool = room + (granule - (uintptr_t)room % granule) % granule;
		m.pool_len = tables * granule;
		why = build(&m, &p->param);
		kx_arena_release(p->arena, room);
		if (!why) {
			*ret = m.used + other_tables(p, &m) * granule;
			return 0;
		}
		/* More room would not help. */
		if (m.used < m.pool_len)
			break;
	}
	return kx_err_set(err, ENOSPC, "purgatory cannot map all segments: %s", why);
}
