// SPDX-License-Identifier: GPL-2.0-only
/*
 * What makedumpfile(8)'s command line asks for, and what it prints of it
 * (makedumpfile.h).  Called by main.c.
 *
 * The exit status is 0, or 1 for everything that failed.  Scripts read no more than
 * that; people read the report, so it is in makedumpfile's form.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "makedumpfile.h"
#include "out-file.h"
#include "usage.h"

/* Of kexec-tools: the version of makedumpfile whose options these are. */
#define LIKE	"1.7.9"

static FILE *messages(const struct makedumpfile *m)
{
	return m->write.flat ? stderr : stdout;
}

static void say_completed(const struct makedumpfile *m, const char *what)
{
	FILE *f = messages(m);

	if (!(m->say & MAKEDUMPFILE_SAY_COMMON))
		return;
	if (!m->write.flat && !m->write.dry) {
		fprintf(f, "\nThe %s %s saved to ", what, m->write.target_count > 1 ? "are" : "is");
		for (size_t i = 0; i < m->write.target_count; i++)
			fprintf(f, "%s%s", i ? ", " : "", m->write.target[i]);
		fputs(".\n", f);
	}
	fputs("\nmakedumpfile Completed.\n", f);
}

static void say_report(const struct makedumpfile *m, const struct write_report *w)
{
	const struct {
		const char *what;
		uint64_t count;
	} lines[] = {
		{ "Pages filled with zero  ", w->zero },
		{ "Non-private cache pages ", w->dropped[KX_PAGE_CACHE] },
		{ "Private cache pages     ", w->dropped[KX_PAGE_CACHE_PRIVATE] },
		{ "User process data pages ", w->dropped[KX_PAGE_USER] },
		{ "Free pages              ", w->dropped[KX_PAGE_FREE] },
		{ "Unaccepted pages        ", w->dropped[KX_PAGE_UNACCEPTED] },
		{ "Hwpoison pages          ", w->dropped[KX_PAGE_POISONED] },
		{ "Offline pages           ", w->dropped[KX_PAGE_OFFLINE] },
	};
	FILE *f = messages(m);
	uint64_t excluded;

	if (!(m->say & MAKEDUMPFILE_SAY_REPORT))
		return;
	excluded = w->absent;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		excluded += lines[i].count;
	fprintf(f, "\nOriginal pages  : 0x%016" PRIx64 "\n  Excluded pages   : 0x%016" PRIx64 "\n",
		w->pages, excluded);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		fprintf(f, "    %s: 0x%016" PRIx64 "\n", lines[i].what, lines[i].count);
	if (w->absent)
		fprintf(f, "    %s: 0x%016" PRIx64 "\n", "Not in the input dump   ", w->absent);
	fprintf(f, "  Remaining pages  : 0x%016" PRIx64 "\n", w->pages - excluded);
	if (w->lost)
		fprintf(f, "    %s: 0x%016" PRIx64 "\n", "Could not be read       ", w->lost);
	if (w->pages)
		fprintf(f, "  (The number of pages is reduced to %" PRIu64 "%%.)\n",
			(w->pages - excluded) * 100 / w->pages);
	fprintf(f, "Write bytes     : %" PRIu64 "\n", w->bytes);
}

/* A dump that lacks something is one all the same, but nobody may think that it is whole. */
static void say_lost(const struct makedumpfile *m, const struct write_report *w)
{
	if (!(m->say & MAKEDUMPFILE_SAY_COMMON))
		return;
	if (w->lost)
		fprintf(stderr, "makedumpfile: %" PRIu64 " pages could not be read: the dump says"
			" that it is incomplete\n", w->lost);
	if (w->partial)
		fprintf(stderr, "makedumpfile: %s says that it is incomplete: so does the dump\n",
			m->input);
}

static int run_dump(const struct makedumpfile *m, struct dump *d, struct kx_err *err)
{
	struct write_report report = { .pages = 0 };
	int r = write_run(d, &m->write, &report, err);

	say_report(m, &report);
	say_lost(m, &report);
	if (r == 0)
		say_completed(m, m->write.target_count > 1 ? "dumpfiles" : "dumpfile");
	return r;
}

/* What could be read is worth having, though the status says that it is not all. */
static int write_log(const struct makedumpfile *m, struct dump *d, struct out_file *o,
		     struct kx_err *err)
{
	int fd = dup(o->fd), r, closed;
	FILE *to = fd < 0 ? NULL : fdopen(fd, "w");

