/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * plan/pack.c, parcel.c and check-unpack.c: what is packed and why, that it
 * unpacks to what it was, and what the check of the list refuses.
 */
#include "payload-bed.h"

static void test_round_trip(void)
{
	static const enum kx_machine machine[] = { KX_MACHINE_ARM64, KX_MACHINE_X86_64 };

	for (size_t i = 0; i < 2; i++) {
		const struct kx_segment *s;
		struct bed b;

		bed_init(&b, machine[i]);
		b.req.pack = KX_PACK_LZ4;
		bed_initrd(&b, bed_bytes(&b, MIB(3) + 12345, TEXT));
		if (!bed_build(&b))
			return;
		CHECK(b.plan.pack == KX_PACK_LZ4);
		CHECK_STR(b.plan.pack_why, "--pack=lz4 was given");
		CHECK_EQ_U64(b.plan.target_count, 2);
		CHECK(bed_target(&b, "kernel") && bed_target(&b, "initrd"));
		CHECK(!kx_plan_segment(&b.plan, "kernel"));
		s = kx_plan_segment(&b.plan, "packed");
		if (CHECK(s != NULL)) {
			CHECK(s->buf.len < MIB(3));
			CHECK_EQ_U64(s->verify_len, b.plan.unpack_count * sizeof(struct purg_unpack));
			CHECK_EQ_U64(b.plan.param.unpack_pa, s->range.start);
		}
		bed_run(&b);
		bed_check_initrd(&b);
		bed_deinit(&b);
	}
}

/* Whatever the sizes, whatever shrinks: memory is the same in the end. */
static void test_any(void)
{
	for (uint32_t i = 0; i < 40; i++) {
		struct bed b;

		bed_init(&b, i % 2 ? KX_MACHINE_ARM64 : KX_MACHINE_X86_64);
		b.seed = i;
		b.src.page_size = i % 4 == 1 ? 65536 : 4096;
		b.req.pack = KX_PACK_LZ4;
		b.req.no_checks = i % 5 == 4;
		bed_kernel(&b, 65536 + bed_random(&b) % MIB(1), MIB(2 + bed_random(&b) % 4));
		bed_initrd(&b, bed_bytes(&b, 1 + bed_random(&b) % MIB(2 + i % 2), bed_random(&b) % 9));
		if (bed_build(&b)) {
			bed_run(&b);
			bed_check_initrd(&b);
		}
		bed_deinit(&b);
	}
}

/* Noise of more than a MiB costs a few samples and nothing else. */
static void test_incompressible(void)
{
	struct bed b;

	bed_init(&b, KX_MACHINE_ARM64);
	b.req.pack = KX_PACK_LZ4;
	bed_initrd(&b, bed_bytes(&b, MIB(4), RANDOM));
	if (!bed_build(&b))
		return;
	CHECK(bed_target(&b, "kernel"));
	CHECK(!bed_target(&b, "initrd") && kx_plan_segment(&b.plan, "initrd"));
	CHECK(bed_noted(&b, "initrd: does not shrink by a tenth, so it is loaded as it is"));
	bed_run(&b);
	bed_deinit(&b);

	/* A kernel without bss: then nothing is left to pack. */
	bed_init(&b, KX_MACHINE_ARM64);
	b.req.pack = KX_PACK_LZ4;
	bed_kernel(&b, 4096, 4096);
	bed_initrd(&b, bed_bytes(&b, MIB(4), RANDOM));
	if (!bed_build(&b))
		return;
	CHECK(b.plan.pack == KX_PACK_NONE);
	CHECK_STR(b.plan.pack_why, "nothing shrinks by a tenth (--pack=lz4 was given)");
	CHECK_EQ_U64(b.plan.unpack_count, 0);
	CHECK_EQ_U64(b.plan.target_count, 0);
	CHECK(!kx_plan_segment(&b.plan, "packed"));
	bed_run(&b);
	bed_deinit(&b);
}

/* The room that a bzImage asks for to unpack itself is not loaded either. */
static void test_zero_tail(void)
{
	const struct kx_segment *s;
	struct bed b;

	bed_init(&b, KX_MACHINE_X86_64);
	b.req.pack = KX_PACK_LZ4;
	bed_kernel(&b, MIB(3), MIB(60));
	bed_noise_kernel(&b);
	if (!bed_build(&b))
		return;
	s = kx_plan_segment(&b.plan, "packed");
	if (CHECK(s != NULL))
		CHECK(s->buf.len > MIB(3) && s->buf.len < MIB(4));
	/* All noise: one move and the zeros. */
	CHECK_EQ_U64(b.plan.unpack_count, 2);
	CHECK_EQ_U64(b.plan.unpack[0].codec, PURG_CODEC_RAW);
	CHECK_EQ_U64(b.plan.unpack[0].dst_len, MIB(3));
	CHECK_EQ_U64(b.plan.unpack[1].codec, PURG_CODEC_ZERO);
	CHECK_EQ_U64(b.plan.unpack[1].dst_len, MIB(57));
	s = bed_target(&b, "kernel");
	CHECK(s && s->handover);
	bed_run(&b);
	bed_deinit(&b);
}

