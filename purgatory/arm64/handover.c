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

/*
 * Every line that we wrote, to the point of coherency, by address: the next
 * kernel reads it with its caches off.  Its own image is one of them if it was
 * unpacked; what the old kernel placed, that kernel has cleaned.
 *
 * Without the map the lines are clean; then they go because they may be older
 * than what we wrote past them (the timing record's, which purg_arch_write_begin
 * has not seen).
 */
static void clean_written(const struct purg_param *p)
{
	const struct purg_unpack *list = (const struct purg_unpack *)(uintptr_t)p->unpack_pa;

	for (uint32_t i = 0; i < p->unpack_count; i++)
		purg_dcache_civac((const void *)(uintptr_t)list[i].dst_pa, list[i].dst_len);
	if (p->timing_pa)
		purg_dcache_civac((const void *)(uintptr_t)p->timing_pa, PURG_TIMING_WORDS * 8);
}

PURG_NORETURN void purg_arch_handover(struct purg_param *p)
{
	clean_written(p);
	purg_leave(&purg_cpu, p->pc, p->reg, p->base, p->base + PURG_IMAGE_MAX);
}
