// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target of the reader of saved cores: the image as it is, and once more with
 * digests that are right, behind which nothing else would be reached.  For the same
 * reason the cipher of encrypted ones encrypts nothing, and every tag fits.
 */
#include <errno.h>
#include <string.h>

#include "../unit/core-forge.h"
#include "kx/saved.h"
#include "targets.h"

#define HEAD(name)	(KX_SAVED_HEAD_OFF + offsetof(struct saved_head, name))

/* struct kx_saved_cipher.begin */
static int no_begin(void *ctx, const uint8_t *salt, const uint8_t *id, uint8_t *ret_check,
		    struct kx_err *err)
{
	(void)ctx, (void)salt, (void)id, (void)err;
	memset(ret_check, 0, KX_SAVED_CHECK_LEN);
	return 0;
}

/* struct kx_saved_cipher.open: touches what it is given. */
static int no_open(void *ctx, const struct kx_saved_nonce *n, uint8_t *data, size_t len,
		   const uint8_t *tag, struct kx_err *err)
{
	(void)ctx, (void)err;
	fuzz_touch(n->aad[0]);
	fuzz_touch(n->aad[1]);
	fuzz_touch((struct kx_bytes){ data, len });
	fuzz_touch((struct kx_bytes){ tag, KX_SAVED_TAG_LEN });
	return 0;
}

/* What can be read of one without a key. */
static void check_locked(const struct kx_core_file *file, struct kx_arena *a)
{
	struct kx_err err = { .code = 0 };
	struct kx_saved s;
	int rc = kx_saved_open_locked(file, sha256_blocks_portable, a, &s, &err);

	fuzz_check(rc, &err);
	for (size_t i = 0; rc == 0 && i < s.head.block_count; i++) {
		FUZZ_ASSERT(s.block[i].len <= KX_SAVED_BLOCK_MAX);
		FUZZ_ASSERT(s.block[i].off <= file->len &&
			    s.block[i].len <= file->len - s.block[i].off);
	}
}

/* What the readers of records and blocks rely on. */
static void check_tables(const struct kx_saved *s)
{
	uint64_t page = s->contexts.context.page_size, records = 0, pages = 0, floor = 0;

	for (size_t i = 0; i < s->head.record_count; i++) {
		const struct saved_record *r = &s->record[i];

		FUZZ_ASSERT(r->pages && r->pages * page <= KX_SAVED_RECORD_MAX);
		FUZZ_ASSERT(r->stored <= r->pages * page);
		FUZZ_ASSERT(r->pa >= floor && r->pa + r->pages * page > r->pa);
		floor = r->pa + r->pages * page;
		pages += r->pages;
	}
	for (size_t i = 0; i < s->head.block_count; i++) {
		const struct saved_block *b = &s->block[i];

		FUZZ_ASSERT(b->len <= KX_SAVED_BLOCK_MAX);
		FUZZ_ASSERT(b->off <= s->file.len && b->len <= s->file.len - b->off);
		FUZZ_ASSERT(b->first_record == records);
		records += b->records;
	}
	FUZZ_ASSERT(records == s->head.record_count);
	FUZZ_ASSERT(pages == s->head.page_count);
	FUZZ_ASSERT(s->sector_off % KX_SAVED_ALIGN == 0 && s->sector_off < s->file.len);
	fuzz_touch(s->machine);
	fuzz_touch(s->snapshot);
}

static void read_block(struct kx_saved *s, size_t i, struct kx_arena *a)
{
	struct saved_block *b = &s->block[i];
	uint8_t *to = kx_arena_alloc_raw(a, (size_t)b->len + 1);
	size_t at = 0;

	FUZZ_ASSERT(to);
	if (b->len)
		core_bytes_read(s->file.ctx, b->off, to, (size_t)b->len, NULL);
	kx_saved_digest((struct kx_bytes){ to, (size_t)b->len }, s->sha256, b->sha256);
	FUZZ_ASSERT(kx_saved_block(s, i, to, NULL) == 0);
	for (uint64_t k = b->first_record; k < b->first_record + b->records; k++) {
		const struct saved_record *r = &s->record[k];
		size_t len = (size_t)(r->pages * s->contexts.context.page_size);
		uint8_t *pages = kx_arena_alloc_raw(a, len), *from = kx_arena_alloc_raw(a, r->stored + 1);
		struct kx_err err = { .code = 0 };

		/* A copy of exactly what is stored. */
		FUZZ_ASSERT(pages && from);
		memcpy(from, to + at, r->stored);
		fuzz_check(kx_saved_unpack(s, r, from, pages, &err), &err);
		at += r->stored;
		kx_arena_release(a, pages);
		kx_arena_release(a, from);
	}
	FUZZ_ASSERT(at == b->len);
}

