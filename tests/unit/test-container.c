/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wrappers around kernels (kexec/container/{zboot,uki,pe,uimage,table}.c): what
 * is taken out of them, and for every check one damaged file with its message.
 */
#include "container-test.h"

/* ---- nothing to peel --------------------------------------------------- */

static void test_plain(void)
{
	struct forge f = FORGE_NONE, same = FORGE_NONE;

	check_kernel(&f, KX_BYTES_NONE, "");
	forge_arm64_image(&f, 4096);
	forge_arm64_image(&same, 4096);
	check_kernel(&f, forge_bytes(&same), "");
	forge_free(&same);
	forge_bzimage(&f, 4096);
	forge_bzimage(&same, 4096);
	check_kernel(&f, forge_bytes(&same), "");
	forge_free(&same);
	forge_elf(&f, 62, 0x1000000, 4096);
	forge_elf(&same, 62, 0x1000000, 4096);
	check_kernel(&f, forge_bytes(&same), "");
	forge_free(&same);
}

/* bzImage and Image are PE files themselves: only .linux makes a UKI. */
static void test_pe_without_linux(void)
{
	const struct forge_section s[] = {
		{ ".text", text_bytes("code") }, { ".linuxx", text_bytes("no") },
		{ ".LINUX", text_bytes("no") }, { "linux", text_bytes("no") },
	};
	struct forge f = FORGE_NONE, same = FORGE_NONE;

	forge_pe(&f, 0x8664, s, 4);
	forge_pe(&same, 0x8664, s, 4);
	check_kernel(&f, forge_bytes(&same), "");
	forge_free(&same);
}

/* ---- zboot ------------------------------------------------------------- */

static void pack_zstd(struct forge *f, struct kx_bytes in)
{
	forge_zstd(f, in, 1);
}

