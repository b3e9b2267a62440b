/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * plan/keep.c, keep-layout.c and what the layouts make of them: the areas that a
 * kernel is kept in, the place of each of its pages, what the next kernel is told,
 * and each refusal.
 *
 * That putting the pages back works is shown by doing it: memory is a number per
 * page, moved as the runs say and back.
 */
#include <time.h>

#include "kx/context.h"
#include "kx/core.h"
#include "kx/keep.h"
#include "payload-bed.h"

#define GIB(n)		((uint64_t)(n) << 30)
#define PAGE		0x1000u

static void begin(struct bed *b, enum kx_machine machine)
{
	bed_init(b, machine);
	b->req.preserve = true;
	b->req.context = KX_PRESERVE_SNAPSHOT;
	b->req.context_why = "test";
	bed_mem(b, &b->src.firmware, 0, 0x9fc00, KX_MEM_RAM, 0, "System RAM");
}

/* ---- the areas --------------------------------------------------------------------------- */

static bool choose(struct bed *b, uint64_t pages, struct kx_keep *keep)
{
	memset(keep, 0, sizeof(*keep));
	if (CHECK(kx_keep_choose(&b->req, &b->src, NULL, 0, PAGE, pages, &b->arena, keep,
				 &b->err) == 0))
		return true;
	printf("# %s\n", b->err.text);
	return false;
}

static void choose_fails(struct bed *b, uint64_t pages, const char *text)
{
	struct kx_keep keep = { .area_count = 7 };

	CHECK_EQ_U64((uint64_t)-kx_keep_choose(&b->req, &b->src, NULL, 0, PAGE, pages, &b->arena,
					       &keep, &b->err), ENOSPC);
	CHECK_STR(b->err.text, text);
	CHECK_EQ_U64(keep.area_count, 7);
}

/* A machine with nothing but this. */
static void ram(struct bed *b, uint64_t start, uint64_t end)
{
	bed_mem(b, &b->src.firmware, start, end, KX_MEM_RAM, 0, "System RAM");
	bed_mem(b, &b->src.iomem, start, end, KX_MEM_RAM, 0, "System RAM");
}

static void empty(struct bed *b)
{
	b->src.firmware.n = b->src.iomem.n = 0;
}

static void area_is(const struct kx_keep *keep, size_t i, uint64_t start, uint64_t end)
{
	CHECK_EQ_U64(keep->area[i].start, start);
	CHECK_EQ_U64(keep->area[i].end, end);
}

static void test_areas(void)
{
	struct kx_keep keep;
	struct bed b;

	begin(&b, KX_MACHINE_X86_64);
	/* 513 MiB is where memory ends, and 64 KiB what areas are wholes of. */
	if (choose(&b, MIB(100) / PAGE + 1, &keep)) {
		CHECK_EQ_U64(keep.area_count, 1);
		area_is(&keep, 0, MIB(413) - 0x10000, MIB(513));
		CHECK_EQ_U64(keep.page_count, MIB(100) / PAGE + 1);
		CHECK(!keep.run && !keep.run_count);
	}
	/* Around what is not free at [301, 302) MiB. */
	if (choose(&b, MIB(250) / PAGE, &keep)) {
		CHECK_EQ_U64(keep.area_count, 2);
		area_is(&keep, 0, MIB(262), MIB(301));
		area_is(&keep, 1, MIB(302), MIB(513));
	}
	/* The running kernel's image is not in its own way: the next one may have it. */
	bed_mem(&b, &b.src.iomem, MIB(400), MIB(410), KX_MEM_OTHER, 1, "Kernel code");
	if (choose(&b, MIB(200) / PAGE, &keep))
		area_is(&keep, 0, MIB(313), MIB(513));
	b.req.mem_max = MIB(200) - 1;
	if (choose(&b, MIB(64) / PAGE, &keep))
		area_is(&keep, 0, MIB(136), MIB(200));
	b.req.mem_min = MIB(150);
	choose_fails(&b, MIB(64) / PAGE,
		     "between --mem-min=0x9600000 and --mem-max=0xc7fffff: this kernel needs 64 MiB to be kept in, and the 8 largest pieces of free memory have 50 MiB");
	bed_deinit(&b);
}

