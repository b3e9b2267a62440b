// SPDX-License-Identifier: GPL-2.0-only
/*
 * kdump check: everything that would stop a dump, a line each with what to do.  Exit
 * status 1 if anything fails; a warning is what may or may not.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "capture-cmdline.h"
#include "kdump.h"
#include "kx/files.h"

void report(struct report *r, enum verdict v, const char *name, const char *fmt, ...)
{
	static const char *const words[] = { "ok", "warn", "fail" };
	char text[KX_ERR_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	kx_text_add(&r->k->out, "%-5s %-12s %s\n", words[v], name, text);
	r->failed |= v == VERDICT_FAIL;
}

/* As the verbs that need it whole: the lenient reading of main.c is not enough. */
static void check_config(struct report *r)
{
	const struct options *o = r->k->o;
	const struct conf *have = &r->k->conf;
	struct kx_err err = { 0 };
	struct conf c;

	if (conf_find(o->sysroot, o->config, false, r->k->arena, &c, &err) < 0)
		report(r, VERDICT_FAIL, "config", "%s", err.text);
	else if (c.off_line)
		report(r, VERDICT_FAIL, "config", "%s:%u: USE_KDUMP is 0; set it to 1", c.file,
		       c.off_line);
	else
		report(r, VERDICT_OK, "config", "%s", c.file ? c.file : "none, the defaults");
	for (size_t i = 0; i < have->remark_count; i++)
		if (strncmp(have->remark[i].text, "left out:", 9))
			report(r, VERDICT_WARN, "config", "%s:%u: %s", have->file, have->remark[i].line,
			       have->remark[i].text);
}

static void check_programs(struct report *r)
{
	static const char *const names[] = { "kexec", "vmcore-dump" };
	const char *const given[] = { r->k->o->kexec, r->k->o->vmcore_dump };
	struct kx_err err = { 0 };
	const char *path;

	for (size_t i = 0; i < 2; i++) {
		if (run_find(r->k, names[i], given[i], &path, &err) < 0)
			report(r, VERDICT_FAIL, names[i], "%s", err.text);
		else
			report(r, VERDICT_OK, names[i], "%s", path);
	}
}

/* uname's word for kexec's. */
static const char *machine_word(const char *machine)
{
	return strcmp(machine, "aarch64") ? machine : "arm64";
}

static void check_kernel(struct report *r, struct kernel_facts *f)
{
	const struct machine *m = r->machine;
	struct kx_err err = { 0 };
	const char *path;

	if (find_kernel(r->k, m, &path, &err) < 0 || kernel_read(r->k, path, f, &err) < 0) {
		report(r, VERDICT_FAIL, "kernel", "%s", err.text);
		return;
	}
	r->kernel = f;
	if (strcmp(f->machine, machine_word(m->machine)))
		report(r, VERDICT_FAIL, "kernel", "%s: expected one for %s, have one for %s", path,
		       m->machine, f->machine);
	else if (f->release[0] && strcmp(f->release, m->release))
		report(r, VERDICT_WARN, "kernel", "%s is %s, %s runs: its initrd must be its own", path,
		       f->release, m->release);
	else
		report(r, VERDICT_OK, "kernel", "%s", path);
}

static void check_initrd_file(struct report *r, struct initrd *in, uint64_t *ret_len)
{
	struct kx_err err = { 0 };
	const char *path;

	if (find_initrd(r->k, r->machine, &path, &err) < 0 ||
	    initrd_open(r->k, path, in, ret_len, &err) < 0) {
		report(r, VERDICT_FAIL, "initrd", "%s", err.text);
		return;
	}
	report(r, VERDICT_OK, "initrd", "%s, %zu files", path, in->count);
	r->initrd = in;
}

