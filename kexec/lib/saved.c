// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reader of saved cores: sector 0, headers and notes; and sector 0 written.
 * doc/resumable-core.md, "The saved core".  Called by vmcore-dump, and by kexec for
 * an image that is to be resumed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kx/saved.h"

#define EHDR_LEN	64u
#define PHDR_LEN	56u
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

static int digest_check(struct kx_bytes b, sha256_blocks_fn *sha256, const uint8_t want[32],
			struct kx_err *err)
{
	uint8_t have[SHA256_DIGEST_LEN];

	kx_saved_digest(b, sha256, have);
	if (memcmp(have, want, sizeof(have)))
		return kx_err_set(err, EBADMSG, "SHA-256: expected %016" PRIx64 "..., have %016"
				  PRIx64 "...", digest_head(want), digest_head(have));
	return 0;
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
	copy_bytes(h->reserved, kx_rd_bytes(&rd, sizeof(h->reserved)));
	copy_bytes(h->sha256, kx_rd_bytes(&rd, sizeof(h->sha256)));
}

static int reserved_check(const struct saved_head *h, struct kx_err *err)
{
	for (size_t i = 0; i < sizeof(h->reserved); i++)
		if (h->reserved[i])
			return kx_err_set(err, ENOEXEC, "reserved: expected zeros, have %u at %zu",
					  h->reserved[i], i);
	if (h->flags)
		return kx_err_set(err, ENOEXEC, "flags: expected 0, have 0x%" PRIx32, h->flags);
	return 0;
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
	r = digest_check(before, sha256_blocks_portable, h.sha256, err);
	if (r < 0)
		return r;
	if (h.state < KX_SAVED_WRITING || h.state > KX_SAVED_STREAM)
		return kx_err_set(err, ENOEXEC, "state: expected 1 to 4, have %" PRIu32, h.state);
	r = reserved_check(&h, err);
	if (r == 0)
		*ret = h;
	return r;
}

/* The sector that counts. */
struct found {
	uint8_t sector[KX_SAVED_SECTOR];
	struct saved_head head;		/* state NONE: there is none */
	uint64_t off;
};

/*
 * The sector at @off.  Returns only what the file's read says; *ret_bad is what is
 * wrong with the sector, and @err has the sentence of either.
 */
