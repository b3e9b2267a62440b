// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib/saved-seal.c and what of lib/saved*.c is about encryption: images that are
 * whole, and what somebody without the key may do to one.
 */
#include <errno.h>

#include "kx/saved.h"
#include "saved-seal-forge.h"
#include "test.h"

struct bed {
	struct saved_forge forge;
	struct kx_saved_key key;
	struct kx_saved_cipher cipher;
	struct kx_bytes b;
	struct kx_core_file file;
	struct kx_arena arena;
	struct kx_saved saved;
	struct kx_err err;
};

/* An encrypted image, and the user's key again.  False: there is no libcrypto. */
static bool bed_init(struct bed *t, struct saved_forge forge)
{
	memset(t, 0, sizeof(*t));
	saved_test_key(&t->key);
	if (kx_saved_cipher_init(&t->cipher, &t->key, &t->err) < 0)
		return false;
	t->forge = forge;
	kx_arena_init(&t->arena);
	saved_build(&t->forge);
	saved_encrypt(&t->forge, &t->cipher);
	return true;
}

static void bed_deinit(struct bed *t)
{
	kx_saved_cipher_deinit(&t->cipher);
	kx_arena_deinit(&t->arena);
	saved_forge_free(&t->forge);
}

#define BED(t, ...)									\
	do {										\
		if (!bed_init(&(t), (struct saved_forge){ .machine = 62, __VA_ARGS__ }))	\
			TEST_SKIP("no libcrypto");					\
	} while (0)

static int bed_open_as(struct bed *t, const struct kx_saved_cipher *c)
{
	t->b = forge_bytes(&t->forge.f);
	t->file = core_file(&t->b);
	t->err = (struct kx_err){ .code = 0 };
	return kx_saved_open_key(&t->file, sha256_blocks_portable, c, &t->arena, &t->saved, &t->err);
}

static int bed_open(struct bed *t)
{
	for (size_t i = 0; i < sizeof(t->key.user); i++)
		t->key.user[i] = (uint8_t)i;
	return bed_open_as(t, &t->cipher);
}

static int bed_open_locked(struct bed *t)
{
	t->b = forge_bytes(&t->forge.f);
	t->file = core_file(&t->b);
	t->err = (struct kx_err){ .code = 0 };
	return kx_saved_open_locked(&t->file, sha256_blocks_portable, &t->arena, &t->saved, &t->err);
}

static void check_says(struct bed *t, int r, int code, const char *want)
{
	if (!CHECK(r == -code) || !CHECK(strstr(t->err.text, want)))
		printf("# %d: %s; wanted %s\n", r, t->err.text, want);
}

/* ---- whole ones ------------------------------------------------------------------------- */

static void check_memory(struct bed *t)
{
	static uint8_t block[KX_SAVED_BLOCK_MAX], page[KX_SAVED_RECORD_MAX];
	const struct kx_saved *s = &t->saved;

	for (size_t b = 0; b < s->head.block_count; b++) {
		size_t at = 0;

		if (!CHECK(kx_saved_block(s, b, block, &t->err) == 0))
			return;
		for (size_t i = 0; i < s->block[b].records; i++) {
			size_t k = (size_t)s->block[b].first_record + i;
			struct forge want = FORGE_NONE;

			saved_memory(&want, &t->forge.pages[k]);
			CHECK(kx_saved_unpack(s, &s->record[k], block + at, page, NULL) == 0);
			CHECK_MEM(page, want.p, want.len);
			at += s->record[k].stored;
			forge_free(&want);
		}
	}
}

