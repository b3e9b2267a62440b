// SPDX-License-Identifier: GPL-2.0-only
/* kexec/lib/core-pages*.c: kinds of pages, and everything that may be wrong with them. */
#include <errno.h>

#include "kx/core-pages.h"
#include "pages-forge.h"
#include "test.h"

#define NEW	0xf0000000u

struct bed {
	struct forge f;
	struct kx_bytes file;
	struct kx_arena a;
	struct kx_core core;
	struct kx_core_va va;
	struct kx_pages pages;
	struct kx_err err;
};

static void bed_init(struct bed *t, const char *info)
{
	memset(t, 0, sizeof(*t));
	pages_core(&t->f, info);
	kx_arena_init(&t->a);
}

static void bed_deinit(struct bed *t)
{
	kx_arena_deinit(&t->a);
	forge_free(&t->f);
}

/* What was forged, read. */
static int start(struct bed *t)
{
	struct kx_core_file file;

	t->file = forge_bytes(&t->f);
	file = core_file(&t->file);
	if (!CHECK(kx_core_open(&file, &t->a, &t->core, &t->err) == 0))
		return -1;
	kx_core_va_init(&t->va, &t->core, NULL, kx_vmcoreinfo_text(&t->core));
	return kx_pages_init(&t->pages, &t->va, kx_vmcoreinfo_text(&t->core), &t->a, &t->err);
}

/* The next run from @from up to @end, in frames. */
static void run_is(struct bed *t, uint64_t from, uint64_t end, enum kx_page_kind kind,
		   uint64_t upto)
{
	struct kx_page_run run = { .end = 0 };

	CHECK(kx_pages_next(&t->pages, from << 12, end << 12, &run, &t->err) == 0);
	CHECK_EQ_U64(run.kind, kind);
	CHECK_EQ_U64(run.end >> 12, upto);
}

static void blocks(const char *info, uint32_t type)
{
	struct bed t;

	bed_init(&t, info);
	pages_free(&t.f, 4, type, 2);
	pages_free(&t.f, 8, type, 3);
	pages_free(&t.f, 17, type, 0);
	pages_free(&t.f, 512, type, 8);
	if (CHECK(start(&t) == 0)) {
		run_is(&t, 0, 768, KX_PAGE_KEPT, 4);
		/* Two blocks are one run. */
		run_is(&t, 4, 768, KX_PAGE_FREE, 16);
		run_is(&t, 16, 768, KX_PAGE_KEPT, 17);
		run_is(&t, 17, 768, KX_PAGE_FREE, 18);
		/* Over a section's end, and the buffer's. */
		run_is(&t, 18, 768, KX_PAGE_KEPT, 512);
		run_is(&t, 512, 768, KX_PAGE_FREE, 768);
		/* No further than asked, and back again. */
		run_is(&t, 4, 10, KX_PAGE_FREE, 10);
		run_is(&t, 0, 2, KX_PAGE_KEPT, 2);
		/* The middle of a block is free too. */
		run_is(&t, 5, 768, KX_PAGE_FREE, 16);
		CHECK_EQ_U64(t.pages.odd, 0);
		CHECK_EQ_U64(t.pages.missing, 0);
	}
	bed_deinit(&t);
}

static void test_old(void)
{
	blocks(PAGES_INFO("-129"), PAGES_OLD);
	blocks(PAGES_INFO("-128"), 0xffffff80);
}

/* Since 6.12 the low bits may be anything. */
static void test_new(void)
{
	blocks(PAGES_INFO("-268435456"), NEW);
	blocks(PAGES_INFO("4026531840"), NEW | 0x123456);
}

