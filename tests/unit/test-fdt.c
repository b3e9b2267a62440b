/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lib/fdt.c and lib/fdt-facts.c: trees that contradict themselves, and what
 * sound ones say about console, PSCI and memory.
 */
#include <errno.h>

#include "kx/fdt.h"
#include "kx/gic.h"
#include "test.h"
#include "tree.h"

/* ---- malformed --------------------------------------------------------- */

static void opens_as(struct kx_bytes b, int code, const char *text)
{
	struct kx_arena a;
	struct kx_err err = { 0 };
	const void *fdt = NULL;

	kx_arena_init(&a);
	CHECK_EQ_U64((uint64_t)-kx_fdt_open(b, &a, &fdt, &err), (uint64_t)code);
	CHECK_STR(err.text, text);
	CHECK(code == 0 || fdt == NULL);
	kx_arena_deinit(&a);
}

/* A sound tree with one header field replaced. */
static void field_as(unsigned int off, uint32_t value, const char *text)
{
	struct tree t;
	struct kx_bytes b = tree_machine(&t);

	fdt32_st(t.fdt + off, value);
	opens_as(b, ENOEXEC, text);
}

static void test_header(void)
{
	struct tree t;
	struct kx_bytes b = tree_machine(&t);
	uint32_t total = fdt_totalsize(t.fdt), strings = fdt_off_dt_strings(t.fdt);
	char text[200];

	opens_as(b, 0, "");
	opens_as((struct kx_bytes){ t.fdt, 0 }, ENOEXEC,
		 "device tree: expected at least 0x28 bytes, have 0x0");
	opens_as((struct kx_bytes){ t.fdt, 39 }, ENOEXEC,
		 "device tree: expected at least 0x28 bytes, have 0x27");
	snprintf(text, sizeof(text), "device tree: totalsize: expected 0x28 to 0x%x (the file), have 0x%x",
		 total - 1, total);
	opens_as((struct kx_bytes){ t.fdt, total - 1 }, ENOEXEC, text);

	field_as(0, 0xd00dfeee, "device tree: magic: expected 0xd00dfeed, have 0xd00dfeee");
	snprintf(text, sizeof(text),
		 "device tree: totalsize: expected 0x28 to 0x%x (the file), have 0x27", total);
	field_as(4, 0x27, text);
	snprintf(text, sizeof(text), "device tree: version: expected 17, have 16, compatible down to %u",
		 fdt_last_comp_version(t.fdt));
	field_as(20, 16, text);
	field_as(24, 18, "device tree: version: expected 17, have 17, compatible down to 18");

	/* offsets and sizes that chase each other */
	snprintf(text, sizeof(text), "device tree: structure: 0x%x bytes at 0xfffffff0 leave the tree of 0x%x",
		 fdt_size_dt_struct(t.fdt), total);
	field_as(8, 0xfffffff0, text);
	snprintf(text, sizeof(text), "device tree: strings: 0xffffffff bytes at 0x%x leave the tree of 0x%x",
		 strings, total);
	field_as(32, 0xffffffff, text);
	field_as(8, 0x1e, "device tree: structure: offset: expected a multiple of 4, have 0x1e");
	snprintf(text, sizeof(text), "device tree: memory reservations at 0x%x: expected an entry of size 0 at the end, have none",
		 total - 8);
	field_as(16, total - 8, text);
}

static void test_overlap(void)
{
	struct tree t;
	char text[200];
	uint32_t off, len;

	tree_machine(&t);
	off = fdt_off_dt_struct(t.fdt);
	len = fdt_size_dt_strings(t.fdt);
	snprintf(text, sizeof(text), "device tree: structure [0x%x, 0x%x) and strings [0x%x, 0x%x) overlap",
		 off, off + fdt_size_dt_struct(t.fdt), off, off + len);
	field_as(12, off, text);
}

/* An address without a size ends the reservations, for Linux and for us. */
static void test_reserve_end(void)
{
	struct kx_bytes b;
	struct tree t;

	b = tree_machine(&t);
	fdt64_st(t.fdt + fdt_off_mem_rsvmap(t.fdt) + 8, 0);
	opens_as(b, 0, "");
	CHECK_EQ_U64((uint64_t)fdt_num_mem_rsv(t.fdt), 0);
}

