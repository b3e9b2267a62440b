/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arch/x86_64-call.c, and build.c without a kernel: where a function lies, that all
 * memory is mapped for it and purgatory takes the block, and each refusal.
 */
#include "kx/uapi.h"
#include "payload-bed.h"
/* What purgatory makes of the block. */
#include "../../purgatory/param.c"

#define RESULT	(MIB(200) + 0x5000)

/* That of x86_64 is in handover.c and preserve.c, with the CPU; see check_entry(). */
const char *purg_arch_check(const struct purg_param *p)
{
	(void)p;
	return NULL;
}

int purg_arch_console_known(uint32_t kind)
{
	return kind == PURG_CONSOLE_8250_PORT;
}

/* A PC with 512 MiB from 1 MiB on, whose kernel is at 400 MiB. */
static void begin(struct bed *b, const char *function, size_t len)
{
	bed_init(b, KX_MACHINE_X86_64);
	bed_mem(b, &b->src.firmware, 0, 0x9fc00, KX_MEM_RAM, 0, "System RAM");
	bed_mem(b, &b->src.firmware, 0x9fc00, 0xa0000, KX_MEM_RESERVED, 0, "Reserved");
	bed_mem(b, &b->src.iomem, MIB(400), MIB(410), KX_MEM_OTHER, 1, "Kernel code");
	b->req.kernel = (struct kx_input){ .fd = -1 };
	b->req.append = NULL;
	b->req.preserve = true;
	b->req.function = (struct kx_input){
		.path = "f.bin", .fd = -1, .bytes = { (const uint8_t *)function, len },
	};
	b->req.result_pa = RESULT;
	b->req.result_cookie = 0x1122334455667788;
}

static void read_param(struct bed *b, struct purg_param *ret)
{
	const struct kx_segment *s = bed_find(b->plan.segment, b->plan.segment_count, "purgatory");

	if (CHECK(s != NULL))
		memcpy(ret, s->buf.data + PURG_PARAM_OFF, sizeof(*ret));
}

/* purgatory/x86_64/preserve.c, purg_preserve_check() */
static void check_entry(const struct purg_param *p)
{
	CHECK(p->flags & PURG_F_PRESERVE);
	CHECK(purg_param_inside(p, p->pc, 1, 0));
	CHECK(purg_param_inside(p, p->reg[3] - 16, 16, PURG_REGION_WRITE));
	CHECK_EQ_U64(p->paging, PURG_PAGING_KEEP);
}

/* Is each page of @r in a region, or in purgatory's own segment? */
static bool mapped(struct bed *b, const struct purg_param *p, struct kx_range r)
{
	struct kx_range own = kx_plan_segment(&b->plan, "purgatory")->range;

	for (uint64_t at = r.start; at < r.end; at += 0x1000)
		if (!purg_param_inside(p, at, 0x1000, 0) &&
		    !kx_range_contains(own, (struct kx_range){ at, at + 0x1000 }))
			return false;
	return true;
}

static void check_digest(const struct purg_param *p, const struct kx_segment *f)
{
	uint8_t digest[PURG_SHA256_LEN];
	struct sha256 s;

	sha256_init(&s, sha256_blocks_portable);
	sha256_update(&s, f->buf.data, f->buf.len);
	sha256_final(&s, digest);
	for (uint32_t i = 0; i < p->region_count; i++) {
		if (p->region[i].pa != f->range.start || !(p->region[i].flags & PURG_REGION_VERIFY))
			continue;
		CHECK_EQ_U64(p->region[i].len, f->buf.len);
		CHECK_MEM(p->region[i].sha256, digest, sizeof(digest));
		return;
	}
	CHECK(!"the function is verified");
}

