/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * plan/put-back.c: the way back to a kernel that is kept in memory.  Memory is a
 * buffer; what the plan loads is loaded, its list is obeyed, and every page has to be
 * where it belongs.
 */
#include "kept-forge.h"
#include "kx/keep.h"
#include "kx/saved.h"
#include "payload-bed.h"

#define PAGE	4096ull
#define AREA	0x10000ull
#define CAP	40000

/* A kernel that is kept, in the making. */
struct kept {
	struct bed *b;
	struct kept_forge forge;
	struct kept_run *run;
	size_t runs;
	struct kept_area area[KX_KEEP_AREAS_MAX + 1];
	size_t areas;
	uint8_t sha256[KX_KEEP_AREAS_MAX + 1][32];
	uint64_t next;			/* the next free place in the last area */
	struct kx_bytes bytes;
	struct kx_core_file file;
	struct kx_core core;
	struct kx_contexts notes;
	struct kx_saved saved;
	bool built;
};

static void kept_init(struct kept *k, struct bed *b, enum kx_machine machine)
{
	bed_init(b, machine);
	*k = (struct kept){ .b = b };
	k->run = kx_arena_alloc(&b->arena, CAP * sizeof(*k->run));
	k->forge = (struct kept_forge){ .machine = machine == KX_MACHINE_ARM64 ? 183 : 62 };
	b->req.kernel = (struct kx_input){ .fd = -1 };
	b->req.append = NULL;
	b->req.resume = b->req.preserve = true;
}

static void kept_deinit(struct kept *k)
{
	kept_free(&k->forge);
	bed_deinit(k->b);
}

/* The next pages are kept in here. */
static void kept_area_add(struct kept *k, uint64_t start, uint64_t len)
{
	k->area[k->areas++] = (struct kept_area){ .start = start, .end = start + len };
	k->next = start;
}

static void kept_add(struct kept *k, uint64_t home, uint64_t pages, bool at_home)
{
	k->run[k->runs++] = (struct kept_run){ home, at_home ? home : k->next, pages };
	if (!at_home)
		k->next += pages * PAGE;
}

/* A page says where its home is. */
static void fill_page(uint8_t *at, uint64_t home)
{
	for (uint64_t i = 0; i < PAGE; i += 8)
		kx_put_le64(at + i, (home + i) * 0x9e3779b97f4a7c15ull);
}

static bool is_page(const uint8_t *at, uint64_t home)
{
	uint8_t want[PAGE];

	fill_page(want, home);
	return !memcmp(at, want, PAGE);
}

static void fill_areas(struct kept *k)
{
	struct bed *b = k->b;

	for (size_t i = 0; i < k->runs; i++)
		for (uint64_t n = 0; n < k->run[i].pages; n++) {
			uint8_t *at = bed_at(b, k->run[i].kept + n * PAGE, PAGE);

			if (at)
				fill_page(at, k->run[i].home + n * PAGE);
		}
	for (size_t i = 0; i < k->areas; i++) {
		uint64_t len = k->area[i].end - k->area[i].start;
		uint8_t *at = bed_at(b, k->area[i].start, len);
		struct sha256 s;

		if (!at)
			continue;
		sha256_init(&s, sha256_blocks_portable);
		sha256_update(&s, at, len);
		sha256_final(&s, k->sha256[i]);
		k->area[i].sha256 = k->sha256[i];
	}
}

/* What this kernel was told: reserved in its E820, or in the device tree. */
static void tell_areas(struct kept *k)
{
	struct bed *b = k->b;
	bool arm64 = b->src.machine == KX_MACHINE_ARM64;

	for (size_t i = 0; i < k->areas; i++) {
		bed_mem(b, &b->src.iomem, k->area[i].start, k->area[i].end, KX_MEM_OTHER, 1, "reserved");
		if (!arm64)
			bed_mem(b, &b->src.firmware, k->area[i].start, k->area[i].end,
				KX_MEM_RESERVED, 0, "Reserved");
	}
}

