/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernels that unpack themselves under EFI (kexec/container/zboot.c): every way they
 * are packed, and for every check one damaged file with its message.
 */
#include "container-test.h"

static void test_zboot(void)
{
	static const struct {
		const char *type;
		void (*pack)(struct forge *f, struct kx_bytes in);
		int sized;
	} types[] = {
		{ "gzip", forge_gzip, 0 },
		{ "zstd22", forge_zstd_complete, 1 },
		{ "zstd", forge_zstd_complete, 1 },
		{ "lz4", forge_lz4_legacy, 1 },
		{ "lzma", forge_lzma, 1 },
		{ "xzkern", forge_xz, 1 },
		{ "xz", forge_xz, 1 },
	};
	struct forge kernel = FORGE_NONE;

	forge_arm64_image(&kernel, 50000);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		uint8_t size_word[] = { 50000 & 0xff, 50000 >> 8, 0, 0, 'c', 'o', 'd', 'e' };
		struct forge packed = FORGE_NONE, f = FORGE_NONE;

		/* As the kernel's build does it: the size word is behind the payload. */
		types[i].pack(&packed, forge_bytes(&kernel));
		forge_zboot(&f, types[i].type, forge_bytes(&packed),
			    (struct kx_bytes){ size_word, sizeof(size_word) });
		check_kernel(&f, forge_bytes(&kernel), "vmlinuz");
		/* Counted in, without code behind it. */
		forge_put(&packed, size_word, 4);
		forge_zboot(&f, types[i].type, forge_bytes(&packed), KX_BYTES_NONE);
		check_kernel(&f, forge_bytes(&kernel), "vmlinuz");
		forge_free(&packed);
	}
	forge_free(&kernel);
}

/* The size word is a hint: it may say anything. */
static void test_zboot_size_word(void)
{
	static const uint32_t words[] = { 0, 1, 0x7fffffff, 0xffffffff };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct forge packed = FORGE_NONE, f = FORGE_NONE, tail = FORGE_NONE;

		forge_xz(&packed, text_bytes("kernel"));
		forge_le32(&tail, words[i]);
		forge_zboot(&f, "xzkern", forge_bytes(&packed), forge_bytes(&tail));
		check_kernel(&f, text_bytes("kernel"), "vmlinuz");
		forge_free(&packed);
		forge_free(&tail);
	}
}

/* A signed kernel ends with its signature; the build's padding is cut off. */
static void test_zboot_signed(void)
{
	const struct forge_section text[] = { { ".text", text_bytes("code") } };
	struct forge kernel = FORGE_NONE, packed = FORGE_NONE, f = FORGE_NONE;
	size_t len;

	forge_pe(&kernel, 0xaa64, text, 1);
	kx_put_le32(kernel.p + FORGE_PE_OPT + 112 + 4 * 8, (uint32_t)kernel.len);
	kx_put_le32(kernel.p + FORGE_PE_OPT + 112 + 4 * 8 + 4, 9);
	forge_str(&kernel, "signature");
	len = kernel.len;
	forge_room(&kernel, 5000);

	forge_gzip(&packed, forge_bytes(&kernel));
	forge_zboot(&f, "gzip", forge_bytes(&packed), KX_BYTES_NONE);
	check_kernel(&f, (struct kx_bytes){ kernel.p, len }, "vmlinuz");
	forge_free(&packed);

	/* What is not zero is no padding. */
	kernel.p[kernel.len - 1] = 1;
	forge_gzip(&packed, forge_bytes(&kernel));
	forge_zboot(&f, "gzip", forge_bytes(&packed), KX_BYTES_NONE);
	check_kernel(&f, forge_bytes(&kernel), "vmlinuz");
	forge_free(&packed);

	/* A signature past the end. */
	kx_put_le32(kernel.p + FORGE_PE_OPT + 112 + 4 * 8, 0xffffffff);
	forge_gzip(&packed, forge_bytes(&kernel));
	forge_zboot(&f, "gzip", forge_bytes(&packed), KX_BYTES_NONE);
	check_kernel(&f, forge_bytes(&kernel), "vmlinuz");
	forge_free(&packed);
	forge_free(&kernel);
}

/* A zboot file around "kernel", to be damaged. */
static void small_zboot(struct forge *f, const char *type)
{
	struct forge packed = FORGE_NONE;

	forge_gzip(&packed, text_bytes("kernel"));
	forge_zboot(f, type, forge_bytes(&packed), KX_BYTES_NONE);
	forge_free(&packed);
}

static void test_zboot_damage(void)
{
	struct forge f = FORGE_NONE;

	small_zboot(&f, "gzip");
	f.len = 55;
	check_refused(&f, ENOEXEC, "vmlinuz: header: expected 0x38 bytes, have 0x37");

	small_zboot(&f, "lzo");
	check_refused(&f, EOPNOTSUPP, "vmlinuz: compression type: lzo is not supported");

	small_zboot(&f, "bzip2");
	check_refused(&f, EOPNOTSUPP,
		      "vmlinuz: compression type: expected gzip, zstd, xz, lzma or lz4, have \"bzip2\"");

	/* No NUL in the field, and characters that a terminal would obey. */
	small_zboot(&f, "gzip");
	memset(f.p + 24, '\033', 32);
	check_refused(&f, EOPNOTSUPP,
		      "vmlinuz: compression type: expected gzip, zstd, xz, lzma or lz4, have \"????????????????????????????????\"");

	small_zboot(&f, "gzip");
	kx_put_le32(f.p + 8, 55);
	check_refused(&f, ENOEXEC,
		      "vmlinuz: payload offset: expected at least 0x38, behind the header, have 0x37");

	small_zboot(&f, "gzip");
	kx_put_le32(f.p + 12, 27);
	check_refused(&f, ENOEXEC,
		      "vmlinuz: payload: expected 0x1b bytes at 0x1000, the file ends at 0x101a");

	small_zboot(&f, "gzip");
	f.len -= 3;
	check_refused(&f, ENOEXEC,
		      "vmlinuz: payload: expected 0x1a bytes at 0x1000, the file ends at 0x1017");

	small_zboot(&f, "gzip");
	kx_put_le32(f.p + 8, 0xfffffff0);
	kx_put_le32(f.p + 12, 0xfffffff0);
	check_refused(&f, ENOEXEC,
		      "vmlinuz: payload: expected 0xfffffff0 bytes at 0xfffffff0, the file ends at 0x101a");

	small_zboot(&f, "zstd22");
	check_refused(&f, ENOEXEC,
		      "vmlinuz: payload: expected zstd data, it does not start like that");

	small_zboot(&f, "gzip");
	kx_put_le32(f.p + 12, 20);
	check_refused(&f, ENOEXEC,
		      "vmlinuz: payload: gzip: member 1 at 0x0: expected its end, the data ends at 0x14");
}

TEST_MAIN(
	{ "zboot: every compression type", test_zboot },
	{ "zboot: size word is a hint", test_zboot_size_word },
	{ "zboot: padding of a signed kernel", test_zboot_signed },
	{ "zboot: damage", test_zboot_damage })
