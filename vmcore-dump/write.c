// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes a dump (write.h): looks at all pages, sees whether there is room, writes, and
 * gives it its name when it is on the disk.  Where it gets too long the next level is
 * tried, and the last one leaves what there was room for.  Called by main.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "kx/core-file.h"
#include "plain-kdump.h"
#include "write-parts.h"

static int request_check(const struct write_request *r, struct kx_err *err)
{
	if (!r->level_count || r->level_count > WRITE_LEVELS_MAX)
		return kx_err_set(err, EINVAL, "expected 1 to %u levels, have %zu", WRITE_LEVELS_MAX,
				  r->level_count);
	if (!r->target_count && !r->estimate)
		return kx_err_set(err, EINVAL, "expected a target, have none");
	if (r->target_count > 1 && r->format == WRITE_ELF)
		return kx_err_set(err, EINVAL, "expected one target of an ELF core, have %zu",
				  r->target_count);
	for (size_t i = 0; r->target_count > 1 && i < r->target_count; i++)
		if (!strcmp(r->target[i], "-"))
			return kx_err_set(err, EINVAL, "expected files to split a dump into, have -");
	for (size_t i = 0; i < r->target_count; i++)
		for (size_t k = 0; k < i; k++)
			if (!strcmp(r->target[i], r->target[k]))
				return kx_err_set(err, EINVAL, "expected different files to split a"
						  " dump into, have %s twice", r->target[i]);
	return 0;
}

static unsigned int threads_of(const struct write_request *r)
{
	cpu_set_t set;

	if (r->threads)
		return r->threads;
	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned int)CPU_COUNT(&set) : 1;
}

/* ---- looking --------------------------------------------------------------------------- */

/* The core as it can be read fastest.  A saved one is unpacked as it is read. */
static int core_init(struct write *w, struct kx_err *err)
{
	struct dump *d = w->d;

	w->core = d->core;
	if (d->core.file.read != kx_core_fd_read)
		return 0;
	return kx_core_file_open(d->fd, d->file_len, KX_CORE_BEST, &w->core.file, err);
}

/* Does what was found agree with what the kernel says of itself? */
static void self_check(struct write *w)
{
	struct write_map *m = &w->map;
	struct write_report *p = w->report;
	struct kx_err none;

	if (!m->knows || !(m->level & ~KX_LEVEL_ZERO))
		return;
	p->doubt = m->pages.doubt;
	p->free_found = m->kind[KX_PAGE_FREE];
	if (kx_pages_free_expected(&m->va, w->d->vmcoreinfo, w->d->arena, &p->free_counted, &none) < 0)
		p->free_counted = 0;
}

static int look(struct write *w, unsigned int level, struct kx_err *err)
{
	struct write_guess g = { 0 };
	struct write_map *m = &w->map;
	struct write_report *p = w->report;
	int r = write_map_level(m, level, err);

	for (uint64_t first = 0; r == 0 && first < m->max_pfn; first += m->room) {
		if (write_map_empty(m, first))
			continue;
		r = write_map_load(m, first, true, err);
		if (r == 0)
			r = write_guess_add(&g, w, err);
	}
	if (r < 0)
		return r;
	p->page_size = m->page_size;
	p->pages = m->total;
	p->absent = m->absent;
	p->kept = m->total_kept;
	p->level = level;
	p->guess = write_guess_len(&g, w);
	p->zero = p->lost = p->bytes = 0;
	self_check(w);
	for (size_t i = 0; i < sizeof(p->dropped) / sizeof(p->dropped[0]); i++)
		p->dropped[i] = kx_page_dropped((enum kx_page_kind)i, level) ? m->kind[i] : 0;
	return 0;
}

/* ---- writing --------------------------------------------------------------------------- */

struct targets {
	struct write_target *t;
	bool *opens;			/* what is there is a dump */
	size_t count;
};

