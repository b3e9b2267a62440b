/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What /dev/snapshot gives after SNAPSHOT_CREATE_IMAGE (kernel/power/snapshot.c),
 * a page at a time:
 *
 *	head	struct swsusp_info, over whose first bytes the architecture wrote
 *		how the kernel is entered again
 *	frames	64-bit page frame numbers, ascending, ended by ~0 unless the last
 *		page is full; bit 63: the page is all zeros and is not in the stream
 *		(since 6.7, "PM: hibernate: don't store zero pages in the image file")
 *	data	one page for each frame that has not bit 63, in the same order
 *
 * Pure: whoever reads the device (sys/snapshot.c) hands pages in.
 */
#ifndef KX_SNAPSHOT_STREAM_H
#define KX_SNAPSHOT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/bytes.h"
#include "kx/err.h"

struct kx_snapshot_head {
	uint64_t page_size;
	uint64_t physpages;		/* frames of the machine, as the kernel counts */
	uint64_t cpus;
	uint64_t pages;			/* of the whole stream */
	uint64_t frame_pages;		/* that hold frame numbers */
	uint64_t data_pages;
	/* arm64 */
	uint64_t mpidr;			/* of the CPU that took the snapshot */
	/* x86_64 */
	uint64_t jump_va, jump_pa;	/* restore_registers() */
	uint64_t cr3;			/* that it loads */
};

/*
 * @page: the first page, as long as the kernel's pages.  @machine: KX_ELF_*.
 *   -ENOEXEC  it contradicts itself; the sentence names the field
 */
KX_CHECKED int kx_snapshot_head_parse(struct kx_bytes page, uint16_t machine,
				      struct kx_snapshot_head *ret, struct kx_err *err);

/* Pages that follow each other, all zero or none known to be. */
struct kx_snapshot_run {
	uint64_t pa;
	uint32_t pages;
	uint32_t zero;			/* 0, 1 */
};

struct kx_snapshot_frames {
	const struct kx_snapshot_head *head;
	struct kx_snapshot_run *run;	/* the caller's, @cap of them; ascending, disjoint */
	size_t cap, n;
	uint64_t taken;			/* pages of frame numbers */
	uint64_t frames, zeros;
	uint64_t next_pa;		/* behind the last one */
	bool ended;
};

void kx_snapshot_frames_init(struct kx_snapshot_frames *f, const struct kx_snapshot_head *head,
			     struct kx_snapshot_run *run, size_t cap);
/*
 * The next page of frame numbers.
 *   -ENOEXEC  not ascending, no physical address, something behind the end
 *   -E2BIG    more than @cap runs
 */
KX_CHECKED int kx_snapshot_frames_add(struct kx_snapshot_frames *f, struct kx_bytes page,
				      struct kx_err *err);
/* All head->frame_pages were taken: are there as many frames as data pages? -ENOEXEC. */
KX_CHECKED int kx_snapshot_frames_end(const struct kx_snapshot_frames *f, struct kx_err *err);

#endif
