/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzz targets of whole plans, from a file's bytes to what would be loaded: a
 * hostile kernel on each machine, a hostile device tree as the running one and
 * as the one given with --dtb, hostile boot_params; a function, on a machine whose
 * memory is in any pieces; saved cores with pages anywhere.
 */
#include <string.h>

#include "../../purgatory/purgatory.h"
#include "../unit/forge.h"
#include "../unit/tree.h"
#include "kx/plan.h"
#include "kx/uapi.h"
#include "targets.h"

#define MIB(n)	((uint64_t)(n) << 20)

static const uint8_t seed[256];

/* Large enough to be packed; the kernel's size, and so its fate, is the fuzzer's. */
#define INITRD_LEN	(80u << 10)

struct bed {
	struct kx_arena arena;
	struct kx_sources src;
	struct kx_request req;
	struct tree tree;
};

static void add(struct bed *b, struct kx_memmap *m, uint64_t start, uint64_t end,
		enum kx_mem_type type, unsigned int depth, const char *name)
{
	struct kx_mem e = { { start, end }, type, depth, name };

	FUZZ_ASSERT(kx_memmap_add(m, &b->arena, e, NULL) == 0);
}

/* The length of the input also decides what becomes of it. */
static void add_initrd(struct bed *b, size_t choice)
{
	size_t len = choice % 3 == KX_PACK_LZ4 ? INITRD_LEN : sizeof(seed);
	uint8_t *initrd = kx_arena_alloc(&b->arena, len);

	FUZZ_ASSERT(initrd);
	initrd[len / 2] = 1;
	b->req.initrd[0] = (struct kx_input){
		.path = "initrd", .fd = -1, .bytes = { initrd, len },
	};
	b->req.initrd_count = 1;
	b->req.pack = (enum kx_pack)(choice % 3);
	b->req.stage = (enum kx_stage)(choice / 3 % 3);
}

/* 512 MiB; where they start, the architectures differ. */
static void bed_init(struct bed *b, enum kx_machine machine, uint64_t ram, struct kx_bytes kernel)
{
	memset(b, 0, sizeof(*b));
	kx_arena_init(&b->arena);
	b->src.root = "";
	b->src.machine = machine;
	b->src.page_size = 4096;
	b->src.total_ram = MIB(512);
	b->src.free_ram = MIB(500);
	b->src.has_cap_boot = true;
	b->src.cmdline = "quiet";
	b->src.firmware_source = "fuzz";
	b->src.config_kexec = b->src.config_kexec_file = b->src.config_kexec_sig_force = -1;
	add(b, &b->src.firmware, ram, ram + MIB(512), KX_MEM_RAM, 0, "System RAM");
	add(b, &b->src.iomem, ram, ram + MIB(512), KX_MEM_RAM, 0, "System RAM");
	add(b, &b->src.iomem, ram + MIB(2), ram + MIB(40), KX_MEM_OTHER, 1, "Kernel code");
	add(b, &b->src.iomem, ram + MIB(300), ram + MIB(301), KX_MEM_OTHER, 1, "reserved");
	b->src.crash[0] = (struct kx_range){ ram + MIB(400), ram + MIB(480) };
	b->src.crash_count = 1;
	add(b, &b->src.iomem, ram + MIB(400), ram + MIB(480), KX_MEM_OTHER, 1, "Crash kernel");
	b->req.kernel = (struct kx_input){
		.path = "kernel", .bytes = fuzz_copy(&b->arena, kernel), .fd = -1,
	};
	add_initrd(b, kernel.len);
	b->req.append = "root=/dev/vda1";
	b->req.call = KX_CALL_LOAD;
	b->req.mem_max = UINT64_MAX;
	b->req.random = (struct kx_bytes){ seed, sizeof(seed) };
}

static void bed_init_arm64(struct bed *b, struct kx_bytes kernel)
{
	bed_init(b, KX_MACHINE_ARM64, MIB(1024), kernel);
	b->src.arm64.fdt = tree_machine(&b->tree);
	b->src.arm64.fdt_source = "fuzz";
	b->src.arm64.psci = PURG_PSCI_HVC;
}

static void print(const struct kx_plan *plan,
		  void (*printer)(const struct kx_plan *p, struct kx_text *t))
{
	struct kx_text t;
	struct kx_arena a;

	kx_arena_init(&a);
	kx_text_init(&t, &a);
	printer(plan, &t);
	FUZZ_ASSERT(kx_text_str(&t));
	kx_arena_deinit(&a);
}

static void touch(const struct kx_segment *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		fuzz_touch(s[i].buf);
		FUZZ_ASSERT(s[i].buf.len <= kx_range_len(s[i].range));
	}
}

