/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeps memory that segments are for from the kernel while it looks for pages to load
 * them into.  Called by commit.c.
 *
 * kimage_alloc_page() (kernel/kexec_core.c) takes what the allocator gives it.  A page
 * that lies in a segment costs a walk over all that was loaded so far, and stays on a
 * list that is walked for each page after it: in 2560 MiB of RAM, 512 MiB of segments
 * took 1.2 s, 768 MiB 22 s, 1 GiB 153 s.  So while it allocates, such pages are ours:
 * nearly all free memory is taken, and what lies in no segment is given back.
 *
 * Nothing depends on it: pages that are missed, or moved, only cost time.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "facts.h"
#include "hold.h"
#include "kx/snapshot.h"
#include "kx/sys.h"
#include "open.h"

#define PAGEMAP		"/proc/self/pagemap"
#define MIB		((uint64_t)1 << 20)
/* A smaller share of what is free loads quickly anyway. */
#define SEGMENTS_MIN	(96 * MIB)
#define SEGMENTS_SHARE	3u
/* Never taken, nor what is loaded twice: so that nobody else runs out of memory. */
#define FREE_MIN	(64 * MIB)
#define FREE_SHARE	32u
#define ENTRIES		512u

static bool in_segment(const struct kx_plan *p, uint64_t pa)
{
	for (size_t i = 0; i < p->segment_count; i++)
		if (pa >= p->segment[i].range.start && pa < p->segment[i].range.end)
			return true;
	return false;
}

/* Give back the pages of [@from, @to) of the hold. */
static void give_back(struct kx_hold *h, uint64_t from, uint64_t to)
{
	if (from < to)
		madvise(h->at + from, (size_t)(to - from), MADV_DONTNEED);
}

/*
 * Of all that was taken, what lies in a segment stays.  Pages whose address cannot be
 * told are given back.
 */
static void sort_out(const struct kx_plan *p, struct kx_hold *h, int pagemap)
{
	uint64_t page = p->sources->page_size, from = 0, entry[ENTRIES], pa;

	for (uint64_t at = 0; at < h->len;) {
		off_t off = (off_t)(((uintptr_t)h->at + at) / page * sizeof(*entry));
		ssize_t n = pread(pagemap, entry, sizeof(entry), off);

		if (n < (ssize_t)sizeof(*entry))
			break;
		for (size_t i = 0; i < (size_t)n / sizeof(*entry) && at < h->len; i++, at += page) {
			if (kx_pagemap_parse(entry[i], page, &pa, NULL) < 0 || !in_segment(p, pa))
				continue;
			give_back(h, from, at);
			from = at + page;
			h->held += page;
		}
	}
	give_back(h, from, h->len);
}

/* What may be taken: all that is free, but for what the load and everybody else need. */
static uint64_t spare(const struct kx_plan *p)
{
	uint64_t sum = kx_segments_sum(p->segment, p->segment_count), keep, page = p->sources->page_size;
	struct kx_snapshot_memory m = { .free = 0 };
	struct kx_arena a;
	int r;

	if (sum < SEGMENTS_MIN)
		return 0;
	kx_arena_init(&a);
	r = kx_snapshot_memory_read(p->sources, &a, &m, NULL);
	kx_arena_deinit(&a);
	keep = FREE_MIN + m.total / FREE_SHARE;
	/* Behind it the load has to find its pages outside of the segments. */
	if (r < 0 || sum < m.free / SEGMENTS_SHARE || m.free < keep + 2 * sum)
		return 0;
	return kx_align_down(m.free - keep, page);
}

void kx_hold_begin(const struct kx_plan *p, struct kx_hold *h)
{
	_cleanup_fd_ int pagemap = -1;
	uint64_t len = spare(p);

	*h = (struct kx_hold){ .at = NULL };
	if (!len)
		return;
	pagemap = kx_open(PAGEMAP, O_RDONLY);
	if (pagemap < 0)
		return;
	h->at = mmap(NULL, (size_t)len, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (h->at == MAP_FAILED) {
		h->at = NULL;
		return;
	}
	h->len = len;
	/* Of a huge page no part could be given back. */
	madvise(h->at, (size_t)len, MADV_NOHUGEPAGE);
	for (uint64_t at = 0; at < len; at += p->sources->page_size)
		((volatile uint8_t *)h->at)[at] = 1;
	sort_out(p, h, pagemap);
}

void kx_hold_end(struct kx_hold *h)
{
	if (h->at)
		munmap(h->at, (size_t)h->len);
	*h = (struct kx_hold){ .at = NULL };
}
