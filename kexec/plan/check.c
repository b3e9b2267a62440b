/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules a list of segments must obey, the kernel's and ours, each with its
 * own sentence.  The kernel's are those of sanity_check_segment_list() in
 * kernel/kexec_core.c, which answers all of them with EINVAL or EADDRNOTAVAIL.
 */
#include <errno.h>
#include <inttypes.h>

#include "kx/plan.h"

static int check_one(const struct kx_plan *p, const struct kx_segment *s, struct kx_err *err)
{
	uint64_t page = p->sources->page_size;

	if (kx_range_empty(s->range))
		return kx_err_set(err, EINVAL, "%s: the segment is empty", s->name);
	if (s->range.start % page || s->range.end % page)
		return kx_err_set(err, EINVAL,
				  "%s: [0x%" PRIx64 "-0x%" PRIx64 ") is not whole pages of 0x%"
				  PRIx64 " bytes, the running kernel's",
				  s->name, s->range.start, s->range.end, page);
	if (s->buf.len > kx_range_len(s->range))
		return kx_err_set(err, EINVAL, "%s: 0x%zx bytes do not fit into 0x%" PRIx64,
				  s->name, s->buf.len, kx_range_len(s->range));
	return 0;
}

static int check_overlap(const struct kx_plan *p, struct kx_err *err)
{
	for (size_t i = 0; i < p->segment_count; i++)
		for (size_t j = 0; j < i; j++) {
			const struct kx_segment *a = &p->segment[j], *b = &p->segment[i];

			if (kx_range_overlaps(a->range, b->range))
				return kx_err_set(err, EINVAL,
						  "%s [0x%" PRIx64 "-0x%" PRIx64 ") and %s [0x%"
						  PRIx64 "-0x%" PRIx64 ") overlap",
						  a->name, a->range.start, a->range.end,
						  b->name, b->range.start, b->range.end);
		}
	return 0;
}

/* "any segment, or the sum, larger than half of totalram_pages" */
static int check_half(const struct kx_plan *p, struct kx_err *err)
{
	uint64_t half = p->sources->total_ram / 2, sum = 0;

	if (p->sources->total_ram == 0)
		return 0;
	for (size_t i = 0; i < p->segment_count; i++)
		if (__builtin_add_overflow(sum, kx_range_len(p->segment[i].range), &sum))
			sum = UINT64_MAX;
	if (sum > half)
		return kx_err_set(err, ENOSPC,
				  "the segments need 0x%" PRIx64 " bytes, and the kernel loads at most half of RAM, 0x%"
				  PRIx64, sum, half);
	return 0;
}

/* Nothing of a segment may lie outside the memory that was free. */
static int check_in_ram(const struct kx_plan *p, const struct kx_segment *s, struct kx_err *err)
{
	uint64_t at = s->range.start;

	for (size_t i = 0; i < p->usable.n && at < s->range.end; i++) {
		struct kx_range h = p->usable.v[i].r;

		if (h.end > at && h.start <= at)
			at = h.end;
	}
	if (at < s->range.end)
		return kx_err_set(err, EINVAL, "%s: 0x%" PRIx64 " is not usable RAM", s->name, at);
	return 0;
}

static int check_entry(const struct kx_plan *p, struct kx_err *err)
{
	struct kx_range at = { p->entry, p->entry + 1 };

	for (size_t i = 0; i < p->segment_count; i++)
		if (kx_range_contains(p->segment[i].range, at))
			return 0;
	return kx_err_set(err, EINVAL, "the entry point 0x%" PRIx64 " is in no segment", p->entry);
}

int kx_plan_check(const struct kx_plan *p, struct kx_err *err)
{
	int rc;

	for (size_t i = 0; i < p->segment_count; i++) {
		rc = check_one(p, &p->segment[i], err);
		if (rc == 0)
			rc = check_in_ram(p, &p->segment[i], err);
		if (rc < 0)
			return rc;
	}
	rc = check_overlap(p, err);
	if (rc == 0)
		rc = check_half(p, err);
	/* --entry may name anything, a return address for one. */
	if (rc == 0 && !p->request->has_entry)
		rc = check_entry(p, err);
	return rc;
}
