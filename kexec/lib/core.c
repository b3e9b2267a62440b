// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reader of ELF cores: program headers, and where in the file a physical
 * address is.  System V gABI, "ELF Header" and "Program Header"; ELF64, little-
 * endian.  Called by vmcore-dump, and by sys/sources-core.c for /proc/kcore.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kx/core.h"

#define ELFCLASS64	2
#define ELFDATA2LSB	1
#define ET_CORE		4
#define PT_LOAD		1
#define PT_NOTE		4
#define PN_XNUM		0xffff	/* the number is in sh_info of section 0 */

#define EHDR_LEN	64
#define PHDR_LEN	56
#define SHDR_LEN	64
#define SHDR_INFO	44

struct header {
	uint64_t phoff;
	uint64_t phnum;
	uint64_t shoff;
};

struct phdr {
	uint32_t type, flags;
	uint64_t off, va, pa, file_len, mem_len;
};

/* ---- bytes -------------------------------------------------------------------- */

/*
 * [off, off+len) of the file into the arena.  *spent counts towards
 * KX_CORE_HEADERS_MAX.
 */
static int fetch(const struct kx_core_file *f, uint64_t off, uint64_t len, const char *what,
		 struct kx_arena *a, uint64_t *spent, struct kx_bytes *ret, struct kx_err *err)
{
	uint8_t *p;
	int r;

	if (off > f->len || len > f->len - off)
		return kx_err_set(err, ENOEXEC, "%s: expected 0x%" PRIx64 " bytes at offset 0x%"
				  PRIx64 ", the file has 0x%" PRIx64, what, len, off, f->len);
	if (len > KX_CORE_HEADERS_MAX - *spent)
		return kx_err_set(err, E2BIG, "%s: expected at most 0x%llx bytes of headers and"
				  " notes, have 0x%" PRIx64 " and 0x%" PRIx64 " more", what,
				  KX_CORE_HEADERS_MAX, *spent, len);
	*spent += len;
	*ret = KX_BYTES_NONE;
	if (!len)
		return 0;
	p = kx_arena_alloc_raw(a, (size_t)len);
	if (!p)
		return kx_err_set(err, ENOMEM, "%s: no memory for 0x%" PRIx64 " bytes", what, len);
	r = f->read(f->ctx, off, p, (size_t)len, err);
	if (r < 0)
		return r;
	*ret = (struct kx_bytes){ p, (size_t)len };
	return 0;
}

/* ---- headers -------------------------------------------------------------------- */

static int ident_check(struct kx_bytes b, struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make(b, KX_LE);
	uint8_t class, data;

	if (!kx_bytes_starts(b, "\177ELF", 4))
		return kx_err_set(err, ENOEXEC, "offset 0: expected an ELF file, have something else");
	kx_rd_seek(&rd, 4);
	class = kx_rd_u8(&rd);
	data = kx_rd_u8(&rd);
	if (class != ELFCLASS64)
		return kx_err_set(err, EOPNOTSUPP,
				  "offset 4: class: expected 2 (64-bit), have %u", class);
	if (data != ELFDATA2LSB)
		return kx_err_set(err, EOPNOTSUPP,
				  "offset 5: data: expected 1 (little-endian), have %u", data);
	return 0;
}

