/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel that is kept in memory (--load-preserve-context --context=snapshot): the
 * pages of its snapshot lie in *areas* of RAM that the next kernel leaves alone,
 * uncompressed, so that it sees them in /proc/vmcore, and until purgatory puts them
 * home again.  doc/resumable-core.md, "Kept in memory".
 *
 *	plan/keep.c		chooses the areas, and each page's place in them
 *	plan/keep-layout.c	makes a plan's segments of them, and the core headers
 *	sys/keep.c		takes the snapshot, and fills the areas
 *	plan/put-back.c		the way back, in the next kernel
 *
 * The areas together have as many pages as the snapshot.  A page whose home is in
 * an area is kept there, at home; those from elsewhere have what is left.  So no
 * place of an area is the home of a page that is kept in another, and putting them
 * back is a list of moves in any order.
 */
#ifndef KX_KEEP_H
#define KX_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/context.h"
#include "kx/err.h"
#include "kx/range.h"
#include "kx/snapshot-stream.h"

#define KX_KEEP_AREAS_MAX	8
/* Areas begin and end at multiples of the largest page a kernel has. */
#define KX_KEEP_ALIGN		0x10000u

struct kx_keep {
	struct kx_range area[KX_KEEP_AREAS_MAX];	/* ascending, apart */
	size_t area_count;
	/*
	 * What is loaded into each, as long as the area; data NULL: not taken yet, only
	 * a plan is made.
	 */
	struct kx_bytes bytes[KX_KEEP_AREAS_MAX];
	uint64_t page_size;			/* of the kernel that is kept */
	uint64_t page_count;			/* in the snapshot; an estimate without runs */
	/*
	 * Every page once: home (dst_pa), where it is kept (src_pa; the same if it is at
	 * home), pages.  Ascending by home, neighbours of both kinds are one.  Arena.
	 */
	struct context_run *run;
	size_t run_count;
	/* For the notes; context has the entry, and is filled. */
	struct kx_context context;
	struct kx_bytes vmcoreinfo;		/* text; may be empty */
	struct kx_bytes machine;		/* MACHINE lines */
	struct kx_bytes snapshot;		/* the kernel's first page */
};

struct kx_plan;
struct kx_request;
struct kx_sources;

/*
 * ret->area for @page_count pages, from the top of what @req and @src leave free
 * down (plan/space.c), and with @run (ascending, disjoint; NULL: an estimate) also
 * ret->run.  The rest of *ret is untouched but for page_size, page_count.
 *   -ENOSPC  no room in KX_KEEP_AREAS_MAX areas, or none left for the next kernel:
 *            the sentence has what is needed and what there is
 *   -ENOMEM
 */
KX_CHECKED int kx_keep_choose(const struct kx_request *req, const struct kx_sources *src,
			      const struct kx_snapshot_run *run, size_t run_count,
			      uint64_t page_size, uint64_t page_count, struct kx_arena *a,
			      struct kx_keep *ret, struct kx_err *err);
/* Where in keep->bytes the page is that is kept at @src_pa; NULL: in no area. */
uint8_t *kx_keep_at(const struct kx_keep *keep, uint64_t src_pa);

/*
 * For layouts, before anything else is placed: the areas as segments "kept N".
 * -ENOSPC (something is there), -EINVAL (bytes are not as long as the area), -E2BIG,
 * -ENOMEM
 */
KX_CHECKED int kx_keep_reserve(struct kx_plan *p, struct kx_err *err);
/*
 * For layouts, behind that: the segment "elfcorehdr", which is at *ret_core: PT_LOADs
 * that say where the pages are kept, notes CONTEXT, MAP, MACHINE, SNAPSHOT and
 * INTEGRITY (a digest of each area), all filled.  Before the snapshot is taken it is
 * empty, and about as long.  -E2BIG (too many runs for a map), -ENOSPC, -ENOMEM
 */
KX_CHECKED int kx_keep_place(struct kx_plan *p, struct kx_range *ret_core, struct kx_err *err);

#endif
