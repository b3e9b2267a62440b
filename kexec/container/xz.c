/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xz and its ancestor "LZMA alone", by liblzma: Image.xz, Image.lzma, and the
 * payload of zboot kernels built with CONFIG_KERNEL_XZ or CONFIG_KERNEL_LZMA.
 * The formats: doc/xz-file-format.txt and doc/lzma-file-format.txt of xz.
 * Listed in table.c, named in zboot.c.
 *
 * Several xz streams with stream padding between unpack to their concatenation.
 */
#include <errno.h>
#include <inttypes.h>
#include <lzma.h>

#include "container.h"

/*
 * liblzma keeps the dictionary beside the output.  The kernel's build uses up
 * to 128 MiB (scripts/xz_wrap.sh), xz -9 uses 64 MiB.
 */
#define MEMORY_MAX	((uint64_t)256 << 20)

#define LZMA_HEADER_LEN	13
#define LZMA_SIZE_UNKNOWN	UINT64_MAX

static const uint8_t xz_magic[] = { 0xfd, '7', 'z', 'X', 'Z', 0 };

static bool xz_probe(struct kx_bytes b)
{
	return kx_bytes_starts(b, xz_magic, sizeof(xz_magic));
}

/* 2^n or 2^n + 2^(n-1), which is what every encoder writes, or the maximum. */
static bool dictionary_plausible(uint32_t n)
{
	uint32_t low = n & -n;

	return n == UINT32_MAX || (n >= 4096 && (n == low || n == low + 2 * (uint64_t)low));
}

/*
 * There is no magic; lzma-file-format.txt 1.1 has properties, dictionary size
 * and uncompressed size, each of which can be implausible, and the range
 * coder's first byte, which is 0 always.
 */
static bool lzma_probe(struct kx_bytes b)
{
	struct kx_rd rd = kx_rd_make(b, KX_LE);
	uint8_t properties = kx_rd_u8(&rd);
	uint32_t dictionary = kx_rd_u32(&rd);
	uint64_t size = kx_rd_u64(&rd);
	uint8_t coder = kx_rd_u8(&rd);
	unsigned int lc = properties % 9, lp = properties / 9 % 5;

	/* Any 5 bytes of coder state follow even if the content is empty. */
	kx_rd_skip(&rd, 4);
	return !rd.bad && properties < 9 * 5 * 5 && lc + lp <= 4 &&
	       dictionary_plausible(dictionary) &&
	       (size == LZMA_SIZE_UNKNOWN || size < (uint64_t)1 << 38) && coder == 0;
}

static int stream_error(lzma_stream *s, lzma_ret rc, size_t start, size_t end,
			struct kx_err *err)
{
	switch (rc) {
	case LZMA_BUF_ERROR:
		return kx_err_set(err, ENOEXEC, "stream at 0x%zx: expected its end, the data ends at 0x%zx",
				  start, end);
	case LZMA_MEM_ERROR:
		return kx_err_set(err, ENOMEM, "no memory for liblzma");
	case LZMA_MEMLIMIT_ERROR:
		return kx_err_set(err, ENOEXEC,
				  "stream at 0x%zx: expected to need at most 0x%" PRIx64 " bytes of memory, needs 0x%" PRIx64,
				  start, MEMORY_MAX, lzma_memusage(s));
	case LZMA_OPTIONS_ERROR:
		return kx_err_set(err, EOPNOTSUPP, "stream at 0x%zx: options that liblzma does not support",
				  start);
	case LZMA_UNSUPPORTED_CHECK:
		return kx_err_set(err, EOPNOTSUPP, "stream at 0x%zx: a check that liblzma does not support",
				  start);
	default:
		return kx_err_set(err, ENOEXEC, "stream at 0x%zx: packed data is damaged", start);
	}
}

/* Run the decoder in @s over @in from @start; *ret_end is behind its stream. */
static int run_stream(lzma_stream *s, struct kx_bytes in, size_t start,
		      struct kx_out *out, size_t *ret_end, struct kx_err *err)
{
	lzma_ret code;

	s->next_in = in.data + start;
	s->avail_in = in.len - start;
	do {
		int rc = kx_out_grow(out, in.len, err);

		if (rc < 0)
			return rc;
		s->next_out = out->data + out->len;
		s->avail_out = out->cap - out->len;
		code = lzma_code(s, LZMA_FINISH);
		out->len = out->cap - s->avail_out;
	} while (code == LZMA_OK);
	if (code != LZMA_STREAM_END)
		return stream_error(s, code, start, in.len, err);
	*ret_end = in.len - s->avail_in;
	return 0;
}

/* Stream padding: "a multiple of four bytes", all zero; not checked that strictly. */
static size_t skip_zeros(struct kx_bytes in, size_t off)
{
	while (off < in.len && !in.data[off])
		off++;
	return off;
}

static int xz_unpack(struct kx_bytes in, struct kx_out *out, struct kx_err *err)
{
	lzma_stream s = LZMA_STREAM_INIT;
	size_t off = 0, end = 0;
	int rc;

	do {
		lzma_ret code = lzma_stream_decoder(&s, MEMORY_MAX, LZMA_TELL_UNSUPPORTED_CHECK);

		rc = code == LZMA_OK ? run_stream(&s, in, off, out, &end, err) :
				       stream_error(&s, code, off, in.len, err);
		off = skip_zeros(in, end);
	} while (rc == 0 && xz_probe((struct kx_bytes){ in.data + off, in.len - off }));
	lzma_end(&s);
	return rc < 0 ? rc : kx_codec_tail(in, end, out->len, err);
}

static int lzma_unpack(struct kx_bytes in, struct kx_out *out, struct kx_err *err)
{
	lzma_stream s = LZMA_STREAM_INIT;
	uint64_t size;
	size_t end;
	lzma_ret code;
	int rc;

	if (kx_bytes_le64(in, 5, &size) && size != LZMA_SIZE_UNKNOWN) {
		if (size > out->max)
			return kx_out_too_large(out, err);
		out->hint = size;
	}
	code = lzma_alone_decoder(&s, MEMORY_MAX);
	rc = code == LZMA_OK ? run_stream(&s, in, 0, out, &end, err) :
			       stream_error(&s, code, 0, in.len, err);
	lzma_end(&s);
	return rc < 0 ? rc : kx_codec_tail(in, end, out->len, err);
}

const struct kx_codec kx_codec_xz = {
	.name = "xz",
	.probe = xz_probe,
	.unpack = xz_unpack,
};

const struct kx_codec kx_codec_lzma = {
	.name = "lzma",
	.probe = lzma_probe,
	.unpack = lzma_unpack,
};

static int xz_peel(struct kx_bytes b, struct kx_arena *a, struct kx_payload *ret,
		   struct kx_err *err)
{
	return kx_codec_unpack(&kx_codec_xz, b, 0, KX_PEEL_OUTPUT_MAX, a, &ret->kernel, err);
}

static int lzma_peel(struct kx_bytes b, struct kx_arena *a, struct kx_payload *ret,
		     struct kx_err *err)
{
	return kx_codec_unpack(&kx_codec_lzma, b, 0, KX_PEEL_OUTPUT_MAX, a, &ret->kernel, err);
}

const struct kx_container kx_container_xz = {
	.name = "xz",
	.probe = xz_probe,
	.peel = xz_peel,
};

const struct kx_container kx_container_lzma = {
	.name = "lzma",
	.probe = lzma_probe,
	.peel = lzma_peel,
};
