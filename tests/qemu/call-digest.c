// SPDX-License-Identifier: GPL-2.0-only
/*
 * For kexec --call: digests physical memory, which it is identity-mapped to.  Built
 * into a flat binary by build_function in lib.sh.
 */
#include "fnv.h"

uint64_t digest(const volatile uint8_t *data, uint64_t len, uint64_t change);

uint64_t digest(const volatile uint8_t *data, uint64_t len, uint64_t change)
{
	return fnv1a(data, len, change);
}
