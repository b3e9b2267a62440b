// SPDX-License-Identifier: GPL-2.0-only
/*
 * purgatory/lz4.c and lz4-strict.c: blocks written by hand, one for each rule of
 * the format and one for each way to break it; and many made by liblz4 and at
 * random, also cut off, changed and with a wrong length, on which every decoder
 * of lz4-agree.h has to agree.
 */
#include <lz4hc.h>
#include <sys/mman.h>
#include <unistd.h>
#include "lz4-agree.h"
#include "../unit/test.h"

/* Always the same numbers (xorshift32). */
struct dice {
	uint32_t x;
};

static uint32_t roll(struct dice *d, uint32_t sides)
{
	d->x ^= d->x << 13;
	d->x ^= d->x >> 17;
	d->x ^= d->x << 5;
	return d->x % sides;
}

/* ---- writing blocks ---------------------------------------------------- */

struct block {
	uint8_t *p;		/* to be freed */
	uint64_t len, cap;
	uint64_t unpacked;	/* what it unpacks to */
};

#define BLOCK_NONE	((struct block){ NULL, 0, 0, 0 })

static void reserve(struct block *b, uint64_t cap)
{
	b->p = realloc(b->p, cap);
	if (!b->p)
		exit(99);
	b->cap = cap;
}

static void put(struct block *b, uint8_t byte)
{
	if (b->len == b->cap)
		reserve(b, 2 * b->cap + 256);
	b->p[b->len++] = byte;
}

static void put_more(struct block *b, uint64_t len)
{
	if (len < 15)
		return;
	for (len -= 15; len >= 255; len -= 255)
		put(b, 255);
	put(b, (uint8_t)len);
}

/* A sequence; with @match 0 the last one, which has none. */
static void put_sequence(struct block *b, struct dice *d, uint64_t literals, uint32_t kind,
			 uint64_t offset, uint64_t match)
{
	uint64_t low = match ? match - 4 : roll(d, 16);

	put(b, (uint8_t)((literals < 15 ? literals : 15) << 4 | (low < 15 ? low : 15)));
	put_more(b, literals);
	for (uint64_t i = 0; i < literals; i++)
		put(b, (uint8_t)(kind == 0 ? 0 : kind == 1 ? 'a' + roll(d, 4) : roll(d, 256)));
	b->unpacked += literals + match;
	if (!match)
		return;
	put(b, (uint8_t)offset);
	put(b, (uint8_t)(offset >> 8));
	put_more(b, match - 4);
}

/* Short as a rule, sometimes around the lengths that need one byte more. */
static uint64_t roll_len(struct dice *d)
{
	static const uint16_t borders[] = { 14, 15, 16, 17, 18, 19, 269, 270, 271, 274, 525, 780 };

	if (roll(d, 6) == 0)
		return borders[roll(d, sizeof(borders) / sizeof(borders[0]))];
	return roll(d, 20);
}

static uint64_t roll_offset(struct dice *d, uint64_t unpacked)
{
	uint64_t offset = roll(d, 3) ? 1 + roll(d, 40) : 1 + roll(d, 65535);

	return offset <= unpacked ? offset : 1 + roll(d, (uint32_t)unpacked);
}

/* A whole block of up to @sequences; obeys the end rules now and then. */
static struct block block_random(struct dice *d, uint32_t sequences)
{
	struct block b = BLOCK_NONE;
	uint32_t kind = roll(d, 3);

	for (uint32_t n = roll(d, sequences + 1); n; n--) {
		uint64_t literals = roll_len(d);

		if (b.unpacked + literals == 0)
			literals = 1;
		put_sequence(&b, d, literals, kind, roll_offset(d, b.unpacked + literals),
			     4 + roll_len(d));
	}
	put_sequence(&b, d, roll(d, 20), kind, 0, 0);
	return b;
}

/* ---- asking the decoders ----------------------------------------------- */

static enum lz4_outcome agree(const struct block *b, uint64_t len, uint64_t unpacked,
			      struct dice *d, uint64_t count[LZ4_OUTCOMES])
{
	const char *why = NULL;
	enum lz4_outcome o;

