/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * plan/stage.c: what goes into the crash kernel reservation and when, that
 * purgatory makes the payload of it again, and each refusal.
 */
#include "payload-bed.h"

/* Every staged segment is in whole pages of the reservation, clear of control pages. */
static void check_staged(struct bed *b)
{
	struct kx_plan *p = &b->plan;
	struct kx_range crash = b->src.crash[b->src.crash_count - 1];
	struct purg_param param;

	CHECK(p->stage == KX_STAGE_CRASHKERNEL);
	CHECK_EQ_U64(p->segment_count, 1);
	CHECK_STR(p->segment[0].name, "purgatory");
	if (!CHECK(p->staged_count >= 2))
		return;
	for (size_t i = 0; i < p->staged_count; i++) {
		CHECK(kx_range_contains(crash, p->staged[i].range));
		/* Among them a table of 4 KiB for each GiB of memory, x86_64. */
		CHECK(p->staged[i].range.start >=
		      crash.start + MIB(1) + b->src.total_ram / (1u << 18));
		CHECK_EQ_U64(p->staged[i].range.start % b->src.page_size, 0);
		CHECK_EQ_U64(p->staged[i].range.end % b->src.page_size, 0);
	}
	CHECK_STR(p->staged[0].name, "purgatory");
	/* The list and no block of it is verified where it lies. */
	CHECK_EQ_U64(p->staged[1].verify_len, p->unpack_count * sizeof(struct purg_unpack));
	CHECK_EQ_U64(p->staged_entry, p->staged[0].range.start);
	CHECK_EQ_U64(p->staged_entry % PURG_IMAGE_ALIGN, 0);
	CHECK(kx_range_len(p->staged[0].range) >= PURG_IMAGE_MAX + PURG_POOL_MIN);
	/* What a panic enters. */
	memcpy(&param, p->staged[0].buf.data + PURG_PARAM_OFF, sizeof(param));
	CHECK_EQ_U64(param.magic, PURG_MAGIC);
	CHECK_EQ_U64(param.entry_kind, PURG_ENTRY_STAGED);
	CHECK(!(param.flags & PURG_F_QUIET));
	CHECK_EQ_U64(param.base, p->staged_entry);
	CHECK_EQ_U64(param.pool_len, PURG_POOL_MIN);
	CHECK_EQ_U64(param.region_count, 0);
	CHECK_EQ_U64(param.unpack_count, 0);
	CHECK_EQ_U64(param.console_count, b->src.console_count);
	CHECK_EQ_U64(param.psci, b->src.machine == KX_MACHINE_ARM64 ? PURG_PSCI_HVC : 0);
	CHECK_EQ_U64(param.page_shift, (uint64_t)__builtin_ctzll(b->src.page_size));
	/* The real one is another. */
	memcpy(&param, p->segment[0].buf.data + PURG_PARAM_OFF, sizeof(param));
	CHECK(param.entry_kind != PURG_ENTRY_STAGED && param.base == p->entry);
	CHECK(!p->fallback_allowed);
}

static void test_any(void)
{
	for (uint32_t i = 0; i < 24; i++) {
		struct bed b;

		bed_init(&b, i % 2 ? KX_MACHINE_ARM64 : KX_MACHINE_X86_64);
		bed_reserve(&b, MIB(64));
		b.seed = i;
		b.src.page_size = i % 4 == 1 ? 65536 : 4096;
		b.req.stage = KX_STAGE_CRASHKERNEL;
		b.req.pack = i % 3 == 0 ? KX_PACK_LZ4 : i % 3 == 1 ? KX_PACK_NONE : KX_PACK_AUTO;
		b.req.no_checks = i % 5 == 4;
		bed_kernel(&b, 65536 + bed_random(&b) % MIB(1), MIB(2 + bed_random(&b) % 4));
		bed_initrd(&b, bed_bytes(&b, 1 + bed_random(&b) % MIB(2), bed_random(&b) % 9));
		if (bed_build(&b)) {
			check_staged(&b);
			bed_run(&b);
			bed_check_initrd(&b);
		}
		bed_deinit(&b);
	}
}

