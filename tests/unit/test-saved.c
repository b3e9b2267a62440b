// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec/lib/saved*.c and container/saved-pack.c: saved cores, what is none, and that
 * what is written is read.
 */
#include <errno.h>

#include "kx/saved.h"
#include "saved-forge.h"
#include "test.h"

struct bed {
	struct saved_forge forge;
	struct kx_bytes b;
	struct kx_core_file file;
	struct kx_arena arena;
	struct kx_saved saved;
	struct kx_err err;
};

static int bed_open(struct bed *t)
{
	t->b = forge_bytes(&t->forge.f);
	t->file = core_file(&t->b);
	t->err = (struct kx_err){ .code = 0 };
	return kx_saved_open(&t->file, sha256_blocks_portable, &t->arena, &t->saved, &t->err);
}

static void bed_init(struct bed *t, struct saved_forge forge)
{
	t->forge = forge;
	kx_arena_init(&t->arena);
	saved_build(&t->forge);
}

static void bed_deinit(struct bed *t)
{
	kx_arena_deinit(&t->arena);
	saved_forge_free(&t->forge);
}

static enum kx_saved_state probe(struct bed *t, struct saved_head *head)
{
	enum kx_saved_state state = 99;

	t->b = forge_bytes(&t->forge.f);
	t->file = core_file(&t->b);
	CHECK(kx_saved_probe(&t->file, &state, head, NULL) == 0);
	return state;
}

/* Every record is what was saved. */
static void check_memory(struct bed *t)
{
	static uint8_t block[KX_SAVED_BLOCK_MAX], page[KX_SAVED_RECORD_MAX];
	const struct kx_saved *s = &t->saved;

	for (size_t b = 0; b < s->head.block_count; b++) {
		size_t at = 0;

		if (!CHECK(kx_saved_block(s, b, block, NULL) == 0))
			return;
		for (size_t i = 0; i < s->block[b].records; i++) {
			size_t k = (size_t)s->block[b].first_record + i;
			struct forge want = FORGE_NONE;

			saved_memory(&want, &t->forge.pages[k]);
			CHECK_EQ_U64(s->record[k].pa, t->forge.pages[k].pa);
			CHECK(kx_saved_unpack(s, &s->record[k], block + at, page, NULL) == 0);
			CHECK_MEM(page, want.p, want.len);
			at += s->record[k].stored;
			forge_free(&want);
		}
		CHECK_EQ_U64(at, s->block[b].len);
	}
}

static void check_good(struct saved_forge forge)
{
	struct bed t;

	bed_init(&t, forge);
	if (CHECK(bed_open(&t) == 0)) {
		const struct kx_saved *s = &t.saved;

		CHECK_EQ_U64(s->head.state, forge.state ? forge.state : KX_SAVED_COMPLETE);
		CHECK_EQ_U64(s->head.codec, forge.codec);
		CHECK_EQ_U64(s->head.created, 1700000000);
		CHECK_EQ_U64(s->head.page_count, 72);
		CHECK_EQ_U64(s->head.zero_pages, 2);
		CHECK_EQ_U64(s->head.record_count, 5);
		CHECK_EQ_U64(s->head.block_count, 2);
		CHECK_EQ_U64(s->sector_off, t.forge.sector);
		CHECK_EQ_U64(s->core.machine, forge.machine);
		CHECK_EQ_U64(s->phnum, 2);
		CHECK_EQ_U64(s->snapshot.len, 4096);
		CHECK_EQ_U64(s->machine.len, strlen(SAVED_MACHINE));
		CHECK_MEM(s->machine.data, SAVED_MACHINE, strlen(SAVED_MACHINE));
		CHECK_STR(s->contexts.context.release, "6.1.0-test");
		check_memory(&t);
	} else {
		printf("# %s\n", t.err.text);
	}
	bed_deinit(&t);
}

static void test_open(void)
{
	for (uint32_t codec = 0; codec <= 2; codec++) {
		check_good((struct saved_forge){ .machine = 62, .codec = codec });
		check_good((struct saved_forge){ .machine = 183, .codec = codec, .stream = 1 });
	}
	check_good((struct saved_forge){ .machine = 62, .codec = 1, .state = 3 });
	check_good((struct saved_forge){ .machine = 62, .state = 3, .stream = 1 });
}

/* Bytes behind the image are not its own, but a stream has none. */
static void test_longer(void)
{
	struct bed t;

	bed_init(&t, (struct saved_forge){ .machine = 62, .codec = 1 });
	forge_room(&t.forge.f, 5000);
	CHECK(bed_open(&t) == 0);
	bed_deinit(&t);
}

/* ---- probing --------------------------------------------------------------------------- */

