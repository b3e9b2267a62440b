// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kdump-compressed file as a plain ELF core (plain-kdump.h).  Called by open.c, so
 * that memory is read from one as from any other core.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "plain-kdump.h"

/* A run may have two program headers; ELF counts less than 65535 without a trick. */
#define RUNS_MAX	30000u
/* Unpacked pages that a thread keeps: 256 of 4 KiB. */
#define CACHE_LEN	((size_t)1 << 20)
#define NO_PAGE		UINT64_MAX

/* What a thread has of its own. */
struct kdump_reader {
	const struct plain_kdump *plain;
	struct kx_kdump_finder finder;
	struct kx_page_coder *coder;
	size_t slots;
	uint64_t *number;		/* of the page in each slot; NO_PAGE: none */
	uint8_t *pages;			/* slots, and one more: what was packed */
};

/* ---- runs ------------------------------------------------------------------------- */

/* Too many: gaps of up to @gap pages are joined; what is in them is not in the dump. */
static size_t runs_join(struct kx_range *run, size_t n, uint64_t gap)
{
	size_t to = 0;

	for (size_t i = 1; i < n; i++) {
		if (run[i].start - run[to].end <= gap)
			run[to].end = run[i].end;
		else
			run[++to] = run[i];
	}
	return to + 1;
}

/* Runs of page numbers to @run, which has room for RUNS_MAX. */
static int runs_find(const struct kx_kdump *k, struct kx_range *run, size_t *ret,
		     struct kx_err *err)
{
	uint64_t page = 0, end, gap = 0;
	struct kx_kdump_bits b;
	size_t n = 0;
	bool set;

	kx_kdump_bits_init(&b, k, KX_KDUMP_PRESENT);
	for (; page < k->max_page; page = end) {
		int r = kx_kdump_bits_next(&b, page, k->max_page, &set, &end, err);

		if (r < 0)
			return r;
		if (!set)
			continue;
		while (n == RUNS_MAX) {
			gap = 2 * gap + 1;
			n = runs_join(run, n, gap);
		}
		if (n && page - run[n - 1].end <= gap)
			run[n - 1].end = end;
		else
			run[n++] = (struct kx_range){ page, end };
	}
	*ret = n;
	return 0;
}

static int runs_make(struct plain_kdump *p, struct kx_arena *a, struct kx_err *err)
{
	struct kx_range *run = kx_arena_alloc_raw(a, RUNS_MAX * sizeof(*run));
	int r;

	if (!run)
		return kx_err_set(err, ENOMEM, "no memory for %u pieces of memory", RUNS_MAX);
	r = runs_find(&p->kdump, run, &p->run_count, err);
	p->run = r == 0 ? kx_arena_alloc(a, (p->run_count + 1) * sizeof(*p->run)) : NULL;
	if (r == 0 && !p->run)
		r = kx_err_set(err, ENOMEM, "no memory for %zu pieces of memory", p->run_count);
	for (size_t i = 0; r == 0 && i < p->run_count; i++)
		p->run[i].pa = (struct kx_range){ run[i].start * p->kdump.page_size,
						  run[i].end * p->kdump.page_size };
	kx_arena_release(a, run);
	return r;
}

/* ---- headers ---------------------------------------------------------------------- */

#define NOTE_VMCOREINFO	"VMCOREINFO"

static int bytes_read(const struct kx_kdump *k, struct kx_range at, struct kx_arena *a,
		      struct kx_bytes *ret, struct kx_err *err)
{
	uint64_t len = kx_range_len(at);
	uint8_t *p;
	int r;

	*ret = KX_BYTES_NONE;
	if (!len)
		return 0;
	if (len > KX_CORE_HEADERS_MAX / 4)
		return kx_err_set(err, E2BIG, "notes: expected at most 0x%llx bytes, have 0x%" PRIx64,
				  KX_CORE_HEADERS_MAX / 4, len);
	p = kx_arena_alloc_raw(a, (size_t)len);
	if (!p)
		return kx_err_set(err, ENOMEM, "no memory for 0x%" PRIx64 " bytes of notes", len);
	r = k->file.read(k->file.ctx, at.start, p, (size_t)len, err);
	if (r == 0)
		*ret = (struct kx_bytes){ p, (size_t)len };
	return r;
}

/*
 * The notes as they were in the core, since version 4; before that, and where they
 * have none, a note with the text of VMCOREINFO.
 */
static int notes_make(const struct kx_kdump *k, struct kx_arena *a, struct kx_bytes *notes,
		      struct kx_bytes *text, struct kx_err *err)
{
	struct kx_core c = { .note_count = 0 };
	int r;

	*text = KX_BYTES_NONE;
	r = bytes_read(k, k->notes, a, notes, err);
	if (r == 0 && notes->len)
		r = kx_core_notes_parse(*notes, k->notes.start, a, &c, err);
	if (r == 0 && !kx_core_note_find(&c, NOTE_VMCOREINFO, 0))
		r = bytes_read(k, k->vmcoreinfo, a, text, err);
	else
		*text = kx_vmcoreinfo_text(&c);
	return r;
}