	if (!to)
		return out_file_fail(o, "open it twice", err);
	r = dmesg(d, m->partial ? DMESG_SINCE_CLEARED : DMESG_TEXT, to, err);
	fclose(to);
	if (r < 0 && r != -EBADMSG)
		return r;
	closed = out_file_finish(o, d->arena, r == 0 ? err : NULL);
	return r < 0 ? r : closed;
}

static int run_dmesg(const struct makedumpfile *m, struct dump *d, struct kx_err *err)
{
	struct out_file o = { .path = m->write.target[0], .fd = -1 };
	int r = out_file_open(&o, m->write.force, d->arena, err);

	if (r == 0)
		r = write_log(m, d, &o, err);
	out_file_close(&o);
	if (r == 0)
		say_completed(m, "dmesg log");
	return r;
}

static int run_usage(const struct makedumpfile *m, struct dump *d, struct kx_err *err)
{
	struct usage u;
	struct kx_text t;
	int r = usage_count(d, &u, err);

	(void)m;
	if (r < 0)
		return r;
	kx_text_init(&t, d->arena);
	usage_text(&u, &t);
	return text_write(&t, err);
}

static int run_on_core(const struct makedumpfile *m, struct kx_arena *a, struct kx_err *err)
{
	static int (*const runs[])(const struct makedumpfile *m, struct dump *d,
				   struct kx_err *err) = {
		[MAKEDUMPFILE_DUMP] = run_dump,
		[MAKEDUMPFILE_DMESG] = run_dmesg,
		[MAKEDUMPFILE_MEM_USAGE] = run_usage,
	};
	struct dump d = { .fd = -1, .arena = a };
	int r;

	r = dump_open(&d, m->input, a, err);
	if (r == 0)
		r = runs[m->mode](m, &d, err);
	dump_close(&d);
	return r;
}

/* -R and --reassemble are --assemble and --reassemble. */
static int run_parts(const struct makedumpfile *m, struct kx_arena *a, struct kx_err *err)
{
	const struct options o = {
		.out = m->write.target[0], .force = m->write.force,
		.parts = m->inputs, .part_count = m->input_count,
	};
	int r = (m->mode == MAKEDUMPFILE_ASSEMBLE ? assemble : reassemble)(&o, a, err);

	if (r == 0)
		say_completed(m, "dumpfile");
	return r;
}

static int run(const struct makedumpfile *m, struct kx_arena *a, struct kx_err *err)
{
	struct kx_text t;

	kx_text_init(&t, a);
	switch (m->mode) {
	case MAKEDUMPFILE_ASSEMBLE:
	case MAKEDUMPFILE_REASSEMBLE:
		return run_parts(m, a, err);
	case MAKEDUMPFILE_CHECK:
		return 0;
	case MAKEDUMPFILE_HELP:
		makedumpfile_help(&t);
		return text_write(&t, err);
	case MAKEDUMPFILE_VERSION:
		kx_text_add(&t, "makedumpfile: version %s (vmcore-dump of kexec-tools %s)\n", LIKE,
			    KX_VERSION);
		for (enum kx_page_codec i = KX_PAGE_LZO; i < KX_PAGE_CODECS; i++)
			kx_text_add(&t, "%s\t%s\n", kx_page_codec_name(i),
				    kx_page_codec_here(i) ? "enabled" : "disabled");
		return text_write(&t, err);
	default:
		return run_on_core(m, a, err);
	}
}

int makedumpfile_main(int argc, char **argv)
{
	struct kx_err err = { 0 };
	struct makedumpfile m = { .say = 0 };
	struct kx_arena arena;
	int r;

	kx_arena_init(&arena);
	r = makedumpfile_parse(argc, argv, &m, &err);
	if (r == 0) {
		if (m.ignored && m.say & MAKEDUMPFILE_SAY_COMMON)
			fprintf(stderr, "makedumpfile: %s: not needed, and ignored\n", m.ignored);
		r = run(&m, &arena, &err);
	}
	if (err.code)
		fprintf(stderr, "makedumpfile: %s\n%s", err.text,
			r < 0 && m.mode == MAKEDUMPFILE_DUMP && m.say & MAKEDUMPFILE_SAY_COMMON ?
			"\nmakedumpfile Failed.\n" : "");
	kx_arena_deinit(&arena);
	return r < 0 ? STATUS_FAILED : STATUS_OK;
}
