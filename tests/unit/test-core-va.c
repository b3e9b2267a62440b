// SPDX-License-Identifier: GPL-2.0-only
/* kexec/lib/core-va*.c: page tables of each shape, and what stands in for them. */
#include <errno.h>

#include "kx/core-va.h"
#include "core-forge.h"
#include "test.h"

#define X86	62
#define ARM64	183
#define MEM	0x100000u		/* of physical memory, from 0 on */

struct bed {
	uint8_t *mem;
	struct kx_bytes file;
	struct kx_core core;
	struct kx_core_load load[2];
	struct kx_core_span span;
	struct kx_context_map map;
	struct context_run run;
	struct kx_core_va va;
};

static void bed_init(struct bed *t, uint16_t machine)
{
	memset(t, 0, sizeof(*t));
	t->mem = calloc(1, MEM);
	if (!t->mem)
		exit(99);
	t->file = (struct kx_bytes){ t->mem, MEM };
	t->span.pa = (struct kx_range){ 0, MEM };
	t->load[0] = (struct kx_core_load){ .mem_len = MEM, .file_len = MEM };
	t->core = (struct kx_core){
		.file = core_file(&t->file), .machine = machine, .load = t->load, .load_count = 1,
		.span = &t->span, .span_count = 1,
	};
}

static void bed_deinit(struct bed *t)
{
	free(t->mem);
}

static void init(struct bed *t, const char *info)
{
	kx_core_va_init(&t->va, &t->core, t->map.run_count ? &t->map : NULL,
			(struct kx_bytes){ (const uint8_t *)info, strlen(info) });
}

static void entry(struct bed *t, uint64_t table, uint64_t index, uint64_t value)
{
	kx_put_le64(t->mem + table + index * 8, value);
}

static void finds(const struct bed *t, uint64_t va, uint64_t pa, uint64_t len)
{
	struct kx_err err = { .code = 0 };
	uint64_t have = 0, have_len = 0;

	if (!CHECK_EQ_U64((uint64_t)-kx_core_va_find(&t->va, va, &have, &have_len, &err), 0))
		printf("# 0x%" PRIx64 ": %s\n", va, err.text);
	CHECK_EQ_U64(have, pa);
	CHECK_EQ_U64(have_len, len);
}

static void finds_not(const struct bed *t, uint64_t va, const char *why)
{
	struct kx_err err = { .code = 0 };
	uint64_t pa, len;
	int r = kx_core_va_find(&t->va, va, &pa, &len, &err);

	CHECK(r < 0);
	CHECK_EQ_U64((uint64_t)-r, (uint64_t)err.code);
	CHECK_STR(err.text, why);
}

/* ---- x86_64 ------------------------------------------------------------------------- */

#define X86_INFO	"SYMBOL(init_top_pgt)=ffffffff80003000\nNUMBER(phys_base)=-8192\n"

/* Tables at 0x1000, 0x2000, ..., pages of each size. */
static void x86_tables(struct bed *t, uint64_t top, uint64_t secret)
{
	/* 0xffff888000000000: 1 GiB at 0x40000000, then 2 MiB at 0x200000, then 4 KiB. */
	entry(t, top, 0x111, 0x2063 | secret);
	entry(t, 0x2000, 0, 0x400000e3 | secret);
	entry(t, 0x2000, 1, 0x3063 | secret);
	/* Its PAT bit, 12, is no address; nor are its protection key and NX. */
	entry(t, 0x3000, 0, 0xf800000000201063 | 0x80 | secret);
	entry(t, 0x3000, 1, 0x4063 | secret);
	/* The PAT bit of a page of 4 KiB is where others have their size. */
	entry(t, 0x4000, 5, 0x80000000000060e3 | secret);
	entry(t, 0x4000, 6, 0x7062);			/* not present */
}

