/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arch/arm64.c and arm64-elf.c: where everything goes, by number, and what does
 * not fit.
 */
#include <errno.h>

#include "../../kexec/arch/arm64.h"
#include "kx/fdt.h"
#include "test.h"
#include "tree.h"

#define MIB(n)		((uint64_t)(n) << 20)
#define GIB(n)		((uint64_t)(n) << 30)
#define ANYWHERE	8
#define PAGES_4K	2

struct bed {
	struct kx_arena arena;
	struct kx_sources src;
	struct kx_request req;
	struct kx_payload payload;
	struct kx_plan plan;
	struct kx_image image;
	struct kx_format format;
	struct kx_err err;
	struct tree running;
};

static void ram(struct bed *b, uint64_t start, uint64_t end)
{
	struct kx_mem m = { { start, end }, KX_MEM_RAM, 0, "System RAM" };

	CHECK(kx_memmap_add(&b->src.firmware, &b->arena, m, &b->err) == 0);
	CHECK(kx_memmap_add(&b->src.iomem, &b->arena, m, &b->err) == 0);
}

static void taken(struct bed *b, uint64_t start, uint64_t end, const char *name)
{
	struct kx_mem m = { { start, end }, KX_MEM_RESERVED, 1, name };

	CHECK(kx_memmap_add(&b->src.iomem, &b->arena, m, &b->err) == 0);
}

/* @len bytes of kernel that want @size bytes of memory. */
static void bed_init(struct bed *b, uint64_t flags, uint64_t text_offset, size_t len,
		     uint64_t size)
{
	memset(b, 0, sizeof(*b));
	kx_arena_init(&b->arena);
	b->src.page_size = 4096;
	b->src.machine = KX_MACHINE_ARM64;
	b->src.has_cap_boot = true;
	b->src.arm64.fdt = tree_machine(&b->running);
	b->src.arm64.fdt_source = "/sys/firmware/fdt";
	b->src.arm64.psci = PURG_PSCI_HVC;
	b->req.mem_max = UINT64_MAX;
	b->format.id = KX_FORMAT_ARM64_IMAGE;
	b->image.format = &b->format;
	b->image.machine = KX_MACHINE_ARM64;
	b->image.bytes = (struct kx_bytes){ kx_arena_alloc(&b->arena, len), len };
	b->image.arm64 = (struct kx_arm64_image){ text_offset, size, flags, false };
	b->plan.arch = &kx_archs[KX_MACHINE_ARM64];
	b->plan.arena = &b->arena;
	b->plan.sources = &b->src;
	b->plan.request = &b->req;
	b->plan.payload = &b->payload;
	b->plan.cmdline = "quiet";
}

static void bed_initrd(struct bed *b, size_t len)
{
	b->plan.initrd = (struct kx_bytes){ kx_arena_alloc(&b->arena, len), len };
}

static void bed_deinit(struct bed *b)
{
	kx_arena_deinit(&b->arena);
}

static bool layout(struct bed *b)
{
	if (!CHECK(kx_plan_space(&b->plan, &b->err) == 0))
		return false;
	if (CHECK(kx_arm64_layout(&b->plan, &b->image, &b->err) == 0) &&
	    CHECK(kx_plan_regions(&b->plan, &b->err) == 0) &&
	    CHECK(kx_plan_place_purgatory(&b->plan, &b->err) == 0))
		return true;
	printf("# %s\n", b->err.text);
	return false;
}

static void layout_fails(struct bed *b, int code, const char *text)
{
	CHECK(kx_plan_space(&b->plan, &b->err) == 0);
	CHECK_EQ_U64((uint64_t)-kx_arm64_layout(&b->plan, &b->image, &b->err), (uint64_t)code);
	CHECK_STR(b->err.text, text);
}

