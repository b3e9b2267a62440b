/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Segments and notes of a plan: the only code that appends to either.
 * Called by arch/ while it lays out a kernel.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kx/arch.h"

void kx_plan_note(struct kx_plan *p, const char *fmt, ...)
{
	char text[KX_ERR_TEXT];
	va_list ap;
	char *copy;

	if (p->note_count == KX_NOTES_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	copy = kx_arena_strdup(p->arena, text);
	if (copy)
		p->note[p->note_count++] = copy;
}

static int segment_append(struct kx_plan *p, const char *name, struct kx_range r,
			  struct kx_bytes buf, const char *why, bool removable,
			  struct kx_err *err)
{
	int rc;

	if (p->segment_count == KX_SEGMENTS_MAX)
		return kx_err_set(err, E2BIG,
				  "%s: the kernel takes at most %d segments, and this is one more",
				  name, KX_SEGMENTS_MAX);
	rc = kx_space_remove(&p->space, r, err);
	if (rc < 0)
		return rc;
	if (removable)
		kx_plan_note(p, "%s lies in memory that can be hot-removed: nothing else fits",
			     name);
	p->segment[p->segment_count++] = (struct kx_segment){
		.name = name,
		.buf = buf,
		.range = r,
		.why = why,
		.removable = removable,
		.verify = true,
	};
	return 0;
}

int kx_plan_place(struct kx_plan *p, struct kx_want want, struct kx_bytes buf,
		  const char *why, uint64_t *ret_pa, struct kx_err *err)
{
	uint64_t page = p->sources->page_size;
	struct kx_range r;
	bool removable;
	uint64_t pa;
	int rc;

	if (want.size < buf.len)
		want.size = buf.len;
	if (want.size == 0 || want.size > UINT64_MAX - page)
		return kx_err_set(err, EINVAL, "%s: cannot place 0x%" PRIx64 " bytes",
				  want.name, want.size);
	want.size = kx_align_up(want.size, page);
	/* The kernel moves whole pages: kernel/kexec_core.c. */
	if (want.align < page)
		want.align = page;
	rc = kx_space_find(&p->space, &want, &pa, &removable, err);
	if (rc < 0)
		return rc;
	if (!kx_range_make(pa, want.size, &r))
		return kx_err_set(err, ENOSPC, "%s: 0x%" PRIx64 " + 0x%" PRIx64 " wraps",
				  want.name, pa, want.size);
	rc = segment_append(p, want.name, r, buf, why, removable, err);
	if (rc < 0)
		return rc;
	if (ret_pa)
		*ret_pa = pa;
	return 0;
}

/* The address that half of the usable memory lies below. */
static uint64_t middle_of_ram(const struct kx_plan *p)
{
	uint64_t total = 0, below = 0;

	for (size_t i = 0; i < p->usable.n; i++)
		total += kx_range_len(p->usable.v[i].r);
	for (size_t i = 0; i < p->usable.n; i++) {
		struct kx_range r = p->usable.v[i].r;

		if (kx_range_len(r) >= total / 2 - below)
			return r.start + (total / 2 - below);
		below += kx_range_len(r);
	}
	return 0;
}

uint64_t kx_plan_quick_max(const struct kx_plan *p)
{
	uint64_t middle = middle_of_ram(p);

	return middle < p->arch->quick_max ? middle : p->arch->quick_max;
}

int kx_plan_place_quick(struct kx_plan *p, struct kx_want want, struct kx_bytes buf,
			const char *why, uint64_t *ret_pa, struct kx_err *err)
{
	struct kx_want low = want;
	bool removable;
	uint64_t pa;

	want.top_down = true;
	/* What is loaded for a panic lies where it is loaded. */
	if (!p->arch->quick_max || p->request->crash)
		return kx_plan_place(p, want, buf, why, ret_pa, err);
	low.top_down = true;
	low.size = kx_align_up(want.size < buf.len ? buf.len : want.size, p->sources->page_size);
	if (low.align < p->sources->page_size)
		low.align = p->sources->page_size;
	low.max = kx_plan_quick_max(p);
	if ((low.max < want.max || !want.max) &&
	    kx_space_find(&p->space, &low, &pa, &removable, NULL) == 0 && !removable) {
		want.max = low.max;
		why = "highest room below 4 GiB and the middle of memory, where loading is quick";
	}
	return kx_plan_place(p, want, buf, why, ret_pa, err);
}

/* Is all of @r free, and is any of it in removable memory? */
static bool space_covers(const struct kx_space *s, struct kx_range r, bool *ret_removable)
{
	uint64_t at = r.start;

	*ret_removable = false;
	for (size_t i = 0; i < s->n && at < r.end; i++) {
		const struct kx_hole *h = &s->v[i];

		if (h->r.end <= at)
			continue;
		if (h->r.start > at)
			return false;
		if (h->removable)
			*ret_removable = true;
		at = h->r.end;
	}
	return at >= r.end;
}

const char *kx_plan_what_blocks(const struct kx_plan *p, struct kx_range r)
{
	const struct kx_memmap *io = &p->sources->iomem;
	bool removable;

	if (space_covers(&p->space, r, &removable))
		return NULL;
	for (size_t i = 0; i < p->segment_count; i++)
		if (kx_range_overlaps(p->segment[i].range, r))
			return p->segment[i].name;
	/* Its own is nothing in the way. */
	if (p->request->crash && !kx_range_contains(kx_crash_main(p->sources), r))
		return "not the crash kernel's reservation";
	for (size_t i = 0; i < io->n; i++)
		if (io->v[i].type != KX_MEM_RAM && kx_range_overlaps(io->v[i].r, r))
			return io->v[i].name;
	io = &p->sources->special;
	for (size_t i = 0; i < io->n; i++)
		if (kx_range_overlaps(io->v[i].r, r))
			return io->v[i].name;
	return "no memory";
}

int kx_plan_place_at(struct kx_plan *p, const char *name, struct kx_range r,
		     struct kx_bytes buf, const char *why, struct kx_err *err)
{
	uint64_t page = p->sources->page_size;
	bool removable;

	if (kx_range_empty(r) || r.start % page || r.end % page || kx_range_len(r) < buf.len)
		return kx_err_set(err, EINVAL,
				  "%s: [0x%" PRIx64 "-0x%" PRIx64 ") is not whole pages of 0x%"
				  PRIx64 " bytes", name, r.start, r.end, page);
	if (!space_covers(&p->space, r, &removable))
		return kx_err_set(err, ENOSPC,
				  "%s: must be at [0x%" PRIx64 "-0x%" PRIx64 "), where %s is",
				  name, r.start, r.end, kx_plan_what_blocks(p, r));
	return segment_append(p, name, r, buf, why, removable, err);
}

struct kx_segment *kx_plan_segment(struct kx_plan *p, const char *name)
{
	for (size_t i = 0; i < p->segment_count; i++)
		if (strcmp(p->segment[i].name, name) == 0)
			return &p->segment[i];
	return NULL;
}

uint64_t kx_segments_sum(const struct kx_segment *s, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		if (__builtin_add_overflow(sum, kx_range_len(s[i].range), &sum))
			return UINT64_MAX;
	return sum;
}
