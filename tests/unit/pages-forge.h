/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes a small core with struct pages: for the test of lib/core-pages.c, and for
 * the fuzzers' seeds.  Sections of 1 MiB, of which three have struct pages:
 *
 *	physical	virtual			what
 *	0x1000		0xffff888000001000	the table of roots: one
 *	0x2000		0xffff888000002000	struct mem_section of 32 bytes
 *	0x100000	0xffffea0000000000	struct pages of 64 bytes
 */
#ifndef PAGES_FORGE_H
#define PAGES_FORGE_H

#include "core-forge.h"

#define PAGES_DIRECT	0xffff888000000000u
#define PAGES_MAP	0xffffea0000000000u
#define PAGES_FILE	0x1000		/* physical 0 in the file, */
#define PAGES_FILE_MAP	0x4000		/* and the struct pages */
#define PAGES_SECTIONS	3
#define PAGES_COUNT	(PAGES_SECTIONS * 256)

/* 5.10 to 6.11, and what is another since 6.12. */
#define PAGES_OLD	0xffffff7fu
#define PAGES_INFO(buddy)							\
	"OSRELEASE=6.1.0-test\nPAGESIZE=4096\n"					\
	"SYMBOL(mem_section)=ffff888000001000\nLENGTH(mem_section)=1\n"		\
	"SIZE(mem_section)=32\nOFFSET(mem_section.section_mem_map)=8\n"		\
	"NUMBER(SECTION_SIZE_BITS)=20\nSIZE(page)=64\nOFFSET(page._mapcount)=48\n" \
	"OFFSET(page.private)=40\nLENGTH(zone.free_area)=11\n"			\
	"NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=" buddy "\n"

/* What further kinds need: as 6.1, as 6.12 and later, and hugetlb of those between. */
#define PAGES_USES								\
	"OFFSET(page.flags)=0\nOFFSET(page.mapping)=24\nNUMBER(PG_lru)=4\n"	\
	"NUMBER(PG_private)=13\nNUMBER(PG_swapcache)=10\nNUMBER(PG_swapbacked)=19\n" \
	"NUMBER(PG_head_mask)=65536\nNUMBER(PG_hwpoison)=23\n"
#define PAGES_OLD_USES								\
	PAGES_INFO("-129") PAGES_USES "OFFSET(page.compound_head)=8\n"		\
	"NUMBER(PG_slab)=9\nNUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-257\n"
#define PAGES_DTOR								\
	"OFFSET(page.compound_dtor)=16\nOFFSET(page.compound_order)=17\n"	\
	"NUMBER(HUGETLB_PAGE_DTOR)=2\n"
#define PAGES_FOLIO								\
	"OFFSET(folio._folio_dtor)=80\nOFFSET(folio._folio_order)=81\n"		\
	"NUMBER(HUGETLB_PAGE_DTOR)=2\n"
#define PAGES_NEW_USES								\
	PAGES_INFO("-268435456") PAGES_USES "OFFSET(page.compound_info)=8\n"	\
	"NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376\n"				\
	"NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-201326592\n"			\
	"NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-251658240\n"			\
	"NUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE)=-150994944\n"

/* PG_* of PAGES_USES. */
#define PAGES_LRU	(1u << 4)
#define PAGES_SLAB	(1u << 9)
#define PAGES_SWAPCACHE	(1u << 10)
#define PAGES_PRIVATE	(1u << 13)
#define PAGES_HEAD	(1u << 16)
#define PAGES_SWAPBACKED (1u << 19)
#define PAGES_POISON	(1u << 23)

/* struct page of frame @pfn in the file. */
static inline uint8_t *pages_page(struct forge *f, uint64_t pfn)
{
	return f->p + PAGES_FILE_MAP + pfn * 64;
}

static inline void pages_free(struct forge *f, uint64_t pfn, uint32_t type, uint64_t order)
{
	kx_put_le32(pages_page(f, pfn) + 48, type);
	kx_put_le64(pages_page(f, pfn) + 40, order);
}

