/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much memory purgatory's page tables take on x86_64: found by building
 * them, with purgatory's own code (purgatory/idmap-x86_64.c), as
 * purgatory/x86_64/machine.c does.  Called by arch/purgatory.c.
 */
#include <errno.h>

#include "purgatory/idmap-x86_64.h"
#include "x86_64.h"

#define PAGE		4096u
#define LOW_1M		0x100000u
#define POOL_PAGES_MAX	0x10000u	/* a table for each of 64 TiB's GiBs */

/*
 * Not placed yet: the image with its pool needs a table on each of 5 levels and
 * one more where it lies across a GiB; a console needs 3 below the root.  So do
 * the control page of the kernel that is returned to and the local APIC
 * (purgatory/x86_64/preserve.c), and a root for the other number of levels is one.
 * The page of a restored kernel has what X86_IDMAP_ALIAS_PAGES says.
 */
#define OWN_PAGES	6
#define CONSOLE_PAGES	3
#define JUMP_PAGES	(3 + 1)
#define STOP_PAGES	3

/* Does all that is known fit into @m's pool? */
static bool build(struct x86_idmap *m, const struct purg_param *param)
{
	x86_idmap_init(m);
	if (x86_idmap_add(m, 0, LOW_1M, X86_IDMAP_RAM) < LOW_1M)
		return false;
	for (uint32_t i = 0; i < param->region_count; i++) {
		uint64_t end = param->region[i].pa + param->region[i].mem_len;

		if (x86_idmap_add(m, param->region[i].pa, end, X86_IDMAP_RAM) < end)
			return false;
	}
	return true;
}

static uint32_t extra_pages(const struct purg_param *param)
{
	return CONSOLE_PAGES * PURG_CONSOLES_MAX +
	       (param->flags & PURG_F_PRESERVE || param->entry_kind == PURG_ENTRY_WOKEN ?
		JUMP_PAGES : 0) +
	       (param->flags & PURG_F_STOP_CPUS ? STOP_PAGES : 0) +
	       (param->entry_kind == PURG_ENTRY_RESTORE ? X86_IDMAP_ALIAS_PAGES : 0);
}

int kx_x86_64_pool_len(struct kx_plan *p, uint64_t *ret, struct kx_err *err)
{
	/* Without 1 GiB pages: not every CPU has them, and then it takes more. */
	struct x86_idmap m = {
		.levels = p->sources->x86.la57 ? 5 : 4,
		.pool_pages = 16,
	};

	for (;; m.pool_pages *= 2) {
		m.pool = kx_arena_alloc(p->arena, (uint64_t)m.pool_pages * PAGE);
		if (!m.pool)
			return kx_err_set(err, ENOMEM, "out of memory");
		if (build(&m, &p->param))
			break;
		kx_arena_release(p->arena, m.pool);
		if (m.pool_pages >= POOL_PAGES_MAX)
			return kx_err_set(err, ENOSPC,
					  "purgatory cannot map all segments: they need more than 0x%x bytes of page tables",
					  POOL_PAGES_MAX * PAGE);
	}
	kx_arena_release(p->arena, m.pool);
	*ret = (uint64_t)(m.used + OWN_PAGES + extra_pages(&p->param)) * PAGE;
	return 0;
}
