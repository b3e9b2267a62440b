// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CPU as purgatory sets it up on x86_64: its page tables, SSE or AVX while it
 * hashes, and the instructions that move memory.  Called by purgatory.c through
 * the hooks.
 *
 * The old kernel's identity map, which we are entered with, covers the image
 * with its pool, but need not cover where we have to go (the next kernel's
 * memory, a console), and lies in memory that we may overwrite.  So the first
 * thing is a map of our own, built in the pool; the regions are added to it
 * once the block is known to be sound.
 */
#include "x86_64.h"
#include "purgatory/lz4.h"
#include <io.h>

struct purg_machine purg_machine;

#define LOW_1M		0x100000
#define VGA_TEXT_LEN	0x1000		/* 80 x 25 cells of 2 bytes */
#define PIC1_DATA	0x21
#define PIC2_DATA	0xa1

/* SDM vol. 2A, CPUID */
#define CPUID_1_ECX_SSSE3	(1u << 9)
#define CPUID_1_ECX_SSE41	(1u << 19)
#define CPUID_1_ECX_XSAVE	(1u << 26)
#define CPUID_1_ECX_AVX		(1u << 28)
#define CPUID_7_EBX_AVX2	(1u << 5)
#define CPUID_7_EBX_SHA		(1u << 29)
/* SDM vol. 1, 13.3: bits of XCR0; "executing the XSETBV instruction" wants x87's set */
#define XCR0_X87_SSE_AVX	7u
#define CPUID_80000001_EDX_1G	(1u << 26)

static void map_console(struct x86_idmap *m, const struct purg_console *c)
{
	/* Eight registers, the last byte of the last one included. */
	if (c->kind == PURG_CONSOLE_8250_MMIO)
		x86_idmap_add(m, c->addr, c->addr + (8ULL << c->reg_shift), X86_IDMAP_DEVICE);
	else if (c->kind == PURG_CONSOLE_VGA_TEXT)
		x86_idmap_add(m, c->addr, c->addr + VGA_TEXT_LEN, X86_IDMAP_DEVICE);
}

/*
 * The image with the pool first, because we stand on it, then the devices in
 * small pages.  PURG_POOL_MIN, which is there whatever the block says, suffices:
 * at most 5 tables for the image, and 3 more per device; a device that gets
 * none traps, which says so elsewhere.
 */
static void map_init(struct x86_idmap *m, const struct purg_param *p, uint64_t base)
{
	m->pool_pa = base + PURG_IMAGE_MAX;
	m->pool = (uint64_t *)(uintptr_t)m->pool_pa;
	m->pool_pages = PURG_POOL_MIN / 4096;
	m->levels = purg_rd_cr4() & CR4_LA57 ? 5 : 4;
	m->has_1g = !!(purg_cpuid(0x80000001).edx & CPUID_80000001_EDX_1G);
	x86_idmap_init(m);
	x86_idmap_add(m, base, m->pool_pa + PURG_POOL_MIN, X86_IDMAP_RAM);
	for (uint32_t i = 0; i < p->console_count; i++)
		map_console(m, &p->console[i]);
	purg_wr_cr3(x86_idmap_root(m, m->levels));
}

void purg_arch_init(struct purg_param *p)
{
	purg_trap_init(&purg_machine);
	purg_preserve_init(p);
	map_init(&purg_machine.map, p, (uint64_t)(uintptr_t)purg_image_start);

	if (p->flags & PURG_F_DISABLE_PIC) {
		purg_out8(PIC1_DATA, 0xff);	/* OCW1: all eight lines masked */
		purg_out8(PIC2_DATA, 0xff);
	}
	if (p->flags & PURG_F_RESET_VGA)
		purg_vga_reset();
}

/*
 * Adding to the map in use needs no TLB flush: not-present entries are not
 * cached (SDM 4.10.2.3).
 */