/* The notes, as they are read from /proc/vmcore. */
static bool kept_read(struct kept *k)
{
	struct bed *b = k->b;

	fill_areas(k);
	k->forge.runs = k->run;
	k->forge.run_rows = k->runs;
	k->forge.areas = k->area;
	k->forge.area_rows = k->areas;
	kept_build(&k->forge);
	k->bytes = (struct kx_bytes){ k->forge.f.p, k->forge.f.len };
	k->file = core_file(&k->bytes);
	if (!CHECK(kx_core_open(&k->file, &b->arena, &k->core, &b->err) == 0 &&
		   kx_contexts_read(&k->core, &b->arena, &k->notes, &b->err) == 0 &&
		   kx_saved_kept(&k->core, &k->notes, &b->arena, &k->saved, &b->err) == 0)) {
		printf("# %s\n", b->err.text);
		return false;
	}
	tell_areas(k);
	b->src.peer = (struct kx_peer){
		.present = true, .source = "/proc/vmcore", .entry = k->notes.context.entry,
		.kept = &k->saved, .release = "6.1.0-kept",
	};
	return true;
}

static bool read_and_build(struct kept *k)
{
	return kept_read(k) && bed_build(k->b);
}

/* Load, verify, move, and look at every page. */
static void kept_run(struct kept *k)
{
	struct kx_plan *p = &k->b->plan;
	struct bed *b = k->b;
	struct purg_param param;
	size_t bad = 0;
	uint8_t *at;

	bed_load(b, p->segment, p->segment_count);
	at = bed_at(b, p->entry + PURG_PARAM_OFF, sizeof(param));
	if (!at)
		return;
	memcpy(&param, at, sizeof(param));
	CHECK_EQ_U64(param.magic, PURG_MAGIC);
	CHECK(param.region_count <= PURG_REGIONS_MAX);
	CHECK(!(param.flags & PURG_F_PRESERVE));
	bed_verify(b, &param, PURG_REGION_VERIFY);
	at = bed_at(b, param.unpack_pa, param.unpack_count * sizeof(struct purg_unpack));
	for (uint32_t i = 0; i < param.unpack_count && at; i++) {
		struct purg_unpack u;

		memcpy(&u, at + i * sizeof(u), sizeof(u));
		CHECK_EQ_U64(u.codec, PURG_CODEC_RAW);
		bed_record(b, &param, u);
	}
	for (size_t i = 0; i < k->runs; i++)
		for (uint64_t n = 0; n < k->run[i].pages; n++) {
			uint64_t home = k->run[i].home + n * PAGE;

			at = bed_at(b, home, PAGE);
			bad += !at || !is_page(at, home);
		}
	CHECK_EQ_U64(bad, 0);
}

/* Areas are read, and no byte of a region that is written is in one, nor purgatory's own. */
static void check_regions(const struct kept *k)
{
	const struct kx_plan *p = &k->b->plan;
	const struct purg_param *param = &p->param;
	size_t areas = 0;

	for (uint32_t i = 0; i < param->region_count; i++) {
		const struct purg_region *r = &param->region[i];
		struct kx_range range = { r->pa, r->pa + r->mem_len };

		CHECK(range.end <= p->entry || range.start >= p->entry + PURG_IMAGE_MAX + param->pool_len);
		CHECK(r->flags & PURG_REGION_HANDOVER || !strcmp(r->name, "unpack list"));
		areas += !strncmp(r->name, "kept ", 5);
		for (uint32_t n = 0; n < i; n++) {
			const struct purg_region *o = &param->region[n];

			CHECK(!kx_range_overlaps(range, (struct kx_range){ o->pa, o->pa + o->mem_len }));
		}
		if (!strcmp(r->name, "home"))
			CHECK_EQ_U64(r->flags & ~PURG_REGION_HANDOVER, PURG_REGION_WRITE);
		else
			CHECK(!(r->flags & PURG_REGION_WRITE) && (r->flags & PURG_REGION_VERIFY ||
								  !p->unpack_count));
	}
	CHECK_EQ_U64(areas, k->areas);
}

static void kept_go(struct kept *k)
{
	if (!read_and_build(k))
		return;
	CHECK_EQ_U64(k->b->plan.segment_count, 2);
	check_regions(k);
	kept_run(k);
}

