/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of dumps: of their directories and of the files in them, as Debian's and
 * Fedora's kdump have them.
 */
#ifndef STAMP_H
#define STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "conf.h"

/* The longest host in a name, and the longest name. */
#define STAMP_HOST_MAX	255
#define STAMP_NAME_MAX	(STAMP_HOST_MAX + 32)

struct stamp {
	enum conf_layout layout;
	char host[STAMP_HOST_MAX + 1];	/* "": none */
	/* Of local time: what sorts dumps by their age. */
	int year, month, day, hour, minute, second;
};

void stamp_make(struct stamp *s, enum conf_layout layout, const char *host, const struct tm *t);
/* To the next name: a minute later, or a second. */
void stamp_next(struct stamp *s);
/* "host-2026-11-21-08:30:00", "202611210830" or "host-202611210830". */
void stamp_directory(const struct stamp *s, char ret[static STAMP_NAME_MAX + 1]);
/* Is @name such a name?  *ret is set only then. */
bool stamp_parse(const char *name, struct stamp *ret);
/* <0, 0, >0: @a is older, as old, newer. */
int stamp_compare(const struct stamp *a, const struct stamp *b);

/* Which file of a dump a name is. */
enum dump_file {
	FILE_VMCORE,		/* the dump */
	FILE_FLAT,		/* the dump, flattened */
	FILE_DMESG,
	FILE_INCOMPLETE,	/* what a capture that failed has left */
	FILE_OTHER,
};

/* @s: of its directory, whose stamp is in Debian's names. */
void stamp_file(const struct stamp *s, enum dump_file f, char ret[static STAMP_NAME_MAX + 1]);
enum dump_file stamp_file_of(const char *name);

#endif
