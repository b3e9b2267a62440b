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

#include "kx/keep-take.h"
#include "kx/sys.h"
#include "snapshot.h"

#define RESUMING	"run/kexec-tools/resuming"

/* All of it.  What changes after the snapshot is not so for who is resumed. */
struct saving {
	const struct options *o;
	struct kx_arena *arena;
	struct secret secret;
	struct snapshot_facts facts;
	struct kx_cpus cpus;		/* that are offline */
	struct kx_snapshot snapshot;
	struct target target;
	struct image image;
	sigset_t signals;		/* that were blocked before */
	bool resumed;
};

/* ---- before --------------------------------------------------------------------------- */

/*
 * --then=kexec enters what is loaded, which has to be there, and must not come back: the
 * image would be of a kernel that went on.
 */
static int check_loaded(const struct kx_sources *s, struct kx_err *err)
{
	if (s->kexec_loaded.known && !s->kexec_loaded.value)
		return kx_err_set(err, EINVAL, "--then=kexec: expected a kernel that is loaded (kexec -l),"
				  " have none");
	if (s->returning.kind != KX_RETURNING_NONE)
		return kx_err_set(err, EINVAL, "--then=kexec: what is loaded returns to this kernel:"
				  " expected one that does not");
	/* kexec -e would mark its image first, on a disk that is not ours to write to then. */
	if (kx_root_exists(s->root, RESUMING))
		return kx_err_set(err, EINVAL, "--then=kexec: expected a kernel that starts, a saved core"
				  " is loaded (/" RESUMING ")");
	return 0;
}

/*
 * The other CPUs of arm64 have to be offline before it enters another kernel, and
 * none goes offline while /dev/snapshot is open.
 */
static int stop_cpus(struct saving *v, struct kx_err *err)
{
	int r;

	if (v->o->then != THEN_KEXEC || v->facts.s.machine != KX_MACHINE_ARM64)
		return 0;
	kx_snapshot_close(&v->snapshot);
	r = kx_cpus_offline(v->arena, &v->cpus, err);
	return r == 0 ? kx_snapshot_open(&v->snapshot, &v->facts.s, err) : r;
}

static int prepare(struct saving *v, struct kx_err *err)
{
	const struct options *o = v->o;
	struct snapshot_facts *f = &v->facts;
	int r;

	if (geteuid() != 0)
		return kx_err_set(err, EPERM, "--snapshot: expected to be root, am not");
	r = secret_init(&v->secret, o->key, err);
	if (r == 0)
		r = snapshot_facts_read(f, v->arena, err);
	if (r == 0 && o->then == THEN_KEXEC)
		r = check_loaded(&f->s, err);
	if (r == 0)
		r = kx_snapshot_open(&v->snapshot, &f->s, err);
	if (r == 0)
		r = target_open(&v->target, o->path, FOR_SNAPSHOT, f->machine, v->arena, err);
	if (r == 0)
		r = snapshot_check_target(&v->target, o->force, err);
	if (r == 0)
		r = image_init(&v->image, &v->target, f->context.machine, o->codec,
			       v->secret.key ? &v->secret.cipher : NULL, v->arena, err);
	if (r == 0)
		r = snapshot_check_room(f, &v->target, o->codec, v->arena, err);
	if (r < 0)
		return r;
	kx_snapshot_block_signals(&v->signals);
	r = stop_cpus(v, err);
	/* A page of ours that is not in memory would be read from a filesystem. */
	if (r == 0 && mlockall(MCL_CURRENT) < 0)
		r = kx_err_set(err, errno, "cannot lock memory: %s", strerror(errno));
	return r;
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

static const struct {
	enum kx_snapshot_end how;
	const char *say;
} endings[] = {
	[THEN_POWEROFF] = { KX_END_POWEROFF, "powering off" },
	[THEN_REBOOT] = { KX_END_REBOOT, "restarting" },
	[THEN_KEXEC] = { KX_END_KEXEC, "entering the kernel that is loaded" },
};

static int finish(struct saving *v, struct kx_err *err)
{
	struct image *im = &v->image;
	struct kx_err mark = { 0 };
	int r;

	if (v->o->then == THEN_CONTINUE)
		return go_on(im, err);
	say_stopped(SAVED_FORMAT, SAVED_VALUES(im));
	say_stopped("%s", endings[v->o->then].say);
	say_drain();
	r = kx_snapshot_end(endings[v->o->then].how, err);
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
static int save(struct saving *v, struct kx_err *err)
{
	int r;

	r = kx_snapshot_create(&v->snapshot, &v->resumed, err);
	if (r < 0)
		return r;
	if (v->resumed) {
		/* It was in our memory, and so in the image: encrypted with itself. */
		secret_forget(&v->secret);
		return mark_resumed(&v->image, err);
	}
	r = image_write_snapshot(&v->image, &v->facts, &v->snapshot, err);
	return r == 0 ? finish(v, err) : r;
}

/* Everything as it was, but for the words. */
static void let_go(struct saving *v)
{
	struct kx_err left = { 0 };

	kx_snapshot_close(&v->snapshot);
	if (kx_cpus_online(&v->cpus, &left) < 0)
		say("%s", left.text);
	v->cpus.n = 0;
}

int snapshot_run(const struct options *o, struct kx_arena *a, struct kx_err *err)
{
	struct saving v = {
		.o = o, .arena = a, .snapshot = { .fd = -1, .kmsg = -1 },
		.target = { .fd = -1, .file_fd = -1 },
	};
	int r, status = STATUS_FAILED;

	sigprocmask(SIG_SETMASK, NULL, &v.signals);
	r = prepare(&v, err);
	if (r == 0) {
		r = kx_snapshot_freeze(&v.snapshot, err);
		if (r == 0) {
			status = STATUS_UNDONE;
			r = save(&v, err);
		}
	}
	let_go(&v);
	sigprocmask(SIG_SETMASK, &v.signals, NULL);
	if (status == STATUS_UNDONE && (r == 0 || v.resumed))
		tell(v.resumed, &v.image);
	target_forget(&v.target);
	target_close(&v.target);
	secret_forget(&v.secret);
	return r < 0 ? status : STATUS_OK;
}
