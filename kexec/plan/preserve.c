/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the running kernel is preserved while another one runs, when nobody said:
 * by a jump where the kernel can do that, else by a snapshot that is kept in memory.
 * Called by verb-load.c.
 */
#include <errno.h>

#include "kx/plan.h"

static void choose(struct kx_request *req, const struct kx_sources *s)
{
	req->context = KX_PRESERVE_JUMP;
	if (s->machine != KX_MACHINE_X86_64) {
		req->context = KX_PRESERVE_SNAPSHOT;
		req->context_why = "only x86_64 kernels can jump";
	} else if (s->config_kexec_jump == 1) {
		req->context_why = "this kernel is built with CONFIG_KEXEC_JUMP";
	} else if (s->config_kexec_jump == 0) {
		req->context = KX_PRESERVE_SNAPSHOT;
		req->context_why = "this kernel is built without CONFIG_KEXEC_JUMP";
	} else {
		req->context_why = "whether this kernel has CONFIG_KEXEC_JUMP is not known";
	}
}

int kx_preserve_choose(struct kx_request *req, const struct kx_sources *s, struct kx_err *err)
{
	if (!req->preserve)
		return 0;
	/* No kernel is loaded: these are jumps. */
	if (req->function.path || req->resume)
		req->context = KX_PRESERVE_JUMP;
	else if (req->context == KX_PRESERVE_AUTO)
		choose(req, s);
	else
		req->context_why = req->context == KX_PRESERVE_JUMP ? "--context=jump was given" :
								      "--context=snapshot was given";
	if (req->context == KX_PRESERVE_SNAPSHOT && req->window_size)
		return kx_err_set(err, EINVAL, "--window is for --context=jump: this kernel is kept in"
				  " memory (%s), and the next one has all the rest", req->context_why);
	return 0;
}
