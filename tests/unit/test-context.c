// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec/lib/{context,context-map}.c: the KEXECJUMP notes, sound and damaged, and
 * memory read through the backup map.
 */
#include <errno.h>

#include "core-forge.h"
#include "kx/context.h"
#include "test.h"

static void put(uint8_t *p, unsigned int width, uint64_t value)
{
	for (unsigned int i = 0; i < width; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

/* ---- sound ------------------------------------------------------------------------ */

static void check_contexts(const struct kx_contexts *n)
{
	CHECK(n->has_context && n->has_state && n->has_map && n->has_integrity);
	CHECK_EQ_U64(n->context.machine, 62);
	CHECK_EQ_U64(n->context.source, CONTEXT_SOURCE_JUMP);
	CHECK_EQ_U64(n->context.entry_kind, CONTEXT_ENTRY_JUMP_X86_64);
	CHECK(n->context.filled);
	CHECK_EQ_U64(n->context.entry, 0x1234060);
	CHECK_EQ_U64(n->context.value[0], 0x77);
	CHECK_EQ_U64(n->context.boot_cpu, 5);
	CHECK_EQ_U64(n->context.window.start, 0x5000);
	CHECK_EQ_U64(n->context.window.end, 0x7000);
	CHECK_EQ_U64(n->context.boot_id[15], 16);
	CHECK_EQ_U64(n->context.ram_map[31], 0xab);
	CHECK_STR(n->context.release, "6.1.0-test");

	CHECK_EQ_U64(n->state.sp, 0x1000);
	CHECK_EQ_U64(n->state.list_head, 0x7000);
	CHECK_EQ_U64(n->state.efer, 0xb000);

	CHECK_EQ_U64(n->map.status, CONTEXT_FILLED);
	CHECK_EQ_U64(n->map.capacity, 3);
	CHECK_EQ_U64(n->map.list_head, 0x2002);
	if (CHECK_EQ_U64(n->map.run_count, 2)) {
		CHECK_EQ_U64(n->map.run[0].dst_pa, 0x5000);	/* sorted */
		CHECK_EQ_U64(n->map.run[1].src_pa, 0x9000);
	}
	if (CHECK_EQ_U64(n->integrity.chunk_count, 2)) {
		CHECK_EQ_U64(n->integrity.chunk[1].pa.end, 0xa000);
		CHECK_EQ_U64(n->integrity.chunk[1].digest.len, 32);
		CHECK_EQ_U64(n->integrity.chunk[1].digest.data[31], 0x22);
	}
}

struct bed {
	struct forge f;
	struct kx_bytes b;
	struct kx_arena arena;
	struct kx_core core;
	struct kx_contexts notes;
	struct kx_err err;
};

static int bed_open(struct bed *t)
{
	struct kx_core_file file;

	t->b = forge_bytes(&t->f);
	file = core_file(&t->b);
	return kx_core_open(&file, &t->arena, &t->core, NULL);
}

static void bed_init(struct bed *t)
{
	memset(t, 0, sizeof(*t));
	kx_arena_init(&t->arena);
	core_build(&t->f);
	CHECK(bed_open(t) == 0);
}

static void bed_deinit(struct bed *t)
{
	kx_arena_deinit(&t->arena);
	forge_free(&t->f);
}

static void test_read_all(void)
{
	struct bed t;

	bed_init(&t);
	if (CHECK(kx_contexts_read(&t.core, &t.arena, &t.notes, NULL) == 0))
		check_contexts(&t.notes);
	bed_deinit(&t);
}

/* Somebody else's notes, and ours from later, are passed over. */
static void test_foreign(void)
{
	struct bed t;

	bed_init(&t);
	t.core.note[3].name = "KEXEC";
	t.core.note[4].type = 0x4b4a0009;
	CHECK(kx_contexts_read(&t.core, &t.arena, &t.notes, NULL) == 0);
	CHECK(!t.notes.has_context && !t.notes.has_state && t.notes.has_map);
	bed_deinit(&t);
}

static void test_twice(void)
{
	struct bed t;

	bed_init(&t);
	t.core.note[2] = t.core.note[3];
	CHECK(kx_contexts_read(&t.core, &t.arena, &t.notes, &t.err) == -ENOEXEC);
	CHECK_STR(t.err.text, "offset 0x1398: note KEXECJUMP CONTEXT: expected one such note, have"
		  " a second");
	bed_deinit(&t);
}

/* What is built is what the document says, and is read back. */
static void test_build(void)
{
	struct kx_context c = {
		.machine = 62, .source = CONTEXT_SOURCE_JUMP, .filled = true,
		.entry_kind = CONTEXT_ENTRY_JUMP_X86_64, .entry = 0x1234060, .value = { 0x77 },
		.boot_cpu = 5, .page_size = 0x1000, .window = { 0x5000, 0x7000 },
		.boot_id = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
		.release = "6.1.0-test",
	};
	struct forge note = FORGE_NONE;
	uint8_t built[KX_CONTEXT_NOTE_LEN(KX_CONTEXT_LEN)];

	memset(c.ram_map, 0xab, sizeof(c.ram_map));
	core_our_note(&note, CONTEXT_NOTE_CONTEXT, core_context);
	memset(built, 0xee, sizeof(built));
	kx_context_note_build(built, CONTEXT_NOTE_CONTEXT, KX_CONTEXT_LEN);
	kx_context_build(&c, built + CONTEXT_NOTE_DESC);
	if (CHECK_EQ_U64(note.len, sizeof(built)))
		CHECK_MEM(note.p, built, sizeof(built));
	forge_free(&note);
}

static void test_blank(void)
{
	uint8_t state[KX_CONTEXT_STATE_LEN] = { 0 };
	uint8_t map[KX_CONTEXT_MAP_LEN + 2 * KX_CONTEXT_RUN_LEN] = { 0 };
	struct kx_context_map m;
	struct context_state s;

	kx_context_state_blank(state);
	CHECK(kx_context_state_parse((struct kx_bytes){ state, sizeof(state) }, &s, NULL) == 0);
	CHECK_EQ_U64(s.status, CONTEXT_BLANK);
	kx_context_map_blank(map, 0x1000);
	CHECK(kx_context_map_parse((struct kx_bytes){ map, sizeof(map) }, NULL, &m, NULL) == 0);
	CHECK_EQ_U64(m.status, CONTEXT_BLANK);
	CHECK_EQ_U64(m.run_count, 0);
	CHECK_EQ_U64(m.capacity, 2);
	/* Purgatory gave up, and said so. */
	put(map + 4, 4, CONTEXT_UNKNOWN);
	CHECK(kx_context_map_parse((struct kx_bytes){ map, sizeof(map) }, NULL, &m, NULL) == 0);
	CHECK_EQ_U64(m.status, CONTEXT_UNKNOWN);
}

/* ---- malformed ------------------------------------------------------------------- */

struct row {
	size_t off;
	unsigned int width;
	uint64_t value;
	size_t len;		/* 0: as it is */
	int code;
	const char *message;
};

typedef int parse_fn(struct kx_bytes b, struct kx_arena *a, struct kx_err *err);

static int parse_context(struct kx_bytes b, struct kx_arena *a, struct kx_err *err)
{
	struct kx_context c;

	(void)a;
	return kx_context_parse(b, &c, err);
}

static int parse_state(struct kx_bytes b, struct kx_arena *a, struct kx_err *err)
{
	struct context_state s;

	(void)a;
	return kx_context_state_parse(b, &s, err);
}

static int parse_map(struct kx_bytes b, struct kx_arena *a, struct kx_err *err)
{
	struct kx_context_map m;

	return kx_context_map_parse(b, a, &m, err);
}

static int parse_integrity(struct kx_bytes b, struct kx_arena *a, struct kx_err *err)
{
	struct kx_context_integrity g;

	return kx_context_integrity_parse(b, a, &g, err);
}

static void check_rows(void (*make)(struct forge *f), parse_fn *parse, const struct row *rows,
		       size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct kx_err err = { 0 };
		struct forge f = FORGE_NONE;
		struct kx_arena a;
		uint8_t *copy;
		size_t len;
		int r;

		kx_arena_init(&a);
		make(&f);
		put(f.p + rows[i].off, rows[i].width, rows[i].value);
		len = rows[i].len ? rows[i].len : f.len;
		copy = malloc(len);
		memcpy(copy, f.p, len);
		r = parse((struct kx_bytes){ copy, len }, &a, &err);
		if (!CHECK(r == -rows[i].code) || !CHECK_STR(err.text, rows[i].message))
			printf("# row %zu (returned %d)\n", i, r);
		free(copy);
		forge_free(&f);
		kx_arena_deinit(&a);
	}
}

#define ROWS(make, parse, ...)							\
	do {									\
		static const struct row rows[] = { __VA_ARGS__ };		\
		check_rows(make, parse, rows, sizeof(rows) / sizeof(rows[0]));	\
	} while (0)

static void test_bad_context(void)
{
	ROWS(core_context, parse_context,
	{ 0, 0, 0, 255, ENOEXEC, "descsz: expected at least 256, have 255" },
	{ 0, 4, 2, 0, EOPNOTSUPP, "version: expected 1, have 2" },
	{ 4, 4, 3, 0, ENOEXEC, "machine: expected 62 (x86_64) or 183 (arm64), have 3" },
	{ 4, 4, 183, 0, ENOEXEC,
	  "entry kind: expected one for machine 183, have 1, for machine 62" },
	{ 8, 4, 3, 0, EOPNOTSUPP, "source: expected 1 (jump) or 2 (snapshot), have 3" },
	{ 8, 4, 0, 0, EOPNOTSUPP, "source: expected 1 (jump) or 2 (snapshot), have 0" },
	{ 12, 4, 4, 0, EOPNOTSUPP, "entry kind: expected 0 to 3, have 4" },
	{ 12, 4, 0xffffffff, 0, EOPNOTSUPP, "entry kind: expected 0 to 3, have 4294967295" },
	{ 16, 4, 2, 0, ENOEXEC, "status: expected 0 to 1, have 2" },
	{ 20, 4, 1, 0, ENOEXEC, "reserved: expected 0, have 0x1" },
	{ 88, 8, 0x2000, 0, ENOEXEC,
	  "page size: expected 0x1000, 0x4000 or 0x10000, have 0x2000" },
	{ 104, 8, 0x4fff, 0, ENOEXEC, "window: expected an end at or behind 0x5000, have 0x4fff" },
	{ 248, 8, 7, 0, ENOEXEC, "reserved: expected 0, have 0x7" });
}

static void fill_release(struct forge *f)
{
	core_context(f);
	memset(f->p + 160, 'x', 80);
}

static void test_bad_release(void)
{
	ROWS(fill_release, parse_context,
	{ 160, 1, 'x', 0, ENOEXEC, "release: expected a NUL in 80 bytes, have none" },
	{ 239, 1, 0, 0, 0, "" });
}

static void test_bad_state(void)
{
	ROWS(core_state, parse_state,
	{ 0, 0, 0, 127, ENOEXEC, "descsz: expected at least 128, have 127" },
	{ 0, 4, 0, 0, EOPNOTSUPP, "version: expected 1, have 0" },
	{ 4, 4, 2, 0, ENOEXEC, "status: expected 0 to 1, have 2" },
	{ 120, 1, 1, 0, ENOEXEC, "reserved: expected 0, have 0x1" });
}

static void test_bad_map(void)
{
	ROWS(core_map, parse_map,
	{ 0, 0, 0, 47, ENOEXEC, "descsz: expected at least 48, have 47" },
	{ 0, 4, 2, 0, EOPNOTSUPP, "version: expected 1, have 2" },
	{ 4, 4, 4, 0, ENOEXEC, "status: expected 0 to 3, have 4" },
	{ 4, 4, 0, 0, ENOEXEC, "run count: expected 0 with status 0, have 2" },
	{ 4, 4, 3, 0, ENOEXEC, "run count: expected 0 with status 3, have 2" },
	{ 8, 8, 0, 0, ENOEXEC, "page size: expected 0x1000, 0x4000 or 0x10000, have 0x0" },
	{ 16, 8, 4, 0, ENOEXEC, "run count: expected at most 3, have 4" },
	{ 16, 8, 2, 95, ENOEXEC, "run count: expected at most 1, have 2" },
	{ 16, 8, 3, 0, ENOEXEC,
	  "run 2: expected pages that end below 2^64, have 0x0 of them at 0x0 and 0x0" },
	{ 24, 8, 3, 0, ENOEXEC, "page count: expected 0x2, as the runs have, have 0x3" },
	{ 40, 8, 1, 0, ENOEXEC, "reserved: expected 0, have 0x1" },
	{ 48, 8, 0x6001, 0, ENOEXEC, "run 0: expected addresses of pages, have 0x6001 and 0x9000" },
	{ 56, 8, 0x9800, 0, ENOEXEC, "run 0: expected addresses of pages, have 0x6000 and 0x9800" },
	{ 48, 8, 0xfffffffffffff000, 0, ENOEXEC, "run 0: expected pages that end below 2^64, have"
	  " 0x1 of them at 0xfffffffffffff000 and 0x9000" },
	{ 64, 8, 0x10000000000000, 0, ENOEXEC, "run 0: expected pages that end below 2^64, have"
	  " 0x10000000000000 of them at 0x6000 and 0x9000" },
	{ 88, 8, 2, 0, ENOEXEC,
	  "runs: expected apart, have 0x2 pages at 0x5000 and a run at 0x6000" },
	{ 72, 8, 0x6000, 0, ENOEXEC,
	  "runs: expected apart, have 0x1 pages at 0x6000 and a run at 0x6000" });
}

static void cut_map(struct forge *f)
{
	core_map(f);
	put(f->p + 4, 4, CONTEXT_CUT);
}

/* Of a map that was cut, the count of all pages is more. */
static void test_cut_map(void)
{
	ROWS(cut_map, parse_map,
	{ 24, 8, 1000, 0, 0, "" },
	{ 24, 8, 1, 0, ENOEXEC, "page count: expected 0x2, as the runs have, have 0x1" });
}

static void test_bad_integrity(void)
{
	ROWS(core_integrity, parse_integrity,
	{ 0, 0, 0, 15, ENOEXEC, "descsz: expected at least 16, have 15" },
	{ 0, 4, 2, 0, EOPNOTSUPP, "version: expected 1, have 2" },
	{ 4, 4, 3, 0, EOPNOTSUPP, "digest: expected 1 (SHA-256) or 2 (CRC-32C), have 3" },
	{ 8, 8, 3, 0, ENOEXEC, "chunk count: expected at most 2, have 3" },
	{ 8, 8, 0x555555555555556, 0, ENOEXEC,
	  "chunk count: expected at most 2, have 384307168202282326" },
	{ 24, 8, 0, 0, ENOEXEC, "chunk 0: expected a length and an end below 2^64, have 0x4000"
	  " and 0x0 bytes" },
	{ 24, 8, UINT64_MAX, 0, ENOEXEC, "chunk 0: expected a length and an end below 2^64, have"
	  " 0x4000 and 0xffffffffffffffff bytes" },
	{ 64, 8, 0x4fff, 0, ENOEXEC,
	  "chunk 1: expected an address of 0x5000 or more, have 0x4fff" });
}

/* ---- memory ------------------------------------------------------------------------ */

static void expect_memory(struct bed *t, bool map, uint64_t pa, size_t len,
			  const uint8_t *pages, int code, const char *message)
{
	struct kx_err err = { 0 };
	uint8_t *buf = malloc(len);
	int r;

	r = kx_context_memory_read(&t->core, map ? &t->notes.map : NULL, pa, buf, len, &err);
	if (!CHECK(r == -code) || (code && !CHECK_STR(err.text, message)))
		printf("# at 0x%" PRIx64 "\n", pa);
	for (size_t i = 0; !code && i < len; i++)
		if (!CHECK_EQ_U64(buf[i], pages[((pa + i) >> 12) - (pa >> 12)]))
			break;
	free(buf);
}

static void test_memory(void)
{
	struct bed t;

	bed_init(&t);
	if (CHECK(kx_contexts_read(&t.core, &t.arena, &t.notes, NULL) == 0)) {
		/* 0x5000 is at 0x8000, and 0x6000, which the core leaves out, at 0x9000. */
		expect_memory(&t, true, 0x4000, 0x3000, (uint8_t[]){ 4, 8, 9 }, 0, NULL);
		expect_memory(&t, true, 0x5abc, 0x1000, (uint8_t[]){ 8, 9 }, 0, NULL);
		expect_memory(&t, true, 0x8000, 0x2000, (uint8_t[]){ 8, 9 }, 0, NULL);
		expect_memory(&t, false, 0x4000, 0x2000, (uint8_t[]){ 4, 5 }, 0, NULL);
		expect_memory(&t, false, 0x5000, 0x2000, NULL, ENXIO,
			      "physical address 0x6000: was left out of this core");
		expect_memory(&t, true, 0x6fff, 2, NULL, ENXIO,
			      "physical address 0x7000: was left out of this core");
		t.notes.map.run[1].src_pa = 0x7000;
		expect_memory(&t, true, 0x6010, 1, NULL, ENXIO,
			      "backup of 0x6010: physical address 0x7010: was left out of this core");
	}
	bed_deinit(&t);
}

TEST_MAIN(
	{ "all notes of a core", test_read_all },
	{ "notes of others, and from later", test_foreign },
	{ "a note that is there twice", test_twice },
	{ "a CONTEXT is built as documented", test_build },
	{ "blank notes", test_blank },
	{ "malformed CONTEXT", test_bad_context },
	{ "release without an end", test_bad_release },
	{ "malformed STATE", test_bad_state },
	{ "malformed MAP", test_bad_map },
	{ "a MAP that was cut", test_cut_map },
	{ "malformed INTEGRITY", test_bad_integrity },
	{ "memory through the backup map", test_memory },
)
