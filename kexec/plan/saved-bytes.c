/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The blocks of a saved core, each checked with its digest, as purgatory can unpack
 * them: LZ4, zeros and what does not shrink are loaded as they are stored, from the
 * mapping; what zstd has packed is packed anew, and what is encrypted is decrypted.
 * Called by saved.c.
 */
#include <errno.h>
#include <inttypes.h>

#include "print.h"
#include "saved.h"

static int no_memory(uint64_t bytes, struct kx_err *err)
{
	return kx_err_set(err, ENOMEM, "no memory for 0x%" PRIx64 " bytes of a saved core", bytes);
}

/*
 * Pieces are smaller than blocks, so that few have a page in any one place: no
 * more than this packed, and unpacked, but for a single record.
 */
#define PIECE_PACKED	(64u << 10)
#define PIECE_PAGES	(1u << 20)

/* The records of block @i, which is at @data, as pieces. */
static void add_pieces(struct saved_job *j, size_t i, const uint8_t *data)
{
	const struct saved_block *b = &j->core->block[i];
	struct saved_piece *piece = NULL;
	uint64_t pages = 0;

	for (size_t k = b->first_record; k < b->first_record + b->records; k++) {
		uint64_t len = kx_range_len(saved_record_range(j, k));

		if (!piece || pages + len > PIECE_PAGES ||
		    piece->bytes.len + j->stored[k] > PIECE_PACKED) {
			piece = &j->piece[j->piece_count++];
			*piece = (struct saved_piece){ .bytes = { data, 0 }, .first = k, .block = i };
			pages = 0;
		}
		piece->count++;
		piece->bytes.len += j->stored[k];
		pages += len;
		data += j->stored[k];
		j->bytes += j->stored[k];
	}
}

/* ---- as it is stored -------------------------------------------------------------- */

static int take_block(struct saved_job *j, size_t i, struct kx_err *err)
{
	const struct saved_block *b = &j->core->block[i];
	struct kx_bytes bytes;

	if (!kx_bytes_sub(j->p->request->kernel.bytes, b->off, b->len, &bytes))
		return kx_err_set(err, ENOEXEC,
				  "block %zu: 0x%" PRIx64 " bytes at 0x%" PRIx64 " are beyond the end, 0x%zx",
				  i, b->len, b->off, j->p->request->kernel.bytes.len);
	for (size_t k = b->first_record; k < b->first_record + b->records; k++)
		j->stored[k] = j->core->record[k].stored;
	add_pieces(j, i, bytes.data);
	return 0;
}

/* ---- packed anew -------------------------------------------------------------------- */

struct repacker {
	uint8_t *to;			/* all blocks, one behind the other */
	size_t len;
	uint8_t *page;			/* a record's pages */
};

/* The bytes that all records take if none shrinks. */
static uint64_t unpacked_len(const struct saved_job *j)
{
	uint64_t len = 0;

	for (size_t i = 0; i < j->core->head.record_count; i++)
		if (j->core->record[i].stored)
			len += kx_range_len(saved_record_range(j, i));
	return len;
}

static int repack_block(struct saved_job *j, struct repacker *r, size_t i, const uint8_t *block,
			struct kx_err *err)
{
	uint64_t page = j->core->contexts.context.page_size;
	const struct saved_block *b = &j->core->block[i];
	size_t start = r->len;
	int rc;

	for (size_t k = b->first_record; k < b->first_record + b->records; k++) {
		const struct saved_record *record = &j->core->record[k];

		j->stored[k] = 0;
		if (!record->stored)
			continue;
		rc = kx_saved_unpack(j->core, record, block, r->page, err);
		if (rc < 0)
			return kx_err_wrap(err, "block %zu", i);
		j->stored[k] = kx_saved_pack(KX_SAVED_LZ4, r->page, record->pages, page,
					     r->to + r->len);
		block += record->stored;
		r->len += j->stored[k];
	}
	add_pieces(j, i, r->to + start);
	return 0;
}

/* All blocks; each is read and checked, and so need not be checked any more. */
static int repack(struct saved_job *j, struct kx_err *err)
{
	struct kx_arena *a = j->p->arena;
	uint64_t most = unpacked_len(j) + 1;
	struct repacker r = {
		.to = kx_arena_alloc_raw(a, most), .page = kx_arena_alloc_raw(a, KX_SAVED_RECORD_MAX),
	};
	uint8_t *block = kx_arena_alloc_raw(a, KX_SAVED_BLOCK_MAX);
	int rc = 0;

	if (!r.to || !r.page || !block)
		return no_memory(most, err);
	for (size_t i = 0; i < j->core->head.block_count && rc == 0; i++) {
		if (j->core->block[i].len)
			rc = kx_saved_block(j->core, i, block, err);
		if (rc == 0)
			rc = repack_block(j, &r, i, block, err);
	}
	kx_arena_release(a, block);
	kx_arena_release(a, r.page);
	return rc;
}

/* ---- decrypted ----------------------------------------------------------------------------- */

/* All blocks, one behind the other; each is read and checked, as above. */
static int decrypt(struct saved_job *j, struct kx_err *err)
{
	const struct saved_head *head = &j->core->head;
	uint64_t len = 1;
	uint8_t *to;
	int rc = 0;

	/* Neither can wrap: 2^24 blocks of 1 MiB. */
	for (size_t i = 0; i < head->block_count; i++)
		len += j->core->block[i].len;
	to = kx_arena_alloc_raw(j->p->arena, len);
	if (!to)
		return no_memory(len, err);
	for (size_t i = 0; i < head->block_count && rc == 0; i++) {
		const struct saved_block *b = &j->core->block[i];

		rc = kx_saved_block(j->core, i, to, err);
		for (size_t k = b->first_record; k < b->first_record + b->records; k++)
			j->stored[k] = j->core->record[k].stored;
		add_pieces(j, i, to);
		to += b->len;
	}
	return rc;
}

static void note_decrypted(struct saved_job *j)
{
	char need[KX_SIZE_TEXT];

	kx_plan_note(j->p, "memory: decrypted, the pages take another %s until they are loaded",
		     kx_size_text(j->bytes, need));
}

/* ---- all of them ------------------------------------------------------------------------ */

int saved_bytes(struct saved_job *j, struct kx_err *err)
{
	const struct saved_head *head = &j->core->head;
	struct kx_arena *a = j->p->arena;
	int rc = 0;

	/* Each has a record. */
	j->piece = kx_arena_alloc_raw(a, (head->record_count + 1) * sizeof(*j->piece));
	j->stored = kx_arena_alloc_raw(a, (head->record_count + 1) * sizeof(*j->stored));
	if (!j->piece || !j->stored)
		return no_memory(head->record_count * sizeof(*j->piece), err);
	if (head->codec == KX_SAVED_ZSTD)
		return repack(j, err);
	if (head->flags & KX_SAVED_ENCRYPTED) {
		rc = decrypt(j, err);
		if (rc == 0)
			note_decrypted(j);
		return rc;
	}
	for (size_t i = 0; i < head->block_count && rc == 0; i++)
		rc = take_block(j, i, err);
	return rc;
}

bool saved_is_read(const struct saved_job *j)
{
	return j->core->head.codec == KX_SAVED_ZSTD || j->core->head.flags & KX_SAVED_ENCRYPTED;
}
