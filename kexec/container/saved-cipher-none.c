// SPDX-License-Identifier: GPL-2.0-only
/*
 * Saved cores where libcrypto is not there, in place of saved-cipher-openssl.c: none
 * can be encrypted or decrypted.
 */
#include <errno.h>

#include "kx/saved-cipher.h"

int kx_saved_cipher_init(struct kx_saved_cipher *c, struct kx_saved_key *key, struct kx_err *err)
{
	(void)key;
	*c = (struct kx_saved_cipher){ .ctx = NULL };
	return kx_err_set(err, EOPNOTSUPP, "encryption: this program was built without libcrypto"
			  " (configure --with-crypto)");
}

void kx_saved_cipher_deinit(struct kx_saved_cipher *c)
{
	(void)c;
}
