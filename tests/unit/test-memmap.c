/* SPDX-License-Identifier: GPL-2.0-only */
/* kexec/lib/memmap.c: order and sums. */
#include "kx/memmap.h"
#include "test.h"

static struct kx_mem mem(uint64_t start, uint64_t end, unsigned int depth, const char *name)
{
	return (struct kx_mem){ .r = { start, end }, .depth = depth, .name = name };
}

static void test_order(void)
{
	static const char *const want[] = {
		"low", "outer", "inner", "same range, deeper", "first twin", "second twin", "high",
	};
	const struct kx_mem in[] = {
		mem(0x9000, 0xa000, 0, "high"),
		mem(0x1000, 0x2000, 1, "inner"),
		mem(0x1000, 0x2000, 2, "same range, deeper"),
		mem(0x5000, 0x6000, 0, "first twin"),
		mem(0x1000, 0x5000, 0, "outer"),
		mem(0x5000, 0x6000, 0, "second twin"),
		mem(0x7000, 0x7000, 0, "empty, dropped"),
		mem(0, 0x1000, 0, "low"),
	};
	struct kx_memmap m = { 0 };
	struct kx_arena a;

	kx_arena_init(&a);
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		CHECK(kx_memmap_add(&m, &a, in[i], NULL) == 0);
	kx_memmap_sort(&m);
	if (CHECK_EQ_U64(m.n, sizeof(want) / sizeof(want[0])))
		for (size_t i = 0; i < m.n; i++)
			CHECK_STR(m.v[i].name, want[i]);
	kx_arena_deinit(&a);
}

static void test_growth_and_total(void)
{
	struct kx_memmap m = { 0 };
	struct kx_mem e;
	struct kx_arena a;

	kx_arena_init(&a);
	for (uint64_t i = 0; i < 1000; i++) {
		e = mem((999 - i) * 0x1000, (999 - i) * 0x1000 + 0x10, 0, "x");
		e.type = i % 2 ? KX_MEM_RAM : KX_MEM_ACPI;
		CHECK(kx_memmap_add(&m, &a, e, NULL) == 0);
	}
	kx_memmap_sort(&m);
	CHECK_EQ_U64(m.v[0].r.start, 0);
	CHECK_EQ_U64(m.v[999].r.start, 999 * 0x1000);
	CHECK_EQ_U64(kx_memmap_total(&m, KX_MEM_RAM), 500 * 0x10);
	CHECK_EQ_U64(kx_memmap_total(&m, KX_MEM_NVS), 0);
	e = mem(0, UINT64_MAX, 0, "all");
	CHECK(kx_memmap_add(&m, &a, e, NULL) == 0);
	CHECK_EQ_U64(kx_memmap_total(&m, KX_MEM_RAM), UINT64_MAX);
	kx_arena_deinit(&a);
}

static void test_names(void)
{
	for (int t = KX_MEM_RAM; t <= KX_MEM_OTHER; t++)
		CHECK(kx_mem_type_name((enum kx_mem_type)t) != NULL);
	CHECK_STR(kx_mem_type_name(KX_MEM_RAM), "RAM");
}

TEST_MAIN({ "order", test_order },
	  { "growth and totals", test_growth_and_total },
	  { "every type has a name", test_names })
