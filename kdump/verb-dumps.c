// SPDX-License-Identifier: GPL-2.0-only
/*
 * kdump list, show and prune: the dumps that there are, of Debian's layout and of
 * Fedora's.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "kdump.h"
#include "kx/files.h"
#include "kx/number.h"

static int read_dumps(struct kdump *k, const char **ret_base, struct dump_dir **v, size_t *n,
		      struct kx_err *err)
{
	int r = dumps_base(k, ret_base, err);

	return r < 0 ? r : dumps_read(k->arena, *ret_base, v, n, err);
}

static const char *state(const struct dump_dir *d)
{
	return d->whole ? "complete" : d->incomplete ? "incomplete" : d->log ? "log only" : "empty";
}

int verb_list(struct kdump *k, struct kx_err *err)
{
	struct dump_dir *v;
	const char *base;
	size_t n;

	if (read_dumps(k, &base, &v, &n, err) < 0)
		return STATUS_FAILED;
	for (size_t i = 0; i < n; i++) {
		const struct stamp *s = &v[i].stamp;

		kx_text_add(&k->out, "%3zu  %04d-%02d-%02d %02d:%02d  %8.1f MiB  %-10s  %s/%s\n", i + 1,
			    s->year, s->month, s->day, s->hour, s->minute,
			    (double)v[i].bytes / (1 << 20), state(&v[i]), base, v[i].name);
	}
	if (!n)
		say("%s: no dumps", base);
	return STATUS_OK;
}

/* "", "latest" or a number of the list. */
static int pick(const char *which, size_t n, size_t *ret, struct kx_err *err)
{
	uint64_t v = 1;
	int r = 0;

	if (which && strcmp(which, "latest"))
		r = kx_number_parse(which, 10, &v, err);
	if (r < 0 || !v)
		return kx_err_set(err, EINVAL, "show: expected latest or a number from 1, have '%s'",
				  which);
	if (v > n)
		return kx_err_set(err, ENOENT, "show: expected one of %zu dumps, have %" PRIu64, n, v);
	*ret = (size_t)v - 1;
	return 0;
}

/* The lines of the log that say why. */
static void show_reason(struct kdump *k, const char *path)
{
	static const char *const words[] = {
		"Kernel panic", "BUG:", "Oops", "Unable to handle kernel", "Call trace:", "Call Trace:",
		"sysrq: Trigger a crash", "RIP: ", "pc : ", "watchdog:", "Comm: ",
	};
	struct kx_bytes b;
	unsigned int shown = 0;

	if (kx_file_read(path, 64u << 20, k->arena, &b, NULL) < 0)
		return;
	for (size_t off = 0; off < b.len && shown < 20;) {
		const char *p = (const char *)b.data + off;
		const char *end = memchr(p, '\n', b.len - off);
		size_t len = end ? (size_t)(end - p) : b.len - off;
		bool found = false;

		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			found |= memmem(p, len, words[i], strlen(words[i])) != NULL;
		if (found) {
			kx_text_add(&k->out, "  ");
			kx_text_raw(&k->out, p, len);
			kx_text_add(&k->out, "\n");
			shown++;
		}
		off += len + 1;
	}
}

static int show(struct kdump *k, struct kx_err *err)
{
	const char *argv[] = { NULL, "--info", NULL, NULL }, *base;
	struct dump_dir *v, *d;
	size_t n, i = 0;
	int r = read_dumps(k, &base, &v, &n, err);

	if (r == 0)
		r = pick(k->o->argument, n, &i, err);
	if (r < 0)
		return r;
	d = &v[i];
	kx_text_add(&k->out, "%s/%s: %s, %.1f MiB\n", base, d->name, state(d),
		    (double)d->bytes / (1 << 20));
	if (d->log) {
		kx_text_add(&k->out, "log: %s\n", d->log_name);
		show_reason(k, kx_arena_printf(k->arena, "%s/%s/%s", base, d->name, d->log_name));
	}
	if (!d->dump[0])
		return 0;
	kx_text_add(&k->out, "dump: %s\n", d->dump);
	r = out_flush(k, err);
	if (r == 0)
		r = run_find(k, "vmcore-dump", k->o->vmcore_dump, &argv[0], err);
	argv[2] = kx_arena_printf(k->arena, "%s/%s/%s", base, d->name, d->dump);
	return r < 0 ? r : run_check(argv, -1, -1, argv[0], err);
}

int verb_show(struct kdump *k, struct kx_err *err)
{
	return show(k, err) < 0 ? STATUS_FAILED : STATUS_OK;
}

static void pruned(void *ctx, const struct dump_dir *d)
{
	struct kdump *k = ctx;

	kx_text_add(&k->out, "%s %s\n", k->o->dry_run ? "would remove" : "removing", d->name);
}

int verb_prune(struct kdump *k, struct kx_err *err)
{
	unsigned int keep = k->o->keep_set ? k->o->keep : k->conf.keep;
	struct prune p = { .keep = keep, .dry_run = k->o->dry_run };
	const char *base;
	size_t removed;

	/* 0 in the configuration keeps all; typed, it is meant. */
	if (!k->o->keep_set && !keep) {
		say("the configuration keeps all dumps; --keep=NUMBER says how many");
		return STATUS_OK;
	}
	/* Only a server's directory is shared with others. */
	if (k->conf.target == TARGET_NFS) {
		p.host = dumps_host(k);
		if (!p.host) {
			kx_err_set(err, ENOMEM, "out of memory");
			return STATUS_FAILED;
		}
	}
	if (dumps_base(k, &base, err) < 0 ||
	    dumps_prune(k->arena, base, &p, pruned, k, &removed, err) < 0)
		return STATUS_FAILED;
	return STATUS_OK;
}
