/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sys/pinned.c: what an entry of /proc/self/pagemap says, and a page that stays
 * where it is, as far as the user who runs this may know that.
 */
#include <errno.h>
#include <unistd.h>

#include "kx/sys.h"
#include "test.h"

static void test_parse(void)
{
	static const struct {
		uint64_t entry, page_size;
		int code;
		uint64_t pa;
		const char *error;
	} rows[] = {
		{ 1ULL << 63 | 1ULL << 55 | 0x12345, 4096, 0, 0x12345000, "" },
		{ 1ULL << 63 | 1ULL << 61 | ((1ULL << 40) - 1), 4096, 0, 0xffffffffff000, "" },
		{ 1ULL << 63 | 2, 65536, 0, 0x20000, "" },
		/* Linux hides the number from who may not know it. */
		{ 1ULL << 63, 4096, EPERM, 0,
		  "/proc/self/pagemap: shows no addresses: the capability CAP_SYS_ADMIN is missing" },
		{ 1ULL << 62 | 0x1234, 4096, EFAULT, 0,
		  "/proc/self/pagemap: expected a page in memory, have 0x4000000000001234" },
		{ 0, 4096, EFAULT, 0, "/proc/self/pagemap: expected a page in memory, have 0x0" },
		{ UINT64_MAX, 65536, ERANGE, 0,
		  "/proc/self/pagemap: no page has the number 0x7fffffffffffff" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kx_err err = { .text = "" };
		uint64_t pa = 0;
		int r = kx_pagemap_parse(rows[i].entry, rows[i].page_size, &pa, &err);

		CHECK_EQ_U64((uint64_t)-r, (uint64_t)rows[i].code);
		CHECK_EQ_U64(pa, rows[i].pa);
		CHECK_STR(err.text, rows[i].error);
	}
}

static size_t open_files(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 64; fd++)
		n += dup2(fd, fd) == fd;
	return n;
}

static void test_page(void)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct kx_pinned p = { .pipe = { -1, -1 } };
	struct kx_err err = { .code = 0 };
	size_t before = open_files();
	int r = kx_pinned_init(page, &p, &err);

	if (r < 0) {
		/* An ordinary user: nothing is left, and the reason is clear. */
		CHECK(r == -EPERM || r == -ENOENT || r == -EACCES || r == -ENOMEM || r == -EAGAIN);
		CHECK(strstr(err.text, "CAP_SYS_ADMIN") || strstr(err.text, "pagemap: ") ||
		      strstr(err.text, "no memory for a page"));
		CHECK(!p.page);
	} else {
		CHECK(p.page && p.pa && p.pa % page == 0);
		for (uint64_t i = 0; i < page / 8; i++)
			CHECK(p.page[i] == 0);
		p.page[0] = 1;
		CHECK(kx_pinned_check(&p, &err) == 0);
		p.pa += page;
		CHECK_EQ_U64((uint64_t)-kx_pinned_check(&p, &err), ESTALE);
		CHECK(strstr(err.text, "the page for the result was moved: it was at 0x"));
	}
	kx_pinned_deinit(&p);
	CHECK_EQ_U64(open_files(), before);
	kx_pinned_deinit(&p);
}

TEST_MAIN({ "an entry of the page map", test_parse }, { "a page that stays", test_page })