static void x86_check(struct bed *t, uint64_t base)
{
	finds(t, base + 0x1234, 0x40001234, 0x40000000 - 0x1234);
	finds(t, base + 0x40000000 + 0x1234, 0x201234, 0x200000 - 0x1234);
	finds(t, base + 0x40000000 + 0x205fff, 0x6fff, 1);
	finds_not(t, base + 0x40000000 + 0x206000, base == 0xffff888000000000 ?
		  "virtual address 0xffff888040206000: no PT_LOAD has it; page table of level 0:"
		  " expected an entry that is present at 0x4030, have 0x7062" :
		  "virtual address 0xff11000040206000: no PT_LOAD has it; page table of level 0:"
		  " expected an entry that is present at 0x4030, have 0x7062");
}

static void test_x86(void)
{
	struct bed t;

	bed_init(&t, X86);
	x86_tables(&t, 0x1000, 0);
	init(&t, X86_INFO);
	CHECK(t.va.has_tables);
	x86_check(&t, 0xffff888000000000);
	finds_not(&t, 0x1000, "virtual address 0x1000: no PT_LOAD has it; expected an address of a"
		  " kernel of 48 bits");
	/* The names of before, and AMD's encryption, whose bit is no address. */
	x86_tables(&t, 0x1000, 1ULL << 47);
	init(&t, "SYMBOL(init_level4_pgt)=ffffffff80001000\nNUMBER(phys_base)=0\n"
	     "NUMBER(sme_mask)=140737488355328\n");
	x86_check(&t, 0xffff888000000000);
	init(&t, "SYMBOL(swapper_pg_dir)=ffffffff80001000\nNUMBER(phys_base)=0\n"
	     "NUMBER(sme_mask)=140737488355328\n");
	x86_check(&t, 0xffff888000000000);
	bed_deinit(&t);
}

static void test_x86_five(void)
{
	struct bed t;

	bed_init(&t, X86);
	/* 0xff11000000000000 */
	entry(&t, 0x5000, 0x111, 0x1063);
	x86_tables(&t, 0x1000, 0);
	entry(&t, 0x1000, 0x111, 0);
	entry(&t, 0x1000, 0, 0x2063);
	init(&t, "SYMBOL(init_top_pgt)=ffffffff80005000\nNUMBER(phys_base)=0\n"
	     "NUMBER(pgtable_l5_enabled)=1\n");
	x86_check(&t, 0xff11000000000000);
	bed_deinit(&t);
}

static void test_x86_malformed(void)
{
	struct bed t;

	bed_init(&t, X86);
	init(&t, "");
	CHECK(!t.va.has_tables);
	finds_not(&t, 0xffffffff81000000, "virtual address 0xffffffff81000000: no PT_LOAD has it;"
		  " VMCOREINFO: expected SYMBOL(swapper_pg_dir), have no such line");
	init(&t, "SYMBOL(init_top_pgt)=ffff888000001000\nNUMBER(phys_base)=0\n");
	CHECK_STR(t.va.why.text, "VMCOREINFO: page tables: expected an address of the kernel's text"
		  " mapping, have 0xffff888000001000");
	/* Tables that are not in the core, and tables that never end. */
	init(&t, "SYMBOL(init_top_pgt)=ffffffff80001000\nNUMBER(phys_base)=1048576\n");
	finds_not(&t, 0xffffffff81000000, "virtual address 0xffffffff81000000: no PT_LOAD has it;"
		  " page table of level 3: physical address 0x101ff8: no PT_LOAD of this core has"
		  " it");
	for (uint64_t i = 0; i < 512; i++)
		entry(&t, 0x1000, i, 0x1063);
	init(&t, X86_INFO);
	finds(&t, 0xffffffff81000123, 0x1123, 0x1000 - 0x123);
	bed_deinit(&t);
}

/* ---- arm64 -------------------------------------------------------------------------- */

#define ARM_INFO(page, built, t1sz)						\
	"PAGESIZE=" page "\nNUMBER(VA_BITS)=" built "\nNUMBER(TCR_EL1_T1SZ)=" t1sz \
	"\nNUMBER(kimage_voffset)=0xffff7fffc0000000\nSYMBOL(swapper_pg_dir)=ffff7fffc0010000\n"