static void test_probe(void)
{
	struct saved_head head = { .created = 0 };
	struct bed t;

	bed_init(&t, (struct saved_forge){ .machine = 62, .codec = 1 });
	CHECK_EQ_U64(probe(&t, &head), KX_SAVED_COMPLETE);
	CHECK_EQ_U64(head.created, 1700000000);
	/* Only sector 0 is looked at. */
	t.forge.f.len = 512;
	CHECK_EQ_U64(probe(&t, NULL), KX_SAVED_COMPLETE);
	t.forge.f.len = 511;
	CHECK_EQ_U64(probe(&t, NULL), KX_SAVED_NONE);
	t.forge.f.len = 0;
	CHECK_EQ_U64(probe(&t, NULL), KX_SAVED_NONE);
	t.forge.f.len = 4096;
	saved_sector(&t.forge, 0, KX_SAVED_WRITING, 0);
	head.created = 0;
	CHECK_EQ_U64(probe(&t, &head), KX_SAVED_WRITING);
	CHECK_EQ_U64(head.created, 1700000000);
	head.created = 7;
	for (size_t i = 0; i < 512; i++) {
		t.forge.f.p[i] ^= 0x10;
		CHECK_EQ_U64(probe(&t, &head), KX_SAVED_NONE);
		t.forge.f.p[i] ^= 0x10;
	}
	CHECK_EQ_U64(head.created, 7);
	bed_deinit(&t);
}

static void test_probe_stream(void)
{
	struct saved_head head = { .length = 0 };
	struct bed t;
	size_t len;

	bed_init(&t, (struct saved_forge){ .machine = 62, .codec = 1, .stream = 1 });
	len = t.forge.f.len;
	CHECK_EQ_U64(probe(&t, &head), KX_SAVED_COMPLETE);
	CHECK_EQ_U64(head.length, len);
	/* Cut off: wherever that was, there is no image. */
	for (size_t n = 512; n < len; n += 512) {
		t.forge.f.len = n;
		CHECK_EQ_U64(probe(&t, &head), KX_SAVED_STREAM);
		CHECK(bed_open(&t) == -ENOEXEC);
	}
	CHECK(strstr(t.err.text, "a stream without its end: "));
	t.forge.f.len = len;
	/* Another stream's end. */
	t.forge.f.p[SAVED_ID] ^= 1;
	t.forge.sector = 0;
	saved_seal_sector(&t.forge);
	CHECK_EQ_U64(probe(&t, NULL), KX_SAVED_STREAM);
	CHECK(bed_open(&t) == -ENOEXEC);
	bed_deinit(&t);
}

static void test_date(void)
{
	char date[KX_SAVED_DATE];

	CHECK_STR(kx_saved_date(1, date), "1970-01-01 00:00:01 UTC");
	CHECK_STR(kx_saved_date(UINT64_MAX, date), "18446744073709551615 s after 1970");
}

/* As the file's read fails, and neither result is touched. */
static int read_fails(void *ctx, uint64_t off, void *to, size_t len, struct kx_err *err)
{
	const uint64_t *from = ctx;
	(void)to;

	if (off < *from) {
		memset(to, 0, len);
		return 0;
	}
	return kx_err_set(err, EIO, "no more");
}

static void test_read_error(void)
{
	const struct kx_core_file file = { .read = read_fails, .ctx = &(uint64_t){ 0 }, .len = 1 << 20 };
	enum kx_saved_state state = 99;
	struct kx_err err = { .code = 0 };
	struct kx_arena a;
	struct kx_saved s;

	kx_arena_init(&a);
	CHECK(kx_saved_probe(&file, &state, NULL, &err) == -EIO);
	CHECK_STR(err.text, "no more");
	CHECK_EQ_U64(state, 99);
	CHECK(kx_saved_open(&file, sha256_blocks_portable, &a, &s, &err) == -EIO);
	kx_arena_deinit(&a);
}

/* ---- malformed ones -------------------------------------------------------------------- */

enum where { SECTOR, RECORD, BLOCK, HEADERS };
enum seal { NOTHING, THE_SECTOR, ALL };

struct bad {
	enum where where;
	size_t off;			/* in it */
	unsigned int width;
	uint64_t value;
	enum seal seal;			/* digests that are made right again */
	int code;
	const char *say;
};

/* Offsets: records are 16, blocks 64 bytes; the headers are PT_NOTE, PT_LOAD, notes. */
#define R(i, field)	((size_t)(i) * 16 + (field))
#define B(i, field)	(SAVED_RECORDS * 16 + (size_t)(i) * 64 + (field))