/* No type: not mapped anywhere. */
static inline void pages_use(struct forge *f, uint64_t pfn, uint64_t flags, uint64_t mapping)
{
	kx_put_le64(pages_page(f, pfn), flags);
	kx_put_le64(pages_page(f, pfn) + 24, mapping);
	kx_put_le32(pages_page(f, pfn) + 48, 0xffffffff);
}

/* Frames behind @pfn, up to @end, as its tails. */
static inline void pages_tails(struct forge *f, uint64_t pfn, uint64_t end)
{
	for (uint64_t i = pfn + 1; i < end; i++) {
		pages_use(f, i, 0, 0x400);
		kx_put_le64(pages_page(f, i) + 8, PAGES_MAP + pfn * 64 + 1);
	}
}

/* struct mem_section.section_mem_map of section @nr */
static inline uint8_t *pages_section(struct forge *f, uint64_t nr)
{
	return f->p + PAGES_FILE + 0x2000 + nr * 32 + 8;
}

/* A kernel that jumped from the page at 0x1000, and what it had at 2 MiB: 16 pages. */
#define PAGES_JUMP_PFN	512
#define PAGES_JUMP_LEN	0x10000

static inline void pages_context(struct forge *f)
{
	size_t at = f->len;

	core_context(f);
	kx_put_le64(f->p + at + 24, 0x1060);
}

/*
 * The same as a kernel that sleeps, with three free pages there; unless @clean no page
 * there is all one byte.
 */
static inline void pages_jump(struct forge *f, const char *info, uint32_t type, int clean)
{
	struct forge notes = FORGE_NONE;
	uint64_t map_len = PAGES_COUNT * 64, at = PAGES_FILE_MAP + map_len;

	core_note(&notes, "VMCOREINFO", 0, info, strlen(info));
	core_our_note(&notes, 0x4b4a0001, pages_context);
	core_ehdr(f, 62, 4);
	core_phdr(f, 4, 0x400, 0, 0, notes.len, notes.len);
	core_phdr(f, 1, PAGES_FILE, PAGES_DIRECT, 0, 0x3000, 0x3000);
	core_phdr(f, 1, PAGES_FILE_MAP, PAGES_MAP, 0x100000, map_len, map_len);
	core_phdr(f, 1, at, 0, PAGES_JUMP_PFN << 12, PAGES_JUMP_LEN, PAGES_JUMP_LEN);
	forge_to(f, 0x400);
	forge_put(f, notes.p, notes.len);
	forge_free(&notes);
	forge_to(f, at + PAGES_JUMP_LEN);
	kx_put_le64(f->p + PAGES_FILE + 0x1000, PAGES_DIRECT + 0x2000);
	for (uint64_t i = 0; i < PAGES_SECTIONS; i++)
		kx_put_le64(pages_section(f, i), PAGES_MAP | 0xf);
	for (uint64_t i = 0; i < PAGES_JUMP_LEN && !clean; i++)
		f->p[at + i] = (uint8_t)(i >> 12 ^ i);
	for (uint64_t i = 1; i < 6; i += 2)
		pages_free(f, PAGES_JUMP_PFN + i, type, 0);
}

static inline void pages_core(struct forge *f, const char *info)
{
	struct forge note = FORGE_NONE;
	uint64_t map_len = PAGES_COUNT * 64;

	core_note(&note, "VMCOREINFO", 0, info, strlen(info));
	core_ehdr(f, 62, 3);
	core_phdr(f, 4, 0x400, 0, 0, note.len, note.len);
	core_phdr(f, 1, PAGES_FILE, PAGES_DIRECT, 0, 0x3000, 0x3000);
	core_phdr(f, 1, PAGES_FILE_MAP, PAGES_MAP, 0x100000, map_len, map_len);
	forge_to(f, 0x400);
	forge_put(f, note.p, note.len);
	forge_free(&note);
	forge_to(f, PAGES_FILE_MAP + map_len);
	kx_put_le64(f->p + PAGES_FILE + 0x1000, PAGES_DIRECT + 0x2000);
	/* present, has a map, online, early */
	for (uint64_t i = 0; i < PAGES_SECTIONS; i++)
		kx_put_le64(pages_section(f, i), PAGES_MAP | 0xf);
}

#endif