/* Other types are used pages. */
static void test_types(void)
{
	static const uint32_t types[] = { 0, 0xffffffff, 0xfffffeff, 0xf1000000, 0xf5000000, 0x80 };
	struct bed t;

	bed_init(&t, PAGES_INFO("-268435456"));
	for (uint64_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		pages_free(&t.f, 8 * i, types[i], 3);
	if (CHECK(start(&t) == 0))
		run_is(&t, 0, 256, KX_PAGE_KEPT, 256);
	bed_deinit(&t);
}

static void test_odd(void)
{
	struct bed t;

	bed_init(&t, PAGES_INFO("-129"));
	pages_free(&t.f, 0, PAGES_OLD, 11);
	pages_free(&t.f, 1, PAGES_OLD, UINT64_MAX);
	pages_free(&t.f, 2, PAGES_OLD, 64);
	pages_free(&t.f, 6, PAGES_OLD, 2);		/* not at a multiple of 4 */
	/* Larger than its section, and than what is asked for: no further than that. */
	pages_free(&t.f, 512, PAGES_OLD, 9);
	if (CHECK(start(&t) == 0)) {
		run_is(&t, 0, 512, KX_PAGE_KEPT, 512);
		CHECK_EQ_U64(t.pages.odd, 4);
		run_is(&t, 512, 700, KX_PAGE_FREE, 700);
	}
	bed_deinit(&t);
}

/* Sections without struct pages, and struct pages that are not in the core. */
static void test_missing(void)
{
	struct bed t;

	bed_init(&t, PAGES_INFO("-129"));
	for (uint64_t i = 0; i < PAGES_COUNT; i += 256)
		pages_free(&t.f, i, PAGES_OLD, 8);
	kx_put_le64(pages_section(&t.f, 0), 0xf);
	kx_put_le64(pages_section(&t.f, 1), PAGES_MAP | 0x3);	/* offline */
	if (CHECK(start(&t) == 0)) {
		run_is(&t, 0, 768, KX_PAGE_KEPT, 512);
		run_is(&t, 512, 768, KX_PAGE_FREE, 768);
		CHECK_EQ_U64(t.pages.missing, 0);
		/* The next sections have none; the last is in no root. */
		run_is(&t, 768, 1 << 20, KX_PAGE_KEPT, 1 << 20);
	}
	kx_put_le64(pages_section(&t.f, 0), 0x4141414141414147);
	kx_put_le64(pages_section(&t.f, 2), 0xffffffffffffffc7);
	if (CHECK(start(&t) == 0)) {
		run_is(&t, 0, 768, KX_PAGE_KEPT, 768);
		CHECK_EQ_U64(t.pages.missing, 512);
	}
	kx_put_le64(t.f.p + PAGES_FILE + 0x1000, 0x1234);
	if (CHECK(start(&t) == 0)) {
		run_is(&t, 0, 768, KX_PAGE_KEPT, 768);
		CHECK_EQ_U64(t.pages.missing, 768);
	}
	/* To the end of all addresses, at once. */
	kx_put_le64(t.f.p + PAGES_FILE + 0x1000, 0);
	if (CHECK(start(&t) == 0))
		run_is(&t, 0, UINT64_MAX >> 12, KX_PAGE_KEPT, UINT64_MAX >> 12);
	bed_deinit(&t);
}

/* A line is not there, or says what cannot be. */
static void test_vmcoreinfo(void)
{
	static const struct {
		const char *line, *instead, *why;
		int code;
	} rows[] = {
		{ "PAGESIZE=4096\n", "", "VMCOREINFO: expected PAGESIZE, have no such line", ENOENT },
		{ "PAGESIZE=4096\n", "PAGESIZE=8192\n",
		  "VMCOREINFO: PAGESIZE: expected 4096, 16384 or 65536, have 8192", EINVAL },
		{ "SIZE(page)=64\n", "", "VMCOREINFO: expected SIZE(page), have no such line", ENOENT },
		{ "SIZE(page)=64\n", "SIZE(page)=4096\n",
		  "VMCOREINFO: SIZE(page): expected less than 4096, have 4096", EINVAL },
		{ "SIZE(page)=64\n", "SIZE(page)=0\n",
		  "VMCOREINFO: OFFSET(page._mapcount): expected less than 0, have 48", EINVAL },
		{ "SIZE(page)=64\n", "SIZE(page)=51\n",
		  "VMCOREINFO: OFFSET(page._mapcount): expected 4 bytes inside 51, have 48", EINVAL },
		{ "OFFSET(page.private)=40\n", "OFFSET(page.private)=x\n",
		  "VMCOREINFO: OFFSET(page.private): expected a number, have 'x'", EINVAL },
		{ "LENGTH(zone.free_area)=11\n", "LENGTH(zone.free_area)=32\n",
		  "VMCOREINFO: LENGTH(zone.free_area): expected less than 32, have 32", EINVAL },
		{ "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\n", "",
		  "VMCOREINFO: expected NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE), have no such line", ENOENT },
		{ "SYMBOL(mem_section)=ffff888000001000\n", "",
		  "VMCOREINFO: expected SYMBOL(mem_section), have no such line", ENOENT },
		{ "LENGTH(mem_section)=1\n", "LENGTH(mem_section)=1048576\n",
		  "VMCOREINFO: LENGTH(mem_section): expected less than 1048576, have 1048576", EINVAL },
		{ "SIZE(mem_section)=32\n", "SIZE(mem_section)=8192\n",
		  "VMCOREINFO: SIZE(mem_section): expected less than 4097, have 8192", EINVAL },
		{ "SIZE(mem_section)=32\n", "SIZE(mem_section)=0\n",
		  "VMCOREINFO: OFFSET(mem_section.section_mem_map): expected less than 0, have 8",
		  EINVAL },
		{ "NUMBER(SECTION_SIZE_BITS)=20\n", "NUMBER(SECTION_SIZE_BITS)=64\n",
		  "VMCOREINFO: NUMBER(SECTION_SIZE_BITS): expected at most 36, and a page at least,"
		  " have 64", EINVAL },
		{ "NUMBER(SECTION_SIZE_BITS)=20\n", "NUMBER(SECTION_SIZE_BITS)=11\n",
		  "VMCOREINFO: NUMBER(SECTION_SIZE_BITS): expected at most 36, and a page at least,"
		  " have 11", EINVAL },
		{ "NUMBER(SECTION_SIZE_BITS)=20\n", "NUMBER(SECTION_SIZE_BITS)=?\n",
		  "VMCOREINFO: NUMBER(SECTION_SIZE_BITS): expected a number, have '?'", EINVAL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *info = PAGES_INFO("-129"), *at = strstr(info, rows[i].line);
		char text[1024];
		struct bed t;

		if (!CHECK(at))
			continue;
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - info), info, rows[i].instead,
			 at + strlen(rows[i].line));
		bed_init(&t, text);
		CHECK_EQ_U64((uint64_t)-start(&t), (uint64_t)rows[i].code);
		CHECK_STR(t.err.text, rows[i].why);
		bed_deinit(&t);
	}
}