static void test_open(void)
{
	for (uint32_t codec = 0; codec <= 2; codec++)
		for (int stream = 0; stream < 2; stream++) {
			struct bed t;

			BED(t, .codec = codec, .stream = stream, .state = 2 + stream);
			if (CHECK(bed_open(&t) == 0)) {
				CHECK(!t.saved.locked);
				CHECK_EQ_U64(t.saved.head.flags, KX_SAVED_ENCRYPTED);
				CHECK_EQ_U64(t.saved.machine.len, strlen(SAVED_MACHINE));
				check_memory(&t);
			} else {
				printf("# %s\n", t.err.text);
			}
			/* The user's key is not needed any more. */
			for (size_t i = 0; i < sizeof(t.key.user); i++)
				CHECK(!t.key.user[i]);
			bed_deinit(&t);
		}
}

/* Blocks of zeros have no bytes, and so no tag. */
static void test_zeros(void)
{
	static const struct saved_pages zeros[] = {
		{ 0x100000, 3, SAVED_ZERO, 1 }, { 0x200000, 3, SAVED_ZERO, 1 },
		{ 0x210000, 1, SAVED_TEXT, 0 },
	};
	struct bed t;

	BED(t, .codec = 1, .pages = zeros, .page_rows = 3);
	if (CHECK(bed_open(&t) == 0))
		check_memory(&t);
	bed_deinit(&t);
}

/* Nothing of what is in it is in the file. */
static bool in_file(const struct bed *t, const char *text)
{
	return memmem(t->forge.f.p, t->forge.f.len, text, strlen(text));
}

static void test_secret(void)
{
	struct forge page = FORGE_NONE;
	struct bed t;

	BED(t, .codec = 0);
	CHECK(!in_file(&t, "VMCOREINFO"));
	CHECK(!in_file(&t, "OSRELEASE"));
	CHECK(!in_file(&t, "6.1.0-test"));
	CHECK(!in_file(&t, "CPUS=2"));
	saved_memory(&page, &saved_pages[0]);
	CHECK(!memmem(t.forge.f.p, t.forge.f.len, page.p + 64, 64));
	forge_free(&page);
	bed_deinit(&t);
}

static void test_locked(void)
{
	static uint8_t block[KX_SAVED_BLOCK_MAX];
	uint8_t sector[KX_SAVED_SECTOR];
	struct bed t;

	BED(t, .codec = 1, .stream = 1);
	CHECK(bed_open_locked(&t) == 0);
	CHECK(t.saved.locked);
	CHECK_EQ_U64(t.saved.head.block_count, 2);
	CHECK(kx_saved_block(&t.saved, 0, block, &t.err) == 0);
	CHECK_MEM(block, t.forge.f.p + 0x1000, (size_t)t.saved.block[0].len);
	/* Enough to say that it is consumed. */
	kx_saved_sector_again(&t.saved, KX_SAVED_COMPLETE, NULL, 0, sector);
	CHECK_MEM(sector, t.forge.f.p + t.forge.sector, sizeof(sector));
	kx_saved_sector_again(&t.saved, KX_SAVED_CONSUMED, "6.12-c", 7,
			      t.forge.f.p + t.forge.sector);
	CHECK(bed_open(&t) == 0);
	CHECK_EQ_U64(t.saved.head.state, KX_SAVED_CONSUMED);
	check_memory(&t);
	/* And that it is damaged. */
	t.forge.f.p[0x1000] ^= 1;
	CHECK(bed_open_locked(&t) == 0);
	check_says(&t, kx_saved_block(&t.saved, 0, block, &t.err), EBADMSG,
		   "block 0 at 0x1000: SHA-256: expected ");
	t.forge.f.p[t.forge.tables_off] ^= 1;
	check_says(&t, bed_open_locked(&t), EBADMSG, "tables: SHA-256: expected ");
	bed_deinit(&t);
}

/* ---- keys -------------------------------------------------------------------------------- */

