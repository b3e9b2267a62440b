/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verbs of kexec: what main.c can be told to do.
 *
 * A verb does one action of the command line and returns the exit status; when
 * it leaves a sentence in k->err, main.c prints it.
 */
#ifndef KEXEC_VERB_H
#define KEXEC_VERB_H

#include "kx/arena.h"
#include "kx/err.h"
#include "kx/plan.h"
#include "kx/saved.h"
#include "kx/sources.h"
#include "kx/sys.h"
#include "options.h"

/* Exit statuses; scripts know upstream's by number. */
enum {
	STATUS_OK = 0,
	STATUS_USAGE = 1,	/* usage errors and what upstream die()s of */
	STATUS_LOADED = 1,	/* of -S */
	STATUS_NO_RECORD = 1,	/* of --last-boot */
	STATUS_NO_FILE_LOAD = 253,	/* -s, but no kexec_file_load(2) */
	STATUS_NO_RESERVATION = 254,	/* -p without crashkernel= */
	STATUS_FAILED = 255,
};

struct kexec {
	struct options o;
	struct kx_arena arena;		/* everything below lives in it */
	struct kx_sources src;
	struct kx_target target;	/* of saved; fd 0 and no path: there is none */
	struct kx_saved saved;		/* what is to be put back, if o.req.saved */
	struct kx_saved_key *key;	/* of it, if it is encrypted */
	struct kx_saved_cipher cipher;
	struct kx_err err;
	bool hint;			/* point at --help below the error */
	int argc;			/* the command line */
	char **argv;
};

int verb_load(struct kexec *k);		/* -l; prints with --plan */
int verb_load_exec(struct kexec *k);	/* -f */
int verb_load_shutdown(struct kexec *k);	/* no action */
int verb_exec(struct kexec *k);
int verb_call(struct kexec *k);		/* --call; prints with --plan */
int verb_unload(struct kexec *k);
int verb_status(struct kexec *k);
int verb_ckr_size(struct kexec *k);
int verb_last_boot(struct kexec *k);
int verb_resume(struct kexec *k);	/* --resume-if-present */

/* verb-saved.c: before the machine is asked: is there an image to resume? */
bool resume_is_present(struct kexec *k);
/*
 * If req.kernel is a saved core, open it and let req.saved point to it.  Negative
 * errno if it is one that cannot be resumed, or a block device without one.
 */
KX_CHECKED int saved_input_open(struct kexec *k);
/* What memory that is put back is compared with: src.machine_note, x86.la57_possible. */
KX_CHECKED int saved_facts(struct kexec *k);
void saved_input_close(struct kexec *k);

/*
 * verb-load.c: open @in->path and map it, or read it into the arena.  @what names it
 * in errors, @max bounds it and @max_why says what set that bound.
 */
KX_CHECKED int input_read(struct kexec *k, struct kx_input *in, const char *what, uint64_t max,
			  const char *max_why);
void input_close(struct kx_input *in);
/* verb-load.c: print @plan as --plan asks, without it as text on standard error. */
KX_CHECKED int plan_show(struct kexec *k, const struct kx_plan *plan);

/* verb-load.c: open and read what the request names, and the seeds.  Close again. */
KX_CHECKED int inputs_read(struct kexec *k);
void inputs_close(struct kx_request *req);
KX_CHECKED int request_random(struct kexec *k);

/*
 * verb-keep.c, of a kernel that is kept by a snapshot: req.keep as it can be told now,
 * into @keep; the plan @plan of that, remembered for -e; and what -e does.
 */
KX_CHECKED int keep_estimate(struct kexec *k, struct kx_keep *keep);
int keep_remember(struct kexec *k, const struct kx_plan *plan);
int verb_keep(struct kexec *k);
/* verb-exec.c: a clock that counts what this kernel slept. */
double seconds_now(void);
/* verb-exec.c: somebody came back, from Linux @release ("" = unknown), after @seconds. */
int say_returned(struct kexec *k, const char *release, double seconds);

/* main.c: k->src of the machine that k->o names, weighed against k->o; a status. */
int kexec_machine_init(struct kexec *k);
/* Set k->err and return @status. */
int kexec_fail(struct kexec *k, int status, int code, const char *fmt, ...) KX_PRINTF(4, 5);
/* main.c: one line on standard error. */
void kexec_warn(const char *fmt, ...) KX_PRINTF(1, 2);
/* main.c: @t to standard output, or to standard error; -ENOMEM, -EIO. */
KX_CHECKED int kexec_print(const struct kx_text *t, bool to_stderr, struct kx_err *err);

#endif
