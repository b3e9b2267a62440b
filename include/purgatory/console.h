/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which consoles purgatory's drivers can be pointed at.  One rule for both
 * sides: purgatory stops at a block with a console that breaks it, so kexec
 * leaves such a console out (kexec/plan/seal.c, purgatory/param.c).
 */
#ifndef PURGATORY_CONSOLE_H
#define PURGATORY_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

#include "purgatory/abi.h"

/* What is wrong with @c, whatever the machine; NULL if nothing is. */
static inline const char *purg_console_fault(const struct purg_console *c)
{
	uint64_t end;

	if (c->kind == PURG_CONSOLE_NONE)
		return NULL;
	if (c->kind == PURG_CONSOLE_8250_PORT && c->addr > 0x10000 - 8)
		return "console port beyond 0xffff";
	if (c->kind == PURG_CONSOLE_8250_MMIO && c->reg_shift > 8)
		return "console register stride too large";
	if (c->kind == PURG_CONSOLE_8250_MMIO && c->reg_width != 1 && c->reg_width != 4)
		return "console register width neither 1 nor 4";
	if (c->kind == PURG_CONSOLE_8250_MMIO && c->reg_width == 4 &&
	    ((c->addr & 3) || c->reg_shift < 2))
		return "console registers not aligned to their width";
	if (c->kind == PURG_CONSOLE_PL011 && (c->addr & 3))
		return "console registers not aligned to their width";
	if (c->divisor > 0xffff)
		return "console divisor over 16 bits";
	if (__builtin_add_overflow(c->addr, 0x1000, &end))
		return "console address wraps";
	return NULL;
}

#endif
