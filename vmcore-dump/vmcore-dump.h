/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmcore-dump(8): what its files share.
 *
 *	main.c		reads the command line, runs one action, prints its error
 *	options.c	the command line: one table
 *	open.c		a core in a file, on a block device or in /proc/vmcore
 *	plain.c		a saved core as if nothing of it were packed
 *	plain-kdump.c	a kdump-compressed file in the same way
 *	info.c		--info
 *	map.c		--map
 *	saved.c		--info and --map of a saved core
 *	kdump.c		--info, --map and --verify of other dumps
 *	read.c		--read
 *	verify.c	--verify
 *	convert.c	--convert
 *	join.c		--assemble, --reassemble
 *	dmesg.c		--dmesg
 *	usage.c		--mem-usage
 *	write.c		a dump, with write-*.c (write.h)
 *	snapshot.c	--snapshot, with snapshot-*.c (snapshot.h)
 *	snapshot-jump.c	--resumable
 *	makedumpfile.c	another program by that name, as vmcore-dmesg.c (makedumpfile.h)
 */
#ifndef VMCORE_DUMP_H
#define VMCORE_DUMP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "kx/arena.h"
#include "kx/context.h"
#include "kx/core.h"
#include "kx/err.h"
#include "kx/json.h"
#include "kx/kdump-file.h"
#include "kx/saved.h"
#include "write.h"

enum {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
};

enum action {
	ACTION_NONE,
	ACTION_INFO,
	ACTION_MAP,
	ACTION_READ,
	ACTION_VERIFY,
	ACTION_CONVERT,
	ACTION_DMESG,
	ACTION_MEM_USAGE,
	ACTION_SNAPSHOT,
	ACTION_RESUMABLE,
	ACTION_DUMP,
	ACTION_ASSEMBLE,
	ACTION_REASSEMBLE,
	ACTION_HELP,
	ACTION_VERSION,
	ACTION_LIST_OPTIONS,
};

enum then {
	THEN_POWEROFF,
	THEN_REBOOT,
	THEN_CONTINUE,
	THEN_KEXEC,
};

struct options {
	enum action action;
	bool json;			/* --info=json and the like */
	bool as_is;			/* --as-is */
	uint64_t pa, len;		/* --read */
	/* --convert, --assemble, --reassemble; the target of --resumable */
	const char *out;
	char *const *parts;		/* --reassemble */
	size_t part_count;
	/* With --snapshot, whose target @path is, and --resumable. */
	enum then then;			/* --then, --snapshot only */
	enum kx_saved_codec codec;	/* --compress */
	bool force;			/* --force */
	const char *compress;		/* --compress, as it was given; or NULL */
	struct write_request write;	/* of a dump */
	bool split;			/* --split */
	/* --key of a core that is read, --encrypt of a snapshot; NULL: none. */
	const char *key;
	unsigned int extra;		/* which options were given that are no action: options.c */
	const char *path;
};

/* A core that is open. */
struct dump {
	const char *path;
	int fd;
	uint64_t file_len;
	const char *key_spec;		/* --key; NULL: none */
	struct kx_saved_key *key;
	struct kx_saved_cipher cipher;
	bool may_be_locked;		/* an encrypted one is welcome without its key */
	/* Of a saved core; NULL: it is none. */
	struct kx_saved *saved;
	struct plain *plain;		/* NULL if it is locked, too */
	/* Of a flattened file, and of a kdump-compressed one; NULL: it is none. */
	struct kx_flat *flat;
	struct plain_kdump *kdump;
	struct kx_core_file file;	/* that has the dump, not flattened; of a saved core none */
	struct kx_core core;		/* of a saved core the plain one, unpacked as it is read */
	struct kx_contexts notes;	/* ours */
	struct kx_bytes vmcoreinfo;	/* text; empty: none */
	struct kx_arena *arena;
	const char *remark[2];		/* for standard error, though it worked; or NULL */
};

