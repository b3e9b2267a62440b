/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * -e, -f and no action: entering what is loaded, at once or through init.
 *
 * kx_commit_exec() makes sure that a kernel is loaded before it syncs or
 * touches an interface.  Called by main.c.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kx/sys.h"
#include "verb.h"

/* With the time that this kernel slept, which CLOCK_MONOTONIC has not. */
double seconds_now(void)
{
	struct timespec t = { 0, 0 };

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int say_returned(struct kexec *k, const char *release, double seconds)
{
	struct kx_text t;

	kx_text_init(&t, &k->arena);
	kx_text_add(&t, "back from %s%s after %.3f s\n", *release ? "Linux " : "what was loaded",
		    release, seconds);
	return kexec_print(&t, false, &k->err) < 0 ? STATUS_FAILED : STATUS_OK;
}

/* reboot(2) has returned with 0: somebody came back. */
static int returned(struct kexec *k, double seconds)
{
	struct kx_err left = { 0 };

	if (kx_returning_count(&k->src, &left) < 0)
		kexec_warn("%s", left.text);
	return say_returned(k, k->src.returning.release, seconds);
}

int verb_exec(struct kexec *k)
{
	const struct kx_opt_u64 *loaded = &k->src.kexec_loaded;
	const struct kx_exec_options x = {
		.no_sync = k->o.no_sync,
		.no_ifdown = k->o.no_ifdown,
	};
	double start = seconds_now();

	if (k->src.returning.kind == KX_RETURNING_SNAPSHOT)
		return verb_keep(k);
	if (kx_commit_exec(&k->src, &x, &k->err) == 0)
		return returned(k, seconds_now() - start);
	/* "Nothing has been loaded!" ends upstream with 1, all else with 255. */
	return loaded->known && !loaded->value ? STATUS_USAGE : STATUS_FAILED;
}

int verb_load_exec(struct kexec *k)
{
	int status = verb_load(k);

	if (status != STATUS_OK || k->o.plan)
		return status;
	k->src.kexec_loaded = (struct kx_opt_u64){ true, !kx_request_keeps(&k->o.req) };
	if (kx_returning_read(&k->src, &k->arena, &k->err) < 0)
		return STATUS_FAILED;
	return verb_exec(k);
}

/* Let init stop the services; its last step enters the loaded kernel. */
int verb_load_shutdown(struct kexec *k)
{
	static const char *const path[] = {
		"/sbin/shutdown", "/etc/shutdown", "/bin/shutdown",
	};
	char name[] = "shutdown", flag[] = "-r", now[] = "now";
	char *const argv[] = { name, flag, now, NULL };
	int status = verb_load(k);

	if (status != STATUS_OK || k->o.plan)
		return status;
	for (size_t i = 0; i < sizeof(path) / sizeof(path[0]); i++)
		execv(path[i], argv);
	return kexec_fail(k, STATUS_FAILED, errno, "the kernel is loaded, but neither %s, %s nor"
			  " %s can be run: %s", path[0], path[1], path[2], strerror(errno));
}