/* Purgatory obeys the block, and can call the function and leave its result. */
static void check_call(const struct kx_plan *plan)
{
	struct purg_param p = plan->param;

	FUZZ_ASSERT(!purg_param_fix_consoles(&p));
	FUZZ_ASSERT(!purg_param_check(&p, plan->entry));
	FUZZ_ASSERT(purg_param_inside(&p, p.pc, 1, 0));
	FUZZ_ASSERT(purg_param_inside(&p, p.reg[3] - 16, 16, PURG_REGION_WRITE));
	for (size_t i = 0; i < plan->segment_count; i++)
		FUZZ_ASSERT(p.result_pa - plan->segment[i].range.start >=
			    kx_range_len(plan->segment[i].range));
}

/* Build, and if that works, everything that is done with a plan. */
static void bed_run(struct bed *b)
{
	struct kx_err err = { .code = 0 };
	struct kx_plan plan;
	int rc;

	rc = kx_plan_build(&b->req, &b->src, &b->arena, &plan, &err);
	fuzz_check(rc, &err);
	if (rc == 0) {
		touch(plan.segment, plan.segment_count);
		FUZZ_ASSERT((b->req.preserve && !b->req.function.path) ==
			    !kx_range_empty(plan.own.window));
		if (b->req.function.path)
			check_call(&plan);
		touch(plan.target, plan.target_count);
		touch(plan.staged, plan.staged_count);
		print(&plan, kx_plan_print_text);
		print(&plan, kx_plan_print_json);
		print(&plan, kx_plan_print_svg);
	}
	kx_arena_deinit(&b->arena);
}

/* ---- saved cores ------------------------------------------------------------------ */

/* Any places and lengths of pages, as the reader would give them. */
#define SAVED_RECORDS	512u
#define SAVED_FILE	(4u << 20)

struct saved {
	struct kx_saved core;
	struct saved_record record[SAVED_RECORDS];
	struct saved_block block[SAVED_RECORDS];
	uint8_t *file;
	uint64_t len;
};

static int saved_read(void *ctx, uint64_t off, void *to, size_t len, struct kx_err *err)
{
	const struct saved *s = ctx;

	(void)err;
	FUZZ_ASSERT(off <= s->len && len <= s->len - off);
	memcpy(to, s->file + off, len);
	return 0;
}

/* @how: how the record is stored, and whether a block begins with it. */
static void saved_add(struct saved *s, uint64_t pa, uint32_t pages, uint8_t how)
{
	uint32_t stored = how % 3 == 0 ? 0 : how % 3 == 1 ? pages * 4096 : 1 + how * 16u % 4000;
	struct saved_block *b = s->core.head.block_count ? &s->block[s->core.head.block_count - 1] : NULL;

	if (s->len + stored + 8192 > SAVED_FILE)
		return;
	if (!b || how & 4 || b->len + stored > KX_SAVED_BLOCK_MAX) {
		s->len = kx_align_up(s->len, KX_SAVED_ALIGN) + (how & 8 ? KX_SAVED_ALIGN : 0);
		b = &s->block[s->core.head.block_count++];
		b->off = s->len;
		b->first_record = s->core.head.record_count;
	}
	s->record[s->core.head.record_count++] = (struct saved_record){ pa, pages, stored };
	b->records++;
	b->len += stored;
	s->len += stored;
}

static void saved_rows(struct saved *s, uint64_t pa, struct kx_bytes in)
{
	for (size_t i = 0; i + 4 <= in.len && s->core.head.record_count < SAVED_RECORDS; i += 4) {
		uint32_t pages = 1 + in.data[i + 2] % 64;

		pa += (in.data[i] | (uint64_t)in.data[i + 1] << 8) * 4096;
		saved_add(s, pa, pages, in.data[i + 3]);
		pa += pages * 4096u;
	}
}

/*
 * A byte that chooses, then four for each record.  What kx_plan_check() lets pass is
 * right: tests/unit/test-saved-plan.c obeys such plans.
 */
void fuzz_plan_saved(struct kx_bytes in)
{
	uint8_t choice = in.len ? in.data[0] : 0;
	bool arm64 = choice & 1;
	struct saved *s;
	struct bed b;

	if (arm64)
		bed_init_arm64(&b, KX_BYTES_NONE);
	else
		bed_init(&b, KX_MACHINE_X86_64, MIB(1), KX_BYTES_NONE);
	b.req.append = NULL;
	b.req.initrd_count = 0;
	b.req.pack = KX_PACK_AUTO;
	b.req.stage = KX_STAGE_AUTO;
	b.src.page_size = choice & 2 ? 65536 : 4096;
	s = kx_arena_alloc(&b.arena, sizeof(*s));
	FUZZ_ASSERT(s);
	s->file = kx_arena_alloc(&b.arena, SAVED_FILE);
	FUZZ_ASSERT(s->file);
	s->len = KX_SAVED_ALIGN;
	if (in.len)
		saved_rows(s, arm64 ? MIB(1024) : MIB(1), (struct kx_bytes){ in.data + 1, in.len - 1 });
	for (size_t i = 0; i < s->core.head.block_count; i++)
		kx_saved_digest((struct kx_bytes){ s->file + s->block[i].off, s->block[i].len },
				sha256_blocks_portable, s->block[i].sha256);
	s->core.file = (struct kx_core_file){ .read = saved_read, .ctx = s, .len = s->len };
	s->core.sha256 = sha256_blocks_portable;
	s->core.record = s->record;
	s->core.block = s->block;
	s->core.head.codec = KX_SAVED_LZ4;
	s->core.head.state = KX_SAVED_COMPLETE;
	s->core.machine = fuzz_copy(&b.arena, in);
	b.src.machine_note = s->core.machine;
	s->core.core.machine = arm64 ? KX_ELF_ARM64 : KX_ELF_X86_64;
	s->core.contexts.context = (struct kx_context){
		.machine = s->core.core.machine, .filled = true, .page_size = 4096,
		.entry_kind = arm64 ? CONTEXT_ENTRY_RESUME_ARM64 : CONTEXT_ENTRY_RESTORE_X86_64,
		.entry = s->record[0].pa, .value = { 0, 0, s->record[0].pa },
	};
	b.req.kernel.bytes = (struct kx_bytes){ s->file, s->len };
	b.req.saved = &s->core;
	bed_run(&b);
}

