/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes small saved cores, well-formed unless told otherwise: for the tests of the
 * reader and of what is built on it, and for the fuzzers' seeds.  Written with
 * doc/resumable-core.md, not with the writer.
 */
#ifndef SAVED_FORGE_H
#define SAVED_FORGE_H

#include "core-forge.h"
#include "purgatory/sha256.h"

#define SAVED_PAGE	4096u

enum saved_kind { SAVED_ZERO, SAVED_TEXT, SAVED_NOISE };

struct saved_pages {
	uint64_t pa;
	uint32_t pages;
	enum saved_kind kind;
	int new_block;			/* begins one */
};

/* What is saved unless told otherwise. */
static const struct saved_pages saved_pages[] = {
	{ 0x100000, 4, SAVED_TEXT, 1 },
	{ 0x104000, 2, SAVED_ZERO, 0 },
	{ 0x106000, 1, SAVED_NOISE, 0 },
	{ 0x200000, 64, SAVED_TEXT, 1 },
	{ 0x240000, 1, SAVED_TEXT, 0 },
};

#define SAVED_RECORDS	(sizeof(saved_pages) / sizeof(saved_pages[0]))
#define SAVED_MACHINE	"CPUS=2\nRAM=0x100000-0x800000\n"

/* What is in sector 0, from byte 0. */
enum {
	SAVED_MAGIC = 64, SAVED_VERSION = 72, SAVED_STATE = 76, SAVED_ID = 80,
	SAVED_CREATED = 96, SAVED_LENGTH = 104, SAVED_HEADERS_OFF = 112,
	SAVED_HEADERS_LEN = 120, SAVED_TABLES_OFF = 128, SAVED_RECORD_COUNT = 136,
	SAVED_BLOCK_COUNT = 144, SAVED_PAGE_COUNT = 152, SAVED_ZERO_PAGES = 160,
	SAVED_CODEC = 168, SAVED_FLAGS = 172, SAVED_HEADERS_SHA = 176, SAVED_TABLES_SHA = 208,
	SAVED_SALT = 240, SAVED_KEY_CHECK = 272, SAVED_HEADERS_TAG = 288,
	SAVED_TABLES_TAG = 304, SAVED_RESERVED = 320, SAVED_RESUMED = 392,
	SAVED_RESUMED_BY = 400, SAVED_SHA = 480,
};

struct saved_forge {
	/* May be set before: */
	uint16_t machine;		/* 62, 183 */
	uint32_t codec;			/* 0 raw, 1 LZ4, 2 zstd */
	uint32_t state;			/* 0 is 2, complete */
	int stream;
	const struct saved_pages *pages;	/* NULL: saved_pages */
	size_t page_rows;
	const char *vmcoreinfo;		/* NULL: CORE_INFO */
	uint64_t direct_va;
	int no_snapshot;		/* without that note, which takes a page */

	/* What was made: */
	struct forge f;
	struct forge tables, blocks;	/* while it is made: records, blocks */
	size_t sector;			/* offsets of the sector that counts, the tables, the headers */
	size_t tables_off, tables_len, headers_off, headers_len;
	uint64_t records, block_count, page_count, zero_pages;
};

static inline void saved_forge_free(struct saved_forge *s)
{
	forge_free(&s->f);
}

static inline void saved_sha(const uint8_t *p, size_t len, uint8_t to[32])
{
	struct sha256 sha;

	sha256_init(&sha, sha256_blocks_portable);
	sha256_update(&sha, p, len);
	sha256_final(&sha, to);
}

/* The bytes of @row as they are in memory. */
static inline void saved_memory(struct forge *f, const struct saved_pages *row)
{
	size_t len = row->pages * (size_t)SAVED_PAGE, at = f->len;
	uint32_t x = (uint32_t)row->pa | 1;

	if (row->kind == SAVED_TEXT)
		forge_content(f, len);
	else
		forge_room(f, len);
	for (size_t i = 0; row->kind == SAVED_NOISE && i < len; i++) {
		x = x * 1664525u + 1013904223u;
		f->p[at + i] = (uint8_t)(x >> 24);
	}
	/* No two texts are the same. */
	if (row->kind == SAVED_TEXT)
		kx_put_le64(f->p + at, row->pa);
}

