/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The unpack list while it grows, with the packed blocks behind it (parcel.h).
 * Called by pack.c and stage.c.
 */
#include <errno.h>
#include <string.h>

#include "parcel.h"

int kx_parcel_init(struct kx_plan *p, struct kx_parcel *parcel, size_t records, size_t bytes,
		   struct kx_err *err)
{
	size_t room, size;

	/* stage.c adds two for each segment that is left. */
	records += 2 * KX_SEGMENTS_MAX;
	room = kx_align_up(records * sizeof(*p->unpack), KX_PARCEL_ALIGN);
	parcel->buf = NULL;
	if (!__builtin_add_overflow(room, bytes, &size))
		parcel->buf = kx_arena_alloc_raw(p->arena, size);
	if (!parcel->buf)
		return kx_err_set(err, ENOMEM, "no memory for 0x%zx packed bytes", bytes);
	memset(parcel->buf, 0, room);
	parcel->len = room;
	parcel->records_max = records;
	parcel->first = 0;
	p->unpack = (struct purg_unpack *)(void *)parcel->buf;
	p->unpack_count = 0;
	return 0;
}

/* Does @u go on where @last ends?  An LZ4 block stands for itself. */
static bool goes_on(const struct purg_unpack *last, const struct purg_unpack *u)
{
	if (last->codec != u->codec || last->dst_pa + last->dst_len != u->dst_pa)
		return false;
	return u->codec == PURG_CODEC_ZERO ||
	       (u->codec == PURG_CODEC_RAW && last->src_pa + last->src_len == u->src_pa);
}

int kx_parcel_add(struct kx_plan *p, const struct kx_parcel *parcel, struct purg_unpack u,
		  struct kx_err *err)
{
	struct purg_unpack *last;

	if (!u.dst_len)
		return 0;
	last = p->unpack_count > parcel->first ? &p->unpack[p->unpack_count - 1] : NULL;
	if (last && goes_on(last, &u)) {
		last->src_len += u.src_len;
		last->dst_len += u.dst_len;
		return 0;
	}
	if (p->unpack_count == parcel->records_max)
		return kx_err_set(err, E2BIG, "more than %zu unpack records", parcel->records_max);
	p->unpack[p->unpack_count++] = u;
	return 0;
}

size_t kx_parcel_list_len(const struct kx_plan *p)
{
	return p->unpack_count * sizeof(*p->unpack);
}

void kx_parcel_trim(struct kx_plan *p, struct kx_parcel *parcel)
{
	uint8_t *less = kx_arena_resize_raw(p->arena, parcel->buf, parcel->len);

	if (less)
		parcel->buf = less;
	p->unpack = (struct purg_unpack *)(void *)parcel->buf;
}

void kx_parcel_settle(struct kx_plan *p, uint64_t pa)
{
	for (size_t i = 0; i < p->unpack_count; i++)
		if (p->unpack[i].codec != PURG_CODEC_ZERO)
			p->unpack[i].src_pa += pa;
	p->param.unpack_pa = pa;
}

void kx_plan_retarget(struct kx_plan *p, size_t i)
{
	p->target[p->target_count++] = p->segment[i];
	p->segment_count--;
	memmove(&p->segment[i], &p->segment[i + 1],
		(p->segment_count - i) * sizeof(p->segment[0]));
}
