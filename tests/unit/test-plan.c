/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kexec/plan: where segments may go, which call loads them, what seal writes
 * and what check refuses.  Layouts have tests of their own.
 */
#include <errno.h>

#include "../../kexec/plan/call.h"
#include "kx/arch.h"
#include "kx/uapi.h"
#include "kx/timing.h"
#include "test.h"

#define MIB(n)	((uint64_t)(n) << 20)

struct bed {
	struct kx_arena arena;
	struct kx_sources src;
	struct kx_request req;
	struct kx_plan plan;
	struct kx_err err;
};

static const char *no_refusal(const struct kx_image *image, const struct kx_sources *src)
{
	(void)image;
	(void)src;
	return NULL;
}

static const char *refusal(const struct kx_image *image, const struct kx_sources *src)
{
	(void)image;
	(void)src;
	return "it only takes bzImages";
}

static const struct kx_arch arch_free = { .name = "test", .file_refuses = no_refusal };
static const struct kx_arch arch_refusing = { .name = "test", .file_refuses = refusal };

static void add(struct bed *b, struct kx_memmap *m, uint64_t start, uint64_t end,
		enum kx_mem_type type, unsigned int depth, const char *name)
{
	struct kx_mem e = { { start, end }, type, depth, name };

	CHECK(kx_memmap_add(m, &b->arena, e, &b->err) == 0);
}

/* 256 MiB at 1 GiB; the running kernel in it, and a reservation behind that. */
static void bed_init(struct bed *b)
{
	memset(b, 0, sizeof(*b));
	kx_arena_init(&b->arena);
	b->src.page_size = 4096;
	b->src.total_ram = MIB(240);
	b->src.has_cap_boot = true;
	b->src.config_kexec = b->src.config_kexec_file = b->src.config_kexec_sig_force = -1;
	b->src.config_kexec_jump = -1;
	b->req.mem_max = UINT64_MAX;
	b->plan.arena = &b->arena;
	b->plan.sources = &b->src;
	b->plan.request = &b->req;
	b->plan.arch = &arch_free;
	add(b, &b->src.firmware, MIB(1024), MIB(1280), KX_MEM_RAM, 0, "System RAM");
	add(b, &b->src.iomem, MIB(1024), MIB(1280), KX_MEM_RAM, 0, "System RAM");
	add(b, &b->src.iomem, MIB(1026), MIB(1060), KX_MEM_OTHER, 1, "Kernel code");
	add(b, &b->src.iomem, MIB(1100) + 0x10, MIB(1101), KX_MEM_OTHER, 1, "reserved");
}

static void bed_deinit(struct bed *b)
{
	kx_arena_deinit(&b->arena);
}

static void test_space(void)
{
	struct bed b;

	bed_init(&b);
	CHECK(kx_plan_space(&b.plan, &b.err) == 0);
	/* Over the running kernel, but around the page the reservation starts in. */
	CHECK_EQ_U64(b.plan.space.n, 2);
	CHECK_EQ_U64(b.plan.space.v[0].r.start, MIB(1024));
	CHECK_EQ_U64(b.plan.space.v[0].r.end, MIB(1100));
	CHECK_EQ_U64(b.plan.space.v[1].r.start, MIB(1101));
	CHECK_EQ_U64(b.plan.space.v[1].r.end, MIB(1280));
	CHECK_EQ_U64(b.plan.usable.n, 2);
	bed_deinit(&b);
}

static void test_space_limits(void)
{
	struct bed b;

	bed_init(&b);
	b.req.mem_min = MIB(1200);
	b.req.mem_max = MIB(1216) - 1;
	CHECK(kx_plan_space(&b.plan, &b.err) == 0);
	CHECK_EQ_U64(b.plan.space.n, 1);
	CHECK_EQ_U64(b.plan.space.v[0].r.start, MIB(1200));
	CHECK_EQ_U64(b.plan.space.v[0].r.end, MIB(1216));
	b.req.mem_max = MIB(1);
	CHECK(kx_plan_space(&b.plan, &b.err) == -EINVAL);
	CHECK_STR(b.err.text, "--mem-max=0x100000 is below --mem-min=0x4b000000");
	bed_deinit(&b);
}

static void test_space_none(void)
{
	struct bed b;

	bed_init(&b);
	b.src.firmware.n = 0;
	b.src.has_cap_boot = false;
	CHECK(kx_plan_space(&b.plan, &b.err) == -ENOSPC);
	CHECK_STR(b.err.text, "no memory map: neither the firmware's nor /proc/iomem shows "
		  "System RAM (not root: addresses are hidden)");
	bed_deinit(&b);
}

