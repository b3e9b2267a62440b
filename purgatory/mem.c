// SPDX-License-Identifier: GPL-2.0-only
/*
 * The four functions that a freestanding compiler may call by itself (GCC
 * manual, "Standards": "GCC requires the freestanding environment provide
 * memcpy, memmove, memset and memcmp").
 *
 * On arm64 without MMU every data access is Device-nGnRnE, where an unaligned
 * one faults; so words are only used where everything is aligned.
 *
 * KEEP_LOOP stops the compiler from recognising the loop as the very function
 * it is in, and calling itself.
 */
#include <stddef.h>
#include <stdint.h>

#define KEEP_LOOP(p)	__asm__ volatile("" : "+r"(p))
#define WORD		8

/* Words of a buffer of any type: exempt from type-based alias analysis. */
typedef uint64_t __attribute__((may_alias)) word;

void *memcpy(void *dst, const void *src, size_t len);
void *memmove(void *dst, const void *src, size_t len);
void *memset(void *dst, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);

void *memcpy(void *dst, const void *src, size_t len)
{
	uint8_t *d = dst;
	const uint8_t *s = src;

	if (!(((uintptr_t)d | (uintptr_t)s) & (WORD - 1)))
		for (; len >= WORD; len -= WORD, d += WORD, s += WORD) {
			*(word *)(void *)d = *(const word *)(const void *)s;
			KEEP_LOOP(d);
		}
	for (; len; len--) {
		*d++ = *s++;
		KEEP_LOOP(d);
	}
	return dst;
}

void *memmove(void *dst, const void *src, size_t len)
{
	uint8_t *d = dst;
	const uint8_t *s = src;

	/* Forward is right unless dst starts inside src. */
	if ((uintptr_t)d - (uintptr_t)s >= len)
		return memcpy(dst, src, len);
	while (len--) {
		d[len] = s[len];
		KEEP_LOOP(d);
	}
	return dst;
}

void *memset(void *dst, int byte, size_t len)
{
	uint8_t *d = dst;
	uint64_t fill = (uint8_t)byte * 0x0101010101010101ULL;

	if (!((uintptr_t)d & (WORD - 1)))
		for (; len >= WORD; len -= WORD, d += WORD) {
			*(word *)(void *)d = fill;
			KEEP_LOOP(d);
		}
	for (; len; len--) {
		*d++ = (uint8_t)byte;
		KEEP_LOOP(d);
	}
	return dst;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const uint8_t *x = a, *y = b;

	for (; len; len--, x++, y++) {
		KEEP_LOOP(x);
		if (*x != *y)
			return *x < *y ? -1 : 1;
	}
	return 0;
}
