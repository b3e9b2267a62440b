// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of kdump-compressed files (kx/page-codec.h).  Called by vmcore-dump, which
 * reads and writes them.
 *
 * Every codec packs into a buffer of its own bound first where its library cannot be
 * told how much room there is.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#ifdef KX_WITH_DEFLATE
#include <libdeflate.h>
#endif
#ifdef KX_WITH_LZO
#include <lzo/lzo1x.h>
#endif
#ifdef KX_WITH_SNAPPY
#include <snappy-c.h>
#endif

#include "kx/page-codec.h"

#define PAGE_MAX	65536u
/* LZO's and snappy's worst cases, in which both ask for room. */
#define ROOM		(PAGE_MAX + PAGE_MAX / 6 + 128)

struct kx_page_coder {
	uint8_t room[ROOM];
	ZSTD_CCtx *zstd_pack;
	ZSTD_DCtx *zstd_unpack;
#ifdef KX_WITH_DEFLATE
	struct libdeflate_compressor *deflate;
	struct libdeflate_decompressor *inflate;
#else
	z_stream deflate;
	bool deflates;
#endif
#ifdef KX_WITH_LZO
	uint8_t lzo[LZO1X_1_MEM_COMPRESS];
#endif
};

/* ---- zlib ------------------------------------------------------------------------- */

#ifdef KX_WITH_DEFLATE

/*
 * Its 1 is longer than zlib's, its 2 is shorter, and takes 0.6 of zlib's time: 44.4, 42.5
 * and 43.7 MB for 55773 kernel pages of a Debian 6.1 (level 31).
 */
#define DEFLATE_LEVEL	2

static size_t pack_zlib(struct kx_page_coder *c, const uint8_t *src, size_t len, uint8_t *dst)
{
	if (!c->deflate)
		c->deflate = libdeflate_alloc_compressor(DEFLATE_LEVEL);
	return c->deflate ? libdeflate_zlib_compress(c->deflate, src, len, dst, len) : 0;
}

static bool unpack_zlib(struct kx_page_coder *c, const uint8_t *src, size_t src_len, uint8_t *dst,
			size_t len, size_t *ret)
{
	size_t n = 0;

	if (!c->inflate)
		c->inflate = libdeflate_alloc_decompressor();
	*ret = len;
	if (!c->inflate)
		return false;
	/* Asked how many there are, it takes fewer, too. */
	if (libdeflate_zlib_decompress(c->inflate, src, src_len, dst, len, &n) != 0)
		return false;
	*ret = n;
	return true;
}

static void end_zlib(struct kx_page_coder *c)
{
	libdeflate_free_compressor(c->deflate);
	libdeflate_free_decompressor(c->inflate);
}

#else

static size_t pack_zlib(struct kx_page_coder *c, const uint8_t *src, size_t len, uint8_t *dst)
{
	z_stream *z = &c->deflate;

	if (!c->deflates && deflateInit(z, Z_BEST_SPEED) != Z_OK)
		return 0;
	c->deflates = true;
	if (deflateReset(z) != Z_OK)
		return 0;
	z->next_in = (z_const Bytef *)src;
	z->avail_in = (uInt)len;
	z->next_out = dst;
	z->avail_out = (uInt)len;
	return deflate(z, Z_FINISH) == Z_STREAM_END ? len - z->avail_out : 0;
}

static bool unpack_zlib(struct kx_page_coder *c, const uint8_t *src, size_t src_len, uint8_t *dst,
			size_t len, size_t *ret)
{
	uLongf n = len;
	bool ok = uncompress(dst, &n, src, src_len) == Z_OK;

	(void)c;
	*ret = n;
	return ok;
}

static void end_zlib(struct kx_page_coder *c)
{
	if (c->deflates)
		deflateEnd(&c->deflate);
}

#endif

/* ---- LZO -------------------------------------------------------------------------- */

#ifdef KX_WITH_LZO

static size_t pack_lzo(struct kx_page_coder *c, const uint8_t *src, size_t len, uint8_t *dst)
{
	lzo_uint n = 0;

	if (lzo1x_1_compress(src, len, c->room, &n, c->lzo) != LZO_E_OK || n >= len)
		return 0;
	memcpy(dst, c->room, n);
	return n;
}

static bool unpack_lzo(struct kx_page_coder *c, const uint8_t *src, size_t src_len, uint8_t *dst,
		       size_t len, size_t *ret)
{
	lzo_uint n = len;
	bool ok = lzo1x_decompress_safe(src, src_len, dst, &n, NULL) == LZO_E_OK;

	(void)c;
	*ret = n;
	return ok;
}

#endif

/* ---- snappy ----------------------------------------------------------------------- */

#ifdef KX_WITH_SNAPPY