/* A record behind what is in the image; gives what it stores. */
static inline uint32_t saved_store(struct saved_forge *s, const struct saved_pages *row)
{
	struct forge m = FORGE_NONE;
	size_t len = row->pages * (size_t)SAVED_PAGE, n = len;

	if (row->kind == SAVED_ZERO)
		return 0;
	saved_memory(&m, row);
	if (s->codec && row->kind == SAVED_TEXT) {
		size_t most = s->codec == 1 ? (size_t)LZ4_compressBound((int)len) :
					      ZSTD_compressBound(len);
		uint8_t *to = forge_room(&s->f, most);

		if (s->codec == 1)
			n = (size_t)LZ4_compress_default((char *)m.p, (char *)to, (int)len,
							 (int)most);
		else
			n = ZSTD_compress(to, most, m.p, len, 1);
		s->f.len -= most - n;
	} else {
		forge_put(&s->f, m.p, m.len);
	}
	forge_free(&m);
	return (uint32_t)n;
}

/* Rows @from to @to are a block. */
static inline void saved_block(struct saved_forge *s, size_t from, size_t to)
{
	size_t start = s->f.len;

	for (size_t i = from; i < to; i++) {
		const struct saved_pages *row = &s->pages[i];
		uint32_t stored = saved_store(s, row);

		forge_le64(&s->tables, row->pa);
		forge_le32(&s->tables, row->pages);
		forge_le32(&s->tables, stored);
		s->records++;
		s->page_count += row->pages;
		s->zero_pages += row->kind == SAVED_ZERO ? row->pages : 0;
	}
	forge_le64(&s->blocks, start);
	forge_le64(&s->blocks, s->f.len - start);
	forge_le64(&s->blocks, from);
	forge_le64(&s->blocks, to - from);
	saved_sha(s->f.p + start, s->f.len - start, forge_room(&s->blocks, 32));
	s->block_count++;
	forge_to(&s->f, (s->f.len + 4095) / 4096 * 4096);
}

static inline void saved_context(struct forge *f, uint16_t machine)
{
	size_t at = f->len;

	forge_le32(f, 1);
	forge_le32(f, machine);
	forge_le32(f, 2);			/* snapshot */
	forge_le32(f, machine == 62 ? 2 : 3);	/* restore_registers(), cpu_resume() */
	forge_le32(f, 1);			/* filled */
	forge_le32(f, 0);
	forge_le64(f, 0x200040);		/* entry */
	if (machine == 62) {
		forge_le64(f, 0x1ffe000);
		forge_le64(f, 0xffffffff81000040);
		forge_le64(f, 0x200040);
	}
	forge_to(f, at + 80);
	forge_le64(f, 0);			/* boot CPU */
	forge_le64(f, SAVED_PAGE);
	forge_to(f, at + 112);
	forge_put(f, "\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe\xf\x10", 16);
	memset(forge_room(f, 32), 0xab, 32);
	forge_str(f, "6.1.0-test");
	forge_to(f, at + 256);
}

static inline void saved_notes(const struct saved_forge *s, struct forge *f)
{
	const char *info = s->vmcoreinfo ? s->vmcoreinfo : CORE_INFO;
	struct forge d = FORGE_NONE;

	core_note(f, "VMCOREINFO", 0, info, strlen(info));
	saved_context(&d, s->machine);
	core_note(f, "KEXECJUMP", 0x4b4a0001, d.p, d.len);
	d.len = 0;
	core_note(f, "KEXECJUMP", 0x4b4a0005, SAVED_MACHINE, strlen(SAVED_MACHINE));
	memset(forge_room(&d, SAVED_PAGE), 0x5a, SAVED_PAGE);
	if (!s->no_snapshot)
		core_note(f, "KEXECJUMP", 0x4b4a0006, d.p, d.len);
	forge_free(&d);
}

