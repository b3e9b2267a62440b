// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of consoles in the parameter block: who is on it, and who is still
 * alive.  The devices are in uart8250.c (both architectures), x86_64/vga.c
 * and arm64/pl011.c.  Called by print.c.
 */
#include "purgatory.h"

static int is_8250(const struct purg_console *c)
{
	return c->kind == PURG_CONSOLE_8250_PORT || c->kind == PURG_CONSOLE_8250_MMIO;
}

void purg_console_init(struct purg_param *p)
{
	for (uint32_t i = 0; i < p->console_count; i++)
		if (is_8250(&p->console[i]))
			purg_uart8250_init(&p->console[i]);
}

static int console_write(const struct purg_console *c, const char *text, size_t len)
{
	if (c->kind == PURG_CONSOLE_NONE)
		return 0;
	if (is_8250(c))
		return purg_uart8250_write(c, text, len);
	return purg_arch_console_write(c, text, len);
}

void purg_console_write(struct purg_param *p, const char *text, size_t len)
{
	for (uint32_t i = 0; i < p->console_count; i++)
		if (console_write(&p->console[i], text, len))
			p->console[i].kind = PURG_CONSOLE_NONE;
}
