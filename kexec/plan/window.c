/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory of a kernel that runs while the one that loaded it is preserved
 * (CONFIG_KEXEC_JUMP; doc/jump-protocol.md, section 2): a page that it writes and
 * that is in no segment is lost for the kernel that sleeps.  So all it is told of
 * is one window and what it needs below 1 MiB, and every page of these is in a
 * segment.  Called by the layouts and by build.c.
 *
 * What it may not lie over is what kx_plan_space() took out.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "kx/arch.h"
#include "print.h"

#define MIB		((uint64_t)1 << 20)
#define FOUR_GIB	((uint64_t)1 << 32)

/*
 * Where a kernel puts its real-mode trampolines: behind the page of the BIOS
 * data area, below the earliest place where an extended one begins.
 */
#define LOW_START	0x1000u
#define LOW_END		0x9f000u

/* Clear of where kernels that cannot move have to be, and of 24-bit DMA. */
#define WINDOW_MIN	(16 * MIB)
#define WINDOW_ALIGN	(2 * MIB)
/*
 * By default: the files twice, as they are loaded and as they are unpacked to,
 * and to work in.  128 MiB serve a small kernel and initrd (doc/jump-protocol.md,
 * section 9).
 */
#define WINDOW_WORK	(64 * MIB)
#define WINDOW_ROUND	(16 * MIB)
#define WINDOW_SMALLEST	(128 * MIB)

static int choose_low(struct kx_plan *p, uint64_t *ret_len, struct kx_err *err)
{
	struct kx_own *own = &p->own;

	*ret_len = 0;
	for (size_t i = 0; i < p->space.n && own->low_count < KX_OWN_LOW_MAX; i++) {
		struct kx_range r = p->space.v[i].r;

		if (r.start < LOW_START)
			r.start = LOW_START;
		if (r.end > LOW_END)
			r.end = LOW_END;
		if (r.start >= r.end)
			continue;
		own->low[own->low_count++] = r;
		*ret_len += kx_range_len(r);
	}
	if (!own->low_count)
		return kx_err_set(err, ENOSPC,
				  "--load-preserve-context: no memory is free in [0x%x, 0x%x), where the next kernel starts its CPUs",
				  LOW_START, LOW_END);
	return 0;
}

/* The kernel's half-of-RAM rule, and the pages it has to find: as many as are loaded. */
static int check_spare(const struct kx_plan *p, uint64_t low_len, uint64_t size,
		       struct kx_err *err)
{
	const struct kx_sources *src = p->sources;
	uint64_t half = src->total_ram / 2, all;
	char want[KX_SIZE_TEXT], have[KX_SIZE_TEXT];

	if (__builtin_add_overflow(low_len, size, &all))
		all = UINT64_MAX;
	kx_size_text(all, want);
	if (half && all > half)
		return kx_err_set(err, ENOSPC,
				  "a window of 0x%" PRIx64 " bytes: with low memory the segments would be %s, and the kernel loads at most half of RAM, %s",
				  size, want, kx_size_text(half, have));
	if (src->free_ram && all > src->free_ram)
		return kx_err_set(err, ENOSPC,
				  "a window of 0x%" PRIx64 " bytes: the kernel needs %s to swap it with, and has %s",
				  size, want, kx_size_text(src->free_ram, have));
	return 0;
}

static uint64_t default_size(uint64_t need)
{
	uint64_t size = kx_align_up(2 * need + WINDOW_WORK, WINDOW_ROUND);

	return size < WINDOW_SMALLEST ? WINDOW_SMALLEST : size;
}

