// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of a snapshot, and what the kernel says in front of them
 * (kx/snapshot-stream.h), for snapshot-image.c.  Called by snapshot.c.
 */
#include <errno.h>

#include "snapshot.h"

/* What is known only after the snapshot. */
struct stream {
	const struct snapshot_facts *facts;
	struct kx_snapshot *snapshot;
	struct kx_snapshot_head head;
	uint8_t *first;			/* the stream's first page */
	struct kx_snapshot_frames frames;
};

static int read_head(struct stream *w, struct kx_err *err)
{
	uint64_t page = w->facts->s.page_size;
	int r;

	w->first = reserve(1, (size_t)page, err);
	if (!w->first)
		return -ENOMEM;
	r = kx_snapshot_read(w->snapshot, w->first, (size_t)page, page, err);
	return r == 0 ? kx_snapshot_head_parse((struct kx_bytes){ w->first, (size_t)page },
					       w->facts->context.machine, &w->head, err) : r;
}

static int read_frames(struct stream *w, struct kx_err *err)
{
	size_t page = (size_t)w->head.page_size;
	uint64_t cap = w->head.frame_pages * (page / sizeof(uint64_t));
	struct kx_snapshot_run *run;
	uint8_t *buf;
	int r = 0;

	run = reserve(cap, sizeof(*run), err);
	buf = run ? reserve(1, page, err) : NULL;
	if (!buf)
		return -ENOMEM;
	kx_snapshot_frames_init(&w->frames, &w->head, run, (size_t)cap);
	for (uint64_t i = 0; r == 0 && i < w->head.frame_pages; i++) {
		r = kx_snapshot_read(w->snapshot, buf, page, page, err);
		if (r == 0)
			r = kx_snapshot_frames_add(&w->frames, (struct kx_bytes){ buf, page }, err);
	}
	return r == 0 ? kx_snapshot_frames_end(&w->frames, err) : r;
}

/* Where the kernel is entered: kernel-side contract in doc/resumable-core.md, CONTEXT. */
static void set_entry(const struct stream *w, struct kx_context *c)
{
	const struct snapshot_facts *f = w->facts;

	c->source = CONTEXT_SOURCE_SNAPSHOT;
	c->filled = true;
	if (c->machine == KX_ELF_ARM64) {
		c->entry_kind = CONTEXT_ENTRY_RESUME_ARM64;
		c->entry = f->f.cpu_resume;
		c->boot_cpu = w->head.mpidr;
		return;
	}
	c->entry_kind = CONTEXT_ENTRY_RESTORE_X86_64;
	c->entry = w->head.jump_pa;
	c->value[0] = w->head.cr3;
	c->value[1] = w->head.jump_va;
	c->value[2] = w->head.jump_pa;
	c->boot_cpu = f->f.boot_cpu;
}

/* The pages come in their order, whoever they are of. */
static int read_pages(void *ctx, uint64_t pa, void *to, size_t len, struct kx_err *err)
{
	struct stream *w = ctx;

	(void)pa;
	return kx_snapshot_read(w->snapshot, to, len, w->head.page_size, err);
}

int image_write_snapshot(struct image *im, const struct snapshot_facts *f, struct kx_snapshot *s,
			 struct kx_err *err)
{
	struct stream w = { .facts = f, .snapshot = s };
	struct kx_context context = f->context;
	struct kx_saved_parts parts = {
		.context = &context, .vmcoreinfo = f->f.vmcoreinfo, .machine = f->machine,
		.ram = f->ram, .ram_count = f->ram_count,
		.direct_va = f->s.core.direct_va.known ? f->s.core.direct_va.value : 0,
	};
	struct pages_source source = { .read = read_pages, .ctx = &w };
	int r;

	r = read_head(&w, err);
	if (r == 0)
		r = read_frames(&w, err);
	if (r < 0)
		return r;
	set_entry(&w, &context);
	parts.snapshot = (struct kx_bytes){ w.first, (size_t)w.head.page_size };
	source.run = w.frames.run;
	source.run_count = w.frames.n;
	source.page_size = w.head.page_size;
	source.pages = w.frames.frames;
	source.data_pages = w.head.data_pages;
	return image_write(im, &source, &parts, err);
}
