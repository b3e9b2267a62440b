// SPDX-License-Identifier: GPL-2.0-only
/*
 * An ELF core (System V gABI; crash and gdb read it).  Called by write.c.
 *
 *	ELF header	e_flags says "incomplete" until all is there, as makedumpfile's do, and
 *			for ever if a page is lost
 *	program headers	PT_NOTE, then a PT_LOAD for each piece of memory
 *	[ section 0	if they are too many for the ELF header ]
 *	notes
 *	pages
 *	checksums	kx/dump-sums.h
 *
 * What is left out has no PT_LOAD.  Zeros are in one like all other pages, but if the
 * level has KX_LEVEL_ZERO nothing is written there: the file has a hole, and a flattened
 * one no record.  A hole in memory of less than HOLE pages is not worth a PT_LOAD, and is
 * written, but not what is not in a filtered dump that is read.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "write-parts.h"

#define HOLE		256u		/* makedumpfile's, too */
#define PN_XNUM		0xffffu
#define SHDR_LEN	64u

/* Elf64_Ehdr, Elf64_Shdr */
#define E_SHOFF		40u
#define E_FLAGS		48u
#define E_PHNUM		56u
#define E_SHENTSIZE	58u
#define E_SHNUM		60u
#define SH_INFO		44u
#define INCOMPLETE	KX_CORE_INCOMPLETE

struct elf {
	struct write_file *f;
	struct write_kernel k;
	struct kx_core_loads loads;
	uint8_t *zero;			/* bit n: page n is kept, and all zeros; NULL: not looked */
	uint8_t *head;
	size_t head_len;
	uint64_t data;			/* where the pages begin */
	uint64_t end;
	uint64_t written;		/* pages */
};

struct piece {
	uint64_t start, end;		/* page numbers */
	bool zero;
};

/* ---- pieces ------------------------------------------------------------------------- */

static bool zero_at(const struct elf *e, uint64_t pfn)
{
	return e->zero && write_bit(e->zero, pfn);
}

/* From @pfn on, pages that are (@zero) kept and zeros, or not: the first that differs. */
static uint64_t zeros_end(const struct elf *e, uint64_t pfn, uint64_t end)
{
	while (pfn < end && zero_at(e, pfn))
		pfn++;
	return pfn;
}

/*
 * The first page behind @pfn from which on it is worth to leave out, or where there is
 * no memory.
 */
static uint64_t data_end(const struct elf *e, uint64_t pfn, uint64_t end)
{
	const struct write_map *m = &e->f->w->map;
	uint64_t last = pfn;		/* behind the last page that has to be written */

	for (; pfn < end && write_bit(m->here, pfn) && pfn - last < HOLE; pfn++)
		if (write_bit(m->kept, pfn) && !zero_at(e, pfn))
			last = pfn + 1;
	return last;
}

/* The first piece from *pfn on; false: there is none. */
static bool piece_next(const struct elf *e, uint64_t *pfn, struct piece *ret)
{
	const struct write_map *m = &e->f->w->map;
	uint64_t start = write_map_next(m, *pfn), end = e->f->end_pfn, zeros;

	if (start >= end)
		return false;
	zeros = zeros_end(e, start, end);
	/* Few zeros before data are data. */
	if (zeros - start >= HOLE || data_end(e, start, end) <= zeros)
		*ret = (struct piece){ start, zeros, zeros > start };
	else
		*ret = (struct piece){ start, data_end(e, start, end), false };
	*pfn = ret->end;
	return true;
}

/* ---- zeros -------------------------------------------------------------------------- */

static size_t block_of(const struct write *w, uint64_t pfn, uint64_t end)
{
	size_t most = (size_t)(WRITE_BLOCK / w->map.page_size), n = 1;

	while (n < most && pfn + n < end && write_bit(w->map.kept, pfn + n))
		n++;
	return n;
}

