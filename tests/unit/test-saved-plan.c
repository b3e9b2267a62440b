/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * plan/saved*.c: where a saved core's packed pages are loaded, whatever memory it
 * has pages in, and that obeying the unpack list gives each page back.
 */
#include "kx/saved.h"
#include "payload-bed.h"

#define PAGE	4096u

static struct kx_bytes text_bytes(const char *s)
{
	return (struct kx_bytes){ (const uint8_t *)s, strlen(s) };
}

/* A core in the making, as its file has it. */
struct core {
	struct bed *b;
	struct kx_saved saved;
	struct saved_record *record;
	struct saved_block *block;
	size_t records, blocks, cap;
	uint8_t *file;
	size_t len;
	uint8_t **page;			/* what each record's pages hold */
	unsigned int text;		/* how much of it shrinks, in eighths */
	uint64_t gap;			/* between blocks in the file, beside the padding */
};

static int core_read(void *ctx, uint64_t off, void *to, size_t len, struct kx_err *err)
{
	const struct core *c = ctx;

	(void)err;
	memcpy(to, c->file + off, len);
	return 0;
}

#define FILE_MAX	MIB(400)

static void core_init(struct core *c, struct bed *b, enum kx_machine machine)
{
	bed_init(b, machine);
	*c = (struct core){ .b = b, .text = MIXED, .cap = 200000 };
	c->record = kx_arena_alloc(&b->arena, c->cap * sizeof(*c->record));
	c->page = kx_arena_alloc(&b->arena, c->cap * sizeof(*c->page));
	c->block = kx_arena_alloc(&b->arena, 4096 * sizeof(*c->block));
	c->file = mmap(NULL, FILE_MAX, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	c->len = KX_SAVED_ALIGN;
	b->req.append = NULL;
	b->req.kernel = (struct kx_input){ .path = "core", .fd = -1 };
	b->src.free_ram = RAM_LEN / 2;
}

static void core_deinit(struct core *c)
{
	munmap(c->file, FILE_MAX);
	bed_deinit(c->b);
}

/* @pages pages at @pa, in the block that is being filled or the next. */
static void core_add(struct core *c, uint64_t pa, uint32_t pages)
{
	struct saved_block *block = c->blocks ? &c->block[c->blocks - 1] : NULL;
	size_t len = pages * (size_t)PAGE;
	uint8_t *data = (uint8_t *)(uintptr_t)bed_bytes(c->b, len, c->text).data;
	struct saved_record *r = &c->record[c->records];

	if (bed_random(c->b) % 8 == 0)
		memset(data, 0, len);
	if (!block || block->len + len > KX_SAVED_BLOCK_MAX) {
		c->len = kx_align_up(c->len, KX_SAVED_ALIGN) + (block ? c->gap : 0);
		block = &c->block[c->blocks++];
		*block = (struct saved_block){ .off = c->len, .first_record = c->records };
	}
	*r = (struct saved_record){ .pa = pa, .pages = pages };
	r->stored = kx_saved_pack((enum kx_saved_codec)c->saved.head.codec, data, pages, PAGE,
				  c->file + c->len);
	block->len += r->stored;
	block->records++;
	c->len += r->stored;
	c->page[c->records++] = data;
	c->saved.head.page_count += pages;
}

static void core_end(struct core *c)
{
	bool arm64 = c->b->src.machine == KX_MACHINE_ARM64;
	struct kx_context *x = &c->saved.contexts.context;

	for (size_t i = 0; i < c->blocks; i++)
		kx_saved_digest((struct kx_bytes){ c->file + c->block[i].off, c->block[i].len },
				sha256_blocks_portable, c->block[i].sha256);
	c->saved.file = (struct kx_core_file){ .read = core_read, .ctx = c, .len = c->len };
	c->saved.sha256 = sha256_blocks_portable;
	c->saved.head.record_count = c->records;
	c->saved.head.block_count = c->blocks;
	c->saved.record = c->record;
	c->saved.block = c->block;
	c->saved.core.machine = arm64 ? KX_ELF_ARM64 : KX_ELF_X86_64;
	c->saved.contexts.has_context = true;
	*x = (struct kx_context){
		.machine = c->saved.core.machine, .source = CONTEXT_SOURCE_SNAPSHOT,
		.entry_kind = arm64 ? CONTEXT_ENTRY_RESUME_ARM64 : CONTEXT_ENTRY_RESTORE_X86_64,
		.filled = true, .entry = c->records ? c->record[0].pa + 0x100 : 0,
		.value = { 0x1000, 0xffffffff81000000, c->records ? c->record[0].pa + 0x100 : 0 },
		.boot_cpu = CONTEXT_CPU_UNKNOWN, .page_size = PAGE, .release = "5.10.0-a",
	};
	c->b->req.kernel.bytes = (struct kx_bytes){ c->file, c->len };
	c->b->req.saved = &c->saved;
}

/* Every stored byte is in one part, in memory that is loaded, and has its digest. */
static void parts_verify(struct core *c, const struct purg_param *param)
{
	uint8_t *at = bed_at(c->b, param->part_pa, param->part_count * sizeof(struct purg_part));
	uint64_t len = 0, want = 0;

	CHECK(bed_inside(param, param->part_pa, param->part_count * sizeof(struct purg_part), 0));
	for (uint32_t i = 0; i < param->part_count && at; i++) {
		uint8_t digest[PURG_SHA256_LEN], *data;
		struct purg_part part;

		memcpy(&part, at + i * sizeof(part), sizeof(part));
		data = bed_at(c->b, part.pa, part.len);
		CHECK(bed_inside(param, part.pa, part.len, 0));
		len += part.len;
		if (!data)
			continue;
		kx_saved_digest((struct kx_bytes){ data, part.len }, sha256_blocks_portable, digest);
		if (!CHECK_MEM(digest, part.sha256, sizeof(digest)))
			printf("# part %u\n", i);
	}
	for (uint32_t i = 0; i < param->unpack_count; i++)
		want += c->b->plan.unpack[i].src_len;
	CHECK_EQ_U64(len, want);
	CHECK_EQ_U64(param->part_bytes, len);
}

/* Load what the plan says, unpack it, and look at every page. */
static void core_run(struct core *c)
{
	struct bed *b = c->b;
	struct kx_plan *p = &b->plan;
	struct purg_param param;
	uint8_t *at;

	for (size_t i = 0; i < c->records; i++)
		memset(bed_at(b, c->record[i].pa, PAGE), 0xa5, c->record[i].pages * (size_t)PAGE);
	bed_load(b, p->segment, p->segment_count);
	at = bed_at(b, p->entry + PURG_PARAM_OFF, sizeof(param));
	if (!at)
		return;
	memcpy(&param, at, sizeof(param));
	CHECK_EQ_U64(param.magic, PURG_MAGIC);
	CHECK(param.region_count <= PURG_REGIONS_MAX);
	bed_verify(b, &param, PURG_REGION_VERIFY);
	parts_verify(c, &param);
	at = bed_at(b, param.unpack_pa, param.unpack_count * sizeof(struct purg_unpack));
	for (uint32_t i = 0; i < param.unpack_count && at; i++) {
		struct purg_unpack u;

		memcpy(&u, at + i * sizeof(u), sizeof(u));
		bed_record(b, &param, u);
	}
	for (size_t i = 0; i < c->records; i++) {
		size_t len = c->record[i].pages * (size_t)PAGE;

		at = bed_at(b, c->record[i].pa, len);
		if (!at || !CHECK_MEM(at, c->page[i], len))
			break;
	}
	/* Purgatory, its stack and its tables, is in no region, and is as it was. */
	for (uint32_t i = 0; i < param.region_count; i++)
		CHECK(param.region[i].pa + param.region[i].mem_len <= p->entry ||
		      param.region[i].pa >= p->entry + PURG_IMAGE_MAX + param.pool_len);
}

/* No digest twice: what is packed is verified in parts, and only so. */
static void check_regions(const struct core *c)
{
	const struct purg_param *param = &c->b->plan.param;

	for (uint32_t i = 0; i < param->region_count; i++) {
		const struct purg_region *r = &param->region[i];
		bool home = !strcmp(r->name, "home"), list = !strcmp(r->name, "unpack list");

		CHECK_EQ_U64(r->flags & (PURG_REGION_VERIFY | PURG_REGION_VERIFY_AFTER),
			     list ? PURG_REGION_VERIFY : 0);
		CHECK(!home || (r->flags & PURG_REGION_WRITE));
	}
}

static void core_go(struct core *c)
{
	core_end(c);
	if (!bed_build(c->b))
		return;
	CHECK(c->b->plan.segment_count <= 14);
	check_regions(c);
	core_run(c);
}

/* A kernel with a few dozen large runs, as one is that has just booted. */
static void test_quiet(void)
{
	for (int machine = 0; machine < KX_MACHINE_COUNT; machine++) {
		struct core c;
		struct bed b;

		core_init(&c, &b, (enum kx_machine)machine);
		c.saved.head.codec = KX_SAVED_LZ4;
		for (uint64_t pa = b.ram + MIB(2); pa < b.ram + MIB(60); pa += MIB(1) + 3 * PAGE)
			for (uint64_t at = 0; at < MIB(1); at += 64 * PAGE)
				core_add(&c, pa + at, 64);
		core_go(&c);
		/* One hole has room for all. */
		CHECK_EQ_U64(b.plan.segment_count, 3);
		CHECK(!b.plan.segment[0].written);
		CHECK_STR(b.plan.release, "5.10.0-a");
		core_deinit(&c);
	}
}

/* All memory but @keep_free of each @period bytes is the core's. */
static void fill_memory(struct core *c, uint64_t end, uint64_t period, uint64_t keep_free,
			uint32_t pages)
{
	for (uint64_t pa = c->b->ram; pa < c->b->ram + end; pa += period)
		for (uint64_t at = 0; at + pages * PAGE <= period - keep_free; at += pages * PAGE)
			core_add(c, pa + at, pages);
}

static size_t written_segments(const struct bed *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->plan.segment_count; i++)
		n += b->plan.segment[i].written;
	return n;
}

