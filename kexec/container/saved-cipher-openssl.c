// SPDX-License-Identifier: GPL-2.0-only
/*
 * AES-256-GCM and HKDF-SHA256 by OpenSSL's libcrypto: doc/resumable-core.md,
 * "Encryption".  Declared in kx/saved-cipher.h; built if configure found it, in place
 * of saved-cipher-none.c.
 *
 * Each call has a context of its own, which libcrypto wipes when it is freed: so
 * threads do not meet, and no copy of the key is left behind.
 */
#include <errno.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <stdbool.h>
#include <string.h>

#include "kx/saved-cipher.h"

/* HKDF's info, and the image's id behind it. */
#define INFO		"kexec-tools saved core 1"
#define INFO_LEN	(sizeof(INFO) - 1)

static int refused(const char *what, struct kx_err *err)
{
	return kx_err_set(err, EIO, "libcrypto: %s failed", what);
}

/* ---- the image's keys ---------------------------------------------------------------- */

/* RFC 5869, extract and expand. */
static int hkdf(const uint8_t key[KX_SAVED_KEY_LEN], const uint8_t salt[KX_SAVED_SALT_LEN],
		const uint8_t *info, size_t info_len, uint8_t *to, size_t len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HKDF, NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key,
						  KX_SAVED_KEY_LEN),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt,
						  KX_SAVED_SALT_LEN),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info,
						  info_len),
		OSSL_PARAM_construct_end(),
	};
	int ok = ctx ? EVP_KDF_derive(ctx, to, len, params) : 0;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok == 1 ? 0 : -EIO;
}

/* struct kx_saved_cipher.begin */
static int begin(void *ctx, const uint8_t salt[KX_SAVED_SALT_LEN],
		 const uint8_t id[KX_SAVED_ID_LEN], uint8_t ret_check[KX_SAVED_CHECK_LEN],
		 struct kx_err *err)
{
	struct kx_saved_key *key = ctx;
	uint8_t info[INFO_LEN + KX_SAVED_ID_LEN];
	uint8_t out[KX_SAVED_KEY_LEN + KX_SAVED_CHECK_LEN] = { 0 };
	int r;

	memcpy(info, INFO, INFO_LEN);
	memcpy(info + INFO_LEN, id, KX_SAVED_ID_LEN);
	r = hkdf(key->user, salt, info, sizeof(info), out, sizeof(out));
	explicit_bzero(key->user, sizeof(key->user));
	if (r == 0) {
		memcpy(key->image, out, sizeof(key->image));
		memcpy(ret_check, out + KX_SAVED_KEY_LEN, KX_SAVED_CHECK_LEN);
	}
	explicit_bzero(out, sizeof(out));
	return r < 0 ? refused("HKDF-SHA256", err) : 0;
}

/* ---- AES-256-GCM ----------------------------------------------------------------------- */

/* All but the tag; false: libcrypto does not take it. */
static bool run(EVP_CIPHER_CTX *ctx, const struct kx_saved_key *key,
		const struct kx_saved_nonce *nonce, bool encrypt, uint8_t *data, size_t len)
{
	int n;

	if (EVP_CipherInit_ex2(ctx, key->lib, key->image, nonce->nonce, encrypt, NULL) != 1)
		return false;
	for (size_t i = 0; i < 2; i++)
		if (nonce->aad[i].len && EVP_CipherUpdate(ctx, NULL, &n, nonce->aad[i].data,
							  (int)nonce->aad[i].len) != 1)
			return false;
	return !len || EVP_CipherUpdate(ctx, data, &n, data, (int)len) == 1;
}

/* GCM has nothing left to write at the end; the room is for what the manual allows. */
static bool finish(EVP_CIPHER_CTX *ctx)
{
	uint8_t rest[EVP_MAX_BLOCK_LENGTH];
	int n;

	return EVP_CipherFinal_ex(ctx, rest, &n) == 1;
}

static int len_check(const struct kx_saved_nonce *n, size_t len, struct kx_err *err)
{
	if (len > INT_MAX || n->aad[0].len > INT_MAX || n->aad[1].len > INT_MAX)
		return kx_err_set(err, E2BIG, "expected at most 0x%x bytes to encrypt, have 0x%zx",
				  INT_MAX, len);
	return 0;
}

/* struct kx_saved_cipher.seal */
static int seal(void *key, const struct kx_saved_nonce *nonce, uint8_t *data, size_t len,
		uint8_t ret_tag[KX_SAVED_TAG_LEN], struct kx_err *err)
{
	EVP_CIPHER_CTX *ctx;
	bool ok;

	if (len_check(nonce, len, err) < 0)
		return -E2BIG;
	ctx = EVP_CIPHER_CTX_new();
	ok = ctx && run(ctx, key, nonce, true, data, len) && finish(ctx) &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, KX_SAVED_TAG_LEN, ret_tag) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : refused("AES-256-GCM", err);
}

/* struct kx_saved_cipher.open */
static int open_sealed(void *key, const struct kx_saved_nonce *nonce, uint8_t *data, size_t len,
		       const uint8_t tag[KX_SAVED_TAG_LEN], struct kx_err *err)
{
	EVP_CIPHER_CTX *ctx;
	uint8_t want[KX_SAVED_TAG_LEN];
	bool ok, fits;

	if (len_check(nonce, len, err) < 0)
		return -E2BIG;
	memcpy(want, tag, sizeof(want));
	ctx = EVP_CIPHER_CTX_new();
	ok = ctx && run(ctx, key, nonce, false, data, len) &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, KX_SAVED_TAG_LEN, want) == 1;
	fits = ok && finish(ctx);
	EVP_CIPHER_CTX_free(ctx);
	if (fits)
		return 0;
	/* Nobody is to look at what nobody vouches for. */
	if (len)
		memset(data, 0, len);
	return ok ? kx_err_set(err, EBADMSG, "AES-256-GCM: the tag does not fit: this was changed"
			       " by somebody without the key") : refused("AES-256-GCM", err);
}

/* ---- setting up ---------------------------------------------------------------------------- */

int kx_saved_cipher_init(struct kx_saved_cipher *c, struct kx_saved_key *key, struct kx_err *err)
{
	const struct kx_saved_nonce nonce = { .nonce = { 0 } };
	uint8_t tag[KX_SAVED_TAG_LEN];
	int r;

	*c = (struct kx_saved_cipher){
		.ctx = key, .begin = begin, .seal = seal, .open = open_sealed,
	};
	/* Its configuration file is for protocols; and nothing is to be run at exit. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
	key->lib = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	if (!key->lib)
		return refused("fetching AES-256-GCM", err);
	/* What it sets up at its first use is set up now, and not while all are stopped. */
	r = seal(key, &nonce, NULL, 0, tag, err);
	if (r < 0)
		kx_saved_cipher_deinit(c);
	return r;
}

void kx_saved_cipher_deinit(struct kx_saved_cipher *c)
{
	struct kx_saved_key *key = c->ctx;

	if (key) {
		EVP_CIPHER_free(key->lib);
		key->lib = NULL;
	}
	*c = (struct kx_saved_cipher){ .ctx = NULL };
}
