// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmcore-dump(8): looks into the memory of a kernel that is gone or sleeps.
 *
 * The only file of it that prints errors.  Exit status 0, 1 for what failed, 2
 * for a command line that makes no sense, 255 for a snapshot that failed when the
 * processes had been stopped.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "makedumpfile.h"
#include "usage.h"
#include "vmcore-dump.h"

int text_put(struct kx_text *t, FILE *to, const char *name, struct kx_err *err)
{
	const char *s = kx_text_str(t);

	if (!s)
		return kx_err_set(err, ENOMEM, "out of memory");
	if (fputs(s, to) == EOF || fflush(to) == EOF)
		return kx_err_set(err, errno == ENOSPC ? ENOSPC : EIO, "cannot write to %s: %s", name,
				  strerror(errno));
	kx_text_clear(t);
	return 0;
}

int text_write(struct kx_text *t, struct kx_err *err)
{
	return text_put(t, stdout, "standard output", err);
}

static void version(struct kx_text *t)
{
	kx_text_add(t, "vmcore-dump (kexec-tools) %s\n", KX_VERSION);
}

/* What needs no core; NULL: the others. */
static void (*const texts[])(struct kx_text *t) = {
	[ACTION_DMESG] = NULL,
	[ACTION_HELP] = options_help,
	[ACTION_VERSION] = version,
	[ACTION_LIST_OPTIONS] = options_list,
};

/* What was done to standard error: the dump may go to standard output. */
static int dump_write(const struct options *o, struct dump *d, struct kx_text *t, struct kx_err *err)
{
	struct write_report report = { 0 };
	int r = write_run(d, &o->write, &report, err);

	if (r < 0 && !report.incomplete)
		return r;
	write_report_text(&report, &o->write, t);
	if (kx_text_str(t))
		fputs(kx_text_str(t), o->write.estimate ? stdout : stderr);
	kx_text_clear(t);
	return r;
}

static int mem_usage(struct dump *d, bool json, struct kx_text *t, struct kx_err *err)
{
	struct usage u;
	int r = usage_count(d, &u, err);

	if (r < 0)
		return r;
	if (json)
		usage_json(&u, d, t);
	else
		usage_text(&u, t);
	return 0;
}

static int act(const struct options *o, struct dump *d, struct kx_text *t, struct kx_err *err)
{
	int r;

	r = dump_open(d, o->path, d->arena, err);
	if (r < 0)
		return r;
	if (o->action == ACTION_READ)
		return read_memory(d, o, err);
	if (o->action == ACTION_VERIFY)
		return verify(d, t, err);
	if (o->action == ACTION_CONVERT)
		return convert(d, o->out, err);
	if (o->action == ACTION_DUMP)
		return dump_write(o, d, t, err);
	if (o->action == ACTION_RESUMABLE)
		return resumable_run(o, d, err);
	if (o->action == ACTION_DMESG)
		return dmesg(d, o->json ? DMESG_JSON : DMESG_TEXT, stdout, err);
	if (o->action == ACTION_MEM_USAGE)
		return mem_usage(d, o->json, t, err);
	if (o->action == ACTION_INFO)
		(o->json ? info_json : info_text)(d, t);
	else
		(o->json ? map_json : map_text)(d, t);
	return 0;
}

static int run(const struct options *o, struct kx_arena *a, struct kx_err *err)
{
	struct dump d = {
		.fd = -1, .arena = a,
		/* What --resumable encrypts is not what it reads. */
		.key_spec = o->action == ACTION_RESUMABLE ? NULL : o->key,
		/* Its digests are over what is stored. */
		.may_be_locked = o->action == ACTION_VERIFY,
	};
	struct kx_text t;
	int r = 0;

	if (o->action == ACTION_SNAPSHOT)
		return snapshot_run(o, a, err);
	if (o->action == ACTION_ASSEMBLE)
		return assemble(o, a, err) < 0 ? STATUS_FAILED : STATUS_OK;
	if (o->action == ACTION_REASSEMBLE)
		return reassemble(o, a, err) < 0 ? STATUS_FAILED : STATUS_OK;
	kx_text_init(&t, a);
	if (texts[o->action])
		texts[o->action](&t);
	else
		r = act(o, &d, &t, err);
	if (r == 0)
		r = text_write(&t, err);
	for (size_t i = 0; i < sizeof(d.remark) / sizeof(d.remark[0]); i++)
		if (d.remark[i])
			fprintf(stderr, "vmcore-dump: %s: %s\n", d.path, d.remark[i]);
	dump_close(&d);
	return r < 0 ? STATUS_FAILED : STATUS_OK;
}

/* By other names it is another program. */
static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
} names[] = {
	{ "makedumpfile", makedumpfile_main },
	{ "vmcore-dmesg", vmcore_dmesg_main },
};

static int dump_main(int argc, char **argv)
{
	struct kx_err err = { 0 };
	struct kx_arena arena;
	struct options o;
	int status = STATUS_USAGE;

	kx_arena_init(&arena);
	if (options_parse(argc, argv, &o, &err) == 0)
		status = run(&o, &arena, &err);
	if (err.code)
		fprintf(stderr, "vmcore-dump: %s%s\n", err.text,
			status == STATUS_USAGE ? "\nTry 'vmcore-dump --help'" : "");
	kx_arena_deinit(&arena);
	return status;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(program_invocation_short_name, names[i].name))
			return names[i].main(argc, argv);
	return dump_main(argc, argv);
}
