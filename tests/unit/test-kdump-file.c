// SPDX-License-Identifier: GPL-2.0-only
/* kexec/lib/kdump-file.c: every page of a dump is found, and none that is not there. */
#include <errno.h>

#include "kdump-forge.h"
#include "test.h"

struct bed {
	struct forge f;
	struct kx_bytes b;
	struct kx_core_file file;
	struct kx_arena a;
	struct kx_kdump k;
	struct kx_kdump_finder finder;
	struct kx_page_coder *coder;
};

/* What kx_kdump_open() says of what is in t->f. */
static int bed_open(struct bed *t, struct kx_err *err)
{
	int r;

	t->b = forge_bytes(&t->f);
	t->file = core_file(&t->b);
	r = kx_kdump_open(&t->file, &t->a, &t->k, err);
	if (r == 0)
		kx_kdump_finder_init(&t->finder, &t->k);
	return r;
}

static void bed_init(struct bed *t, const struct kdump_forge *k)
{
	*t = (struct bed){ .f = FORGE_NONE };
	kx_arena_init(&t->a);
	kdump_build(&t->f, k);
	CHECK(kx_page_coder_new(&t->coder, NULL) == 0);
}

static void bed_deinit(struct bed *t)
{
	kx_page_coder_free(t->coder);
	kx_arena_deinit(&t->a);
	forge_free(&t->f);
}

/* Page @p of the forged machine as the file has it. */
static void check_page(struct bed *t, const struct kdump_forge_page *p)
{
	static const struct {
		uint32_t flags;
		enum kx_page_codec codec;
	} codecs[] = {
		{ 0, KX_PAGE_RAW }, { 1, KX_PAGE_ZLIB }, { 2, KX_PAGE_LZO }, { 4, KX_PAGE_SNAPPY },
		{ 0x20, KX_PAGE_ZSTD },
	};
	uint8_t want[KDUMP_PAGE], have[KDUMP_PAGE];
	struct kx_kdump_page at = { .off = 0 };
	struct kx_err err = { 0 };

	CHECK(kx_kdump_find(&t->finder, p->number, &at, &err) == 0);
	CHECK_STR(err.text, "");
	if (!CHECK(at.off && at.off + at.len <= t->f.len))
		return;
	kdump_fill(want, p);
	for (size_t i = 0; i < 5; i++)
		if (codecs[i].flags == at.flags && at.flags)
			CHECK(kx_page_unpack(t->coder, codecs[i].codec, t->f.p + at.off, at.len, have,
					     KDUMP_PAGE, NULL) == 0);
	if (!at.flags)
		memcpy(have, t->f.p + at.off, KDUMP_PAGE);
	CHECK_MEM(want, have, KDUMP_PAGE);
}

static void check_pages(struct bed *t)
{
	struct kx_err err = { 0 };
	struct kx_kdump_page at;

	for (size_t i = 0; i < KDUMP_PAGES; i++)
		if (kdump_pages[i].state == KDUMP_ZERO || kdump_pages[i].state == KDUMP_STORED)
			check_page(t, &kdump_pages[i]);
	CHECK(kx_kdump_find(&t->finder, 3, &at, &err) == -ENODATA);
	CHECK_STR(err.text, "was left out of the dump");
	CHECK(kx_kdump_find(&t->finder, 512, &at, &err) == -ENODATA);
	CHECK_STR(err.text, "was lost: the dump is incomplete");
	CHECK(kx_kdump_find(&t->finder, 5, &at, &err) == -ENODATA);
	CHECK(kx_kdump_find(&t->finder, KDUMP_MAX_PAGE, &at, &err) == -ENODATA);
	CHECK(kx_kdump_find(&t->finder, UINT64_MAX, &at, &err) == -ENODATA);
}

