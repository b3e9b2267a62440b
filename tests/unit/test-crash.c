/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * plan/crash.c, plan/fit.c and what the layouts do for -p: where segments are, what the
 * next kernel is told of memory, when the core headers may change, and each refusal.
 */
#include <libfdt.h>

#include "kx/uapi.h"
#include "payload-bed.h"

#define BP_E820_COUNT	0x1e8
#define BP_E820		0x2d0

static void crash_init(struct bed *b, enum kx_machine machine)
{
	bed_init(b, machine);
	bed_reserve(b, MIB(128));
	b->req.crash = true;
	b->src.core.vmcoreinfo = (struct kx_range){ b->ram + MIB(2), b->ram + MIB(2) + 4096 };
}

/* The entry of the map in boot_params that begins at @start; 0: none. */
static uint32_t e820_type(struct bed *b, uint64_t start, uint64_t *ret_len)
{
	const struct kx_segment *s = kx_plan_segment(&b->plan, "boot_params");
	uint64_t at, len;
	uint32_t type;

	for (size_t i = 0; s && i < s->buf.data[BP_E820_COUNT]; i++) {
		uint64_t off = BP_E820 + 20 * i;

		if (!kx_bytes_le64(s->buf, off, &at) || !kx_bytes_le64(s->buf, off + 8, &len) ||
		    !kx_bytes_le32(s->buf, off + 16, &type) || at != start)
			continue;
		*ret_len = len;
		return type;
	}
	return 0;
}

static void check_inside(struct bed *b)
{
	struct kx_range main_range = b->src.crash[b->src.crash_count - 1];

	for (size_t i = 0; i < b->plan.segment_count; i++)
		CHECK(kx_range_contains(main_range, b->plan.segment[i].range));
	CHECK(b->plan.flags & KX_LOAD_ON_CRASH);
	CHECK(b->plan.file_flags & KX_FILE_ON_CRASH);
	CHECK(kx_plan_check(&b->plan, &b->err) == 0);
}

static void test_x86_64(void)
{
	const struct kx_segment *core;
	uint64_t len = 0;
	struct bed b;

	crash_init(&b, KX_MACHINE_X86_64);
	bed_mem(&b, &b.src.firmware, 0x1000, 0x9f000, KX_MEM_RAM, 0, "System RAM");
	bed_mem(&b, &b.src.firmware, MIB(600), MIB(601), KX_MEM_ACPI, 0, "ACPI Tables");
	bed_mem(&b, &b.src.firmware, MIB(700), MIB(701), KX_MEM_RESERVED, 0, "Reserved");
	if (!bed_build(&b))
		return;
	check_inside(&b);
	core = kx_plan_segment(&b.plan, "elfcorehdr");
	CHECK(strstr(b.plan.cmdline, "elfcorehdr=0x") == b.plan.cmdline);
	CHECK_EQ_U64(b.plan.own.core.start, core->range.start);
	/* The first MiB, the reservation around the headers, what is no RAM. */
	CHECK_EQ_U64(e820_type(&b, 0x1000, &len), 1);
	CHECK_EQ_U64(len, 0x9e000);
	CHECK_EQ_U64(e820_type(&b, b.src.crash[0].start, &len), 1);
	CHECK_EQ_U64(len, core->range.start - b.src.crash[0].start);
	CHECK_EQ_U64(e820_type(&b, core->range.start, &len), 2);
	CHECK_EQ_U64(e820_type(&b, MIB(600), &len), 3);
	CHECK_EQ_U64(e820_type(&b, MIB(700), &len), 2);
	/* ... and nothing of the kernel that panics. */
	CHECK_EQ_U64(e820_type(&b, b.ram, &len), 0);
	CHECK_EQ_U64(b.plan.param.on_fail, PURG_FAIL_RESET);
	CHECK(!(b.plan.param.flags & (PURG_F_STOP_CPUS | PURG_F_PRESERVE)));
	bed_deinit(&b);
}

/* 5 levels need purgatory below 4 GiB to be left; 4 do not. */
static void test_x86_64_high(void)
{
	struct bed b;

	crash_init(&b, KX_MACHINE_X86_64);
	bed_mem(&b, &b.src.firmware, MIB(8192), MIB(9000), KX_MEM_RAM, 0, "System RAM");
	b.src.crash[b.src.crash_count++] = (struct kx_range){ MIB(8192), MIB(8192 + 256) };
	if (bed_build(&b)) {
		check_inside(&b);
		CHECK(b.plan.entry >= MIB(8192));
		CHECK_EQ_U64(b.plan.param.paging, PURG_PAGING_KEEP);
		CHECK_EQ_U64(b.plan.fit.have, MIB(128 + 256));
	}
	b.src.x86.la57 = true;
	b.req.append = "no5lvl";
	CHECK(kx_plan_build(&b.req, &b.src, &b.arena, &b.plan, &b.err) == -ENOSPC);
	CHECK(strstr(b.err.text, "in the crash kernel's reservation [0x200000000-0x210000000): "
		     "purgatory: "));
	bed_deinit(&b);
}

