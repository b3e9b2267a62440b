/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Taking what is kept in memory (kx/keep.h): what -l leaves for -e, and what -e does
 * with the machine before another kernel is entered.
 *
 *	sys/keeping.c	the mark by which -e knows what -l was told
 *	sys/cpus.c	the other CPUs
 *	sys/keep.c	the snapshot into the areas, and its notes
 *
 * The order is verb-keep.c's.  From the freeze on nothing may be written to a
 * filesystem on a disk: the kernel that comes back would not know of it.
 */
#ifndef KX_KEEP_TAKE_H
#define KX_KEEP_TAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/err.h"
#include "kx/keep.h"
#include "kx/snapshot.h"
#include "kx/sources.h"

/* ---- what -l was told ---------------------------------------------------------- */

/* A file as it was then: -e maps it before anybody is stopped, and reads it after. */
struct kx_keeping_file {
	const char *path;		/* as the user wrote it */
	uint64_t dev, ino, size, mtime_s, mtime_ns;
};

struct kx_keeping {
	const char *release;		/* of the kernel to be entered; "" = unknown */
	uint64_t times;			/* it was entered, and came back */
	const char *dir;		/* what paths are relative to */
	struct kx_keeping_file *file;
	size_t file_count;
	char **argv;			/* ends with a NULL; argv[0] is the program */
	int argc;
};

/*
 * The mark below @root into *ret, whose memory is @a's; *ret_set false: there is none.
 * -EINVAL: it is not as kexec writes it.  -ENOMEM.
 */
KX_CHECKED int kx_keeping_read(const char *root, struct kx_arena *a, bool *ret_set,
			       struct kx_keeping *ret, struct kx_err *err);
/* -EINVAL: a path or argument has a line end.  Others as the file calls. */
KX_CHECKED int kx_keeping_write(const char *root, const struct kx_keeping *v, struct kx_err *err);
KX_CHECKED int kx_keeping_forget(const char *root, struct kx_err *err);
/* What @path is now.  Negative errno of stat(2). */
KX_CHECKED int kx_keeping_stat(const char *path, struct kx_keeping_file *ret, struct kx_err *err);
/* Are they all as they were?  -ESTALE names the first that is not. */
KX_CHECKED int kx_keeping_check(const struct kx_keeping *v, struct kx_err *err);

/* ---- the other CPUs ---------------------------------------------------------------- */

struct kx_cpus {
	uint64_t *cpu;			/* arena */
	size_t n;
};

/* "0-3,8" as in /sys/devices/system/cpu/online.  -EINVAL, -ENOMEM. */
KX_CHECKED int kx_cpus_parse(const char *text, struct kx_arena *a, struct kx_cpus *ret,
			     struct kx_err *err);
/*
 * All online CPUs but the first go offline, and are *ret, also after a failure:
 * then bring them back.  Negative errno of the files.
 */
KX_CHECKED int kx_cpus_offline(struct kx_arena *a, struct kx_cpus *ret, struct kx_err *err);
/* The first error; the others are tried all the same. */
KX_CHECKED int kx_cpus_online(const struct kx_cpus *cpus, struct kx_err *err);

/* ---- the snapshot ------------------------------------------------------------------ */

/* What the notes have, beside the snapshot's own. */
struct kx_keep_facts {
	struct kx_snapshot_facts f;
	struct kx_bytes machine;
	struct kx_context context;	/* without the entry */
};

/* Of the machine that @s describes, whose core facts are read.  As its parts. */
KX_CHECKED int kx_keep_facts_read(const struct kx_sources *s, struct kx_arena *a,
				  struct kx_keep_facts *ret, struct kx_err *err);
/*
 * The notes' part of *keep.  @head, @first: of the snapshot; NULL and nothing: there is
 * none yet, and a plan is to be made.  Borrows all of it.
 */
void kx_keep_describe(const struct kx_keep_facts *f, const struct kx_snapshot_head *head,
		      struct kx_bytes first, struct kx_keep *keep);
/*
 * keep->bytes: the data pages of @s, to the places that keep->run says.  Its memory is
 * never given back.  -ENOMEM, -EIO (a page without a place), and as kx_snapshot_read().
 */
KX_CHECKED int kx_keep_fill(struct kx_snapshot *s, const struct kx_snapshot_index *x,
			    struct kx_keep *keep, struct kx_err *err);

#endif