/* Holes of a megabyte everywhere and nothing larger: several of them do. */
static void test_many_holes(void)
{
	struct core c;
	struct bed b;

	core_init(&c, &b, KX_MACHINE_ARM64);
	c.saved.head.codec = KX_SAVED_LZ4;
	c.text = 7;
	fill_memory(&c, MIB(200), MIB(20), MIB(4), 16);
	b.req.mem_max = b.ram + MIB(200) - 1;
	core_go(&c);
	CHECK(b.plan.segment_count > 3);
	CHECK_EQ_U64(written_segments(&b), 0);
	core_deinit(&c);
}

/* A page in each second place: no hole has room for a block. */
static void test_everywhere(void)
{
	for (int machine = 0; machine < KX_MACHINE_COUNT; machine++) {
		struct core c;
		struct bed b;

		core_init(&c, &b, (enum kx_machine)machine);
		c.saved.head.codec = KX_SAVED_LZ4;
		fill_memory(&c, MIB(96), 2 * PAGE, PAGE, 1);
		/* And one hole that is just large enough for what must not be written over. */
		b.req.mem_max = b.ram + MIB(104) - 1;
		core_go(&c);
		CHECK(written_segments(&b) > 0);
		CHECK(bed_noted(&b, "of packed pages are loaded over places of its own"));
		core_deinit(&c);
	}
}

