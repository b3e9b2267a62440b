// SPDX-License-Identifier: GPL-2.0-only
/* The bytes of dumps that are written: lib/kdump-write.c. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "kx/bytes.h"
#include "kx/kdump-write.h"
#include "test.h"

static struct kx_kdump_layout layout(uint32_t page, uint64_t pages, uint64_t notes, uint64_t descs)
{
	struct kx_kdump_layout l = { 0 };
	struct kx_err err = { 0 };

	CHECK(kx_kdump_layout_make(&l, page, pages, notes, descs, &err) == 0);
	return l;
}

static void test_layout(void)
{
	struct kx_kdump_layout l = layout(4096, 32769, 4000, 10);

	/* 104 + 4000 bytes are two blocks; 32769 bits are two */
	CHECK_EQ_U64(l.notes_off, 4096 + 104);
	CHECK_EQ_U64(l.map_off[0], 3 * 4096);
	CHECK_EQ_U64(l.map_len, 2 * 4096);
	CHECK_EQ_U64(l.map_off[1], 5 * 4096);
	CHECK_EQ_U64(l.desc_off, 7 * 4096);
	CHECK_EQ_U64(l.data_off, 7 * 4096 + 240);
	l = layout(65536, 1, 0, 1);
	CHECK_EQ_U64(l.map_off[0], 2 * 65536);
	CHECK_EQ_U64(l.desc_off, 4 * 65536);
	/* exactly one block of bits */
	l = layout(4096, 32768, 3992, 0);
	CHECK_EQ_U64(l.map_off[0], 2 * 4096);
	CHECK_EQ_U64(l.map_len, 4096);
}

static void test_layout_bad(void)
{
	struct kx_kdump_layout l = { .page_size = 7 };
	struct kx_err err = { 0 };

	CHECK(kx_kdump_layout_make(&l, 5000, 1, 0, 0, &err) == -EINVAL);
	CHECK(kx_kdump_layout_make(&l, 512, 1, 0, 0, &err) == -EINVAL);
	CHECK(kx_kdump_layout_make(&l, 0, 1, 0, 0, &err) == -EINVAL);
	CHECK(kx_kdump_layout_make(&l, 4096, UINT64_MAX, 0, 0, &err) == -EFBIG);
	CHECK(kx_kdump_layout_make(&l, 4096, 1, 1ULL << 32, 0, &err) == -EFBIG);
	CHECK_EQ_U64(l.page_size, 7);
}

static uint64_t u64_at(const uint8_t *p, size_t len, uint64_t off)
{
	uint64_t v = 0;

	CHECK(kx_bytes_le64((struct kx_bytes){ p, len }, off, &v));
	return v;
}

static uint32_t u32_at(const uint8_t *p, size_t len, uint64_t off)
{
	uint32_t v = 0;

	CHECK(kx_bytes_le32((struct kx_bytes){ p, len }, off, &v));
	return v;
}

static struct kx_kdump_head head(void)
{
	static const uint8_t uts[KX_KDUMP_UTSNAME_LEN] = "Linux";

	return (struct kx_kdump_head){
		.utsname = uts, .time = 1700000000, .status = 0x28, .cpus = 4,
		.phys_base = (uint64_t)-4096, .level = 31, .vmcoreinfo_off = 24,
		.vmcoreinfo_len = 100,
	};
}

static void test_head(void)
{
	struct kx_kdump_layout l = layout(4096, 1ULL << 33, 1000, 5);
	struct kx_kdump_head h = head();
	uint8_t b[4096];

	memset(b, 0xff, sizeof(b));
	kx_kdump_head_build(b, &l, &h);
	CHECK(!memcmp(b, "KDUMP   ", 8));
	CHECK_EQ_U64(u32_at(b, sizeof(b), 8), 6);
	CHECK(!memcmp(b + 12, "Linux", 6));
	CHECK_EQ_U64(u64_at(b, sizeof(b), 408), 1700000000);
	CHECK_EQ_U64(u32_at(b, sizeof(b), 424), 0x28);
	CHECK_EQ_U64(u32_at(b, sizeof(b), 428), 4096);
	CHECK_EQ_U64(u32_at(b, sizeof(b), 432), 1);
	CHECK_EQ_U64(u32_at(b, sizeof(b), 436), 2 * ((1ULL << 33) / 8 / 4096));
	/* more than 32 bits: the sub-header has it */
	CHECK_EQ_U64(u32_at(b, sizeof(b), 440), UINT32_MAX);
	CHECK_EQ_U64(u32_at(b, sizeof(b), 460), 4);
	CHECK_EQ_U64(u64_at(b, sizeof(b), 4088), 0);
}

