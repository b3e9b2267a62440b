// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reader of kdump-compressed files: headers, bitmaps and descriptors, as
 * doc/dump-formats.md has them.  The bytes of the pages are the caller's to unpack:
 * vmcore-dump, plain-kdump.c.
 *
 * The descriptors of a large machine are hundreds of megabytes, so they are read when
 * they are wanted.  Which one a page has is the number of bits before its own in the
 * second bitmap: counted once for every KX_KDUMP_SECTION pages.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kx/kdump-file.h"

#define UTS_LEN		65u
#define BLOCK_MIN	4096u
#define BLOCK_MAX	65536u
#define GROUP		512u		/* bits: before[] */
#define NO_SECTION	UINT64_MAX
#define PACKED		(KX_KDUMP_STATUS_ZLIB | KX_KDUMP_STATUS_LZO | KX_KDUMP_STATUS_SNAPPY | \
			 KX_KDUMP_STATUS_ZSTD)

/* uname(2)'s names of the machines, and how long their NT_PRSTATUS is. */
static const struct {
	const char *name;
	uint16_t machine;
	size_t prstatus_len;
} machines[] = {
	{ "x86_64", KX_ELF_X86_64, 336 },
	{ "aarch64", KX_ELF_ARM64, 392 },
};

#define MACHINES	(sizeof(machines) / sizeof(machines[0]))

/* What QEMU 7.2 calls an arm64 machine. */
#define UNKNOWN		"Unknown"
#define NT_PRSTATUS	1
#define NOTES_MAX	(KX_CORE_HEADERS_MAX / 4)

/* ---- headers -------------------------------------------------------------------- */

struct head {
	uint64_t sub_blocks, map_blocks;
	uint32_t max_page;
};

static int machine_find(struct kx_kdump *k, struct kx_err *err)
{
	const char *name = k->uts[KX_KDUMP_MACHINE];

	for (size_t i = 0; i < MACHINES; i++)
		if (!strcmp(machines[i].name, name))
			k->machine = machines[i].machine;
	if (k->machine || !strcmp(name, UNKNOWN))
		return 0;
	return kx_err_set(err, EOPNOTSUPP, "offset %u: machine: expected x86_64 or aarch64, have '%s'",
			  KX_KDUMP_UTSNAME_AT + KX_KDUMP_MACHINE * UTS_LEN, name);
}

/* The machine that its CPUs' registers are of. */
static int machine_guess(struct kx_kdump *k, struct kx_arena *a, struct kx_err *err)
{
	uint64_t len = kx_range_len(k->notes);
	struct kx_core c = { .note_count = 0 };
	const struct kx_core_note *n;
	uint8_t *p = len && len <= NOTES_MAX ? kx_arena_alloc_raw(a, (size_t)len) : NULL;
	int r = p ? k->file.read(k->file.ctx, k->notes.start, p, (size_t)len, err) : 0;

	if (r == 0 && p)
		r = kx_core_notes_parse((struct kx_bytes){ p, (size_t)len }, k->notes.start, a, &c, err);
	if (r < 0)
		return r;
	n = kx_core_note_find(&c, "CORE", NT_PRSTATUS);
	for (size_t i = 0; n && i < MACHINES; i++)
		if (n->desc.len == machines[i].prstatus_len)
			k->machine = machines[i].machine;
	if (k->machine)
		return 0;
	return kx_err_set(err, EOPNOTSUPP, "offset %u: machine: expected x86_64 or aarch64, have '%s',"
			  " and no registers of either", KX_KDUMP_UTSNAME_AT + KX_KDUMP_MACHINE * UTS_LEN,
			  k->uts[KX_KDUMP_MACHINE]);
}

static void uts_read(struct kx_rd *rd, struct kx_kdump *k)
{
	kx_rd_seek(rd, KX_KDUMP_UTSNAME_AT);
	for (int i = 0; i < KX_KDUMP_UTS_COUNT; i++) {
		struct kx_bytes b = kx_rd_bytes(rd, UTS_LEN);

		if (b.len)
			memcpy(k->uts[i], b.data, b.len);
	}
}

