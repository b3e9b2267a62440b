// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reset, by everything a PC has for it, and halt.  Called by purgatory.c when
 * verification failed or an exception was taken.
 */
#include "x86_64.h"
#include <io.h>

#define RESET_CONTROL	0xcf9	/* Intel PCH data sheet, RST_CNT */
#define PORT_92		0x92	/* PS/2 system control port A */
#define KBD_COMMAND	0x64
#define KBD_BUSY	0x02	/* status: input buffer full */
#define KBD_PULSE_RESET	0xfe	/* pulse output line 0, the CPU's reset */
#define DELAY_PORT	0x80	/* POST codes: a write takes about 1 us */

static void delay(uint32_t microseconds)
{
	while (microseconds--)
		purg_out8(DELAY_PORT, 0);
}

void purg_arch_reset(const struct purg_param *p)
{
	(void)p;
	/* RST_CPU (bit 2) going up resets; SYS_RST (bit 1) says: everything. */
	purg_out8(RESET_CONTROL, 0x02);
	delay(50);
	purg_out8(RESET_CONTROL, 0x06);
	delay(10000);

	/* Bit 0 going up resets the CPU; bit 1 is the A20 gate, kept open. */
	purg_out8(PORT_92, (uint8_t)((purg_in8(PORT_92) & 0xfe) | 0x02));
	purg_out8(PORT_92, (uint8_t)(purg_in8(PORT_92) | 0x03));
	delay(10000);

	for (uint32_t i = 0; i < 10000 && (purg_in8(KBD_COMMAND) & KBD_BUSY); i++)
		delay(1);
	purg_out8(KBD_COMMAND, KBD_PULSE_RESET);
	delay(10000);

	/* No gate for #BP, none for the #DF after it: a triple fault. */
	purg_lidt(NULL, 0);
	__asm__ volatile("int3");
}

PURG_NORETURN void purg_arch_halt(void)
{
	/* Interrupts are off; an NMI or SMI wakes the CPU up once. */
	for (;;)
		__asm__ volatile("cli; hlt");
}