static void test_place(void)
{
	static const uint8_t data[100];
	struct kx_want want = { .name = "one", .align = MIB(2) };
	struct bed b;
	uint64_t pa;

	bed_init(&b);
	CHECK(kx_plan_space(&b.plan, &b.err) == 0);
	CHECK(kx_plan_place(&b.plan, want, (struct kx_bytes){ data, 100 }, "test", &pa,
			    &b.err) == 0);
	CHECK_EQ_U64(pa, MIB(1024));
	CHECK_EQ_U64(b.plan.segment[0].range.end, MIB(1024) + 4096);
	want.name = "two";
	want.size = MIB(77);
	CHECK(kx_plan_place(&b.plan, want, KX_BYTES_NONE, "test", &pa, &b.err) == 0);
	CHECK_EQ_U64(pa, MIB(1102));
	CHECK(kx_plan_segment(&b.plan, "two") == &b.plan.segment[1]);
	CHECK(kx_plan_segment(&b.plan, "three") == NULL);
	CHECK_EQ_U64(b.plan.note_count, 0);
	bed_deinit(&b);
}

static void test_place_removable(void)
{
	struct kx_want want = { .name = "kernel", .size = MIB(150) };
	struct bed b;
	struct kx_range r = { MIB(1120), MIB(1280) };
	uint64_t pa;

	bed_init(&b);
	b.src.removable = (struct kx_ranges){ &r, 1 };
	CHECK(kx_plan_space(&b.plan, &b.err) == 0);
	CHECK(kx_plan_place(&b.plan, want, KX_BYTES_NONE, "test", &pa, &b.err) == 0);
	CHECK_EQ_U64(b.plan.note_count, 1);
	if (b.plan.note_count)
		CHECK_STR(b.plan.note[0], "kernel lies in memory that can be hot-removed: "
			  "nothing else fits");
	bed_deinit(&b);
}

static void test_place_at(void)
{
	struct bed b;

	bed_init(&b);
	CHECK(kx_plan_space(&b.plan, &b.err) == 0);
	CHECK(kx_plan_place_at(&b.plan, "elf", (struct kx_range){ MIB(1099), MIB(1102) },
			       KX_BYTES_NONE, "test", &b.err) == -ENOSPC);
	CHECK_STR(b.err.text, "elf: must be at [0x44b00000-0x44e00000), where reserved is");
	CHECK(kx_plan_place_at(&b.plan, "elf", (struct kx_range){ MIB(1099), MIB(1099) + 1 },
			       KX_BYTES_NONE, "test", &b.err) == -EINVAL);
	CHECK(kx_plan_place_at(&b.plan, "elf", (struct kx_range){ MIB(1099), MIB(1100) },
			       KX_BYTES_NONE, "test", &b.err) == 0);
	CHECK(kx_plan_place_at(&b.plan, "again", (struct kx_range){ MIB(1099), MIB(1100) },
			       KX_BYTES_NONE, "test", &b.err) == -ENOSPC);
	CHECK_STR(b.err.text, "again: must be at [0x44b00000-0x44c00000), where elf is");
	CHECK(kx_plan_place_at(&b.plan, "mmio", (struct kx_range){ 0, 4096 },
			       KX_BYTES_NONE, "test", &b.err) == -ENOSPC);
	CHECK_STR(b.err.text, "mmio: must be at [0x0-0x1000), where no memory is");
	bed_deinit(&b);
}

static void test_too_many(void)
{
	struct kx_want want = { .name = "piece", .size = 4096 };
	struct bed b;
	int rc = 0;

	bed_init(&b);
	CHECK(kx_plan_space(&b.plan, &b.err) == 0);
	for (int i = 0; i < 16; i++)
		rc |= kx_plan_place(&b.plan, want, KX_BYTES_NONE, "test", NULL, &b.err);
	CHECK(rc == 0);
	CHECK(kx_plan_place(&b.plan, want, KX_BYTES_NONE, "test", NULL, &b.err) == -E2BIG);
	CHECK_STR(b.err.text,
		  "piece: the kernel takes at most 16 segments, and this is one more");
	bed_deinit(&b);
}

