/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a saved arm64 kernel is entered: at cpu_resume(), in the state that a kernel is
 * started in.  doc/resume-protocol.md, section 3.  Called by plan/saved.c.
 */
#include <errno.h>
#include <inttypes.h>

#include "arm64.h"

int kx_arm64_enter_saved(struct kx_plan *p, struct kx_err *err)
{
	const struct kx_context *c = &p->saved->contexts.context;

	if (c->entry_kind != CONTEXT_ENTRY_RESUME_ARM64)
		return kx_err_set(err, ENOEXEC, "entry kind: expected %u (arm64 resume), have %u",
				  CONTEXT_ENTRY_RESUME_ARM64, c->entry_kind);
	if (c->entry % 4)
		return kx_err_set(err, ENOEXEC,
				  "entry: expected a multiple of 4, have 0x%" PRIx64, c->entry);
	p->param.entry_kind = PURG_ENTRY_ARM64;
	p->param.pc = c->entry;
	p->param.psci = p->sources->arm64.psci;
	kx_arm64_stop_interrupts(p, true);
	return 0;
}
