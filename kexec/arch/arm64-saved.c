/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a saved arm64 kernel is entered: at cpu_resume(), in the state that a kernel is
 * started in.  doc/resume-protocol.md, section 3.  Called by plan/saved.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "arm64.h"

/*
 * A kernel that wakes does not program the LPI tables of a GICv3 again: it goes on
 * with those of the kernel that put it back (doc/purgatory-arm64.md, "A saved
 * kernel"), which fit only where that one used the same interrupts for the same.
 * (Seen: 7.2 put back by 5.10 hangs.)
 */
static int check_lpis(struct kx_plan *p, struct kx_err *err)
{
	const char *release = p->saved->contexts.context.release;

	if (!p->sources->arm64.gic.its_count || !strcmp(release, p->sources->release))
		return 0;
	if (p->request->resume_anyway) {
		kx_plan_note(p, "GICv3: the LPI tables stay those of this kernel, which may not fit");
		return 0;
	}
	return kx_err_set(err, EOPNOTSUPP,
			  "release: on a machine with a GICv3 ITS expected %s to resume itself, have %s, whose interrupt tables it would get (--resume-anyway tries)",
			  release, p->sources->release);
}

int kx_arm64_enter_saved(struct kx_plan *p, struct kx_err *err)
{
	const struct kx_context *c = &p->saved->contexts.context;

	if (c->entry_kind != CONTEXT_ENTRY_RESUME_ARM64)
		return kx_err_set(err, ENOEXEC, "entry kind: expected %u (arm64 resume), have %u",
				  CONTEXT_ENTRY_RESUME_ARM64, c->entry_kind);
	if (c->entry % 4)
		return kx_err_set(err, ENOEXEC,
				  "entry: expected a multiple of 4, have 0x%" PRIx64, c->entry);
	if (check_lpis(p, err) < 0)
		return -EOPNOTSUPP;
	p->param.entry_kind = PURG_ENTRY_ARM64;
	p->param.pc = c->entry;
	p->param.psci = p->sources->arm64.psci;
	kx_arm64_stop_interrupts(p, true);
	return 0;
}
