/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes small kdump-compressed and flattened files, well-formed unless told otherwise:
 * for the tests of their readers and the fuzzers' seeds.  Written with
 * doc/dump-formats.md.
 */
#ifndef KDUMP_FORGE_H
#define KDUMP_FORGE_H

#include "core-forge.h"
#include "kx/kdump-file.h"
#include "kx/page-codec.h"

#define KDUMP_PAGE	4096u
#define KDUMP_INFO	"OSRELEASE=6.1.0-test\nPAGESIZE=4096\n"

/* A page of the machine of kdump_build(): what is in it, and whether the dump has it. */
struct kdump_forge_page {
	uint64_t number;
	enum { KDUMP_ABSENT, KDUMP_LEFT_OUT, KDUMP_ZERO, KDUMP_STORED, KDUMP_LOST } state;
	enum kx_page_codec codec;
	uint8_t fill;
};

struct kdump_forge {
	uint32_t version;		/* 0 to 6 */
	uint64_t max_page;
	uint32_t status;
	bool split;
	uint64_t start, end;		/* of a split file */
	const struct kdump_forge_page *page;
	size_t count;
};

/* Where its pieces are: a block each of header, sub-header with notes, two bitmaps. */
#define KDUMP_SUB	KDUMP_PAGE
#define KDUMP_NOTES	(KDUMP_PAGE + KX_KDUMP_SUB_LEN)
#define KDUMP_MAPS	(2 * (size_t)KDUMP_PAGE)

static inline size_t kdump_map_len(const struct kdump_forge *k)
{
	return (size_t)((k->max_page + 8 * KDUMP_PAGE - 1) / (8 * KDUMP_PAGE)) * KDUMP_PAGE;
}

static inline size_t kdump_descs(const struct kdump_forge *k)
{
	return KDUMP_MAPS + 2 * kdump_map_len(k);
}

/* Bytes that pack well and are no two pages alike. */
static inline void kdump_fill(uint8_t *to, const struct kdump_forge_page *p)
{
	for (size_t i = 0; i < KDUMP_PAGE; i++)
		to[i] = p->state == KDUMP_ZERO ? 0 : i % 64 ? p->fill : (uint8_t)(i / 64 + p->number);
}

static inline bool kdump_in_file(const struct kdump_forge *k, const struct kdump_forge_page *p)
{
	return p->state >= KDUMP_ZERO && (!k->split || (p->number >= k->start && p->number < k->end));
}

static inline void kdump_head(struct forge *f, const struct kdump_forge *k)
{
	size_t at = f->len;
	uint8_t *p = forge_room(f, KDUMP_PAGE);

	memcpy(p, KX_KDUMP_MAGIC, 8);
	kx_put_le32(p + KX_KDUMP_VERSION_AT, k->version);
	strcpy((char *)p + KX_KDUMP_UTSNAME_AT, "Linux");
	strcpy((char *)p + KX_KDUMP_UTSNAME_AT + 2 * 65, "6.1.0-test");
	strcpy((char *)p + KX_KDUMP_UTSNAME_AT + 4 * 65, "x86_64");
	kx_put_le64(p + KX_KDUMP_TIME_AT, 1700000000);
	kx_put_le32(p + KX_KDUMP_STATUS_AT, k->status);
	kx_put_le32(p + KX_KDUMP_BLOCK_AT, KDUMP_PAGE);
	kx_put_le32(p + KX_KDUMP_SUB_BLOCKS_AT, 1);
	kx_put_le32(p + KX_KDUMP_MAP_BLOCKS_AT, (uint32_t)(2 * kdump_map_len(k) / KDUMP_PAGE));
	kx_put_le32(p + KX_KDUMP_MAX_PFN_AT, (uint32_t)k->max_page);
	kx_put_le32(p + KX_KDUMP_CPUS_AT, 1);
	forge_to(f, at + KDUMP_PAGE);
}