static void at(struct bed *b, const char *name, uint64_t start, uint64_t end)
{
	struct kx_segment *s = kx_plan_segment(&b->plan, name);

	if (!CHECK(s != NULL)) {
		printf("# no segment %s\n", name);
		return;
	}
	CHECK_STR(s->name, name);
	CHECK_EQ_U64(s->range.start, start);
	CHECK_EQ_U64(s->range.end, end);
}

static void purgatory_at(struct bed *b, uint64_t start)
{
	const struct kx_segment *s = kx_plan_segment(&b->plan, "purgatory");

	CHECK(s && s->range.start == start && !s->verify);
	CHECK_EQ_U64(b->plan.entry, start);
}

static bool noted(const struct bed *b, const char *text)
{
	for (size_t i = 0; i < b->plan.note_count; i++)
		if (strcmp(b->plan.note[i], text) == 0)
			return true;
	return false;
}

/* ---- Image -------------------------------------------------------------- */

static void test_simple(void)
{
	struct kx_segment *dtb;
	struct bed b;

	bed_init(&b, ANYWHERE | PAGES_4K, 0, MIB(3), MIB(5));
	ram(&b, GIB(1), GIB(1) + MIB(512));
	bed_initrd(&b, 5000);
	if (!layout(&b))
		return;
	CHECK_EQ_U64(b.plan.segment_count, 4);
	at(&b, "kernel", 0x5fa00000, 0x5ff00000);
	at(&b, "initrd", 0x5fffe000, 0x60000000);
	at(&b, "dtb", 0x5f800000, 0x5f801000);
	purgatory_at(&b, 0x40000000);
	CHECK_EQ_U64(b.plan.param.entry_kind, PURG_ENTRY_ARM64);
	CHECK_EQ_U64(b.plan.param.pc, 0x5fa00000);
	CHECK_EQ_U64(b.plan.param.reg[0], 0x5f800000);
	CHECK_EQ_U64(b.plan.param.reg[1], 0);
	CHECK_EQ_U64(b.plan.param.psci, PURG_PSCI_HVC);
	CHECK_STR(b.plan.segment[0].why,
		  "highest 2 MiB boundary with 0x500000 bytes free, plus text_offset 0x0");
	/* the tree says where the initrd is */
	dtb = kx_plan_segment(&b.plan, "dtb");
	CHECK_EQ_U64(dtb->buf.len, fdt_totalsize(dtb->buf.data));
	CHECK_EQ_U64(b.plan.param.timing_pa, 0x5f800000 + kx_arm64_dtb_timing(dtb->buf));
	CHECK_EQ_U64(fdt64_ld(fdt_getprop(dtb->buf.data, fdt_path_offset(dtb->buf.data, "/chosen"),
					  "linux,initrd-end", NULL)), 0x5fffe000 + 5000);
	bed_deinit(&b);
}

/* Debian's sizes in 512 MiB, EFI's leftovers in the way. */
static void test_small_machine(void)
{
	struct bed b;

	bed_init(&b, ANYWHERE | PAGES_4K, 0, MIB(35), MIB(36) + 0x30000);
	ram(&b, GIB(1), GIB(1) + MIB(512));
	taken(&b, 0x40000000, 0x40010000, "reserved");
	taken(&b, 0x42000000, 0x42001000, "reserved");
	taken(&b, 0x5c000000, 0x60000000, "reserved");
	bed_initrd(&b, MIB(60) + 123);
	if (!layout(&b))
		return;
	at(&b, "kernel", 0x59a00000, 0x5be30000);
	at(&b, "initrd", 0x55dff000, 0x59a00000);
	at(&b, "dtb", 0x55a00000, 0x55a01000);
	purgatory_at(&b, 0x40010000);
	bed_deinit(&b);
}

static void test_text_offset(void)
{
	struct bed b;

	bed_init(&b, 0, 0x80000, MIB(1), MIB(2));
	ram(&b, GIB(1) + 0x1000, GIB(1) + MIB(64));
	bed_initrd(&b, 4096);
	if (!layout(&b))
		return;
	at(&b, "kernel", 0x40280000, 0x40480000);
	CHECK_EQ_U64(b.plan.param.pc, 0x40280000);
	/* without flag bit 3 nothing for the kernel goes below its base */
	at(&b, "initrd", 0x40480000, 0x40481000);
	at(&b, "dtb", 0x40600000, 0x40601000);
	purgatory_at(&b, 0x40010000);
	bed_deinit(&b);
}

