// SPDX-License-Identifier: GPL-2.0-only
/*
 * container/saved-cipher-*.c with known answers, and sys/saved-key.c: which files and
 * keyrings have a key.
 */
#include <linux/keyctl.h>
#include <pthread.h>
#include <sys/syscall.h>

#include "kx/saved-cipher.h"
#include "sysroot.h"
#include "test.h"

/* ---- known answers ---------------------------------------------------------------------- */

static void from_hex(const char *hex, uint8_t *to)
{
	for (; *hex; hex += 2) {
		unsigned int v;

		if (sscanf(hex, "%2x", &v) != 1)
			abort();
		*to++ = (uint8_t)v;
	}
}

/* The GCM specification by McGrew and Viega, appendix B, test case 16. */
#define GCM_KEY		"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
#define GCM_IV		"cafebabefacedbaddecaf888"
#define GCM_AAD		"feedfacedeadbeeffeedfacedeadbeefabaddad2"
#define GCM_PLAIN	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"	\
			"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define GCM_CIPHER	"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"	\
			"8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
#define GCM_TAG		"76fc6ece0f4e1768cddf8853bb2d551b"
#define GCM_LEN		60

struct gcm {
	struct kx_saved_key key;
	struct kx_saved_cipher c;
	struct kx_saved_nonce n;
	uint8_t aad[20], plain[GCM_LEN], cipher[GCM_LEN], tag[16];
};

static bool gcm_init(struct gcm *g)
{
	memset(g, 0, sizeof(*g));
	if (kx_saved_cipher_init(&g->c, &g->key, NULL) < 0)
		return false;
	from_hex(GCM_KEY, g->key.image);
	from_hex(GCM_IV, g->n.nonce);
	from_hex(GCM_AAD, g->aad);
	from_hex(GCM_PLAIN, g->plain);
	from_hex(GCM_CIPHER, g->cipher);
	from_hex(GCM_TAG, g->tag);
	/* In two parts, as it may be. */
	g->n.aad[0] = (struct kx_bytes){ g->aad, 7 };
	g->n.aad[1] = (struct kx_bytes){ g->aad + 7, 13 };
	return true;
}

static void test_gcm(void)
{
	uint8_t data[GCM_LEN], tag[16] = { 0 };
	struct gcm g;

	if (!gcm_init(&g))
		TEST_SKIP("no libcrypto");
	memcpy(data, g.plain, sizeof(data));
	CHECK(g.c.seal(g.c.ctx, &g.n, data, sizeof(data), tag, NULL) == 0);
	CHECK_MEM(data, g.cipher, sizeof(data));
	CHECK_MEM(tag, g.tag, sizeof(tag));
	CHECK(g.c.open(g.c.ctx, &g.n, data, sizeof(data), tag, NULL) == 0);
	CHECK_MEM(data, g.plain, sizeof(data));
	kx_saved_cipher_deinit(&g.c);
}

static int open_changed(struct gcm *g, uint8_t *byte, uint8_t data[GCM_LEN])
{
	struct kx_err err = { .code = 0 };
	int r;

	*byte ^= 0x80;
	memcpy(data, g->cipher, GCM_LEN);
	r = g->c.open(g->c.ctx, &g->n, data, GCM_LEN, g->tag, &err);
	*byte ^= 0x80;
	if (r < 0)
		CHECK(strstr(err.text, "AES-256-GCM: the tag does not fit"));
	return r;
}

static void test_gcm_changed(void)
{
	static const uint8_t zeros[GCM_LEN];
	uint8_t data[GCM_LEN], other = 0;
	struct gcm g;

	if (!gcm_init(&g))
		TEST_SKIP("no libcrypto");
	CHECK(open_changed(&g, &other, data) == 0);
	for (size_t i = 0; i < GCM_LEN; i++)
		CHECK(open_changed(&g, &g.cipher[i], data) == -EBADMSG);
	CHECK_MEM(data, zeros, sizeof(data));
	CHECK(open_changed(&g, &g.tag[0], data) == -EBADMSG);
	CHECK(open_changed(&g, &g.tag[15], data) == -EBADMSG);
	CHECK(open_changed(&g, &g.aad[0], data) == -EBADMSG);
	CHECK(open_changed(&g, &g.aad[19], data) == -EBADMSG);
	CHECK(open_changed(&g, &g.n.nonce[11], data) == -EBADMSG);
	CHECK(open_changed(&g, &g.key.image[31], data) == -EBADMSG);
	g.n.aad[1].len--;
	CHECK(open_changed(&g, &other, data) == -EBADMSG);
	kx_saved_cipher_deinit(&g.c);
}

