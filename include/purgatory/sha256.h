/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SHA-256 (FIPS 180-4), used by kexec to seal segments and by purgatory to
 * verify them.  One block function per instruction set; the caller picks one,
 * because how to ask the CPU differs between a process and purgatory.
 */
#ifndef PURGATORY_SHA256_H
#define PURGATORY_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_DIGEST_LEN	32
#define SHA256_BLOCK_LEN	64
#define SHA256_WORDS	8	/* of the state */

/* Compress @blocks whole blocks of 64 bytes at @data into @state. */
typedef void sha256_blocks_fn(uint32_t state[8], const uint8_t *data, size_t blocks);

/*
 * The same for as many messages as it has lanes, of @blocks blocks each: message i is
 * at @data[i], and word w of its state is @state[w * lanes + i], aligned to 16.
 */
typedef void sha256_lanes_fn(uint32_t *state, const uint8_t *const *data, size_t blocks);

#define SHA256_LANES_MAX	8

/* What a CPU has: one message at a time, and several. */
struct sha256_engine {
	sha256_blocks_fn *blocks;
	sha256_lanes_fn *lanes;		/* NULL: it gains nothing */
	unsigned int lane_count;
};

struct sha256 {
	uint32_t state[8];
	uint64_t len;		/* bytes fed so far */
	uint8_t buf[SHA256_BLOCK_LEN];
	sha256_blocks_fn *blocks;
};

/* The round constants, FIPS 180-4 4.2.2; shared by the three below. */
extern const uint32_t sha256_k[64];

sha256_blocks_fn sha256_blocks_portable;
sha256_blocks_fn sha256_blocks_ni;	/* x86_64: SHA extensions, SSSE3, SSE4.1; any stack */
sha256_blocks_fn sha256_blocks_ce;	/* arm64: ARMv8 SHA2 instructions; FP/SIMD enabled */
sha256_lanes_fn sha256_lanes_neon;	/* arm64, 4 lanes: FP/SIMD enabled */
sha256_lanes_fn sha256_lanes_sse2;	/* x86_64, 4 lanes; any stack */
sha256_lanes_fn sha256_lanes_avx2;	/* x86_64, 8 lanes; any stack */

void sha256_init(struct sha256 *s, sha256_blocks_fn *blocks);
void sha256_update(struct sha256 *s, const void *data, size_t len);
void sha256_final(struct sha256 *s, uint8_t digest[SHA256_DIGEST_LEN]);

/*
 * The SHA-256 of the four digests of the quarters of @data: three of @len / 4 bytes
 * rounded down to whole blocks, and the rest.
 */
void sha256_quarters(const void *data, uint64_t len, const struct sha256_engine *e,
		     uint8_t digest[SHA256_DIGEST_LEN]);

struct sha256_message {
	const uint8_t *data;
	uint64_t len;
	size_t tag;		/* the caller's */
};

/* Where sha256_many() gets its messages, and leaves their digests, in any order. */
struct sha256_feed {
	/* The next one; 0: there is none. */
	int (*next)(void *ctx, struct sha256_message *ret);
	void (*done)(void *ctx, const struct sha256_message *m,
		     const uint8_t digest[SHA256_DIGEST_LEN]);
	void *ctx;
};

/*
 * The SHA-256 of each message that @feed has, in the lanes of @e while there are enough
 * of them.  Messages that were begun when next() says 0 are finished.
 */
void sha256_many(const struct sha256_engine *e, const struct sha256_feed *feed);

#endif
