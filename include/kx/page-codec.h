/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One page at a time, packed as kdump-compressed files have it: each page for itself,
 * and as it is where that is not shorter.  container/page-codec.c.
 *
 * makedumpfile's levels: zlib 1, zstd 1, LZO1X-1, snappy.  What is written needs no
 * more than what is read: zlib streams may come from libdeflate.
 */
#ifndef KX_PAGE_CODEC_H
#define KX_PAGE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/err.h"

enum kx_page_codec {
	KX_PAGE_RAW,
	KX_PAGE_ZLIB,
	KX_PAGE_LZO,
	KX_PAGE_SNAPPY,
	KX_PAGE_ZSTD,
	KX_PAGE_CODECS
};

/* "none", "zlib", "lzo", "snappy", "zstd" */
const char *kx_page_codec_name(enum kx_page_codec codec);
/* Was it built with the library?  Always of none, zlib and zstd. */
bool kx_page_codec_here(enum kx_page_codec codec);

/* What a thread keeps between pages; not shared. */
struct kx_page_coder;

/* Free it with kx_page_coder_free(), which takes NULL.  -ENOMEM */
KX_CHECKED int kx_page_coder_new(struct kx_page_coder **ret, struct kx_err *err);
void kx_page_coder_free(struct kx_page_coder *c);

/*
 * @len bytes at @src, at most 64 KiB, to @dst, which has room for as many.  How many
 * it is then, less than @len; 0: it does not shrink, or there is no such codec here.
 */
size_t kx_page_pack(struct kx_page_coder *c, enum kx_page_codec codec, const uint8_t *src,
		    size_t len, uint8_t *dst);

/*
 * What was packed into exactly @len bytes.
 *   -EBADMSG     it is malformed, or has another length: which
 *   -EOPNOTSUPP  it was built without that library
 */
KX_CHECKED int kx_page_unpack(struct kx_page_coder *c, enum kx_page_codec codec,
			      const uint8_t *src, size_t src_len, uint8_t *dst, size_t len,
			      struct kx_err *err);

#endif