/*
 * One path down: at each level the entry that the address chooses in a table of
 * its own, a page each from 0x10000 on; a page of memory at @pa at the end.
 */
static void arm_path(struct bed *t, uint64_t va, unsigned int shift, unsigned int levels,
		     unsigned int top_bits, uint64_t leaf)
{
	unsigned int bits = shift - 3;

	memset(t->mem + 0x10000, 0, MEM - 0x10000);
	for (unsigned int level = levels; level-- > 0;) {
		unsigned int n = level + 1 == levels ? top_bits : bits;
		uint64_t index = va >> (shift + level * bits) & ((1ULL << n) - 1);
		uint64_t table = 0x10000 + (uint64_t)(levels - 1 - level) * 0x10000;

		entry(t, table, index, level ? (table + 0x10000) | 0xc03 : leaf);
	}
}

struct arm_row {
	const char *info;
	unsigned int shift, levels, top_bits;
	uint64_t va, leaf, pa;
};

static void test_arm64(void)
{
	/* 0x0060..0703: not executable, accessed, inner shareable, index 0. */
	static const struct arm_row rows[] = {
		{ ARM_INFO("4096", "48", "0x10"), 12, 4, 9, 0xffff800081234567,
		  0x0060000000777703, 0x777567 },
		{ ARM_INFO("4096", "39", "0x19"), 12, 3, 9, 0xffffffc081234567,
		  0x0060000000777703, 0x777567 },
		/* FEAT_LPA2, and the same kernel where it is not. */
		{ ARM_INFO("4096", "52", "0xc"), 12, 5, 4, 0xfff0800081234567,
		  0x0063000000777303, 0xf000000777567 },
		{ ARM_INFO("4096", "52", "0x10"), 12, 4, 9, 0xffff800081234567,
		  0x0060000000777703, 0x777567 },
		{ ARM_INFO("16384", "47", "0x11"), 14, 3, 11, 0xffffc00081234567,
		  0x0060000000778703, 0x778567 },
		{ ARM_INFO("16384", "48", "0x10"), 14, 4, 1, 0xffff800081234567,
		  0x0060000000778703, 0x778567 },
		{ ARM_INFO("16384", "36", "0x1c"), 14, 2, 11, 0xfffffff081234567,
		  0x0060000000778703, 0x778567 },
		{ ARM_INFO("16384", "52", "0xc"), 14, 4, 5, 0xfff0800081234567,
		  0x0063000000778303, 0xf000000778567 },
		{ ARM_INFO("16384", "52", "0x11"), 14, 3, 11, 0xffffc00081234567,
		  0x0060000000778703, 0x778567 },
		{ ARM_INFO("65536", "42", "0x16"), 16, 2, 13, 0xfffffe0081234567,
		  0x0060000000770703, 0x774567 },
		{ ARM_INFO("65536", "48", "0x10"), 16, 3, 6, 0xffff800081234567,
		  0x0060000000770703, 0x774567 },
		/* FEAT_LVA, and the same kernel where it is not: the table's last part. */
		{ ARM_INFO("65536", "52", "0xc"), 16, 3, 10, 0xfff0800081234567,
		  0x006000000077f703, 0xf000000774567 },
		{ ARM_INFO("65536", "52", "0x10"), 16, 3, 10, 0xffff800081234567,
		  0x0060000000770703, 0x774567 },
	};
	struct bed t;

	bed_init(&t, ARM64);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct arm_row *r = &rows[i];
		uint64_t page = 1ULL << r->shift;

		arm_path(&t, r->va, r->shift, r->levels, r->top_bits, r->leaf);
		init(&t, r->info);
		if (!CHECK(t.va.has_tables))
			printf("# row %zu: %s\n", i, t.va.why.text);
		/* The page's own bits come from the address. */
		finds(&t, r->va, (r->pa & ~(page - 1)) | (r->va & (page - 1)),
		      page - (r->va & (page - 1)));
	}
	bed_deinit(&t);
}