static void test_versions(void)
{
	for (uint32_t v = 0; v <= 6; v++) {
		struct kdump_forge k = kdump_default();
		struct kx_err err = { 0 };
		struct bed t;

		k.version = v;
		bed_init(&t, &k);
		if (CHECK(bed_open(&t, &err) == 0)) {
			CHECK_EQ_U64(t.k.version, v);
			CHECK_EQ_U64(t.k.max_page, KDUMP_MAX_PAGE);
			CHECK_EQ_U64(t.k.present, KDUMP_PAGES);
			CHECK_EQ_U64(t.k.desc_count, KDUMP_PAGES - 1);
			CHECK_EQ_U64(t.k.level, v >= 1 ? 31 : 0);
			CHECK_EQ_U64(kx_range_len(t.k.vmcoreinfo), v >= 3 ? strlen(KDUMP_INFO) : 0);
			CHECK_EQ_U64(t.k.notes.start, v >= 4 ? KDUMP_NOTES : 0);
			CHECK_EQ_U64(t.k.phys_base, 0x1000000);
			CHECK_EQ_U64(t.k.time, 1700000000);
			CHECK_EQ_U64(t.k.machine, KX_ELF_X86_64);
			CHECK_STR(t.k.uts[KX_KDUMP_RELEASE], "6.1.0-test");
			check_pages(&t);
		}
		CHECK_STR(err.text, "");
		bed_deinit(&t);
	}
}

/* Runs of a bitmap against each of its bits. */
static void test_bits(void)
{
	struct kdump_forge k = kdump_default();
	static struct kx_kdump_bits bits;
	uint64_t end = 0, n = 0;
	struct bed t;
	bool set;

	bed_init(&t, &k);
	if (!CHECK(bed_open(&t, NULL) == 0))
		return;
	kx_kdump_bits_init(&bits, &t.k, KX_KDUMP_PRESENT);
	for (uint64_t page = 0; page < KDUMP_MAX_PAGE + 10; page = end) {
		CHECK(kx_kdump_bits_next(&bits, page, KDUMP_MAX_PAGE + 10, &set, &end, NULL) == 0);
		if (!CHECK(end > page))
			break;
		for (size_t i = 0; i < KDUMP_PAGES; i++)
			if (kdump_pages[i].number >= page && kdump_pages[i].number < end)
				CHECK(set);
		n += set ? end - page : 0;
	}
	CHECK_EQ_U64(end, KDUMP_MAX_PAGE + 10);
	CHECK_EQ_U64(n, KDUMP_PAGES);
	/* It stops where it was told to. */
	CHECK(kx_kdump_bits_next(&bits, 0, 2, &set, &end, NULL) == 0);
	CHECK(set);
	CHECK_EQ_U64(end, 2);
	/* A run over the ends of two sections. */
	CHECK(kx_kdump_bits_next(&bits, 65537, KDUMP_MAX_PAGE, &set, &end, NULL) == 0);
	CHECK(!set);
	CHECK_EQ_U64(end, 131071);
	bed_deinit(&t);
}

/* Three files of one dump; each has its own pages, and says so of the others. */
static void test_split(void)
{
	static const uint64_t cuts[] = { 0, 8, 65536, KDUMP_MAX_PAGE };
	uint64_t descs = 0;

	for (size_t part = 0; part < 3; part++) {
		struct kdump_forge k = kdump_default();
		struct kx_kdump_page at;
		struct kx_err err = { 0 };
		struct bed t;

		k.split = true;
		k.start = cuts[part];
		k.end = cuts[part + 1];
		bed_init(&t, &k);
		if (!CHECK(bed_open(&t, &err) == 0))
			continue;
		descs += t.k.desc_count;
		for (size_t i = 0; i < KDUMP_PAGES; i++) {
			const struct kdump_forge_page *p = &kdump_pages[i];

			if (p->state != KDUMP_STORED && p->state != KDUMP_ZERO)
				continue;
			if (p->number >= k.start && p->number < k.end)
				check_page(&t, p);
			else
				CHECK(kx_kdump_find(&t.finder, p->number, &at, NULL) == -ENODATA);
		}
		CHECK(kx_kdump_find(&t.finder, part ? 0 : 100, &at, &err) == -ENODATA);
		CHECK(!strncmp(err.text, "is not in this file of a split dump, which has pages ", 53));
		bed_deinit(&t);
	}
	CHECK_EQ_U64(descs, KDUMP_PAGES - 1);
}

