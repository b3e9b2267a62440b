/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arch/arm64-pool.c: what it says is enough, in both regimes and wherever the
 * image is put, and not much more than enough.
 */
#include <errno.h>

#include "../../kexec/arch/arm64.h"
#include "purgatory/idmap-arm64.h"
#include "test.h"

struct bed {
	struct kx_arena arena;
	struct kx_sources src;
	struct kx_request req;
	struct kx_plan plan;
	struct kx_err err;
	uint64_t seed;
};

/* xorshift64 */
static uint64_t random_of(struct bed *b, uint64_t n)
{
	b->seed ^= b->seed << 13;
	b->seed ^= b->seed >> 7;
	b->seed ^= b->seed << 17;
	return b->seed % n;
}

static void bed_init(struct bed *b, uint64_t page_size)
{
	memset(b, 0, sizeof(*b));
	kx_arena_init(&b->arena);
	b->seed = 88172645463325252ull;
	b->src.page_size = page_size;
	b->src.machine = KX_MACHINE_ARM64;
	b->plan = (struct kx_plan){
		.arena = &b->arena, .sources = &b->src, .request = &b->req,
		.arch = &kx_archs[KX_MACHINE_ARM64],
	};
}

/* Up to 32 disjoint regions, each somewhere in a slot of 1 << @shift bytes. */
static void random_regions(struct bed *b, uint32_t shift)
{
	struct purg_param *param = &b->plan.param;
	uint64_t page = b->src.page_size, slot = 1ULL << shift;

	param->region_count = (uint32_t)random_of(b, PURG_REGIONS_MAX + 1);
	for (uint32_t i = 0; i < param->region_count; i++) {
		uint64_t len = random_of(b, slot >> random_of(b, shift - 20)) + 1;
		uint64_t at;

		len = kx_align_up(len, page);
		at = random_of(b, slot - len + 1) / page * page;
		/* Slot 0 is for the consoles and, mostly, the image. */
		param->region[i] = (struct purg_region){
			.pa = (i + 1) * slot + at, .mem_len = len,
			.flags = random_of(b, 2) ? PURG_REGION_WRITE : 0,
		};
	}
}

static void random_consoles(struct bed *b)
{
	b->src.console_count = random_of(b, PURG_CONSOLES_MAX + 1);
	for (size_t i = 0; i < b->src.console_count; i++)
		b->src.console[i] = (struct purg_console){
			.kind = random_of(b, 2) ? PURG_CONSOLE_PL011 : PURG_CONSOLE_8250_MMIO,
			.reg_width = 4, .reg_shift = 2 + (uint32_t)random_of(b, 7),
			.addr = random_of(b, 1 << 20) * 4,
		};
}

/* As purgatory/arm64/map.c does; NULL or what went wrong. */
static const char *purgatory_maps(struct bed *b, uint64_t base, uint64_t pool_len,
				  enum arm64_regime regime, uint32_t bits)
{
	const struct purg_param *param = &b->plan.param;
	uint64_t page = b->src.page_size;
	uint8_t *room = malloc(pool_len + page);
	struct arm64_idmap m = {
		.pool = room + (page - (uintptr_t)room % page) % page,
		.pool_pa = base + PURG_IMAGE_MAX, .pool_len = pool_len,
		.granule_shift = (uint32_t)__builtin_ctzll(page), .pa_bits = bits, .regime = regime,
	};
	const char *why = arm64_idmap_init(&m);

	if (!why)
		why = arm64_idmap_add(&m, base, base + PURG_IMAGE_MAX, ARM64_MAP_TEXT);
	for (uint32_t i = 0; i < param->region_count && !why; i++)
		why = arm64_idmap_add(&m, param->region[i].pa,
				      param->region[i].pa + param->region[i].mem_len,
				      param->region[i].flags ? ARM64_MAP_WRITE : ARM64_MAP_READ);
	for (size_t i = 0; i < b->src.console_count && !why; i++) {
		const struct purg_console *c = &b->src.console[i];

		why = arm64_idmap_add(&m, c->addr, c->addr + (c->kind == PURG_CONSOLE_PL011 ? 0x20 :
							      8ULL << c->reg_shift),
				      ARM64_MAP_DEVICE);
	}
	free(room);
	return why;
}

/* Does the image at [base, base + own) touch a region or a console's page? */
static bool taken(const struct bed *b, uint64_t base, uint64_t own)
{
	const struct purg_param *param = &b->plan.param;

	for (uint32_t i = 0; i < param->region_count; i++)
		if (base < param->region[i].pa + param->region[i].mem_len &&
		    param->region[i].pa < base + own)
			return true;
	/* random_consoles() stays below 4 MiB and a few registers. */
	return base < 0x500000;
}

