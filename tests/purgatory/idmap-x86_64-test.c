// SPDX-License-Identifier: GPL-2.0-only
/*
 * purgatory/idmap-x86_64.c: what it builds is walked as a CPU would, written
 * from SDM vol. 3A 4.5 and not from that.
 */
#include "purgatory/idmap-x86_64.h"
#include "../unit/test.h"

#define POOL_PA	0x2006000ULL
#define GIB	(1ULL << 30)
#define MIB	(1ULL << 20)

struct walk {
	uint64_t pa;		/* ~0 = not mapped */
	uint64_t page;		/* size */
	uint64_t entry;
};

static struct walk walk(const struct x86_idmap *m, uint64_t root, uint32_t levels, uint64_t va)
{
	const struct walk none = { ~0ULL, 0, 0 };
	uint64_t table = root;

	for (int shift = 12 + 9 * ((int)levels - 1); ; shift -= 9) {
		uint64_t entry, page = 1ULL << shift, mask = 0x000ffffffffff000ULL;

		if (table < POOL_PA || table >= POOL_PA + 4096ULL * m->used || (table & 0xfff)) {
			CHECK(!"a table outside the pool");
			return none;
		}
		entry = m->pool[(table - POOL_PA) / 8 + ((va >> shift) & 511)];
		if (!(entry & 1))
			return none;
		CHECK(entry & 2);			/* writable */
		CHECK(!(entry >> 52));			/* no NX, no reserved bits */
		if (shift == 12 || (entry & 0x80)) {
			CHECK(shift <= 30);		/* PS is reserved above */
			if (shift > 12)
				CHECK_EQ_U64(entry & mask & (page - 1) & ~0x1000ULL, 0);
			return (struct walk){ (entry & mask & ~(page - 1)) | (va & (page - 1)), page, entry };
		}
		table = entry & mask;
	}
}

static void make(struct x86_idmap *m, uint32_t pages, uint32_t levels, uint32_t has_1g)
{
	*m = (struct x86_idmap){ .pool = aligned_alloc(4096, pages * 4096), .pool_pa = POOL_PA,
			     .pool_pages = pages, .levels = levels, .has_1g = has_1g };
	memset(m->pool, 0xff, pages * 4096);
	x86_idmap_init(m);
}

static struct walk at(struct x86_idmap *m, uint64_t va)
{
	return walk(m, x86_idmap_root(m, m->levels), m->levels, va);
}

static void check_range(struct x86_idmap *m, uint64_t start, uint64_t end)
{
	uint64_t step = (end - start) / 97 + 1;

	for (uint64_t va = start; va < end; va += step)
		CHECK_EQ_U64(at(m, va).pa, va);
	CHECK_EQ_U64(at(m, end - 1).pa, end - 1);
}

static void basic(uint32_t levels, uint32_t has_1g)
{
	struct x86_idmap m;
	uint64_t far = levels == 5 ? 1ULL << 50 : 1ULL << 46;

	make(&m, 16, levels, has_1g);
	CHECK(x86_idmap_add(&m, 0x2000000, 0x2010000, X86_IDMAP_RAM) >= 0x2010000);
	CHECK(x86_idmap_add(&m, 0x40001000, 0x40001001, X86_IDMAP_RAM) >= 0x40001001);
	CHECK(x86_idmap_add(&m, 5 * GIB - 1, 5 * GIB + 1, X86_IDMAP_RAM) >= 5 * GIB + 1);
	CHECK(x86_idmap_add(&m, far, far + 3 * MIB, X86_IDMAP_RAM) >= far + 3 * MIB);
	check_range(&m, 0x2000000, 0x2010000);
	check_range(&m, 5 * GIB - 1, 5 * GIB + 1);
	check_range(&m, far, far + 3 * MIB);
	CHECK_EQ_U64(at(&m, 0x40001000).pa, 0x40001000);
	CHECK_EQ_U64(at(&m, 0x40001000).page, 2 * MIB);
	/* And nothing else. */
	CHECK_EQ_U64(at(&m, 0).pa, ~0ULL);
	CHECK_EQ_U64(at(&m, 0x1ffffff).pa, ~0ULL);
	CHECK_EQ_U64(at(&m, 0x2200000).pa, ~0ULL);
	CHECK_EQ_U64(at(&m, 5 * GIB + 2 * MIB).pa, ~0ULL);
	CHECK_EQ_U64(at(&m, far + 4 * MIB).pa, ~0ULL);
	free(m.pool);
}

