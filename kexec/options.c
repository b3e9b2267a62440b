/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parser: one pass of getopt_long(3) over argv, driven by the table.
 *
 * Upstream ran getopt three times over argv with three tables; here an option
 * means the same wherever it stands.  Called by main.c.
 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "options-table.h"

/* getopt_long(3) returns this plus the row for long options. */
#define LONG_BASE	0x100

#define SHORT_MAX	(2 * OPTIONS_ROWS_MAX + 2)
#define LONG_MAX	(2 * OPTIONS_ROWS_MAX + 1)

struct getopt_tables {
	char letters[SHORT_MAX];
	struct option names[LONG_MAX];
};

static void tables_init(struct getopt_tables *t)
{
	size_t s = 0, l = 0;

	t->letters[s++] = ':';		/* tell a missing argument apart */
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];
		struct option o = {
			.name = row->name, .has_arg = row->arg, .val = LONG_BASE + (int)i,
		};

		t->names[l++] = o;
		if (row->alias) {
			o.name = row->alias;
			t->names[l++] = o;
		}
		if (!row->letter)
			continue;
		t->letters[s++] = row->letter;
		/* An optional argument only follows the long name: -Sd is -S -d. */
		if (row->arg == required_argument)
			t->letters[s++] = ':';
	}
	t->letters[s] = '\0';
	t->names[l] = (struct option){ 0 };
}

/* The row of what getopt_long(3) returned; option_row_count for its errors. */
static size_t row_by_code(int code)
{
	for (size_t i = 0; i < option_row_count; i++)
		if (code == LONG_BASE + (int)i || (code && code == option_rows[i].letter))
			return i;
	return option_row_count;
}

/* How many options @name[0..len) may be an abbreviation of. */
static size_t names_like(const char *name, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < option_row_count; i++)
		n += !strncmp(option_rows[i].name, name, len) ||
		     (option_rows[i].alias && !strncmp(option_rows[i].alias, name, len));
	return n;
}

/*
 * Why getopt_long(3) returned @c, '?' or ':'.  @word is the argument it looked
 * at, optopt 0 for an unknown long name.
 */
static int bad_option(int c, const char *word, struct kx_err *err)
{
	int len = (int)strcspn(word, "=");

	if (optopt && optopt < LONG_BASE)
		return kx_err_set(err, EINVAL, c == ':' ? "option requires an argument -- '%c'"
				  : "invalid option -- '%c'", optopt);
	if (c == ':')
		return kx_err_set(err, EINVAL, "option '%.*s' requires an argument", len, word);
	if (optopt)
		return kx_err_set(err, EINVAL, "option '%.*s' doesn't allow an argument", len,
				  word);
	if (len > 2 && names_like(word + 2, (size_t)len - 2) > 1)
		return kx_err_set(err, EINVAL, "option '%.*s' is ambiguous", len, word);
	return kx_err_set(err, EINVAL, "unrecognized option '%.*s'", len, word);
}

static bool loads(enum verb verb)
{
	return verb == VERB_LOAD || verb == VERB_LOAD_EXEC || verb == VERB_LOAD_SHUTDOWN ||
	       verb == VERB_CALL || verb == VERB_RESUME;
}

/* --call is an action of its own, and what is about a kernel means nothing to it. */
static int check_call(const struct options *o, struct kx_err *err)
{
	bool call = o->verb == VERB_CALL, other = o->req.resume;

	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];

		if (!o->seen[i])
			continue;
		if (row->letter && strchr("lfeup", row->letter))
			other = true;
		if (!o->req.function.path && row->flags & F_CALL)
			return kx_err_set(err, EINVAL, "--%s needs --call", row->name);
		if (call && row->flags & (F_LOADER | F_KERNEL))
			return kx_err_set(err, EINVAL, "--%s is about a kernel, and --call loads none",
					  row->name);
	}
	if (!o->req.function.path || o->verb == VERB_STATUS)
		return 0;
	if (!call || other)
		return kx_err_set(err, EINVAL, "--call is an action of its own: it loads the function,"
				  " calls it and unloads it");
	if (o->req.kernel.path)
		return kx_err_set(err, EINVAL, "--call loads no kernel, have '%s'",
				  o->req.kernel.path);
	return 0;
}