static int header_parse(struct kx_bytes b, struct kx_core *c, struct header *ret,
			struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make(b, KX_LE);
	uint16_t type, phentsize;
	uint32_t version;

	kx_rd_seek(&rd, 16);
	type = kx_rd_u16(&rd);
	c->machine = kx_rd_u16(&rd);
	version = kx_rd_u32(&rd);
	c->entry = kx_rd_u64(&rd);
	ret->phoff = kx_rd_u64(&rd);
	ret->shoff = kx_rd_u64(&rd);
	c->flags = kx_rd_u32(&rd);
	kx_rd_skip(&rd, 2);
	phentsize = kx_rd_u16(&rd);
	ret->phnum = kx_rd_u16(&rd);
	if (type != ET_CORE)
		return kx_err_set(err, ENOEXEC, "offset 16: type: expected 4 (core), have %u", type);
	if (c->machine != KX_ELF_X86_64 && c->machine != KX_ELF_ARM64)
		return kx_err_set(err, EOPNOTSUPP, "offset 18: machine: expected 62 (x86_64) or"
				  " 183 (arm64), have %u", c->machine);
	if (version != 1)
		return kx_err_set(err, ENOEXEC, "offset 20: version: expected 1, have %" PRIu32,
				  version);
	if (phentsize != PHDR_LEN)
		return kx_err_set(err, ENOEXEC, "offset 54: phentsize: expected %u, have %u",
				  PHDR_LEN, phentsize);
	if (ret->phnum == 0)
		return kx_err_set(err, ENOEXEC, "offset 56: phnum: expected at least 1, have 0");
	return 0;
}

/* gABI: "the actual number ... is contained in the sh_info field" of section 0. */
static int phnum_extended(const struct kx_core_file *f, struct kx_arena *a, uint64_t *spent,
			  struct header *h, struct kx_err *err)
{
	struct kx_bytes section;
	uint32_t n = 0;
	int r;

	if (h->phnum != PN_XNUM)
		return 0;
	r = fetch(f, h->shoff, SHDR_LEN, "section header 0", a, spent, &section, err);
	if (r < 0)
		return r;
	if (!kx_bytes_le32(section, SHDR_INFO, &n) || n < PN_XNUM)
		return kx_err_set(err, ENOEXEC, "offset 0x%" PRIx64 ": section header 0: info:"
				  " expected at least 65535 program headers, have %" PRIu32,
				  h->shoff + SHDR_INFO, n);
	h->phnum = n;
	return 0;
}

static struct phdr phdr_read(struct kx_bytes table, uint64_t i)
{
	struct kx_rd rd = kx_rd_make(table, KX_LE);
	struct phdr p;

	kx_rd_seek(&rd, i * PHDR_LEN);
	p.type = kx_rd_u32(&rd);
	p.flags = kx_rd_u32(&rd);
	p.off = kx_rd_u64(&rd);
	p.va = kx_rd_u64(&rd);
	p.pa = kx_rd_u64(&rd);
	p.file_len = kx_rd_u64(&rd);
	p.mem_len = kx_rd_u64(&rd);
	return p;
}

/* ---- PT_LOADs ------------------------------------------------------------------- */

/* @at: where the program header is, for the message. */
static int load_check(const struct phdr *p, uint64_t at, struct kx_err *err)
{
	struct kx_range r;

	if (p->file_len > p->mem_len)
		return kx_err_set(err, ENOEXEC, "offset 0x%" PRIx64 ": PT_LOAD: filesz: expected at"
				  " most memsz 0x%" PRIx64 ", have 0x%" PRIx64, at, p->mem_len,
				  p->file_len);
	if (!kx_range_make(p->off, p->file_len, &r))
		return kx_err_set(err, ENOEXEC, "offset 0x%" PRIx64 ": PT_LOAD: expected an end"
				  " below 2^64, have offset 0x%" PRIx64 ", filesz 0x%" PRIx64, at,
				  p->off, p->file_len);
	if (p->pa != KX_CORE_NO_PA && !kx_range_make(p->pa, p->mem_len, &r))
		return kx_err_set(err, ENOEXEC, "offset 0x%" PRIx64 ": PT_LOAD: expected an end"
				  " below 2^64, have paddr 0x%" PRIx64 ", memsz 0x%" PRIx64, at,
				  p->pa, p->mem_len);
	return 0;
}

/* -ENOMEM only */
static int load_add(struct kx_core *c, const struct phdr *p, uint64_t at, struct kx_arena *a,
		    struct kx_err *err)
{
	struct kx_err why = { 0 };