/* What is written again is what was read. */
static void write_again(const struct kx_saved *s, struct kx_arena *a)
{
	uint8_t have[KX_SAVED_SECTOR], want[KX_SAVED_SECTOR];
	struct kx_bytes tables;
	uint8_t digest[32];

	kx_saved_sector_again(s, (enum kx_saved_state)s->head.state, NULL, 0, have);
	core_bytes_read(s->file.ctx, s->sector_off, want, sizeof(want), NULL);
	FUZZ_ASSERT(!memcmp(have + KX_SAVED_HEAD_OFF, want + KX_SAVED_HEAD_OFF,
			    KX_SAVED_HEAD_LEN - 32));
	FUZZ_ASSERT(kx_saved_tables(&s->head, s->record, s->block, a, &tables, NULL) == 0);
	kx_saved_digest(tables, s->sha256, digest);
	FUZZ_ASSERT(!memcmp(digest, s->head.tables_sha256, 32));
}

static void open_image(struct kx_bytes image, struct kx_arena *a)
{
	const struct kx_saved_cipher cipher = { .ctx = a, .begin = no_begin, .open = no_open };
	struct kx_core_file file = core_file(&image);
	enum kx_saved_state state;
	struct kx_err err = { .code = 0 };
	struct kx_saved s;
	int rc;

	rc = kx_saved_probe(&file, &state, NULL, &err);
	fuzz_check(rc, &err);
	rc = kx_saved_open(&file, sha256_blocks_portable, a, &s, &err);
	if (rc == -ENOKEY) {
		check_locked(&file, a);
		err = (struct kx_err){ .code = 0 };
		rc = kx_saved_open_key(&file, sha256_blocks_portable, &cipher, a, &s, &err);
	}
	fuzz_check(rc, &err);
	if (rc < 0)
		return;
	FUZZ_ASSERT(state == KX_SAVED_COMPLETE || state == KX_SAVED_CONSUMED);
	check_tables(&s);
	write_again(&s, a);
	for (size_t i = 0; i < s.head.block_count; i++)
		read_block(&s, i, a);
}

/* The digest of [off, off+len) to @to, if that is inside. */
static void seal(struct kx_bytes image, uint64_t off, uint64_t len, uint8_t *to)
{
	struct kx_bytes part;

	if (kx_bytes_sub(image, off, len, &part))
		kx_saved_digest(part, sha256_blocks_portable, to);
}

static void seal_sector(struct kx_bytes image, uint8_t *sector)
{
	struct kx_rd rd = kx_rd_make((struct kx_bytes){ sector, KX_SAVED_SECTOR }, KX_LE);
	uint64_t headers_off, headers_len, tables_off, records, blocks;
	size_t row = KX_SAVED_BLOCK_LEN;

	kx_rd_seek(&rd, HEAD(headers_off));
	headers_off = kx_rd_u64(&rd);
	headers_len = kx_rd_u64(&rd);
	tables_off = kx_rd_u64(&rd);
	records = kx_rd_u64(&rd);
	blocks = kx_rd_u64(&rd);
	kx_rd_seek(&rd, HEAD(flags));
	if (kx_rd_u32(&rd) & KX_SAVED_ENCRYPTED) {
		row += KX_SAVED_TAG_LEN;
		memset(sector + HEAD(key_check), 0, KX_SAVED_CHECK_LEN);
	}
	seal(image, headers_off, headers_len, sector + HEAD(headers_sha256));
	if (records <= image.len && blocks <= image.len)
		seal(image, tables_off, records * KX_SAVED_RECORD_LEN + blocks * row,
		     sector + HEAD(tables_sha256));
	seal((struct kx_bytes){ sector, KX_SAVED_SECTOR }, 0, HEAD(sha256), sector + HEAD(sha256));
}

void fuzz_saved(struct kx_bytes in)
{
	struct kx_arena a;
	uint8_t *p;

	kx_arena_init(&a);
	open_image(fuzz_copy(&a, in), &a);
	p = kx_arena_alloc_raw(&a, in.len + 1);
	FUZZ_ASSERT(p);
	if (in.len >= KX_SAVED_SECTOR) {
		struct kx_bytes image = { p, in.len };

		memcpy(p, in.data, in.len);
		seal_sector(image, p);
		if (in.len >= KX_SAVED_ALIGN)
			seal_sector(image, p + in.len - KX_SAVED_ALIGN);
		open_image(image, &a);
	}
	kx_arena_deinit(&a);
}
