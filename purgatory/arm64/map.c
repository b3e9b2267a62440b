// SPDX-License-Identifier: GPL-2.0-only
/*
 * The identity map, arm64: which granule and how many address bits, what goes
 * into it (idmap-arm64.h builds the tables in the pool behind the image), and
 * the switch to it.  Exactly the regions, the image and the consoles, nothing
 * next to them: what is mapped as Normal memory may be read by speculation, and
 * firmware answers that with an SError where the memory is its own.
 * Called by purgatory.c.
 *
 * With anything unknown there is no map, only the reason; everything works
 * without it, slowly.
 */
#include "arm64.h"
#include "gic.h"
#include "purgatory/idmap-arm64.h"

_Static_assert(CPU_MAIR_OWN == ARM64_MAIR, "mmu.S and the tables mean different types");

/* The image, as abi.h limits it, and the tables behind it. */
static uint64_t own_end(const struct purg_param *p)
{
	return p->base + PURG_IMAGE_MAX + p->pool_len;
}

/* Registers that console.c's drivers reach: 8 of an 8250, UARTDR to UARTFR of a PL011. */
static uint64_t console_end(const struct purg_console *c)
{
	return c->addr + (c->kind == PURG_CONSOLE_PL011 ? 0x20 : 8ULL << c->reg_shift);
}

/* The end of the highest range; param.c has seen that none wraps. */
static uint64_t highest(const struct purg_param *p)
{
	uint64_t top = own_end(p);

	for (uint32_t i = 0; i < p->region_count; i++)
		if (top < p->region[i].pa + p->region[i].mem_len)
			top = p->region[i].pa + p->region[i].mem_len;
	for (uint32_t i = 0; i < p->console_count; i++)
		if (p->console[i].kind != PURG_CONSOLE_NONE && top < console_end(&p->console[i]))
			top = console_end(&p->console[i]);
	return top;
}

static const char *add_region(struct arm64_idmap *m, const struct purg_region *r)
{
	if ((r->pa | r->mem_len) & ((1ULL << m->granule_shift) - 1))
		return "a region is not made of whole pages";
	if (!r->mem_len)
		return NULL;
	return arm64_idmap_add(m, r->pa, r->pa + r->mem_len, r->flags & PURG_REGION_WRITE ?
			       ARM64_MAP_WRITE : ARM64_MAP_READ);
}

static const char *build(struct arm64_idmap *m, const struct purg_param *p)
{
	const char *why = arm64_idmap_init(m);

	if (!why)
		why = arm64_idmap_add(m, p->base, p->base + PURG_IMAGE_MAX, ARM64_MAP_TEXT);
	for (uint32_t i = 0; !why && i < p->region_count; i++)
		why = add_region(m, &p->region[i]);
	for (uint32_t i = 0; !why && i < p->console_count; i++)
		if (p->console[i].kind != PURG_CONSOLE_NONE)
			why = arm64_idmap_add(m, p->console[i].addr, console_end(&p->console[i]),
					      ARM64_MAP_DEVICE);
	return why;
}

/* The CPU's own address bits; 52 only where they are needed, they take more features. */
static uint32_t pa_bits(const struct arm64_mmu_facts *f, uint64_t top)
{
	uint32_t have = arm64_mmu_pa_bits(f);

	if (top > 1ULL << 48)
		return 52;
	return have && have < 48 ? have : 48;
}

static const char *try_granule(struct arm64_idmap *m, const struct purg_param *p,
			       const struct arm64_mmu_facts *f, uint32_t shift)
{
	const char *why;

	*m = (struct arm64_idmap){
		.pool = (uint8_t *)(uintptr_t)(p->base + PURG_IMAGE_MAX),
		.pool_pa = p->base + PURG_IMAGE_MAX,
		.pool_len = p->pool_len,
		.granule_shift = shift,
		.pa_bits = pa_bits(f, highest(p)),
		.regime = purg_cpu_is(CPU_EL1_NAMES) ? ARM64_REGIME_EL1 : ARM64_REGIME_EL2,
	};
	why = arm64_mmu_refuses(f, shift, m->pa_bits);
	return why ? why : build(m, p);
}

/*
 * The running kernel's granule first: kexec sized the pool for that one.  Never a
 * larger one, in which a region may end inside a page.  NULL, or why not the first.
 */
static const char *build_any(struct arm64_idmap *m, const struct purg_param *p,
			     const struct arm64_mmu_facts *f)
{
	const char *why = try_granule(m, p, f, p->page_shift);

	if (!why)
		return NULL;
	for (uint32_t shift = 14; shift >= 12; shift -= 2)
		if (shift < p->page_shift && !try_granule(m, p, f, shift))
			return NULL;
	return why;
}

/*
 * The old kernel's dirty lines of memory that was not a segment: with the MMU off
 * our stores go past them, and their eviction would come after.  Once they are
 * written back nothing comes into the caches any more.
 */
static void clean_before_writing(const struct purg_param *p)
{
	for (uint32_t i = 0; i < p->region_count; i++)
		if (p->region[i].flags & PURG_REGION_WRITE)
			purg_dcache_civac((const void *)(uintptr_t)p->region[i].pa,
					  p->region[i].mem_len);
	/* Before the first store to any of it. */
	__asm__ volatile("dsb sy" : : : "memory");
}

static void stop_interrupts(struct purg_param *p)
{
	struct purg_gic_left left;
	struct purg_line l;

	/* Device memory is what it is only without an MMU: we map it nowhere. */
	if (purg_cpu.sctlr & (SCTLR_M | SCTLR_C))
		return;
	purg_gic_stop(p, &left);
	purg_line_init(&l);
	if (left.its | left.lpis) {
		purg_line_str(&l, "GIC: did not stop: ");
		purg_line_dec(&l, left.its);
		purg_line_str(&l, " ITS, LPIs of ");
		purg_line_dec(&l, left.lpis);
		purg_line_str(&l, " CPUs");
		purg_line_print(&l, p);
	}
	purg_line_init(&l);
	if (left.held) {
		purg_line_str(&l, "GIC: LPIs stay on, and would write into the saved kernel, of ");
		purg_line_dec(&l, left.held);
		purg_line_str(&l, " CPUs");
		purg_fail(p, &l);
	}
	if (left.silent) {
		purg_line_str(&l, "GIC: did not take their LPI tables: ");
		purg_line_dec(&l, left.silent);
		purg_line_str(&l, " CPUs");
		purg_line_print(&l, p);
	}
}

int purg_arch_map(struct purg_param *p, const char **ret_why)
{
	struct arm64_mmu_facts f = {
		.mmfr0 = purg_mrs("id_aa64mmfr0_el1"), .mmfr2 = purg_mrs("id_aa64mmfr2_el1"),
	};
	struct arm64_idmap m;

	stop_interrupts(p);
	if (p->flags & PURG_F_NO_MAP)
		*ret_why = "so the block says";
	else if (purg_cpu.sctlr & (SCTLR_M | SCTLR_C))
		*ret_why = "entered with MMU or caches on";
	else
		*ret_why = build_any(&m, p, &f);
	if (*ret_why) {
		clean_before_writing(p);
		return 0;
	}
	purg_mmu_on(arm64_idmap_tcr(&m, &f), arm64_idmap_ttbr(&m), p->base,
		    p->base + PURG_IMAGE_MAX + m.used, purg_cpu.flags);
	purg_cpu.flags |= 1U << CPU_MAPPED;
	return 0;
}
