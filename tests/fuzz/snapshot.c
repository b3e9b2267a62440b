// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target of the stream of /dev/snapshot.  The first byte picks the machine,
 * the rest are pages of 4096 bytes: the head, and all others frame numbers.
 */
#include "kx/core.h"
#include "kx/snapshot-stream.h"
#include "targets.h"

#define PAGE	4096u
#define RUNS	600u

static void check_runs(const struct kx_snapshot_frames *f)
{
	uint64_t pages = 0, zeros = 0;

	FUZZ_ASSERT(f->n <= f->cap);
	for (size_t i = 0; i < f->n; i++) {
		const struct kx_snapshot_run *r = &f->run[i];

		FUZZ_ASSERT(r->pages > 0);
		FUZZ_ASSERT(!i || r[-1].pa + r[-1].pages * f->head->page_size <= r->pa);
		pages += r->pages;
		zeros += r->zero ? r->pages : 0;
	}
	FUZZ_ASSERT(pages == f->frames && zeros == f->zeros);
}

static int take_frames(struct kx_snapshot_frames *f, struct kx_bytes in, struct kx_err *err)
{
	struct kx_bytes page;
	int rc = 0;

	for (size_t off = PAGE; rc == 0 && kx_bytes_sub(in, off, PAGE, &page); off += PAGE)
		rc = kx_snapshot_frames_add(f, page, err);
	return rc == 0 ? kx_snapshot_frames_end(f, err) : rc;
}

void fuzz_snapshot(struct kx_bytes in)
{
	struct kx_err err = { .code = 0 };
	struct kx_snapshot_frames f;
	struct kx_snapshot_head head;
	struct kx_snapshot_run *run;
	struct kx_bytes copy, page;
	struct kx_arena a;
	int rc;

	if (!in.len)
		return;
	kx_arena_init(&a);
	copy = fuzz_copy(&a, (struct kx_bytes){ in.data + 1, in.len - 1 });
	run = kx_arena_alloc(&a, RUNS * sizeof(*run));
	if (run && kx_bytes_sub(copy, 0, PAGE, &page)) {
		rc = kx_snapshot_head_parse(page, in.data[0] & 1 ? KX_ELF_ARM64 : KX_ELF_X86_64,
					    &head, &err);
		fuzz_check(rc, &err);
		if (rc == 0) {
			FUZZ_ASSERT(head.pages == 1 + head.frame_pages + head.data_pages);
			kx_snapshot_frames_init(&f, &head, run, RUNS);
			rc = take_frames(&f, copy, &err);
			fuzz_check(rc, &err);
			check_runs(&f);
		}
	}
	kx_arena_deinit(&a);
}