/* A sound plan of two segments to break in different ways. */
static void check_bed(struct bed *b)
{
	bed_init(b);
	CHECK(kx_plan_space(&b->plan, &b->err) == 0);
	for (int i = 0; i < 2; i++)
		b->plan.segment[i] = (struct kx_segment){
			.name = i ? "initrd" : "kernel",
			.range = { MIB(1024 + 32 * i), MIB(1030 + 32 * i) },
		};
	b->plan.segment_count = 2;
	b->plan.entry = MIB(1025);
	CHECK(kx_plan_check(&b->plan, &b->err) == 0);
}

static void test_check(void)
{
	static const uint8_t byte;
	struct bed b;

	check_bed(&b);
	b.plan.entry = MIB(1031);
	CHECK(kx_plan_check(&b.plan, &b.err) == -EINVAL);
	CHECK_STR(b.err.text, "the entry point 0x40700000 is in no segment");
	b.req.has_entry = true;
	CHECK(kx_plan_check(&b.plan, &b.err) == 0);
	bed_deinit(&b);

	check_bed(&b);
	b.plan.segment[1].range.start = MIB(1029);
	CHECK(kx_plan_check(&b.plan, &b.err) == -EINVAL);
	CHECK_STR(b.err.text, "kernel [0x40000000-0x40600000) and initrd "
		  "[0x40500000-0x42600000) overlap");
	bed_deinit(&b);

	check_bed(&b);
	b.plan.segment[0].range.start += 0x800;
	CHECK(kx_plan_check(&b.plan, &b.err) == -EINVAL);
	CHECK_STR(b.err.text, "kernel: [0x40000800-0x40600000) is not whole pages of 0x1000 "
		  "bytes, the running kernel's");
	bed_deinit(&b);

	check_bed(&b);
	b.plan.segment[0].buf = (struct kx_bytes){ &byte, (size_t)MIB(7) };
	CHECK(kx_plan_check(&b.plan, &b.err) == -EINVAL);
	CHECK_STR(b.err.text, "kernel: 0x700000 bytes do not fit into 0x600000");
	bed_deinit(&b);

	check_bed(&b);
	b.plan.segment[1].range = (struct kx_range){ MIB(1098), MIB(1102) };
	CHECK(kx_plan_check(&b.plan, &b.err) == -EINVAL);
	CHECK_STR(b.err.text, "initrd: 0x44c00000 is not usable RAM");
	bed_deinit(&b);

	check_bed(&b);
	b.src.total_ram = MIB(20);
	CHECK(kx_plan_check(&b.plan, &b.err) == -ENOSPC);
	CHECK_STR(b.err.text, "the segments need 0xc00000 bytes, and the kernel loads at most "
		  "half of RAM, 0xa00000");
	bed_deinit(&b);

	check_bed(&b);
	b.plan.segment[1].range.end = b.plan.segment[1].range.start;
	CHECK(kx_plan_check(&b.plan, &b.err) == -EINVAL);
	CHECK_STR(b.err.text, "initrd: the segment is empty");
	bed_deinit(&b);
}

static void sha256_of(const void *data, size_t len, uint8_t digest[32])
{
	struct sha256 s;

	sha256_init(&s, sha256_blocks_portable);
	sha256_update(&s, data, len);
	sha256_final(&s, digest);
}