/* A running kernel with 64 KiB pages, and a text_offset that is none. */
static void test_big_pages(void)
{
	struct kx_segment *s;
	struct bed b;

	bed_init(&b, ANYWHERE | PAGES_4K, 0x81000, 0x20000, 0x30000);
	b.src.page_size = 0x10000;
	ram(&b, GIB(1), GIB(1) + MIB(64));
	if (!layout(&b))
		return;
	at(&b, "kernel", 0x43e80000, 0x43ec0000);
	s = kx_plan_segment(&b.plan, "kernel");
	CHECK_EQ_U64(s->buf.len, 0x21000);
	CHECK_EQ_U64(b.plan.param.pc, 0x43e81000);
	at(&b, "dtb", 0x43c00000, 0x43c10000);
	CHECK(noted(&b, "kernel: uses pages of 0x1000, the running one 0x10000: the CPU must support both"));
	bed_deinit(&b);
}

/* 32 GiB, 1 GiB aligned, that cover the kernel's last byte: none reaches down to 5 GiB. */
static void test_window_below(void)
{
	struct bed b;

	bed_init(&b, ANYWHERE | PAGES_4K, 0, MIB(1), MIB(2));
	ram(&b, GIB(5) - MIB(1), GIB(5) + MIB(15));
	ram(&b, GIB(36), GIB(36) + MIB(8));
	bed_initrd(&b, MIB(16));
	layout_fails(&b, ENOSPC,
		     "initrd: expected a hole of 0x1000000 bytes aligned to 0x1000 in [0x140000000, 0x1100000000), the largest has 0xf00000");
	bed_deinit(&b);

	/* 1 MiB higher is inside */
	bed_init(&b, ANYWHERE | PAGES_4K, 0, MIB(1), MIB(2));
	ram(&b, GIB(5), GIB(5) + MIB(16));
	ram(&b, GIB(36), GIB(36) + MIB(8));
	bed_initrd(&b, MIB(16));
	if (layout(&b)) {
		at(&b, "kernel", GIB(36) + MIB(6), GIB(36) + MIB(8));
		at(&b, "initrd", GIB(5), GIB(5) + MIB(16));
	}
	bed_deinit(&b);
}

/* The same upwards, with a kernel that only fits low. */
static void test_window_above(void)
{
	struct bed b;

	bed_init(&b, ANYWHERE | PAGES_4K, 0, MIB(1), MIB(20));
	ram(&b, GIB(2), GIB(2) + MIB(20));
	ram(&b, GIB(34) - MIB(1), GIB(34) + MIB(15));
	bed_initrd(&b, MIB(16));
	layout_fails(&b, ENOSPC,
		     "initrd: expected a hole of 0x1000000 bytes aligned to 0x1000 in [0x0, 0x880000000), the largest has 0x100000");
	bed_deinit(&b);

	bed_init(&b, ANYWHERE | PAGES_4K, 0, MIB(1), MIB(20));
	ram(&b, GIB(2), GIB(2) + MIB(20));
	ram(&b, GIB(34) - MIB(17), GIB(34) + MIB(2));
	bed_initrd(&b, MIB(16));
	if (layout(&b))
		at(&b, "initrd", GIB(34) - MIB(16), GIB(34));
	bed_deinit(&b);
}