	o = lz4_agree(b->p, len, unpacked, roll(d, 16), roll(d, 16), &why);
	if (o == LZ4_DIFFERS) {
		printf("# %s: %" PRIu64 " bytes for %" PRIu64 ":", why, len, unpacked);
		for (uint64_t i = 0; i < len && i < 64; i++)
			printf(" %02x", b->p[i]);
		printf("\n");
	}
	CHECK(o != LZ4_DIFFERS);
	count[o]++;
	return o;
}

static int accepted(enum lz4_outcome o)
{
	return o == LZ4_ACCEPTED || o == LZ4_ACCEPTED_ALONE;
}

/* A test in which something never happened tests less than it says. */
static void check_counts(const uint64_t count[LZ4_OUTCOMES], uint64_t least)
{
	printf("# accepted %" PRIu64 " and %" PRIu64 " that liblz4 refuses; refused %" PRIu64
	       " and %" PRIu64 " that liblz4 takes\n", count[LZ4_ACCEPTED],
	       count[LZ4_ACCEPTED_ALONE], count[LZ4_REFUSED], count[LZ4_REFUSED_ALONE]);
	for (int o = LZ4_ACCEPTED; o < LZ4_OUTCOMES; o++)
		CHECK(count[o] >= least);
	CHECK_EQ_U64(count[LZ4_DIFFERS], 0);
}

/* ---- by hand ----------------------------------------------------------- */

static const struct {
	const char *name;
	const char *block;
	uint64_t len, unpacked;
	const char *why;		/* NULL: fine */
	enum lz4_outcome outcome;
} rows[] = {
#define ROW(name, block, unpacked, why, outcome) \
	{ name, block, sizeof(block) - 1, unpacked, why, outcome }
	ROW("nothing", "\x00", 0, NULL, LZ4_ACCEPTED),
	ROW("nothing, low nibble", "\x07", 0, NULL, LZ4_ACCEPTED_ALONE),
	ROW("one literal", "\x10" "a", 1, NULL, LZ4_ACCEPTED),
	ROW("one literal, low nibble", "\x1f" "a", 1, NULL, LZ4_ACCEPTED),
	ROW("both end rules", "\x10" "a\1\0\x80" "bcdefghi", 13, NULL, LZ4_ACCEPTED),
	ROW("match 11 before the end", "\x10" "a\1\0\x70" "bcdefgh", 12, NULL, LZ4_ACCEPTED_ALONE),
	ROW("4 last literals", "\x14" "a\1\0\x40" "bcde", 13, NULL, LZ4_ACCEPTED_ALONE),
	ROW("4 last literals, far from the start", "\xea" "abcdefghijklmn\x0e\0\x40" "opqr",
	    32, NULL, LZ4_ACCEPTED),
	ROW("no last literals", "\x10" "a\1\0\0", 5, NULL, LZ4_ACCEPTED_ALONE),
	ROW("48 literals", "\xf0\x21" "012345678901234567890123456789012345678901234567", 48,
	    NULL, LZ4_ACCEPTED),
	ROW("15 literals", "\xf0\0" "012345678901234", 15, NULL, LZ4_ACCEPTED),

	ROW("no token", "", 0, "ends inside a sequence", LZ4_REFUSED),
	ROW("no token, one byte wanted", "", 1, "ends inside a sequence", LZ4_REFUSED),
	ROW("no literal length", "\xf0", 20, "ends inside a sequence", LZ4_REFUSED),
	ROW("no second literal length", "\xf0\xff", 300, "ends inside a sequence", LZ4_REFUSED),
	ROW("a literal missing", "\x20" "a", 2, "ends inside a sequence", LZ4_REFUSED),
	ROW("half an offset", "\x10" "a\1", 5, "ends inside a sequence", LZ4_REFUSED),
	ROW("no match length", "\x1f" "a\1\0", 20, "ends inside a sequence", LZ4_REFUSED),
	ROW("no second match length", "\x1f" "a\1\0\xff", 300, "ends inside a sequence",
	    LZ4_REFUSED),
	ROW("ends with a match", "\x10" "a\1\0", 5, "ends inside a sequence", LZ4_REFUSED),
	ROW("a literal too many", "\x20" "ab", 1, "unpacks to more than its length", LZ4_REFUSED),
	ROW("a long literal run too many", "\xf0\1" "0123456789012345", 15,
	    "unpacks to more than its length", LZ4_REFUSED),
	ROW("a match too long", "\x10" "a\1\0\0", 4, "unpacks to more than its length",
	    LZ4_REFUSED),
	ROW("a long match too long", "\x1f" "a\1\0\0\0", 19, "unpacks to more than its length",
	    LZ4_REFUSED),
	ROW("a literal too few", "\x10" "a", 2, "unpacks to less than its length", LZ4_REFUSED),
	ROW("a match too short", "\x10" "a\1\0\0", 6, "unpacks to less than its length",
	    LZ4_REFUSED),
	ROW("offset 0", "\x10" "a\0\0\x80" "bcdefghi", 13, "has a match with offset 0",
	    LZ4_REFUSED_ALONE),
	ROW("offset before the start", "\x10" "a\2\0\x80" "bcdefghi", 13,
	    "copies from before its start", LZ4_REFUSED),
	ROW("match first", "\x00\1\0\x80" "bcdefghi", 12, "copies from before its start",
	    LZ4_REFUSED),
#undef ROW
};

