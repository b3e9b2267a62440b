/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes small files of every kind kexec reads, well-formed unless told
 * otherwise: what the container tests take apart and what the fuzzers start
 * from.  Written with the formats' documents, not with the code under test.
 *
 * A forge is a growing buffer that the caller frees with forge_free(); running
 * out of memory ends the program.
 */
#ifndef FORGE_H
#define FORGE_H

#include <lz4.h>
#include <lz4frame.h>
#include <lzma.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "kx/bytes.h"

struct forge {
	uint8_t *p;
	size_t len, cap;
};

#define FORGE_NONE	((struct forge){ NULL, 0, 0 })

static inline void forge_free(struct forge *f)
{
	free(f->p);
	*f = FORGE_NONE;
}

/* @n bytes more, zeroed; valid until the next call. */
static inline uint8_t *forge_room(struct forge *f, size_t n)
{
	uint8_t *at;

	if (n > f->cap - f->len) {
		f->cap = f->len + n + f->cap / 2 + 64;
		f->p = realloc(f->p, f->cap);
		if (!f->p) {
			fputs("forge: out of memory\n", stderr);
			exit(99);
		}
	}
	at = f->p + f->len;
	memset(at, 0, n);
	f->len += n;
	return at;
}

static inline void forge_put(struct forge *f, const void *data, size_t n)
{
	if (n)
		memcpy(forge_room(f, n), data, n);
}

static inline void forge_str(struct forge *f, const char *s)
{
	forge_put(f, s, strlen(s));
}

static inline void forge_le16(struct forge *f, uint16_t v)
{
	kx_put_le16(forge_room(f, 2), v);
}

static inline void forge_le32(struct forge *f, uint32_t v)
{
	kx_put_le32(forge_room(f, 4), v);
}

static inline void forge_le64(struct forge *f, uint64_t v)
{
	kx_put_le64(forge_room(f, 8), v);
}

static inline void forge_be32(struct forge *f, uint32_t v)
{
	uint8_t *p = forge_room(f, 4);

	kx_put_le32(p, __builtin_bswap32(v));
}

/* Zeros up to offset @off. */
static inline void forge_to(struct forge *f, size_t off)
{
	if (off > f->len)
		forge_room(f, off - f->len);
}

static inline struct kx_bytes forge_bytes(const struct forge *f)
{
	return (struct kx_bytes){ f->p, f->len };
}

/* @n bytes that pack about as well as code does. */
static inline void forge_content(struct forge *f, size_t n)
{
	uint8_t *p = forge_room(f, n);
	uint32_t x = 1;

	for (size_t i = 0; i < n; i++) {
		x = x * 1103515245u + 12345u;
		p[i] = (x >> 16) % 5 && i >= 64 ? p[i - 64] : (uint8_t)(x >> 24);
	}
}

/* ---- compression formats ----------------------------------------------- */

static inline void forge_gzip(struct forge *f, struct kx_bytes in)
{
	z_stream z = { .opaque = NULL };
	uLong most;

	if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	most = deflateBound(&z, (uLong)in.len);
	z.next_in = (Bytef *)(uintptr_t)in.data;
	z.avail_in = (uInt)in.len;
	z.next_out = forge_room(f, most);
	z.avail_out = (uInt)most;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	f->len -= z.avail_out;
	deflateEnd(&z);
}

static inline void forge_xz(struct forge *f, struct kx_bytes in)
{
	size_t most = lzma_stream_buffer_bound(in.len), pos = 0;
	uint8_t *out = forge_room(f, most);

	if (lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, in.data, in.len, out, &pos,
				    most) != LZMA_OK)
		abort();
	f->len -= most - pos;
}

/* The size field says "unknown", as lzma(1) writes when it reads a pipe. */
static inline void forge_lzma(struct forge *f, struct kx_bytes in)
{
	lzma_stream s = LZMA_STREAM_INIT;
	size_t most = in.len + in.len / 2 + 256;
	lzma_options_lzma o;

	if (lzma_lzma_preset(&o, 0) || lzma_alone_encoder(&s, &o) != LZMA_OK)
		abort();
	s.next_in = in.data;
	s.avail_in = in.len;
	s.next_out = forge_room(f, most);
	s.avail_out = most;
	if (lzma_code(&s, LZMA_FINISH) != LZMA_STREAM_END)
		abort();
	f->len -= s.avail_out;
	lzma_end(&s);
}

/* With a content size and a checksum if @complete, without both if not. */
static inline void forge_zstd(struct forge *f, struct kx_bytes in, int complete)
{
	ZSTD_CCtx *ctx = ZSTD_createCCtx();
	size_t most = ZSTD_compressBound(in.len), n;
	uint8_t *out = forge_room(f, most);

	ZSTD_CCtx_setParameter(ctx, ZSTD_c_contentSizeFlag, complete);
	ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, complete);
	n = ZSTD_compress2(ctx, out, most, in.data, in.len);
	if (ZSTD_isError(n))
		abort();
	f->len -= most - n;
	ZSTD_freeCCtx(ctx);
}