/* A PT_NOTE, and one PT_LOAD without bytes for all of RAM. */
static inline void saved_headers(struct saved_forge *s)
{
	struct forge notes = FORGE_NONE;

	s->headers_off = s->f.len;
	saved_notes(s, &notes);
	core_phdr(&s->f, 4, s->headers_off + 2 * 56, 0, 0, notes.len, notes.len);
	core_phdr(&s->f, 1, 0, s->direct_va ? s->direct_va + 0x100000 : 0, 0x100000, 0, 0x700000);
	forge_put(&s->f, notes.p, notes.len);
	s->headers_len = s->f.len - s->headers_off;
	forge_to(&s->f, (s->f.len + 4095) / 4096 * 4096);
	forge_free(&notes);
}

/* The digests anew, after something was changed: of tables and headers, then of the sector. */
static inline void saved_seal_sector(struct saved_forge *s)
{
	saved_sha(s->f.p + s->sector, SAVED_SHA, s->f.p + s->sector + SAVED_SHA);
}

static inline void saved_seal(struct saved_forge *s)
{
	uint8_t *p = s->f.p + s->sector;

	saved_sha(s->f.p + s->headers_off, s->headers_len, p + SAVED_HEADERS_SHA);
	saved_sha(s->f.p + s->tables_off, s->tables_len, p + SAVED_TABLES_SHA);
	saved_seal_sector(s);
}

static inline void saved_sector(struct saved_forge *s, size_t at, uint32_t state, uint64_t length)
{
	struct forge e = FORGE_NONE;
	uint8_t *p = s->f.p + at;

	core_ehdr(&e, s->machine, length ? 2 : 0);
	kx_put_le64(e.p + 32, length ? s->headers_off : 0);
	memcpy(p, e.p, 64);
	forge_free(&e);
	memcpy(p + SAVED_MAGIC, "KXSAVED1", 8);
	kx_put_le32(p + SAVED_VERSION, 1);
	kx_put_le32(p + SAVED_STATE, state);
	memset(p + SAVED_ID, 0x1d, 16);
	kx_put_le64(p + SAVED_CREATED, 1700000000);
	s->sector = at;
	if (!length) {
		saved_seal_sector(s);
		return;
	}
	kx_put_le64(p + SAVED_LENGTH, length);
	kx_put_le64(p + SAVED_HEADERS_OFF, s->headers_off);
	kx_put_le64(p + SAVED_HEADERS_LEN, s->headers_len);
	kx_put_le64(p + SAVED_TABLES_OFF, s->tables_off);
	kx_put_le64(p + SAVED_RECORD_COUNT, s->records);
	kx_put_le64(p + SAVED_BLOCK_COUNT, s->block_count);
	kx_put_le64(p + SAVED_PAGE_COUNT, s->page_count);
	kx_put_le64(p + SAVED_ZERO_PAGES, s->zero_pages);
	kx_put_le32(p + SAVED_CODEC, s->codec);
	saved_seal(s);
}

static inline void saved_build(struct saved_forge *s)
{
	size_t first = 0;

	if (!s->pages) {
		s->pages = saved_pages;
		s->page_rows = SAVED_RECORDS;
	}
	forge_room(&s->f, 4096);
	for (size_t i = 1; i <= s->page_rows; i++)
		if (i == s->page_rows || s->pages[i].new_block) {
			saved_block(s, first, i);
			first = i;
		}
	s->tables_off = s->f.len;
	s->tables_len = s->tables.len + s->blocks.len;
	forge_put(&s->f, s->tables.p, s->tables.len);
	forge_put(&s->f, s->blocks.p, s->blocks.len);
	forge_free(&s->tables);
	forge_free(&s->blocks);
	forge_to(&s->f, (s->f.len + 4095) / 4096 * 4096);
	saved_headers(s);
	if (s->stream) {
		saved_sector(s, 0, 4, 0);
		forge_room(&s->f, 4096);
	}
	saved_sector(s, s->stream ? s->f.len - 4096 : 0, s->state ? s->state : 2, s->f.len);
}

#endif