static void test_keys(void)
{
	struct bed t;

	BED(t, .codec = 1);
	check_says(&t, bed_open_as(&t, NULL), ENOKEY, "encrypted image (complete): expected its key, have none");
	/* A wiped key is another one, as is one that differs in a bit. */
	check_says(&t, bed_open_as(&t, &t.cipher), EKEYREJECTED,
		   "expected the key that this image was encrypted with, have another");
	saved_test_key(&t.key);
	kx_saved_cipher_deinit(&t.cipher);
	CHECK(kx_saved_cipher_init(&t.cipher, &t.key, &t.err) == 0);
	t.key.user[31] ^= 1;
	check_says(&t, bed_open_as(&t, &t.cipher), EKEYREJECTED, "expected the key that");
	bed_deinit(&t);
}

/* Whoever has a key wants nothing that somebody without it has written. */
static void test_not_encrypted(void)
{
	struct bed t;

	BED(t, .codec = 1);
	saved_forge_free(&t.forge);
	t.forge = (struct saved_forge){ .machine = 62, .codec = 1 };
	saved_build(&t.forge);
	check_says(&t, bed_open(&t), EINVAL, "expected an image that is encrypted, have one that is not");
	CHECK(bed_open_as(&t, NULL) == 0);
	CHECK(bed_open_locked(&t) == 0);
	CHECK(!t.saved.locked);
	bed_deinit(&t);
}

/* ---- without the key, but with all digests made right again ---------------------------------- */

enum where { SECTOR, RECORD, BLOCK, HEADERS, DATA };

static const struct {
	enum where where;
	size_t off;
	int code;
	const char *say;
} tampered[] = {
	{ RECORD, 0, EBADMSG, "tables: AES-256-GCM: the tag does not fit" },
	{ RECORD, 5 * 16 - 1, EBADMSG, "tables: AES-256-GCM: the tag does not fit" },
	/* A block's row: offset, length, first record, digest, tag. */
	{ BLOCK, 1, EBADMSG, "tables: AES-256-GCM" },
	{ BLOCK, 8, EBADMSG, "tables: AES-256-GCM" },
	{ BLOCK, 80 + 16, EBADMSG, "tables: AES-256-GCM" },
	{ BLOCK, 32, EBADMSG, "tables: AES-256-GCM" },
	{ BLOCK, 80 + 79, EBADMSG, "tables: AES-256-GCM" },
	{ HEADERS, 0, EBADMSG, "headers: AES-256-GCM" },
	{ HEADERS, 300, EBADMSG, "headers: AES-256-GCM" },
	{ SECTOR, SAVED_HEADERS_TAG, EBADMSG, "headers: AES-256-GCM" },
	{ SECTOR, SAVED_TABLES_TAG + 15, EBADMSG, "tables: AES-256-GCM" },
	/* What sector 0 says in the clear. */
	{ SECTOR, 56, EBADMSG, "headers: AES-256-GCM" },
	{ SECTOR, SAVED_CREATED, EBADMSG, "headers: AES-256-GCM" },
	{ SECTOR, SAVED_PAGE_COUNT, EBADMSG, "headers: AES-256-GCM" },
	{ SECTOR, SAVED_ZERO_PAGES, EBADMSG, "headers: AES-256-GCM" },
	{ SECTOR, SAVED_RECORD_COUNT, EBADMSG, "headers: AES-256-GCM" },
	{ SECTOR, SAVED_BLOCK_COUNT, EBADMSG, "headers: AES-256-GCM" },
	{ SECTOR, SAVED_CODEC, EBADMSG, "headers: AES-256-GCM" },
	{ SECTOR, SAVED_ID, EKEYREJECTED, "expected the key that" },
	{ SECTOR, SAVED_SALT, EKEYREJECTED, "expected the key that" },
	{ SECTOR, SAVED_KEY_CHECK, EKEYREJECTED, "expected the key that" },
};

/* As the sector says where they are, which may have been tampered with. */
static void digests_again(struct bed *t)
{
	const uint8_t *p = t->forge.f.p + t->forge.sector;

	t->forge.tables_len = (size_t)(16 * saved_le64(p + SAVED_RECORD_COUNT) +
				       80 * saved_le64(p + SAVED_BLOCK_COUNT));
	saved_seal(&t->forge);
}

