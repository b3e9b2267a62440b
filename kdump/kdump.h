/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kdump(8): what its files share.
 *
 *	main.c		reads the command line and the configuration, runs one verb
 *	options.c	the command line: one table of verbs, one of options
 *	conf*.c		the configuration (conf.h)
 *	verb-*.c	a verb, or a few that belong together
 *	check-*.c	the questions of kdump check
 *	capture-*.c	the steps of kdump capture (capture.h)
 *	end.c		how a capture ends: the only reboot(2)
 *	run.c		kexec, vmcore-dump, ssh, mount: other programs
 *	machine.c	what the running machine says of itself
 *	dumps.c		the dumps that there are
 *	contents.c	what is in a kernel and an initrd
 *	capture-cmdline.c, stamp.c, initrd.c, estimate.c	without I/O
 */
#ifndef KDUMP_H
#define KDUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "estimate.h"
#include "initrd.h"
#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/err.h"
#include "kx/json.h"
#include "stamp.h"

enum {
	STATUS_OK = 0,
	STATUS_FAILED = 1,	/* with an error, or what a verb had to say was "no" */
	STATUS_USAGE = 2,
};

struct options {
	const struct verb *verb;
	const char *argument;		/* of show; NULL: none */
	const char *config, *sysroot;	/* sysroot: "" for / */
	const char *kexec, *vmcore_dump, *end_hook;	/* NULL: none given */
	const char *path;		/* --path; NULL: the configuration's */
	bool json, yes, dry_run;
	bool keep_set;
	unsigned int keep;
	unsigned int given;		/* bits of options.c */
};

struct kdump {
	const struct options *o;
	struct kx_arena *arena;
	struct conf conf;
	struct kx_text out;		/* for standard output */
};

struct verb {
	const char *name, *help;
	/* STATUS_*; @err is set where it is an error.  What is in k->out is written. */
	int (*run)(struct kdump *k, struct kx_err *err);
	const char *argument;		/* NULL: takes none */
	bool lenient;			/* a configuration that is wrong does not stop it */
};

int verb_status(struct kdump *k, struct kx_err *err);
int verb_load(struct kdump *k, struct kx_err *err);
int verb_unload(struct kdump *k, struct kx_err *err);
int verb_reload(struct kdump *k, struct kx_err *err);
int verb_estimate(struct kdump *k, struct kx_err *err);
int verb_check(struct kdump *k, struct kx_err *err);
int verb_test(struct kdump *k, struct kx_err *err);
int verb_capture(struct kdump *k, struct kx_err *err);
int verb_list(struct kdump *k, struct kx_err *err);
int verb_show(struct kdump *k, struct kx_err *err);
int verb_prune(struct kdump *k, struct kx_err *err);

/* -EINVAL with a sentence in the style of getopt(3): a usage error. */
KX_CHECKED int options_parse(int argc, char **argv, struct options *ret,
			     void (**ret_text)(struct kx_text *t), struct kx_err *err);

/* A line on standard error, behind "kdump: ". */
void say(const char *fmt, ...) KX_PRINTF(1, 2);
/* The same, unless that would wait: where the machine's end must come. */
void say_now(const char *fmt, ...) KX_PRINTF(1, 2);
/* What is in k->out to standard output; empties it. */
KX_CHECKED int out_flush(struct kdump *k, struct kx_err *err);

/* "@sysroot@path", owned by the arena; NULL when out of memory. */
char *below(const struct kdump *k, const char *path);

/* ---- other programs (run.c) ------------------------------------------------------------ */

/* @name: the one that was @given, beside this program, or in PATH.  -ENOENT. */
KX_CHECKED int run_find(struct kdump *k, const char *name, const char *given,
			const char **ret, struct kx_err *err);
/*
 * Run argv[0] (with a path, or found in PATH) and wait.  @in, @out: descriptors, or -1
 * for this program's own.  Returns its exit status, 128 + the signal that ended it, or
 * -errno if it could not be run: @err.
 */
KX_CHECKED int run_wait(const char *const *argv, int in, int out, struct kx_err *err);
/* "@first | @second"; both statuses, as above.  -errno: it could not be run. */
KX_CHECKED int run_pipe(const char *const *first, const char *const *second, int status[2],
			struct kx_err *err);
/* run_wait(), and an error unless it ends with 0: "@what: exit status 3". */
KX_CHECKED int run_check(const char *const *argv, int in, int out, const char *what,
			 struct kx_err *err);

/*
 * What argv[0] prints, up to @len - 1 bytes, in @ret with a NUL; its exit status, as
 * run_wait().
 */
KX_CHECKED int run_output(const char *const *argv, char *ret, size_t len, struct kx_err *err);

/* ---- the network (net.c) ----------------------------------------------------------------- */

/* The host of the target: of SERVER:/DIR or USER@HOST; NULL: it has none, or no memory. */
const char *net_host(struct kdump *k);
/*
 * Is there a route to @host?  Nothing is sent but what asks for its address.  @ret_from:
 * this machine's address on the way.  -ENOENT: its name is not known.
 */
KX_CHECKED int net_route(struct kdump *k, const char *host, const char **ret_from,
			 struct kx_err *err);

/* ---- the machine (machine.c) ------------------------------------------------------------ */

