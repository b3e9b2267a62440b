/* SPDX-License-Identifier: GPL-2.0-only */
/* kexec/lib/arena.c: ownership; AddressSanitizer watches the edges and leaks. */
#include <stdio.h>

#include "kx/arena.h"
#include "test.h"

static void test_alloc(void)
{
	struct kx_arena a;
	uint8_t *p, *q;

	kx_arena_init(&a);
	p = kx_arena_alloc(&a, 33);
	q = kx_arena_alloc_raw(&a, 1);
	if (!CHECK(p && q))
		return;
	for (size_t i = 0; i < 33; i++)
		CHECK(p[i] == 0);
	CHECK((uintptr_t)p % 16 == 0 && (uintptr_t)q % 16 == 0);
	memset(p, 1, 33);
	*q = 1;
	CHECK(!kx_arena_alloc(&a, 0));
	CHECK(!kx_arena_alloc_raw(&a, 0));
	CHECK(!kx_arena_alloc(&a, SIZE_MAX));
	CHECK(!kx_arena_alloc_raw(&a, SIZE_MAX - 8));
	kx_arena_deinit(&a);
	CHECK(a.blocks == NULL);
	kx_arena_deinit(&a);
	kx_arena_deinit(NULL);
}

static void test_resize(void)
{
	struct kx_arena a;
	uint8_t *p, *other;

	kx_arena_init(&a);
	p = kx_arena_resize_raw(&a, NULL, 4);
	other = kx_arena_alloc(&a, 4);
	if (!CHECK(p && other))
		return;
	memcpy(p, "abcd", 4);
	CHECK(!kx_arena_resize_raw(&a, p, SIZE_MAX));
	CHECK(!kx_arena_resize_raw(&a, p + 1, 8));
	CHECK_MEM(p, "abcd", 4);
	p = kx_arena_resize_raw(&a, p, 1 << 20);
	if (CHECK(p))
		CHECK_MEM(p, "abcd", 4);
	p = kx_arena_resize_raw(&a, p, 2);
	if (CHECK(p))
		CHECK_MEM(p, "ab", 2);
	CHECK_MEM(other, "\0\0\0\0", 4);
	kx_arena_deinit(&a);
}

static void test_release(void)
{
	struct kx_arena a;
	uint8_t *p[3], mine = 0;

	kx_arena_init(&a);
	for (int i = 0; i < 3; i++)
		p[i] = kx_arena_alloc(&a, 8);
	kx_arena_release(&a, p[1]);
	/* Views into a block, foreign memory and NULL are left alone. */
	kx_arena_release(&a, p[0] + 1);
	kx_arena_release(&a, &mine);
	kx_arena_release(&a, NULL);
	memset(p[0], 1, 8);
	memset(p[2], 1, 8);
	kx_arena_release(&a, p[2]);
	kx_arena_release(&a, p[0]);
	CHECK(a.blocks == NULL);
	kx_arena_deinit(&a);
}

static void test_strings(void)
{
	struct kx_arena a;
	char *big;

	kx_arena_init(&a);
	CHECK_STR(kx_arena_strdup(&a, ""), "");
	CHECK_STR(kx_arena_strdup(&a, "abc"), "abc");
	CHECK_STR(kx_arena_printf(&a, "%d-%s", 7, "x"), "7-x");
	big = kx_arena_printf(&a, "%5000d", 1);
	CHECK(big && strlen(big) == 5000 && big[4999] == '1');
	kx_arena_deinit(&a);
}

TEST_MAIN({ "alloc", test_alloc },
	  { "resize", test_resize },
	  { "release", test_release },
	  { "strings", test_strings })