/* --mem-min and --mem-max without a size: all of what is between them. */
static int choose_given(struct kx_plan *p, uint64_t low_len, struct kx_err *err)
{
	const struct kx_request *req = p->request;
	uint64_t page = p->sources->page_size;
	struct kx_range r = kx_range_shrink((struct kx_range){ req->mem_min, req->mem_max + 1 },
					    page);
	const char *what = kx_plan_what_blocks(p, r);
	int rc;

	if (kx_range_empty(r) || r.start < MIB)
		return kx_err_set(err, EINVAL,
				  "--mem-min=0x%" PRIx64 ", --mem-max=0x%" PRIx64
				  ": expected whole pages above 1 MiB for the window",
				  req->mem_min, req->mem_max);
	if (what)
		return kx_err_set(err, ENOSPC,
				  "the window cannot be [0x%" PRIx64 "-0x%" PRIx64 "): it holds %s",
				  r.start, r.end, what);
	rc = check_spare(p, low_len, kx_range_len(r), err);
	if (rc < 0)
		return rc;
	p->own.window = r;
	p->own.why = "between --mem-min and --mem-max";
	return 0;
}

static int choose_place(struct kx_plan *p, uint64_t low_len, uint64_t need, struct kx_err *err)
{
	const struct kx_request *req = p->request;
	struct kx_want want = {
		.name = "window", .align = WINDOW_ALIGN, .top_down = true,
		.size = kx_align_up(req->window_size ? req->window_size : default_size(need),
				    p->sources->page_size),
		.min = req->mem_min > WINDOW_MIN ? req->mem_min : WINDOW_MIN,
		/* For purgatory, and for what of the next kernel cannot be higher. */
		.max = req->mem_max < FOUR_GIB ? req->mem_max + 1 : FOUR_GIB,
	};
	struct kx_want quick = want;
	uint64_t pa;
	int rc;

	rc = check_spare(p, low_len, want.size, err);
	if (rc < 0)
		return rc;
	/* kimage_alloc_page(); 2560 MiB of RAM: 512 MiB 1.2 s, 768 MiB 22 s, 1 GiB 153 s. */
	if (p->sources->free_ram && want.size > p->sources->free_ram / 4)
		kx_plan_note(p, "window: more than a quarter of the memory that is free: the kernel may take minutes to find pages outside of it");
	if (kx_plan_quick_max(p) < quick.max)
		quick.max = kx_plan_quick_max(p);
	p->own.why = "highest room below the middle of memory, where loading is quick";
	if (kx_space_find(&p->space, &quick, &pa, NULL, NULL) < 0) {
		p->own.why = "highest room below 4 GiB";
		rc = kx_space_find(&p->space, &want, &pa, NULL, err);
		if (rc < 0)
			return rc;
	}
	p->own.window = (struct kx_range){ pa, pa + want.size };
	return 0;
}

int kx_plan_window_choose(struct kx_plan *p, uint64_t need, struct kx_err *err)
{
	const struct kx_request *req = p->request;
	struct kx_range *w = &p->own.window;
	uint64_t low_len;
	int rc;

	if (p->sources->iomem.n == 0)
		return kx_err_set(err, ENOSPC,
				  "--load-preserve-context: /proc/iomem does not say where the running kernel is");
	rc = choose_low(p, &low_len, err);
	if (rc < 0)
		return rc;
	if (req->mem_min && req->mem_max != UINT64_MAX && !req->window_size)
		rc = choose_given(p, low_len, err);
	else
		rc = choose_place(p, low_len, need, err);
	if (rc == 0)
		rc = kx_space_remove(&p->space, (struct kx_range){ 0, w->start }, err);
	if (rc == 0)
		rc = kx_space_remove(&p->space, (struct kx_range){ w->end, UINT64_MAX }, err);
	return rc;
}

int kx_plan_window_fill(struct kx_plan *p, struct kx_err *err)
{
	struct kx_own *own = &p->own;
	int rc = 0;

	for (size_t i = 0; i < own->low_count && rc == 0; i++)
		rc = kx_space_add(&p->space, own->low[i], err);
	/* Each segment takes its hole with it. */
	while (rc == 0 && p->space.n) {
		struct kx_range r = p->space.v[0].r;
		bool low = r.end <= MIB;

		rc = kx_plan_place_at(p, low ? "low memory" : "work", r, KX_BYTES_NONE,
				      low ? "real-mode trampolines of both kernels" :
				      "the window, to its last page", err);
		if (rc == 0)
			p->segment[p->segment_count - 1].verify = false;
	}
	return rc;
}
