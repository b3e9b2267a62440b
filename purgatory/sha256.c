// SPDX-License-Identifier: GPL-2.0-only
/*
 * SHA-256, FIPS 180-4 sections 4.1.2, 5 and 6.2.2, in portable C.  Called by
 * purgatory.c to verify and, linked a second time, by kexec to seal.
 *
 * Sixteen rounds are written out so that the eight state words and the
 * sixteen words of the message schedule have fixed names: nothing is shifted
 * from variable to variable, and on arm64, where purgatory's data accesses
 * may be uncached, all 24 can live in registers.
 */
#include "purgatory/sha256.h"

const uint32_t sha256_k[64] __attribute__((aligned(64))) = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

#define WORD	uint32_t
#define W(i)	w[i]
#include "sha256-rounds.h"

/* @p is aligned to 4, so this is one load even under -mstrict-align. */
static inline uint32_t load_be32(const uint8_t *p)
{
	uint32_t v;

	__builtin_memcpy(&v, __builtin_assume_aligned(p, 4), 4);
	return __builtin_bswap32(v);	/* both architectures are little-endian */
}

static void block(uint32_t state[8], const uint8_t *data)
{
	const uint32_t *k = sha256_k;
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
	uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
	uint32_t bc = b ^ c;
	uint32_t w[16];

	/* Constant indices only: the compiler keeps w[] in registers. */
	w[0] = load_be32(data);		w[1] = load_be32(data + 4);
	w[2] = load_be32(data + 8);	w[3] = load_be32(data + 12);
	w[4] = load_be32(data + 16);	w[5] = load_be32(data + 20);
	w[6] = load_be32(data + 24);	w[7] = load_be32(data + 28);
	w[8] = load_be32(data + 32);	w[9] = load_be32(data + 36);
	w[10] = load_be32(data + 40);	w[11] = load_be32(data + 44);
	w[12] = load_be32(data + 48);	w[13] = load_be32(data + 52);
	w[14] = load_be32(data + 56);	w[15] = load_be32(data + 60);

	SIXTEEN(ROUND);
	for (k += 16; k < sha256_k + 64; k += 16)
		SIXTEEN(NEXT);

	state[0] += a;	state[1] += b;	state[2] += c;	state[3] += d;
	state[4] += e;	state[5] += f;	state[6] += g;	state[7] += h;
}

void sha256_blocks_portable(uint32_t state[8], const uint8_t *data, size_t blocks)
{
	uint32_t aligned[SHA256_BLOCK_LEN / 4];

	if ((uintptr_t)data & 3) {
		for (; blocks; blocks--, data += SHA256_BLOCK_LEN) {
			__builtin_memcpy(aligned, data, sizeof(aligned));
			block(state, (const uint8_t *)aligned);
		}
		return;
	}
	for (; blocks; blocks--, data += SHA256_BLOCK_LEN)
		block(state, data);
}

/* 5.3.3 */
void sha256_init(struct sha256 *s, sha256_blocks_fn *blocks)
{
	s->state[0] = 0x6a09e667;
	s->state[1] = 0xbb67ae85;
	s->state[2] = 0x3c6ef372;
	s->state[3] = 0xa54ff53a;
	s->state[4] = 0x510e527f;
	s->state[5] = 0x9b05688c;
	s->state[6] = 0x1f83d9ab;
	s->state[7] = 0x5be0cd19;
	s->len = 0;
	s->blocks = blocks;
}

void sha256_update(struct sha256 *s, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t have = s->len % SHA256_BLOCK_LEN;

	if (!len)
		return;		/* data may be NULL */
	s->len += len;
	if (have) {
		size_t n = SHA256_BLOCK_LEN - have;

		if (n > len)
			n = len;
		__builtin_memcpy(s->buf + have, p, n);
		if (have + n < SHA256_BLOCK_LEN)
			return;
		s->blocks(s->state, s->buf, 1);
		p += n;
		len -= n;
	}
	if (len >= SHA256_BLOCK_LEN)
		s->blocks(s->state, p, len / SHA256_BLOCK_LEN);
	p += len - len % SHA256_BLOCK_LEN;
	__builtin_memcpy(s->buf, p, len % SHA256_BLOCK_LEN);
}

/* 5.1.1: a 1 bit, zeros, and the length in bits as a 64-bit big-endian. */
void sha256_final(struct sha256 *s, uint8_t digest[SHA256_DIGEST_LEN])
{
	size_t have = s->len % SHA256_BLOCK_LEN;
	uint64_t bits = s->len << 3;

	s->buf[have++] = 0x80;
	if (have > SHA256_BLOCK_LEN - 8) {
		__builtin_memset(s->buf + have, 0, SHA256_BLOCK_LEN - have);
		s->blocks(s->state, s->buf, 1);
		have = 0;
	}
	__builtin_memset(s->buf + have, 0, SHA256_BLOCK_LEN - 8 - have);
	for (int i = 0; i < 8; i++)
		s->buf[SHA256_BLOCK_LEN - 1 - i] = (uint8_t)(bits >> (8 * i));
	s->blocks(s->state, s->buf, 1);
	for (int i = 0; i < SHA256_DIGEST_LEN; i++)
		digest[i] = (uint8_t)(s->state[i / 4] >> (24 - 8 * (i % 4)));
}