static void test_seal(void)
{
	static uint8_t blob[PURG_IMAGE_MAX], kernel[1000], quarters[65536];
	uint8_t parts[4 * 32], digest[32];
	struct purg_param param;
	struct bed b;

	for (size_t i = 0; i < sizeof(quarters); i++)
		quarters[i] = (uint8_t)(i / 100);
	check_bed(&b);
	b.plan.segment[0].buf = (struct kx_bytes){ kernel, sizeof(kernel) };
	b.plan.segment[0].verify = true;
	CHECK(kx_plan_seal(&b.plan, &b.err) == -EINVAL);
	CHECK_STR(b.err.text, "the layout has no purgatory");
	b.plan.segment[2] = (struct kx_segment){
		.name = "purgatory",
		.buf = { blob, sizeof(blob) },
		.range = { MIB(1200), MIB(1200) + sizeof(blob) },
	};
	b.plan.segment_count = 3;
	CHECK(kx_plan_regions(&b.plan, &b.err) == 0);
	CHECK(kx_plan_seal(&b.plan, &b.err) == 0);
	/* The blob itself stays as it is. */
	CHECK(blob[PURG_PARAM_OFF] == 0);
	memcpy(&param, b.plan.segment[2].buf.data + PURG_PARAM_OFF, sizeof(param));
	CHECK_EQ_U64(param.magic, PURG_MAGIC);
	CHECK_EQ_U64(param.base, MIB(1200));
	CHECK_EQ_U64(param.region_count, 2);
	CHECK_EQ_U64(param.region[0].flags, PURG_REGION_VERIFY);
	CHECK_EQ_U64(param.region[0].len, sizeof(kernel));
	CHECK_EQ_U64(param.region[0].mem_len, MIB(6));
	CHECK_STR(param.region[0].name, "kernel");
	/* echo -n | head -c 1000 /dev/zero | sha256sum */
	CHECK_EQ_U64(param.region[0].sha256[0], 0x54);
	CHECK_EQ_U64(param.region[0].sha256[31], 0x53);
	/* An empty segment has nothing to compare. */
	CHECK_EQ_U64(param.region[1].flags, 0);

	/* For a CPU that hashes four at once: large regions only. */
	b.src.sha256_by_four = true;
	b.plan.segment[0].buf = (struct kx_bytes){ quarters, sizeof(quarters) };
	CHECK(kx_plan_regions(&b.plan, &b.err) == 0);
	CHECK(kx_plan_seal(&b.plan, &b.err) == 0);
	CHECK_EQ_U64(b.plan.param.region[0].flags, PURG_REGION_VERIFY | PURG_REGION_QUARTERS);
	for (size_t i = 0; i < 4; i++)
		sha256_of(quarters + i * 16384, 16384, parts + 32 * i);
	sha256_of(parts, sizeof(parts), digest);
	CHECK_MEM(b.plan.param.region[0].sha256, digest, sizeof(digest));
	b.plan.segment[0].buf.len--;
	CHECK(kx_plan_regions(&b.plan, &b.err) == 0);
	CHECK_EQ_U64(b.plan.param.region[0].flags, PURG_REGION_VERIFY);

	b.req.no_checks = true;
	CHECK(kx_plan_regions(&b.plan, &b.err) == 0);
	CHECK(kx_plan_seal(&b.plan, &b.err) == 0);
	CHECK_EQ_U64(b.plan.param.region[0].flags, 0);
	CHECK_EQ_U64(b.plan.param.region[0].len, 0);
	bed_deinit(&b);
}

/* The region that holds the timing record is written to; who hears of the times. */
static void test_seal_timing(void)
{
	static const struct {
		bool debug, say_timing;
		uint32_t flags;
	} rows[] = {
		{ false, false, PURG_F_QUIET },
		{ false, true, PURG_F_QUIET | PURG_F_TIMING },
		{ true, false, PURG_F_TIMING },
	};
	static uint8_t blob[PURG_IMAGE_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bed b;

		check_bed(&b);
		b.plan.segment[2] = (struct kx_segment){
			.name = "purgatory",
			.buf = { blob, sizeof(blob) },
			.range = { MIB(1200), MIB(1200) + sizeof(blob) },
		};
		b.plan.segment_count = 3;
		b.req.debug = rows[i].debug;
		b.req.say_timing = rows[i].say_timing;
		b.plan.param.timing_pa = b.plan.segment[1].range.end - KX_TIMING_LEN;
		CHECK(kx_plan_regions(&b.plan, &b.err) == 0);
		CHECK(kx_plan_seal(&b.plan, &b.err) == 0);
		CHECK_EQ_U64(b.plan.param.flags & (PURG_F_QUIET | PURG_F_TIMING), rows[i].flags);
		CHECK_EQ_U64(b.plan.param.region[0].flags & PURG_REGION_WRITE, 0);
		CHECK_EQ_U64(b.plan.param.region[1].flags & PURG_REGION_WRITE, PURG_REGION_WRITE);
		bed_deinit(&b);
	}
}

/* What purgatory would refuse to boot with does not get there. */
static void test_seal_consoles(void)
{
	static const struct purg_console consoles[] = {
		{ .kind = PURG_CONSOLE_8250_PORT, .addr = 0xfff9 },
		{ .kind = PURG_CONSOLE_8250_MMIO, .addr = 0x1000, .reg_width = 4 },
		{ .kind = PURG_CONSOLE_PL011, .addr = 0x9000002 },
		{ .kind = PURG_CONSOLE_PL011, .addr = 0x9000000 },
	};
	static uint8_t blob[PURG_IMAGE_MAX];
	struct bed b;

	check_bed(&b);
	b.plan.segment[0].name = "purgatory";
	b.plan.segment[0].buf = (struct kx_bytes){ blob, sizeof(blob) };
	memcpy(b.src.console, consoles, sizeof(consoles));
	b.src.console_count = 4;
	CHECK(kx_plan_seal(&b.plan, &b.err) == 0);
	CHECK_EQ_U64(b.plan.param.console_count, 1);
	CHECK_EQ_U64(b.plan.param.console[0].addr, 0x9000000);
	CHECK_EQ_U64(b.plan.note_count, 3);
	CHECK_STR(b.plan.note[0], "console: 8250 port at 0xfff9 left out: console port beyond 0xffff");
	CHECK_STR(b.plan.note[1], "console: 8250 MMIO at 0x1000 left out: "
		  "console registers not aligned to their width");
	bed_deinit(&b);
}

