/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a saved core is encrypted: AES-256-GCM under a key of its own, which is derived
 * from the user's.  doc/resumable-core.md, "Encryption".
 *
 *	sys/saved-key.c			where the user's key comes from
 *	container/saved-cipher-*.c	the ciphers, by libcrypto; "none" is without
 *	lib/saved-seal.c		what of an image is sealed with which nonce
 */
#ifndef KX_SAVED_CIPHER_H
#define KX_SAVED_CIPHER_H

#include <stddef.h>
#include <stdint.h>

#include "kx/bytes.h"
#include "kx/err.h"

#define KX_SAVED_KEY_LEN	32u	/* AES-256 */
#define KX_SAVED_SALT_LEN	32u
#define KX_SAVED_CHECK_LEN	16u
#define KX_SAVED_NONCE_LEN	12u
#define KX_SAVED_TAG_LEN	16u
#define KX_SAVED_ID_LEN		16u

/* What seals, beside the key; no nonce is used twice with one. */
struct kx_saved_nonce {
	uint8_t nonce[KX_SAVED_NONCE_LEN];
	struct kx_bytes aad[2];		/* authenticated with the bytes, one behind the other */
};

/*
 * For one image.  seal() and open() may be called from several threads, allocate
 * little, and open no file: they are used while everybody else is stopped.
 */
struct kx_saved_cipher {
	void *ctx;
	/*
	 * The keys of the image with that salt and id: once, before the other two.  The
	 * user's key is wiped.  @ret_check tells this key from others.  -EIO
	 */
	int (*begin)(void *ctx, const uint8_t salt[KX_SAVED_SALT_LEN],
		     const uint8_t id[KX_SAVED_ID_LEN], uint8_t ret_check[KX_SAVED_CHECK_LEN],
		     struct kx_err *err);
	/* Encrypt in place.  -EIO, -E2BIG (2 GiB) */
	int (*seal)(void *ctx, const struct kx_saved_nonce *n, uint8_t *data, size_t len,
		    uint8_t ret_tag[KX_SAVED_TAG_LEN], struct kx_err *err);
	/* Decrypt in place.  -EBADMSG: the tag does not fit, and @data is zeros. */
	int (*open)(void *ctx, const struct kx_saved_nonce *n, uint8_t *data, size_t len,
		    const uint8_t tag[KX_SAVED_TAG_LEN], struct kx_err *err);
};

/* A page that is locked in memory, and in no core dump. */
struct kx_saved_key {
	uint8_t user[KX_SAVED_KEY_LEN];
	uint8_t image[KX_SAVED_KEY_LEN];
	void *lib;			/* the cipher's own */
};

/* Does @spec name a key, "file:PATH" or "keyring:DESCRIPTION"?  -EINVAL: a usage error. */
KX_CHECKED int kx_saved_key_check(const char *spec, struct kx_err *err);
/*
 * The key that @spec names: 32 bytes, or in a file 64 hexadecimal digits.  Free with
 * kx_saved_key_free(), which wipes it.
 *   -EPERM   a file that others may read
 *   -EINVAL  another length, or no hexadecimal digits
 *   -ENOKEY  no such key in the keyrings; and what the system calls say
 */
KX_CHECKED int kx_saved_key_load(const char *spec, struct kx_saved_key **ret, struct kx_err *err);
/* NULL is fine. */
void kx_saved_key_free(struct kx_saved_key *key);

/*
 * @key outlives @c.  Whatever the library has to prepare is done here.  Call
 * kx_saved_cipher_deinit() before the key is freed; it takes one of zeros, too.
 *   -EOPNOTSUPP  built without libcrypto;  -EIO  it has no AES-256-GCM
 */
KX_CHECKED int kx_saved_cipher_init(struct kx_saved_cipher *c, struct kx_saved_key *key,
				    struct kx_err *err);
void kx_saved_cipher_deinit(struct kx_saved_cipher *c);

#endif