/* Kernels that do not say how large a section is. */
static void test_default(void)
{
	static const char line[] = "NUMBER(SECTION_SIZE_BITS)=20\n";
	const char *info = PAGES_INFO("-129"), *at = strstr(info, line);
	char text[1024];
	struct bed t;

	snprintf(text, sizeof(text), "%.*s%s", (int)(at - info), info, at + strlen(line));
	bed_init(&t, text);
	pages_free(&t.f, 512, PAGES_OLD, 8);
	if (CHECK(start(&t) == 0)) {
		CHECK_EQ_U64(t.pages.section_bits, 27);
		/* One section, and the core has only the first of its struct pages. */
		run_is(&t, 512, 0x8000, KX_PAGE_FREE, 768);
		run_is(&t, 768, 0x8000, KX_PAGE_KEPT, 0x8000);
		CHECK_EQ_U64(t.pages.missing, 0x8000 - 768);
	}
	bed_deinit(&t);
}

/* ---- other kinds ------------------------------------------------------------------ */

/* Of the frames from 0 on, one letter each. */
static void kinds_are(struct bed *t, const char *kinds)
{
	static const char letters[] = "-fcpuaox";
	struct kx_page_run run = { .end = 0 };
	uint64_t end = strlen(kinds);
	char have[128] = "";

	for (uint64_t at = 0; at < end; at = run.end >> 12) {
		if (!CHECK(kx_pages_next(&t->pages, at << 12, end << 12, &run, &t->err) == 0))
			return;
		memset(have + at, letters[run.kind], (size_t)((run.end >> 12) - at));
	}
	CHECK_STR(have, kinds);
}

