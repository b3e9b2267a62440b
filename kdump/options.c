// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line.  Adding a verb or an option: a row here, a line in doc/man/kdump.8
 * and one in completion/kdump.bash; tests/cli/kdump compares the three.  Called by main.c.
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "kdump.h"
#include "kx/number.h"
#include "kx/option-error.h"

#define LONG_BASE	0x100

static const struct verb verbs[] = {
	{ "status", "is a crash kernel loaded, what of, and where do dumps go",
	  verb_status, NULL, false },
	{ "load", "load the kernel that captures, with kexec -p", verb_load, NULL, false },
	{ "unload", "unload it", verb_unload, NULL, false },
	{ "reload", "load it anew: after a change of kernel, initrd, memory or CPUs",
	  verb_reload, NULL, false },
	{ "estimate", "say how large crashkernel= has to be, and why", verb_estimate, NULL, false },
	{ "check", "say what would stop a dump", verb_check, NULL, true },
	{ "test", "crash this machine, after a question", verb_test, NULL, false },
	{ "capture", "in the kernel that captures: save the dump, and end", verb_capture, NULL, true },
	{ "list", "list the dumps, newest first", verb_list, NULL, false },
	{ "show", "show one: its number in the list, or latest", verb_show, "[NUMBER|latest]", false },
	{ "prune", "remove all but the newest dumps", verb_prune, NULL, false },
};

#define VERBS	(sizeof(verbs) / sizeof(verbs[0]))

static void help(struct kx_text *t);
static void version(struct kx_text *t);
static void list(struct kx_text *t);

struct row {
	char letter;			/* 0: none */
	const char *name, *metavar;	/* metavar NULL: takes no value */
	const char *with;		/* the verbs that it goes with; NULL: all */
	const char *help;		/* NULL: not in --help and man page */
	void (*print)(struct kx_text *t);	/* instead of a verb */
	int (*set)(struct options *o, const char *value, struct kx_err *err);
};

#define SET_TEXT(field)								\
	static int set_##field(struct options *o, const char *value, struct kx_err *err)	\
	{									\
		(void)err;							\
		o->field = value;						\
		return 0;							\
	}
#define SET_TRUE(field)								\
	static int set_##field(struct options *o, const char *value, struct kx_err *err)	\
	{									\
		(void)value, (void)err;						\
		o->field = true;						\
		return 0;							\
	}

SET_TEXT(config)
SET_TEXT(kexec)
SET_TEXT(vmcore_dump)
SET_TEXT(end_hook)
SET_TEXT(path)
SET_TRUE(json)
SET_TRUE(yes)
SET_TRUE(dry_run)

static int set_sysroot(struct options *o, const char *value, struct kx_err *err)
{
	(void)err;
	o->sysroot = strcmp(value, "/") ? value : "";
	return 0;
}

static int set_keep(struct options *o, const char *value, struct kx_err *err)
{
	uint64_t v;
	int r = kx_number_parse(value, 10, &v, err);

	if (r == 0 && v > INT32_MAX)
		r = kx_err_set(err, EINVAL, "expected at most %d, have '%s'", INT32_MAX, value);
	if (r < 0)
		return kx_err_wrap(err, "--keep");
	o->keep = (unsigned int)v;
	o->keep_set = true;
	return 0;
}

static const struct row rows[] = {
	{ 0, "config", "FILE", NULL,
	  "read FILE, not /etc/kdump.conf or /etc/default/kdump-tools", NULL, set_config },
	{ 0, "json", NULL, "status", "as JSON", NULL, set_json },
	{ 'n', "dry-run", NULL, "load reload prune", "say what would be done, and do nothing", NULL,
	  set_dry_run },
	{ 'y', "yes", NULL, "test", "ask nothing", NULL, set_yes },
	{ 0, "keep", "NUMBER", "prune", "keep as many, not as the configuration says", NULL,
	  set_keep },
	{ 0, "path", "DIRECTORY", "list show prune", "the dumps below DIRECTORY", NULL, set_path },
	{ 0, "kexec", "PROGRAM", NULL, "the kexec to run", NULL, set_kexec },
	{ 0, "vmcore-dump", "PROGRAM", NULL, "the vmcore-dump to run", NULL, set_vmcore_dump },
	{ 0, "sysroot", "DIRECTORY", NULL, "a directory that stands for /", NULL, set_sysroot },
	{ 0, "end-hook", "PROGRAM", "capture",
	  "run PROGRAM with the action's name, not the action", NULL, set_end_hook },
	{ 'h', "help", NULL, NULL, "this", help, NULL },
	{ 'v', "version", NULL, NULL, "the version", version, NULL },
	{ 0, "list-options", NULL, NULL, NULL, list, NULL },
};

