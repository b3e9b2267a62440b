/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kexec/lib/context-kept.c: the notes of a kernel that is kept in memory, and every
 * map that would put a page where it does not belong.
 */
#include <errno.h>

#include "kept-forge.h"
#include "kx/keep.h"
#include "kx/saved.h"
#include "test.h"

struct bed {
	struct kept_forge k;
	struct kx_bytes bytes;
	struct kx_arena arena;
	struct kx_core core;
	struct kx_contexts notes;
	struct kx_saved kept;
	struct kx_err err;
};

static void begin(struct bed *b, uint16_t machine)
{
	*b = (struct bed){ .k = { .machine = machine } };
	kx_arena_init(&b->arena);
}

static void end(struct bed *b)
{
	kept_free(&b->k);
	kx_arena_deinit(&b->arena);
}

/* The descriptor of our note of @type. */
static uint8_t *desc(struct bed *b, uint32_t type)
{
	for (size_t i = b->k.notes_off; i + 12 < b->k.f.len; i++)
		if (!memcmp(b->k.f.p + i, "KEXECJUMP", 10) && b->k.f.p[i - 4] == (uint8_t)type)
			return b->k.f.p + i + 12;
	abort();
}

static int open_core(struct bed *b)
{
	static struct kx_core_file file;

	b->bytes = (struct kx_bytes){ b->k.f.p, b->k.f.len };
	file = core_file(&b->bytes);
	/* The memory is in no test's file. */
	if (!CHECK(kx_core_open(&file, &b->arena, &b->core, &b->err) == 0) ||
	    !CHECK(kx_contexts_read(&b->core, &b->arena, &b->notes, &b->err) == 0)) {
		printf("# %s\n", b->err.text);
		return -1;
	}
	return 0;
}

static int read_kept(struct bed *b)
{
	if (!b->k.f.len)
		kept_build(&b->k);
	return open_core(b) < 0 ? 1 : kx_saved_kept(&b->core, &b->notes, &b->arena, &b->kept, &b->err);
}

static void test_read(void)
{
	for (int arm64 = 0; arm64 < 2; arm64++) {
		const struct kx_saved *s;
		struct bed b;

		begin(&b, arm64 ? 183 : 62);
		b.k.machine_text = "la57=1\n";
		s = &b.kept;
		if (!CHECK(read_kept(&b) == 0)) {
			printf("# %s\n", b.err.text);
			end(&b);
			continue;
		}
		CHECK_EQ_U64(s->head.record_count, 3);
		CHECK_EQ_U64(s->head.page_count, 32);
		CHECK_EQ_U64(s->head.codec, KX_SAVED_RAW);
		/* By their homes. */
		CHECK_EQ_U64(s->record[1].pa, 0x2000000);
		CHECK_EQ_U64(s->record[1].pages, 16);
		CHECK_EQ_U64(s->kept_pa[1], 0x4100000);
		CHECK_EQ_U64(s->kept_pa[2], s->record[2].pa);
		CHECK_EQ_U64(s->kept_area_count, 2);
		CHECK_EQ_U64(s->kept_area[1].end, 0x4110000);
		CHECK(s->kept_sha256 && s->kept_sha256[1][31] == 0x11);
		CHECK_EQ_U64(s->contexts.context.entry, 0x800040);
		CHECK_EQ_U64(s->machine.len, 7);
		/* Nothing is read through this map. */
		CHECK(!kx_contexts_map(&b.notes));
		end(&b);
	}
}

/* Without INTEGRITY: what the pages lie in, in whole areas. */
static void test_derived(void)
{
	static const struct kept_run runs[] = {
		{ 0x800000, 0x4003000, 2 }, { 0x900000, 0x4011000, 1 }, { 0xa00000, 0x4100000, 1 },
	};
	struct bed b;

	begin(&b, 183);
	b.k.no_integrity = 1;
	b.k.runs = runs;
	b.k.run_rows = 3;
	if (CHECK(read_kept(&b) == 0)) {
		CHECK_EQ_U64(b.kept.kept_area_count, 2);
		CHECK_EQ_U64(b.kept.kept_area[0].start, 0x4000000);
		CHECK_EQ_U64(b.kept.kept_area[0].end, 0x4020000);
		CHECK(!b.kept.kept_sha256);
	}
	end(&b);
}

/* More pages than a record counts. */
static void test_long_run(void)
{
	static const struct kept_run runs[] = { { 0x100000000000, 0x100000000000, 5ull << 30 } };
	static const struct kept_area areas[] = {
		{ .start = 0x100000000000, .end = 0x100000000000 + (5ull << 42) },
	};
	struct bed b;

	begin(&b, 183);
	b.k.runs = runs;
	b.k.run_rows = 1;
	b.k.areas = areas;
	b.k.area_rows = 1;
	if (CHECK(read_kept(&b) == 0)) {
		uint64_t pages = 0;

		for (size_t i = 0; i < b.kept.head.record_count; i++) {
			CHECK_EQ_U64(b.kept.record[i].pa, runs[0].home + pages * 4096);
			CHECK_EQ_U64(b.kept.kept_pa[i], b.kept.record[i].pa);
			pages += b.kept.record[i].pages;
		}
		CHECK_EQ_U64(b.kept.head.record_count, 3);
		CHECK_EQ_U64(pages, 5ull << 30);
	}
	end(&b);
}

static void fails(struct bed *b, int code, const char *what)
{
	CHECK_EQ_U64((uint64_t)-read_kept(b), (uint64_t)code);
	if (!CHECK(strstr(b->err.text, what)))
		printf("# have: %s\n", b->err.text);
	CHECK(!b->kept.kept_pa);
	end(b);
}

