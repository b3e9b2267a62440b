// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages as a saved core: doc/resumable-core.md, "The saved core".
 *
 *	sector 0: WRITING	flush
 *	blocks, tables, headers	flush
 *	sector 0: COMPLETE	flush
 *
 * A stream begins with a sector that says STREAM and ends with the real one.
 * Called by snapshot.c, snapshot-stream.c and snapshot-jump.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#include "kx/host.h"
#include "snapshot.h"

/* Staging for the tables and headers, which lie anywhere in memory. */
#define STAGE		(256u << 10)

struct writing {
	struct image *im;
	const struct pages_source *source;
	const struct kx_saved_parts *parts;
	uint64_t cap;			/* of records, and of blocks */
	struct saved_record *record;
	struct saved_block *block;
	uint64_t records, blocks;
	uint64_t off;			/* where the next block goes */
	struct progress progress;
};

/* ---- before the snapshot --------------------------------------------------------------- */

void secret_forget(struct secret *s)
{
	kx_saved_cipher_deinit(&s->cipher);
	kx_saved_key_free(s->key);
	s->key = NULL;
}

int secret_init(struct secret *s, const char *spec, struct kx_err *err)
{
	int r;

	if (!spec)
		return 0;
	r = kx_saved_key_load(spec, &s->key, err);
	if (r == 0)
		r = kx_saved_cipher_init(&s->cipher, s->key, err);
	return r < 0 ? kx_err_wrap(err, "--encrypt") : 0;
}

static int random_bytes(uint8_t *to, size_t len, struct kx_err *err)
{
	if (getrandom(to, len, 0) != (ssize_t)len)
		return kx_err_set(err, EIO, "cannot get random bytes: %s", strerror(errno));
	return 0;
}

/*
 * The clock in it: a system that was resumed twice from one image may have the same
 * random bytes twice.
 */
static int begin_encryption(struct image *im, const struct timespec *now, struct kx_err *err)
{
	uint8_t *salt = im->head.salt;
	size_t random = sizeof(im->head.salt) - 8;
	int r = random_bytes(salt, random, err);

	if (r < 0)
		return r;
	kx_put_le64(salt + random, (uint64_t)now->tv_sec * 1000000000 + (uint64_t)now->tv_nsec);
	return kx_saved_encrypt(&im->head, im->cipher, err);
}

int image_init(struct image *im, struct target *t, uint16_t machine, enum kx_saved_codec codec,
	       const struct kx_saved_cipher *cipher, struct kx_arena *a, struct kx_err *err)
{
	struct timespec now;
	int r;

	*im = (struct image){
		.target = t, .arena = a, .codec = codec, .cipher = cipher, .machine = machine,
	};
	r = random_bytes(im->head.id, sizeof(im->head.id), err);
	clock_gettime(CLOCK_REALTIME, &now);
	im->head.created = (uint64_t)now.tv_sec;
	if (r == 0 && cipher)
		r = begin_encryption(im, &now, err);
	if (r < 0)
		return r;
	im->sector = kx_snapshot_reserve(1, KX_SAVED_ALIGN, err);
	return im->sector ? 0 : -ENOMEM;
}

/* ---- sector 0 ------------------------------------------------------------------------ */

/*
 * For a stream, @head with @state is whatever 4096 bytes come next.  On a device
 * they keep what is behind the 512: a device may write no less than all of them.
 */
static int put_sector(struct image *im, const struct saved_head *head, enum kx_saved_state state,
		      uint64_t off, struct kx_err *err)
{
	size_t phnum = head->headers_off ? im->phnum : 0;
	bool stream = im->target->kind == TARGET_STREAM;
	int r = 0;

	memset(im->sector, 0, KX_SAVED_ALIGN);
	if (!stream)
		r = target_read(im->target, 0, im->sector, KX_SAVED_ALIGN, err);
	if (r < 0)
		return r;
	kx_saved_sector(im->machine, phnum, head, state, im->sector);
	r = stream ? target_write(im->target, off, im->sector, KX_SAVED_ALIGN, err) :
		     target_sector(im->target, im->sector, err);
	return r == 0 ? target_flush(im->target, err) : r;
}