static int sector_read(const struct kx_core_file *file, uint64_t off, struct found *f,
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
static int stream_end(const struct kx_core_file *file, struct found *f, int *ret_bad,
		      struct kx_err *err)
{
	uint64_t off = file->len < KX_SAVED_ALIGN ? 0 : file->len - KX_SAVED_ALIGN;
	struct found end = { .off = 0 };
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

static int sector_find(const struct kx_core_file *file, struct found *f, int *ret_bad,
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
	struct found f;
	int r, bad;

	r = sector_find(file, &f, &bad, &why);
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

static void ehdr_build(uint8_t *p, uint16_t machine, size_t phnum, uint64_t phoff)
{
	static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };

	memcpy(p, ident, sizeof(ident));
	kx_put_le16(p + 16, 4);			/* ET_CORE */
	kx_put_le16(p + 18, machine);
	kx_put_le32(p + 20, 1);			/* EV_CURRENT */
	kx_put_le64(p + 32, phoff);
	kx_put_le16(p + 52, EHDR_LEN);
	kx_put_le16(p + 54, PHDR_LEN);
	kx_put_le16(p + 56, (uint16_t)phnum);
}

void kx_saved_sector(uint16_t elf_machine, size_t phnum, const struct saved_head *head,
		     enum kx_saved_state state, uint8_t ret[KX_SAVED_SECTOR])
{
	memset(ret, 0, KX_SAVED_SECTOR);
	ehdr_build(ret, elf_machine, phnum, head->headers_off);
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
	memcpy(ret + HEAD(headers_sha256), head->headers_sha256, sizeof(head->headers_sha256));
	memcpy(ret + HEAD(tables_sha256), head->tables_sha256, sizeof(head->tables_sha256));
	kx_saved_digest((struct kx_bytes){ ret, DIGEST_OFF }, sha256_blocks_portable,
			ret + DIGEST_OFF);
}

void kx_saved_sector_again(const struct kx_saved *s, enum kx_saved_state state,
			   uint8_t ret[KX_SAVED_SECTOR])
{
	kx_saved_sector(s->core.machine, s->phnum, &s->head, state, ret);
}

/* ---- opening --------------------------------------------------------------------- */

/* [off, off+len) that begins at a multiple of 4096, behind sector 0, in the image. */
static int extent_check(const struct saved_head *h, const char *what, uint64_t off, uint64_t len,
			struct kx_err *err)
{
	if (off < KX_SAVED_ALIGN || off % KX_SAVED_ALIGN)
		return kx_err_set(err, ENOEXEC, "%s offset: expected a multiple of 0x%x, have 0x%"
				  PRIx64, what, KX_SAVED_ALIGN, off);
	if (off > h->length || len > h->length - off)
		return kx_err_set(err, ENOEXEC, "%s: expected an end in the image's 0x%" PRIx64
				  " bytes, have 0x%" PRIx64 " bytes at 0x%" PRIx64, what,
				  h->length, len, off);
	return 0;
}

static int state_check(const struct saved_head *h, struct kx_err *err)
{
	if (h->state == KX_SAVED_WRITING)
		return kx_err_set(err, EBUSY, "state: expected complete or consumed, have writing:"
				  " begun %" PRIu64 " seconds after 1970, and not finished",
				  h->created);
	if (h->codec > KX_SAVED_ZSTD)
		return kx_err_set(err, EOPNOTSUPP, "codec: expected 0 to %u, have %" PRIu32,
				  KX_SAVED_ZSTD, h->codec);
	return 0;
}

/* The head against the file and itself. */
static int head_check(const struct found *f, uint64_t file_len, struct kx_err *err)
{
	const struct saved_head *h = &f->head;
	uint64_t tables_len;
	int r;

	r = state_check(h, err);
	if (r < 0)
		return r;
	if (h->length % KX_SAVED_ALIGN || h->length > file_len)
		return kx_err_set(err, ENOEXEC, "length: expected a multiple of 0x%x up to the file's"
				  " 0x%" PRIx64 ", have 0x%" PRIx64, KX_SAVED_ALIGN, file_len,
				  h->length);
	if (f->off && h->length != file_len)
		return kx_err_set(err, ENOEXEC, "length: expected the whole stream, 0x%" PRIx64
				  ", have 0x%" PRIx64, file_len, h->length);
	if (h->headers_len > KX_CORE_HEADERS_MAX - EHDR_LEN)
		return kx_err_set(err, E2BIG, "headers: expected at most 0x%llx bytes, have 0x%"
				  PRIx64, KX_CORE_HEADERS_MAX - EHDR_LEN, h->headers_len);
	if (!kx_saved_tables_len(h, &tables_len) || tables_len > KX_SAVED_TABLES_MAX)
		return kx_err_set(err, E2BIG, "tables: expected at most 0x%llx bytes, have %" PRIu64
				  " records, %" PRIu64 " blocks", KX_SAVED_TABLES_MAX,
				  h->record_count, h->block_count);
	r = extent_check(h, "headers", h->headers_off, h->headers_len, err);
	return r < 0 ? r : extent_check(h, "tables", h->tables_off, tables_len, err);
}

/* ELF header and headers from memory: what was digested is what is read. */
struct headers {
	struct kx_bytes sector, headers;
	uint64_t off;
};

/* struct kx_core_file.read */
static int headers_read(void *ctx, uint64_t off, void *to, size_t len, struct kx_err *err)
{
	const struct headers *h = ctx;
	struct kx_bytes part;

	if (off >= h->off ? !kx_bytes_sub(h->headers, off - h->off, len, &part) :
	    !kx_bytes_sub(h->sector, off, len, &part))
		return kx_err_set(err, ENOEXEC, "expected headers and notes in 0x%" PRIx64 "-0x%"
				  PRIx64 ", have 0x%zx bytes at 0x%" PRIx64, h->off,
				  h->off + h->headers.len, len, off);
	copy_bytes(to, part);
	return 0;
}

static int headers_load(const struct found *f, const struct kx_saved *s, struct kx_arena *a,
			struct headers *ret, struct kx_err *err)
{
	size_t len = (size_t)s->head.headers_len;
	uint8_t *p = kx_arena_alloc_raw(a, len ? len : 1);
	int r;

	if (!p)
		return kx_err_set(err, ENOMEM, "no memory for 0x%zx bytes of headers", len);
	r = s->file.read(s->file.ctx, s->head.headers_off, p, len, err);
	if (r < 0)
		return r;
	*ret = (struct headers){
		.sector = { f->sector, EHDR_LEN }, .headers = { p, len }, .off = s->head.headers_off,
	};
	r = digest_check(ret->headers, s->sha256, s->head.headers_sha256, err);
	if (r < 0)
		kx_err_wrap(err, "headers");
	return r;
}

/* What a core's reader takes as it comes, but no saved core has. */
static int core_check(const struct kx_saved *s, struct kx_err *err)
{
	const struct kx_core *c = &s->core;

	if (c->bad_count)
		return kx_err_set(err, ENOEXEC, "%s", c->bad_why);
	if (c->end > s->head.length)
		return kx_err_set(err, ENOEXEC, "PT_LOAD: expected an end in the image's 0x%" PRIx64
				  " bytes, have 0x%" PRIx64, s->head.length, c->end);
	if (c->span_count && s->head.codec != KX_SAVED_RAW)
		return kx_err_set(err, ENOEXEC, "PT_LOAD: expected none with bytes in a packed image,"
				  " have %zu", c->span_count);
	if (!s->contexts.has_context)
		return kx_err_set(err, ENOEXEC, "expected a note " CONTEXT_NOTE_NAME
				  " CONTEXT, have none");
	if (s->contexts.context.machine != c->machine)
		return kx_err_set(err, ENOEXEC, "note CONTEXT: machine: expected that of the ELF"
				  " header, %u, have %u", c->machine, s->contexts.context.machine);
	return 0;
}

/* The notes that are passed on as they are. */
static int notes_find(struct kx_saved *s, struct kx_err *err)
{
	for (size_t i = 0; i < s->core.note_count; i++) {
		const struct kx_core_note *n = &s->core.note[i];
		bool machine = n->type == CONTEXT_NOTE_MACHINE;
		struct kx_bytes *to = machine ? &s->machine : &s->snapshot;

		if ((!machine && n->type != CONTEXT_NOTE_SNAPSHOT) ||
		    strcmp(n->name, CONTEXT_NOTE_NAME))
			continue;
		if (to->data)
			return kx_err_set(err, ENOEXEC, "offset 0x%" PRIx64 ": note %s: expected one"
					  " such note, have a second", n->off,
					  machine ? "MACHINE" : "SNAPSHOT");
		*to = n->desc;
	}
	if (s->snapshot.data && s->snapshot.len != s->contexts.context.page_size)
		return kx_err_set(err, ENOEXEC, "note SNAPSHOT: descsz: expected a page, 0x%" PRIx64
				  ", have 0x%zx", s->contexts.context.page_size, s->snapshot.len);
	if (s->machine.len && memchr(s->machine.data, 0, s->machine.len))
		return kx_err_set(err, ENOEXEC, "note MACHINE: expected text, have a NUL");
	return 0;
}

static int core_open(const struct found *f, struct kx_saved *s, struct kx_arena *a,
		     struct kx_err *err)
{
	struct kx_core_file file = { .read = headers_read, .len = s->head.length };
	struct headers headers;
	uint64_t phoff = 0;
	uint16_t phnum = 0;
	int r;

	r = headers_load(f, s, a, &headers, err);
	if (r < 0)
		return r;
	/* Both are inside: the ELF header is part of the sector. */
	if (!kx_bytes_le64(headers.sector, 32, &phoff) || !kx_bytes_le16(headers.sector, 56, &phnum) ||
	    phoff != s->head.headers_off)
		return kx_err_set(err, ENOEXEC, "phoff: expected the headers' offset 0x%" PRIx64
				  ", have 0x%" PRIx64, s->head.headers_off, phoff);
	s->phnum = phnum;
	file.ctx = &headers;
	r = kx_core_open(&file, a, &s->core, err);
	if (r == 0)
		r = kx_contexts_read(&s->core, a, &s->contexts, err);
	if (r == 0)
		r = core_check(s, err);
	if (r == 0)
		r = notes_find(s, err);
	s->core.file = s->file;
	return r;
}

int kx_saved_open(const struct kx_core_file *file, sha256_blocks_fn *sha256, struct kx_arena *a,
		  struct kx_saved *ret, struct kx_err *err)
{
	struct kx_saved s = { .file = *file, .sha256 = sha256 };
	struct found f;
	int r, bad;

	r = sector_find(file, &f, &bad, err);
	if (r == 0)
		r = bad;
	if (r == 0)
		r = head_check(&f, file->len, err);
	if (r < 0)
		return r;
	s.head = f.head;
	s.sector_off = f.off;
	r = core_open(&f, &s, a, err);
	if (r == 0)
		r = kx_saved_tables_read(&s, a, err);
	if (r == 0)
		*ret = s;
	return r;
}

int kx_saved_block(const struct kx_saved *s, size_t i, uint8_t *to, struct kx_err *err)
{
	const struct saved_block *b = &s->block[i];
	int r = 0;

	if (b->len)
		r = s->file.read(s->file.ctx, b->off, to, (size_t)b->len, err);
	if (r < 0)
		return r;
	r = digest_check((struct kx_bytes){ to, (size_t)b->len }, s->sha256, b->sha256, err);
	if (r < 0)
		kx_err_wrap(err, "block %zu at 0x%" PRIx64, i, b->off);
	return r;
}
