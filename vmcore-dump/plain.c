// SPDX-License-Identifier: GPL-2.0-only
/*
 * A saved core as a plain ELF core (plain.h).  Called by open.c, so that memory is
 * read from a saved core as from any other, and by convert.c.
 */
#include <errno.h>
#include <string.h>

#include "plain.h"

#define NONE	SIZE_MAX

/* ---- runs ------------------------------------------------------------------------- */

static uint64_t record_len(const struct kx_saved *s, const struct saved_record *r)
{
	return r->pages * s->contexts.context.page_size;
}

/* Runs of records no more than @gap bytes apart; to @to unless it is NULL. */
static size_t runs_find(const struct kx_saved *s, uint64_t gap, struct plain_run *to)
{
	struct kx_range pa = { 0, 0 };
	size_t n = 0;

	for (size_t i = 0; i < s->head.record_count; i++) {
		const struct saved_record *r = &s->record[i];
		bool begins = !i || r->pa - pa.end > gap;

		n += begins;
		pa = (struct kx_range){ begins ? r->pa : pa.start, r->pa + record_len(s, r) };
		if (!to)
			continue;
		if (begins)
			to[n - 1] = (struct plain_run){ .first = i };
		to[n - 1].pa = pa;
		to[n - 1].count++;
	}
	return n;
}

/* What the image's own headers say of @pa; 0: nothing. */
static uint64_t virtual_of(const struct kx_saved *s, uint64_t pa)
{
	for (size_t i = 0; i < s->core.load_count; i++) {
		const struct kx_core_load *l = &s->core.load[i];

		if (l->va && pa >= l->pa && pa - l->pa < l->mem_len)
			return l->va + (pa - l->pa);
	}
	return 0;
}

/*
 * ELF counts less than 65535 program headers, and a run may have two: if there are
 * more, the gaps between them become memory that reads as zeros, the small ones
 * first.
 */
static int runs_make(struct plain *p, struct kx_arena *a, struct kx_err *err)
{
	const struct kx_saved *s = p->saved;
	uint64_t gap = 0;

	while ((p->run_count = runs_find(s, gap, NULL)) > KX_SAVED_LOADS_MAX / 2)
		gap = gap ? 2 * gap : s->contexts.context.page_size;
	p->run = kx_arena_alloc(a, (p->run_count + 1) * sizeof(*p->run));
	if (!p->run)
		return kx_err_set(err, ENOMEM, "no memory for %zu pieces of memory", p->run_count);
	runs_find(s, gap, p->run);
	return 0;
}

/* ---- headers ---------------------------------------------------------------------- */

static size_t notes_len(const struct kx_core *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->note_count; i++)
		n += kx_core_note_len(c->note[i].name, c->note[i].desc.len);
	return n;
}

/* PT_LOADs of all runs, and of what of them is in the kernel's image; NULL: count them. */
static size_t loads_put(const struct plain *p, uint8_t **to)
{
	const struct kx_core *c = &p->saved->core;
	struct kx_range image;
	uint64_t image_va;
	bool has_image = kx_core_image(kx_vmcoreinfo_text(c), c->machine, &image, &image_va);
	size_t n = 0;

	for (size_t i = 0; i < p->run_count; i++) {
		const struct plain_run *r = &p->run[i];
		struct kx_core_load l[2] = { {
			.pa = r->pa.start, .va = r->va, .off = r->off, .flags = KX_CORE_RWX,
			.file_len = kx_range_len(r->pa), .mem_len = kx_range_len(r->pa),
		} };
		size_t count = 1 + (has_image && kx_core_image_part(&l[0], image, image_va, &l[1]));

		for (size_t k = 0; to && k < count; k++)
			*to = kx_core_phdr_build(*to, KX_CORE_PT_LOAD, &l[k]);
		n += count;
	}
	return n;
}

static void headers_put(const struct plain *p, uint8_t *to, size_t phnum, size_t notes)
{
	const struct kx_core *c = &p->saved->core;

	kx_core_ehdr_build(to, c->machine, KX_CORE_EHDR_LEN, phnum);
	to = kx_core_phdr_build(to + KX_CORE_EHDR_LEN, KX_CORE_PT_NOTE, &(struct kx_core_load){
		.off = KX_CORE_EHDR_LEN + phnum * KX_CORE_PHDR_LEN,
		.file_len = notes, .mem_len = notes,
	});
	loads_put(p, &to);
	for (size_t i = 0; i < c->note_count; i++)
		to = kx_core_note_build(to, c->note[i].name, c->note[i].type, c->note[i].desc);
}

