/* SPDX-License-Identifier: GPL-2.0-only */
/* kdump/initrd.c: archives, packed or not, and what is damaged in one. */
#include <errno.h>

#include "../../kdump/initrd.h"
#include "cpio-forge.h"
#include "test.h"

#define MARK	"PACKED--"	/* 8 bytes: what follows is aligned */

/* What a container does: here, whatever stands behind a mark. */
static int unpack(struct kx_bytes b, struct kx_arena *a, struct kx_bytes *ret, struct kx_err *err)
{
	(void)a;
	if (!kx_bytes_starts(b, MARK, strlen(MARK)))
		return kx_err_set(err, ENOEXEC, "not packed either");
	*ret = (struct kx_bytes){ b.data + strlen(MARK), b.len - strlen(MARK) };
	return 0;
}

static int read_it(struct forge *f, struct kx_arena *a, struct initrd *in, struct kx_err *err)
{
	*err = (struct kx_err){ 0 };
	return initrd_read(forge_bytes(f), unpack, a, in, err);
}

static void archive(struct forge *f)
{
	forge_cpio(f, ".", 040755, KX_BYTES_NONE);
	forge_cpio(f, "./init", 0100755, (struct kx_bytes){ (const uint8_t *)"#!/bin/sh\n", 10 });
	forge_cpio(f, "usr/lib/modules/6.1/kernel/fs/ext4.ko.xz", 0100644,
		   (struct kx_bytes){ (const uint8_t *)"0123", 4 });
	forge_cpio(f, "/lib/virtio-blk.ko", 0100644, KX_BYTES_NONE);
	forge_cpio(f, "TRAILER!!!", 0, KX_BYTES_NONE);
}

static void test_archives(void)
{
	struct forge f = FORGE_NONE;
	struct kx_arena a;
	struct initrd in;
	struct kx_err err;

	kx_arena_init(&a);
	/* Microcode, zeros up to a sector, what is packed. */
	forge_cpio(&f, "kernel/x86/microcode/GenuineIntel.bin", 0100644,
		   (struct kx_bytes){ (const uint8_t *)"abc", 3 });
	forge_cpio(&f, "TRAILER!!!", 0, KX_BYTES_NONE);
	while (f.len % 512)
		forge_put(&f, "", 1);
	forge_put(&f, MARK, strlen(MARK));
	archive(&f);
	if (!CHECK(read_it(&f, &a, &in, &err) == 0)) {
		printf("# %s\n", err.text);
		return;
	}
	CHECK_EQ_U64(in.count, 5);
	/* Five files, of which three have a page of data. */
	CHECK_EQ_U64(in.unpacked, 5 * 1024 + 3 * 4096);
	CHECK(initrd_find(&in, "init") && initrd_find(&in, "GenuineIntel.bin"));
	CHECK(!initrd_find(&in, "ini") && !initrd_find(&in, "kernel"));
	CHECK(initrd_module(&in, "ext4") && initrd_module(&in, "virtio_blk"));
	CHECK(!initrd_module(&in, "ext") && !initrd_module(&in, "virtio"));
	forge_free(&f);
	kx_arena_deinit(&a);
}

static const struct {
	size_t at;
	const char *bytes, *want;
} bad[] = {
	{ 0, "0707x1", "not packed either" },
	{ 54, "zz", "offset 0x0: cpio header: expected hexadecimal digits" },
	{ 94, "00000000", "offset 0x0: namesize: expected 1 to 4096 bytes that are there, have 0" },
	{ 94, "00001001", "offset 0x0: namesize: expected 1 to 4096 bytes that are there, have 4097" },
	{ 94, "00000003", "offset 0x0: expected a NUL behind the name" },
	{ 54, "ffffffff", "offset 0x0: filesize: expected at most what is there, have 0xffffffff" },
	{ 112, "07", "offset 0x70: expected a cpio header of 110 bytes (070701), have something else" },
};

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct forge f = FORGE_NONE;
		struct kx_arena a;
		struct initrd in = { .count = 77 };
		struct kx_err err;

		kx_arena_init(&a);
		archive(&f);
		memcpy(f.p + bad[i].at, bad[i].bytes, strlen(bad[i].bytes));
		if (bad[i].at == 112)	/* the second header */
			memcpy(f.p + 112, "xxxxxx", 6);
		CHECK(read_it(&f, &a, &in, &err) == -ENOEXEC);
		CHECK_STR(err.text, bad[i].want);
		CHECK_EQ_U64(in.count, 77);
		forge_free(&f);
		kx_arena_deinit(&a);
	}
}

/* Every length: a cut-off archive has no trailer, and nothing reads past it. */
static void test_cut(void)
{
	struct forge f = FORGE_NONE;
	size_t whole;

	archive(&f);
	whole = f.len;
	for (size_t len = 1; len < whole - 3; len++) {
		uint8_t *copy = malloc(len);
		struct forge part = { .p = copy, .len = len };
		struct kx_arena a;
		struct initrd in;
		struct kx_err err;

		kx_arena_init(&a);
		memcpy(copy, f.p, len);
		CHECK(read_it(&part, &a, &in, &err) == -ENOEXEC);
		kx_arena_deinit(&a);
		free(copy);
	}
	forge_free(&f);
}

static void test_packed_twice(void)
{
	struct forge f = FORGE_NONE;
	struct kx_arena a;
	struct initrd in;
	struct kx_err err;

	kx_arena_init(&a);
	forge_put(&f, MARK MARK, 2 * strlen(MARK));
	CHECK(read_it(&f, &a, &in, &err) == -ENOEXEC);
	CHECK_STR(err.text, "expected a cpio archive inside what is packed, have something else");
	forge_free(&f);
	kx_arena_deinit(&a);
}

TEST_MAIN({ "archives", test_archives }, { "what is damaged", test_bad },
	  { "what is cut off", test_cut }, { "packed twice", test_packed_twice })