static void test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint8_t *block = (const uint8_t *)rows[i].block;
		struct lz4_buf out = lz4_buf(rows[i].unpacked, 0);
		const char *why;

		printf("# %s\n", rows[i].name);
		CHECK_STR(purg_lz4_decode(block, rows[i].len, out.p, rows[i].unpacked),
			  rows[i].why);
		for (unsigned int shift = 0; shift < 256; shift++)
			CHECK(lz4_agree(block, rows[i].len, rows[i].unpacked, shift & 15,
					shift >> 4, &why) == rows[i].outcome);
		free(out.raw);
	}
}

/*
 * Every offset up to 40 and every short match, ending at every distance from
 * the end that a wide copy could overrun.
 */
static void test_offsets(void)
{
	uint64_t count[LZ4_OUTCOMES] = { 0 };
	struct dice d = { 1 };

	for (uint64_t offset = 1; offset <= 40; offset++)
		for (uint64_t match = 4; match <= 44; match++)
			for (uint64_t last = 0; last <= 20; last++) {
				struct block b = BLOCK_NONE;

				put_sequence(&b, &d, 40, 2, offset, match);
				put_sequence(&b, &d, last, 2, 0, 0);
				CHECK(accepted(agree(&b, b.len, b.unpacked, &d, count)));
				free(b.p);
			}
	CHECK_EQ_U64(count[LZ4_ACCEPTED] + count[LZ4_ACCEPTED_ALONE], 40 * 41 * 21);
}

/* Lengths around every new byte, of literals and of matches with any offset. */
static void test_lengths(void)
{
	uint64_t count[LZ4_OUTCOMES] = { 0 };
	struct dice d = { 2 };

	for (uint64_t border = 15; border < 2000; border += 255)
		for (uint64_t len = border - 3; len <= border + 6; len++)
			for (uint64_t offset = 1; offset <= 70; offset += 1 + offset / 9) {
				struct block b = BLOCK_NONE;

				put_sequence(&b, &d, 70, 2, offset, len);
				put_sequence(&b, &d, len, 1, offset, len + 4);
				put_sequence(&b, &d, len % 19, 2, 0, 0);
				CHECK(accepted(agree(&b, b.len, b.unpacked, &d, count)));
				CHECK(!accepted(agree(&b, b.len, b.unpacked - 1, &d, count)));
				CHECK(!accepted(agree(&b, b.len, b.unpacked + 1, &d, count)));
				free(b.p);
			}
}

/* The farthest match there is, and one byte less of what it may refer to. */
static void test_far(void)
{
	uint64_t count[LZ4_OUTCOMES] = { 0 };
	struct dice d = { 3 };

	for (uint64_t behind = 65530; behind <= 65540; behind++)
		for (uint64_t match = 4; match < 300; match += 29) {
			struct block b = BLOCK_NONE;
			int fine = behind >= 65535;

			put_sequence(&b, &d, behind, 2, 65535, match);
			put_sequence(&b, &d, 12, 2, 0, 0);
			CHECK(accepted(agree(&b, b.len, b.unpacked, &d, count)) == fine);
			free(b.p);
		}
}

