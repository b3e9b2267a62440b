// SPDX-License-Identifier: GPL-2.0-only
/*
 * What of a saved core is encrypted, and with which nonce and what else is
 * authenticated: doc/resumable-core.md, "Encryption".  The ciphers themselves are
 * given (kx/saved-cipher.h).  Called by saved*.c, and by whoever writes an image.
 */
#include <errno.h>
#include <string.h>

#include "kx/saved.h"

enum part {
	PART_BLOCK = 1,			/* number: its first address that is stored */
	PART_TABLES = 2,		/* 0 */
	PART_HEADERS = 3,		/* e_phnum */
};

/* Part and number, which are the nonce as well; created to flags. */
#define NUMBER_OFF	KX_SAVED_ID_LEN
#define BLOCK_AAD	(NUMBER_OFF + KX_SAVED_NONCE_LEN)
#define HEAD_AAD	(BLOCK_AAD + 48)

struct sealing {
	uint8_t aad[HEAD_AAD];
	struct kx_saved_nonce nonce;	/* points to it */
};

static void sealing_init(struct sealing *s, const struct saved_head *h, enum part part,
			 uint64_t number)
{
	uint8_t *at = s->aad + BLOCK_AAD;

	memcpy(s->aad, h->id, KX_SAVED_ID_LEN);
	kx_put_le32(s->aad + NUMBER_OFF, part);
	kx_put_le64(s->aad + NUMBER_OFF + 4, number);
	memcpy(s->nonce.nonce, s->aad + NUMBER_OFF, KX_SAVED_NONCE_LEN);
	s->nonce.aad[0] = (struct kx_bytes){ s->aad, part == PART_BLOCK ? BLOCK_AAD : HEAD_AAD };
	s->nonce.aad[1] = KX_BYTES_NONE;
	/* What sector 0 says in the clear; while blocks are written it is not known. */
	kx_put_le64(at, h->created);
	kx_put_le64(at + 8, h->record_count);
	kx_put_le64(at + 16, h->block_count);
	kx_put_le64(at + 24, h->page_count);
	kx_put_le64(at + 32, h->zero_pages);
	kx_put_le32(at + 40, h->codec);
	kx_put_le32(at + 44, h->flags);
}

/* No two blocks have it: records ascend. */
static uint64_t block_number(const struct saved_record *record, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (record[i].stored)
			return record[i].pa;
	return 0;
}

/* Records are encrypted; blocks, behind them, are authenticated. */
static size_t tables_sealing(struct sealing *s, const struct saved_head *h, const uint8_t *tables,
			     size_t len)
{
	size_t records = (size_t)h->record_count * KX_SAVED_RECORD_LEN;

	sealing_init(s, h, PART_TABLES, 0);
	s->nonce.aad[1] = (struct kx_bytes){ tables + records, len - records };
	return records;
}

/* ---- writing -------------------------------------------------------------------------- */

int kx_saved_encrypt(struct saved_head *head, const struct kx_saved_cipher *c, struct kx_err *err)
{
	head->flags |= KX_SAVED_ENCRYPTED;
	return c->begin(c->ctx, head->salt, head->id, head->key_check, err);
}

int kx_saved_block_seal(const struct saved_head *head, const struct kx_saved_cipher *c,
			const struct saved_record *record, size_t record_count, uint8_t *data,
			size_t len, uint8_t ret_tag[KX_SAVED_TAG_LEN], struct kx_err *err)
{
	struct sealing s;

	sealing_init(&s, head, PART_BLOCK, block_number(record, record_count));
	return c->seal(c->ctx, &s.nonce, data, len, ret_tag, err);
}

/* What is about to be written is the caller's, who made it. */
static uint8_t *writable(struct kx_bytes b)
{
	return (uint8_t *)(uintptr_t)b.data;
}

int kx_saved_tables_seal(struct saved_head *head, const struct kx_saved_cipher *c,
			 struct kx_bytes tables, struct kx_err *err)
{
	struct sealing s;
	size_t len = tables_sealing(&s, head, tables.data, tables.len);

	return c->seal(c->ctx, &s.nonce, writable(tables), len, head->tables_tag, err);
}

int kx_saved_headers_seal(struct saved_head *head, const struct kx_saved_cipher *c, size_t phnum,
			  struct kx_bytes headers, struct kx_err *err)
{
	struct sealing s;

	sealing_init(&s, head, PART_HEADERS, phnum);
	return c->seal(c->ctx, &s.nonce, writable(headers), headers.len, head->headers_tag, err);
}

/* ---- reading ----------------------------------------------------------------------------- */

int kx_saved_block_unseal(const struct kx_saved *s, size_t i, uint8_t *data, struct kx_err *err)
{
	const struct saved_block *b = &s->block[i];
	struct sealing how;

	sealing_init(&how, &s->head, PART_BLOCK,
		     block_number(&s->record[b->first_record], (size_t)b->records));
	return s->cipher.open(s->cipher.ctx, &how.nonce, data, (size_t)b->len, b->tag, err);
}

int kx_saved_tables_unseal(const struct kx_saved *s, uint8_t *tables, size_t len,
			   struct kx_err *err)
{
	struct sealing how;
	size_t records = tables_sealing(&how, &s->head, tables, len);

	return s->cipher.open(s->cipher.ctx, &how.nonce, tables, records, s->head.tables_tag, err);
}

int kx_saved_headers_unseal(const struct kx_saved *s, uint8_t *headers, size_t len,
			    struct kx_err *err)
{
	struct sealing how;

	sealing_init(&how, &s->head, PART_HEADERS, s->phnum);
	return s->cipher.open(s->cipher.ctx, &how.nonce, headers, len, s->head.headers_tag, err);
}
