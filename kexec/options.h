/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line: one table of options, one pass over argv.
 *
 * The table in options.c drives the parser, --help, the completion and the
 * man-page check (tests/cli).  Names, letters and order rules are upstream's;
 * where they differ, doc/differences.md says so.
 */
#ifndef KEXEC_OPTIONS_H
#define KEXEC_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/err.h"
#include "kx/image.h"
#include "kx/json.h"
#include "kx/plan.h"

/* What kexec is to do; the last action on the command line decides. */
enum verb {
	VERB_LOAD_SHUTDOWN,	/* no action: load, then shutdown -r now */
	VERB_LOAD,		/* -l, -p */
	VERB_LOAD_EXEC,		/* -f */
	VERB_CALL,		/* --call: load, jump, return */
	VERB_RESUME,		/* --resume-if-present */
	VERB_EXEC,		/* -e */
	VERB_UNLOAD,		/* -u */
	VERB_STATUS,		/* -S wins over all of the above */
	/* These act where they stand; what follows is not looked at. */
	VERB_HELP,
	VERB_VERSION,
	VERB_CKR_SIZE,
	VERB_LAST_BOOT,
	VERB_LIST_OPTIONS,
	VERB_COUNT,
};

/* How a plan or a status is written. */
enum output {
	OUTPUT_NONE,
	OUTPUT_TEXT,
	OUTPUT_JSON,
	OUTPUT_SVG,
};

#define OPTIONS_ROWS_MAX	64

struct options {
	enum verb verb;
	bool immediate;			/* -h, -v, --print-ckr-size, --last-boot seen */
	bool load_seen;			/* -l, for the meaning of -S */
	enum output plan;		/* --plan */
	enum output status;		/* --status=json */
	enum output last_boot;		/* --last-boot=json */
	const char *sysroot;		/* "" = the running machine */
	bool no_sync, no_ifdown;
	const char *serial;
	uint64_t serial_baud;
	bool serial_baud_given;
	const char *resume_target;	/* of --resume-if-present */
	const char *key;		/* --key; NULL: none */
	const char *extra;		/* first argument behind the kernel, or NULL */
	bool seen[OPTIONS_ROWS_MAX];	/* by row */
	/* Paths and switches only: files are read by verb-load.c. */
	struct kx_request req;
};

/*
 * Parse @argv into @ret, which borrows its strings.  -EINVAL with a sentence in
 * the style of getopt(3); such an error is the user's, and exit status 1.
 */
KX_CHECKED int options_parse(int argc, char **argv, struct options *ret, struct kx_err *err);

/*
 * The n-th given option that @machine does not know, or that is not supported
 * yet there; NULL when there are no more.  "--noefi".
 */
const char *options_foreign(const struct options *o, enum kx_machine machine, size_t n);
const char *options_later(const struct options *o, enum kx_machine machine);

/* --help, and one line per option for programs: tests and completion. */
void options_help(struct kx_text *t);
void options_list(struct kx_text *t);

#endif
