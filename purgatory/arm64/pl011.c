// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PL011 UART (Arm DDI 0183, chapter 3), left as the old kernel's driver
 * programmed it; and which consoles exist on arm64.  Called by console.c.
 *
 * 32-bit accesses: SBSA (Arm DEN0094, "Generic UART") allows them on every
 * implementation, and some know no others.
 */
#include "arm64.h"
#include <io.h>

#define UARTDR		0x00
#define UARTFR		0x18
#define UARTFR_TXFF	0x20	/* transmit FIFO full */

int purg_arch_console_known(uint32_t kind)
{
	return kind == PURG_CONSOLE_8250_MMIO || kind == PURG_CONSOLE_PL011;
}

static int put(const struct purg_console *c, uint8_t byte)
{
	for (uint32_t i = 0; i < PURG_CONSOLE_POLLS; i++) {
		if (purg_rd32(c->addr + UARTFR) & UARTFR_TXFF)
			continue;
		purg_wr32(c->addr + UARTDR, byte);
		return 0;
	}
	return -1;
}

int purg_arch_console_write(const struct purg_console *c, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n' && put(c, '\r'))
			return -1;
		if (put(c, (uint8_t)text[i]))
			return -1;
	}
	return 0;
}