static void test_tampered(void)
{
	for (size_t i = 0; i < sizeof(tampered) / sizeof(tampered[0]); i++) {
		size_t base[4];
		struct bed t;

		BED(t, .codec = 1);
		base[SECTOR] = 0;
		base[RECORD] = t.forge.tables_off;
		base[BLOCK] = t.forge.tables_off + SAVED_RECORDS * 16;
		base[HEADERS] = t.forge.headers_off;
		t.forge.f.p[base[tampered[i].where] + tampered[i].off] ^= 1;
		digests_again(&t);
		check_says(&t, bed_open(&t), tampered[i].code, tampered[i].say);
		bed_deinit(&t);
	}
}

/* No longer encrypted: a reader with a key does not believe it. */
static void test_flag_off(void)
{
	struct bed t;

	BED(t, .codec = 1);
	kx_put_le32(t.forge.f.p + SAVED_FLAGS, 0);
	memset(t.forge.f.p + SAVED_SALT, 0, SAVED_RESERVED - SAVED_SALT);
	saved_seal(&t.forge);
	check_says(&t, bed_open(&t), EINVAL, "expected an image that is encrypted");
	bed_deinit(&t);
}

/* A block's byte, and its digest; then its tag; then blocks in each other's place. */
static void test_blocks(void)
{
	static uint8_t block[KX_SAVED_BLOCK_MAX];
	struct saved_block *b, swap;
	struct bed t;

	BED(t, .codec = 0);
	if (!CHECK(bed_open(&t) == 0))
		return;
	b = t.saved.block;
	t.forge.f.p[0x1000] ^= 1;
	check_says(&t, kx_saved_block(&t.saved, 0, block, &t.err), EBADMSG, "SHA-256");
	saved_sha(t.forge.f.p + b[0].off, (size_t)b[0].len, b[0].sha256);
	memset(block, 0x77, sizeof(block));
	check_says(&t, kx_saved_block(&t.saved, 0, block, &t.err), EBADMSG,
		   "block 0 at 0x1000: AES-256-GCM: the tag does not fit");
	/* And nobody gets to see what it would be. */
	CHECK(!block[0] && !block[(size_t)b[0].len - 1]);
	t.forge.f.p[0x1000] ^= 1;
	saved_sha(t.forge.f.p + b[0].off, (size_t)b[0].len, b[0].sha256);
	CHECK(kx_saved_block(&t.saved, 0, block, &t.err) == 0);
	b[0].tag[7] ^= 1;
	CHECK(kx_saved_block(&t.saved, 0, block, &t.err) == -EBADMSG);
	b[0].tag[7] ^= 1;
	swap = b[0];
	b[0] = (struct saved_block){ .off = b[1].off, .len = b[1].len, .first_record = swap.first_record,
				     .records = swap.records };
	memcpy(b[0].sha256, b[1].sha256, 32);
	memcpy(b[0].tag, b[1].tag, 16);
	CHECK(kx_saved_block(&t.saved, 0, block, &t.err) == -EBADMSG);
	bed_deinit(&t);
}

static void test_truncated(void)
{
	struct bed t;
	size_t len;

	BED(t, .codec = 1, .stream = 1);
	len = t.forge.f.len;
	for (size_t n = 512; n < len; n += 4096) {
		t.forge.f.len = n;
		CHECK(bed_open(&t) == -ENOEXEC);
		CHECK(bed_open_locked(&t) == -ENOEXEC);
	}
	t.forge.f.len = len;
	bed_deinit(&t);
}

/* ---- what is written is read ------------------------------------------------------------------- */

