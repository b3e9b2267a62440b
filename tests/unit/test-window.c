/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * plan/window.c: what memory a kernel gets that runs while this one is preserved,
 * that each page of it is loaded and that it is told of nothing else, and each
 * refusal.
 */
#include "kx/context.h"
#include "kx/core.h"
#include "kx/uapi.h"
#include "payload-bed.h"

#define E820_COUNT	0x1e8
#define E820_TABLE	0x2d0

/* A PC with 512 MiB from 1 MiB on, whose kernel is at 400 MiB. */
static void begin(struct bed *b)
{
	bed_init(b, KX_MACHINE_X86_64);
	b->req.preserve = true;
	bed_mem(b, &b->src.firmware, 0, 0x9fc00, KX_MEM_RAM, 0, "System RAM");
	bed_mem(b, &b->src.firmware, 0x9fc00, 0xa0000, KX_MEM_RESERVED, 0, "Reserved");
	bed_mem(b, &b->src.firmware, 0xfee00000, 0xfee01000, KX_MEM_ACPI, 0, "ACPI Tables");
	bed_mem(b, &b->src.iomem, MIB(400), MIB(410), KX_MEM_OTHER, 1, "Kernel code");
	b->src.core.vmcoreinfo = (struct kx_range){ MIB(420), MIB(420) + 0x1000 };
	bed_initrd(b, bed_bytes(b, MIB(3) + 5, TEXT));
}

/* Sum of what segments cover of @r. */
static uint64_t covered(const struct bed *b, struct kx_range r)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < b->plan.segment_count; i++)
		if (kx_range_contains(r, b->plan.segment[i].range))
			sum += kx_range_len(b->plan.segment[i].range);
	return sum;
}