static void expect_auto(struct bed *b, enum kx_pack pack, const char *why)
{
	bed_initrd(b, bed_bytes(b, MIB(2), TEXT));
	if (!bed_build(b))
		return;
	CHECK(b->plan.pack == pack);
	CHECK_STR(b->plan.pack_why, why);
	CHECK_EQ_U64(b->plan.target_count != 0, pack == KX_PACK_LZ4);
	bed_deinit(b);
}

static void test_auto(void)
{
	struct bed b;

	bed_init(&b, KX_MACHINE_ARM64);
	expect_auto(&b, KX_PACK_NONE,
		    "the running kernel 6.1.0-37-arm64 moves segments with the caches on");
	bed_init(&b, KX_MACHINE_ARM64);
	bed_release(&b, "5.16.0");
	expect_auto(&b, KX_PACK_NONE, "the running kernel 5.16.0 moves segments with the caches on");
	bed_init(&b, KX_MACHINE_ARM64);
	bed_release(&b, "5.15.99-x");
	expect_auto(&b, KX_PACK_LZ4,
		    "the running kernel 5.15.99-x moves segments with the caches off");
	bed_init(&b, KX_MACHINE_ARM64);
	bed_release(&b, "4.19.0-1-arm64");
	expect_auto(&b, KX_PACK_LZ4,
		    "the running kernel 4.19.0-1-arm64 moves segments with the caches off");
	bed_init(&b, KX_MACHINE_ARM64);
	bed_release(&b, "mine");
	expect_auto(&b, KX_PACK_NONE, "how the running kernel moves segments is not known");
	/* x86_64 always has its caches. */
	bed_init(&b, KX_MACHINE_X86_64);
	bed_release(&b, "4.19.0");
	expect_auto(&b, KX_PACK_NONE, "the running kernel 4.19.0 moves segments with the caches on");

	bed_init(&b, KX_MACHINE_ARM64);
	b.src.total_ram = MIB(16);
	expect_auto(&b, KX_PACK_LZ4, "the segments take 10.0 MiB, and the kernel loads at most half "
		    "of RAM, 8 MiB");
	bed_init(&b, KX_MACHINE_ARM64);
	b.src.free_ram = MIB(18);
	expect_auto(&b, KX_PACK_LZ4, "the segments take 10.0 MiB, more than half of the 18 MiB that "
		    "are available");
	bed_init(&b, KX_MACHINE_ARM64);
	b.src.free_ram = MIB(18);
	b.req.pack = KX_PACK_NONE;
	expect_auto(&b, KX_PACK_NONE, "--pack=none was given");
	bed_init(&b, KX_MACHINE_ARM64);
	bed_release(&b, "5.10.0");
	b.req.has_entry = true;
	expect_auto(&b, KX_PACK_NONE, "--entry bypasses purgatory, which unpacks");
}

static void test_refused(void)
{
	struct bed b;

	bed_init(&b, KX_MACHINE_X86_64);
	b.req.pack = KX_PACK_LZ4;
	b.req.has_entry = true;
	bed_fails(&b, EINVAL, "--pack=lz4 needs purgatory, and --entry bypasses it");
	b.req.has_entry = false;
	b.req.call = KX_CALL_FILE;
	bed_fails(&b, EINVAL, "--pack=lz4 works with kexec_load only, and -s asks for kexec_file_load");
	b.req.call = KX_CALL_AUTO;
	b.req.no_cma = true;
	bed_fails(&b, EINVAL, "--pack=lz4 needs kexec_load and --no-cma needs kexec_file_load");
	bed_deinit(&b);
}

/* A block of zeros is a zero record, and grows with its like. */
static void test_zero_blocks(void)
{
	uint8_t *initrd;
	struct bed b;

	bed_init(&b, KX_MACHINE_ARM64);
	b.req.pack = KX_PACK_LZ4;
	initrd = kx_arena_alloc(&b.arena, MIB(5));
	memset(initrd + MIB(1), 'x', MIB(1));
	bed_initrd(&b, (struct kx_bytes){ initrd, MIB(5) - 100 });
	bed_kernel(&b, 4096, 4096);
	if (!bed_build(&b))
		return;
	/* Zeros, a block, zeros to the end of the last page. */
	CHECK_EQ_U64(b.plan.unpack_count, 3);
	CHECK_EQ_U64(b.plan.unpack[0].codec, PURG_CODEC_ZERO);
	CHECK_EQ_U64(b.plan.unpack[1].codec, PURG_CODEC_LZ4);
	CHECK_EQ_U64(b.plan.unpack[2].codec, PURG_CODEC_ZERO);
	CHECK_EQ_U64(b.plan.unpack[2].dst_len, MIB(3));
	bed_run(&b);
	bed_deinit(&b);
}

