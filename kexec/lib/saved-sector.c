// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sector 0 of a saved core, read and written: doc/resumable-core.md, "The saved
 * core".  Called by saved.c, and by whoever looks for an image or writes one.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "kx/saved.h"

#define DIGEST_OFF	(KX_SAVED_SECTOR - SHA256_DIGEST_LEN)

#define HEAD(name)	(KX_SAVED_HEAD_OFF + offsetof(struct saved_head, name))

_Static_assert(sizeof(struct saved_head) == KX_SAVED_HEAD_LEN &&
	       KX_SAVED_HEAD_OFF + KX_SAVED_HEAD_LEN == KX_SAVED_SECTOR,
	       "saved_head fills the sector");

const char *kx_saved_state_name(enum kx_saved_state state)
{
	static const char *const names[] = {
		[KX_SAVED_NONE] = "none",
		[KX_SAVED_WRITING] = "writing",
		[KX_SAVED_COMPLETE] = "complete",
		[KX_SAVED_CONSUMED] = "consumed",
		[KX_SAVED_STREAM] = "stream",
	};

	return names[state];
}

const char *kx_saved_codec_name(enum kx_saved_codec codec)
{
	static const char *const names[] = {
		[KX_SAVED_RAW] = "raw",
		[KX_SAVED_LZ4] = "lz4",
		[KX_SAVED_ZSTD] = "zstd",
	};

	return names[codec];
}

const char *kx_saved_date(uint64_t seconds, char ret[KX_SAVED_DATE])
{
	struct tm tm;

	/* Years that have four digits. */
	if (seconds > INT32_MAX * 100ull || !gmtime_r(&(time_t){ (time_t)seconds }, &tm) ||
	    !strftime(ret, KX_SAVED_DATE, "%Y-%m-%d %H:%M:%S UTC", &tm))
		snprintf(ret, KX_SAVED_DATE, "%" PRIu64 " s after 1970", seconds);
	return ret;
}

void kx_saved_digest(struct kx_bytes b, sha256_blocks_fn *sha256, uint8_t ret[32])
{
	struct sha256 s;

	sha256_init(&s, sha256);
	sha256_update(&s, b.data, b.len);
	sha256_final(&s, ret);
}

/* The first bytes of a digest, which are enough to tell two apart. */
static uint64_t digest_head(const uint8_t *digest)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | digest[i];
	return v;
}

int kx_saved_digest_compare(const uint8_t have[32], const uint8_t want[32], struct kx_err *err)
{
	if (memcmp(have, want, SHA256_DIGEST_LEN))
		return kx_err_set(err, EBADMSG, "SHA-256: expected %016" PRIx64 "..., have %016"
				  PRIx64 "...", digest_head(want), digest_head(have));
	return 0;
}

int kx_saved_digest_check(struct kx_bytes b, sha256_blocks_fn *sha256, const uint8_t want[32],
			  struct kx_err *err)
{
	uint8_t have[SHA256_DIGEST_LEN];

	kx_saved_digest(b, sha256, have);
	return kx_saved_digest_compare(have, want, err);
}

/* ---- sector 0 --------------------------------------------------------------------- */

static void copy_bytes(void *to, struct kx_bytes from)
{
	if (from.len)
		memcpy(to, from.data, from.len);
}

static void head_read(const uint8_t sector[KX_SAVED_SECTOR], struct saved_head *h)
{
	struct kx_rd rd = kx_rd_make((struct kx_bytes){ sector, KX_SAVED_SECTOR }, KX_LE);

	kx_rd_seek(&rd, KX_SAVED_HEAD_OFF);
	copy_bytes(h->magic, kx_rd_bytes(&rd, sizeof(h->magic)));
	h->version = kx_rd_u32(&rd);
	h->state = kx_rd_u32(&rd);
	copy_bytes(h->id, kx_rd_bytes(&rd, sizeof(h->id)));
	h->created = kx_rd_u64(&rd);
	h->length = kx_rd_u64(&rd);
	h->headers_off = kx_rd_u64(&rd);
	h->headers_len = kx_rd_u64(&rd);
	h->tables_off = kx_rd_u64(&rd);
	h->record_count = kx_rd_u64(&rd);
	h->block_count = kx_rd_u64(&rd);
	h->page_count = kx_rd_u64(&rd);
	h->zero_pages = kx_rd_u64(&rd);
	h->codec = kx_rd_u32(&rd);
	h->flags = kx_rd_u32(&rd);
	copy_bytes(h->headers_sha256, kx_rd_bytes(&rd, sizeof(h->headers_sha256)));
	copy_bytes(h->tables_sha256, kx_rd_bytes(&rd, sizeof(h->tables_sha256)));
	copy_bytes(h->salt, kx_rd_bytes(&rd, sizeof(h->salt)));
	copy_bytes(h->key_check, kx_rd_bytes(&rd, sizeof(h->key_check)));
	copy_bytes(h->headers_tag, kx_rd_bytes(&rd, sizeof(h->headers_tag)));
	copy_bytes(h->tables_tag, kx_rd_bytes(&rd, sizeof(h->tables_tag)));
	copy_bytes(h->reserved, kx_rd_bytes(&rd, sizeof(h->reserved)));
	h->resumed = kx_rd_u64(&rd);
	copy_bytes(h->resumed_by, kx_rd_bytes(&rd, sizeof(h->resumed_by)));
	copy_bytes(h->sha256, kx_rd_bytes(&rd, sizeof(h->sha256)));
}

