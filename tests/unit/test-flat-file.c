// SPDX-License-Identifier: GPL-2.0-only
/* kexec/lib/flat-file.c: the file that a flattened one makes, byte by byte. */
#include <errno.h>

#include "kdump-forge.h"
#include "test.h"

struct bed {
	struct forge f;
	struct kx_bytes b;
	struct kx_core_file in, out;
	struct kx_arena a;
	struct kx_flat flat;
};

static void bed_init(struct bed *t)
{
	*t = (struct bed){ .f = FORGE_NONE };
	kx_arena_init(&t->a);
}

static void bed_deinit(struct bed *t)
{
	kx_arena_deinit(&t->a);
	forge_free(&t->f);
}

static int bed_open(struct bed *t, struct kx_err *err)
{
	int r;

	t->b = forge_bytes(&t->f);
	t->in = core_file(&t->b);
	r = kx_flat_open(&t->in, &t->a, &t->flat, err);
	if (r == 0)
		t->out = kx_flat_file(&t->flat);
	return r;
}

static uint32_t next(uint32_t *v)
{
	*v = *v * 1664525 + 1013904223;
	return *v >> 8;
}

/* Every byte of @want, at once and in pieces of many lengths. */
static void check_file(struct bed *t, const uint8_t *want, size_t len)
{
	uint8_t *have = malloc(len + 1);
	uint32_t v = 1;

	CHECK_EQ_U64(t->out.len, len);
	CHECK(t->out.read(t->out.ctx, 0, have, len, NULL) == 0);
	CHECK_MEM(want, have, len);
	for (int i = 0; i < 300; i++) {
		size_t at = next(&v) % len, n = next(&v) % (len - at) + 1;

		CHECK(t->out.read(t->out.ctx, at, have, n, NULL) == 0);
		CHECK_MEM(want + at, have, n);
	}
	free(have);
}

static void test_plain(void)
{
	static const size_t pieces[] = { 1, 7, 100, 4096, 100000 };
	uint8_t want[5000];
	uint32_t v = 7;

	for (size_t i = 0; i < sizeof(want); i++)
		want[i] = (uint8_t)next(&v);
	for (size_t i = 0; i < 5; i++) {
		struct bed t;

		bed_init(&t);
		flat_build(&t.f, (struct kx_bytes){ want, sizeof(want) }, pieces[i]);
		if (CHECK(bed_open(&t, NULL) == 0)) {
			CHECK(t.flat.ended);
			check_file(&t, want, sizeof(want));
			/* Records that follow each other are remembered together. */
			CHECK(t.flat.chain_count <= t.flat.records / KX_FLAT_CHAIN + 3);
		}
		bed_deinit(&t);
	}
}

/* Records of any length anywhere, each over some of those before it, and holes. */
static void test_overlaps(void)
{
	for (uint32_t seed = 1; seed <= 60; seed++) {
		uint8_t want[3000] = { 0 }, piece[700];
		uint32_t v = seed;
		size_t end = 0;
		struct bed t;

		bed_init(&t);
		flat_head(&t.f);
		for (uint32_t i = 0; i < 1 + seed * 3; i++) {
			size_t n = next(&v) % (seed % 3 ? 60 : 700) + 1;
			size_t at = i && next(&v) % 2 ? end : next(&v) % sizeof(want);

			at = at < sizeof(want) ? at : 0;
			n = n < sizeof(want) - at ? n : sizeof(want) - at;
			for (size_t k = 0; k < n; k++)
				piece[k] = (uint8_t)next(&v);
			memcpy(want + at, piece, n);
			flat_record(&t.f, at, piece, n);
			end = at + n;
		}
		flat_end(&t.f);
		if (CHECK(bed_open(&t, NULL) == 0)) {
			CHECK(t.flat.piece_count <= 2 * t.flat.chain_count);
			check_file(&t, want, (size_t)t.flat.len);
		}
		bed_deinit(&t);
	}
}

