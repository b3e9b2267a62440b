/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --stage: where the payload waits for kexec -e.  Called by build.c after
 * pack.c, before purgatory has its place.
 *
 * kernel:       in pages of the running kernel, which moves them into place at
 *               the jump (kernel/kexec_core.c); of this plan only the parcel
 *               still needs a place.
 * crashkernel:  in the crash kernel reservation, loaded with KEXEC_ON_CRASH.
 *               The kernel copies such segments into place at the load and
 *               never moves them.  Purgatory is then the only segment of the
 *               normal image, and moves the rest by its unpack list:
 *
 *	reservation | control pages | purgatory | list, blocks | kernel | initrd ...
 *	             control_len()   entry of the crash image
 *
 * A panic enters the crash image, whatever it holds, so it begins with a
 * purgatory that says what has happened (PURG_ENTRY_STAGED).
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "call.h"
#include "kx/arch.h"
#include "parcel.h"
#include "print.h"

#define PURGATORY_LEN	(PURG_IMAGE_MAX + PURG_POOL_MIN)

/* "never crashk_low": segments go into the main one, which is the higher. */
struct kx_range kx_crash_reservation(const struct kx_sources *src)
{
	return kx_range_shrink(kx_crash_main(src), PURG_IMAGE_ALIGN);
}

/*
 * The kernel takes its control pages from the same reservation, from its start
 * on, wherever no segment is (kimage_alloc_crash_control_pages()): a few pages
 * for code, and on x86_64 page tables that map all memory, which in the worst
 * case is one of 4 KiB for each GiB.
 */
uint64_t kx_crash_control_len(const struct kx_sources *src)
{
	return kx_align_up((1u << 20) + src->total_ram / (1u << 18), PURG_IMAGE_ALIGN);
}

static uint64_t pages(const struct kx_plan *p, uint64_t len)
{
	return kx_align_up(len, p->sources->page_size);
}

uint64_t kx_stage_need(const struct kx_plan *p, const struct kx_parcel *parcel)
{
	uint64_t need = kx_crash_control_len(p->sources) + PURGATORY_LEN;

	/* Without a parcel there will be a list. */
	need += pages(p, parcel->buf ? parcel->len : 1);
	for (size_t i = 0; i < p->segment_count; i++)
		need += pages(p, p->segment[i].buf.len);
	return need;
}

/* ---- the choice ----------------------------------------------------------------- */

/* May the reservation be used, as far as it goes without eviction or with it? */
static int check_reservation(const struct kx_plan *p, const struct kx_parcel *parcel, bool evict,
			     struct kx_err *err)
{
	const struct kx_sources *src = p->sources;
	struct kx_range crash = kx_crash_reservation(src);
	uint64_t need = kx_stage_need(p, parcel);
	char have[KX_SIZE_TEXT], want[KX_SIZE_TEXT];

	if (src->iomem_hidden)
		return kx_err_set(err, EINVAL, "/proc/iomem shows no addresses, so where the crash kernel reservation is, is not known");
	if (kx_range_empty(crash))
		return kx_err_set(err, EINVAL, "there is no crash kernel reservation: the machine was booted without crashkernel=");
	if (src->crash_loaded.known && src->crash_loaded.value && !src->crash_is_staged && !evict)
		return kx_err_set(err, EBUSY, "a crash kernel is loaded, and its memory is needed (--stage=crashkernel --evict-crash-kernel gives it up)");
	if (need > kx_range_len(crash))
		return kx_err_set(err, ENOSPC,
				  "the crash kernel reservation is too small: it has %s, and %s are needed%s",
				  kx_size_text(kx_range_len(crash), have), kx_size_text(need, want),
				  p->request->pack == KX_PACK_NONE ? " (--pack=lz4 may need less)" : "");
	return 0;
}

