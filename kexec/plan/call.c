/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which system call loads the kernel, and why.
 *
 * kexec_load(2) runs our purgatory, which verifies; kexec_file_load(2) lets the
 * kernel check signatures and, under lockdown, is the only one allowed.
 */
#include <errno.h>
#include <inttypes.h>

#include "call.h"
#include "kx/arch.h"

const char *kx_plan_return_option(const struct kx_request *req)
{
	if (!req->preserve)
		return NULL;
	if (req->function.path)
		return "--call";
	return req->resume ? "--load-resume-entry" : "--load-preserve-context";
}

/*
 * Options that only one of the two calls can honour; NULL if none is given.
 * kexec_file_load does something else without those of needs_load(), ...
 */
static const char *needs_load(const struct kx_request *req)
{
	if (req->preserve)
		return kx_plan_return_option(req);
	if (req->has_entry)
		return "--entry";
	if (req->x86.entry_32bit)
		return "--entry-32bit";
	if (req->x86.real_mode)
		return "--real-mode";
	if (req->pack == KX_PACK_LZ4)
		return "--pack=lz4";
	if (req->stage == KX_STAGE_CRASHKERNEL)
		return "--stage=crashkernel";
	return NULL;
}

/*
 * ... and decides for itself what these would say.  Boot menus pass --dtb to
 * every load (petitboot with -s), so with -s they are ignored, and said to be.
 */
static const char *wants_load(const struct kx_request *req)
{
	const char *opt = needs_load(req);

	if (opt)
		return opt;
	if (req->mem_min)
		return "--mem-min";
	if (req->mem_max != UINT64_MAX)
		return "--mem-max";
	if (req->dtb.path)
		return "--dtb";
	return NULL;
}

static const char *needs_file(const struct kx_request *req)
{
	if (req->no_cma)
		return "--no-cma";
	if (req->x86.force_dtb)
		return "--force-dtb";
	return NULL;
}

static int choose_given(struct kx_plan *p, const char *refusal, struct kx_err *err)
{
	const struct kx_request *req = p->request;
	const char *opt;

	p->fallback_why_not = "the call was chosen on the command line";
	if (req->call == KX_CALL_LOAD) {
		opt = needs_file(req);
		p->call_why = "-c was given";
		if (opt)
			return kx_err_set(err, EINVAL,
					  "%s works with kexec_file_load only, and -c asks for kexec_load",
					  opt);
		return 0;
	}
	opt = needs_load(req);
	p->call_why = "-s was given";
	if (opt)
		return kx_err_set(err, EINVAL,
				  "%s works with kexec_load only, and -s asks for kexec_file_load", opt);
	p->ignored = wants_load(req);
	if (refusal)
		return kx_err_set(err, EOPNOTSUPP, "-s cannot load this file: %s (use -c)", refusal);
	return 0;
}

int kx_plan_choose_call(struct kx_plan *p, const struct kx_image *image, struct kx_err *err)
{
	const struct kx_request *req = p->request;
	const struct kx_sources *src = p->sources;
	const char *refusal = image ? p->arch->file_refuses(image, src) : NULL;
	const char *load_opt = wants_load(req), *file_opt = needs_file(req);

	if (kx_request_swaps(req) && !p->arch->layout_resume)
		return kx_err_set(err, EOPNOTSUPP,
				  "%s: only x86_64 kernels can be returned to (CONFIG_KEXEC_JUMP)",
				  kx_plan_return_option(req));
	/* It stops the other CPUs, and records how to get back. */
	if (req->preserve && req->has_entry)
		return kx_err_set(err, EINVAL, "%s needs purgatory, and --entry bypasses it",
				  kx_plan_return_option(req));
	p->call = req->call;
	if (req->call != KX_CALL_AUTO)
		return choose_given(p, refusal, err);
	if (load_opt && file_opt)
		return kx_err_set(err, EINVAL, "%s needs kexec_load and %s needs kexec_file_load",
				  load_opt, file_opt);

	p->call = KX_CALL_LOAD;
	if (load_opt) {
		p->call_why = kx_arena_printf(p->arena, "%s needs kexec_load", load_opt);
		p->fallback_why_not = p->call_why;
	} else if (refusal) {
		p->call_why = kx_arena_printf(p->arena, "the kernel's own loader would refuse: %s",
					      refusal);
		p->fallback_why_not = refusal;
	} else if (file_opt) {
		p->call = KX_CALL_FILE;
		p->call_why = kx_arena_printf(p->arena, "%s needs kexec_file_load", file_opt);
		p->fallback_why_not = p->call_why;
	} else if (src->lockdown != KX_LOCKDOWN_NONE && src->config_kexec_file != 0) {
		p->call = KX_CALL_FILE;
		p->call_why = "the kernel is locked down, which forbids kexec_load";
		p->fallback_why_not = p->call_why;
	} else if (src->config_kexec_sig_force == 1) {
		p->call = KX_CALL_FILE;
		p->call_why = "the kernel enforces signatures (CONFIG_KEXEC_SIG_FORCE)";
		p->fallback_why_not = p->call_why;
	} else if (src->config_kexec == 0 && src->config_kexec_file != 0) {
		p->call = KX_CALL_FILE;
		p->call_why = "the kernel has no kexec_load (CONFIG_KEXEC is off)";
		p->fallback_why_not = p->call_why;
	} else {
		p->call_why = "our purgatory verifies the segments before the jump";
		p->fallback_allowed = src->config_kexec_file != 0;
		if (!p->fallback_allowed)
			p->fallback_why_not = "the kernel has no kexec_file_load (CONFIG_KEXEC_FILE is off)";
	}
	return p->call_why ? 0 : kx_err_set(err, ENOMEM, "out of memory");
}
