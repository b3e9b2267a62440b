// SPDX-License-Identifier: GPL-2.0-only
/* kexec/lib/{core,core-notes,vmcoreinfo}.c: cores, and what is none. */
#include <errno.h>

#include "core-forge.h"
#include "test.h"

static void put(uint8_t *p, unsigned int width, uint64_t value)
{
	for (unsigned int i = 0; i < width; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

static int open_forge(const struct forge *f, struct kx_bytes *b, struct kx_arena *a,
		      struct kx_core *c, struct kx_err *err)
{
	struct kx_core_file file;

	*b = forge_bytes(f);
	file = core_file(b);
	return kx_core_open(&file, a, c, err);
}

struct bed {
	struct forge f;
	struct kx_bytes b;
	struct kx_arena arena;
	struct kx_core core;
};

static int bed_init(struct bed *t)
{
	t->f = FORGE_NONE;
	kx_arena_init(&t->arena);
	core_build(&t->f);
	return CHECK(open_forge(&t->f, &t->b, &t->arena, &t->core, NULL) == 0);
}

static void bed_deinit(struct bed *t)
{
	kx_arena_deinit(&t->arena);
	forge_free(&t->f);
}

static void test_open(void)
{
	struct bed t;

	if (bed_init(&t)) {
		CHECK_EQ_U64(t.core.machine, 62);
		CHECK_STR(kx_core_machine_name(&t.core), "x86_64");
		CHECK_EQ_U64(t.core.load_count, 3);
		CHECK_EQ_U64(t.core.load[0].pa, 0x4000);
		CHECK_EQ_U64(t.core.load[0].mem_len, 0x4000);
		CHECK_EQ_U64(t.core.load[0].file_len, 0x2000);
		CHECK_EQ_U64(t.core.load[1].va, 0xffffffff81000000);
		CHECK_EQ_U64(t.core.load[2].pa, 0x8000);
		CHECK_EQ_U64(t.core.span_count, 2);
		CHECK_EQ_U64(t.core.end, t.f.len);
		CHECK_EQ_U64(t.core.note_count, 7);
		CHECK_STR(t.core.note[0].name, "CORE");
		CHECK_EQ_U64(t.core.note[1].desc.len, 336);
		CHECK_EQ_U64(t.core.note[0].off, CORE_NOTES);
		CHECK(kx_core_note_find(&t.core, "KEXECJUMP", 0x4b4a0003) == &t.core.note[5]);
		CHECK(!kx_core_note_find(&t.core, "KEXECJUMP", 1));
		CHECK(!kx_core_note_find(&t.core, "KEXEC", 0x4b4a0003));
	}
	bed_deinit(&t);
}

static void test_lookup(void)
{
	struct bed t;

	if (bed_init(&t)) {
		CHECK(!kx_core_span_find(&t.core, 0x3fff));
		CHECK(kx_core_span_find(&t.core, 0x4000) == &t.core.span[0]);
		CHECK(kx_core_span_find(&t.core, 0x5fff) == &t.core.span[0]);
		CHECK(!kx_core_span_find(&t.core, 0x6000));
		CHECK(!kx_core_span_find(&t.core, 0x7fff));
		CHECK(kx_core_span_find(&t.core, 0x8000) == &t.core.span[1]);
		CHECK(kx_core_span_find(&t.core, 0x9fff) == &t.core.span[1]);
		CHECK(!kx_core_span_find(&t.core, 0xa000));
		CHECK(!kx_core_span_find(&t.core, UINT64_MAX));
	}
	bed_deinit(&t);
}

static void expect_read(struct bed *t, uint64_t pa, size_t len, int code, const char *message)
{
	struct kx_err err = { 0 };
	uint8_t *buf = malloc(len);
	int r = kx_core_read(&t->core, pa, buf, len, &err);

	if (!CHECK(r == -code) || (code && !CHECK_STR(err.text, message)))
		printf("# reading 0x%" PRIx64 "\n", pa);
	for (size_t i = 0; !code && i < len; i++)
		if (!CHECK_EQ_U64(buf[i], (pa + i) >> 12))
			break;
	free(buf);
}

static void test_read(void)
{
	struct bed t;

	if (bed_init(&t)) {
		expect_read(&t, 0x4000, 0x2000, 0, NULL);
		expect_read(&t, 0x4fff, 2, 0, NULL);
		expect_read(&t, 0x8000, 0x2000, 0, NULL);
		expect_read(&t, 0x5000, 0x1001, ENXIO,
			    "physical address 0x6000: was left out of this core");
		expect_read(&t, 0x7fff, 2, ENXIO,
			    "physical address 0x7fff: was left out of this core");
		expect_read(&t, 0x9000, 0x1001, ENXIO,
			    "physical address 0xa000: no PT_LOAD of this core has it");
	}
	bed_deinit(&t);
}

/* A dump that ran out of disk: all headers, some memory. */
static void test_cut_off(void)
{
	struct bed t;

	if (bed_init(&t)) {
		uint64_t end = t.f.len;

		t.f.len -= 0x1800;
		if (CHECK(open_forge(&t.f, &t.b, &t.arena, &t.core, NULL) == 0)) {
			CHECK_EQ_U64(t.core.end, end);
			expect_read(&t, 0x4000, 0x2000, 0, NULL);
			expect_read(&t, 0x8000, 0x800, 0, NULL);
			expect_read(&t, 0x8000, 0x801, ENODATA,
				    "physical address 0x8000: expected 0x801 bytes at offset"
				    " 0x5000, the file has 0x5800");
		}
	}
	bed_deinit(&t);
}

/* ---- malformed ----------------------------------------------------------------- */

static void expect_bad(const struct forge *f, const char *name, int code, const char *message)
{
	struct kx_core core = { .machine = 1 };
	struct kx_err err = { 0 };
	struct kx_arena a;
	struct kx_bytes b;
	struct forge copy = FORGE_NONE;
	int r;

	/* Of exactly its size, for AddressSanitizer. */
	copy.p = malloc(f->len ? f->len : 1);
	copy.len = f->len;
	memcpy(copy.p, f->p, f->len);
	kx_arena_init(&a);
	r = open_forge(&copy, &b, &a, &core, &err);
	if (!CHECK(r == -code) || !CHECK_STR(err.text, message) || !CHECK(core.machine == 1))
		printf("# in: %s (returned %d)\n", name, r);
	kx_arena_deinit(&a);
	free(copy.p);
}

#define LOAD	CORE_PHDR(1)	/* the text */
#define NOTES	CORE_PHDR(0)

static void test_bad_headers(void)
{
	static const struct {
		const char *name;
		size_t off;
		unsigned int width;
		uint64_t value;
		int code;
		const char *message;
	} rows[] = {
		{ "magic", 0, 1, 0, ENOEXEC, "offset 0: expected an ELF file, have something else" },
		{ "class", 4, 1, 1, EOPNOTSUPP, "offset 4: class: expected 2 (64-bit), have 1" },
		{ "data", 5, 1, 2, EOPNOTSUPP,
		  "offset 5: data: expected 1 (little-endian), have 2" },
		{ "type", 16, 2, 2, ENOEXEC, "offset 16: type: expected 4 (core), have 2" },
		{ "machine", 18, 2, 3, EOPNOTSUPP,
		  "offset 18: machine: expected 62 (x86_64) or 183 (arm64), have 3" },
		{ "version", 20, 4, 2, ENOEXEC, "offset 20: version: expected 1, have 2" },
		{ "phoff", 32, 8, 0x10000000000, ENOEXEC,
		  "program headers: expected 0xe0 bytes at offset 0x10000000000, the file has 0x7000" },
		{ "phoff wraps", 32, 8, UINT64_MAX - 1, ENOEXEC,
		  "program headers: expected 0xe0 bytes at offset 0xfffffffffffffffe, the file has"
		  " 0x7000" },
		{ "phentsize", 54, 2, 32, ENOEXEC, "offset 54: phentsize: expected 56, have 32" },
		{ "phnum 0", 56, 2, 0, ENOEXEC, "offset 56: phnum: expected at least 1, have 0" },
		{ "phnum", 56, 2, 0x8000, ENOEXEC,
		  "program headers: expected 0x1c0000 bytes at offset 0x40, the file has 0x7000" },
		{ "section 0", 56, 2, 0xffff, ENOEXEC,
		  "offset 0x2c: section header 0: info: expected at least 65535 program headers,"
		  " have 0" },
		{ "note offset", NOTES + 8, 8, 0x100000, ENOEXEC,
		  "PT_NOTE: expected 0x660 bytes at offset 0x100000, the file has 0x7000" },
		{ "note namesz", CORE_NOTES, 4, 0x1000, ENOEXEC,
		  "offset 0x1000: note: namesz: expected at most 0x654 bytes, have 0x1000" },
		{ "note descsz", CORE_NOTES + 4, 4, 0xffffffff, ENOEXEC,
		  "offset 0x1004: note: descsz: expected at most 0x64c bytes, have 0xffffffff" },
		{ "note header", NOTES + 32, 8, 0x164 + 5, ENOEXEC,
		  "offset 0x1164: note: expected at least 12 bytes, have 5" },
	};
	struct forge f = FORGE_NONE;

	core_build(&f);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t saved[8];

		memcpy(saved, f.p + rows[i].off, 8);
		put(f.p + rows[i].off, rows[i].width, rows[i].value);
		expect_bad(&f, rows[i].name, rows[i].code, rows[i].message);
		memcpy(f.p + rows[i].off, saved, 8);
	}
	f.len = 63;
	expect_bad(&f, "short", ENOEXEC, "ELF header: expected 0x40 bytes at offset 0x0, the file has"
		   " 0x3f");
	forge_free(&f);
}

/* The others are as good as before. */
static void test_bad_loads(void)
{
	static const struct {
		size_t off;
		uint64_t value;
		const char *why;
	} rows[] = {
		{ LOAD + 32, 0x801,
		  "offset 0x78: PT_LOAD: filesz: expected at most memsz 0x800, have 0x801" },
		{ LOAD + 8, UINT64_MAX - 0x7ff,
		  "offset 0x78: PT_LOAD: expected an end below 2^64, have offset"
		  " 0xfffffffffffff800, filesz 0x800" },
		{ LOAD + 24, UINT64_MAX - 0x7ff,
		  "offset 0x78: PT_LOAD: expected an end below 2^64, have paddr"
		  " 0xfffffffffffff800, memsz 0x800" },
	};
	struct bed t;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (bed_init(&t)) {
			put(t.f.p + rows[i].off, 8, rows[i].value);
			CHECK(open_forge(&t.f, &t.b, &t.arena, &t.core, NULL) == 0);
			CHECK_EQ_U64(t.core.bad_count, 1);
			CHECK_STR(t.core.bad_why, rows[i].why);
			CHECK_EQ_U64(t.core.load_count, 2);
			CHECK_EQ_U64(t.core.end, t.f.len);
			expect_read(&t, 0x4000, 0x2000, 0, NULL);
		}
		bed_deinit(&t);
	}
}

