/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arch/x86_64-pool.c: what purgatory/x86_64/machine.c maps, wherever purgatory
 * and consoles are, fits into the pool that is asked for, on CPUs with and
 * without 1 GiB pages.
 */
#include <errno.h>
#include <stdlib.h>

#include "../../kexec/arch/x86_64.h"
#include "purgatory/idmap-x86_64.h"
#include "test.h"

#define MIB(n)	((uint64_t)(n) << 20)
#define GIB(n)	((uint64_t)(n) << 30)
#define SETS	300

struct bed {
	struct kx_arena arena;
	struct kx_sources src;
	struct kx_plan plan;
	uint32_t seed;
};

static uint64_t pick(struct bed *b, uint64_t below)
{
	uint64_t v = 0;

	for (int i = 0; i < 3; i++) {
		b->seed = b->seed * 1664525u + 1013904223u;
		v = v << 21 ^ b->seed >> 8;
	}
	return v % below;
}

static void add(struct bed *b, uint64_t pa, uint64_t len)
{
	b->plan.param.region[b->plan.param.region_count++] = (struct purg_region){
		.pa = pa, .mem_len = len,
	};
}

/*
 * preserve.c: a control page anywhere (of the kernel that came, where it is not the
 * one that the plan returns to, which is a region), a root for other levels.
 */
static bool jump_fits(struct x86_idmap *m)
{
	uint64_t control = GIB(40001) + MIB(2);

	return x86_idmap_add(m, control, control + 0x1000, X86_IDMAP_RAM) > control &&
	       x86_idmap_root(m, m->levels == 4 ? 5 : 4);
}

/* preserve.c: the local APIC. */
static bool stop_fits(struct x86_idmap *m)
{
	uint64_t apic = GIB(41001);

	return x86_idmap_add(m, apic, apic + 0x1000, X86_IDMAP_DEVICE) > apic;
}

/* restore.c: a page for a kernel with @levels. */
static bool restore_fits(struct x86_idmap *m, uint32_t levels)
{
	return x86_idmap_alias(m, levels, 0xffffffffa5200000ULL, 0x40000000) == 0;
}

/* machine.c: map_init() and purg_arch_map(), with everything in the worst place. */
static bool fits(struct bed *b, uint64_t pool_len, bool has_1g, uint32_t levels, uint64_t base)
{
	uint32_t pages = (uint32_t)(pool_len / 4096);
	struct x86_idmap m = {
		.pool = aligned_alloc(4096, pool_len), .pool_pa = base + PURG_IMAGE_MAX,
		.pool_pages = pages, .levels = levels, .has_1g = has_1g,
	};
	uint64_t end = m.pool_pa + pool_len;
	bool ok;

	x86_idmap_init(&m);
	ok = x86_idmap_add(&m, base, end, X86_IDMAP_RAM) >= end;
	for (int i = 0; i < PURG_CONSOLES_MAX; i++) {
		uint64_t at = GIB(33792) + GIB(600) * (uint64_t)i;

		ok = ok && x86_idmap_add(&m, at, at + 0x20, X86_IDMAP_DEVICE) >= at + 0x20;
	}
	ok = ok && x86_idmap_add(&m, 0, MIB(1), X86_IDMAP_RAM) >= MIB(1);
	for (uint32_t i = 0; i < b->plan.param.region_count; i++) {
		const struct purg_region *r = &b->plan.param.region[i];

		end = r->pa + r->mem_len;
		ok = ok && x86_idmap_add(&m, r->pa, end, X86_IDMAP_RAM) >= end;
	}
	if (b->plan.param.flags & PURG_F_PRESERVE)
		ok = ok && jump_fits(&m);
	if (b->plan.param.flags & PURG_F_STOP_CPUS)
		ok = ok && stop_fits(&m);
	if (b->plan.param.entry_kind == PURG_ENTRY_RESTORE)
		ok = ok && restore_fits(&m, b->seed % 2 ? 5 : 4);
	free(m.pool);
	return ok;
}

static void check(struct bed *b)
{
	struct kx_err err = { .code = 0 };
	uint32_t levels = b->src.x86.la57 ? 5 : 4;
	uint64_t len;

	if (!CHECK(kx_x86_64_pool_len(&b->plan, &len, &err) == 0))
		return;
	CHECK_EQ_U64(len % 4096, 0);
	/* As arch/purgatory.c rounds it up at most: not at all. */
	CHECK(fits(b, len, false, levels, GIB(2) - PURG_IMAGE_MAX));
	CHECK(fits(b, len, true, levels, GIB(2) - PURG_IMAGE_MAX));
	CHECK(fits(b, len, false, levels, MIB(1) + 0x10000));
	/* A way back is also entered by the other kernel, with its own levels. */
	if (b->plan.param.flags & PURG_F_PRESERVE)
		CHECK(fits(b, len, false, 9 - levels, GIB(2) - PURG_IMAGE_MAX));
}

static void begin(struct bed *b, uint32_t seed)
{
	memset(b, 0, sizeof(*b));
	kx_arena_init(&b->arena);
	b->plan.arena = &b->arena;
	b->plan.sources = &b->src;
	b->src.x86.la57 = seed % 2;
	b->plan.param.flags = (seed % 3 == 1 ? PURG_F_PRESERVE : 0) | (seed % 5 ? PURG_F_STOP_CPUS : 0);
	b->plan.param.entry_kind = seed % 3 == 2 ? PURG_ENTRY_RESTORE : PURG_ENTRY_X86_64;
	b->seed = seed;
}

static void test_random(void)
{
	for (uint32_t i = 0; i < SETS; i++) {
		uint64_t top = i % 4 < 2 ? GIB(8) : GIB(60000), n;
		struct bed b;

		begin(&b, i);
		n = pick(&b, PURG_REGIONS_MAX) + 1;
		while (n--)
			add(&b, pick(&b, top / 4096) * 4096, (pick(&b, 30000) + 1) * 4096);
		check(&b);
		kx_arena_deinit(&b.arena);
	}
}

/* As many tables as there can be: each region on both sides of 512 GiB. */
static void test_worst(void)
{
	for (uint32_t seed = 0; seed < 12; seed++) {
		struct bed b;

		begin(&b, seed);
		for (uint64_t i = 1; i <= PURG_REGIONS_MAX; i++)
			add(&b, GIB(1024) * i - MIB(2), MIB(4));
		check(&b);
		kx_arena_deinit(&b.arena);
	}
}

/* Memory that no table of 4 levels reaches. */
static void test_beyond(void)
{
	struct kx_err err = { .code = 0 };
	uint64_t len = 7;
	struct bed b;

	begin(&b, 0);
	add(&b, 1ULL << 47, 4096);
	CHECK(kx_x86_64_pool_len(&b.plan, &len, &err) == -ENOSPC);
	CHECK(strstr(err.text, "purgatory cannot map all segments"));
	CHECK_EQ_U64(len, 7);
	kx_arena_deinit(&b.arena);
}

TEST_MAIN({ "random regions, anywhere", test_random },
	  { "regions that lie across tables", test_worst },
	  { "memory beyond 4 levels", test_beyond })
