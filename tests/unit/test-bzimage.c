/* SPDX-License-Identifier: GPL-2.0-only */
/* kexec/format/bzimage.c: the header of every protocol, and its faults. */
#include <errno.h>

#include "format-test.h"

#define SETUP_LEN	(3 * 512)
#define KERNEL_LEN	0x1000
#define FILE_LEN	(SETUP_LEN + KERNEL_LEN + 8)	/* 8: a "signature" */

static void build(uint8_t *f)
{
	memset(f, 0x5a, FILE_LEN);
	memset(f, 0, SETUP_LEN);
	put(f + 0x1f1, 1, 2);
	put(f + 0x1f4, 4, KERNEL_LEN / 16);
	put(f + 0x1fe, 2, 0xaa55);
	put(f + 0x200, 2, 0x6aeb);
	memcpy(f + 0x202, "HdrS", 4);
	put(f + 0x206, 2, 0x020f);
	put(f + 0x211, 1, 0x81);
	put(f + 0x22c, 4, 0x7fffffff);
	put(f + 0x230, 4, 0x200000);
	put(f + 0x234, 1, 1);
	put(f + 0x236, 2, 0x7f);
	put(f + 0x238, 4, 2047);
	put(f + 0x258, 8, 0x1000000);
	put(f + 0x260, 4, 0x3000000);
}

static int parse(const uint8_t *f, size_t len, struct kx_image *ret)
{
	return kx_image_parse((struct kx_bytes){ f, len }, NULL, ret, NULL);
}

static void test_sound(void)
{
	uint8_t f[FILE_LEN];
	struct kx_image image;
	const struct kx_bzimage *z = &image.bzimage;

	build(f);
	if (!CHECK(parse(f, sizeof(f), &image) == 0))
		return;
	CHECK(image.format->id == KX_FORMAT_BZIMAGE);
	CHECK_STR(image.format->type_names[0], "bzImage64");
	CHECK_STR(image.format->type_names[1], "bzImage");
	CHECK(image.machine == KX_MACHINE_X86_64);
	CHECK(image.bytes.data == f && image.bytes.len == FILE_LEN);
	CHECK(z->setup.data == f && z->setup.len == SETUP_LEN);
	CHECK(z->kernel.data == f + SETUP_LEN && z->kernel.len == KERNEL_LEN);
	CHECK_EQ_U64(z->version, 0x20f);
	CHECK_EQ_U64(z->loadflags, 0x81);
	CHECK_EQ_U64(z->xloadflags, 0x7f);
	CHECK_EQ_U64(z->kernel_alignment, 0x200000);
	CHECK(z->relocatable);
	CHECK_EQ_U64(z->pref_address, 0x1000000);
	CHECK_EQ_U64(z->init_size, 0x3000000);
	CHECK_EQ_U64(z->cmdline_size, 2047);
	CHECK_EQ_U64(z->initrd_addr_max, 0x7fffffff);
}

/* Fields that a protocol does not have yet hold garbage. */
static void test_old_protocols(void)
{
	uint8_t f[FILE_LEN];
	struct kx_image image;

	build(f);
	put(f + 0x206, 2, 0x020b);
	CHECK(parse(f, sizeof(f), &image) == 0);
	CHECK_EQ_U64(image.bzimage.xloadflags, 0);
	CHECK_EQ_U64(image.bzimage.init_size, 0x3000000);

	put(f + 0x206, 2, 0x0209);
	put(f + 0x201, 1, 0x3a);
	put(f + 0x260, 4, 0);
	CHECK(parse(f, sizeof(f), &image) == 0);
	CHECK_EQ_U64(image.bzimage.pref_address, 0x100000);
	CHECK_EQ_U64(image.bzimage.init_size, 8 * KERNEL_LEN);
	CHECK_EQ_U64(image.bzimage.cmdline_size, 2047);
}

static void test_default_setup_sects(void)
{
	uint8_t f[FILE_LEN];
	struct kx_image image;

	build(f);
	put(f + 0x1f1, 1, 0);
	put(f + 0x1f4, 4, 0x100 - 2 * 512 / 16);
	CHECK(parse(f, sizeof(f), &image) == 0);
	CHECK_EQ_U64(image.bzimage.setup.len, 5 * 512);
	CHECK_EQ_U64(image.bzimage.kernel.len, KERNEL_LEN - 2 * 512);
}

static const struct bad_row bad[] = {
	{ "header cut", 0, 0, 0, 0x211, ENOEXEC,
	  "bzImage: header: expected at least 0x212 bytes, have 0x211" },
	{ "boot_flag", 0x1fe, 2, 0, 0, ENOEXEC, "bzImage: boot_flag: expected 0xaa55, have 0x0" },
	{ "old protocol", 0x206, 2, 0x0205, 0, EOPNOTSUPP,
	  "bzImage: boot protocol: expected at least 2.06 (Linux 2.6.22), have 2.05" },
	{ "zImage", 0x211, 1, 0x80, 0, EOPNOTSUPP,
	  "bzImage: loadflags: expected bit 0 (LOADED_HIGH), have 0x80: a zImage, which must run "
	  "below 640 KiB" },
	{ "short header", 0x201, 1, 0x61, 0, ENOEXEC,
	  "bzImage: header: protocol 2.15: expected an end at 0x264 or above, have 0x263" },
	{ "syssize 0", 0x1f4, 4, 0, 0, ENOEXEC, "bzImage: syssize: expected at least 1, have 0" },
	{ "setup cut", 0, 0, 0, SETUP_LEN - 1, ENOEXEC,
	  "bzImage: file: expected at least 0x1600 bytes (setup 0x600, kernel 0x1000), have 0x5ff" },
	{ "kernel cut", 0, 0, 0, SETUP_LEN + KERNEL_LEN - 1, ENOEXEC,
	  "bzImage: file: expected at least 0x1600 bytes (setup 0x600, kernel 0x1000), have 0x15ff" },
	{ "syssize huge", 0x1f4, 4, 0xffffffff, 0, ENOEXEC,
	  "bzImage: file: expected at least 0x10000005f0 bytes (setup 0x600, kernel 0xffffffff0), "
	  "have 0x1608" },
	{ "alignment 0", 0x230, 4, 0, 0, ENOEXEC,
	  "bzImage: kernel_alignment: expected a power of two, have 0x0" },
	{ "alignment odd", 0x230, 4, 0x300000, 0, ENOEXEC,
	  "bzImage: kernel_alignment: expected a power of two, have 0x300000" },
	{ "cmdline_size", 0x238, 4, 0, 0, ENOEXEC,
	  "bzImage: cmdline_size: expected at least 1, have 0" },
	{ "init_size", 0x260, 4, 0xfff, 0, ENOEXEC,
	  "bzImage: init_size: expected at least 0x1000 (the packed kernel), have 0xfff" },
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
	check_mangled(f, sizeof(f), 0x268);
}

TEST_MAIN({ "sound", test_sound },
	  { "old protocols", test_old_protocols },
	  { "setup_sects 0 means 4", test_default_setup_sects },
	  { "bad input", test_bad },
	  { "mangled", test_mangled })
