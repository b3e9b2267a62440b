/* SPDX-License-Identifier: GPL-2.0-only */
/* kexec/lib/initrd-size.c: each container's word about its size, and lies. */
#include <stdio.h>

#include "forge.h"
#include "kx/initrd-size.h"
#include "test.h"

/* One member of an archive, its file @size bytes of 'x'. */
static void member(struct forge *f, const char *name, uint32_t size)
{
	char head[111];

	snprintf(head, sizeof(head), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		 1, 0x81a4, 0, 0, 1, 0, size, 0, 0, 0, 0, (unsigned int)strlen(name) + 1, 0);
	forge_put(f, head, 110);
	forge_put(f, name, strlen(name) + 1);
	while (f->len % 4)
		forge_put(f, "", 1);
	memset(forge_room(f, size), 'x', size);
	while (f->len % 4)
		forge_put(f, "", 1);
}

static void sized(struct forge *f, uint64_t bytes, bool exact)
{
	struct kx_initrd_size s = kx_initrd_unpacked((struct kx_bytes){ f->p, f->len });

	CHECK_EQ_U64(s.bytes, bytes);
	CHECK(s.exact == exact);
}

static void test_cpio(void)
{
	struct forge f = FORGE_NONE;

	sized(&f, 0, true);
	member(&f, "init", 1001);
	member(&f, "TRAILER!!!", 0);
	sized(&f, 1001, true);
	/* zeros, and another one behind them */
	memset(forge_room(&f, 512), 0, 512);
	member(&f, "bin/sh", 4096);
	member(&f, "TRAILER!!!", 0);
	sized(&f, 5097, true);
	/* the microcode in front of what is packed, and its 20 bytes */
	forge_put(&f, "\x1f\x8b\x08 0123456 12345", 16);
	forge_put(&f, "\0\0\x20\0", 4);
	sized(&f, 5097 + 0x200000, true);
	forge_free(&f);
}

static void test_packed(void)
{
	static const struct {
		const char *bytes;
		size_t len;
		uint64_t size;
		bool exact;
	} rows[] = {
		/* gzip that is shorter than its header and trailer, and whose size cannot be */
		{ "\x1f\x8b\x08\0\0\0\0\0", 8, 24, false },
		{ "\x1f\x8b\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0", 20, 60, false },
		/* zstd: one byte, two and 256, four, eight; none; cut off */
		{ "\x28\xb5\x2f\xfd\x20\x07", 6, 7, true },
		{ "\x28\xb5\x2f\xfd\x40\0\x01\0", 8, 257, true },
		{ "\x28\xb5\x2f\xfd\x80\0\0\0\x10\0", 10, 0x100000, true },
		{ "\x28\xb5\x2f\xfd\xe1\0\xff\xff\xff\xff\xff\xff\xff\xff", 14, UINT64_MAX, true },
		{ "\x28\xb5\x2f\xfd\0\0\0\0", 8, 24, false },
		{ "\x28\xb5\x2f\xfd\xc0\0\1", 7, 21, false },
		{ "\x28\xb5\x2f\xfd", 4, 12, false },
		/* lz4: one whole block and one more, one that reaches beyond the end */
		{ "\x02\x21\x4c\x18\2\0\0\0ab\1\0\0\0c", 15, (8 << 20) + 15, false },
		{ "\x02\x21\x4c\x18\xff\xff\xff\xff" "ab", 10, 18, false },
		{ "\xfd" "7zXZ\0..", 8, 32, false },
		{ "unknown.", 8, 24, false },
		/* archives that end too soon, or have other digits */
		{ "070701", 6, 18, false },
		{ "0707010000000100000001", 22, 66, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct forge f = FORGE_NONE;

		forge_put(&f, rows[i].bytes, rows[i].len);
		sized(&f, rows[i].size, rows[i].exact);
		forge_free(&f);
	}
}

/* A member that claims more than there is, and one whose length is no number. */
static void test_lies(void)
{
	static const struct { size_t at; const char *digits; } lies[] = {
		{ 54, "ffffffff" }, { 94, "ffffffff" }, { 54, "0000000z" }, { 94, "0000007f" },
	};

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct forge f = FORGE_NONE;

		member(&f, "init", 8);
		memcpy(f.p + lies[i].at, lies[i].digits, 8);
		sized(&f, 3 * f.len, false);
		forge_free(&f);
	}
}

TEST_MAIN({ "archives, one behind the other", test_cpio },
	  { "what is packed says how large it is, or does not", test_packed },
	  { "lies are no archive", test_lies })