/*
 * HKDF-SHA256 of key 00..1f, salt 20..3f, "kexec-tools saved core 1" and id 40..4f, by
 * Python's hmac.
 */
static void test_hkdf(void)
{
	uint8_t salt[32], id[16], check[16], want[32], zeros[32] = { 0 };
	struct kx_saved_cipher c;
	struct kx_saved_key key;

	if (kx_saved_cipher_init(&c, &key, NULL) < 0)
		TEST_SKIP("no libcrypto");
	for (size_t i = 0; i < 32; i++) {
		key.user[i] = (uint8_t)i;
		salt[i] = (uint8_t)(0x20 + i);
		id[i / 2] = (uint8_t)(0x40 + i / 2);
	}
	CHECK(c.begin(c.ctx, salt, id, check, NULL) == 0);
	from_hex("6edc5d76011d5beec57e75c562167e9ff752d0f75d468dc7e73e39b4adae69bd", want);
	CHECK_MEM(key.image, want, 32);
	from_hex("7be6fc821a27d97c271c57e495d0d2a9", want);
	CHECK_MEM(check, want, 16);
	CHECK_MEM(key.user, zeros, 32);
	kx_saved_cipher_deinit(&c);
}

/* Several threads, one key: as the packers do. */
static void *seal_many(void *ctx)
{
	struct gcm *g = ctx;
	uintptr_t bad = 0;

	for (int i = 0; i < 200; i++) {
		uint8_t data[GCM_LEN], tag[16];

		memcpy(data, g->plain, sizeof(data));
		bad += g->c.seal(g->c.ctx, &g->n, data, sizeof(data), tag, NULL) < 0 ||
		       memcmp(tag, g->tag, sizeof(tag));
	}
	return (void *)bad;
}

static void test_threads(void)
{
	pthread_t thread[4];
	struct gcm g;
	void *bad;

	if (!gcm_init(&g))
		TEST_SKIP("no libcrypto");
	for (int i = 0; i < 4; i++)
		if (pthread_create(&thread[i], NULL, seal_many, &g))
			abort();
	for (int i = 0; i < 4; i++) {
		CHECK(pthread_join(thread[i], &bad) == 0);
		CHECK(!bad);
	}
	kx_saved_cipher_deinit(&g.c);
}

/* ---- files -------------------------------------------------------------------------------- */

#define DIGITS	"000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F"

static const struct {
	const char *name, *text;
	size_t len;
	mode_t mode;
	int code;
	const char *say;
} files[] = {
	{ "raw", "\0\1\2\3\4\5\6\7\10\t\n\13\14\r\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37",
	  32, 0600, 0, NULL },
	{ "hex", DIGITS, 64, 0400, 0, NULL },
	{ "hex and line", DIGITS "\n", 65, 0600, 0, NULL },
	{ "group", DIGITS, 64, 0640, EPERM, "expected a key that only its owner can read or write, have mode 0640" },
	{ "others", DIGITS, 64, 0604, EPERM, "have mode 0604" },
	{ "written by others", DIGITS, 64, 0602, EPERM, "have mode 0602" },
	{ "empty", "", 0, 0600, EINVAL, "expected 32 bytes, or 64 hexadecimal digits and at most a line end, have 0 bytes" },
	{ "short", DIGITS, 31, 0600, EINVAL, "have 31 bytes" },
	{ "between", DIGITS, 33, 0600, EINVAL, "have 33 bytes" },
	{ "63", DIGITS, 63, 0600, EINVAL, "have 63 bytes" },
	{ "65", DIGITS "0", 65, 0600, EINVAL, "have 65 bytes" },
	{ "two lines", DIGITS "\n\n", 66, 0600, EINVAL, "have at least 66 bytes" },
	{ "long", DIGITS DIGITS DIGITS, 192, 0600, EINVAL, "have at least 66 bytes" },
	{ "no digit", DIGITS, 64, 0600, EINVAL, "expected 64 hexadecimal digits, have something else at 63" },
};