/* -EINVAL with a sentence in the style of getopt(3): a usage error. */
KX_CHECKED int options_parse(int argc, char **argv, struct options *ret, struct kx_err *err);
void options_help(struct kx_text *t);
void options_list(struct kx_text *t);

/*
 * Open @path and read its headers and notes.  Close with dump_close(), also on
 * failure.  As kx_saved_open_key(), or if it is none kx_core_open() and
 * kx_contexts_read(), with the path.  Of a locked image there is d->saved only.
 */
KX_CHECKED int dump_open(struct dump *d, const char *path, struct kx_arena *a,
			 struct kx_err *err);
void dump_close(struct dump *d);
/*
 * Is the page at @pa in the dump, or was it left out, though its memory is in a span of
 * d->core?  *ret_end: up to where, at most @end, it is so of all pages.  What is in the
 * dump may still have been lost: reading it says -ENODATA, as of those that are not.
 * Not for two threads at a time.  What reading the file says
 */
KX_CHECKED int dump_has(struct dump *d, uint64_t pa, uint64_t end, bool *ret,
			uint64_t *ret_end, struct kx_err *err);

void info_text(const struct dump *d, struct kx_text *t);
void info_json(const struct dump *d, struct kx_text *t);
void map_text(const struct dump *d, struct kx_text *t);
void map_json(const struct dump *d, struct kx_text *t);

void saved_info_text(const struct dump *d, struct kx_text *t);
void saved_info_json(const struct dump *d, struct kx_json *j);	/* null if it is none */
void saved_map_text(const struct dump *d, struct kx_text *t);
void saved_map_json(const struct dump *d, struct kx_json *j);

/* kdump.c: what kind of dump it is; nothing if it is a plain core. */
void kdump_info_text(const struct dump *d, struct kx_text *t);
void kdump_info_json(const struct dump *d, struct kx_json *j);
/* Of a kdump-compressed one, which pages it has. */
void kdump_map_text(const struct dump *d, struct kx_text *t);
void kdump_map_json(const struct dump *d, struct kx_json *j);	/* null if it is none */
/* --verify of what is no saved core; as verify(). */
KX_CHECKED int kdump_verify(struct dump *d, struct kx_text *t, struct kx_err *err);

/* --verify; -EBADMSG: the sentence says how many blocks are bad, and the first. */
KX_CHECKED int verify(struct dump *d, struct kx_text *t, struct kx_err *err);
/* --convert to @path. */
KX_CHECKED int convert(struct dump *d, const char *path, struct kx_err *err);
/* The bytes that --read asks for to standard output. */
KX_CHECKED int read_memory(const struct dump *d, const struct options *o, struct kx_err *err);

enum dmesg_how {
	DMESG_TEXT,
	DMESG_JSON,
	DMESG_SINCE_CLEARED,		/* text; -ENOENT: the kernel is too old to say */
};

/*
 * The kernel's log to @to.  -EBADMSG: part of it was left out because it is
 * malformed, or not in the core; all the rest was written.
 */
KX_CHECKED int dmesg(struct dump *d, enum dmesg_how how, FILE *to, struct kx_err *err);

/* join.c: standard input, which is flattened, to the file that it makes. */
KX_CHECKED int assemble(const struct options *o, struct kx_arena *a, struct kx_err *err);
/* The files of a split dump to one. */
KX_CHECKED int reassemble(const struct options *o, struct kx_arena *a, struct kx_err *err);

/* What @t has to standard output, or to @to, which errors call @name; empties it. */
KX_CHECKED int text_write(struct kx_text *t, struct kx_err *err);
KX_CHECKED int text_put(struct kx_text *t, FILE *to, const char *name, struct kx_err *err);

/* The exit status: STATUS_OK, or with @err STATUS_FAILED or snapshot.h's STATUS_UNDONE. */
int snapshot_run(const struct options *o, struct kx_arena *a, struct kx_err *err);

/* --resumable: the kernel that sleeps in @d to o->out. */
KX_CHECKED int resumable_run(const struct options *o, struct dump *d, struct kx_err *err);

/* "blank", "filled", ... */
const char *context_status_name(enum context_status status);

#endif