/* What has no type, and what is in the way: slab, and the types of @offline and so on. */
static void uses(struct bed *t)
{
	pages_use(&t->f, 0, PAGES_LRU, 0xffff888000000000);
	pages_use(&t->f, 1, PAGES_LRU | PAGES_PRIVATE, 0xffff888000000000);
	pages_use(&t->f, 2, PAGES_LRU | PAGES_SWAPBACKED, 0xffff888000000001);
	pages_use(&t->f, 3, 0, 0xffff888000000003);		/* KSM; not in a list */
	pages_use(&t->f, 4, PAGES_SWAPBACKED | PAGES_SWAPCACHE, 0);
	pages_use(&t->f, 5, PAGES_SWAPBACKED, 0);
	pages_use(&t->f, 6, PAGES_SWAPCACHE, 0);
	pages_use(&t->f, 7, PAGES_LRU | PAGES_POISON, 0);
	/* A page of 8, of which one is broken, and tails of none. */
	pages_use(&t->f, 8, PAGES_LRU | PAGES_HEAD, 1);
	pages_tails(&t->f, 8, 16);
	pages_use(&t->f, 10, PAGES_POISON, 0);
	kx_put_le64(pages_page(&t->f, 10) + 8, PAGES_MAP + 8 * 64 + 1);
	pages_tails(&t->f, 200, 204);
	memmove(pages_page(&t->f, 16), pages_page(&t->f, 201), 3 * 64);
	/* A first page without a second. */
	pages_use(&t->f, 19, PAGES_LRU | PAGES_HEAD, 0);
	pages_use(&t->f, 20, PAGES_LRU, 0);
	/* In use, whatever else it looks like: a type that nobody knows. */
	pages_use(&t->f, 21, PAGES_LRU, 1);
	kx_put_le32(pages_page(&t->f, 21) + 48, 0xfffffbff);
	pages_use(&t->f, 22, PAGES_LRU, 1);
	kx_put_le32(pages_page(&t->f, 22) + 48, 0xfd000000);
	/* Mapped three times. */
	pages_use(&t->f, 23, PAGES_LRU, 1);
	kx_put_le32(pages_page(&t->f, 23) + 48, 2);
}

#define USES	"cpuuc--xuuxuuuuu----c--u"

/* Frames 32 to 47 as a huge page, with a first page's struct page again in the middle. */
static void huge(struct bed *t, uint32_t type, uint64_t flags1, uint16_t dtor_order)
{
	pages_use(&t->f, 32, PAGES_HEAD, 0);
	kx_put_le32(pages_page(&t->f, 32) + 48, type);
	pages_tails(&t->f, 32, 48);
	kx_put_le64(pages_page(&t->f, 33), flags1);
	kx_put_le16(pages_page(&t->f, 33) + 16, dtor_order);
	memmove(pages_page(&t->f, 40), pages_page(&t->f, 32), 64);
	memmove(pages_page(&t->f, 41), pages_page(&t->f, 33), 64);
}

static void test_uses_old(void)
{
	struct bed t;

	bed_init(&t, PAGES_OLD_USES PAGES_DTOR);
	uses(&t);
	pages_use(&t.f, 24, PAGES_SLAB | PAGES_LRU, 1);
	pages_free(&t.f, 24, PAGES_OLD, 0);
	pages_use(&t.f, 25, PAGES_LRU, 0);
	kx_put_le32(pages_page(&t.f, 25) + 48, 0xfffffeff);
	/* A free page that is broken. */
	pages_free(&t.f, 28, PAGES_OLD, 2);
	kx_put_le64(pages_page(&t.f, 29), PAGES_POISON);
	if (CHECK(start(&t) == 0)) {
		CHECK(!t.pages.doubt[0]);
		kinds_are(&t, USES "-o--fxff");
		/* As it is from the middle of it. */
		run_is(&t, 12, 768, KX_PAGE_USER, 16);
		CHECK_EQ_U64(t.pages.odd, 0);
		CHECK_EQ_U64(t.pages.missing, 0);
	}
	bed_deinit(&t);
}

static void test_uses_new(void)
{
	struct bed t;

	bed_init(&t, PAGES_NEW_USES);
	uses(&t);
	pages_use(&t.f, 24, PAGES_LRU, 1);
	kx_put_le32(pages_page(&t.f, 24) + 48, 0xf5000007);
	pages_free(&t.f, 25, 0xf1000001, 0);
	/* As large as can be, at 0: it is not at a multiple of its size. */
	pages_free(&t.f, 26, 0xf7000000, 0);
	if (CHECK(start(&t) == 0)) {
		CHECK(!t.pages.doubt[0]);
		kinds_are(&t, USES "-o-");
		CHECK_EQ_U64(t.pages.odd, 1);
	}
	pages_free(&t.f, 0, 0xf7000000, 0);
	if (CHECK(start(&t) == 0))
		run_is(&t, 0, 768, KX_PAGE_UNACCEPTED, 7);	/* one is poisoned */
	bed_deinit(&t);
}

#define HUGE	"uuuuuuuuuuuuuuuu-"

static void huge_is(const char *info, uint32_t type, uint64_t flags1, uint16_t dtor_order,
		    const char *kinds)
{
	char all[64];
	struct bed t;

	bed_init(&t, info);
	huge(&t, type, flags1, dtor_order);
	snprintf(all, sizeof(all), "%032d%s", 0, kinds);
	memset(all, '-', 32);
	if (CHECK(start(&t) == 0))
		kinds_are(&t, all);
	bed_deinit(&t);
}

