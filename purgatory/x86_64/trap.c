// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exceptions in purgatory: an IDT onto the stubs of entry.S, and what is said when
 * one is taken.  Interrupts are off but for a moment in apic.c.  Called by
 * machine.c and by the stubs.
 */
#include "x86_64.h"

#define STUB_LEN	16
#define TRAPS		32

void purg_trap_init(struct purg_machine *m)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint64_t to = i < TRAPS ? (uint64_t)(uintptr_t)purg_trap_stubs + i * STUB_LEN :
					  (uint64_t)(uintptr_t)purg_irq;

		/*
		 * SDM vol. 3A, 6.14.1: offset 15:0, selector 0x10, type 0x8e
		 * (present, DPL 0, 64-bit interrupt gate), offset 63:16.
		 */
		m->idt[i].low = (to & 0xffff) | 0x10ULL << 16 | 0x8e00ULL << 32 |
				(to >> 16 & 0xffff) << 48;
		m->idt[i].high = to >> 32;
	}
	purg_lidt(m->idt, sizeof(m->idt) - 1);
}

PURG_NORETURN void purg_trap(const struct purg_frame *f)
{
	struct purg_line l;

	/* Printing has failed: no second line. */
	if (purg_machine.trapped++)
		purg_stop(&purg_param);

	purg_line_init(&l);
	purg_line_str(&l, "exception ");
	purg_line_dec(&l, f->vector);
	purg_line_str(&l, ", error code ");
	purg_line_hex(&l, f->error);
	purg_line_str(&l, ", rip ");
	purg_line_hex(&l, f->rip);
	purg_line_str(&l, ", cr2 ");
	purg_line_hex(&l, purg_rd_cr2());
	purg_fail(&purg_param, &l);
}