/* A block of its own where there is one; else at most one is touched. */
static void test_dtb_block(void)
{
	static uint8_t junk[0x18000];
	struct bed b;
	uint8_t *big;

	bed_init(&b, ANYWHERE, 0, MIB(1), MIB(1));
	ram(&b, GIB(1), GIB(1) + MIB(4));
	taken(&b, GIB(1) + MIB(3) + 0xf0000, GIB(1) + MIB(4), "reserved");
	taken(&b, GIB(1) + MIB(1) + 0xd0000, GIB(1) + MIB(1) + 0xd1000, "reserved");
	big = kx_arena_alloc(&b.arena, MIB(1));
	CHECK(fdt_open_into(b.running.fdt, big, (int)MIB(1)) == 0);
	CHECK(fdt_setprop(big, 0, "junk", junk, sizeof(junk)) == 0);
	b.src.arm64.fdt = (struct kx_bytes){ big, MIB(1) };
	if (layout(&b)) {
		at(&b, "kernel", 0x40200000, 0x40300000);
		/* not 0x403d7000, which is nearer to the top but not aligned */
		at(&b, "dtb", 0x403c0000, 0x403d9000);
		CHECK_STR(kx_plan_segment(&b.plan, "dtb")->why, "inside one 2 MiB block");
	}
	bed_deinit(&b);
}

static void test_refused(void)
{
	struct bed b;

	bed_init(&b, 1, 0, MIB(1), MIB(1));
	ram(&b, GIB(1), GIB(1) + MIB(64));
	layout_fails(&b, EINVAL,
		     "kernel: flags: expected a little-endian kernel, have 0x1 (bit 0 set)");
	bed_deinit(&b);

	bed_init(&b, ANYWHERE, 0x80000, MIB(1), UINT64_MAX - 0x1000);
	ram(&b, GIB(1), GIB(1) + MIB(64));
	layout_fails(&b, ENOEXEC,
		     "kernel: text_offset 0x80000 and size 0xffffffffffffefff wrap");
	bed_deinit(&b);

	bed_init(&b, ANYWHERE, 0, MIB(1), MIB(65));
	ram(&b, GIB(1), GIB(1) + MIB(64));
	layout_fails(&b, ENOSPC,
		     "kernel: expected a hole of 0x4100000 bytes aligned to 0x200000 in [0x0, 0xffffffffffffffff), the largest has 0x4000000");
	bed_deinit(&b);

	bed_init(&b, ANYWHERE, 0, MIB(1), MIB(2));
	ram(&b, GIB(1), GIB(1) + MIB(64));
	bed_initrd(&b, MIB(63));
	layout_fails(&b, ENOSPC,
		     "initrd: expected a hole of 0x3f00000 bytes aligned to 0x1000 in [0x0, 0x840000000), the largest has 0x3e00000");
	bed_deinit(&b);

	bed_init(&b, ANYWHERE, 0, MIB(1), MIB(2));
	ram(&b, GIB(1), GIB(1) + MIB(64));
	b.src.arm64.fdt = KX_BYTES_NONE;
	layout_fails(&b, EINVAL,
		     "no device tree: neither /sys/firmware/fdt (root only) nor /proc/device-tree is readable, and --dtb is not given");
	bed_deinit(&b);
}

static void test_old_header(void)
{
	struct bed b;

	bed_init(&b, 0, 0x80000, MIB(1), MIB(16));
	b.image.arm64.old_header = true;
	ram(&b, GIB(1), GIB(1) + MIB(64));
	if (layout(&b)) {
		at(&b, "kernel", 0x40080000, 0x41080000);
		CHECK(noted(&b, "kernel: the header has no image size; 0x1000000 bytes are kept free"));
	}
	bed_deinit(&b);
}

/* ---- ELF ---------------------------------------------------------------- */

#define VA	0xffff800080000000ULL

static uint8_t text[0x12000], data[0x3000];

static void elf_init(struct bed *b, struct kx_elf_load *load, size_t n)
{
	bed_init(b, 0, 0, 64, 0);
	b->format.id = KX_FORMAT_ELF;
	b->image.elf = (struct kx_elf){ .machine = 183, .entry = VA, .load = load, .load_count = n,
		.has_arm64_header = true,
		.arm64 = { 0, MIB(1), ANYWHERE | PAGES_4K, false } };
	ram(b, GIB(1), GIB(1) + MIB(64));
}

