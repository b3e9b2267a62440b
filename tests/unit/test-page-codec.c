// SPDX-License-Identifier: GPL-2.0-only
/* Pages of kdump-compressed files: container/page-codec.c. */
#include <errno.h>
#include <string.h>

#include "kx/page-codec.h"
#include "test.h"

#define PAGE	4096u

/* Text, so to speak: every codec shrinks it. */
static void fill(uint8_t page[PAGE])
{
	for (size_t i = 0; i < PAGE; i++)
		page[i] = (uint8_t)"the quick brown fox jumps over it "[(i * i / 97) % 34];
}

static void noise(uint8_t page[PAGE])
{
	uint64_t x = 0x9e3779b97f4a7c15;

	for (size_t i = 0; i < PAGE; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		page[i] = (uint8_t)(x >> 32);
	}
}

static void test_both_ways(struct kx_page_coder *c, enum kx_page_codec codec)
{
	uint8_t in[PAGE], packed[PAGE], out[PAGE + 1];
	struct kx_err err = { 0 };
	size_t n;

	fill(in);
	n = kx_page_pack(c, codec, in, PAGE, packed);
	CHECK(n > 0 && n < PAGE);
	out[PAGE] = 0x5a;
	CHECK(kx_page_unpack(c, codec, packed, n, out, PAGE, &err) == 0);
	CHECK(!memcmp(in, out, PAGE) && out[PAGE] == 0x5a);
	/* cut off, and of another length than was said */
	CHECK(kx_page_unpack(c, codec, packed, n / 2, out, PAGE, &err) == -EBADMSG);
	err.code = 0;
	CHECK(kx_page_unpack(c, codec, packed, n, out, PAGE - 1, &err) == -EBADMSG);
	err.code = 0;
	CHECK(kx_page_unpack(c, codec, packed, 0, out, PAGE, &err) == -EBADMSG);
	noise(in);
	CHECK_EQ_U64(kx_page_pack(c, codec, in, PAGE, packed), 0);
}

static void test_raw(struct kx_page_coder *c)
{
	uint8_t in[PAGE], out[PAGE];
	struct kx_err err = { 0 };

	noise(in);
	CHECK_EQ_U64(kx_page_pack(c, KX_PAGE_RAW, in, PAGE, out), 0);
	CHECK(kx_page_unpack(c, KX_PAGE_RAW, in, PAGE, out, PAGE, &err) == 0);
	CHECK(!memcmp(in, out, PAGE));
	CHECK(kx_page_unpack(c, KX_PAGE_RAW, in, PAGE - 1, out, PAGE, &err) == -EBADMSG);
}

static void test_absent(struct kx_page_coder *c, enum kx_page_codec codec)
{
	uint8_t page[PAGE] = { 0 }, out[PAGE];
	struct kx_err err = { 0 };

	CHECK_EQ_U64(kx_page_pack(c, codec, page, PAGE, out), 0);
	CHECK(kx_page_unpack(c, codec, page, 8, out, PAGE, &err) == -EOPNOTSUPP);
}

static void test_all(void)
{
	struct kx_page_coder *c;
	struct kx_err err = { 0 };

	CHECK(kx_page_codec_here(KX_PAGE_RAW) && kx_page_codec_here(KX_PAGE_ZLIB) &&
	      kx_page_codec_here(KX_PAGE_ZSTD));
	if (!CHECK(kx_page_coder_new(&c, &err) == 0))
		return;
	test_raw(c);
	for (enum kx_page_codec i = KX_PAGE_RAW + 1; i < KX_PAGE_CODECS; i++) {
		printf("# %s\n", kx_page_codec_name(i));
		(kx_page_codec_here(i) ? test_both_ways : test_absent)(c, i);
	}
	kx_page_coder_free(c);
	kx_page_coder_free(NULL);
}

TEST_MAIN({ "pages, packed and unpacked", test_all })