/* Nothing shrinks, and it is nearly half of the memory, which is all that may be loaded. */
static void test_half(void)
{
	struct core c;
	struct bed b;

	core_init(&c, &b, KX_MACHINE_ARM64);
	c.saved.head.codec = KX_SAVED_LZ4;
	c.text = RANDOM;
	fill_memory(&c, RAM_LEN, MIB(1), MIB(1) / 2 + 4 * PAGE, 16);
	core_go(&c);
	CHECK(b.src.total_ram / 2 - kx_segments_sum(b.plan.segment, b.plan.segment_count) <
	      b.src.total_ram / 8);
	core_deinit(&c);
}

/* The same with nothing packed at all, and blocks that are not next to each other. */
static void test_raw(void)
{
	struct core c;
	struct bed b;

	core_init(&c, &b, KX_MACHINE_X86_64);
	c.saved.head.codec = KX_SAVED_RAW;
	c.gap = 8192;
	for (uint64_t pa = b.ram + MIB(2); pa < b.ram + MIB(40); pa += MIB(1) + 3 * PAGE)
		for (uint64_t at = 0; at < MIB(1); at += 64 * PAGE)
			core_add(&c, pa + at, 64);
	core_go(&c);
	/* They had to be copied together. */
	CHECK(bed_noted(&b, "copied together"));
	CHECK_EQ_U64(b.plan.segment_count, 3);
	core_deinit(&c);
}

/* What zstd packed is packed anew. */
static void test_zstd(void)
{
	struct core c;
	struct bed b;

	core_init(&c, &b, KX_MACHINE_ARM64);
	c.saved.head.codec = KX_SAVED_ZSTD;
	for (uint64_t at = 0; at < MIB(8); at += 64 * PAGE)
		core_add(&c, b.ram + MIB(2) + at, 64);
	core_go(&c);
	CHECK(b.plan.pack == KX_PACK_LZ4);
	CHECK_STR(b.plan.pack_why, "purgatory cannot unpack zstd, so it is packed anew");
	CHECK(bed_noted(&b, "packed anew, the pages take another"));
	for (size_t i = 0; i < b.plan.unpack_count; i++)
		CHECK(b.plan.unpack[i].codec <= PURG_CODEC_LZ4);
	core_deinit(&c);
}

/* struct kx_saved_cipher.open of a cipher that anybody can break. */
static int flip(void *ctx, const struct kx_saved_nonce *n, uint8_t *data, size_t len,
		const uint8_t *tag, struct kx_err *err)
{
	(void)ctx, (void)n, (void)err;
	for (size_t i = 0; i < len; i++)
		data[i] ^= 0xff;
	return tag[0] == 0x5a ? 0 : -EBADMSG;
}

