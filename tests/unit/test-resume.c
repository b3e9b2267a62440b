/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way back as a plan (arch/x86_64-resume.c, plan/build.c): what is loaded, what
 * purgatory is told, and each refusal.
 */
#include "kx/uapi.h"
#include "payload-bed.h"

#define ENTRY	0xa870f2

/* A kernel in a window of 500 MiB from 13 MiB on; the other one has the rest. */
static void begin(struct bed *b)
{
	bed_init(b, KX_MACHINE_X86_64);
	b->src.firmware.n = b->src.iomem.n = 0;
	bed_mem(b, &b->src.firmware, 0x1000, 0x9f000, KX_MEM_RAM, 0, "System RAM");
	bed_mem(b, &b->src.firmware, MIB(13), MIB(513), KX_MEM_RAM, 0, "System RAM");
	bed_mem(b, &b->src.iomem, 0x1000, 0x9f000, KX_MEM_RAM, 0, "System RAM");
	bed_mem(b, &b->src.iomem, MIB(13), MIB(513), KX_MEM_RAM, 0, "System RAM");
	bed_mem(b, &b->src.iomem, MIB(14), MIB(40), KX_MEM_OTHER, 1, "Kernel code");
	/* Nothing of it may be looked at. */
	b->req.kernel = (struct kx_input){ .fd = -1 };
	b->req.append = NULL;
	b->req.resume = b->req.preserve = true;
	b->src.peer = (struct kx_peer){
		.present = true, .source = "/proc/vmcore", .entry = ENTRY,
		.la57 = { true, 1 }, .release = "6.12.1-other", .window = { MIB(13), MIB(513) },
	};
}

static const struct purg_param *sealed(struct bed *b, struct purg_param *param)
{
	const struct kx_segment *s = &b->plan.segment[0];

	memset(param, 0, sizeof(*param));
	if (CHECK(s->buf.len >= PURG_PARAM_OFF + sizeof(*param)))
		memcpy(param, s->buf.data + PURG_PARAM_OFF, sizeof(*param));
	return param;
}

static void test_plan(void)
{
	const struct kx_segment *s;
	struct purg_param param;
	struct bed b;

	begin(&b);
	if (bed_build(&b)) {
		CHECK_EQ_U64(b.plan.segment_count, 1);
		s = &b.plan.segment[0];
		CHECK_STR(s->name, "purgatory");
		/* Below 1 MiB are trampolines, at the start of the window is room. */
		CHECK_EQ_U64(s->range.start, MIB(13));
		CHECK_EQ_U64(b.plan.entry, s->range.start);
		CHECK(b.plan.flags & KX_LOAD_PRESERVE_CONTEXT);
		CHECK(!b.plan.fallback_allowed && b.plan.call == KX_CALL_LOAD);
		CHECK_STR(b.plan.call_why, "--load-resume-entry needs kexec_load");
		CHECK(!b.plan.format && kx_range_empty(b.plan.own.window));
		CHECK_STR(b.plan.cmdline, "");
		sealed(&b, &param);
		CHECK_EQ_U64(param.entry_kind, PURG_ENTRY_RETURN);
		CHECK_EQ_U64(param.pc, ENTRY);
		CHECK_EQ_U64(param.paging, PURG_PAGING_5LEVEL);
		CHECK_EQ_U64(param.flags & (PURG_F_PRESERVE | PURG_F_STOP_CPUS),
			     PURG_F_PRESERVE | PURG_F_STOP_CPUS);
		CHECK_EQ_U64(param.segment_count, 1);
		CHECK_EQ_U64(param.segment[0].pa, s->range.start);
		CHECK_EQ_U64(param.region_count, 1);
		CHECK_EQ_U64(param.region[0].pa, 0xa87000);
		CHECK_EQ_U64(param.region[0].mem_len, 0x1000);
		CHECK_EQ_U64(param.region[0].flags, PURG_REGION_HANDOVER);
		CHECK(!param.context_pa && !param.state_pa && !param.map_pa);
	}
	bed_deinit(&b);
}

static void check_paging(struct kx_opt_u64 la57, uint64_t given, uint32_t want)
{
	struct bed b;

	begin(&b);
	b.src.peer.la57 = la57;
	b.req.has_resume_entry = given;
	b.req.resume_entry = given;
	if (bed_build(&b)) {
		CHECK_EQ_U64(b.plan.param.paging, want);
		CHECK_EQ_U64(b.plan.param.pc, given ? given : ENTRY);
		CHECK(bed_noted(&b, "is not known") == (want == PURG_PAGING_KEEP));
	}
	bed_deinit(&b);
}

static void test_paging(void)
{
	const struct kx_opt_u64 unknown = { false, 0 }, four = { true, 0 }, five = { true, 1 };

	check_paging(four, 0, PURG_PAGING_4LEVEL);
	check_paging(five, 0, PURG_PAGING_5LEVEL);
	check_paging(unknown, 0, PURG_PAGING_KEEP);
	check_paging(five, ENTRY, PURG_PAGING_5LEVEL);	/* the notes confirm it */
	check_paging(five, ENTRY + 8, PURG_PAGING_KEEP);
}