static int head_parse(const uint8_t *bytes, struct kx_kdump *k, struct head *h, struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make((struct kx_bytes){ bytes, KX_KDUMP_HEAD_LEN }, KX_LE);

	kx_rd_seek(&rd, KX_KDUMP_VERSION_AT);
	k->version = kx_rd_u32(&rd);
	uts_read(&rd, k);
	kx_rd_seek(&rd, KX_KDUMP_TIME_AT);
	k->time = kx_rd_u64(&rd);
	kx_rd_seek(&rd, KX_KDUMP_STATUS_AT);
	k->status = kx_rd_u32(&rd);
	k->page_size = kx_rd_u32(&rd);
	h->sub_blocks = kx_rd_u32(&rd);
	h->map_blocks = kx_rd_u32(&rd);
	h->max_page = kx_rd_u32(&rd);
	kx_rd_seek(&rd, KX_KDUMP_CPUS_AT);
	k->cpus = kx_rd_u32(&rd);
	if (k->version > KX_KDUMP_VERSION)
		return kx_err_set(err, EOPNOTSUPP, "offset %u: version: expected at most %u, have %"
				  PRIu32, KX_KDUMP_VERSION_AT, KX_KDUMP_VERSION, k->version);
	if (k->page_size < BLOCK_MIN || k->page_size > BLOCK_MAX ||
	    (k->page_size & (k->page_size - 1)))
		return kx_err_set(err, ENOEXEC, "offset %u: block size: expected a power of 2 from %u"
				  " to %u, have %" PRIu32, KX_KDUMP_BLOCK_AT, BLOCK_MIN, BLOCK_MAX,
				  k->page_size);
	if (!h->sub_blocks)
		return kx_err_set(err, ENOEXEC, "offset %u: sub-header: expected at least 1 block,"
				  " have 0", KX_KDUMP_SUB_BLOCKS_AT);
	return machine_find(k, err);
}

/* Offset and length of a piece of the file; what is behind its end is no piece of it. */
static struct kx_range piece_read(struct kx_rd *rd, uint64_t file_len)
{
	uint64_t off = kx_rd_u64(rd), len = kx_rd_u64(rd);

	if (off > file_len || len > file_len - off)
		return (struct kx_range){ 0, 0 };
	return (struct kx_range){ off, off + len };
}

static void sub_head_parse(const uint8_t *bytes, struct kx_kdump *k)
{
	struct kx_rd rd = kx_rd_make((struct kx_bytes){ bytes, KX_KDUMP_SUB_LEN }, KX_LE);
	uint32_t v = k->version;

	k->phys_base = kx_rd_u64(&rd);
	k->level = v >= 1 ? kx_rd_u32(&rd) : 0;
	k->split = v >= 2 && kx_rd_u32(&rd) != 0;
	kx_rd_seek(&rd, v >= 6 ? KX_KDUMP_START_64_AT : KX_KDUMP_START_AT);
	k->pages.start = kx_rd_u64(&rd);
	k->pages.end = kx_rd_u64(&rd);
	kx_rd_seek(&rd, KX_KDUMP_VMCOREINFO_AT);
	if (v >= 3)
		k->vmcoreinfo = piece_read(&rd, k->file.len);
	if (v >= 4)
		k->notes = piece_read(&rd, k->file.len);
	if (v >= 5)
		k->erased = piece_read(&rd, k->file.len);
	kx_rd_seek(&rd, KX_KDUMP_MAX_PFN_64_AT);
	k->max_page = v >= 6 ? kx_rd_u64(&rd) : 0;
}

static int layout_make(struct kx_kdump *k, const struct head *h, struct kx_err *err)
{
	uint64_t block = k->page_size, len = h->map_blocks * block, need;

	if (!k->max_page)
		k->max_page = h->max_page;
	if (k->max_page > KX_KDUMP_PAGES_MAX)
		return kx_err_set(err, ENOEXEC, "sub-header: expected at most %llu pages, have %" PRIu64,
				  KX_KDUMP_PAGES_MAX, k->max_page);
	need = kx_align_up((k->max_page + 7) / 8, block);
	if (len < need)
		return kx_err_set(err, ENOEXEC, "offset %u: bitmaps: expected at least %" PRIu64
				  " blocks for %" PRIu64 " pages, have %" PRIu64,
				  KX_KDUMP_MAP_BLOCKS_AT, need / block, k->max_page, h->map_blocks);
	k->map_off[KX_KDUMP_PRESENT] = (1 + h->sub_blocks) * block;
	/* diskdump had one: "all of memory" is then what is here. */
	k->map_len = len >= 2 * need ? h->map_blocks / 2 * block : len;
	k->map_off[KX_KDUMP_HERE] = k->map_off[KX_KDUMP_PRESENT] + (len >= 2 * need ? k->map_len : 0);
	k->desc_off = k->map_off[KX_KDUMP_PRESENT] + len;
	if (k->desc_off > k->file.len)
		return kx_err_set(err, ENOEXEC, "bitmaps: expected their end at offset 0x%" PRIx64
				  ", the file has 0x%" PRIx64 " bytes", k->desc_off, k->file.len);
	if (!k->split)
		k->pages = (struct kx_range){ 0, k->max_page };
	if (k->pages.start > k->pages.end || k->pages.end > k->max_page)
		return kx_err_set(err, ENOEXEC, "sub-header: expected pages of %" PRIu64 ", have %"
				  PRIu64 " to %" PRIu64, k->max_page, k->pages.start, k->pages.end);
	return 0;
}