static void test_high_first(void)
{
	struct kx_keep keep;
	struct bed b;

	begin(&b, KX_MACHINE_X86_64);
	empty(&b);
	ram(&b, MIB(1), GIB(3));
	ram(&b, GIB(4), GIB(5));
	if (choose(&b, GIB(1) / PAGE, &keep)) {
		CHECK_EQ_U64(keep.area_count, 1);
		area_is(&keep, 0, GIB(4), GIB(5));
	}
	if (choose(&b, (GIB(1) + MIB(80)) / PAGE, &keep)) {
		CHECK_EQ_U64(keep.area_count, 2);
		area_is(&keep, 0, GIB(3) - MIB(80), GIB(3));
		area_is(&keep, 1, GIB(4), GIB(5));
	}
	/* Memory that may go is not for keeping anything. */
	b.src.removable.v = &(struct kx_range){ GIB(4), GIB(5) };
	b.src.removable.n = 1;
	if (choose(&b, GIB(1) / PAGE, &keep)) {
		CHECK_EQ_U64(keep.area_count, 1);
		area_is(&keep, 0, GIB(2), GIB(3));
	}
	bed_deinit(&b);
}

/* Crumbs at the top, and one more large piece than there may be areas. */
static void test_fragmented(void)
{
	struct kx_keep keep;
	uint64_t sum = 0;
	struct bed b;

	begin(&b, KX_MACHINE_X86_64);
	empty(&b);
	ram(&b, MIB(1), MIB(400));
	for (uint64_t i = 0; i < 9; i++)
		ram(&b, GIB(4) + i * MIB(64), GIB(4) + i * MIB(64) + MIB(40) + i * PAGE);
	for (uint64_t i = 0; i < 500; i++)
		ram(&b, GIB(5) + i * MIB(1), GIB(5) + i * MIB(1) + 0x12000);
	/* Eight of the nine, the crumbs being less than a 32nd. */
	if (choose(&b, MIB(300) / PAGE, &keep)) {
		CHECK_EQ_U64(keep.area_count, 8);
		CHECK_EQ_U64(keep.area[7].start, GIB(4) + 8 * MIB(64));
		CHECK_EQ_U64(keep.area[0].end, GIB(4) + MIB(64) + MIB(40));
		for (size_t i = 0; i < 8; i++)
			sum += kx_range_len(keep.area[i]);
		CHECK_EQ_U64(sum, MIB(300));
	}
	/* 8 x 40 MiB will not do: then seven of them, and of low memory. */
	if (choose(&b, MIB(330) / PAGE, &keep)) {
		CHECK_EQ_U64(keep.area_count, 8);
		CHECK_EQ_U64(keep.area[0].end, MIB(400));
		CHECK_EQ_U64(keep.area[1].start, GIB(4) + 2 * MIB(64));
	}
	choose_fails(&b, MIB(800) / PAGE,
		     "this kernel needs 800 MiB to be kept in, and the 8 largest pieces of free memory have 664 MiB");
	bed_deinit(&b);

	/* Nothing but crumbs: 16 of 64 KiB are 1 MiB, 8 are half of it. */
	begin(&b, KX_MACHINE_X86_64);
	empty(&b);
	ram(&b, 0, MIB(16));
	for (uint64_t i = 0; i < 16; i++)
		ram(&b, MIB(32) + i * MIB(1), MIB(32) + i * MIB(1) + 0x10000);
	choose_fails(&b, 0xa0000 / PAGE,
		     "this kernel needs 640 KiB to be kept in, and the 8 largest pieces of free memory have 512 KiB");
	bed_deinit(&b);
}

static void test_rest(void)
{
	struct kx_keep keep;
	struct bed b;

	begin(&b, KX_MACHINE_X86_64);
	choose_fails(&b, MIB(330) / PAGE,
		     "this kernel needs 330 MiB to be kept in, which leaves 181 MiB for the next one, and that needs 192 MiB");
	empty(&b);
	ram(&b, MIB(1), MIB(1025));
	choose_fails(&b, MIB(800) / PAGE,
		     "this kernel needs 800 MiB to be kept in, which leaves 224 MiB for the next one, and that needs 256 MiB");
	/* Enough, but where no 32-bit device reaches it. */
	empty(&b);
	ram(&b, MIB(1), MIB(301));
	for (uint64_t i = 0; i < 100; i++)
		ram(&b, GIB(4) + i * MIB(16), GIB(4) + i * MIB(16) + MIB(4));
	choose_fails(&b, MIB(210) / PAGE,
		     "this kernel needs 210 MiB to be kept in, which leaves 118 MiB below 4 GiB for the next one, and that needs 128 MiB");
	CHECK(choose(&b, MIB(200) / PAGE, &keep));
	bed_deinit(&b);

	begin(&b, KX_MACHINE_ARM64);
	/* Where its memory begins at 4 GiB, none of it has to be below. */
	empty(&b);
	ram(&b, GIB(4), GIB(5));
	if (choose(&b, MIB(500) / PAGE, &keep))
		area_is(&keep, 0, GIB(5) - MIB(500), GIB(5));
	bed_deinit(&b);
}

/* ---- the pages --------------------------------------------------------------------------- */

