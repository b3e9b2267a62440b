// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one sees of a dump that is written: progress on a terminal, and at the end what
 * was done.  Called by the writers and by main.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "write-parts.h"

/* A serial console takes a tenth of a second for a line. */
#define PAUSE		1.0
#define MIB		(1024.0 * 1024.0)

double write_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void write_progress(struct write *w)
{
	uint64_t all = w->map.total_kept, done = w->done_pages < all ? w->done_pages : all;
	double now, rate;

	if (!w->shows)
		return;
	now = write_now();
	if (now - w->said < PAUSE)
		return;
	w->said = now;
	rate = (double)done / (now - w->started);
	fprintf(stderr, "\rvmcore-dump: %3.0f%% of %.0f MiB, %.0f MiB/s, %.0f s left   ",
		all ? 100.0 * (double)done / (double)all : 100.0,
		(double)all * (double)w->map.page_size / MIB, rate * (double)w->map.page_size / MIB,
		rate > 0 ? (double)(all - done) / rate : 0.0);
}

void write_progress_end(struct write *w)
{
	if (w->shows && w->said > w->started)
		fprintf(stderr, "\r%*s\r", 72, "");
}

static void pages_line(struct kx_text *t, const char *what, uint64_t pages, uint64_t size)
{
	kx_text_add(t, "%-22s %12" PRIu64 " pages %10.1f MiB\n", what, pages,
		    (double)pages * (double)size / MIB);
}

/* CPUs count for themselves for a while. */
static bool differs(uint64_t found, uint64_t counted)
{
	uint64_t more = found > counted ? found - counted : counted - found;

	return more > counted / 20;
}

static void check_lines(struct kx_text *t, const struct write_report *p)
{
	for (size_t i = 0; p->doubt && p->doubt[i]; i++)
		kx_text_add(t, "kept in doubt: %s\n", p->doubt[i]);
	if (!p->free_counted)
		return;
	pages_line(t, "  free, it counted", p->free_counted, p->page_size);
	if (differs(p->free_found, p->free_counted))
		kx_text_add(t, "WARNING: %" PRIu64 " free pages were found, the kernel counted %" PRIu64
			    ": pages may be left out or kept wrongly\n", p->free_found,
			    p->free_counted);
}

void write_report_text(const struct write_report *p, const struct write_request *r,
		       struct kx_text *t)
{
	static const char *const kinds[] = {
		[KX_PAGE_FREE] = "  free",
		[KX_PAGE_CACHE] = "  cache",
		[KX_PAGE_CACHE_PRIVATE] = "  cache, private",
		[KX_PAGE_USER] = "  of processes",
		[KX_PAGE_UNACCEPTED] = "  never accepted",
		[KX_PAGE_OFFLINE] = "  offline",
		[KX_PAGE_POISONED] = "  broken",
	};
	double memory = (double)p->kept * (double)p->page_size;

	pages_line(t, "memory", p->pages, p->page_size);
	pages_line(t, "left out", p->pages - p->kept, p->page_size);
	if (p->absent)
		pages_line(t, "  not in the core", p->absent, p->page_size);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i] && p->dropped[i])
			pages_line(t, kinds[i], p->dropped[i], p->page_size);
	check_lines(t, p);
	pages_line(t, "kept", p->kept, p->page_size);
	if (p->zero)
		pages_line(t, "  zeros, stored once", p->zero, p->page_size);
	if (p->lost)
		pages_line(t, "  could not be read", p->lost, p->page_size);
	if (p->partial)
		kx_text_add(t, "WARNING: the core says that it is incomplete; so does the dump\n");
	if (r->estimate) {
		kx_text_add(t, "%-22s %12" PRIu64 " bytes, about, at level %u with %s\n", "takes",
			    p->guess, p->level, r->format == WRITE_ELF ? "nothing packed" :
			    kx_page_codec_name(r->codec));
		return;
	}
	kx_text_add(t, "%-22s %12" PRIu64 " bytes, %.1f%% of what was kept, level %u\n",
		    r->dry ? "would write" : "written", p->bytes,
		    memory > 0 ? 100.0 * (double)p->bytes / memory : 100.0, p->level);
	kx_text_add(t, "%-22s %12.2f s, %.0f MiB/s, %u thread%s\n", "took", p->seconds,
		    p->seconds > 0 ? memory / MIB / p->seconds : 0.0, p->threads,
		    p->threads == 1 ? "" : "s");
}
