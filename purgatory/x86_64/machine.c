// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CPU as purgatory sets it up on x86_64: its page tables, and SSE while
 * SHA-NI runs.  Called by purgatory.c through the hooks, and by handover.c.
 *
 * Two maps take turns.  The old kernel's identity map, which we are entered
 * with, covers the image but need not cover where we have to go (the next
 * kernel's memory, a console).  Ours is built while running on the old one.
 */
#include "x86_64.h"
#include <io.h>

struct purg_machine purg_machine;

/* At the end of the image (purgatory.lds): one padding to a page, not two. */
static uint64_t pool[PURG_POOL_PAGES * IDMAP_TABLE_WORDS]
	__attribute__((section(".bss_pages"), aligned(4096)));

#define LOW_1M		0x100000
#define VGA_TEXT_LEN	0x1000		/* 80 x 25 cells of 2 bytes */
#define PIC1_DATA	0x21
#define PIC2_DATA	0xa1

/* SDM vol. 2A, CPUID */
#define CPUID_1_ECX_SSSE3	(1u << 9)
#define CPUID_1_ECX_SSE41	(1u << 19)
#define CPUID_7_EBX_SHA		(1u << 29)
#define CPUID_80000001_EDX_1G	(1u << 26)

static void map_console(struct idmap *m, const struct purg_console *c)
{
	/* Eight registers, the last byte of the last one included. */
	if (c->kind == PURG_CONSOLE_8250_MMIO)
		idmap_add(m, c->addr, c->addr + (8ULL << c->reg_shift), IDMAP_DEVICE);
	else if (c->kind == PURG_CONSOLE_VGA_TEXT)
		idmap_add(m, c->addr, c->addr + VGA_TEXT_LEN, IDMAP_DEVICE);
}

/*
 * The image first, because we stand on it, then the devices in small pages.
 * The pool always suffices for this: at most 5 tables for the image, and 3
 * more per device; a device that gets none traps, which says so elsewhere.
 */
static void map_base(struct purg_machine *m, const struct purg_param *p)
{
	/* Written while the CPU walks the other map. */
	purg_wr_cr3(m->entry_cr3);
	idmap_init(&m->map);
	idmap_add(&m->map, p->base, p->base + PURG_IMAGE_MAX, IDMAP_RAM);
	for (uint32_t i = 0; i < p->console_count; i++)
		map_console(&m->map, &p->console[i]);
}

static void map_use(struct purg_machine *m)
{
	purg_wr_cr3(idmap_root(&m->map, m->map.levels));
}

void purg_arch_init(struct purg_param *p)
{
	struct purg_machine *m = &purg_machine;

	purg_trap_init(m);
	m->entry_cr3 = purg_rd_cr3();
	m->map.pool = pool;
	m->map.pool_pa = (uint64_t)(uintptr_t)pool;
	m->map.pool_pages = PURG_POOL_PAGES;
	m->map.levels = purg_rd_cr4() & CR4_LA57 ? 5 : 4;
	m->map.has_1g = !!(purg_cpuid(0x80000001).edx & CPUID_80000001_EDX_1G);
	map_base(m, p);
	map_use(m);

	if (p->flags & PURG_F_DISABLE_PIC) {
		purg_out8(PIC1_DATA, 0xff);	/* OCW1: all eight lines masked */
		purg_out8(PIC2_DATA, 0xff);
	}
	if (p->flags & PURG_F_RESET_VGA)
		purg_vga_reset();
}

/*
 * Adding to the map in use needs no TLB flush: not-present entries are not
 * cached (SDM 4.10.2.3).  When the pool is used up the map starts afresh at
 * @pa and the caller comes back for the rest.
 */
uint64_t purg_arch_map(struct purg_param *p, uint64_t pa, uint64_t len)
{
	struct purg_machine *m = &purg_machine;
	uint64_t end = idmap_add(&m->map, pa, pa + len, IDMAP_RAM);

	if (end <= pa) {
		map_base(m, p);
		end = idmap_add(&m->map, pa, pa + len, IDMAP_RAM);
		map_use(m);
	}
	return end - pa < len ? end - pa : len;
}

static const char *map_handover(struct idmap *m, const struct purg_param *p, enum idmap_kind kind)
{
	/*
	 * Linux 4.18 to 6.5 look for the 5-level trampoline's place in the
	 * BIOS data area and use it, below 640 KiB, before they have a page
	 * fault handler (arch/x86/boot/compressed/pgtable_64.c).
	 */
	if (idmap_add(m, 0, LOW_1M, kind) < LOW_1M)
		return "low memory";
	for (uint32_t i = 0; i < p->region_count; i++) {
		const struct purg_region *r = &p->region[i];
		uint64_t end = r->pa + r->mem_len;

		if ((r->flags & PURG_REGION_HANDOVER) && idmap_add(m, r->pa, end, kind) < end)
			return r->name;
	}
	return NULL;
}

const char *purg_machine_map_handover(struct purg_machine *m, const struct purg_param *p)
{
	const char *left;

	map_base(m, p);
	left = map_handover(&m->map, p, IDMAP_RAM);
	if (left && m->map.has_1g) {
		map_base(m, p);
		left = map_handover(&m->map, p, IDMAP_RAM_COARSE);
	}
	map_use(m);
	return left;
}

/* The kernel leaves CR4 without OSFXSR: any SSE instruction would be #UD. */
sha256_blocks_fn *purg_arch_sha256_begin(struct purg_fpu *save)
{
	uint32_t need = CPUID_1_ECX_SSSE3 | CPUID_1_ECX_SSE41;

	save->reg[0] = purg_rd_cr0();
	save->reg[1] = purg_rd_cr4();
	if ((purg_cpuid(1).ecx & need) != need || !(purg_cpuid(7).ebx & CPUID_7_EBX_SHA))
		return sha256_blocks_portable;
	purg_wr_cr0((save->reg[0] & ~(CR0_EM | CR0_TS)) | CR0_MP);
	purg_wr_cr4(save->reg[1] | CR4_OSFXSR);
	return sha256_blocks_ni;
}

void purg_arch_sha256_end(const struct purg_fpu *save)
{
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
