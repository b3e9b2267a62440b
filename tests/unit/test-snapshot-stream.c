// SPDX-License-Identifier: GPL-2.0-only
/* kexec/lib/snapshot-stream.c: what /dev/snapshot gives, and what it never should. */
#include <errno.h>

#include "kx/snapshot-stream.h"
#include "snapshot-forge.h"
#include "test.h"

#define RUNS	16u
#define FULL	(SNAPSHOT_PAGE / 8)

static struct kx_bytes page(const struct forge *f, size_t i)
{
	return (struct kx_bytes){ f->p + i * SNAPSHOT_PAGE, SNAPSHOT_PAGE };
}

/* ---- the first page ---------------------------------------------------------------- */

static void test_head_x86(void)
{
	struct kx_snapshot_head h = { 0 };
	struct forge f = FORGE_NONE;

	snapshot_head(&f, KX_ELF_X86_64, 3, 1000);
	CHECK(kx_snapshot_head_parse(page(&f, 0), KX_ELF_X86_64, &h, NULL) == 0);
	CHECK_EQ_U64(h.page_size, 4096);
	CHECK_EQ_U64(h.physpages, 0x40000);
	CHECK_EQ_U64(h.cpus, 2);
	CHECK_EQ_U64(h.pages, 1004);
	CHECK_EQ_U64(h.frame_pages, 3);
	CHECK_EQ_U64(h.data_pages, 1000);
	CHECK_EQ_U64(h.jump_va, 0xffffffff9b401000);
	CHECK_EQ_U64(h.jump_pa, 0x2b401000);
	CHECK_EQ_U64(h.cr3, 0x2d00a000);
	forge_free(&f);
}

static void test_head_arm64(void)
{
	struct kx_snapshot_head h = { 0 };
	struct forge f = FORGE_NONE;

	snapshot_head(&f, KX_ELF_ARM64, 1, 0);
	CHECK(kx_snapshot_head_parse(page(&f, 0), KX_ELF_ARM64, &h, NULL) == 0);
	CHECK_EQ_U64(h.mpidr, 0x100);
	CHECK_EQ_U64(h.frame_pages, 1);
	CHECK_EQ_U64(h.data_pages, 0);
	forge_free(&f);
}

