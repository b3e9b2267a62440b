// SPDX-License-Identifier: GPL-2.0-only
/*
 * A digest that can be computed by four hands: the SHA-256 of the SHA-256 digests
 * of the four quarters.  One SHA-256 is a chain; four, in the lanes of a vector
 * unit, cost a third of the instructions on an arm64 without SHA2 instructions.
 * Called by purgatory.c to verify and, linked a second time, by kexec to seal.
 */
#include "purgatory/sha256.h"

#define QUARTERS	4

struct quarters {
	const uint8_t *data;
	uint64_t len, quarter;		/* quarter: whole blocks; the last has the rest as well */
	size_t next;
	uint8_t part[QUARTERS][SHA256_DIGEST_LEN];
};

static int quarter_next(void *ctx, struct sha256_message *ret)
{
	struct quarters *q = ctx;
	size_t i = q->next;

	if (i == QUARTERS)
		return 0;
	q->next++;
	*ret = (struct sha256_message){
		.data = q->data + i * q->quarter, .tag = i,
		.len = i == QUARTERS - 1 ? q->len - i * q->quarter : q->quarter,
	};
	return 1;
}

static void quarter_done(void *ctx, const struct sha256_message *m,
			 const uint8_t digest[SHA256_DIGEST_LEN])
{
	struct quarters *q = ctx;

	__builtin_memcpy(q->part[m->tag], digest, SHA256_DIGEST_LEN);
}

void sha256_quarters(const void *data, uint64_t len, const struct sha256_engine *e,
		     uint8_t digest[SHA256_DIGEST_LEN])
{
	struct quarters q = {
		.data = data, .len = len,
		.quarter = len / QUARTERS & ~(SHA256_BLOCK_LEN - 1ULL),
	};
	struct sha256_feed feed = { quarter_next, quarter_done, &q };
	struct sha256 s;

	sha256_many(e, &feed);
	sha256_init(&s, e->blocks);
	sha256_update(&s, q.part, sizeof(q.part));
	sha256_final(&s, digest);
}