/* With a content size if @sized; a content checksum always. */
static inline void forge_lz4(struct forge *f, struct kx_bytes in, int sized)
{
	LZ4F_preferences_t pref = { .autoFlush = 1 };
	size_t most, n;

	pref.frameInfo.contentSize = sized ? in.len : 0;
	pref.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
	most = LZ4F_compressFrameBound(in.len, &pref);
	n = LZ4F_compressFrame(forge_room(f, most), most, in.data, in.len, &pref);
	if (LZ4F_isError(n))
		abort();
	f->len -= most - n;
}

/* The same as functions of one shape, for tables of packers. */
static inline void forge_zstd_complete(struct forge *f, struct kx_bytes in)
{
	forge_zstd(f, in, 1);
}

static inline void forge_zstd_bare(struct forge *f, struct kx_bytes in)
{
	forge_zstd(f, in, 0);
}

static inline void forge_lz4_sized(struct forge *f, struct kx_bytes in)
{
	forge_lz4(f, in, 1);
}

static inline void forge_lz4_bare(struct forge *f, struct kx_bytes in)
{
	forge_lz4(f, in, 0);
}

/* "lz4 -l": blocks of 8 MiB. */
static inline void forge_lz4_legacy(struct forge *f, struct kx_bytes in)
{
	const size_t block = (size_t)8 << 20;

	forge_le32(f, 0x184c2102);
	for (size_t off = 0; off < in.len; off += block) {
		size_t len = in.len - off < block ? in.len - off : block;
		int most = LZ4_compressBound((int)len), n;
		size_t word = f->len;
		uint8_t *out;

		forge_le32(f, 0);
		out = forge_room(f, (size_t)most);
		n = LZ4_compress_default((const char *)in.data + off, (char *)out, (int)len, most);
		if (n <= 0)
			abort();
		f->len -= (size_t)(most - n);
		kx_put_le32(f->p + word, (uint32_t)n);
	}
}

/* ---- wrappers ---------------------------------------------------------- */

/* zboot-header.S; the payload at 0x1000, what stands in @tail behind it. */
static inline void forge_zboot(struct forge *f, const char *type, struct kx_bytes payload,
			       struct kx_bytes tail)
{
	forge_put(f, "MZ\0\0zimg", 8);
	forge_le32(f, 0x1000);
	forge_le32(f, (uint32_t)payload.len);
	forge_le64(f, 0);
	forge_str(f, type);
	forge_to(f, 0x38);
	forge_le32(f, 0x818223cd);
	forge_le32(f, 0x40);
	forge_to(f, 0x1000);
	forge_put(f, payload.data, payload.len);
	forge_put(f, tail.data, tail.len);
}

struct forge_section {
	const char *name;
	struct kx_bytes b;
};

#define FORGE_PE_OFF		0x80	/* of the signature PE */
#define FORGE_PE_OPT		(FORGE_PE_OFF + 24)
#define FORGE_PE_OPT_LEN	240
#define FORGE_PE_TABLE		(FORGE_PE_OPT + FORGE_PE_OPT_LEN)
#define FORGE_PE_ALIGN		512

/* A PE32+ file for @machine (0x8664, 0xaa64) with these sections, padded to FORGE_PE_ALIGN. */
static inline void forge_pe(struct forge *f, uint16_t machine, const struct forge_section *s,
			    size_t count)
{
	size_t off = FORGE_PE_TABLE + count * 40;

	off = (off + FORGE_PE_ALIGN - 1) / FORGE_PE_ALIGN * FORGE_PE_ALIGN;
	forge_str(f, "MZ");
	forge_to(f, 0x3c);
	forge_le32(f, FORGE_PE_OFF);
	forge_to(f, FORGE_PE_OFF);
	forge_put(f, "PE\0\0", 4);
	forge_le16(f, machine);
	forge_le16(f, (uint16_t)count);
	forge_to(f, FORGE_PE_OFF + 20);
	forge_le16(f, FORGE_PE_OPT_LEN);
	forge_le16(f, 0x206);
	forge_le16(f, 0x20b);
	forge_to(f, FORGE_PE_OPT + 108);
	forge_le32(f, 16);
	forge_to(f, FORGE_PE_TABLE);
	for (size_t i = 0; i < count; i++) {
		size_t raw = (s[i].b.len + FORGE_PE_ALIGN - 1) / FORGE_PE_ALIGN * FORGE_PE_ALIGN;
		uint8_t *name = forge_room(f, 8);

		memcpy(name, s[i].name, strnlen(s[i].name, 8));
		forge_le32(f, (uint32_t)s[i].b.len);
		forge_le32(f, (uint32_t)off);
		forge_le32(f, (uint32_t)raw);
		forge_le32(f, (uint32_t)off);
		forge_room(f, 16);
		off += raw;
	}
	for (size_t i = 0; i < count; i++) {
		forge_to(f, (f->len + FORGE_PE_ALIGN - 1) / FORGE_PE_ALIGN * FORGE_PE_ALIGN);
		forge_put(f, s[i].b.data, s[i].b.len);
	}
	forge_to(f, (f->len + FORGE_PE_ALIGN - 1) / FORGE_PE_ALIGN * FORGE_PE_ALIGN);
}

