/* SPDX-License-Identifier: GPL-2.0-only */
/* What the arm64 parts share among themselves. */
#ifndef PURGATORY_ARM64_ARM64_H
#define PURGATORY_ARM64_ARM64_H

#include "purgatory.h"

/* CurrentEL[3:2]: 1 or 2; kexec never leaves at 0 or 3. */
static inline uint32_t purg_current_el(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, CurrentEL" : "=r"(v));
	return (uint32_t)(v >> 2) & 3;
}

/* entry.S, from the vectors: slot 0-15 of the vector table, then the ELx registers. */
PURG_NORETURN void purg_trap(struct purg_param *p, uint64_t slot, uint64_t esr, uint64_t elr,
			     uint64_t far);

/* jump.S: x[0..3] into x0..x3, branch to @pc. */
PURG_NORETURN void purg_jump(uint64_t pc, const uint64_t x[4]);

#endif
