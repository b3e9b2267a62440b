/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * U-Boot's images (kexec/container/uimage.c): every compression, and for every check
 * one damaged file with its message.
 */
#include "container-test.h"

static void test_uimage(void)
{
	struct forge f = FORGE_NONE, packed = FORGE_NONE;

	forge_uimage(&f, 0, text_bytes("the kernel"));
	check_kernel(&f, text_bytes("the kernel"), "uImage");

	/* "noload", and the rest of a partition. */
	forge_uimage(&f, 0, text_bytes("the kernel"));
	f.p[30] = 14;
	forge_uimage_crc(f.p);
	forge_str(&f, "old bytes");
	check_kernel(&f, text_bytes("the kernel"), "uImage");

	forge_gzip(&packed, text_bytes("the kernel"));
	forge_uimage(&f, 1, forge_bytes(&packed));
	check_kernel(&f, text_bytes("the kernel"), "uImage gzip");
	/* Packed, and U-Boot is not told: Image.gz in a "none" uImage. */
	forge_uimage(&f, 0, forge_bytes(&packed));
	check_kernel(&f, text_bytes("the kernel"), "uImage gzip");
	forge_free(&packed);

	forge_lzma(&packed, text_bytes("the kernel"));
	forge_uimage(&f, 3, forge_bytes(&packed));
	check_kernel(&f, text_bytes("the kernel"), "uImage lzma");
	forge_free(&packed);

	forge_lz4(&packed, text_bytes("the kernel"), 1);
	forge_uimage(&f, 5, forge_bytes(&packed));
	check_kernel(&f, text_bytes("the kernel"), "uImage lz4");
	forge_free(&packed);

	forge_zstd(&packed, text_bytes("the kernel"), 1);
	forge_uimage(&f, 6, forge_bytes(&packed));
	check_kernel(&f, text_bytes("the kernel"), "uImage zstd");
	forge_free(&packed);
}

/* A uImage whose byte at @off is @value, with the header's CRC made to fit. */
static void changed_uimage(struct forge *f, size_t off, uint8_t value)
{
	forge_uimage(f, 0, text_bytes("the kernel"));
	f->p[off] = value;
	forge_uimage_crc(f->p);
}

static void test_uimage_damage(void)
{
	struct forge f = FORGE_NONE;

	forge_uimage(&f, 0, text_bytes("the kernel"));
	f.len = 63;
	check_refused(&f, ENOEXEC, "uImage: header: expected 0x40 bytes, have 0x3f");

	forge_uimage(&f, 0, text_bytes("the kernel"));
	forge_be32_at(f.p + 4, 0x12345678);
	check_refused(&f, EBADMSG,
		      "uImage: header checksum: expected 0x12345678, have 0x2a0173f5");

	forge_uimage(&f, 0, text_bytes("the kernel"));
	f.p[64] = 'T';
	check_refused(&f, EBADMSG,
		      "uImage: data checksum: expected 0x4035c263, have 0xf68c1b3");

	forge_uimage(&f, 0, text_bytes("the kernel"));
	f.len--;
	check_refused(&f, ENOEXEC,
		      "uImage: data: expected 0xa bytes behind the header, have 0x9");

	changed_uimage(&f, 12, 0xff);
	check_refused(&f, ENOEXEC,
		      "uImage: data: expected 0xff00000a bytes behind the header, have 0xa");

	changed_uimage(&f, 28, 17);
	check_refused(&f, EOPNOTSUPP, "uImage: operating system: expected 5 (Linux), have 17");

	changed_uimage(&f, 30, 4);
	check_refused(&f, EOPNOTSUPP, "uImage: type: images of several files are not supported");

	changed_uimage(&f, 30, 3);
	check_refused(&f, ENOEXEC, "uImage: type: expected 2 or 14 (kernel), have 3");

	changed_uimage(&f, 31, 2);
	check_refused(&f, EOPNOTSUPP, "uImage: compression: bzip2 is not supported");

	changed_uimage(&f, 31, 4);
	check_refused(&f, EOPNOTSUPP, "uImage: compression: lzo is not supported");

	changed_uimage(&f, 31, 7);
	check_refused(&f, EOPNOTSUPP, "uImage: compression: expected at most 6, have 7");

	changed_uimage(&f, 31, 1);
	check_refused(&f, ENOEXEC,
		      "uImage: data: expected gzip data, it does not start like that");
}

TEST_MAIN(
	{ "uImage: every compression", test_uimage },
	{ "uImage: damage", test_uimage_damage })
