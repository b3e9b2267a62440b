/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From /dev/snapshot to the areas of a kernel that is kept in memory (kx/keep.h),
 * and the notes about it.  Called by verb-keep.c.
 */
#include <errno.h>
#include <inttypes.h>

#include "kx/core-headers.h"
#include "kx/keep-take.h"

int kx_keep_facts_read(const struct kx_sources *s, struct kx_arena *a, struct kx_keep_facts *ret,
		       struct kx_err *err)
{
	int r = kx_snapshot_facts_read(s, a, &ret->f, err);

	if (r == 0)
		r = kx_machine_note(s, a, &ret->machine, err);
	if (r == 0)
		kx_context_init(&ret->context, s);
	return r;
}

void kx_keep_describe(const struct kx_keep_facts *f, const struct kx_snapshot_head *head,
		      struct kx_bytes first, struct kx_keep *keep)
{
	const struct kx_snapshot_head none = { .page_size = keep->page_size };

	keep->context = f->context;
	keep->vmcoreinfo = f->f.vmcoreinfo;
	keep->machine = f->machine;
	keep->snapshot = first;
	kx_snapshot_entry(head ? head : &none, &f->f, &keep->context);
}

static int reserve_areas(struct kx_keep *keep, struct kx_err *err)
{
	for (size_t i = 0; i < keep->area_count; i++) {
		size_t len = (size_t)kx_range_len(keep->area[i]);
		const uint8_t *p = kx_snapshot_reserve(1, len, err);

		if (!p)
			return -ENOMEM;
		keep->bytes[i] = (struct kx_bytes){ p, len };
	}
	return 0;
}

/*
 * Pages of the stream that follow each other, home at @pa: read run by run of
 * keep->run, *at being the first that is not behind them.
 */
static int fill_run(struct kx_snapshot *s, const struct kx_keep *keep, uint64_t pa,
		    uint64_t pages, size_t *at, struct kx_err *err)
{
	uint64_t page = keep->page_size;
	int r = 0;

	while (r == 0 && pages) {
		const struct context_run *run;
		uint64_t skip, n;
		uint8_t *to;

		while (*at < keep->run_count &&
		       keep->run[*at].dst_pa + keep->run[*at].pages * page <= pa)
			++*at;
		run = &keep->run[*at];
		to = *at < keep->run_count && run->dst_pa <= pa ?
			kx_keep_at(keep, run->src_pa + (pa - run->dst_pa)) : NULL;
		if (!to)
			return kx_err_set(err, EIO, "no place was chosen for the page at 0x%" PRIx64,
					  pa);
		skip = (pa - run->dst_pa) / page;
		n = run->pages - skip < pages ? run->pages - skip : pages;
		r = kx_snapshot_read(s, to, (size_t)(n * page), page, err);
		pa += n * page;
		pages -= n;
	}
	return r;
}

int kx_keep_fill(struct kx_snapshot *s, const struct kx_snapshot_index *x, struct kx_keep *keep,
		 struct kx_err *err)
{
	size_t at = 0;
	int r = reserve_areas(keep, err);

	/* Pages of zeros are not in the stream, and zeros already. */
	for (size_t i = 0; r == 0 && i < x->frames.n; i++)
		if (!x->frames.run[i].zero)
			r = fill_run(s, keep, x->frames.run[i].pa, x->frames.run[i].pages, &at, err);
	return r;
}