/* Headers of 65 MiB are no reason to take the memory. */
static void test_too_long(void)
{
	struct forge f = FORGE_NONE;

	core_ehdr(&f, 183, 2);
	core_phdr(&f, 4, 0x1000, 0, 0, 0x2000000, 0x2000000);
	core_phdr(&f, 4, 0x1000, 0, 0, 0x2000000, 0x2000000);
	forge_room(&f, 0x2001000);
	expect_bad(&f, "notes", E2BIG, "PT_NOTE: expected at most 0x4000000 bytes of headers and"
		   " notes, have 0x20000b0 and 0x2000000 more");
	forge_free(&f);

	core_ehdr(&f, 183, 1);
	core_phdr(&f, 4, 0x1000, 0, 0, 65537 * 16, 65537 * 16);
	forge_to(&f, 0x1000);
	for (int i = 0; i < 65537; i++)
		core_note(&f, "x", 1, NULL, 0);
	expect_bad(&f, "many", E2BIG,
		   "offset 0x101000: expected at most 65536 notes, have more");
	forge_free(&f);
}

/* makedumpfile's cores with more than 65534 pieces. */
static void test_many_loads(void)
{
	const uint32_t n = 70000;
	struct forge f = FORGE_NONE;
	struct kx_core core;
	struct kx_arena a;
	struct kx_bytes b;

	kx_arena_init(&a);
	core_ehdr(&f, 183, 0xffff);
	put(f.p + 40, 8, CORE_PHDR(n));
	for (uint64_t i = 0; i < n; i++)
		core_phdr(&f, 1, 0, 0, i * 0x2000, 0x40, 0x1000);
	forge_room(&f, 64);
	put(f.p + CORE_PHDR(n) + 44, 4, n);
	if (CHECK(open_forge(&f, &b, &a, &core, NULL) == 0)) {
		CHECK_EQ_U64(core.span_count, n);
		for (uint64_t i = 0; i < n; i += 777) {
			CHECK(kx_core_span_find(&core, i * 0x2000) == &core.span[i]);
			CHECK(!kx_core_span_find(&core, i * 0x2000 + 0x40));
		}
	}
	kx_arena_deinit(&a);
	forge_free(&f);
}

