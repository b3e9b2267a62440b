// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 8250 family of UARTs, by I/O port or by MMIO with any register stride.
 * Register numbers and bits are those of the National PC16550D data sheet,
 * section 8.  Called by console.c.
 */
#include "purgatory.h"
#include <io.h>

#define UART_THR	0	/* transmit holding; divisor low if LCR.DLAB */
#define UART_IER	1	/* interrupt enable; divisor high if LCR.DLAB */
#define UART_FCR	2	/* FIFO control */
#define UART_LCR	3	/* line control */
#define UART_MCR	4	/* modem control */
#define UART_LSR	5	/* line status */

#define LCR_8N1		0x03	/* 8 data bits, no parity, 1 stop bit */
#define LCR_DLAB	0x80
#define MCR_DTR_RTS	0x03
#define LSR_THRE	0x20	/* transmit holding register empty */
#define NO_DEVICE	0xff	/* what a bus without a device reads as */

static uint8_t rd(const struct purg_console *c, uint32_t reg)
{
	uint64_t pa = c->addr + ((uint64_t)reg << c->reg_shift);

	if (c->kind == PURG_CONSOLE_8250_PORT)
		return purg_in8((uint16_t)(c->addr + reg));
	return c->reg_width == 4 ? (uint8_t)purg_rd32(pa) : purg_rd8(pa);
}

static void wr(const struct purg_console *c, uint32_t reg, uint8_t v)
{
	uint64_t pa = c->addr + ((uint64_t)reg << c->reg_shift);

	if (c->kind == PURG_CONSOLE_8250_PORT)
		purg_out8((uint16_t)(c->addr + reg), v);
	else if (c->reg_width == 4)
		purg_wr32(pa, v);
	else
		purg_wr8(pa, v);
}

/* Without a divisor the line stays as the old kernel's driver left it. */
void purg_uart8250_init(const struct purg_console *c)
{
	if (!c->divisor)
		return;
	wr(c, UART_IER, 0);	/* nobody takes its interrupts */
	wr(c, UART_LCR, LCR_DLAB | LCR_8N1);
	wr(c, UART_THR, (uint8_t)c->divisor);
	wr(c, UART_IER, (uint8_t)(c->divisor >> 8));
	wr(c, UART_LCR, LCR_8N1);
	wr(c, UART_FCR, 0);	/* no FIFO: THRE then means one byte of room */
	wr(c, UART_MCR, MCR_DTR_RTS);
}

static int put(const struct purg_console *c, uint8_t byte)
{
	for (uint32_t i = 0; i < PURG_CONSOLE_POLLS; i++) {
		uint8_t lsr = rd(c, UART_LSR);

		/* LSR bit 7 never is set together with all the others. */
		if (lsr == NO_DEVICE)
			return -1;
		if (lsr & LSR_THRE) {
			wr(c, UART_THR, byte);
			return 0;
		}
	}
	return -1;
}

int purg_uart8250_write(const struct purg_console *c, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n' && put(c, '\r'))
			return -1;
		if (put(c, (uint8_t)text[i]))
			return -1;
	}
	return 0;
}
