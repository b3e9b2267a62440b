/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Encrypts a small saved core (saved-forge.h) with a cipher that is given.  Written
 * with doc/resumable-core.md, "Encryption", not with lib/saved-seal.c.
 */
#ifndef SAVED_SEAL_FORGE_H
#define SAVED_SEAL_FORGE_H

#include "kx/saved-cipher.h"
#include "saved-forge.h"

/* The user's key of the tests: 0, 1, 2, ... */
static inline void saved_test_key(struct kx_saved_key *key)
{
	*key = (struct kx_saved_key){ .lib = NULL };
	for (size_t i = 0; i < sizeof(key->user); i++)
		key->user[i] = (uint8_t)i;
}

/* @part 1 block, 2 tables, 3 headers. */
static inline void saved_seal_part(struct saved_forge *s, const struct kx_saved_cipher *c,
				   uint32_t part, uint64_t number, struct kx_bytes more,
				   uint8_t *data, size_t len, uint8_t *tag)
{
	const uint8_t *p = s->f.p + s->sector;
	struct forge aad = FORGE_NONE;
	struct kx_saved_nonce n = { .aad = { { NULL, 0 }, more } };

	forge_put(&aad, p + SAVED_ID, 16);
	forge_le32(&aad, part);
	forge_le64(&aad, number);
	memcpy(n.nonce, aad.p + 16, 12);
	if (part != 1) {
		forge_put(&aad, p + SAVED_CREATED, 8);
		forge_put(&aad, p + SAVED_RECORD_COUNT, 32);
		forge_put(&aad, p + SAVED_CODEC, 8);
	}
	n.aad[0] = forge_bytes(&aad);
	if (c->seal(c->ctx, &n, data, len, tag, NULL) < 0)
		abort();
	forge_free(&aad);
}

static inline uint64_t saved_le64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

/* Block @i, whose row of 64 bytes is @row, and its row of 80 to @to. */
static inline void saved_seal_block(struct saved_forge *s, const struct kx_saved_cipher *c,
				    const uint8_t *row, struct forge *to)
{
	uint8_t *data = s->f.p + saved_le64(row), tag[16] = { 0 };
	const uint8_t *record = s->f.p + s->tables_off + 16 * saved_le64(row + 16);
	size_t len = (size_t)saved_le64(row + 8);

	/* Its first address that is stored. */
	while (len && !record[12] && !record[13] && !record[14])
		record += 16;
	if (len)
		saved_seal_part(s, c, 1, saved_le64(record), (struct kx_bytes){ NULL, 0 }, data, len,
				tag);
	forge_put(to, row, 32);
	saved_sha(data, len, forge_room(to, 32));
	forge_put(to, tag, 16);
}

/* After saved_build(): with @c, which has its user's key. */
static inline void saved_encrypt(struct saved_forge *s, const struct kx_saved_cipher *c)
{
	uint8_t *p = s->f.p + s->sector, *tables = s->f.p + s->tables_off;
	size_t records = 16 * (size_t)s->records;
	struct forge rows = FORGE_NONE;
	uint16_t phnum = (uint16_t)(p[56] | p[57] << 8);

	kx_put_le32(p + SAVED_FLAGS, 1);
	memset(p + SAVED_SALT, 0x5a, 32);
	if (c->begin(c->ctx, p + SAVED_SALT, p + SAVED_ID, p + SAVED_KEY_CHECK, NULL) < 0)
		abort();
	for (uint64_t i = 0; i < s->block_count; i++)
		saved_seal_block(s, c, tables + records + 64 * i, &rows);
	s->tables_len = records + rows.len;
	/* There is room for the tags in the padding. */
	if (s->tables_off + s->tables_len > s->headers_off)
		abort();
	memcpy(tables + records, rows.p, rows.len);
	saved_seal_part(s, c, 2, 0, forge_bytes(&rows), tables, records, p + SAVED_TABLES_TAG);
	saved_seal_part(s, c, 3, phnum, (struct kx_bytes){ NULL, 0 }, s->f.p + s->headers_off,
			s->headers_len, p + SAVED_HEADERS_TAG);
	forge_free(&rows);
	saved_seal(s);
}

#endif