static void test_elf(void)
{
	struct kx_elf_load load[] = {	/* not in order, one empty */
		{ VA + 0x20000, 0, 0x5000, { data, sizeof(data) } },
		{ VA, 0, sizeof(text), { text, sizeof(text) } },
		{ VA + 0x90000, 0, 0, { NULL, 0 } },
	};
	struct bed b;

	elf_init(&b, load, 3);
	b.image.elf.entry = VA + 0x40;
	if (layout(&b)) {
		at(&b, "kernel", 0x43e00000, 0x43e20000);
		at(&b, "kernel-2", 0x43e20000, 0x43f00000);
		CHECK(kx_plan_segment(&b.plan, "kernel")->buf.data == text);
		CHECK(kx_plan_segment(&b.plan, "kernel-2")->buf.data == data);
		CHECK_EQ_U64(b.plan.param.pc, 0x43e00040);
	}
	bed_deinit(&b);
}

/* A load that begins inside the page another ends in cannot be its own segment. */
static void test_elf_joined(void)
{
	struct kx_elf_load load[] = {
		{ VA, 0, 0x11800, { text, 0x11800 } },
		{ VA + 0x11c00, 0, 0x5000, { data, sizeof(data) } },
	};
	const struct kx_segment *s;
	struct bed b;

	memset(text, 0x11, sizeof(text));
	memset(data, 0x22, sizeof(data));
	elf_init(&b, load, 2);
	if (layout(&b)) {
		at(&b, "kernel", 0x43e00000, 0x43f00000);
		s = kx_plan_segment(&b.plan, "kernel");
		CHECK_EQ_U64(s->buf.len, 0x14c00);
		CHECK_EQ_U64(s->buf.data[0x117ff], 0x11);
		CHECK_EQ_U64(s->buf.data[0x11800], 0);
		CHECK_EQ_U64(s->buf.data[0x11bff], 0);
		CHECK_EQ_U64(s->buf.data[0x11c00], 0x22);
	}
	bed_deinit(&b);
}

static void test_elf_many(void)
{
	struct kx_elf_load load[12];
	struct bed b;

	for (size_t i = 0; i < 12; i++)
		load[i] = (struct kx_elf_load){ VA + 0x1000 * i, 0, 0x1000, { data, 0x800 } };
	elf_init(&b, load, 12);
	if (layout(&b)) {
		CHECK_EQ_U64(b.plan.segment_count, 3);
		CHECK_EQ_U64(kx_plan_segment(&b.plan, "kernel")->buf.len, 0xb800);
	}
	bed_deinit(&b);
}

/* Without the Image header alignment comes from the virtual address. */
static void test_elf_headerless(void)
{
	struct kx_elf_load load[] = { { VA + 0x80000, 0, 0x12000, { text, sizeof(text) } } };
	struct bed b;

	elf_init(&b, load, 1);
	b.image.elf.has_arm64_header = false;
	b.image.elf.entry = VA + 0x80000;
	if (layout(&b)) {
		at(&b, "kernel", 0x40080000, 0x40092000);
		CHECK_EQ_U64(b.plan.param.pc, 0x40080000);
	}
	bed_deinit(&b);
}

static void test_elf_bad(void)
{
	struct kx_elf_load load[] = {
		{ VA, 0, 0x12000, { text, sizeof(text) } },
		{ VA + 0x11000, 0, 0x3000, { data, sizeof(data) } },
	};
	struct bed b;

	elf_init(&b, load, 2);
	layout_fails(&b, ENOEXEC,
		     "kernel: ELF: PT_LOADs at 0xffff800080000000 and 0xffff800080011000 overlap");
	b.image.elf.load_count = 0;
	layout_fails(&b, ENOEXEC, "kernel: ELF: no PT_LOAD with content");
	b.image.elf.load_count = 1;
	b.image.elf.entry = VA + 0x12000;
	layout_fails(&b, ENOEXEC,
		     "kernel: ELF: entry: expected 0xffff800080000000 to 0xffff800080012000, have 0xffff800080012000");
	load[0].mem_len = UINT64_MAX;
	layout_fails(&b, ENOEXEC,
		     "kernel: ELF: PT_LOAD at 0xffff800080000000 with 0xffffffffffffffff bytes wraps");
	bed_deinit(&b);
}

