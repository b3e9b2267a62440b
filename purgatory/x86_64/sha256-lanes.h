/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SHA-256 (FIPS 180-4, 6.2.2) of LANES messages at once, one in each 32-bit lane of
 * a vector: the body of sha256-sse2.c and sha256-avx2.c, which define LANES, TARGET
 * and NAME.  The rounds are those of sha256.c, with vectors in place of words.
 */
#include "purgatory/sha256.h"

typedef uint32_t vec __attribute__((vector_size(4 * LANES)));

#define WORD	vec
#define W(i)	w.v[i]
#include "../sha256-rounds.h"

/* The stack is realigned: purgatory's is not aligned as the ABI has it. */
__attribute__((target(TARGET), force_align_arg_pointer))
void NAME(uint32_t *state, const uint8_t *const *data, size_t blocks)
{
	union {
		vec v[16];
		uint32_t word[16][LANES];
	} w;
	vec s[SHA256_WORDS];

	__builtin_memcpy(s, state, sizeof(s));
	for (size_t n = 0; n < blocks; n++) {
		const uint32_t *k = sha256_k;
		vec a = s[0], b = s[1], c = s[2], d = s[3], bc = b ^ c;
		vec e = s[4], f = s[5], g = s[6], h = s[7];

		for (unsigned int i = 0; i < LANES; i++)
			for (unsigned int t = 0; t < 16; t++) {
				uint32_t v;

				__builtin_memcpy(&v, data[i] + n * SHA256_BLOCK_LEN + 4 * t, 4);
				w.word[t][i] = __builtin_bswap32(v);
			}
		SIXTEEN(ROUND);
		for (k += 16; k < sha256_k + 64; k += 16)
			SIXTEEN(NEXT);
		s[0] += a;	s[1] += b;	s[2] += c;	s[3] += d;
		s[4] += e;	s[5] += f;	s[6] += g;	s[7] += h;
	}
	__builtin_memcpy(state, s, sizeof(s));
}