/* Is it more than the kernel can hold?  Then *ret_why says so. */
static bool too_much(struct kx_plan *p, const struct kx_parcel *parcel, const char **ret_why)
{
	const struct kx_sources *src = p->sources;
	uint64_t sum = kx_segments_sum(p->segment, p->segment_count);
	char need[KX_SIZE_TEXT], have[KX_SIZE_TEXT];

	if (__builtin_add_overflow(sum, pages(p, parcel->len) + PURGATORY_LEN, &sum))
		sum = UINT64_MAX;
	kx_size_text(sum, need);
	if (src->total_ram && sum > src->total_ram / 2)
		*ret_why = kx_arena_printf(p->arena, "the segments take %s, and the kernel loads at most half of RAM, %s",
					   need, kx_size_text(src->total_ram / 2, have));
	else if (src->free_ram && sum > src->free_ram)
		*ret_why = kx_arena_printf(p->arena, "the segments take %s, and %s are available",
					   need, kx_size_text(src->free_ram, have));
	else
		return false;
	return true;
}

static void choose_auto(struct kx_plan *p, const struct kx_parcel *parcel)
{
	struct kx_err no = { .code = 0 };

	p->stage = KX_STAGE_KERNEL;
	if (p->request->crash) {
		p->stage_why = "a crash kernel is loaded where it runs";
	} else if (kx_request_keeps(p->request)) {
		p->stage_why = "this kernel is kept in its areas, and nowhere else";
	} else if (p->request->preserve) {
		p->stage_why = "the kernel swaps each page with what was there";
	} else if (!too_much(p, parcel, &p->stage_why)) {
		p->stage_why = "the running kernel has room";
	} else if (p->request->has_entry) {
		p->stage_why = "--entry bypasses purgatory, which would move it";
	} else if (check_reservation(p, parcel, false, &no) < 0) {
		p->stage_why = kx_arena_printf(p->arena, "%s; and %s",
					       p->stage_why ? p->stage_why : "", no.text);
	} else {
		p->stage = KX_STAGE_CRASHKERNEL;
	}
}

static int choose(struct kx_plan *p, const struct kx_parcel *parcel, struct kx_err *err)
{
	int rc;

	p->stage = p->request->stage;
	switch (p->request->stage) {
	case KX_STAGE_KERNEL:
		p->stage_why = "--stage=kernel was given";
		return 0;
	case KX_STAGE_CRASHKERNEL:
		p->stage_why = "--stage=crashkernel was given";
		if (kx_request_keeps(p->request))
			return kx_err_set(err, EINVAL,
					  "--stage=crashkernel: not with %s, which keeps this kernel in areas of its own",
					  kx_plan_return_option(p->request));
		if (p->request->preserve)
			return kx_err_set(err, EINVAL,
					  "--stage=crashkernel leaves nothing to return to: not with %s",
					  kx_plan_return_option(p->request));
		if (p->request->has_entry)
			return kx_err_set(err, EINVAL,
					  "--stage=crashkernel needs purgatory, and --entry bypasses it");
		rc = check_reservation(p, parcel, p->request->evict_crash_kernel, err);
		if (rc < 0)
			kx_err_wrap(err, "--stage=crashkernel");
		return rc;
	default:
		choose_auto(p, parcel);
		return p->stage_why ? 0 : kx_err_set(err, ENOMEM, "out of memory");
	}
}

/* ---- in the running kernel ------------------------------------------------------- */

/* The parcel as a segment like the others, clear of all targets. */
static int place_parcel(struct kx_plan *p, const struct kx_parcel *parcel, struct kx_err *err)
{
	struct kx_want want = { .name = "packed", .align = KX_PARCEL_ALIGN };
	struct kx_segment *s;
	uint64_t pa;
	int rc;

	if (!parcel->buf)
		return 0;
	rc = kx_plan_place_quick(p, want, (struct kx_bytes){ parcel->buf, parcel->len },
				 "highest room clear of what purgatory unpacks to", &pa, err);
	if (rc < 0)
		return rc;
	s = kx_plan_segment(p, "packed");
	/* The blocks are verified by what they unpack to: each byte is hashed once. */
	s->verify_len = kx_parcel_list_len(p);
	kx_parcel_settle(p, pa);
	return 0;
}

