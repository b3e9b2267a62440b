/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sys/hold.c: when memory is held, how much of it, and which.  That it helps is for
 * tests/qemu/resume (busy) to show.
 */
#include "../../kexec/sys/hold.h"
#include "sysroot.h"
#include "test.h"

#define MIB	((uint64_t)1 << 20)

static void test_pays(void)
{
	CHECK(!kx_hold_pays(0, 0));
	CHECK(!kx_hold_pays(96 * MIB - 1, 100 * MIB));
	CHECK(kx_hold_pays(96 * MIB, 100 * MIB));
	CHECK(kx_hold_pays(500 * MIB, 1500 * MIB));
	CHECK(!kx_hold_pays(500 * MIB, 1503 * MIB));
	CHECK(kx_hold_pays(500 * MIB, 0));
}

static void test_share(void)
{
	static const struct {
		uint64_t sum, free, total, reserve;	/* MiB */
		uint64_t keep, take, skip;
	} rows[] = {
		{ 750, 1900, 2048, 0, 64, 1836, 0 },
		{ 750, 1900, 2048, 40, 124, 1776, 0 },
		/* Exactly as much as is loaded is left. */
		{ 918, 1900, 2048, 0, 64, 1836, 0 },
		{ 919, 1900, 2048, 0, 64, 1836, 2 },
		{ 1000, 1900, 2048, 0, 64, 1836, 164 },
		{ 1835, 1900, 2048, 0, 64, 1836, 1834 },
		/* The kernel needs all that is free. */
		{ 1836, 1900, 2048, 0, 64, 0, 0 },
		{ 1900, 1900, 2048, 0, 64, 0, 0 },
		{ 100, 64, 2048, 0, 64, 0, 0 },
		{ 100, 0, 2048, 0, 64, 0, 0 },
		{ UINT64_MAX >> 20, 1900, 2048, 0, 64, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kx_hold_memory m = {
			.total = rows[i].total * MIB,
			.free = rows[i].free * MIB,
			.reserve = rows[i].reserve * MIB,
		};
		struct kx_hold_share s = kx_hold_share(rows[i].sum * MIB, &m);

		CHECK_EQ_U64(s.keep, rows[i].keep * MIB);
		CHECK_EQ_U64(s.take, rows[i].take * MIB);
		CHECK_EQ_U64(s.skip, rows[i].skip * MIB);
	}
}

/* In the order in which they are loaded, which is not that of their addresses. */
static void given(struct kx_plan *p)
{
	*p = (struct kx_plan){ .segment_count = 2 };
	p->segment[0].range = (struct kx_range){ 0x40000, 0x50000 };
	p->segment[1].range = (struct kx_range){ 0x10000, 0x30000 };
}

static void test_wants(void)
{
	static const struct {
		uint64_t skip, from, to;
		bool wanted;
	} rows[] = {
		{ 0, 0, 0x10000, false },
		{ 0, 0, 0x10001, true },
		{ 0, 0x2f000, 0x30000, true },
		{ 0, 0x30000, 0x40000, false },
		{ 0, 0x30000, 0x41000, true },
		{ 0, 0x4f000, 0x50000, true },
		{ 0, 0x50000, 0x60000, false },
		{ 0x4000, 0x40000, 0x44000, false },
		{ 0x4000, 0x40000, 0x45000, true },
		{ 0x4000, 0x10000, 0x11000, true },
		/* All of the first, and a page of the second. */
		{ 0x11000, 0x40000, 0x50000, false },
		{ 0x11000, 0x10000, 0x11000, false },
		{ 0x11000, 0x11000, 0x12000, true },
		{ 0x30000, 0, UINT64_MAX, false },
		{ UINT64_MAX, 0, UINT64_MAX, false },
	};
	struct kx_plan p;

	given(&p);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK(kx_hold_wants(&p, rows[i].skip, rows[i].from, rows[i].to) == rows[i].wanted);
}

/* A small plan, and a large one of a machine that is not this one: as if it were not there. */
static void test_nothing(void)
{
	struct kx_sources s = { .root = "", .page_size = 4096 };
	struct kx_request req = { .saved = NULL };
	struct kx_plan p;
	struct kx_hold h;

	given(&p);
	p.sources = &s;
	p.request = &req;
	for (size_t i = 0; i < 2; i++) {
		if (i == 1) {
			p.segment[0].range.end += 1024 * MIB;
			s.root = "/captured";
		}
		kx_hold_begin(&p, &h);
		CHECK(!h.at);
		CHECK_EQ_U64(h.held, 0);
		kx_hold_end(&h);
		kx_hold_end(&h);
	}
}

static void test_may(void)
{
	static const char zones[] = "Node 0, zone   Normal\n  pages free     9\n        managed  9\n"
				    "Node 0, zone  Movable\n  pages free     0\n        managed  0\n";
	struct sysroot root;
	uint64_t cma = 1;

	sysroot_make(&root);
	CHECK(kx_hold_may(root.dir, &cma) && cma == 0);
	sysroot_text(&root, "proc/meminfo", "MemFree: 100 kB\nCmaFree:          64 kB\n");
	sysroot_text(&root, "proc/zoneinfo", zones);
	sysroot_text(&root, "proc/self/cgroup", "1:name=systemd:/x\n0::/system.slice/a.service\n");
	sysroot_text(&root, "sys/fs/cgroup/system.slice/a.service/memory.max", "max\n");
	CHECK(kx_hold_may(root.dir, &cma));
	CHECK_EQ_U64(cma, 65536);
	sysroot_text(&root, "sys/fs/cgroup/system.slice/memory.max", "1073741824\n");
	CHECK(!kx_hold_may(root.dir, &cma));
	sysroot_text(&root, "proc/self/cgroup", "0::/\n");
	CHECK(kx_hold_may(root.dir, &cma));
	sysroot_text(&root, "proc/zoneinfo", "Node 0, zone  Movable\n        managed  12\n");
	CHECK(!kx_hold_may(root.dir, &cma));
	sysroot_remove(&root);
}

TEST_MAIN({ "when it pays", test_pays }, { "how much", test_share }, { "which", test_wants },
	  { "nothing", test_nothing }, { "machines where it may not", test_may })