static void test_structure(void)
{
	struct tree t;
	struct kx_bytes b = tree_machine(&t);
	uint32_t off = fdt_off_dt_struct(t.fdt), size = fdt_size_dt_struct(t.fdt);

	/* no end, a node that is closed twice, an unknown tag, a property past the end */
	fdt32_st(t.fdt + off + size - 4, FDT_NOP);
	opens_as(b, ENOEXEC, "device tree: structure: FDT_ERR_BADSTRUCTURE");
	tree_machine(&t);
	fdt32_st(t.fdt + off, FDT_END_NODE);
	opens_as(b, ENOEXEC, "device tree: structure: FDT_ERR_BADSTRUCTURE");
	tree_machine(&t);
	fdt32_st(t.fdt + off + 8, 0x77);
	opens_as(b, ENOEXEC, "device tree: structure: FDT_ERR_BADSTRUCTURE");
	tree_machine(&t);
	fdt32_st(t.fdt + off + 12, 0x7fffffff);
	opens_as(b, ENOEXEC, "device tree: structure: FDT_ERR_BADSTRUCTURE");
	tree_machine(&t);
	fdt32_st(t.fdt + off + 16, 0x7fffffff);
	opens_as(b, ENOEXEC, "device tree: structure: FDT_ERR_BADOFFSET");
}

static void test_unaligned(void)
{
	struct tree t;
	struct kx_bytes b = tree_machine(&t);
	struct kx_arena a;
	struct kx_err err = { 0 };
	const void *fdt = NULL;

	kx_arena_init(&a);
	memmove(t.fdt + 3, t.fdt, b.len);
	if (CHECK(kx_fdt_open((struct kx_bytes){ t.fdt + 3, b.len + 5 }, &a, &fdt, &err) == 0)) {
		CHECK_EQ_U64((uintptr_t)fdt % 8, 0);
		CHECK_EQ_U64(kx_fdt_psci(fdt), PURG_PSCI_HVC);
	}
	kx_arena_deinit(&a);
}

/* ---- facts ------------------------------------------------------------- */

static void console_is(const struct tree *t, struct purg_console want)
{
	struct purg_console c = { 0 };
	struct kx_err err = { 0 };

	if (!CHECK(kx_fdt_console(t->fdt, &c, &err) == 0))
		printf("# %s\n", err.text);
	CHECK_MEM(&c, &want, sizeof(c));
}

static void console_fails(const struct tree *t, int code, const char *text)
{
	struct purg_console c = { .kind = 77 };
	struct kx_err err = { 0 };

	CHECK_EQ_U64((uint64_t)-kx_fdt_console(t->fdt, &c, &err), (uint64_t)code);
	CHECK_STR(err.text, text);
	CHECK_EQ_U64(c.kind, 77);
}

/*
 * A UART at 0x2000 of a bus whose 0x0 is 0x10000 of one above, whose 0x0 is
 * 0x3f00000000 of the CPU.
 */
static void nested(struct tree *t, const char *compatible, const char *stdout_path,
		   uint32_t shift, uint32_t width, bool ranges)
{
	static const uint8_t outer[20] = {
		0, 0, 0, 0,  0, 0, 0, 0x3f, 0, 0, 0, 0,  0, 0, 0, 0, 1, 0, 0, 0
	};
	static const uint8_t inner[12] = { 0, 0, 0, 0,  0, 1, 0, 0,  0, 0, 0x80, 0 };

	tree_begin(t);
	tree_root(t, 2, 2);
	tree_node(t, "aliases");
	tree_str(t, "serial0", "/soc/bus/uart@2000");
	tree_end(t);
	tree_node(t, "chosen");
	tree_str(t, "stdout-path", stdout_path);
	tree_end(t);
	tree_node(t, "soc");
	tree_u32(t, "#address-cells", 1);
	tree_u32(t, "#size-cells", 2);
	tree_raw(t, "ranges", outer, sizeof(outer));
	tree_node(t, "bus");
	tree_u32(t, "#address-cells", 1);
	tree_u32(t, "#size-cells", 1);
	if (ranges)
		tree_raw(t, "ranges", inner, sizeof(inner));
	tree_node(t, "uart@2000");
	tree_str(t, "compatible", compatible);
	tree_cells(t, "reg", 0x2000, 0x100);
	if (shift)
		tree_u32(t, "reg-shift", shift);
	if (width)
		tree_u32(t, "reg-io-width", width);
	tree_end(t);
	tree_node(t, "uart@9000");
	tree_str(t, "compatible", compatible);
	tree_cells(t, "reg", 0x9000, 0x100);
	tree_end(t);
	tree_end(t);
	tree_end(t);
	tree_done(t);
}

