/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kexec/arch/x86_64*.c: where things go, how the kernel is entered, what is
 * refused and in which words.
 */
#include "x86-bed.h"

static void test_places(void)
{
	struct kx_segment s;
	struct bed b;

	bed_init(&b);
	bed_initrd(&b, MIB(2));
	CHECK_EQ_U64(bed_layout(&b), 0);
	s = bed_segment(&b, "kernel");
	CHECK_EQ_U64(s.range.start, 0x1000000);
	CHECK_EQ_U64(kx_range_len(s.range), MIB(60));
	CHECK_EQ_U64(s.buf.len, MIB(8));
	CHECK(s.handover && s.verify);
	s = bed_segment(&b, "initrd");
	/* In the middle of memory. */
	CHECK(s.range.end <= MIB(257) && s.range.end > MIB(255));
	CHECK(!s.handover && s.verify);
	s = bed_segment(&b, "boot_params");
	CHECK_EQ_U64(s.range.start, 0x100000);
	CHECK(s.handover && s.verify);
	/* Nothing below 1 MiB, where the lowest room would be. */
	s = bed_segment(&b, "purgatory");
	CHECK(s.range.start >= 0x100000 && s.range.end <= 0x1000000);
	CHECK_EQ_U64(b.plan.entry, s.range.start);
	CHECK_EQ_U64(b.plan.param.entry_kind, PURG_ENTRY_X86_64);
	CHECK_EQ_U64(b.plan.param.pc, 0x1000200);
	CHECK_EQ_U64(b.plan.param.reg[0], 0x100000);
	CHECK_EQ_U64(b.plan.param.reg[1], 0);
	CHECK_EQ_U64(b.plan.param.flags, PURG_F_DISABLE_PIC);
	bed_deinit(&b);
}

/* The smallest machine with its largest files. */
static void test_low_memory(void)
{
	struct bed b;

	bed_init(&b);
	bed_bzimage(&b, 35000000, MIB(120));
	bed_initrd(&b, 60000000);
	CHECK_EQ_U64(bed_layout(&b), 0);
	CHECK(!kx_range_overlaps(bed_segment(&b, "kernel").range, bed_segment(&b, "initrd").range));
	bed_deinit(&b);

	/* 16 MiB up to the ACPI tables is less than this kernel needs. */
	bed_init(&b);
	bed_bzimage(&b, MIB(8), MIB(496));
	CHECK_EQ_U64(bed_layout(&b), (uint64_t)-ENOSPC);
	CHECK_STR(b.err.text, "kernel: expected a hole of 0x1f000000 bytes aligned to 0x200000 in "
		  "[0x1000000, 0x400000000000), the largest has 0x1efe0000");
	bed_deinit(&b);
}

static void test_above_4g(void)
{
	struct bed b;

	bed_init(&b);
	bed_mem(&b, GIB(4), GIB(6), KX_MEM_RAM);
	bed_bzimage(&b, MIB(8), MIB(600));
	/* Too large for what is free below the middle. */
	bed_initrd(&b, MIB(511));
	CHECK_EQ_U64(bed_layout(&b), 0);
	CHECK_EQ_U64(bed_segment(&b, "kernel").range.start, GIB(4));
	CHECK_EQ_U64(bed_segment(&b, "initrd").range.end, GIB(6));
	CHECK(bed_segment(&b, "purgatory").range.end <= GIB(4));
	CHECK_EQ_U64(le(bed_params(&b) + 0x214, 4), 0);
	CHECK_EQ_U64(le(bed_params(&b) + 0x0c0, 4), 1);
	bed_deinit(&b);

	/* A kernel that cannot: all of it below 4 GiB, the initrd below its limit. */
	bed_init(&b);
	bed_machine(&b, GIB(2));
	bed_mem(&b, GIB(4), GIB(6), KX_MEM_RAM);
	b.image.bzimage.xloadflags = 0x01;
	b.image.bzimage.initrd_addr_max = 0x37ffffff;
	bed_initrd(&b, MIB(2));
	CHECK_EQ_U64(bed_layout(&b), 0);
	CHECK_EQ_U64(bed_segment(&b, "kernel").range.start, 0x1000000);
	CHECK_EQ_U64(bed_segment(&b, "initrd").range.end, 0x38000000);
	bed_deinit(&b);
}

