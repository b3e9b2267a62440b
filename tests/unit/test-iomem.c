/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /proc/iomem: inclusive to half-open, nesting, hidden addresses, bad lines.
 */
#include <errno.h>

#include "kx/iomem.h"
#include "test.h"

struct fixture {
	struct kx_arena arena;
	struct kx_memmap map;
	bool hidden;
	struct kx_err err;
};

static int parse(struct fixture *f, const char *text)
{
	memset(f, 0, sizeof(*f));
	kx_arena_init(&f->arena);
	return kx_iomem_parse((struct kx_bytes){ (const uint8_t *)text, strlen(text) },
			      &f->arena, &f->map, &f->hidden, &f->err);
}

static void check_entry(const struct kx_mem *m, uint64_t start, uint64_t end,
			enum kx_mem_type type, unsigned int depth, const char *name)
{
	CHECK_EQ_U64(m->r.start, start);
	CHECK_EQ_U64(m->r.end, end);
	CHECK_EQ_U64(m->type, type);
	CHECK_EQ_U64(m->depth, depth);
	CHECK_STR(m->name, name);
}

static void test_x86(void)
{
	struct fixture f;

	CHECK(parse(&f,
		"00000000-00000fff : Reserved\n"
		"00001000-0009fbff : System RAM\n"
		"00100000-7fffffff : System RAM\n"
		"  01000000-01ffffff : Kernel code\n"
		"  70000000-7fffffff : Crash kernel\n"
		"fee00000-fee00fff : Local APIC\n"
		"  fee00000-fee00fff : Reserved\n"
		"100000000-17fffffff : System RAM\n") == 0);
	if (CHECK_EQ_U64(f.map.n, 8)) {
		check_entry(&f.map.v[0], 0, 0x1000, KX_MEM_RESERVED, 0, "Reserved");
		check_entry(&f.map.v[1], 0x1000, 0x9fc00, KX_MEM_RAM, 0, "System RAM");
		check_entry(&f.map.v[3], 0x1000000, 0x2000000, KX_MEM_OTHER, 1, "Kernel code");
		check_entry(&f.map.v[4], 0x70000000, 0x80000000, KX_MEM_OTHER, 1, "Crash kernel");
		check_entry(&f.map.v[5], 0xfee00000, 0xfee01000, KX_MEM_OTHER, 0, "Local APIC");
		check_entry(&f.map.v[6], 0xfee00000, 0xfee01000, KX_MEM_RESERVED, 1, "Reserved");
		check_entry(&f.map.v[7], 0x100000000, 0x180000000, KX_MEM_RAM, 0, "System RAM");
	}
	CHECK(!f.hidden);
	kx_arena_deinit(&f.arena);
}

static void test_types(void)
{
	static const struct {
		const char *name;
		enum kx_mem_type type;
	} rows[] = {
		{ "System RAM", KX_MEM_RAM },
		{ "System RAM (kmem)", KX_MEM_OTHER },
		{ "System RAM (virtio_mem)", KX_MEM_OTHER },
		{ "Reserved", KX_MEM_RESERVED },
		{ "reserved", KX_MEM_RESERVED },
		{ "ACPI Tables", KX_MEM_ACPI },
		{ "ACPI Non-volatile Storage", KX_MEM_NVS },
		{ "Unusable memory", KX_MEM_UNUSABLE },
		{ "Persistent Memory", KX_MEM_PMEM },
		{ "Persistent Memory (legacy)", KX_MEM_PRAM },
		{ "Soft Reserved", KX_MEM_SOFT_RESERVED },
		{ "0000:00:1f.2 : odd", KX_MEM_OTHER },
		{ "", KX_MEM_OTHER },
	};
	struct fixture f;
	char line[80];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(line, sizeof(line), "40000000-7fffffff : %s\n", rows[i].name);
		CHECK(parse(&f, line) == 0);
		if (CHECK_EQ_U64(f.map.n, 1))
			check_entry(&f.map.v[0], 0x40000000, 0x80000000, rows[i].type, 0,
				    rows[i].name);
		kx_arena_deinit(&f.arena);
	}
}

