/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unified kernel images (kexec/container/{uki,pe}.c): what is taken out of them, and
 * for every check one damaged file with its message.
 */
#include "container-test.h"

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

TEST_MAIN(
	{ "PE files without .linux", test_pe_without_linux },
	{ "UKI: every part", test_uki },
	{ "UKI: stubble", test_uki_stubble },
	{ "UKI: command lines", test_uki_cmdline },
	{ "UKI: several initrds and microcode", test_uki_initrds },
	{ "UKI: first of several sections", test_uki_first_wins },
	{ "UKI: profiles", test_uki_profiles },
	{ "UKI: sizes of sections", test_uki_sizes },
	{ "UKI: damage", test_uki_damage },
	{ "UKI: overlapping sections", test_uki_overlapping },
	{ "PE: damaged headers", test_pe_damage })
