// SPDX-License-Identifier: GPL-2.0-only
/*
 * An exception in purgatory: say what and where once, then obey on_fail.
 * Called by the vectors in entry.S.
 */
#include "arm64.h"

/*
 * The one thing to remember between two exceptions.  Cleared by the load: the
 * image contains its zeros.
 */
static uint32_t trapped;

/* ESR_ELx.EC, Arm ARM D17.2.37, those that can happen to us. */
static const char *class_name(uint64_t esr)
{
	switch ((esr >> 26) & 0x3f) {
	case 0x00: return "unknown reason";
	case 0x07: return "FP/SIMD access";
	case 0x0e: return "illegal execution state";
	case 0x21: return "instruction abort";
	case 0x22: return "PC alignment";
	case 0x25: return "data abort";
	case 0x26: return "SP alignment";
	case 0x2f: return "SError";
	case 0x3c: return "BRK";
	}
	return "exception";
}

PURG_NORETURN void purg_trap(struct purg_param *p, uint64_t slot, uint64_t esr, uint64_t elr,
			     uint64_t far)
{
	struct purg_line l;

	/* Printing has failed: no second line, but still what was asked for. */
	trapped++;
	if (trapped == 2)
		purg_stop(p);
	/* The reset has failed, too. */
	if (trapped > 2)
		purg_arch_halt();

	purg_line_init(&l);
	purg_line_str(&l, class_name(esr));
	purg_line_str(&l, " at EL");
	purg_line_dec(&l, purg_current_el());
	purg_line_str(&l, ", vector ");
	purg_line_dec(&l, slot);
	purg_line_str(&l, ", ESR ");
	purg_line_hex(&l, esr);
	purg_line_str(&l, " ELR ");
	purg_line_hex(&l, elr);
	purg_line_str(&l, " FAR ");
	purg_line_hex(&l, far);
	purg_fail(p, &l);
}
