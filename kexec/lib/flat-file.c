// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reader of flattened files ("makedumpfile -F", QEMU's dump-guest-memory): a
 * file as a row of records that say where each piece of it goes, so that it can be
 * written to a pipe.  doc/dump-formats.md.  Called by vmcore-dump.
 *
 * "seek and write again" is a record for the same place: the last one counts.  There
 * are as many records as the writer had buffers, or pages; only the first of each
 * KX_FLAT_CHAIN is remembered, the others are found from it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kx/kdump-file.h"

#define HEAD_LEN	KX_FLAT_RECORD_LEN
#define CHECK_LEN	32u

static uint64_t be64(const uint8_t *p)
{
	uint64_t v = 0;

	for (size_t i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

int kx_flat_head_check(struct kx_bytes b, struct kx_err *err)
{
	static const uint8_t magic[KX_FLAT_TYPE_AT] = KX_FLAT_MAGIC;
	uint64_t type, version;

	if (b.len < CHECK_LEN || !kx_bytes_starts(b, magic, sizeof(magic)))
		return kx_err_set(err, ENOENT, "expected a flattened file, have something else");
	type = be64(b.data + KX_FLAT_TYPE_AT);
	version = be64(b.data + KX_FLAT_VERSION_AT);
	if (type != 1 || version != 1)
		return kx_err_set(err, EOPNOTSUPP, "flattened: offset %u: expected type 1 and version 1,"
				  " have %" PRIu64 " and %" PRIu64, KX_FLAT_TYPE_AT, type, version);
	return 0;
}

int kx_flat_record_parse(const uint8_t head[KX_FLAT_RECORD_LEN], uint64_t off,
			 struct kx_flat_record *ret, struct kx_err *err)
{
	uint64_t at = be64(head), len = be64(head + 8);

	*ret = (struct kx_flat_record){ .last = at == UINT64_MAX && len == UINT64_MAX };
	if (ret->last)
		return 0;
	if (at > INT64_MAX || !len || len > INT64_MAX - at)
		return kx_err_set(err, ENOEXEC, "flattened: record at offset 0x%" PRIx64 ": expected"
				  " bytes below 2^63, have 0x%" PRIx64 " of them at 0x%" PRIx64, off, len,
				  at);
	ret->at = at;
	ret->len = len;
	return 0;
}

/* ---- the records ---------------------------------------------------------------- */

struct scan {
	struct kx_arena *a;
	size_t room;			/* chains */
	uint32_t links;			/* records of the last chain */
};

static int chain_add(struct kx_flat *f, struct scan *s, const struct kx_flat_record *r,
		     uint64_t off, struct kx_err *err)
{
	struct kx_flat_chain *last = f->chain_count ? &f->chain[f->chain_count - 1] : NULL;

	f->records++;
	if (r->at + r->len > f->len)
		f->len = r->at + r->len;
	if (last && s->links < KX_FLAT_CHAIN && r->at == last->at + last->len) {
		last->len += r->len;
		s->links++;
		return 0;
	}
	if (f->chain_count == KX_FLAT_CHAINS_MAX)
		return kx_err_set(err, E2BIG, "flattened: offset 0x%" PRIx64 ": expected at most %u"
				  " chains of records, have more", off, KX_FLAT_CHAINS_MAX);
	if (f->chain_count == s->room) {
		size_t room = 2 * s->room + 64;
		void *p = kx_arena_resize_raw(s->a, f->chain, room * sizeof(*f->chain));

		if (!p)
			return kx_err_set(err, ENOMEM, "flattened: no memory for %zu chains", room);
		f->chain = p;
		s->room = room;
	}
	f->chain[f->chain_count++] = (struct kx_flat_chain){ r->at, r->len, off };
	s->links = 1;
	return 0;
}

/* A file that ends before its last record was cut off; what is there counts. */
static int records_read(struct kx_flat *f, struct kx_arena *a, struct kx_err *err)
{
	struct scan s = { .a = a };
	uint64_t off = KX_FLAT_HEAD_LEN;
	uint8_t head[HEAD_LEN];

	while (off < f->file.len && f->file.len - off >= HEAD_LEN) {
		struct kx_flat_record rec;
		uint64_t left;
		int r = f->file.read(f->file.ctx, off, head, sizeof(head), err);

		if (r == 0)
			r = kx_flat_record_parse(head, off, &rec, err);
		if (r < 0)
			return r;
		if (rec.last) {
			f->ended = true;
			return 0;
		}
		left = f->file.len - off - HEAD_LEN;
		rec.len = rec.len < left ? rec.len : left;
		if (!rec.len)
			return 0;
		r = chain_add(f, &s, &rec, off, err);
		if (r < 0)
			return r;
		off += HEAD_LEN + rec.len;
	}
	return 0;
}

/* ---- what of them counts --------------------------------------------------------- */

/*
 * A sweep from the lowest address up over the chains sorted by where they begin.  Those
 * that reach beyond where it is are in a heap, the youngest on top: that one is what the
 * file has there, until it ends or a younger one begins.
 */
struct sweep {
	const struct kx_flat_chain *chain;
	const uint32_t *order;		/* by where they begin */
	uint32_t *heap;
	size_t n, next, heaped;
};

static int compare_starts(const void *x, const void *y, void *ctx)
{
	const struct kx_flat_chain *c = ctx;
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	if (c[a].at != c[b].at)
		return c[a].at < c[b].at ? -1 : 1;
	return a < b ? -1 : a > b;
}

static void heap_push(struct sweep *s, uint32_t v)
{
	size_t i = s->heaped++;

	for (; i && s->heap[(i - 1) / 2] < v; i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = v;
}

static void heap_pop(struct sweep *s)
{
	uint32_t v = s->heap[--s->heaped];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < s->heaped) {
		child += child + 1 < s->heaped && s->heap[child + 1] > s->heap[child];
		if (s->heap[child] <= v)
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = v;
}

static uint64_t chain_end(const struct sweep *s, uint32_t i)
{
	return s->chain[i].at + s->chain[i].len;
}

static void piece_put(struct kx_flat *f, uint64_t at, uint64_t end, uint32_t chain)
{
	struct kx_flat_piece *last = f->piece_count ? &f->piece[f->piece_count - 1] : NULL;

	if (last && last->chain == chain && last->at + last->len == at)
		last->len += end - at;
	else
		f->piece[f->piece_count++] = (struct kx_flat_piece){ at, end - at, chain };
}

/* Each step takes in a chain or takes one out: at most 2 n pieces. */
static void sweep_run(struct sweep *s, struct kx_flat *f)
{
	uint64_t at = 0;

	while (s->next < s->n || s->heaped) {
		uint64_t end;

		if (!s->heaped && s->chain[s->order[s->next]].at > at)
			at = s->chain[s->order[s->next]].at;
		while (s->next < s->n && s->chain[s->order[s->next]].at == at)
			heap_push(s, s->order[s->next++]);
		while (s->heaped && chain_end(s, s->heap[0]) <= at)
			heap_pop(s);
		if (!s->heaped)
			continue;
		end = chain_end(s, s->heap[0]);
		if (s->next < s->n && s->chain[s->order[s->next]].at < end)
			end = s->chain[s->order[s->next]].at;
		piece_put(f, at, end, s->heap[0]);
		at = end;
	}
}

static int pieces_make(struct kx_flat *f, struct kx_arena *a, struct kx_err *err)
{
	size_t n = f->chain_count;
	uint32_t *order, *heap;
	struct sweep s;

	if (!n)
		return 0;
	f->piece = kx_arena_alloc_raw(a, 2 * n * sizeof(*f->piece));
	order = kx_arena_alloc_raw(a, n * sizeof(*order));
	heap = kx_arena_alloc_raw(a, n * sizeof(*heap));
	if (!f->piece || !order || !heap)
		return kx_err_set(err, ENOMEM, "flattened: no memory for %zu chains", n);
	for (size_t i = 0; i < n; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, n, sizeof(*order), compare_starts, f->chain);
	s = (struct sweep){ .chain = f->chain, .order = order, .heap = heap, .n = n };
	sweep_run(&s, f);
	kx_arena_release(a, order);
	kx_arena_release(a, heap);
	return 0;
}

int kx_flat_open(const struct kx_core_file *file, struct kx_arena *a, struct kx_flat *ret,
		 struct kx_err *err)
{
	struct kx_flat f = { .file = *file };
	uint8_t head[CHECK_LEN];
	int r;

	if (file->len < sizeof(head))
		return kx_err_set(err, ENOENT, "expected a flattened file, have 0x%" PRIx64 " bytes",
				  file->len);
	r = file->read(file->ctx, 0, head, sizeof(head), err);
	if (r == 0)
		r = kx_flat_head_check((struct kx_bytes){ head, sizeof(head) }, err);
	if (r == 0)
		r = records_read(&f, a, err);
	if (r == 0)
		r = pieces_make(&f, a, err);
	if (r == 0)
		*ret = f;
	return r;
}

/* ---- reading --------------------------------------------------------------------- */

/* The first piece that ends behind @at. */
static size_t piece_find(const struct kx_flat *f, uint64_t at)
{
	size_t low = 0, high = f->piece_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (f->piece[mid].at + f->piece[mid].len <= at)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/*
 * Up to *len bytes at @at of the file that is made, from the record of @c that has them.
 * The heads were checked when it was opened, but a file may change.
 */
static int chain_read(const struct kx_flat *f, const struct kx_flat_chain *c, uint64_t at,
		      uint8_t *to, size_t *len, struct kx_err *err)
{
	uint64_t off = c->off, left = f->file.len;
	uint8_t head[HEAD_LEN];

	for (uint32_t i = 0; i < KX_FLAT_CHAIN && left - off >= HEAD_LEN; i++) {
		struct kx_flat_record rec;
		int r = f->file.read(f->file.ctx, off, head, sizeof(head), err);

		if (r == 0)
			r = kx_flat_record_parse(head, off, &rec, err);
		if (r < 0)
			return r;
		off += HEAD_LEN;
		if (rec.last || at < rec.at)
			break;
		/* The last one may have been cut off. */
		rec.len = rec.len < left - off ? rec.len : left - off;
		if (at - rec.at < rec.len) {
			rec.len -= at - rec.at;
			*len = *len < rec.len ? *len : (size_t)rec.len;
			return f->file.read(f->file.ctx, off + (at - rec.at), to, *len, err);
		}
		off += rec.len;
	}
	return kx_err_set(err, EIO, "flattened: record at offset 0x%" PRIx64 ": it changed while it"
			  " was read", c->off);
}

/* struct kx_core_file.read; changes nothing but @to, so that threads share it. */
static int flat_read(void *ctx, uint64_t off, void *to, size_t len, struct kx_err *err)
{
	const struct kx_flat *f = ctx;
	size_t i = piece_find(f, off);
	uint8_t *p = to;

	while (len) {
		const struct kx_flat_piece *piece = i < f->piece_count ? &f->piece[i] : NULL;
		uint64_t end = piece ? piece->at + piece->len : UINT64_MAX;
		size_t n = len;

		if (piece && off >= end) {
			i++;
			continue;
		}
		if (!piece || off < piece->at) {
			if (piece && piece->at - off < n)
				n = (size_t)(piece->at - off);
			memset(p, 0, n);
		} else {
			int r;

			n = end - off < n ? (size_t)(end - off) : n;
			r = chain_read(f, &f->chain[piece->chain], off, p, &n, err);
			if (r < 0)
				return r;
		}
		p += n;
		off += n;
		len -= n;
	}
	return 0;
}

struct kx_core_file kx_flat_file(struct kx_flat *f)
{
	return (struct kx_core_file){ .read = flat_read, .ctx = f, .len = f->len };
}
