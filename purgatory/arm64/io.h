/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device accesses, arm64.  In assembly, because a compiler may use a load
 * with write-back for a volatile access, and a hypervisor that emulates the
 * device gets no syndrome for those (ESR_EL2.ISV = 0).
 *
 * There are no I/O ports; param.c turns such consoles away, and the two port
 * functions only let uart8250.c compile.
 */
#ifndef PURGATORY_ARM64_IO_H
#define PURGATORY_ARM64_IO_H

#include <stdint.h>

static inline uint8_t purg_rd8(uint64_t pa)
{
	uint32_t v;

	__asm__ volatile("ldrb %w0, [%1]" : "=r"(v) : "r"(pa) : "memory");
	return (uint8_t)v;
}

static inline uint32_t purg_rd32(uint64_t pa)
{
	uint32_t v;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(pa) : "memory");
	return v;
}

static inline uint64_t purg_rd64(uint64_t pa)
{
	uint64_t v;

	__asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(pa) : "memory");
	return v;
}

static inline void purg_wr64(uint64_t pa, uint64_t v)
{
	__asm__ volatile("str %0, [%1]" : : "r"(v), "r"(pa) : "memory");
}

static inline void purg_wr8(uint64_t pa, uint8_t v)
{
	__asm__ volatile("strb %w0, [%1]" : : "r"(v), "r"(pa) : "memory");
}

static inline void purg_wr32(uint64_t pa, uint32_t v)
{
	__asm__ volatile("str %w0, [%1]" : : "r"(v), "r"(pa) : "memory");
}

static inline uint8_t purg_in8(uint16_t port)
{
	(void)port;
	return 0xff;
}

static inline void purg_out8(uint16_t port, uint8_t v)
{
	(void)port;
	(void)v;
}

#endif
