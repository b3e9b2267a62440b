// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line.  Adding an option: a row here, a line in
 * doc/man/vmcore-dump.8 and one in completion/vmcore-dump.bash; tests/cli
 * compares the three.  Called by main.c.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "kx/core-pages.h"
#include "kx/number.h"
#include "kx/option-error.h"
#include "vmcore-dump.h"

#define LONG_BASE	0x100

struct row {
	char letter;			/* 0: none */
	const char *name;
	int arg;
	const char *metavar;
	enum action action;		/* NONE: it is no action */
	const char *help;		/* NULL: not in --help and man page */
};

static const struct row rows[] = {
	{ 0, "info", optional_argument, "json", ACTION_INFO,
	  "say which kernel this is, and what is in the core" },
	{ 0, "map", optional_argument, "json", ACTION_MAP,
	  "list its pieces of memory, and the backup map" },
	{ 0, "dmesg", optional_argument, "json", ACTION_DMESG,
	  "print the kernel's log" },
	{ 0, "mem-usage", optional_argument, "json", ACTION_MEM_USAGE,
	  "count its pages by what they are used for" },
	{ 0, "read", required_argument, "ADDRESS,LENGTH", ACTION_READ,
	  "write physical memory to standard output, through the backup map" },
	{ 0, "as-is", no_argument, NULL, ACTION_NONE,
	  "with --read: as the core has it, not through the backup map" },
	{ 0, "key", required_argument, "KEY", ACTION_NONE,
	  "of an encrypted core: file:PATH or keyring:DESCRIPTION, 32 bytes" },
	{ 0, "verify", no_argument, NULL, ACTION_VERIFY,
	  "check every byte of a saved core, every page of a dump" },
	{ 0, "convert", required_argument, "FILE", ACTION_CONVERT,
	  "write a saved core to FILE as one that crash and gdb open" },
	{ 0, "snapshot", no_argument, NULL, ACTION_SNAPSHOT,
	  "save the running system to a device, a file, or - for a socket" },
	{ 0, "resumable", no_argument, NULL, ACTION_RESUMABLE,
	  "save the kernel that sleeps in CORE to TARGET, or - for a pipe" },
	{ 'd', "filter", required_argument, "LEVEL[,LEVEL...]", ACTION_NONE,
	  "pages left out: 0 to 31 (default); the next if it is too long" },
	{ 0, "format", required_argument, "FORMAT", ACTION_NONE,
	  "of a dump: kdump (default) or elf" },
	{ 0, "flat", no_argument, NULL, ACTION_NONE,
	  "flattened, as to a pipe" },
	{ 0, "threads", required_argument, "NUMBER", ACTION_NONE,
	  "that pack; as many as CPUs by default" },
	{ 0, "memory", required_argument, "SIZE", ACTION_NONE,
	  "that may be used for it, 32M by default" },
	{ 0, "limit", required_argument, "SIZE", ACTION_NONE,
	  "of each target" },
	{ 0, "split", no_argument, NULL, ACTION_NONE,
	  "into several targets, by page numbers" },
	{ 0, "estimate", no_argument, NULL, ACTION_NONE,
	  "say how long a dump of CORE would be, and write nothing" },
	{ 0, "dry-run", no_argument, NULL, ACTION_NONE,
	  "do everything but write" },
	{ 0, "assemble", required_argument, "FILE", ACTION_ASSEMBLE,
	  "write what is flattened on standard input to FILE" },
	{ 0, "reassemble", required_argument, "FILE", ACTION_REASSEMBLE,
	  "join the files of a split dump to FILE" },
	{ 0, "then", required_argument, "WHAT", ACTION_NONE,
	  "and after it: poweroff (default), reboot, continue, kexec" },
	{ 0, "compress", required_argument, "HOW", ACTION_NONE,
	  "pack: none, zlib, lzo, snappy, zstd; if saved: none, lz4, zstd" },
	{ 0, "encrypt", required_argument, "KEY", ACTION_NONE,
	  "encrypt it (AES-256-GCM); KEY as for --key" },
	{ 0, "force", no_argument, NULL, ACTION_NONE,
	  "overwrite what is on the target, or FILE" },
	{ 'h', "help", no_argument, NULL, ACTION_HELP, "this" },
	{ 'v', "version", no_argument, NULL, ACTION_VERSION, "the version" },
	{ 0, "list-options", no_argument, NULL, ACTION_LIST_OPTIONS, NULL },
};

