// SPDX-License-Identifier: GPL-2.0-only
/*
 * The checksums behind a dump: kx/dump-sums.h.  Called by vmcore-dump, which writes
 * and verifies them.
 *
 * CRC-32 without its initial and final complement is linear: that of an extent is the
 * exclusive or of those of its pieces, each with the zeros that are between its end and
 * the extent's.  To append n zero bytes is to multiply by x^8n, which is what zlib's
 * crc32_combine() does with its first argument; x^(2^32 - 1) is 1, so it goes back, too.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "kx/dump-sums.h"

#define END_MAX		(1ULL << 52)
#define PERIOD		0xffffffffu
#define TABLE_PIECE	4096u

/* ---- arithmetic --------------------------------------------------------------- */

/* A share with @n more zero bytes behind it; n < PERIOD. */
static uint32_t shift(uint32_t share, uint64_t n)
{
	return n ? (uint32_t)crc32_combine(share, 0, (z_off_t)n) : share;
}

/* Without the complements. */
static uint32_t share_of(const uint8_t *p, size_t len)
{
	return ~(uint32_t)crc32_z(0xffffffff, p, len);
}

/* The complements of @len bytes. */
static uint32_t crc_of(uint32_t share, uint64_t len)
{
	return ~(share ^ shift(0xffffffff, len));
}

static uint64_t extents_of(uint64_t covered)
{
	return covered / KX_SUMS_EXTENT + (covered % KX_SUMS_EXTENT != 0);
}

/* Of extent @i of a file of @covered bytes. */
static size_t extent_len(uint64_t covered, uint64_t i)
{
	uint64_t left = covered - i * KX_SUMS_EXTENT;

	return left < KX_SUMS_EXTENT ? (size_t)left : KX_SUMS_EXTENT;
}

/* ---- writing ------------------------------------------------------------------ */

void kx_sums_init(struct kx_sums *s)
{
	*s = (struct kx_sums){ .share = NULL };
}

void kx_sums_deinit(struct kx_sums *s)
{
	free(s->share);
	kx_sums_init(s);
}

static int room_for(struct kx_sums *s, uint64_t end, struct kx_err *err)
{
	uint64_t need = extents_of(end), room = need + need / 2 + 64;
	uint32_t *p;

	if (need <= s->room)
		return 0;
	p = realloc(s->share, (size_t)room * sizeof(*p));
	if (!p)
		return kx_err_set(err, ENOMEM, "no memory for %" PRIu64 " checksums", room);
	memset(p + s->room, 0, ((size_t)room - s->room) * sizeof(*p));
	s->share = p;
	s->room = (size_t)room;
	return 0;
}

int kx_sums_add(struct kx_sums *s, uint64_t off, const uint8_t *p, size_t len, struct kx_err *err)
{
	int r;

	if (off > END_MAX || len > END_MAX - off)
		return kx_err_set(err, EFBIG, "checksums: expected an end of at most 2^52, have 0x%zx"
				  " bytes at offset 0x%" PRIx64, len, off);
	r = room_for(s, off + len, err);
	if (r < 0)
		return r;
	if (off + len > s->end)
		s->end = off + len;
	while (len) {
		size_t left = KX_SUMS_EXTENT - (size_t)(off % KX_SUMS_EXTENT);
		size_t n = len < left ? len : left;

		s->share[off / KX_SUMS_EXTENT] ^= shift(share_of(p, n), left - n);
		p += n;
		off += n;
		len -= n;
	}
	return 0;
}

uint64_t kx_sums_len(uint64_t covered)
{
	return extents_of(covered) * 4 + KX_SUMS_TRAILER_LEN;
}

static void trailer_build(uint8_t *to, uint64_t covered, uint32_t table_crc)
{
	memcpy(to, KX_SUMS_MAGIC, 8);
	kx_put_le64(to + 8, covered);
	kx_put_le32(to + 16, table_crc);
	kx_put_le32(to + 20, (uint32_t)crc32_z(0, to, 20));
}

