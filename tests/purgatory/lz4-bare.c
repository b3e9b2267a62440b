// SPDX-License-Identifier: GPL-2.0-only
/*
 * purg_lz4_decode_strict on a bare arm64 machine where unaligned accesses fault
 * (SCTLR_EL1.A), as all memory does with the MMU off; a payload of
 * tests/purgatory/qemu.c.  QEMU before 9.0 does not emulate the latter.
 *
 * An access that faults is counted and skipped.  The last one is unaligned on
 * purpose, to show that it would be seen.
 */
#include <stddef.h>
#include <stdint.h>
#include "purgatory/lz4.h"
#include <io.h>

#define BLOCK	0x4b000000	/* RAM nobody uses */
#define WANT	0x4b100000
#define OUT	0x4b200000
#define BLOCKS	300

void payload(const uint64_t *saved);

/* Vector 4, "current EL with SPx, synchronous"; TPIDR_EL0 counts. */
__asm__(
	"	.balign 2048\n"
	"vectors:\n"
	"	.space 0x200\n"
	"	msr	tpidr_el1, x0\n"
	"	mrs	x0, elr_el1\n"
	"	add	x0, x0, #4\n"
	"	msr	elr_el1, x0\n"
	"	mrs	x0, tpidr_el0\n"
	"	add	x0, x0, #1\n"
	"	msr	tpidr_el0, x0\n"
	"	mrs	x0, tpidr_el1\n"
	"	eret\n"
	"	.balign 2048\n");
extern const char vectors[] __attribute__((visibility("hidden")));

static void forbid_unaligned(void)
{
	uint64_t sctlr;

	__asm__ volatile("msr vbar_el1, %1; msr tpidr_el0, xzr;"
			 "mrs %0, sctlr_el1; orr %0, %0, #2; msr sctlr_el1, %0; isb"
			 : "=&r"(sctlr) : "r"(vectors) : "memory");
}

static uint64_t faults(void)
{
	uint64_t n;

	__asm__ volatile("mrs %0, tpidr_el0" : "=r"(n) : : "memory");
	return n;
}

static void put(const char *s)
{
	while (*s)
		purg_wr32(0x09000000, (uint8_t)*s++);
}

static void dec(uint64_t v)
{
	char text[21];
	char *p = text + 20;

	*p = 0;
	do {
		*--p = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	put(p);
}

static uint32_t roll(uint32_t *x, uint32_t sides)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x % sides;
}

/* A length field's other bytes. */
static uint8_t *more(uint8_t *p, uint64_t len)
{
	if (len < 15)
		return p;
	for (len -= 15; len >= 255; len -= 255)
		*p++ = 255;
	*p++ = (uint8_t)len;
	return p;
}

/* Sequences of every kind at @p, what they unpack to at @want; gives both ends. */
static uint8_t *make_block(uint32_t *x, uint8_t *p, uint8_t **want)
{
	const uint8_t *start = *want;
	uint8_t *out = *want;

	for (uint32_t n = 50; n; n--) {
		uint64_t literals = 1 + roll(x, roll(x, 4) ? 20 : 600);
		uint64_t match = 4 + roll(x, roll(x, 4) ? 20 : 600), offset;

		if (n == 1)
			match = 4;	/* not written */
		*p++ = (uint8_t)((literals < 15 ? literals : 15) << 4 |
				 (match - 4 < 15 ? match - 4 : 15));
		p = more(p, literals);
		while (literals--)
			*out++ = *p++ = (uint8_t)roll(x, 256);
		if (n == 1)
			break;
		offset = 1 + roll(x, roll(x, 2) ? 40 : 5000);
		if (offset > (uint64_t)(out - start))
			offset = (uint64_t)(out - start);
		*p++ = (uint8_t)offset;
		*p++ = (uint8_t)(offset >> 8);
		p = more(p, match - 4);
		for (; match; match--, out++)
			*out = out[-(int64_t)offset];
	}
	*want = out;
	return p;
}

void payload(const uint64_t *saved)
{
	uint64_t equal = 0, strict_faults, unaligned;
	uint32_t x = 1;

	(void)saved;
	forbid_unaligned();
	for (uint32_t i = 0; i < BLOCKS; i++) {
		uint8_t *want = (uint8_t *)(uintptr_t)WANT;
		uint8_t *block = (uint8_t *)(uintptr_t)BLOCK + i % 8;
		uint8_t *out = (uint8_t *)(uintptr_t)OUT + i / 8 % 8;
		uint64_t block_len, want_len;

		block_len = (uint64_t)(make_block(&x, block, &want) - block);
		want_len = (uint64_t)(want - (uint8_t *)(uintptr_t)WANT);
		equal += !purg_lz4_decode_strict(block, block_len, out, want_len) &&
			 !__builtin_memcmp(out, (uint8_t *)(uintptr_t)WANT, want_len);
	}
	strict_faults = faults();
	put("LZ4: ");
	dec(equal);
	put(" of 300 equal, ");
	dec(strict_faults);
	put(" unaligned\n");
	__asm__ volatile("ldr %0, [%1]" : "=r"(unaligned) : "r"((uint64_t)BLOCK + 1) : "memory");
	if (faults() == strict_faults + 1)
		put("LZ4: unaligned accesses are seen\n");
}
