// SPDX-License-Identifier: GPL-2.0-only
/*
 * makedumpfile(8)'s command line (makedumpfile.h).  Called by makedumpfile-run.c.
 *
 * What distributions' scripts pass works.  Options that say how makedumpfile is to
 * go about it, its buffers and where its bitmap is, are taken and change nothing; those
 * for what this program does not have are refused.
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "kx/number.h"
#include "makedumpfile.h"

enum what {
	CODEC = 1,
	LEVEL,
	LIMIT,
	THREADS,
	SAY,
	FLAG,
	MODE,
	IGNORED,
	REFUSED,
};

#define LONG_BASE	0x100

static const struct row {
	char letter;
	const char *name;
	int arg;
	enum what what;
	int value;			/* a codec, a mode, an offset in struct makedumpfile */
	const char *help;		/* NULL: not shown */
} rows[] = {
	{ 'c', NULL, no_argument, CODEC, KX_PAGE_ZLIB, "pack pages with zlib" },
	{ 'l', NULL, no_argument, CODEC, KX_PAGE_LZO, "pack pages with lzo" },
	{ 'p', NULL, no_argument, CODEC, KX_PAGE_SNAPPY, "pack pages with snappy" },
	{ 'z', NULL, no_argument, CODEC, KX_PAGE_ZSTD, "pack pages with zstd" },
	{ 'd', NULL, required_argument, LEVEL, 0,
	  "LEVEL[,LEVEL]: leave out 1 zero, 2 cache, 4 all cache, 8 user, 16 free pages;"
	  " the next one if there is no room" },
	{ 'L', NULL, required_argument, LIMIT, 0, "SIZE: no larger file than this" },
	{ 'E', NULL, no_argument, FLAG, offsetof(struct makedumpfile, write.format), "an ELF core" },
	{ 'F', NULL, no_argument, FLAG, offsetof(struct makedumpfile, write.flat),
	  "flattened, to standard output" },
	{ 'f', NULL, no_argument, FLAG, offsetof(struct makedumpfile, write.force),
	  "replace what exists" },
	{ 'R', NULL, no_argument, MODE, MAKEDUMPFILE_ASSEMBLE,
	  "an ordinary file of a flattened one on standard input" },
	{ 0, "split", no_argument, FLAG, offsetof(struct makedumpfile, split),
	  "to several files, each a part" },
	{ 0, "reassemble", no_argument, MODE, MAKEDUMPFILE_REASSEMBLE, "one file of such parts" },
	{ 0, "num-threads", required_argument, THREADS, 0, "N: pack with so many threads" },
	{ 0, "dump-dmesg", no_argument, MODE, MAKEDUMPFILE_DMESG, "the kernel's log only" },
	{ 0, "partial-dmesg", no_argument, FLAG, offsetof(struct makedumpfile, partial),
	  "of it what came after the last dmesg -c" },
	{ 0, "mem-usage", no_argument, MODE, MAKEDUMPFILE_MEM_USAGE,
	  "count the pages of each kind" },
	{ 0, "dry-run", no_argument, FLAG, offsetof(struct makedumpfile, write.dry),
	  "write nothing" },
	{ 0, "check-params", no_argument, MODE, MAKEDUMPFILE_CHECK, "only check these options" },
	{ 0, "message-level", required_argument, SAY, 0,
	  "say 1 progress, 2 results, 4 errors, 8 debugging, 16 a report; default 7" },
	{ 0, "show-stats", no_argument, SAY, MAKEDUMPFILE_SAY_REPORT, "a report" },
	{ 'D', NULL, no_argument, SAY, MAKEDUMPFILE_SAY_DEBUG, "say what it does" },
	{ 'h', "help", no_argument, MODE, MAKEDUMPFILE_HELP, "this" },
	{ 'v', NULL, no_argument, MODE, MAKEDUMPFILE_VERSION, "the version" },
	{ 'x', NULL, required_argument, IGNORED, 0, NULL },
	{ 'i', NULL, required_argument, IGNORED, 0, NULL },
	{ 'b', NULL, required_argument, IGNORED, 0, NULL },
	{ 'e', NULL, no_argument, IGNORED, 0, NULL },
	{ 0, "cyclic-buffer", required_argument, IGNORED, 0, NULL },
	{ 0, "non-cyclic", no_argument, IGNORED, 0, NULL },
	{ 0, "non-mmap", no_argument, IGNORED, 0, NULL },
	{ 0, "splitblock-size", required_argument, IGNORED, 0, NULL },
	{ 0, "work-dir", required_argument, IGNORED, 0, NULL },
	{ 'g', NULL, required_argument, REFUSED, 0, NULL },
	{ 'X', NULL, no_argument, REFUSED, 0, NULL },
	{ 0, "xen-syms", required_argument, REFUSED, 0, NULL },
	{ 0, "xen-vmcoreinfo", required_argument, REFUSED, 0, NULL },
	{ 0, "xen_phys_start", required_argument, REFUSED, 0, NULL },
	{ 0, "config", required_argument, REFUSED, 0, NULL },
	{ 0, "eppic", required_argument, REFUSED, 0, NULL },
	{ 0, "extension", required_argument, REFUSED, 0, NULL },
	{ 0, "diskset", required_argument, REFUSED, 0, NULL },
	{ 0, "vtop", required_argument, REFUSED, 0, NULL },
};