/* As in /proc/kcore, and what the kernel puts behind the last note. */
static void test_oddities(void)
{
	struct forge f = FORGE_NONE, notes = FORGE_NONE;
	struct kx_core core;
	struct kx_arena a;
	struct kx_bytes b;

	kx_arena_init(&a);
	core_note(&notes, "", 7, "abc", 3);
	put(notes.p, 4, 0);			/* really no name */
	memmove(notes.p + 12, notes.p + 16, 4);
	notes.len -= 4;
	forge_room(&notes, 12);
	forge_put(&notes, "rubbish", 7);
	core_ehdr(&f, 183, 3);
	core_phdr(&f, 4, 0x1000, 0, 0, notes.len, 0);
	core_phdr(&f, 1, 0x7fff00000000, 0xffff000000000000, UINT64_MAX, 0x1000, 0x1000);
	core_phdr(&f, 1, 0x1000, 0xffff000040000000, 0x40000000, 0, 0);
	forge_to(&f, 0x1000);
	forge_put(&f, notes.p, notes.len);
	if (CHECK(open_forge(&f, &b, &a, &core, NULL) == 0)) {
		CHECK_STR(kx_core_machine_name(&core), "arm64");
		CHECK_EQ_U64(core.load_count, 2);
		CHECK_EQ_U64(core.span_count, 0);
		CHECK_EQ_U64(core.note_count, 1);
		CHECK_STR(core.note[0].name, "");
		CHECK_MEM(core.note[0].desc.data, "abc", 3);
	}
	kx_arena_deinit(&a);
	forge_free(&f);
	forge_free(&notes);
}

