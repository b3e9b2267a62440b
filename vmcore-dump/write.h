/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writing a dump: what vmcore-dump's own options and makedumpfile's both become.
 *
 *	write.c		the order of things, from the check of the target to its name
 *	write-*.c	its parts (write-parts.h)
 */
#ifndef WRITE_H
#define WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/err.h"
#include "kx/page-codec.h"

struct dump;
struct kx_text;

enum write_format {
	WRITE_KDUMP,			/* kdump-compressed, version 6 */
	WRITE_ELF,
};

#define WRITE_LEVELS_MAX	8u

struct write_request {
	enum write_format format;
	bool flat;			/* flattened; always so on a pipe */
	enum kx_page_codec codec;	/* of WRITE_KDUMP */
	/* KX_LEVEL_*; the next one is tried when the target is full.  At least one. */
	unsigned int level[WRITE_LEVELS_MAX];
	size_t level_count;
	unsigned int threads;		/* that pack; 0: as many as CPUs */
	uint64_t memory;		/* bytes that may be used; 0: 32 MiB */
	uint64_t limit;			/* bytes of each file; 0: none */
	bool force;			/* replace @target */
	bool dry;			/* do everything but write */
	bool estimate;			/* look, pack some pages, and write nothing */
	bool quiet;			/* no progress; there is none without a terminal anyway */
	/* "-": standard output.  More than one: split by page numbers. */
	const char *const *target;
	size_t target_count;
};

struct write_report {
	uint64_t page_size;
	uint64_t pages;			/* in the core */
	uint64_t dropped[8];		/* of them, by enum kx_page_kind */
	uint64_t absent;		/* of them, that a dump which is read did not have */
	uint64_t kept;			/* the others */
	uint64_t free_found;		/* at any level; with what the kernel counted itself, */
	uint64_t free_counted;		/* 0: not known */
	const char *const *doubt;	/* kx_pages.doubt; NULL: none */
	uint64_t zero;			/* not stored, or stored once */
	uint64_t lost;			/* could not be read */
	uint64_t bytes;			/* written, in all targets */
	unsigned int level;		/* the one that was used */
	bool incomplete;		/* part of it only: flagged, but it opens */
	bool partial;			/* the core that is read says so of itself */
	bool no_sums;			/* no room for the checksums behind it */
	uint64_t guess;			/* bytes it was going to take, by a sample */
	unsigned int threads;		/* that packed */
	double seconds;
};

/*
 * @d to the targets of @r.  A regular file has a temporary name until everything is on
 * the disk.  *ret is set on success, and when the target filled up and what is there
 * opens (-ENOSPC).
 * A core that is cut off is written as far as it goes: *ret is set, and -ENODATA.
 *   -EEXIST   the target exists, and not @force
 *   -ENOSPC   no room: which target, how much there is, how much it takes
 *   -EINVAL   the formats, levels and targets do not go together
 *   -ENOENT   VMCOREINFO lacks what the level needs: which line; nothing is written
 *   and what reading the core and writing the target say
 */
KX_CHECKED int write_run(struct dump *d, const struct write_request *r,
			 struct write_report *ret, struct kx_err *err);

/* What was done, a line for each thing. */
void write_report_text(const struct write_report *p, const struct write_request *r,
		       struct kx_text *t);

/* ---- the words of the command line (write-options.c); -EINVAL with the word ---------- */

/* "31", "1,31", "zero+free,31": r->level */
KX_CHECKED int write_levels_parse(struct write_request *r, const char *s, struct kx_err *err);
KX_CHECKED int write_codec_parse(struct write_request *r, const char *s, struct kx_err *err);
KX_CHECKED int write_format_parse(struct write_request *r, const char *s, struct kx_err *err);

#endif
