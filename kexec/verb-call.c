/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --call: load a function, call it while this kernel sleeps, print what it
 * returned, unload it.  One process does it all: the result is left in a page of
 * its memory.  Called by main.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "kx/sys.h"
#include "verb.h"

/* More is no function, and half of RAM is the kernel's own limit. */
#define FUNCTION_MAX	(16ULL << 20)

/* One word after the other, as purgatory writes them (enum purg_result). */
static volatile uint64_t *result_words(const struct kx_pinned *pin)
{
	return pin->page;
}

/* A page whose address the plan needs; it begins with a word that nobody else's has. */
static int result_init(struct kexec *k, struct kx_pinned *ret)
{
	struct kx_request *req = &k->o.req;
	struct kx_bytes random = kx_random(&k->arena, sizeof(req->result_cookie));

	if (random.len != sizeof(req->result_cookie))
		return kx_err_set(&k->err, EAGAIN, "the kernel has no random numbers yet");
	if (kx_pinned_init(k->src.page_size, ret, &k->err) < 0)
		return k->err.code ? -k->err.code : -EIO;
	memcpy(&req->result_cookie, random.data, sizeof(req->result_cookie));
	result_words(ret)[PURG_RESULT_COOKIE] = req->result_cookie;
	req->result_pa = ret->pa;
	return 0;
}

static int result_print(struct kexec *k, const struct kx_pinned *pin)
{
	volatile uint64_t *word = result_words(pin);
	struct kx_text t;

	if (kx_pinned_check(pin, &k->err) < 0)
		return STATUS_FAILED;
	if (!word[PURG_RESULT_CALLS])
		return kexec_fail(k, STATUS_FAILED, EIO, "%s: the function never came to its end,"
				  " though this kernel was returned to", k->o.req.function.path);
	kx_text_init(&t, &k->arena);
	kx_text_add(&t, "the function returned 0x%" PRIx64 "\n",
		    (uint64_t)word[PURG_RESULT_VALUE]);
	return kexec_print(&t, false, &k->err) < 0 ? STATUS_FAILED : STATUS_OK;
}

/*
 * Jump, and leave nothing loaded however that ends.  Network interfaces stay up:
 * who is called uses none, and this kernel suspends the devices itself.
 */
static int jump(struct kexec *k)
{
	const struct kx_exec_options x = { .no_sync = k->o.no_sync, .no_ifdown = true };
	struct kx_err left = { 0 }, err = { 0 };
	int r = kx_commit_exec(&k->src, &x, &k->err);

	if (kx_commit_unload(&k->src, false, KX_CALL_LOAD, &left, &err) < 0)
		kexec_warn("the function is still loaded: %s", err.text);
	return r;
}

static int load_and_jump(struct kexec *k, const struct kx_plan *plan)
{
	enum kx_call call;
	struct kx_err left = { 0 };
	sigset_t all, before;
	int r;

	/* Nobody shall end us with the function loaded: the next reboot would call it. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	r = kx_commit_load(plan, &call, &left, &k->err);
	if (r == 0)
		r = jump(k);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

static int call(struct kexec *k, const struct kx_pinned *pin)
{
	struct kx_plan plan;

	k->o.req.sha256 = kx_sha256_engine();
	if (kx_plan_build(&k->o.req, &k->src, &k->arena, &plan, &k->err) < 0)
		return STATUS_FAILED;
	if (k->o.plan)
		return plan_show(k, &plan) < 0 ? STATUS_FAILED : STATUS_OK;
	/* A full or closed standard error is no reason not to call. */
	if (k->o.req.debug && plan_show(k, &plan) < 0)
		k->err.code = 0;
	if (load_and_jump(k, &plan) < 0)
		return STATUS_FAILED;
	return result_print(k, pin);
}

/* What is loaded would be gone afterwards, and who loaded it would not know. */
static int check_nothing_loaded(struct kexec *k)
{
	if (k->src.kexec_loaded.known && k->src.kexec_loaded.value)
		return kx_err_set(&k->err, EBUSY, "--call: a kernel is loaded, whose place the function"
				  " would take: unload it first (kexec -u)");
	return 0;
}

int verb_call(struct kexec *k)
{
	struct kx_input *in = &k->o.req.function;
	struct kx_pinned pin = { .pipe = { -1, -1 } };
	int status = STATUS_FAILED;

	if (!k->o.plan && !k->src.has_cap_boot)
		return kexec_fail(k, STATUS_FAILED, EPERM, "calling a function needs CAP_SYS_BOOT:"
				  " run kexec as root (--plan works without)");
	if (!k->o.plan && check_nothing_loaded(k) < 0)
		return STATUS_FAILED;
	if (input_read(k, in, "function", FUNCTION_MAX, "no function is larger") < 0)
		status = STATUS_USAGE;
	else if (kx_pages_read(&k->src, &k->arena, &k->err) == 0 &&
		 (k->o.plan || result_init(k, &pin) == 0))
		status = call(k, &pin);
	kx_pinned_deinit(&pin);
	input_close(in);
	return status;
}
