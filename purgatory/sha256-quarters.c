// SPDX-License-Identifier: GPL-2.0-only
/*
 * A digest that can be computed by four hands: the SHA-256 of the SHA-256 digests
 * of the four quarters.  One SHA-256 is a chain; four, in the lanes of a vector
 * unit, cost a third of the instructions on an arm64 without SHA2 instructions.
 * Called by purgatory.c to verify and, linked a second time, by kexec to seal.
 */
#include "purgatory/sha256.h"

#define QUARTERS	4

/* The state after @blocks of a message, for sha256_update() to go on. */
static void resume(struct sha256 *s, uint32_t four[SHA256_WORDS][QUARTERS], int i, uint64_t len)
{
	for (int w = 0; w < SHA256_WORDS; w++)
		s->state[w] = four[w][i];
	s->len = len;
}

void sha256_quarters(const void *data, uint64_t len, sha256_blocks_fn *blocks,
		     sha256_blocks4_fn *blocks4, uint8_t digest[SHA256_DIGEST_LEN])
{
	/* Aligned: the vector code loads it as it is, perhaps from Device memory. */
	uint32_t four[SHA256_WORDS][QUARTERS] __attribute__((aligned(16)));
	/* Whole blocks; the last quarter has the rest as well. */
	uint64_t quarter = len / QUARTERS & ~(SHA256_BLOCK_LEN - 1ULL), done = 0;
	const uint8_t *start[QUARTERS];
	uint8_t parts[QUARTERS][SHA256_DIGEST_LEN];
	struct sha256 s;

	sha256_init(&s, blocks);
	for (int i = 0; i < QUARTERS; i++) {
		start[i] = (const uint8_t *)data + quarter * (unsigned int)i;
		for (int w = 0; w < SHA256_WORDS; w++)
			four[w][i] = s.state[w];
	}
	if (blocks4) {
		blocks4(four, start, quarter / SHA256_BLOCK_LEN);
		done = quarter;
	}
	for (int i = 0; i < QUARTERS; i++) {
		uint64_t rest = i == QUARTERS - 1 ? len - quarter * (QUARTERS - 1) : quarter;

		resume(&s, four, i, done);
		sha256_update(&s, start[i] + done, rest - done);
		sha256_final(&s, parts[i]);
	}
	sha256_init(&s, blocks);
	sha256_update(&s, parts, sizeof(parts));
	sha256_final(&s, digest);
}