/* diskdump's one bitmap: all the memory that is here. */
static void test_one_bitmap(void)
{
	static const struct kdump_forge_page pages[] = {
		{ 1, KDUMP_STORED, KX_PAGE_ZLIB, 1 }, { 2, KDUMP_STORED, KX_PAGE_ZLIB, 2 },
	};
	struct kdump_forge k = kdump_default();
	struct kx_kdump_page at;
	struct bed t;

	k.version = 0;
	k.max_page = 100;
	k.page = pages;
	k.count = 2;
	bed_init(&t, &k);
	/* Without the second one. */
	kx_put_le32(t.f.p + KX_KDUMP_MAP_BLOCKS_AT, 1);
	memmove(t.f.p + KDUMP_MAPS + KDUMP_PAGE, t.f.p + KDUMP_MAPS + 2 * KDUMP_PAGE,
		t.f.len - KDUMP_MAPS - 2 * KDUMP_PAGE);
	if (CHECK(bed_open(&t, NULL) == 0)) {
		CHECK_EQ_U64(t.k.desc_off, KDUMP_MAPS + KDUMP_PAGE);
		CHECK_EQ_U64(t.k.desc_count, 2);
		CHECK_EQ_U64(t.k.present, 2);
		CHECK(kx_kdump_find(&t.finder, 2, &at, NULL) == 0);
	}
	bed_deinit(&t);
}

/* Wherever a dump is cut off behind its bitmaps it opens, and what is there is read. */
static void test_cut(void)
{
	struct kdump_forge k = kdump_default();
	struct bed t;
	size_t whole;

	bed_init(&t, &k);
	whole = t.f.len;
	for (size_t len = kdump_descs(&k); len <= whole; len += len + 37 > whole ? 1 : 37) {
		struct kx_kdump_page at;
		size_t got = 0;

		t.f.len = len;
		if (!CHECK(bed_open(&t, NULL) == 0))
			break;
		for (size_t i = 0; i < KDUMP_PAGES; i++)
			if (kdump_pages[i].state >= KDUMP_ZERO) {
				int r = kx_kdump_find(&t.finder, kdump_pages[i].number, &at, NULL);

				CHECK(r == 0 || r == -ENODATA);
				got += r == 0;
			}
		CHECK(len < kdump_descs(&k) + 300 ? !got : len < whole || got == 13);
	}
	for (size_t len = 0; len < kdump_descs(&k); len += 61) {
		t.f.len = len;
		CHECK(bed_open(&t, NULL) < 0);
	}
	t.f.len = whole;
	bed_deinit(&t);
}

