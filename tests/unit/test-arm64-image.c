/* SPDX-License-Identifier: GPL-2.0-only */
/* kexec/format/arm64-image.c: the 64-byte header, old and new, and its faults. */
#include <errno.h>

#include "format-test.h"

#define FILE_LEN	0x3000
#define PE		0x40
#define SECTIONS	(PE + 24 + 0xa0)

/* An Image as an EFI stub kernel has it: "MZ", PE header, two sections. */
static void build(uint8_t *f)
{
	memset(f, 0x5a, FILE_LEN);
	memset(f, 0, 0x400);
	memcpy(f, "MZ", 2);
	put(f + 16, 8, 0x20000);
	put(f + 24, 8, 0xa);
	memcpy(f + 56, "ARM\x64", 4);
	put(f + 60, 4, PE);
	memcpy(f + PE, "PE\0\0\x64\xaa", 6);
	put(f + PE + 6, 2, 2);
	put(f + PE + 20, 2, 0xa0);
	put(f + SECTIONS + 16, 4, 0x1000);
	put(f + SECTIONS + 20, 4, 0x1000);
	put(f + SECTIONS + 40 + 16, 4, 0xe00);
	put(f + SECTIONS + 40 + 20, 4, 0x2000);
}

static int parse(const uint8_t *f, size_t len, struct kx_image *ret)
{
	return kx_image_parse((struct kx_bytes){ f, len }, NULL, ret, NULL);
}

static void test_sound(void)
{
	uint8_t f[FILE_LEN];
	struct kx_image image;

	build(f);
	put(f + 8, 8, 0x80000);
	if (!CHECK(parse(f, sizeof(f), &image) == 0))
		return;
	CHECK(image.format->id == KX_FORMAT_ARM64_IMAGE);
	CHECK_STR(image.format->type_names[0], "Image");
	CHECK(image.machine == KX_MACHINE_ARM64);
	CHECK(image.bytes.data == f && image.bytes.len == FILE_LEN);
	CHECK_EQ_U64(image.arm64.text_offset, 0x80000);
	CHECK_EQ_U64(image.arm64.image_size, 0x20000);
	CHECK_EQ_U64(image.arm64.flags, 0xa);
	CHECK(!image.arm64.old_header);
}

static void test_old_header(void)
{
	uint8_t f[FILE_LEN], *big = calloc(1, 0x1000001);
	struct kx_image image;

	/* text_offset of such a kernel may be in either byte order: ignored. */
	build(f);
	put(f + 8, 8, 0x0000080000000000);
	put(f + 16, 8, 0);
	CHECK(parse(f, sizeof(f), &image) == 0);
	CHECK_EQ_U64(image.arm64.text_offset, 0x80000);
	CHECK_EQ_U64(image.arm64.image_size, 0x1000000);
	CHECK(image.arm64.old_header);

	memcpy(big, f, sizeof(f));
	CHECK(parse(big, 0x1000001, &image) == 0);
	CHECK_EQ_U64(image.arm64.image_size, 0x1000001);
	free(big);
}

static void test_padded(void)
{
	uint8_t f[FILE_LEN];
	struct kx_image image;

	build(f);
	put(f + SECTIONS + 40 + 16, 4, 0);
	put(f + 16, 8, 0x2000);
	memset(f + 0x2000, 0, 0x1000);
	CHECK(parse(f, sizeof(f), &image) == 0);
	CHECK_EQ_U64(image.bytes.len, 0x2000);
	put(f + 16, 8, FILE_LEN);
	CHECK(parse(f, sizeof(f), &image) == 0);
	CHECK_EQ_U64(image.bytes.len, FILE_LEN);
}

/* Without an EFI stub there is no PE header to check the length against. */
static void test_no_stub(void)
{
	uint8_t f[64] = { 0 };
	struct kx_image image;

	put(f + 16, 8, 0x20000);
	memcpy(f + 56, "ARM\x64", 4);
	CHECK(parse(f, sizeof(f), &image) == 0);
	memcpy(f, "MZ", 2);
	CHECK(parse(f, sizeof(f), &image) == 0);
}

static const struct bad_row bad[] = {
	{ "header cut", 0, 0, 0, 63, ENOEXEC,
	  "arm64 Image: header: expected at least 64 bytes, have 63" },
	{ "text_offset large", 8, 8, 0x200000, 0, ENOEXEC,
	  "arm64 Image: text_offset: expected a multiple of 0x1000 below 0x200000, have 0x200000" },
	{ "text_offset odd", 8, 8, 0x80010, 0, ENOEXEC,
	  "arm64 Image: text_offset: expected a multiple of 0x1000 below 0x200000, have 0x80010" },
	{ "image_size absurd", 16, 8, 0x40000001, 0, ENOEXEC,
	  "arm64 Image: image_size: expected at most 0x40000000, have 0x40000001" },
	{ "image_size all ones", 16, 8, UINT64_MAX, 0, ENOEXEC,
	  "arm64 Image: image_size: expected at most 0x40000000, have 0xffffffffffffffff" },
	{ "more file than image", 16, 8, 0x2fff, 0, ENOEXEC,
	  "arm64 Image: file: expected at most 0x2fff bytes (image_size), have 0x3000" },
	{ "file cut in a section", 0, 0, 0, 0x2dff, ENOEXEC,
	  "arm64 Image: file: expected at least 0x2e00 bytes (PE section table), have 0x2dff" },
	{ "file cut behind the header", 0, 0, 0, 64, ENOEXEC,
	  "arm64 Image: file: expected at least 0x44 bytes (PE section table), have 0x40" },
	{ "file cut in the PE signature", 0, 0, 0, PE + 3, ENOEXEC,
	  "arm64 Image: file: expected at least 0x44 bytes (PE section table), have 0x43" },
	{ "PE header behind the end", 60, 4, 0xfffffff0, 0, ENOEXEC,
	  "arm64 Image: file: expected at least 0xfffffff4 bytes (PE section table), have 0x3000" },
	{ "file cut in the section table", 0, 0, 0, SECTIONS + 41, ENOEXEC,
	  "arm64 Image: file: expected at least 0x148 bytes (PE section table), have 0x121" },
	{ "more sections than file", PE + 6, 2, 0xffff, 0, ENOEXEC,
	  "arm64 Image: file: expected at least 0x2800d0 bytes (PE section table), have 0x3000" },
	{ "section beyond 4 GiB", SECTIONS + 16, 8, 0xffffffffffffffff, 0, ENOEXEC,
	  "arm64 Image: file: expected at least 0x1fffffffe bytes (PE section table), have 0x3000" },
};

static void test_bad(void)
{
	uint8_t f[FILE_LEN];

	build(f);
	check_bad_rows(f, sizeof(f), bad, sizeof(bad) / sizeof(bad[0]));
}

static void test_mangled(void)
{
	uint8_t f[FILE_LEN];

	build(f);
	check_mangled(f, sizeof(f), SECTIONS + 80);
}

TEST_MAIN({ "sound", test_sound },
	  { "before 3.17", test_old_header },
	  { "padded with zeros", test_padded },
	  { "without EFI stub", test_no_stub },
	  { "bad input", test_bad },
	  { "mangled", test_mangled })