#define ROWS	(sizeof(rows) / sizeof(rows[0]))

static int set_number(const char *name, const char *value, uint64_t max, uint64_t *ret,
		      struct kx_err *err)
{
	if (kx_size_parse(value, ret, NULL) == 0 && *ret <= max)
		return 0;
	return kx_err_set(err, EINVAL, "%s: expected a number up to %llu, have '%s'", name,
			  (unsigned long long)max, value);
}

static int set_codec(struct makedumpfile *m, const struct row *row, struct kx_err *err)
{
	enum kx_page_codec codec = (enum kx_page_codec)row->value;

	if (!kx_page_codec_here(codec))
		return kx_err_set(err, EOPNOTSUPP, "-%c: this program is built without %s", row->letter,
				  kx_page_codec_name(codec));
	m->write.codec = codec;
	return 0;
}

static void set_flag(struct makedumpfile *m, const struct row *row)
{
	if ((size_t)row->value == offsetof(struct makedumpfile, write.format))
		m->write.format = WRITE_ELF;
	else
		*(bool *)((char *)m + row->value) = true;
}

static int set_mode(struct makedumpfile *m, const struct row *row, struct kx_err *err)
{
	enum makedumpfile_mode mode = (enum makedumpfile_mode)row->value;

	if (m->mode != MAKEDUMPFILE_DUMP && m->mode != mode && mode < MAKEDUMPFILE_CHECK)
		return kx_err_set(err, EINVAL, "%s%s: expected one thing to do, have a second",
				  row->name ? "--" : "-", row->name ? row->name : "R");
	if (m->mode < MAKEDUMPFILE_CHECK)
		m->mode = mode;
	return 0;
}

static int take(struct makedumpfile *m, const struct row *row, const char *word,
		struct kx_err *err)
{
	uint64_t v;
	int r;

	switch (row->what) {
	case CODEC:
		return set_codec(m, row, err);
	case LEVEL:
		return write_levels_parse(&m->write, optarg, err) < 0 ? kx_err_wrap(err, "-d") : 0;
	case LIMIT:
		return set_number("-L", optarg, INT64_MAX, &m->write.limit, err);
	case THREADS:
		r = set_number("--num-threads", optarg, 4096, &v, err);
		m->write.threads = v ? (unsigned int)v : 1;
		return r;
	case SAY:
		if (row->value) {
			m->say |= (unsigned int)row->value;
			return 0;
		}
		r = set_number("--message-level", optarg, 31, &v, err);
		m->say = (unsigned int)v;
		return r;
	case FLAG:
		set_flag(m, row);
		return 0;
	case MODE:
		return set_mode(m, row, err);
	case IGNORED:
		if (!m->ignored)
			m->ignored = word;
		return 0;
	case REFUSED:
		break;
	}
	return kx_err_set(err, EOPNOTSUPP, "%s: this makedumpfile is vmcore-dump(8), which has no"
			  " such thing", word);
}

/* ---- what is left: files ---------------------------------------------------------- */

static int want(int have, int least, int most, const char *what, struct kx_err *err)
{
	if (have >= least && have <= most)
		return 0;
	return kx_err_set(err, EINVAL, "expected %s, have %d argument%s", what, have,
			  have == 1 ? "" : "s");
}

static int take_dump_files(struct makedumpfile *m, int n, char **files, struct kx_err *err)
{
	static const char *const stdout_name[] = { "-" };
	struct write_request *w = &m->write;
	bool pipe = w->flat && !m->split;
	int r;

	if (pipe)
		r = want(n, 1, 1, "VMCORE with -F", err);
	else if (m->split)
		r = want(n, 3, INT32_MAX, "VMCORE and two or more files with --split", err);
	else
		r = want(n, w->dry ? 1 : 2, 2, "VMCORE and DUMPFILE", err);
	if (r < 0)
		return r;
	m->input = files[0];
	w->target = n > 1 ? (const char *const *)files + 1 : stdout_name;
	w->target_count = n > 1 ? (size_t)n - 1 : 1;
	return 0;
}

