/* SPDX-License-Identifier: GPL-2.0-only */
/* What the x86_64 parts share among themselves. */
#ifndef PURGATORY_X86_64_X86_64_H
#define PURGATORY_X86_64_X86_64_H

#include "purgatory.h"
#include "purgatory/idmap-x86_64.h"

#define CR0_MP		(1ULL << 1)
#define CR0_EM		(1ULL << 2)
#define CR0_TS		(1ULL << 3)
#define CR0_WP		(1ULL << 16)
#define CR4_PAE		(1ULL << 5)
#define CR4_MCE		(1ULL << 6)
#define CR4_OSFXSR	(1ULL << 9)
#define CR4_OSXSAVE	(1ULL << 18)
#define CR4_LA57	(1ULL << 12)

struct purg_idt_gate {
	uint64_t low, high;
};

/* One of two kernels: where it goes on, and CR4.LA57 as it needs it. */
struct purg_side {
	uint64_t pc, la57;
};

/* See preserve.c; survives from one entry to the next. */
struct purg_door {
	struct purg_side here, there, to;
	uint64_t away;		/* here is where nobody is */
	uint64_t root;		/* page tables with as many levels as to.la57 wants */
};

/* Everything purgatory changes besides its stack, the block and the page tables. */
struct purg_machine {
	struct purg_idt_gate idt[256];
	struct x86_idmap map;
	uint32_t trapped;	/* an exception was reported */
	uint32_t calls;		/* PURG_ENTRY_CALL: how many returned */
	uint64_t back;		/* PURG_F_PRESERVE: who jumped wants to go on here */
	uint64_t slot;		/* and has left this above it; 0 */
	uint64_t again;		/* what to enter the next time, on top of the stack */
	struct purg_door door;
};

extern struct purg_machine purg_machine;

/* As we were entered; filled by entry.S. */
struct purg_entered {
	uint64_t rsp, cr0, cr3, cr4;
};

extern struct purg_entered purg_entered;

/* What the CPU pushes, below it what the stubs in entry.S push. */
struct purg_frame {
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

/* trap.c */
void purg_trap_init(struct purg_machine *m);
PURG_NORETURN void purg_trap(const struct purg_frame *f);

/* vga.c */
int purg_vga_write(const struct purg_console *c, const char *text, size_t len);
void purg_vga_reset(void);

/*
 * preserve.c.  _init: before our own page tables are used.  _record: looks for the
 * backup-pages map and fills the notes.
 */
void purg_preserve_init(const struct purg_param *p);
const char *purg_preserve_check(const struct purg_param *p);
int purg_preserve_map(struct x86_idmap *m, const struct purg_param *p);
void purg_preserve_record(struct purg_param *p);
PURG_NORETURN void purg_preserve_call(struct purg_param *p);
PURG_NORETURN void purg_preserve_return(struct purg_param *p);
/* PURG_ENTRY_WOKEN.  _again: true when the kernel that was woken jumped here. */
int purg_preserve_again(const struct purg_param *p);
PURG_NORETURN void purg_preserve_wake(struct purg_param *p);

/* restore.c.  _check: NULL or why not.  _map: what _leave needs; -1 if there is no table. */
const char *purg_restore_check(const struct purg_param *p);
int purg_restore_map(struct x86_idmap *m, const struct purg_param *p);
PURG_NORETURN void purg_restore_leave(struct purg_param *p);
/* What a kernel relies on that loads its own page tables and CR4 first. */
void purg_restore_registers(void);

/* apic.c: no other CPU runs, and nothing is left for this one.  The map is in use. */
void purg_apic_quiet(struct x86_idmap *m);

/* entry.S: takes an interrupt, and no more; apic.c says where its EOI goes. */
extern const uint8_t purg_irq[];
extern uint64_t purg_apic_eoi;

/* entry.S: the first of 32 stubs of 16 bytes each. */
extern const uint8_t purg_trap_stubs[];

/* jump.S; @rsp 0 = purgatory's own stack. */
PURG_NORETURN void purg_jump64(uint64_t pc, uint64_t rsi, uint64_t rsp);
PURG_NORETURN void purg_jump64_4level(uint64_t pc, uint64_t rsi, uint64_t rsp, uint64_t cr3);
uint64_t purg_call64(uint64_t pc, const uint64_t arg[3], uint64_t rsp);
PURG_NORETURN void purg_leave(uint64_t pc, const uint64_t *top);
PURG_NORETURN void purg_leave_levels(uint64_t pc, const uint64_t *top, uint64_t cr3, uint64_t cr4);
PURG_NORETURN void purg_restore(uint64_t va, uint64_t cr3, uint64_t gs_base);
PURG_NORETURN void purg_restore_levels(uint64_t va, uint64_t cr3, uint64_t gs_base, uint64_t table,
				       uint64_t cr4);
PURG_NORETURN void purg_jump32(uint64_t pc, uint64_t esi);

static inline uint64_t purg_rd_cr0(void)
{
	uint64_t v;

	__asm__ volatile("mov %%cr0, %0" : "=r"(v) : : "memory");
	return v;
}

static inline void purg_wr_cr0(uint64_t v)
{
	__asm__ volatile("mov %0, %%cr0" : : "r"(v) : "memory");
}

static inline uint64_t purg_rd_cr2(void)
{
	uint64_t v;

	__asm__ volatile("mov %%cr2, %0" : "=r"(v));
	return v;
}

static inline uint64_t purg_rd_cr3(void)
{
	uint64_t v;

	__asm__ volatile("mov %%cr3, %0" : "=r"(v) : : "memory");
	return v;
}

static inline void purg_wr_cr3(uint64_t v)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"(v) : "memory");
}

static inline uint64_t purg_rd_cr4(void)
{
	uint64_t v;

	__asm__ volatile("mov %%cr4, %0" : "=r"(v) : : "memory");
	return v;
}

static inline void purg_wr_cr4(uint64_t v)
{
	__asm__ volatile("mov %0, %%cr4" : : "r"(v) : "memory");
}

static inline uint64_t purg_rdmsr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void purg_wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

struct purg_cpuid {
	uint32_t eax, ebx, ecx, edx;
};

/* Zeros if the CPU does not know @leaf (it would answer with another one). */
static inline struct purg_cpuid purg_cpuid(uint32_t leaf)
{
	struct purg_cpuid r = { leaf & 0x80000000, 0, 0, 0 };

	__asm__ volatile("cpuid" : "+a"(r.eax), "=b"(r.ebx), "+c"(r.ecx), "=d"(r.edx));
	if (r.eax < leaf)
		return (struct purg_cpuid){ 0, 0, 0, 0 };
	r.eax = leaf;
	r.ecx = 0;		/* subleaf */
	__asm__ volatile("cpuid" : "+a"(r.eax), "=b"(r.ebx), "+c"(r.ecx), "=d"(r.edx));
	return r;
}

/* With limit 0 nobody can use it: the next exception is a triple fault. */
static inline void purg_lidt(const void *base, uint16_t limit)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = { limit, (uint64_t)(uintptr_t)base };

	__asm__ volatile("lidt %0" : : "m"(idtr));
}

#endif
