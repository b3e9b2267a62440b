/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arch/arm64-dtb*.c: what is written into the next kernel's device tree, what
 * is taken out, and what a tree from elsewhere gets from the running machine.
 */
#include <errno.h>

#include "../../kexec/arch/arm64.h"
#include "kx/fdt.h"
#include "kx/timing.h"
#include "test.h"
#include "tree.h"

struct bed {
	struct kx_arena arena;
	struct kx_sources src;
	struct kx_request req;
	struct kx_payload payload;
	struct kx_plan plan;
	struct kx_err err;
	uint8_t random[256];
	struct tree running, given;
	struct kx_bytes out;
	const void *fdt;
	int chosen;
};

static void bed_init(struct bed *b)
{
	memset(b, 0, sizeof(*b));
	kx_arena_init(&b->arena);
	for (size_t i = 0; i < sizeof(b->random); i++)
		b->random[i] = (uint8_t)(i + 1);
	b->src.page_size = 4096;
	b->src.arm64.fdt = tree_machine(&b->running);
	b->src.arm64.fdt_source = "/sys/firmware/fdt";
	b->req.random = (struct kx_bytes){ b->random, sizeof(b->random) };
	b->plan.arena = &b->arena;
	b->plan.sources = &b->src;
	b->plan.request = &b->req;
	b->plan.payload = &b->payload;
	b->plan.cmdline = "console=ttyAMA0 quiet";
}

static void bed_deinit(struct bed *b)
{
	kx_arena_deinit(&b->arena);
}

static bool build(struct bed *b, uint64_t initrd, uint64_t len)
{
	struct kx_range r = { initrd, initrd + len };

	if (!CHECK(kx_arm64_dtb_build(&b->plan, r, &b->out, &b->err) == 0)) {
		printf("# %s\n", b->err.text);
		return false;
	}
	/* Linux runs the same check before it believes a tree. */
	if (!CHECK(kx_fdt_open(b->out, &b->arena, &b->fdt, &b->err) == 0))
		return false;
	CHECK_EQ_U64(fdt_totalsize(b->fdt), b->out.len);
	b->chosen = fdt_path_offset(b->fdt, "/chosen");
	return CHECK(b->chosen > 0);
}

static void build_fails(struct bed *b, int code, const char *text)
{
	struct kx_range none = { 0, 0 };

	CHECK_EQ_U64((uint64_t)-kx_arm64_dtb_build(&b->plan, none, &b->out, &b->err),
		     (uint64_t)code);
	CHECK_STR(b->err.text, text);
}

static bool has(const struct bed *b, const char *name)
{
	return fdt_getprop(b->fdt, b->chosen, name, NULL) != NULL;
}

static const char *str(const struct bed *b, const char *name)
{
	return fdt_stringlist_get(b->fdt, b->chosen, name, 0, NULL);
}

static uint64_t u64(const struct bed *b, const char *name)
{
	int len;
	const void *p = fdt_getprop(b->fdt, b->chosen, name, &len);

	return p && len == 8 ? fdt64_ld(p) : ~0ULL;
}

static bool reserved(const struct bed *b, uint64_t start, uint64_t size)
{
	for (int i = 0; i < fdt_num_mem_rsv(b->fdt); i++) {
		uint64_t s, n;

		if (fdt_get_mem_rsv(b->fdt, i, &s, &n) == 0 && s == start && n == size)
			return true;
	}
	return false;
}

static bool noted(const struct bed *b, const char *text)
{
	for (size_t i = 0; i < b->plan.note_count; i++)
		if (strcmp(b->plan.note[i], text) == 0)
			return true;
	return false;
}

