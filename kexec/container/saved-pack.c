// SPDX-License-Identifier: GPL-2.0-only
/*
 * The records of saved cores, packed and unpacked by liblz4 and libzstd:
 * doc/resumable-core.md, "The saved core".  Declared in kx/saved.h; here, because
 * lib/ knows no codec's library.
 *
 * Called by whoever writes an image and by whoever puts one back, from several
 * threads: nothing is kept between two calls.
 */
#include <errno.h>
#include <inttypes.h>
#include <lz4.h>
#include <string.h>
#include <zstd.h>

#include "kx/saved.h"

/* As fast as the disk is, or faster; higher levels gain little on memory. */
#define ZSTD_LEVEL	1
/* What does not shrink by this part is read faster as it is. */
#define GAIN		16

_Static_assert(KX_SAVED_RECORD_MAX <= LZ4_MAX_INPUT_SIZE, "a record is one LZ4 block");

/* Is each byte the one before it, and the first one zero? */
static bool all_zero(const uint8_t *p, size_t len)
{
	/* Most pages that are not zero say so soon. */
	for (size_t i = 0; i < 64 && i < len; i++)
		if (p[i])
			return false;
	return !memcmp(p, p + 1, len - 1);
}

/* To at most @most bytes; 0: does not fit. */
static size_t pack(enum kx_saved_codec codec, const uint8_t *from, size_t len, uint8_t *to,
		   size_t most)
{
	size_t n = 0;

	if (codec == KX_SAVED_LZ4)
		return (size_t)LZ4_compress_default((const char *)from, (char *)to, (int)len,
						    (int)most);
	if (codec == KX_SAVED_ZSTD)
		n = ZSTD_compress(to, most, from, len, ZSTD_LEVEL);
	return ZSTD_isError(n) ? 0 : n;
}

uint32_t kx_saved_pack(enum kx_saved_codec codec, const uint8_t *from, uint32_t pages,
		       uint64_t page_size, uint8_t *to)
{
	size_t len = (size_t)(pages * page_size), n;

	if (all_zero(from, len))
		return 0;
	n = pack(codec, from, len, to, len - len / GAIN);
	if (n)
		return (uint32_t)n;
	memcpy(to, from, len);
	return (uint32_t)len;
}

static int unpack_lz4(const uint8_t *from, size_t stored, uint8_t *to, size_t len,
		      struct kx_err *err)
{
	int n = LZ4_decompress_safe((const char *)from, (char *)to, (int)stored, (int)len);

	if (n < 0)
		return kx_err_set(err, EBADMSG, "expected an LZ4 block that unpacks to 0x%zx bytes,"
				  " have a damaged one", len);
	if ((size_t)n != len)
		return kx_err_set(err, EBADMSG, "expected an LZ4 block that unpacks to 0x%zx bytes,"
				  " have one of 0x%x", len, n);
	return 0;
}

static int unpack_zstd(const uint8_t *from, size_t stored, uint8_t *to, size_t len,
		       struct kx_err *err)
{
	size_t n = ZSTD_decompress(to, len, from, stored);

	if (ZSTD_isError(n))
		return kx_err_set(err, EBADMSG, "expected a zstd frame that unpacks to 0x%zx bytes:"
				  " %s", len, ZSTD_getErrorName(n));
	if (n != len)
		return kx_err_set(err, EBADMSG, "expected a zstd frame that unpacks to 0x%zx bytes,"
				  " have one of 0x%zx", len, n);
	return 0;
}

int kx_saved_unpack(const struct kx_saved *s, const struct saved_record *r, const uint8_t *from,
		    uint8_t *to, struct kx_err *err)
{
	size_t len = (size_t)(r->pages * s->contexts.context.page_size);
	int rc;

	if (!r->stored || r->stored == len) {
		if (r->stored)
			memcpy(to, from, len);
		else
			memset(to, 0, len);
		return 0;
	}
	rc = (s->head.codec == KX_SAVED_LZ4 ? unpack_lz4 : unpack_zstd)(from, r->stored, to, len,
									 err);
	if (rc < 0)
		kx_err_wrap(err, "record of address 0x%" PRIx64, r->pa);
	return rc;
}