static int one_write(struct write *w, struct targets *to, size_t i, struct kx_err *err)
{
	const struct write_request *r = w->r;
	const struct write_target *t = &to->t[i];
	struct write_sink sink;
	struct write_file f = {
		.w = w, .sink = &sink, .split = to->count > 1,
		.start_pfn = write_map_part(&w->map, i, to->count),
		.end_pfn = write_map_part(&w->map, i + 1, to->count),
	};
	bool flat = r->flat || t->place == WRITE_PIPE;
	int rc;

	for (uint64_t b = f.start_pfn >> w->map.bucket_shift;
	     b < WRITE_BUCKETS && b << w->map.bucket_shift < f.end_pfn; b++)
		f.pages += w->map.bucket[b];
	to->opens[i] = false;
	rc = write_target_restart(t, err);
	if (rc < 0)
		return rc;
	rc = write_sink_init(&sink, t, flat, r->limit ? r->limit : UINT64_MAX, err);
	if (rc == 0)
		rc = (r->format == WRITE_ELF ? write_elf : write_kdump)(&f, &to->opens[i], err);
	w->report->bytes += sink.bytes;
	write_sink_deinit(&sink);
	return rc;
}

/* All targets, also behind one that is full: they may be elsewhere. */
static int all_write(struct write *w, struct targets *to, struct kx_err *err)
{
	struct kx_err why;
	int full = 0, r = 0;

	w->done_pages = 0;
	/* What another level left is none of this one's. */
	memset(to->opens, 0, to->count * sizeof(*to->opens));
	for (size_t i = 0; i < to->count && (r == 0 || r == -ENOSPC); i++) {
		r = one_write(w, to, i, &why);
		if (r < 0 && full == 0)
			*err = why;
		full = full ? full : r;
	}
	return r < 0 && r != -ENOSPC ? r : full;
}

static bool all_files(const struct targets *to)
{
	for (size_t i = 0; i < to->count; i++)
		if (to->t[i].place == WRITE_PIPE)
			return false;
	return true;
}

/* By the sample it will not fit: there is another level, so do not even begin. */
static bool too_long(const struct write *w, const struct targets *to)
{
	uint64_t most = w->r->limit ? w->r->limit : UINT64_MAX;

	for (size_t i = 0; i < to->count; i++) {
		uint64_t room = write_target_room(&to->t[i]);

		most = room < most ? room : most;
	}
	/* Half more, because it is a sample: packing it all tells for sure. */
	return most < UINT64_MAX && w->report->guess / to->count / 3 * 2 > most;
}

static int levels_try(struct write *w, struct targets *to, struct kx_err *err)
{
	const struct write_request *r = w->r;
	int rc = 0;

	for (size_t i = 0; i < r->level_count; i++) {
		bool last = i + 1 == r->level_count || !all_files(to);

		rc = look(w, r->level[i], err);
		if (rc < 0 || r->estimate)
			return rc;
		if (!last && too_long(w, to))
			continue;
		w->started = w->said = write_now();
		rc = all_write(w, to, err);
		write_progress_end(w);
		if (rc != -ENOSPC || last)
			break;
	}
	return rc;
}

/* What opens gets its name, each for itself; the rest goes away. */
static int names_give(struct write *w, struct targets *to, int rc, struct kx_err *err)
{
	struct kx_err why;
	int r = 0;

	for (size_t i = 0; i < to->count; i++) {
		if (rc < 0 && !to->opens[i])
			continue;
		w->report->incomplete |= rc < 0;
		if (write_target_commit(&to->t[i], rc == 0, w->d->arena, &why) == 0)
			continue;
		if (rc < 0 || r < 0)
			kx_err_wrap(err, "%s", why.text);
		else
			*err = why;
		r = r < 0 ? r : -why.code;
	}
	return rc < 0 ? rc : r;
}

static bool is_cut(const struct write *w)
{
	return w->map.cut_len || (w->d->flat && !w->d->flat->ended);
}

/* Does the core say of itself that it lacks something? */
static bool is_partial(const struct dump *d)
{
	if (d->kdump)
		return d->kdump->kdump.status & KX_KDUMP_STATUS_INCOMPLETE;
	return d->core.flags & KX_CORE_INCOMPLETE;
}