static void test_running(void)
{
	struct bed b;
	int len;
	const void *p;

	bed_init(&b);
	if (!build(&b, 0x44000000, 0x54321))
		return;
	CHECK_STR(str(&b, "bootargs"), "console=ttyAMA0 quiet");
	CHECK_STR(str(&b, "stdout-path"), "/pl011@9000000");
	CHECK_EQ_U64(u64(&b, "linux,initrd-start"), 0x44000000);
	CHECK_EQ_U64(u64(&b, "linux,initrd-end"), 0x44054321);
	CHECK_EQ_U64(u64(&b, "kaslr-seed"), 0x0102030405060708);
	p = fdt_getprop(b.fdt, b.chosen, "rng-seed", &len);
	if (CHECK(p && len == 128))
		CHECK_MEM(p, b.random + 8, 128);
	CHECK(has(&b, "linux,booted-from-kexec"));
	CHECK(!has(&b, "linux,elfcorehdr"));
	CHECK(!has(&b, "linux,usable-memory-range"));
	/* the new initrd in, the old one out, the firmware's as it was */
	CHECK_EQ_U64((uint64_t)fdt_num_mem_rsv(b.fdt), 2);
	CHECK(reserved(&b, 0x44000000, 0x54321));
	CHECK(reserved(&b, 0x4f000000, 0x100000));
	CHECK(fdt_path_offset(b.fdt, "/pl011@9000000") > 0);
	CHECK(fdt_path_offset(b.fdt, "/memory@40000000") > 0);
	CHECK(noted(&b, "dtb: made from /sys/firmware/fdt"));
	CHECK(noted(&b, "dtb: reservation [0x48000000-0x48012345) of this boot dropped"));
	CHECK(noted(&b, "dtb: kaslr-seed and rng-seed renewed"));
	bed_deinit(&b);
}

/* An empty record, where the layout tells purgatory to write. */
static void check_timing(const struct bed *b)
{
	uint8_t blank[KX_TIMING_LEN];
	uint64_t off = kx_arm64_dtb_timing(b->out);
	int len;
	const uint8_t *p = fdt_getprop(b->fdt, b->chosen, "kexec-timing", &len);

	kx_timing_blank(blank);
	if (!CHECK(p && len == sizeof(blank) && off && off <= b->out.len - sizeof(blank)))
		return;
	CHECK_MEM(p, blank, sizeof(blank));
	CHECK(b->out.data + off == p);
	CHECK_EQ_U64(off % 4, 0);
}

/* The running tree's record is the running kernel's: it goes, whatever its size. */
static void test_timing(void)
{
	static const size_t old[] = { 0, 1, 64, 200 };
	uint8_t junk[200];
	struct bed b;

	memset(junk, 0x5a, sizeof(junk));
	for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
		bed_init(&b);
		tree_begin(&b.running);
		tree_root(&b.running, 2, 2);
		tree_node(&b.running, "chosen");
		tree_raw(&b.running, "kexec-timing", junk, (int)old[i]);
		tree_end(&b.running);
		b.src.arm64.fdt = tree_done(&b.running);
		if (build(&b, 0x44000000, 4))
			check_timing(&b);
		bed_deinit(&b);
	}
	bed_init(&b);
	CHECK_EQ_U64(kx_arm64_dtb_timing(b.src.arm64.fdt), 0);	/* none there */
	bed_deinit(&b);
}

/* What Linux does to the seeds while it boots. */
static void consume_seeds(struct bed *b)
{
	void *fdt = kx_arena_alloc(&b->arena, b->out.len);

	memcpy(fdt, b->out.data, b->out.len);
	tree_ok(fdt_setprop_inplace_u64(fdt, b->chosen, "kaslr-seed", 0));
	tree_ok(fdt_nop_property(fdt, b->chosen, "rng-seed"));
	/* And purgatory to the record. */
	memset((uint8_t *)fdt + kx_arm64_dtb_timing(b->out) + 8, 0x77, KX_TIMING_LEN - 8);
	b->src.arm64.fdt = (struct kx_bytes){ fdt, b->out.len };
}

/* Five kexecs in a row must not make the tree grow. */
static void test_chain(void)
{
	struct bed b;
	size_t len = 0;

	bed_init(&b);
	for (int i = 0; i < 5; i++) {
		if (!build(&b, 0x44000000 + 0x100000 * (uint64_t)i, 0x54321))
			return;
		CHECK_EQ_U64((uint64_t)fdt_num_mem_rsv(b.fdt), 2);
		CHECK(i == 0 || len == b.out.len);
		check_timing(&b);
		len = b.out.len;
		consume_seeds(&b);
	}
	bed_deinit(&b);
}