#define ROWS	(sizeof(rows) / sizeof(rows[0]))

static const struct row *row_of(int c)
{
	for (size_t i = 0; i < ROWS; i++)
		if (c == LONG_BASE + (int)i || (c && c == rows[i].letter))
			return &rows[i];
	return NULL;
}

/* Is @word one of @list, which are separated by space? */
static bool among(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; p && *p; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");

		if (len == n && !strncmp(p, word, n))
			return true;
		p += len;
	}
	return false;
}

static int take_words(struct options *o, int argc, char **argv, struct kx_err *err)
{
	const char *word;

	if (optind >= argc)
		return kx_err_set(err, EINVAL, "expected a command, have none");
	word = argv[optind++];
	for (size_t i = 0; i < VERBS; i++)
		if (!strcmp(verbs[i].name, word))
			o->verb = &verbs[i];
	if (!o->verb)
		return kx_err_set(err, EINVAL, "expected a command, have '%s'", word);
	if (optind < argc && o->verb->argument)
		o->argument = argv[optind++];
	if (optind < argc)
		return kx_err_set(err, EINVAL, "%s: expected nothing more, have '%s'", word, argv[optind]);
	return 0;
}

static int check(const struct options *o, struct kx_err *err)
{
	for (size_t i = 0; i < ROWS; i++)
		if (o->given & 1u << i && rows[i].with && !among(rows[i].with, o->verb->name))
			return kx_err_set(err, EINVAL, "--%s: expected it with %s, have %s", rows[i].name,
					  rows[i].with, o->verb->name);
	return 0;
}

int options_parse(int argc, char **argv, struct options *ret,
		  void (**ret_text)(struct kx_text *t), struct kx_err *err)
{
	struct option names[ROWS + 1] = { { 0 } };
	struct options o = { .sysroot = "" };
	const struct row *row;
	int c, r;

	for (size_t i = 0; i < ROWS; i++)
		names[i] = (struct option){
			.name = rows[i].name, .val = LONG_BASE + (int)i,
			.has_arg = rows[i].metavar ? required_argument : no_argument,
		};
	opterr = 0;
	while (optopt = 0, (c = getopt_long(argc, argv, ":hnvy", names, NULL)) != -1) {
		row = row_of(c);
		if (!row)
			return kx_option_error(c, optopt < LONG_BASE ? optopt : 0, optopt,
					       argv[optind - 1], err);
		if (row->print) {
			*ret_text = row->print;
			return 0;
		}
		r = row->set(&o, optarg, err);
		if (r < 0)
			return r;
		o.given |= 1u << (row - rows);
	}
	r = take_words(&o, argc, argv, err);
	if (r == 0)
		r = check(&o, err);
	if (r == 0)
		*ret = o;
	return r;
}

static void version(struct kx_text *t)
{
	kx_text_add(t, "kdump (kexec-tools) %s\n", KX_VERSION);
}

static void help(struct kx_text *t)
{
	kx_text_add(t, "kdump (kexec-tools) %s\n"
		    "Usage: kdump COMMAND [OPTION...]\n"
		    "A dump when the kernel crashes: load the kernel that captures, check that it\n"
		    "can, capture, and look after the dumps\n\n", KX_VERSION);
	for (size_t i = 0; i < VERBS; i++)
		kx_text_add(t, "  %s%s%s\n%16s%s\n", verbs[i].name, verbs[i].argument ? " " : "",
			    verbs[i].argument ? verbs[i].argument : "", "", verbs[i].help);
	kx_text_add(t, "\n");
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];

		if (!row->help)
			continue;
		kx_text_add(t, row->letter ? "  -%c, " : "      ", row->letter);
		kx_text_add(t, "--%s%s%s\n%16s%s%s%s%s\n", row->name, row->metavar ? "=" : "",
			    row->metavar ? row->metavar : "", "", row->with ? "with " : "",
			    row->with ? row->with : "", row->with ? ": " : "", row->help);
	}
}

static void list(struct kx_text *t)
{
	for (size_t i = 0; i < VERBS; i++)
		kx_text_add(t, "%s\tverb\n", verbs[i].name);
	for (size_t i = 0; i < ROWS; i++)
		kx_text_add(t, "%s\t%c\t%s\t%s\n", rows[i].name,
			    rows[i].letter ? rows[i].letter : '-',
			    rows[i].metavar ? "required" : "none",
			    rows[i].help ? "shown" : "hidden");
}