static void test_console(void)
{
	struct tree t;

	tree_machine(&t);
	console_is(&t, (struct purg_console){ PURG_CONSOLE_PL011, 0, 0, 0, 0x9000000 });
	nested(&t, "arm,sbsa-uart", "serial0", 0, 0, true);
	console_is(&t, (struct purg_console){ PURG_CONSOLE_PL011, 0, 0, 0, 0x3f00012000 });
	nested(&t, "snps,dw-apb-uart", "serial0:115200n8", 2, 4, true);
	console_is(&t, (struct purg_console){ PURG_CONSOLE_8250_MMIO, 2, 4, 0, 0x3f00012000 });
	nested(&t, "ns16550a", "/soc/bus/uart@2000:9600", 0, 0, true);
	console_is(&t, (struct purg_console){ PURG_CONSOLE_8250_MMIO, 0, 1, 0, 0x3f00012000 });
}

static void test_console_bad(void)
{
	struct tree t;

	nested(&t, "ns16550a", "serial7", 0, 0, true);
	console_fails(&t, ENOEXEC, "device tree: stdout-path \"serial7\": FDT_ERR_BADPATH");
	nested(&t, "ns16550a", "/soc/none", 0, 0, true);
	console_fails(&t, ENOEXEC, "device tree: stdout-path \"/soc/none\": FDT_ERR_NOTFOUND");
	nested(&t, "apple,s5l-uart", "serial0", 0, 0, true);
	console_fails(&t, EOPNOTSUPP,
		      "device tree: stdout-path \"serial0\": no driver for \"apple,s5l-uart\" in purgatory");
	nested(&t, "ns16550a", "serial0", 9, 2, true);
	console_fails(&t, EOPNOTSUPP,
		      "device tree: uart@2000: reg-shift 9, reg-io-width 2 (at most 4, and 1 or 4, are known)");
	nested(&t, "ns16550a", "serial0", 0, 0, false);
	console_fails(&t, ENOEXEC, "device tree: bus: no ranges to translate 0x2000");
	nested(&t, "ns16550a", "/soc/bus/uart@9000", 0, 0, true);
	console_fails(&t, ENOEXEC, "device tree: bus: ranges do not cover 0x9000");
	nested(&t, "ns16550a", "/soc", 0, 0, true);
	console_fails(&t, EOPNOTSUPP,
		      "device tree: stdout-path \"/soc\": no driver for \"a node without compatible\" in purgatory");
	tree_begin(&t);
	tree_root(&t, 2, 2);
	tree_done(&t);
	console_fails(&t, ENOENT, "device tree: /chosen has no stdout-path");
}

static void psci_is(const char *compatible, const char *method, uint32_t want)
{
	struct tree t;

	tree_begin(&t);
	tree_root(&t, 2, 2);
	tree_node(&t, "psci");
	tree_str(&t, "compatible", compatible);
	if (method)
		tree_str(&t, "method", method);
	tree_end(&t);
	tree_done(&t);
	CHECK_EQ_U64(kx_fdt_psci(t.fdt), want);
}

static void test_psci(void)
{
	psci_is("arm,psci-1.0", "hvc", PURG_PSCI_HVC);
	psci_is("arm,psci-0.2", "smc", PURG_PSCI_SMC);
	psci_is("arm,psci-1.0", "svc", PURG_PSCI_NONE);
	psci_is("arm,psci-1.0", NULL, PURG_PSCI_NONE);
	psci_is("arm,psci", "smc", PURG_PSCI_NONE);	/* 0.1: no reset */
}

static void test_stub(void)
{
	struct tree t;

	tree_machine(&t);
	CHECK(!kx_fdt_is_stub(t.fdt));
	tree_begin(&t);
	tree_root(&t, 2, 2);
	tree_node(&t, "chosen");
	tree_end(&t);
	tree_node(&t, "hypervisor");
	tree_end(&t);
	tree_done(&t);
	CHECK(kx_fdt_is_stub(t.fdt));
}