static void test_nothing_given(void)
{
	struct bed b;

	bed_init(&b);
	b.plan.cmdline = "";
	b.req.random = KX_BYTES_NONE;
	if (!build(&b, 0, 0))
		return;
	CHECK(!has(&b, "bootargs"));
	CHECK(!has(&b, "linux,initrd-start"));
	CHECK(!has(&b, "linux,initrd-end"));
	CHECK(!has(&b, "kaslr-seed"));
	CHECK(!has(&b, "rng-seed"));
	CHECK_EQ_U64((uint64_t)fdt_num_mem_rsv(b.fdt), 1);
	CHECK(noted(&b, "dtb: no random numbers: kaslr-seed and rng-seed left out"));
	bed_deinit(&b);
}

/* No /chosen at all, as a board's own tree may be. */
static void test_no_chosen(void)
{
	struct bed b;

	bed_init(&b);
	tree_begin(&b.running);
	tree_root(&b.running, 2, 2);
	b.src.arm64.fdt = tree_done(&b.running);
	if (build(&b, 0x44000000, 4))
		CHECK_STR(str(&b, "bootargs"), "console=ttyAMA0 quiet");
	bed_deinit(&b);
}

static void stale_tree(struct bed *b, uint64_t size)
{
	struct tree *t = &b->running;

	tree_begin(t);
	tree_reserve(t, 0x48000000, size);
	tree_root(t, 2, 2);
	tree_node(t, "chosen");
	tree_u64(t, "linux,initrd-start", 0x48000000);
	tree_u64(t, "linux,initrd-end", 0x48012345);
	tree_pair(t, "linux,ima-kexec-buffer", 0x49000000, 0x1000);
	tree_raw(t, "linux,kho-fdt", "12345678", 8);
	tree_raw(t, "linux,kho-scratch", "12345678", 8);
	tree_raw(t, "rng-seed", "12345678", 8);
	tree_end(t);
	b->src.arm64.fdt = tree_done(t);
}