static size_t pack_snappy(struct kx_page_coder *c, const uint8_t *src, size_t len, uint8_t *dst)
{
	size_t n = sizeof(c->room);

	if (snappy_compress((const char *)src, len, (char *)c->room, &n) != SNAPPY_OK || n >= len)
		return 0;
	memcpy(dst, c->room, n);
	return n;
}

static bool unpack_snappy(struct kx_page_coder *c, const uint8_t *src, size_t src_len,
			  uint8_t *dst, size_t len, size_t *ret)
{
	(void)c;
	*ret = len;
	return snappy_uncompress((const char *)src, src_len, (char *)dst, ret) == SNAPPY_OK;
}

#endif

/* ---- zstd ------------------------------------------------------------------------- */

static size_t pack_zstd(struct kx_page_coder *c, const uint8_t *src, size_t len, uint8_t *dst)
{
	size_t n;

	if (!c->zstd_pack)
		c->zstd_pack = ZSTD_createCCtx();
	if (!c->zstd_pack)
		return 0;
	n = ZSTD_compressCCtx(c->zstd_pack, dst, len, src, len, 1);
	return ZSTD_isError(n) ? 0 : n;
}

static bool unpack_zstd(struct kx_page_coder *c, const uint8_t *src, size_t src_len, uint8_t *dst,
			size_t len, size_t *ret)
{
	if (!c->zstd_unpack)
		c->zstd_unpack = ZSTD_createDCtx();
	*ret = len;
	if (!c->zstd_unpack)
		return false;
	*ret = ZSTD_decompressDCtx(c->zstd_unpack, dst, len, src, src_len);
	if (!ZSTD_isError(*ret))
		return true;
	*ret = 0;
	return false;
}

/* ---- all of them ------------------------------------------------------------------ */

static const struct codec {
	const char *name;
	size_t (*pack)(struct kx_page_coder *c, const uint8_t *src, size_t len, uint8_t *dst);
	/* *ret: how many bytes it became */
	bool (*unpack)(struct kx_page_coder *c, const uint8_t *src, size_t src_len, uint8_t *dst,
		       size_t len, size_t *ret);
} codecs[KX_PAGE_CODECS] = {
	[KX_PAGE_RAW] = { "none", NULL, NULL },
	[KX_PAGE_ZLIB] = { "zlib", pack_zlib, unpack_zlib },
#ifdef KX_WITH_LZO
	[KX_PAGE_LZO] = { "lzo", pack_lzo, unpack_lzo },
#else
	[KX_PAGE_LZO] = { "lzo", NULL, NULL },
#endif
#ifdef KX_WITH_SNAPPY
	[KX_PAGE_SNAPPY] = { "snappy", pack_snappy, unpack_snappy },
#else
	[KX_PAGE_SNAPPY] = { "snappy", NULL, NULL },
#endif
	[KX_PAGE_ZSTD] = { "zstd", pack_zstd, unpack_zstd },
};

const char *kx_page_codec_name(enum kx_page_codec codec)
{
	return codecs[codec].name;
}

bool kx_page_codec_here(enum kx_page_codec codec)
{
	return codec == KX_PAGE_RAW || codecs[codec].pack;
}

int kx_page_coder_new(struct kx_page_coder **ret, struct kx_err *err)
{
	struct kx_page_coder *c = calloc(1, sizeof(*c));

	if (!c)
		return kx_err_set(err, ENOMEM, "out of memory");
	*ret = c;
	return 0;
}

void kx_page_coder_free(struct kx_page_coder *c)
{
	if (!c)
		return;
	end_zlib(c);
	ZSTD_freeCCtx(c->zstd_pack);
	ZSTD_freeDCtx(c->zstd_unpack);
	free(c);
}

size_t kx_page_pack(struct kx_page_coder *c, enum kx_page_codec codec, const uint8_t *src,
		    size_t len, uint8_t *dst)
{
	size_t n = codecs[codec].pack && len <= PAGE_MAX ? codecs[codec].pack(c, src, len, dst) : 0;

	return n < len ? n : 0;
}

int kx_page_unpack(struct kx_page_coder *c, enum kx_page_codec codec, const uint8_t *src,
		   size_t src_len, uint8_t *dst, size_t len, struct kx_err *err)
{
	size_t n = src_len;
	bool ok = true;

	if (!kx_page_codec_here(codec))
		return kx_err_set(err, EOPNOTSUPP, "packed with %s, and this program is built without"
				  " it", codecs[codec].name);
	if (codecs[codec].unpack)
		ok = codecs[codec].unpack(c, src, src_len, dst, len, &n);
	else if (n == len)
		memcpy(dst, src, len);
	if (!ok)
		return kx_err_set(err, EBADMSG, "expected %zu bytes packed with %s, have damaged ones",
				  src_len, codecs[codec].name);
	if (n != len)
		return kx_err_set(err, EBADMSG, "expected %zu bytes, have %zu when unpacked with %s",
				  len, n, codecs[codec].name);
	return 0;
}
