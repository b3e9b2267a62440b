// SPDX-License-Identifier: GPL-2.0-only
/*
 * The snapshot as a saved core: doc/resumable-core.md, "The saved core".
 *
 *	sector 0: WRITING	flush
 *	blocks, tables, headers	flush
 *	sector 0: COMPLETE	flush
 *
 * A stream begins with a sector that says STREAM and ends with the real one.
 * Called by snapshot.c.
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

/* What is known only after the snapshot. */
struct writing {
	struct image *im;
	struct kx_snapshot_head head;
	uint8_t *first;			/* the stream's first page */
	struct kx_snapshot_frames frames;
	struct saved_record *record;
	struct saved_block *block;
	uint64_t cap;			/* of records, and of blocks */
	uint64_t records, blocks;
	uint64_t off;			/* where the next block goes */
	struct progress progress;
};

/* ---- memory ------------------------------------------------------------------------ */

/* Address space, of which pages come as they are touched. */
static void *reserve(uint64_t count, size_t size, struct kx_err *err)
{
	void *p;
	size_t len;

	if (__builtin_mul_overflow(count ? count : 1, size, &len)) {
		kx_err_set(err, ENOMEM, "no memory for 0x%" PRIx64 " entries", count);
		return NULL;
	}
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		 -1, 0);
	if (p == MAP_FAILED) {
		kx_err_set(err, errno, "no memory for 0x%zx bytes: %s", len, strerror(errno));
		return NULL;
	}
	return p;
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

int image_init(struct image *im, struct target *t, struct snapshot_facts *f,
	       enum kx_saved_codec codec, const struct kx_saved_cipher *cipher, struct kx_arena *a,
	       struct kx_err *err)
{
	struct timespec now;
	int r;