int purg_arch_map(struct purg_param *p, const char **ret_why)
{
	struct x86_idmap *m = &purg_machine.map;
	uint64_t pool_end = m->pool_pa + p->pool_len;

	*ret_why = "not enough of them";
	if (x86_idmap_add(m, m->pool_pa, pool_end, X86_IDMAP_RAM) < pool_end)
		return -1;
	m->pool_pages = (uint32_t)(p->pool_len / 4096);
	/*
	 * Linux 4.18 to 6.5 look for the 5-level trampoline's place in the
	 * BIOS data area and use it, below 640 KiB, before they have a page
	 * fault handler (arch/x86/boot/compressed/pgtable_64.c).
	 */
	if (x86_idmap_add(m, 0, LOW_1M, X86_IDMAP_RAM) < LOW_1M)
		return -1;
	for (uint32_t i = 0; i < p->region_count; i++) {
		const struct purg_region *r = &p->region[i];
		uint64_t end = r->pa + r->mem_len;

		if (x86_idmap_add(m, r->pa, end, X86_IDMAP_RAM) < end)
			return -1;
	}
	if (purg_preserve_map(m, p))
		return -1;
	if (p->entry_kind == PURG_ENTRY_RESTORE && purg_restore_map(m, p)) {
		*ret_why = "none for the restored kernel's entry point";
		return -1;
	}
	if (p->flags & PURG_F_STOP_CPUS)
		purg_apic_quiet(m);
	purg_preserve_record(p);
	/* What was loaded has been unpacked, and is that kernel's memory by now. */
	if (purg_preserve_again(p))
		purg_preserve_wake(p);
	*ret_why = NULL;
	return 0;
}

/* The TSC counts in all states the kernel leaves CPUs in; its rate is not known here. */
uint64_t purg_arch_counter(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

uint64_t purg_arch_counter_hz(void)
{
	return 0;
}

/* "Fast-String Operation", SDM vol. 1, 7.3.9.3: microcode copies whole lines. */
void purg_arch_move(void *dst, const void *src, uint64_t len)
{
	const uint8_t *s = src;
	uint8_t *d = dst;

	/* Forward is right unless dst starts inside src. */
	if ((uint64_t)(d - s) >= len) {
		__asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(len) : : "memory");
		return;
	}
	d += len - 1;
	s += len - 1;
	__asm__ volatile("std; rep movsb; cld" : "+D"(d), "+S"(s), "+c"(len) : : "memory");
}

void purg_arch_zero(void *dst, uint64_t len)
{
	__asm__ volatile("rep stosb" : "+D"(dst), "+c"(len) : "a"(0) : "memory");
}

purg_lz4_fn *purg_arch_lz4(void)
{
	return purg_lz4_decode;
}

static uint64_t rd_xcr0(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

static void wr_xcr0(uint64_t v)
{
	__asm__ volatile("xsetbv" : : "a"((uint32_t)v), "d"((uint32_t)(v >> 32)), "c"(0));
}

/* The kernel leaves CR4 without OSFXSR: any SSE instruction would be #UD. */
struct sha256_engine purg_arch_sha256_begin(struct purg_fpu *save)
{
	uint32_t sse4 = CPUID_1_ECX_SSSE3 | CPUID_1_ECX_SSE41;
	uint32_t avx = CPUID_1_ECX_XSAVE | CPUID_1_ECX_AVX;
	struct purg_cpuid c1 = purg_cpuid(1), c7 = purg_cpuid(7);
	struct sha256_engine e = { .lane_count = 0 };

	/* clang would copy an initialiser from a template, which has a pointer. */
	e.blocks = sha256_blocks_portable;
	save->reg[0] = purg_rd_cr0();
	save->reg[1] = purg_rd_cr4();
	save->reg[2] = 0;
	if ((c1.ecx & sse4) == sse4 && (c7.ebx & CPUID_7_EBX_SHA)) {
		e.blocks = sha256_blocks_ni;
	} else if ((c1.ecx & avx) == avx && (c7.ebx & CPUID_7_EBX_AVX2)) {
		e.lanes = sha256_lanes_avx2;
		e.lane_count = 8;
	} else {
		return e;
	}
	purg_wr_cr0((save->reg[0] & ~(CR0_EM | CR0_TS)) | CR0_MP);
	purg_wr_cr4(save->reg[1] | CR4_OSFXSR | (e.lanes ? CR4_OSXSAVE : 0));
	if (e.lanes) {
		save->reg[2] = rd_xcr0();	/* never 0 */
		wr_xcr0(save->reg[2] | XCR0_X87_SSE_AVX);
	}
	return e;
}

void purg_arch_sha256_end(const struct purg_fpu *save)
{
	if (save->reg[2])
		wr_xcr0(save->reg[2]);
	purg_wr_cr4(save->reg[1]);
	purg_wr_cr0(save->reg[0]);
}

int purg_arch_console_known(uint32_t kind)
{
	return kind == PURG_CONSOLE_8250_PORT || kind == PURG_CONSOLE_8250_MMIO ||
	       kind == PURG_CONSOLE_VGA_TEXT;
}

/* The 8250s are not ours. */
int purg_arch_console_write(const struct purg_console *c, const char *text, size_t len)
{
	return purg_vga_write(c, text, len);
}