/* All from length on are 0 while there is nothing. */
static int put_first(struct image *im, struct kx_err *err)
{
	struct saved_head head = { .created = im->head.created };

	memcpy(head.id, im->head.id, sizeof(head.id));
	return put_sector(im, &head, im->target->kind == TARGET_STREAM ? KX_SAVED_STREAM :
			  KX_SAVED_WRITING, 0, err);
}

int image_consume(struct image *im, struct kx_err *err)
{
	struct kx_core_file file = {
		.read = target_core_read, .ctx = im->target, .len = im->target->size,
	};
	enum kx_saved_state state;
	struct saved_head head;
	uint16_t phnum;
	int r;

	r = kx_saved_probe(&file, &state, &head, err);
	if (r < 0)
		return r;
	if (state == KX_SAVED_NONE || memcmp(head.id, im->head.id, sizeof(head.id)))
		return kx_err_set(err, ESTALE, "expected the image that this system was saved to,"
				  " have another or none");
	r = target_read(im->target, 0, im->sector, KX_SAVED_ALIGN, err);
	if (r < 0)
		return r;
	/* e_phnum: the headers themselves are not in our memory any more. */
	if (!kx_bytes_le16((struct kx_bytes){ im->sector, KX_SAVED_SECTOR }, 56, &phnum))
		return kx_err_set(err, ENOEXEC, "no ELF header");
	im->phnum = phnum;
	im->head.resumed = head.resumed;
	memcpy(im->head.resumed_by, head.resumed_by, sizeof(head.resumed_by));
	return put_sector(im, &head, KX_SAVED_CONSUMED, 0, err);
}

/* ---- blocks ---------------------------------------------------------------------------- */

/* Called by pack_all()'s writer, in order. */
static int put_block(void *ctx, const struct packed *p, struct kx_err *err)
{
	struct writing *w = ctx;
	struct saved_block *b = &w->block[w->blocks];
	uint64_t before = w->blocks ? b[-1].first_record + b[-1].records : 0;
	size_t whole = (size_t)kx_align_up(p->len, KX_SAVED_ALIGN);
	int r = 0;

	if (p->record_count > w->cap - w->records || w->blocks == w->cap)
		return kx_err_set(err, E2BIG, "more records than there are pages");
	memcpy(w->record + w->records, p->record, p->record_count * sizeof(*p->record));
	w->records += p->record_count;
	progress_step(&w->progress, p->raw);
	/* Records of zeros only wait for the next block that has bytes. */
	if (!p->len)
		return 0;
	r = target_write(w->im->target, w->off, p->bytes, whole, err);
	if (r < 0)
		return r;
	*b = (struct saved_block){
		.off = w->off, .len = p->len, .first_record = before, .records = w->records - before,
	};
	memcpy(b->sha256, p->sha256, sizeof(b->sha256));
	memcpy(b->tag, p->tag, sizeof(b->tag));
	w->off += whole;
	w->blocks++;
	return 0;
}

static int put_blocks(struct writing *w, struct kx_err *err)
{
	struct pack p = {
		.source = w->source, .codec = w->im->codec, .cipher = w->im->cipher,
		.head = &w->im->head, .put = put_block, .ctx = w,
	};
	struct saved_block *last;
	int r;

	progress_start(&w->progress, w->source->data_pages * w->source->page_size);
	r = pack_all(&p, err);
	progress_end(&w->progress, r == 0);
	if (r < 0)
		return r;
	if (!w->blocks)
		return kx_err_set(err, ENODATA, "there is no page that is not zeros");
	last = &w->block[w->blocks - 1];
	last->records = w->records - last->first_record;
	return 0;
}

/* ---- what stands in front of them in memory, and behind them in the image ------------------- */