struct machine {
	char release[65], machine[65];	/* uname -r, -m; of a root: its kx/uname */
	const char *cmdline;
	bool reserved_known, loaded_known;
	uint64_t reserved;		/* bytes */
	bool loaded;
	const char *lockdown;		/* "none", "integrity", "confidentiality"; NULL: unknown */
	bool load_disabled;
	uint64_t mem_total;		/* bytes; 0: unknown */
};

KX_CHECKED int machine_read(struct kdump *k, struct machine *ret, struct kx_err *err);
/* "@name:   123 kB" of /proc/meminfo, in bytes; 0: it has none. */
uint64_t machine_meminfo(struct kdump *k, const char *name);
/* The modules that are loaded: sum of their sizes, of those in @only (NULL: all). */
uint64_t machine_modules(struct kdump *k, const struct initrd *only);
/* Where @source, a device as the configuration has it or SERVER:/DIR, is mounted; NULL. */
const char *machine_mounted(struct kdump *k, const char *source);
/* The device below /dev that UUID=… and the like stand for; others are as they are. */
const char *machine_device(struct kdump *k, const char *spec);

/* ---- kernel and initrd (contents.c, verb-load.c) --------------------------------------- */

struct kernel_facts {
	const char *machine;		/* as kx_machine_name() */
	char release[65];		/* ""; it does not tell */
	uint64_t memory;		/* that it needs where it runs */
};

KX_CHECKED int kernel_read(struct kdump *k, const char *path, struct kernel_facts *ret,
			   struct kx_err *err);
/* @ret_len: of the file. */
KX_CHECKED int initrd_open(struct kdump *k, const char *path, struct initrd *ret,
			   uint64_t *ret_len, struct kx_err *err);

/*
 * Which kernel and initrd are loaded: the configuration's, or the first that there are.
 * -ENOENT: where they were looked for.  Paths without the sysroot.
 */
KX_CHECKED int find_kernel(struct kdump *k, const struct machine *m, const char **ret,
			   struct kx_err *err);
KX_CHECKED int find_initrd(struct kdump *k, const struct machine *m, const char **ret,
			   struct kx_err *err);
/* What these two need, of which @initrd_len bytes are the initrd's file (verb-estimate.c). */
void estimate_of(struct kdump *k, const struct kernel_facts *kernel, const struct initrd *initrd,
		 uint64_t initrd_len, struct estimate *ret);

/* ---- dumps (dumps.c) --------------------------------------------------------------------- */

struct dump_dir {
	char name[STAMP_NAME_MAX + 1];
	struct stamp stamp;
	bool whole, incomplete, log;	/* which files it has */
	bool empty;			/* nothing at all is in it */
	char dump[STAMP_NAME_MAX + 1], log_name[STAMP_NAME_MAX + 1];	/* their names */
	uint64_t bytes;			/* of all its files */
};

/*
 * The directory with the dumps, which is there: --path, or where the target is mounted.
 * -EOPNOTSUPP: the target is no directory; -ENOENT: it is not mounted.
 */
KX_CHECKED int dumps_base(struct kdump *k, const char **ret, struct kx_err *err);
/* Newest first; none if @base is not there. */
KX_CHECKED int dumps_read(struct kx_arena *a, const char *base, struct dump_dir **ret,
			  size_t *ret_count, struct kx_err *err);
/* What a name of this machine's dumps begins with: "" if nothing; NULL: out of memory. */
const char *dumps_host(struct kdump *k);

struct prune {
	unsigned int keep;
	bool dry_run;
	const char *protect;	/* the dump that was just made, one of @keep; NULL: none */
	const char *host;	/* others' dumps are not ours to remove; NULL: whoever's */
};

/*
 * Remove what is older than the @keep newest whole dumps; @each (may be NULL) is told of
 * each before.  A directory with nothing of a dump in it stays.  A dump's directory that
 * has a directory in it stays, without its files: -ENOTEMPTY.
 */
KX_CHECKED int dumps_prune(struct kx_arena *a, const char *base, const struct prune *p,
			   void (*each)(void *ctx, const struct dump_dir *d), void *ctx,
			   size_t *ret_removed, struct kx_err *err);

/* ---- kdump check ------------------------------------------------------------------------- */

enum verdict { VERDICT_OK, VERDICT_WARN, VERDICT_FAIL };

struct report {
	struct kdump *k;
	const struct machine *machine;
	/* What was read; NULL: it is not there, or not readable. */
	const struct kernel_facts *kernel;
	const struct initrd *initrd;
	bool failed;
};

/* "ok  NAME  TEXT"; what to do is a part of the text. */
void report(struct report *r, enum verdict v, const char *name, const char *fmt, ...)
	KX_PRINTF(4, 5);
/* The target: is it there, is there room, can it be reached? (check-target.c) */
void check_target(struct report *r);
/* What the initrd has for it (check-initrd.c). */
void check_initrd(struct report *r);

/* ---- the end (end.c) ------------------------------------------------------------------------ */

/*
 * End this machine; @hook (NULL: none): a program that is run with the action's name
 * instead.  Returns for END_NONE, after a hook, and when the kernel refuses everything
 * (-errno).
 */
KX_CHECKED int end_run(struct kdump *k, enum end end, const char *hook, struct kx_err *err);

#endif