/* All there was is written, and says that it is not all; so does the exit status. */
static int cut_say(const struct write *w, struct kx_err *err)
{
	const struct write_map *m = &w->map;

	if (!m->cut_len)
		return kx_err_set(err, ENODATA, "%s: it was cut off: expected a flattened file with a"
				  " last record, have none; the dump says that it is incomplete",
				  w->d->path);
	return kx_err_set(err, ENODATA, "%s: it was cut off: 0x%" PRIx64 " bytes of memory are"
			  " missing, the first at physical address 0x%" PRIx64
			  "; the dump says that it is incomplete", w->d->path, m->cut_len, m->cut_pa);
}

/* Its numbers are what one needs then. */
static void full_wrap(const struct write *w, struct kx_err *err)
{
	const struct write_report *p = w->report;

	kx_err_wrap(err, "%" PRIu64 " of %" PRIu64 " pages were written, all would take about %"
		    PRIu64 " bytes%s", w->done_pages, p->kept, p->guess,
		    p->incomplete ? "; what is there opens as an incomplete dump" : "");
}

static int targets_open(struct write *w, struct targets *to, struct kx_err *err)
{
	const struct write_request *r = w->r;
	int rc = 0;

	to->t = kx_arena_alloc(w->d->arena, (r->target_count + 1) * sizeof(*to->t));
	to->opens = kx_arena_alloc(w->d->arena, r->target_count + 1);
	if (!to->t || !to->opens)
		return kx_err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; rc == 0 && !r->estimate && i < r->target_count; i++) {
		rc = write_target_open(&to->t[i], r->target[i], r, w->d->fd, w->d->arena, err);
		to->count += rc == 0;
	}
	return rc;
}

static int prepare(struct write *w, struct targets *to, struct kx_err *err)
{
	const struct write_request *r = w->r;
	uint64_t memory = r->memory ? r->memory : WRITE_MEMORY;
	bool elf = r->format == WRITE_ELF;
	int rc;

	rc = request_check(r, err);
	if (rc == 0)
		rc = core_init(w, err);
	/* A quarter of it to know which pages, the rest to pack them. */
	if (rc == 0)
		rc = write_map_init(&w->map, w->d, &w->core, memory / 4, elf, w->d->arena, err);
	if (rc == 0)
		rc = write_pool_new(&w->pool, &w->core, w->map.page_size,
				    elf ? KX_PAGE_RAW : r->codec, elf ? 1 : threads_of(r),
				    memory - memory / 4, err);
	return rc < 0 ? rc : targets_open(w, to, err);
}

int write_run(struct dump *d, const struct write_request *r, struct write_report *ret,
	      struct kx_err *err)
{
	struct write_report report = { 0 };
	struct write w = {
		.d = d, .r = r, .report = &report,
		.shows = !r->quiet && isatty(STDERR_FILENO),
	};
	struct targets to = { 0 };
	double start = write_now();
	int rc;

	/* A limit of file length is a full disk: what is there gets its flags and its name. */
	signal(SIGXFSZ, SIG_IGN);
	rc = prepare(&w, &to, err);
	report.partial = is_partial(d);
	w.partial = is_cut(&w) || report.partial;
	if (rc == 0) {
		rc = levels_try(&w, &to, err);
		report.threads = write_pool_threads(w.pool);
		rc = names_give(&w, &to, rc, err);
	}
	if (rc == -ENOSPC)
		full_wrap(&w, err);
	if (rc == 0 && !r->estimate && is_cut(&w)) {
		report.incomplete = true;
		rc = cut_say(&w, err);
	}
	for (size_t i = 0; i < to.count; i++)
		write_target_close(&to.t[i]);
	write_pool_free(w.pool);
	if (w.core.file.done && w.core.file.ctx != d->core.file.ctx)
		w.core.file.done(w.core.file.ctx);
	report.seconds = write_now() - start;
	if (rc == 0 || report.incomplete)
		*ret = report;
	return rc;
}