#define ROWS	(sizeof(rows) / sizeof(rows[0]))

/* "0x1000,4096" */
static int set_read(struct options *o, const char *value, struct kx_err *err)
{
	const char *comma = strchr(value, ',');
	char address[32];
	int r;

	if (!comma || (size_t)(comma - value) >= sizeof(address))
		return kx_err_set(err, EINVAL, "--read: expected ADDRESS,LENGTH, have '%s'", value);
	memcpy(address, value, (size_t)(comma - value));
	address[comma - value] = '\0';
	r = kx_number_parse(address, 0, &o->pa, err);
	if (r == 0)
		r = kx_size_parse(comma + 1, &o->len, err);
	if (r < 0)
		return kx_err_wrap(err, "--read");
	if (o->len > UINT64_MAX - o->pa)
		return kx_err_set(err, EINVAL, "--read: expected an end below 2^64, have '%s'",
				  value);
	return 0;
}

static int set_json(struct options *o, const struct row *row, const char *value,
		    struct kx_err *err)
{
	o->json = value;
	if (value && strcmp(value, "json"))
		return kx_err_set(err, EINVAL, "--%s: expected 'json' or nothing, have '%s'",
				  row->name, value);
	return 0;
}

/* Which of the three @value is. */
static int find_word(const char *const *words, const char *all, const struct row *row,
		     const char *value, struct kx_err *err)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], value))
			return i;
	return kx_err_set(err, EINVAL, "--%s: expected %s, have '%s'", row->name, all, value);
}

static int set_then(struct options *o, const struct row *row, const char *value,
		    struct kx_err *err)
{
	static const char *const words[] = {
		[THEN_POWEROFF] = "poweroff", [THEN_REBOOT] = "reboot", [THEN_CONTINUE] = "continue",
		[THEN_KEXEC] = "kexec", NULL
	};
	int i = find_word(words, "poweroff, reboot, continue or kexec", row, value, err);

	if (i < 0)
		return i;
	o->then = (enum then)i;
	return 0;
}

/* What is packed is not known yet. */
static int set_compress(struct options *o, const struct row *row, const char *value,
			struct kx_err *err)
{
	(void)row, (void)err;
	o->compress = value;
	return 0;
}

static int check_compress(struct options *o, struct kx_err *err)
{
	static const struct row row = { .name = "compress" };
	static const char *const words[] = {
		[KX_SAVED_RAW] = "none", [KX_SAVED_LZ4] = "lz4", [KX_SAVED_ZSTD] = "zstd",
		NULL
	};
	int i;

	if (!o->compress)
		return 0;
	if (o->action == ACTION_DUMP)
		return write_codec_parse(&o->write, o->compress, err) < 0 ?
		       kx_err_wrap(err, "--compress") : 0;
	i = find_word(words, "none, lz4 or zstd", &row, o->compress, err);
	if (i < 0)
		return i;
	o->codec = (enum kx_saved_codec)i;
	return 0;
}

static int set_filter(struct options *o, const struct row *row, const char *value,
		      struct kx_err *err)
{
	return write_levels_parse(&o->write, value, err) < 0 ? kx_err_wrap(err, "--%s", row->name) : 0;
}

static int set_format(struct options *o, const struct row *row, const char *value,
		      struct kx_err *err)
{
	return write_format_parse(&o->write, value, err) < 0 ? kx_err_wrap(err, "--%s", row->name) : 0;
}

static int set_threads(struct options *o, const struct row *row, const char *value,
		       struct kx_err *err)
{
	uint64_t v;

	if (kx_number_parse(value, 10, &v, err) < 0)
		return kx_err_wrap(err, "--%s", row->name);
	if (!v || v > 1024)
		return kx_err_set(err, EINVAL, "--%s: expected 1 to 1024, have '%s'", row->name, value);
	o->write.threads = (unsigned int)v;
	return 0;
}

