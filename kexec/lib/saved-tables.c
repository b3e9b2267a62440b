// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tables of a saved core: records and, behind them, blocks.
 * doc/resumable-core.md, "The saved core".  Called by saved.c, and by whoever
 * writes one.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kx/saved.h"

/* What is read at once. */
#define PIECE	(64u << 10)

_Static_assert(sizeof(struct saved_record) == KX_SAVED_RECORD_LEN, "saved_record has padding");
_Static_assert(sizeof(struct saved_block) == KX_SAVED_BLOCK_LEN + KX_SAVED_TAG_LEN,
	       "saved_block has padding");

static bool encrypted(const struct saved_head *head)
{
	return head->flags & KX_SAVED_ENCRYPTED;
}

size_t kx_saved_block_len(const struct saved_head *head)
{
	return KX_SAVED_BLOCK_LEN + (encrypted(head) ? KX_SAVED_TAG_LEN : 0);
}

bool kx_saved_tables_len(const struct saved_head *head, uint64_t *ret)
{
	uint64_t records, blocks;

	return !__builtin_mul_overflow(head->record_count, (uint64_t)KX_SAVED_RECORD_LEN, &records) &&
	       !__builtin_mul_overflow(head->block_count, (uint64_t)kx_saved_block_len(head), &blocks) &&
	       !__builtin_add_overflow(records, blocks, ret);
}

/* ---- checks -------------------------------------------------------------------- */

/* What the rows before have added up to. */
struct sums {
	uint64_t floor_pa;		/* where the last record ends */
	uint64_t pages, zero_pages;
	uint64_t records;		/* that the blocks before have */
};

static int record_check(const struct kx_saved *s, const struct saved_record *r, size_t i,
			struct sums *sum, struct kx_err *err)
{
	uint64_t page = s->contexts.context.page_size, len;
	struct kx_range pa;

	if (!r->pages || r->pages > KX_SAVED_RECORD_MAX / page)
		return kx_err_set(err, ENOEXEC, "record %zu: pages: expected 1 to %" PRIu64 ", have %"
				  PRIu32, i, KX_SAVED_RECORD_MAX / page, r->pages);
	len = r->pages * page;
	if (r->pa % page || !kx_range_make(r->pa, len, &pa))
		return kx_err_set(err, ENOEXEC, "record %zu: address: expected a multiple of 0x%"
				  PRIx64 " that ends below 2^64, have 0x%" PRIx64, i, page, r->pa);
	if (r->pa < sum->floor_pa)
		return kx_err_set(err, ENOEXEC, "record %zu: address: expected 0x%" PRIx64
				  " or more, have 0x%" PRIx64, i, sum->floor_pa, r->pa);
	if (r->stored > len)
		return kx_err_set(err, ENOEXEC, "record %zu: stored: expected at most 0x%" PRIx64
				  " bytes, have 0x%" PRIx32, i, len, r->stored);
	if (r->stored && r->stored < len && s->head.codec == KX_SAVED_RAW)
		return kx_err_set(err, ENOEXEC, "record %zu: stored: expected 0 or 0x%" PRIx64
				  " in an image that is not packed, have 0x%" PRIx32, i, len,
				  r->stored);
	sum->floor_pa = pa.end;
	sum->pages += r->pages;
	sum->zero_pages += r->stored ? 0 : r->pages;
	return 0;
}

static int block_place_check(const struct kx_saved *s, const struct saved_block *b, size_t i,
			     struct kx_err *err)
{
	if (b->off < KX_SAVED_ALIGN || b->off % KX_SAVED_ALIGN)
		return kx_err_set(err, ENOEXEC, "block %zu: offset: expected a multiple of 0x%x, have"
				  " 0x%" PRIx64, i, KX_SAVED_ALIGN, b->off);
	if (b->len > KX_SAVED_BLOCK_MAX)
		return kx_err_set(err, ENOEXEC, "block %zu: length: expected at most 0x%x, have 0x%"
				  PRIx64, i, KX_SAVED_BLOCK_MAX, b->len);
	if (b->off > s->head.length || b->len > s->head.length - b->off)
		return kx_err_set(err, ENOEXEC, "block %zu: expected an end in the image's 0x%" PRIx64
				  " bytes, have 0x%" PRIx64 " bytes at 0x%" PRIx64, i,
				  s->head.length, b->len, b->off);
	return 0;
}