/* ---- bitmaps -------------------------------------------------------------------- */

void kx_kdump_bits_init(struct kx_kdump_bits *b, const struct kx_kdump *k, enum kx_kdump_map map)
{
	b->kdump = k;
	b->map = map;
	b->section = NO_SECTION;
}

/* Which pages have bits that count. */
static struct kx_range pages_of(const struct kx_kdump_bits *b)
{
	const struct kx_kdump *k = b->kdump;

	return b->map == KX_KDUMP_HERE ? k->pages : (struct kx_range){ 0, k->max_page };
}

/* Clear bits [from, to) of the section. */
static void bits_clear(uint8_t *bits, uint64_t from, uint64_t to)
{
	for (; from < to && from % 8; from++)
		bits[from / 8] &= (uint8_t)~(1u << from % 8);
	if (from < to)
		memset(bits + from / 8, 0, (to - from) / 8);
	for (from = from < to ? to - to % 8 : to; from < to; from++)
		bits[from / 8] &= (uint8_t)~(1u << from % 8);
}

static uint64_t word_at(const struct kx_kdump_bits *b, size_t i)
{
	uint64_t v = 0;

	for (size_t k = 0; k < 8; k++)
		v |= (uint64_t)b->bits[8 * i + k] << 8 * k;
	return v;
}

/* Within the section, the part of [start, end) that is in it. */
static uint64_t inside(uint64_t page, uint64_t section)
{
	uint64_t first = section * KX_KDUMP_SECTION;

	return page <= first ? 0 : page - first < KX_KDUMP_SECTION ? page - first : KX_KDUMP_SECTION;
}

/* What is kept of a section: its bits, and counts of them. */
static int section_load(struct kx_kdump_bits *b, uint64_t section, struct kx_err *err)
{
	const struct kx_kdump *k = b->kdump;
	struct kx_range pages = pages_of(b);
	uint64_t off = section * sizeof(b->bits), n = 0;
	uint32_t count = 0;
	int r;

	if (b->section == section)
		return 0;
	b->section = NO_SECTION;
	if (off < k->map_len)
		n = k->map_len - off < sizeof(b->bits) ? k->map_len - off : sizeof(b->bits);
	if (n) {
		r = k->file.read(k->file.ctx, k->map_off[b->map] + off, b->bits, (size_t)n, err);
		if (r < 0)
			return r;
	}
	memset(b->bits + n, 0, sizeof(b->bits) - (size_t)n);
	bits_clear(b->bits, 0, inside(pages.start, section));
	bits_clear(b->bits, inside(pages.end, section), KX_KDUMP_SECTION);
	for (size_t i = 0; i < KX_KDUMP_SECTION / 64; i++) {
		if (i % (GROUP / 64) == 0)
			b->before[i / (GROUP / 64)] = count;
		count += (uint32_t)__builtin_popcountll(word_at(b, i));
	}
	b->section = section;
	return 0;
}

/* Bits of the section before @bit. */
static uint32_t bits_before(const struct kx_kdump_bits *b, uint32_t bit)
{
	uint32_t n, i = bit / GROUP * (GROUP / 64);

	if (bit == KX_KDUMP_SECTION)
		return bits_before(b, bit - 1) + (b->bits[sizeof(b->bits) - 1] >> 7);
	n = b->before[bit / GROUP];
	for (; i < bit / 64; i++)
		n += (uint32_t)__builtin_popcountll(word_at(b, i));
	if (bit % 64)
		n += (uint32_t)__builtin_popcountll(word_at(b, i) << (64 - bit % 64));
	return n;
}