static inline void forge_be32_at(uint8_t *p, uint32_t v)
{
	kx_put_le32(p, __builtin_bswap32(v));
}

/* Header CRC of the uImage at @p renewed, after a field was changed. */
static inline void forge_uimage_crc(uint8_t *p)
{
	memset(p + 4, 0, 4);
	forge_be32_at(p + 4, (uint32_t)crc32_z(0, p, 64));
}

/* U-Boot's legacy image: Linux, type kernel, arm64. */
static inline void forge_uimage(struct forge *f, uint8_t comp, struct kx_bytes data)
{
	const uint8_t kind[] = { 5, 22, 2, comp };
	size_t start = f->len;

	forge_be32(f, 0x27051956);
	forge_be32(f, 0);
	forge_be32(f, 0x5f000000);
	forge_be32(f, (uint32_t)data.len);
	forge_be32(f, 0x80000);
	forge_be32(f, 0x80000);
	forge_be32(f, (uint32_t)crc32_z(0, data.data, data.len));
	forge_put(f, kind, sizeof(kind));
	forge_put(f, "Linux", 5);
	forge_to(f, start + 64);
	forge_put(f, data.data, data.len);
	forge_uimage_crc(f->p + start);
}

/* ---- kernels ----------------------------------------------------------- */

/* arm64 booting.rst: an Image of @len bytes that asks for twice as much. */
static inline void forge_arm64_image(struct forge *f, size_t len)
{
	size_t start = f->len;

	forge_put(f, "MZ\0\x91", 4);
	forge_le32(f, 0x14000010);
	forge_le64(f, 0);
	forge_le64(f, 2 * len);
	forge_le64(f, 0xa);
	forge_to(f, start + 56);
	forge_str(f, "ARMd");
	forge_le32(f, 0);
	forge_content(f, len - 64);
}

/* x86 boot.rst: protocol 2.15, 64-bit entry, relocatable; one setup sector. */
static inline void forge_bzimage(struct forge *f, size_t kernel_len)
{
	size_t start = f->len;

	forge_put(f, "MZ", 2);
	forge_to(f, start + 0x1f1);
	forge_put(f, "\1", 1);
	forge_to(f, start + 0x1f4);
	forge_le32(f, (uint32_t)(kernel_len / 16));
	forge_to(f, start + 0x1fe);
	forge_le16(f, 0xaa55);
	forge_put(f, "\xeb\x66HdrS", 6);
	forge_le16(f, 0x020f);
	forge_to(f, start + 0x211);
	forge_put(f, "\1", 1);
	forge_to(f, start + 0x214);
	forge_le32(f, 0x100000);
	forge_to(f, start + 0x22c);
	forge_le32(f, 0x7fffffff);
	forge_le32(f, 0x200000);
	forge_put(f, "\1\x15\x7f", 3);
	forge_to(f, start + 0x238);
	forge_le32(f, 0x7ff);
	forge_to(f, start + 0x258);
	forge_le64(f, 0x1000000);
	forge_le32(f, 0x800000);
	forge_to(f, start + 0x400);
	forge_content(f, kernel_len / 16 * 16);
}

/* ELF64, ET_EXEC, for e_machine @machine, one PT_LOAD of @len bytes at @pa. */
static inline void forge_elf(struct forge *f, uint16_t machine, uint64_t pa, size_t len)
{
	size_t start = f->len;

	forge_put(f, "\177ELF\2\1\1", 7);
	forge_to(f, start + 16);
	forge_le16(f, 2);
	forge_le16(f, machine);
	forge_le32(f, 1);
	forge_le64(f, 0xffffffff80000000u + pa);
	forge_le64(f, 64);
	forge_le64(f, 0);
	forge_le32(f, 0);
	forge_le16(f, 64);
	forge_le16(f, 56);
	forge_le16(f, 1);
	forge_to(f, start + 64);
	forge_le32(f, 1);
	forge_le32(f, 7);
	forge_le64(f, 0x1000);
	forge_le64(f, 0xffffffff80000000u + pa);
	forge_le64(f, pa);
	forge_le64(f, len);
	forge_le64(f, 2 * len);
	forge_le64(f, 0x1000);
	forge_to(f, start + 0x1000);
	forge_arm64_image(f, len);
}

#endif
