/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --load-preserve-context --context=snapshot: what -l remembers, and what -e does.
 *
 *	look at everything | other CPUs off | stop the processes | snapshot --+
 *	  +-------------------------------------------------------------------+
 *	  +-- pages to their areas | plan | load | enter the other kernel
 *	  +-- (put back by it, and resumed) go on
 *
 * The snapshot does not exist before -e, so -l makes a plan with an estimate of it,
 * to say what is wrong while somebody can do something about it, and leaves a mark
 * (sys/keeping.c).  Called by verb-load.c and verb-exec.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kx/core-headers.h"
#include "kx/gic.h"
#include "kx/keep-take.h"
#include "kx/sys.h"
#include "verb.h"

#define MIB		((uint64_t)1 << 20)
/* In use, the kernel's copy of it, and what is loaded: two beside the first. */
#define COPIES		2u
/* While everybody is stopped a page fault that finds no memory waits for ever. */
#define FREE_MIN	(16 * MIB)
#define FILE_COPIES	6u

/* ---- the load ------------------------------------------------------------------ */

/* A captured machine does not tell all, and neither does one's own to everybody. */
static int read_facts(struct kexec *k, struct kx_keep_facts *f)
{
	int r = kx_keep_facts_read(&k->src, &k->arena, f, &k->err);

	if (r == 0 || !k->o.plan || r == -ENOMEM)
		return r;
	kexec_warn("%s", k->err.text);
	k->err.code = 0;
	return kx_machine_note(&k->src, &k->arena, &f->machine, &k->err);
}

/*
 * A kernel that comes back does not set its LPI tables again, and those of the other one
 * are at home in its memory, whichever release that is: there the redistributors would
 * clear the bits of what seems to be pending.  (Seen: 6.1 put back by 6.1, and files in
 * the page cache changed.)  When it is to be put back it is too late.
 */
static int check_lpis(struct kexec *k, const struct kx_keep_facts *f)
{
	struct kx_bytes why;

	if (!kx_gic_tables_unknown(f->machine, &why))
		return 0;
	kx_err_set(&k->err, ENODATA, "this kernel could not be put back, for its LPI tables are not"
		   " known: %.*s", (int)why.len, (const char *)why.data);
	if (!k->o.plan)
		return -ENODATA;
	kexec_warn("%s", k->err.text);
	k->err.code = 0;
	return 0;
}

/* req.keep as @pages pages would be kept. */
static int estimate(struct kexec *k, const struct kx_keep_facts *f, uint64_t pages,
		    struct kx_keep *keep)
{
	struct kx_request *req = &k->o.req;
	const uint8_t *first = kx_arena_alloc(&k->arena, (size_t)k->src.page_size);
	int r;

	if (!first)
		return kx_err_set(&k->err, ENOMEM, "out of memory");
	*keep = (struct kx_keep){ .page_count = 0 };
	r = kx_keep_choose(req, &k->src, NULL, 0, k->src.page_size, pages, &k->arena, keep, &k->err);
	if (r < 0)
		return r;
	kx_keep_describe(f, NULL, (struct kx_bytes){ first, (size_t)k->src.page_size }, keep);
	req->keep = keep;
	return 0;
}

int keep_estimate(struct kexec *k, struct kx_keep *keep)
{
	struct kx_keep_facts f = { .context.source = CONTEXT_SOURCE_SNAPSHOT };
	struct kx_snapshot_memory m;
	uint64_t used;
	int r;

	kx_context_init(&f.context, &k->src);
	r = kx_snapshot_memory_read(&k->src, &k->arena, &m, &k->err);
	if (r == 0)
		r = read_facts(k, &f);
	if (r == 0)
		r = check_lpis(k, &f);
	if (r < 0)
		return r;
	/* -e drops what is cached if that is too much. */
	used = kx_snapshot_memory_used(&m);
	used -= used < m.cache ? used : m.cache;
	return estimate(k, &f, used / k->src.page_size, keep);
}

static int add_file(struct kexec *k, const struct kx_input *in, struct kx_keeping *v)
{
	return kx_keeping_stat(in->path, &v->file[v->file_count++], &k->err);
}

