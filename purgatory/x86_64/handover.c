// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way out, x86_64: Documentation/arch/x86/boot.rst, "32-bit Boot
 * Protocol" and "64-bit Boot Protocol".  Decides which of the paths in jump.S
 * is taken.  Called by purgatory.c.
 */
#include "x86_64.h"

#define CPUID_7_ECX_LA57	(1u << 16)	/* SDM vol. 2A */
#define FOUR_GIB	0x100000000ULL
#define FOUR_LEVEL_END	(1ULL << 47)	/* lower canonical half */

static const char *check_64(const struct purg_param *p)
{
	int found = 0;

	for (uint32_t i = 0; i < p->region_count; i++) {
		const struct purg_region *r = &p->region[i];

		if (!(r->flags & PURG_REGION_HANDOVER))
			continue;
		/* Built with 5 levels, but handed over with the inner 4. */
		if (p->paging == PURG_PAGING_4LEVEL && r->pa + r->mem_len > FOUR_LEVEL_END)
			return "region beyond 4-level paging";
		if (p->pc >= r->pa && p->pc - r->pa < r->mem_len)
			found = 1;
	}
	/* Fetching from anywhere else is certain to fault. */
	return found ? NULL : "entry point in no region that is handed over";
}

const char *purg_arch_check(const struct purg_param *p)
{
	if (p->paging == PURG_PAGING_5LEVEL && !(purg_cpuid(7).ecx & CPUID_7_ECX_LA57))
		return "5 levels, which this CPU has not";
	/* Paging goes off on some of the ways out; a crash kernel may lie high. */
	if (p->base > FOUR_GIB - PURG_IMAGE_MAX &&
	    (p->entry_kind != PURG_ENTRY_X86_64 || p->paging != PURG_PAGING_KEEP))
		return "image above 4 GiB";
	switch (p->entry_kind) {
	case PURG_ENTRY_X86_64:
		return p->paging == PURG_PAGING_5LEVEL ? "a kernel does not start with 5 levels" :
		       check_64(p);
	case PURG_ENTRY_CALL:
	case PURG_ENTRY_RETURN:
	case PURG_ENTRY_WOKEN:
		return purg_preserve_check(p);
	case PURG_ENTRY_RESTORE:
		return purg_restore_check(p);
	case PURG_ENTRY_X86_32:
		return p->pc < FOUR_GIB && p->reg[0] < FOUR_GIB ? NULL :
		       "32-bit entry above 4 GiB";
	}
	return "not an x86 entry";
}

PURG_NORETURN void purg_arch_handover(struct purg_param *p)
{
	if (p->entry_kind == PURG_ENTRY_CALL)
		purg_preserve_call(p);
	if (p->entry_kind == PURG_ENTRY_RETURN)
		purg_preserve_return(p);
	if (p->entry_kind == PURG_ENTRY_RESTORE)
		purg_restore_leave(p);
	if (p->entry_kind == PURG_ENTRY_WOKEN)
		purg_preserve_wake(p);
	if (p->entry_kind == PURG_ENTRY_X86_32)
		purg_jump32(p->pc, p->reg[0]);
	if (p->paging == PURG_PAGING_4LEVEL && (purg_rd_cr4() & CR4_LA57))
		purg_jump64_4level(p->pc, p->reg[0], p->reg[1],
				   x86_idmap_root(&purg_machine.map, 4));
	purg_jump64(p->pc, p->reg[0], p->reg[1]);
}
