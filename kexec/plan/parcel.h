/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What purgatory unpacks, while it is put together: the unpack list and, behind
 * it, packed blocks, in one piece of memory that becomes one segment.
 *
 *	buf                records_max records           len
 *	| list | zeros ... | block | block | ...          |
 *
 * Private to pack.c, which fills it, stage.c, which finds a place for it, and
 * build.c, which calls both.
 */
#ifndef KX_PLAN_PARCEL_H
#define KX_PLAN_PARCEL_H

#include "kx/plan.h"

/* Blocks start like this, so that a raw one can be moved in whole words. */
#define KX_PARCEL_ALIGN	16u

struct kx_parcel {
	uint8_t *buf;		/* arena; NULL: nothing is packed */
	size_t len;		/* with the room for the list */
	size_t records_max;
	size_t first;		/* record of the present target: none before it is made longer */
};

/* Room for @records records and @bytes of blocks.  -ENOMEM. */
KX_CHECKED int kx_parcel_init(struct kx_plan *p, struct kx_parcel *parcel, size_t records,
			      size_t bytes, struct kx_err *err);
/*
 * Append @u to plan->unpack, or make the last record longer when it goes on
 * seamlessly.  -E2BIG: no room, which is a bug.
 */
KX_CHECKED int kx_parcel_add(struct kx_plan *p, const struct kx_parcel *parcel,
			     struct purg_unpack u, struct kx_err *err);
/* Bytes of the list as it is. */
size_t kx_parcel_list_len(const struct kx_plan *p);
/* Give back what was not used; buf and plan->unpack may move. */
void kx_parcel_trim(struct kx_plan *p, struct kx_parcel *parcel);
/* The parcel is at @pa: the records' sources, offsets so far, become addresses. */
void kx_parcel_settle(struct kx_plan *p, uint64_t pa);

/* plan->segment[@i] becomes a target; its bytes and its range stay. */
void kx_plan_retarget(struct kx_plan *p, size_t i);

/*
 * pack.c: which segments are packed.  Sets pack, pack_why; turns segments into
 * targets, whose records have offsets into @ret for sources.
 * -EINVAL (--entry), -ENOMEM.
 */
KX_CHECKED int kx_plan_pack(struct kx_plan *p, struct kx_parcel *ret, struct kx_err *err);
/*
 * stage.c: where the payload waits.  Sets stage, stage_why; gives the parcel its
 * place, as a segment or as one of plan->staged.
 * -EINVAL (--entry, no reservation known), -EBUSY (a crash kernel is loaded),
 * -ENOSPC, -E2BIG, -ENOMEM.
 */
KX_CHECKED int kx_plan_stage(struct kx_plan *p, struct kx_parcel *parcel, struct kx_err *err);
/* The largest reservation; an empty range if there is none. */
struct kx_range kx_crash_reservation(const struct kx_sources *src);
/* Bytes of it that the running kernel needs itself, for any image there. */
uint64_t kx_crash_control_len(const struct kx_sources *src);
/* Bytes of it that staging plan->segment[] and @parcel takes. */
uint64_t kx_stage_need(const struct kx_plan *p, const struct kx_parcel *parcel);

#endif
