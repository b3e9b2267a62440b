// SPDX-License-Identifier: GPL-2.0-only
/*
 * sha256_blocks_ce and sha256_lanes_neon on a bare arm64 machine, against the
 * portable one; a payload of tests/purgatory/qemu.c.  With QEMU's -icount shift=0 (set
 * PURG_TEST_ICOUNT) the virtual counter counts instructions: one per ns.
 */
#include <stddef.h>
#include <stdint.h>
#include "purgatory/sha256.h"
#include <io.h>

#define BUFFER	0x4b000000	/* RAM nobody uses */
#define MIB	0x100000

void payload(const uint64_t *saved);

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

static uint64_t ns(void)
{
	uint64_t count, hz;

	__asm__ volatile("isb; mrs %0, cntvct_el0; mrs %1, cntfrq_el0" : "=r"(count), "=r"(hz) : :
			 "memory");
	return count * 1000 / (hz / 1000000);
}

static void measure(const char *name, sha256_blocks_fn *fn, const uint8_t *data)
{
	uint32_t state[8] = { 0 };
	uint64_t start = ns();

	fn(state, data, 4 * MIB / 64);
	put(name);
	dec((ns() - start) / (4 * MIB / 1000));
	put(" ns per 1000 bytes\n");
}

static void measure4(const uint8_t *data)
{
	uint32_t state[SHA256_WORDS][4] __attribute__((aligned(16))) = { { 0 } };
	const uint8_t *const start[4] = { data, data + MIB, data + 2 * MIB, data + 3 * MIB };
	uint64_t begin = ns();

	sha256_lanes_neon(state[0], start, MIB / 64);
	put("four ");
	dec((ns() - begin) / (4 * MIB / 1000));
	put(" ns per 1000 bytes\n");
}

/* Four messages of different alignment, @blocks each; equal to one by one? */
static int four_equal(const uint8_t *data, uint32_t seed, size_t blocks)
{
	uint32_t state[SHA256_WORDS][4] __attribute__((aligned(16))), one[SHA256_WORDS];
	const uint8_t *start[4];
	int equal = 1;

	for (uint32_t i = 0; i < 4; i++) {
		start[i] = data + 5000 * i + seed * i;
		for (uint32_t w = 0; w < SHA256_WORDS; w++)
			state[w][i] = seed * 2654435761u + 77 * i + w;
	}
	sha256_lanes_neon(state[0], start, blocks);
	for (uint32_t i = 0; i < 4; i++) {
		for (uint32_t w = 0; w < SHA256_WORDS; w++)
			one[w] = seed * 2654435761u + 77 * i + w;
		sha256_blocks_portable(one, start[i], blocks);
		for (uint32_t w = 0; w < SHA256_WORDS; w++)
			equal &= one[w] == state[w][i];
	}
	return equal;
}

void payload(const uint64_t *saved)
{
	uint8_t *data = (uint8_t *)(uintptr_t)BUFFER;
	uint64_t equal = 0, four = 0;

	(void)saved;
	__asm__ volatile("msr cpacr_el1, %0; isb" : : "r"(3UL << 20));	/* FPEN: no traps */
	for (uint32_t i = 0; i < 4 * MIB; i++)
		data[i] = (uint8_t)(i * 2654435761u >> 11);
	for (uint32_t i = 0; i < 300; i++) {
		uint32_t a[8] = { i, 1, 2, 3, 4, 5, 6, 7 }, b[8] = { i, 1, 2, 3, 4, 5, 6, 7 };

		sha256_blocks_ce(a, data + 64 * i, i % 40);
		sha256_blocks_portable(b, data + 64 * i, i % 40);
		equal += !__builtin_memcmp(a, b, sizeof(a));
		four += (uint64_t)four_equal(data, i, i % 40);
	}
	put("SHA2: ");
	dec(equal);
	put(" of 300 equal\n");
	put("four: ");
	dec(four);
	put(" of 300 equal\n");
	measure("portable ", sha256_blocks_portable, data);
	measure("SHA2 ", sha256_blocks_ce, data);
	measure4(data);
}