static void check_reservation(struct report *r, const struct estimate *e)
{
	const struct machine *m = r->machine;
	const char *what = "is reserved; kdump estimate says what to boot with";

	if (!m->reserved_known) {
		report(r, VERDICT_FAIL, "reservation", "this kernel has no /sys/kernel/kexec_crash_size:"
		       " it needs CONFIG_CRASH_DUMP");
	} else if (!m->reserved) {
		if (e)
			report(r, VERDICT_FAIL, "reservation", "no memory is reserved; boot with"
			       " crashkernel=%" PRIu64 "M", e->crashkernel >> 20);
		else
			report(r, VERDICT_FAIL, "reservation", "no memory %s", what);
	} else if (!e) {
		report(r, VERDICT_WARN, "reservation", "%" PRIu64 " MiB; whether it is enough is not"
		       " known", m->reserved >> 20);
	} else if (m->reserved < e->total - e->runtime) {
		report(r, VERDICT_FAIL, "reservation", "%" PRIu64 " MiB, kernel and initrd alone take"
		       " %" PRIu64 "; boot with crashkernel=%" PRIu64 "M", m->reserved >> 20,
		       (e->total - e->runtime) >> 20, e->crashkernel >> 20);
	} else if (m->reserved < e->total) {
		report(r, VERDICT_WARN, "reservation", "%" PRIu64 " MiB, %" PRIu64 " are expected to be"
		       " used; boot with crashkernel=%" PRIu64 "M", m->reserved >> 20, e->total >> 20,
		       e->crashkernel >> 20);
	} else {
		report(r, VERDICT_OK, "reservation", "%" PRIu64 " MiB, %" PRIu64 " are expected to be"
		       " used", m->reserved >> 20, e->total >> 20);
	}
}

static void check_loaded(struct report *r)
{
	const struct machine *m = r->machine;

	if (m->loaded)
		report(r, VERDICT_OK, "loaded", "a crash kernel is loaded");
	else if (m->load_disabled)
		report(r, VERDICT_FAIL, "loaded", "none is, and kernel.kexec_load_disabled is 1 until the"
		       " next boot: load it before that is set");
	else
		report(r, VERDICT_WARN, "loaded", "no crash kernel is loaded; run kdump load");
}

/* kernel_lockdown(7) */
static void check_lockdown(struct report *r)
{
	const char *l = r->machine->lockdown;

	if (!l || !strcmp(l, "none"))
		report(r, VERDICT_OK, "lockdown", "%s", l ? "none" : "this kernel has none");
	else
		report(r, VERDICT_WARN, "lockdown", "%s: only a kernel with a signature that this one"
		       " trusts is loaded, by kexec -s", l);
}

/* What does not panic is not captured. */
static void check_panic(struct report *r)
{
	uint64_t v;

	if (kx_root_u64(r->k->o->sysroot, 10, &v, NULL, "proc/sys/kernel/panic_on_oops") == 0 && !v)
		report(r, VERDICT_WARN, "panic", "kernel.panic_on_oops is 0: after most oopses the kernel"
		       " goes on, without a dump; sysctl kernel.panic_on_oops=1");
	else
		report(r, VERDICT_OK, "panic", "an oops is a panic");
}

int verb_check(struct kdump *k, struct kx_err *err)
{
	struct report r = { .k = k };
	struct kernel_facts kernel;
	struct estimate e;
	struct initrd in;
	struct machine m;
	uint64_t len = 0;

	if (machine_read(k, &m, err) < 0)
		return STATUS_FAILED;
	r.machine = &m;
	check_config(&r);
	check_programs(&r);
	check_kernel(&r, &kernel);
	check_initrd_file(&r, &in, &len);
	if (r.kernel && r.initrd)
		estimate_of(k, r.kernel, r.initrd, len, &e);
	check_reservation(&r, r.kernel && r.initrd ? &e : NULL);
	check_initrd(&r);
	check_loaded(&r);
	check_lockdown(&r);
	check_panic(&r);
	check_target(&r);
	return r.failed ? STATUS_FAILED : STATUS_OK;
}