static int add_files(struct kexec *k, struct kx_keeping *v)
{
	struct kx_request *req = &k->o.req;
	int r;

	v->file = kx_arena_alloc(&k->arena, (req->initrd_count + 2) * sizeof(*v->file));
	if (!v->file)
		return kx_err_set(&k->err, ENOMEM, "out of memory");
	r = add_file(k, &req->kernel, v);
	for (size_t i = 0; r == 0 && i < req->initrd_count; i++)
		r = add_file(k, &req->initrd[i], v);
	if (r == 0 && req->dtb.path)
		r = add_file(k, &req->dtb, v);
	return r;
}

int keep_remember(struct kexec *k, const struct kx_plan *plan)
{
	struct kx_keeping v = {
		.release = plan->release ? plan->release : "", .argv = k->argv, .argc = k->argc,
	};
	struct kx_err left = { 0 };
	char *dir = getcwd(NULL, 0);

	if (!dir)
		return kexec_fail(k, STATUS_FAILED, errno, "cannot tell the working directory: %s",
				  strerror(errno));
	v.dir = kx_arena_strdup(&k->arena, dir);
	free(dir);
	if (!v.dir)
		return kexec_fail(k, STATUS_FAILED, ENOMEM, "out of memory");
	if (add_files(k, &v) < 0 || kx_commit_keep(plan, &v, &left, &k->err) < 0)
		return STATUS_FAILED;
	if (left.code)
		kexec_warn("remembered for -e, but: %s", left.text);
	return STATUS_OK;
}

/* ---- before anything is stopped -------------------------------------------------- */

/* All of -e.  What changes after the snapshot is not so when this kernel is back. */
struct taking {
	struct kexec in;		/* what -l was told */
	struct kx_keeping keeping;
	struct kx_keep_facts facts;
	struct kx_cpus cpus;		/* that are offline */
	struct kx_snapshot snapshot;
	struct kx_snapshot_index index;
	struct kx_keep keep;
	struct kx_plan plan;
	bool resumed;
};

static int read_mark(struct kexec *k, struct taking *t)
{
	bool set;
	int r = kx_keeping_read(k->src.root, &t->in.arena, &set, &t->keeping, &k->err);

	if (r == 0 && !set)
		r = kx_err_set(&k->err, EINVAL, "Nothing has been loaded!");
	if (r == 0 && chdir(t->keeping.dir) < 0)
		r = kx_err_set(&k->err, errno, "'%s', where this was loaded from: %s",
			       t->keeping.dir, strerror(errno));
	return r == 0 ? kx_keeping_check(&t->keeping, &k->err) : r;
}

/* As if it was on our command line. */
static int read_request(struct taking *t)
{
	struct kexec *in = &t->in;

	in->argc = t->keeping.argc;
	in->argv = t->keeping.argv;
	if (options_parse(in->argc, in->argv, &in->o, &in->err) < 0)
		return kx_err_wrap(&in->err, "what --load-preserve-context was told");
	in->o.verb = VERB_LOAD;
	/* The machine may say more than it did then, and less. */
	in->o.req.context = KX_PRESERVE_SNAPSHOT;
	in->o.req.sha256 = kx_sha256_engine();
	if (kexec_machine_init(in) != STATUS_OK)
		return -EIO;
	if (!in->src.has_cap_boot)
		return kx_err_set(&in->err, EPERM, "entering a kernel needs CAP_SYS_BOOT: run kexec as"
				  " root");
	return kx_preserve_choose(&in->o.req, &in->src, &in->err);
}

/* Would the device open?  It cannot stay so: no CPU goes offline meanwhile. */
static int check_device(struct taking *t)
{
	int r = kx_snapshot_open(&t->snapshot, &t->in.src, &t->in.err);

	kx_snapshot_close(&t->snapshot);
	return r;
}

static int check_room(struct taking *t, uint64_t *ret_used)
{
	struct kexec *in = &t->in;
	struct kx_snapshot_memory m;
	int r = kx_snapshot_memory_read(&in->src, &in->arena, &m, &in->err);

	if (r < 0)
		return r;
	if (!kx_snapshot_memory_fits(&m, 0, COPIES)) {
		kexec_warn("%" PRIu64 " MiB are in use and %" PRIu64 " MiB free: dropping caches",
			   kx_snapshot_memory_used(&m) / MIB, m.free / MIB);
		if (kx_snapshot_drop_caches(&in->err) < 0)
			kexec_warn("%s", in->err.text);
		in->err.code = 0;
		r = kx_snapshot_memory_read(&in->src, &in->arena, &m, &in->err);
		if (r < 0)
			return r;
	}
	*ret_used = kx_snapshot_memory_used(&m);
	if (!kx_snapshot_memory_fits(&m, 0, COPIES))
		return kx_err_set(&in->err, ENOMEM, "memory: expected twice as much free as is in use,"
				  " for the kernel's copy and for what is loaded: %" PRIu64 " MiB are in"
				  " use, %" PRIu64 " MiB free", *ret_used / MIB, m.free / MIB);
	return 0;
}

