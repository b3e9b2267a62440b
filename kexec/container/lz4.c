/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * LZ4 in both of its wrappings, by liblz4: the frame format
 * (doc/lz4_Frame_format.md of lz4), which lz4(1) writes, and the legacy format
 * ("Legacy frame" there), which "lz4 -l" and so the kernel's build write:
 * Image.lz4 and the payload of lz4 zboot kernels.  Listed in table.c, named in
 * zboot.c.
 *
 * Several frames, also of both kinds, unpack to their concatenation.
 */
#include <errno.h>
#include <lz4.h>
#include <lz4frame.h>

#include "container.h"

#define FRAME_MAGIC	0x184d2204u
#define LEGACY_MAGIC	0x184c2102u
#define SKIPPABLE_MAGIC	0x184d2a50u	/* to 0x184d2a5f */

/* "The uncompressed size of any block is 8 MB": the last one may be less. */
#define LEGACY_BLOCK_MAX	((uint32_t)8 << 20)
#define LEGACY_PACKED_MAX	((uint32_t)LZ4_COMPRESSBOUND(LEGACY_BLOCK_MAX))

/* What starts at @off; 0 when too little is left. */
static uint32_t magic_at(struct kx_bytes in, size_t off)
{
	uint32_t magic;

	return kx_bytes_le32(in, off, &magic) ? magic : 0;
}

static bool lz4_probe(struct kx_bytes b)
{
	uint32_t magic = magic_at(b, 0);

	return magic == FRAME_MAGIC || magic == LEGACY_MAGIC;
}

/*
 * One block of a legacy frame whose length word is at @off: "Block Compressed
 * Size, LE 32 bits", then the block.
 */
static int legacy_block(struct kx_bytes in, size_t off, uint32_t packed, struct kx_out *out,
			struct kx_err *err)
{
	struct kx_bytes block;
	int rc, n;

	if (packed > LEGACY_PACKED_MAX)
		return kx_err_set(err, ENOEXEC,
				  "legacy block at 0x%zx: expected at most 0x%x bytes, have 0x%x", off,
				  LEGACY_PACKED_MAX, packed);
	if (!kx_bytes_sub(in, off + 4, packed, &block))
		return kx_err_set(err, ENOEXEC,
				  "legacy block at 0x%zx: expected 0x%x bytes, the data ends at 0x%zx",
				  off, packed, in.len);
	rc = kx_out_reserve(out, LEGACY_BLOCK_MAX, err);
	if (rc < 0)
		return rc;
	n = out->cap - out->len < LEGACY_BLOCK_MAX ? (int)(out->cap - out->len) :
						    (int)LEGACY_BLOCK_MAX;
	n = LZ4_decompress_safe((const char *)block.data, (char *)out->data + out->len,
				(int)packed, n);
	/* LZ4 cannot tell a damaged block from one without room. */
	if (n < 0 && out->cap == out->max && out->max - out->len < LEGACY_BLOCK_MAX)
		return kx_err_set(err, ENOEXEC,
				  "legacy block at 0x%zx: damaged, or unpacks to more than the limit of 0x%llx bytes",
				  off, (unsigned long long)out->max);
	if (n < 0)
		return kx_err_set(err, ENOEXEC, "legacy block at 0x%zx: packed data is damaged",
				  off);
	out->len += (size_t)n;
	return 0;
}

/*
 * A legacy frame at @start.  It has no end mark: it ends with the file, where
 * another magic number stands for a length, or where a length of zero, which
 * no block has, says that padding begins.  The kernel's appended size
 * (see kx_codec_tail()) looks like a length too, but nothing follows it.
 */
static int unpack_legacy(struct kx_bytes in, size_t start, struct kx_out *out, size_t *ret_end,
			 struct kx_err *err)
{
	size_t off = start + 4;
	uint32_t word;

	while (kx_bytes_le32(in, off, &word)) {
		int rc;

		if (word == 0 || word == FRAME_MAGIC || word == LEGACY_MAGIC)
			break;
		if (word == (uint32_t)out->len && off + 4 == in.len)
			break;
		rc = legacy_block(in, off, word, out, err);
		if (rc < 0)
			return rc;
		off += 4 + word;
	}
	*ret_end = off;
	return 0;
}

static int unpack_frame(LZ4F_dctx *ctx, struct kx_bytes in, size_t start, struct kx_out *out,
			size_t *ret_end, struct kx_err *err)
{
	size_t off = start, left;

	do {
		size_t consumed = in.len - off, produced;
		int rc = kx_out_grow(out, in.len, err);

		if (rc < 0)
			return rc;
		produced = out->cap - out->len;
		left = LZ4F_decompress(ctx, out->data + out->len, &produced, in.data + off,
				       &consumed, NULL);
		if (LZ4F_isError(left))
			return kx_err_set(err, ENOEXEC, "frame at 0x%zx: %s", start,
					  LZ4F_getErrorName(left));
		off += consumed;
		out->len += produced;
		if (left && !consumed && !produced)
			return kx_err_set(err, ENOEXEC,
					  "frame at 0x%zx: expected its end, the data ends at 0x%zx",
					  start, in.len);
	} while (left);
	*ret_end = off;
	return 0;
}

/* "Content Size: the original (uncompressed) size", if flag bit 3 says so. */
static int check_content_size(struct kx_bytes in, struct kx_out *out, struct kx_err *err)
{
	uint64_t size;

	if (magic_at(in, 0) != FRAME_MAGIC || in.len < 6 || !(in.data[4] & 8) ||
	    !kx_bytes_le64(in, 6, &size))
		return 0;
	if (size > out->max)
		return kx_out_too_large(out, err);
	out->hint = size;
	return 0;
}

static int unpack_all(LZ4F_dctx *ctx, struct kx_bytes in, struct kx_out *out, struct kx_err *err)
{
	uint32_t magic = magic_at(in, 0);
	size_t off = 0;
	int rc = check_content_size(in, out, err);

	while (rc == 0) {
		if (magic == LEGACY_MAGIC)
			rc = unpack_legacy(in, off, out, &off, err);
		else if (magic == FRAME_MAGIC || (off && (magic & ~0xfu) == SKIPPABLE_MAGIC))
			rc = unpack_frame(ctx, in, off, out, &off, err);
		else
			return kx_codec_tail(in, off, out->len, err);
		magic = magic_at(in, off);
	}
	return rc;
}

static int lz4_unpack(struct kx_bytes in, struct kx_out *out, struct kx_err *err)
{
	LZ4F_dctx *ctx;
	int rc;

	if (LZ4F_isError(LZ4F_createDecompressionContext(&ctx, LZ4F_VERSION)))
		return kx_err_set(err, ENOMEM, "no memory for liblz4");
	rc = unpack_all(ctx, in, out, err);
	LZ4F_freeDecompressionContext(ctx);
	return rc;
}

const struct kx_codec kx_codec_lz4 = {
	.name = "lz4",
	.probe = lz4_probe,
	.unpack = lz4_unpack,
};

static int lz4_peel(struct kx_bytes b, struct kx_arena *a, struct kx_payload *ret,
		    struct kx_err *err)
{
	return kx_codec_unpack(&kx_codec_lz4, b, 0, KX_PEEL_OUTPUT_MAX, a, &ret->kernel, err);
}

const struct kx_container kx_container_lz4 = {
	.name = "lz4",
	.probe = lz4_probe,
	.peel = lz4_peel,
};
