/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gzip, RFC 1952, by zlib: Image.gz, bzImage.gz, and the payload of gzip zboot
 * kernels.  Listed in table.c, named in zboot.c.
 *
 * Several members unpack to their concatenation ("Members simply appear one
 * after another", 2.2).  What follows the last member and does not start
 * another one is ignored, as gzip(1) and zlib's gzread(3) do: zero padding, and
 * the device tree of "Image.gz-dtb".  Every member is checked by its CRC.
 */
#include <errno.h>
#include <limits.h>
#define ZLIB_CONST	/* z_stream.next_in is not written through */
#include <zlib.h>

#include "container.h"

/* 2.3.1: ID1, ID2, and CM = 8 "deflate", the only method there is. */
static const uint8_t gzip_magic[] = { 0x1f, 0x8b, 8 };

/* windowBits of inflateInit2(3): any window, gzip wrapper only. */
#define WINDOW_GZIP	(15 + 16)

static bool gzip_probe(struct kx_bytes b)
{
	return kx_bytes_starts(b, gzip_magic, sizeof(gzip_magic));
}

static uInt at_most_uint(size_t n)
{
	return n > UINT_MAX ? UINT_MAX : (uInt)n;
}

static int member_error(const z_stream *z, int rc, unsigned int member, size_t start,
			struct kx_err *err)
{
	if (rc == Z_MEM_ERROR)
		return kx_err_set(err, ENOMEM, "no memory for zlib");
	return kx_err_set(err, ENOEXEC, "member %u at 0x%zx: %s", member, start,
			  z->msg ? z->msg : "not valid");
}

/* One member from @start; *ret_end is behind its trailer. */
static int unpack_member(z_stream *z, struct kx_bytes in, size_t start, unsigned int member,
			 struct kx_out *out, size_t *ret_end, struct kx_err *err)
{
	size_t off = start;
	int rc;

	do {
		uInt avail_in = at_most_uint(in.len - off), avail_out;

		rc = kx_out_grow(out, in.len, err);
		if (rc < 0)
			return rc;
		avail_out = at_most_uint(out->cap - out->len);
		z->next_in = in.data + off;
		z->avail_in = avail_in;
		z->next_out = out->data + out->len;
		z->avail_out = avail_out;
		rc = inflate(z, Z_NO_FLUSH);
		off += avail_in - z->avail_in;
		out->len += avail_out - z->avail_out;
		/* Room for output was given, so what is missing is input. */
		if (rc == Z_BUF_ERROR || (rc == Z_OK && off == in.len && z->avail_out))
			return kx_err_set(err, ENOEXEC,
					  "member %u at 0x%zx: expected its end, the data ends at 0x%zx",
					  member, start, in.len);
	} while (rc == Z_OK);
	if (rc != Z_STREAM_END)
		return member_error(z, rc, member, start, err);
	*ret_end = off;
	return 0;
}

static int gzip_unpack(struct kx_bytes in, struct kx_out *out, struct kx_err *err)
{
	z_stream z = { .next_in = Z_NULL };
	unsigned int member = 1;
	uint32_t isize;
	size_t off = 0;
	int rc;

	/* "ISIZE: the size of the original input data modulo 2^32", the last word. */
	if (!out->hint && in.len >= 4 && kx_bytes_le32(in, in.len - 4, &isize))
		out->hint = isize;
	rc = inflateInit2(&z, WINDOW_GZIP);
	if (rc != Z_OK)
		return member_error(&z, rc, member, off, err);
	do {
		rc = unpack_member(&z, in, off, member++, out, &off, err);
	} while (rc == 0 && gzip_probe((struct kx_bytes){ in.data + off, in.len - off }) &&
		 inflateReset(&z) == Z_OK);
	inflateEnd(&z);
	return rc;
}

const struct kx_codec kx_codec_gzip = {
	.name = "gzip",
	.probe = gzip_probe,
	.unpack = gzip_unpack,
};

static int gzip_peel(struct kx_bytes b, struct kx_arena *a, struct kx_payload *ret,
		     struct kx_err *err)
{
	return kx_codec_unpack(&kx_codec_gzip, b, 0, KX_PEEL_OUTPUT_MAX, a, &ret->kernel, err);
}

const struct kx_container kx_container_gzip = {
	.name = "gzip",
	.probe = gzip_probe,
	.peel = gzip_peel,
};
