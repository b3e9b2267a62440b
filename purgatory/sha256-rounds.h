/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rounds of SHA-256 (FIPS 180-4, 6.2.2), on numbers or on vectors of them: whoever
 * includes this defines WORD, which is one of either, and W(i), word i of the schedule,
 * and has k, a to h, and bc.  Included by sha256.c and x86_64/sha256-lanes.h.
 */
/* 4.1.2 */
#define ROR(x, n)	((x) >> (n) | (x) << (32 - (n)))
#define BIG0(x)		(ROR(x, 2) ^ ROR(x, 13) ^ ROR(x, 22))
#define BIG1(x)		(ROR(x, 6) ^ ROR(x, 11) ^ ROR(x, 25))
#define SMALL0(x)	(ROR(x, 7) ^ ROR(x, 18) ^ (x) >> 3)
#define SMALL1(x)	(ROR(x, 17) ^ ROR(x, 19) ^ (x) >> 10)
#define CH(e, f, g)	((g) ^ ((e) & ((f) ^ (g))))

/*
 * 6.2.2 step 3.  Instead of moving a..h down by one, the next round names
 * them one further.  Maj(a,b,c) = b ^ ((a ^ b) & (b ^ c)), and this round's
 * a ^ b is the next one's b ^ c: bc carries it over.
 */
#define ROUND(a, b, c, d, e, f, g, h, i) do {				\
	WORD ab = a ^ b;						\
									\
	h += BIG1(e) + CH(e, f, g) + k[i] + W(i);			\
	d += h;								\
	h += BIG0(a) + (b ^ (ab & bc));					\
	bc = ab;							\
} while (0)

/* 6.2.2 step 1 for t >= 16; w[] holds the last 16 words, t modulo 16. */
#define SCHEDULE(i)							\
	(W(i) += SMALL1(W((i + 14) & 15)) + W((i + 9) & 15) + SMALL0(W((i + 1) & 15)))

#define NEXT(a, b, c, d, e, f, g, h, i) do {				\
	SCHEDULE(i);							\
	ROUND(a, b, c, d, e, f, g, h, i);				\
} while (0)

#define SIXTEEN(R) do {							\
	R(a, b, c, d, e, f, g, h, 0);	R(h, a, b, c, d, e, f, g, 1);	\
	R(g, h, a, b, c, d, e, f, 2);	R(f, g, h, a, b, c, d, e, 3);	\
	R(e, f, g, h, a, b, c, d, 4);	R(d, e, f, g, h, a, b, c, 5);	\
	R(c, d, e, f, g, h, a, b, 6);	R(b, c, d, e, f, g, h, a, 7);	\
	R(a, b, c, d, e, f, g, h, 8);	R(h, a, b, c, d, e, f, g, 9);	\
	R(g, h, a, b, c, d, e, f, 10);	R(f, g, h, a, b, c, d, e, 11);	\
	R(e, f, g, h, a, b, c, d, 12);	R(d, e, f, g, h, a, b, c, 13);	\
	R(c, d, e, f, g, h, a, b, 14);	R(b, c, d, e, f, g, h, a, 15);	\
} while (0)