/* --memory, --limit */
static int set_size(struct options *o, const struct row *row, const char *value, struct kx_err *err)
{
	uint64_t v;

	if (kx_size_parse(value, &v, err) < 0)
		return kx_err_wrap(err, "--%s", row->name);
	if (v < 1u << 20)
		return kx_err_set(err, EINVAL, "--%s: expected at least 1M, have '%s'", row->name, value);
	*(row->name[0] == 'm' ? &o->write.memory : &o->write.limit) = v;
	return 0;
}

/* --flat, --split, --estimate, --dry-run */
static int set_flag(struct options *o, const struct row *row, const char *value, struct kx_err *err)
{
	(void)value, (void)err;
	switch (row->name[0]) {
	case 'f':
		o->write.flat = true;
		break;
	case 's':
		o->split = true;
		break;
	case 'e':
		o->write.estimate = true;
		break;
	default:
		o->write.dry = true;
	}
	return 0;
}

static int set_as_is(struct options *o, const struct row *row, const char *value,
		     struct kx_err *err)
{
	(void)row, (void)value, (void)err;
	o->as_is = true;
	return 0;
}

static int set_key(struct options *o, const struct row *row, const char *value,
		   struct kx_err *err)
{
	o->key = value;
	if (kx_saved_key_check(value, err) < 0)
		return kx_err_wrap(err, "--%s", row->name);
	return 0;
}

static int set_force(struct options *o, const struct row *row, const char *value,
		     struct kx_err *err)
{
	(void)row, (void)value, (void)err;
	o->force = o->write.force = true;
	return 0;
}

#define BIT(action)	(1u << (action))

/* Options that are no action, which of the actions they go with, and how they are set. */
static const struct extra {
	const char *name;
	unsigned int with;		/* bits of actions; 0: all that read a core */
	int (*set)(struct options *o, const struct row *row, const char *value,
		   struct kx_err *err);
} extras[] = {
	{ "as-is", BIT(ACTION_READ), set_as_is },
	{ "then", BIT(ACTION_SNAPSHOT), set_then },
	{ "compress", BIT(ACTION_SNAPSHOT) | BIT(ACTION_RESUMABLE) | BIT(ACTION_DUMP), set_compress },
	{ "force", BIT(ACTION_SNAPSHOT) | BIT(ACTION_RESUMABLE) | BIT(ACTION_ASSEMBLE) |
	  BIT(ACTION_REASSEMBLE) | BIT(ACTION_DUMP), set_force },
	{ "encrypt", BIT(ACTION_SNAPSHOT) | BIT(ACTION_RESUMABLE), set_key },
	{ "key", 0, set_key },
	{ "filter", BIT(ACTION_DUMP), set_filter },
	{ "format", BIT(ACTION_DUMP), set_format },
	{ "flat", BIT(ACTION_DUMP), set_flag },
	{ "threads", BIT(ACTION_DUMP), set_threads },
	{ "memory", BIT(ACTION_DUMP), set_size },
	{ "limit", BIT(ACTION_DUMP), set_size },
	{ "split", BIT(ACTION_DUMP), set_flag },
	{ "estimate", BIT(ACTION_DUMP), set_flag },
	{ "dry-run", BIT(ACTION_DUMP), set_flag },
};

#define EXTRAS	(sizeof(extras) / sizeof(extras[0]))

static int set_extra(struct options *o, const struct row *row, const char *value,
		     struct kx_err *err)
{
	for (size_t i = 0; i < EXTRAS; i++)
		if (!strcmp(extras[i].name, row->name)) {
			o->extra |= 1u << i;
			return extras[i].set(o, row, value, err);
		}
	return kx_err_set(err, EINVAL, "--%s: expected another option", row->name);
}

static const char *name_of(enum action action)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].action == action)
			return rows[i].name;
	return "";
}

static bool at_once(enum action action)
{
	return action >= ACTION_HELP;
}

/* Do they make a file of others that no kernel's memory is read from? */
static bool joins(enum action a)
{
	return a == ACTION_ASSEMBLE || a == ACTION_REASSEMBLE;
}

