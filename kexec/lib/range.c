/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arithmetic on half-open ranges that cannot wrap.  Used wherever an address
 * and a length meet.
 */
#include "kx/range.h"

bool kx_range_make(uint64_t start, uint64_t len, struct kx_range *ret)
{
	uint64_t end;

	if (__builtin_add_overflow(start, len, &end))
		return false;
	*ret = (struct kx_range){ start, end };
	return true;
}

uint64_t kx_range_len(struct kx_range r)
{
	return r.end - r.start;
}

bool kx_range_empty(struct kx_range r)
{
	return r.end <= r.start;
}

bool kx_range_contains(struct kx_range outer, struct kx_range inner)
{
	return inner.start >= outer.start && inner.end <= outer.end;
}

bool kx_range_overlaps(struct kx_range a, struct kx_range b)
{
	if (kx_range_empty(a) || kx_range_empty(b))
		return false;
	return a.start < b.end && b.start < a.end;
}

struct kx_range kx_range_shrink(struct kx_range r, uint64_t align)
{
	uint64_t start = kx_align_up(r.start, align);
	uint64_t end = kx_align_down(r.end, align);

	if (start > end)
		end = start;
	return (struct kx_range){ start, end };
}

struct kx_range kx_range_grow(struct kx_range r, uint64_t align)
{
	uint64_t start = kx_align_down(r.start, align);
	uint64_t end = kx_align_up(r.end, align);

	/* Saturated below r.end: the result still has to cover @r. */
	if (end < r.end)
		end = UINT64_MAX;
	return (struct kx_range){ start, end };
}

uint64_t kx_align_up(uint64_t v, uint64_t align)
{
	uint64_t sum;

	if (__builtin_add_overflow(v, align - 1, &sum))
		sum = UINT64_MAX;
	return kx_align_down(sum, align);
}

uint64_t kx_align_down(uint64_t v, uint64_t align)
{
	return v & ~(align - 1);
}