/* ---- in the reservation ----------------------------------------------------------- */

/* The next segment of the crash image, at *at, which moves on. */
static int add_staged(struct kx_plan *p, uint64_t *at, const char *name, struct kx_bytes buf,
		      uint64_t len, const char *why, struct kx_err *err)
{
	struct kx_range r = { *at, *at + pages(p, len) };

	if (p->staged_count == KX_SEGMENTS_MAX)
		return kx_err_set(err, E2BIG,
				  "%s: the kernel takes at most %d staged segments, and this is one more",
				  name, KX_SEGMENTS_MAX);
	p->staged[p->staged_count++] = (struct kx_segment){
		.name = name, .buf = buf, .range = r, .why = why,
	};
	*at = r.end;
	return 0;
}

/* Segment 0, as it is, with the records that put it into its place. */
static int add_raw(struct kx_plan *p, struct kx_parcel *parcel, uint64_t *at, struct kx_err *err)
{
	const struct kx_segment *s = &p->segment[0];
	struct purg_unpack move = {
		.src_pa = *at, .src_len = s->buf.len,
		.dst_pa = s->range.start, .dst_len = s->buf.len,
		.codec = PURG_CODEC_RAW,
	};
	struct purg_unpack zero = {
		.dst_pa = s->range.start + s->buf.len,
		.dst_len = kx_range_len(s->range) - s->buf.len,
		.codec = PURG_CODEC_ZERO,
	};
	int rc = 0;

	parcel->first = p->unpack_count;
	if (s->buf.len)
		rc = add_staged(p, at, s->name, s->buf, s->buf.len,
				"waits here for purgatory to move it", err);
	if (rc == 0)
		rc = kx_parcel_add(p, parcel, move, err);
	if (rc == 0)
		rc = kx_parcel_add(p, parcel, zero, err);
	if (rc == 0)
		kx_plan_retarget(p, 0);
	return rc;
}

static int stage_all(struct kx_plan *p, struct kx_parcel *parcel, struct kx_err *err)
{
	uint64_t at = kx_crash_reservation(p->sources).start + kx_crash_control_len(p->sources);
	bool packed = parcel->buf;
	struct kx_segment *list;
	struct kx_bytes image;
	int rc;

	rc = kx_purgatory_image(p, &image, err);
	if (rc < 0)
		return rc;
	p->staged_entry = at;
	rc = add_staged(p, &at, "purgatory", image, PURGATORY_LEN,
			"entered by a panic: says that there is no crash kernel", err);
	if (rc == 0 && !packed)
		rc = kx_parcel_init(p, parcel, 0, 0, err);
	if (rc < 0)
		return rc;
	kx_parcel_settle(p, at);
	list = &p->staged[p->staged_count];
	rc = add_staged(p, &at, packed ? "packed" : "unpack list", (struct kx_bytes){ parcel->buf, parcel->len }, parcel->len,
			packed ? "what purgatory does, and blocks it unpacks" :
				 "what purgatory does", err);
	while (rc == 0 && p->segment_count)
		rc = add_raw(p, parcel, &at, err);
	if (rc < 0)
		return rc;
	list->verify = true;
	list->verify_len = kx_parcel_list_len(p);
	return 0;
}

int kx_plan_stage(struct kx_plan *p, struct kx_parcel *parcel, struct kx_err *err)
{
	const struct kx_sources *src = p->sources;
	int rc = choose(p, parcel, err);

	if (rc < 0)
		return rc;
	if (p->stage == KX_STAGE_KERNEL)
		return place_parcel(p, parcel, err);
	p->fallback_allowed = false;
	p->fallback_why_not = "only kexec_load can use what is staged";
	if (src->crash_loaded.known && src->crash_loaded.value && !src->crash_is_staged)
		kx_plan_note(p, "stage: the crash kernel that is loaded is given up");
	kx_plan_note(p, "stage: until kexec -e, a panic of the running kernel leaves no dump");
	return stage_all(p, parcel, err);
}