static void test_arm64(void)
{
	const struct kx_segment *dtb;
	const fdt64_t *cells;
	struct bed b;
	int len = 0, chosen;

	crash_init(&b, KX_MACHINE_ARM64);
	b.src.crash[b.src.crash_count++] = (struct kx_range){ MIB(1424), MIB(1536) };
	if (!bed_build(&b))
		return;
	check_inside(&b);
	dtb = kx_plan_segment(&b.plan, "dtb");
	chosen = fdt_path_offset(dtb->buf.data, "/chosen");
	cells = fdt_getprop(dtb->buf.data, chosen, "linux,usable-memory-range", &len);
	if (CHECK(cells && len == 32)) {
		/* The one that old kernels look at is first. */
		CHECK_EQ_U64(fdt64_ld(cells), b.src.crash[1].start);
		CHECK_EQ_U64(fdt64_ld(cells + 1), MIB(112));
		CHECK_EQ_U64(fdt64_ld(cells + 2), b.src.crash[0].start);
		CHECK_EQ_U64(fdt64_ld(cells + 3), MIB(128));
	}
	cells = fdt_getprop(dtb->buf.data, chosen, "linux,elfcorehdr", &len);
	if (CHECK(cells && len == 16))
		CHECK_EQ_U64(fdt64_ld(cells), b.plan.own.core.start);
	CHECK_STR(b.plan.cmdline, "quiet");
	CHECK_EQ_U64(b.plan.param.its_count + b.plan.param.gicr_count, 0);
	bed_deinit(&b);
}

static bool verified(struct bed *b, const char *name)
{
	for (uint32_t i = 0; i < b->plan.param.region_count; i++)
		if (!strcmp(b->plan.param.region[i].name, name))
			return b->plan.param.region[i].flags & PURG_REGION_VERIFY;
	return false;
}

static void test_hotplug(void)
{
	for (int i = 0; i < 2; i++) {
		enum kx_machine machine = i ? KX_MACHINE_ARM64 : KX_MACHINE_X86_64;
		uint64_t flag = i ? KX_LOAD_CRASH_HOTPLUG : KX_LOAD_UPDATE_ELFCOREHDR;
		struct bed b;

		crash_init(&b, machine);
		b.src.crash_hotplug = true;
		CHECK(bed_build(&b) && !(b.plan.flags & flag) && verified(&b, "elfcorehdr"));
		b.src.elfcorehdr_size = (struct kx_opt_u64){ true, 917616 };
		if (bed_build(&b)) {
			CHECK(b.plan.flags & flag);
			CHECK(!verified(&b, "elfcorehdr") && verified(&b, "kernel"));
			CHECK(kx_range_len(b.plan.own.core) >= 917616);
		}
		b.src.crash_hotplug = false;
		CHECK(bed_build(&b) && !(b.plan.flags & flag));
		b.req.hotplug = true;
		CHECK(bed_build(&b) && b.plan.flags & flag);
		bed_deinit(&b);
	}
}

static void test_cmdline(void)
{
	struct bed b;

	crash_init(&b, KX_MACHINE_ARM64);
	b.src.cmdline = "BOOT_IMAGE=/vmlinuz crashkernel=256M crashkernel_foo=1 quiet crashkernel=1M";
	b.req.reuse_cmdline = true;
	b.req.append = "nr_cpus=1";
	if (bed_build(&b))
		CHECK_STR(b.plan.cmdline, "crashkernel_foo=1 quiet nr_cpus=1");
	b.req.crash = false;
	if (bed_build(&b))
		CHECK_STR(b.plan.cmdline,
			  "crashkernel=256M crashkernel_foo=1 quiet crashkernel=1M nr_cpus=1");
	bed_deinit(&b);
}