	if (load_check(p, at, &why) < 0) {
		if (!c->bad_count++)
			c->bad_why = kx_arena_strdup(a, why.text);
		return c->bad_why ? 0 : kx_err_set(err, ENOMEM, "out of memory");
	}
	if (p->off + p->file_len > c->end)
		c->end = p->off + p->file_len;
	c->load[c->load_count++] = (struct kx_core_load){
		.pa = p->pa, .va = p->va, .off = p->off, .file_len = p->file_len,
		.mem_len = p->mem_len, .flags = p->flags,
	};
	return 0;
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_loads(const void *x, const void *y)
{
	const struct kx_core_load *a = x, *b = y;
	int r = compare_u64(a->pa, b->pa);

	if (!r)
		r = compare_u64(b->file_len, a->file_len);
	return r ? r : compare_u64(a->off, b->off);
}

/*
 * The kernel's text has a PT_LOAD of its own besides that of the RAM it lies in,
 * so PT_LOADs overlap.  They are sorted by start: what a further one adds begins
 * where the furthest of those before it ends.
 */
static void spans_make(struct kx_core *c)
{
	uint64_t end = 0;

	for (size_t i = 0; i < c->load_count; i++) {
		const struct kx_core_load *l = &c->load[i];
		uint64_t skip = l->pa < end ? end - l->pa : 0;

		if (l->pa == KX_CORE_NO_PA || skip >= l->file_len)
			continue;
		end = l->pa + l->file_len;
		c->span[c->span_count++] = (struct kx_core_span){
			.pa = { l->pa + skip, end }, .off = l->off + skip,
		};
	}
}

static int loads_parse(struct kx_bytes table, const struct header *h, struct kx_arena *a,
		       struct kx_core *c, struct kx_err *err)
{
	size_t n = 0;
	int r;

	for (uint64_t i = 0; i < h->phnum; i++)
		n += phdr_read(table, i).type == PT_LOAD;
	if (!n)
		return 0;
	c->load = kx_arena_alloc(a, n * sizeof(*c->load));
	c->span = kx_arena_alloc(a, n * sizeof(*c->span));
	if (!c->load || !c->span)
		return kx_err_set(err, ENOMEM, "program headers: no memory for %zu PT_LOADs", n);
	for (uint64_t i = 0; i < h->phnum; i++) {
		struct phdr p = phdr_read(table, i);

		if (p.type != PT_LOAD)
			continue;
		r = load_add(c, &p, h->phoff + i * PHDR_LEN, a, err);
		if (r < 0)
			return r;
	}
	qsort(c->load, c->load_count, sizeof(*c->load), compare_loads);
	spans_make(c);
	return 0;
}

static int notes_read(struct kx_bytes table, const struct header *h, struct kx_arena *a,
		      uint64_t *spent, struct kx_core *c, struct kx_err *err)
{
	struct kx_bytes b;
	int r;

	for (uint64_t i = 0; i < h->phnum; i++) {
		struct phdr p = phdr_read(table, i);

		if (p.type != PT_NOTE)
			continue;
		r = fetch(&c->file, p.off, p.file_len, "PT_NOTE", a, spent, &b, err);
		if (r < 0)
			return r;
		r = kx_core_notes_parse(b, p.off, a, c, err);
		if (r < 0)
			return r;
		if (p.off + p.file_len > c->end)
			c->end = p.off + p.file_len;
	}
	return 0;
}

int kx_core_open(const struct kx_core_file *file, struct kx_arena *a, struct kx_core *ret,
		 struct kx_err *err)
{
	struct kx_core c = { .file = *file };
	struct kx_bytes ehdr, table;
	uint64_t spent = 0, room;
	struct header h = { 0 };
	int r;