static bool bit_is_set(const struct kx_kdump_bits *b, uint64_t page)
{
	uint64_t bit = page % KX_KDUMP_SECTION;

	return b->bits[bit / 8] >> bit % 8 & 1;
}

/* The first bit from @bit on that is not @set; KX_KDUMP_SECTION: none. */
static uint32_t bits_alike(const struct kx_kdump_bits *b, uint32_t bit, bool set)
{
	while (bit < KX_KDUMP_SECTION) {
		uint64_t v = word_at(b, bit / 64);

		v = (set ? ~v : v) >> bit % 64;
		if (v)
			return bit + (uint32_t)__builtin_ctzll(v);
		bit = (bit / 64 + 1) * 64;
	}
	return bit;
}

int kx_kdump_bits_next(struct kx_kdump_bits *b, uint64_t page, uint64_t end, bool *ret,
		       uint64_t *ret_end, struct kx_err *err)
{
	uint64_t limit = pages_of(b).end, at = page;
	bool set = false;
	int r;

	while (at < end && at < limit) {
		uint64_t section = at / KX_KDUMP_SECTION;
		uint32_t bit = (uint32_t)(at % KX_KDUMP_SECTION), next;

		r = section_load(b, section, err);
		if (r < 0)
			return r;
		if (at == page)
			set = bit_is_set(b, at);
		next = bits_alike(b, bit, set);
		at = section * KX_KDUMP_SECTION + next;
		if (next < KX_KDUMP_SECTION)
			break;
	}
	/* Behind the last one they are clear. */
	if (at >= limit)
		at = set ? limit : end;
	*ret = set;
	*ret_end = at < end ? at : end;
	return 0;
}

static int bits_count(struct kx_kdump *k, enum kx_kdump_map map, uint64_t *rank, uint64_t *ret,
		      struct kx_err *err)
{
	struct kx_kdump_bits b;
	uint64_t n = 0;
	int r;

	kx_kdump_bits_init(&b, k, map);
	for (uint64_t i = 0; i * KX_KDUMP_SECTION < k->max_page; i++) {
		if (rank)
			rank[i] = n;
		r = section_load(&b, i, err);
		if (r < 0)
			return r;
		n += bits_before(&b, KX_KDUMP_SECTION);
	}
	*ret = n;
	return 0;
}

/* ---- opening -------------------------------------------------------------------- */

static int heads_read(struct kx_kdump *k, struct kx_err *err)
{
	uint8_t bytes[KX_KDUMP_HEAD_LEN], sub[KX_KDUMP_SUB_LEN];
	struct head h = { 0 };
	int r;

	if (k->file.len < sizeof(bytes))
		return kx_err_set(err, ENOENT, "expected a kdump file, have 0x%" PRIx64 " bytes",
				  k->file.len);
	r = k->file.read(k->file.ctx, 0, bytes, sizeof(bytes), err);
	if (r < 0)
		return r;
	if (memcmp(bytes, KX_KDUMP_MAGIC, 8))
		return kx_err_set(err, ENOENT, "expected a kdump file, have something else");
	r = head_parse(bytes, k, &h, err);
	if (r < 0)
		return r;
	if (k->file.len < k->page_size + sizeof(sub))
		return kx_err_set(err, ENOEXEC, "sub-header: expected %zu bytes at offset 0x%" PRIx32
				  ", the file has 0x%" PRIx64, sizeof(sub), k->page_size, k->file.len);
	r = k->file.read(k->file.ctx, k->page_size, sub, sizeof(sub), err);
	if (r < 0)
		return r;
	sub_head_parse(sub, k);
	return layout_make(k, &h, err);
}

int kx_kdump_open(const struct kx_core_file *file, struct kx_arena *a, struct kx_kdump *ret,
		  struct kx_err *err)
{
	struct kx_kdump k = { .file = *file };
	uint64_t sections;
	int r = heads_read(&k, err);

	if (r == 0 && !k.machine)
		r = machine_guess(&k, a, err);
	if (r < 0)
		return r;
	sections = k.max_page / KX_KDUMP_SECTION + 1;
	k.rank = kx_arena_alloc(a, (size_t)sections * sizeof(*k.rank));
	if (!k.rank)
		return kx_err_set(err, ENOMEM, "no memory for %" PRIu64 " counts", sections);
	r = bits_count(&k, KX_KDUMP_PRESENT, NULL, &k.present, err);
	if (r == 0)
		r = bits_count(&k, KX_KDUMP_HERE, k.rank, &k.desc_count, err);
	if (r == 0)
		*ret = k;
	return r;
}

