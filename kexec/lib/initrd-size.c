/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The size of an initramfs when it is unpacked, without unpacking it:
 * Documentation/driver-api/early-userspace/buffer-format.rst ("any combination of
 * compressed and uncompressed cpio archives", zeros between them).
 *
 *	cpio		is walked (lib/cpio.c)
 *	gzip		RFC 1952: ISIZE, its last four bytes
 *	zstd		RFC 8878: Frame_Content_Size, if it is there
 *	lz4, legacy	blocks of 8 MiB, all but the last
 *	others		a guess
 *
 * What is packed is taken to reach to the end.  Used by plan/fit.c.
 */
#include <string.h>

#include "kx/cpio.h"
#include "kx/initrd-size.h"

#define ZSTD_MAGIC	0xfd2fb528u
#define LZ4_MAGIC	0x184c2102u
#define LZ4_BLOCK	(8u << 20)

/* Guesses: what modules and programs shrink to. */
#define GUESS		3u
#define GUESS_XZ	4u

static void add(struct kx_initrd_size *s, uint64_t n)
{
	if (__builtin_add_overflow(s->bytes, n, &s->bytes))
		s->bytes = UINT64_MAX;
}

static void guess(struct kx_initrd_size *s, uint64_t len, uint64_t factor)
{
	uint64_t n;

	add(s, __builtin_mul_overflow(len, factor, &n) ? UINT64_MAX : n);
	s->exact = false;
}

/* ---- cpio -------------------------------------------------------------------------- */

/* The archive at *off, which moves behind it; false, and not moved, if it is damaged. */
static bool cpio(struct kx_bytes b, size_t *off, struct kx_initrd_size *s)
{
	struct kx_cpio_member m = { .last = false };
	size_t at = *off;
	uint64_t all = 0;

	while (!m.last && at < b.len) {
		if (kx_cpio_member(b, at, &m, &at, NULL) < 0)
			return false;
		all += m.len;
	}
	add(s, all);
	*off = at;
	return true;
}

/* ---- what is packed ---------------------------------------------------------------- */

static bool gzip(struct kx_bytes b, struct kx_initrd_size *s)
{
	static const uint8_t magic[] = { 0x1f, 0x8b, 8 };
	uint32_t size;

	if (!kx_bytes_starts(b, magic, sizeof(magic)) || b.len < 18 ||
	    !kx_bytes_le32(b, b.len - 4, &size))
		return false;
	/* "modulo 2^32", and behind padding it is 0. */
	if (size < b.len / 2)
		guess(s, b.len, GUESS);
	else
		add(s, size);
	return true;
}

static bool zstd_size(struct kx_bytes b, uint64_t *ret)
{
	static const uint8_t dictionary[] = { 0, 1, 2, 4 };
	struct kx_rd rd = kx_rd_make(b, KX_LE);
	uint8_t head;
	bool single;

	kx_rd_skip(&rd, 4);
	head = kx_rd_u8(&rd);
	single = head & 0x20;
	kx_rd_skip(&rd, (single ? 0u : 1u) + dictionary[head & 3]);
	switch (head >> 6) {
	case 0:
		*ret = kx_rd_u8(&rd);
		return single && !rd.bad;
	case 1:
		*ret = kx_rd_u16(&rd) + 256u;
		break;
	case 2:
		*ret = kx_rd_u32(&rd);
		break;
	default:
		*ret = kx_rd_u64(&rd);
		break;
	}
	return !rd.bad;
}

static bool zstd(struct kx_bytes b, struct kx_initrd_size *s)
{
	uint32_t magic;
	uint64_t size;

	if (!kx_bytes_le32(b, 0, &magic) || magic != ZSTD_MAGIC)
		return false;
	if (zstd_size(b, &size))
		add(s, size);
	else
		guess(s, b.len, GUESS);
	return true;
}

static bool lz4(struct kx_bytes b, struct kx_initrd_size *s)
{
	uint32_t len;
	size_t off = 4;

	if (!kx_bytes_le32(b, 0, &len) || len != LZ4_MAGIC)
		return false;
	while (kx_bytes_le32(b, off, &len) && len && len != LZ4_MAGIC && len < b.len - off - 4) {
		add(s, LZ4_BLOCK);
		off += 4 + (size_t)len;
	}
	/* The last block is shorter, by how much it does not say. */
	guess(s, b.len - off, GUESS);
	return true;
}

static void packed(struct kx_bytes b, struct kx_initrd_size *s)
{
	if (gzip(b, s) || zstd(b, s) || lz4(b, s))
		return;
	if (kx_bytes_starts(b, "\xfd" "7zXZ", 5))
		guess(s, b.len, GUESS_XZ);
	else
		guess(s, b.len, GUESS);
}

struct kx_initrd_size kx_initrd_unpacked(struct kx_bytes b)
{
	struct kx_initrd_size s = { .exact = true };
	size_t off = 0;

	while (off < b.len) {
		struct kx_bytes rest = { b.data + off, b.len - off };

		if (!*rest.data) {
			off++;
			continue;
		}
		if (kx_cpio_is(b, off) && cpio(b, &off, &s))
			continue;
		packed(rest, &s);
		break;
	}
	return s;
}