/*
 * The plan, with an estimate of what is kept.  Its memory must be free again: it would
 * be in the snapshot.
 */
static int check_plan(struct taking *t, uint64_t used)
{
	struct kexec now = t->in;
	struct kx_plan plan = { .differences = NULL };
	struct kx_keep keep;
	int r;

	kx_arena_init(&now.arena);
	r = inputs_read(&now);
	if (r == 0)
		r = request_random(&now);
	if (r == 0)
		r = estimate(&now, &t->facts, used / now.src.page_size, &keep);
	if (r == 0)
		r = kx_plan_build(&now.o.req, &now.src, &now.arena, &plan, &now.err);
	if (r == 0)
		r = kx_commit_may_load(&plan, &now.err);
	/* A full or closed standard error is no reason not to go on. */
	if (r == 0 && now.o.req.debug && plan_show(&now, &plan) < 0)
		now.err.code = 0;
	inputs_close(&now.o.req);
	kx_arena_deinit(&now.arena);
	t->in.err = now.err;
	return r;
}

static int check(struct taking *t)
{
	struct kexec *in = &t->in;
	uint64_t used;
	int r;

	r = kx_core_facts_read(&in->src, &in->arena, &in->err);
	if (r == 0)
		r = kx_keep_facts_read(&in->src, &in->arena, &t->facts, &in->err);
	in->src.machine_note = t->facts.machine;
	/* More of the log may be gone than at the load. */
	if (r == 0)
		r = check_lpis(in, &t->facts);
	if (r == 0)
		r = check_device(t);
	if (r == 0)
		r = check_room(t, &used);
	return r == 0 ? check_plan(t, used) : r;
}

/* ---- with everybody stopped --------------------------------------------------------- */

static int check_free(struct taking *t, struct kx_err *err)
{
	uint64_t need = t->index.head.data_pages * t->index.head.page_size + FREE_MIN;
	struct kx_snapshot_memory m;
	int r = kx_snapshot_memory_read(&t->in.src, &t->in.arena, &m, err);

	if (r == 0 && m.free < need)
		return kx_err_set(err, ENOMEM, "memory: expected %" PRIu64 " MiB free to load the"
				  " snapshot from, have %" PRIu64, need / MIB, m.free / MIB);
	return r;
}

/*
 * The kernel's copy has been read.  Letting it go starts the kernel's threads again,
 * and one of a journal could write what the snapshot knows nothing of: so only where
 * its memory is needed.  For files: as read, unpacked, placed and loaded.
 */
static int make_room(struct taking *t, struct kx_err *err)
{
	uint64_t need = t->keep.page_count * t->keep.page_size + FREE_MIN;
	struct kx_snapshot_memory m;
	int r = kx_snapshot_memory_read(&t->in.src, &t->in.arena, &m, err);

	for (size_t i = 0; i < t->keeping.file_count; i++)
		need += FILE_COPIES * t->keeping.file[i].size;
	return r == 0 && m.free < need ? kx_snapshot_discard(&t->snapshot, err) : r;
}

/* The snapshot into t->keep. */
static int fill(struct taking *t, struct kx_err *err)
{
	struct kexec *in = &t->in;
	struct kx_snapshot_index *x = &t->index;
	struct kx_keep *keep = &t->keep;
	int r;

	r = kx_snapshot_index_read(&t->snapshot, t->facts.context.machine, in->src.page_size, x, err);
	if (r == 0)
		r = check_free(t, err);
	if (r == 0)
		r = kx_keep_choose(&in->o.req, &in->src, x->frames.run, x->frames.n,
				   x->head.page_size, x->frames.frames, &in->arena, keep, err);
	if (r < 0)
		return r;
	kx_keep_describe(&t->facts, &x->head, x->first, keep);
	r = kx_keep_fill(&t->snapshot, x, keep, err);
	return r == 0 ? make_room(t, err) : r;
}