static void test_arm64_blocks(void)
{
	struct bed t;

	bed_init(&t, ARM64);
	entry(&t, 0x10000, 256, 0x20003);
	entry(&t, 0x20000, 0, 0x0060000040000701);	/* 1 GiB */
	entry(&t, 0x20000, 1, 0x30003);
	entry(&t, 0x30000, 0, 0x0060000000200701);	/* 2 MiB */
	entry(&t, 0x30000, 1, 0x40003);
	entry(&t, 0x40000, 0, 0x50701);			/* reserved: a block of the last level */
	entry(&t, 0x40000, 1, 0x50702);
	init(&t, ARM_INFO("4096", "48", "0x10"));
	finds(&t, 0xffff800000001234, 0x40001234, 0x40000000 - 0x1234);
	finds(&t, 0xffff800040001234, 0x201234, 0x200000 - 0x1234);
	finds_not(&t, 0xffff800040200000, "virtual address 0xffff800040200000: no PT_LOAD has it;"
		  " page table of level 0: expected an entry that is present at 0x40000, have"
		  " 0x50701");
	finds_not(&t, 0xffff800040201000, "virtual address 0xffff800040201000: no PT_LOAD has it;"
		  " page table of level 0: expected an entry that is present at 0x40008, have"
		  " 0x50702");
	finds_not(&t, 0xfffe800040201000, "virtual address 0xfffe800040201000: no PT_LOAD has it;"
		  " expected an address of a kernel of 48 bits");
	bed_deinit(&t);
}

/* Kernels whose image is in the linear map: 4.5 and earlier. */
static void test_arm64_linear(void)
{
	struct bed t;

	bed_init(&t, ARM64);
	arm_path(&t, 0xffffffc000081000, 12, 3, 9, 0x77703);
	init(&t, "PAGESIZE=4096\nNUMBER(VA_BITS)=39\nNUMBER(PHYS_OFFSET)=0x8000\n"
	     "SYMBOL(swapper_pg_dir)=ffffffc000008000\n");
	finds(&t, 0xffffffc000081000, 0x77000, 0x1000);
	bed_deinit(&t);
}

