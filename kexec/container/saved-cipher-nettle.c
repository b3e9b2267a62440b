// SPDX-License-Identifier: GPL-2.0-only
/*
 * AES-256-GCM and HKDF-SHA256 by nettle: doc/resumable-core.md, "Encryption".  Declared
 * in kx/saved-cipher.h; built if configure found it, in place of saved-cipher-none.c.
 *
 * Each call has a context of its own, on its stack, which it wipes: so threads do not
 * meet, and no copy of the key is left behind.  Nothing is allocated, and nettle has
 * chosen the instructions for this CPU before main().
 */
#include <errno.h>
#include <nettle/gcm.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/version.h>
#include <string.h>

#include "kx/saved-cipher.h"

/* HKDF's info, and the image's id behind it. */
#define INFO		"kexec-tools saved core 1"
#define INFO_LEN	(sizeof(INFO) - 1)
#define OUT_LEN		(KX_SAVED_KEY_LEN + KX_SAVED_CHECK_LEN)

/*
 * NIST SP 800-38D, 5.2.1.1: "len(P) <= 2^39-256" bits.  nettle does not check it, and
 * its counter would begin again.
 */
#define GCM_MAX		((UINT64_C(1) << 36) - 32)

/* Since nettle 4 a digest always has its full length, and that is no argument. */
#if NETTLE_VERSION_MAJOR < 4
#define HMAC_GET(ctx, to)	hmac_sha256_digest(ctx, SHA256_DIGEST_SIZE, to)
#define TAG_GET(ctx, to)	gcm_aes256_digest(ctx, GCM_DIGEST_SIZE, to)
#else
#define HMAC_GET(ctx, to)	hmac_sha256_digest(ctx, to)
#define TAG_GET(ctx, to)	gcm_aes256_digest(ctx, to)
#endif

_Static_assert(AES256_KEY_SIZE == KX_SAVED_KEY_LEN, "the key of AES-256");
_Static_assert(GCM_IV_SIZE == KX_SAVED_NONCE_LEN, "GCM's nonce, which it does not hash");
_Static_assert(GCM_DIGEST_SIZE == KX_SAVED_TAG_LEN, "GCM's tag");

/* ---- the image's keys ---------------------------------------------------------------- */

/*
 * RFC 5869.  2.2: "PRK = HMAC-Hash(salt, IKM)"; 2.3: "T(N) = HMAC-Hash(PRK, T(N-1) |
 * info | N)".  nettle/hkdf.h calls the hash by pointers of another type, which C does
 * not define.
 */
static void hkdf(const uint8_t key[KX_SAVED_KEY_LEN], const uint8_t salt[KX_SAVED_SALT_LEN],
		 const uint8_t *info, size_t info_len, uint8_t to[OUT_LEN])
{
	struct hmac_sha256_ctx ctx;
	uint8_t prk[SHA256_DIGEST_SIZE], t[SHA256_DIGEST_SIZE];
	uint8_t n = 1;

	hmac_sha256_set_key(&ctx, KX_SAVED_SALT_LEN, salt);
	hmac_sha256_update(&ctx, KX_SAVED_KEY_LEN, key);
	HMAC_GET(&ctx, prk);
	hmac_sha256_set_key(&ctx, sizeof(prk), prk);
	for (size_t done = 0; done < OUT_LEN; done += sizeof(t), n++) {
		size_t part = OUT_LEN - done < sizeof(t) ? OUT_LEN - done : sizeof(t);

		if (done)
			hmac_sha256_update(&ctx, sizeof(t), t);
		hmac_sha256_update(&ctx, info_len, info);
		hmac_sha256_update(&ctx, 1, &n);
		HMAC_GET(&ctx, t);
		memcpy(to + done, t, part);
	}
	explicit_bzero(&ctx, sizeof(ctx));
	explicit_bzero(prk, sizeof(prk));
	explicit_bzero(t, sizeof(t));
}

/* struct kx_saved_cipher.begin */
static int begin(void *ctx, const uint8_t salt[KX_SAVED_SALT_LEN],
		 const uint8_t id[KX_SAVED_ID_LEN], uint8_t ret_check[KX_SAVED_CHECK_LEN],
		 struct kx_err *err)
{
	struct kx_saved_key *key = ctx;
	uint8_t info[INFO_LEN + KX_SAVED_ID_LEN];
	uint8_t out[OUT_LEN];