static void test_entry_32(void)
{
	struct bed b;

	bed_init(&b);
	b.req.x86.entry_32bit = true;
	CHECK_EQ_U64(bed_layout(&b), 0);
	CHECK_EQ_U64(b.plan.param.entry_kind, PURG_ENTRY_X86_32);
	CHECK_EQ_U64(b.plan.param.pc, 0x1000000);
	bed_deinit(&b);

	bed_init(&b);
	b.image.bzimage.xloadflags = 0;
	b.image.bzimage.relocatable = false;
	b.image.bzimage.pref_address = 0x2000000;
	CHECK_EQ_U64(bed_layout(&b), 0);
	CHECK_EQ_U64(b.plan.param.entry_kind, PURG_ENTRY_X86_32);
	CHECK_EQ_U64(b.plan.param.pc, 0x2000000);
	CHECK(bed_note(&b, "has no 64-bit one"));
	bed_deinit(&b);
}

/* Running levels, xloadflags and command line -> what purgatory does. */
static void test_paging(void)
{
	static const struct {
		bool la57;
		uint16_t xloadflags;
		const char *cmdline;
		enum purg_paging paging;
		bool noted;
	} rows[] = {
		{ true,  0x7f, "quiet", PURG_PAGING_KEEP, false },
		{ false, 0x7f, "quiet", PURG_PAGING_KEEP, false },
		/* Debian's 5.10: knows of 5 levels, is not built for them. */
		{ true,  0x3f, "quiet", PURG_PAGING_4LEVEL, true },
		/* Before 4.18. */
		{ true,  0x1f, "quiet", PURG_PAGING_4LEVEL, true },
		{ true,  0x7f, "quiet no5lvl", PURG_PAGING_4LEVEL, true },
		{ true,  0x7f, "no5lvl2", PURG_PAGING_KEEP, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bed b;

		bed_init(&b);
		b.src.x86.la57 = rows[i].la57;
		b.image.bzimage.xloadflags = rows[i].xloadflags;
		b.plan.cmdline = rows[i].cmdline;
		CHECK_EQ_U64(bed_layout(&b), 0);
		CHECK_EQ_U64(b.plan.param.paging, rows[i].paging);
		CHECK(bed_note(&b, "paging: ") == rows[i].noted);
		bed_deinit(&b);
	}
}

static void test_refusals(void)
{
	struct bed b;
	char line[2100];

	bed_init(&b);
	memset(line, 'x', sizeof(line));
	line[2048] = 0;
	b.plan.cmdline = line;
	CHECK_EQ_U64(bed_layout(&b), (uint64_t)-E2BIG);
	CHECK_STR(b.err.text, "command line: this kernel takes at most 2047 characters, have 2048");
	bed_deinit(&b);

	bed_init(&b);
	b.req.x86.real_mode = true;
	CHECK_EQ_U64(bed_layout(&b), (uint64_t)-EOPNOTSUPP);
	CHECK_STR(b.err.text, "--real-mode is not supported yet");
	bed_deinit(&b);

	bed_init(&b);
	b.image.bzimage.version = 0x0209;
	CHECK_EQ_U64(bed_layout(&b), (uint64_t)-EOPNOTSUPP);
	CHECK_STR(b.err.text,
		  "bzImage: boot protocol: expected at least 2.10 (Linux 2.6.31), have 2.09");
	bed_deinit(&b);

	bed_init(&b);
	b.format.id = KX_FORMAT_ARM64_IMAGE;
	b.format.name = "arm64 Image";
	CHECK_EQ_U64(bed_layout(&b), (uint64_t)-ENOEXEC);
	CHECK_STR(b.err.text, "an arm64 Image cannot be booted on x86_64");
	bed_deinit(&b);

	bed_init(&b);
	bed_initrd(&b, MIB(480));
	CHECK_EQ_U64(bed_layout(&b), (uint64_t)-ENOSPC);
	CHECK(strstr(b.err.text, "initrd: expected a hole of 0x1e000000 bytes"));
	bed_deinit(&b);
}

static void test_file_refuses(void)
{
	const struct kx_arch *arch = &kx_archs[KX_MACHINE_X86_64];
	struct bed b;

	bed_init(&b);
	CHECK(!arch->file_refuses(&b.image, &b.src));
	b.src.x86.la57 = true;
	CHECK(!arch->file_refuses(&b.image, &b.src));
	b.image.bzimage.xloadflags = 0x3f;
	CHECK(strstr(arch->file_refuses(&b.image, &b.src), "5-level"));
	b.src.x86.la57 = false;
	CHECK(!arch->file_refuses(&b.image, &b.src));
	b.src.x86.efi = true;
	CHECK(strstr(arch->file_refuses(&b.image, &b.src), "32-bit EFI"));
	b.src.x86.efi64 = true;
	CHECK(!arch->file_refuses(&b.image, &b.src));
	b.image.bzimage.xloadflags = 0x01;
	CHECK(strstr(arch->file_refuses(&b.image, &b.src), "4 GiB"));
	b.image.bzimage.xloadflags = 0;
	CHECK(strstr(arch->file_refuses(&b.image, &b.src), "XLF_KERNEL_64"));
	b.image.bzimage.version = 0x020b;
	CHECK(strstr(arch->file_refuses(&b.image, &b.src), "2.12"));
	b.format.id = KX_FORMAT_ELF;
	CHECK(strstr(arch->file_refuses(&b.image, &b.src), "bzImage"));
	bed_deinit(&b);
}

/* ---- ELF ------------------------------------------------------------------- */

static void bed_elf(struct bed *b, struct kx_elf_load *load, size_t n, uint64_t entry)
{
	b->format = (struct kx_format){ .id = KX_FORMAT_ELF, .name = "ELF" };
	b->image.elf = (struct kx_elf){
		.machine = 62, .entry = entry, .load = load, .load_count = n,
	};
}

static void test_elf(void)
{
	struct kx_segment s;
	struct bed b;

	bed_init(&b);
	struct kx_elf_load load[] = {
		/* Out of order; the second and third share a page. */
		{ 0xffffffff82000000, 0x2000000, MIB(4), { b.content, 64 } },
		{ 0xffffffff81000000, 0x1000000, 0x1040, { b.content, 64 } },
		{ 0xffffffff81001800, 0x1001800, 0x100, { b.content, 16 } },
		{ 0, 0x7000000, 0, KX_BYTES_NONE },
	};
	bed_elf(&b, load, 4, 0x1001810);
	b.src.x86.la57 = true;
	CHECK_EQ_U64(bed_layout(&b), 0);
	s = bed_segment(&b, "kernel");
	CHECK_EQ_U64(s.range.start, 0x1000000);
	CHECK_EQ_U64(s.range.end, 0x1002000);
	CHECK_EQ_U64(s.buf.len, 0x1810);
	CHECK_EQ_U64(s.buf.data[0], 0x5a);
	CHECK_EQ_U64(s.buf.data[0x40], 0);
	CHECK_EQ_U64(s.buf.data[0x180f], 0x5a);
	CHECK(s.handover);
	s = bed_segment(&b, "kernel 2");
	CHECK_EQ_U64(s.range.start, 0x2000000);
	CHECK(s.buf.data == b.content && s.handover);
	CHECK_EQ_U64(b.plan.param.pc, 0x1001810);
	CHECK_EQ_U64(b.plan.param.paging, PURG_PAGING_4LEVEL);
	/* A header of our own making. */
	CHECK_EQ_U64(le(bed_params(&b) + 0x1fe, 2), 0xaa55);
	CHECK_MEM(bed_params(&b) + 0x202, "HdrS", 4);
	CHECK_EQ_U64(le(bed_params(&b) + 0x206, 2), 0x020f);
	CHECK_EQ_U64(bed_params(&b)[0x210], 0xd0);
	CHECK_EQ_U64(le(bed_params(&b) + 0x238, 4), 2047);
	bed_deinit(&b);
}

static void test_elf_unaligned(void)
{
	struct kx_segment s;
	struct bed b;

	bed_init(&b);
	/* By its virtual address, in the middle of a page. */
	struct kx_elf_load load = { 0x400010, 0x300010, 0x2000, { b.content, 64 } };
	bed_elf(&b, &load, 1, 0x400020);
	CHECK_EQ_U64(bed_layout(&b), 0);
	s = bed_segment(&b, "kernel");
	CHECK_EQ_U64(s.range.start, 0x300000);
	CHECK_EQ_U64(s.range.end, 0x303000);
	CHECK_EQ_U64(s.buf.len, 0x50);
	CHECK_EQ_U64(s.buf.data[0xf], 0);
	CHECK_EQ_U64(s.buf.data[0x10], 0x5a);
	CHECK_EQ_U64(b.plan.param.pc, 0x300020);
	bed_deinit(&b);
}

static void test_elf_args(void)
{
	struct kx_elf_load load = { 0, 0x1000000, 0x1000, KX_BYTES_NONE };
	struct bed b;

	bed_init(&b);
	bed_elf(&b, &load, 1, 0x1000000);
	b.req.x86.args = KX_ARGS_NONE;
	CHECK_EQ_U64(bed_layout(&b), (uint64_t)-EINVAL);
	CHECK_STR(b.err.text, "--args-none cannot pass a command line");
	b.plan.cmdline = "";
	CHECK_EQ_U64(bed_layout(&b), 0);
	CHECK(!kx_plan_segment(&b.plan, "boot_params"));
	CHECK_EQ_U64(b.plan.param.reg[0], 0);
	CHECK_EQ_U64(b.plan.param.timing_pa, 0);
	bed_deinit(&b);

	bed_init(&b);
	bed_elf(&b, &load, 1, 0x1000000);
	b.req.x86.args = KX_ARGS_ELF;
	CHECK_EQ_U64(bed_layout(&b), (uint64_t)-EOPNOTSUPP);
	CHECK_STR(b.err.text, "--args-elf is not supported yet");
	bed_deinit(&b);
}

static void elf_fails(struct kx_elf_load *load, size_t n, uint64_t entry, int code, const char *text)
{
	struct bed b;

	bed_init(&b);
	bed_elf(&b, load, n, entry);
	CHECK_EQ_U64(bed_layout(&b), (uint64_t)-code);
	CHECK_STR(b.err.text, text);
	bed_deinit(&b);
}

static void test_elf_bad(void)
{
	struct kx_elf_load two[] = {
		{ 0, 0x1000000, 0x2000, KX_BYTES_NONE },
		{ 0, 0x1001fff, 0x2000, KX_BYTES_NONE },
	};
	struct kx_elf_load wraps = { 0, UINT64_MAX - 0xfff, 0x2000, KX_BYTES_NONE };
	struct kx_elf_load rom = { 0, 0xf0000, 0x1000, KX_BYTES_NONE };

	elf_fails(two, 2, 0x1000000, ENOEXEC, "ELF: PT_LOADs at 0x1000000 and 0x1001fff overlap");
	elf_fails(two, 1, 0x1002000, ENOEXEC, "ELF: e_entry 0x1002000 is in no PT_LOAD");
	elf_fails(&wraps, 1, UINT64_MAX - 0xfff, ENOEXEC,
		  "ELF: PT_LOAD at 0xfffffffffffff000, 0x2000 bytes: ends above 64 TiB");
	elf_fails(&rom, 1, 0xf0000, ENOSPC,
		  "kernel: must be at [0xf0000-0xf1000), where no memory is");
}

TEST_MAIN({ "segments and entry", test_places },
	  { "512 MiB with a large kernel and initrd", test_low_memory },
	  { "above 4 GiB, and kernels that cannot", test_above_4g },
	  { "32-bit entry", test_entry_32 },
	  { "paging levels", test_paging },
	  { "refusals and their sentences", test_refusals },
	  { "what kexec_file_load does not take", test_file_refuses },
	  { "ELF: segments share pages", test_elf },
	  { "ELF: unaligned, virtual entry", test_elf_unaligned },
	  { "ELF: --args", test_elf_args },
	  { "ELF: malformed", test_elf_bad })