/* ---- the check ------------------------------------------------------------------ */

static void refused(struct bed *b, const char *text)
{
	CHECK_EQ_U64((uint64_t)-kx_plan_check(&b->plan, &b->err), EINVAL);
	if (!strstr(b->err.text, text))
		CHECK_STR(b->err.text, text);
}

static void test_bad_records(void)
{
	struct purg_unpack *u, saved;
	struct kx_plan *p;
	struct bed b;

	bed_init(&b, KX_MACHINE_ARM64);
	b.req.pack = KX_PACK_LZ4;
	bed_initrd(&b, bed_bytes(&b, MIB(3), TEXT));
	if (!bed_build(&b))
		return;
	p = &b.plan;
	CHECK(kx_plan_check(p, &b.err) == 0);
	u = &p->unpack[1];
	saved = *u;
	CHECK_EQ_U64(u->codec, PURG_CODEC_LZ4);

#define BAD(change, text) do { change; refused(&b, text); *u = saved; } while (0)
	BAD(u->reserved = 1, "its reserved field is not 0");
	BAD(u->dst_len = 0, "it writes nothing");
	BAD(u->dst_pa -= MIB(64), "its destination is in no target");
	BAD(u->dst_pa = UINT64_MAX - 5, "its destination is in no target");
	BAD(u->dst_len = MIB(512), "its destination is in no target");
	BAD(u->codec = 3, "its codec is not known");
	BAD(u->codec = PURG_CODEC_ZERO, "it is zeros, and has a source");
	BAD(u->codec = PURG_CODEC_RAW, "it is raw, and of two lengths");
	BAD(u->src_len = 0, "its source is in nothing that is loaded");
	BAD(u->src_pa = UINT64_MAX - 5, "its source is in nothing that is loaded");
	BAD(u->src_pa = u->dst_pa, "its source is in nothing that is loaded");
	BAD(u->dst_pa -= 4096, "another record writes there, too");
	BAD(u->dst_len -= 1, "kernel: unpacking writes 0x7fffff of its 0x800000 bytes");
#undef BAD
	p->param.unpack_pa += 4;
	refused(&b, "is not in what is loaded");
	p->param.unpack_pa = b.ram + MIB(300);
	refused(&b, "is not in what is loaded");
	p->param.unpack_pa = kx_plan_segment(p, "packed")->range.start;
	CHECK(kx_plan_check(p, &b.err) == 0);

	/* A packed segment over what it unpacks to. */
	kx_plan_segment(p, "packed")->range.start = p->target[0].range.end - 4096;
	kx_plan_segment(p, "packed")->range.end = p->target[0].range.end;
	CHECK(kx_plan_check(p, &b.err) == -EINVAL);
	bed_deinit(&b);
}

/*
 * Many one-page records: a target that is its own source would be odd, but the
 * order is what the check is about.
 */
#define PAGES	50000u

static void order_bed(struct bed *b)
{
	struct kx_segment s = { .name = "source", .range = { b->ram, b->ram + PAGES * 4096ULL } };
	struct kx_plan *p = &b->plan;

	*p = (struct kx_plan){ .arena = &b->arena, .sources = &b->src, .request = &b->req };
	p->segment[0] = p->target[0] = s;
	p->segment[1] = (struct kx_segment){
		.name = "list", .range = { b->ram + MIB(256), b->ram + MIB(260) },
	};
	p->segment_count = 2;
	p->target_count = 1;
	p->param.unpack_pa = p->segment[1].range.start;
	p->unpack = kx_arena_alloc(&b->arena, PAGES * sizeof(*p->unpack));
	p->unpack_count = PAGES;
}

static void set_move(struct bed *b, size_t record, uint64_t from, uint64_t to)
{
	b->plan.unpack[record] = (struct purg_unpack){
		.src_pa = b->ram + from * 4096, .src_len = 4096,
		.dst_pa = b->ram + to * 4096, .dst_len = 4096,
	};
}

static int check_order(struct bed *b)
{
	b->err.text[0] = '\0';
	return kx_plan_check_unpack(&b->plan, &b->err);
}

