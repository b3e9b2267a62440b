/* SPDX-License-Identifier: GPL-2.0-only */
/* kexec/lib/bytes.c: fields in both byte orders, and every way to run out. */
#include "kx/bytes.h"
#include "test.h"

static const uint8_t ramp[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

static struct kx_bytes ramp_bytes(void)
{
	return (struct kx_bytes){ ramp, sizeof(ramp) };
}

static void test_fields(void)
{
	struct kx_rd le = kx_rd_make(ramp_bytes(), KX_LE);
	struct kx_rd be = kx_rd_make(ramp_bytes(), KX_BE);

	CHECK_EQ_U64(kx_rd_u8(&le), 0x01);
	CHECK_EQ_U64(kx_rd_u16(&le), 0x0302);
	CHECK_EQ_U64(kx_rd_u32(&le), 0x07060504);
	CHECK_EQ_U64(kx_rd_u64(&le), 0x0f0e0d0c0b0a0908);
	CHECK(!le.bad);
	CHECK_EQ_U64(kx_rd_u8(&be), 0x01);
	CHECK_EQ_U64(kx_rd_u16(&be), 0x0203);
	CHECK_EQ_U64(kx_rd_u32(&be), 0x04050607);
	CHECK_EQ_U64(kx_rd_u64(&be), 0x08090a0b0c0d0e0f);
	CHECK(!be.bad);
	CHECK_EQ_U64(kx_rd_u8(&be), 0);
	CHECK(be.bad);
}

static void test_sticky(void)
{
	struct kx_rd rd = kx_rd_make(ramp_bytes(), KX_LE);

	kx_rd_seek(&rd, 12);
	CHECK_EQ_U64(kx_rd_u32(&rd), 0);
	CHECK(rd.bad);
	kx_rd_seek(&rd, 0);
	CHECK_EQ_U64(kx_rd_u8(&rd), 0);
	CHECK(kx_rd_bytes(&rd, 0).data == NULL);
	CHECK(rd.bad);
}

static void test_seek_and_skip(void)
{
	struct kx_rd rd = kx_rd_make(ramp_bytes(), KX_LE);
	struct kx_bytes view;

	kx_rd_skip(&rd, 10);
	CHECK_EQ_U64(kx_rd_u8(&rd), 11);
	kx_rd_seek(&rd, 3);
	view = kx_rd_bytes(&rd, 4);
	CHECK(view.data == ramp + 3 && view.len == 4);
	kx_rd_seek(&rd, sizeof(ramp));
	CHECK(!rd.bad);
	CHECK_EQ_U64(kx_rd_bytes(&rd, 0).len, 0);
	CHECK(!rd.bad);
	kx_rd_skip(&rd, UINT64_MAX);
	CHECK(rd.bad);

	rd = kx_rd_make(ramp_bytes(), KX_LE);
	kx_rd_seek(&rd, UINT64_MAX);
	CHECK(rd.bad);
}

static void test_sub(void)
{
	struct kx_bytes r = { ramp + 1, 77 };

	CHECK(!kx_bytes_sub(ramp_bytes(), 16, 0, &r));
	CHECK(!kx_bytes_sub(ramp_bytes(), 8, 8, &r));
	CHECK(!kx_bytes_sub(ramp_bytes(), 8, UINT64_MAX, &r));
	CHECK(!kx_bytes_sub(ramp_bytes(), UINT64_MAX, 2, &r));
	CHECK(!kx_bytes_sub(KX_BYTES_NONE, 0, 1, &r));
	CHECK(r.data == ramp + 1 && r.len == 77);
	CHECK(kx_bytes_sub(ramp_bytes(), 8, 7, &r) && r.data == ramp + 8 && r.len == 7);
	CHECK(kx_bytes_sub(ramp_bytes(), 15, 0, &r) && r.len == 0);
	CHECK(kx_bytes_sub(KX_BYTES_NONE, 0, 0, &r) && r.len == 0);
}

static void test_starts(void)
{
	CHECK(kx_bytes_starts(ramp_bytes(), "\1\2\3", 3));
	CHECK(!kx_bytes_starts(ramp_bytes(), "\1\2\4", 3));
	CHECK(!kx_bytes_starts((struct kx_bytes){ ramp, 2 }, "\1\2\3", 3));
	CHECK(kx_bytes_starts(KX_BYTES_NONE, "", 0));
	CHECK(!kx_bytes_starts(KX_BYTES_NONE, "x", 1));
}

static void test_single(void)
{
	struct kx_bytes b = ramp_bytes();
	uint16_t v16 = 7;
	uint32_t v32 = 7;
	uint64_t v64 = 7;

	CHECK(!kx_bytes_le16(b, 14, &v16) && v16 == 7);
	CHECK(!kx_bytes_le32(b, 12, &v32) && v32 == 7);
	CHECK(!kx_bytes_be32(b, UINT64_MAX, &v32) && v32 == 7);
	CHECK(!kx_bytes_le64(b, 8, &v64) && v64 == 7);
	CHECK(kx_bytes_le16(b, 13, &v16) && v16 == 0x0f0e);
	CHECK(kx_bytes_le32(b, 11, &v32) && v32 == 0x0f0e0d0c);
	CHECK(kx_bytes_be32(b, 11, &v32) && v32 == 0x0c0d0e0f);
	CHECK(kx_bytes_le64(b, 7, &v64) && v64 == 0x0f0e0d0c0b0a0908);
}

static void test_put(void)
{
	uint8_t p[15] = { 0 };

	p[0] = 1;
	kx_put_le16(p + 1, 0x0302);
	kx_put_le32(p + 3, 0x07060504);
	kx_put_le64(p + 7, 0x0f0e0d0c0b0a0908);
	CHECK_MEM(p, ramp, sizeof(ramp));
}

TEST_MAIN({ "fields of all widths, both byte orders", test_fields },
	  { "a failed read is sticky", test_sticky },
	  { "seek and skip", test_seek_and_skip },
	  { "views", test_sub },
	  { "magic", test_starts },
	  { "single fields", test_single },
	  { "stores", test_put })