static void test_sub(void)
{
	struct kx_kdump_layout l = layout(4096, 1ULL << 33, 1000, 5);
	struct kx_kdump_head h = head();
	uint8_t b[KX_KDUMP_SUB_LEN];

	kx_kdump_sub_build(b, &l, &h);
	CHECK_EQ_U64(u64_at(b, sizeof(b), 0), (uint64_t)-4096);
	CHECK_EQ_U64(u32_at(b, sizeof(b), 8), 31);
	CHECK_EQ_U64(u32_at(b, sizeof(b), 12), 0);
	CHECK_EQ_U64(u64_at(b, sizeof(b), 32), 4096 + 104 + 24);
	CHECK_EQ_U64(u64_at(b, sizeof(b), 40), 100);
	CHECK_EQ_U64(u64_at(b, sizeof(b), 48), 4096 + 104);
	CHECK_EQ_U64(u64_at(b, sizeof(b), 56), 1000);
	CHECK_EQ_U64(u64_at(b, sizeof(b), 88), 0);
	CHECK_EQ_U64(u64_at(b, sizeof(b), 96), 1ULL << 33);
	h.split = true;
	h.start_pfn = 256;
	h.end_pfn = 1ULL << 33;
	kx_kdump_sub_build(b, &l, &h);
	CHECK_EQ_U64(u32_at(b, sizeof(b), 12), 1);
	CHECK_EQ_U64(u64_at(b, sizeof(b), 16), 256);
	CHECK_EQ_U64(u64_at(b, sizeof(b), 80), 256);
	CHECK_EQ_U64(u64_at(b, sizeof(b), 88), 1ULL << 33);
}

static void test_desc(void)
{
	uint8_t b[KX_KDUMP_DESC_LEN];

	memset(b, 0xff, sizeof(b));
	kx_kdump_desc_build(b, 0x123456789a, 77, KX_KDUMP_STATUS_ZSTD);
	CHECK_EQ_U64(u64_at(b, sizeof(b), 0), 0x123456789a);
	CHECK_EQ_U64(u32_at(b, sizeof(b), 8), 77);
	CHECK_EQ_U64(u32_at(b, sizeof(b), 12), 0x20);
	CHECK_EQ_U64(u64_at(b, sizeof(b), 16), 0);
}

static void test_flat(void)
{
	static const uint8_t one[8] = { 0, 0, 0, 0, 0, 0, 0, 1 };
	static const uint8_t record[16] = {
		1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 16, 1,
	};
	uint8_t b[KX_FLAT_HEAD_LEN], r[KX_FLAT_RECORD_LEN];

	kx_flat_head_build(b);
	CHECK(!memcmp(b, "makedumpfile\0\0\0\0", 16));
	CHECK(!memcmp(b + 16, one, 8) && !memcmp(b + 24, one, 8) && !b[4095]);
	kx_flat_record_build(r, 0x0102030405060708, 0x1001);
	CHECK(!memcmp(r, record, sizeof(record)));
	kx_flat_end_build(r);
	for (size_t i = 0; i < sizeof(r); i++)
		CHECK(r[i] == 0xff);
}

TEST_MAIN({ "where things are", test_layout }, { "what cannot be", test_layout_bad },
	  { "header", test_head }, { "sub-header", test_sub }, { "descriptor", test_desc },
	  { "flattened", test_flat })