/* What is encrypted is loaded decrypted, whatever it was packed with. */
static void test_encrypted(void)
{
	for (uint32_t codec = KX_SAVED_RAW; codec <= KX_SAVED_ZSTD; codec++) {
		const uint8_t tag = 0x5a;
		struct core c;
		struct bed b;

		core_init(&c, &b, KX_MACHINE_X86_64);
		c.saved.head.codec = codec;
		c.saved.head.flags = KX_SAVED_ENCRYPTED;
		c.saved.cipher = (struct kx_saved_cipher){ .ctx = &c, .open = flip };
		for (uint64_t at = 0; at < MIB(8); at += 64 * PAGE)
			core_add(&c, b.ram + MIB(2) + at, 64);
		for (size_t i = 0; i < c.blocks; i++) {
			c.block[i].tag[0] = tag;
			flip(NULL, NULL, c.file + c.block[i].off, (size_t)c.block[i].len, &tag, NULL);
		}
		core_go(&c);
		CHECK(bed_noted(&b, codec == KX_SAVED_ZSTD ? "packed anew, the pages take another" :
				"decrypted, the pages take another"));
		core_deinit(&c);
	}
}

/* One block, in one place. */
static void small_core(struct core *c, struct bed *b, enum kx_machine machine)
{
	core_init(c, b, machine);
	c->saved.head.codec = KX_SAVED_LZ4;
	c->text = TEXT;
	for (uint64_t at = 0; at < MIB(1); at += 16 * PAGE)
		core_add(c, b->ram + MIB(32) + at, 16);
	core_end(c);
}

static void core_fails(struct core *c, int code, const char *text)
{
	bed_fails(c->b, code, text);
	core_deinit(c);
}

/* The sentence, its numbers left out. */
static void core_fails_like(struct core *c, int code, const char *text)
{
	CHECK_EQ_U64((uint64_t)-kx_plan_build(&c->b->req, &c->b->src, &c->b->arena, &c->b->plan,
					      &c->b->err), (uint64_t)code);
	if (!CHECK(strstr(c->b->err.text, text)))
		printf("# %s\n", c->b->err.text);
	core_deinit(c);
}

static void test_no_room(void)
{
	struct core c;
	struct bed b;

	/* Every page is the core's. */
	core_init(&c, &b, KX_MACHINE_ARM64);
	c.saved.head.codec = KX_SAVED_LZ4;
	c.text = TEXT;
	fill_memory(&c, MIB(64), MIB(1), 0, 16);
	b.req.mem_max = b.ram + MIB(64) - 1;
	core_end(&c);
	core_fails_like(&c, ENOSPC, "of 64 MiB that may be used it has no page in 0 bytes, the largest piece of that being 0 bytes");

	/* More than the kernel loads. */
	core_init(&c, &b, KX_MACHINE_ARM64);
	c.text = RANDOM;
	core_add(&c, b.ram + MIB(1), 1);
	core_add(&c, b.ram + MIB(2), 1);
	core_add(&c, b.ram + MIB(3), 1);
	core_end(&c);
	b.src.total_ram = 8192;
	core_fails_like(&c, ENOSPC, ", and the kernel loads at most half of RAM, 4 KiB");

	/* A page that is no RAM. */
	small_core(&c, &b, KX_MACHINE_ARM64);
	c.record[3].pa = 0x1000;
	c.saved.record = c.record + 3;
	c.saved.head.record_count = 1;
	c.saved.head.block_count = 0;
	c.saved.contexts.context.entry = 0x1000;
	core_fails(&c, EINVAL, "core: the core has pages in [0x1000-0x11000), which is not all RAM of this machine");
}

static void test_refused(void)
{
	struct core c;
	struct bed b;

	small_core(&c, &b, KX_MACHINE_ARM64);
	b.req.append = "quiet";
	core_fails(&c, EINVAL, "core: --append is for a kernel that starts, and this is a saved core, whose kernel goes on");

	small_core(&c, &b, KX_MACHINE_ARM64);
	b.req.call = KX_CALL_FILE;
	core_fails(&c, EINVAL, "core: a saved core is put back by kexec_load only, and -s asks for kexec_file_load");

	small_core(&c, &b, KX_MACHINE_ARM64);
	b.src.machine = KX_MACHINE_X86_64;
	core_fails(&c, ENOEXEC, "core: is a saved core of arm64, and this machine is x86_64");

	small_core(&c, &b, KX_MACHINE_ARM64);
	c.saved.contexts.context.filled = false;
	core_fails(&c, ENOEXEC, "core: is a core to look at only: it does not say where its kernel is entered");

	small_core(&c, &b, KX_MACHINE_ARM64);
	c.saved.contexts.context.entry_kind = CONTEXT_ENTRY_JUMP_X86_64;
	core_fails(&c, ENOEXEC, "core: entry kind: expected 3 (arm64 resume), have 1");

	small_core(&c, &b, KX_MACHINE_ARM64);
	b.src.arm64.gic.its_count = 1;
	strcpy(b.src.release, "5.10.0");
	core_fails_like(&c, EOPNOTSUPP, "release: on a machine with a GICv3 ITS expected ");

	small_core(&c, &b, KX_MACHINE_X86_64);
	c.saved.contexts.context.entry_kind = CONTEXT_ENTRY_RESUME_ARM64;
	core_fails(&c, ENOEXEC, "core: entry kind: expected 1 (x86_64 jump) or 2 (x86_64 restore), have 3");

	small_core(&c, &b, KX_MACHINE_X86_64);
	c.saved.machine = text_bytes("la57=1\n");
	core_fails(&c, EINVAL, "core: the saved kernel has page tables of 5 levels (la57), which this CPU has not");

	small_core(&c, &b, KX_MACHINE_ARM64);
	c.saved.contexts.context.entry = b.ram + 2;
	core_fails(&c, ENOEXEC, "core: entry: expected a multiple of 4, have 0x40000002");

	small_core(&c, &b, KX_MACHINE_ARM64);
	c.saved.contexts.context.entry = b.ram;
	core_fails(&c, ENOEXEC, "core: is entered at 0x40000000, of which it has no page");

	small_core(&c, &b, KX_MACHINE_ARM64);
	c.file[c.block[0].off + 5] ^= 1;
	core_fails_like(&c, EBADMSG, "core: block 0 at 0x1000: SHA-256: expected ");

	small_core(&c, &b, KX_MACHINE_ARM64);
	b.req.kernel.bytes.len = 4096;
	core_fails_like(&c, ENOEXEC, "are beyond the end, 0x1000");
}