static int block_check(const struct kx_saved *s, const struct saved_block *b, size_t i,
		       struct sums *sum, struct kx_err *err)
{
	uint64_t left = s->head.record_count - sum->records, stored = 0;
	int r;

	r = block_place_check(s, b, i, err);
	if (r < 0)
		return r;
	if (b->first_record != sum->records)
		return kx_err_set(err, ENOEXEC, "block %zu: first record: expected %" PRIu64
				  ", have %" PRIu64, i, sum->records, b->first_record);
	if (!b->records || b->records > left)
		return kx_err_set(err, ENOEXEC, "block %zu: records: expected 1 to %" PRIu64
				  ", have %" PRIu64, i, left, b->records);
	/* Neither can wrap: 2^26 records of 256 KiB. */
	for (uint64_t k = 0; k < b->records; k++)
		stored += s->record[sum->records + k].stored;
	if (stored != b->len)
		return kx_err_set(err, ENOEXEC, "block %zu: length: expected the sum of its records,"
				  " 0x%" PRIx64 ", have 0x%" PRIx64, i, stored, b->len);
	sum->records += b->records;
	return 0;
}

static int sums_check(const struct saved_head *h, const struct sums *sum, struct kx_err *err)
{
	if (sum->records != h->record_count)
		return kx_err_set(err, ENOEXEC, "blocks: expected them to have all %" PRIu64
				  " records, have %" PRIu64, h->record_count, sum->records);
	if (sum->pages != h->page_count)
		return kx_err_set(err, ENOEXEC, "page count: expected the sum of the records, %" PRIu64
				  ", have %" PRIu64, sum->pages, h->page_count);
	if (sum->zero_pages != h->zero_pages)
		return kx_err_set(err, ENOEXEC, "zero pages: expected the sum of the records, %" PRIu64
				  ", have %" PRIu64, sum->zero_pages, h->zero_pages);
	return 0;
}

/* ---- nothing lies on anything else ------------------------------------------------- */

static int compare_ranges(const void *x, const void *y)
{
	const struct kx_range *a = x, *b = y;

	return (a->start > b->start) - (a->start < b->start);
}

/* All of them are in the image, so no end wraps.  What is empty lies on nothing. */
static void extent_add(struct kx_range *to, size_t *n, uint64_t off, uint64_t len)
{
	if (len)
		to[(*n)++] = (struct kx_range){ off, off + len };
}

static size_t extents_list(const struct kx_saved *s, struct kx_range *to)
{
	const struct saved_head *h = &s->head;
	uint64_t tables_len = 0;
	size_t n = 0;

	if (!kx_saved_tables_len(h, &tables_len))
		return 0;
	extent_add(to, &n, h->headers_off, h->headers_len);
	extent_add(to, &n, h->tables_off, tables_len);
	if (s->sector_off)
		extent_add(to, &n, s->sector_off, KX_SAVED_ALIGN);
	for (uint64_t i = 0; i < h->block_count; i++)
		extent_add(to, &n, s->block[i].off, s->block[i].len);
	return n;
}

static int extents_check(const struct kx_saved *s, struct kx_arena *a, struct kx_err *err)
{
	struct kx_range *e;
	size_t n;

	e = kx_arena_alloc_raw(a, ((size_t)s->head.block_count + 3) * sizeof(*e));
	if (!e)
		return kx_err_set(err, ENOMEM, "no memory for %" PRIu64 " blocks",
				  s->head.block_count);
	n = extents_list(s, e);
	qsort(e, n, sizeof(*e), compare_ranges);
	for (size_t i = 1; i < n; i++)
		if (e[i].start < e[i - 1].end)
			return kx_err_set(err, ENOEXEC, "expected blocks, tables and headers apart,"
					  " have one at 0x%" PRIx64 " and one from 0x%" PRIx64
					  " to 0x%" PRIx64, e[i].start, e[i - 1].start,
					  e[i - 1].end);
	kx_arena_release(a, e);
	return 0;
}

/* ---- reading ------------------------------------------------------------------------ */

static void record_parse(struct kx_rd *rd, struct saved_record *r)
{
	r->pa = kx_rd_u64(rd);
	r->pages = kx_rd_u32(rd);
	r->stored = kx_rd_u32(rd);
}

