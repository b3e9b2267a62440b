/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the CPU that kexec itself runs on can do: arm64.
 * The bit is from Documentation/arch/arm64/elf_hwcaps.rst.
 */
#include <sys/auxv.h>

#include "kx/sys.h"

#define HWCAP_SHA2_BIT	(1ul << 6)

sha256_blocks_fn *kx_sha256_best(void)
{
	return getauxval(AT_HWCAP) & HWCAP_SHA2_BIT ? sha256_blocks_ce : sha256_blocks_portable;
}

struct sha256_engine kx_sha256_engine(void)
{
	struct sha256_engine e = { .blocks = kx_sha256_best() };

	if (e.blocks == sha256_blocks_ce)
		return e;
	e.lanes = sha256_lanes_neon;
	e.lane_count = 4;
	return e;
}

/*
 * The virtual counter.  Purgatory reads the physical one at EL2, but there the
 * next kernel sets CNTVOFF_EL2 to 0 (arch/arm64/include/asm/el2_setup.h,
 * __init_el2_timers), and below a hypervisor both read this one.
 */
uint64_t kx_host_counter(void)
{
	uint64_t v;

	/* Without ISB the counter may be read early (Arm ARM, CNTVCT_EL0). */
	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(v) : : "memory");
	return v;
}

bool kx_host_la57(void)
{
	return false;
}