#define TABLES		"lpi_property=0x42000000\nlpi_pending=0x80a0000 0x42010000\n"	\
			"lpi_pending=0x80c0000 0x42020000\n"

/* A kernel of another release, on a machine with an ITS. */
static void tables_core(struct core *c, struct bed *b, const char *machine)
{
	small_core(c, b, KX_MACHINE_ARM64);
	strcpy(b->src.release, "6.1.0");
	b->src.arm64.gic = (struct kx_gic){ .its_count = 1, .its_pa = { 0x8080000 }, .gicr_count = 1,
					    .gicr = { { 0x80a0000, 0xf60000, 0 } } };
	c->saved.machine = text_bytes(machine);
}

/* Its LPI tables come back with it. */
static void test_lpi_tables(void)
{
	const struct purg_param *param;
	struct core c;
	struct bed b;

	tables_core(&c, &b, TABLES);
	b.src.arm64.efi = true;
	b.src.machine_note = text_bytes("lpi_property=0x43000000\nlpi_pending=0x80a0000 0x43010000\n"
					"lpi_pending=0x80e0000 0x43020000\n");
	if (bed_build(&b)) {
		param = &b.plan.param;
		CHECK(bed_noted(&b, "interrupts: purgatory gives 2 redistributors the saved kernel's LPI tables"));
		CHECK_EQ_U64(param->its_count, 1);
		CHECK_EQ_U64(param->gicr_count, 1);
		CHECK_EQ_U64(param->lpi_prop_pa, 0x42000000);
		CHECK_EQ_U64(param->lpi_count, 3);
		CHECK_EQ_U64(param->lpi[1].gicr_pa, 0x80c0000);
		CHECK_EQ_U64(param->lpi[1].pend_pa, 0x42020000);
		/* The running kernel's alone. */
		CHECK_EQ_U64(param->lpi[2].gicr_pa, 0x80e0000);
		CHECK_EQ_U64(param->lpi[2].pend_pa, 0);
		core_run(&c);
	}
	core_deinit(&c);
	/* By ACPI nobody but the running kernel knows where they are. */
	tables_core(&c, &b, TABLES);
	b.src.arm64.gic.gicr_count = 0;
	b.src.machine_note = text_bytes(TABLES);
	if (bed_build(&b))
		CHECK_EQ_U64(b.plan.param.lpi_count, 2);
	core_deinit(&c);
	/* Its own release, and nothing known. */
	tables_core(&c, &b, "");
	strcpy(b.src.release, "5.10.0-a");
	if (bed_build(&b))
		CHECK_EQ_U64(b.plan.param.lpi_count + b.plan.param.gicr_count, 0);
	core_deinit(&c);
}

static void test_lpi_tables_bad(void)
{
	static const struct { const char *machine; int code; const char *why; } rows[] = {
		{ "lpi_unknown=no log", EOPNOTSUPP, "core: release: on a machine with a GICv3 ITS expected"
		  " 5.10.0-a to resume itself, have 6.1.0, whose interrupt tables it would get: when it was"
		  " saved, it was not known where its LPI tables are: no log (--resume-anyway tries)" },
		{ "lpi_property=0x41ff0000\nlpi_pending=0x80a0000 0x42010000\n", ENOEXEC,
		  "core: machine: LPI property table: has no pages at 0x41ff0000" },
		{ "lpi_property=0x420f1000\nlpi_pending=0x80a0000 0x42010000\n", ENOEXEC,
		  "core: machine: LPI property table: has no pages at 0x420f1000" },
		{ "lpi_property=0x42000000\nlpi_pending=0x80a0000 0x42100000\n", ENOEXEC,
		  "core: machine: LPI pending table: has no pages at 0x42100000" },
		{ "lpi_property=0x42000000\nlpi_pending=0x9000000 0x42010000\n", EINVAL,
		  "core: this machine has no redistributor at 0x9000000, which the saved kernel used" },
		{ "lpi_property=1\n", ENOEXEC,
		  "core: machine: lpi_property: expected an address, have 1 bytes that are none" },
	};
	struct core c;
	struct bed b;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tables_core(&c, &b, rows[i].machine);
		core_fails(&c, rows[i].code, rows[i].why);
	}
	tables_core(&c, &b, "");
	b.req.resume_anyway = true;
	if (bed_build(&b))
		CHECK(bed_noted(&b, "GICv3: the LPI tables stay those of this kernel, which may not fit"));
	core_deinit(&c);
}

