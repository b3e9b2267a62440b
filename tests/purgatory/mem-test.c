// SPDX-License-Identifier: GPL-2.0-only
/* purgatory/mem.c, built with its functions renamed, against the C library's. */
#include <stddef.h>
#include "../unit/test.h"

void *purg_memcpy(void *dst, const void *src, size_t len);
void *purg_memmove(void *dst, const void *src, size_t len);
void *purg_memset(void *dst, int byte, size_t len);
int purg_memcmp(const void *a, const void *b, size_t len);

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

static void test_all(void)
{
	uint8_t src[64], a[64], b[64];

	for (size_t i = 0; i < sizeof(src); i++)
		src[i] = (uint8_t)(i * 37);
	for (size_t d = 0; d < 9; d++)
		for (size_t s = 0; s < 9; s++)
			for (size_t n = 0; n < 40; n++) {
				memset(a, 0xee, sizeof(a));
				memset(b, 0xee, sizeof(b));
				CHECK(purg_memcpy(a + d, src + s, n) == a + d);
				memcpy(b + d, src + s, n);
				CHECK_MEM(a, b, sizeof(a));
				memcpy(a, src, sizeof(a));
				memcpy(b, src, sizeof(b));
				CHECK(purg_memmove(a + d, a + s, n) == a + d);
				memmove(b + d, b + s, n);
				CHECK_MEM(a, b, sizeof(a));
				CHECK(purg_memset(a + d, (int)(0x100 + s), n) == a + d);
				memset(b + d, (int)(0x100 + s), n);
				CHECK_MEM(a, b, sizeof(a));
				CHECK(sign(purg_memcmp(src + d, src + s, n)) ==
				      sign(memcmp(src + d, src + s, n)));
			}
}

TEST_MAIN({ "memcpy, memmove, memset, memcmp", test_all })
