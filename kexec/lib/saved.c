// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reader of saved cores: the head against the file, headers and notes, and
 * blocks.  doc/resumable-core.md, "The saved core".  Called by vmcore-dump, and by
 * kexec for an image that is to be resumed.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kx/saved.h"

static void copy_bytes(void *to, struct kx_bytes from)
{
	if (from.len)
		memcpy(to, from.data, from.len);
}

/* ---- the head ------------------------------------------------------------------------ */

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
	char date[KX_SAVED_DATE];

	if (h->state == KX_SAVED_WRITING)
		return kx_err_set(err, EBUSY, "state: expected complete or consumed, have writing:"
				  " begun %s and not finished", kx_saved_date(h->created, date));
	if (h->codec > KX_SAVED_ZSTD)
		return kx_err_set(err, EOPNOTSUPP, "codec: expected 0 to %u, have %" PRIu32,
				  KX_SAVED_ZSTD, h->codec);
	return 0;
}

/* The head against the file and itself. */
static int head_check(const struct kx_saved_found *f, uint64_t file_len, struct kx_err *err)
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
	if (h->headers_len > KX_CORE_HEADERS_MAX - KX_CORE_EHDR_LEN)
		return kx_err_set(err, E2BIG, "headers: expected at most 0x%llx bytes, have 0x%"
				  PRIx64, KX_CORE_HEADERS_MAX - KX_CORE_EHDR_LEN, h->headers_len);
	if (!kx_saved_tables_len(h, &tables_len) || tables_len > KX_SAVED_TABLES_MAX)
		return kx_err_set(err, E2BIG, "tables: expected at most 0x%llx bytes, have %" PRIu64
				  " records, %" PRIu64 " blocks", KX_SAVED_TABLES_MAX,
				  h->record_count, h->block_count);
	r = extent_check(h, "headers", h->headers_off, h->headers_len, err);
	return r < 0 ? r : extent_check(h, "tables", h->tables_off, tables_len, err);
}

/* ---- headers and notes --------------------------------------------------------- */

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

static int headers_load(const struct kx_saved_found *f, const struct kx_saved *s,
			struct kx_arena *a, struct headers *ret, struct kx_err *err)
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
		.sector = { f->sector, KX_CORE_EHDR_LEN }, .headers = { p, len }, .off = s->head.headers_off,
	};
	r = kx_saved_digest_check(ret->headers, s->sha256, s->head.headers_sha256, err);
	if (r == 0 && s->cipher.ctx)
		r = kx_saved_headers_unseal(s, p, len, err);
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
	if (c->span_count && (s->head.codec != KX_SAVED_RAW || s->cipher.ctx))
		return kx_err_set(err, ENOEXEC, "PT_LOAD: expected none with bytes in %s image,"
				  " have %zu", s->cipher.ctx ? "an encrypted" : "a packed",
				  c->span_count);
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

/* What is read of the ELF header before the core is. */
static uint64_t elf_parse(const struct kx_saved_found *f, struct kx_saved *s)
{
	struct kx_rd rd = kx_rd_make((struct kx_bytes){ f->sector, KX_CORE_EHDR_LEN }, KX_LE);
	uint64_t phoff;

	kx_rd_seek(&rd, 18);
	s->core.machine = kx_rd_u16(&rd);
	kx_rd_seek(&rd, 32);
	phoff = kx_rd_u64(&rd);
	kx_rd_seek(&rd, 56);
	s->phnum = kx_rd_u16(&rd);
	return phoff;
}

static int core_open(const struct kx_saved_found *f, struct kx_saved *s, struct kx_arena *a,
		     struct kx_err *err)
{
	struct kx_core_file file = { .read = headers_read, .len = s->head.length };
	struct headers headers;
	uint64_t phoff = elf_parse(f, s);
	int r;

	r = headers_load(f, s, a, &headers, err);
	if (r < 0)
		return r;
	if (phoff != s->head.headers_off)
		return kx_err_set(err, ENOEXEC, "phoff: expected the headers' offset 0x%" PRIx64
				  ", have 0x%" PRIx64, s->head.headers_off, phoff);
	if (s->locked)
		return 0;
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

/* ---- all of it --------------------------------------------------------------------- */

/* Does the key fit the image, if one or both need the other? */
static int key_check(struct kx_saved *s, const struct kx_saved_cipher *c, struct kx_err *err)
{
	bool encrypted = s->head.flags & KX_SAVED_ENCRYPTED;
	uint8_t check[KX_SAVED_CHECK_LEN];
	int r;

	if (!encrypted && c)
		return kx_err_set(err, EINVAL, "expected an image that is encrypted, have one"
				  " that is not");
	if (!encrypted || s->locked)
		return 0;
	if (!c)
		return kx_err_set(err, ENOKEY, "encrypted image (%s): expected its key, have none",
				  kx_saved_state_name((enum kx_saved_state)s->head.state));
	r = c->begin(c->ctx, s->head.salt, s->head.id, check, err);
	if (r == 0 && memcmp(check, s->head.key_check, sizeof(check)))
		r = kx_err_set(err, EKEYREJECTED, "expected the key that this image was"
			       " encrypted with, have another");
	if (r == 0)
		s->cipher = *c;
	return r;
}

/* @s has file and sha256, and locked if no key is asked for. */
static int open_all(struct kx_saved *s, const struct kx_saved_cipher *cipher, struct kx_arena *a,
		    struct kx_err *err)
{
	struct kx_saved_found f;
	int r, bad;

	r = kx_saved_find(&s->file, &f, &bad, err);
	if (r == 0)
		r = bad;
	if (r == 0)
		r = head_check(&f, s->file.len, err);
	if (r < 0)
		return r;
	s->head = f.head;
	s->sector_off = f.off;
	s->locked = s->locked && s->head.flags & KX_SAVED_ENCRYPTED;
	r = key_check(s, cipher, err);
	if (r == 0)
		r = core_open(&f, s, a, err);
	return r == 0 ? kx_saved_tables_read(s, a, err) : r;
}

int kx_saved_open_key(const struct kx_core_file *file, sha256_blocks_fn *sha256,
		      const struct kx_saved_cipher *cipher, struct kx_arena *a,
		      struct kx_saved *ret, struct kx_err *err)
{
	struct kx_saved s = { .file = *file, .sha256 = sha256 };
	int r = open_all(&s, cipher, a, err);

	if (r == 0)
		*ret = s;
	return r;
}

int kx_saved_open(const struct kx_core_file *file, sha256_blocks_fn *sha256, struct kx_arena *a,
		  struct kx_saved *ret, struct kx_err *err)
{
	return kx_saved_open_key(file, sha256, NULL, a, ret, err);
}

int kx_saved_open_locked(const struct kx_core_file *file, sha256_blocks_fn *sha256,
			 struct kx_arena *a, struct kx_saved *ret, struct kx_err *err)
{
	struct kx_saved s = { .file = *file, .sha256 = sha256, .locked = true };
	int r = open_all(&s, NULL, a, err);

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
	r = kx_saved_digest_check((struct kx_bytes){ to, (size_t)b->len }, s->sha256, b->sha256, err);
	if (r == 0 && s->cipher.ctx && b->len)
		r = kx_saved_block_unseal(s, i, to, err);
	if (r < 0)
		kx_err_wrap(err, "block %zu at 0x%" PRIx64, i, b->off);
	return r;
}