/* By several threads, and of several bad blocks always the first. */
static void test_verified(void)
{
	for (size_t cpus = 0; cpus <= 40; cpus = 2 * cpus + 1) {
		struct core c;
		struct bed b;

		core_init(&c, &b, KX_MACHINE_ARM64);
		c.saved.head.codec = KX_SAVED_RAW;
		for (uint64_t at = 0; at < MIB(8); at += 16 * PAGE)
			core_add(&c, b.ram + MIB(32) + at, 16);
		core_end(&c);
		b.req.cpus = cpus;
		CHECK(c.blocks > 6);
		CHECK(bed_build(&b));
		c.file[c.block[c.blocks - 1].off] ^= 1;
		c.file[c.block[4].off + c.block[4].len - 1] ^= 1;
		c.file[c.block[5].off] ^= 1;
		core_fails_like(&c, EBADMSG, "core: block 4 at 0x");
	}
}

static void test_same_machine(void)
{
	static const char then[] = "arch=arm64\ncpus=0-1\ncpu0=0x0\ncpu_features=aa\nold=1\n"
				   "lpi_unknown=1\n"
				   "acpi.FACP=12\x1b\n";
	struct core c;
	struct bed b;

	/* What one side does not have, and what another release says of the CPU, are no difference. */
	small_core(&c, &b, KX_MACHINE_ARM64);
	c.saved.contexts.context.boot_cpu = 0;
	c.saved.machine = text_bytes(then);
	b.src.machine_note = text_bytes("arch=arm64\ncpus=0-1\ncpu0=0x0\ncpu_features=bb\nnew=1\n"
					"lpi_unknown=2\n"
					"filesystem=1:2 - ext4 rw /\n");
	if (bed_build(&b))
		core_run(&c);
	core_deinit(&c);

	small_core(&c, &b, KX_MACHINE_ARM64);
	c.saved.contexts.context.boot_cpu = 0;
	c.saved.machine = text_bytes(then);
	memset(c.saved.contexts.context.ram_map, 1, 32);
	b.src.machine_note = text_bytes("arch=arm64\ncpus=0-3\ncpu0=0x100\nacpi.FACP=13");
	bed_fails(&b, EINVAL, "core: was saved on another machine, or this one has changed since: 5 differences (--resume-anyway resumes it all the same)");
	CHECK_STR(b.plan.differences, "-ram_map=(another)\n+ram_map=(this machine's)\n"
		  "-boot_cpu=0x0\n+boot_cpu=0x100\n-cpus=0-1\n+cpus=0-3\n-cpu0=0x0\n+cpu0=0x100\n"
		  "-acpi.FACP=12?\n+acpi.FACP=13");
	core_deinit(&c);

	small_core(&c, &b, KX_MACHINE_ARM64);
	c.saved.machine = text_bytes("cpus=0-1");
	b.src.machine_note = text_bytes("cpus=0-3");
	b.req.resume_anyway = true;
	if (bed_build(&b)) {
		CHECK(bed_noted(&b, "--resume-anyway: the machine differs"));
		CHECK_STR(b.plan.differences, "-cpus=0-1\n+cpus=0-3");
	}
	core_deinit(&c);
}

