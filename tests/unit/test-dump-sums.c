// SPDX-License-Identifier: GPL-2.0-only
/* kexec/container/dump-sums.c: in which order it is written does not matter, and every bit does. */
#include <errno.h>
#include <zlib.h>

#include "core-forge.h"
#include "kx/dump-sums.h"
#include "test.h"

#define LEN	(2 * (size_t)KX_SUMS_EXTENT + 12345)

/* A file of LEN bytes, a hole in it, and room for what is behind it. */
static struct forge file_make(void)
{
	struct forge f = FORGE_NONE;
	uint32_t v = 12345;

	forge_room(&f, LEN);
	for (size_t i = 0; i < LEN; i++) {
		v = v * 1664525 + 1013904223;
		f.p[i] = i >= 5000 && i < 9000 ? 0 : (uint8_t)(v >> 24);
	}
	return f;
}

static void finish(struct forge *f, struct kx_sums *s)
{
	uint64_t covered = f->len, n = kx_sums_len(covered);

	forge_room(f, n);
	kx_sums_build(s, covered, f->p + covered);
	kx_sums_deinit(s);
}

static int check_all(struct forge *f, struct kx_err *err)
{
	static uint8_t buf[KX_SUMS_EXTENT];
	struct kx_bytes b = forge_bytes(f);
	struct kx_core_file file = core_file(&b);
	struct kx_sums_table t;
	int r = kx_sums_find(&file, &t, err);

	for (uint64_t i = 0; r == 0 && i < t.extents; i++)
		r = kx_sums_check(&file, &t, i, buf, err);
	return r;
}

static void test_order(void)
{
	struct forge f = file_make();
	struct kx_err err = { 0 };
	struct kx_sums s;

	kx_sums_init(&s);
	/* From the middle to the end, then the beginning in two pieces, without the hole. */
	CHECK(kx_sums_add(&s, 1 << 20, f.p + (1 << 20), LEN - (1 << 20), NULL) == 0);
	CHECK(kx_sums_add(&s, 9000, f.p + 9000, (1 << 20) - 9000, NULL) == 0);
	CHECK(kx_sums_add(&s, 0, f.p, 5000, NULL) == 0);
	finish(&f, &s);
	CHECK(check_all(&f, &err) == 0);
	CHECK_STR(err.text, "");
	CHECK_EQ_U64(f.len, LEN + 3 * 4 + KX_SUMS_TRAILER_LEN);
	/* Any CRC-32 will do to check them. */
	for (size_t i = 0; i < 3; i++) {
		size_t len = i < 2 ? KX_SUMS_EXTENT : LEN - 2 * KX_SUMS_EXTENT;
		uint32_t v = 0;

		CHECK(kx_bytes_le32(forge_bytes(&f), LEN + 4 * i, &v));
		CHECK_EQ_U64(v, crc32_z(0, f.p + i * KX_SUMS_EXTENT, len));
	}
	forge_free(&f);
}

/* The header is written a second time, with another flag in it. */
static void test_change(void)
{
	struct forge f = file_make();
	struct kx_sums s;

	kx_sums_init(&s);
	CHECK(kx_sums_add(&s, 0, f.p, LEN, NULL) == 0);
	CHECK(kx_sums_add(&s, 424, f.p + 424, 4, NULL) == 0);
	f.p[424] ^= 8;
	CHECK(kx_sums_add(&s, 424, f.p + 424, 4, NULL) == 0);
	finish(&f, &s);
	CHECK(check_all(&f, NULL) == 0);
	forge_free(&f);
}

/* Bytes at the end that nobody added are zeros; so is a file of which nothing was. */
static void test_zeros(void)
{
	static const uint64_t lens[] = { 0, 1, KX_SUMS_EXTENT, 70 * (uint64_t)KX_SUMS_EXTENT + 1 };

	for (size_t i = 0; i < 4; i++) {
		struct forge f = FORGE_NONE;
		struct kx_sums s;

		kx_sums_init(&s);
		if (lens[i])
			forge_room(&f, lens[i]);
		if (i == 3)
			CHECK(kx_sums_add(&s, 0, f.p, 1, NULL) == 0);
		finish(&f, &s);
		CHECK(check_all(&f, NULL) == 0);
		forge_free(&f);
	}
}

static void test_damage(void)
{
	static const struct {
		uint64_t at;		/* of the byte that is not as it was */
		int code;
		const char *why;	/* how the sentence begins */
	} rows[] = {
		{ 0, EBADMSG, "offset 0x0: 0x100000 bytes: expected CRC-32 0x" },
		{ (1 << 20) + 7, EBADMSG, "offset 0x100000: 0x100000 bytes: expected CRC-32 0x" },
		{ LEN - 1, EBADMSG, "offset 0x200000: 0x3039 bytes: expected CRC-32 0x" },
		{ LEN, EBADMSG, "checksums: table at offset 0x203039: expected CRC-32 0x" },
		{ LEN + 12, ENOENT, "checksums: expected a trailer, have none" },
		{ LEN + 20, EBADMSG, "checksums: trailer at offset 0x203045: expected CRC-32 0x" },
		{ LEN + 35, EBADMSG, "checksums: trailer at offset 0x203045: expected CRC-32 0x" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct forge f = file_make();
		struct kx_err err = { 0 };
		struct kx_sums s;

		kx_sums_init(&s);
		CHECK(kx_sums_add(&s, 0, f.p, LEN, NULL) == 0);
		finish(&f, &s);
		f.p[rows[i].at] ^= 0x40;
		CHECK(check_all(&f, &err) == -rows[i].code);
		CHECK(!strncmp(err.text, rows[i].why, strlen(rows[i].why)));
		forge_free(&f);
	}
}

/* A trailer whose own checksum is right, and that cannot be. */
static void test_forged(void)
{
	static const uint64_t covered[] = { LEN + 1, LEN - 1, 0, UINT64_MAX, 1ULL << 62 };

	for (size_t i = 0; i < sizeof(covered) / sizeof(covered[0]); i++) {
		struct forge f = file_make();
		struct kx_err err = { 0 };
		struct kx_sums s;
		uint8_t *p;

		kx_sums_init(&s);
		finish(&f, &s);
		p = f.p + f.len - KX_SUMS_TRAILER_LEN;
		kx_put_le64(p + 8, covered[i]);
		kx_put_le32(p + 20, (uint32_t)crc32_z(0, p, 20));
		CHECK(check_all(&f, &err) == -EBADMSG);
		CHECK(strstr(err.text, "expected it behind"));
		forge_free(&f);
	}
}

static void test_limits(void)
{
	struct kx_bytes b = { (const uint8_t *)"x", 1 };
	struct kx_core_file file = core_file(&b);
	struct kx_sums_table t;
	struct kx_sums s;

	kx_sums_init(&s);
	CHECK(kx_sums_add(&s, UINT64_MAX, b.data, 1, NULL) == -EFBIG);
	CHECK(kx_sums_add(&s, 1ULL << 52, b.data, 1, NULL) == -EFBIG);
	kx_sums_deinit(&s);
	CHECK(kx_sums_find(&file, &t, NULL) == -ENOENT);
}

TEST_MAIN(
	{ "pieces in any order, and a hole", test_order },
	{ "bytes that change", test_change },
	{ "bytes that nobody added", test_zeros },
	{ "every byte counts", test_damage },
	{ "trailers that cannot be", test_forged },
	{ "limits", test_limits },
)
