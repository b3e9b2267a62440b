// SPDX-License-Identifier: GPL-2.0-only
/* kexec/lib/core-pages.c: free pages, and everything that may be wrong with them. */
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

TEST_MAIN({ "free blocks, to 6.11", test_old },
	  { "free blocks, since 6.12", test_new },
	  { "other types are kept", test_types },
	  { "impossible blocks are kept", test_odd },
	  { "what the core has not is kept", test_missing },
	  { "VMCOREINFO, line by line", test_vmcoreinfo },
	  { "section size by default", test_default })