/* 20 MiB from low memory, and 12 that are in the areas anyway. */
static void small(struct kept *k, struct bed *b, enum kx_machine machine)
{
	uint64_t ram;

	kept_init(k, b, machine);
	ram = b->ram;
	kept_area_add(k, ram + MIB(400), MIB(16));
	for (uint64_t i = 0; i < 8; i++)
		kept_add(k, ram + MIB(8) + i * MIB(2) + 3 * PAGE, 256, false);
	kept_add(k, ram + MIB(409), MIB(4) / PAGE, true);
	kept_area_add(k, ram + MIB(480), MIB(20));
	kept_add(k, ram + MIB(64), MIB(12) / PAGE, false);
	kept_add(k, ram + MIB(492), MIB(8) / PAGE, true);
}

static void test_small(void)
{
	for (int machine = 0; machine < KX_MACHINE_COUNT; machine++) {
		struct kept k;
		struct bed b;

		small(&k, &b, (enum kx_machine)machine);
		kept_go(&k);
		CHECK_EQ_U64(b.plan.unpack_count, 9);
		CHECK_EQ_U64(b.plan.home_count, 9);
		CHECK_STR(b.plan.release, "6.1.0-kept");
		CHECK(b.plan.saved == &k.saved && !b.plan.request->preserve);
		CHECK_EQ_U64(b.plan.flags, b.plan.arch->kexec_arch);
		CHECK_EQ_U64(b.plan.param.entry_kind,
			     machine == KX_MACHINE_ARM64 ? PURG_ENTRY_ARM64 : PURG_ENTRY_RESTORE);
		CHECK_EQ_U64(b.plan.param.pc, k.notes.context.entry);
		CHECK(machine == KX_MACHINE_ARM64 || b.plan.param.flags & PURG_F_STOP_CPUS);
		kept_deinit(&k);
	}
}

/* Nothing to move: all of it was in the areas. */
static void test_all_at_home(void)
{
	struct kept k;
	struct bed b;

	kept_init(&k, &b, KX_MACHINE_ARM64);
	kept_area_add(&k, b.ram + MIB(400), MIB(16));
	kept_add(&k, b.ram + MIB(400), MIB(16) / PAGE, true);
	kept_go(&k);
	CHECK_EQ_U64(b.plan.unpack_count, 0);
	CHECK_EQ_U64(b.plan.home_count, 0);
	kept_deinit(&k);
}

/* As purgatory/param.c wants it. */
static bool is_written(const struct purg_param *p, uint64_t pa, uint64_t len)
{
	for (uint32_t i = 0; i < p->region_count; i++)
		if (p->region[i].flags & PURG_REGION_WRITE && pa >= p->region[i].pa &&
		    pa + len <= p->region[i].pa + p->region[i].mem_len)
			return true;
	return false;
}

/* Purgatory empties pending tables, also where they are at home in an area. */
static void test_lpi_tables(void)
{
	struct kept k;
	struct bed b;

	small(&k, &b, KX_MACHINE_ARM64);
	/* ram + 409 MiB on is at home, and so is ram + 64 MiB, elsewhere. */
	k.forge.machine_text = "lpi_property=0x44000000\nlpi_pending=0x80a0000 0x59a00000\n";
	if (read_and_build(&k)) {
		const struct purg_param *p = &b.plan.param;

		CHECK_EQ_U64(p->lpi_count, 1);
		for (uint32_t i = 0; i < p->region_count; i++) {
			const struct purg_region *r = &p->region[i];

			if (!strncmp(r->name, "kept ", 5))
				CHECK_EQ_U64(!!(r->flags & PURG_REGION_WRITE),
					     r->pa == b.ram + MIB(400));
		}
		CHECK(is_written(p, p->lpi[0].pend_pa, PURG_LPI_PEND_LEN));
		CHECK(is_written(p, p->lpi_prop_pa, PURG_LPI_PROP_LEN));
		kept_run(&k);
	}
	kept_deinit(&k);
}