static int take(struct options *o, int c, const char *word, struct kx_err *err)
{
	const struct row *row = NULL;

	for (size_t i = 0; i < ROWS; i++)
		if (c == LONG_BASE + (int)i || (c && c == rows[i].letter))
			row = &rows[i];
	if (!row)
		return kx_option_error(c, optopt < LONG_BASE ? optopt : 0, optopt, word, err);
	if (row->action == ACTION_NONE)
		return set_extra(o, row, optarg, err);
	if (o->action && !at_once(row->action))
		return kx_err_set(err, EINVAL, "--%s: expected one action, have a second",
				  row->name);
	o->action = row->action;
	if (row->action == ACTION_READ)
		return set_read(o, optarg, err);
	if (row->action == ACTION_CONVERT || joins(row->action)) {
		o->out = optarg;
		return 0;
	}
	return at_once(row->action) || row->arg == no_argument ? 0 : set_json(o, row, optarg, err);
}

static bool writes(enum action a)
{
	return a == ACTION_SNAPSHOT || a == ACTION_RESUMABLE;
}

static int check_extra(const struct options *o, const struct extra *x, struct kx_err *err)
{
	char names[160] = "";
	size_t n = 0;

	if (x->with ? x->with & BIT(o->action) : !writes(o->action) && !joins(o->action))
		return 0;
	if (x->with == BIT(ACTION_DUMP))
		return kx_err_set(err, EINVAL, "--%s: expected it with a core and a target", x->name);
	if (!x->with)
		return kx_err_set(err, EINVAL, "--%s: expected it with a core that is read%s%s%s",
				  x->name, writes(o->action) ? "; --" : "",
				  writes(o->action) ? name_of(o->action) : "",
				  writes(o->action) ? " has --encrypt" : "");
	for (unsigned int i = 0, left = x->with & ~BIT(ACTION_DUMP); left; left &= ~BIT(i), i++)
		if (left & BIT(i))
			n += (size_t)snprintf(names + n, sizeof(names) - n, "%s--%s",
					      !n ? "" : left == BIT(i) ? " or " : ", ",
					      name_of((enum action)i));
	return kx_err_set(err, EINVAL, "--%s: expected it with %s", x->name, names);
}

/* --assemble reads standard input. */
static int check_parts(struct options *o, int argc, char **argv, struct kx_err *err)
{
	if (o->action == ACTION_ASSEMBLE && optind < argc)
		return kx_err_set(err, EINVAL, "--assemble: expected standard input, have '%s' too",
				  argv[optind]);
	if (o->action == ACTION_REASSEMBLE && argc - optind < 2)
		return kx_err_set(err, EINVAL, "--reassemble: expected at least two files, have %d",
				  argc - optind);
	o->parts = argv + optind;
	o->part_count = (size_t)(argc - optind);
	return 0;
}

/* A core and where it goes, and no action. */
static int check_dump(struct options *o, int count, char **word, struct kx_err *err)
{
	static const char *const nowhere[] = { "(dry run)" };
	struct write_request *r = &o->write;

	r->target = (const char *const *)word + 1;
	r->target_count = (size_t)(count - 1);
	if (r->estimate && count > 1)
		return kx_err_set(err, EINVAL, "--estimate: expected a core and nothing else, have '%s'"
				  " too", word[1]);
	if (r->dry && count == 1) {
		r->target = nowhere;
		r->target_count = 1;
	}
	if (r->target_count > 1 && !o->split)
		return kx_err_set(err, EINVAL, "expected --split with more than one target, have '%s'"
				  " too", word[2]);
	if (!r->level_count)
		r->level[r->level_count++] = KX_LEVEL_MAX;
	o->path = word[0];
	return 0;
}

static int check(struct options *o, int argc, char **argv, struct kx_err *err)
{
	const char *what = o->action == ACTION_SNAPSHOT ? "target" : "core";
	int n = o->action == ACTION_RESUMABLE ? 2 : 1;

	if (o->action == ACTION_NONE &&
	    argc - optind >= (o->write.estimate || o->write.dry ? 1 : 2))
		o->action = ACTION_DUMP;
	if (o->action == ACTION_NONE)
		return kx_err_set(err, EINVAL, "expected --info, --map, --dmesg, --mem-usage, --read, --verify,"
				  " --convert, --snapshot, --resumable, --assemble or --reassemble,"
				  " or a core and a target, have none");
	for (size_t i = 0; i < EXTRAS; i++)
		if (o->extra & 1u << i && check_extra(o, &extras[i], err) < 0)
			return -EINVAL;
	if (check_compress(o, err) < 0)
		return -EINVAL;
	if (o->action == ACTION_DUMP)
		return check_dump(o, argc - optind, argv + optind, err);
	if (joins(o->action))
		return check_parts(o, argc, argv, err);
	if (optind >= argc)
		return kx_err_set(err, EINVAL, "expected a %s, have none", what);
	if (optind + 1 < argc && n == 1)
		return kx_err_set(err, EINVAL, "expected one %s, have '%s' too", what,
				  argv[optind + 1]);
	if (optind + n != argc)
		return kx_err_set(err, EINVAL, "--resumable: expected a core and a target, have %d"
				  " argument%s", argc - optind, argc - optind == 1 ? "" : "s");
	o->path = argv[optind];
	if (n == 2)
		o->out = argv[optind + 1];
	return 0;
}

