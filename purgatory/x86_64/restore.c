// SPDX-License-Identifier: GPL-2.0-only
/*
 * Into a kernel that was saved by its hibernation code and lies in its place
 * again: restore_registers() of Linux' arch/x86/power/hibernate_asm_64.S, as
 * doc/resume-protocol.md has it.  Called by machine.c and handover.c.
 */
#include "x86_64.h"

#define MSR_EFER		0xc0000080
#define EFER_NXE		(1u << 11)
#define CPUID_80000001_EDX_NX	(1u << 20)

/* How many levels it runs with. */
static uint32_t levels(const struct purg_param *p)
{
	if (p->paging == PURG_PAGING_KEEP)
		return purg_machine.map.levels;
	return p->paging == PURG_PAGING_5LEVEL ? 5 : 4;
}

const char *purg_restore_check(const struct purg_param *p)
{
	if ((p->pc ^ p->reg[0]) & (X86_IDMAP_2M - 1))
		return "restored kernel's addresses differ in their low 21 bits";
	/* What it loads at once, in a page of its own: ".align PAGE_SIZE". */
	if (!purg_param_inside(p, p->pc, 1, 0))
		return "restored kernel's entry point in no region";
	/* "must not have any of the PCID bits set" (arch_hibernation_header_save()). */
	if (!p->reg[1] || (p->reg[1] & ~X86_IDMAP_ADDR))
		return "restored kernel's cr3 is not the address of a page";
	return NULL;
}

/* Before anything is unpacked, because it can fail. */
int purg_restore_map(struct x86_idmap *m, const struct purg_param *p)
{
	return x86_idmap_alias(m, levels(p), p->reg[0], p->pc);
}

/*
 * CR0.WP: we were entered without it, and the kernel loads the CR4 it had
 * before its CR0.  Where that has CET, "MOV to CR4 [...] #GP(0) if an attempt is
 * made to set CR4.CET when CR0.WP = 0" (SDM vol. 2B).  NXE: its tables are loaded
 * before its EFER.
 */
void purg_restore_registers(void)
{
	uint64_t efer = purg_rdmsr(MSR_EFER);

	purg_wr_cr0(purg_rd_cr0() | CR0_WP);
	if (!(efer & EFER_NXE) && (purg_cpuid(0x80000001).edx & CPUID_80000001_EDX_NX))
		purg_wrmsr(MSR_EFER, efer | EFER_NXE);
}

PURG_NORETURN void purg_restore_leave(struct purg_param *p)
{
	uint64_t have = purg_rd_cr4(), want = CR4_PAE | (have & CR4_MCE);
	uint64_t root = x86_idmap_root(&purg_machine.map, levels(p));

	if (levels(p) == 5)
		want |= CR4_LA57;
	purg_restore_registers();
	if (levels(p) != purg_machine.map.levels)
		purg_restore_levels(p->reg[0], p->reg[1], p->reg[2], root, want);
	purg_wr_cr4(want);
	purg_restore(p->reg[0], p->reg[1], p->reg[2]);
}