static void test_head_bad(void)
{
	static const struct {
		uint16_t machine;
		size_t off;
		uint64_t value;
		const char *why;
	} rows[] = {
		{ KX_ELF_X86_64, 24, 0x123456789abcdef0, "snapshot: head: magic: expected "
		  "0x23456789abcdef02, have 0x123456789abcdef0" },
		{ KX_ELF_X86_64, 8, 0, "snapshot: head: jump address: expected a physical one for "
		  "0xffffffff9b401000, have 0x0" },
		{ KX_ELF_X86_64, 8, 0x2b402000, "snapshot: head: jump address: expected a physical"
		  " one for 0xffffffff9b401000, have 0x2b402000" },
		{ KX_ELF_X86_64, 8, 0x1000000b401000, "snapshot: head: jump address: expected a "
		  "physical one for 0xffffffff9b401000, have 0x1000000b401000" },
		{ KX_ELF_X86_64, 16, 0x2d00a001, "snapshot: head: CR3: expected a page, have "
		  "0x2d00a001" },
		{ KX_ELF_ARM64, 96, 0x80000100, "snapshot: head: MPIDR: expected affinity fields "
		  "only, have 0x80000100" },
		{ KX_ELF_ARM64, 432, 4096, "snapshot: head: size: expected 0xc pages of 0x1000 "
		  "bytes, have 0x1000 bytes" },
		{ KX_ELF_ARM64, 424, 1ull << 61, "snapshot: head: size: expected 0x2000000000000000"
		  " pages of 0x1000 bytes, have 0xc000 bytes" },
		{ KX_ELF_ARM64, 416, 11, "snapshot: head: pages: expected more than the 0xb of data"
		  " and two, have 0xc" },
		{ KX_ELF_ARM64, 416, UINT64_MAX, "snapshot: head: pages: expected more than the "
		  "0xffffffffffffffff of data and two, have 0xc" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kx_snapshot_head h = { .pages = 77 };
		struct kx_err err = { 0 };
		struct forge f = FORGE_NONE;

		snapshot_head(&f, rows[i].machine, 1, 10);
		kx_put_le64(f.p + rows[i].off, rows[i].value);
		CHECK(kx_snapshot_head_parse(page(&f, 0), rows[i].machine, &h, &err) == -ENOEXEC);
		CHECK_STR(err.text, rows[i].why);
		CHECK_EQ_U64(h.pages, 77);
		forge_free(&f);
	}
}

static void test_head_length(void)
{
	static const size_t lens[] = { 0, 8, 2048, 5000, 131072 };
	static uint8_t bytes[131072];
	struct kx_snapshot_head h;

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		CHECK(kx_snapshot_head_parse((struct kx_bytes){ bytes, lens[i] }, KX_ELF_ARM64, &h,
					     NULL) == -ENOEXEC);
}

/* ---- frame numbers -------------------------------------------------------------------- */

struct bed {
	struct forge f;
	struct kx_snapshot_head head;
	struct kx_snapshot_run run[RUNS];
	struct kx_snapshot_frames frames;
};

static void bed_init(struct bed *t, uint64_t frame_pages, uint64_t data_pages)
{
	*t = (struct bed){ .f = FORGE_NONE };
	t->head = (struct kx_snapshot_head){
		.page_size = SNAPSHOT_PAGE, .frame_pages = frame_pages, .data_pages = data_pages,
	};
	kx_snapshot_frames_init(&t->frames, &t->head, t->run, RUNS);
}

static int bed_add(struct bed *t, const uint64_t *frame, size_t n, struct kx_err *err)
{
	size_t i = t->f.len / SNAPSHOT_PAGE;

	snapshot_frames(&t->f, frame, n);
	return kx_snapshot_frames_add(&t->frames, page(&t->f, i), err);
}

static void test_frames(void)
{
	static const uint64_t frames[] = {
		0x40000, 0x40001, 0x40002 | SNAPSHOT_ZERO, 0x40003 | SNAPSHOT_ZERO, 0x40004, 0x50000,
	};
	struct bed t;

	bed_init(&t, 1, 4);
	CHECK(bed_add(&t, frames, 6, NULL) == 0);
	CHECK(kx_snapshot_frames_end(&t.frames, NULL) == 0);
	CHECK_EQ_U64(t.frames.n, 4);
	CHECK_EQ_U64(t.frames.frames, 6);
	CHECK_EQ_U64(t.frames.zeros, 2);
	CHECK_EQ_U64(t.run[0].pa, 0x40000000);
	CHECK_EQ_U64(t.run[0].pages, 2);
	CHECK_EQ_U64(t.run[0].zero, 0);
	CHECK_EQ_U64(t.run[1].pa, 0x40002000);
	CHECK_EQ_U64(t.run[1].pages, 2);
	CHECK_EQ_U64(t.run[1].zero, 1);
	CHECK_EQ_U64(t.run[2].pa, 0x40004000);
	CHECK_EQ_U64(t.run[3].pa, 0x50000000);
	forge_free(&t.f);
}

/* Two pages, the last without an end: there is no room for it. */
static void test_frames_full(void)
{
	uint64_t frames[FULL];
	struct bed t;

	bed_init(&t, 2, 2 * FULL);
	for (size_t i = 0; i < FULL; i++)
		frames[i] = i;
	CHECK(bed_add(&t, frames, FULL, NULL) == 0);
	for (size_t i = 0; i < FULL; i++)
		frames[i] = FULL + i;
	CHECK(bed_add(&t, frames, FULL, NULL) == 0);
	CHECK(kx_snapshot_frames_end(&t.frames, NULL) == 0);
	CHECK_EQ_U64(t.frames.n, 1);
	CHECK_EQ_U64(t.run[0].pages, 2 * FULL);
	forge_free(&t.f);
}

static void test_frames_bad(void)
{
	static const struct {
		uint64_t frame[3];
		size_t n;
		const char *why;
	} rows[] = {
		{ { 5, 5 }, 2, "snapshot: frames, page 0: expected frames to ascend, have address "
		  "0x5000 behind 0x6000" },
		{ { 5, 4 | SNAPSHOT_ZERO }, 2, "snapshot: frames, page 0: expected frames to ascend,"
		  " have address 0x4000 behind 0x6000" },
		{ { 1ull << 40 }, 1, "snapshot: frames, page 0: expected a page frame number, have "
		  "0x10000000000" },
		{ { 1, SNAPSHOT_END, 2 }, 3, "snapshot: frames, page 0: expected zeros behind the "
		  "last frame, have 0x2" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kx_err err = { 0 };
		struct bed t;

		bed_init(&t, 1, 2);
		CHECK(bed_add(&t, rows[i].frame, rows[i].n, &err) == -ENOEXEC);
		CHECK_STR(err.text, rows[i].why);
		forge_free(&t.f);
	}
}

static void test_frames_count(void)
{
	static const uint64_t frames[] = { 1, 2, 3 | SNAPSHOT_ZERO };
	struct kx_err err = { 0 };
	struct bed t;

	bed_init(&t, 2, 3);
	CHECK(bed_add(&t, frames, 3, NULL) == 0);
	CHECK(kx_snapshot_frames_end(&t.frames, &err) == -ENOEXEC);
	CHECK_STR(err.text, "snapshot: frames: expected 2 pages, have 1");
	CHECK(bed_add(&t, frames, 0, &err) == -ENOEXEC);
	CHECK_STR(err.text, "snapshot: frames, page 1: expected no page behind the last frame, have "
		  "one");
	t.head.frame_pages = 1;
	CHECK(kx_snapshot_frames_end(&t.frames, &err) == -ENOEXEC);
	CHECK_STR(err.text, "snapshot: frames: expected 3 that have data, have 2");
	CHECK(kx_snapshot_frames_add(&t.frames, (struct kx_bytes){ t.f.p, 8 }, &err) == -ENOEXEC);
	forge_free(&t.f);
}

static void test_frames_room(void)
{
	uint64_t frames[RUNS + 1];
	struct kx_err err = { 0 };
	struct bed t;

	bed_init(&t, 1, RUNS + 1);
	for (size_t i = 0; i <= RUNS; i++)
		frames[i] = 2 * i;
	CHECK(bed_add(&t, frames, RUNS + 1, &err) == -E2BIG);
	CHECK_STR(err.text, "snapshot: frames, page 0: expected at most 16 runs of frames, have more");
	forge_free(&t.f);
}

TEST_MAIN(
	{ "the head of x86_64", test_head_x86 },
	{ "the head of arm64", test_head_arm64 },
	{ "heads that contradict themselves", test_head_bad },
	{ "heads that are no page", test_head_length },
	{ "runs of frames", test_frames },
	{ "frames that fill their pages", test_frames_full },
	{ "malformed frames", test_frames_bad },
	{ "too many frames, and too few", test_frames_count },
	{ "more runs than there is room for", test_frames_room },
)
