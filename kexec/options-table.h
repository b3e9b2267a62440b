/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The option table's shape, for the three files that know it: options-table.c
 * (the rows), options.c (the parser) and options-help.c (--help).
 */
#ifndef KEXEC_OPTIONS_TABLE_H
#define KEXEC_OPTIONS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "options.h"

/* Bits of struct option_row.machines. */
#define OPTION_ARM64	(1u << KX_MACHINE_ARM64)
#define OPTION_X86_64	(1u << KX_MACHINE_X86_64)
#define OPTION_ANY	(OPTION_ARM64 | OPTION_X86_64)

enum option_group {
	G_ACTION,
	G_KERNEL,
	G_LOAD,
	G_REBOOT,
	G_X86,
	G_JUMP,
	G_SAVED,
	G_LATER,
	G_HIDDEN,		/* not in --help and man page */
	G_COUNT,
};

enum option_flags {
	F_LATER = 1,		/* not supported yet */
	F_LOADER = 2,		/* means something for a load of a kernel only */
	F_ROOT = 8,		/* counts even behind an action that acts at once */
	F_KERNEL = 16,		/* about a kernel, so not for --call */
	F_CALL = 32,		/* for --call only */
};

struct option_row;

/* @value is the argument or NULL. -EINVAL and the like: a usage error. */
typedef int option_apply_fn(struct options *o, const struct option_row *row,
			    const char *value, struct kx_err *err);

struct option_row {
	char letter;			/* 0: none */
	const char *name, *alias;
	int arg;			/* no_argument and friends of <getopt.h> */
	const char *metavar;
	enum option_group group;
	unsigned int machines;
	unsigned int flags;		/* enum option_flags */
	option_apply_fn *apply;
	size_t field;			/* in struct options, for set_*() */
	int value;			/* for set_*() */
	const char *help;
};

extern const struct option_row option_rows[];
extern const size_t option_row_count;

#endif
