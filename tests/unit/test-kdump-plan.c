/* SPDX-License-Identifier: GPL-2.0-only */
/* kdump/capture-cmdline.c, estimate.c, stamp.c: what is decided before anything is run. */
#include "../../kdump/capture-cmdline.h"
#include "../../kdump/estimate.h"
#include "../../kdump/stamp.h"
#include "test.h"

#define ALWAYS	"kdump.capture panic=10 "
#define DEBIAN	" reset_devices systemd.unit=kdump-tools-dump.service nr_cpus=1 irqpoll"	\
		" usbcore.nousb"

static const struct {
	const char *running, *append, *remove, *want;
} lines[] = {
	{ "root=/dev/vda1 ro", NULL, NULL, ALWAYS "root=/dev/vda1 ro" DEBIAN },
	{ "crashkernel=256M root=/dev/vda1 quiet crashkernel=1G,high", NULL, NULL,
	  ALWAYS "root=/dev/vda1" DEBIAN },
	{ "hugepages=10 a hugepagesz=1G abm=x log_buf_len=16M b panic=0 nr_cpus=8", NULL, NULL,
	  ALWAYS "a b" DEBIAN },
	/* twice captured is captured once */
	{ "a kdump.capture elfcorehdr=0x1000", NULL, NULL, ALWAYS "a" DEBIAN },
	/* what is given to init, and a quote without an end, take nothing of ours */
	{ "a -- b", "", "", ALWAYS "a -- b" },
	{ "a quiet -- b quiet", NULL, NULL, ALWAYS "a" DEBIAN " -- b quiet" },
	{ "a -- b", "c", "", ALWAYS "a c -- b" },
	{ "--", "c", "", ALWAYS "c --" },
	{ "a \" -- \" --b x--", "c", "", ALWAYS "a \" -- \" --b x-- c" },
	{ "a \"b", "c", "", ALWAYS "a \"b c" },
	{ "", NULL, NULL,
	  "kdump.capture panic=10" DEBIAN },
	{ "a quiet crashkernel=1M b", "z", "b", ALWAYS "a quiet z" },
	{ "a crashkernel_x=1 quieter", "", "", ALWAYS "a crashkernel_x=1 quieter" },
};

static void test_cmdline(void)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct kx_arena a;
		struct conf c;

		kx_arena_init(&a);
		conf_init(&c, LAYOUT_DEBIAN);
		c.cmdline_append = lines[i].append;
		c.cmdline_remove = lines[i].remove;
		CHECK_STR(capture_cmdline(&c, lines[i].running, "x86_64", &a), lines[i].want);
		kx_arena_deinit(&a);
	}
}

static void test_cmdline_fedora(void)
{
	struct kx_arena a;
	const char *x86, *arm;
	struct conf c;

	kx_arena_init(&a);
	conf_init(&c, LAYOUT_FEDORA);
	x86 = capture_cmdline(&c, "ro", "x86_64", &a);
	arm = capture_cmdline(&c, "ro", "aarch64", &a);
	CHECK(strstr(x86, " mce=off ") && !strstr(arm, "mce=off"));
	CHECK(strstr(x86, " irqpoll ") && strstr(arm, " irqpoll "));
	CHECK(capture_marked(x86) && capture_marked(arm) && !capture_marked("ro kdump.captured"));
	/* A whole command line from the configuration is not thinned out, but for these. */
	c.cmdline = "quiet crashkernel=1G";
	c.cmdline_append = "";
	CHECK_STR(capture_cmdline(&c, c.cmdline, "x86_64", &a), ALWAYS "quiet");
	kx_arena_deinit(&a);
}

static void test_estimate(void)
{
	struct estimate e = { .kernel = 60 << 20, .initrd = 20 << 20, .unpacked = 50 << 20,
			      .modules = 6 << 20 };

	estimate_add_up(&e);
	CHECK_EQ_U64(e.runtime, 96 << 20);
	/* 232 MiB without the struct pages, which are 1/64 of all of it */
	CHECK(e.total == (232ull << 20) + e.pages);
	CHECK(e.pages * 64 >= e.total && (e.pages - 1) * 64 < e.total);
	CHECK_EQ_U64(e.crashkernel, 240 << 20);
	e = (struct estimate){ 0 };
	estimate_add_up(&e);
	CHECK_EQ_U64(e.crashkernel, 112 << 20);
	/* nothing overflows */
	e = (struct estimate){ UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, 0, 0, 0, 0 };
	estimate_add_up(&e);
	CHECK(e.total > 1ull << 49 && e.crashkernel >= e.total && e.crashkernel < 1ull << 62);
}