static void test_arm64_malformed(void)
{
	static const struct {
		const char *info, *why;
	} rows[] = {
		{ "", "VMCOREINFO: expected PAGESIZE, have no such line" },
		{ "PAGESIZE=8192\n", "VMCOREINFO: PAGESIZE: expected 4096, 16384 or 65536, have"
		  " 8192" },
		{ "PAGESIZE=4096\n", "VMCOREINFO: expected NUMBER(VA_BITS), have no such line" },
		{ ARM_INFO("4096", "12", "0x34"), "VMCOREINFO: VA_BITS, TCR_EL1_T1SZ: expected 13 to"
		  " 52 bits, have 12 and 12" },
		{ ARM_INFO("4096", "64", "0x10"), "VMCOREINFO: VA_BITS, TCR_EL1_T1SZ: expected 13 to"
		  " 52 bits, have 64 and 48" },
		{ ARM_INFO("4096", "48", "0x0"), "VMCOREINFO: VA_BITS, TCR_EL1_T1SZ: expected 13 to"
		  " 52 bits, have 48 and 64" },
		{ "PAGESIZE=4096\nNUMBER(VA_BITS)=48\n", "VMCOREINFO: expected"
		  " SYMBOL(swapper_pg_dir), have no such line" },
		{ "PAGESIZE=4096\nNUMBER(VA_BITS)=48\nSYMBOL(swapper_pg_dir)=ffff800010000000\n",
		  "VMCOREINFO: expected NUMBER(PHYS_OFFSET), have no such line" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bed t;

		bed_init(&t, ARM64);
		init(&t, rows[i].info);
		CHECK(!t.va.has_tables);
		CHECK_STR(t.va.why.text, rows[i].why);
		bed_deinit(&t);
	}
}

/* ---- PT_LOADs and the backup map ---------------------------------------------------- */

static void test_loads(void)
{
	struct bed t;

	bed_init(&t, X86);
	t.load[1] = (struct kx_core_load){ .pa = 0x8000, .va = 0xffffffff81000000,
					   .mem_len = 0x2000, .file_len = 0x2000 };
	t.core.load_count = 2;
	init(&t, "");
	finds(&t, 0xffffffff81000000, 0x8000, 0x2000);
	finds(&t, 0xffffffff81001fff, 0x9fff, 1);
	finds_not(&t, 0xffffffff81002000, "virtual address 0xffffffff81002000: no PT_LOAD has it;"
		  " VMCOREINFO: expected SYMBOL(swapper_pg_dir), have no such line");
	/* A PT_LOAD at 0 says nothing. */
	finds_not(&t, 0x10, "virtual address 0x10: no PT_LOAD has it;"
		  " VMCOREINFO: expected SYMBOL(swapper_pg_dir), have no such line");
	/* Without phys_base the tables are found by it; they come first. */
	entry(&t, 0x8000, 0x1ff, 0x9003);
	entry(&t, 0x9000, 0x1fe, 0xa003);
	entry(&t, 0xa000, 8, 0xb003);
	entry(&t, 0xb000, 0, 0xc003);
	init(&t, "SYMBOL(init_top_pgt)=ffffffff81000000\n");
	finds(&t, 0xffffffff81000000, 0xc000, 0x1000);
	finds(&t, 0xffffffff81001000, 0x9000, 0x1000);
	init(&t, "SYMBOL(init_top_pgt)=ffffffff82000000\n");
	CHECK_STR(t.va.why.text, "VMCOREINFO: expected NUMBER(phys_base), have no such line");
	bed_deinit(&t);
}

/* Tables and memory that the running kernel took the place of are in their backup. */
static void test_backup(void)
{
	struct kx_err err = { .code = 0 };
	uint8_t buf[8];
	struct bed t;

	bed_init(&t, X86);
	x86_tables(&t, 0x1000, 0);
	memcpy(t.mem + 0x6ff8, "01234567", 8);
	entry(&t, 0x4000, 6, 0x9063);
	memcpy(t.mem + 0x9000, "89abcdef", 8);
	memcpy(t.mem + 0x20000, t.mem + 0x1000, 0x8000);
	memset(t.mem + 0x1000, 0xff, 0x8000);
	t.map = (struct kx_context_map){ .status = CONTEXT_FILLED, .page_size = 0x1000,
					 .page_count = 8, .run = &t.run, .run_count = 1 };
	t.run = (struct context_run){ .dst_pa = 0x1000, .src_pa = 0x20000, .pages = 8 };
	init(&t, X86_INFO);
	x86_tables(&t, 0x40000, 0);			/* nobody looks here */
	CHECK_EQ_U64((uint64_t)-kx_core_va_read(&t.va, 0xffff888040205ffc, buf, 8, &err), 0);
	CHECK_MEM(buf, "456789ab", 8);
	CHECK_EQ_U64((uint64_t)-kx_core_va_read(&t.va, 0xffff888040206ffc, buf, 8, &err), ENXIO);
	CHECK_EQ_U64((uint64_t)-kx_core_va_read(&t.va, 0xffff888000000000, buf, 8, &err), ENXIO);
	CHECK_STR(err.text, "virtual address 0xffff888000000000: physical address 0x40000000: no"
		  " PT_LOAD of this core has it");
	bed_deinit(&t);
}

TEST_MAIN(
	{ "x86_64: 4 levels, pages of each size", test_x86 },
	{ "x86_64: 5 levels", test_x86_five },
	{ "x86_64: malformed", test_x86_malformed },
	{ "arm64: each granule and number of bits", test_arm64 },
	{ "arm64: blocks", test_arm64_blocks },
	{ "arm64: image in the linear map", test_arm64_linear },
	{ "arm64: malformed", test_arm64_malformed },
	{ "PT_LOADs", test_loads },
	{ "backup map", test_backup })
