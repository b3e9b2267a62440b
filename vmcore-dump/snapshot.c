// SPDX-License-Identifier: GPL-2.0-only
/*
 * --snapshot: save the running system to a target, and end it, or go on.  Called
 * by main.c.
 *
 *	look at everything | stop the processes | snapshot --+-- write | --then
 *							      |
 *		a later boot of this machine, resumed: -------+-- mark | go on
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "snapshot.h"

/* The user's key, and what encrypts with it. */
struct secret {
	struct kx_saved_key *key;
	struct kx_saved_cipher cipher;
};

static void secret_forget(struct secret *s)
{
	kx_saved_cipher_deinit(&s->cipher);
	kx_saved_key_free(s->key);
	s->key = NULL;
}

static int secret_init(struct secret *s, const char *spec, struct kx_err *err)
{
	int r;

	if (!spec)
		return 0;
	r = kx_saved_key_load(spec, &s->key, err);
	if (r == 0)
		r = kx_saved_cipher_init(&s->cipher, s->key, err);
	return r < 0 ? kx_err_wrap(err, "--encrypt") : 0;
}

/* ---- before --------------------------------------------------------------------------- */

static int prepare(const struct options *o, struct snapshot_facts *f, struct target *t,
		   struct kx_snapshot *s, struct image *im, struct secret *secret,
		   struct kx_arena *a, struct kx_err *err)
{
	int r;

	if (geteuid() != 0)
		return kx_err_set(err, EPERM, "--snapshot: expected to be root, am not");
	r = secret_init(secret, o->key, err);
	if (r == 0)
		r = snapshot_facts_read(f, a, err);
	if (r == 0)
		r = kx_snapshot_open(s, &f->s, err);
	if (r == 0)
		r = target_open(t, o->path, f->machine, a, err);
	if (r == 0)
		r = snapshot_check_target(t, o->force, err);
	if (r == 0)
		r = image_init(im, t, f, o->codec, o->key ? &secret->cipher : NULL, a, err);
	if (r == 0)
		r = snapshot_check_room(f, t, o->codec, a, err);
	/* A page of ours that is not in memory would be read from a filesystem. */
	if (r == 0 && mlockall(MCL_CURRENT) < 0)
		r = kx_err_set(err, errno, "cannot lock memory: %s", strerror(errno));
	return r;
}

/* One would end us while the others are stopped.  Those of a fault still do. */
static void block_signals(sigset_t *before)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
	sigset_t all;

	sigfillset(&all);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&all, faults[i]);
	sigprocmask(SIG_SETMASK, &all, before);
}

/* ---- after it was written ----------------------------------------------------------------- */

/*
 * From here on the disks go on without the image: resumed, it would write to
 * them what it remembers.
 */
static int go_on(struct image *im, struct kx_err *err)
{
	int r;

	if (im->target->kind == TARGET_STREAM)
		return 0;
	r = image_consume(im, err);
	return r < 0 ? kx_err_wrap(err, "%s: cannot mark the image, which must not be resumed",
				   im->target->path) : 0;
}

#define SAVED_FORMAT	"saved %" PRIu64 " pages, %" PRIu64 " of them zeros, in %" PRIu64	\
			" MiB on %s"
#define SAVED_VALUES(im)	(im)->head.page_count, (im)->head.zero_pages,			\
			(im)->head.length >> 20, (im)->target->path

static int finish(const struct options *o, struct image *im, struct kx_err *err)
{
	struct kx_err mark = { 0 };
	int r;

	if (o->then == THEN_CONTINUE)
		return go_on(im, err);
	say_stopped(SAVED_FORMAT, SAVED_VALUES(im));
	say_stopped("%s", o->then == THEN_REBOOT ? "restarting" : "powering off");
	say_drain();
	r = kx_snapshot_end(o->then == THEN_REBOOT, err);
	if (go_on(im, &mark) < 0)
		r = kx_err_wrap(err, "%s", mark.text);
	return r;
}

/* Before the others run, and write to the disks. */
static int mark_resumed(struct image *im, struct kx_err *err)
{
	int r = 0;

	target_forget(im->target);
	if (im->target->kind != TARGET_STREAM)
		r = image_consume(im, err);
	return r < 0 ? kx_err_wrap(err, "%s: this system was resumed, but cannot mark the image so",
				   im->target->path) : 0;
}

/*
 * When everybody goes on.  For how long it slept the clock of who resumed it says:
 * this kernel's may go by a counter that a restart has set to zero (arm64).
 */
static void tell(bool resumed, const struct image *im)
{
	const struct saved_head *h = &im->head;

	if (!resumed)
		say(SAVED_FORMAT, SAVED_VALUES(im));
	else if (!*h->resumed_by)
		say("resumed; who did it has not left its name");
	else if (h->resumed < h->created)
		say("resumed by Linux %s, whose clock is before that of the snapshot",
		    h->resumed_by);
	else
		say("resumed by Linux %s after %" PRIu64 " s", h->resumed_by,
		    h->resumed - h->created);
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* With everybody stopped.  Whatever it returns, they are to go on. */
static int save(const struct options *o, struct kx_snapshot *s, struct image *im,
		struct secret *secret, bool *ret_resumed, struct kx_err *err)
{
	int r;

	r = kx_snapshot_create(s, ret_resumed, err);
	if (r < 0)
		return r;
	if (*ret_resumed) {
		/* It was in our memory, and so in the image: encrypted with itself. */
		secret_forget(secret);
		return mark_resumed(im, err);
	}
	r = image_write(im, s, err);
	return r == 0 ? finish(o, im, err) : r;
}

int snapshot_run(const struct options *o, struct kx_arena *a, struct kx_err *err)
{
	struct kx_snapshot s = { .fd = -1, .kmsg = -1 };
	struct target t = { .fd = -1, .file_fd = -1 };
	struct secret secret = { .key = NULL };
	struct snapshot_facts f;
	bool resumed = false;
	struct image im;
	sigset_t before;
	int r, status = STATUS_FAILED;

	r = prepare(o, &f, &t, &s, &im, &secret, a, err);
	if (r == 0) {
		block_signals(&before);
		r = kx_snapshot_freeze(&s, err);
		if (r == 0) {
			status = STATUS_UNDONE;
			r = save(o, &s, &im, &secret, &resumed, err);
		}
		kx_snapshot_close(&s);
		sigprocmask(SIG_SETMASK, &before, NULL);
		if (r == 0 || resumed)
			tell(resumed, &im);
	}
	kx_snapshot_close(&s);
	target_forget(&t);
	target_close(&t);
	secret_forget(&secret);
	return r < 0 ? status : STATUS_OK;
}