static const struct {
	const char *name;
	int good;
	enum conf_layout layout;
	const char *host;
} names[] = {
	{ "127.0.0.1-2026-11-21-08:30:05", 1, LAYOUT_FEDORA, "127.0.0.1" },
	{ "fe80::1-2026-11-21-08:30:05", 1, LAYOUT_FEDORA, "fe80::1" },
	{ "my-host-2026-11-21-08:30:05", 1, LAYOUT_FEDORA, "my-host" },
	{ "2026-11-21-08:30:05", 1, LAYOUT_FEDORA, "" },
	{ "202611210830", 1, LAYOUT_DEBIAN, "" },
	{ "10.0.0.7-202611210830", 1, LAYOUT_DEBIAN, "10.0.0.7" },
	{ "", 0, 0, NULL },
	{ "lost+found", 0, 0, NULL },
	{ "2026112108300", 0, 0, NULL },
	{ "20261121083", 0, 0, NULL },
	{ "202613210830", 0, 0, NULL },
	{ "202611320830", 0, 0, NULL },
	{ "202611212430", 0, 0, NULL },
	{ "-202611210830", 0, 0, NULL },
	{ "x202611210830", 0, 0, NULL },
	{ ".x-202611210830", 0, 0, NULL },
	{ "a/b-202611210830", 0, 0, NULL },
	{ "2026-11-21-08.30.05", 0, 0, NULL },
	{ "h-2026-11-21-08:30:05.bak", 0, 0, NULL },
};

static void test_names(void)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char back[STAMP_NAME_MAX + 1];
		struct stamp s;
		int good = stamp_parse(names[i].name, &s);

		if (!CHECK(good == names[i].good))
			printf("# %s\n", names[i].name);
		if (!good || !names[i].good)
			continue;
		CHECK(s.layout == names[i].layout);
		CHECK_STR(s.host, names[i].host);
		stamp_directory(&s, back);
		CHECK_STR(back, names[i].name);
	}
}

static void test_stamp_order(void)
{
	struct stamp a, b;

	CHECK(stamp_parse("202611210830", &a) && stamp_parse("z-2026-11-21-08:30:01", &b));
	CHECK(stamp_compare(&a, &b) < 0 && stamp_compare(&b, &a) > 0 && stamp_compare(&a, &a) == 0);
	CHECK(stamp_parse("a-2027-01-01-00:00:00", &a) && stamp_compare(&a, &b) > 0);
}

static void test_stamp_next(void)
{
	static const char *const rows[][2] = {
		{ "202612312359", "202701010000" },
		{ "h-202602282359", "h-202603010000" },
		{ "h-1970-01-01-00:00:59", "h-1970-01-01-00:01:00" },
		{ "h-2026-12-31-23:59:59", "h-2027-01-01-00:00:00" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char name[STAMP_NAME_MAX + 1];
		struct stamp s;

		CHECK(stamp_parse(rows[i][0], &s));
		stamp_next(&s);
		stamp_directory(&s, name);
		CHECK_STR(name, rows[i][1]);
	}
}

static void test_files(void)
{
	char name[STAMP_NAME_MAX + 1];
	struct tm t = { .tm_year = 126, .tm_mon = 10, .tm_mday = 21, .tm_hour = 8, .tm_min = 30 };
	struct stamp s;

	stamp_make(&s, LAYOUT_DEBIAN, "", &t);
	stamp_file(&s, FILE_VMCORE, name);
	CHECK_STR(name, "dump.202611210830");
	CHECK(stamp_file_of(name) == FILE_VMCORE);
	stamp_file(&s, FILE_DMESG, name);
	CHECK_STR(name, "dmesg.202611210830");
	CHECK(stamp_file_of(name) == FILE_DMESG);
	stamp_file(&s, FILE_INCOMPLETE, name);
	CHECK_STR(name, "dump-incomplete");
	stamp_make(&s, LAYOUT_FEDORA, "a/b c", &t);
	CHECK_STR(s.host, "a_b_c");
	for (int f = 0; f < FILE_OTHER; f++) {
		stamp_file(&s, (enum dump_file)f, name);
		CHECK(stamp_file_of(name) == (enum dump_file)f);
	}
	CHECK(stamp_file_of("dump.x") == FILE_OTHER && stamp_file_of("vmcore-x") == FILE_OTHER);
	CHECK(stamp_file_of("") == FILE_OTHER);
}

TEST_MAIN({ "command line", test_cmdline }, { "Fedora's additions", test_cmdline_fedora },
	  { "estimate", test_estimate }, { "names", test_names }, { "order", test_stamp_order },
	  { "the next name", test_stamp_next },
	  { "files", test_files })