static int zeros_check(const char *what, const uint8_t *p, size_t len, struct kx_err *err)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return kx_err_set(err, ENOEXEC, "%s: expected zeros, have %u at %zu", what, p[i],
					  i);
	return 0;
}

/* What is of encrypted images only. */
static int clear_check(const struct saved_head *h, struct kx_err *err)
{
	int r;

	r = zeros_check("salt of what is not encrypted", h->salt, sizeof(h->salt), err);
	if (r == 0)
		r = zeros_check("key check of what is not encrypted", h->key_check,
				sizeof(h->key_check), err);
	if (r == 0)
		r = zeros_check("headers tag of what is not encrypted", h->headers_tag,
				sizeof(h->headers_tag), err);
	if (r == 0)
		r = zeros_check("tables tag of what is not encrypted", h->tables_tag,
				sizeof(h->tables_tag), err);
	return r;
}

static int reserved_check(const struct saved_head *h, struct kx_err *err)
{
	int r;

	if (h->flags & ~KX_SAVED_ENCRYPTED)
		return kx_err_set(err, ENOEXEC, "flags: expected 0 or 1, have 0x%" PRIx32, h->flags);
	r = zeros_check("reserved", h->reserved, sizeof(h->reserved), err);
	if (r < 0)
		return r;
	if (h->resumed_by[KX_SAVED_RELEASE - 1])
		return kx_err_set(err, ENOEXEC, "resumed by: expected a text that ends, have none");
	if (h->state != KX_SAVED_CONSUMED && (h->resumed || *h->resumed_by))
		return kx_err_set(err, ENOEXEC, "resumed by: expected nobody while the state is %s,"
				  " have '%s'", kx_saved_state_name((enum kx_saved_state)h->state),
				  h->resumed_by);
	return h->flags & KX_SAVED_ENCRYPTED ? 0 : clear_check(h, err);
}

/*
 * What sector 0 says on its own.  The magic number and the version are where they
 * are in every version; nothing else need be.
 */
static int sector_parse(const uint8_t sector[KX_SAVED_SECTOR], struct saved_head *ret,
			struct kx_err *err)
{
	const struct kx_bytes before = { sector, DIGEST_OFF };
	struct saved_head h;
	int r;

	head_read(sector, &h);
	if (memcmp(h.magic, KX_SAVED_MAGIC, sizeof(h.magic)))
		return kx_err_set(err, ENOENT, "expected a saved core, have something else");
	if (h.version != KX_SAVED_VERSION)
		return kx_err_set(err, EOPNOTSUPP, "version: expected %u, have %" PRIu32,
				  KX_SAVED_VERSION, h.version);
	/* 480 bytes: which block function does not matter. */
	r = kx_saved_digest_check(before, sha256_blocks_portable, h.sha256, err);
	if (r < 0)
		return r;
	if (h.state < KX_SAVED_WRITING || h.state > KX_SAVED_STREAM)
		return kx_err_set(err, ENOEXEC, "state: expected 1 to 4, have %" PRIu32, h.state);
	r = reserved_check(&h, err);
	if (r == 0)
		*ret = h;
	return r;
}

/*
 * The sector at @off.  Returns only what the file's read says; *ret_bad is what is
 * wrong with the sector, and @err has the sentence of either.
 */
static int sector_read(const struct kx_core_file *file, uint64_t off, struct kx_saved_found *f,
		       int *ret_bad, struct kx_err *err)
{
	int r;

	f->off = off;
	*ret_bad = 0;
	if (file->len < KX_SAVED_SECTOR || off > file->len - KX_SAVED_SECTOR) {
		*ret_bad = kx_err_set(err, ENOENT, "expected a saved core, the file has 0x%" PRIx64
				      " bytes", file->len);
		return 0;
	}
	r = file->read(file->ctx, off, f->sector, KX_SAVED_SECTOR, err);
	if (r < 0)
		return r;
	*ret_bad = sector_parse(f->sector, &f->head, err);
	if (*ret_bad < 0)
		kx_err_wrap(err, "offset 0x%" PRIx64, off);
	return 0;
}

/*
 * A stream's sector is in its last 4096 bytes and has the id of the first one: else
 * the end is not this stream's.  f->head stays that of the first if it is not there.
 */