static void test_basic(void)
{
	basic(4, 0);
	basic(4, 1);
	basic(5, 0);
	basic(5, 1);
}

static void test_1g(void)
{
	struct x86_idmap m;

	/* Whole GiBs in one page, what sticks out in 2 MiB pages. */
	make(&m, 8, 4, 1);
	CHECK(x86_idmap_add(&m, 4 * GIB - 5, 40 * GIB + 5, X86_IDMAP_RAM) >= 40 * GIB + 5);
	check_range(&m, 4 * GIB - 5, 40 * GIB + 5);
	CHECK_EQ_U64(at(&m, 4 * GIB - 1).page, 2 * MIB);
	CHECK_EQ_U64(at(&m, 4 * GIB).page, GIB);
	CHECK_EQ_U64(at(&m, 40 * GIB - 1).page, GIB);
	CHECK_EQ_U64(at(&m, 40 * GIB).page, 2 * MIB);
	CHECK_EQ_U64(m.used, 4);
	free(m.pool);
}

static void test_device(void)
{
	struct x86_idmap m;

	make(&m, 8, 4, 1);
	CHECK(x86_idmap_add(&m, 0xb8000, 0xb9000, X86_IDMAP_DEVICE) >= 0xb9000);
	CHECK_EQ_U64(at(&m, 0xb8000).pa, 0xb8000);
	CHECK_EQ_U64(at(&m, 0xb8000).page, 4096);
	CHECK_EQ_U64(at(&m, 0xb8000).entry & 0x18, 0x18);	/* PCD, PWT */
	CHECK_EQ_U64(at(&m, 0xb9000).pa, ~0ULL);
	/* Memory around it is cached, the device stays as it is. */
	CHECK(x86_idmap_add(&m, 0, MIB, X86_IDMAP_RAM) >= MIB);
	check_range(&m, 0, MIB);
	CHECK_EQ_U64(at(&m, 0x9000).entry & 0x18, 0);
	CHECK_EQ_U64(at(&m, 0xb8fff).entry & 0x18, 0x18);
	CHECK_EQ_U64(at(&m, MIB).pa, ~0ULL);
	free(m.pool);
}

static void test_exhausted(void)
{
	struct x86_idmap m;
	uint64_t end;

	for (uint32_t pages = 1; pages < 8; pages++) {
		make(&m, pages, 4, 0);
		end = x86_idmap_add(&m, GIB, 9 * GIB, X86_IDMAP_RAM);
		/* Root and PDPT, then a GiB per table; all it says is mapped is. */
		CHECK_EQ_U64(end, pages < 3 ? GIB : GIB + (pages - 2) * GIB);
		if (end > GIB)
			check_range(&m, GIB, end);
		CHECK(m.used <= pages);
		/* What is there is still there, and found again without a table. */
		CHECK_EQ_U64(x86_idmap_add(&m, GIB, end, X86_IDMAP_RAM), end);
		free(m.pool);
	}
}