static void check_call(struct bed *b)
{
	struct purg_param p = { .magic = 0 };
	const struct kx_segment *f;

	read_param(b, &p);
	CHECK_STR(purg_param_check_head(&p), NULL);
	CHECK_STR(purg_param_check(&p, b->plan.entry), NULL);
	check_entry(&p);
	CHECK_EQ_U64(p.entry_kind, PURG_ENTRY_CALL);
	CHECK(p.flags & PURG_F_STOP_CPUS);
	CHECK_EQ_U64(b->plan.flags, KX_ARCH_X86_64 | KX_LOAD_PRESERVE_CONTEXT);
	CHECK(b->plan.call == KX_CALL_LOAD && !b->plan.fallback_allowed);
	CHECK_EQ_U64(b->plan.segment_count, 2);
	CHECK_EQ_U64(p.segment_count, 2);
	f = bed_find(b->plan.segment, b->plan.segment_count, "function");
	if (!CHECK(f != NULL))
		return;
	CHECK_EQ_U64(p.pc, f->range.start);
	CHECK_EQ_U64(p.reg[3], f->range.end);
	/* Zeros and a stack. */
	CHECK(kx_range_len(f->range) >= f->buf.len + 0x20000);
	CHECK(f->range.start >= MIB(1));
	check_digest(&p, f);
}

static void test_call(void)
{
	struct purg_param p = { .magic = 0 };
	struct bed b;

	begin(&b, "\x31\xc0\xc3", 3);
	b.req.call_arg[0] = 7;
	b.req.call_arg[1] = UINT64_MAX;
	b.req.call_arg_count = 2;
	if (bed_build(&b)) {
		check_call(&b);
		read_param(&b, &p);
		CHECK_EQ_U64(p.reg[0], 7);
		CHECK_EQ_U64(p.reg[1], UINT64_MAX);
		CHECK_EQ_U64(p.reg[2], 0);
		CHECK_EQ_U64(p.result_pa, RESULT);
		CHECK_EQ_U64(p.result_cookie, 0x1122334455667788);
		CHECK(mapped(&b, &p, (struct kx_range){ MIB(1), MIB(513) }));
		CHECK(mapped(&b, &p, (struct kx_range){ 0, 0x9f000 }));
		/* Nothing that is not there. */
		CHECK(!purg_param_inside(&p, MIB(513), 1, 0));
		CHECK(!bed_noted(&b, "are not mapped"));
		CHECK(!b.plan.payload && !b.plan.format);
	}
	bed_deinit(&b);
}

/* The page for the result is the process's own, and no segment's. */
static void test_result(void)
{
	struct kx_range page = { MIB(1), MIB(1) + 0x1000 };
	struct purg_param p = { .magic = 0 };
	struct bed b;

	begin(&b, "f", 1);
	b.req.result_pa = page.start;
	if (bed_build(&b)) {
		check_call(&b);
		for (size_t i = 0; i < b.plan.segment_count; i++)
			CHECK(!kx_range_overlaps(b.plan.segment[i].range, page));
	}
	bed_deinit(&b);

	/* Where the map of memory says there is none, as it may of what was added. */
	begin(&b, "f", 1);
	b.req.result_pa = MIB(4096);
	if (bed_build(&b)) {
		check_call(&b);
		read_param(&b, &p);
		CHECK(purg_param_inside(&p, MIB(4096), 24, PURG_REGION_WRITE));
	}
	bed_deinit(&b);

	begin(&b, "f", 1);
	b.req.result_pa = 0;
	if (bed_build(&b)) {
		check_call(&b);
		CHECK(bed_noted(&b, "result: the page it is left in is found at the call"));
	}
	bed_deinit(&b);
}

/* Purgatory is where memory is mapped, and the map goes around it. */
static void test_around_purgatory(void)
{
	struct purg_param p = { .magic = 0 };
	struct bed b;

	begin(&b, "f", 1);
	b.req.mem_min = MIB(100);
	b.req.mem_max = MIB(101) - 1;
	if (bed_build(&b)) {
		check_call(&b);
		read_param(&b, &p);
		CHECK(b.plan.entry >= MIB(100) && b.plan.entry < MIB(101));
		CHECK(mapped(&b, &p, (struct kx_range){ MIB(1), MIB(513) }));
		CHECK(!purg_param_inside(&p, b.plan.entry, 1, 0));
	}
	bed_deinit(&b);
}