static void test_memory(void)
{
	static const uint8_t odd[12] = { 0 };
	struct kx_memmap m = { 0 };
	struct kx_err err = { 0 };
	struct kx_arena a;
	struct tree t;

	kx_arena_init(&a);
	tree_begin(&t);
	tree_root(&t, 2, 2);
	tree_memory(&t, 0x40000000, 0x20000000);
	tree_memory(&t, 0x8000000000, 0x100000000);
	tree_memory(&t, 0, 0);
	tree_done(&t);
	CHECK(kx_fdt_memory(t.fdt, &a, &m, &err) == 0);
	if (CHECK(m.n == 2)) {
		CHECK_EQ_U64(m.v[0].r.start, 0x40000000);
		CHECK_EQ_U64(m.v[0].r.end, 0x60000000);
		CHECK_EQ_U64(m.v[1].r.start, 0x8000000000);
		CHECK_EQ_U64(m.v[1].r.end, 0x8100000000);
		CHECK_EQ_U64(m.v[1].type, KX_MEM_RAM);
	}
	tree_begin(&t);
	tree_root(&t, 2, 2);
	tree_node(&t, "memory@0");
	tree_str(&t, "device_type", "memory");
	tree_raw(&t, "reg", odd, sizeof(odd));
	tree_end(&t);
	tree_done(&t);
	CHECK(kx_fdt_memory(t.fdt, &a, &m, &err) == -ENOEXEC);
	CHECK_STR(err.text, "device tree: memory@0: reg is no list of ranges");
	tree_begin(&t);
	tree_root(&t, 2, 2);
	tree_memory(&t, 0xfffffffffffff000, 0x2000);
	tree_done(&t);
	CHECK(kx_fdt_memory(t.fdt, &a, &m, &err) == -ENOEXEC);
	CHECK_STR(err.text, "device tree: memory@fffffffffffff000: reg: no range of memory");
	kx_arena_deinit(&a);
}

