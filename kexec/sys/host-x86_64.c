/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the CPU that kexec itself runs on can do: x86_64.
 * CPUID bits from the Intel SDM, volume 2, CPUID leaves 1 and 7.
 */
#include <cpuid.h>

#include "kx/sys.h"

sha256_blocks_fn *kx_sha256_best(void)
{
	unsigned int a, b, c, d;

	/* sha256_blocks_ni uses SSSE3 (PSHUFB) and SSE4.1 (PBLENDW). */
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1))
		return sha256_blocks_portable;
	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_SHA))
		return sha256_blocks_portable;
	return sha256_blocks_ni;
}

struct sha256_engine kx_sha256_engine(void)
{
	struct sha256_engine e = { .blocks = kx_sha256_best() };

	if (e.blocks == sha256_blocks_ni)
		return e;
	/* That the kernel saves the registers is part of the answer. */
	if (__builtin_cpu_supports("avx2")) {
		e.lanes = sha256_lanes_avx2;
		e.lane_count = 8;
	} else {
		e.lanes = sha256_lanes_sse2;
		e.lane_count = 4;
	}
	return e;
}

uint64_t kx_host_counter(void)
{
	uint32_t low, high;

	/* LFENCE: RDTSC may otherwise be executed early (SDM, RDTSC). */
	__asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* Leaf 7, ECX bit 16; kernels built without CONFIG_X86_5LEVEL do not show it. */
bool kx_host_la57(void)
{
	unsigned int a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c & (1u << 16));
}