static void test_disks(void)
{
	static const char then[] = "filesystem=254:1 AB-CD ext4 rw /\nfilesystem=254:2 - vfat ro /boot\n"
				   "swap=254:3 - swap rw -\nfilesystem=bad\n";
	static const struct { const char *now, *busy, *note; } rows[] = {
		{ "filesystem=8:17 AB-CD ext4 rw /mnt\n", "8:17 (ext4)", "8:17, which" },
		{ "filesystem=254:2 12 vfat rw /b\n", "254:2 (vfat)", "254:2, which" },
		{ "swap=254:3 - swap rw -\n", "254:3 (swap)", "254:3, which" },
		{ "filesystem=8:17 AB-CD ext4 ro /mnt\n", NULL, "that may have replayed its journal" },
		{ "filesystem=254:1 EF-01 ext4 rw /\n", NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int anyway = 0; anyway < 2; anyway++) {
			struct core c;
			struct bed b;

			small_core(&c, &b, KX_MACHINE_ARM64);
			c.saved.machine = text_bytes(then);
			b.src.machine_note = text_bytes(rows[i].now);
			b.req.resume_anyway = anyway;
			if (rows[i].busy && !anyway) {
				core_fails_like(&c, EBUSY, rows[i].busy);
				continue;
			}
			if (bed_build(&b))
				CHECK(!rows[i].note || bed_noted(&b, rows[i].note));
			core_deinit(&c);
		}
}

/* Plans that are wrong are found out. */
static void test_checked(void)
{
	struct kx_plan good, *p;
	struct core c;
	struct bed b;

	small_core(&c, &b, KX_MACHINE_ARM64);
	p = &b.plan;
	if (!bed_build(&b))
		return;
	good = *p;
	CHECK(kx_plan_check(p, &b.err) == 0);

	p->unpack_count--;
	CHECK(kx_plan_check(p, &b.err) == -EINVAL);
	if (!CHECK(strstr(b.err.text, ", where the core has [")))
		printf("# %s\n", b.err.text);
	*p = good;

	/* Over what is still to be read. */
	p->home[p->home_count++] = p->segment[0].range;
	CHECK(kx_plan_check(p, &b.err) == -EINVAL);
	CHECK(strstr(b.err.text, "saved 1: unpacking may write ["));
	/* That may be, if it is said. */
	p->segment[0].written = true;
	CHECK(kx_plan_check(p, &b.err) == 0);
	*p = good;

	p->home[0].end -= PAGE;
	CHECK(kx_plan_check(p, &b.err) == -EINVAL);
	CHECK(strstr(b.err.text, "its destination is in no target"));
	*p = good;

	p->part[0].len--;
	CHECK(kx_plan_check(p, &b.err) == -EINVAL);
	CHECK(strstr(b.err.text, "its source is not verified"));
	p->part[0].len++;
	p->part[0].pa++;
	CHECK(kx_plan_check(p, &b.err) == -EINVAL);
	CHECK(strstr(b.err.text, "its source is not verified"));
	p->part[0].pa--;
	p->part_count = 0;
	CHECK(kx_plan_check(p, &b.err) == -EINVAL);
	b.req.no_checks = true;
	CHECK(kx_plan_check(p, &b.err) == 0);
	b.req.no_checks = false;
	*p = good;

	p->unpack[0].dst_pa += MIB(1);
	CHECK(kx_plan_check(p, &b.err) == -EINVAL);
	p->unpack[0].dst_pa -= MIB(1);
	CHECK(kx_plan_check(p, &b.err) == 0);
	core_deinit(&c);
}

static void test_entry(void)
{
	struct core c;
	struct bed b;

	small_core(&c, &b, KX_MACHINE_ARM64);
	if (bed_build(&b)) {
		CHECK_EQ_U64(b.plan.param.entry_kind, PURG_ENTRY_ARM64);
		CHECK_EQ_U64(b.plan.param.pc, b.ram + MIB(32) + 0x100);
		CHECK_EQ_U64(b.plan.param.reg[0], 0);
		CHECK_EQ_U64(b.plan.param.psci, PURG_PSCI_HVC);
	}
	core_deinit(&c);

	for (int la57 = 0; la57 < 3; la57++) {
		static const char *const note[] = { "la57=0\n", "la57=1\n", "cpus=0\n" };
		static const uint32_t paging[] = {
			PURG_PAGING_4LEVEL, PURG_PAGING_5LEVEL, PURG_PAGING_KEEP,
		};

		small_core(&c, &b, KX_MACHINE_X86_64);
		c.saved.machine = text_bytes(note[la57]);
		b.src.machine_note = text_bytes("la57=0\n");
		b.src.x86.la57_possible = true;
		if (bed_build(&b)) {
			CHECK_EQ_U64(b.plan.param.entry_kind, PURG_ENTRY_RESTORE);
			CHECK_EQ_U64(b.plan.param.pc, b.ram + MIB(32) + 0x100);
			CHECK_EQ_U64(b.plan.param.reg[0], 0xffffffff81000000);
			CHECK_EQ_U64(b.plan.param.reg[1], 0x1000);
			CHECK_EQ_U64(b.plan.param.paging, paging[la57]);
			CHECK(b.plan.param.flags & PURG_F_STOP_CPUS);
			CHECK(b.plan.entry < 0x100000000);
		}
		core_deinit(&c);
	}
}

/* A kernel that slept after a jump, whose next kernel was in @start to @end MiB. */
static void woken_core(struct core *c, struct bed *b, uint64_t start, uint64_t end)
{
	struct kx_context *x = &c->saved.contexts.context;

	small_core(c, b, KX_MACHINE_X86_64);
	x->source = CONTEXT_SOURCE_JUMP;
	x->entry_kind = CONTEXT_ENTRY_JUMP_X86_64;
	memset(x->value, 0, sizeof(x->value));
	x->window = (struct kx_range){ b->ram + MIB(start), b->ram + MIB(end) };
}

static void test_woken(void)
{
	static const struct {
		bool state, five;
		const char *note;
		uint32_t paging;
	} rows[] = {
		{ true, false, "la57=1\n", PURG_PAGING_4LEVEL },
		{ true, true, "la57=0\n", PURG_PAGING_5LEVEL },
		{ false, true, "la57=0\n", PURG_PAGING_4LEVEL },
		{ false, true, "cpus=0\n", PURG_PAGING_KEEP },
	};
	struct core c;
	struct bed b;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		/* What would otherwise be the smallest hole is below; the largest above. */
		woken_core(&c, &b, 48, 49);
		c.saved.contexts.has_state = true;
		c.saved.contexts.state.status = rows[i].state ? CONTEXT_FILLED : CONTEXT_BLANK;
		c.saved.contexts.state.cr4 = rows[i].five ? 0x1020 : 0x20;
		c.saved.machine = text_bytes(rows[i].note);
		b.src.x86.la57_possible = true;
		if (bed_build(&b)) {
			const struct purg_param *param = &b.plan.param;

			CHECK_EQ_U64(param->entry_kind, PURG_ENTRY_WOKEN);
			CHECK_EQ_U64(param->pc, b.ram + MIB(32) + 0x100);
			CHECK_EQ_U64(param->paging, rows[i].paging);
			CHECK_EQ_U64(param->flags & (PURG_F_STOP_CPUS | PURG_F_PRESERVE), PURG_F_STOP_CPUS);
			/* All of purgatory is in the window. */
			CHECK(b.plan.entry >= b.ram + MIB(48));
			CHECK(b.plan.entry + PURG_IMAGE_MAX + param->pool_len <= b.ram + MIB(49));
			core_run(&c);
		}
		core_deinit(&c);
	}

	/* In the window there is no room: none, too little, or another's. */
	woken_core(&c, &b, 48, 48);
	core_fails(&c, ENOEXEC, "core: does not say where the memory of the next kernel was, in which purgatory has to be");
	woken_core(&c, &b, 48, 49);
	c.saved.contexts.context.window.end -= MIB(1) - 65536;
	core_fails_like(&c, ENOSPC, "purgatory: needs 0x");
	woken_core(&c, &b, 32, 33);
	core_fails_like(&c, ENOSPC, "purgatory: needs 0x");
	woken_core(&c, &b, 48, 49);
	c.saved.contexts.has_state = true;
	c.saved.contexts.state.status = CONTEXT_FILLED;
	c.saved.contexts.state.cr4 = 0x1020;
	core_fails(&c, EINVAL, "core: the saved kernel has page tables of 5 levels (la57), which this CPU has not");
}

