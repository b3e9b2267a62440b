// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory as the unpack list needs it, arm64: mapped, or with the MMU off, when
 * it is all Device-nGnRnE (Arm ARM D8.2.12.1 "Data accesses if stage 1
 * translation is disabled"): uncached, and an unaligned access faults.
 * Called by unpack.c.
 */
#include "arm64.h"
#include "purgatory/lz4.h"

/* Can words be used at these addresses? */
static int words_possible(uintptr_t addresses)
{
	return purg_cpu_is(CPU_MAPPED) || !(addresses & 7);
}

void purg_arch_move(void *dst, const void *src, uint64_t len)
{
	uintptr_t d = (uintptr_t)dst, s = (uintptr_t)src;

	if (!words_possible(d | s))
		__builtin_memmove(dst, src, len);
	else if (d - s >= len)	/* dst does not start inside src */
		purg_copy_up(dst, src, len);
	else
		purg_copy_down(dst, src, len);
}

/* Bytes that DC ZVA clears, 0 = not to be used. */
static uint64_t zva_block(void)
{
	uint64_t id = purg_mrs("dczid_el0");

	/* Device memory, as all is without the map, faults. */
	if (!purg_cpu_is(CPU_MAPPED) || (id & 0x10))	/* DZP: prohibited */
		return 0;
	return 4ULL << (id & 0xf);			/* BS: log2 of words */
}

void purg_arch_zero(void *dst, uint64_t len)
{
	uint64_t block = zva_block(), head;
	uint8_t *d = dst;

	if (!words_possible((uintptr_t)dst)) {
		__builtin_memset(dst, 0, len);
		return;
	}
	if (block && len >= 2 * block) {
		head = -(uintptr_t)dst & (block - 1);
		purg_zero_words(d, head);
		d += head;
		len -= head;
		purg_zero_blocks(d, len & ~(block - 1), block);
		d += len & ~(block - 1);
		len &= block - 1;
	}
	purg_zero_words(d, len);
}

purg_lz4_fn *purg_arch_lz4(void)
{
	return purg_cpu_is(CPU_MAPPED) ? purg_lz4_decode : purg_lz4_decode_strict;
}