/* ---- descriptors ---------------------------------------------------------------- */

void kx_kdump_finder_init(struct kx_kdump_finder *f, const struct kx_kdump *k)
{
	kx_kdump_bits_init(&f->here, k, KX_KDUMP_HERE);
	f->first = 0;
	f->count = 0;
}

/* Descriptors from @i on; those that the file has not are zeros, as those of lost pages. */
static int descs_load(struct kx_kdump_finder *f, uint64_t i, struct kx_err *err)
{
	const struct kx_kdump *k = f->here.kdump;
	uint64_t off = k->desc_off + i * KX_KDUMP_DESC_LEN, n = 0;
	int r = 0;

	f->count = 0;
	memset(f->desc, 0, sizeof(f->desc));
	if (off < k->file.len)
		n = (k->file.len - off) / KX_KDUMP_DESC_LEN * KX_KDUMP_DESC_LEN;
	if (n > sizeof(f->desc))
		n = sizeof(f->desc);
	if (n)
		r = k->file.read(k->file.ctx, off, f->desc, (size_t)n, err);
	if (r < 0)
		return r;
	f->first = i;
	f->count = sizeof(f->desc) / KX_KDUMP_DESC_LEN;
	return 0;
}

int kx_kdump_desc(struct kx_kdump_finder *f, uint64_t i, struct kx_kdump_page *ret,
		  struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make((struct kx_bytes){ f->desc, sizeof(f->desc) }, KX_LE);

	if (i < f->first || i - f->first >= f->count) {
		int r = descs_load(f, i, err);

		if (r < 0)
			return r;
	}
	kx_rd_seek(&rd, (i - f->first) * KX_KDUMP_DESC_LEN);
	ret->off = kx_rd_u64(&rd);
	ret->len = kx_rd_u32(&rd);
	ret->flags = kx_rd_u32(&rd);
	return 0;
}

int kx_kdump_desc_check(const struct kx_kdump *k, const struct kx_kdump_page *p,
			struct kx_err *err)
{
	if (!p->off)
		return kx_err_set(err, ENODATA, "was lost: the dump is incomplete");
	if (p->len && p->len <= k->page_size &&
	    (p->off > k->file.len || p->len > k->file.len - p->off))
		return kx_err_set(err, ENODATA, "was lost: expected 0x%" PRIx32 " bytes at offset 0x%"
				  PRIx64 ", the file has 0x%" PRIx64, p->len, p->off, k->file.len);
	if (p->flags & (p->flags - 1) || p->flags & ~PACKED)
		return kx_err_set(err, EBADMSG, "descriptor: flags: expected 0, 1, 2, 4 or 0x20, have"
				  " 0x%" PRIx32, p->flags);
	if (p->len == k->page_size || (p->len && p->len < k->page_size && p->flags))
		return 0;
	return kx_err_set(err, EBADMSG, "descriptor: size: expected %s%" PRIu32 " bytes, have %" PRIu32,
			  p->flags ? "1 to " : "", k->page_size, p->len);
}

int kx_kdump_find(struct kx_kdump_finder *f, uint64_t page, struct kx_kdump_page *ret,
		  struct kx_err *err)
{
	const struct kx_kdump *k = f->here.kdump;
	struct kx_kdump_page p;
	uint64_t i;
	int r = 0;

	if (page >= k->pages.start && page < k->pages.end)
		r = section_load(&f->here, page / KX_KDUMP_SECTION, err);
	else if (page < k->max_page)
		return kx_err_set(err, ENODATA, "is not in this file of a split dump, which has"
				  " pages %" PRIu64 " to %" PRIu64, k->pages.start, k->pages.end - 1);
	if (r < 0)
		return r;
	if (page >= k->max_page || !bit_is_set(&f->here, page))
		return kx_err_set(err, ENODATA, "was left out of the dump");
	i = k->rank[page / KX_KDUMP_SECTION] +
	    bits_before(&f->here, (uint32_t)(page % KX_KDUMP_SECTION));
	r = kx_kdump_desc(f, i, &p, err);
	if (r == 0)
		r = kx_kdump_desc_check(k, &p, err);
	if (r == 0)
		*ret = p;
	return r;
}
