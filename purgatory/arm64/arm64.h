/* SPDX-License-Identifier: GPL-2.0-only */
/* What the arm64 parts share among themselves. */
#ifndef PURGATORY_ARM64_ARM64_H
#define PURGATORY_ARM64_ARM64_H

#include "purgatory.h"
#include "arm64/cpu.h"

/* A system register by its name or S3_ encoding. */
#define purg_mrs(name) ({						\
	uint64_t v_;							\
	__asm__ volatile("mrs %0, " name : "=r"(v_));			\
	v_;								\
})
#define purg_msr(name, v)	__asm__ volatile("msr " name ", %0" : : "r"((uint64_t)(v)))

/* CurrentEL[3:2]: 1 or 2; kexec never leaves at 0 or 3. */
static inline uint32_t purg_current_el(void)
{
	return (uint32_t)(purg_mrs("CurrentEL") >> 2) & 3;
}

/* entry.S, from the vectors: slot 0-15 of the vector table, then the ELx registers. */
PURG_NORETURN void purg_trap(struct purg_param *p, uint64_t slot, uint64_t esr, uint64_t elr,
			     uint64_t far);

/*
 * mmu.S.  _on: drops what the caches hold of [@start, @end), the image and the
 * tables behind it, then turns on MMU and caches with @tcr and @ttbr0; @flags
 * are purg_cpu's.  _leave: the reverse, with every register as in @cpu, then
 * x[0..3] into x0..x3 and a branch to @pc.  [@start, @end) is cleaned last; in
 * it are @lpi_count entries @lpi, whose redistributors' LPIs are turned on.
 */
void purg_mmu_on(uint64_t tcr, uint64_t ttbr0, uint64_t start, uint64_t end, uint64_t flags);
PURG_NORETURN void purg_leave(const struct purg_cpu *cpu, uint64_t pc, const uint64_t x[4],
			      uint64_t start, uint64_t end, const struct purg_lpi *lpi,
			      uint64_t lpi_count);

/* cache.S: cleans and invalidates the lines of @len bytes to the point of coherency. */
void purg_dcache_civac(const void *start, uint64_t len);

/*
 * move.S.  Copies upwards (right if dst is below src, or they do not overlap)
 * or downwards; unless mapped, dst and src have to be aligned to 8.  _words:
 * zeros, the same.  _blocks: whole blocks of DC ZVA, only if mapped.
 */
void purg_copy_up(void *dst, const void *src, uint64_t len);
void purg_copy_down(void *dst, const void *src, uint64_t len);
void purg_zero_words(void *dst, uint64_t len);
void purg_zero_blocks(void *dst, uint64_t len, uint64_t block);

#endif