static const struct bad bads[] = {
	{ SECTOR, SAVED_MAGIC, 1, 'k', THE_SECTOR, ENOENT, "expected a saved core" },
	{ SECTOR, SAVED_VERSION, 4, 2, NOTHING, EOPNOTSUPP, "version: expected 1, have 2" },
	{ SECTOR, SAVED_CREATED, 8, 1, NOTHING, EBADMSG, "offset 0x0: SHA-256: expected" },
	{ SECTOR, SAVED_SHA, 1, 0x77, NOTHING, EBADMSG, "offset 0x0: SHA-256: expected" },
	{ SECTOR, SAVED_STATE, 4, 0, THE_SECTOR, ENOEXEC, "state: expected 1 to 4, have 0" },
	{ SECTOR, SAVED_STATE, 4, 5, THE_SECTOR, ENOEXEC, "state: expected 1 to 4, have 5" },
	{ SECTOR, SAVED_STATE, 4, 1, THE_SECTOR, EBUSY, "have writing: begun 2023-11-14 22:13:20 UTC and not finished" },
	{ SECTOR, SAVED_STATE, 4, 4, THE_SECTOR, ENOEXEC, "a stream without its end" },
	{ SECTOR, SAVED_CODEC, 4, 3, THE_SECTOR, EOPNOTSUPP, "codec: expected 0 to 2, have 3" },
	{ SECTOR, SAVED_FLAGS, 4, 2, THE_SECTOR, ENOEXEC, "flags: expected 0 or 1, have 0x2" },
	{ SECTOR, SAVED_FLAGS, 4, 1, THE_SECTOR, ENOKEY, "encrypted image (complete): expected its key, have none" },
	{ SECTOR, SAVED_SALT + 31, 1, 1, THE_SECTOR, ENOEXEC, "salt of what is not encrypted: expected zeros, have 1 at 31" },
	{ SECTOR, SAVED_KEY_CHECK, 1, 2, THE_SECTOR, ENOEXEC, "key check of what is not encrypted: expected zeros, have 2 at 0" },
	{ SECTOR, SAVED_HEADERS_TAG + 15, 1, 1, THE_SECTOR, ENOEXEC, "headers tag of what is not encrypted: expected zeros" },
	{ SECTOR, SAVED_TABLES_TAG, 1, 1, THE_SECTOR, ENOEXEC, "tables tag of what is not encrypted: expected zeros" },
	{ SECTOR, SAVED_RESERVED + 71, 1, 1, THE_SECTOR, ENOEXEC, "reserved: expected zeros, have 1 at 71" },
	{ SECTOR, SAVED_RESUMED_BY, 1, '6', THE_SECTOR, ENOEXEC, "resumed by: expected nobody while the state is complete, have '6'" },
	{ SECTOR, SAVED_RESUMED_BY + 79, 1, '6', THE_SECTOR, ENOEXEC, "resumed by: expected a text that ends, have none" },
	{ SECTOR, SAVED_LENGTH, 8, 0x1001, THE_SECTOR, ENOEXEC, "length: expected a multiple of 0x1000" },
	{ SECTOR, SAVED_LENGTH, 8, 1ULL << 40, THE_SECTOR, ENOEXEC, "length: expected a multiple of 0x1000 up to" },
	{ SECTOR, SAVED_LENGTH, 8, 0x2000, THE_SECTOR, ENOEXEC, "headers offset: expected|headers: expected an end in the image's 0x2000 bytes" },
	{ SECTOR, SAVED_HEADERS_OFF, 8, 0x1010, THE_SECTOR, ENOEXEC, "headers offset: expected a multiple of 0x1000, have 0x1010" },
	{ SECTOR, SAVED_HEADERS_OFF, 8, 0, THE_SECTOR, ENOEXEC, "headers offset: expected" },
	{ SECTOR, SAVED_HEADERS_OFF, 8, 0x1000, THE_SECTOR, EBADMSG, "headers: SHA-256" },
	{ SECTOR, SAVED_HEADERS_OFF, 8, UINT64_MAX & ~0xfffULL, THE_SECTOR, ENOEXEC, "headers: expected an end" },
	{ SECTOR, SAVED_HEADERS_LEN, 8, 1 << 20, THE_SECTOR, ENOEXEC, "headers: expected an end" },
	{ SECTOR, SAVED_HEADERS_LEN, 8, 64 << 20, THE_SECTOR, E2BIG, "headers: expected at most 0x3ffffc0 bytes" },
	{ SECTOR, SAVED_HEADERS_LEN, 8, 100, THE_SECTOR, EBADMSG, "headers: SHA-256" },
	{ SECTOR, SAVED_TABLES_OFF, 8, 8, THE_SECTOR, ENOEXEC, "tables offset: expected" },
	{ SECTOR, SAVED_TABLES_OFF, 8, 1 << 30, THE_SECTOR, ENOEXEC, "tables: expected an end" },
	{ SECTOR, SAVED_TABLES_OFF, 8, 0x1000, THE_SECTOR, EBADMSG, "tables: SHA-256" },
	{ SECTOR, SAVED_RECORD_COUNT, 8, 4, THE_SECTOR, EBADMSG, "tables: SHA-256" },
	{ SECTOR, SAVED_RECORD_COUNT, 8, 1 << 20, THE_SECTOR, ENOEXEC, "tables: expected an end" },
	{ SECTOR, SAVED_RECORD_COUNT, 8, 1ULL << 60, THE_SECTOR, E2BIG, "tables: expected at most" },
	{ SECTOR, SAVED_BLOCK_COUNT, 8, 1ULL << 58, THE_SECTOR, E2BIG, "tables: expected at most" },
	{ SECTOR, SAVED_BLOCK_COUNT, 8, 1ULL << 24, THE_SECTOR, E2BIG, "tables: expected at most" },
	{ SECTOR, SAVED_PAGE_COUNT, 8, 71, THE_SECTOR, ENOEXEC, "page count: expected the sum of the records, 72, have 71" },
	{ SECTOR, SAVED_ZERO_PAGES, 8, 3, THE_SECTOR, ENOEXEC, "zero pages: expected the sum of the records, 2, have 3" },
	{ SECTOR, SAVED_HEADERS_SHA, 1, 0x77, THE_SECTOR, EBADMSG, "headers: SHA-256" },
	{ SECTOR, SAVED_TABLES_SHA, 1, 0x77, THE_SECTOR, EBADMSG, "tables: SHA-256" },
	/* The ELF header. */
	{ SECTOR, 0, 1, 0, THE_SECTOR, ENOEXEC, "expected an ELF file" },
	{ SECTOR, 16, 2, 2, THE_SECTOR, ENOEXEC, "type: expected 4" },
	{ SECTOR, 18, 2, 183, THE_SECTOR, ENOEXEC, "note CONTEXT: machine: expected that of the ELF header, 183, have 62" },
	{ SECTOR, 32, 8, 0x1000, THE_SECTOR, ENOEXEC, "phoff: expected the headers' offset" },
	{ SECTOR, 56, 2, 0, THE_SECTOR, ENOEXEC, "phnum: expected at least 1" },
	{ SECTOR, 56, 2, 0x70, THE_SECTOR, ENOEXEC, "expected headers and notes in" },
	{ SECTOR, 56, 2, 0xffff, THE_SECTOR, ENOEXEC, "section header 0" },
	/* Records. */
	{ RECORD, R(0, 0), 8, 0x100800, NOTHING, EBADMSG, "tables: SHA-256" },
	{ RECORD, R(0, 0), 8, 0x100800, ALL, ENOEXEC, "record 0: address: expected a multiple of 0x1000" },
	{ RECORD, R(1, 0), 8, 0x103000, ALL, ENOEXEC, "record 1: address: expected 0x104000 or more, have 0x103000" },
	{ RECORD, R(4, 0), 8, UINT64_MAX & ~0xfffULL, ALL, ENOEXEC, "record 4: address: expected a multiple of 0x1000 that ends below 2^64" },
	{ RECORD, R(0, 8), 4, 0, ALL, ENOEXEC, "record 0: pages: expected 1 to 64, have 0" },
	{ RECORD, R(3, 8), 4, 65, ALL, ENOEXEC, "record 3: pages: expected 1 to 64, have 65" },
	{ RECORD, R(0, 8), 4, 5, ALL, ENOEXEC, "record 1: address: expected 0x105000 or more" },
	{ RECORD, R(2, 8), 4, 2, ALL, ENOEXEC, "page count: expected the sum of the records, 73" },
	{ RECORD, R(2, 12), 4, 0x1001, ALL, ENOEXEC, "record 2: stored: expected at most 0x1000 bytes, have 0x1001" },
	{ RECORD, R(1, 12), 4, 1, ALL, ENOEXEC, "block 0: length: expected the sum of its records" },
	{ RECORD, R(2, 12), 4, 0, ALL, ENOEXEC, "block 0: length: expected the sum of its records" },
	/* Blocks. */
	{ BLOCK, B(0, 0), 8, 0x1800, ALL, ENOEXEC, "block 0: offset: expected a multiple of 0x1000" },
	{ BLOCK, B(0, 0), 8, 0, ALL, ENOEXEC, "block 0: offset: expected" },
	{ BLOCK, B(1, 0), 8, 1ULL << 40, ALL, ENOEXEC, "block 1: expected an end in the image's" },
	{ BLOCK, B(1, 0), 8, 0x1000, ALL, ENOEXEC, "expected blocks, tables and headers apart" },
	{ BLOCK, B(0, 8), 8, 1, ALL, ENOEXEC, "block 0: length: expected the sum of its records" },
	{ BLOCK, B(0, 8), 8, (1 << 20) + 1, ALL, ENOEXEC, "block 0: length: expected at most 0x100000" },
	{ BLOCK, B(0, 16), 8, 1, ALL, ENOEXEC, "block 0: first record: expected 0, have 1" },
	{ BLOCK, B(1, 16), 8, 2, ALL, ENOEXEC, "block 1: first record: expected 3, have 2" },
	{ BLOCK, B(0, 24), 8, 0, ALL, ENOEXEC, "block 0: records: expected 1 to 5, have 0" },
	{ BLOCK, B(1, 24), 8, 3, ALL, ENOEXEC, "block 1: records: expected 1 to 2, have 3" },
	{ BLOCK, B(1, 24), 8, UINT64_MAX, ALL, ENOEXEC, "block 1: records: expected 1 to 2" },
	/* Headers and notes: PT_NOTE's offset, length; PT_LOAD's filesz, offset. */
	{ HEADERS, 8, 8, 0x1000, ALL, ENOEXEC, "expected headers and notes in" },
	{ HEADERS, 32, 8, 1 << 20, ALL, ENOEXEC, "PT_NOTE: expected 0x100000 bytes" },
	{ HEADERS, 56 + 32, 8, 0x1000, ALL, ENOEXEC, "PT_LOAD: expected none with bytes in a packed image" },
	{ HEADERS, 56 + 32, 8, 1 << 30, ALL, ENOEXEC, "PT_LOAD: filesz: expected at most" },
	{ HEADERS, 56 + 8, 8, 1ULL << 40, ALL, ENOEXEC, "PT_LOAD: expected an end in the image's" },
	{ HEADERS, 32, 8, 0, ALL, ENOEXEC, "expected a note KEXECJUMP CONTEXT, have none" },
};

