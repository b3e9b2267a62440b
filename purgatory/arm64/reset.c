// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reset through PSCI (Arm DEN0022F, 5.1.12 SYSTEM_RESET), or stop.
 * Called by purgatory.c when verification failed or an exception was taken.
 */
#include "arm64.h"

#define PSCI_SYSTEM_RESET	0x84000009	/* SMC32 calling convention */

void purg_arch_reset(const struct purg_param *p)
{
	register uint64_t w0 __asm__("x0") = PSCI_SYSTEM_RESET;
	register uint64_t w1 __asm__("x1") = 0;
	register uint64_t w2 __asm__("x2") = 0;
	register uint64_t w3 __asm__("x3") = 0;

	/* The calling convention lets the callee change x0-x17. */
	if (p->psci == PURG_PSCI_SMC) {
		__asm__ volatile("smc #0" : "+r"(w0), "+r"(w1), "+r"(w2), "+r"(w3) : :
				 "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
				 "x14", "x15", "x16", "x17", "memory");
		return;
	}
	/*
	 * HVC goes to EL2.  If that is where we are, it comes right back into
	 * our own vectors; there is no hypervisor under us.
	 */
	if (p->psci == PURG_PSCI_HVC && purg_current_el() == 1)
		__asm__ volatile("hvc #0" : "+r"(w0), "+r"(w1), "+r"(w2), "+r"(w3) : :
				 "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
				 "x14", "x15", "x16", "x17", "memory");
}

PURG_NORETURN void purg_arch_halt(void)
{
	for (;;)
		__asm__ volatile("wfe");
}