/* A run that is kept as it was, in two records, is one move. */
static void test_merged(void)
{
	struct kept k;
	struct bed b;

	kept_init(&k, &b, KX_MACHINE_ARM64);
	kept_area_add(&k, b.ram + MIB(400), MIB(1));
	for (uint64_t i = 0; i < 32; i++)
		kept_add(&k, b.ram + MIB(32) + i * 4 * PAGE, 4, false);
	kept_go(&k);
	CHECK_EQ_U64(b.plan.unpack_count, 1);
	CHECK_EQ_U64(b.plan.home_count, 1);
	kept_deinit(&k);
}

/* A page in each second place, in areas as well. */
static void test_everywhere(void)
{
	for (int machine = 0; machine < KX_MACHINE_COUNT; machine++) {
		struct kept k;
		struct bed b;

		kept_init(&k, &b, (enum kx_machine)machine);
		b.src.page_size = machine == KX_MACHINE_ARM64 ? 65536 : PAGE;
		kept_area_add(&k, b.ram + MIB(200), MIB(48));
		for (uint64_t i = 0; i < MIB(48) / PAGE / 2; i++)
			kept_add(&k, b.ram + MIB(200) + 2 * i * PAGE, 1, true);
		for (uint64_t i = 0; i < MIB(48) / PAGE / 2; i++) {
			k.next = b.ram + MIB(200) + (2 * i + 1) * PAGE;
			/* On both sides of the area, so that homes end there. */
			kept_add(&k, b.ram + MIB(i % 2 ? 2 : 280) + i * 3 * PAGE, 1, false);
		}
		kept_go(&k);
		CHECK_EQ_U64(b.plan.unpack_count, MIB(48) / PAGE / 2);
		kept_deinit(&k);
	}
}

/* Chance: areas anywhere, pages of them at home, the rest from elsewhere. */
static void any(uint32_t seed)
{
	struct kept k;
	struct bed b;
	uint64_t at, end;

	kept_init(&k, &b, seed % 2 ? KX_MACHINE_ARM64 : KX_MACHINE_X86_64);
	b.seed = seed;
	at = b.ram + MIB(160);
	end = b.ram + 17 * PAGE;
	for (uint32_t n = 1 + bed_random(&b) % KX_KEEP_AREAS_MAX; n; n--) {
		uint64_t len = AREA * (1 + bed_random(&b) % 100);

		kept_area_add(&k, at, len);
		for (uint64_t pa = at; pa < at + len;) {
			uint64_t pages = 1 + bed_random(&b) % 20;

			if (pages > (at + len - pa) / PAGE)
				pages = (at + len - pa) / PAGE;
			k.next = pa;
			if (bed_random(&b) % 3) {
				kept_add(&k, pa, pages, true);
			} else {
				kept_add(&k, end, pages, false);
				end += (pages + bed_random(&b) % 30) * PAGE;
			}
			pa += pages * PAGE;
		}
		at += len + AREA * (bed_random(&b) % 200);
	}
	CHECK(end < b.ram + MIB(160));
	kept_go(&k);
	kept_deinit(&k);
}

static void test_any(void)
{
	for (uint32_t seed = 0; seed < 12; seed++)
		any(seed);
}

/* ---- what is refused ---------------------------------------------------------------- */

static void fails_like(struct kept *k, int code, const char *text)
{
	struct bed *b = k->b;

	if (!k->saved.kept_pa && !kept_read(k))
		return;
	CHECK_EQ_U64((uint64_t)-kx_plan_build(&b->req, &b->src, &b->arena, &b->plan, &b->err),
		     (uint64_t)code);
	if (!CHECK(strstr(b->err.text, text)))
		printf("# have: %s\n", b->err.text);
	CHECK(!strncmp(b->err.text, "/proc/vmcore: ", 14) || !strncmp(b->err.text, "--load", 6));
	kept_deinit(k);
}

static struct kx_bytes text_bytes(const char *s)
{
	return (struct kx_bytes){ (const uint8_t *)s, strlen(s) };
}