static void check_pool(struct bed *b, uint32_t bits, uint64_t top)
{
	uint64_t pool, own;

	if (!CHECK(kx_arm64_pool_len(&b->plan, &pool, &b->err) == 0)) {
		printf("# %s\n", b->err.text);
		return;
	}
	pool = kx_align_up(pool, PURG_POOL_MIN);
	own = PURG_IMAGE_MAX + pool;
	for (int i = 0; i < 8; i++) {
		uint64_t near = random_of(b, 2) ? top : 1u << 26, base;
		const char *why;

		base = random_of(b, near - own) / PURG_IMAGE_ALIGN * PURG_IMAGE_ALIGN;
		if (taken(b, base, own))
			continue;
		why = purgatory_maps(b, base, pool, i % 2 ? ARM64_REGIME_EL1 : ARM64_REGIME_EL2,
				     bits);
		if (!CHECK(!why))
			printf("# %s: page 0x%" PRIx64 ", %u regions, pool 0x%" PRIx64 "\n", why,
			       b->src.page_size, b->plan.param.region_count, pool);
	}
}

static void test_enough(void)
{
	static const uint64_t page[] = { 0x1000, 0x4000, 0x10000 };
	/* Slots: all within a GiB, some GiB, and all there is. */
	static const uint32_t shift[] = { 24, 32, 40, 42 };

	for (size_t g = 0; g < 3; g++) {
		struct bed b;

		bed_init(&b, page[g]);
		for (int round = 0; round < 100; round++) {
			uint32_t s = shift[round % 4];

			random_regions(&b, s);
			random_consoles(&b);
			check_pool(&b, 48, 1ULL << 48);
		}
		kx_arena_deinit(&b.arena);
	}
}

/* Above 48 bits: a level more with 4 KiB pages. */
static void test_52_bits(void)
{
	static const uint64_t page[] = { 0x1000, 0x4000, 0x10000 };

	for (size_t g = 0; g < 3; g++) {
		struct kx_hole hole = { .r = { 0, 1ULL << 51 } };
		struct bed b;

		bed_init(&b, page[g]);
		for (int round = 0; round < 40; round++) {
			random_regions(&b, 46);
			random_consoles(&b);
			/* Also when only the image could lie there. */
			b.plan.usable = (struct kx_space){ .v = &hole, .n = 1 };
			if (round % 4 == 0)
				random_regions(&b, 32);
			check_pool(&b, 52, 1ULL << 51);
		}
		kx_arena_deinit(&b.arena);
	}
}

/* An ordinary machine takes the least there is. */
static void test_ordinary(void)
{
	struct bed b;
	uint64_t pool;

	bed_init(&b, 4096);
	b.plan.param.region_count = 3;
	b.plan.param.region[0] = (struct purg_region){ .pa = 0xb5e00000, .mem_len = 0x2010000 };
	b.plan.param.region[1] = (struct purg_region){ .pa = 0xbee75000, .mem_len = 0x19000 };
	b.plan.param.region[2] = (struct purg_region){ .pa = 0xbec00000, .mem_len = 0x2000 };
	b.src.console[0] = (struct purg_console){ .kind = PURG_CONSOLE_PL011, .addr = 0x9000000 };
	/* One that seal.c will leave out. */
	b.src.console[1] = (struct purg_console){
		.kind = PURG_CONSOLE_8250_MMIO, .reg_shift = 200, .addr = 0x9000000,
	};
	b.src.console_count = 2;
	CHECK(kx_arm64_pool_len(&b.plan, &pool, &b.err) == 0);
	/* Root, 2 levels, 3 last tables; 3 for the image, 3 for the console. */
	CHECK_EQ_U64(pool, 12 * 4096);
	kx_arena_deinit(&b.arena);
}

static void test_beyond(void)
{
	struct bed b;
	uint64_t pool;

	bed_init(&b, 4096);
	b.plan.param.region_count = 1;
	b.plan.param.region[0] = (struct purg_region){ .pa = 1ULL << 53, .mem_len = 4096 };
	CHECK(kx_arm64_pool_len(&b.plan, &pool, &b.err) == -ENOSPC);
	CHECK_STR(b.err.text,
		  "purgatory cannot map all segments: a range to map is beyond the address bits");
	kx_arena_deinit(&b.arena);
}

TEST_MAIN({ "enough for any regions, wherever the image is", test_enough },
	  { "enough above 48 bits", test_52_bits },
	  { "an ordinary machine takes 12 tables", test_ordinary },
	  { "memory that no CPU has is refused", test_beyond })