/* Pieces that large pages join, and more of them than there are regions. */
static void test_pieces(void)
{
	struct purg_param p = { .magic = 0 };
	struct bed b;

	begin(&b, "f", 1);
	for (uint64_t i = 0; i < 100; i++)
		bed_mem(&b, &b.src.firmware, MIB(1024) + i * 0x4000, MIB(1024) + i * 0x4000 + 0x2000,
			KX_MEM_RAM, 0, "System RAM");
	if (bed_build(&b)) {
		check_call(&b);
		read_param(&b, &p);
		CHECK(mapped(&b, &p, (struct kx_range){ MIB(1024), MIB(1024) + 99 * 0x4000 + 0x2000 }));
		CHECK(!bed_noted(&b, "are not mapped"));
	}
	bed_deinit(&b);

	/* 31 with what is up to 513 MiB, and 23 can be told of: those of 1 to 8 pages are not. */
	begin(&b, "f", 1);
	for (uint64_t i = 0; i < 30; i++)
		bed_mem(&b, &b.src.firmware, MIB(1024) + i * MIB(8),
			MIB(1024) + i * MIB(8) + (i + 1) * 0x1000, KX_MEM_RAM, 0, "System RAM");
	if (bed_build(&b)) {
		check_call(&b);
		read_param(&b, &p);
		CHECK(p.region_count <= PURG_REGIONS_MAX);
		CHECK(mapped(&b, &p, (struct kx_range){ MIB(1), MIB(513) }));
		CHECK(purg_param_inside(&p, MIB(1024) + 29 * MIB(8), 30 * 0x1000, 0));
		CHECK(!purg_param_inside(&p, MIB(1024), 1, 0));
		CHECK(bed_noted(&b, "memory: 0x24000 bytes in small pieces are not mapped for the function, as purgatory knows at most 32 regions"));
	}
	bed_deinit(&b);
}

static void test_refused(void)
{
	struct bed b;

	begin(&b, "\177ELF\2\1", 6);
	bed_fails(&b, ENOEXEC, "f.bin: expected a flat binary that begins with the function, found an ELF file (objcopy -O binary makes one)");
	b.req.function.bytes.len = 3;
	CHECK(bed_build(&b));
	b.req.call = KX_CALL_FILE;
	bed_fails(&b, EINVAL, "--call works with kexec_load only, and -s asks for kexec_file_load");
	b.req.call = KX_CALL_AUTO;
	b.req.mem_max = MIB(1) - 1;
	CHECK_EQ_U64((uint64_t)-kx_plan_build(&b.req, &b.src, &b.arena, &b.plan, &b.err), ENOSPC);
	b.req.mem_min = MIB(400);
	b.req.mem_max = MIB(410) - 1;
	/* A kernel that comes back keeps its image. */
	bed_fails(&b, ENOSPC, "between --mem-min=0x19000000 and --mem-max=0x199fffff: function: expected a hole of 0x21000 bytes aligned to 0x1000 in [0x0, 0xffffffffffffffff), there is none");
	b.req.mem_min = 0;
	b.req.mem_max = UINT64_MAX;
	b.src.iomem.n = 0;
	bed_fails(&b, ENOSPC, "--call: /proc/iomem does not say where the running kernel is");
	/* To look at it is allowed. */
	b.req.result_pa = 0;
	CHECK(bed_build(&b));
	bed_deinit(&b);

	begin(&b, "f", 1);
	b.src.total_ram = 0x50000;
	CHECK_EQ_U64((uint64_t)-kx_plan_build(&b.req, &b.src, &b.arena, &b.plan, &b.err), ENOSPC);
	CHECK(strstr(b.err.text, "the kernel loads at most half of RAM"));
	bed_deinit(&b);

	bed_init(&b, KX_MACHINE_ARM64);
	b.req.preserve = true;
	b.req.function.path = "f.bin";
	bed_fails(&b, EOPNOTSUPP, "--call: only x86_64 kernels can be returned to (CONFIG_KEXEC_JUMP)");
	bed_deinit(&b);
}

TEST_MAIN({ "a function", test_call },
	  { "the page for its result", test_result },
	  { "memory around purgatory", test_around_purgatory },
	  { "memory in many pieces", test_pieces },
	  { "what is refused", test_refused })