/* Every other few pages of @r, 1 to 8 at a time. */
static size_t scatter(struct bed *b, struct kx_range r, struct kx_snapshot_run *run, size_t max,
		      uint64_t *pages)
{
	uint64_t at = r.start;
	size_t n = 0;

	while (n < max) {
		uint32_t len = 1 + bed_random(b) % 8;

		at += (bed_random(b) % 4) * PAGE;
		if (at + len * PAGE > r.end)
			break;
		run[n++] = (struct kx_snapshot_run){ at, len, bed_random(b) % 2 };
		at += len * PAGE;
		*pages += len;
	}
	return n;
}

/* What the runs promise, one by one: homes are all there, once, and so are the places. */
static void check_homes(const struct kx_keep *keep, const struct kx_snapshot_run *run, size_t n)
{
	uint64_t at = run[0].pa, left = run[0].pages;
	size_t r = 0, bad = 0;

	for (size_t i = 0; i < keep->run_count; i++)
		for (uint64_t j = 0; j < keep->run[i].pages; j++) {
			bad += keep->run[i].dst_pa + j * PAGE != at;
			at += PAGE;
			if (--left == 0 && ++r < n) {
				at = run[r].pa;
				left = run[r].pages;
			}
		}
	CHECK_EQ_U64(bad, 0);
	CHECK_EQ_U64(r, n);
	for (size_t i = 1; i < keep->run_count; i++) {
		const struct context_run *p = &keep->run[i - 1], *q = &keep->run[i];
		uint64_t len = p->pages * PAGE;

		bad += p->dst_pa + len == q->dst_pa && p->src_pa + len == q->src_pa;
	}
	CHECK_EQ_U64(bad, 0);
}

static bool in_areas(const struct kx_keep *keep, uint64_t pa)
{
	for (size_t i = 0; i < keep->area_count; i++)
		if (pa >= keep->area[i].start && pa < keep->area[i].end)
			return true;
	return false;
}

/*
 * Each page of RAM has its own number.  They go to the areas, all else is forgotten,
 * and they come back in this order or the other: what is written is never still needed.
 */
static void check_moves(struct bed *b, const struct kx_keep *keep, bool backwards)
{
	size_t pages = RAM_LEN / PAGE, bad = 0;
	uint32_t *mem = calloc(pages, sizeof(*mem)), *snapshot = calloc(pages, sizeof(*snapshot));

	for (size_t i = 0; i < pages; i++)
		snapshot[i] = (uint32_t)i + 1;
	for (size_t i = 0; i < keep->run_count; i++)
		for (uint64_t j = 0; j < keep->run[i].pages; j++) {
			uint64_t at = keep->run[i].src_pa + j * PAGE;

			bad += !in_areas(keep, at) || mem[(at - b->ram) / PAGE];
			mem[(at - b->ram) / PAGE] =
				snapshot[(keep->run[i].dst_pa - b->ram) / PAGE + j];
		}
	CHECK_EQ_U64(bad, 0);
	for (size_t n = 0; n < keep->run_count; n++) {
		const struct context_run *r = &keep->run[backwards ? keep->run_count - 1 - n : n];
		uint32_t *to = &mem[(r->dst_pa - b->ram) / PAGE];
		uint32_t *from = &mem[(r->src_pa - b->ram) / PAGE];

		for (uint64_t j = 0; j < r->pages; j++)
			to[j] = from[j];
	}
	for (size_t i = 0; i < keep->run_count; i++)
		bad += memcmp(&mem[(keep->run[i].dst_pa - b->ram) / PAGE],
			      &snapshot[(keep->run[i].dst_pa - b->ram) / PAGE],
			      keep->run[i].pages * sizeof(*mem)) != 0;
	CHECK_EQ_U64(bad, 0);
	free(mem);
	free(snapshot);
}

static bool choose_runs(struct bed *b, const struct kx_snapshot_run *run, size_t n, uint64_t pages,
			struct kx_keep *keep)
{
	memset(keep, 0, sizeof(*keep));
	if (CHECK(kx_keep_choose(&b->req, &b->src, run, n, PAGE, pages, &b->arena, keep,
				 &b->err) == 0))
		return true;
	printf("# %s\n", b->err.text);
	return false;
}