static int zeros_find(struct elf *e, struct kx_err *err)
{
	struct write *w = e->f->w;
	struct write_source *s = write_pool_source(w->pool);
	uint64_t pfn = e->f->start_pfn, size = w->map.page_size;
	struct kx_err why;
	const uint8_t *p;

	if (!(w->map.level & KX_LEVEL_ZERO))
		return 0;
	e->zero = calloc(1, (size_t)(w->map.room / 8));
	if (!e->zero)
		return kx_err_set(err, ENOMEM, "no memory for a bitmap of zeros");
	while ((pfn = write_map_next(&w->map, pfn)) < e->f->end_pfn) {
		size_t n = block_of(w, pfn, e->f->end_pfn);

		/* What cannot be read is found again when it is written. */
		if (write_pages(s, size, pfn, n, &p, &why) == 0)
			for (size_t i = 0; i < n; i++)
				if (write_is_zero(p + i * size, (size_t)size))
					e->zero[(pfn + i) / 8] |= (uint8_t)(1u << (pfn + i) % 8);
		pfn += n;
	}
	return 0;
}

/* ---- headers ------------------------------------------------------------------------ */

/* Where the direct map has physical 0, by what the core itself says; 0: nothing. */
static uint64_t direct_va(const struct elf *e)
{
	const struct kx_core *c = &e->f->w->core;

	for (size_t i = 0; i < c->load_count; i++) {
		const struct kx_core_load *l = &c->load[i];
		uint64_t off = l->va - l->pa;

		if (l->pa == KX_CORE_NO_PA || !l->va || off == e->loads.image_va - e->loads.image.start)
			continue;
		return off;
	}
	return 0;
}

static void loads_put(struct elf *e)
{
	uint64_t pfn = e->f->start_pfn, off = e->data, size = e->f->w->map.page_size;
	struct piece p, next;
	bool more = piece_next(e, &pfn, &p);

	e->loads.count = 0;
	while (more) {
		struct kx_core_load load = { .pa = p.start * size, .off = off };

		/* Zeros and data behind each other are one. */
		while ((more = piece_next(e, &pfn, &next)) && next.start == p.end)
			p.end = next.end;
		load.mem_len = load.file_len = (p.end - p.start) * size;
		kx_core_loads_put(&e->loads, &load);
		off += load.file_len;
		p = next;
	}
	e->end = off;
}

static void head_build(struct elf *e, size_t phnum, size_t notes_off)
{
	uint8_t *section = e->head + KX_CORE_EHDR_LEN + phnum * KX_CORE_PHDR_LEN;
	bool many = phnum >= PN_XNUM;

	kx_core_ehdr_build(e->head, e->f->w->core.machine, KX_CORE_EHDR_LEN, many ? PN_XNUM : phnum);
	kx_put_le32(e->head + E_FLAGS, INCOMPLETE);
	if (many) {
		kx_put_le64(e->head + E_SHOFF, (uint64_t)(section - e->head));
		kx_put_le16(e->head + E_SHENTSIZE, SHDR_LEN);
		kx_put_le16(e->head + E_SHNUM, 1);
		kx_put_le32(section + SH_INFO, (uint32_t)phnum);
	}
	e->loads.at = kx_core_phdr_build(e->head + KX_CORE_EHDR_LEN, KX_CORE_PT_NOTE,
					 &(struct kx_core_load){
		.off = notes_off, .file_len = e->k.notes.len, .mem_len = e->k.notes.len,
	});
	loads_put(e);
	if (e->k.notes.len)
		memcpy(e->head + notes_off, e->k.notes.data, e->k.notes.len);
}

