/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * -l, -p, -f, no action and --plan: request + facts -> plan -> printed or loaded.
 *
 * Opens and reads the files the user named; all decisions are in
 * kx_plan_build(), the system call in kx_commit_load().  Called by main.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "kx/json.h"
#include "kx/snapshot.h"
#include "kx/sys.h"
#include "verb.h"

/* Nothing that boots is larger, and a kernel unpacks into at most this. */
#define KERNEL_FILE_MAX	KX_PEEL_OUTPUT_MAX
/* The boot protocol allows 2 MiB; leave room to say so ourselves. */
#define DTB_FILE_MAX	(16ULL << 20)
/* When the machine's memory is not known. */
#define INITRD_FILE_MAX	(64ULL << 30)
/* Enough for every seed of either architecture. */
#define RANDOM_LEN	256

/* ---- files --------------------------------------------------------------- */

int input_read(struct kexec *k, struct kx_input *in, const char *what, uint64_t max,
	       const char *max_why)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	struct kx_err *err = &k->err;
	struct stat st;

	/* A FIFO would wait for its writer, only to be refused then. */
	in->fd = open(in->path, flags | O_NOATIME);
	/* For who owns the file, or may do everything. */
	if (in->fd < 0 && errno == EPERM)
		in->fd = open(in->path, flags);
	if (in->fd < 0)
		return kx_err_set(err, errno, "cannot open %s '%s': %s", what, in->path,
				  strerror(errno));
	if (fstat(in->fd, &st) < 0)
		return kx_err_set(err, errno, "%s '%s': %s", what, in->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return kx_err_set(err, EINVAL, "%s '%s': expected a regular file", what, in->path);
	if (st.st_size == 0)
		return kx_err_set(err, EINVAL, "%s '%s': the file is empty", what, in->path);
	if ((uint64_t)st.st_size > max)
		return kx_err_set(err, EFBIG, "%s '%s': expected at most 0x%llx bytes (%s), have"
				  " 0x%llx", what, in->path, (unsigned long long)max, max_why,
				  (unsigned long long)st.st_size);
	/* The limits above hold for the mapping too: its size is st_size, or close. */
	if (kx_file_map(in->fd, &in->bytes) == 0) {
		in->mapped = true;
		return 0;
	}
	if (kx_file_read_fd(in->fd, in->path, max, &k->arena, &in->bytes, err) < 0)
		return kx_err_wrap(err, "%s", what);
	return 0;
}

int inputs_read(struct kexec *k)
{
	struct kx_request *req = &k->o.req;
	uint64_t ram = k->src.total_ram;
	int r;

	if (req->resume)
		return 0;
	r = saved_input_open(k);
	if (r < 0 || req->saved)
		return r;
	r = input_read(k, &req->kernel, "kernel", KERNEL_FILE_MAX, "no kernel is larger");
	if (r < 0)
		return r;
	for (size_t i = 0; i < req->initrd_count; i++) {
		r = input_read(k, &req->initrd[i], "initrd", ram ? ram : INITRD_FILE_MAX,
			       ram ? "the memory of this machine" : "no initrd is larger");
		if (r < 0)
			return r;
	}
	if (req->dtb.path)
		return input_read(k, &req->dtb, "device tree", DTB_FILE_MAX,
				  "no device tree is larger");
	return 0;
}

void input_close(struct kx_input *in)
{
	if (in->mapped)
		kx_file_unmap(in->bytes);
	if (in->fd >= 0)
		close(in->fd);
	in->bytes = KX_BYTES_NONE;
	in->mapped = false;
	in->fd = -1;
}

void inputs_close(struct kx_request *req)
{
	input_close(&req->kernel);
	for (size_t i = 0; i < req->initrd_count; i++)
		input_close(&req->initrd[i]);
	input_close(&req->dtb);
}

/* ---- the request ---------------------------------------------------------- */

/* Names -t knows upstream whose loaders do not exist here. */
static const char *const types_later[] = {
	"multiboot-x86", "multiboot2-x86", "elf-x86", "beoboot-x86", "nbi-x86", NULL,
};

static bool name_in(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(name, *names))
			return true;
	return false;
}