/* Where it is, with @prepare. */
static uint64_t placed(void (*prepare)(struct bed *b))
{
	struct bed b;
	uint64_t at = 0;

	begin(&b);
	prepare(&b);
	if (bed_build(&b))
		at = b.plan.segment[0].range.start;
	bed_deinit(&b);
	return at;
}

/* The firmware knows more RAM than the kernel was given (memmap=). */
static void confined(struct bed *b)
{
	bed_mem(b, &b->src.firmware, MIB(1), MIB(13), KX_MEM_RAM, 0, "System RAM");
	bed_mem(b, &b->src.firmware, MIB(513), MIB(800), KX_MEM_RAM, 0, "System RAM");
}

static void from_the_middle(struct bed *b)
{
	confined(b);
	b->req.mem_min = MIB(200);
}

/* No /proc/iomem: all that is known is that page. */
static void hidden(struct bed *b)
{
	b->src.iomem.n = 0;
	b->src.peer.entry = MIB(13) + 8;
}

static void test_place(void)
{
	CHECK_EQ_U64(placed(confined), MIB(13));
	CHECK_EQ_U64(placed(from_the_middle), MIB(200));
	CHECK_EQ_U64(placed(hidden), MIB(13) + PURG_IMAGE_ALIGN);
}

static void fails(int code, const char *text, void (*prepare)(struct bed *b))
{
	struct bed b;

	begin(&b);
	prepare(&b);
	CHECK_EQ_U64((uint64_t)-kx_plan_build(&b.req, &b.src, &b.arena, &b.plan, &b.err),
		     (uint64_t)code);
	if (!CHECK(strstr(b.err.text, text)))
		printf("# have: %s\n", b.err.text);
	bed_deinit(&b);
}

static void nobody(struct bed *b)
{
	b->src.peer = (struct kx_peer){ .no_entry = "no such file" };
}

static void no_entry(struct bed *b)
{
	b->src.peer.entry = 0;
	b->src.peer.no_entry = "blank";
}

static void page_start(struct bed *b)
{
	b->src.peer.entry = 0xa87000;
}

static void own_memory(struct bed *b)
{
	b->src.peer.entry = MIB(100) + 8;
}

static void too_high(struct bed *b)
{
	b->req.has_resume_entry = true;
	b->req.resume_entry = 1ull << 46 | 8;
}

static void too_far(struct bed *b)
{
	b->req.mem_min = MIB(600);
}

static void file_call(struct bed *b)
{
	b->req.call = KX_CALL_FILE;
}

static void no_cma(struct bed *b)
{
	b->req.no_cma = true;
}

static void packed(struct bed *b)
{
	b->req.pack = KX_PACK_LZ4;
}

static void staged(struct bed *b)
{
	b->req.stage = KX_STAGE_CRASHKERNEL;
}

static void arm64(struct bed *b)
{
	b->src.machine = KX_MACHINE_ARM64;
}

static void test_refusals(void)
{
	fails(ENOENT, "no kernel is known to sleep: /proc/vmcore: no such file; ", nobody);
	fails(ENOENT, "no kernel is known to sleep: /proc/vmcore: blank; ", no_entry);
	fails(EINVAL, "expected a return address, have 0xa87000, where a page begins", page_start);
	fails(EINVAL, "0x6400008 is memory of this kernel, [0xd00000-0x20100000)", own_memory);
	fails(EINVAL, "expected a physical address below 0x400000000000, have 0x400000000008",
	      too_high);
	fails(ENOSPC, "purgatory: ", too_far);
	fails(EINVAL, "--load-resume-entry works with kexec_load only", file_call);
	fails(EINVAL, "--load-resume-entry needs kexec_load and --no-cma", no_cma);
	fails(EINVAL, "what --load-resume-entry has to swap", packed);
	fails(EINVAL, "not with --load-resume-entry", staged);
	fails(EOPNOTSUPP, "--load-resume-entry: only x86_64 kernels can be returned to", arm64);
}

static void test_print(void)
{
	void (*const print[])(const struct kx_plan *p, struct kx_text *t) = {
		kx_plan_print_text, kx_plan_print_json, kx_plan_print_svg,
	};
	struct kx_text t;
	struct bed b;

	begin(&b);
	if (bed_build(&b))
		for (size_t i = 0; i < 3; i++) {
			kx_text_init(&t, &b.arena);
			print[i](&b.plan, &t);
			CHECK(kx_text_str(&t) && strstr(kx_text_str(&t), "0xa870f2"));
		}
	bed_deinit(&b);
}

TEST_MAIN(
	{ "what is loaded", test_plan },
	{ "levels of page tables", test_paging },
	{ "where it is placed", test_place },
	{ "refusals", test_refusals },
	{ "printed without a kernel", test_print },
)