static int head_make(struct elf *e, struct kx_err *err)
{
	struct write *w = e->f->w;
	size_t phnum, notes_off;
	int r = write_kernel_read(&e->k, w, err);

	if (r < 0)
		return r;
	kx_core_loads_init(&e->loads, w->d->vmcoreinfo, w->core.machine, 0);
	e->loads.direct_va = direct_va(e);
	loads_put(e);
	phnum = e->loads.count + 1;
	if (phnum > UINT32_MAX)
		return kx_err_set(err, EFBIG, "expected less than 2^32 pieces of memory, have %zu", phnum);
	notes_off = KX_CORE_EHDR_LEN + phnum * KX_CORE_PHDR_LEN + (phnum >= PN_XNUM ? SHDR_LEN : 0);
	e->head_len = (size_t)kx_align_up(notes_off + e->k.notes.len, w->map.page_size);
	e->data = e->head_len;
	e->head = calloc(1, e->head_len);
	if (!e->head)
		return kx_err_set(err, ENOMEM, "no memory for 0x%zx bytes of headers", e->head_len);
	head_build(e, phnum, notes_off);
	return 0;
}

/* Flattened, readers want each byte once. */
static int head_put(struct elf *e, struct kx_err *err)
{
	struct write_sink *s = e->f->sink;
	size_t after = E_FLAGS + 4;
	int r = write_sink_reserve(s, e->head_len, err);

	if (r < 0)
		return r;
	if (!s->flat)
		return write_sink_put(s, 0, e->head, e->head_len, err);
	r = write_sink_put(s, 0, e->head, E_FLAGS, err);
	return r < 0 ? r : write_sink_put(s, after, e->head + after, e->head_len - after, err);
}

/* ---- pages -------------------------------------------------------------------------- */

/* Does it do harm to read a page that is left out, but lies in a small hole? */
static bool is_harmful(struct elf *e, uint64_t pfn)
{
	struct write_map *m = &e->f->w->map;
	struct kx_page_run run = { .kind = KX_PAGE_KEPT };
	struct kx_err none;

	if (write_bit(m->kept, pfn) || !m->knows)
		return false;
	return kx_pages_next(&m->pages, pfn * m->page_size, (pfn + 1) * m->page_size, &run, &none) < 0 ||
	       kx_page_dropped(run.kind, 0);
}

/* One page, to @to; what cannot be read is zeros, and counted. */
static void page_read(struct elf *e, uint64_t pfn, uint8_t *to)
{
	struct write *w = e->f->w;
	size_t size = (size_t)w->map.page_size;
	const uint8_t *p;
	struct kx_err none;

	memset(to, 0, size);
	if (is_harmful(e, pfn))
		return;
	if (write_pages(write_pool_source(w->pool), size, pfn, 1, &p, &none) == 0) {
		memcpy(to, p, size);
	} else if (write_bit(w->map.kept, pfn)) {
		w->report->lost++;
		e->f->lost++;
	}
}

static bool all_kept(const struct write_map *m, uint64_t pfn, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!write_bit(m->kept, pfn + i))
			return false;
	return true;
}

/* @n pages at @off; a file is left without what is all zeros. */
static int block_put(struct elf *e, uint64_t pfn, size_t n, uint64_t off, uint8_t *room,
		     struct kx_err *err)
{
	struct write *w = e->f->w;
	struct write_sink *s = e->f->sink;
	size_t size = (size_t)w->map.page_size;
	const uint8_t *p = room;
	struct kx_err none;
	int r = 0;

	if (!all_kept(&w->map, pfn, n) ||
	    write_pages(write_pool_source(w->pool), size, pfn, n, &p, &none) < 0) {
		for (size_t i = 0; i < n; i++)
			page_read(e, pfn + i, room + i * size);
		p = room;
	}
	if (s->flat || s->target->place == WRITE_DEVICE || !write_is_zero(p, n * size))
		r = write_sink_put(s, off, p, n * size, err);
	if (r < 0)
		return r;
	e->written += n;
	w->done_pages += n;
	write_progress(w);
	return 0;
}

/*
 * Zeros are not written: a device has something else there, and a flattened file gets its
 * length from its last record.
 */
