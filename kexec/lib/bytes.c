/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bounded reader: the only way file bytes become numbers.  Every parser
 * of a format, container, device tree or table uses it.
 */
#include <string.h>

#include "kx/bytes.h"

struct kx_rd kx_rd_make(struct kx_bytes b, enum kx_endian endian)
{
	return (struct kx_rd){ .b = b, .endian = endian };
}

void kx_rd_seek(struct kx_rd *rd, uint64_t off)
{
	if (off > rd->b.len) {
		rd->bad = true;
		return;
	}
	rd->off = off;
}

struct kx_bytes kx_rd_bytes(struct kx_rd *rd, uint64_t n)
{
	struct kx_bytes r = KX_BYTES_NONE;

	if (rd->bad || !kx_bytes_sub(rd->b, rd->off, n, &r)) {
		rd->bad = true;
		return KX_BYTES_NONE;
	}
	rd->off += n;
	return r;
}

void kx_rd_skip(struct kx_rd *rd, uint64_t n)
{
	kx_rd_bytes(rd, n);
}

static uint64_t rd_uint(struct kx_rd *rd, unsigned int n)
{
	struct kx_bytes f = kx_rd_bytes(rd, n);
	uint64_t v = 0;

	for (size_t i = 0; i < f.len; i++)
		v = v << 8 | f.data[rd->endian == KX_BE ? i : f.len - 1 - i];
	return v;
}

uint8_t kx_rd_u8(struct kx_rd *rd)
{
	return (uint8_t)rd_uint(rd, 1);
}

uint16_t kx_rd_u16(struct kx_rd *rd)
{
	return (uint16_t)rd_uint(rd, 2);
}

uint32_t kx_rd_u32(struct kx_rd *rd)
{
	return (uint32_t)rd_uint(rd, 4);
}

uint64_t kx_rd_u64(struct kx_rd *rd)
{
	return rd_uint(rd, 8);
}

bool kx_bytes_sub(struct kx_bytes b, uint64_t off, uint64_t len, struct kx_bytes *ret)
{
	if (off > b.len || len > b.len - off)
		return false;
	/* NULL + 0 is undefined in C, and an empty view may be NULL. */
	ret->data = off ? b.data + off : b.data;
	ret->len = len;
	return true;
}

bool kx_bytes_same(struct kx_bytes a, struct kx_bytes b)
{
	return a.len == b.len && (!a.len || !memcmp(a.data, b.data, a.len));
}

bool kx_bytes_starts(struct kx_bytes b, const void *magic, size_t n)
{
	return n <= b.len && (n == 0 || memcmp(b.data, magic, n) == 0);
}

static bool bytes_uint(struct kx_bytes b, uint64_t off, unsigned int n, enum kx_endian endian,
		       uint64_t *ret)
{
	struct kx_rd rd = kx_rd_make(b, endian);
	uint64_t v;

	kx_rd_seek(&rd, off);
	v = rd_uint(&rd, n);
	if (rd.bad)
		return false;
	*ret = v;
	return true;
}

bool kx_bytes_le16(struct kx_bytes b, uint64_t off, uint16_t *ret)
{
	uint64_t v;

	if (!bytes_uint(b, off, 2, KX_LE, &v))
		return false;
	*ret = (uint16_t)v;
	return true;
}

bool kx_bytes_le32(struct kx_bytes b, uint64_t off, uint32_t *ret)
{
	uint64_t v;

	if (!bytes_uint(b, off, 4, KX_LE, &v))
		return false;
	*ret = (uint32_t)v;
	return true;
}

bool kx_bytes_le64(struct kx_bytes b, uint64_t off, uint64_t *ret)
{
	return bytes_uint(b, off, 8, KX_LE, ret);
}

bool kx_bytes_be32(struct kx_bytes b, uint64_t off, uint32_t *ret)
{
	uint64_t v;

	if (!bytes_uint(b, off, 4, KX_BE, &v))
		return false;
	*ret = (uint32_t)v;
	return true;
}

static void put_le(uint8_t *p, uint64_t v, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

void kx_put_le16(uint8_t *p, uint16_t v)
{
	put_le(p, v, 2);
}

void kx_put_le32(uint8_t *p, uint32_t v)
{
	put_le(p, v, 4);
}

void kx_put_le64(uint8_t *p, uint64_t v)
{
	put_le(p, v, 8);
}