static void test_zboot(void)
{
	static const struct {
		const char *type;
		void (*pack)(struct forge *f, struct kx_bytes in);
		int sized;
	} types[] = {
		{ "gzip", forge_gzip, 0 },
		{ "zstd22", pack_zstd, 1 },
		{ "zstd", pack_zstd, 1 },
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

/* ---- UKI --------------------------------------------------------------- */

static struct kx_payload peel(struct kx_arena *a, struct forge *f)
{
	struct kx_payload p = { .layer_count = 0 };
	struct kx_err err = { .code = 0 };

	CHECK(kx_container_peel(exact_copy(a, forge_bytes(f)), a, &p, &err) == 0);
	CHECK_STR(err.text, "");
	forge_free(f);
	return p;
}

static void test_uki(void)
{
	const struct forge_section s[] = {
		{ ".text", text_bytes("stub") },
		{ ".osrel", text_bytes("ID=debian") },
		{ ".cmdline", text_bytes("root=/dev/vda1 quiet") },
		{ ".initrd", text_bytes("the initrd") },
		{ ".dtb", text_bytes("the device tree") },
		{ ".dtbauto", text_bytes("another") },
		{ ".linux", text_bytes("the kernel") },
	};
	struct forge f = FORGE_NONE;
	struct kx_payload p;
	struct kx_arena a;

	kx_arena_init(&a);
	forge_pe(&f, 0xaa64, s, 7);
	p = peel(&a, &f);
	CHECK(bytes_equal(p.kernel, text_bytes("the kernel")));
	CHECK(bytes_equal(p.cmdline, text_bytes("root=/dev/vda1 quiet")));
	CHECK(bytes_equal(p.initrd, text_bytes("the initrd")));
	CHECK(bytes_equal(p.dtb, text_bytes("the device tree")));
	CHECK_EQ_U64(p.layer_count, 1);
	CHECK_STR(p.layer[0], "uki");
	kx_arena_deinit(&a);
}

/* Ubuntu's "stubble": nothing but a kernel and device trees for the stub. */
static void test_uki_stubble(void)
{
	const struct forge_section s[] = {
		{ ".text", text_bytes("stub") },
		{ ".hwids", text_bytes("ids") },
		{ ".dtbauto", text_bytes("one") },
		{ ".dtbauto", text_bytes("two") },
		{ ".linux", text_bytes("the kernel") },
	};
	struct forge f = FORGE_NONE;
	struct kx_payload p;
	struct kx_arena a;

	kx_arena_init(&a);
	forge_pe(&f, 0xaa64, s, 5);
	p = peel(&a, &f);
	CHECK(bytes_equal(p.kernel, text_bytes("the kernel")));
	CHECK(!p.cmdline.len && !p.initrd.len && !p.dtb.len);
	kx_arena_deinit(&a);
}

static void test_uki_cmdline(void)
{
	static const struct {
		const char *section;
		size_t len;
		const char *want;
	} rows[] = {
		{ "quiet", 5, "quiet" },
		{ "quiet\n", 6, "quiet" },
		{ "quiet\n\0\0", 8, "quiet" },
		{ "quiet\0debug", 11, "quiet" },
		{ "one\ntwo\tthree \r\n", 16, "one two three" },
		{ " \n", 2, "" },
		{ "\0", 1, "" },
		{ "", 0, "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct forge_section s[] = {
			{ ".linux", text_bytes("k") },
			{ ".cmdline", { (const uint8_t *)rows[i].section, rows[i].len } },
		};
		struct forge f = FORGE_NONE;
		struct kx_payload p;
		struct kx_arena a;

		kx_arena_init(&a);
		forge_pe(&f, 0x8664, s, 2);
		p = peel(&a, &f);
		CHECK(bytes_equal(p.cmdline, text_bytes(rows[i].want)));
		kx_arena_deinit(&a);
	}
}

/* .ucode first, each part at a multiple of 4. */
static void test_uki_initrds(void)
{
	const struct forge_section s[] = {
		{ ".initrd", text_bytes("first") },
		{ ".linux", text_bytes("k") },
		{ ".initrd", text_bytes("") },
		{ ".ucode", text_bytes("microcode!") },
		{ ".initrd", text_bytes("second") },
	};
	const struct forge_section only_ucode[] = {
		{ ".linux", text_bytes("k") },
		{ ".ucode", text_bytes("microcode!") },
	};
	struct forge f = FORGE_NONE;
	struct kx_payload p;
	struct kx_arena a;

	kx_arena_init(&a);
	forge_pe(&f, 0x8664, s, 5);
	p = peel(&a, &f);
	CHECK(bytes_equal(p.initrd, (struct kx_bytes){
		(const uint8_t *)"microcode!\0\0first\0\0\0second", 26 }));
	forge_pe(&f, 0x8664, only_ucode, 2);
	p = peel(&a, &f);
	CHECK(bytes_equal(p.initrd, text_bytes("microcode!")));
	kx_arena_deinit(&a);
}

static void test_uki_first_wins(void)
{
	const struct forge_section s[] = {
		{ ".linux", text_bytes("one") },   { ".linux", text_bytes("two") },
		{ ".cmdline", text_bytes("one") }, { ".cmdline", text_bytes("two") },
		{ ".dtb", text_bytes("one") },	   { ".dtb", text_bytes("two") },
	};
	struct forge f = FORGE_NONE;
	struct kx_payload p;
	struct kx_arena a;

	kx_arena_init(&a);
	forge_pe(&f, 0x8664, s, 6);
	p = peel(&a, &f);
	CHECK(bytes_equal(p.kernel, text_bytes("one")));
	CHECK(bytes_equal(p.cmdline, text_bytes("one")));
	CHECK(bytes_equal(p.dtb, text_bytes("one")));
	kx_arena_deinit(&a);
}

static void test_uki_profiles(void)
{
	const struct forge_section s[] = {
		{ ".linux", text_bytes("k") },
		{ ".initrd", text_bytes("base") },
		{ ".profile", text_bytes("ID=a") },
		{ ".cmdline", text_bytes("debug") },
		{ ".initrd", text_bytes("extra") },
		{ ".dtb", text_bytes("other") },
	};
	const struct forge_section late[] = {
		{ ".profile", text_bytes("ID=a") },
		{ ".linux", text_bytes("k") },
	};
	struct forge f = FORGE_NONE;
	struct kx_payload p;
	struct kx_arena a;

	kx_arena_init(&a);
	forge_pe(&f, 0x8664, s, 6);
	p = peel(&a, &f);
	CHECK(bytes_equal(p.initrd, text_bytes("base")));
	CHECK(!p.cmdline.len && !p.dtb.len);
	kx_arena_deinit(&a);

	forge_pe(&f, 0x8664, late, 2);
	check_refused(&f, ENOEXEC,
		      "uki: section .linux: expected a kernel in the base profile, it is absent or empty");
}

static const struct forge_section two_sections[] = {
	{ ".linux", { (const uint8_t *)"kernel", 6 } },
	{ ".initrd", { (const uint8_t *)"initrd", 6 } },
};

/* Header fields of section @i: virtual size +8, raw size +16, raw offset +20. */
static uint8_t *section(struct forge *f, size_t i)
{
	return f->p + FORGE_PE_TABLE + i * 40;
}

/* VirtualSize is the content, unless it is 0 or more than there is. */
static void test_uki_sizes(void)
{
	struct forge f = FORGE_NONE, want = FORGE_NONE;

	forge_str(&want, "kernel");
	forge_room(&want, FORGE_PE_ALIGN - 6);
	forge_pe(&f, 0x8664, two_sections, 2);
	kx_put_le32(section(&f, 0) + 8, 0);
	check_kernel(&f, forge_bytes(&want), "uki");
	forge_pe(&f, 0x8664, two_sections, 2);
	kx_put_le32(section(&f, 0) + 8, 0x10000);
	check_kernel(&f, forge_bytes(&want), "uki");
	forge_free(&want);
}

static void test_uki_damage(void)
{
	struct forge f = FORGE_NONE;

	forge_pe(&f, 0x8664, two_sections, 2);
	kx_put_le32(section(&f, 0) + 20, 0x5fb);
	check_refused(&f, ENOEXEC,
		      "uki: section .linux: expected 0x6 bytes at 0x5fb, the file ends at 0x600");

	forge_pe(&f, 0x8664, two_sections, 2);
	kx_put_le32(section(&f, 0) + 8, 0xffffffff);
	kx_put_le32(section(&f, 0) + 16, 0xffffffff);
	kx_put_le32(section(&f, 0) + 20, 0xffffffff);
	check_refused(&f, ENOEXEC,
		      "uki: section .linux: expected 0xffffffff bytes at 0xffffffff, the file ends at 0x600");

	forge_pe(&f, 0x8664, two_sections, 2);
	f.len = 0x403;
	check_refused(&f, ENOEXEC,
		      "uki: section .initrd: expected 0x6 bytes at 0x400, the file ends at 0x403");

	forge_pe(&f, 0x8664, two_sections, 2);
	memcpy(section(&f, 1), ".cmdline", 8);
	f.len = 0x403;
	check_refused(&f, ENOEXEC,
		      "uki: section .cmdline: expected 0x6 bytes at 0x400, the file ends at 0x403");

	forge_pe(&f, 0x8664, two_sections, 2);
	memcpy(section(&f, 1), ".dtb\0\0\0", 8);
	f.len = 0x403;
	check_refused(&f, ENOEXEC,
		      "uki: section .dtb: expected 0x6 bytes at 0x400, the file ends at 0x403");

	forge_pe(&f, 0x8664, two_sections, 2);
	kx_put_le32(section(&f, 0) + 16, 0);
	check_refused(&f, ENOEXEC,
		      "uki: section .linux: expected a kernel in the base profile, it is absent or empty");

	forge_pe(&f, 0x8664, two_sections, 2);
	kx_put_le16(f.p + FORGE_PE_OPT, 0x10b);
	check_refused(&f, ENOEXEC,
		      "uki: PE: optional header: expected magic 0x20b (PE32+), have 0x10b");
}

/* Sections that share their bytes can be more than any file. */
static void test_uki_overlapping(void)
{
	enum { COUNT = 1025 };
	static struct forge_section s[COUNT + 1];
	struct forge f = FORGE_NONE;

	s[0] = (struct forge_section){ ".linux", text_bytes("kernel") };
	for (size_t i = 1; i <= COUNT; i++)
		s[i] = (struct forge_section){ ".initrd", KX_BYTES_NONE };
	forge_pe(&f, 0x8664, s, COUNT + 1);
	forge_to(&f, 1u << 20);
	for (size_t i = 1; i <= COUNT; i++) {
		kx_put_le32(section(&f, i) + 16, 1u << 20);
		kx_put_le32(section(&f, i) + 20, 0);
	}
	check_refused(&f, ENOEXEC,
		      "uki: sections .ucode and .initrd: expected at most 0x40000000 bytes together, have 0x40100000");
}

/* Headers cut off or out of bounds: not a PE file, so no container at all. */
static void test_pe_damage(void)
{
	struct forge f = FORGE_NONE;
	struct kx_payload p;
	struct kx_arena a;

	forge_pe(&f, 0x8664, two_sections, 2);
	for (size_t len = 0; len < FORGE_PE_TABLE + 2 * 40; len++) {
		struct forge cut = FORGE_NONE;

		kx_arena_init(&a);
		forge_put(&cut, f.p, len);
		p = peel(&a, &cut);
		CHECK_EQ_U64(p.layer_count, 0);
		CHECK_EQ_U64(p.kernel.len, len);
		kx_arena_deinit(&a);
	}
	kx_arena_init(&a);
	kx_put_le32(f.p + 0x3c, 0xffffffff);
	p = peel(&a, &f);
	CHECK_EQ_U64(p.layer_count, 0);
	forge_pe(&f, 0x8664, two_sections, 2);
	kx_put_le16(f.p + FORGE_PE_OFF + 6, 0xffff);
	p = peel(&a, &f);
	CHECK_EQ_U64(p.layer_count, 0);
	kx_arena_deinit(&a);
}

/* ---- uImage ------------------------------------------------------------ */

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

/* ---- several layers ---------------------------------------------------- */

/* gzip around a UKI around a zboot kernel: as deep as anybody has seen. */
static void forge_nested(struct forge *f, struct kx_bytes kernel)
{
	struct forge packed = FORGE_NONE, zboot = FORGE_NONE, uki = FORGE_NONE;

	forge_zstd(&packed, kernel, 1);
	forge_zboot(&zboot, "zstd22", forge_bytes(&packed), KX_BYTES_NONE);
	forge_pe(&uki, 0xaa64, (const struct forge_section[]){
		 { ".linux", forge_bytes(&zboot) }, { ".initrd", text_bytes("initrd") } }, 2);
	forge_gzip(f, forge_bytes(&uki));
	forge_free(&packed);
	forge_free(&zboot);
	forge_free(&uki);
}

static void test_nested(void)
{
	struct forge f = FORGE_NONE;
	struct kx_payload p;
	struct kx_arena a;

	forge_nested(&f, text_bytes("the kernel"));
	check_kernel(&f, text_bytes("the kernel"), "gzip uki vmlinuz");

	/* What the UKI brings along outlives what it was unpacked from. */
	kx_arena_init(&a);
	forge_nested(&f, text_bytes("the kernel"));
	p = peel(&a, &f);
	CHECK(bytes_equal(p.initrd, text_bytes("initrd")));
	kx_arena_deinit(&a);
}

/* An inner UKI's parts replace those of the outer; others stay. */
static void test_nested_uki(void)
{
	struct forge inner = FORGE_NONE, packed = FORGE_NONE, f = FORGE_NONE;
	struct kx_payload p;
	struct kx_arena a;

	forge_pe(&inner, 0xaa64, (const struct forge_section[]){
		 { ".linux", text_bytes("the kernel") }, { ".cmdline", text_bytes("inner") } }, 2);
	forge_gzip(&packed, forge_bytes(&inner));
	forge_pe(&f, 0xaa64, (const struct forge_section[]){
		 { ".linux", forge_bytes(&packed) }, { ".cmdline", text_bytes("outer") },
		 { ".dtb", text_bytes("tree") } }, 3);
	kx_arena_init(&a);
	p = peel(&a, &f);
	CHECK(bytes_equal(p.kernel, text_bytes("the kernel")));
	CHECK(bytes_equal(p.cmdline, text_bytes("inner")));
	CHECK(bytes_equal(p.dtb, text_bytes("tree")));
	CHECK_EQ_U64(p.layer_count, 3);
	kx_arena_deinit(&a);
	forge_free(&inner);
	forge_free(&packed);
}

static size_t block_count(const struct kx_arena *a)
{
	struct kx_arena copy = *a;
	size_t n = 0;

	/* A block starts with the pointer to the next; only its count matters. */
	while (copy.blocks) {
		memcpy(&copy.blocks, (const void *)copy.blocks, sizeof(copy.blocks));
		n++;
	}
	return n;
}

/* Files and everything between that lie in the arena are given back early. */
static void test_release(void)
{
	struct forge packed = FORGE_NONE, f = FORGE_NONE;
	struct kx_arena a;

	kx_arena_init(&a);
	forge_gzip(&packed, text_bytes("the kernel"));
	forge_xz(&f, forge_bytes(&packed));
	forge_free(&packed);
	peel(&a, &f);
	CHECK_EQ_U64(block_count(&a), 1);
	kx_arena_deinit(&a);

	/* A uImage is a view: its file goes when the view is unpacked. */
	forge_gzip(&packed, text_bytes("the kernel"));
	forge_uimage(&f, 1, forge_bytes(&packed));
	forge_free(&packed);
	peel(&a, &f);
	CHECK_EQ_U64(block_count(&a), 1);
	kx_arena_deinit(&a);

	/* The UKI holds the initrd; the gzip file around it goes. */
	forge_nested(&f, text_bytes("the kernel"));
	peel(&a, &f);
	CHECK_EQ_U64(block_count(&a), 2);
	kx_arena_deinit(&a);
}

/* Memory that is not the arena's is not its to release. */
static void test_foreign_memory(void)
{
	struct kx_payload p = { .layer_count = 0 };
	struct forge f = FORGE_NONE;
	struct kx_arena a;

	kx_arena_init(&a);
	forge_gzip(&f, text_bytes("the kernel"));
	CHECK(kx_container_peel(forge_bytes(&f), &a, &p, NULL) == 0);
	CHECK(bytes_equal(p.kernel, text_bytes("the kernel")));
	f.p[0] = 0;
	kx_arena_deinit(&a);
	forge_free(&f);
}

static void test_too_deep(void)
{
	struct forge f[6] = { FORGE_NONE };

	forge_gzip(&f[0], text_bytes("the kernel"));
	for (size_t i = 1; i < 5; i++) {
		(i == 4 ? forge_xz : forge_gzip)(&f[i], forge_bytes(&f[i - 1]));
		forge_free(&f[i - 1]);
	}
	forge_gzip(&f[0], text_bytes("the kernel"));
	for (size_t i = 1; i < 4; i++) {
		forge_gzip(&f[5], forge_bytes(&f[0]));
		forge_free(&f[0]);
		f[0] = f[5];
		f[5] = FORGE_NONE;
	}
	check_kernel(&f[0], text_bytes("the kernel"), "gzip gzip gzip gzip");
	check_refused(&f[4], ENOEXEC,
		      "xz: gzip: gzip: gzip: too deep: expected at most 4 wrappers, have gzip inside of them");
}

static void test_error_of_inner_layer(void)
{
	struct forge packed = FORGE_NONE, uki = FORGE_NONE, f = FORGE_NONE;

	forge_zstd(&packed, text_bytes("the kernel"), 1);
	packed.p[packed.len - 1] ^= 1;
	forge_pe(&uki, 0xaa64, (const struct forge_section[]){
		 { ".linux", forge_bytes(&packed) } }, 1);
	forge_gzip(&f, forge_bytes(&uki));
	forge_free(&packed);
	forge_free(&uki);
	check_refused(&f, ENOEXEC,
		      "gzip: uki .linux: zstd: frame 1 at 0x0: Restored data doesn't match checksum");
}

TEST_MAIN(
	{ "kernels without a wrapper", test_plain },
	{ "PE files without .linux", test_pe_without_linux },
	{ "zboot: every compression type", test_zboot },
	{ "zboot: size word is a hint", test_zboot_size_word },
	{ "zboot: padding of a signed kernel", test_zboot_signed },
	{ "zboot: damage", test_zboot_damage },
	{ "UKI: every part", test_uki },
	{ "UKI: stubble", test_uki_stubble },
	{ "UKI: command lines", test_uki_cmdline },
	{ "UKI: several initrds and microcode", test_uki_initrds },
	{ "UKI: first of several sections", test_uki_first_wins },
	{ "UKI: profiles", test_uki_profiles },
	{ "UKI: sizes of sections", test_uki_sizes },
	{ "UKI: damage", test_uki_damage },
	{ "UKI: overlapping sections", test_uki_overlapping },
	{ "PE: damaged headers", test_pe_damage },
	{ "uImage: every compression", test_uimage },
	{ "uImage: damage", test_uimage_damage },
	{ "layers: gzip, UKI, zboot", test_nested },
	{ "layers: UKI in UKI", test_nested_uki },
	{ "layers: memory is given back", test_release },
	{ "layers: memory of others", test_foreign_memory },
	{ "layers: too many", test_too_deep },
	{ "layers: in front of an error", test_error_of_inner_layer })
