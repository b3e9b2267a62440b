/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Zstandard, RFC 8878, by libzstd: Image.zst and the payload of zboot kernels
 * ("zstd22").  Listed in table.c, named in zboot.c.
 *
 * The kernel packs with "zstd -22 --ultra", which wants a 128 MiB window of a
 * streaming decoder.  A whole frame decoded at once needs no window beside the
 * output, so only the room for the output has to be known: the frame's blocks
 * are walked first (3.1.1.2), which also finds where the frame ends.
 *
 * Several frames unpack to their concatenation, skippable frames (3.1.2) to
 * nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "container.h"

#define FRAME_MAGIC		0xfd2fb528u
#define SKIPPABLE_MAGIC		0x184d2a50u	/* to 0x184d2a5f */
/* "Block_Maximum_Size is the smallest of Window_Size and 128 KB." */
#define BLOCK_MAX		((uint64_t)128 << 10)

enum { BLOCK_RAW, BLOCK_RLE, BLOCK_COMPRESSED, BLOCK_RESERVED };

struct frame {
	struct kx_bytes bytes;
	uint64_t most;		/* unpacks to no more than this */
};

static bool zstd_probe(struct kx_bytes b)
{
	uint32_t magic;

	return kx_bytes_le32(b, 0, &magic) && magic == FRAME_MAGIC;
}

/*
 * Behind the frame header; *ret_checksum: a content checksum ends the frame.
 * 3.1.1.1: descriptor, window descriptor, dictionary id, content size.
 */
static void skip_header(struct kx_rd *rd, bool *ret_checksum)
{
	static const uint8_t dictionary_len[] = { 0, 1, 2, 4 };
	static const uint8_t content_len[] = { 0, 2, 4, 8 };
	uint8_t descriptor;
	bool single;

	kx_rd_skip(rd, 4);
	descriptor = kx_rd_u8(rd);
	single = descriptor & 0x20;
	if (!single)
		kx_rd_skip(rd, 1);
	kx_rd_skip(rd, dictionary_len[descriptor & 3]);
	/* "When FCS_Field_Size is 0 and the Single_Segment_Flag is set, it is 1." */
	kx_rd_skip(rd, descriptor >> 6 ? content_len[descriptor >> 6] : single);
	*ret_checksum = descriptor & 4;
}

/* Past one block; false for the reserved type. */
static bool skip_block(struct kx_rd *rd, bool *ret_last, uint64_t *most)
{
	uint32_t header = kx_rd_u8(rd);
	uint32_t size, type;

	header |= (uint32_t)kx_rd_u16(rd) << 8;
	size = header >> 3;
	type = header >> 1 & 3;
	*ret_last = header & 1;
	kx_rd_skip(rd, type == BLOCK_RLE ? 1 : size);
	*most += type == BLOCK_COMPRESSED ? BLOCK_MAX : size;
	return type != BLOCK_RESERVED;
}

static int measure(struct kx_bytes in, size_t off, unsigned int number, struct frame *ret,
		   struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make(in, KX_LE);
	bool checksum, last = false;
	uint64_t most = 0;

	kx_rd_seek(&rd, off);
	skip_header(&rd, &checksum);
	while (!rd.bad && !last) {
		size_t block = rd.off;

		if (!skip_block(&rd, &last, &most))
			return kx_err_set(err, ENOEXEC,
					  "frame %u at 0x%zx: block at 0x%zx: expected type 0, 1 or 2, have 3",
					  number, off, block);
	}
	if (checksum)
		kx_rd_skip(&rd, 4);
	if (rd.bad || !kx_bytes_sub(in, off, rd.off - off, &ret->bytes))
		return kx_err_set(err, ENOEXEC,
				  "frame %u at 0x%zx: expected its end, the data ends at 0x%zx",
				  number, off, in.len);
	ret->most = most;
	return 0;
}

static int unpack_frame(ZSTD_DCtx *ctx, struct kx_bytes in, size_t off, unsigned int number,
			struct kx_out *out, size_t *ret_end, struct kx_err *err)
{
	struct frame f;
	unsigned long long size;
	size_t n;
	int rc;

	rc = measure(in, off, number, &f, err);
	if (rc < 0)
		return rc;
	size = ZSTD_getFrameContentSize(f.bytes.data, f.bytes.len);
	if (size != ZSTD_CONTENTSIZE_UNKNOWN && size != ZSTD_CONTENTSIZE_ERROR) {
		if (size > out->max - out->len)
			return kx_out_too_large(out, err);
		f.most = size < f.most ? size : f.most;
	}
	rc = f.most ? kx_out_reserve(out, f.most, err) : 0;
	if (rc < 0)
		return rc;
	n = ZSTD_decompressDCtx(ctx, out->data ? out->data + out->len : NULL,
				out->cap - out->len, f.bytes.data, f.bytes.len);
	/* Too little room is left only by the limit, or by a content size that lies. */
	if (ZSTD_getErrorCode(n) == ZSTD_error_dstSize_tooSmall)
		return size == ZSTD_CONTENTSIZE_UNKNOWN ?
			kx_out_too_large(out, err) :
			kx_err_set(err, ENOEXEC,
				   "frame %u at 0x%zx: unpacks to more than its content size, 0x%llx",
				   number, off, size);
	if (ZSTD_isError(n))
		return kx_err_set(err, ENOEXEC, "frame %u at 0x%zx: %s", number, off,
				  ZSTD_getErrorName(n));
	out->len += n;
	*ret_end = off + f.bytes.len;
	return 0;
}

/* Behind a skippable frame at @off; false if there is none or it is cut off. */
static bool skip_skippable(struct kx_bytes in, size_t off, size_t *ret_end)
{
	struct kx_bytes content;
	uint32_t magic, len;

	if (!kx_bytes_le32(in, off, &magic) || (magic & ~0xfu) != SKIPPABLE_MAGIC ||
	    !kx_bytes_le32(in, off + 4, &len) || !kx_bytes_sub(in, off + 8, len, &content))
		return false;
	*ret_end = off + 8 + len;
	return true;
}

static int zstd_unpack(struct kx_bytes in, struct kx_out *out, struct kx_err *err)
{
	ZSTD_DCtx *ctx = ZSTD_createDCtx();
	unsigned int number = 1;
	size_t off = 0;
	int rc;

	if (!ctx)
		return kx_err_set(err, ENOMEM, "no memory for libzstd");
	do {
		rc = unpack_frame(ctx, in, off, number++, out, &off, err);
		while (rc == 0 && skip_skippable(in, off, &off))
			;
	} while (rc == 0 && zstd_probe((struct kx_bytes){ in.data + off, in.len - off }));
	ZSTD_freeDCtx(ctx);
	return rc < 0 ? rc : kx_codec_tail(in, off, out->len, err);
}

const struct kx_codec kx_codec_zstd = {
	.name = "zstd",
	.probe = zstd_probe,
	.unpack = zstd_unpack,
};

static int zstd_peel(struct kx_bytes b, struct kx_arena *a, struct kx_payload *ret,
		     struct kx_err *err)
{
	return kx_codec_unpack(&kx_codec_zstd, b, 0, KX_PEEL_OUTPUT_MAX, a, &ret->kernel, err);
}

const struct kx_container kx_container_zstd = {
	.name = "zstd",
	.probe = zstd_probe,
	.peel = zstd_peel,
};