static void expect_call(struct bed *b, enum kx_call call, const char *why)
{
	struct kx_image image = { 0 };

	CHECK(kx_plan_choose_call(&b->plan, &image, &b->err) == 0);
	CHECK(b->plan.call == call);
	CHECK_STR(b->plan.call_why, why);
}

static void expect_no_call(struct bed *b, int code, const char *text)
{
	struct kx_image image = { 0 };

	CHECK(kx_plan_choose_call(&b->plan, &image, &b->err) == -code);
	CHECK_STR(b->err.text, text);
}

static void test_call(void)
{
	struct bed b;

	bed_init(&b);
	expect_call(&b, KX_CALL_LOAD, "our purgatory verifies the segments before the jump");
	CHECK(b.plan.fallback_allowed);
	b.src.config_kexec_file = 0;
	b.plan.fallback_allowed = false;
	expect_call(&b, KX_CALL_LOAD, "our purgatory verifies the segments before the jump");
	CHECK(!b.plan.fallback_allowed);
	b.src.config_kexec_file = 1;
	b.src.config_kexec_sig_force = 1;
	expect_call(&b, KX_CALL_FILE, "the kernel enforces signatures (CONFIG_KEXEC_SIG_FORCE)");
	b.src.lockdown = KX_LOCKDOWN_INTEGRITY;
	expect_call(&b, KX_CALL_FILE, "the kernel is locked down, which forbids kexec_load");
	b.req.no_cma = true;
	expect_call(&b, KX_CALL_FILE, "--no-cma needs kexec_file_load");
	b.req.dtb.path = "x.dtb";
	expect_no_call(&b, EINVAL, "--dtb needs kexec_load and --no-cma needs kexec_file_load");
	b.req.no_cma = false;
	expect_call(&b, KX_CALL_LOAD, "--dtb needs kexec_load");
	b.req.call = KX_CALL_FILE;
	expect_call(&b, KX_CALL_FILE, "-s was given");
	CHECK_STR(b.plan.ignored, "--dtb");
	b.req.dtb.path = NULL;
	expect_call(&b, KX_CALL_FILE, "-s was given");
	CHECK(!b.plan.ignored);
	b.req.x86.entry_32bit = true;
	expect_no_call(&b, EINVAL, "--entry-32bit works with kexec_load only, and -s asks for "
		       "kexec_file_load");
	b.req.x86.entry_32bit = false;
	b.plan.arch = &arch_refusing;
	expect_no_call(&b, EOPNOTSUPP,
		       "-s cannot load this file: it only takes bzImages (use -c)");
	b.req.call = KX_CALL_AUTO;
	expect_call(&b, KX_CALL_LOAD,
		    "the kernel's own loader would refuse: it only takes bzImages");
	b.req.call = KX_CALL_LOAD;
	expect_call(&b, KX_CALL_LOAD, "-c was given");
	b.req.x86.force_dtb = true;
	expect_no_call(&b, EINVAL,
		       "--force-dtb works with kexec_file_load only, and -c asks for kexec_load");
	bed_deinit(&b);
}

TEST_MAIN({ "free memory leaves out what is reserved", test_space },
	  { "--mem-min and --mem-max bound it", test_space_limits },
	  { "no memory map is an error", test_space_none },
	  { "segments are placed in whole pages", test_place },
	  { "removable memory is the last choice and is told", test_place_removable },
	  { "a fixed place names what is in the way", test_place_at },
	  { "a 17th segment is refused", test_too_many },
	  { "check has a sentence for each rule", test_check },
	  { "seal writes digests and the parameter block", test_seal },
	  { "seal and the timing record", test_seal_timing },
	  { "seal leaves out consoles that purgatory cannot drive", test_seal_consoles },
	  { "the call is chosen for a reason", test_call })