	r = fetch(file, 0, EHDR_LEN, "ELF header", a, &spent, &ehdr, err);
	if (r == 0)
		r = ident_check(ehdr, err);
	if (r == 0)
		r = header_parse(ehdr, &c, &h, err);
	if (r == 0)
		r = phnum_extended(file, a, &spent, &h, err);
	if (r < 0)
		return r;
	/* phnum < 2^32, so this cannot wrap. */
	room = h.phnum * PHDR_LEN;
	r = fetch(file, h.phoff, room, "program headers", a, &spent, &table, err);
	if (r < 0)
		return r;
	c.end = h.phoff + room;
	r = loads_parse(table, &h, a, &c, err);
	if (r == 0)
		r = notes_read(table, &h, a, &spent, &c, err);
	if (r < 0)
		return r;
	*ret = c;
	return 0;
}

/* ---- looking things up ------------------------------------------------------------ */

const char *kx_core_machine_name(const struct kx_core *c)
{
	return c->machine == KX_ELF_ARM64 ? "arm64" : "x86_64";
}

const struct kx_core_note *kx_core_note_find(const struct kx_core *c, const char *name,
					     uint32_t type)
{
	for (size_t i = 0; i < c->note_count; i++)
		if (c->note[i].type == type && !strcmp(c->note[i].name, name))
			return &c->note[i];
	return NULL;
}

size_t kx_core_span_from(const struct kx_core *c, uint64_t pa)
{
	size_t low = 0, high = c->span_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c->span[mid].pa.end <= pa)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct kx_core_span *kx_core_span_find(const struct kx_core *c, uint64_t pa)
{
	size_t i = kx_core_span_from(c, pa);

	return i < c->span_count && c->span[i].pa.start <= pa ? &c->span[i] : NULL;
}

struct kx_range kx_core_span_held(const struct kx_core *c, const struct kx_core_span *s)
{
	uint64_t room = s->off < c->file.len ? c->file.len - s->off : 0;
	struct kx_range r = s->pa;

	if (room < kx_range_len(r))
		r.end = r.start + room;
	return r;
}

/* Why @pa is in no span. */
static int not_there(const struct kx_core *c, uint64_t pa, struct kx_err *err)
{
	for (size_t i = 0; i < c->load_count; i++)
		if (c->load[i].pa != KX_CORE_NO_PA && pa - c->load[i].pa < c->load[i].mem_len)
			return kx_err_set(err, ENXIO, "physical address 0x%" PRIx64 ": was left out"
					  " of this core", pa);
	return kx_err_set(err, ENXIO, "physical address 0x%" PRIx64 ": no PT_LOAD of this core has"
			  " it", pa);
}

int kx_core_read(const struct kx_core *c, uint64_t pa, void *to, size_t len, struct kx_err *err)
{
	uint8_t *p = to;

	while (len) {
		const struct kx_core_span *s = kx_core_span_find(c, pa);
		uint64_t off, n;
		int r;

		if (!s)
			return not_there(c, pa, err);
		off = s->off + (pa - s->pa.start);
		n = s->pa.end - pa < len ? s->pa.end - pa : len;
		if (off > c->file.len || n > c->file.len - off)
			return kx_err_set(err, ENODATA, "physical address 0x%" PRIx64 ": expected 0x%"
					  PRIx64 " bytes at offset 0x%" PRIx64 ", the file has 0x%"
					  PRIx64, pa, n, off, c->file.len);
		r = c->file.read(c->file.ctx, off, p, (size_t)n, err);
		if (r < 0)
			return r;
		p += n;
		pa += n;
		len -= (size_t)n;
	}
	return 0;
}

int kx_core_read_parts(int (*part)(void *ctx, uint64_t off, uint8_t *to, size_t *len,
				   struct kx_err *err),
		       void *ctx, uint64_t off, void *to, size_t len, struct kx_err *err)
{
	uint8_t *at = to;

	while (len) {
		size_t n = len;
		int r = part(ctx, off, at, &n, err);

		if (r < 0)
			return r;
		off += n;
		at += n;
		len -= n;
	}
	return 0;
}