void kx_sums_build(const struct kx_sums *s, uint64_t covered, uint8_t *to)
{
	uint64_t n = extents_of(covered);

	for (uint64_t i = 0; i < n; i++) {
		size_t len = extent_len(covered, i);
		uint32_t share = i < s->room ? s->share[i] : 0;

		/* The last one was added as if it were full. */
		if (len < KX_SUMS_EXTENT)
			share = shift(share, PERIOD - (KX_SUMS_EXTENT - len));
		kx_put_le32(to + 4 * i, crc_of(share, len));
	}
	trailer_build(to + 4 * n, covered, (uint32_t)crc32_z(0, to, 4 * (size_t)n));
}

/* ---- checking ----------------------------------------------------------------- */

static int table_check(const struct kx_core_file *file, const struct kx_sums_table *t,
		       uint32_t want, struct kx_err *err)
{
	uint64_t off = t->covered, end = off + 4 * t->extents;
	uint8_t buf[TABLE_PIECE];
	uint32_t crc = 0;

	while (off < end) {
		size_t n = end - off < sizeof(buf) ? (size_t)(end - off) : sizeof(buf);
		int r = file->read(file->ctx, off, buf, n, err);

		if (r < 0)
			return r;
		crc = (uint32_t)crc32_z(crc, buf, n);
		off += n;
	}
	if (crc != want)
		return kx_err_set(err, EBADMSG, "checksums: table at offset 0x%" PRIx64 ": expected"
				  " CRC-32 0x%08" PRIx32 ", have 0x%08" PRIx32, t->covered, want, crc);
	return 0;
}

int kx_sums_find(const struct kx_core_file *file, struct kx_sums_table *ret, struct kx_err *err)
{
	struct kx_sums_table t = { .covered = 0 };
	uint8_t bytes[KX_SUMS_TRAILER_LEN];
	struct kx_rd rd = kx_rd_make((struct kx_bytes){ bytes, sizeof(bytes) }, KX_LE);
	uint32_t table_crc, crc;
	uint64_t before;
	int r;

	if (file->len < sizeof(bytes))
		return kx_err_set(err, ENOENT, "checksums: expected a trailer, the file has 0x%" PRIx64
				  " bytes", file->len);
	before = file->len - sizeof(bytes);
	r = file->read(file->ctx, before, bytes, sizeof(bytes), err);
	if (r < 0)
		return r;
	if (memcmp(bytes, KX_SUMS_MAGIC, 8))
		return kx_err_set(err, ENOENT, "checksums: expected a trailer, have none");
	kx_rd_seek(&rd, 8);
	t.covered = kx_rd_u64(&rd);
	table_crc = kx_rd_u32(&rd);
	crc = kx_rd_u32(&rd);
	if (crc != (uint32_t)crc32_z(0, bytes, 20))
		return kx_err_set(err, EBADMSG, "checksums: trailer at offset 0x%" PRIx64 ": expected"
				  " CRC-32 0x%08" PRIx32 ", have 0x%08" PRIx32, before, crc,
				  (uint32_t)crc32_z(0, bytes, 20));
	t.extents = extents_of(t.covered);
	if (t.covered > before || before - t.covered != 4 * t.extents)
		return kx_err_set(err, EBADMSG, "checksums: trailer at offset 0x%" PRIx64 ": expected"
				  " it behind %" PRIu64 " checksums of 0x%" PRIx64 " bytes", before,
				  t.extents, t.covered);
	r = table_check(file, &t, table_crc, err);
	if (r == 0)
		*ret = t;
	return r;
}

int kx_sums_check(const struct kx_core_file *file, const struct kx_sums_table *t, uint64_t i,
		  uint8_t *buf, struct kx_err *err)
{
	size_t len = extent_len(t->covered, i);
	uint32_t want = 0, have;
	uint8_t entry[4];
	int r;

	r = file->read(file->ctx, t->covered + 4 * i, entry, sizeof(entry), err);
	if (r == 0)
		r = file->read(file->ctx, i * KX_SUMS_EXTENT, buf, len, err);
	if (r < 0)
		return r;
	if (!kx_bytes_le32((struct kx_bytes){ entry, sizeof(entry) }, 0, &want))
		return kx_err_set(err, EIO, "a checksum has 4 bytes");
	have = (uint32_t)crc32_z(0, buf, len);
	if (have != want)
		return kx_err_set(err, EBADMSG, "offset 0x%" PRIx64 ": 0x%zx bytes: expected CRC-32"
				  " 0x%08" PRIx32 ", have 0x%08" PRIx32, i * KX_SUMS_EXTENT, len, want,
				  have);
	return 0;
}