static void test_bad_heads(void)
{
	static const struct {
		size_t off;
		uint32_t value;
		int code;
		const char *why;
	} rows[] = {
		{ 0, 0, ENOENT, "expected a kdump file, have something else" },
		{ 8, 7, EOPNOTSUPP, "offset 8: version: expected at most 6, have 7" },
		{ 272, 0x363872, EOPNOTSUPP, "offset 272: machine: expected x86_64 or aarch64, have "
		  "'r86'" },
		{ 428, 0, ENOEXEC, "offset 428: block size: expected a power of 2 from 4096 to 65536,"
		  " have 0" },
		{ 428, 4097, ENOEXEC, "offset 428: block size: expected a power of 2 from 4096 to 65536,"
		  " have 4097" },
		{ 428, 0x80000000, ENOEXEC, "offset 428: block size: expected a power of 2 from 4096 to"
		  " 65536, have 2147483648" },
		{ 432, 0, ENOEXEC, "offset 432: sub-header: expected at least 1 block, have 0" },
		{ 432, UINT32_MAX, ENOEXEC, "bitmaps: expected their end at offset 0x10000000a000, the file"
		  " has 0xd3c1 bytes" },
		{ 436, 4, ENOEXEC, "offset 436: bitmaps: expected at least 5 blocks for 131100 pages, have"
		  " 4" },
		{ 436, UINT32_MAX, ENOEXEC, "bitmaps: expected their end at offset 0x100000001000, the file"
		  " has 0xd3c1 bytes" },
		{ 4096 + 96 + 4, 8, ENOEXEC, "sub-header: expected at most 34359738368 pages, have "
		  "34359869468" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kdump_forge k = kdump_default();
		struct kx_err err = { 0 };
		struct bed t;

		bed_init(&t, &k);
		t.f.len = 0xd3c1;
		kx_put_le32(t.f.p + rows[i].off, rows[i].value);
		CHECK(bed_open(&t, &err) == -rows[i].code);
		CHECK_STR(err.text, rows[i].why);
		bed_deinit(&t);
	}
}

static void test_bad_split(void)
{
	static const uint64_t bad[][2] = {
		{ 9, 8 }, { 0, KDUMP_MAX_PAGE + 1 }, { UINT64_MAX, UINT64_MAX },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct kdump_forge k = kdump_default();
		struct kx_err err = { 0 };
		struct bed t;

		k.split = true;
		k.start = bad[i][0];
		k.end = bad[i][1];
		bed_init(&t, &k);
		CHECK(bed_open(&t, &err) == -ENOEXEC);
		CHECK(!strncmp(err.text, "sub-header: expected pages of 131100, have ", 43));
		bed_deinit(&t);
	}
}

/* Descriptor 2, of a page that is as it is; 0 is packed. */
static void test_bad_descs(void)
{
	static const struct {
		size_t desc, off;
		uint32_t value;
		int code;
		const char *why;
	} rows[] = {
		{ 2, 8, 4095, EBADMSG, "descriptor: size: expected 4096 bytes, have 4095" },
		{ 2, 8, 0, EBADMSG, "descriptor: size: expected 4096 bytes, have 0" },
		{ 0, 8, 0, EBADMSG, "descriptor: size: expected 1 to 4096 bytes, have 0" },
		{ 0, 8, 4097, EBADMSG, "descriptor: size: expected 1 to 4096 bytes, have 4097" },
		{ 0, 12, 3, EBADMSG, "descriptor: flags: expected 0, 1, 2, 4 or 0x20, have 0x3" },
		{ 0, 12, 8, EBADMSG, "descriptor: flags: expected 0, 1, 2, 4 or 0x20, have 0x8" },
		{ 0, 12, 0x80000000, EBADMSG, "descriptor: flags: expected 0, 1, 2, 4 or 0x20, have "
		  "0x80000000" },
		{ 2, 4, 1, ENODATA, NULL },
		{ 2, 4, UINT32_MAX, ENODATA, NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kdump_forge k = kdump_default();
		struct kx_kdump_page at = { .len = 77 };
		struct kx_err err = { 0 };
		struct bed t;

		bed_init(&t, &k);
		kx_put_le32(t.f.p + kdump_descs(&k) + rows[i].desc * 24 + rows[i].off, rows[i].value);
		if (CHECK(bed_open(&t, NULL) == 0))
			CHECK(kx_kdump_find(&t.finder, rows[i].desc, &at, &err) == -rows[i].code);
		if (rows[i].why)
			CHECK_STR(err.text, rows[i].why);
		else
			CHECK(strstr(err.text, "was lost: expected 0x1000 bytes at offset 0x"));
		CHECK_EQ_U64(at.len, 77);
		bed_deinit(&t);
	}
}

/* QEMU does not say it of arm64: the registers do. */
static void test_machine(void)
{
	for (int i = 0; i < 2; i++) {
		struct kdump_forge k = kdump_default();
		struct kx_err err = { 0 };
		struct bed t;

		bed_init(&t, &k);
		strcpy((char *)t.f.p + KX_KDUMP_UTSNAME_AT + 4 * 65, "Unknown");
		if (i)
			kx_put_le64(t.f.p + KDUMP_SUB + KX_KDUMP_NOTES_AT + 8, 0);
		CHECK(bed_open(&t, &err) == (i ? -EOPNOTSUPP : 0));
		if (i)
			CHECK_STR(err.text, "offset 272: machine: expected x86_64 or aarch64, have "
				  "'Unknown', and no registers of either");
		else
			CHECK_EQ_U64(t.k.machine, KX_ELF_X86_64);
		bed_deinit(&t);
	}
}

/* Notes that are nowhere are none. */
static void test_no_notes(void)
{
	struct kdump_forge k = kdump_default();
	struct bed t;

	bed_init(&t, &k);
	kx_put_le64(t.f.p + KDUMP_SUB + KX_KDUMP_NOTES_AT, UINT64_MAX - 10);
	kx_put_le64(t.f.p + KDUMP_SUB + KX_KDUMP_VMCOREINFO_AT + 8, t.f.len);
	if (CHECK(bed_open(&t, NULL) == 0)) {
		CHECK(kx_range_empty(t.k.notes));
		CHECK(kx_range_empty(t.k.vmcoreinfo));
	}
	bed_deinit(&t);
}

TEST_MAIN(
	{ "versions 0 to 6", test_versions },
	{ "runs of a bitmap", test_bits },
	{ "files of a split dump", test_split },
	{ "one bitmap", test_one_bitmap },
	{ "dumps that are cut off", test_cut },
	{ "malformed headers", test_bad_heads },
	{ "malformed ranges of a split dump", test_bad_split },
	{ "malformed descriptors", test_bad_descs },
	{ "a machine that has no name", test_machine },
	{ "notes outside the file", test_no_notes },
)