/* Cut off anywhere it opens, and has what is there. */
static void test_cut(void)
{
	uint8_t want[300];
	struct bed t;
	size_t whole;

	memset(want, 0x5a, sizeof(want));
	bed_init(&t);
	flat_head(&t.f);
	for (size_t i = 0; i < 3; i++)
		flat_record(&t.f, 100 * i, want, 100);
	flat_end(&t.f);
	whole = t.f.len;
	for (size_t len = KX_FLAT_HEAD_LEN; len <= whole; len++) {
		size_t in = len - KX_FLAT_HEAD_LEN, records = in / 116, rest = in % 116;
		size_t n = records > 2 ? 300 : 100 * records + (rest > 16 ? rest - 16 : 0);

		t.f.len = len;
		if (!CHECK(bed_open(&t, NULL) == 0))
			break;
		CHECK(t.flat.ended == (len == whole));
		CHECK_EQ_U64(t.flat.len, n);
		if (n)
			check_file(&t, want, n);
	}
	bed_deinit(&t);
}

static void test_bad(void)
{
	static const struct {
		size_t off;
		uint8_t byte;
		int code;
		const char *why;
	} rows[] = {
		{ 3, 'x', ENOENT, "expected a flattened file, have something else" },
		{ 15, 'x', ENOENT, "expected a flattened file, have something else" },
		{ 23, 2, EOPNOTSUPP, "flattened: offset 16: expected type 1 and version 1, have 2 and 1" },
		{ 31, 0, EOPNOTSUPP, "flattened: offset 16: expected type 1 and version 1, have 1 and 0" },
		{ 4096, 0x80, ENOEXEC, "flattened: record at offset 0x1000: expected bytes below 2^63,"
		  " have 0xa of them at 0x8000000000000000" },
		{ 4096 + 8, 0x80, ENOEXEC, "flattened: record at offset 0x1000: expected bytes below 2^63,"
		  " have 0x800000000000000a of them at 0x0" },
		{ 4096 + 15, 0, ENOEXEC, "flattened: record at offset 0x1000: expected bytes below 2^63,"
		  " have 0x0 of them at 0x0" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kx_err err = { 0 };
		struct bed t;

		bed_init(&t);
		flat_head(&t.f);
		flat_record(&t.f, 0, "0123456789", 10);
		flat_end(&t.f);
		t.f.p[rows[i].off] = rows[i].byte;
		CHECK(bed_open(&t, &err) == -rows[i].code);
		CHECK_STR(err.text, rows[i].why);
		bed_deinit(&t);
	}
}

/* The heads are read again; what they say may have changed. */
static void test_changed(void)
{
	uint8_t buf[10];
	struct bed t;

	bed_init(&t);
	flat_head(&t.f);
	flat_record(&t.f, 0, "0123456789", 10);
	flat_end(&t.f);
	if (CHECK(bed_open(&t, NULL) == 0)) {
		t.f.p[KX_FLAT_HEAD_LEN + 7] = 3;
		CHECK(t.out.read(t.out.ctx, 0, buf, 10, NULL) == -EIO);
		t.f.p[KX_FLAT_HEAD_LEN] = 0x80;
		CHECK(t.out.read(t.out.ctx, 0, buf, 10, NULL) == -ENOEXEC);
	}
	bed_deinit(&t);
}

/* A dump in it opens through it. */
static void test_kdump(void)
{
	struct kdump_forge k = kdump_default();
	struct forge dump = FORGE_NONE;
	struct kx_kdump kdump;
	struct bed t;

	kdump_build(&dump, &k);
	bed_init(&t);
	flat_build(&t.f, forge_bytes(&dump), 1000);
	if (CHECK(bed_open(&t, NULL) == 0)) {
		CHECK(kx_kdump_open(&t.out, &t.a, &kdump, NULL) == 0);
		CHECK_EQ_U64(kdump.desc_count, KDUMP_PAGES - 1);
	}
	bed_deinit(&t);
	forge_free(&dump);
}

TEST_MAIN(
	{ "records in order, and the first again", test_plain },
	{ "records over records", test_overlaps },
	{ "files that are cut off", test_cut },
	{ "malformed files", test_bad },
	{ "a file that changes", test_changed },
	{ "a dump in one", test_kdump },
)