int options_parse(int argc, char **argv, struct options *ret, struct kx_err *err)
{
	struct option names[ROWS + 1] = { { 0 } };
	struct options o = {
		.action = ACTION_NONE, .codec = KX_SAVED_LZ4, .write.codec = KX_PAGE_ZSTD,
	};
	int c, r;

	for (size_t i = 0; i < ROWS; i++)
		names[i] = (struct option){
			.name = rows[i].name, .has_arg = rows[i].arg, .val = LONG_BASE + (int)i,
		};
	opterr = 0;
	while (optopt = 0, (c = getopt_long(argc, argv, ":hvd:", names, NULL)) != -1) {
		r = take(&o, c, argv[optind - 1], err);
		if (r < 0)
			return r;
		if (at_once(o.action))
			break;
	}
	if (!at_once(o.action)) {
		r = check(&o, argc, argv, err);
		if (r < 0)
			return r;
	}
	*ret = o;
	return 0;
}

void options_help(struct kx_text *t)
{
	kx_text_add(t, "vmcore-dump (kexec-tools) %s\n"
		    "Usage: vmcore-dump [-d LEVEL] [--compress=HOW] [--format=FORMAT] [--threads=N]\n"
		    "                   [--limit=SIZE] [--force] CORE TARGET\n"
		    "       vmcore-dump --estimate CORE\n"
		    "       vmcore-dump --info[=json] | --map[=json] | --dmesg[=json] CORE\n"
		    "       vmcore-dump --mem-usage[=json] CORE\n"
		    "       vmcore-dump --read=ADDRESS,LENGTH [--as-is] CORE\n"
		    "       vmcore-dump --verify | --convert=FILE CORE\n"
		    "                   (each with --key=KEY if the core is encrypted)\n"
		    "       vmcore-dump --assemble=FILE [--force] < FLATTENED\n"
		    "       vmcore-dump --reassemble=FILE [--force] PART PART...\n"
		    "       vmcore-dump --snapshot [--then=WHAT] [--compress=HOW] [--encrypt=KEY]\n"
		    "                   [--force] TARGET\n"
		    "       vmcore-dump --resumable [--compress=HOW] [--encrypt=KEY] [--force]\n"
		    "                   CORE TARGET\n"
		    "Write a dump of a kernel's memory, or look into it: /proc/vmcore, a file or\n"
		    "device with a core;\n"
		    "or save the running system, or one that sleeps, as one that can be resumed\n\n",
		    KX_VERSION);
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];
		const char *open = row->arg == optional_argument ? "[=" : "=";
		const char *close = row->arg == optional_argument ? "]" : "";

		if (!row->help)
			continue;
		kx_text_add(t, row->letter ? "  -%c, " : "      ", row->letter);
		kx_text_add(t, "--%s%s%s%s\n%16s%s\n", row->name, row->metavar ? open : "",
			    row->metavar ? row->metavar : "", row->metavar ? close : "", "",
			    row->help);
	}
}

void options_list(struct kx_text *t)
{
	static const char *const arg[] = {
		[no_argument] = "none",
		[required_argument] = "required",
		[optional_argument] = "optional",
	};

	for (size_t i = 0; i < ROWS; i++)
		kx_text_add(t, "%s\t%c\t%s\t%s\n", rows[i].name,
			    rows[i].letter ? rows[i].letter : '-', arg[rows[i].arg],
			    rows[i].help ? "shown" : "hidden");
}