static void loads_put(const struct plain_kdump *p, struct kx_core_loads *l)
{
	for (size_t i = 0; i < p->run_count; i++) {
		uint64_t len = kx_range_len(p->run[i].pa);

		kx_core_loads_put(l, &(struct kx_core_load){
			.pa = p->run[i].pa.start, .off = p->run[i].off, .file_len = len, .mem_len = len,
			.flags = KX_CORE_RWX,
		});
	}
}

static int headers_make(struct plain_kdump *p, struct kx_arena *a, struct kx_err *err)
{
	const struct kx_kdump *k = &p->kdump;
	struct kx_bytes notes, text;
	struct kx_core_loads l;
	size_t phnum, notes_len, notes_off;
	bool has_note;
	uint8_t *to;
	int r = notes_make(k, a, &notes, &text, err);

	if (r < 0)
		return r;
	has_note = notes.len && text.data >= notes.data && text.data < notes.data + notes.len;
	/* How many there are depends on where the image is, not on offsets. */
	kx_core_loads_init(&l, text, k->machine, 0);
	loads_put(p, &l);
	phnum = l.count + 1;
	notes_off = KX_CORE_EHDR_LEN + phnum * KX_CORE_PHDR_LEN;
	notes_len = kx_align_up(notes.len, 4) +
		    (has_note || !text.len ? 0 : kx_core_note_len(NOTE_VMCOREINFO, text.len));
	p->len = kx_align_up(notes_off + notes_len, k->page_size);
	for (size_t i = 0; i < p->run_count; i++) {
		p->run[i].off = p->len;
		p->len += kx_range_len(p->run[i].pa);
	}
	to = kx_arena_alloc(a, notes_off + notes_len);
	if (!to)
		return kx_err_set(err, ENOMEM, "no memory for 0x%zx bytes of headers",
				  notes_off + notes_len);
	p->headers = (struct kx_bytes){ to, notes_off + notes_len };
	kx_core_ehdr_build(to, k->machine, KX_CORE_EHDR_LEN, phnum);
	kx_core_loads_init(&l, text, k->machine, 0);
	l.at = kx_core_phdr_build(to + KX_CORE_EHDR_LEN, KX_CORE_PT_NOTE, &(struct kx_core_load){
		.off = notes_off, .file_len = notes_len, .mem_len = notes_len,
	});
	loads_put(p, &l);
	if (notes.len)
		memcpy(to + notes_off, notes.data, notes.len);
	if (!has_note && text.len)
		kx_core_note_build(to + notes_off + kx_align_up(notes.len, 4), NOTE_VMCOREINFO, 0, text);
	return 0;
}

/* ---- readers ---------------------------------------------------------------------- */

static void reader_free(void *ctx)
{
	struct kdump_reader *r = ctx;

	if (!r)
		return;
	kx_page_coder_free(r->coder);
	free(r->number);
	free(r->pages);
	free(r);
}

static struct kdump_reader *reader_new(const struct plain_kdump *p, struct kx_err *err)
{
	struct kdump_reader *r = calloc(1, sizeof(*r));
	size_t page = p->kdump.page_size;

	if (r) {
		r->plain = p;
		r->slots = CACHE_LEN / page;
		r->number = malloc(r->slots * sizeof(*r->number));
		r->pages = malloc((r->slots + 1) * page);
		kx_kdump_finder_init(&r->finder, &p->kdump);
	}
	if (!r || !r->number || !r->pages) {
		reader_free(r);
		kx_err_set(err, ENOMEM, "no memory for a cache of pages");
		return NULL;
	}
	for (size_t i = 0; i < r->slots; i++)
		r->number[i] = NO_PAGE;
	if (kx_page_coder_new(&r->coder, err) < 0) {
		reader_free(r);
		return NULL;
	}
	return r;
}

enum kx_page_codec plain_kdump_codec(uint32_t flags)
{
	static const struct {
		uint32_t flag;
		enum kx_page_codec codec;
	} codecs[] = {
		{ KX_KDUMP_STATUS_ZLIB, KX_PAGE_ZLIB }, { KX_KDUMP_STATUS_LZO, KX_PAGE_LZO },
		{ KX_KDUMP_STATUS_SNAPPY, KX_PAGE_SNAPPY }, { KX_KDUMP_STATUS_ZSTD, KX_PAGE_ZSTD },
	};

	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
		if (flags == codecs[i].flag)
			return codecs[i].codec;
	return KX_PAGE_RAW;
}

static int page_fill(struct kdump_reader *d, uint64_t number, uint8_t *to, struct kx_err *err)
{
	const struct kx_kdump *k = &d->plain->kdump;
	uint8_t *packed = d->pages + d->slots * k->page_size;
	struct kx_kdump_page at;
	int r = kx_kdump_find(&d->finder, number, &at, err);

	if (r < 0)
		return r;
	if (!at.flags)
		return k->file.read(k->file.ctx, at.off, to, at.len, err);
	r = k->file.read(k->file.ctx, at.off, packed, at.len, err);
	if (r == 0)
		r = kx_page_unpack(d->coder, plain_kdump_codec(at.flags), packed, at.len, to,
				   k->page_size, err);
	return r;
}