static int take_files(struct makedumpfile *m, int n, char **files, struct kx_err *err)
{
	const char *const *last = (const char *const *)files + n - 1;
	int r;

	switch (m->mode) {
	case MAKEDUMPFILE_DUMP:
		return take_dump_files(m, n, files, err);
	case MAKEDUMPFILE_CHECK:
		/* As makedumpfile: what the options are for is not there yet. */
		m->input = n ? files[0] : NULL;
		return 0;
	case MAKEDUMPFILE_DMESG:
		r = want(n, 2, 2, "VMCORE and LOGFILE with --dump-dmesg", err);
		break;
	case MAKEDUMPFILE_ASSEMBLE:
		r = want(n, 1, 1, "DUMPFILE with -R", err);
		break;
	case MAKEDUMPFILE_REASSEMBLE:
		r = want(n, 3, INT32_MAX, "two or more parts and DUMPFILE with --reassemble", err);
		break;
	case MAKEDUMPFILE_MEM_USAGE:
		r = want(n, 1, 1, "VMCORE with --mem-usage", err);
		break;
	default:
		return 0;
	}
	if (r < 0)
		return r;
	m->input = m->mode == MAKEDUMPFILE_ASSEMBLE ? NULL : files[0];
	m->inputs = files;
	m->input_count = (size_t)n - 1;
	m->write.target = last;
	m->write.target_count = 1;
	return 0;
}

/* ---- what does not go together ---------------------------------------------------- */

static int check(struct makedumpfile *m, struct kx_err *err)
{
	struct write_request *w = &m->write;

	if (w->format == WRITE_ELF && w->codec != KX_PAGE_RAW)
		return kx_err_set(err, EINVAL, "-E: expected no -c, -l, -p or -z with it");
	if (m->split && (w->flat || w->format == WRITE_ELF))
		return kx_err_set(err, EINVAL, "--split: expected neither -E nor -F with it");
	if (m->partial && m->mode != MAKEDUMPFILE_DMESG)
		return kx_err_set(err, EINVAL, "--partial-dmesg: expected --dump-dmesg with it");
	/* A whole dump fails of this with makedumpfile; nobody is helped by that. */
	if (w->format == WRITE_ELF || m->split)
		w->threads = 1;
	return 0;
}

int makedumpfile_parse(int argc, char **argv, struct makedumpfile *ret, struct kx_err *err)
{
	struct option names[ROWS + 1] = { { 0 } };
	char letters[2 * ROWS + 2] = ":", *l = letters + 1;
	struct makedumpfile m = {
		.say = MAKEDUMPFILE_SAY_DEFAULT,
		/* as makedumpfile: without --num-threads there is one */
		.write = { .level_count = 1, .threads = 1 },
	};
	size_t n = 0;
	int c, r;

	for (size_t i = 0; i < ROWS; i++) {
		if (rows[i].name)
			names[n++] = (struct option){
				.name = rows[i].name, .has_arg = rows[i].arg,
				.val = LONG_BASE + (int)i,
			};
		if (!rows[i].letter)
			continue;
		*l++ = rows[i].letter;
		if (rows[i].arg == required_argument)
			*l++ = ':';
	}
	opterr = 0;
	optind = 0;
	while (optopt = 0, (c = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		const struct row *row = NULL;

		for (size_t i = 0; i < ROWS; i++)
			if (c == LONG_BASE + (int)i || (c == rows[i].letter && c))
				row = &rows[i];
		if (!row)
			return kx_err_set(err, EINVAL, c == ':' ? "'%s': expected a value behind it" :
					  "'%s': expected an option of makedumpfile",
					  argv[optind - 1]);
		/* "-x", "VMLINUX" or "--work-dir=DIR" */
		r = take(&m, row, argv[optind - (optarg && optarg == argv[optind - 1] ? 2 : 1)], err);
		if (r < 0)
			return r;
		if (m.mode >= MAKEDUMPFILE_HELP)
			break;
	}
	r = m.mode >= MAKEDUMPFILE_HELP ? 0 : take_files(&m, argc - optind, argv + optind, err);
	if (r == 0)
		r = check(&m, err);
	if (r == 0)
		*ret = m;
	return r;
}

void makedumpfile_help(struct kx_text *t)
{
	kx_text_add(t, "makedumpfile: vmcore-dump(8) of kexec-tools %s\n"
		    "Usage: makedumpfile [-c|-l|-p|-z|-E] [-d LEVEL] VMCORE DUMPFILE\n"
		    "       makedumpfile -F [-c|-l|-p|-z|-E] [-d LEVEL] VMCORE >FLATTENED\n"
		    "       makedumpfile -R DUMPFILE <FLATTENED\n"
		    "       makedumpfile --split [OPTION]... VMCORE PART PART...\n"
		    "       makedumpfile --reassemble PART PART... DUMPFILE\n"
		    "       makedumpfile --dump-dmesg [--partial-dmesg] VMCORE LOGFILE\n"
		    "       makedumpfile --mem-usage /proc/kcore\n\n", KX_VERSION);
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].help && rows[i].letter)
			kx_text_add(t, "  -%c  %s\n", rows[i].letter, rows[i].help);
		else if (rows[i].help)
			kx_text_add(t, "  --%s\n      %s\n", rows[i].name, rows[i].help);
}