/* A field of a note. */
static void test_fields(void)
{
	static const struct {
		uint8_t type;
		size_t off;
		uint32_t value;
		int code;
		const char *what;
	} rows[] = {
		{ 1, 8, 1, ENOENT, "no note of a kernel that is kept in memory" },
		{ 1, 12, 0, ENOEXEC, "CONTEXT: entry kind: expected 2 or 3" },
		{ 1, 12, 1, ENOEXEC, "CONTEXT: entry kind: expected 2 or 3" },
		{ 1, 16, 0, ENOEXEC, "CONTEXT: entry: expected an address, have none" },
		{ 1, 24, 0, ENOEXEC, "CONTEXT: entry: expected an address, have none" },
		{ 1, 88, 0x4000, ENOEXEC, "MAP: page size: expected the kernel's, 0x4000, have 0x1000" },
		{ 3, 4, 2, ENOEXEC, "MAP: status: expected 1, have 2" },
		{ 4, 4, 2, EOPNOTSUPP, "INTEGRITY: digest: expected 1 (SHA-256), have 2" },
		{ 4, 8, 0, ENOEXEC, "INTEGRITY: chunk count: expected 1 to 8 areas, have 0" },
		{ 4, 16, 0x4000100, ENOEXEC, "INTEGRITY: chunk 0: expected a whole area" },
		{ 4, 24, 0x8000, ENOEXEC, "INTEGRITY: chunk 0: expected a whole area" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bed b;

		begin(&b, 62);
		kept_build(&b.k);
		kx_put_le32(desc(&b, rows[i].type) + rows[i].off, rows[i].value);
		fails(&b, rows[i].code, rows[i].what);
	}
}

static void test_elf_machine(void)
{
	struct bed b;

	begin(&b, 62);
	kept_build(&b.k);
	kx_put_le16(b.k.f.p + 18, 183);
	fails(&b, ENOEXEC, "CONTEXT: machine: expected that of the ELF header, 183, have 62");
}

static void test_no_map(void)
{
	struct bed b;

	begin(&b, 62);
	kept_build(&b.k);
	/* Another type: it is passed over. */
	desc(&b, 3)[-16] = 0x77;
	fails(&b, ENOEXEC, "expected a note KEXECJUMP MAP, have none");

	begin(&b, 62);
	b.k.runs = kept_runs;
	b.k.entry = 0x1000;
	fails(&b, ENOEXEC, "MAP: run count: expected 1 or more, have 0");
}

/* Maps that purgatory must not obey. */
static void test_hostile(void)
{
	static const struct {
		struct kept_run run[2];
		const char *what;
	} rows[] = {
		/* Kept in no area, in one in part, over two that are not neighbours. */
		{ { { 0x800000, 0x3000000, 1 }, { 0x900000, 0x4000000, 1 } }, "to be in an area" },
		{ { { 0x800000, 0x400f000, 2 }, { 0x900000, 0x4000000, 1 } }, "to be in an area" },
		{ { { 0x800000, 0x4000000, 0x110 }, { 0xa00000, 0x4100000, 1 } }, "to be in an area" },
		/* Two pages in one place. */
		{ { { 0x800000, 0x4000000, 4 }, { 0x900000, 0x4003000, 1 } }, "expected one page at 0x4003000" },
		{ { { 0x800000, 0x4002000, 1 }, { 0x4002000, 0x4002000, 1 } }, "expected one page at 0x4002000" },
		/* In a place that is another's home, or is nobody's but in an area. */
		{ { { 0x800000, 0x4002000, 1 }, { 0x4002000, 0x4003000, 1 } }, "whose home is in an area" },
		{ { { 0x4005000, 0x4006000, 2 }, { 0x900000, 0x4000000, 1 } }, "whose home is in an area" },
		{ { { 0x3fff000, 0x4004000, 2 }, { 0x900000, 0x4000000, 1 } }, "whose home is in an area" },
		/* At home, and in no area. */
		{ { { 0x800000, 0x800000, 1 }, { 0x900000, 0x4000000, 1 } }, "to be in an area" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bed b;

		begin(&b, 183);
		b.k.runs = rows[i].run;
		b.k.run_rows = 2;
		fails(&b, ENOEXEC, rows[i].what);
	}
}

static void test_too_many_areas(void)
{
	struct kept_run runs[KX_KEEP_AREAS_MAX + 1];
	struct kept_area areas[KX_KEEP_AREAS_MAX + 1];
	struct bed b;

	for (size_t i = 0; i < KX_KEEP_AREAS_MAX + 1; i++) {
		uint64_t at = 0x4000000 + i * 0x100000;

		runs[i] = (struct kept_run){ 0x100000 + i * 0x1000, at, 1 };
		areas[i] = (struct kept_area){ .start = at, .end = at + 0x10000 };
	}
	begin(&b, 183);
	b.k.runs = runs;
	b.k.areas = areas;
	b.k.run_rows = b.k.area_rows = KX_KEEP_AREAS_MAX + 1;
	fails(&b, ENOEXEC, "expected 1 to 8 areas, have 9");

	begin(&b, 183);
	b.k.runs = runs;
	b.k.run_rows = KX_KEEP_AREAS_MAX + 1;
	b.k.no_integrity = 1;
	fails(&b, ENOEXEC, "expected pages in at most 8 areas, have more");
}

TEST_MAIN({ "what the notes say", test_read },
	  { "areas without a note", test_derived },
	  { "a run that is longer than a record", test_long_run },
	  { "malformed notes", test_fields },
	  { "another machine's ELF header", test_elf_machine },
	  { "no map", test_no_map },
	  { "maps that are not obeyed", test_hostile },
	  { "too many areas", test_too_many_areas })
