// SPDX-License-Identifier: GPL-2.0-only
/*
 * kdump load, unload, reload: which kernel, which initrd, which command line, and kexec
 * is run with them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture-cmdline.h"
#include "kdump.h"
#include "kx/files.h"

/* Where the distributions put them; %s: the running kernel's release. */
static const char *const kernels[] = {
	"/var/lib/kdump/vmlinuz", "/var/lib/kdump/vmlinuz-%s", "/boot/vmlinuz-%s",
	"/lib/modules/%s/vmlinuz", "/boot/Image-%s", "/boot/vmlinuz", NULL
};
static const char *const initrds[] = {
	"/var/lib/kdump/initrd.img", "/var/lib/kdump/initrd.img-%s",
	"/var/lib/kdump/initramfs-%skdump.img", "/boot/initramfs-%skdump.img",
	"/boot/initrd-%skdump", NULL
};

/* @pattern with its %s filled in, if it has one. */
static const char *fill_in(struct kdump *k, const char *pattern, const char *release)
{
	const char *at = strstr(pattern, "%s");

	if (!at)
		return pattern;
	return kx_arena_printf(k->arena, "%.*s%s%s", (int)(at - pattern), pattern, release, at + 2);
}

static int find(struct kdump *k, const struct machine *m, const char *given,
		const char *const *where, const char *what, const char **ret, struct kx_err *err)
{
	const char *list = "", *path;

	if (given) {
		*ret = given;
		return 0;
	}
	for (; *where; where++) {
		path = fill_in(k, *where, m->release);
		if (path && kx_root_exists(k->o->sysroot, "%s", path)) {
			*ret = path;
			return 0;
		}
		list = kx_arena_printf(k->arena, "%s%s%s", list, *list ? ", " : "", path ? path : "");
		if (!list)
			return kx_err_set(err, ENOMEM, "out of memory");
	}
	return kx_err_set(err, ENOENT, "no %s: expected it to be configured, or one of %s", what, list);
}

int find_kernel(struct kdump *k, const struct machine *m, const char **ret, struct kx_err *err)
{
	return find(k, m, k->conf.kernel, kernels, "kernel", ret, err);
}

int find_initrd(struct kdump *k, const struct machine *m, const char **ret, struct kx_err *err)
{
	return find(k, m, k->conf.initrd, initrds, "initrd of the kernel that captures", ret, err);
}

#define ARGS_MAX	32

struct args {
	const char *v[ARGS_MAX + 1];
	size_t n;
};

static void add(struct args *a, const char *word)
{
	if (a->n < ARGS_MAX)
		a->v[a->n++] = word;
}

/* kexec_args, separated by space. */
static void add_words(struct kdump *k, struct args *a, const char *words)
{
	char *p = words ? kx_arena_strdup(k->arena, words) : NULL;

	while (p && *(p += strspn(p, " \t"))) {
		add(a, p);
		p += strcspn(p, " \t");
		if (*p)
			*p++ = '\0';
	}
}

static bool has(const struct args *a, const char *word)
{
	for (size_t i = 0; i < a->n; i++)
		if (!strcmp(a->v[i], word))
			return true;
	return false;
}

/* The words as one types them. */
static void print_args(struct kdump *k, const struct args *a)
{
	for (size_t i = 0; i < a->n; i++) {
		bool quote = strpbrk(a->v[i], " \t\"$\\*?") != NULL;

		kx_text_add(&k->out, "%s%s%s%s", i ? " " : "", quote ? "'" : "", a->v[i],
			    quote ? "'" : "");
	}
	kx_text_add(&k->out, "\n");
}

/* kexec -p [-s] [ARGS] --command-line=… --initrd=… KERNEL */
static int load_args(struct kdump *k, const struct machine *m, struct args *a, struct kx_err *err)
{
	const char *kexec, *kernel, *initrd, *line;
	int r = run_find(k, "kexec", k->o->kexec, &kexec, err);

	if (r == 0)
		r = find_kernel(k, m, &kernel, err);
	if (r == 0)
		r = find_initrd(k, m, &initrd, err);
	if (r < 0)
		return r;
	line = capture_cmdline(&k->conf, k->conf.cmdline ? k->conf.cmdline : m->cmdline, m->machine,
			       k->arena);
	add(a, kexec);
	add(a, "-p");
	add_words(k, a, k->conf.kexec_args);
	/* kernel_lockdown(7): "Only validly signed …" kernels, and only by kexec_file_load. */
	if (m->lockdown && strcmp(m->lockdown, "none") && !has(a, "-s") && !has(a, "-a"))
		add(a, "-s");
	add(a, line ? kx_arena_printf(k->arena, "--command-line=%s", line) : NULL);
	add(a, kx_arena_printf(k->arena, "--initrd=%s", below(k, initrd)));
	add(a, below(k, kernel));
	for (size_t i = 0; i < a->n; i++)
		if (!a->v[i])
			return kx_err_set(err, ENOMEM, "out of memory");
	return a->n < ARGS_MAX ? 0 : kx_err_set(err, E2BIG, "kexec_args: expected at most %d words",
						ARGS_MAX - 7);
}

static int load(struct kdump *k, bool anew, struct kx_err *err)
{
	struct args a = { .n = 0 };
	struct machine m;
	int r;

	if (k->conf.off_line)
		return kx_err_set(err, EPERM, "%s:%u: USE_KDUMP is 0: nothing is loaded",
				  k->conf.file, k->conf.off_line);
	r = machine_read(k, &m, err);
	if (r < 0)
		return r;
	if (m.loaded && !anew) {
		kx_text_add(&k->out, "a crash kernel is loaded already; kdump reload replaces it\n");
		return 0;
	}
	if (m.reserved_known && !m.reserved)
		return kx_err_set(err, ENOMEM, "no memory is reserved: boot with crashkernel=; kdump"
				  " estimate says how much");
	r = load_args(k, &m, &a, err);
	if (r < 0)
		return r;
	if (k->o->dry_run) {
		print_args(k, &a);
		return 0;
	}
	r = run_check(a.v, -1, -1, a.v[0], err);
	if (r == 0)
		kx_text_add(&k->out, "loaded %s, dumps go to %s\n", a.v[a.n - 1],
			    k->conf.where ? k->conf.where : k->conf.path);
	return r;
}

int verb_load(struct kdump *k, struct kx_err *err)
{
	return load(k, false, err) < 0 ? STATUS_FAILED : STATUS_OK;
}

int verb_reload(struct kdump *k, struct kx_err *err)
{
	return load(k, true, err) < 0 ? STATUS_FAILED : STATUS_OK;
}

int verb_unload(struct kdump *k, struct kx_err *err)
{
	const char *argv[] = { NULL, "-p", "-u", NULL };
	int r = run_find(k, "kexec", k->o->kexec, &argv[0], err);

	if (r == 0)
		r = run_check(argv, -1, -1, argv[0], err);
	return r < 0 ? STATUS_FAILED : STATUS_OK;
}
