/* SPDX-License-Identifier: GPL-2.0-only */
/* kexec/lib/number.c: what is a number, what is not, and what people are told. */
#include <errno.h>

#include "kx/number.h"
#include "test.h"

struct row {
	const char *text;
	int base;
	int code;		/* 0: fine */
	uint64_t value;
	const char *message;
};

static const struct row numbers[] = {
	{ "0", 0, 0, 0, NULL },
	{ "42", 0, 0, 42, NULL },
	{ "0x1F", 0, 0, 31, NULL },
	{ "0Xff", 0, 0, 255, NULL },
	{ "017", 0, 0, 15, NULL },
	{ "00", 0, 0, 0, NULL },
	{ "ff", 16, 0, 255, NULL },
	{ "0xff", 16, 0, 255, NULL },
	{ "017", 10, 0, 17, NULL },
	{ "0xffffffffffffffff", 0, 0, UINT64_MAX, NULL },
	{ "18446744073709551615", 0, 0, UINT64_MAX, NULL },
	{ "18446744073709551616", 0, ERANGE, 0,
	  "expected a number below 2^64, have '18446744073709551616'" },
	{ "0x10000000000000000", 0, ERANGE, 0,
	  "expected a number below 2^64, have '0x10000000000000000'" },
	{ "", 0, EINVAL, 0, "expected a number, have ''" },
	{ "foo", 0, EINVAL, 0, "expected a number, have 'foo'" },
	{ "0x", 0, EINVAL, 0, "expected a number, have '0x'" },
	{ "0xg", 0, EINVAL, 0, "expected a number, have '0xg'" },
	{ "0x1", 10, EINVAL, 0, "expected a number, have '0x1'" },
	{ "08", 0, EINVAL, 0, "expected a number, have '08'" },
	{ "-1", 0, EINVAL, 0, "expected a number, have '-1'" },
	{ "+1", 0, EINVAL, 0, "expected a number, have '+1'" },
	{ " 1", 0, EINVAL, 0, "expected a number, have ' 1'" },
	{ "1 ", 0, EINVAL, 0, "expected a number, have '1 '" },
	{ "1M", 0, EINVAL, 0, "expected a number, have '1M'" },
	{ "fg", 16, EINVAL, 0, "expected a number, have 'fg'" },
};

static const struct row sizes[] = {
	{ "512", 0, 0, 512, NULL },
	{ "1k", 0, 0, 1024, NULL },
	{ "2K", 0, 0, 2048, NULL },
	{ "0x10M", 0, 0, 0x1000000, NULL },
	{ "3g", 0, 0, 0xc0000000, NULL },
	{ "1T", 0, 0, 1ULL << 40, NULL },
	{ "16777215T", 0, 0, 0xffffff0000000000, NULL },
	{ "16777216T", 0, ERANGE, 0, "expected a size below 2^64, have '16777216T'" },
	{ "M", 0, EINVAL, 0, "expected a size, have 'M'" },
	{ "1MB", 0, EINVAL, 0, "expected a size, have '1MB'" },
	{ "1X", 0, EINVAL, 0, "expected a size, have '1X'" },
	{ "", 0, EINVAL, 0, "expected a size, have ''" },
};

static void check_row(const struct row *row, int r, uint64_t v, const struct kx_err *err)
{
	if (!CHECK(r == -row->code))
		printf("# '%s': returned %d\n", row->text, r);
	CHECK_EQ_U64(v, row->code ? 77 : row->value);
	if (row->code)
		CHECK_STR(err->text, row->message);
}

static void test_numbers(void)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct kx_err err;
		uint64_t v = 77;
		int r = kx_number_parse(numbers[i].text, numbers[i].base, &v, &err);

		check_row(&numbers[i], r, v, &err);
	}
}

static void test_sizes(void)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct kx_err err;
		uint64_t v = 77;
		int r = kx_size_parse(sizes[i].text, &v, &err);

		check_row(&sizes[i], r, v, &err);
	}
}

TEST_MAIN({ "numbers", test_numbers }, { "sizes", test_sizes })
