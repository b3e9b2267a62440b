/* SPDX-License-Identifier: GPL-2.0-only */
/* kexec/format/elf.c: vmlinux of both architectures, and what is none. */
#include <errno.h>

#include "format-test.h"

#define FILE_LEN	0x3000
#define PHDR(i)		(64 + 56 * (i))

static void phdr(uint8_t *f, unsigned int i, uint32_t type, uint64_t off, uint64_t va,
		 uint64_t pa, uint64_t file_len, uint64_t mem_len)
{
	uint8_t *p = f + PHDR(i);

	put(p, 4, type);
	put(p + 8, 8, off);
	put(p + 16, 8, va);
	put(p + 24, 8, pa);
	put(p + 32, 8, file_len);
	put(p + 40, 8, mem_len);
}

static void ehdr(uint8_t *f, uint16_t type, uint16_t machine, uint64_t entry, uint16_t phnum)
{
	memset(f, 0, FILE_LEN);
	memcpy(f, "\177ELF\2\1\1", 7);
	put(f + 16, 2, type);
	put(f + 18, 2, machine);
	put(f + 20, 4, 1);
	put(f + 24, 8, entry);
	put(f + 32, 8, 64);
	put(f + 54, 2, 56);
	put(f + 56, 2, phnum);
}

/* Like an x86_64 vmlinux: a note, text, per-CPU at va 0, an empty PT_LOAD, data. */
static void build_x86(uint8_t *f)
{
	ehdr(f, 2, 62, 0x1000100, 5);
	phdr(f, 0, 4, 0x1000, 0, 0, 16, 16);
	phdr(f, 1, 1, 0x1000, 0xffffffff81000000, 0x1000000, 0x800, 0x1000);
	phdr(f, 2, 1, 0x1800, 0, 0x1001000, 0x800, 0x1000);
	phdr(f, 3, 1, 0x1800, 0x5000, 0x5000, 0, 0);
	phdr(f, 4, 1, 0x2000, 0xffffffff81002000, 0x1002000, 0x1000, 0x100000);
}

/* Like an arm64 vmlinux: virtual p_paddr, an Image header at the start. */
static void build_arm64(uint8_t *f)
{
	ehdr(f, 3, 183, 0xffff800080000000, 2);
	phdr(f, 0, 1, 0x2000, 0xffff800080010000, 0xffff800080010000, 0x1000, 0x20000);
	phdr(f, 1, 1, 0x1000, 0xffff800080000000, 0xffff800080000000, 0x1000, 0x10000);
	put(f + 0x1000 + 16, 8, 0x40000);
	put(f + 0x1000 + 24, 8, 0xa);
	memcpy(f + 0x1000 + 56, "ARM\x64", 4);
}

static int parse(const uint8_t *f, struct kx_arena *a, struct kx_image *ret)
{
	return kx_image_parse((struct kx_bytes){ f, FILE_LEN }, a, ret, NULL);
}

static void test_x86(void)
{
	uint8_t f[FILE_LEN];
	struct kx_image image;
	struct kx_arena a;

	kx_arena_init(&a);
	build_x86(f);
	if (!CHECK(parse(f, &a, &image) == 0))
		return;
	CHECK(image.format->id == KX_FORMAT_ELF);
	CHECK(image.machine == KX_MACHINE_X86_64);
	CHECK_EQ_U64(image.elf.machine, 62);
	CHECK_EQ_U64(image.elf.entry, 0x1000100);
	CHECK(!image.elf.has_arm64_header);
	if (CHECK_EQ_U64(image.elf.load_count, 3)) {
		const struct kx_elf_load *l = &image.elf.load[2];

		CHECK_EQ_U64(image.elf.load[1].va, 0);
		CHECK_EQ_U64(l->va, 0xffffffff81002000);
		CHECK_EQ_U64(l->pa, 0x1002000);
		CHECK_EQ_U64(l->mem_len, 0x100000);
		CHECK(l->bytes.data == f + 0x2000 && l->bytes.len == 0x1000);
	}
	/* An entry by virtual address is as good. */
	put(f + 24, 8, 0xffffffff81000100);
	CHECK(parse(f, &a, &image) == 0);
	kx_arena_deinit(&a);
}