static void test_number(void)
{
	static const uint8_t p[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	uint64_t v = 77;

	CHECK(kx_fdt_number(p, 1, &v));
	CHECK_EQ_U64(v, 0x01020304);
	CHECK(kx_fdt_number(p, 2, &v));
	CHECK_EQ_U64(v, 0x0102030405060708);
	CHECK(kx_fdt_number(p, 0, &v));
	CHECK_EQ_U64(v, 0);
	CHECK(!kx_fdt_number(p, 3, &v));
	CHECK(!kx_fdt_number(p, -1, &v));
}

/* ---- interrupt controller ---------------------------------------------- */

struct gic_want {
	const char *status;
	uint32_t regions;		/* 0 = no such property */
	uint64_t stride;		/* 0 = no such property */
	uint32_t its;			/* how many nodes */
	uint64_t its_pa;		/* of the first; the others 128 KiB apart */
	uint64_t gicr_pa;
	int reg_len;			/* bytes of the GIC's reg */
};

/* As QEMU's and a server's: GICD, then regions of redistributors; ITSs below. */
static struct kx_bytes gic_tree(struct tree *t, const struct gic_want *w)
{
	uint8_t reg[16 * 40] = { 0 };

	for (int i = 0; i < 40; i++) {
		fdt64_st(reg + 16 * i, i ? w->gicr_pa + 0x1000000 * (uint64_t)(i - 1) : 0x8000000);
		fdt64_st(reg + 16 * i + 8, i ? 0x100000 : 0x10000);
	}
	tree_begin(t);
	tree_root(t, 2, 2);
	tree_node(t, "intc@8000000");
	tree_str(t, "compatible", "arm,gic-v3");
	tree_u32(t, "#address-cells", 2);
	tree_u32(t, "#size-cells", 2);
	tree_raw(t, "ranges", "", 0);
	tree_raw(t, "reg", reg, w->reg_len);
	if (w->regions)
		tree_u32(t, "#redistributor-regions", w->regions);
	if (w->stride)
		tree_u64(t, "redistributor-stride", w->stride);
	if (w->status)
		tree_str(t, "status", w->status);
	for (uint32_t i = 0; i < w->its; i++) {
		char name[32];

		snprintf(name, sizeof(name), "its@%x", i);
		tree_node(t, name);
		tree_str(t, "compatible", "arm,gic-v3-its");
		if (i == 1)
			tree_str(t, "status", "disabled");
		tree_pair(t, "reg", w->its_pa + 0x20000 * (uint64_t)i, 0x20000);
		tree_end(t);
	}
	tree_end(t);
	return tree_done(t);
}

static int gic_of(const struct gic_want *w, struct kx_gic *ret, struct kx_err *err)
{
	struct kx_arena a;
	const void *fdt;
	struct tree t;
	int r;

	kx_arena_init(&a);
	CHECK(kx_fdt_open(gic_tree(&t, w), &a, &fdt, NULL) == 0);
	r = kx_fdt_gic(fdt, ret, err);
	kx_arena_deinit(&a);
	return r;
}

static void test_gic(void)
{
	struct kx_gic g;

	CHECK(gic_of(&(struct gic_want){ .its = 1, .its_pa = 0x8080000, .gicr_pa = 0x80a0000,
					 .reg_len = 32 }, &g, NULL) == 0);
	CHECK_EQ_U64(g.its_count, 1);
	CHECK_EQ_U64(g.its_pa[0], 0x8080000);
	CHECK_EQ_U64(g.gicr_count, 1);
	CHECK_EQ_U64(g.gicr[0].pa, 0x80a0000);
	CHECK_EQ_U64(g.gicr[0].len, 0x100000);
	CHECK_EQ_U64(g.gicr[0].stride, 0);

	CHECK(gic_of(&(struct gic_want){ .its = 4, .its_pa = 0x4000000000, .gicr_pa = 0x5000000000,
					 .regions = 3, .stride = 0x40000, .status = "okay",
					 .reg_len = 64 }, &g, NULL) == 0);
	CHECK_EQ_U64(g.its_count, 3);			/* the second is disabled */
	CHECK_EQ_U64(g.its_pa[1], 0x4000040000);
	CHECK_EQ_U64(g.gicr_count, 3);
	CHECK_EQ_U64(g.gicr[2].pa, 0x5002000000);
	CHECK_EQ_U64(g.gicr[2].stride, 0x40000);

	CHECK(gic_of(&(struct gic_want){ .status = "disabled", .reg_len = 32 }, &g, NULL) == 0);
	CHECK_EQ_U64(g.its_count + g.gicr_count, 0);
}

static void gic_fails(struct gic_want w, int code, const char *text)
{
	struct kx_gic g = { .its_count = 7 };
	struct kx_err err = { 0 };

	CHECK_EQ_U64((uint64_t)-gic_of(&w, &g, &err), (uint64_t)code);
	CHECK_STR(err.text, text);
	CHECK_EQ_U64(g.its_count, 7);
}

static void test_gic_bad(void)
{
	struct kx_arena a;
	const void *fdt;
	struct kx_gic g;
	struct tree t;

	/* None, and one of another kind. */
	kx_arena_init(&a);
	CHECK(kx_fdt_open(tree_machine(&t), &a, &fdt, NULL) == 0);
	CHECK(kx_fdt_gic(fdt, &g, NULL) == 0);
	CHECK_EQ_U64(g.its_count + g.gicr_count, 0);
	kx_arena_deinit(&a);

	gic_fails((struct gic_want){ .reg_len = 16 }, ENOEXEC, "device tree: intc@8000000: reg: too short");
	gic_fails((struct gic_want){ .reg_len = 31, .regions = 1 }, ENOEXEC,
		  "device tree: intc@8000000: reg: too short");
	gic_fails((struct gic_want){ .reg_len = 32, .regions = 0xffffffff }, ENOEXEC,
		  "device tree: intc@8000000: reg: too short");
	gic_fails((struct gic_want){ .reg_len = 640, .regions = 39 }, ENOSPC,
		  "more than 32 regions of redistributors");
	gic_fails((struct gic_want){ .reg_len = 32, .gicr_pa = 0x80a8000 }, ENOEXEC,
		  "redistributors: expected multiples of 0x10000, have 0x100000 bytes at 0x80a8000, stride 0x0");
	gic_fails((struct gic_want){ .reg_len = 32, .stride = 0x1000 }, ENOEXEC,
		  "redistributors: expected multiples of 0x10000, have 0x100000 bytes at 0x0, stride 0x1000");
	gic_fails((struct gic_want){ .reg_len = 32, .gicr_pa = 0xfffffffffff10000 }, ENOEXEC,
		  "redistributors: 0x100000 bytes at 0xfffffffffff10000 wrap");
	gic_fails((struct gic_want){ .reg_len = 32, .its = 1, .its_pa = 0x8081000 }, ENOEXEC,
		  "ITS: address: expected a multiple of 0x10000, have 0x8081000");
	gic_fails((struct gic_want){ .reg_len = 32, .its = 18 }, ENOSPC, "more than 16 ITSs");
}

TEST_MAIN({ "header fields", test_header },
	  { "overlapping blocks", test_overlap },
	  { "end of the reservations", test_reserve_end },
	  { "broken structure", test_structure },
	  { "unaligned bytes are copied", test_unaligned },
	  { "numbers in cells", test_number },
	  { "console", test_console },
	  { "console, unusable", test_console_bad },
	  { "PSCI", test_psci },
	  { "stub tree", test_stub },
	  { "memory", test_memory },
	  { "interrupt controller", test_gic },
	  { "interrupt controller, unsound", test_gic_bad })
