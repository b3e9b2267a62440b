/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzz target of purgatory's LZ4 decoder: both builds, the format's document
 * and liblz4 have to agree on every block (tests/purgatory/lz4-agree.h).
 *
 * The input is two bytes of a length, a byte of options, and the block.  Where
 * the length is not taken from there, it is what the block says, or one off;
 * otherwise nearly every block would be refused at its end.
 */
#include "../purgatory/lz4-agree.h"
#include "targets.h"

#define HEAD_LEN	3
/* More than the largest offset. */
#define UNPACKED_MAX	((uint64_t)72 << 10)

/* Bits of the third byte: how src and dst are aligned, and whose length. */
#define SRC_SHIFT(b)	((b) & 7u)
#define DST_SHIFT(b)	((b) >> 3 & 7u)
#define LENGTH(b)	((b) >> 6)

enum { LENGTH_GIVEN, LENGTH_RIGHT, LENGTH_MORE, LENGTH_LESS };

static uint64_t unpacked_len(struct kx_bytes block)
{
	struct lz4_buf b = lz4_buf(UNPACKED_MAX, 0);
	struct lz4_plain r = lz4_plain(block.data, block.len, b.p, UNPACKED_MAX);

	free(b.raw);
	return r.len;
}

void fuzz_purgatory_lz4(struct kx_bytes in)
{
	struct kx_bytes block;
	const char *why = NULL;
	uint64_t len;

	if (in.len < HEAD_LEN)
		return;
	block = (struct kx_bytes){ in.data + HEAD_LEN, in.len - HEAD_LEN };
	len = in.data[0] + 256u * in.data[1];
	if (LENGTH(in.data[2]) != LENGTH_GIVEN)
		len = unpacked_len(block);
	if (LENGTH(in.data[2]) == LENGTH_MORE)
		len++;
	if (LENGTH(in.data[2]) == LENGTH_LESS && len)
		len--;
	if (lz4_agree(block.data, block.len, len, SRC_SHIFT(in.data[2]), DST_SHIFT(in.data[2]),
		      &why) == LZ4_DIFFERS) {
		fprintf(stderr, "%s\n", why);
		FUZZ_ASSERT(!"the decoders differ");
	}
}
