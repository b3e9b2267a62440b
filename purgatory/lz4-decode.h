/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The decoder of LZ4 blocks, the body of lz4.c and lz4-strict.c: the LZ4
 * project's doc/lz4_Block_format.md (2022-07-31), quoted below.  The includer
 * defines LZ4_DECODE, the function's name, and LZ4_STRICT: 1 if every access
 * has to be aligned.  The contract is include/purgatory/lz4.h.
 *
 *	 token    more literal  literals   offset     more match
 *	          length, if                2 bytes    length, if
 *	 LLLLMMMM LLLL is 15                LE         MMMM is 15
 *	+--------+------------+-----------+----------+------------+
 *	|        | ff ff .. n |  ...      |          | ff ff .. n |  next token
 *	+--------+------------+-----------+----------+------------+
 *	                                 ^ the block ends here, after the
 *	                                   literals of its last sequence
 *
 * "There are specific restrictions required to terminate an LZ4 block."  The
 * first, "The last sequence contains only literals", is how a block says that
 * it is complete, and is required.  What its token's MMMM holds is not said,
 * and not looked at.  The other two, that the last 5 bytes are literals and the
 * last match starts 12 bytes before the end, "are in place to ensure
 * compatibility with a wide range of historical decoders" that copy past the
 * end of a match.  This one may not, because what follows the destination is
 * somebody else's; it compares with the room that is left, so they would
 * protect nothing and are not required.
 *
 * Pointers are only advanced by lengths that were compared with what is left.
 */
#include <stddef.h>
#include "purgatory/lz4.h"

#define LZ4_MORE	15	/* a length field's "more bytes are required" */
#define LZ4_MINMATCH	4

#define LZ4_ENDS	"ends inside a sequence"
#define LZ4_OVERFULL	"unpacks to more than its length"
#define LZ4_SHORT	"unpacks to less than its length"
#define LZ4_BEFORE	"copies from before its start"
#define LZ4_ZERO	"has a match with offset 0"

/* Bytes one by one in rising order, so that a copy may read what it wrote. */
static inline void lz4_copy_bytes(uint8_t *d, const uint8_t *s, uint64_t len)
{
	while (len--)
		*d++ = *s++;
}

/*
 * Wider copies.  Source and destination are at least as far apart.  16 bytes
 * travel in two general registers: purgatory is built with -mgeneral-regs-only.
 */
static inline void lz4_copy_8(uint8_t *d, const uint8_t *s)
{
	__builtin_memcpy(d, s, 8);
}

static inline void lz4_copy_16(uint8_t *d, const uint8_t *s)
{
	__builtin_memcpy(d, s, 16);
}

/*
 * lz4_copy_literals: @d_left and @s_left bytes, at least @len, may be written
 * and read.  lz4_copy_match: the same of @left; @offset is at least 1 and all
 * of it is behind @d.
 */
#if LZ4_STRICT

typedef uint64_t __attribute__((may_alias)) lz4_word;
typedef uint32_t __attribute__((may_alias)) lz4_half;

/*
 * Copy in rising order, with the widest aligned accesses that suit both sides:
 * with the MMU off every one of them goes to memory.  If @d and @s are equal
 * modulo the width of an access they are at least that far apart, so nothing is
 * read before it is complete.
 */
static inline void lz4_copy(uint8_t *d, const uint8_t *s, uint64_t len)
{
	uintptr_t apart = (uintptr_t)d - (uintptr_t)s;
	uint64_t head = -(uintptr_t)d % sizeof(lz4_word);

	if (apart % sizeof(lz4_half) == 0 && len > head) {
		lz4_copy_bytes(d, s, head);
		d += head;
		s += head;
		len -= head;
		if (apart % sizeof(lz4_word) == 0)
			for (; len >= sizeof(lz4_word); len -= sizeof(lz4_word)) {
				*(lz4_word *)(void *)d = *(const lz4_word *)(const void *)s;
				d += sizeof(lz4_word);
				s += sizeof(lz4_word);
			}
		for (; len >= sizeof(lz4_half); len -= sizeof(lz4_half)) {
			*(lz4_half *)(void *)d = *(const lz4_half *)(const void *)s;
			d += sizeof(lz4_half);
			s += sizeof(lz4_half);
		}
	}
	lz4_copy_bytes(d, s, len);
}

static inline void lz4_copy_literals(uint8_t *d, const uint8_t *s, uint64_t len, uint64_t d_left,
				     uint64_t s_left)
{
	(void)d_left;
	(void)s_left;
	lz4_copy(d, s, len);
}

/*
 * What repeats after @offset bytes repeats after 8 * @offset, too, which suits
 * words; the first 7 * @offset bytes have to be there for it.
 */
static inline void lz4_copy_match(uint8_t *d, uint64_t offset, uint64_t len, uint64_t left)
{
	uint64_t head = offset * (sizeof(lz4_word) - 1);

	(void)left;
	if (offset % sizeof(lz4_word) && len > 2 * head) {
		lz4_copy_bytes(d, d - offset, head);
		d += head;
		len -= head;
		offset *= sizeof(lz4_word);
	}
	lz4_copy(d, d - offset, len);
}

#else

static inline void lz4_copy_literals(uint8_t *d, const uint8_t *s, uint64_t len, uint64_t d_left,
				     uint64_t s_left)
{
	uint64_t rest = len % 16, whole = len - rest;

	for (const uint8_t *end = s + whole; s != end; s += 16, d += 16)
		lz4_copy_16(d, s);
	if (d_left - whole >= 16 && s_left - whole >= 16)
		lz4_copy_16(d, s);
	else
		lz4_copy_bytes(d, s, rest);
}

