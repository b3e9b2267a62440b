// SPDX-License-Identifier: GPL-2.0-only
/*
 * The local APIC between two kernels of which one sleeps (PURG_F_STOP_CPUS): stops
 * the other CPUs, and answers what this one still has to be told.
 *
 * SDM vol. 3A, chapter 10.  Called by machine.c, once our own map and IDT are used.
 */
#include "x86_64.h"
#include <io.h>

#define MSR_APIC_BASE	0x1b
#define APIC_BASE_BSP	(1u << 8)
#define APIC_BASE_X2	(1u << 10)
#define APIC_BASE_ON	(1u << 11)
#define APIC_BASE_ADDR	0x000ffffffffff000ULL
#define MSR_X2APIC	0x800		/* register / 16 behind it */

/* Table 10-1, offsets in the page */
#define TPR		0x80
#define EOI		0xb0
#define SVR		0xf0
#define ISR		0x100		/* 8 words of 32 vectors, 16 bytes apart */
#define IRR		0x200
#define ICR		0x300
#define ICR_HIGH	0x310

#define SVR_ON		(1u << 8)
#define ICR_INIT	(5u << 8)
#define ICR_PENDING	(1u << 12)
#define ICR_ASSERT	(1u << 14)
#define ICR_OTHERS	(3u << 18)
#define ICR_POLLS	100000

#define VECTORS		256
#define PIC1_DATA	0x21
#define PIC2_DATA	0xa1

/* Where purg_irq writes its EOI; 0 = x2APIC, by MSR.  That tells the two apart here, too. */
uint64_t purg_apic_eoi;

static uint32_t rd(uint32_t reg)
{
	if (!purg_apic_eoi)
		return (uint32_t)purg_rdmsr(MSR_X2APIC + reg / 16);
	return purg_rd32(purg_apic_eoi - EOI + reg);
}

static void wr(uint32_t reg, uint32_t v)
{
	if (!purg_apic_eoi)
		purg_wrmsr(MSR_X2APIC + reg / 16, v);
	else
		purg_wr32(purg_apic_eoi - EOI + reg, v);
}

/*
 * INIT makes a CPU wait for its start-up IPI, in no memory at all.  Until then
 * the other CPUs are where suspend_disable_secondary_cpus() has left them: in HLT
 * or MWAIT, in code, on a stack and with page tables that may be swapped away.
 *
 * But the boot CPU starts at the reset vector then (SDM vol. 3A, 8.4.3, "MP
 * Initialization"), in the firmware: a kernel that left on another one leaves it be.
 */
static void stop_others(void)
{
	/* With x2APIC the register has 64 bits, of which the destination is 0. */
	wr(ICR, ICR_OTHERS | ICR_ASSERT | ICR_INIT);
	for (uint32_t i = 0; purg_apic_eoi && i < ICR_POLLS; i++)
		if (!(rd(ICR) & ICR_PENDING))
			break;
}

static int any(uint32_t reg)
{
	for (uint32_t i = 0; i < VECTORS / 32; i++)
		if (rd(reg + 16 * i))
			return 1;
	return 0;
}

/*
 * "Pending interrupts in the IRR and ISR registers are held" by a local APIC that
 * is disabled by software (10.4.7.2), as kernels leave it.  The next kernel would
 * get them: a timer tick that it never asked for.  (Seen: Linux 6.12 whose
 * calibration of that timer had failed had the handler of the calibration still
 * set, in memory that it had freed.)  So they are taken here, by purg_irq.
 */
static void drain(void)
{
	uint32_t tpr = rd(TPR), svr = rd(SVR);
	uint8_t pic1 = purg_in8(PIC1_DATA), pic2 = purg_in8(PIC2_DATA);

	purg_out8(PIC1_DATA, 0xff);
	purg_out8(PIC2_DATA, 0xff);
	wr(TPR, 0);
	/* The entries of the vector table were masked by disabling, and stay so. */
	wr(SVR, svr | SVR_ON);
	for (uint32_t i = 0; i < VECTORS && (any(IRR) || any(ISR)); i++) {
		/* What is in service was taken by the kernel that left. */
		if (any(ISR))
			wr(EOI, 0);
		__asm__ volatile("sti; nop; nop; cli" : : : "memory");
	}
	wr(SVR, svr);
	wr(TPR, tpr);
	purg_out8(PIC1_DATA, pic1);
	purg_out8(PIC2_DATA, pic2);
}

void purg_apic_quiet(struct x86_idmap *m)
{
	uint64_t base = purg_rdmsr(MSR_APIC_BASE), pa = base & APIC_BASE_ADDR;

	if (!(base & APIC_BASE_ON))
		return;
	purg_apic_eoi = base & APIC_BASE_X2 ? 0 : pa + EOI;
	if (purg_apic_eoi && x86_idmap_add(m, pa, pa + 0x1000, X86_IDMAP_DEVICE) < pa + 0x1000)
		return;
	if (base & APIC_BASE_BSP)
		stop_others();
	drain();
}