static void test_arm64(void)
{
	uint8_t f[FILE_LEN];
	struct kx_image image;
	struct kx_arena a;

	kx_arena_init(&a);
	build_arm64(f);
	if (!CHECK(parse(f, &a, &image) == 0))
		return;
	CHECK(image.machine == KX_MACHINE_ARM64);
	CHECK_EQ_U64(image.elf.load_count, 2);
	CHECK(image.elf.has_arm64_header);
	CHECK_EQ_U64(image.elf.arm64.image_size, 0x40000);
	CHECK_EQ_U64(image.elf.arm64.flags, 0xa);
	CHECK_EQ_U64(image.elf.arm64.text_offset, 0);
	/* An old header takes its size from the PT_LOADs when they need more. */
	put(f + 0x1000 + 16, 8, 0);
	put(f + PHDR(0) + 40, 8, 0x2000000);
	CHECK(parse(f, &a, &image) == 0);
	CHECK(image.elf.arm64.old_header);
	CHECK_EQ_U64(image.elf.arm64.image_size, 0x2010000);
	memset(f + 0x1000 + 56, 0, 4);
	CHECK(parse(f, &a, &image) == 0);
	CHECK(!image.elf.has_arm64_header);
	kx_arena_deinit(&a);
}

static const struct bad_row bad[] = {
	{ "ident cut", 0, 0, 0, 19, ENOEXEC, "ELF: header: expected 64 bytes, have 19" },
	{ "header cut", 0, 0, 0, 63, ENOEXEC, "ELF: header: expected 64 bytes, have 63" },
	{ "32-bit", 4, 1, 1, 0, EOPNOTSUPP,
	  "ELF: class: expected a 64-bit kernel, have a 32-bit one for machine 62 (x86_64)" },
	{ "class 3", 4, 1, 3, 0, ENOEXEC, "ELF: class: expected 2 (64-bit), have 3" },
	{ "big-endian", 5, 1, 2, 0, EOPNOTSUPP,
	  "ELF: data: expected little-endian, have big-endian for machine 15872 (unknown)" },
	{ "data 0", 5, 1, 0, 0, ENOEXEC, "ELF: data: expected 1 (little-endian), have 0" },
	{ "object", 16, 2, 1, 0, ENOEXEC,
	  "ELF: type: expected 2 (executable) or 3 (shared object), have 1 (object file)" },
	{ "core", 16, 2, 4, 0, ENOEXEC,
	  "ELF: type: expected 2 (executable) or 3 (shared object), have 4 (core dump)" },
	{ "RISC-V", 18, 2, 243, 0, EOPNOTSUPP,
	  "ELF: machine: expected 62 (x86_64) or 183 (arm64), have 243 (RISC-V)" },
	{ "version", 20, 4, 2, 0, ENOEXEC, "ELF: version: expected 1, have 2" },
	{ "phentsize", 54, 2, 32, 0, ENOEXEC, "ELF: phentsize: expected 56, have 32" },
	{ "phnum 0", 56, 2, 0, 0, ENOEXEC, "ELF: phnum: expected 1 to 65534, have 0" },
	{ "PN_XNUM", 56, 2, 0xffff, 0, ENOEXEC, "ELF: phnum: expected 1 to 65534, have 65535" },
	{ "phnum beyond the file", 56, 2, 300, 0, ENOEXEC,
	  "ELF: program headers: expected 0x41a0 bytes at offset 0x40, the file has 0x3000" },
	{ "phoff wraps", 32, 8, UINT64_MAX, 0, ENOEXEC,
	  "ELF: program headers: expected 0x118 bytes at offset 0xffffffffffffffff, the file has "
	  "0x3000" },
	{ "no PT_LOAD", 56, 2, 1, 0, ENOEXEC,
	  "ELF: program headers: expected a PT_LOAD, have 1 headers without one" },
	{ "a program", PHDR(0), 4, 3, 0, ENOEXEC,
	  "ELF: program header 0: expected a kernel, have a program with an interpreter (PT_INTERP)" },
	{ "filesz > memsz", PHDR(1) + 40, 8, 0x7ff, 0, ENOEXEC,
	  "ELF: program header 1: filesz: expected at most memsz 0x7ff, have 0x800" },
	{ "file cut", 0, 0, 0, FILE_LEN - 1, ENOEXEC,
	  "ELF: program header 4: expected 0x1000 bytes at offset 0x2000, the file has 0x2fff" },
	{ "offset wraps", PHDR(1) + 8, 8, UINT64_MAX - 1, 0, ENOEXEC,
	  "ELF: program header 1: expected 0x800 bytes at offset 0xfffffffffffffffe, the file has "
	  "0x3000" },
	{ "paddr wraps", PHDR(1) + 24, 8, UINT64_MAX - 0xfff, 0, ENOEXEC,
	  "ELF: program header 1: memsz: expected an end below 2^64, have vaddr "
	  "0xffffffff81000000, paddr 0xfffffffffffff000, memsz 0x1000" },
	{ "vaddr wraps", PHDR(1) + 16, 8, UINT64_MAX - 0xf, 0, ENOEXEC,
	  "ELF: program header 1: memsz: expected an end below 2^64, have vaddr "
	  "0xfffffffffffffff0, paddr 0x1000000, memsz 0x1000" },
	{ "overlap", PHDR(2) + 24, 8, 0x1000fff, 0, ENOEXEC,
	  "ELF: PT_LOADs 0 and 1: expected apart, have paddr [0x1000000, 0x1001000) and "
	  "[0x1000fff, 0x1001fff)" },
	{ "entry behind", 24, 8, 0x1102000, 0, ENOEXEC,
	  "ELF: entry: expected an address inside a PT_LOAD, have 0x1102000" },
	{ "entry before", 24, 8, 0xffffff, 0, ENOEXEC,
	  "ELF: entry: expected an address inside a PT_LOAD, have 0xffffff" },
};