void fuzz_plan_arm64(struct kx_bytes in)
{
	struct bed b;

	bed_init_arm64(&b, in);
	bed_run(&b);
}

void fuzz_plan_x86(struct kx_bytes in)
{
	struct bed b;

	bed_init(&b, KX_MACHINE_X86_64, MIB(1), in);
	b.src.x86.la57 = in.len & 1;
	add(&b, &b.src.firmware, 0, 0x9f000, KX_MEM_RAM, 0, "System RAM");
	b.src.core.vmcoreinfo = (struct kx_range){ MIB(20), MIB(20) + 4096 };
	b.req.preserve = in.len & 2;
	bed_run(&b);
}

/*
 * The function is the input; so are the page for its result, words of 32 bits that
 * are pieces of memory, and the iomem lines: half of the words' lengths.
 */
void fuzz_plan_call(struct kx_bytes in)
{
	struct bed b;
	uint32_t words[64] = { 0 };

	bed_init(&b, KX_MACHINE_X86_64, MIB(1), KX_BYTES_NONE);
	b.req.kernel = (struct kx_input){ .fd = -1 };
	b.req.initrd_count = 0;
	b.req.append = NULL;
	b.req.pack = KX_PACK_AUTO;
	b.req.stage = KX_STAGE_AUTO;
	b.req.preserve = true;
	b.req.function = (struct kx_input){
		.path = "function", .bytes = fuzz_copy(&b.arena, in), .fd = -1,
	};
	if (in.len)
		memcpy(words, in.data, in.len < sizeof(words) ? in.len : sizeof(words));
	b.src.x86.la57 = words[0] & 1;
	b.req.result_pa = (uint64_t)(words[0] >> 1) << 12;
	for (size_t i = 1; i < sizeof(words) / sizeof(words[0]) && words[i]; i++) {
		uint64_t start = (uint64_t)(words[i] >> 8) << 12, len = (words[i] & 0xff) << 10;

		add(&b, &b.src.firmware, start, start + len, KX_MEM_RAM, 0, "System RAM");
		add(&b, &b.src.iomem, start, start + len / 2,
		    words[i] & 1 ? KX_MEM_RAM : KX_MEM_OTHER, 1, "part");
	}
	bed_run(&b);
}

/* The running machine's tree. */
void fuzz_dtb(struct kx_bytes in)
{
	struct forge kernel = FORGE_NONE;
	struct bed b;

	forge_arm64_image(&kernel, 1024);
	bed_init_arm64(&b, forge_bytes(&kernel));
	forge_free(&kernel);
	b.src.arm64.fdt = fuzz_copy(&b.arena, in);
	bed_run(&b);
}

/* --dtb, to be merged with the running machine's. */
void fuzz_dtb_given(struct kx_bytes in)
{
	struct forge kernel = FORGE_NONE;
	struct bed b;

	forge_arm64_image(&kernel, 1024);
	bed_init_arm64(&b, forge_bytes(&kernel));
	forge_free(&kernel);
	b.req.dtb = (struct kx_input){
		.path = "dtb", .bytes = fuzz_copy(&b.arena, in), .fd = -1,
	};
	bed_run(&b);
}

/* The running kernel's boot_params; screen_info is their start. */
void fuzz_boot_params(struct kx_bytes in)
{
	struct forge kernel = FORGE_NONE;
	struct bed b;

	forge_bzimage(&kernel, 1024);
	bed_init(&b, KX_MACHINE_X86_64, MIB(1), forge_bytes(&kernel));
	forge_free(&kernel);
	if (in.len >= 64)
		b.src.x86.screen_info = fuzz_copy(&b.arena, (struct kx_bytes){ in.data, 64 });
	if (in.len >= 4096)
		b.src.x86.boot_params = fuzz_copy(&b.arena, (struct kx_bytes){ in.data, 4096 });
	bed_run(&b);
}
