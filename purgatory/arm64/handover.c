// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way out, arm64: Documentation/arch/arm64/booting.rst, "4. Call the
 * kernel image".  Called by purgatory.c.
 */
#include "arm64.h"

void purg_arch_init(struct purg_param *p)
{
	(void)p;	/* vectors are set, devices are reachable */
}

const char *purg_arch_check(const struct purg_param *p)
{
	if (p->entry_kind != PURG_ENTRY_ARM64)
		return "not an arm64 entry";
	if (p->pc & 3)
		return "entry point not aligned to 4";
	return NULL;
}

/* Is it written to, or what is entered? */
static int to_clean(const struct purg_param *p, const struct purg_region *r)
{
	return (r->flags & PURG_REGION_WRITE) || p->pc - r->pa < r->mem_len;
}

/*
 * What we wrote, and the kernel, to the point of coherency, by address: the next
 * kernel reads it with its caches off.  Whole regions and not only what the
 * unpack list has written: behind the kernel's bytes are its page tables and its
 * first stack, which it writes with its caches off (doc/purgatory-arm64.md, R10),
 * and an old line would fall onto them.
 *
 * Without the map nothing is in the caches: see purg_arch_map().
 */
static void clean_regions(const struct purg_param *p)
{
	for (uint32_t i = 0; i < p->region_count; i++)
		if (to_clean(p, &p->region[i]))
			purg_dcache_civac((const void *)(uintptr_t)p->region[i].pa,
					  p->region[i].mem_len);
}

/*
 * What was pending when the kernel was saved is gone, as after a reset: its devices
 * were stopped before.  The start of a table is the hardware's own (IHI0069, 5.1.2),
 * and was saved while that was using it.
 */
static void empty_pending(const struct purg_param *p)
{
	for (uint32_t i = 0; i < p->lpi_count; i++)
		if (p->lpi[i].pend_pa)
			purg_arch_zero((void *)(uintptr_t)p->lpi[i].pend_pa, PURG_LPI_PEND_LEN);
}

PURG_NORETURN void purg_arch_handover(struct purg_param *p)
{
	empty_pending(p);
	if (purg_cpu_is(CPU_MAPPED))
		clean_regions(p);
	purg_leave(&purg_cpu, p->pc, p->reg, p->base, p->base + PURG_IMAGE_MAX + p->pool_len,
		   p->lpi, p->lpi_count);
}