/* @b from @w->off on, and @w->off behind it. */
static int put_bytes(struct writing *w, struct kx_bytes b, struct kx_err *err)
{
	uint8_t *stage = kx_snapshot_reserve(1, STAGE, err);
	int r = stage ? 0 : -ENOMEM;

	for (size_t done = 0; r == 0 && done < b.len;) {
		size_t n = b.len - done < STAGE ? b.len - done : STAGE;
		size_t whole = (size_t)kx_align_up(n, KX_SAVED_ALIGN);

		memcpy(stage, b.data + done, n);
		memset(stage + n, 0, whole - n);
		r = target_write(w->im->target, w->off, stage, whole, err);
		w->off += whole;
		done += n;
	}
	if (stage)
		munmap(stage, STAGE);
	return r;
}

static int put_tables(struct writing *w, struct kx_err *err)
{
	struct saved_head *h = &w->im->head;
	struct kx_bytes b;
	uint64_t zeros = 0;
	int r;

	h->record_count = w->records;
	h->block_count = w->blocks;
	h->page_count = w->source->pages;
	for (uint64_t i = 0; i < w->records; i++)
		zeros += w->record[i].stored ? 0 : w->record[i].pages;
	h->zero_pages = zeros;
	h->codec = w->im->codec;
	r = kx_saved_tables(h, w->record, w->block, w->im->arena, &b, err);
	if (r == 0 && w->im->cipher)
		r = kx_saved_tables_seal(h, w->im->cipher, b, err);
	if (r < 0)
		return r;
	kx_saved_digest(b, kx_sha256_best(), h->tables_sha256);
	h->tables_off = w->off;
	r = put_bytes(w, b, err);
	kx_arena_release(w->im->arena, b.data);
	return r;
}

static int put_headers(struct writing *w, struct kx_err *err)
{
	struct saved_head *h = &w->im->head;
	struct kx_bytes b;
	int r;

	h->headers_off = w->off;
	r = kx_saved_headers(w->parts, h, w->record, w->block, w->im->arena, &b, &w->im->phnum, err);
	if (r == 0 && w->im->cipher)
		r = kx_saved_headers_seal(h, w->im->cipher, w->im->phnum, b, err);
	if (r < 0)
		return r;
	kx_saved_digest(b, kx_sha256_best(), h->headers_sha256);
	h->headers_len = b.len;
	return put_bytes(w, b, err);
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* A record has a page at least. */
static int reserve_tables(struct writing *w, struct kx_err *err)
{
	w->cap = w->source->pages;
	w->record = kx_snapshot_reserve(w->cap, sizeof(*w->record), err);
	w->block = w->record ? kx_snapshot_reserve(w->cap, sizeof(*w->block), err) : NULL;
	return w->block ? 0 : -ENOMEM;
}

/*
 * What it describes is all there.  If it cannot be said for sure that it is, the
 * system goes on, and must not be resumed: as far as that can be written.
 */
static int put_last(struct writing *w, struct kx_err *err)
{
	struct image *im = w->im;
	bool stream = im->target->kind == TARGET_STREAM;
	struct kx_err again = { 0 };
	int r;

	im->head.length = w->off + (stream ? KX_SAVED_ALIGN : 0);
	r = put_sector(im, &im->head, KX_SAVED_COMPLETE, w->off, err);
	if (r < 0 && !stream && put_first(im, &again) < 0)
		kx_err_wrap(err, "the image may be complete, and must not be resumed (%s)", again.text);
	return r;
}

int image_write(struct image *im, const struct pages_source *source,
		const struct kx_saved_parts *parts, struct kx_err *err)
{
	struct writing w = { .im = im, .source = source, .parts = parts, .off = KX_SAVED_ALIGN };
	int r;

	r = reserve_tables(&w, err);
	if (r == 0)
		r = put_first(im, err);
	if (r == 0)
		r = put_blocks(&w, err);
	if (r == 0)
		r = put_tables(&w, err);
	if (r == 0)
		r = put_headers(&w, err);
	if (r == 0)
		r = target_flush(im->target, err);
	return r == 0 ? put_last(&w, err) : r;
}