/* Chance. */
static void test_any(void)
{
	for (uint32_t seed = 0; seed < 12; seed++) {
		uint32_t run, gap;
		struct core c;
		struct bed b;

		core_init(&c, &b, seed % 2 ? KX_MACHINE_ARM64 : KX_MACHINE_X86_64);
		b.seed = seed;
		b.src.page_size = seed % 6 == 1 ? 65536 : PAGE;
		c.saved.head.codec = seed % 5 == 4 ? KX_SAVED_RAW : KX_SAVED_LZ4;
		c.text = bed_random(&b) % 9;
		run = 1 + bed_random(&b) % 200;
		gap = 1 + bed_random(&b) % 300;
		for (uint64_t pa = b.ram + 65536; pa < b.ram + MIB(100);) {
			uint32_t pages = 1 + bed_random(&b) % run;

			pages = pages > 64 ? 64 : pages;
			core_add(&c, pa, pages);
			pa += pages * (uint64_t)PAGE;
			if (bed_random(&b) % 4 == 0)
				pa += bed_random(&b) % gap * (uint64_t)PAGE;
		}
		b.req.mem_max = b.ram + MIB(112 + seed) - 1;
		core_end(&c);
		/* There may be no way, but never a wrong one. */
		if (kx_plan_build(&b.req, &b.src, &b.arena, &b.plan, &b.err) == 0) {
			check_regions(&c);
			core_run(&c);
		} else {
			printf("# %u: %s\n", seed, b.err.text);
			CHECK(b.err.code == ENOSPC);
		}
		core_deinit(&c);
	}
}

TEST_MAIN({ "a kernel that has just booted", test_quiet },
	  { "several holes", test_many_holes },
	  { "pages everywhere", test_everywhere },
	  { "half of the memory", test_half },
	  { "blocks that lie apart", test_raw },
	  { "what zstd packed", test_zstd },
	  { "what is encrypted", test_encrypted },
	  { "how it is entered", test_entry },
	  { "a kernel that slept", test_woken },
	  { "no room", test_no_room },
	  { "what is refused", test_refused },
	  { "LPI tables", test_lpi_tables },
	  { "LPI tables that are not known", test_lpi_tables_bad },
	  { "digests of blocks", test_verified },
	  { "another machine", test_same_machine },
	  { "filesystems in use", test_disks },
	  { "wrong plans", test_checked },
	  { "any core", test_any })
