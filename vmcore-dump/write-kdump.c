// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kdump-compressed file (kx/kdump-file.h).  Called by write.c.
 *
 *	header		says "incomplete" until all is there, and for ever if a page is lost
 *	sub-header, notes, bitmaps	known before the first page is packed
 *	descriptors	in step with the pages, each behind its page: one that is not
 *			written is 0, which is "lost" to readers
 *	zeros		one page, for all pages of zeros
 *	pages		as the threads packed them
 *	checksums	kx/dump-sums.h
 *
 * So a file whose writer died has all that was written by then.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "write-parts.h"

static const uint32_t statuses[KX_PAGE_CODECS] = {
	[KX_PAGE_ZLIB] = KX_KDUMP_STATUS_ZLIB,
	[KX_PAGE_LZO] = KX_KDUMP_STATUS_LZO,
	[KX_PAGE_SNAPPY] = KX_KDUMP_STATUS_SNAPPY,
	[KX_PAGE_ZSTD] = KX_KDUMP_STATUS_ZSTD,
};

struct kdump {
	struct write_file *f;
	struct kx_kdump_layout l;
	struct kx_kdump_head h;
	struct write_kernel k;
	uint8_t *head;			/* the first block */
	uint64_t descs;			/* that were written */
	uint64_t data;			/* where the next page goes */
};

/* ---- what is before the pages ------------------------------------------------------ */

static void layout_head(struct kdump *k)
{
	struct write *w = k->f->w;

	k->h = (struct kx_kdump_head){
		.utsname = k->k.utsname, .time = k->k.time, .cpus = k->k.cpus,
		.phys_base = k->k.phys_base, .level = w->map.level,
		.status = statuses[w->r->codec] | KX_KDUMP_STATUS_INCOMPLETE,
		.split = k->f->split, .start_pfn = k->f->start_pfn, .end_pfn = k->f->end_pfn,
		.vmcoreinfo_off = k->k.vmcoreinfo_off, .vmcoreinfo_len = k->k.vmcoreinfo_len,
	};
	kx_kdump_head_build(k->head, &k->l, &k->h);
}

/* Flattened, readers want each byte once: the status comes when it is known. */
static int head_put(struct kdump *k, struct kx_err *err)
{
	struct write_sink *s = k->f->sink;
	uint32_t after = KX_KDUMP_STATUS_AT + 4;
	int r;

	if (!s->flat)
		return write_sink_put(s, 0, k->head, k->l.page_size, err);
	r = write_sink_put(s, 0, k->head, KX_KDUMP_STATUS_AT, err);
	return r < 0 ? r : write_sink_put(s, after, k->head + after, k->l.page_size - after, err);
}

/* The rest of the blocks up to the bitmaps, zeros behind the notes. */
static int sub_put(struct kdump *k, struct kx_err *err)
{
	size_t len = (size_t)(k->l.map_off[0] - k->l.page_size);
	uint8_t *p = calloc(1, len);
	int r;

	if (!p)
		return kx_err_set(err, ENOMEM, "no memory for 0x%zx bytes of notes", len);
	kx_kdump_sub_build(p, &k->l, &k->h);
	if (k->k.notes.len)
		memcpy(p + KX_KDUMP_SUB_LEN, k->k.notes.data, k->k.notes.len);
	r = write_sink_put(k->f->sink, k->l.page_size, p, len, err);
	free(p);
	return r;
}

/* Both bitmaps, chunk after chunk; a chunk's room is longer than what is left of it. */
static int maps_put(struct kdump *k, struct kx_err *err)
{
	struct write_map *m = &k->f->w->map;
	int r = 0;

	for (uint64_t first = 0; r == 0 && first < m->max_pfn; first += m->room) {
		uint64_t at = first / 8, len = k->l.map_len - at;

		len = len < m->room / 8 ? len : m->room / 8;
		/* A hole of a file, and where no record writes, are zeros. */
		if (write_map_empty(m, first) && k->f->sink->target->place != WRITE_DEVICE)
			continue;
		if (m->first != first || m->room < m->max_pfn)
			r = write_map_load(m, first, false, err);
		if (r == 0)
			r = write_sink_put(k->f->sink, k->l.map_off[0] + at, m->here, (size_t)len, err);
		if (r == 0)
			r = write_sink_put(k->f->sink, k->l.map_off[1] + at, m->kept, (size_t)len, err);
	}
	return r;
}