/* The image of @t by the library, from @plain on: byte for byte the forge's. */
static void check_written(struct bed *t, struct saved_forge *plain)
{
	struct kx_bytes b = forge_bytes(&plain->f), tables, headers;
	struct kx_core_file file = core_file(&b);
	struct kx_saved s;
	uint8_t *p = plain->f.p;

	if (!CHECK(kx_saved_open(&file, sha256_blocks_portable, &t->arena, &s, NULL) == 0))
		return;
	memset(s.head.salt, 0x5a, sizeof(s.head.salt));
	for (size_t i = 0; i < sizeof(t->key.user); i++)
		t->key.user[i] = (uint8_t)i;
	CHECK(kx_saved_encrypt(&s.head, &t->cipher, NULL) == 0);
	for (size_t i = 0; i < s.head.block_count; i++) {
		struct saved_block *k = &s.block[i];

		CHECK(kx_saved_block_seal(&s.head, &t->cipher, &s.record[k->first_record],
					  (size_t)k->records, p + k->off, (size_t)k->len, k->tag, NULL) == 0);
		saved_sha(p + k->off, (size_t)k->len, k->sha256);
	}
	CHECK(kx_saved_tables(&s.head, s.record, s.block, &t->arena, &tables, NULL) == 0);
	CHECK(kx_saved_tables_seal(&s.head, &t->cipher, tables, NULL) == 0);
	CHECK_EQ_U64(tables.len, t->forge.tables_len);
	memcpy(p + s.head.tables_off, tables.data, tables.len);
	kx_saved_digest(tables, sha256_blocks_portable, s.head.tables_sha256);
	headers = (struct kx_bytes){ p + s.head.headers_off, (size_t)s.head.headers_len };
	CHECK(kx_saved_headers_seal(&s.head, &t->cipher, s.phnum, headers, NULL) == 0);
	kx_saved_digest(headers, sha256_blocks_portable, s.head.headers_sha256);
	kx_saved_sector_again(&s, KX_SAVED_COMPLETE, NULL, 0, p);
	CHECK_EQ_U64(plain->f.len, t->forge.f.len);
	CHECK_MEM(p, t->forge.f.p, plain->f.len);
}

static void test_written(void)
{
	for (uint32_t codec = 0; codec <= 2; codec++) {
		struct saved_forge plain = { .machine = 62, .codec = codec };
		struct bed t;

		BED(t, .codec = codec);
		saved_build(&plain);
		check_written(&t, &plain);
		saved_forge_free(&plain);
		bed_deinit(&t);
	}
}

/* Its program headers do not point to what nobody can read. */
static void test_headers(void)
{
	const struct kx_context context = { .machine = 62, .page_size = 4096 };
	const struct kx_range ram = { 0x100000, 0x800000 };
	const struct kx_saved_parts parts = { .context = &context, .ram = &ram, .ram_count = 1 };
	struct saved_head head = { .headers_off = 0x10000, .record_count = 2, .block_count = 1 };
	const struct saved_record record[] = { { 0x100000, 1, 4096 }, { 0x200000, 1, 4096 } };
	const struct saved_block block = { .off = 0x1000, .len = 8192, .records = 2 };
	struct kx_bytes b;
	struct kx_arena a;
	size_t phnum;

	kx_arena_init(&a);
	CHECK(kx_saved_headers(&parts, &head, record, &block, &a, &b, &phnum, NULL) == 0);
	CHECK_EQ_U64(phnum, 3);
	head.flags = KX_SAVED_ENCRYPTED;
	CHECK(kx_saved_headers(&parts, &head, record, &block, &a, &b, &phnum, NULL) == 0);
	CHECK_EQ_U64(phnum, 2);
	kx_arena_deinit(&a);
}

TEST_MAIN(
	{ "open", test_open },
	{ "blocks of zeros", test_zeros },
	{ "nothing is in the clear", test_secret },
	{ "without a key", test_locked },
	{ "keys", test_keys },
	{ "not encrypted", test_not_encrypted },
	{ "tampered with", test_tampered },
	{ "the flag taken away", test_flag_off },
	{ "blocks", test_blocks },
	{ "truncated", test_truncated },
	{ "written", test_written },
	{ "program headers", test_headers },
)
