/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One LZ4 block through four decoders, for tests/purgatory/lz4-test.c and the
 * fuzz target purgatory-lz4: doc/lz4_Block_format.md of the LZ4 project taken
 * word for word, a byte at a time; both builds of purgatory's; and liblz4.
 *
 * Purgatory's have to do what the document says.  liblz4 (seen with 1.9.4) may
 * differ in these points, and only in these:
 *
 * stricter	it may refuse a block without both end conditions, as the document
 *		allows: the last 5 bytes are literals, the last match starts 12
 *		bytes before the end; it takes some where only 4 are
 * stricter	of what unpacks to nothing, it takes the one block "00"; any low
 *		nibble will do for purgatory's, as in the last token of every block
 * laxer	it takes a match with offset 0, which "denotes an invalid
 *		(corrupted) block", and makes up what is copied
 * laxer	it takes a destination with room to spare; dst_len is exact here
 */
#ifndef LZ4_AGREE_H
#define LZ4_AGREE_H

#include <lz4.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "purgatory/lz4.h"

/* What the document says about a block. */
struct lz4_plain {
	int whole;		/* nothing is wrong with it, but perhaps its length */
	int end_rules;		/* a whole one that obeys what only liblz4 asks for */
	int offset_0;		/* has a match with offset 0 */
	uint64_t len;		/* how much it unpacks to, or did */
};

/* Add what follows a length of 15; 0 if the block ends first. */
static inline int lz4_plain_len(const uint8_t *src, uint64_t src_len, uint64_t *at, uint64_t *len)
{
	int more = *len == 15;

	while (more) {
		if (*at == src_len)
			return 0;
		*len += src[*at];
		more = src[(*at)++] == 255;
	}
	return 1;
}

/* At most @room bytes are written to @dst; a block that needs more is not whole. */
static inline struct lz4_plain lz4_plain(const uint8_t *src, uint64_t src_len, uint8_t *dst,
					 uint64_t room)
{
	struct lz4_plain r = { 0, 1, 0, 0 };
	uint64_t at = 0, match_at = 0, match_end = 0;

	while (at < src_len) {
		uint64_t literals = src[at] >> 4, match = src[at] & 15, offset;

		at++;
		if (!lz4_plain_len(src, src_len, &at, &literals) || literals > src_len - at ||
		    literals > room - r.len)
			return r;
		for (; literals; literals--)
			dst[r.len++] = src[at++];
		if (at == src_len) {
			r.whole = 1;
			r.end_rules = !match_end ||
				      (r.len - match_at >= 12 && r.len - match_end >= 5);
			return r;
		}
		if (src_len - at < 2)
			return r;
		offset = src[at] + 256u * src[at + 1];
		at += 2;
		r.offset_0 = offset == 0;
		if (offset == 0 || offset > r.len || !lz4_plain_len(src, src_len, &at, &match))
			return r;
		match += 4;
		if (match > room - r.len)
			return r;
		match_at = r.len;
		for (; match; match--, r.len++)
			dst[r.len] = dst[r.len - offset];
		match_end = r.len;
	}
	return r;
}

/*
 * @len bytes whose end is that of their allocation, so that AddressSanitizer
 * sees a byte too many, and whose start is @shift bytes from an aligned one.
 */
struct lz4_buf {
	uint8_t *raw, *p;
};

static inline struct lz4_buf lz4_buf(uint64_t len, unsigned int shift)
{
	struct lz4_buf b;

	b.raw = malloc(len + shift);
	if (!b.raw) {
		fputs("lz4-agree: out of memory\n", stderr);
		exit(99);
	}
	memset(b.raw, 0xa5, len + shift);
	b.p = b.raw + shift;
	return b;
}

/* What is in front of the destination was not touched. */
static inline int lz4_buf_front_intact(const struct lz4_buf *b)
{
	for (const uint8_t *p = b->raw; p < b->p; p++)
		if (*p != 0xa5)
			return 0;
	return 1;
}

/* What happened to a block; LZ4_DIFFERS says that a decoder is wrong. */
enum lz4_outcome {
	LZ4_DIFFERS,
	LZ4_ACCEPTED,
	LZ4_ACCEPTED_ALONE,	/* liblz4 refuses it, as it may */
	LZ4_REFUSED,
	LZ4_REFUSED_ALONE,	/* liblz4 takes it, as it may */
	LZ4_OUTCOMES,
};

/* liblz4 against @out, what the block unpacks to if it is fine (@ok). */
static inline enum lz4_outcome lz4_compare(const struct lz4_plain *want, int ok,
					   const uint8_t *src, uint64_t src_len, uint64_t dst_len,
					   const uint8_t *out)
{
	struct lz4_buf b = lz4_buf(dst_len, 1);
	int ret = LZ4_decompress_safe((const char *)src, (char *)b.p, (int)src_len, (int)dst_len);
	int taken = ret >= 0 && (uint64_t)ret == dst_len;
	int same = taken && !memcmp(out, b.p, dst_len);
	enum lz4_outcome outcome = LZ4_DIFFERS;

	free(b.raw);
	if (ok && taken && same)
		outcome = LZ4_ACCEPTED;
	else if (ok && !taken && (!want->end_rules || dst_len == 0))
		outcome = LZ4_ACCEPTED_ALONE;
	else if (!ok && !taken)
		outcome = LZ4_REFUSED;
	else if (!ok && taken && want->offset_0)
		outcome = LZ4_REFUSED_ALONE;
	return outcome;
}

/*
 * Decode with every decoder.  @src_shift and @dst_shift, 0..15, move the
 * buffers off their alignment.  *@ret_why is set if they differ.
 */
static inline enum lz4_outcome lz4_agree(const uint8_t *block, uint64_t src_len, uint64_t dst_len,
					 unsigned int src_shift, unsigned int dst_shift,
					 const char **ret_why)
{
	struct lz4_buf src = lz4_buf(src_len, src_shift), out = lz4_buf(dst_len, 0);
	struct lz4_buf fast = lz4_buf(dst_len, dst_shift), strict = lz4_buf(dst_len, dst_shift);
	const char *fast_why, *strict_why;
	struct lz4_plain want;
	enum lz4_outcome outcome = LZ4_DIFFERS;
	int ok;

	if (src_len)
		memcpy(src.p, block, src_len);
	want = lz4_plain(src.p, src_len, out.p, dst_len);
	ok = want.whole && want.len == dst_len;
	fast_why = purg_lz4_decode(src.p, src_len, fast.p, dst_len);
	strict_why = purg_lz4_decode_strict(src.p, src_len, strict.p, dst_len);

	if ((fast_why == NULL) != ok || (ok && memcmp(fast.p, out.p, dst_len)))
		*ret_why = "purg_lz4_decode is not the document's";
	else if ((strict_why == NULL) != ok || (ok && memcmp(strict.p, out.p, dst_len)))
		*ret_why = "purg_lz4_decode_strict is not the document's";
	else if (!ok && strcmp(fast_why, strict_why))
		*ret_why = "two reasons to refuse one block";
	else if (!lz4_buf_front_intact(&fast) || !lz4_buf_front_intact(&strict))
		*ret_why = "written in front of the destination";
	else {
		outcome = lz4_compare(&want, ok, src.p, src_len, dst_len, out.p);
		*ret_why = outcome == LZ4_DIFFERS ? "liblz4 differs where it may not" : NULL;
	}
	free(src.raw);
	free(out.raw);
	free(fast.raw);
	free(strict.raw);
	return outcome;
}

#endif