/* The page that is number @number, unpacked; until the next call. */
static int page_get(struct kdump_reader *d, uint64_t number, const uint8_t **ret,
		    struct kx_err *err)
{
	size_t slot = (size_t)(number % d->slots);
	uint8_t *to = d->pages + slot * d->plain->kdump.page_size;
	int r = 0;

	if (d->number[slot] != number) {
		d->number[slot] = NO_PAGE;
		r = page_fill(d, number, to, err);
		if (r == 0)
			d->number[slot] = number;
	}
	if (r < 0)
		return kx_err_wrap(err, "page at 0x%" PRIx64, number * d->plain->kdump.page_size);
	*ret = to;
	return 0;
}

int plain_kdump_check(struct plain_kdump *p, uint64_t number, struct kx_err *err)
{
	const uint8_t *page;

	return page_get(p->reader, number, &page, err);
}

/* ---- reading ---------------------------------------------------------------------- */

/* The run that has offset @off; NULL: it is before them, in the headers. */
static const struct kdump_run *run_find(const struct plain_kdump *p, uint64_t off)
{
	size_t low = 0, high = p->run_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (p->run[mid].off <= off)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? &p->run[low - 1] : NULL;
}

/* Up to *len bytes at @off to @to. */
static int part_read(void *ctx, uint64_t off, uint8_t *to, size_t *len, struct kx_err *err)
{
	struct kdump_reader *d = ctx;
	const struct plain_kdump *p = d->plain;
	const struct kdump_run *run = run_find(p, off);
	uint64_t size = p->kdump.page_size, pa, most;
	const uint8_t *page = NULL;
	int r;

	if (!run) {
		most = off < p->headers.len ? p->headers.len - off :
		       (p->run_count ? p->run[0].off : p->len) - off;
		*len = *len < most ? *len : (size_t)most;
		if (off < p->headers.len)
			memcpy(to, p->headers.data + off, *len);
		else
			memset(to, 0, *len);
		return 0;
	}
	pa = run->pa.start + (off - run->off);
	most = size - pa % size;
	*len = *len < most ? *len : (size_t)most;
	r = page_get(d, pa / size, &page, err);
	if (r == 0)
		memcpy(to, page + pa % size, *len);
	return r;
}

/* struct kx_core_file.read */
static int kdump_read(void *ctx, uint64_t off, void *to, size_t len, struct kx_err *err)
{
	return kx_core_read_parts(part_read, ctx, off, to, len, err);
}

/* struct kx_core_file.view: what is in one page */
static int kdump_view(void *ctx, uint64_t off, size_t len, const uint8_t **ret,
		      struct kx_err *err)
{
	struct kdump_reader *d = ctx;
	const struct plain_kdump *p = d->plain;
	const struct kdump_run *run = run_find(p, off);
	uint64_t size = p->kdump.page_size, pa;
	int r;

	pa = run ? run->pa.start + (off - run->off) : 0;
	if (!run || len > size - pa % size)
		return kx_err_set(err, EOPNOTSUPP, "offset 0x%" PRIx64 ": expected bytes of one page,"
				  " have 0x%zx", off, len);
	r = page_get(d, pa / size, ret, err);
	if (r == 0)
		*ret += pa % size;
	return r;
}

static struct kx_core_file file_of(struct kdump_reader *d);

/* struct kx_core_file.fork */
static int kdump_fork(void *ctx, struct kx_core_file *ret, struct kx_err *err)
{
	struct kdump_reader *d = ctx, *n = reader_new(d->plain, err);

	if (!n)
		return -ENOMEM;
	*ret = file_of(n);
	return 0;
}

static struct kx_core_file file_of(struct kdump_reader *d)
{
	return (struct kx_core_file){
		.read = kdump_read, .ctx = d, .len = d->plain->len, .view = kdump_view,
		.fork = kdump_fork, .done = reader_free,
	};
}

struct kx_core_file plain_kdump_file(struct plain_kdump *p)
{
	return file_of(p->reader);
}

int plain_kdump_init(struct plain_kdump *p, const struct kx_kdump *k, struct kx_arena *a,
		     struct kx_err *err)
{
	int r;

	*p = (struct plain_kdump){ .kdump = *k };
	kx_kdump_bits_init(&p->here, &p->kdump, KX_KDUMP_HERE);
	r = runs_make(p, a, err);
	if (r == 0)
		r = headers_make(p, a, err);
	if (r < 0)
		return r;
	p->reader = reader_new(p, err);
	return p->reader ? 0 : -ENOMEM;
}

void plain_kdump_deinit(struct plain_kdump *p)
{
	reader_free(p->reader);
	p->reader = NULL;
}