static void test_stale(void)
{
	static const struct {
		uint64_t size;
		int left;
	} rows[] = {
		{ 0x12345, 0 },
		{ 0x13000, 0 },		/* whole pages, as firmware does */
		{ 0x12346, 1 },		/* somebody else's */
		{ 0x14000, 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bed b;

		bed_init(&b);
		stale_tree(&b, rows[i].size);
		if (build(&b, 0, 0)) {
			CHECK_EQ_U64((uint64_t)fdt_num_mem_rsv(b.fdt), (uint64_t)rows[i].left);
			CHECK(!has(&b, "linux,ima-kexec-buffer"));
			CHECK(!has(&b, "linux,kho-fdt"));
			CHECK(!has(&b, "linux,kho-scratch"));
		}
		bed_deinit(&b);
	}
}

/* The running tree's own reservation is known by its size, unless that is round. */
static void test_stale_self(void)
{
	struct tree t;
	struct arm64_stale s;
	uint32_t size;

	tree_machine(&t);
	size = fdt_totalsize(t.fdt);
	kx_arm64_stale_find(t.fdt, true, 4096, &s);
	CHECK(kx_arm64_stale_has(&s, 0x40000000, size));
	CHECK(!kx_arm64_stale_has(&s, 0x40000000, size + 1));
	CHECK(kx_arm64_stale_has(&s, 0x5f000000, 0x10000));	/* elfcorehdr */
	kx_arm64_stale_find(t.fdt, false, 4096, &s);
	CHECK(!kx_arm64_stale_has(&s, 0x40000000, size));
	fdt_set_totalsize(t.fdt, 0x100000);
	kx_arm64_stale_find(t.fdt, true, 4096, &s);
	CHECK(!kx_arm64_stale_has(&s, 0x40000000, 0x100000));
}

/* ---- trees from elsewhere ---------------------------------------------- */

/* A board's tree: one cell each, memory of size 0 or none, no firmware data. */
static void given_tree(struct bed *b, bool placeholder, uint32_t cells)
{
	struct tree *t = &b->given;

	tree_begin(t);
	tree_root(t, cells, cells);
	if (placeholder) {
		tree_node(t, "memory@0");
		tree_str(t, "device_type", "memory");
		if (cells == 1)
			tree_cells(t, "reg", 0, 0);
		else
			tree_pair(t, "reg", 0, 0);
		tree_end(t);
	}
	tree_node(t, "chosen");
	tree_str(t, "bootargs", "from the file");
	tree_end(t);
	tree_node(t, "board");
	tree_end(t);
	b->req.dtb.bytes = tree_done(t);
	b->req.dtb.path = "board.dtb";
}

/* A running machine with everything that firmware adds. */
static void rich_machine(struct bed *b)
{
	struct tree *t = &b->running;

	tree_begin(t);
	tree_reserve(t, 0x4f000000, 0x100000);
	tree_reserve(t, 0x48000000, 0x1000);
	tree_root(t, 2, 2);
	tree_memory(t, 0x40000000, 0x20000000);
	tree_memory(t, 0x80000000, 0x40000000);
	tree_node(t, "reserved-memory");
	tree_u32(t, "#address-cells", 2);
	tree_u32(t, "#size-cells", 2);
	tree_raw(t, "ranges", "", 0);
	tree_node(t, "tee@5e000000");
	tree_pair(t, "reg", 0x5e000000, 0x100000);
	tree_raw(t, "no-map", "", 0);
	tree_u32(t, "phandle", 7);
	tree_end(t);
	tree_node(t, "dynamic");
	tree_u64(t, "size", 0x100000);
	tree_end(t);
	tree_end(t);
	tree_node(t, "chosen");
	tree_u64(t, "linux,initrd-start", 0x48000000);
	tree_u64(t, "linux,initrd-end", 0x48001000);
	tree_u64(t, "linux,uefi-system-table", 0x5ff00000);
	tree_u64(t, "linux,uefi-mmap-start", 0x5fe00000);
	tree_u32(t, "linux,uefi-mmap-size", 0x1000);
	tree_end(t);
	b->src.arm64.fdt = tree_done(t);
}

static void test_merge(void)
{
	static const uint8_t memory[8] = { 0x40, 0, 0, 0, 0x20, 0, 0, 0 };
	struct bed b;
	const void *p;
	int node, len;

	bed_init(&b);
	rich_machine(&b);
	given_tree(&b, true, 1);
	if (!build(&b, 0x44000000, 0x1000))
		return;
	CHECK(fdt_path_offset(b.fdt, "/board") > 0);
	CHECK_STR(str(&b, "bootargs"), "console=ttyAMA0 quiet");
	CHECK_EQ_U64(u64(&b, "linux,uefi-system-table"), 0x5ff00000);
	CHECK_EQ_U64(u64(&b, "linux,uefi-mmap-start"), 0x5fe00000);
	/* two nodes instead of the placeholder, in its cells */
	CHECK(fdt_path_offset(b.fdt, "/memory@0") == -FDT_ERR_NOTFOUND);
	node = fdt_path_offset(b.fdt, "/memory@40000000");
	p = fdt_getprop(b.fdt, node, "reg", &len);
	if (CHECK(p && len == 8))
		CHECK_MEM(p, memory, 8);
	CHECK(fdt_path_offset(b.fdt, "/memory@80000000") > 0);
	node = fdt_path_offset(b.fdt, "/reserved-memory/tee@5e000000");
	CHECK(fdt_getprop(b.fdt, node, "no-map", NULL) != NULL);
	CHECK(fdt_getprop(b.fdt, node, "phandle", NULL) == NULL);
	node = fdt_path_offset(b.fdt, "/reserved-memory");
	CHECK(fdt_getprop(b.fdt, node, "ranges", &len) != NULL);
	CHECK_EQ_U64((uint64_t)fdt_address_cells(b.fdt, node), 1);
	CHECK(fdt_path_offset(b.fdt, "/reserved-memory/dynamic") < 0);
	/* firmware's reservation and the new initrd's, not the old one's */
	CHECK_EQ_U64((uint64_t)fdt_num_mem_rsv(b.fdt), 2);
	CHECK(reserved(&b, 0x4f000000, 0x100000));
	CHECK(noted(&b, "dtb: made from board.dtb"));
	CHECK(noted(&b, "dtb: memory nodes taken from the running machine"));
	CHECK(noted(&b, "dtb: 1 reserved-memory nodes taken from the running machine"));
	CHECK(noted(&b, "dtb: EFI's entries in /chosen taken from the running machine"));
	bed_deinit(&b);
}

/* Memory that the given tree does know is left alone. */
static void test_merge_keeps(void)
{
	struct bed b;

	bed_init(&b);
	tree_machine(&b.given);
	b.req.dtb = (struct kx_input){ .path = "own.dtb",
		.bytes = { b.given.fdt, fdt_totalsize(b.given.fdt) } };
	rich_machine(&b);
	if (!build(&b, 0, 0))
		return;
	CHECK(fdt_path_offset(b.fdt, "/memory@40000000") > 0);
	CHECK(fdt_path_offset(b.fdt, "/memory@80000000") < 0);
	CHECK(noted(&b, "dtb: memory is what the given tree says"));
	bed_deinit(&b);
}

static void test_merge_wide(void)
{
	struct bed b;

	bed_init(&b);
	given_tree(&b, false, 1);
	tree_begin(&b.running);
	tree_root(&b.running, 2, 2);
	tree_memory(&b.running, 0x8000000000, 0x20000000);
	b.src.arm64.fdt = tree_done(&b.running);
	build_fails(&b, E2BIG,
		    "board.dtb: device tree: 0x8000000000 of the running machine does not fit into the one cell that the given tree uses");
	given_tree(&b, false, 3);
	build_fails(&b, ENOEXEC,
		    "board.dtb: device tree: the given one: #address-cells and #size-cells of the root: expected 1 or 2, have 3 and 3");
	bed_deinit(&b);
}

/* --dtb wins over the UKI's tree, that over the running one. */
static void test_choice(void)
{
	struct bed b;

	bed_init(&b);
	given_tree(&b, false, 2);
	b.payload.dtb = b.req.dtb.bytes;
	b.req.dtb.path = NULL;
	CHECK(build(&b, 0, 0) && noted(&b, "dtb: made from the UKI's .dtb"));
	CHECK(fdt_path_offset(b.fdt, "/board") > 0);
	b.req.dtb.path = "x";
	CHECK(build(&b, 0, 0) && noted(&b, "dtb: made from x"));
	/* without a running tree there is nothing to merge */
	b.src.arm64.fdt = KX_BYTES_NONE;
	CHECK(build(&b, 0, 0));
	b.req.dtb.path = NULL;
	b.payload.dtb = KX_BYTES_NONE;
	build_fails(&b, EINVAL,
		    "no device tree: neither /sys/firmware/fdt (root only) nor /proc/device-tree is readable, and --dtb is not given");
	bed_deinit(&b);
}

/* ---- limits and bad input ---------------------------------------------- */

/* QEMU's trees are padded to 1 MiB; ours are as small as they can be. */
static void test_padding(void)
{
	struct bed b;
	size_t len;
	uint8_t *big;

	bed_init(&b);
	if (!build(&b, 0x44000000, 0x54321))
		return;
	len = b.out.len;
	big = kx_arena_alloc(&b.arena, 4 << 20);
	CHECK(fdt_open_into(b.running.fdt, big, 4 << 20) == 0);
	b.src.arm64.fdt = (struct kx_bytes){ big, 4 << 20 };
	if (build(&b, 0x44000000, 0x54321))
		CHECK_EQ_U64(b.out.len, len);
	bed_deinit(&b);
}

static void grow(struct bed *b, size_t total)
{
	uint8_t *big = kx_arena_alloc(&b->arena, total + 0x1000);
	char *junk = kx_arena_alloc(&b->arena, total);

	CHECK(fdt_open_into(b->running.fdt, big, (int)total + 0x1000) == 0);
	CHECK(fdt_setprop(big, 0, "junk", junk, (int)(total - fdt_totalsize(b->running.fdt))) == 0);
	b->src.arm64.fdt = (struct kx_bytes){ big, fdt_totalsize(big) };
}

static void test_too_big(void)
{
	struct bed b;
	struct kx_range none = { 0, 0 };

	bed_init(&b);
	grow(&b, 3 << 20);
	CHECK(kx_arm64_dtb_build(&b.plan, none, &b.out, &b.err) == -E2BIG);
	CHECK(strstr(b.err.text, "/sys/firmware/fdt: device tree: 0x300") == b.err.text);
	CHECK(strstr(b.err.text, ", and the kernel takes at most 0x200000"));
	/* just small enough before the edit, just too large after it */
	grow(&b, (2 << 20) - 0x20);
	CHECK(kx_arm64_dtb_build(&b.plan, none, &b.out, &b.err) == -E2BIG);
	CHECK(strstr(b.err.text, "/sys/firmware/fdt: device tree: 0x2000"));
	bed_deinit(&b);
}

static void test_bad(void)
{
	struct bed b;

	bed_init(&b);
	given_tree(&b, false, 2);
	b.req.dtb.bytes.len = 16;
	build_fails(&b, ENOEXEC, "board.dtb: device tree: expected at least 0x28 bytes, have 0x10");
	given_tree(&b, false, 2);
	fdt_set_off_dt_strings(b.given.fdt, fdt_off_dt_struct(b.given.fdt));
	CHECK(kx_arm64_dtb_build(&b.plan, (struct kx_range){ 0, 0 }, &b.out, &b.err) == -ENOEXEC);
	CHECK(strstr(b.err.text, "board.dtb: device tree: structure [0x"));
	given_tree(&b, false, 2);
	fdt_set_magic(b.running.fdt, 0);
	build_fails(&b, ENOEXEC,
		    "/sys/firmware/fdt: device tree: magic: expected 0xd00dfeed, have 0x0");
	bed_deinit(&b);
}

/* A long command line needs room that the tree did not have. */
static void test_long_cmdline(void)
{
	struct bed b;
	char line[2048];

	bed_init(&b);
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = 0;
	b.plan.cmdline = line;
	if (build(&b, 0x44000000, 4))
		CHECK_STR(str(&b, "bootargs"), line);
	bed_deinit(&b);
}

/* What we write, dtc reads. */
static void test_dtc(void)
{
	char path[] = "/tmp/kx-dtb-XXXXXX", command[200];
	struct bed b;
	FILE *f;
	int fd;

	if (system("command -v dtc >/dev/null 2>&1"))
		TEST_SKIP("no dtc");
	bed_init(&b);
	rich_machine(&b);
	given_tree(&b, true, 1);
	fd = build(&b, 0x44000000, 0x1000) ? mkstemp(path) : -1;
	f = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (CHECK(f)) {
		CHECK(fwrite(b.out.data, 1, b.out.len, f) == b.out.len);
		fclose(f);
		snprintf(command, sizeof(command), "dtc -q -I dtb -O dts -o /dev/null %s", path);
		CHECK(system(command) == 0);
		remove(path);
	}
	bed_deinit(&b);
}

TEST_MAIN({ "from the running tree", test_running },
	  { "five in a row", test_chain },
	  { "the timing record", test_timing },
	  { "no command line, initrd, random numbers", test_nothing_given },
	  { "no /chosen", test_no_chosen },
	  { "stale reservations and properties", test_stale },
	  { "the running tree's own reservation", test_stale_self },
	  { "a given tree gets what it lacks", test_merge },
	  { "a given tree keeps its memory", test_merge_keeps },
	  { "a given tree with narrow cells", test_merge_wide },
	  { "which tree", test_choice },
	  { "padding goes", test_padding },
	  { "over 2 MiB", test_too_big },
	  { "malformed trees", test_bad },
	  { "long command line", test_long_cmdline },
	  { "dtc reads it", test_dtc })