	*im = (struct image){
		.target = t, .facts = f, .arena = a, .codec = codec, .cipher = cipher,
		.machine = f->context.machine,
	};
	r = random_bytes(im->head.id, sizeof(im->head.id), err);
	clock_gettime(CLOCK_REALTIME, &now);
	im->head.created = (uint64_t)now.tv_sec;
	if (r == 0 && cipher)
		r = begin_encryption(im, &now, err);
	if (r < 0)
		return r;
	im->sector = reserve(1, KX_SAVED_ALIGN, err);
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
		return kx_err_set(err, E2BIG, "more records than there are frames");
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

static int put_blocks(struct writing *w, struct kx_snapshot *s, struct kx_err *err)
{
	struct pack p = {
		.snapshot = s, .frames = &w->frames, .codec = w->im->codec,
		.cipher = w->im->cipher, .head = &w->im->head, .put = put_block, .ctx = w,
	};
	struct saved_block *last;
	int r;

	progress_start(&w->progress, w->head.data_pages * w->head.page_size);
	r = pack_all(&p, err);
	progress_end(&w->progress, r == 0);
	if (r < 0)
		return r;
	if (!w->blocks)
		return kx_err_set(err, ENODATA, "the snapshot has no page that is not zeros");
	last = &w->block[w->blocks - 1];
	last->records = w->records - last->first_record;
	return 0;
}

/* ---- what stands in front of them in memory, and behind them in the image ------------------- */

/* @b from @w->off on, and @w->off behind it. */
static int put_bytes(struct writing *w, struct kx_bytes b, struct kx_err *err)
{
	uint8_t *stage = reserve(1, STAGE, err);
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
	h->page_count = w->frames.frames;
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

/* Where the kernel is entered: kernel-side contract in doc/resumable-core.md, CONTEXT. */
static void set_entry(const struct writing *w, struct kx_context *c)
{
	const struct snapshot_facts *f = w->im->facts;

	c->source = CONTEXT_SOURCE_SNAPSHOT;
	c->filled = true;
	if (c->machine == KX_ELF_ARM64) {
		c->entry_kind = CONTEXT_ENTRY_RESUME_ARM64;
		c->entry = f->f.cpu_resume;
		c->boot_cpu = w->head.mpidr;
		return;
	}
	c->entry_kind = CONTEXT_ENTRY_RESTORE_X86_64;
	c->entry = w->head.jump_pa;
	c->value[0] = w->head.cr3;
	c->value[1] = w->head.jump_va;
	c->value[2] = w->head.jump_pa;
	c->boot_cpu = f->f.boot_cpu;
}

static int put_headers(struct writing *w, struct kx_err *err)
{
	const struct snapshot_facts *f = w->im->facts;
	struct saved_head *h = &w->im->head;
	struct kx_context context = f->context;
	struct kx_saved_parts parts = {
		.context = &context, .vmcoreinfo = f->f.vmcoreinfo, .machine = f->machine,
		.snapshot = { w->first, (size_t)w->head.page_size },
		.ram = f->ram, .ram_count = f->ram_count,
		.direct_va = f->s.core.direct_va.known ? f->s.core.direct_va.value : 0,
	};
	struct kx_bytes b;
	int r;

	set_entry(w, &context);
	h->headers_off = w->off;
	r = kx_saved_headers(&parts, h, w->record, w->block, w->im->arena, &b, &w->im->phnum, err);
	if (r == 0 && w->im->cipher)
		r = kx_saved_headers_seal(h, w->im->cipher, w->im->phnum, b, err);
	if (r < 0)
		return r;
	kx_saved_digest(b, kx_sha256_best(), h->headers_sha256);
	h->headers_len = b.len;
	return put_bytes(w, b, err);
}

/* ---- the stream's own headers ------------------------------------------------------------------ */

static int read_head(struct writing *w, struct kx_snapshot *s, struct kx_err *err)
{
	uint64_t page = w->im->facts->s.page_size;
	int r;

	w->first = reserve(1, (size_t)page, err);
	if (!w->first)
		return -ENOMEM;
	r = kx_snapshot_read(s, w->first, (size_t)page, page, err);
	return r == 0 ? kx_snapshot_head_parse((struct kx_bytes){ w->first, (size_t)page },
					       w->im->machine, &w->head, err) : r;
}

static int read_frames(struct writing *w, struct kx_snapshot *s, struct kx_err *err)
{
	size_t page = (size_t)w->head.page_size;
	struct kx_snapshot_run *run;
	uint8_t *buf;
	int r = 0;

	w->cap = w->head.frame_pages * (page / sizeof(uint64_t));
	run = reserve(w->cap, sizeof(*run), err);
	buf = run ? reserve(1, page, err) : NULL;
	w->record = buf ? reserve(w->cap, sizeof(*w->record), err) : NULL;
	w->block = w->record ? reserve(w->cap, sizeof(*w->block), err) : NULL;
	if (!w->block)
		return -ENOMEM;
	kx_snapshot_frames_init(&w->frames, &w->head, run, (size_t)w->cap);
	for (uint64_t i = 0; r == 0 && i < w->head.frame_pages; i++) {
		r = kx_snapshot_read(s, buf, page, page, err);
		if (r == 0)
			r = kx_snapshot_frames_add(&w->frames, (struct kx_bytes){ buf, page }, err);
	}
	return r == 0 ? kx_snapshot_frames_end(&w->frames, err) : r;
}

int image_write(struct image *im, struct kx_snapshot *s, struct kx_err *err)
{
	struct writing w = { .im = im, .off = KX_SAVED_ALIGN };
	int r;

	r = read_head(&w, s, err);
	if (r == 0)
		r = read_frames(&w, s, err);
	if (r == 0)
		r = put_first(im, err);
	if (r == 0)
		r = put_blocks(&w, s, err);
	if (r == 0)
		r = put_tables(&w, err);
	if (r == 0)
		r = put_headers(&w, err);
	if (r == 0)
		r = target_flush(im->target, err);
	if (r < 0)
		return r;
	im->head.length = w.off + (im->target->kind == TARGET_STREAM ? KX_SAVED_ALIGN : 0);
	return put_sector(im, &im->head, KX_SAVED_COMPLETE, w.off, err);
}