/* ---- lengths beyond 32 bits --------------------------------------------- */

/*
 * A token, its literals if it is that of a match, and 0xff until the sum of the
 * length, taken modulo 2^32, is small: whoever adds in 32 bits finds a block
 * that fits.
 */
static void test_long_sum(void)
{
	static const char *const heads[] = { "\xf0", "\x1f" "a\1\0" };
	const uint64_t count = (1ull << 32) / 255 + 1;
	const uint64_t wrapped = 15 + 255 * count - (1ull << 32);
	uint64_t len = count + 600;
	uint8_t *block = malloc(len);

	if (!CHECK(block))
		return;
	for (size_t i = 0; i < 2; i++) {
		uint64_t head_len = strlen(heads[i]) + i;	/* the NUL of the offset */

		for (uint64_t want = wrapped - 20; want <= wrapped + 20; want++) {
			struct lz4_buf out = lz4_buf(want, 0);

			memset(block, 0xff, len);
			memcpy(block, heads[i], head_len);
			block[head_len + count] = 0;
			CHECK_STR(purg_lz4_decode(block, len, out.p, want),
				  "unpacks to more than its length");
			CHECK_STR(purg_lz4_decode_strict(block, len, out.p, want),
				  "unpacks to more than its length");
			free(out.raw);
		}
	}
	free(block);
}

/* 2^32 bytes of 0xff: one piece of memory, mapped as often as it takes. */
#define PIECE_LEN	(64ull << 20)

