/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kdump is to do: kdump.conf(5), or Debian's /etc/default/kdump-tools.
 *
 *	conf.c		kdump.conf: Fedora's keys and ours
 *	conf-debian.c	kdump-tools: assignments of a shell that is never run
 *	conf-values.c	values that both have
 *	conf-find.c	which of the two there is
 *
 * All but conf-find.c are pure: text in, a struct conf out.
 */
#ifndef CONF_H
#define CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/err.h"

#define CONF_FEDORA_FILE	"/etc/kdump.conf"
#define CONF_DEBIAN_FILE	"/etc/default/kdump-tools"
#define CONF_FILE_MAX		(64u << 10)

/* How directories and files of dumps are named. */
enum conf_layout {
	LAYOUT_FEDORA,		/* HOST-2026-11-21-08:30:00/vmcore, vmcore-dmesg.txt */
	LAYOUT_DEBIAN,		/* [HOST-]202611210830/dump.202611210830, dmesg.… */
};

enum target_kind {
	TARGET_LOCAL,		/* a directory on whatever is mounted */
	TARGET_DEVICE,		/* a device with a filesystem */
	TARGET_RAW,		/* a device without */
	TARGET_NFS,
	TARGET_SSH,
	TARGET_KINDS
};

/* How a capture ends. */
enum end {
	END_REBOOT,
	END_POWEROFF,
	END_HALT,
	END_SHELL,
	END_NONE,
	END_COUNT
};

enum host_tag {
	HOST_NONE,		/* Debian's, on a local target */
	HOST_ADDRESS,
	HOST_NAME,
};

/* A line that was understood, and has no or another effect; or that was left out. */
struct conf_remark {
	unsigned int line;
	const char *text;
};

struct conf {
	const char *file;	/* what was read; NULL: nothing, all of it is the default */
	enum conf_layout layout;
	unsigned int off_line;	/* the line that says that there is no kdump; 0: there is */

	enum target_kind target;
	unsigned int target_line;	/* 0: the default */
	const char *where;	/* device, SERVER:/DIRECTORY or USER@HOST; NULL: local */
	const char *fstype;	/* of TARGET_DEVICE, TARGET_NFS */
	const char *mount_options;	/* NULL: none */
	const char *sshkey;
	const char *path;	/* the directory of the dumps' directories; begins with / */
	enum host_tag host_tag;

	unsigned int level;	/* of vmcore-dump */
	const char *compress;	/* as --compress takes it */
	bool dmesg;		/* the log in a file of its own */
	unsigned int keep;	/* dumps; 0: all */

	const char *kernel, *initrd;	/* NULL: the defaults of verb-load.c */
	const char *cmdline;	/* instead of /proc/cmdline; NULL: that */
	const char *cmdline_remove, *cmdline_append;	/* NULL: the defaults */
	const char *kexec_args;	/* more options for kexec; NULL: none */

	unsigned int capture_timeout;	/* seconds; 0: none */
	enum end final_action, failure_action;
	const char *pre, *post;	/* programs around the capture; NULL: none */

	struct conf_remark *remark;	/* in the order of their lines */
	size_t remark_count;
};

const char *end_name(enum end e);		/* "reboot" */
const char *target_name(enum target_kind k);	/* "local" */
const char *layout_name(enum conf_layout l);	/* "Fedora's" */

/* Everything as if there were no file.  @layout: whose defaults. */
void conf_init(struct conf *c, enum conf_layout layout);

/*
 * @text of @file.  *ret is set on success only, unless @lenient: then a line that is wrong
 * becomes a remark and the others count, because a capture must not fail for it.
 *   -EINVAL  "FILE:LINE: KEY: expected …, have …"
 *   -ENOMEM
 */
KX_CHECKED int conf_parse(struct kx_bytes text, const char *file, bool lenient,
			  struct kx_arena *a, struct conf *ret, struct kx_err *err);
KX_CHECKED int conf_debian_parse(struct kx_bytes text, const char *file, bool lenient,
				 struct kx_arena *a, struct conf *ret, struct kx_err *err);

/*
 * @given (--config=, NULL: none), or the first of the two files that is there below
 * @sysroot; a @given one is Debian's if its name is kdump-tools.  Errors of reading, and
 * as above.
 */
KX_CHECKED int conf_find(const char *sysroot, const char *given, bool lenient,
			 struct kx_arena *a, struct conf *ret, struct kx_err *err);

/* ---- for the two parsers ------------------------------------------------------------ */

struct conf_reader {
	struct conf *conf;
	struct kx_arena *arena;
	const char *file;
	unsigned int line;
	bool lenient;
};

/* A key, and what takes its value. */
struct conf_key {
	const char *name;
	/* -EINVAL without the key, or -ENOMEM; @value is the arena's. */
	int (*set)(struct conf_reader *r, const struct conf_key *k, const char *value,
		   struct kx_err *err);
	size_t field;		/* offset in struct conf, for those that want it */
	const char *say;	/* for the remark of a key without effect */
};

/* -ENOMEM; the text is one line. */
KX_CHECKED int conf_remark(struct conf_reader *r, struct kx_err *err, const char *fmt, ...)
	KX_PRINTF(3, 4);
/* @value to @k.  *seen: the line that had it before, or 0; is set. */
KX_CHECKED int conf_take(struct conf_reader *r, const struct conf_key *k, unsigned int *seen,
			 const char *value, struct kx_err *err);
/* What went wrong in a line: fails, or if it may becomes a remark. */
KX_CHECKED int conf_line_failed(struct conf_reader *r, struct kx_err *err);

int conf_set_text(struct conf_reader *r, const struct conf_key *k, const char *value,
		  struct kx_err *err);
int conf_set_path(struct conf_reader *r, const struct conf_key *k, const char *value,
		  struct kx_err *err);		/* begins with / */
int conf_set_number(struct conf_reader *r, const struct conf_key *k, const char *value,
		    struct kx_err *err);	/* unsigned int */
int conf_set_end(struct conf_reader *r, const struct conf_key *k, const char *value,
		 struct kx_err *err);
/* Understood, and without effect: a remark. */
int conf_set_nothing(struct conf_reader *r, const struct conf_key *k, const char *value,
		     struct kx_err *err);
/* makedumpfile's or vmcore-dump's arguments: level and compression. */
int conf_set_dump_args(struct conf_reader *r, const struct conf_key *k, const char *value,
		       struct kx_err *err);
KX_CHECKED int conf_set_level(struct conf_reader *r, const struct conf_key *k,
			      const char *value, struct kx_err *err);
KX_CHECKED int conf_set_compress(struct conf_reader *r, const struct conf_key *k,
				 const char *value, struct kx_err *err);
/* @where of a target of @kind, and that there is one only. */
KX_CHECKED int conf_set_target(struct conf_reader *r, enum target_kind kind,
			       const char *fstype, const char *where, struct kx_err *err);

#endif