static void test_huge(void)
{
	huge_is(PAGES_OLD_USES PAGES_DTOR, 0xffffffff, 0, 0x0402, HUGE);
	huge_is(PAGES_OLD_USES PAGES_FOLIO, 0xffffffff, 0, 0x0402, HUGE);
	huge_is(PAGES_OLD_USES "NUMBER(PG_hugetlb)=8\n", 0xffffffff, 0x104, 0, HUGE);
	huge_is(PAGES_NEW_USES, 0xf4000000, 4, 0, HUGE);
	/* Another destructor, no flag, another type. */
	huge_is(PAGES_OLD_USES PAGES_DTOR, 0xffffffff, 0, 0x0401, "-----------------");
	huge_is(PAGES_OLD_USES "NUMBER(PG_hugetlb)=8\n", 0xffffffff, 4, 0, "-----------------");
	huge_is(PAGES_NEW_USES, 0xf8000000, 4, 0, "-----------------");
	/* An order that cannot be, or that it is not aligned to. */
	huge_is(PAGES_NEW_USES, 0xf4000000, 6, 0, "-----------------");
	huge_is(PAGES_NEW_USES, 0xf4000000, 0xff, 0, "-----------------");
}

/* All of a huge page that says it is broken, as nobody knows which part is. */
static void test_huge_poisoned(void)
{
	struct bed t;

	bed_init(&t, PAGES_NEW_USES);
	huge(&t, 0xf4000000, 4, 0);
	kx_put_le64(pages_page(&t.f, 32), PAGES_HEAD | PAGES_POISON);
	if (CHECK(start(&t) == 0))
		run_is(&t, 32, 768, KX_PAGE_POISONED, 48);
	bed_deinit(&t);
}

/*
 * A page of 256 MiB: of its struct pages the core has the first ones, and those of the
 * window behind the first, which look like a first page's.
 */
static void test_gigantic(void)
{
	const char *info = PAGES_NEW_USES, *at = strstr(info, "BITS)=20");
	const uint64_t far = PAGES_FILE_MAP + 4 * 0x1000;
	struct kx_pages other;
	char text[2048];
	struct bed t;

	snprintf(text, sizeof(text), "%.*sBITS)=27%s", (int)(at - info), info, at + 8);
	memset(&t, 0, sizeof(t));
	pages_core(&t.f, text);
	/* The PT_LOAD of the struct pages: four pages of it, and four behind 2 MiB. */
	forge_to(&t.f, far + 4 * 0x1000);
	kx_put_le16(t.f.p + 56, 4);
	kx_put_le64(t.f.p + 64 + 2 * 56 + 32, 4 * 0x1000);
	kx_put_le64(t.f.p + 64 + 2 * 56 + 40, 4 * 0x1000);
	memmove(t.f.p + 64 + 3 * 56, t.f.p + 64 + 2 * 56, 56);
	kx_put_le64(t.f.p + 64 + 3 * 56 + 8, far);
	kx_put_le64(t.f.p + 64 + 3 * 56 + 16, PAGES_MAP + 0x200000);
	kx_put_le64(t.f.p + 64 + 3 * 56 + 24, 0x300000);
	kx_arena_init(&t.a);
	pages_use(&t.f, 0, PAGES_HEAD, 0);
	kx_put_le32(pages_page(&t.f, 0) + 48, 0xf4000000);
	pages_tails(&t.f, 0, 256);
	kx_put_le64(pages_page(&t.f, 1), 16);
	memmove(t.f.p + far, t.f.p + PAGES_FILE_MAP, 0x1000);
	if (CHECK(start(&t) == 0)) {
		run_is(&t, 0x8000, 0x9000, KX_PAGE_USER, 0x8100);
		run_is(&t, 0x8100, 0x9000, KX_PAGE_KEPT, 0x9000);
		CHECK_EQ_U64(t.pages.missing, 0xf00);
		run_is(&t, 0, 0x9000, KX_PAGE_USER, 256);
		/* Another thread begins in the middle, and counts for itself. */
		if (CHECK(kx_pages_fork(&t.pages, &t.va, &t.a, &other, &t.err) == 0)) {
			struct kx_page_run run = { .end = 0 };

			CHECK(kx_pages_next(&other, 0x8080 << 12, 0x9000 << 12, &run, &t.err) == 0);
			CHECK_EQ_U64(run.kind, KX_PAGE_USER);
			CHECK_EQ_U64(run.end >> 12, 0x8100);
			CHECK_EQ_U64(other.missing, 0);
			CHECK(other.kind != t.pages.kind && other.buf != t.pages.buf);
		}
		/* The first one is no longer so large. */
		kx_put_le64(pages_page(&t.f, 1), 14);
		t.pages.start = t.pages.end = 0;
		run_is(&t, 0x8000, 0x9000, KX_PAGE_KEPT, 0x9000);
	}
	bed_deinit(&t);
}