static void block_parse(struct kx_rd *rd, struct saved_block *b, bool tagged)
{
	struct kx_bytes digest, tag = KX_BYTES_NONE;

	b->off = kx_rd_u64(rd);
	b->len = kx_rd_u64(rd);
	b->first_record = kx_rd_u64(rd);
	b->records = kx_rd_u64(rd);
	digest = kx_rd_bytes(rd, sizeof(b->sha256));
	if (tagged)
		tag = kx_rd_bytes(rd, sizeof(b->tag));
	if (digest.len)
		memcpy(b->sha256, digest.data, sizeof(b->sha256));
	memset(b->tag, 0, sizeof(b->tag));
	if (tag.len)
		memcpy(b->tag, tag.data, sizeof(b->tag));
}

/* A table's rows, piece by piece. */
struct table {
	struct kx_saved *s;
	struct sha256 *sha;
	uint8_t *buf;			/* PIECE */
	uint64_t off;
	const uint8_t *mem;		/* where they are; NULL: in the file */
};

/* The next rows, at most @left of them; *ret_rows of @row bytes. */
static int table_read(struct table *t, uint64_t left, size_t row, struct kx_rd *ret,
		      size_t *ret_rows, struct kx_err *err)
{
	size_t rows = left < PIECE / row ? (size_t)left : PIECE / row;
	const uint8_t *from = t->mem ? t->mem : t->buf;
	int r;

	if (t->mem) {
		t->mem += rows * row;
	} else {
		r = t->s->file.read(t->s->file.ctx, t->off, t->buf, rows * row, err);
		if (r < 0)
			return r;
		sha256_update(t->sha, t->buf, rows * row);
		t->off += rows * row;
	}
	*ret = kx_rd_make((struct kx_bytes){ from, rows * row }, KX_LE);
	*ret_rows = rows;
	return 0;
}

static int records_read(struct table *t, struct kx_err *err)
{
	struct saved_head *h = &t->s->head;
	struct kx_rd rd;
	size_t rows;
	int r;

	for (uint64_t i = 0; i < h->record_count; i += rows) {
		r = table_read(t, h->record_count - i, KX_SAVED_RECORD_LEN, &rd, &rows, err);
		if (r < 0)
			return r;
		for (size_t k = 0; k < rows; k++)
			record_parse(&rd, &t->s->record[i + k]);
	}
	return 0;
}

static int blocks_read(struct table *t, struct kx_err *err)
{
	struct saved_head *h = &t->s->head;
	struct kx_rd rd;
	size_t rows;
	int r;

	for (uint64_t i = 0; i < h->block_count; i += rows) {
		r = table_read(t, h->block_count - i, kx_saved_block_len(h), &rd, &rows, err);
		if (r < 0)
			return r;
		for (size_t k = 0; k < rows; k++)
			block_parse(&rd, &t->s->block[i + k], encrypted(h));
	}
	return 0;
}

static int no_memory(const struct saved_head *h, struct kx_err *err)
{
	return kx_err_set(err, ENOMEM, "tables: no memory for %" PRIu64 " records and %" PRIu64
			  " blocks", h->record_count, h->block_count);
}

/* They are digested as they are read: there may be many. */
static int tables_stream(struct kx_saved *s, struct kx_arena *a, struct kx_err *err)
{
	uint8_t have[SHA256_DIGEST_LEN];
	struct sha256 sha;
	struct table t = { .s = s, .sha = &sha, .off = s->head.tables_off };
	int r;

	t.buf = kx_arena_alloc_raw(a, PIECE);
	if (!t.buf)
		return no_memory(&s->head, err);
	sha256_init(&sha, s->sha256);
	r = records_read(&t, err);
	if (r == 0)
		r = blocks_read(&t, err);
	sha256_final(&sha, have);
	kx_arena_release(a, t.buf);
	if (r == 0 && memcmp(have, s->head.tables_sha256, sizeof(have)))
		r = kx_err_set(err, EBADMSG, "tables: SHA-256: expected what sector 0 has, have"
			       " another");
	return r;
}

