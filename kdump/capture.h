/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kdump capture: what its files share.
 *
 *	verb-capture.c		refuses, watches, ends
 *	capture.c		the order of things, and what follows what failed
 *	capture-directory.c	into a directory: local, a device, NFS
 *	capture-ssh.c		to another machine, through a pipe
 *	capture-raw.c		to a device without a filesystem
 */
#ifndef CAPTURE_H
#define CAPTURE_H

#include "kdump.h"

struct capture {
	struct kdump *k;
	const char *vmcore_dump;	/* the program */
	const char *vmcore;		/* /proc/vmcore */
	struct stamp stamp;
	char name[STAMP_NAME_MAX + 1];	/* of the dump's directory */
	unsigned int renamed;		/* how often */
	bool log_saved;
	volatile bool *saved;		/* the watcher's: there is a whole dump */
	/* capture-directory.c and capture-ssh.c: "" before it is open */
	const char *base;		/* where the dumps' directories are */
	const char *dir;		/* this one's */
	const char *mounted;		/* where, if we did it */
};

/* A kind of target.  All -errno with a sentence. */
struct sink {
	int (*open)(struct capture *c, struct kx_err *err);
	/* The kernel's log in a file of its own; NULL: there is no place for one. */
	int (*log)(struct capture *c, struct kx_err *err);
	/* The dump, verified where it can be; nothing of an earlier try is in the way. */
	int (*dump)(struct capture *c, unsigned int level, const char *compress,
		    struct kx_err *err);
	/* After a dump that worked, NULL: nothing. */
	int (*prune)(struct capture *c, struct kx_err *err);
	void (*close)(struct capture *c);	/* also after an open that failed */
};

extern const struct sink sink_directory, sink_ssh, sink_raw;

/* c->dir is there already: the next name.  -EEXIST: too many were. */
KX_CHECKED int capture_rename(struct capture *c, struct kx_err *err);

/*
 * In the process that may hang or die.  STATUS_OK: there is a whole dump; @saved is told
 * as soon as that is so.
 */
int capture_run(struct kdump *k, volatile bool *saved);

#endif