static void test_file_refuses(void)
{
	struct bed b;

	bed_init(&b, ANYWHERE, 0, 64, 64);
	CHECK(kx_arm64_file_refuses(&b.image, &b.src) == NULL);
	b.format.id = KX_FORMAT_ELF;
	CHECK_STR(kx_arm64_file_refuses(&b.image, &b.src),
		  "arm64's kexec_file_load takes an Image only, and this is an ELF file");
	bed_deinit(&b);
}

static void test_table(void)
{
	CHECK(kx_arch_by_uname("aarch64") == &kx_archs[KX_MACHINE_ARM64]);
	CHECK(kx_arch_by_uname("x86_64") == &kx_archs[KX_MACHINE_X86_64]);
	CHECK(kx_arch_by_uname("riscv64") == NULL);
	CHECK_EQ_U64(kx_archs[KX_MACHINE_ARM64].kexec_arch, 0xb70000);
	CHECK_EQ_U64(kx_archs[KX_MACHINE_X86_64].kexec_arch, 0x3e0000);
}

/* What purgatory stops depends on who comes, and on who reserved the tables. */
static void test_interrupts(void)
{
	struct bed b;

	bed_init(&b, ANYWHERE | PAGES_4K, 0, 0x1000, 0x2000);
	b.src.arm64.gic = (struct kx_gic){ .its_count = 1, .its_pa = { 0x8080000 }, .gicr_count = 1,
					   .gicr = { { 0x80a0000, 0xf60000, 0 } } };
	kx_arm64_stop_interrupts(&b.plan, true);
	CHECK_EQ_U64(b.plan.param.its_count, 1);
	CHECK_EQ_U64(b.plan.param.its_pa[0], 0x8080000);
	CHECK_EQ_U64(b.plan.param.gicr_count, 1);
	CHECK_EQ_U64(b.plan.param.gicr[0].len, 0xf60000);
	CHECK_STR(b.plan.note[0], "interrupts: purgatory stops 1 ITS and the redistributors' LPIs");
	kx_arm64_stop_interrupts(&b.plan, false);
	CHECK_EQ_U64(b.plan.param.its_count, 1);
	CHECK_EQ_U64(b.plan.param.gicr_count, 0);
	CHECK_STR(b.plan.note[1], "interrupts: purgatory stops 1 ITS");
	/* A GICv2. */
	b.src.arm64.gic = (struct kx_gic){ 0 };
	kx_arm64_stop_interrupts(&b.plan, true);
	CHECK_EQ_U64(b.plan.param.its_count, 0);
	CHECK_EQ_U64(b.plan.note_count, 2);
	kx_arena_deinit(&b.arena);
}

TEST_MAIN({ "Image with initrd", test_simple },
	  { "512 MiB with reservations", test_small_machine },
	  { "text_offset", test_text_offset },
	  { "64 KiB pages", test_big_pages },
	  { "32 GiB window, initrd below", test_window_below },
	  { "32 GiB window, initrd above", test_window_above },
	  { "dtb inside one 2 MiB block", test_dtb_block },
	  { "what is refused", test_refused },
	  { "header without size", test_old_header },
	  { "ELF, parts in place", test_elf },
	  { "ELF, parts joined", test_elf_joined },
	  { "ELF, too many parts", test_elf_many },
	  { "ELF without Image header", test_elf_headerless },
	  { "ELF, unsound", test_elf_bad },
	  { "what kexec_file_load refuses", test_file_refuses },
	  { "table of architectures", test_table },
	  { "interrupts that go on", test_interrupts })