/* Combinations that cannot be meant. */
static int check_combination(const struct options *o, struct kx_err *err)
{
	for (size_t i = 0; i < option_row_count; i++) {
		if (o->seen[i] && (option_rows[i].flags & F_LOADER) && !loads(o->verb))
			return kx_err_set(err, EINVAL, "--%s needs an action that loads a kernel",
					  option_rows[i].name);
	}
	if (check_call(o, err) < 0)
		return -EINVAL;
	if (o->req.crash && o->verb == VERB_LOAD_EXEC)
		return kx_err_set(err, EINVAL, "-p and -f: a crash kernel is entered by a panic, and"
				  " only loaded here");
	if (o->req.window_size && !o->req.preserve)
		return kx_err_set(err, EINVAL, "--window needs --load-preserve-context");
	if (o->req.context != KX_PRESERVE_AUTO && !o->req.preserve)
		return kx_err_set(err, EINVAL, "--context needs --load-preserve-context");
	if (o->plan && !loads(o->verb))
		return kx_err_set(err, EINVAL, "--plan shows a load: use it with -l, -f or alone");
	if (*o->sysroot && o->verb != VERB_STATUS && !o->plan)
		return kx_err_set(err, EINVAL,
				  "--sysroot describes another machine: use it with --plan,"
				  " --status, --print-ckr-size or --last-boot");
	return 0;
}

/* --load-jump-back-helper --entry=ADDR is upstream's spelling of ENTRY. */
static int settle_resume(struct options *o, struct kx_err *err)
{
	struct kx_request *req = &o->req;

	if (!req->resume || !req->has_entry)
		return 0;
	if (req->has_resume_entry && req->resume_entry != req->entry)
		return kx_err_set(err, EINVAL, "--entry and --load-resume-entry name two addresses,"
				  " 0x%" PRIx64 " and 0x%" PRIx64, req->entry, req->resume_entry);
	req->resume_entry = req->entry;
	req->has_resume_entry = true;
	req->has_entry = false;		/* which bypasses purgatory */
	return 0;
}

/* The way back has no kernel, and nothing that goes with one. */
static int check_resume(const struct options *o, struct kx_err *err)
{
	if (!o->req.resume || !loads(o->verb))
		return 0;
	if (o->req.kernel.path)
		return kx_err_set(err, EINVAL, "--load-resume-entry loads no kernel, have '%s' (an"
				  " ENTRY follows a '=')", o->req.kernel.path);
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];

		/* What --entry is here is settled; a kernel that is kept in memory has disks, too. */
		if (o->seen[i] && row->flags & (F_LOADER | F_KERNEL) && strcmp(row->name, "entry") &&
		    strcmp(row->name, "resume-anyway"))
			return kx_err_set(err, EINVAL, "--%s is about a kernel, and"
					  " --load-resume-entry loads none", row->name);
	}
	return 0;
}

static void options_init(struct options *o)
{
	*o = (struct options){
		.verb = VERB_LOAD_SHUTDOWN,
		.sysroot = "",
		.req = {
			.kernel.fd = -1, .dtb.fd = -1, .call = KX_CALL_AUTO,
			.on_corrupt = PURG_FAIL_RESET, .mem_max = UINT64_MAX,
		},
	};
}

/* One option.  After one that acts where it stands, only --sysroot counts. */
static int take_option(struct options *o, int c, const char *word, struct kx_err *err)
{
	size_t i = row_by_code(c == '?' && optopt == '?' ? 'h' : c);

	if (o->immediate && (i == option_row_count || !(option_rows[i].flags & F_ROOT)))
		return 0;
	if (i == option_row_count)
		return bad_option(c, word, err);
	o->seen[i] = true;
	return option_rows[i].apply(o, &option_rows[i], optarg, err);
}

int options_parse(int argc, char **argv, struct options *ret, struct kx_err *err)
{
	struct getopt_tables t;
	struct options o;
	int c, r;

	tables_init(&t);
	options_init(&o);
	opterr = 0;
	optind = 0;			/* what -e was left is a second command line */
	while (optopt = 0, (c = getopt_long(argc, argv, t.letters, t.names, NULL)) != -1) {
		r = take_option(&o, c, argv[optind - 1], err);
		if (r < 0)
			return r;
	}
	if (optind < argc)
		o.req.kernel.path = argv[optind];
	if (optind + 1 < argc)
		o.extra = argv[optind + 1];
	if (!o.immediate) {
		r = check_combination(&o, err);
		if (r == 0)
			r = settle_resume(&o, err);
		if (r == 0)
			r = check_resume(&o, err);
		if (r < 0)
			return r;
	}
	*ret = o;
	return 0;
}

const char *options_foreign(const struct options *o, enum kx_machine machine, size_t n)
{
	for (size_t i = 0; i < option_row_count; i++)
		if (o->seen[i] && !(option_rows[i].machines & (1u << machine)) && !n--)
			return option_rows[i].name;
	return NULL;
}

const char *options_later(const struct options *o, enum kx_machine machine)
{
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];

		if (o->seen[i] && (row->machines & (1u << machine)) && row->flags & F_LATER)
			return row->name;
	}
	return NULL;
}