static uint8_t *map_ff(uint64_t len)
{
	int fd = memfd_create("lz4-test", MFD_CLOEXEC);
	uint8_t *piece, *all;

	if (fd < 0 || ftruncate(fd, PIECE_LEN) < 0)
		return NULL;
	piece = mmap(NULL, PIECE_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	all = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (piece == MAP_FAILED || all == MAP_FAILED)
		return NULL;
	memset(piece, 0xff, PIECE_LEN);
	munmap(piece, PIECE_LEN);
	for (uint64_t at = 0; at < len; at += PIECE_LEN)
		if (mmap(all + at, PIECE_LEN, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) ==
		    MAP_FAILED)
			return NULL;
	close(fd);
	return all;
}

static void test_4_gib(void)
{
	const uint64_t len = (1ull << 32) + PIECE_LEN;
	uint8_t *block = map_ff(len);
	struct lz4_buf out = lz4_buf(4096, 0);

	if (!block)
		TEST_SKIP("cannot map 4 GiB");
	CHECK_STR(purg_lz4_decode(block, len, out.p, 4096), "unpacks to more than its length");
	CHECK_STR(purg_lz4_decode_strict(block, len, out.p, 4096),
		  "unpacks to more than its length");
	munmap(block, len);
	free(out.raw);
}

/* ---- many --------------------------------------------------------------- */

/* What there is to pack: zeros, runs, words like a kernel's, text, noise. */
static void fill(uint8_t *p, uint64_t len, uint32_t kind, struct dice *d)
{
	static const char *const words[] = { "kexec ", "purgatory ", "the ", "of ", "\n" };
	uint64_t at = 0;

	while (at < len) {
		uint8_t piece[64];
		uint64_t n = 1 + roll(d, sizeof(piece));

		for (uint64_t i = 0; i < n; i++)
			piece[i] = (uint8_t)(kind == 0 ? 0 : kind == 1 ? n :
					     kind == 2 && i % 4 ? 0x91 + i % 4 : roll(d, 256));
		if (kind == 3) {
			const char *word = words[roll(d, 5)];

			n = strlen(word);
			memcpy(piece, word, n);
		}
		if (n > len - at)
			n = len - at;
		memcpy(p + at, piece, n);
		at += n;
	}
}

static void pack(struct block *b, const uint8_t *data, uint64_t len, struct dice *d)
{
	int effort = (int)roll(d, 20);
	int n;

	if (effort < 12)
		n = LZ4_compress_HC((const char *)data, (char *)b->p, (int)len, (int)b->cap,
				    1 + effort);
	else
		n = LZ4_compress_fast((const char *)data, (char *)b->p, (int)len, (int)b->cap,
				      1 << (effort - 12));
	CHECK(n > 0);
	b->len = (uint64_t)n;
}

static void test_packed(void)
{
	uint64_t count[LZ4_OUTCOMES] = { 0 };
	struct dice d = { 4 };

	for (uint32_t i = 0; i < 1500; i++) {
		uint64_t len = roll(&d, i % 50 ? 2000 : 200000);
		struct lz4_buf data = lz4_buf(len, 0), out = lz4_buf(len, i % 16);
		struct block b = BLOCK_NONE;

		fill(data.p, len, i % 5, &d);
		reserve(&b, (uint64_t)LZ4_compressBound((int)len));
		pack(&b, data.p, len, &d);
		CHECK(agree(&b, b.len, len, &d, count) == LZ4_ACCEPTED);
		CHECK_STR(purg_lz4_decode(b.p, b.len, out.p, len), NULL);
		CHECK_MEM(out.p, data.p, len);
		agree(&b, b.len, len + 1, &d, count);
		if (len)
			agree(&b, b.len, len - 1, &d, count);
		agree(&b, roll(&d, (uint32_t)b.len), len, &d, count);
		free(data.raw);
		free(out.raw);
		free(b.p);
	}
	CHECK_EQ_U64(count[LZ4_ACCEPTED], 1500);
}

static void test_random(void)
{
	uint64_t count[LZ4_OUTCOMES] = { 0 };
	struct dice d = { 5 };

	for (uint32_t i = 0; i < 10000; i++) {
		struct block b = block_random(&d, i % 100 ? 8 : 400);

		CHECK(accepted(agree(&b, b.len, b.unpacked, &d, count)));
		agree(&b, b.len, b.unpacked + 1, &d, count);
		if (b.unpacked)
			agree(&b, b.len, b.unpacked - 1, &d, count);
		agree(&b, roll(&d, (uint32_t)b.len), b.unpacked, &d, count);
		for (int flips = 0; flips < 3; flips++) {
			b.p[roll(&d, (uint32_t)b.len)] ^= (uint8_t)(1u << roll(&d, 8));
			agree(&b, b.len, b.unpacked, &d, count);
		}
		free(b.p);
	}
	check_counts(count, 25);
}

/* Bytes that nobody packed. */
static void test_noise(void)
{
	uint64_t count[LZ4_OUTCOMES] = { 0 };
	struct dice d = { 6 };

	for (uint32_t i = 0; i < 10000; i++) {
		struct block b = BLOCK_NONE;

		for (uint32_t n = roll(&d, 60); n; n--)
			put(&b, (uint8_t)(i & 1 ? roll(&d, 256) : roll(&d, 3) << roll(&d, 8)));
		agree(&b, b.len, roll(&d, 100), &d, count);
		free(b.p);
	}
	CHECK(count[LZ4_REFUSED] > 5000);
}

static void test_truncated(void)
{
	uint64_t count[LZ4_OUTCOMES] = { 0 };
	struct dice d = { 7 };

	for (uint32_t i = 0; i < 200; i++) {
		struct block b = block_random(&d, 12);

		for (uint64_t len = 0; len < b.len; len++)
			CHECK(!accepted(agree(&b, len, b.unpacked, &d, count)));
		free(b.p);
	}
	CHECK(count[LZ4_REFUSED] > 10000);
}

static void test_flipped(void)
{
	uint64_t count[LZ4_OUTCOMES] = { 0 };
	struct dice d = { 8 };

	for (uint32_t i = 0; i < 60; i++) {
		struct block b = block_random(&d, 6);

		for (uint64_t bit = 0; bit < 8 * b.len && bit < 2000; bit++) {
			b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
			agree(&b, b.len, b.unpacked, &d, count);
			b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		free(b.p);
	}
	check_counts(count, 10);
}

TEST_MAIN({ "blocks by hand", test_rows },
	  { "every offset up to 40, near the end", test_offsets },
	  { "long lengths", test_lengths },
	  { "offset 65535", test_far },
	  { "a length that wraps 32 bits", test_long_sum },
	  { "a block of 4 GiB", test_4_gib },
	  { "packed by liblz4", test_packed },
	  { "10000 random blocks", test_random },
	  { "10000 blocks of noise", test_noise },
	  { "cut off at every point", test_truncated },
	  { "every bit flipped", test_flipped })
