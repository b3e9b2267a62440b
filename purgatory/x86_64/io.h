/* SPDX-License-Identifier: GPL-2.0-only */
/* Device accesses, x86_64.  Devices are mapped uncached or by an UC MTRR. */
#ifndef PURGATORY_X86_64_IO_H
#define PURGATORY_X86_64_IO_H

#include <stdint.h>

static inline uint8_t purg_rd8(uint64_t pa)
{
	return *(volatile uint8_t *)(uintptr_t)pa;
}

static inline uint16_t purg_rd16(uint64_t pa)
{
	return *(volatile uint16_t *)(uintptr_t)pa;
}

static inline uint32_t purg_rd32(uint64_t pa)
{
	return *(volatile uint32_t *)(uintptr_t)pa;
}

static inline void purg_wr8(uint64_t pa, uint8_t v)
{
	*(volatile uint8_t *)(uintptr_t)pa = v;
}

static inline void purg_wr16(uint64_t pa, uint16_t v)
{
	*(volatile uint16_t *)(uintptr_t)pa = v;
}

static inline void purg_wr32(uint64_t pa, uint32_t v)
{
	*(volatile uint32_t *)(uintptr_t)pa = v;
}

static inline uint8_t purg_in8(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void purg_out8(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

#endif
