/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a saved x86_64 kernel is entered: at restore_registers() of its hibernation
 * code: doc/resume-protocol.md, section 2.  Called by plan/saved.c.
 */
#include <errno.h>
#include <inttypes.h>

#include "x86_64.h"

/* value[] of a context of this kind: doc/resumable-core.md */
enum { VALUE_CR3, VALUE_VIRTUAL, VALUE_PHYSICAL };

/* CR3 says where the tables are, not how many levels they have; the MACHINE note does. */
static uint32_t paging(const struct kx_saved *core)
{
	struct kx_bytes value;

	/* Both are lines of KEY=VALUE. */
	if (!kx_vmcoreinfo_get(core->machine, "la57", &value) || value.len != 1)
		return PURG_PAGING_KEEP;
	return value.data[0] == '1' ? PURG_PAGING_5LEVEL : PURG_PAGING_4LEVEL;
}

int kx_x86_64_enter_saved(struct kx_plan *p, struct kx_err *err)
{
	const struct kx_context *c = &p->saved->contexts.context;

	if (c->entry_kind != CONTEXT_ENTRY_RESTORE_X86_64)
		return kx_err_set(err, ENOEXEC, "entry kind: expected %u (x86_64 restore), have %u",
				  CONTEXT_ENTRY_RESTORE_X86_64, c->entry_kind);
	p->param.paging = paging(p->saved);
	if (p->param.paging == PURG_PAGING_5LEVEL && !p->sources->x86.la57_possible)
		return kx_err_set(err, EINVAL,
				  "the saved kernel has page tables of 5 levels (la57), which this CPU has not");
	p->param.entry_kind = PURG_ENTRY_RESTORE;
	/* The running kernel's other CPUs sleep in its memory, which is overwritten. */
	p->param.flags |= PURG_F_STOP_CPUS;
	p->param.pc = c->value[VALUE_PHYSICAL];
	p->param.reg[0] = c->value[VALUE_VIRTUAL];
	p->param.reg[1] = c->value[VALUE_CR3];
	return 0;
}