/* Every number at once: 8 MiB of kernel, the initrd twice, 1 MiB + of tables, 64 to work. */
static void test_fit(void)
{
	struct bed b;

	crash_init(&b, KX_MACHINE_ARM64);
	bed_initrd(&b, bed_bytes(&b, MIB(1), RANDOM));
	if (bed_build(&b)) {
		CHECK_EQ_U64(b.plan.fit.have, MIB(128));
		CHECK_EQ_U64(b.plan.fit.kernel, MIB(8));
		CHECK_EQ_U64(b.plan.fit.initrd, MIB(1));
		CHECK_EQ_U64(b.plan.fit.unpacked, MIB(3));
		CHECK_EQ_U64(b.plan.fit.tables, 32768 * 72);
		CHECK(!b.plan.fit.exact && kx_fits(&b.plan.fit));
		CHECK(bed_noted(&b, "crash kernel: fits: "));
	}
	b.src.crash[0].end = b.src.crash[0].start + MIB(64);
	if (bed_build(&b)) {
		CHECK(!kx_fits(&b.plan.fit));
		CHECK(bed_noted(&b, "crash kernel: does not fit: "));
	}
	bed_deinit(&b);
}

static void test_refused(void)
{
	struct bed b;

	crash_init(&b, KX_MACHINE_ARM64);
	b.req.pack = KX_PACK_LZ4;
	bed_fails(&b, EINVAL, "-p: not with --pack=lz4: it is loaded where it runs");
	b.req.pack = KX_PACK_AUTO;
	b.req.stage = KX_STAGE_CRASHKERNEL;
	bed_fails(&b, EINVAL, "-p: not with --stage=crashkernel: it is loaded where it runs");
	b.req.stage = KX_STAGE_AUTO;
	b.req.preserve = true;
	bed_fails(&b, EINVAL, "-p: not with --load-preserve-context: nobody is left to come back to");
	b.req.preserve = false;
	b.src.crash_is_staged = true;
	b.src.kexec_loaded = (struct kx_opt_u64){ true, 1 };
	bed_fails(&b, EBUSY, "-p: the reservation holds what is staged for kexec -e (kexec -u unloads it)");
	b.src.crash_is_staged = false;
	b.src.core.vmcoreinfo = (struct kx_range){ 0, 0 };
	CHECK(kx_plan_build(&b.req, &b.src, &b.arena, &b.plan, &b.err) == -ENODATA);
	b.src.core.vmcoreinfo = (struct kx_range){ 0x1000, 0x2000 };
	bed_kernel(&b, MIB(2), MIB(130));
	CHECK(kx_plan_build(&b.req, &b.src, &b.arena, &b.plan, &b.err) == -ENOSPC);
	CHECK(strstr(b.err.text, "in the crash kernel's reservation [0x41000000-0x49000000): kernel: "
		     "expected a hole of 0x8200000 bytes"));
	/* All of it is the kernel's, and the running one needs some as well. */
	bed_kernel(&b, MIB(2), MIB(8));
	b.src.total_ram = MIB(60) << 18;
	b.src.crash[0].end = b.src.crash[0].start + MIB(61);
	CHECK(kx_plan_build(&b.req, &b.src, &b.arena, &b.plan, &b.err) == -ENOSPC);
	CHECK(strstr(b.err.text, "for page tables of its own"));
	b.src.crash_count = 0;
	b.src.cmdline = "crashkernel=1T";
	CHECK(kx_plan_build(&b.req, &b.src, &b.arena, &b.plan, &b.err) == -EADDRNOTAVAIL);
	CHECK(strstr(b.err.text, "was given crashkernel="));
	b.src.iomem_hidden = true;
	CHECK(kx_plan_build(&b.req, &b.src, &b.arena, &b.plan, &b.err) == -EPERM);
	bed_deinit(&b);
}

/* A segment that has been moved out of the reservation is not loaded. */
static void test_check(void)
{
	struct bed b;

	crash_init(&b, KX_MACHINE_ARM64);
	if (!bed_build(&b))
		return;
	b.plan.segment[0].range = (struct kx_range){ b.ram + MIB(4), b.ram + MIB(12) };
	b.plan.usable.v[0].r = (struct kx_range){ b.ram, b.ram + RAM_LEN };
	CHECK(kx_plan_check(&b.plan, &b.err) == -EINVAL);
	CHECK(strstr(b.err.text, "lies outside the crash kernel's reservation"));
	bed_deinit(&b);
}

TEST_MAIN({ "x86_64: in the reservation, and told of nothing else", test_x86_64 },
	  { "x86_64: above 4 GiB", test_x86_64_high },
	  { "arm64: the tree has both ranges", test_arm64 },
	  { "core headers that change are not verified", test_hotplug },
	  { "crashkernel= is not reused", test_cmdline },
	  { "does it fit?", test_fit },
	  { "each refusal has its sentence", test_refused },
	  { "a segment outside is not loaded", test_check })