/* ---- VMCOREINFO ------------------------------------------------------------------ */

static struct kx_bytes text(const char *s)
{
	return (struct kx_bytes){ (const uint8_t *)s, strlen(s) };
}

static void test_vmcoreinfo(void)
{
	struct kx_bytes v;
	struct bed t;
	uint64_t n;

	if (bed_init(&t)) {
		v = kx_vmcoreinfo_text(&t.core);
		CHECK_EQ_U64(v.len, strlen(CORE_INFO));
		CHECK_STR(kx_vmcoreinfo_str(v, "OSRELEASE", &t.arena), "6.1.0-test");
		CHECK_STR(kx_vmcoreinfo_str(v, "BUILD-ID", &t.arena), "0123456789abcdef");
		CHECK(!kx_vmcoreinfo_str(v, "RELEASE", &t.arena));
		CHECK(kx_vmcoreinfo_u64(v, "PAGESIZE", 10, &n, NULL) == 0 && n == 4096);
		CHECK(kx_vmcoreinfo_u64(v, "KERNELOFFSET", 16, &n, NULL) == 0 && n == 0x1c000000);
		CHECK(kx_vmcoreinfo_symbol(v, "_stext", &n, NULL) == 0 && n == 0xffffffff81000000);
		CHECK(kx_vmcoreinfo_number(v, "phys_base", &n, NULL) == 0 && n == -4096ull);
		CHECK(kx_vmcoreinfo_number(v, "VA_BITS", &n, NULL) == 0 && n == 48);
	}
	bed_deinit(&t);
}

static void test_bad_vmcoreinfo(void)
{
	const struct kx_bytes v = text("A=1x\nB\n=5\nNUMBER(n)=--1\n"
				       "LONG=00000000000000000000000000000001\nNUMBER(z)=-\nE=\nL=7");
	struct kx_err err = { 0 };
	struct kx_bytes got;
	uint64_t n = 99;

	CHECK(kx_vmcoreinfo_u64(v, "A", 10, &n, &err) == -EINVAL);
	CHECK_STR(err.text, "VMCOREINFO: A: expected a number, have '1x'");
	CHECK(kx_vmcoreinfo_u64(v, "B", 10, &n, &err) == -ENOENT);
	CHECK_STR(err.text, "VMCOREINFO: expected B, have no such line");
	CHECK(kx_vmcoreinfo_number(v, "n", &n, &err) == -EINVAL);
	CHECK_STR(err.text, "VMCOREINFO: NUMBER(n): expected a number, have '--1'");
	CHECK(kx_vmcoreinfo_number(v, "z", &n, &err) == -EINVAL);
	CHECK(kx_vmcoreinfo_u64(v, "LONG", 10, &n, &err) == -EINVAL);
	CHECK_STR(err.text, "VMCOREINFO: LONG: expected a number, have 32 characters");
	CHECK_EQ_U64(n, 99);
	CHECK(kx_vmcoreinfo_get(v, "E", &got) && got.len == 0);
	CHECK(kx_vmcoreinfo_u64(v, "L", 10, &n, NULL) == 0 && n == 7);
	CHECK(!kx_vmcoreinfo_get(KX_BYTES_NONE, "E", &got));
	CHECK(!kx_vmcoreinfo_get((struct kx_bytes){ (const uint8_t *)"A=\0E=1", 6 }, "X", &got));
}

/* ---- the kernel's image -------------------------------------------------------- */

