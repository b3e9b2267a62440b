// SPDX-License-Identifier: GPL-2.0-only
/*
 * --assemble: a flattened file from standard input to the file that it makes; and
 * --reassemble: the files of a split dump to one dump, with our checksums behind it.
 * doc/dump-formats.md.  Called by main.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kx/dump-sums.h"
#include "out-file.h"
#include "plain-kdump.h"
#include "vmcore-dump.h"

#define PIECE		((size_t)1 << 20)
#define DESCS		1024u

/* ---- --assemble ----------------------------------------------------------------------- */

/* Exactly @len bytes of standard input, which are at @off of the flattened file. */
static int input_read(uint64_t off, uint8_t *to, size_t len, struct kx_err *err)
{
	while (len) {
		ssize_t n = read(STDIN_FILENO, to, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return kx_err_set(err, errno, "standard input: offset 0x%" PRIx64 ": cannot"
					  " read: %s", off, strerror(errno));
		if (n == 0)
			return kx_err_set(err, ENODATA, "standard input: offset 0x%" PRIx64 ": expected"
					  " a record that says it is the last, it ends here", off);
		to += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int record_copy(const struct out_file *out, const struct kx_flat_record *rec, uint64_t off,
		       uint8_t *buf, struct kx_err *err)
{
	for (uint64_t done = 0; done < rec->len;) {
		size_t n = rec->len - done < PIECE ? (size_t)(rec->len - done) : PIECE;
		int r = input_read(off + done, buf, n, err);

		if (r == 0)
			r = out_file_put(out, rec->at + done, buf, n, err);
		if (r < 0)
			return r;
		done += n;
	}
	return 0;
}

static int records_copy(const struct out_file *out, uint8_t *buf, struct kx_err *err)
{
	uint8_t head[KX_FLAT_RECORD_LEN];
	uint64_t off = KX_FLAT_HEAD_LEN;
	int r = input_read(0, buf, KX_FLAT_HEAD_LEN, err);

	if (r == 0)
		r = kx_flat_head_check((struct kx_bytes){ buf, KX_FLAT_HEAD_LEN }, err);
	while (r == 0) {
		struct kx_flat_record rec;

		r = input_read(off, head, sizeof(head), err);
		if (r == 0)
			r = kx_flat_record_parse(head, off, &rec, err);
		if (r < 0 || rec.last)
			break;
		off += sizeof(head);
		r = record_copy(out, &rec, off, buf, err);
		off += rec.len;
	}
	return r;
}

int assemble(const struct options *o, struct kx_arena *a, struct kx_err *err)
{
	struct out_file out = { .path = o->out, .fd = -1 };
	uint8_t *buf = kx_arena_alloc_raw(a, PIECE);
	int r;

	if (!buf)
		return kx_err_set(err, ENOMEM, "no memory for 0x%zx bytes", PIECE);
	r = out_file_is_not(&out, STDIN_FILENO, err);
	if (r == 0)
		r = out_file_open(&out, o->force, a, err);
	if (r == 0)
		r = records_copy(&out, buf, err);
	if (r == 0)
		r = out_file_finish(&out, a, err);
	out_file_close(&out);
	return r;
}

/* ---- --reassemble: the files ------------------------------------------------------------ */

struct part {
	struct dump dump;
	const struct kx_kdump *k;
	uint64_t data, data_end;	/* where its pages are */
	uint64_t base;			/* where they go in the file that is written */
};

struct join {
	/* By page number; where they are they stay: a file's ctx is inside. */
	struct part **part;
	size_t count;
	struct out_file out;
	struct kx_sums sums;
	uint64_t descs;			/* all of them */
	uint32_t status;
	uint8_t *buf;			/* PIECE */
};

/* Its checksums are not copied, so this is the last time that they tell. */
static int sums_check(struct part *p, uint8_t *buf, struct kx_err *err)
{
	const struct kx_core_file *f = &p->dump.file;
	struct kx_sums_table t;
	int r = kx_sums_find(f, &t, err);

	if (r == -ENOENT) {
		*err = (struct kx_err){ 0 };
		return 0;
	}
	if (r == 0)
		p->data_end = t.covered;
	for (uint64_t i = 0; r == 0 && i < t.extents; i++)
		r = kx_sums_check(f, &t, i, buf, err);
	return r < 0 ? kx_err_wrap(err, "%s", p->dump.path) : 0;
}

static int part_open(struct part *p, const char *path, uint8_t *buf, struct kx_arena *a,
		     struct kx_err *err)
{
	int r;

	p->dump = (struct dump){ .fd = -1, .arena = a };
	r = dump_open(&p->dump, path, a, err);
	if (r < 0)
		return r;
	p->k = p->dump.kdump ? &p->dump.kdump->kdump : NULL;
	if (!p->k || !p->k->split || p->k->map_off[0] == p->k->map_off[1])
		return kx_err_set(err, EINVAL, "%s: expected one file of a split dump, have %s", path,
				  p->k ? "a whole one" : "another core");
	p->data = p->k->desc_off + p->k->desc_count * KX_KDUMP_DESC_LEN;
	p->data_end = p->k->file.len;
	r = sums_check(p, buf, err);
	if (r < 0)
		return r;
	if (!kx_range_empty(p->k->erased) && p->k->erased.start >= p->data)
		p->data_end = p->k->erased.start;
	if (p->data > p->data_end)
		return kx_err_set(err, EINVAL, "%s: expected %" PRIu64 " descriptors, the file ends before"
				  " their end", path, p->k->desc_count);
	return 0;
}

static int compare_parts(const void *x, const void *y)
{
	const struct part *a = *(struct part *const *)x, *b = *(struct part *const *)y;
	uint64_t i = a->k->pages.start, j = b->k->pages.start;

	if (i == j) {
		i = a->k->pages.end;
		j = b->k->pages.end;
	}
	return i < j ? -1 : i > j;
}

/* Are both of the same dump? */
static int same_check(const struct part *a, const struct part *b, struct kx_err *err)
{
	const struct kx_kdump *x = a->k, *y = b->k;

	if (x->page_size == y->page_size && x->max_page == y->max_page && x->version == y->version &&
	    x->desc_off == y->desc_off && x->map_len == y->map_len && x->time == y->time &&
	    !memcmp(x->map_off, y->map_off, sizeof(x->map_off)) &&
	    !memcmp(x->uts, y->uts, sizeof(x->uts)))
		return 0;
	return kx_err_set(err, EINVAL, "%s: expected a file of the same dump as %s, its headers differ",
			  b->dump.path, a->dump.path);
}

static int parts_check(const struct join *j, struct kx_err *err)
{
	uint64_t end = 0;
	int r;

	for (size_t i = 0; i < j->count; i++) {
		const struct kx_kdump *k = j->part[i]->k;

		r = same_check(j->part[0], j->part[i], err);
		if (r < 0)
			return r;
		if (k->pages.start != end)
			return kx_err_set(err, EINVAL, "%s: expected its first page to be %" PRIu64
					  ", have %" PRIu64 ": a file %s", j->part[i]->dump.path, end,
					  k->pages.start, k->pages.start > end ? "is missing" :
					  "is there twice");
		end = k->pages.end;
	}
	if (end != j->part[0]->k->max_page)
		return kx_err_set(err, EINVAL, "expected files up to page %" PRIu64 ", have them up to %"
				  PRIu64 ": a file is missing", j->part[0]->k->max_page, end);
	return 0;
}

/* ---- --reassemble: what is written ------------------------------------------------------- */

static int put(struct join *j, uint64_t off, const uint8_t *p, size_t len, struct kx_err *err)
{
	int r = out_file_put(&j->out, off, p, len, err);

	return r < 0 ? r : kx_sums_add(&j->sums, off, p, len, err);
}

/* Bytes of a part to offset @to. */
static int copy(struct join *j, const struct part *p, uint64_t off, uint64_t len, uint64_t to,
		struct kx_err *err)
{
	for (uint64_t done = 0; done < len;) {
		size_t n = len - done < PIECE ? (size_t)(len - done) : PIECE;
		int r = p->k->file.read(p->k->file.ctx, off + done, j->buf, n, err);

		if (r < 0)
			return kx_err_wrap(err, "%s", p->dump.path);
		r = put(j, to + done, j->buf, n, err);
		if (r < 0)
			return r;
		done += n;
	}
	return 0;
}

/* Header and sub-header are changed, so they are not copied; what is behind them is. */
static int heads_put(struct join *j, struct kx_err *err)
{
	const struct part *p = j->part[0];
	const struct kx_kdump *k = p->k;
	uint64_t len = 2 * (uint64_t)k->page_size;
	uint8_t *sub = j->buf + k->page_size;
	int r = k->file.read(k->file.ctx, 0, j->buf, (size_t)len, err);

	if (r < 0)
		return kx_err_wrap(err, "%s", p->dump.path);
	kx_put_le32(j->buf + KX_KDUMP_STATUS_AT, j->status);
	kx_put_le32(sub + KX_KDUMP_SPLIT_AT, 0);
	memset(sub + KX_KDUMP_START_AT, 0, 16);
	/* What was erased is said behind the pages; of several files, nowhere. */
	if (k->version >= 5)
		memset(sub + KX_KDUMP_ERASEINFO_AT, 0, 16);
	if (k->version >= 6)
		memset(sub + KX_KDUMP_START_64_AT, 0, 16);
	r = put(j, 0, j->buf, (size_t)len, err);
	if (r == 0)
		r = copy(j, p, len, k->map_off[KX_KDUMP_PRESENT] - len, len, err);
	return r < 0 ? r : copy(j, p, k->map_off[KX_KDUMP_PRESENT],
				k->map_off[KX_KDUMP_HERE] - k->map_off[KX_KDUMP_PRESENT],
				k->map_off[KX_KDUMP_PRESENT], err);
}

/* All of them have the bits of all, or each its own: together they have the descriptors. */
static int map_put(struct join *j, struct kx_err *err)
{
	const struct kx_kdump *k = j->part[0]->k;
	uint8_t *one = j->buf + PIECE / 2;
	uint64_t count = 0;

	for (uint64_t done = 0; done < k->desc_off - k->map_off[KX_KDUMP_HERE];) {
		uint64_t at = k->map_off[KX_KDUMP_HERE] + done, left = k->desc_off - at;
		size_t n = left < PIECE / 2 ? (size_t)left : PIECE / 2;
		int r;

		memset(j->buf, 0, n);
		for (size_t i = 0; i < j->count; i++) {
			const struct kx_core_file *f = &j->part[i]->k->file;

			r = f->read(f->ctx, at, one, n, err);
			if (r < 0)
				return kx_err_wrap(err, "%s", j->part[i]->dump.path);
			for (size_t b = 0; b < n; b++)
				j->buf[b] |= one[b];
		}
		for (size_t b = 0; b < n; b++)
			count += (uint64_t)__builtin_popcount(j->buf[b]);
		r = put(j, at, j->buf, n, err);
		if (r < 0)
			return r;
		done += n;
	}
	if (count != j->descs)
		return kx_err_set(err, EINVAL, "expected %" PRIu64 " pages in the bitmaps of all files,"
				  " have %" PRIu64, j->descs, count);
	return 0;
}

/* Descriptor @i of @p as it is in the file that is written; a lost page stays lost. */
static int desc_put(struct join *j, const struct part *p, struct kx_kdump_finder *f, uint64_t i,
		    uint8_t *to, struct kx_err *err)
{
	struct kx_kdump_page page;
	int r = kx_kdump_desc(f, i, &page, err);

	if (r == 0)
		r = kx_kdump_desc_check(p->k, &page, err);
	if (r == 0 && (page.off < p->data || page.off > p->data_end ||
		       page.len > p->data_end - page.off))
		r = kx_err_set(err, EBADMSG, "descriptor: offset: expected 0x%" PRIx32 " bytes between"
			       " 0x%" PRIx64 " and 0x%" PRIx64 ", have 0x%" PRIx64, page.len, p->data,
			       p->data_end, page.off);
	if (r == -ENODATA) {
		j->status |= KX_KDUMP_STATUS_INCOMPLETE;
		page = (struct kx_kdump_page){ .len = p->k->page_size };
		*err = (struct kx_err){ 0 };
	} else if (r < 0) {
		return kx_err_wrap(err, "%s: descriptor %" PRIu64, p->dump.path, i);
	} else {
		page.off = page.off - p->data + p->base;
	}
	memset(to, 0, KX_KDUMP_DESC_LEN);
	kx_put_le64(to, page.off);
	kx_put_le32(to + 8, page.len);
	kx_put_le32(to + 12, page.flags);
	return 0;
}

static int descs_put(struct join *j, const struct part *p, uint64_t to, struct kx_kdump_finder *f,
		     struct kx_err *err)
{
	kx_kdump_finder_init(f, p->k);
	for (uint64_t i = 0; i < p->k->desc_count;) {
		size_t n = 0;
		int r;

		for (; n < DESCS && i + n < p->k->desc_count; n++) {
			r = desc_put(j, p, f, i + n, j->buf + n * KX_KDUMP_DESC_LEN, err);
			if (r < 0)
				return r;
		}
		r = put(j, to + i * KX_KDUMP_DESC_LEN, j->buf, n * KX_KDUMP_DESC_LEN, err);
		if (r < 0)
			return r;
		i += n;
	}
	return 0;
}

static int sums_put(struct join *j, uint64_t end, struct kx_arena *a, struct kx_err *err)
{
	size_t len = (size_t)kx_sums_len(end);
	uint8_t *p = kx_arena_alloc_raw(a, len);

	if (!p)
		return kx_err_set(err, ENOMEM, "no memory for 0x%zx bytes of checksums", len);
	kx_sums_build(&j->sums, end, p);
	return out_file_put(&j->out, end, p, len, err);
}

/* The headers last: they say whether pages were lost. */
static int join_write(struct join *j, struct kx_arena *a, struct kx_err *err)
{
	struct kx_kdump_finder *f = kx_arena_alloc(a, sizeof(*f));
	uint64_t desc = j->part[0]->k->desc_off, at = desc;
	int r;

	if (!f)
		return kx_err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < j->count; i++)
		at += j->part[i]->k->desc_count * KX_KDUMP_DESC_LEN;
	for (size_t i = 0; i < j->count; i++) {
		struct part *p = j->part[i];
		uint64_t len = p->data_end - p->data;

		p->base = at;
		r = descs_put(j, p, desc, f, err);
		if (r == 0)
			r = copy(j, p, p->data, len, at, err);
		if (r < 0)
			return r;
		desc += p->k->desc_count * KX_KDUMP_DESC_LEN;
		at += len;
	}
	r = map_put(j, err);
	if (r == 0)
		r = heads_put(j, err);
	return r < 0 ? r : sums_put(j, at, a, err);
}

static int join_open(struct join *j, const struct options *o, struct kx_arena *a,
		     struct kx_err *err)
{
	for (size_t i = 0; i < o->part_count; i++) {
		int r = part_open(j->part[j->count++], o->parts[i], j->buf, a, err);

		if (r == 0)
			r = out_file_is_not(&j->out, j->part[i]->dump.fd, err);
		if (r < 0)
			return r;
		j->descs += j->part[i]->k->desc_count;
		j->status |= j->part[i]->k->status;
		if (j->part[i]->dump.flat && !j->part[i]->dump.flat->ended)
			j->status |= KX_KDUMP_STATUS_INCOMPLETE;
	}
	qsort(j->part, j->count, sizeof(*j->part), compare_parts);
	return parts_check(j, err);
}

int reassemble(const struct options *o, struct kx_arena *a, struct kx_err *err)
{
	struct join j = { .out = { .path = o->out, .fd = -1 } };
	struct part *part;
	int r;

	kx_sums_init(&j.sums);
	part = kx_arena_alloc(a, o->part_count * sizeof(*part));
	j.part = kx_arena_alloc(a, o->part_count * sizeof(*j.part));
	j.buf = kx_arena_alloc_raw(a, PIECE);
	r = part && j.part && j.buf ? 0 : kx_err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; r == 0 && i < o->part_count; i++)
		j.part[i] = &part[i];
	if (r == 0)
		r = join_open(&j, o, a, err);
	if (r == 0)
		r = out_file_open(&j.out, o->force, a, err);
	if (r == 0)
		r = join_write(&j, a, err);
	if (r == 0)
		r = out_file_finish(&j.out, a, err);
	out_file_close(&j.out);
	for (size_t i = 0; i < j.count; i++)
		dump_close(&j.part[i]->dump);
	kx_sums_deinit(&j.sums);
	return r;
}