static int type_check(const char *type, struct kx_err *err)
{
	if (!type)
		return 0;
	for (size_t i = 0; kx_containers[i]; i++)
		if (!strcmp(type, kx_containers[i]->name))
			return 0;
	for (size_t i = 0; kx_formats[i]; i++)
		if (name_in(type, kx_formats[i]->type_names))
			return 0;
	if (name_in(type, types_later))
		return kx_err_set(err, EOPNOTSUPP, "--type=%s is not supported yet", type);
	return kx_err_set(err, EINVAL, "--type: no kernel type is called '%s'", type);
}

/* What upstream died of before it looked at the kernel. */
static int request_check(struct kexec *k)
{
	const struct kx_request *req = &k->o.req;

	if (req->reuse_initrd)
		return kx_err_set(&k->err, EOPNOTSUPP, "--reuseinitrd: the %s kernel does not keep"
				  " the initrd it was booted with; use --initrd",
				  kx_machine_name(k->src.machine));
	if (req->hotplug && !kx_root_exists(k->src.root, "/sys/kernel/crash_elfcorehdr_size"))
		return kx_err_set(&k->err, EOPNOTSUPP, "--hotplug: this kernel has no"
				  " /sys/kernel/crash_elfcorehdr_size (CONFIG_CRASH_HOTPLUG)");
	return 0;
}

/*
 * Seeds for the next kernel.  A plan that is only printed uses a fixed one, so
 * that the same input prints the same plan.
 */
int request_random(struct kexec *k)
{
	struct kx_request *req = &k->o.req;
	uint8_t *fixed;

	if (!k->o.plan) {
		req->random = kx_random(&k->arena, RANDOM_LEN);
		return 0;
	}
	fixed = kx_arena_alloc(&k->arena, RANDOM_LEN);
	if (!fixed)
		return kx_err_set(&k->err, ENOMEM, "out of memory");
	for (size_t i = 0; i < RANDOM_LEN; i++)
		fixed[i] = (uint8_t)i;
	req->random = (struct kx_bytes){ fixed, RANDOM_LEN };
	return 0;
}

/* An address that was given does without what the kernel that sleeps has left. */
static int facts_for_resume(struct kexec *k)
{
	struct kx_err err = { 0 };

	if (kx_peer_read(&k->src, &k->arena, &err) == 0)
		return k->src.peer.kept ? saved_facts(k) : 0;
	if (!k->o.req.has_resume_entry)
		return kx_err_set(&k->err, err.code, "%s (--load-resume-entry=ENTRY does without"
				  " it)", err.text);
	kexec_warn("%s", err.text);
	return 0;
}

/* Who sleeps, or has crashed, is shown to who runs then, or gone back to. */
static int facts_for_jump(struct kexec *k)
{
	if (k->o.req.crash)
		return kx_core_facts_read(&k->src, &k->arena, &k->err);
	if (!k->o.req.preserve)
		return 0;
	if (kx_pages_read(&k->src, &k->arena, &k->err) < 0)
		return -1;
	if (k->o.req.resume)
		return facts_for_resume(k);
	/* Whoever saves it meanwhile sees only what it was told of the machine. */
	if (kx_machine_note(&k->src, &k->arena, &k->src.machine_note, &k->err) < 0)
		return -1;
	return kx_core_facts_read(&k->src, &k->arena, &k->err);
}

/* ---- the plan ------------------------------------------------------------- */

int plan_show(struct kexec *k, const struct kx_plan *plan)
{
	static void (*const print[])(const struct kx_plan *p, struct kx_text *t) = {
		[OUTPUT_NONE] = kx_plan_print_text,	/* -d */
		[OUTPUT_TEXT] = kx_plan_print_text,
		[OUTPUT_JSON] = kx_plan_print_json,
		[OUTPUT_SVG] = kx_plan_print_svg,
	};
	struct kx_text t;

	kx_text_init(&t, &k->arena);
	print[k->o.plan](plan, &t);
	return kexec_print(&t, !k->o.plan, &k->err);
}

