/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The program by the names that distributions' scripts call: makedumpfile(8) as of
 * 1.7.9 and vmcore-dmesg(8) of kexec-tools 2.0.32, with their arguments, what they
 * print, and their exit statuses.
 *
 *	makedumpfile.c		makedumpfile's command line
 *	makedumpfile-run.c	what it asks for
 *	vmcore-dmesg.c		vmcore-dmesg
 */
#ifndef MAKEDUMPFILE_H
#define MAKEDUMPFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/err.h"
#include "kx/json.h"
#include "vmcore-dump.h"
#include "write.h"

enum makedumpfile_mode {
	MAKEDUMPFILE_DUMP,
	MAKEDUMPFILE_DMESG,		/* --dump-dmesg */
	MAKEDUMPFILE_ASSEMBLE,		/* -R: flattened on standard input */
	MAKEDUMPFILE_REASSEMBLE,	/* --reassemble */
	MAKEDUMPFILE_MEM_USAGE,		/* --mem-usage */
	MAKEDUMPFILE_CHECK,		/* --check-params */
	MAKEDUMPFILE_HELP,
	MAKEDUMPFILE_VERSION,
};

/* --message-level: a sum */
#define MAKEDUMPFILE_SAY_PROGRESS	1u
#define MAKEDUMPFILE_SAY_COMMON		2u
#define MAKEDUMPFILE_SAY_ERRORS		4u
#define MAKEDUMPFILE_SAY_DEBUG		8u
#define MAKEDUMPFILE_SAY_REPORT		16u
#define MAKEDUMPFILE_SAY_DEFAULT	7u

struct makedumpfile {
	enum makedumpfile_mode mode;
	unsigned int say;
	bool split;
	bool partial;			/* --partial-dmesg */
	struct write_request write;
	const char *input;		/* NULL: standard input */
	char *const *inputs;		/* of --reassemble */
	size_t input_count;
	/* Options that change nothing here: the first, to be said; NULL: none. */
	const char *ignored;
};

/*
 * argv as makedumpfile has it; *ret borrows from it.
 *   -EINVAL      which option, wanted, found
 *   -EOPNOTSUPP  an option that this program does not have: Xen, sadump, eppic
 */
KX_CHECKED int makedumpfile_parse(int argc, char **argv, struct makedumpfile *ret,
				  struct kx_err *err);
void makedumpfile_help(struct kx_text *t);

/* The exit status. */
int makedumpfile_main(int argc, char **argv);
int vmcore_dmesg_main(int argc, char **argv);

#endif
