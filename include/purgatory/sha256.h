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
 * The same for four messages of @blocks blocks each: @state[i] is word i of the
 * four states, aligned to 16.
 */
typedef void sha256_blocks4_fn(uint32_t state[SHA256_WORDS][4], const uint8_t *const data[4],
			       size_t blocks);

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
sha256_blocks4_fn sha256_blocks4_neon;	/* arm64: FP/SIMD enabled */

void sha256_init(struct sha256 *s, sha256_blocks_fn *blocks);
void sha256_update(struct sha256 *s, const void *data, size_t len);
void sha256_final(struct sha256 *s, uint8_t digest[SHA256_DIGEST_LEN]);

/*
 * The SHA-256 of the four digests of the quarters of @data: three of @len / 4 bytes
 * rounded down to whole blocks, and the rest.  @blocks4 may be NULL; the digest is
 * the same.
 */
void sha256_quarters(const void *data, uint64_t len, sha256_blocks_fn *blocks,
		     sha256_blocks4_fn *blocks4, uint8_t digest[SHA256_DIGEST_LEN]);

#endif