/* Nothing is copied, each byte is hashed once. */
static void test_raw(void)
{
	const struct kx_segment *s;
	struct bed b;

	bed_init(&b, KX_MACHINE_ARM64);
	bed_reserve(&b, MIB(32));
	b.req.stage = KX_STAGE_CRASHKERNEL;
	bed_initrd(&b, bed_bytes(&b, MIB(2) + 1, TEXT));
	if (!bed_build(&b))
		return;
	CHECK(b.plan.pack == KX_PACK_NONE);
	CHECK_STR(b.plan.pack_why, "purgatory moves what is staged, with the caches on");
	CHECK_STR(b.plan.stage_why, "--stage=crashkernel was given");
	/* purgatory, list, kernel, initrd, dtb */
	CHECK_EQ_U64(b.plan.staged_count, 5);
	CHECK_STR(b.plan.staged[1].name, "unpack list");
	CHECK(b.plan.staged[3].buf.data == b.req.initrd[0].bytes.data);
	CHECK_EQ_U64(b.plan.target_count, 3);
	for (uint32_t i = 0; i < b.plan.param.region_count; i++) {
		const struct purg_region *r = &b.plan.param.region[i];

		s = bed_find(b.plan.staged, b.plan.staged_count, r->name);
		if (s && s->range.start == r->pa)
			CHECK_EQ_U64(r->flags, strcmp(r->name, "unpack list") ? 0 :
						PURG_REGION_VERIFY);
		else
			CHECK_EQ_U64(r->flags, PURG_REGION_WRITE | PURG_REGION_VERIFY_AFTER);
	}
	/* A move and zeros for kernel and initrd; the tree fills its page or does not. */
	CHECK(b.plan.unpack_count >= 5 && b.plan.unpack_count <= 6);
	CHECK(bed_noted(&b, "a panic of the running kernel leaves no dump"));
	bed_run(&b);
	bed_deinit(&b);
}

static void test_auto_packs(void)
{
	struct bed b;

	bed_init(&b, KX_MACHINE_ARM64);
	bed_reserve(&b, MIB(6));
	b.req.stage = KX_STAGE_CRASHKERNEL;
	bed_initrd(&b, bed_bytes(&b, MIB(4), TEXT));
	if (!bed_build(&b))
		return;
	CHECK(b.plan.pack == KX_PACK_LZ4);
	CHECK_STR(b.plan.pack_why, "to stage all as it is takes 7.1 MiB, and the crash kernel "
		  "reservation has 6 MiB");
	check_staged(&b);
	bed_run(&b);
	bed_deinit(&b);
}

static void test_refused(void)
{
	struct bed b;

	bed_init(&b, KX_MACHINE_ARM64);
	b.req.stage = KX_STAGE_CRASHKERNEL;
	bed_initrd(&b, bed_bytes(&b, MIB(4), RANDOM));
	bed_fails(&b, EINVAL, "--stage=crashkernel: there is no crash kernel reservation: the machine "
		  "was booted without crashkernel=");
	b.src.iomem_hidden = true;
	bed_fails(&b, EINVAL, "--stage=crashkernel: /proc/iomem shows no addresses, so where the crash "
		  "kernel reservation is, is not known");
	b.src.iomem_hidden = false;
	bed_reserve(&b, MIB(5));
	/* How much depends on liblz4. */
	CHECK(kx_plan_build(&b.req, &b.src, &b.arena, &b.plan, &b.err) == -ENOSPC);
	CHECK(strstr(b.err.text, "reservation is too small: it has 5 MiB, and 6."));
	CHECK(!strstr(b.err.text, "--pack=lz4"));
	b.req.pack = KX_PACK_NONE;
	bed_fails(&b, ENOSPC, "--stage=crashkernel: the crash kernel reservation is too small: it has "
		  "5 MiB, and 7.1 MiB are needed (--pack=lz4 may need less)");
	b.src.crash[0].end += MIB(16);
	b.src.crash_loaded.value = 1;
	bed_fails(&b, EBUSY, "--stage=crashkernel: a crash kernel is loaded, and its memory is needed "
		  "(--stage=crashkernel --evict-crash-kernel gives it up)");
	b.req.has_entry = true;
	bed_fails(&b, EINVAL, "--stage=crashkernel needs purgatory, and --entry bypasses it");
	b.req.has_entry = false;
	b.req.call = KX_CALL_FILE;
	bed_fails(&b, EINVAL, "--stage=crashkernel works with kexec_load only, and -s asks for "
		  "kexec_file_load");
	b.req.call = KX_CALL_AUTO;

	/* What may be replaced, and what must be told to be. */
	b.src.iomem.v[b.src.iomem.n - 1].r.end = b.src.crash[0].end;
	b.src.crash_is_staged = true;
	if (bed_build(&b))
		CHECK(!bed_noted(&b, "is given up"));
	b.src.crash_is_staged = false;
	b.req.evict_crash_kernel = true;
	if (bed_build(&b))
		CHECK(bed_noted(&b, "stage: the crash kernel that is loaded is given up"));
	check_staged(&b);
	bed_deinit(&b);
}

/* The higher of two reservations is the one the kernel takes segments in. */
static void test_two_reservations(void)
{
	struct bed b;

	bed_init(&b, KX_MACHINE_X86_64);
	bed_reserve(&b, MIB(1));
	b.src.crash[1] = (struct kx_range){ MIB(400), MIB(432) };
	bed_mem(&b, &b.src.iomem, MIB(400), MIB(432), KX_MEM_OTHER, 1, "Crash kernel");
	b.src.crash_count = 2;
	b.req.stage = KX_STAGE_CRASHKERNEL;
	bed_initrd(&b, bed_bytes(&b, MIB(2), TEXT));
	if (bed_build(&b)) {
		check_staged(&b);
		bed_run(&b);
	}
	bed_deinit(&b);
}

