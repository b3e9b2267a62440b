/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A saved core on its way to a plan, or a kernel that is kept in memory, which is
 * much the same without anything to load.  Private to saved*.c and put-back.c:
 *
 *	saved.c		the order of decisions
 *	put-back.c	the same for a kernel that is kept in memory
 *	saved-same.c	is this the machine it was saved on?
 *	saved-memory.c	where it has pages, and what that leaves
 *	saved-bytes.c	its blocks, checked, as purgatory can unpack them
 *	saved-place.c	where they are loaded
 *	saved-segments.c	the segments that makes
 *	saved-list.c	the unpack list, and the homes it writes to
 *	saved-parts.c	the digests that purgatory compares
 *	saved-verify.c	those of the blocks, and of what has none
 */
#ifndef KX_PLAN_SAVED_H
#define KX_PLAN_SAVED_H

#include <pthread.h>

#include "kx/plan.h"

/* Segments of packed pages; list and purgatory make it two more. */
#define SAVED_SEGMENTS_MAX	12u
/* Rooms that are written over, one behind the other: each is far smaller. */
#define SAVED_LEVELS_MAX	8u

/* Some records of one block, as they are loaded. */
struct saved_piece {
	struct kx_bytes bytes;		/* packed; in the mapping, or the arena */
	size_t first, count;		/* its records */
	size_t block;			/* theirs */
	size_t level;			/* of the room it lies in */
	uint64_t pa;			/* where it is loaded */
};

/* Memory that pieces are loaded to. */
struct saved_room {
	struct kx_range r;
	size_t level;
	bool written;			/* the core has pages in it */
};

struct saved_job {
	struct kx_plan *p;
	const struct kx_saved *core;
	uint32_t *stored;		/* bytes of each record, as it is loaded */
	struct saved_piece *piece;
	size_t piece_count;
	uint64_t bytes;			/* of all pieces */

	/* Where the core has pages, in whole pages of the running kernel; ascending. */
	struct kx_range *run;
	size_t run_count;
	/* Those of them that are written to. */
	struct kx_range *written;
	size_t written_count;
	/* Memory as the firmware has it: a page of the core may be anywhere in it. */
	struct kx_space ram;
	/* Usable memory that the core has no page in: what is not taken yet. */
	struct kx_space holes;
	uint64_t holes_total, holes_largest;	/* at first */

	struct saved_room room[SAVED_SEGMENTS_MAX];
	size_t room_count;
	/* Of each part what it is the digest of, if that is still to be computed; else no data. */
	struct kx_bytes *part;
	struct kx_range list, purgatory;
	/* Pieces are put together in the arena, so that each room is one segment. */
	bool copied;
};

#define SAVED_THREADS_MAX	16u

static inline struct kx_range saved_record_range(const struct saved_job *j, size_t i)
{
	const struct saved_record *r = &j->core->record[i];

	return (struct kx_range){ r->pa, r->pa + r->pages * j->core->contexts.context.page_size };
}

/* Does any record of @piece lie in @r? */
bool saved_piece_touches(const struct saved_job *j, const struct saved_piece *piece,
			 struct kx_range r);

/* Refuses another machine, unless req->resume_anyway; notes what differs.  -EINVAL. */
KX_CHECKED int kx_saved_same(struct kx_plan *p, struct kx_err *err);
/* j->ram.  -ENOMEM. */
KX_CHECKED int saved_ram(struct saved_job *j, struct kx_err *err);
/* j->run, and that each is RAM.  -EINVAL, -ENOMEM. */
KX_CHECKED int saved_runs(struct saved_job *j, struct kx_err *err);
/* That it has the page of p->param.pc.  -ENOEXEC. */
KX_CHECKED int saved_entry(const struct saved_job *j, struct kx_err *err);
/* j->holes of p->space.  -ENOMEM. */
KX_CHECKED int saved_holes(struct saved_job *j, struct kx_err *err);
/*
 * j->piece, j->stored, j->bytes.  Reads, and checks, only what is packed anew.
 * -ENOEXEC (the file is too short), -ENOMEM, and as kx_saved_block().
 */
KX_CHECKED int saved_bytes(struct saved_job *j, struct kx_err *err);
/* Were the blocks' digests checked by saved_bytes()? */
bool saved_is_read(const struct saved_job *j);
/*
 * Every block that was not read yet against its digest, and the digests of parts that
 * have none, on req->cpus CPUs.  -EBADMSG, -ENOMEM.
 */
KX_CHECKED int saved_verify(const struct saved_job *j, struct kx_err *err);
/*
 * Rooms for all pieces, for the list and for purgatory; each piece its place, and
 * p->segment[] of them.  -ENOSPC, -E2BIG, -ENOMEM.
 */
KX_CHECKED int saved_place(struct saved_job *j, struct kx_err *err);
/* saved-place.c: j->purgatory, and j->list for @records, each in the smallest hole.  -ENOSPC, -ENOMEM. */
KX_CHECKED int saved_take(struct saved_job *j, size_t records, struct kx_err *err);
/* As kx_plan_place_purgatory(), in the room that was taken for it. */
KX_CHECKED int saved_place_purgatory(struct saved_job *j, const char *why, struct kx_err *err);
/* saved-segments.c, for saved-place.c: p->segment[] of pieces that have their places. */
KX_CHECKED int saved_segments(struct saved_job *j, struct kx_err *err);
/* Records of the unpack list, at most: neighbours may be one. */
size_t saved_list_max(const struct saved_job *j);
/* Parts at most; none if purgatory is to verify nothing. */
size_t saved_parts_max(const struct saved_job *j);
/* p->part[] behind p->unpack[], which has room for them; j->part.  -ENOMEM. */
KX_CHECKED int saved_parts(struct saved_job *j, struct kx_err *err);
/* p->unpack[], p->part[] and their segment, p->home[].  -E2BIG, -ENOMEM. */
KX_CHECKED int saved_list(struct saved_job *j, struct kx_err *err);
/* The latter two: the segment of p->unpack[] in j->list, and homes of j->written. */
KX_CHECKED int saved_place_list(struct saved_job *j, struct kx_err *err);
KX_CHECKED int saved_homes(struct saved_job *j, struct kx_err *err);

#endif