static inline void kdump_sub_head(struct forge *f, const struct kdump_forge *k)
{
	static const uint8_t prstatus[336];
	struct forge notes = FORGE_NONE;
	uint8_t *p;

	core_note(&notes, "CORE", 1, prstatus, sizeof(prstatus));
	core_note(&notes, "VMCOREINFO", 0, KDUMP_INFO, strlen(KDUMP_INFO));
	p = forge_room(f, KDUMP_PAGE);
	kx_put_le64(p + KX_KDUMP_PHYS_BASE_AT, 0x1000000);
	kx_put_le32(p + KX_KDUMP_LEVEL_AT, 31);
	kx_put_le32(p + KX_KDUMP_SPLIT_AT, k->split);
	kx_put_le64(p + KX_KDUMP_START_AT, k->start);
	kx_put_le64(p + KX_KDUMP_END_AT, k->end);
	/* Its text is the end of the notes, but for the padding. */
	kx_put_le64(p + KX_KDUMP_VMCOREINFO_AT, KDUMP_NOTES + 12 + 8 + 336 + 12 + 12);
	kx_put_le64(p + KX_KDUMP_VMCOREINFO_AT + 8, strlen(KDUMP_INFO));
	kx_put_le64(p + KX_KDUMP_NOTES_AT, KDUMP_NOTES);
	kx_put_le64(p + KX_KDUMP_NOTES_AT + 8, notes.len);
	if (k->version >= 6) {
		kx_put_le64(p + KX_KDUMP_START_64_AT, k->start);
		kx_put_le64(p + KX_KDUMP_END_64_AT, k->end);
		kx_put_le64(p + KX_KDUMP_MAX_PFN_64_AT, k->max_page);
	}
	memcpy(p + KX_KDUMP_SUB_LEN, notes.p, notes.len);
	forge_free(&notes);
}

/* One page's bytes behind all others; its descriptor is number @i.  *zero: where zeros are. */
static inline void kdump_page(struct forge *f, const struct kdump_forge *k,
			      const struct kdump_forge_page *page, size_t i, uint64_t *zero,
			      struct kx_page_coder *coder)
{
	uint8_t raw[KDUMP_PAGE], packed[KDUMP_PAGE], *desc;
	static const uint32_t flags[KX_PAGE_CODECS] = { 0, 1, 2, 4, 0x20 };
	size_t n = 0;
	uint64_t off = f->len;

	kdump_fill(raw, page);
	if (page->state == KDUMP_ZERO && *zero) {
		off = *zero;
	} else if (page->state == KDUMP_LOST) {
		off = 0;
	} else {
		if (page->state == KDUMP_ZERO)
			*zero = off;
		else
			n = kx_page_pack(coder, page->codec, raw, KDUMP_PAGE, packed);
		forge_put(f, n ? packed : raw, n ? n : KDUMP_PAGE);
	}
	desc = f->p + kdump_descs(k) + i * KX_KDUMP_DESC_LEN;
	kx_put_le64(desc, off);
	kx_put_le32(desc + 8, n ? (uint32_t)n : KDUMP_PAGE);
	kx_put_le32(desc + 12, n ? flags[page->codec] : 0);
}

static inline void kdump_build(struct forge *f, const struct kdump_forge *k)
{
	struct kx_page_coder *coder = NULL;
	size_t n = 0, i = 0;
	uint64_t zero = 0;

	if (kx_page_coder_new(&coder, NULL) < 0)
		exit(99);
	kdump_head(f, k);
	kdump_sub_head(f, k);
	forge_room(f, 2 * kdump_map_len(k));
	for (size_t p = 0; p < k->count; p++) {
		uint8_t *map = f->p + KDUMP_MAPS;

		if (k->page[p].state != KDUMP_ABSENT)
			map[k->page[p].number / 8] |= (uint8_t)(1u << k->page[p].number % 8);
		map += kdump_map_len(k);
		/* The files of a set all say what the set has. */
		if (k->page[p].state >= KDUMP_ZERO)
			map[k->page[p].number / 8] |= (uint8_t)(1u << k->page[p].number % 8);
		n += kdump_in_file(k, &k->page[p]);
	}
	forge_to(f, kdump_descs(k) + n * KX_KDUMP_DESC_LEN);
	for (size_t p = 0; p < k->count; p++)
		if (kdump_in_file(k, &k->page[p]))
			kdump_page(f, k, &k->page[p], i++, &zero, coder);
	kx_page_coder_free(coder);
}