static void test_order(void)
{
	struct bed b;

	bed_init(&b, KX_MACHINE_ARM64);
	order_bed(&b);
	/* Each page down by one, in order: each record reads what the next writes. */
	for (uint32_t i = 0; i < PAGES; i++)
		set_move(&b, i, i + 1 < PAGES ? i + 1 : i, i);
	CHECK_EQ_U64((uint64_t)check_order(&b), 0);
	/* Up by one in the same order: each reads what the one before has written. */
	for (uint32_t i = 0; i < PAGES; i++)
		set_move(&b, i, i ? i - 1 : 0, i);
	CHECK_EQ_U64((uint64_t)-check_order(&b), EINVAL);
	CHECK(strstr(b.err.text, "unpack record 1 of 50000, "));
	CHECK(strstr(b.err.text, ": an earlier record writes over its source"));
	/* Up by one from the top. */
	for (uint32_t i = 0; i < PAGES; i++)
		set_move(&b, i, PAGES - 1 - i ? PAGES - 2 - i : 0, PAGES - 1 - i);
	CHECK_EQ_U64((uint64_t)check_order(&b), 0);
	/* One wrong among the many: the last reads a page of the middle. */
	set_move(&b, PAGES - 1, PAGES / 2, 0);
	CHECK_EQ_U64((uint64_t)-check_order(&b), EINVAL);
	CHECK(strstr(b.err.text, "unpack record 49999 of 50000, "));
	bed_deinit(&b);
}

/* Against all pairs, for small random lists. */
static void test_order_any(void)
{
	uint32_t good = 0, bad = 0;
	struct bed b;

	bed_init(&b, KX_MACHINE_ARM64);
	order_bed(&b);
	for (uint32_t round = 0; round < 3000; round++) {
		uint32_t n = 1 + bed_random(&b) % 12, to[12];
		bool ok = true;

		for (uint32_t i = 0; i < n; i++)
			to[i] = i;
		for (uint32_t i = n; i-- > 1;) {
			uint32_t j = bed_random(&b) % (i + 1), swap = to[i];

			to[i] = to[j];
			to[j] = swap;
		}
		for (uint32_t i = 0; i < n; i++) {
			/* Mostly from near by, up to three pages beyond the targets. */
			set_move(&b, i, to[i] + bed_random(&b) % 4, to[i]);
			b.plan.unpack[i].src_pa += bed_random(&b) % 3 * 1024;
		}
		b.plan.unpack_count = n;
		b.plan.target[0].range.end = b.ram + n * 4096;
		for (uint32_t i = 0; i < n; i++)
			for (uint32_t j = 0; j < i; j++) {
				const struct purg_unpack *u = b.plan.unpack;

				ok &= u[j].dst_pa + 4096 <= u[i].src_pa ||
				      u[i].src_pa + 4096 <= u[j].dst_pa;
			}
		CHECK_EQ_U64((uint64_t)-check_order(&b), ok ? 0 : EINVAL);
		good += ok;
		bad += !ok;
	}
	CHECK(good > 300 && bad > 300);
	bed_deinit(&b);
}

/* The list itself is never written to. */
static void test_list_overwritten(void)
{
	struct bed b;

	bed_init(&b, KX_MACHINE_ARM64);
	order_bed(&b);
	b.plan.unpack_count = 2;
	b.plan.target[0].range.end = b.ram + 2 * 4096;
	set_move(&b, 0, 10, 0);
	set_move(&b, 1, 11, 1);
	CHECK_EQ_U64((uint64_t)check_order(&b), 0);
	b.plan.unpack[1].codec = PURG_CODEC_LZ4;
	b.plan.unpack[1].src_pa = b.ram + 2 * 4096 - 1;
	CHECK_EQ_U64((uint64_t)-check_order(&b), EINVAL);
	CHECK(strstr(b.err.text, "it unpacks over its own block"));
	set_move(&b, 1, 11, 1);
	b.plan.param.unpack_pa = b.ram + 4096 + 8;
	CHECK_EQ_U64((uint64_t)-check_order(&b), EINVAL);
	CHECK(strstr(b.err.text, "unpack record 1 of 2, to 0x40001000: it writes over the list"));
	bed_deinit(&b);
}

TEST_MAIN({ "packed segments unpack to what they were", test_round_trip },
	  { "any sizes, any content, both architectures, 4K and 64K pages", test_any },
	  { "what does not shrink is loaded as it is", test_incompressible },
	  { "zeros behind a segment are not loaded", test_zero_tail },
	  { "blocks of zeros are records without a source", test_zero_blocks },
	  { "auto packs where it pays, and says why", test_auto },
	  { "--pack=lz4 needs purgatory and kexec_load", test_refused },
	  { "check has a sentence for each bad record", test_bad_records },
	  { "check finds one record out of order among 50,000", test_order },
	  { "check agrees with a comparison of all pairs", test_order_any },
	  { "check keeps records off the list", test_list_overwritten })