static uint64_t le(const uint8_t *p, unsigned int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

static void check_e820(struct bed *b)
{
	const struct kx_segment *s = bed_find(b->plan.segment, b->plan.segment_count, "boot_params");
	static const uint64_t fixed[][3] = {
		{ 0x1000, 0x9e000, 1 }, { 0x9fc00, 0x400, 2 },
	};
	const struct kx_range core = b->plan.own.core;
	const uint8_t *e;

	if (!CHECK(s && s->buf.len >= 4096))
		return;
	e = s->buf.data + E820_TABLE;
	CHECK_EQ_U64(s->buf.data[E820_COUNT], 5);
	for (int i = 0; i < 2; i++, e += 20) {
		CHECK_EQ_U64(le(e, 8), fixed[i][0]);
		CHECK_EQ_U64(le(e + 8, 8), fixed[i][1]);
		CHECK_EQ_U64(le(e + 16, 4), fixed[i][2]);
	}
	CHECK_EQ_U64(le(e, 8), b->plan.own.window.start);
	CHECK_EQ_U64(le(e, 8) + le(e + 8, 8), core.start);
	CHECK_EQ_U64(le(e + 16, 4), 1);
	e += 20;
	/* The top of the window is the core headers', which no kernel may use. */
	CHECK_EQ_U64(le(e, 8), core.start);
	CHECK_EQ_U64(le(e, 8) + le(e + 8, 8), b->plan.own.window.end);
	CHECK_EQ_U64(le(e + 16, 4), 2);
	CHECK_EQ_U64(le(e + 20, 8), 0xfee00000);
	CHECK_EQ_U64(le(e + 36, 4), 3);
}

static void check_param(struct bed *b)
{
	const struct kx_segment *s = bed_find(b->plan.segment, b->plan.segment_count, "purgatory");
	struct purg_param param;

	if (!CHECK(s))
		return;
	memcpy(&param, s->buf.data + PURG_PARAM_OFF, sizeof(param));
	CHECK_EQ_U64(param.flags & (PURG_F_PRESERVE | PURG_F_STOP_CPUS),
		     PURG_F_PRESERVE | PURG_F_STOP_CPUS);
	CHECK_EQ_U64(param.segment_count, b->plan.segment_count);
	for (uint32_t i = 0; i < param.segment_count; i++) {
		CHECK_EQ_U64(param.segment[i].pa, b->plan.segment[i].range.start);
		CHECK_EQ_U64(param.segment[i].len, kx_range_len(b->plan.segment[i].range));
	}
}

static int read_headers(void *ctx, uint64_t off, void *to, size_t len, struct kx_err *err)
{
	const struct kx_segment *s = ctx;

	/* The notes are at physical addresses: those of the CPUs are not here. */
	if (off >= s->range.start)
		off -= s->range.start;
	if (off > s->buf.len || len > s->buf.len - off) {
		memset(to, 0, len);
		return 0;
	}
	memcpy(to, s->buf.data + off, len);
	(void)err;
	return 0;
}

/* What the next kernel sees of this one: everything but its own memory. */
static void check_core(struct bed *b)
{
	struct kx_segment *s = kx_plan_segment(&b->plan, "elfcorehdr");
	struct kx_core_file file = { .read = read_headers, .ctx = s, .len = MIB(8192) };
	struct kx_contexts have;
	struct kx_core core;
	char word[64];

	if (!CHECK(s) || !CHECK(kx_core_open(&file, &b->arena, &core, &b->err) == 0)) {
		printf("# %s\n", b->err.text);
		return;
	}
	for (size_t i = 0; i < core.load_count; i++) {
		struct kx_range r = { core.load[i].pa, core.load[i].pa + core.load[i].mem_len };

		CHECK(!kx_range_overlaps(r, b->plan.own.window));
		CHECK(!kx_range_overlaps(r, b->plan.own.low[0]));
	}
	CHECK(core.load_count >= 2);
	if (CHECK(kx_contexts_read(&core, &b->arena, &have, &b->err) == 0 && have.has_context)) {
		CHECK(have.has_state && have.has_map);
		CHECK(have.context.source == CONTEXT_SOURCE_JUMP && !have.context.filled);
		CHECK_EQ_U64(have.context.window.start, b->plan.own.window.start);
		CHECK_EQ_U64(have.context.window.end, b->plan.own.window.end);
	}
	snprintf(word, sizeof(word), "elfcorehdr=0x%llx quiet", (unsigned long long)s->range.start);
	CHECK_STR(b->plan.cmdline, word);
}

/* All that holds for any window. */
static void check_window(struct bed *b)
{
	const struct kx_range low = { 0x1000, 0x9f000 }, w = b->plan.own.window;
	const struct kx_range kernel = { MIB(400), MIB(410) }, reserved = { MIB(301), MIB(302) };

	CHECK(b->plan.call == KX_CALL_LOAD && !b->plan.fallback_allowed);
	CHECK(b->plan.pack == KX_PACK_NONE && b->plan.stage == KX_STAGE_KERNEL);
	CHECK_EQ_U64(b->plan.flags, KX_ARCH_X86_64 | KX_LOAD_PRESERVE_CONTEXT);
	CHECK_EQ_U64(b->plan.own.low_count, 1);
	CHECK_EQ_U64(covered(b, low), kx_range_len(low));
	CHECK_EQ_U64(covered(b, w), kx_range_len(w));
	CHECK_EQ_U64(kx_segments_sum(b->plan.segment, b->plan.segment_count),
		     kx_range_len(low) + kx_range_len(w));
	CHECK(!kx_range_overlaps(w, kernel) && !kx_range_overlaps(w, reserved));
	CHECK(b->plan.segment_count <= KX_SEGMENTS_MAX);
	check_e820(b);
	check_core(b);
	check_param(b);
}

static void test_default(void)
{
	struct bed b;

	begin(&b);
	if (bed_build(&b)) {
		check_window(&b);
		CHECK_EQ_U64(kx_range_len(b.plan.own.window), MIB(128));
		/* Below the middle: 0x9f000 bytes, a MiB of a hole, 512 - 1 - 10 MiB. */
		CHECK_EQ_U64(b.plan.own.window.end, MIB(250));
		CHECK_STR(b.plan.call_why, "--load-preserve-context needs kexec_load");
	}
	bed_deinit(&b);

	/* Twice what they need, and to work in. */
	begin(&b);
	bed_kernel(&b, MIB(2), MIB(40));
	if (bed_build(&b)) {
		check_window(&b);
		CHECK_EQ_U64(kx_range_len(b.plan.own.window), MIB(160));
	}
	bed_deinit(&b);
}

static void test_asked(void)
{
	struct bed b;

	begin(&b);
	b.req.window_size = MIB(64);
	if (bed_build(&b)) {
		check_window(&b);
		CHECK_EQ_U64(kx_range_len(b.plan.own.window), MIB(64));
	}
	bed_deinit(&b);

	begin(&b);
	b.req.window_size = MIB(64);
	b.req.mem_min = MIB(302);
	if (bed_build(&b)) {
		check_window(&b);
		CHECK_EQ_U64(b.plan.own.window.start, MIB(448));
	}
	bed_deinit(&b);

	/* Not only where something is loaded: all of it. */
	begin(&b);
	b.req.mem_min = MIB(32);
	b.req.mem_max = MIB(128) - 1;
	if (bed_build(&b)) {
		check_window(&b);
		CHECK_EQ_U64(b.plan.own.window.start, MIB(32));
		CHECK_EQ_U64(b.plan.own.window.end, MIB(128));
	}
	bed_deinit(&b);
}

static bool noted(const struct bed *b, const char *part)
{
	for (size_t i = 0; i < b->plan.note_count; i++)
		if (strstr(b->plan.note[i], part))
			return true;
	return false;
}

/* What takes long to load is said to. */
static void test_slow(void)
{
	struct bed b;

	for (uint64_t free = MIB(255); free <= MIB(256); free += MIB(1)) {
		begin(&b);
		b.req.window_size = MIB(64);
		b.src.free_ram = free;
		if (bed_build(&b))
			CHECK(noted(&b, "the kernel may take minutes") == (free < MIB(256)));
		bed_deinit(&b);
	}
}

/* Room that only memory has which can be taken away is none. */
static void test_removable(void)
{
	struct kx_range block = { MIB(1), MIB(256) };
	struct bed b;

	begin(&b);
	b.src.removable = (struct kx_ranges){ &block, 1 };
	b.req.window_size = MIB(64);
	if (bed_build(&b)) {
		check_window(&b);
		CHECK(b.plan.own.window.start >= MIB(256));
	}
	bed_deinit(&b);
}

static void fails(struct bed *b, int code, const char *part)
{
	CHECK_EQ_U64((uint64_t)-kx_plan_build(&b->req, &b->src, &b->arena, &b->plan, &b->err),
		     (uint64_t)code);
	if (!CHECK(strstr(b->err.text, part)))
		printf("# have \"%s\"\n", b->err.text);
}

static void test_refused(void)
{
	struct bed b;

	begin(&b);
	bed_mem(&b, &b.src.special, MIB(40), MIB(42), KX_MEM_OTHER, 0, "hugetlb pages");
	b.req.mem_min = MIB(32);
	b.req.mem_max = MIB(128) - 1;
	fails(&b, ENOSPC, "the window cannot be [0x2000000-0x8000000): it holds hugetlb pages");
	bed_deinit(&b);

	begin(&b);
	b.req.mem_min = MIB(380);
	b.req.mem_max = MIB(508) - 1;
	fails(&b, ENOSPC, "the window cannot be [0x17c00000-0x1fc00000): it holds Kernel code");
	b.req.mem_min = MIB(260);
	b.req.mem_max = MIB(388) - 1;
	fails(&b, ENOSPC, "the window cannot be [0x10400000-0x18400000): it holds reserved");
	b.req.mem_min = 0x1000;
	fails(&b, EINVAL, "--mem-min=0x1000, --mem-max=0x183fffff: expected whole pages above "
		  "1 MiB for the window");
	b.req.mem_min = 0;
	b.req.mem_max = UINT64_MAX;
	b.req.window_size = MIB(8);
	fails(&b, ENOSPC, "in the window [");
	b.req.window_size = MIB(256);
	fails(&b, ENOSPC, "a window of 0x10000000 bytes: with low memory the segments would be "
		  "256 MiB, and the kernel loads at most half of RAM, 256 MiB");
	b.req.window_size = UINT64_MAX - 4095;
	fails(&b, ENOSPC, "the kernel loads at most half of RAM");
	b.src.free_ram = MIB(60);
	b.req.window_size = MIB(64);
	fails(&b, ENOSPC, "a window of 0x4000000 bytes: the kernel needs 64.6 MiB to swap it with, "
		  "and has 60 MiB");
	b.src.free_ram = 0;
	b.req.pack = KX_PACK_LZ4;
	fails(&b, EINVAL, "--pack=lz4: purgatory would unpack over what "
		  "--load-preserve-context has to swap");
	b.req.pack = KX_PACK_AUTO;
	b.req.call = KX_CALL_FILE;
	fails(&b, EINVAL, "--load-preserve-context works with kexec_load only");
	b.req.call = KX_CALL_AUTO;
	b.src.core.vmcoreinfo.end = b.src.core.vmcoreinfo.start;
	fails(&b, ENODATA, "expected the address of VMCOREINFO in /sys/kernel/vmcoreinfo, have none");
	b.src.iomem.n = 0;
	fails(&b, ENOSPC, "/proc/iomem does not say where the running kernel is");
	bed_deinit(&b);

	bed_init(&b, KX_MACHINE_X86_64);
	b.req.preserve = true;
	fails(&b, ENOSPC, "--load-preserve-context: no memory is free in [0x1000, 0x9f000)");
	bed_deinit(&b);

	bed_init(&b, KX_MACHINE_ARM64);
	b.req.preserve = true;
	fails(&b, EOPNOTSUPP, "--load-preserve-context: only x86_64 kernels can be returned to");
	bed_deinit(&b);
}

static void test_print(void)
{
	struct kx_text text, json;
	struct bed b;

	begin(&b);
	b.req.mem_min = MIB(32);
	b.req.mem_max = MIB(128) - 1;
	if (!bed_build(&b))
		return;
	kx_text_init(&text, &b.arena);
	kx_plan_print_text(&b.plan, &text);
	CHECK(strstr(text.p, "window       0x2000000 - 0x8000000, 96 MiB: between --mem-min and "
			     "--mem-max\nlow memory   0x1000 - 0x9f000\n"));
	kx_text_init(&json, &b.arena);
	kx_plan_print_json(&b.plan, &json);
	CHECK(strstr(json.p, "\"window\":"));
	CHECK(strstr(json.p, "\"low\":"));
	b.plan.own.window.end = b.plan.own.window.start;
	kx_text_init(&json, &b.arena);
	kx_plan_print_json(&b.plan, &json);
	CHECK(!strstr(json.p, "\"window\":"));
	bed_deinit(&b);
}

/* A plan with a page too few, or one outside. */
static void test_check(void)
{
	struct kx_segment *work;
	struct bed b;

	begin(&b);
	if (!bed_build(&b))
		return;
	work = kx_plan_segment(&b.plan, "work");
	if (CHECK(work)) {
		work->range.end -= 4096;
		CHECK_EQ_U64(kx_plan_check(&b.plan, &b.err), (uint64_t)-EINVAL);
		CHECK(strstr(b.err.text, "and the next kernel's memory has"));
		work->range = (struct kx_range){ MIB(430), MIB(431) };
		CHECK_EQ_U64(kx_plan_check(&b.plan, &b.err), (uint64_t)-EINVAL);
		CHECK(strstr(b.err.text, "is not memory of the next kernel's own"));
	}
	bed_deinit(&b);
}

TEST_MAIN({ "a window as large as needed", test_default },
	  { "a window that was asked for", test_asked },
	  { "a window that takes long to load", test_slow },
	  { "memory that can be taken away", test_removable },
	  { "what is printed", test_print },
	  { "what is refused", test_refused }, { "what check finds", test_check })