/* 11 MiB of kernel and noise, of which half of @ram MiB may be loaded. */
static void auto_bed(struct bed *b, uint64_t ram, uint64_t reservation)
{
	bed_init(b, KX_MACHINE_ARM64);
	if (reservation)
		bed_reserve(b, MIB(reservation));
	b->src.total_ram = MIB(ram);
	bed_kernel(b, 40960, MIB(8));
	bed_initrd(b, bed_bytes(b, MIB(3), RANDOM));
}

static void test_auto(void)
{
	struct bed b;

	auto_bed(&b, 480, 64);
	if (bed_build(&b)) {
		CHECK(b.plan.stage == KX_STAGE_KERNEL);
		CHECK_STR(b.plan.stage_why, "the running kernel has room");
	}
	bed_deinit(&b);

	/* Too much, and nothing that packs: but without its bss it fits elsewhere. */
	auto_bed(&b, 20, 64);
	if (bed_build(&b)) {
		check_staged(&b);
		CHECK_STR(b.plan.stage_why, "the segments take 11.1 MiB, and the kernel loads at most "
			  "half of RAM, 10 MiB");
		bed_run(&b);
	}
	b.src.crash_loaded.value = 1;
	b.req.evict_crash_kernel = true;
	bed_fails(&b, ENOSPC, "the segments need 0xb21000 bytes, and the kernel loads at most half of "
		  "RAM, 0xa00000");
	CHECK(b.plan.stage == KX_STAGE_KERNEL);
	CHECK_STR(b.plan.stage_why, "the segments take 11.1 MiB, and the kernel loads at most half of "
		  "RAM, 10 MiB; and a crash kernel is loaded, and its memory is needed "
		  "(--stage=crashkernel --evict-crash-kernel gives it up)");
	bed_deinit(&b);

	auto_bed(&b, 480, 64);
	b.src.free_ram = MIB(10);
	if (bed_build(&b)) {
		check_staged(&b);
		CHECK_STR(b.plan.stage_why, "the segments take 11.1 MiB, and 10 MiB are available");
	}
	b.req.stage = KX_STAGE_KERNEL;
	if (bed_build(&b)) {
		CHECK(b.plan.stage == KX_STAGE_KERNEL);
		CHECK_STR(b.plan.stage_why, "--stage=kernel was given");
	}
	bed_deinit(&b);
}

/* The kernel's rules hold for each of the two images. */
static void test_check(void)
{
	struct kx_plan *p;
	struct bed b;

	bed_init(&b, KX_MACHINE_ARM64);
	bed_reserve(&b, MIB(64));
	b.req.stage = KX_STAGE_CRASHKERNEL;
	bed_initrd(&b, bed_bytes(&b, MIB(3), TEXT));
	if (!bed_build(&b))
		return;
	p = &b.plan;
	CHECK(kx_plan_check(p, &b.err) == 0);

	b.src.total_ram = MIB(8);
	CHECK(kx_plan_check(p, &b.err) == -ENOSPC);
	CHECK(strstr(b.err.text, "the staged segments need 0x5"));
	b.src.total_ram = 0;

	p->staged[1].range.end += 1;
	CHECK(kx_plan_check(p, &b.err) == -EINVAL);
	CHECK(strstr(b.err.text, "unpack list: [") && strstr(b.err.text, "is not whole pages"));
	p->staged[1].range.end -= 1;

	b.src.crash[0].end = p->staged[3].range.end - 4096;
	CHECK(kx_plan_check(p, &b.err) == -EINVAL);
	CHECK(strstr(b.err.text, "initrd [") &&
	      strstr(b.err.text, ") lies outside the crash kernel's reservation [0x41000000-"));
	b.src.crash[0].end += MIB(16);

	p->staged[3].range.start -= 4096;
	CHECK(kx_plan_check(p, &b.err) == -EINVAL);
	CHECK(strstr(b.err.text, "kernel [") && strstr(b.err.text, " and initrd [") &&
	      strstr(b.err.text, " overlap"));
	p->staged[3].range.start += 4096;

	p->staged_entry += 4;
	CHECK(kx_plan_check(p, &b.err) == -EINVAL);
	CHECK(strstr(b.err.text, "is not its purgatory's"));
	p->staged_entry -= 4;

	p->target[1].range.end += 4096;
	CHECK(kx_plan_check(p, &b.err) == -EINVAL);
	p->target[1].range.end -= 4096;
	CHECK(kx_plan_check(p, &b.err) == 0);
	bed_deinit(&b);
}

TEST_MAIN({ "any payload, packed or not, is what it was", test_any },
	  { "raw segments are staged as they are", test_raw },
	  { "auto packs what would not fit", test_auto_packs },
	  { "each refusal has its sentence", test_refused },
	  { "the higher of two reservations is taken", test_two_reservations },
	  { "auto stages what the kernel cannot hold", test_auto },
	  { "check has a sentence for each rule", test_check })