static void test_limits(void)
{
	struct x86_idmap m;

	make(&m, 8, 4, 1);
	CHECK_EQ_U64(x86_idmap_add(&m, 1ULL << 47, (1ULL << 47) + 1, X86_IDMAP_RAM), 1ULL << 47);
	CHECK_EQ_U64(x86_idmap_add(&m, (1ULL << 47) - 1, (1ULL << 47) + 1, X86_IDMAP_RAM), 1ULL << 47);
	CHECK_EQ_U64(x86_idmap_add(&m, ~0ULL - 1, ~0ULL, X86_IDMAP_RAM), ~0ULL - 1);
	CHECK_EQ_U64(x86_idmap_add(&m, 5, 5, X86_IDMAP_RAM), 5);
	free(m.pool);
	make(&m, 8, 5, 1);
	CHECK(x86_idmap_add(&m, 1ULL << 47, (1ULL << 47) + 1, X86_IDMAP_RAM) > 1ULL << 47);
	CHECK_EQ_U64(x86_idmap_add(&m, 1ULL << 52, (1ULL << 52) + 1, X86_IDMAP_RAM), 1ULL << 52);
	free(m.pool);
}

static void test_4_from_5(void)
{
	struct x86_idmap m;

	make(&m, 8, 5, 0);
	CHECK(x86_idmap_add(&m, 0x2000000, 0x2010000, X86_IDMAP_RAM) >= 0x2010000);
	CHECK(x86_idmap_add(&m, 6 * GIB, 6 * GIB + 9, X86_IDMAP_RAM) >= 6 * GIB + 9);
	CHECK_EQ_U64(walk(&m, x86_idmap_root(&m, 4), 4, 0x2001234).pa, 0x2001234);
	CHECK_EQ_U64(walk(&m, x86_idmap_root(&m, 4), 4, 6 * GIB + 7).pa, 6 * GIB + 7);
	free(m.pool);
}

static void test_5_around_4(void)
{
	struct x86_idmap m;
	uint64_t root;

	make(&m, 8, 4, 0);
	CHECK(x86_idmap_add(&m, 0x2000000, 0x2010000, X86_IDMAP_RAM) >= 0x2010000);
	root = x86_idmap_root(&m, 5);
	CHECK(root);
	CHECK_EQ_U64(x86_idmap_root(&m, 5), root);
	CHECK_EQ_U64(m.used, 4);
	/* What is added later is there as well. */
	CHECK(x86_idmap_add(&m, 6 * GIB, 6 * GIB + 9, X86_IDMAP_RAM) >= 6 * GIB + 9);
	CHECK_EQ_U64(walk(&m, root, 5, 0x2001234).pa, 0x2001234);
	CHECK_EQ_U64(walk(&m, root, 5, 6 * GIB + 7).pa, 6 * GIB + 7);
	CHECK_EQ_U64(walk(&m, root, 5, 1ULL << 48).pa, ~0ULL);
	/* Emptied, it is another map. */
	x86_idmap_init(&m);
	CHECK_EQ_U64(m.outer_pa, 0);
	free(m.pool);
	make(&m, 1, 4, 0);
	CHECK_EQ_U64(x86_idmap_root(&m, 5), 0);
	free(m.pool);
}

#define TEXT_VA	0xffffffffa5212340ULL
#define TEXT_PA	0x0000023456612340ULL	/* the same in its 2 MiB page */

/* A map of @have levels, left with @levels. */
static void alias(uint32_t have, uint32_t levels, uint64_t va)
{
	struct x86_idmap m;
	uint64_t root, used;

	make(&m, 16, have, 1);
	CHECK(x86_idmap_add(&m, 0x2000000, 0x2010000, X86_IDMAP_RAM) >= 0x2010000);
	used = m.used;
	CHECK_EQ_U64((uint64_t)(int64_t)x86_idmap_alias(&m, levels, va, TEXT_PA), 0);
	CHECK(m.used - used <= X86_IDMAP_ALIAS_PAGES);
	root = x86_idmap_root(&m, levels);
	CHECK_EQ_U64(walk(&m, root, levels, va).pa, TEXT_PA);
	CHECK_EQ_U64(walk(&m, root, levels, va).page, 2 * MIB);
	CHECK_EQ_U64(walk(&m, root, levels, (va & ~(2 * MIB - 1)) - 1).pa, ~0ULL);
	CHECK_EQ_U64(walk(&m, root, levels, (va | (2 * MIB - 1)) + 1).pa, ~0ULL);
	/* The identity is as it was, in both maps, and its own page is not there. */
	CHECK_EQ_U64(walk(&m, root, levels, 0x2001234).pa, 0x2001234);
	CHECK_EQ_U64(at(&m, 0x2001234).pa, 0x2001234);
	CHECK_EQ_U64(at(&m, TEXT_PA).pa, ~0ULL);
	CHECK_EQ_U64(at(&m, 0x2200000).pa, ~0ULL);
	/* Another one, beside it. */
	CHECK_EQ_U64((uint64_t)(int64_t)x86_idmap_alias(&m, levels, va - 4 * MIB, TEXT_PA + 2 * MIB), 0);
	CHECK_EQ_U64(walk(&m, root, levels, va - 4 * MIB).pa, TEXT_PA + 2 * MIB);
	CHECK_EQ_U64(walk(&m, root, levels, va).pa, TEXT_PA);
	free(m.pool);
}

