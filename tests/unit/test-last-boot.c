/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sys/last-boot.c: where the timing record is looked for, what is said when it
 * is not there, and the counter's rate.
 */
#include "kx/sys.h"
#include "sysroot.h"
#include "test.h"
#include "tree.h"

#define NODE	"sys/kernel/boot_params/setup_data"

struct bed {
	struct sysroot root;
	struct kx_arena arena;
	struct kx_sources src;
	struct kx_last_boot boot;
	struct kx_err err;
	struct tree tree;
	uint8_t record[KX_TIMING_LEN];
};

static void bed_init(struct bed *b, enum kx_machine machine)
{
	memset(b, 0, sizeof(*b));
	sysroot_make(&b->root);
	kx_arena_init(&b->arena);
	b->src.root = b->root.dir;
	b->src.machine = machine;
	kx_timing_blank(b->record);
	for (int i = PURG_TIMING_HZ; i < PURG_TIMING_WORDS; i++)
		b->record[8 * i + 5] = (uint8_t)(16 + i);	/* times 64 Ki */
}

static void bed_deinit(struct bed *b)
{
	sysroot_remove(&b->root);
	kx_arena_deinit(&b->arena);
}

static int look(struct bed *b)
{
	b->err.code = 0;
	return kx_last_boot_read(&b->src, &b->arena, &b->boot, &b->err);
}

/* ---- arm64 ---------------------------------------------------------------- */

static void chosen(struct bed *b, const void *record, size_t len)
{
	tree_begin(&b->tree);
	tree_root(&b->tree, 2, 2);
	tree_node(&b->tree, "chosen");
	if (record)
		tree_raw(&b->tree, "kexec-timing", record, (int)len);
	tree_end(&b->tree);
	b->src.arm64.fdt = tree_done(&b->tree);
	b->src.arm64.fdt_source = "/sys/firmware/fdt";
}

static void test_arm64(void)
{
	struct bed b;

	bed_init(&b, KX_MACHINE_ARM64);
	CHECK(look(&b) == -EACCES);
	CHECK_STR(b.err.text, "neither /sys/firmware/fdt (root only) nor /proc/device-tree is "
		  "readable: whether kexec left a timing record is not known");
	chosen(&b, NULL, 0);
	CHECK(look(&b) == -ENOENT);
	CHECK_STR(b.err.text, "the kernel was not started by kexec with a timing record: "
		  "no /chosen/kexec-timing in its device tree");
	chosen(&b, b.record, 63);
	CHECK(look(&b) == -ENOEXEC);
	CHECK_STR(b.err.text, "/sys/firmware/fdt: timing record: expected 72 bytes, have 63");
	chosen(&b, b.record, sizeof(b.record));
	if (!CHECK(look(&b) == 0))
		return;
	CHECK_EQ_U64(b.boot.record.word[PURG_TIMING_EXIT], (16 + PURG_TIMING_EXIT) << 16);
	CHECK_STR(b.boot.machine, "arm64");
	CHECK_STR(b.boot.source, "/sys/firmware/fdt");
	CHECK_EQ_U64(b.boot.hz, (16 + PURG_TIMING_HZ) << 16);
	CHECK_STR(b.boot.hz_source, "record");
	CHECK(!b.boot.running);
	kx_timing_blank(b.record);
	chosen(&b, b.record, sizeof(b.record));
	CHECK(look(&b) == -ENODATA);
	b.src.arm64.fdt.len = 20;
	CHECK(look(&b) == -ENOEXEC);
	CHECK_STR(b.err.text, "/sys/firmware/fdt: device tree: expected at least 0x28 bytes, have 0x14");
	bed_deinit(&b);
}

/* ---- x86_64 --------------------------------------------------------------- */

static void test_x86(void)
{
	static const char none[] = "the kernel was not started by kexec with a timing record: "
				   "no node of its type in /sys/kernel/boot_params/setup_data";
	struct bed b;

	bed_init(&b, KX_MACHINE_X86_64);
	CHECK(look(&b) == -ENOENT);
	CHECK_STR(b.err.text, none);
	/* Other types, one that is none, and one that is ours but unreadable. */
	sysroot_text(&b.root, NODE "/0/type", "0x9\n");
	sysroot_put(&b.root, NODE "/0/data", b.record, sizeof(b.record));
	sysroot_text(&b.root, NODE "/1/type", "ours\n");
	CHECK(look(&b) == -ENOENT);
	CHECK_STR(b.err.text, none);
	sysroot_text(&b.root, NODE "/2/type", "0x4b58544d\n");
	CHECK(look(&b) == -ENOENT);
	CHECK(strstr(b.err.text, "setup_data/2/data: cannot open"));
	sysroot_put(&b.root, NODE "/2/data", "", 0);
	CHECK(look(&b) == -ENOEXEC);
	CHECK_STR(b.err.text, "/sys/kernel/boot_params/setup_data/2/data: timing record: "
		  "expected 72 bytes, have 0");
	memset(b.record + 8 * PURG_TIMING_HZ, 0, 8);
	sysroot_put(&b.root, NODE "/2/data", b.record, sizeof(b.record));
	if (!CHECK(look(&b) == 0))
		return;
	CHECK_STR(b.boot.source, "/sys/kernel/boot_params/setup_data/2/data");
	CHECK_EQ_U64(b.boot.hz, 0);
	CHECK(!b.boot.hz_source);
	sysroot_text(&b.root, "sys/devices/system/cpu/cpu0/tsc_freq_khz", "2400000\n");
	CHECK(look(&b) == 0);
	CHECK_EQ_U64(b.boot.hz, 2400000000);
	CHECK_STR(b.boot.hz_source, "/sys/devices/system/cpu/cpu0/tsc_freq_khz");
	CHECK(!b.boot.running);
	bed_deinit(&b);
}

/* ---- the machine the test runs on ------------------------------------------- */

/* A record of now, in a tree: what a running arm64 reads, with any CPU's counter. */
static void test_running(void)
{
	struct kx_timing_kernel k;
	uint64_t now = kx_host_counter();
	struct bed b;

	bed_init(&b, KX_MACHINE_ARM64);
	b.src.root = "";
	memset(b.record + 8, 0, sizeof(b.record) - 8);
	for (int i = PURG_TIMING_ENTRY; i < PURG_TIMING_WORDS; i++)
		for (int n = 0; n < 8; n++)
			b.record[8 * i + n] = (uint8_t)(now >> (56 - 8 * n));
	chosen(&b, b.record, sizeof(b.record));
	if (!CHECK(look(&b) == 0))
		return;
	CHECK(b.boot.running);
	CHECK(b.boot.now > now);
	CHECK(b.boot.age_ns > 0);
	/* 1 MHz to 10 GHz, known to a hundredth: the pause is 50 ms. */
	CHECK(b.boot.hz > 1000000 && b.boot.hz < 10000000000);
	CHECK(b.boot.hz_error > 0 && b.boot.hz_error < 10000000);
	CHECK((b.boot.now - now) / (b.boot.hz / 1000) >= 49);
	/* Purgatory did not leave a moment ago, unless this machine just started. */
	if (b.boot.age_ns > 60000000000)
		CHECK_STR(kx_timing_kernel(&b.boot, &k), "the counter has stood still since");
	bed_deinit(&b);
}

TEST_MAIN({ "arm64", test_arm64 },
	  { "x86_64", test_x86 },
	  { "the running machine", test_running })
