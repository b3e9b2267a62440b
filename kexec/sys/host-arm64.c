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
