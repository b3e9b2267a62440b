/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why the kernel said no: from an errno and the facts to a sentence.
 *
 * Pure, so that every refusal can be tested without provoking it;
 * sys/commit.c calls these after a failed system call.  @code is the positive
 * errno, @kmsg what the kernel logged during the call ("" if nothing).  Each
 * sets @err and returns -@code.
 */
#ifndef KX_EXPLAIN_H
#define KX_EXPLAIN_H

#include <stdbool.h>

#include "kx/err.h"
#include "kx/plan.h"
#include "kx/sources.h"

/* kexec_load(2) or kexec_file_load(2) of @p, as @call says. */
int kx_explain_load(const struct kx_plan *p, enum kx_call call, int code, const char *kmsg,
		    struct kx_err *err);
/* kexec_load(2) of @p->staged into the crash kernel reservation. */
int kx_explain_stage(const struct kx_plan *p, int code, const char *kmsg, struct kx_err *err);
/* The same calls, asked to unload. */
int kx_explain_unload(const struct kx_sources *s, enum kx_call call, bool crash, int code,
		      const char *kmsg, struct kx_err *err);
/* reboot(LINUX_REBOOT_CMD_KEXEC). */
int kx_explain_exec(const struct kx_sources *s, int code, const char *kmsg,
		    struct kx_err *err);

#endif