static void test_places(void)
{
	enum { MAX = 60000 };
	struct kx_snapshot_run *run = calloc(MAX, sizeof(*run));
	struct kx_keep keep;
	struct bed b;

	for (uint32_t seed = 0; seed < 20; seed++) {
		uint64_t pages = 0;
		struct kx_range r;
		size_t n;

		begin(&b, KX_MACHINE_X86_64);
		b.seed = seed;
		/* From all homes at the bottom to all at the top. */
		r.start = b.ram + seed % 5 * MIB(64);
		r.end = r.start + MIB(128) + seed * MIB(1);
		n = scatter(&b, r, run, MAX, &pages);
		/* More or fewer areas. */
		for (uint64_t i = 0; i < seed % 7; i++)
			bed_mem(&b, &b.src.iomem, MIB(480) - i * MIB(16) - PAGE,
				MIB(480) - i * MIB(16), KX_MEM_RESERVED, 1, "taken");
		if (choose_runs(&b, run, n, pages, &keep)) {
			check_homes(&keep, run, n);
			check_moves(&b, &keep, false);
			check_moves(&b, &keep, true);
		}
		bed_deinit(&b);
	}
	free(run);
}

static void test_places_by_number(void)
{
	/* 16 pages: the area is [513 MiB - 64 KiB, 513 MiB). */
	static const struct kx_snapshot_run run[] = {
		{ MIB(8), 3, 0 }, { MIB(8) + 3 * PAGE, 2, 1 }, { MIB(9), 7, 0 },
		{ MIB(513) - 0x11000, 3, 0 }, { MIB(513) - PAGE, 1, 0 },
	};
	const uint64_t a = MIB(513) - 0x10000;
	const struct context_run want[] = {
		{ MIB(8), a + 2 * PAGE, 5 }, { MIB(9), a + 7 * PAGE, 7 },
		{ a - PAGE, a + 14 * PAGE, 1 }, { a, a, 2 }, { a + 15 * PAGE, a + 15 * PAGE, 1 },
	};
	struct kx_keep keep;
	uint8_t page[0x10000];
	struct bed b;

	begin(&b, KX_MACHINE_X86_64);
	if (choose_runs(&b, run, 5, 16, &keep)) {
		area_is(&keep, 0, a, MIB(513));
		CHECK_EQ_U64(keep.run_count, 5);
		CHECK_MEM(keep.run, want, sizeof(want));
		CHECK(!kx_keep_at(&keep, a));
		keep.bytes[0] = (struct kx_bytes){ page, sizeof(page) };
		CHECK(kx_keep_at(&keep, a) == page);
		CHECK(kx_keep_at(&keep, a + 0xffff) == page + 0xffff);
		CHECK(!kx_keep_at(&keep, a - 1) && !kx_keep_at(&keep, MIB(513)));
	}
	CHECK_EQ_U64((uint64_t)-kx_keep_choose(&b.req, &b.src, run, 5, PAGE, 17, &b.arena, &keep,
					       &b.err), EINVAL);
	CHECK_STR(b.err.text, "snapshot: expected 0x11 pages in its runs, have 0x10");
	CHECK_EQ_U64((uint64_t)-kx_keep_choose(&b.req, &b.src, (struct kx_snapshot_run[]){
		{ MIB(9), 7, 0 }, { MIB(8), 3, 0 } }, 2, PAGE, 10, &b.arena, &keep, &b.err), EINVAL);
	CHECK_STR(b.err.text,
		  "snapshot: run 1 of its pages, at 0x800000: expected whole pages above 0x907000");
	CHECK_EQ_U64((uint64_t)-kx_keep_choose(&b.req, &b.src, NULL, 0, PAGE, 0, &b.arena, &keep,
					       &b.err), EINVAL);
	bed_deinit(&b);
}

static void test_million(void)
{
	enum { COUNT = 1000000 };
	struct kx_snapshot_run *run = calloc(COUNT, sizeof(*run));
	struct timespec t0, t1;
	struct kx_keep keep;
	uint64_t sum = 0;
	struct bed b;

	begin(&b, KX_MACHINE_X86_64);
	empty(&b);
	ram(&b, MIB(1), GIB(3));
	ram(&b, GIB(4), GIB(24));
	for (uint64_t i = 0; i < COUNT; i++)
		run[i] = (struct kx_snapshot_run){ GIB(5) + i * 3 * PAGE, 2, 0 };
	clock_gettime(CLOCK_MONOTONIC, &t0);
	if (choose_runs(&b, run, COUNT, 2 * COUNT, &keep)) {
		clock_gettime(CLOCK_MONOTONIC, &t1);
		CHECK(t1.tv_sec - t0.tv_sec < 2);
		for (size_t i = 0; i < keep.run_count; i++)
			sum += keep.run[i].pages;
		CHECK_EQ_U64(sum, 2 * COUNT);
	}
	bed_deinit(&b);
	free(run);
}

TEST_MAIN(
	{ "areas: from the top down", test_areas },
	{ "areas: above 4 GiB first", test_high_first },
	{ "areas: eight of many pieces", test_fragmented },
	{ "areas: what the next kernel needs", test_rest },
	{ "pages: there and back", test_places },
	{ "pages: by number", test_places_by_number },
	{ "pages: a million runs", test_million }
)