static int headers_make(struct plain *p, struct kx_arena *a, struct kx_err *err)
{
	size_t notes = notes_len(&p->saved->core), phnum = loads_put(p, NULL) + 1, len;
	uint8_t *to;

	len = KX_CORE_EHDR_LEN + phnum * KX_CORE_PHDR_LEN + notes;
	p->len = kx_align_up(len, KX_SAVED_ALIGN);
	for (size_t i = 0; i < p->run_count; i++) {
		struct plain_run *r = &p->run[i];

		r->va = virtual_of(p->saved, r->pa.start);
		r->off = p->len;
		p->len += kx_range_len(r->pa);
	}
	to = kx_arena_alloc(a, len);
	if (!to)
		return kx_err_set(err, ENOMEM, "no memory for 0x%zx bytes of headers", len);
	headers_put(p, to, phnum, notes);
	p->headers = (struct kx_bytes){ to, len };
	return 0;
}

int plain_init(struct plain *p, const struct kx_saved *s, struct kx_arena *a, struct kx_err *err)
{
	int r;

	*p = (struct plain){ .saved = s, .block = NONE, .record = NONE };
	p->block_bytes = kx_arena_alloc_raw(a, KX_SAVED_BLOCK_MAX);
	p->record_bytes = kx_arena_alloc_raw(a, KX_SAVED_RECORD_MAX);
	if (!p->block_bytes || !p->record_bytes)
		return kx_err_set(err, ENOMEM, "no memory for a block");
	r = runs_make(p, a, err);
	return r < 0 ? r : headers_make(p, a, err);
}

/* ---- looking things up -------------------------------------------------------------- */

/* How many of the @n sorted things are at or before @key; @at gives where one begins. */
static size_t count_upto(const struct plain *p, size_t n, uint64_t key,
			 uint64_t (*at)(const struct plain *p, size_t i))
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (at(p, mid) <= key)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static uint64_t run_off(const struct plain *p, size_t i)
{
	return p->run[i].off;
}

static uint64_t run_first(const struct plain *p, size_t i)
{
	return p->run[i].first;
}

static uint64_t record_pa(const struct plain *p, size_t i)
{
	return p->saved->record[i].pa;
}

static uint64_t block_first(const struct plain *p, size_t i)
{
	return p->saved->block[i].first_record;
}

const struct plain_run *plain_run_of(const struct plain *p, size_t record)
{
	return &p->run[count_upto(p, p->run_count, record, run_first) - 1];
}

/* ---- reading ------------------------------------------------------------------------- */

static int record_load(struct plain *p, size_t i, struct kx_err *err)
{
	const struct kx_saved *s = p->saved;
	size_t b = count_upto(p, (size_t)s->head.block_count, i, block_first) - 1, at = 0;
	int r;

	if (p->record == i)
		return 0;
	if (p->block != b) {
		p->block = NONE;
		r = kx_saved_block(s, b, p->block_bytes, err);
		if (r < 0)
			return r;
		p->block = b;
	}
	for (size_t k = (size_t)s->block[b].first_record; k < i; k++)
		at += s->record[k].stored;
	p->record = NONE;
	r = kx_saved_unpack(s, &s->record[i], p->block_bytes + at, p->record_bytes, err);
	if (r == 0)
		p->record = i;
	return r;
}

/* Memory at @pa, up to *len bytes of it; what was not saved is zeros. */
static int memory_read(struct plain *p, uint64_t pa, uint8_t *to, size_t *len, struct kx_err *err)
{
	const struct kx_saved *s = p->saved;
	size_t i = count_upto(p, (size_t)s->head.record_count, pa, record_pa);
	uint64_t end = i ? s->record[i - 1].pa + record_len(s, &s->record[i - 1]) : 0, most;
	int r;

	if (pa < end && s->record[i - 1].stored) {
		most = end - pa;
		*len = *len < most ? *len : (size_t)most;
		r = record_load(p, i - 1, err);
		if (r == 0)
			memcpy(to, p->record_bytes + (pa - s->record[i - 1].pa), *len);
		return r;
	}
	most = pa < end ? end - pa : i < s->head.record_count ? s->record[i].pa - pa : *len;
	*len = *len < most ? *len : (size_t)most;
	memset(to, 0, *len);
	return 0;
}

/* Up to *len bytes at @off, all of one kind. */
static int part_read(void *ctx, uint64_t off, uint8_t *to, size_t *len, struct kx_err *err)
{
	struct plain *p = ctx;
	size_t i = count_upto(p, p->run_count, off, run_off);
	const struct plain_run *run = i ? &p->run[i - 1] : NULL;
	uint64_t end = run ? run->off + kx_range_len(run->pa) :
		       p->run_count ? p->run[0].off : p->len;

	*len = *len < end - off ? *len : (size_t)(end - off);
	if (run)
		return memory_read(p, run->pa.start + (off - run->off), to, len, err);
	memset(to, 0, *len);
	if (off < p->headers.len)
		memcpy(to, p->headers.data + off,
		       p->headers.len - off < *len ? p->headers.len - (size_t)off : *len);
	return 0;
}

/* struct kx_core_file.read */
static int plain_read(void *ctx, uint64_t off, void *to, size_t len, struct kx_err *err)
{
	return kx_core_read_parts(part_read, ctx, off, to, len, err);
}

struct kx_core_file plain_file(struct plain *p)
{
	return (struct kx_core_file){ .read = plain_read, .ctx = p, .len = p->len };
}