/*
 * What repeats after @offset bytes repeats after 2 * @offset, too: the distance
 * is doubled until it is as wide as a copy.
 */
static inline void lz4_copy_match(uint8_t *d, uint64_t offset, uint64_t len, uint64_t left)
{
	const uint8_t *s;

	for (; offset < 8 && offset < len; offset *= 2) {
		lz4_copy_bytes(d, d - offset, offset);
		d += offset;
		len -= offset;
		left -= offset;
	}
	s = d - offset;
	if (offset >= 16)
		for (; len >= 16; len -= 16, left -= 16, d += 16, s += 16)
			lz4_copy_16(d, s);
	for (; len >= 8; len -= 8, left -= 8, d += 8, s += 8)
		lz4_copy_8(d, s);
	if (offset >= 8 && left >= 8)
		lz4_copy_8(d, s);
	else
		lz4_copy_bytes(d, s, len);
}

#endif

/* Where in the block and in the destination; only moved by checked lengths. */
struct lz4_state {
	const uint8_t *in, *in_end;
	uint8_t *out, *out_start, *out_end;
};

static inline uint64_t lz4_in_left(const struct lz4_state *s)
{
	return (uint64_t)(s->in_end - s->in);
}

static inline uint64_t lz4_out_left(const struct lz4_state *s)
{
	return (uint64_t)(s->out_end - s->out);
}

/*
 * Add the bytes that follow a length of 15: "When the byte value is 255,
 * another byte must be read and added, and so on."  0 if the block ends first.
 * A length that does not fit the destination will be refused, whatever follows;
 * stopping there also keeps the sum from overflowing.
 */
static inline int lz4_more(struct lz4_state *s, uint64_t *len)
{
	uint8_t byte;

	do {
		if (s->in == s->in_end)
			return 0;
		byte = *s->in++;
		*len += byte;
	} while (byte == 255 && *len <= lz4_out_left(s));
	return 1;
}

static inline const char *lz4_literals(struct lz4_state *s, uint64_t len)
{
	if (len == LZ4_MORE && !lz4_more(s, &len))
		return LZ4_ENDS;
	if (len > lz4_out_left(s))
		return LZ4_OVERFULL;
	if (len > lz4_in_left(s))
		return LZ4_ENDS;
	lz4_copy_literals(s->out, s->in, len, lz4_out_left(s), lz4_in_left(s));
	s->in += len;
	s->out += len;
	return NULL;
}

static inline const char *lz4_match(struct lz4_state *s, uint64_t offset, uint64_t len)
{
	/* "The presence of a 0 offset value denotes an invalid (corrupted) block." */
	if (!offset)
		return LZ4_ZERO;
	if (offset > (uint64_t)(s->out - s->out_start))
		return LZ4_BEFORE;
	if (len == LZ4_MORE && !lz4_more(s, &len))
		return LZ4_ENDS;
	len += LZ4_MINMATCH;
	if (len > lz4_out_left(s))
		return LZ4_OVERFULL;
	lz4_copy_match(s->out, offset, len, lz4_out_left(s));
	s->out += len;
	return NULL;
}

/*
 * Nearly every sequence has both lengths in its token: at most 14 literals and
 * a match of at most 18.  Where there is room these are copied 16 and 18 bytes
 * wide.  What is too much stays inside the destination and is overwritten by
 * what follows.
 */
static inline int lz4_easy_literals(const struct lz4_state *s, uint64_t len)
{
	/* 14 literals and the offset behind them are 16 bytes, too. */
	return !LZ4_STRICT && len != LZ4_MORE && lz4_in_left(s) >= 16 && lz4_out_left(s) >= 16;
}

static inline int lz4_easy_match(const struct lz4_state *s, uint64_t offset, uint64_t len)
{
	return !LZ4_STRICT && len != LZ4_MORE && offset >= 16 &&
	       offset <= (uint64_t)(s->out - s->out_start) && lz4_out_left(s) >= 18;
}

const char *LZ4_DECODE(const uint8_t *src, uint64_t src_len, uint8_t *dst, uint64_t dst_len)
{
	struct lz4_state s = { src, src + src_len, dst, dst, dst + dst_len };
	uint64_t literals, match, offset;
	const char *why;

	for (;;) {
		if (s.in == s.in_end)
			return LZ4_ENDS;
		literals = *s.in >> 4;
		match = *s.in++ & 15;
		if (lz4_easy_literals(&s, literals)) {
			lz4_copy_16(s.out, s.in);
			s.in += literals;
			s.out += literals;
		} else {
			why = lz4_literals(&s, literals);
			if (why)
				return why;
			/* "The block ends right after the literals." */
			if (s.in == s.in_end)
				return s.out == s.out_end ? NULL : LZ4_SHORT;
			if (lz4_in_left(&s) < 2)
				return LZ4_ENDS;
		}
		/* "a 2 bytes value, in little endian format" */
		offset = s.in[0] | (uint64_t)s.in[1] << 8;
		s.in += 2;
		if (lz4_easy_match(&s, offset, match)) {
			lz4_copy_16(s.out, s.out - offset);
			__builtin_memcpy(s.out + 16, s.out + 16 - offset, 2);
			s.out += LZ4_MINMATCH + match;
		} else {
			why = lz4_match(&s, offset, match);
			if (why)
				return why;
		}
	}
}