/* What is not as on the machine that was saved, before the sentence about it. */
static void differences_show(struct kexec *k, const struct kx_plan *plan)
{
	struct kx_err err = { 0 };
	struct kx_text t;

	if (!plan->differences)
		return;
	kx_text_init(&t, &k->arena);
	kx_text_add(&t, "--- the machine that was saved\n+++ this machine\n%s\n", plan->differences);
	if (kexec_print(&t, true, &err) < 0)
		kexec_warn("%s", err.text);
}

static int plan_load(struct kexec *k, const struct kx_plan *plan)
{
	enum kx_call call = plan->call;
	struct kx_err left = { 0 };
	int r;

	r = kx_commit_load(plan, &call, &left, &k->err);
	if (r == -ENOSYS && k->o.req.call == KX_CALL_FILE)
		return STATUS_NO_FILE_LOAD;
	if (r < 0)
		return STATUS_FAILED;
	if (left.code)
		kexec_warn("loaded, but: %s", left.text);
	if (k->o.req.debug && call != plan->call)
		kexec_warn("%s was refused; loaded with %s instead",
			   plan->call == KX_CALL_FILE ? "kexec_file_load" : "kexec_load",
			   call == KX_CALL_FILE ? "kexec_file_load" : "kexec_load");
	return STATUS_OK;
}

static int load(struct kexec *k)
{
	struct kx_plan plan = { .differences = NULL };
	struct kx_keep keep;

	k->o.req.sha256 = kx_sha256_engine();
	k->o.req.cpus = (size_t)get_nprocs();
	/* Upstream die()s of a file that it cannot read. */
	if (inputs_read(k) < 0)
		return STATUS_USAGE;
	if (kx_preserve_choose(&k->o.req, &k->src, &k->err) < 0 || request_random(k) < 0 ||
	    facts_for_jump(k) < 0)
		return STATUS_FAILED;
	if (kx_request_keeps(&k->o.req) && keep_estimate(k, &keep) < 0)
		return STATUS_FAILED;
	if (kx_plan_build(&k->o.req, &k->src, &k->arena, &plan, &k->err) < 0) {
		differences_show(k, &plan);
		return STATUS_FAILED;
	}
	if (!k->o.plan)
		differences_show(k, &plan);
	/* The plan has the numbers. */
	if (k->o.req.crash && !kx_fits(&plan.fit))
		kexec_warn("the crash kernel may not fit: it needs about %llu MiB, and the"
			   " reservation has %llu MiB (--plan has the parts)",
			   (unsigned long long)(plan.fit.need >> 20),
			   (unsigned long long)(plan.fit.have >> 20));
	if (plan.ignored)
		kexec_warn("%s is ignored with -s: kexec_file_load decides that itself",
			   plan.ignored);
	if (k->o.plan)
		return plan_show(k, &plan) < 0 ? STATUS_FAILED : STATUS_OK;
	/* A full or closed standard error is no reason not to load. */
	if (k->o.req.debug && plan_show(k, &plan) < 0)
		k->err.code = 0;
	return kx_request_keeps(&k->o.req) ? keep_remember(k, &plan) : plan_load(k, &plan);
}

int verb_load(struct kexec *k)
{
	int status;

	if (!k->o.req.kernel.path && !k->o.req.resume) {
		k->hint = true;
		return kexec_fail(k, STATUS_FAILED, EINVAL, "no kernel specified");
	}
	if (k->o.extra)
		kexec_warn("argument '%s' behind the kernel: ignored", k->o.extra);
	if (request_check(k) < 0)
		return STATUS_USAGE;
	if (k->o.req.crash && kx_crash_reserved(&k->src, &k->err) < 0)
		return k->err.code == EPERM ? STATUS_FAILED : STATUS_NO_RESERVATION;
	if (type_check(k->o.req.type, &k->err) < 0)
		return STATUS_FAILED;
	if (!k->o.plan && !k->src.has_cap_boot)
		return kexec_fail(k, STATUS_FAILED, EPERM, "loading a kernel needs CAP_SYS_BOOT:"
				  " run kexec as root (--plan works without)");
	status = load(k);
	saved_input_close(k);
	inputs_close(&k->o.req);
	return status;
}