static int zeros_put(struct kdump *k, struct kx_err *err)
{
	uint8_t *p = calloc(1, k->l.page_size);
	int r;

	if (!p)
		return kx_err_set(err, ENOMEM, "no memory for a page");
	r = write_sink_put(k->f->sink, k->l.data_off, p, k->l.page_size, err);
	free(p);
	k->data = k->l.data_off + k->l.page_size;
	return r;
}

static int begin(struct kdump *k, struct kx_err *err)
{
	struct write *w = k->f->w;
	int r;

	r = write_kernel_read(&k->k, w, err);
	if (r == 0)
		r = kx_kdump_layout_make(&k->l, (uint32_t)w->map.page_size, w->map.max_pfn,
					 k->k.notes.len, k->f->pages, err);
	if (r < 0)
		return r;
	k->head = calloc(1, k->l.page_size);
	if (!k->head)
		return kx_err_set(err, ENOMEM, "no memory for a header");
	layout_head(k);
	r = write_sink_reserve(k->f->sink, k->l.data_off + k->l.page_size, err);
	if (r == 0)
		r = head_put(k, err);
	if (r == 0)
		r = sub_put(k, err);
	if (r == 0)
		r = maps_put(k, err);
	/* What a device had there must not become descriptors. */
	if (r == 0)
		r = write_sink_blank(k->f->sink, k->l.desc_off, k->l.data_off - k->l.desc_off, err);
	return r < 0 ? r : zeros_put(k, err);
}

/* ---- pages -------------------------------------------------------------------------- */

static void descs_build(const struct kdump *k, const struct write_block *b, uint8_t *to)
{
	uint32_t packed = statuses[k->f->w->r->codec];
	uint64_t at = k->data;

	for (size_t i = 0; i < b->count; i++, to += KX_KDUMP_DESC_LEN) {
		if (b->len[i] == WRITE_LOST) {
			kx_kdump_desc_build(to, 0, 0, 0);
		} else if (!b->len[i]) {
			kx_kdump_desc_build(to, k->l.data_off, k->l.page_size, 0);
		} else {
			kx_kdump_desc_build(to, at, b->len[i], b->len[i] < k->l.page_size ? packed : 0);
			at += b->len[i];
		}
	}
}

static void count(struct write_file *f, const struct write_block *b)
{
	struct write *w = f->w;

	for (size_t i = 0; i < b->count; i++) {
		w->report->zero += !b->len[i];
		w->report->lost += b->len[i] == WRITE_LOST;
		f->lost += b->len[i] == WRITE_LOST;
	}
	w->done_pages += b->count;
	write_progress(w);
}

static int block_put(struct kdump *k, const struct write_block *b, struct kx_err *err)
{
	uint8_t descs[WRITE_BLOCK_PAGES * KX_KDUMP_DESC_LEN];
	int r = 0;

	/* Never more than there is room for, whatever the kernel's memory says meanwhile. */
	if (b->count > k->l.descs - k->descs)
		return kx_err_set(err, EIO, "expected %" PRIu64 " pages to write, as there were"
				  " before, have more", k->l.descs);
	if (b->out_len)
		r = write_sink_put(k->f->sink, k->data, b->out, b->out_len, err);
	if (r < 0)
		return r;
	descs_build(k, b, descs);
	r = write_sink_put(k->f->sink, k->l.desc_off + k->descs * KX_KDUMP_DESC_LEN, descs,
			   b->count * KX_KDUMP_DESC_LEN, err);
	if (r < 0)
		return r;
	k->data += b->out_len;
	k->descs += b->count;
	count(k->f, b);
	return 0;
}