/* Pages of every kind, at the ends of bytes, words and sections of the bitmaps. */
#define KDUMP_MAX_PAGE	131100u

static const struct kdump_forge_page kdump_pages[] = {
	{ 0, KDUMP_STORED, KX_PAGE_ZLIB, 1 },
	{ 1, KDUMP_STORED, KX_PAGE_ZSTD, 2 },
	{ 2, KDUMP_STORED, KX_PAGE_RAW, 3 },
	{ 3, KDUMP_LEFT_OUT, KX_PAGE_RAW, 0 },
	{ 4, KDUMP_ZERO, KX_PAGE_RAW, 0 },
	{ 7, KDUMP_ZERO, KX_PAGE_RAW, 0 },
	{ 8, KDUMP_STORED, KX_PAGE_ZLIB, 4 },
	{ 63, KDUMP_STORED, KX_PAGE_ZLIB, 5 },
	{ 64, KDUMP_STORED, KX_PAGE_LZO, 6 },
	{ 511, KDUMP_STORED, KX_PAGE_SNAPPY, 7 },
	{ 512, KDUMP_LOST, KX_PAGE_RAW, 8 },
	{ 65535, KDUMP_STORED, KX_PAGE_ZLIB, 9 },
	{ 65536, KDUMP_STORED, KX_PAGE_ZLIB, 10 },
	{ 131071, KDUMP_STORED, KX_PAGE_ZLIB, 11 },
	{ 131099, KDUMP_STORED, KX_PAGE_ZLIB, 12 },
};

#define KDUMP_PAGES	(sizeof(kdump_pages) / sizeof(kdump_pages[0]))

static inline struct kdump_forge kdump_default(void)
{
	return (struct kdump_forge){
		.version = 6, .max_page = KDUMP_MAX_PAGE, .status = 1, .page = kdump_pages,
		.count = KDUMP_PAGES,
	};
}

/* ---- flattened ---------------------------------------------------------------------- */

static inline void flat_be64(struct forge *f, uint64_t v)
{
	uint8_t *p = forge_room(f, 8);

	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (56 - 8 * i));
}

static inline void flat_head(struct forge *f)
{
	forge_put(f, KX_FLAT_MAGIC, sizeof(KX_FLAT_MAGIC));
	forge_to(f, KX_FLAT_TYPE_AT);
	flat_be64(f, 1);
	flat_be64(f, 1);
	forge_to(f, KX_FLAT_HEAD_LEN);
}

static inline void flat_record(struct forge *f, uint64_t at, const void *p, size_t len)
{
	flat_be64(f, at);
	flat_be64(f, len);
	forge_put(f, p, len);
}

static inline void flat_end(struct forge *f)
{
	flat_be64(f, UINT64_MAX);
	flat_be64(f, UINT64_MAX);
}

/* All of @b in records of @piece bytes, the first of which is then written again, last. */
static inline void flat_build(struct forge *f, struct kx_bytes b, size_t piece)
{
	uint8_t *wrong = forge_room(&(struct forge){ NULL, 0, 0 }, piece);

	memset(wrong, 0xee, piece);
	flat_head(f);
	for (size_t at = 0; at < b.len; at += piece) {
		size_t n = b.len - at < piece ? b.len - at : piece;

		flat_record(f, at, at ? b.data + at : wrong, n);
	}
	flat_record(f, 0, b.data, b.len < piece ? b.len : piece);
	flat_end(f);
	free(wrong);
}

#endif