static void test_alias(void)
{
	for (uint32_t have = 4; have <= 5; have++) {
		for (uint32_t levels = 4; levels <= 5; levels++) {
			alias(have, levels, TEXT_VA);
			alias(have, levels, levels == 4 ? 0xffff800000a12340 : 0xff00000000a12340);
		}
	}
}

static void test_alias_refused(void)
{
	struct x86_idmap m;

	for (uint32_t have = 4; have <= 5; have++) {
		make(&m, 16, have, 1);
		CHECK(x86_idmap_add(&m, 0x2000000, 0x2010000, X86_IDMAP_RAM) >= 0x2010000);
		/* Not the same place in the page. */
		CHECK(x86_idmap_alias(&m, 4, TEXT_VA ^ 0x1000, TEXT_PA));
		CHECK(x86_idmap_alias(&m, 5, TEXT_VA ^ 0x100000, TEXT_PA));
		CHECK(x86_idmap_alias(&m, 4, TEXT_VA ^ 1, TEXT_PA));
		/* The lower half, and addresses that are none. */
		CHECK(x86_idmap_alias(&m, 4, TEXT_PA, TEXT_PA));
		CHECK(x86_idmap_alias(&m, 5, 0x007fffffffe12340, TEXT_PA));
		CHECK(x86_idmap_alias(&m, 4, 0xffff7fffffe12340, TEXT_PA));
		CHECK(x86_idmap_alias(&m, 4, 0xff00000000a12340, TEXT_PA));
		CHECK(x86_idmap_alias(&m, 5, 0xfeffffffffe12340, TEXT_PA));
		/* No physical address. */
		CHECK(x86_idmap_alias(&m, 4, TEXT_VA, TEXT_PA | 1ULL << 52));
		free(m.pool);
	}
	for (uint32_t pages = 2; pages < 6; pages++) {
		make(&m, pages, 4, 1);
		CHECK_EQ_U64(!x86_idmap_alias(&m, 5, TEXT_VA, TEXT_PA), pages == 5);
		CHECK(m.used <= pages);
		free(m.pool);
	}
	/* 4 levels cannot tell it from memory that 5 reach. */
	make(&m, 16, 5, 1);
	CHECK(x86_idmap_add(&m, 511 * 512 * GIB, 512 * 512 * GIB, X86_IDMAP_RAM) >= 512 * 512 * GIB);
	CHECK(x86_idmap_alias(&m, 4, TEXT_VA, TEXT_PA));
	CHECK_EQ_U64((uint64_t)(int64_t)x86_idmap_alias(&m, 5, TEXT_VA, TEXT_PA), 0);
	free(m.pool);
}

TEST_MAIN({ "4 and 5 levels, with and without 1 GiB pages", test_basic },
	  { "1 GiB pages", test_1g },
	  { "device pages", test_device },
	  { "pool exhausted", test_exhausted },
	  { "address limits", test_limits },
	  { "4-level table inside the 5-level one", test_4_from_5 },
	  { "5-level table around a 4-level one", test_5_around_4 },
	  { "a page of the upper half", test_alias },
	  { "pages that cannot be mapped", test_alias_refused })