/* Kept pages from *pfn on, below @end, into @b. */
static void block_fill(const struct write_map *m, struct write_block *b, size_t most, uint64_t *pfn,
		       uint64_t end)
{
	b->count = 0;
	while (b->count < most && (*pfn = write_map_next(m, *pfn)) < end)
		b->pfn[b->count++] = (*pfn)++;
}

/* All kept pages of the chunk. */
static int chunk_put(struct kdump *k, uint64_t pfn, uint64_t end, struct kx_err *err)
{
	struct write_pool *p = k->f->w->pool;
	struct write_block *b;
	bool more = true;
	int r = 0;

	while (r == 0) {
		while (more && (b = write_pool_free_block(p))) {
			block_fill(&k->f->w->map, b, write_pool_pages(p), &pfn, end);
			more = b->count;
			if (more)
				write_pool_submit(p);
		}
		b = write_pool_wait(p);
		if (!b)
			break;
		r = block_put(k, b, err);
		write_pool_release(p);
	}
	write_pool_drop(p);
	return r;
}

static int pages_put(struct kdump *k, struct kx_err *err)
{
	struct write_map *m = &k->f->w->map;
	uint64_t pfn = k->f->start_pfn;
	int r = 0;

	while (r == 0 && pfn < k->f->end_pfn) {
		uint64_t first = pfn / m->room * m->room, end = first + m->room;

		end = end < k->f->end_pfn ? end : k->f->end_pfn;
		if (write_map_empty(m, first)) {
			pfn = end;
			continue;
		}
		if (m->first != first)
			r = write_map_load(m, first, false, err);
		if (r == 0)
			r = chunk_put(k, pfn, end, err);
		pfn = end;
	}
	if (r == 0 && k->descs != k->l.descs)
		r = kx_err_set(err, EIO, "expected %" PRIu64 " pages to write, as there were before,"
			       " have %" PRIu64, k->l.descs, k->descs);
	return r;
}

/* ---- the end ------------------------------------------------------------------------ */

static int finish(struct kdump *k, bool complete, struct kx_err *err)
{
	struct write_sink *s = k->f->sink;
	uint8_t status[4], *old = k->head + KX_KDUMP_STATUS_AT;
	bool lacks = !complete || k->f->lost || k->f->w->partial;
	struct kx_err none;
	int r = 0;

	kx_put_le32(status, statuses[k->f->w->r->codec] |
		    (lacks ? KX_KDUMP_STATUS_INCOMPLETE : 0));
	/* It says "complete" when the rest is on the disk. */
	if (complete)
		r = write_target_sync(s->target, err);
	if (r == 0 && (complete || s->flat))
		r = write_sink_change(s, KX_KDUMP_STATUS_AT, old, status, sizeof(status), err);
	/* All pages are there: the dump is whole without its checksums. */
	if (r == 0 && complete && write_sink_sums(s, k->data, &none) < 0) {
		k->f->w->report->no_sums = true;
		r = none.code == ENOSPC ? 0 : kx_err_set(err, none.code, "%s", none.text);
	}
	return r < 0 ? r : write_sink_end(s, err);
}

int write_kdump(struct write_file *f, bool *ret_opens, struct kx_err *err)
{
	struct kdump k = { .f = f };
	struct kx_err why;
	int r;

	*ret_opens = false;
	r = begin(&k, err);
	if (r == 0) {
		r = pages_put(&k, err);
		*ret_opens = true;
	}
	if (r == 0)
		r = finish(&k, true, err);
	/* What is there stays; a file without a page would say nothing. */
	if (r < 0 && *ret_opens)
		*ret_opens = k.descs && (finish(&k, false, &why) == 0 || write_sink_cuts(f->sink));
	free(k.head);
	return r;
}
