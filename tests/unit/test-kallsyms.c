// SPDX-License-Identifier: GPL-2.0-only
/* kexec/lib/kallsyms.c and core-pages-free.c: a kernel's symbols, and what it counted. */
#include <errno.h>

#include "kallsyms-forge.h"
#include "kx/core-pages.h"
#include "kx/kallsyms.h"
#include "test.h"

struct bed {
	struct forge f;
	struct kx_bytes file;
	struct kx_arena a;
	struct kx_core core;
	struct kx_core_va va;
	struct kx_err err;
};

static void bed_init(struct bed *t, const char *info, enum syms_way way)
{
	memset(t, 0, sizeof(*t));
	syms_core(&t->f, info, way);
	kx_arena_init(&t->a);
}

static void bed_deinit(struct bed *t)
{
	kx_arena_deinit(&t->a);
	forge_free(&t->f);
}

static void start(struct bed *t)
{
	struct kx_core_file file;

	t->file = forge_bytes(&t->f);
	file = core_file(&t->file);
	CHECK(kx_core_open(&file, &t->a, &t->core, &t->err) == 0);
	kx_core_va_init(&t->va, &t->core, NULL, kx_vmcoreinfo_text(&t->core));
}

static int find(struct bed *t, const char *name, uint64_t *ret)
{
	start(t);
	return kx_kallsyms_find(&t->va, kx_vmcoreinfo_text(&t->core), name, &t->a, ret, &t->err);
}

static void found(const char *info, enum syms_way way)
{
	uint64_t at = 0;
	struct bed t;

	bed_init(&t, info, way);
	CHECK(find(&t, "vm_zone_stat", &at) == 0);
	CHECK_EQ_U64(at, SYMS_VA + 0x200);
	/* Memory ended before the buffer did, which is no error. */
	CHECK_EQ_U64((uint64_t)t.err.code, 0);
	bed_deinit(&t);
}

static void test_ways(void)
{
	found(SYMS_TABLE SYMS_BASE, SYMS_PLAIN);
	found(SYMS_TABLE SYMS_BASE, SYMS_PERCPU);
	found(SYMS_TABLE, SYMS_PLACE);
}

/* With CONFIG_KALLSYMS_ABSOLUTE_PERCPU an offset that is not below zero is the address. */
static void test_percpu(void)
{
	uint64_t at = 0;
	struct bed t;

	bed_init(&t, SYMS_TABLE SYMS_BASE, SYMS_PERCPU);
	kx_put_le32(syms_at(&t.f, 0x100), 0x1f000);
	CHECK(find(&t, "cp", &at) == 0);
	CHECK_EQ_U64(at, 0x1f000);
	bed_deinit(&t);
}

static void fails(struct bed *t, const char *name, int code, const char *why)
{
	uint64_t at = 1;

	CHECK_EQ_U64((uint64_t)-find(t, name, &at), (uint64_t)code);
	CHECK_STR(t->err.text, why);
	CHECK_EQ_U64(at, 1);
	bed_deinit(t);
}

static void test_bad(void)
{
	struct bed t;

	bed_init(&t, SYMS_TABLE SYMS_BASE, SYMS_PLAIN);
	fails(&t, "vm_zone", ENOENT, "kallsyms: expected symbol vm_zone, have none of 4");
	bed_init(&t, "SYMBOL(kallsyms_names)=ffffffff81001000\n", SYMS_PLAIN);
	fails(&t, "cp", ENOENT, "VMCOREINFO: expected SYMBOL(kallsyms_num_syms), have no such line");
	bed_init(&t, SYMS_TABLE SYMS_BASE, SYMS_PLAIN);
	kx_put_le32(syms_at(&t.f, 0), 0);
	fails(&t, "cp", EINVAL, "kallsyms_num_syms: expected 1 to 16777216, have 0");
	bed_init(&t, SYMS_TABLE SYMS_BASE, SYMS_PLAIN);
	kx_put_le32(syms_at(&t.f, 0), UINT32_MAX);
	fails(&t, "cp", EINVAL, "kallsyms_num_syms: expected 1 to 16777216, have 4294967295");
	bed_init(&t, SYMS_TABLE SYMS_BASE, SYMS_PLAIN);
	kx_put_le16(syms_at(&t.f, 0x800 + 6), 1);
	fails(&t, "cp", EINVAL, "kallsyms_token_index: token 3: expected more than 7, have 1");
	/* _stext is elsewhere, so nothing else can be right. */
	bed_init(&t, SYMS_TABLE SYMS_BASE, SYMS_PLAIN);
	kx_put_le64(syms_at(&t.f, 8), SYMS_VA + 0x1000);
	fails(&t, "vm_zone_stat", EINVAL, "kallsyms_offsets: expected _stext at 0xffffffff81000000,"
	      " have offset 0x0 of base 0xffffffff81001000");
}

/* More symbols than there are: the end of memory is the end. */
static void test_end(void)
{
	uint64_t at = 0;
	struct bed t;

	bed_init(&t, SYMS_TABLE SYMS_BASE, SYMS_PLAIN);
	kx_put_le32(syms_at(&t.f, 0), 1u << 24);
	memset(syms_at(&t.f, 0x1100), 1, SYMS_LEN - 0x1100);
	CHECK_EQ_U64((uint64_t)-find(&t, "nothing", &at), ENXIO);
	bed_deinit(&t);
}

static int expected(struct bed *t, uint64_t *ret)
{
	start(t);
	return kx_pages_free_expected(&t->va, kx_vmcoreinfo_text(&t->core), &t->a, ret, &t->err);
}

static void test_free(void)
{
	uint64_t n = 0;
	struct bed t;

	bed_init(&t, SYMS_TABLE SYMS_BASE SYMS_STAT, SYMS_PLAIN);
	CHECK(expected(&t, &n) == 0);
	CHECK_EQ_U64(n, SYMS_FREE);
	/* For a moment below zero. */
	kx_put_le64(syms_at(&t.f, 0x208), UINT64_MAX - 3);
	CHECK(expected(&t, &n) == 0);
	CHECK_EQ_U64(n, 0);
	bed_deinit(&t);
	/* Without symbols: the zones. */
	bed_init(&t, SYMS_STAT SYMS_NODES, SYMS_PLAIN);
	CHECK(expected(&t, &n) == 0);
	CHECK_EQ_U64(n, 119);
	kx_put_le32(syms_at(&t.f, 0x408), 9);
	CHECK(expected(&t, &n) == -ENOENT);
	CHECK_STR(t.err.text, "free pages are not known: VMCOREINFO: expected SYMBOL(kallsyms_names), have no"
		  " such line; pglist_data.nr_zones: expected at most 8, have 9");
	bed_deinit(&t);
	bed_init(&t, SYMS_STAT, SYMS_PLAIN);
	CHECK(expected(&t, &n) == -ENOENT);
	bed_deinit(&t);
	bed_init(&t, "NUMBER(NR_FREE_PAGES)=64\n", SYMS_PLAIN);
	CHECK(expected(&t, &n) == -EINVAL);
	CHECK_STR(t.err.text, "VMCOREINFO: NUMBER(NR_FREE_PAGES): expected less than 64, have 64");
	bed_deinit(&t);
}

TEST_MAIN({ "three ways to have offsets", test_ways },
	  { "per-CPU symbols", test_percpu },
	  { "tables that are none", test_bad },
	  { "names up to the end of memory", test_end },
	  { "how many pages are free", test_free })