/* Nothing of them counts before all of them are authentic. */
static int tables_unseal(struct kx_saved *s, struct kx_arena *a, struct kx_err *err)
{
	size_t records = (size_t)s->head.record_count * KX_SAVED_RECORD_LEN;
	struct table t = { .s = s };
	uint64_t len = 0;
	uint8_t *p = NULL;
	int r;

	if (kx_saved_tables_len(&s->head, &len))
		p = kx_arena_alloc_raw(a, (size_t)len + 1);
	if (!p)
		return no_memory(&s->head, err);
	r = s->file.read(s->file.ctx, s->head.tables_off, p, (size_t)len, err);
	if (r < 0)
		return r;
	r = kx_saved_digest_check((struct kx_bytes){ p, (size_t)len }, s->sha256,
				  s->head.tables_sha256, err);
	if (r == 0 && !s->locked)
		r = kx_saved_tables_unseal(s, p, (size_t)len, err);
	if (r < 0)
		return kx_err_wrap(err, "tables");
	t.mem = p;
	if (!s->locked)
		r = records_read(&t, err);
	t.mem = p + records;
	if (r == 0)
		r = blocks_read(&t, err);
	kx_arena_release(a, p);
	return r;
}

static int tables_load(struct kx_saved *s, struct kx_arena *a, struct kx_err *err)
{
	const struct saved_head *h = &s->head;

	s->record = kx_arena_alloc_raw(a, ((size_t)h->record_count + 1) * sizeof(*s->record));
	s->block = kx_arena_alloc_raw(a, ((size_t)h->block_count + 1) * sizeof(*s->block));
	if (!s->record || !s->block)
		return no_memory(h, err);
	return encrypted(h) ? tables_unseal(s, a, err) : tables_stream(s, a, err);
}

/* What can be told of them without records. */
static int locked_check(const struct kx_saved *s, struct kx_arena *a, struct kx_err *err)
{
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < s->head.block_count; i++)
		r = block_place_check(s, &s->block[i], (size_t)i, err);
	return r < 0 ? r : extents_check(s, a, err);
}

int kx_saved_tables_read(struct kx_saved *s, struct kx_arena *a, struct kx_err *err)
{
	struct sums sum = { .records = 0 };
	int r;

	r = tables_load(s, a, err);
	if (r == 0 && s->locked)
		return locked_check(s, a, err);
	for (uint64_t i = 0; r == 0 && i < s->head.record_count; i++)
		r = record_check(s, &s->record[i], (size_t)i, &sum, err);
	for (uint64_t i = 0; r == 0 && i < s->head.block_count; i++)
		r = block_check(s, &s->block[i], (size_t)i, &sum, err);
	if (r == 0)
		r = sums_check(&s->head, &sum, err);
	return r < 0 ? r : extents_check(s, a, err);
}

/* ---- writing ------------------------------------------------------------------------- */

int kx_saved_tables(const struct saved_head *head, const struct saved_record *record,
		    const struct saved_block *block, struct kx_arena *a, struct kx_bytes *ret,
		    struct kx_err *err)
{
	uint64_t len;
	uint8_t *p, *at;

	if (!kx_saved_tables_len(head, &len) || len > KX_SAVED_TABLES_MAX)
		return kx_err_set(err, E2BIG, "tables: expected at most 0x%llx bytes, have %" PRIu64
				  " records, %" PRIu64 " blocks", KX_SAVED_TABLES_MAX,
				  head->record_count, head->block_count);
	at = p = kx_arena_alloc_raw(a, (size_t)len + 1);
	if (!p)
		return kx_err_set(err, ENOMEM, "no memory for 0x%" PRIx64 " bytes of tables", len);
	for (uint64_t i = 0; i < head->record_count; i++, at += KX_SAVED_RECORD_LEN) {
		kx_put_le64(at, record[i].pa);
		kx_put_le32(at + 8, record[i].pages);
		kx_put_le32(at + 12, record[i].stored);
	}
	for (uint64_t i = 0; i < head->block_count; i++, at += kx_saved_block_len(head)) {
		kx_put_le64(at, block[i].off);
		kx_put_le64(at + 8, block[i].len);
		kx_put_le64(at + 16, block[i].first_record);
		kx_put_le64(at + 24, block[i].records);
		memcpy(at + 32, block[i].sha256, sizeof(block[i].sha256));
		if (encrypted(head))
			memcpy(at + KX_SAVED_BLOCK_LEN, block[i].tag, sizeof(block[i].tag));
	}
	*ret = (struct kx_bytes){ p, (size_t)len };
	return 0;
}