	(void)err;
	memcpy(info, INFO, INFO_LEN);
	memcpy(info + INFO_LEN, id, KX_SAVED_ID_LEN);
	hkdf(key->user, salt, info, sizeof(info), out);
	explicit_bzero(key->user, sizeof(key->user));
	memcpy(key->image, out, sizeof(key->image));
	memcpy(ret_check, out + KX_SAVED_KEY_LEN, KX_SAVED_CHECK_LEN);
	explicit_bzero(out, sizeof(out));
	return 0;
}

/* ---- AES-256-GCM ----------------------------------------------------------------------- */

/* nettle takes parts, but all except the last have to be whole blocks. */
static void authenticate(struct gcm_aes256_ctx *gcm, const struct kx_bytes aad[2])
{
	size_t whole = aad[0].len - aad[0].len % GCM_BLOCK_SIZE;
	size_t rest = aad[0].len - whole;
	size_t more = aad[1].len < GCM_BLOCK_SIZE - rest ? aad[1].len : GCM_BLOCK_SIZE - rest;
	uint8_t seam[GCM_BLOCK_SIZE];

	if (whole)
		gcm_aes256_update(gcm, whole, aad[0].data);
	if (rest)
		memcpy(seam, aad[0].data + whole, rest);
	if (more)
		memcpy(seam + rest, aad[1].data, more);
	gcm_aes256_update(gcm, rest + more, seam);
	if (aad[1].len > more)
		gcm_aes256_update(gcm, aad[1].len - more, aad[1].data + more);
}

typedef void gcm_crypt(struct gcm_aes256_ctx *gcm, size_t len, uint8_t *to, const uint8_t *from);

static int run(const struct kx_saved_key *key, const struct kx_saved_nonce *n, gcm_crypt *crypt,
	       uint8_t *data, size_t len, uint8_t ret_tag[KX_SAVED_TAG_LEN], struct kx_err *err)
{
	struct gcm_aes256_ctx gcm;

	if (len > GCM_MAX)
		return kx_err_set(err, E2BIG, "AES-256-GCM: expected at most 0x%llx bytes, have"
				  " 0x%zx", (unsigned long long)GCM_MAX, len);
	gcm_aes256_set_key(&gcm, key->image);
	gcm_aes256_set_iv(&gcm, sizeof(n->nonce), n->nonce);
	authenticate(&gcm, n->aad);
	if (len)
		crypt(&gcm, len, data, data);
	TAG_GET(&gcm, ret_tag);
	explicit_bzero(&gcm, sizeof(gcm));
	return 0;
}

/* struct kx_saved_cipher.seal */
static int seal(void *key, const struct kx_saved_nonce *nonce, uint8_t *data, size_t len,
		uint8_t ret_tag[KX_SAVED_TAG_LEN], struct kx_err *err)
{
	return run(key, nonce, gcm_aes256_encrypt, data, len, ret_tag, err);
}

/* struct kx_saved_cipher.open */
static int open_sealed(void *key, const struct kx_saved_nonce *nonce, uint8_t *data, size_t len,
		       const uint8_t tag[KX_SAVED_TAG_LEN], struct kx_err *err)
{
	uint8_t have[KX_SAVED_TAG_LEN];
	int r = run(key, nonce, gcm_aes256_decrypt, data, len, have, err);

	if (r < 0 || memeql_sec(have, tag, sizeof(have)))
		return r;
	/* Nobody is to look at what nobody vouches for. */
	if (len)
		memset(data, 0, len);
	return kx_err_set(err, EBADMSG, "AES-256-GCM: the tag does not fit: this was changed"
			  " by somebody without the key");
}

/* ---- setting up ---------------------------------------------------------------------------- */

int kx_saved_cipher_init(struct kx_saved_cipher *c, struct kx_saved_key *key, struct kx_err *err)
{
	(void)err;
	*c = (struct kx_saved_cipher){
		.ctx = key, .begin = begin, .seal = seal, .open = open_sealed,
	};
	return 0;
}

void kx_saved_cipher_deinit(struct kx_saved_cipher *c)
{
	*c = (struct kx_saved_cipher){ .ctx = NULL };
}
