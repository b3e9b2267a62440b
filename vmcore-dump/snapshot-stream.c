// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of a snapshot, and what the kernel says in front of them, for
 * snapshot-image.c.  Called by snapshot.c.
 */
#include "snapshot.h"

struct stream {
	struct kx_snapshot *snapshot;
	struct kx_snapshot_index index;
};

/* The pages come in their order, whoever they are of. */
static int read_pages(void *ctx, uint64_t pa, void *to, size_t len, struct kx_err *err)
{
	struct stream *w = ctx;

	(void)pa;
	return kx_snapshot_read(w->snapshot, to, len, w->index.head.page_size, err);
}

int image_write_snapshot(struct image *im, const struct snapshot_facts *f, struct kx_snapshot *s,
			 struct kx_err *err)
{
	struct stream w = { .snapshot = s };
	const struct kx_snapshot_index *x = &w.index;
	struct kx_context context = f->context;
	struct kx_saved_parts parts = {
		.context = &context, .vmcoreinfo = f->f.vmcoreinfo, .machine = f->machine,
		.ram = f->ram, .ram_count = f->ram_count,
		.direct_va = f->s.core.direct_va.known ? f->s.core.direct_va.value : 0,
	};
	struct pages_source source = { .read = read_pages, .ctx = &w };
	int r;

	r = kx_snapshot_index_read(s, f->context.machine, f->s.page_size, &w.index, err);
	if (r < 0)
		return r;
	kx_snapshot_entry(&x->head, &f->f, &context);
	parts.snapshot = x->first;
	source.run = x->frames.run;
	source.run_count = x->frames.n;
	source.page_size = x->head.page_size;
	source.pages = x->frames.frames;
	source.data_pages = x->head.data_pages;
	return image_write(im, &source, &parts, err);
}