static void put(uint8_t *p, unsigned int width, uint64_t value)
{
	for (unsigned int i = 0; i < width; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

/* One of what stands between the bars. */
static int says(const char *text, const char *want)
{
	char copy[256], *rest = NULL;

	snprintf(copy, sizeof(copy), "%s", want);
	for (char *w = strtok_r(copy, "|", &rest); w; w = strtok_r(NULL, "|", &rest))
		if (strstr(text, w))
			return 1;
	return 0;
}

static void check_bad(const struct bad *b, size_t i)
{
	struct bed t;
	size_t base[4];
	int r;

	bed_init(&t, (struct saved_forge){ .machine = 62, .codec = 1 });
	base[SECTOR] = 0;
	base[RECORD] = base[BLOCK] = t.forge.tables_off;
	base[HEADERS] = t.forge.headers_off;
	put(t.forge.f.p + base[b->where] + b->off, b->width, b->value);
	if (b->seal == ALL)
		saved_seal(&t.forge);
	if (b->seal == THE_SECTOR)
		saved_seal_sector(&t.forge);
	memset(&t.saved, 0x77, sizeof(t.saved));
	r = bed_open(&t);
	if (!CHECK(r == -b->code) || !CHECK(says(t.err.text, b->say)))
		printf("# row %zu: %d: %s\n", i, r, t.err.text);
	CHECK_EQ_U64(t.saved.sector_off, 0x7777777777777777);
	CHECK_EQ_U64((uint64_t)t.err.code, (uint64_t)b->code);
	bed_deinit(&t);
}

static void test_malformed(void)
{
	for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++)
		check_bad(&bads[i], i);
}

/* The first place where @what stands in the headers. */
static uint8_t *in_headers(struct bed *t, const void *what, size_t len)
{
	uint8_t *p = t->forge.f.p + t->forge.headers_off;

	for (size_t i = 0; i + len <= t->forge.headers_len; i++)
		if (!memcmp(p + i, what, len))
			return p + i;
	abort();
}

static void check_notes(const char *what, size_t len, size_t at, uint8_t value, const char *say)
{
	struct bed t;

	bed_init(&t, (struct saved_forge){ .machine = 62, .codec = 1 });
	in_headers(&t, what, len)[at] = value;
	saved_seal(&t.forge);
	if (!CHECK(bed_open(&t) == -ENOEXEC) || !CHECK(strstr(t.err.text, say)))
		printf("# %s\n", t.err.text);
	bed_deinit(&t);
}

static void test_notes(void)
{
	/* The types of the four notes. */
	check_notes("\5\0\x4a\x4b", 4, 0, 6, "note SNAPSHOT: expected one such note, have a second");
	check_notes("\6\0\x4a\x4b", 4, 0, 5, "note MACHINE: expected one such note, have a second");
	check_notes("\1\0\x4a\x4b", 4, 0, 9, "expected a note KEXECJUMP CONTEXT, have none");
	check_notes("CPUS=2", 6, 4, 0, "note MACHINE: expected text, have a NUL");
}

static void test_snapshot_length(void)
{
	struct bed t;

	/* MACHINE as SNAPSHOT; that one is of a type from later. */
	bed_init(&t, (struct saved_forge){ .machine = 62, .codec = 1 });
	*in_headers(&t, "\6\0\x4a\x4b", 4) = 0x77;
	*in_headers(&t, "\5\0\x4a\x4b", 4) = 6;
	saved_seal(&t.forge);
	CHECK(bed_open(&t) == -ENOEXEC);
	CHECK_STR(t.err.text, "note SNAPSHOT: descsz: expected a page, 0x1000, have 0x1d");
	bed_deinit(&t);
}

static void test_stream_length(void)
{
	struct bed t;

	bed_init(&t, (struct saved_forge){ .machine = 62, .codec = 1, .stream = 1 });
	kx_put_le64(t.forge.f.p + t.forge.sector + SAVED_LENGTH, t.forge.f.len - 4096);
	saved_seal_sector(&t.forge);
	CHECK(bed_open(&t) == -ENOEXEC);
	CHECK(strstr(t.err.text, "length: expected the whole stream"));
	bed_deinit(&t);
}

/* The end of a stream copied to its begin makes an image that may be anywhere. */
static void test_stream_copied(void)
{
	struct bed t;

	bed_init(&t, (struct saved_forge){ .machine = 183, .codec = 2, .stream = 1 });
	memcpy(t.forge.f.p, t.forge.f.p + t.forge.sector, 512);
	forge_room(&t.forge.f, 0x2000);
	CHECK_EQ_U64(probe(&t, NULL), KX_SAVED_COMPLETE);
	if (CHECK(bed_open(&t) == 0)) {
		CHECK_EQ_U64(t.saved.sector_off, 0);
		check_memory(&t);
	}
	bed_deinit(&t);
}

/* A record of a raw image that claims to be packed. */
static void test_raw_packed(void)
{
	struct bed t;

	bed_init(&t, (struct saved_forge){ .machine = 62 });
	kx_put_le32(t.forge.f.p + t.forge.tables_off + 12, 0x100);
	saved_seal(&t.forge);
	CHECK(bed_open(&t) == -ENOEXEC);
	CHECK_STR(t.err.text, "record 0: stored: expected 0 or 0x4000 in an image that is not"
		  " packed, have 0x100");
	bed_deinit(&t);
}

static void test_no_records(void)
{
	static const struct saved_pages zeros[] = { { 0x100000, 3, SAVED_ZERO, 1 } };
	struct saved_forge none = { .machine = 62, .codec = 1, .pages = zeros };
	struct bed t;

	/* Blocks of zeros store nothing; an image may have no pages at all. */
	none.page_rows = 1;
	bed_init(&t, none);
	if (CHECK(bed_open(&t) == 0)) {
		CHECK_EQ_U64(t.saved.block[0].len, 0);
		check_memory(&t);
	}
	bed_deinit(&t);
	none.page_rows = 0;
	bed_init(&t, none);
	if (CHECK(bed_open(&t) == 0))
		CHECK_EQ_U64(t.saved.head.record_count, 0);
	bed_deinit(&t);
}

/* ---- damage ------------------------------------------------------------------------------ */

static void test_block_damaged(void)
{
	static uint8_t block[KX_SAVED_BLOCK_MAX];
	struct bed t;

	bed_init(&t, (struct saved_forge){ .machine = 62, .codec = 1 });
	t.forge.f.p[0x1000] ^= 1;
	CHECK(bed_open(&t) == 0);
	CHECK(kx_saved_block(&t.saved, 0, block, &t.err) == -EBADMSG);
	CHECK(strstr(t.err.text, "block 0 at 0x1000: SHA-256: expected "));
	CHECK(kx_saved_block(&t.saved, 1, block, NULL) == 0);
	bed_deinit(&t);
}

static void check_unpack(uint32_t codec)
{
	static uint8_t block[KX_SAVED_BLOCK_MAX], page[KX_SAVED_RECORD_MAX];
	struct saved_record r;
	struct bed t;

	bed_init(&t, (struct saved_forge){ .machine = 62, .codec = codec });
	if (!CHECK(bed_open(&t) == 0) || !CHECK(kx_saved_block(&t.saved, 0, block, NULL) == 0)) {
		bed_deinit(&t);
		return;
	}
	r = t.saved.record[0];
	CHECK(kx_saved_unpack(&t.saved, &r, block, page, NULL) == 0);
	/* Too little, too much, cut off, no block at all. */
	r.pages = 3;
	CHECK(kx_saved_unpack(&t.saved, &r, block, page, &t.err) == -EBADMSG);
	CHECK(strstr(t.err.text, "record of address 0x100000: expected a"));
	r.pages = 5;
	CHECK(kx_saved_unpack(&t.saved, &r, block, page, &t.err) == -EBADMSG);
	r.pages = 4;
	r.stored--;
	CHECK(kx_saved_unpack(&t.saved, &r, block, page, &t.err) == -EBADMSG);
	r.stored++;
	memset(block, 0xff, 64);
	CHECK(kx_saved_unpack(&t.saved, &r, block, page, &t.err) == -EBADMSG);
	bed_deinit(&t);
}

static void test_unpack(void)
{
	check_unpack(1);
	check_unpack(2);
}

/* ---- packing --------------------------------------------------------------------------- */

static void check_pack(enum kx_saved_codec codec, enum saved_kind kind, uint32_t pages)
{
	static uint8_t packed[KX_SAVED_RECORD_MAX], page[KX_SAVED_RECORD_MAX];
	const struct saved_pages row = { 0x5000, pages, kind, 1 };
	struct kx_saved s = { .head = { .codec = codec } };
	struct saved_record r = { .pa = row.pa, .pages = pages };
	struct forge m = FORGE_NONE;

	s.contexts.context.page_size = 4096;
	saved_memory(&m, &row);
	memset(packed, 0xee, sizeof(packed));
	memset(page, 0xee, sizeof(page));
	r.stored = kx_saved_pack(codec, m.p, pages, 4096, packed);
	if (kind == SAVED_ZERO)
		CHECK_EQ_U64(r.stored, 0);
	else if (kind == SAVED_NOISE || codec == KX_SAVED_RAW)
		CHECK_EQ_U64(r.stored, pages * 4096);
	else
		CHECK(r.stored && r.stored < pages * 4096);
	CHECK(kx_saved_unpack(&s, &r, packed, page, NULL) == 0);
	CHECK_MEM(page, m.p, m.len);
	forge_free(&m);
}

static void test_pack(void)
{
	uint8_t page[4096] = { 0 }, to[4096];

	for (int codec = 0; codec <= 2; codec++)
		for (int kind = 0; kind <= 2; kind++) {
			check_pack((enum kx_saved_codec)codec, (enum saved_kind)kind, 1);
			check_pack((enum kx_saved_codec)codec, (enum saved_kind)kind, 64);
		}
	/* One byte, wherever it is, is not nothing. */
	for (size_t i = 0; i < sizeof(page); i++) {
		page[i] = 1;
		CHECK(kx_saved_pack(KX_SAVED_LZ4, page, 1, 4096, to) > 0);
		page[i] = 0;
	}
}

/* ---- what is written is read ------------------------------------------------------------ */

static const struct kx_range ram[] = { { 0x1000, 0x9f000 }, { 0x100000, 0x800000 } };

/* The image of @t again, with the writer's tables, headers and sector. */
static void rewrite(struct bed *t, struct kx_saved_parts *parts, struct saved_head *head)
{
	const struct kx_saved s = t->saved;
	struct kx_bytes tables, headers;
	uint8_t *p = t->forge.f.p;
	size_t phnum;

	*head = s.head;
	if (!CHECK(kx_saved_tables(head, s.record, s.block, &t->arena, &tables, NULL) == 0) ||
	    !CHECK(kx_saved_headers(parts, head, s.record, s.block, &t->arena, &headers, &phnum,
				    NULL) == 0))
		return;
	CHECK_EQ_U64(tables.len, t->forge.tables_len);
	CHECK_MEM(tables.data, p + t->forge.tables_off, tables.len);
	t->forge.f.len = t->forge.headers_off;
	forge_put(&t->forge.f, headers.data, headers.len);
	forge_to(&t->forge.f, (t->forge.f.len + 4095) / 4096 * 4096);
	head->length = t->forge.f.len;
	head->headers_len = headers.len;
	kx_saved_digest(headers, sha256_blocks_portable, head->headers_sha256);
	kx_saved_sector(s.core.machine, phnum, head, KX_SAVED_COMPLETE, t->forge.f.p);
}

static void check_written(uint32_t codec, const struct kx_context *context)
{
	/* The image: 2 MiB from 0x200000 on. */
	static const char info[] = "OSRELEASE=x\nSYMBOL(_stext)=ffffffff80200000\n"
				   "NUMBER(phys_base)=0\n";
	uint8_t page[4096] = { 0x5a };
	struct kx_saved_parts parts = {
		.context = context,
		.vmcoreinfo = { (const uint8_t *)info, strlen(info) },
		.machine = { (const uint8_t *)"CPUS=2\n", 7 },
		.snapshot = { page, sizeof(page) },
		.ram = ram, .ram_count = 2, .direct_va = 0xffff888000000000,
	};
	struct saved_head head;
	struct kx_bytes v;
	struct bed t;

	bed_init(&t, (struct saved_forge){ .machine = 62, .codec = codec });
	if (!CHECK(bed_open(&t) == 0))
		return;
	rewrite(&t, &parts, &head);
	if (CHECK(bed_open(&t) == 0)) {
		CHECK(kx_vmcoreinfo_get(kx_vmcoreinfo_text(&t.saved.core), "OSRELEASE", &v));
		CHECK_EQ_U64(t.saved.machine.len, 7);
		CHECK_EQ_U64(t.saved.snapshot.len, 4096);
		CHECK_EQ_U64(t.saved.snapshot.data[0], 0x5a);
		CHECK_STR(t.saved.contexts.context.release, "6.6.6");
		CHECK_EQ_U64(t.saved.core.load_count, codec ? 3 : 5);
		CHECK_EQ_U64(t.saved.core.load[0].va, 0xffff888000000000 + (codec ? 0x1000 : 0x100000));
		if (!codec) {
			CHECK_EQ_U64(t.saved.core.span_count, 3);
			CHECK(kx_core_read(&t.saved.core, 0x240000, page, 4096, NULL) == 0);
			CHECK(kx_core_read(&t.saved.core, 0x107000, page, 1, NULL) == -ENXIO);
		}
		check_memory(&t);
	} else {
		printf("# %s\n", t.err.text);
	}
	bed_deinit(&t);
}

/* A kernel that slept has its state and its map with it. */
static void test_written_jump(void)
{
	const struct kx_context context = {
		.machine = KX_ELF_X86_64, .source = CONTEXT_SOURCE_JUMP,
		.entry_kind = CONTEXT_ENTRY_JUMP_X86_64, .filled = true, .page_size = 4096,
	};
	struct forge state = FORGE_NONE, map = FORGE_NONE;
	struct kx_saved_parts parts = { .context = &context };
	struct saved_head head;
	struct bed t;

	core_state(&state);
	core_map(&map);
	parts.state = forge_bytes(&state);
	parts.map = (struct kx_bytes){ map.p, 48 + 2 * 24 };
	bed_init(&t, (struct saved_forge){ .machine = 62, .codec = 1 });
	if (CHECK(bed_open(&t) == 0)) {
		rewrite(&t, &parts, &head);
		if (CHECK(bed_open(&t) == 0)) {
			const struct kx_contexts *c = &t.saved.contexts;

			CHECK_EQ_U64(c->context.entry_kind, CONTEXT_ENTRY_JUMP_X86_64);
			CHECK(c->has_state && c->has_map);
			CHECK_EQ_U64(c->state.cr4, 0xa000);
			CHECK_EQ_U64(c->map.run_count, 2);
			CHECK_EQ_U64(c->map.capacity, 2);
			CHECK_EQ_U64(c->map.run[0].src_pa, 0x8000);
		}
	}
	bed_deinit(&t);
	forge_free(&state);
	forge_free(&map);
}

static void test_written(void)
{
	struct kx_context context = {
		.machine = KX_ELF_X86_64, .source = CONTEXT_SOURCE_SNAPSHOT,
		.entry_kind = CONTEXT_ENTRY_RESTORE_X86_64, .filled = true, .page_size = 4096,
		.release = "6.6.6",
	};

	for (uint32_t codec = 0; codec <= 2; codec++)
		check_written(codec, &context);
}

/* Complete becomes consumed, and nothing else changes; so in a stream. */
static void test_consumed(void)
{
	uint8_t before[KX_SAVED_SECTOR];
	struct bed t;

	for (int stream = 0; stream <= 1; stream++) {
		bed_init(&t, (struct saved_forge){ .machine = 62, .codec = 1, .stream = stream });
		if (CHECK(bed_open(&t) == 0)) {
			memcpy(before, t.forge.f.p + t.saved.sector_off, sizeof(before));
			kx_saved_sector_again(&t.saved, KX_SAVED_CONSUMED, "6.1.0-37-amd64", 1700000000,
					      t.forge.f.p + t.saved.sector_off);
			CHECK_EQ_U64(probe(&t, NULL), KX_SAVED_CONSUMED);
			CHECK(bed_open(&t) == 0);
			CHECK_EQ_U64(t.saved.head.state, KX_SAVED_CONSUMED);
			CHECK_STR(t.saved.head.resumed_by, "6.1.0-37-amd64");
			CHECK_EQ_U64(t.saved.head.resumed, 1700000000);
			/* Nobody resumed one that is complete. */
			kx_saved_sector_again(&t.saved, KX_SAVED_COMPLETE, NULL, 0,
					      t.forge.f.p + t.saved.sector_off);
			CHECK_MEM(t.forge.f.p + t.saved.sector_off, before, sizeof(before));
		}
		bed_deinit(&t);
	}
}

/* More runs than ELF counts: then RAM without bytes; more ranges than that: an error. */
static void test_many(void)
{
	const struct kx_context context = { .machine = 62, .page_size = 4096 };
	struct kx_saved_parts parts = { .context = &context };
	struct saved_head head = { .headers_off = 0x10000, .block_count = 1 };
	struct saved_block block = { .off = 0x1000 };
	size_t n = KX_SAVED_LOADS_MAX, phnum;
	struct saved_record *record;
	struct kx_range *ranges;
	struct kx_bytes b;
	struct kx_arena a;
	struct kx_err err;

	kx_arena_init(&a);
	record = kx_arena_alloc(&a, (n + 1) * sizeof(*record));
	ranges = kx_arena_alloc(&a, (n + 1) * sizeof(*ranges));
	for (size_t i = 0; i <= n; i++) {
		record[i] = (struct saved_record){ .pa = i * 0x2000, .pages = 1, .stored = 4096 };
		ranges[i] = (struct kx_range){ i * 0x2000, i * 0x2000 + 0x1000 };
	}
	parts.ram = ranges;
	parts.ram_count = 1;
	block.records = head.record_count = n;
	CHECK(kx_saved_headers(&parts, &head, record, &block, &a, &b, &phnum, &err) == 0);
	CHECK_EQ_U64(phnum, n + 1);
	block.records = head.record_count = n + 1;
	CHECK(kx_saved_headers(&parts, &head, record, &block, &a, &b, &phnum, &err) == 0);
	CHECK_EQ_U64(phnum, 2);
	parts.ram_count = n + 1;
	CHECK(kx_saved_headers(&parts, &head, record, &block, &a, &b, &phnum, &err) == -E2BIG);
	kx_arena_deinit(&a);
}

TEST_MAIN(
	{ "open", test_open },
	{ "bytes behind it", test_longer },
	{ "probe", test_probe },
	{ "probe a stream", test_probe_stream },
	{ "read errors", test_read_error },
	{ "date", test_date },
	{ "malformed", test_malformed },
	{ "notes", test_notes },
	{ "a snapshot that is no page", test_snapshot_length },
	{ "a stream's length", test_stream_length },
	{ "a stream, copied", test_stream_copied },
	{ "a raw image with a packed record", test_raw_packed },
	{ "nothing stored", test_no_records },
	{ "a damaged block", test_block_damaged },
	{ "unpack", test_unpack },
	{ "pack", test_pack },
	{ "written", test_written },
	{ "written, of a jump", test_written_jump },
	{ "consumed", test_consumed },
	{ "many ranges", test_many },
)