static int build(struct taking *t)
{
	struct kexec *in = &t->in;
	int r = request_random(in);

	in->o.req.keep = &t->keep;
	return r == 0 ? kx_plan_build(&in->o.req, &in->src, &in->arena, &t->plan, &in->err) : r;
}

/* Nothing is loaded, and -e would do it all again. */
static void undo_load(struct taking *t)
{
	struct kx_err left = { 0 }, err = { 0 };

	if (kx_commit_unload(&t->in.src, false, KX_CALL_LOAD, &left, &err) < 0)
		kexec_warn("the kernel is still loaded: %s", err.text);
	else if (kx_keeping_write(t->in.src.root, &t->keeping, &err) < 0)
		kexec_warn("%s", err.text);
}

/* Returns only on failure: who comes back, comes back from kx_snapshot_create(). */
static int enter(struct taking *t)
{
	/* A sync would write what the snapshot takes for written already. */
	const struct kx_exec_options x = { .no_sync = true, .no_ifdown = true };
	struct kexec *in = &t->in;
	struct kx_err left = { 0 };
	enum kx_call call;
	int r;

	r = kx_commit_load(&t->plan, &call, &left, &in->err);
	if (r < 0)
		return r;
	in->src.kexec_loaded = (struct kx_opt_u64){ true, 1 };
	r = kx_commit_exec(&in->src, &x, &in->err);
	undo_load(t);
	return r < 0 ? r : kx_err_set(&in->err, EIO, "the other kernel was not entered");
}

static int take(struct taking *t)
{
	struct kx_err *err = &t->in.err;
	int r = kx_snapshot_freeze(&t->snapshot, err);

	if (r == 0)
		r = kx_snapshot_create(&t->snapshot, &t->resumed, err);
	if (r < 0 || t->resumed)
		return r;
	r = fill(t, err);
	if (r == 0)
		r = build(t);
	return r == 0 ? enter(t) : r;
}

/* ---- all of it ----------------------------------------------------------------------- */

/*
 * arm64's machine_shutdown() takes all other CPUs offline itself, which must not fail
 * (a BUG if more than one remains) and does while /dev/snapshot is open.
 */
static int stop_cpus(struct taking *t)
{
	return t->in.src.machine == KX_MACHINE_ARM64 ?
		kx_cpus_offline(&t->in.arena, &t->cpus, &t->in.err) : 0;
}

static int stop_and_take(struct taking *t)
{
	struct kx_err *err = &t->in.err, left;
	sigset_t before;
	int r;

	kx_snapshot_block_signals(&before);
	r = stop_cpus(t);
	if (r == 0)
		r = kx_snapshot_open(&t->snapshot, &t->in.src, err);
	if (r == 0)
		r = inputs_read(&t->in);
	/*
	 * A page of ours, or of what was mapped just now, that is not in memory would be
	 * read from a filesystem; and that may need one who is stopped: FUSE, or
	 * freezable workqueues (btrfs).
	 */
	if (r == 0 && mlockall(MCL_CURRENT) < 0)
		r = kx_err_set(err, errno, "cannot lock memory: %s", strerror(errno));
	if (r == 0)
		r = take(t);
	kx_snapshot_close(&t->snapshot);
	if (kx_cpus_online(&t->cpus, &left) < 0)
		kexec_warn("%s", left.text);
	munlockall();
	inputs_close(&t->in.o.req);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

static int returned(struct kexec *k, struct taking *t, double seconds)
{
	struct kx_err left = { 0 };

	t->keeping.times++;
	if (kx_keeping_write(k->src.root, &t->keeping, &left) < 0)
		kexec_warn("%s", left.text);
	return say_returned(k, t->keeping.release, seconds);
}

int verb_keep(struct kexec *k)
{
	struct taking t = { .snapshot = { .fd = -1, .kmsg = -1 } };
	double start;
	int r, status = STATUS_FAILED;

	kx_arena_init(&t.in.arena);
	r = read_mark(k, &t);
	if (r == 0) {
		r = read_request(&t);
		if (r == 0)
			r = check(&t);
		start = seconds_now();
		if (r == 0)
			r = stop_and_take(&t);
		if (r == 0)
			status = returned(k, &t, seconds_now() - start);
		else
			k->err = t.in.err;
	}
	kx_arena_deinit(&t.in.arena);
	return status;
}
