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

#include <libfdt.h>

#include "kx/context.h"
#include "kx/core.h"
#include "kx/keep.h"
#include "kx/uapi.h"
#include "payload-bed.h"

#define GIB(n)		((uint64_t)(n) << 30)
#define PAGE		0x1000u

static void begin(struct bed *b, enum kx_machine machine)
{
	bed_init(b, machine);
	b->req.preserve = true;
	b->req.context = KX_PRESERVE_SNAPSHOT;
	b->req.context_why = "test";
	if (machine == KX_MACHINE_X86_64)
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

/* Redistributors write to the LPI tables until purgatory stops them. */
static void test_lpi_tables(void)
{
	static const char note[] = "lpi_property=0x5e000000\nlpi_pending=0x80a0000 0x5f000000\n";
	struct kx_keep keep;
	struct bed b;

	begin(&b, KX_MACHINE_ARM64);
	empty(&b);
	ram(&b, 0x40000000, 0x60000000);
	b.src.machine_note = (struct kx_bytes){ (const uint8_t *)note, sizeof(note) - 1 };
	if (choose(&b, MIB(64) / PAGE, &keep)) {
		CHECK_EQ_U64(keep.area_count, 3);
		area_is(&keep, 0, 0x5c000000 - 0x20000, 0x5e000000);
		area_is(&keep, 1, 0x5e010000, 0x5f000000);
		area_is(&keep, 2, 0x5f010000, 0x60000000);
	}
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
	/* Where purgatory does not get to is not, either. */
	ram(&b, GIB(1ull << 16), GIB((1ull << 16) + 2));
	if (choose(&b, GIB(1) / PAGE, &keep))
		area_is(&keep, 0, GIB(4), GIB(5));
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

/* ---- the plan ----------------------------------------------------------------------------- */

#define IMAGE_VA	0xffffffff81000000ULL
#define DIRECT_VA	0xffff888000000000ULL

/* The kernel's image is in its pages at [32, 34) MiB. */
static const char vmcoreinfo[] =
	"OSRELEASE=6.1.0\nSYMBOL(_stext)=ffffffff81000000\nSYMBOL(_end)=ffffffff81100000\n"
	"NUMBER(phys_base)=16777216\n";
static const char machine[] = "arch=x86_64\ncpus=0-1\n";

struct kept {
	struct bed b;
	struct kx_keep keep;
	struct kx_snapshot_run *run;
	size_t run_count;
	uint64_t pages;
	uint8_t snapshot[PAGE];
};

static void page_fill(uint8_t *at, uint64_t home)
{
	for (size_t i = 0; i < PAGE; i += 8)
		kx_put_le64(at + i, home + i);
}

/* Pages of @run, each with its home's address all over it. */
static bool take(struct kept *k)
{
	struct kx_keep *keep = &k->keep;
	size_t bad = 0;

	if (!choose_runs(&k->b, k->run, k->run_count, k->pages, keep))
		return false;
	for (size_t i = 0; i < keep->area_count; i++) {
		size_t len = kx_range_len(keep->area[i]);

		keep->bytes[i] = (struct kx_bytes){ kx_arena_alloc(&k->b.arena, len), len };
	}
	for (size_t i = 0; i < keep->run_count; i++)
		for (uint64_t j = 0; j < keep->run[i].pages; j++) {
			uint8_t *at = kx_keep_at(keep, keep->run[i].src_pa + j * PAGE);

			if (at)
				page_fill(at, keep->run[i].dst_pa + j * PAGE);
			bad += !at;
		}
	keep->context = (struct kx_context){
		.machine = k->b.src.machine == KX_MACHINE_ARM64 ? KX_ELF_ARM64 : KX_ELF_X86_64,
		.source = CONTEXT_SOURCE_SNAPSHOT, .filled = true, .page_size = PAGE,
		.entry_kind = k->b.src.machine == KX_MACHINE_ARM64 ? CONTEXT_ENTRY_RESUME_ARM64 :
								    CONTEXT_ENTRY_RESTORE_X86_64,
		.entry = 0x1000, .boot_cpu = 0, .release = "6.1.0",
	};
	keep->vmcoreinfo = (struct kx_bytes){ (const uint8_t *)vmcoreinfo, sizeof(vmcoreinfo) - 1 };
	keep->machine = (struct kx_bytes){ (const uint8_t *)machine, sizeof(machine) - 1 };
	keep->snapshot = (struct kx_bytes){ k->snapshot, PAGE };
	k->b.req.keep = keep;
	return CHECK_EQ_U64(bad, 0);
}

/* A machine with the pages of @r, more or less. */
static void kept_begin(struct kept *k, enum kx_machine arch, struct kx_range r, size_t max)
{
	memset(k, 0, sizeof(*k));
	begin(&k->b, arch);
	memset(k->snapshot, 0x5a, sizeof(k->snapshot));
	r.start += k->b.ram;
	r.end += k->b.ram;
	k->run = calloc(max, sizeof(*k->run));
	k->run_count = scatter(&k->b, r, k->run, max, &k->pages);
	k->b.src.core.direct_va = (struct kx_opt_u64){ true, DIRECT_VA };
	bed_initrd(&k->b, bed_bytes(&k->b, MIB(3) + 5, TEXT));
}

static void kept_end(struct kept *k)
{
	free(k->run);
	bed_deinit(&k->b);
}

/* Loaded as they are, or packed. */
static const struct kx_segment *find_core(struct kept *k)
{
	const struct kx_segment *s = kx_plan_segment(&k->b.plan, "elfcorehdr");

	return s ? s : bed_target(&k->b, "elfcorehdr");
}

/* As the next kernel sees memory: the headers, and what the areas have. */
static int read_kept(void *ctx, uint64_t off, void *to, size_t len, struct kx_err *err)
{
	struct kept *k = ctx;
	const struct kx_segment *s = find_core(k);
	const uint8_t *at = kx_keep_at(&k->keep, off);

	(void)err;
	if (at) {
		memcpy(to, at, len);
		return 0;
	}
	if (off >= s->range.start)
		off -= s->range.start;
	if (!CHECK(off <= s->buf.len && len <= s->buf.len - off))
		return -EIO;
	memcpy(to, s->buf.data + off, len);
	return 0;
}

/* Each PT_LOAD has the pages it says it has; with a note of every sort. */
static void check_core(struct kept *k)
{
	struct kx_core_file file = { .read = read_kept, .ctx = k, .len = GIB(64) };
	const struct kx_core_note *note;
	struct kx_contexts have;
	uint64_t pages = 0, images = 0, bad = 0;
	struct kx_core core;
	uint8_t page[PAGE], want[PAGE];

	if (!CHECK(kx_core_open(&file, &k->b.arena, &core, &k->b.err) == 0) ||
	    !CHECK(kx_contexts_read(&core, &k->b.arena, &have, &k->b.err) == 0)) {
		printf("# %s\n", k->b.err.text);
		return;
	}
	CHECK_EQ_U64(core.bad_count, 0);
	for (size_t i = 0; i < core.load_count; i++) {
		const struct kx_core_load *l = &core.load[i];
		bool direct = l->va == l->pa + DIRECT_VA;

		bad += l->file_len != l->mem_len || !l->mem_len || l->mem_len % PAGE;
		images += !direct;
		bad += !direct && l->va - l->pa != IMAGE_VA - MIB(32);
		for (uint64_t j = 0; j < l->mem_len; j += PAGE, pages += direct) {
			page_fill(want, l->pa + j);
			bad += kx_core_read(&core, l->pa + j, page, PAGE, &k->b.err) < 0 ||
			       memcmp(page, want, PAGE);
		}
	}
	CHECK_EQ_U64(bad, 0);
	CHECK_EQ_U64(pages, k->pages);
	CHECK(images || k->b.src.machine == KX_MACHINE_ARM64);
	CHECK_EQ_U64(core.load_count, k->keep.run_count + images);
	if (CHECK(have.has_context && have.has_map && have.has_integrity && !have.has_state)) {
		CHECK(have.context.filled && have.context.source == CONTEXT_SOURCE_SNAPSHOT);
		CHECK_EQ_U64(have.map.status, CONTEXT_FILLED);
		CHECK_EQ_U64(have.map.page_count, k->pages);
		CHECK_EQ_U64(have.map.run_count, k->keep.run_count);
		CHECK_EQ_U64(have.map.capacity, k->keep.run_count);
		CHECK_MEM(have.map.run, k->keep.run, k->keep.run_count * sizeof(*k->keep.run));
		CHECK_EQ_U64(have.integrity.chunk_count, k->keep.area_count);
	}
	for (size_t i = 0; i < have.integrity.chunk_count; i++) {
		uint8_t digest[32];

		kx_saved_digest(k->keep.bytes[i], sha256_blocks_portable, digest);
		area_is(&k->keep, i, have.integrity.chunk[i].pa.start,
			have.integrity.chunk[i].pa.end);
		CHECK_MEM(have.integrity.chunk[i].digest.data, digest, 32);
	}
	note = kx_core_note_find(&core, "KEXECJUMP", CONTEXT_NOTE_MACHINE);
	CHECK(note && note->desc.len == sizeof(machine) - 1 &&
	      !memcmp(note->desc.data, machine, note->desc.len));
	note = kx_core_note_find(&core, "KEXECJUMP", CONTEXT_NOTE_SNAPSHOT);
	CHECK(note && note->desc.len == PAGE && !memcmp(note->desc.data, k->snapshot, PAGE));
	note = kx_core_note_find(&core, "VMCOREINFO", 0);
	CHECK(note && note->desc.len == sizeof(vmcoreinfo) - 1);
}

/* What holds on either machine; then it is loaded, verified, and put back. */
static void check_plan(struct kept *k)
{
	const struct kx_plan *p = &k->b.plan;
	const struct kx_keep *keep = &k->keep;
	struct kx_range core = p->own.core;
	size_t bad = 0;
	uint8_t want[PAGE];
	char name[32];

	CHECK(p->call == KX_CALL_LOAD && !p->fallback_allowed);
	CHECK_STR(p->call_why, "--load-preserve-context needs kexec_load");
	CHECK_EQ_U64(p->flags, p->arch->kexec_arch);
	CHECK_EQ_U64(p->param.flags & (PURG_F_PRESERVE | PURG_F_STOP_CPUS), 0);
	CHECK(kx_range_empty(p->own.window) && !p->own.low_count);
	CHECK(p->stage == KX_STAGE_KERNEL && !p->staged_count);
	for (size_t i = 0; i < keep->area_count; i++) {
		const struct kx_segment *s;

		snprintf(name, sizeof(name), "kept %zu", i);
		s = bed_find(p->segment, p->segment_count, name);
		if (!CHECK(s))
			continue;
		area_is(keep, i, s->range.start, s->range.end);
		CHECK(s->kept && s->buf.data == keep->bytes[i].data);
		CHECK(!kx_range_overlaps(s->range, core));
	}
	CHECK_EQ_U64(core.start, find_core(k)->range.start);
	bed_run(&k->b);
	for (size_t i = 0; i < keep->run_count; i++)
		memcpy(bed_at(&k->b, keep->run[i].dst_pa, keep->run[i].pages * PAGE),
		       memcpy(kx_arena_alloc(&k->b.arena, keep->run[i].pages * PAGE),
			      bed_at(&k->b, keep->run[i].src_pa, keep->run[i].pages * PAGE),
			      keep->run[i].pages * PAGE), keep->run[i].pages * PAGE);
	for (size_t i = 0; i < keep->run_count; i++)
		for (uint64_t j = 0; j < keep->run[i].pages; j++) {
			page_fill(want, keep->run[i].dst_pa + j * PAGE);
			bad += memcmp(bed_at(&k->b, keep->run[i].dst_pa + j * PAGE, PAGE), want,
				      PAGE) != 0;
		}
	CHECK_EQ_U64(bad, 0);
}

static uint64_t le(const uint8_t *p, unsigned int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

/* Every byte of RAM is in one entry, and RAM only what is neither kept nor headers. */
static void check_e820(struct kept *k)
{
	const struct kx_segment *s = kx_plan_segment(&k->b.plan, "boot_params");
	const uint8_t *e = s->buf.data + 0x2d0;
	uint64_t ram_len = 0, kept_len = 0;
	size_t found = 0;

	for (size_t i = 0; i < s->buf.data[0x1e8]; i++, e += 20) {
		struct kx_range r = { le(e, 8), le(e, 8) + le(e + 8, 8) };
		bool is_ram = le(e + 16, 4) == 1;

		*(is_ram ? &ram_len : &kept_len) += kx_range_len(r);
		CHECK(is_ram || le(e + 16, 4) == 2);
		found += !is_ram && r.start == k->b.plan.own.core.start &&
			 r.end == k->b.plan.own.core.end;
		for (size_t j = 0; j < k->keep.area_count; j++) {
			CHECK(!is_ram || !kx_range_overlaps(r, k->keep.area[j]));
			found += !is_ram && r.start == k->keep.area[j].start &&
				 r.end == k->keep.area[j].end;
		}
		CHECK(!is_ram || !kx_range_overlaps(r, k->b.plan.own.core));
	}
	CHECK_EQ_U64(found, k->keep.area_count + 1);
	CHECK_EQ_U64(ram_len + kept_len, RAM_LEN + 0x9fc00);
}

/* Two areas, the one at the top with homes in it. */
static void test_plan_x86(void)
{
	struct kept k;
	char word[64];

	kept_begin(&k, KX_MACHINE_X86_64, (struct kx_range){ MIB(20), MIB(180) }, 8000);
	for (size_t i = 0; i < k.run_count; i++)
		if (k.run[i].pa > MIB(80))
			k.run[i].pa += MIB(330);
	bed_mem(&k.b, &k.b.src.iomem, MIB(500), MIB(501), KX_MEM_RESERVED, 1, "reserved");
	if (take(&k) && bed_build(&k.b)) {
		CHECK_EQ_U64(k.keep.area_count, 2);
		check_plan(&k);
		check_core(&k);
		check_e820(&k);
		snprintf(word, sizeof(word), "elfcorehdr=0x%llx quiet",
			 (unsigned long long)k.b.plan.own.core.start);
		CHECK_STR(k.b.plan.cmdline, word);
	}
	kept_end(&k);
}

static void test_plan_arm64(void)
{
	const struct kx_segment *s;
	struct kept k;
	uint64_t start, size;
	size_t found = 0;
	int len;

	kept_begin(&k, KX_MACHINE_ARM64, (struct kx_range){ MIB(20), MIB(120) }, 8000);
	bed_mem(&k.b, &k.b.src.iomem, k.b.ram + MIB(500), k.b.ram + MIB(501), KX_MEM_RESERVED, 1,
		"reserved");
	if (take(&k) && bed_build(&k.b)) {
		CHECK_EQ_U64(k.keep.area_count, 2);
		check_plan(&k);
		check_core(&k);
		s = kx_plan_segment(&k.b.plan, "dtb");
		for (int i = 0; i < fdt_num_mem_rsv(s->buf.data); i++) {
			struct kx_range r;

			CHECK(fdt_get_mem_rsv(s->buf.data, i, &start, &size) == 0);
			r = (struct kx_range){ start, start + size };
			/* The kernel reserves these itself, and not twice. */
			CHECK(!kx_range_overlaps(r, k.b.plan.own.core));
			for (size_t j = 0; j < 2; j++)
				found += r.start == k.keep.area[j].start &&
					 r.end == k.keep.area[j].end;
		}
		CHECK_EQ_U64(found, 2);
		const fdt64_t *cells = fdt_getprop(s->buf.data,
						   fdt_path_offset(s->buf.data, "/chosen"),
						   "linux,elfcorehdr", &len);
		if (CHECK(cells && len == 16)) {
			CHECK_EQ_U64(fdt64_ld(&cells[0]), k.b.plan.own.core.start);
			CHECK_EQ_U64(fdt64_ld(&cells[1]), kx_range_len(k.b.plan.own.core));
		}
		CHECK_STR(k.b.plan.cmdline, "quiet");
	}
	kept_end(&k);
}

/* The others are packed, or not; what is kept is never. */
static void test_pack(void)
{
	struct kept k;

	kept_begin(&k, KX_MACHINE_X86_64, (struct kx_range){ MIB(20), MIB(100) }, 8000);
	k.b.req.pack = KX_PACK_LZ4;
	if (take(&k) && bed_build(&k.b)) {
		CHECK(bed_target(&k.b, "initrd"));
		for (size_t i = 0; i < k.b.plan.target_count; i++)
			CHECK(strncmp(k.b.plan.target[i].name, "kept", 4));
		check_plan(&k);
		check_core(&k);
	}
	kept_end(&k);
}

static void fill_runs(struct kept *k, struct context_run *run, size_t n)
{
	for (size_t i = 0; i < n; i++)
		run[i] = (struct context_run){
			MIB(16) + 2 * i * PAGE, k->keep.area[0].start + i % 16 * PAGE,
			i % 100 == 7 ? 2 : 1,
		};
	k->keep.run = run;
	k->keep.run_count = n;
}

/* Runs that no machine of 512 MiB has: only headers are made of them. */
static void test_limits(void)
{
	enum { MORE = 174760 };
	struct context_run *run = calloc(MORE, sizeof(*run));
	const struct kx_segment *s;
	struct kx_core core;
	struct kept k;
	size_t twos = 0;

	kept_begin(&k, KX_MACHINE_X86_64, (struct kx_range){ MIB(20), MIB(100) }, 100);
	if (take(&k)) {
		struct kx_core_file file = { .read = read_kept, .ctx = &k, .len = GIB(64) };

		k.keep.vmcoreinfo = KX_BYTES_NONE;
		fill_runs(&k, run, MORE - 1);
		if (bed_build(&k.b)) {
			s = kx_plan_segment(&k.b.plan, "elfcorehdr");
			/* ELF: at most 0xfffe program headers. */
			CHECK_EQ_U64(le(s->buf.data + 56, 2), 0xfffe);
			CHECK(bed_noted(&k.b, "/proc/vmcore: the 109227 shortest of 174759 runs"));
			CHECK_EQ_U64(le(s->buf.data + 64 + 56 + 32, 8), 4 << 20);
			CHECK(kx_core_open(&file, &k.b.arena, &core, &k.b.err) == 0);
			CHECK_EQ_U64(core.load_count, 65532);
			for (size_t i = 0; i < core.load_count; i++)
				twos += core.load[i].mem_len == 2 * PAGE;
			CHECK_EQ_U64(twos, 1748);
		}
		fill_runs(&k, run, MORE);
		bed_fails(&k.b, E2BIG,
			  "this kernel's memory is in too many pieces to be kept: 174760 runs of pages, and the map of a core has room for 174759");
	}
	kept_end(&k);
	free(run);
}

/* Before the snapshot is taken. */
static void test_guess(void)
{
	const struct kx_segment *s;
	struct kx_keep keep;
	struct kx_text t;
	struct bed b;

	begin(&b, KX_MACHINE_X86_64);
	bed_initrd(&b, bed_bytes(&b, MIB(3), TEXT));
	b.req.context_why = "this kernel cannot jump";
	if (choose(&b, MIB(100) / PAGE, &keep)) {
		b.req.keep = &keep;
		if (bed_build(&b)) {
			s = kx_plan_segment(&b.plan, "kept 0");
			CHECK(s && !s->buf.len && kx_range_len(s->range) == MIB(100));
			s = kx_plan_segment(&b.plan, "elfcorehdr");
			CHECK(s && !s->buf.len && kx_range_len(s->range) > 0x10000);
			kx_text_init(&t, &b.arena);
			kx_plan_print_text(&b.plan, &t);
			CHECK(strstr(t.p, "comes back   snapshot: this kernel cannot jump\n"));
			CHECK(strstr(t.p, "kept         about 25600 pages in 1 area, 100 MiB together\n"));
			kx_text_init(&t, &b.arena);
			kx_plan_print_json(&b.plan, &t);
			CHECK(strstr(t.p, "\"chosen\": \"snapshot\""));
			CHECK(strstr(t.p, "\"taken\": false"));
			CHECK(strstr(t.p, "\"pages\": 25600"));
			kx_text_init(&t, &b.arena);
			kx_plan_print_svg(&b.plan, &t);
			CHECK(strstr(t.p, "kept 0"));
		}
	}
	bed_deinit(&b);
}

static void test_refusals(void)
{
	struct kept k;

	kept_begin(&k, KX_MACHINE_X86_64, (struct kx_range){ MIB(20), MIB(100) }, 100);
	bed_fails(&k.b, EINVAL, "--context=snapshot: nothing says what is kept");
	if (!take(&k)) {
		kept_end(&k);
		return;
	}
	k.b.req.window_size = MIB(128);
	bed_fails(&k.b, EINVAL,
		  "--window is for --context=jump: a kernel that is kept in memory leaves the next one all the rest");
	k.b.req.window_size = 0;
	k.b.req.stage = KX_STAGE_CRASHKERNEL;
	bed_fails(&k.b, EINVAL,
		  "--stage=crashkernel: not with --load-preserve-context, which keeps this kernel in areas of its own");
	k.b.req.stage = KX_STAGE_AUTO;
	k.b.req.call = KX_CALL_FILE;
	bed_fails(&k.b, EINVAL,
		  "--load-preserve-context works with kexec_load only, and -s asks for kexec_file_load");
	k.b.req.call = KX_CALL_AUTO;
	k.keep.bytes[0].len -= PAGE;
	bed_fails(&k.b, EINVAL, "kept 0: expected 0x1d0000 bytes, have 0x1cf000");
	k.keep.bytes[0].len += PAGE;
	/* Something is there now that was not when they were chosen. */
	bed_mem(&k.b, &k.b.src.iomem, MIB(512), MIB(513), KX_MEM_RESERVED, 1, "newcomer");
	bed_fails(&k.b, ENOSPC, "kept 0: must be at [0x1ff30000-0x20100000), where newcomer is");
	kept_end(&k);
}

TEST_MAIN(
	{ "areas: from the top down", test_areas },
	{ "areas: not over LPI tables", test_lpi_tables },
	{ "areas: above 4 GiB first", test_high_first },
	{ "areas: eight of many pieces", test_fragmented },
	{ "areas: what the next kernel needs", test_rest },
	{ "pages: there and back", test_places },
	{ "pages: by number", test_places_by_number },
	{ "pages: a million runs", test_million },
	{ "plan: x86_64", test_plan_x86 },
	{ "plan: arm64", test_plan_arm64 },
	{ "plan: others are packed", test_pack },
	{ "plan: more runs than a core has room for", test_limits },
	{ "plan: before the snapshot", test_guess },
	{ "plan: refusals", test_refusals }
)