static bool image_of(const char *text, uint16_t machine, struct kx_range *pa, uint64_t *va)
{
	return kx_core_image((struct kx_bytes){ (const uint8_t *)text, strlen(text) }, machine, pa,
			     va);
}

static void test_image(void)
{
	struct kx_range pa = { 1, 2 };
	uint64_t va = 3;

	/* x86_64 with KASLR; mem_section and vmemmap are not in the image. */
	if (CHECK(image_of("SYMBOL(_stext)=ffffffffa1000000\nSYMBOL(swapper_pg_dir)=ffffffffa2c22000\n"
			   "SYMBOL(mem_section)=ffff88801ffad680\nSYMBOL(node_data)=ffffffffa3839a40\n"
			   "NUMBER(phys_base)=-520093696\n", 62, &pa, &va))) {
		CHECK_EQ_U64(va, 0xffffffffa1000000);
		CHECK_EQ_U64(pa.start, 0x2000000);
		CHECK_EQ_U64(kx_range_len(pa), 0x2a00000);
	}
	if (CHECK(image_of("SYMBOL(vmemmap)=fffffc0000000000\nSYMBOL(_stext)=ffff800008010000\n"
			   "SYMBOL(init_uts_ns)=ffff800009800000\nSYMBOL(x)=junk\nSYMBOL(y)\n"
			   "NUMBER(kimage_voffset)=0xffff7fffc8000000", 183, &pa, &va))) {
		CHECK_EQ_U64(va, 0xffff800008000000);
		CHECK_EQ_U64(pa.start, 0x40000000);
		CHECK_EQ_U64(kx_range_len(pa), 0x1a00000);
	}
	pa = (struct kx_range){ 1, 2 };
	CHECK(!image_of("NUMBER(phys_base)=0\n", 62, &pa, &va));
	CHECK(!image_of("SYMBOL(_stext)=ffffffff81000000\n", 62, &pa, &va));
	CHECK(!image_of("SYMBOL(_stext)=ffffffff81000000\nNUMBER(phys_base)=0\n", 183, &pa, &va));
	CHECK(!image_of("SYMBOL(_stext)=ffffffffffffffff\nNUMBER(phys_base)=0\n", 62, &pa, &va));
	CHECK(!image_of("", 62, &pa, &va));
	CHECK_EQ_U64(pa.start, 1);
}

static void test_image_part(void)
{
	const struct kx_range image = { 0x4000, 0x8000 };
	const struct { uint64_t pa, len, file_len, want_pa, want_len, want_off; } rows[] = {
		{ 0x1000, 0x2000, 0x2000, 0, 0, 0 },
		{ 0x1000, 0x3000, 0x3000, 0, 0, 0 },
		{ 0x8000, 0x1000, 0x1000, 0, 0, 0 },
		{ 0x1000, 0x10000, 0x10000, 0x4000, 0x4000, 0x13000 },
		{ 0x1000, 0x10000, 0, 0x4000, 0x4000, 0x10000 },
		{ 0x5000, 0x1000, 0x1000, 0x5000, 0x1000, 0x10000 },
		{ 0x7000, 0x2000, 0x2000, 0x7000, 0x1000, 0x10000 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct kx_core_load l = {
			.pa = rows[i].pa, .mem_len = rows[i].len, .file_len = rows[i].file_len,
			.off = 0x10000, .va = 5,
		};
		struct kx_core_load part;

		if (!CHECK(kx_core_image_part(&l, image, 0xf0000000, &part) == !!rows[i].want_len) ||
		    !rows[i].want_len)
			continue;
		CHECK_EQ_U64(part.pa, rows[i].want_pa);
		CHECK_EQ_U64(part.va, 0xf0000000 + rows[i].want_pa - 0x4000);
		CHECK_EQ_U64(part.mem_len, rows[i].want_len);
		CHECK_EQ_U64(part.file_len, rows[i].file_len ? rows[i].want_len : 0);
		CHECK_EQ_U64(part.off, rows[i].want_off);
	}
}

TEST_MAIN(
	{ "a core is opened", test_open },
	{ "physical addresses are found", test_lookup },
	{ "memory is read, across PT_LOADs", test_read },
	{ "a core that is cut off", test_cut_off },
	{ "malformed headers and notes", test_bad_headers },
	{ "PT_LOADs that cannot be", test_bad_loads },
	{ "headers and notes are bounded", test_too_long },
	{ "more program headers than e_phnum can say", test_many_loads },
	{ "no name, no physical address, a terminator", test_oddities },
	{ "VMCOREINFO", test_vmcoreinfo },
	{ "VMCOREINFO that says nothing", test_bad_vmcoreinfo },
	{ "the image", test_image },
	{ "part of the image", test_image_part },
)
