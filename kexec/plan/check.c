/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules a list of segments must obey, the kernel's and ours, each with its
 * own sentence.  The kernel's are those of sanity_check_segment_list() in
 * kernel/kexec_core.c, which answers all of them with EINVAL or EADDRNOTAVAIL.
 * That there are at most 16 segments is seen to by who appends them.
 */
#include <errno.h>
#include <inttypes.h>

#include "check.h"

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

/* All ranges that something is loaded to, or unpacked to, in the plan's order. */
static size_t all_ranges(const struct kx_plan *p, const struct kx_segment *all[3 * KX_SEGMENTS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < p->segment_count; i++)
		all[n++] = &p->segment[i];
	for (size_t i = 0; i < p->target_count; i++)
		all[n++] = &p->target[i];
	for (size_t i = 0; i < p->staged_count; i++)
		all[n++] = &p->staged[i];
	return n;
}

static int check_overlap(const struct kx_plan *p, struct kx_err *err)
{
	const struct kx_segment *all[3 * KX_SEGMENTS_MAX];
	size_t n = all_ranges(p, all);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++) {
			const struct kx_segment *a = all[j], *b = all[i];

			if (kx_range_overlaps(a->range, b->range))
				return kx_err_set(err, EINVAL,
						  "%s [0x%" PRIx64 "-0x%" PRIx64 ") and %s [0x%"
						  PRIx64 "-0x%" PRIx64 ") overlap",
						  a->name, a->range.start, a->range.end,
						  b->name, b->range.start, b->range.end);
		}
	return 0;
}

/* "any segment, or the sum, larger than half of totalram_pages", in each image */
static int check_half(const struct kx_plan *p, const struct kx_segment *s, size_t n,
		      const char *which, struct kx_err *err)
{
	uint64_t half = p->sources->total_ram / 2, sum = kx_segments_sum(s, n);

	if (p->sources->total_ram && sum > half)
		return kx_err_set(err, ENOSPC,
				  "the %ssegments need 0x%" PRIx64 " bytes, and the kernel loads at most half of RAM, 0x%"
				  PRIx64, which, sum, half);
	return 0;
}

/* Segments of a crash image must be inside crashk_res. */
static int check_reserved(const struct kx_plan *p, const struct kx_segment *v, size_t n,
			  struct kx_err *err)
{
	struct kx_range crash = kx_crash_main(p->sources);
	int rc;

	for (size_t i = 0; i < n; i++) {
		const struct kx_segment *s = &v[i];

		rc = check_one(p, s, err);
		if (rc < 0)
			return rc;
		if (!kx_range_contains(crash, s->range))
			return kx_err_set(err, EINVAL,
					  "%s [0x%" PRIx64 "-0x%" PRIx64
					  ") lies outside the crash kernel's reservation [0x%" PRIx64
					  "-0x%" PRIx64 ")", s->name, s->range.start, s->range.end,
					  crash.start, crash.end);
	}
	return 0;
}

static int check_staged(const struct kx_plan *p, struct kx_err *err)
{
	int rc = check_reserved(p, p->staged, p->staged_count, err);

	if (rc < 0)
		return rc;
	if (p->staged_count && (p->staged_entry != p->staged[0].range.start ||
				p->staged_entry % PURG_IMAGE_ALIGN))
		return kx_err_set(err, EINVAL,
				  "the staged entry point 0x%" PRIx64 " is not its purgatory's",
				  p->staged_entry);
	return check_half(p, p->staged, p->staged_count, "staged ", err);
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

/* doc/jump-protocol.md: a page of the next kernel that is in no segment is lost for us. */
static int check_own(const struct kx_plan *p, struct kx_err *err)
{
	uint64_t own = kx_range_len(p->own.window);
	bool inside;

	if (kx_range_empty(p->own.window))
		return 0;
	for (size_t i = 0; i < p->own.low_count; i++)
		own += kx_range_len(p->own.low[i]);
	for (size_t i = 0; i < p->segment_count; i++) {
		const struct kx_segment *s = &p->segment[i];

		inside = kx_range_contains(p->own.window, s->range);
		for (size_t j = 0; j < p->own.low_count; j++)
			inside |= kx_range_contains(p->own.low[j], s->range);
		if (!inside)
			return kx_err_set(err, EINVAL,
					  "%s [0x%" PRIx64 "-0x%" PRIx64 ") is not memory of the next kernel's own",
					  s->name, s->range.start, s->range.end);
	}
	/* They do not overlap, which was checked before. */
	if (kx_segments_sum(p->segment, p->segment_count) != own)
		return kx_err_set(err, EINVAL,
				  "the segments cover 0x%" PRIx64 " bytes, and the next kernel's memory has 0x%" PRIx64,
				  kx_segments_sum(p->segment, p->segment_count), own);
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

static int check_placed(const struct kx_plan *p, const struct kx_segment *s, size_t n,
			struct kx_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = check_one(p, &s[i], err);
		if (rc == 0)
			rc = check_in_ram(p, &s[i], err);
	}
	return rc;
}

int kx_plan_check(const struct kx_plan *p, struct kx_err *err)
{
	int rc;

	rc = check_placed(p, p->segment, p->segment_count, err);
	if (rc == 0 && p->request->crash)
		rc = check_reserved(p, p->segment, p->segment_count, err);
	if (rc == 0)
		rc = check_placed(p, p->target, p->target_count, err);
	if (rc == 0)
		rc = check_staged(p, err);
	if (rc == 0)
		rc = check_overlap(p, err);
	if (rc == 0)
		rc = check_own(p, err);
	if (rc == 0)
		rc = check_half(p, p->segment, p->segment_count, "", err);
	if (rc == 0)
		rc = kx_plan_check_unpack(p, err);
	/* --entry may name anything, a return address for one. */
	if (rc == 0 && !p->request->has_entry)
		rc = check_entry(p, err);
	return rc;
}