static int zeros_put(struct elf *e, const struct piece *p, uint64_t *off, uint8_t *room,
		     struct kx_err *err)
{
	struct write *w = e->f->w;
	uint64_t len = (p->end - p->start) * w->map.page_size, at = *off, n;
	bool all = e->f->sink->target->place == WRITE_DEVICE && !e->f->sink->flat;
	int r = 0;

	*off += len;
	if (!all)
		at = e->f->sink->flat && *off == e->end ? *off - w->map.page_size : *off;
	memset(room, 0, WRITE_BLOCK);
	for (; r == 0 && at < *off; at += n) {
		n = *off - at < WRITE_BLOCK ? *off - at : WRITE_BLOCK;
		r = write_sink_put(e->f->sink, at, room, (size_t)n, err);
	}
	w->report->zero += p->end - p->start;
	w->done_pages += p->end - p->start;
	return r;
}

static int piece_put(struct elf *e, const struct piece *p, uint64_t *off, uint8_t *room,
		     struct kx_err *err)
{
	struct write *w = e->f->w;
	size_t most = (size_t)(WRITE_BLOCK / w->map.page_size);
	int r = 0;

	if (p->zero)
		return zeros_put(e, p, off, room, err);
	for (uint64_t pfn = p->start; r == 0 && pfn < p->end;) {
		size_t n = p->end - pfn < most ? (size_t)(p->end - pfn) : most;

		r = block_put(e, pfn, n, *off, room, err);
		pfn += n;
		*off += n * w->map.page_size;
	}
	return r;
}

static int pages_put(struct elf *e, struct kx_err *err)
{
	uint64_t pfn = e->f->start_pfn, off = e->data;
	uint8_t *room = malloc(WRITE_BLOCK);
	struct piece p;
	int r = 0;

	if (!room)
		return kx_err_set(err, ENOMEM, "no memory for a block of pages");
	while (r == 0 && piece_next(e, &pfn, &p))
		r = piece_put(e, &p, &off, room, err);
	free(room);
	return r;
}

/* ---- all of it ---------------------------------------------------------------------- */

/* A file that ends in a hole has its length, too. */
static int length_set(struct elf *e, struct kx_err *err)
{
	const struct write_target *t = e->f->sink->target;

	if (t->place != WRITE_FILE || e->f->sink->flat || ftruncate(t->fd, (off_t)e->end) == 0)
		return 0;
	return kx_err_set(err, errno, "%s: cannot set its length: %s", t->path, strerror(errno));
}

static int finish(struct elf *e, bool complete, struct kx_err *err)
{
	struct write_sink *s = e->f->sink;
	uint8_t flags[4];
	struct kx_err none;
	int r = 0;

	kx_put_le32(flags, complete && !e->f->lost && !e->f->w->partial ? 0 : INCOMPLETE);
	if (complete)
		r = length_set(e, err);
	if (r == 0 && complete)
		r = write_target_sync(s->target, err);
	if (r == 0 && (complete || s->flat))
		r = write_sink_change(s, E_FLAGS, e->head + E_FLAGS, flags, sizeof(flags), err);
	if (r == 0 && complete && write_sink_sums(s, e->end, &none) < 0) {
		e->f->w->report->no_sums = true;
		r = none.code == ENOSPC ? 0 : kx_err_set(err, none.code, "%s", none.text);
	}
	return r < 0 ? r : write_sink_end(s, err);
}

int write_elf(struct write_file *f, bool *ret_opens, struct kx_err *err)
{
	struct elf e = { .f = f };
	struct kx_err why;
	int r;

	*ret_opens = false;
	r = zeros_find(&e, err);
	if (r == 0)
		r = head_make(&e, err);
	if (r == 0)
		r = head_put(&e, err);
	if (r == 0) {
		r = pages_put(&e, err);
		*ret_opens = true;
	}
	if (r == 0)
		r = finish(&e, true, err);
	if (r < 0 && *ret_opens)
		*ret_opens = e.written && (finish(&e, false, &why) == 0 ||
					   write_sink_cuts(f->sink));
	free(e.zero);
	free(e.head);
	return r;
}