static void test_deep(void)
{
	struct fixture f;

	CHECK(parse(&f,
		"100000000-1ffffffff : Persistent Memory\n"
		"  140000000-1ffffffff : dax0.0\n"
		"    140000000-1ffffffff : System RAM (kmem)") == 0);
	if (CHECK_EQ_U64(f.map.n, 3)) {
		check_entry(&f.map.v[1], 0x140000000, 0x200000000, KX_MEM_OTHER, 1, "dax0.0");
		check_entry(&f.map.v[2], 0x140000000, 0x200000000, KX_MEM_OTHER, 2,
			    "System RAM (kmem)");
	}
	kx_arena_deinit(&f.arena);
}

static void test_edges(void)
{
	struct fixture f;

	/* The last byte of the address space cannot be described. */
	CHECK(parse(&f, "fffffffffffff000-ffffffffffffffff : top\n") == 0);
	if (CHECK_EQ_U64(f.map.n, 1))
		check_entry(&f.map.v[0], 0xfffffffffffff000, UINT64_MAX, KX_MEM_OTHER, 0, "top");
	kx_arena_deinit(&f.arena);
	/* A disabled BAR among real addresses hides nothing. */
	CHECK(parse(&f, "00000000-00000000 : PCI Bus 0000:00\n00001000-00001fff : x\n") == 0);
	CHECK_EQ_U64(f.map.n, 2);
	CHECK(!f.hidden);
	kx_arena_deinit(&f.arena);
	CHECK(parse(&f, "") == 0);
	CHECK_EQ_U64(f.map.n, 0);
	CHECK(!f.hidden);
	kx_arena_deinit(&f.arena);
}

static void test_hidden(void)
{
	struct fixture f;

	CHECK(parse(&f,
		"00000000-00000000 : Reserved\n"
		"00000000-00000000 : System RAM\n"
		"  00000000-00000000 : Kernel code\n") == 0);
	CHECK_EQ_U64(f.map.n, 0);
	CHECK(f.hidden);
	kx_arena_deinit(&f.arena);
}

static void test_bad(void)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "\n", "line 1: expected 'START-END : NAME', have ''" },
		{ "0-1 : a\n\n", "line 2: expected 'START-END : NAME', have ''" },
		{ "0-1 : a\n10", "line 2: expected 'START-END : NAME', have '10'" },
		{ "10-1f", "line 1: expected 'START-END : NAME', have '10-1f'" },
		{ "10-1f :a", "line 1: expected 'START-END : NAME', have '10-1f :a'" },
		{ "10 - 1f : a", "line 1: expected 'START-END : NAME', have '10 - 1f : a'" },
		{ "0x10-0x1f : a", "line 1: expected 'START-END : NAME', have '0x10-0x1f : a'" },
		{ "-1-1f : a", "line 1: expected 'START-END : NAME', have '-1-1f : a'" },
		{ "10000000000000000-10000000000000001 : a",
		  "line 1: expected 'START-END : NAME', have '10000000000000000-10000000000000001 : a'" },
		{ "\t10-1f : a", "line 1: expected 'START-END : NAME', have '?10-1f : a'" },
		{ " 10-1f : a", "line 1: expected two spaces per level, have ' 10-1f : a'" },
		{ "20-1f : a", "line 1: expected START <= END, have '20-1f : a'" },
		{ "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
		  "line 1: expected 'START-END : NAME', have "
		  "'zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz'…" },
	};
	struct fixture f;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK(parse(&f, rows[i].text) == -ENOEXEC);
		CHECK_STR(f.err.text, rows[i].error);
		CHECK_EQ_U64(f.map.n, 0);
		kx_arena_deinit(&f.arena);
	}
}

static void test_nul(void)
{
	static const uint8_t text[] = "10-1f : a\0b\n";
	struct fixture f;

	parse(&f, "");
	CHECK(kx_iomem_parse((struct kx_bytes){ text, sizeof(text) - 1 }, &f.arena, &f.map,
			     &f.hidden, &f.err) == -ENOEXEC);
	CHECK_STR(f.err.text, "line 1: expected 'START-END : NAME', have '10-1f : a'");
	kx_arena_deinit(&f.arena);
}

TEST_MAIN(
	{ "x86_64 map", test_x86 },
	{ "names and types", test_types },
	{ "nesting, no final newline", test_deep },
	{ "edges", test_edges },
	{ "hidden addresses", test_hidden },
	{ "malformed lines", test_bad },
	{ "NUL in a name", test_nul },
)
