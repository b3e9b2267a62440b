/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a saved x86_64 kernel is entered: at restore_registers() of its hibernation
 * code (doc/resume-protocol.md, section 2), or where it jumped from
 * (doc/jump-protocol.md, section 9).  Called by plan/saved.c.
 */
#include <errno.h>
#include <inttypes.h>

#include "x86_64.h"

#define CR4_LA57	(1ULL << 12)

/* value[] of a context of this kind: doc/resumable-core.md */
enum { VALUE_CR3, VALUE_VIRTUAL, VALUE_PHYSICAL };

/*
 * CR3 says where the tables are, not how many levels they have; what purgatory saw when
 * the kernel jumped does, or the MACHINE note.
 */
static uint32_t paging(const struct kx_saved *core)
{
	const struct kx_contexts *c = &core->contexts;
	struct kx_bytes value;

	if (c->has_state && c->state.status == CONTEXT_FILLED)
		return c->state.cr4 & CR4_LA57 ? PURG_PAGING_5LEVEL : PURG_PAGING_4LEVEL;
	/* Both are lines of KEY=VALUE. */
	if (!kx_vmcoreinfo_get(core->machine, "la57", &value) || value.len != 1)
		return PURG_PAGING_KEEP;
	return value.data[0] == '1' ? PURG_PAGING_5LEVEL : PURG_PAGING_4LEVEL;
}

/* At restore_registers(). */
static void enter_restore(struct kx_plan *p, const struct kx_context *c)
{
	p->param.entry_kind = PURG_ENTRY_RESTORE;
	p->param.pc = c->value[VALUE_PHYSICAL];
	p->param.reg[0] = c->value[VALUE_VIRTUAL];
	p->param.reg[1] = c->value[VALUE_CR3];
}

/*
 * At the return address of a jump.  The kernel swaps its window, where the next kernel was,
 * with the backup pages, and will enter it again: purgatory has to be there, and in
 * all of it the saved kernel has no page (doc/jump-protocol.md, section 9).
 */
static int enter_woken(struct kx_plan *p, const struct kx_context *c, struct kx_err *err)
{
	if (kx_range_empty(c->window))
		return kx_err_set(err, ENOEXEC, "does not say where the memory of the next kernel was,"
				  " in which purgatory has to be");
	p->param.entry_kind = PURG_ENTRY_WOKEN;
	p->param.pc = c->entry;
	p->door = c->window;
	return 0;
}

int kx_x86_64_enter_saved(struct kx_plan *p, struct kx_err *err)
{
	const struct kx_context *c = &p->saved->contexts.context;
	bool woken = c->entry_kind == CONTEXT_ENTRY_JUMP_X86_64;

	if (!woken && c->entry_kind != CONTEXT_ENTRY_RESTORE_X86_64)
		return kx_err_set(err, ENOEXEC, "entry kind: expected %u (x86_64 jump) or %u (x86_64"
				  " restore), have %u", CONTEXT_ENTRY_JUMP_X86_64,
				  CONTEXT_ENTRY_RESTORE_X86_64, c->entry_kind);
	p->param.paging = paging(p->saved);
	if (p->param.paging == PURG_PAGING_5LEVEL && !p->sources->x86.la57_possible)
		return kx_err_set(err, EINVAL,
				  "the saved kernel has page tables of 5 levels (la57), which this CPU has not");
	/* The running kernel's other CPUs sleep in its memory, which is overwritten. */
	p->param.flags |= PURG_F_STOP_CPUS;
	if (woken)
		return enter_woken(p, c, err);
	enter_restore(p, c);
	return 0;
}