/* A kind that needs a line that is not there is kept, and said. */
static void test_doubts(void)
{
	static const struct {
		const char *info;
		const char *doubt[KX_PAGES_DOUBTS + 1];
	} rows[] = {
		{ PAGES_INFO("-129"), {
			"pages of files and processes are kept: VMCOREINFO: expected OFFSET(page.flags),"
			" have no such line",
			"huge pages are kept: VMCOREINFO: expected OFFSET(page.flags), have no such line",
			"pages of broken memory look like others: VMCOREINFO: expected"
			" OFFSET(page.flags), have no such line",
			"pages that are offline look like others: VMCOREINFO: expected"
			" NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE), have no such line" } },
		{ PAGES_OLD_USES, {
			"huge pages are kept: VMCOREINFO: expected NUMBER(HUGETLB_PAGE_DTOR), have no"
			" such line" } },
		{ PAGES_OLD_USES "NUMBER(HUGETLB_PAGE_DTOR)=2\nOFFSET(folio._folio_order)=63\n", {
			"huge pages are kept: VMCOREINFO: OFFSET(folio._folio_order): expected at least"
			" 64, have 63" } },
		{ PAGES_INFO("-268435456") PAGES_USES "OFFSET(page.compound_head)=60\n"
		  "NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-201326592\n"
		  "NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-251658240\n", {
			"pages of files and processes are kept: VMCOREINFO: OFFSET(page.compound_head):"
			" expected 8 bytes inside 64, have 60",
			"pages that are not accepted look like others: VMCOREINFO: expected"
			" NUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE), have no such line" } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bed t;

		bed_init(&t, rows[i].info);
		pages_use(&t.f, 0, PAGES_LRU, 1);
		pages_free(&t.f, 1, i == 3 ? NEW : PAGES_OLD, 0);
		if (CHECK(start(&t) == 0)) {
			for (size_t k = 0; rows[i].doubt[k] || t.pages.doubt[k]; k++)
				CHECK_STR(t.pages.doubt[k] ? t.pages.doubt[k] : "",
					  rows[i].doubt[k] ? rows[i].doubt[k] : "");
			kinds_are(&t, i == 0 || i == 3 ? "-f" : "uf");
		}
		bed_deinit(&t);
	}
}

static void test_levels(void)
{
	static const unsigned int levels[] = { 0, 1, 2, 4, 8, 16, 31 };
	static const char *const rows[] = {
		[KX_PAGE_KEPT] = "-------", [KX_PAGE_FREE] = "-----xx",
		[KX_PAGE_CACHE] = "--xx--x", [KX_PAGE_CACHE_PRIVATE] = "---x--x",
		[KX_PAGE_USER] = "----x-x", [KX_PAGE_UNACCEPTED] = "-----xx",
		[KX_PAGE_OFFLINE] = "xxxxxxx", [KX_PAGE_POISONED] = "xxxxxxx",
	};

	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
		for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
			CHECK(kx_page_dropped((enum kx_page_kind)k, levels[i]) == (rows[k][i] == 'x'));
}

TEST_MAIN({ "free blocks, to 6.11", test_old },
	  { "free blocks, since 6.12", test_new },
	  { "other types are kept", test_types },
	  { "impossible blocks are kept", test_odd },
	  { "what the core has not is kept", test_missing },
	  { "VMCOREINFO, line by line", test_vmcoreinfo },
	  { "section size by default", test_default },
	  { "files, processes, slab: to 6.9", test_uses_old },
	  { "files, processes, slab: since 6.12", test_uses_new },
	  { "huge pages of all times", test_huge },
	  { "broken huge pages", test_huge_poisoned },
	  { "a page of more than a window, and a second thread", test_gigantic },
	  { "doubts", test_doubts },
	  { "levels", test_levels })