static int stream_end(const struct kx_core_file *file, struct kx_saved_found *f, int *ret_bad,
		      struct kx_err *err)
{
	uint64_t off = file->len < KX_SAVED_ALIGN ? 0 : file->len - KX_SAVED_ALIGN;
	struct kx_saved_found end = { .off = 0 };
	int r;

	r = sector_read(file, off, &end, ret_bad, err);
	if (r < 0)
		return r;
	if (*ret_bad < 0) {
		*ret_bad = kx_err_set(err, ENOEXEC, "a stream without its end: %s",
				      err ? err->text : "");
		return 0;
	}
	if (end.head.state == KX_SAVED_STREAM ||
	    memcmp(end.head.id, f->head.id, sizeof(end.head.id))) {
		*ret_bad = kx_err_set(err, ENOEXEC, "a stream without its end: offset 0x%" PRIx64
				      ": expected sector 0 of the stream that begins the file,"
				      " have another", off);
		return 0;
	}
	*f = end;
	return 0;
}

int kx_saved_find(const struct kx_core_file *file, struct kx_saved_found *f, int *ret_bad,
		  struct kx_err *err)
{
	int r;

	f->head.state = KX_SAVED_NONE;
	r = sector_read(file, 0, f, ret_bad, err);
	if (r < 0 || *ret_bad < 0 || f->head.state != KX_SAVED_STREAM)
		return r;
	return stream_end(file, f, ret_bad, err);
}

int kx_saved_probe(const struct kx_core_file *file, enum kx_saved_state *ret,
		   struct saved_head *ret_head, struct kx_err *err)
{
	struct kx_err why = { 0 };
	struct kx_saved_found f;
	int r, bad;

	r = kx_saved_find(file, &f, &bad, &why);
	if (r < 0) {
		if (err)
			*err = why;
		return r;
	}
	*ret = f.head.state;
	if (ret_head && f.head.state != KX_SAVED_NONE)
		*ret_head = f.head;
	return 0;
}

/* ---- writing it --------------------------------------------------------------------- */

void kx_saved_sector(uint16_t elf_machine, size_t phnum, const struct saved_head *head,
		     enum kx_saved_state state, uint8_t ret[KX_SAVED_SECTOR])
{
	memset(ret, 0, KX_SAVED_SECTOR);
	kx_core_ehdr_build(ret, elf_machine, head->headers_off, phnum);
	memcpy(ret + HEAD(magic), KX_SAVED_MAGIC, sizeof(head->magic));
	kx_put_le32(ret + HEAD(version), KX_SAVED_VERSION);
	kx_put_le32(ret + HEAD(state), state);
	memcpy(ret + HEAD(id), head->id, sizeof(head->id));
	kx_put_le64(ret + HEAD(created), head->created);
	kx_put_le64(ret + HEAD(length), head->length);
	kx_put_le64(ret + HEAD(headers_off), head->headers_off);
	kx_put_le64(ret + HEAD(headers_len), head->headers_len);
	kx_put_le64(ret + HEAD(tables_off), head->tables_off);
	kx_put_le64(ret + HEAD(record_count), head->record_count);
	kx_put_le64(ret + HEAD(block_count), head->block_count);
	kx_put_le64(ret + HEAD(page_count), head->page_count);
	kx_put_le64(ret + HEAD(zero_pages), head->zero_pages);
	kx_put_le32(ret + HEAD(codec), head->codec);
	kx_put_le32(ret + HEAD(flags), head->flags);
	memcpy(ret + HEAD(headers_sha256), head->headers_sha256, sizeof(head->headers_sha256));
	memcpy(ret + HEAD(tables_sha256), head->tables_sha256, sizeof(head->tables_sha256));
	memcpy(ret + HEAD(salt), head->salt, sizeof(head->salt));
	memcpy(ret + HEAD(key_check), head->key_check, sizeof(head->key_check));
	memcpy(ret + HEAD(headers_tag), head->headers_tag, sizeof(head->headers_tag));
	memcpy(ret + HEAD(tables_tag), head->tables_tag, sizeof(head->tables_tag));
	if (state == KX_SAVED_CONSUMED) {
		kx_put_le64(ret + HEAD(resumed), head->resumed);
		memcpy(ret + HEAD(resumed_by), head->resumed_by, sizeof(head->resumed_by));
	}
	kx_saved_digest((struct kx_bytes){ ret, DIGEST_OFF }, sha256_blocks_portable,
			ret + DIGEST_OFF);
}

void kx_saved_sector_again(const struct kx_saved *s, enum kx_saved_state state, const char *by,
			   uint64_t when, uint8_t ret[KX_SAVED_SECTOR])
{
	struct saved_head head = s->head;

	if (by) {
		head.resumed = when;
		memset(head.resumed_by, 0, sizeof(head.resumed_by));
		snprintf(head.resumed_by, sizeof(head.resumed_by), "%s", by);
	}
	kx_saved_sector(s->core.machine, s->phnum, &head, state, ret);
}