/* Which of these it says, or that it has the key of the tests. */
static void check_load(const char *spec, int code, const char *say)
{
	struct kx_err err = { .code = 0 };
	struct kx_saved_key *key = NULL;
	int r = kx_saved_key_load(spec, &key, &err);

	if (!CHECK(r == -code))
		printf("# %s: %d: %s\n", spec, r, err.text);
	if (code && !CHECK(strstr(err.text, say)))
		printf("# %s\n", err.text);
	CHECK(!key == !!code);
	for (size_t i = 0; key && i < sizeof(key->user); i++)
		CHECK_EQ_U64(key->user[i], i);
	kx_saved_key_free(key);
}

static void test_files(void)
{
	struct sysroot root;

	sysroot_make(&root);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char spec[PATH_MAX], text[200];

		memcpy(text, files[i].text, files[i].len);
		if (!strcmp(files[i].name, "no digit"))
			text[63] = 'g';
		snprintf(spec, sizeof(spec), "file:%s/%s", root.dir, files[i].name);
		sysroot_put(&root, files[i].name, text, files[i].len);
		CHECK(chmod(spec + 5, files[i].mode) == 0);
		check_load(spec, files[i].code, files[i].say);
	}
	sysroot_remove(&root);
	check_load("file:/nothing/here", ENOENT, "/nothing/here: cannot open: No such file");
	check_load("file:/", EISDIR, "/: expected a file, have a directory");
	check_load("file:/dev/null", EINVAL, "have 0 bytes");
	check_load("file:/dev/zero", EINVAL, "have at least 66 bytes");
}

/* What comes in pieces is put together. */
static void *write_slowly(void *ctx)
{
	const int *fd = ctx;

	for (size_t i = 0; i < 64; i += 16) {
		if (write(*fd, DIGITS + i, 16) != 16)
			abort();
		usleep(1000);
	}
	close(*fd);
	return NULL;
}

static void test_pipe(void)
{
	pthread_t thread;
	char spec[64];
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) < 0)
		abort();
	snprintf(spec, sizeof(spec), "file:/proc/self/fd/%d", fd[0]);
	/* Its mode is nobody's business; the writer is gone when it was read. */
	if (pthread_create(&thread, NULL, write_slowly, &fd[1]))
		abort();
	check_load(spec, 0, NULL);
	CHECK(pthread_join(thread, NULL) == 0);
	close(fd[0]);
}

static void test_check(void)
{
	static const char *const bad[] = { "", "file:", "keyring:", "file", "/key", "key:x", "FILE:x" };
	struct kx_saved_key *key = NULL;
	struct kx_err err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(kx_saved_key_check(bad[i], &err) == -EINVAL);
		CHECK(strstr(err.text, "expected file:PATH or keyring:DESCRIPTION, have '"));
		CHECK(kx_saved_key_load(bad[i], &key, &err) == -EINVAL);
	}
	CHECK(kx_saved_key_check("file:x", &err) == 0);
	CHECK(kx_saved_key_check("keyring:a b:c", &err) == 0);
	kx_saved_key_free(NULL);
}

/* ---- keyrings -------------------------------------------------------------------------------- */

static long add_key(const char *name, const void *data, size_t len)
{
	return syscall(SYS_add_key, "user", name, data, len, KEY_SPEC_PROCESS_KEYRING);
}

static void test_keyring(void)
{
	uint8_t bytes[33];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	if (add_key("kx-test", bytes, 32) < 0)
		TEST_SKIP("no keyrings here");
	check_load("keyring:kx-test", 0, NULL);
	check_load("keyring:kx-test-2", ENOKEY, "keyring: no key of type user called 'kx-test-2': ");
	CHECK(add_key("kx-long", bytes, 33) > 0);
	check_load("keyring:kx-long", EINVAL, "keyring: 'kx-long': expected 32 bytes, have 33");
	CHECK(add_key("kx-short", bytes, 31) > 0);
	check_load("keyring:kx-short", EINVAL, "keyring: 'kx-short': expected 32 bytes, have 31");
}

TEST_MAIN(
	{ "AES-256-GCM", test_gcm },
	{ "AES-256-GCM, something changed", test_gcm_changed },
	{ "HKDF-SHA256", test_hkdf },
	{ "threads", test_threads },
	{ "files", test_files },
	{ "a pipe", test_pipe },
	{ "spelling", test_check },
	{ "keyrings", test_keyring },
)
