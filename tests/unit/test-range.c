/* SPDX-License-Identifier: GPL-2.0-only */
/* kexec/lib/range.c: half-open ranges up to the edges of 64 bits. */
#include "kx/range.h"
#include "test.h"

#define R(start, end)	((struct kx_range){ start, end })

static int same(struct kx_range a, struct kx_range b)
{
	return a.start == b.start && a.end == b.end;
}

static void test_make(void)
{
	struct kx_range r = R(7, 7);

	CHECK(!kx_range_make(1, UINT64_MAX, &r) && same(r, R(7, 7)));
	CHECK(kx_range_make(0, UINT64_MAX, &r) && same(r, R(0, UINT64_MAX)));
	CHECK(kx_range_make(0x1000, 0x2000, &r) && same(r, R(0x1000, 0x3000)));
	CHECK_EQ_U64(kx_range_len(r), 0x2000);
	CHECK(!kx_range_empty(r));
	CHECK(kx_range_make(5, 0, &r) && kx_range_empty(r));
}

static void test_relations(void)
{
	CHECK(kx_range_contains(R(1, 9), R(1, 9)));
	CHECK(kx_range_contains(R(1, 9), R(3, 4)));
	CHECK(!kx_range_contains(R(1, 9), R(0, 4)));
	CHECK(!kx_range_contains(R(1, 9), R(3, 10)));
	CHECK(kx_range_overlaps(R(1, 9), R(8, 10)));
	CHECK(kx_range_overlaps(R(8, 10), R(1, 9)));
	CHECK(kx_range_overlaps(R(1, 9), R(3, 4)));
	CHECK(!kx_range_overlaps(R(1, 9), R(9, 10)));
	CHECK(!kx_range_overlaps(R(9, 10), R(1, 9)));
	CHECK(!kx_range_overlaps(R(1, 9), R(5, 5)));
}

static void test_align(void)
{
	CHECK_EQ_U64(kx_align_up(0, 0x1000), 0);
	CHECK_EQ_U64(kx_align_up(1, 0x1000), 0x1000);
	CHECK_EQ_U64(kx_align_up(0x1000, 0x1000), 0x1000);
	CHECK_EQ_U64(kx_align_up(UINT64_MAX, 0x1000), 0xfffffffffffff000);
	CHECK_EQ_U64(kx_align_up(5, 1), 5);
	CHECK_EQ_U64(kx_align_down(0x1fff, 0x1000), 0x1000);
	CHECK_EQ_U64(kx_align_down(UINT64_MAX, 1), UINT64_MAX);
}

static void test_shrink_and_grow(void)
{
	CHECK(same(kx_range_shrink(R(0x1001, 0x3fff), 0x1000), R(0x2000, 0x3000)));
	CHECK(same(kx_range_shrink(R(0x1000, 0x3000), 0x1000), R(0x1000, 0x3000)));
	CHECK(kx_range_empty(kx_range_shrink(R(0x1001, 0x1fff), 0x1000)));
	CHECK(kx_range_empty(kx_range_shrink(R(UINT64_MAX - 3, UINT64_MAX), 0x1000)));
	CHECK(same(kx_range_grow(R(0x1001, 0x1fff), 0x1000), R(0x1000, 0x2000)));
	CHECK(same(kx_range_grow(R(5, UINT64_MAX - 3), 0x1000), R(0, UINT64_MAX)));
}

TEST_MAIN({ "make", test_make },
	  { "contains and overlaps", test_relations },
	  { "align", test_align },
	  { "shrink and grow", test_shrink_and_grow })