static void test_refused(void)
{
	struct kept k;
	struct bed b;

	small(&k, &b, KX_MACHINE_ARM64);
	b.req.has_resume_entry = true;
	b.req.resume_entry = 0x1234;
	fails_like(&k, EINVAL, "--load-resume-entry: expected 0x40803040, the entry of the kernel that is kept in memory, have 0x1234");

	small(&k, &b, KX_MACHINE_ARM64);
	b.req.has_resume_entry = true;
	b.req.resume_entry = b.ram + MIB(8) + 3 * PAGE + 0x40;
	kept_go(&k);
	kept_deinit(&k);

	small(&k, &b, KX_MACHINE_ARM64);
	b.req.call = KX_CALL_FILE;
	fails_like(&k, EINVAL, "works with kexec_load only");

	small(&k, &b, KX_MACHINE_ARM64);
	k.forge.entry = b.ram + MIB(300);
	fails_like(&k, ENOEXEC, "is entered at 0x52c00000, of which it has no page");

	/* The other architecture's. */
	small(&k, &b, KX_MACHINE_ARM64);
	k.forge.machine = 62;
	fails_like(&k, ENOEXEC, "is a saved core of x86_64, and this machine is arm64");

	/* A home that is no RAM, an area that is no memory. */
	small(&k, &b, KX_MACHINE_X86_64);
	bed_mem(&b, &b.src.firmware, b.ram + MIB(70), b.ram + MIB(71), KX_MEM_NVS, 0, "NVS");
	fails_like(&k, EINVAL, "which is not all RAM of this machine");
	small(&k, &b, KX_MACHINE_ARM64);
	b.src.firmware.v[0].r.end = b.ram + MIB(490);
	fails_like(&k, EINVAL, "area 2: expected memory of this machine, have [0x5e000000-0x5f400000)");

	/* No room for the list. */
	small(&k, &b, KX_MACHINE_ARM64);
	b.req.mem_min = b.ram + MIB(64);
	b.req.mem_max = b.ram + MIB(76) - 1;
	fails_like(&k, ENOSPC, "no room for the way back: the kernel that is kept in memory has no page in");
}

/* The core headers are reserved, too, and that kernel had pages there. */
static void test_core_headers(void)
{
	for (int told = 0; told < 2; told++) {
		struct kept k;
		struct bed b;

		small(&k, &b, KX_MACHINE_X86_64);
		bed_mem(&b, &b.src.firmware, b.ram + MIB(70), b.ram + MIB(71), KX_MEM_RESERVED, 0,
			"Reserved");
		b.src.cmdline = told ? "quiet elfcorehdr=0x4700000" : "quiet";
		if (told) {
			kept_go(&k);
			kept_deinit(&k);
		} else {
			fails_like(&k, EINVAL, "which is not all RAM of this machine");
		}
	}
}