static const struct bad_row bad_arm64[] = {
	{ "header inside", 0x1000 + 16, 8, UINT64_MAX, 0, ENOEXEC,
	  "ELF: Image header: image_size: expected at most 0x40000000, have 0xffffffffffffffff" },
	{ "header inside, cut", PHDR(1) + 32, 8, 60, 0, ENOEXEC,
	  "ELF: Image header: header: expected at least 64 bytes, have 60" },
	{ "PowerPC, big-endian", 18, 2, 0x1500, 0, EOPNOTSUPP,
	  "ELF: machine: expected 62 (x86_64) or 183 (arm64), have 5376 (unknown)" },
};

static void test_bad(void)
{
	uint8_t f[FILE_LEN];

	build_x86(f);
	check_bad_rows(f, sizeof(f), bad, sizeof(bad) / sizeof(bad[0]));
	build_arm64(f);
	check_bad_rows(f, sizeof(f), bad_arm64, sizeof(bad_arm64) / sizeof(bad_arm64[0]));
}

static void test_foreign(void)
{
	uint8_t f[FILE_LEN];

	build_x86(f);
	put(f + 4, 2, 0x0201);
	put(f + 18, 2, 0x1600);
	expect_bad(f, sizeof(f), "32-bit big-endian s390", EOPNOTSUPP,
		   "ELF: class: expected a 64-bit kernel, have a 32-bit one for machine 22 (s390)");
	put(f + 4, 2, 0x0202);
	put(f + 18, 2, 0x1500);
	expect_bad(f, sizeof(f), "big-endian PowerPC64", EOPNOTSUPP,
		   "ELF: data: expected little-endian, have big-endian for machine 21 (PowerPC64)");
}

static void test_too_many(void)
{
	uint8_t f[PHDR(66)] = { 0 };
	struct kx_image image;
	struct kx_arena a;

	kx_arena_init(&a);
	memcpy(f, "\177ELF\2\1\1", 7);
	put(f + 16, 8, 0x1003e0002);
	put(f + 32, 8, 64);
	put(f + 54, 4, 65 << 16 | 56);
	for (unsigned int i = 0; i < 65; i++)
		phdr(f, i, 1, 0, i * 0x1000, i * 0x1000, 0, 0x1000);
	expect_bad(f, sizeof(f), "65 PT_LOADs", ENOEXEC,
		   "ELF: program headers: expected at most 64 PT_LOADs, have more");
	put(f + 56, 2, 64);
	CHECK(kx_image_parse((struct kx_bytes){ f, sizeof(f) }, &a, &image, NULL) == 0);
	CHECK_EQ_U64(image.elf.load_count, 64);
	kx_arena_deinit(&a);
}

static void test_mangled(void)
{
	uint8_t f[FILE_LEN];

	build_x86(f);
	check_mangled(f, sizeof(f), PHDR(5));
	build_arm64(f);
	check_mangled(f, sizeof(f), PHDR(2));
}

TEST_MAIN({ "x86_64 vmlinux", test_x86 },
	  { "arm64 vmlinux", test_arm64 },
	  { "bad input", test_bad },
	  { "other machines", test_foreign },
	  { "too many PT_LOADs", test_too_many },
	  { "mangled", test_mangled })
