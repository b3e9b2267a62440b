/* SPDX-License-Identifier: GPL-2.0-only */
/* kexec/lib/cmdline.c: words as the kernel's next_arg() sees them. */
#include "kx/cmdline.h"
#include "test.h"

static const struct {
	const char *cmdline, *name, *want;
} removals[] = {
	{ "BOOT_IMAGE=/vmlinuz root=/dev/vda quiet", "BOOT_IMAGE", "root=/dev/vda quiet" },
	{ "root=/dev/vda BOOT_IMAGE=/v quiet", "BOOT_IMAGE", "root=/dev/vda quiet" },
	{ "root=/dev/vda crashkernel=1G", "crashkernel", "root=/dev/vda" },
	{ "a=1 b a=2 c a", "a", "b c" },
	{ "a a=1", "a", "" },
	{ "", "a", "" },
	{ "   ", "a", "" },
	/* exact names only */
	{ "crashkernel_foo=1 crashkernelx", "crashkernel", "crashkernel_foo=1 crashkernelx" },
	{ "xquiet quietx quiet=", "quiet", "xquiet quietx" },
	/* dash and underscore are one */
	{ "a-b=1 a_b=2 ab=3", "a_b", "ab=3" },
	{ "BOOT-IMAGE=x y", "BOOT_IMAGE", "y" },
	/* what stays keeps its spaces */
	{ "a  b\tc   d", "x", "a  b\tc   d" },
	{ "a  b\tc   d", "b", "a  c   d" },
	/* quotes keep spaces together, wherever they begin */
	{ "a=\"x y=1 z\" y=2", "y", "a=\"x y=1 z\"" },
	{ "a=\"x y\" z", "a", "z" },
	{ "\"a=x y\" z", "a", "z" },
	{ "\"a b\" z", "a b", "z" },
	{ "a=1\" x=2\"3 x=4", "x", "a=1\" x=2\"3" },
	{ "a=\"never closed b=1", "b", "a=\"never closed b=1" },
	/* found by fuzzing: spaces in an unclosed quote are no trailing spaces */
	{ "x \"y  ", "x", "\"y  " },
	{ "\"y\"  x", "x", "\"y\"" },
	/* a leading '=' is part of the name */
	{ "=a=1 b", "=a", "b" },
	{ "k \xa0v=1 w", "v", "k \xa0w" },
};

static void test_remove(void)
{
	struct kx_arena a;

	kx_arena_init(&a);
	for (size_t i = 0; i < sizeof(removals) / sizeof(removals[0]); i++)
		CHECK_STR(kx_cmdline_remove(&a, removals[i].cmdline, removals[i].name),
			  removals[i].want);
	kx_arena_deinit(&a);
}

static const struct {
	const char *cmdline, *name, *want;	/* want NULL: not there */
} lookups[] = {
	{ "a=1 b=2", "a", "1" },
	{ "a=1 a=2", "a", "2" },
	{ "a=1 a", "a", "" },
	{ "a b", "c", NULL },
	{ "retain-initrd", "retain_initrd", "" },
	{ "a=b=c", "a", "b=c" },
	{ "a=\"x y\" b", "a", "x y" },
	{ "\"a=x y\" b", "a", "x y" },
	{ "a=\"x", "a", "x" },
	{ "a=x\"y z\" b", "a", "x\"y z\"" },
	{ "a=\"", "a", "" },
	{ "\"a=\"", "a", "" },
	{ "\"\"", "", "" },
	{ "\"", "", "" },
	{ "", "", NULL },
	{ "a=\"\" b", "a", "" },
};

static void test_get(void)
{
	for (size_t i = 0; i < sizeof(lookups) / sizeof(lookups[0]); i++) {
		struct kx_bytes v = KX_BYTES_NONE;
		bool found = kx_cmdline_get(lookups[i].cmdline, lookups[i].name, &v);
		const char *want = lookups[i].want;

		if (!CHECK(found == (want != NULL)))
			printf("# in: %s\n", lookups[i].cmdline);
		if (found && want &&
		    !CHECK(v.len == strlen(want) && kx_bytes_starts(v, want, v.len)))
			printf("# in: %s\n", lookups[i].cmdline);
	}
	CHECK(kx_cmdline_get("a", "a", NULL));
}

static void test_join(void)
{
	struct kx_arena a;

	kx_arena_init(&a);
	CHECK_STR(kx_cmdline_join(&a, "a", "b"), "a b");
	CHECK_STR(kx_cmdline_join(&a, "a", ""), "a");
	CHECK_STR(kx_cmdline_join(&a, "", "b"), "b");
	CHECK_STR(kx_cmdline_join(&a, NULL, "b"), "b");
	CHECK_STR(kx_cmdline_join(&a, "a", NULL), "a");
	CHECK_STR(kx_cmdline_join(&a, NULL, NULL), "");
	kx_arena_deinit(&a);
}

TEST_MAIN({ "remove", test_remove }, { "get", test_get }, { "join", test_join })