/* The same power cycle: only disks, and which CPU enters. */
static void test_same(void)
{
	static const struct {
		const char *then, *now, *error, *note;
		int code;
	} rows[] = {
		{ "cpus=0-3\nfirmware_map=ab\ndevice_tree=cd\nacpi.DSDT=1\n",
		  "cpus=0\nfirmware_map=00\ndevice_tree=11\nacpi.DSDT=2\ncpu0=0\n", NULL, NULL, 0 },
		{ "cpus=0\n", "cpu0=0x3\n", "1 difference (--resume-anyway", NULL, EINVAL },
		{ "filesystem=8:1 AB ext4 rw /\n", "cpu0=0\nfilesystem=8:1 AB ext4 rw /mnt\n",
		  "8:1 (ext4), which the saved kernel goes on to use, is in use here", NULL, EBUSY },
		{ "filesystem=8:1 AB ext4 rw /\n", "cpu0=0\nfilesystem=8:1 AB ext4 ro /mnt\n", NULL,
		  "is mounted here, for reading", 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int anyway = 0; anyway < 2; anyway++) {
			struct kept k;
			struct bed b;

			small(&k, &b, KX_MACHINE_ARM64);
			k.forge.machine_text = rows[i].then;
			b.src.machine_note = text_bytes(rows[i].now);
			b.req.resume_anyway = anyway;
			if (rows[i].error && !anyway) {
				fails_like(&k, rows[i].code, rows[i].error);
				continue;
			}
			kept_go(&k);
			CHECK(!rows[i].note || bed_noted(&b, rows[i].note));
			kept_deinit(&k);
		}
}

static void test_no_checks(void)
{
	struct kept k;
	struct bed b;

	small(&k, &b, KX_MACHINE_ARM64);
	b.req.no_checks = true;
	if (read_and_build(&k))
		for (uint32_t i = 0; i < b.plan.param.region_count; i++)
			CHECK(!(b.plan.param.region[i].flags & PURG_REGION_VERIFY));
	kept_run(&k);
	kept_deinit(&k);

	small(&k, &b, KX_MACHINE_ARM64);
	k.forge.no_integrity = 1;
	if (read_and_build(&k)) {
		CHECK(bed_noted(&b, "has no digests"));
		kept_run(&k);
	}
	kept_deinit(&k);
}

/* Plans that are wrong are found out. */
static void test_checked(void)
{
	struct kx_plan good, *p;
	struct kept k;
	struct bed b;

	small(&k, &b, KX_MACHINE_ARM64);
	p = &b.plan;
	if (!read_and_build(&k))
		return;
	good = *p;
	CHECK(kx_plan_check(p, &b.err) == 0);
	p->unpack_count--;
	CHECK(kx_plan_check(p, &b.err) == -EINVAL);
	CHECK(strstr(b.err.text, ", where the core has ["));
	*p = good;
	p->home[p->home_count++] = (struct kx_range){ b.ram + MIB(399), b.ram + MIB(401) };
	CHECK(kx_plan_check(p, &b.err) == -EINVAL);
	CHECK(strstr(b.err.text, "kept 0: unpacking may write ["));
	*p = good;
	p->unpack[0].src_pa -= MIB(1);
	CHECK(kx_plan_check(p, &b.err) == -EINVAL);
	CHECK(strstr(b.err.text, "its source is in nothing that is loaded"));
	p->unpack[0].src_pa += MIB(1);
	CHECK(kx_plan_check(p, &b.err) == 0);
	kept_deinit(&k);
}

static void forgetful(struct kept *k, struct bed *b)
{
	small(k, b, KX_MACHINE_ARM64);
	k->forge.machine_text = "lpi_unknown=no log\n";
	b->src.arm64.gic = (struct kx_gic){ .its_count = 1, .its_pa = { 0x8080000 }, .gicr_count = 1,
					    .gicr = { { .pa = 0x80a0000, .len = 0x40000 } } };
}

/* This kernel's are where the other one has other pages, also if both are one release. */
static void test_lpi_tables_unknown(void)
{
	struct kept k;
	struct bed b;

	forgetful(&k, &b);
	fails_like(&k, EOPNOTSUPP, "expected to know the kept kernel's LPI tables: when it was saved, it"
		   " was not known where its LPI tables are: no log (--resume-anyway goes on without");
	forgetful(&k, &b);
	b.req.resume_anyway = true;
	if (read_and_build(&k)) {
		CHECK(bed_noted(&b, "GICv3: the kept kernel has no LPIs any more"));
		CHECK_EQ_U64(b.plan.param.lpi_count, 0);
		CHECK_EQ_U64(b.plan.param.gicr_count, 1);
	}
	kept_deinit(&k);
	/* Without an ITS nobody has any. */
	forgetful(&k, &b);
	b.src.arm64.gic.its_count = 0;
	if (read_and_build(&k))
		CHECK_EQ_U64(b.plan.param.gicr_count, 0);
	kept_deinit(&k);
}

TEST_MAIN({ "two areas", test_small },
	  { "everything at home", test_all_at_home },
	  { "LPI tables in an area", test_lpi_tables },
	  { "LPI tables that are not known", test_lpi_tables_unknown },
	  { "neighbours are one move", test_merged },
	  { "pages everywhere", test_everywhere },
	  { "any areas", test_any },
	  { "what is refused", test_refused },
	  { "core headers over its pages", test_core_headers },
	  { "the same machine", test_same },
	  { "no digests", test_no_checks },
	  { "wrong plans", test_checked })
