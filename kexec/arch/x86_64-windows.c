/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Firmware tables that a bzImage reads before it can handle a page fault, so
 * that they must be in the page tables it is entered with:
 *
 *  - EFI system table and configuration table: since 5.19 the decompressor
 *    looks in them for the SEV-SNP blob (snp_init(), on CPUs that know SEV).
 *    Missing, the machine resets; Linux 5760929f6545 "x86/kexec: Add EFI config
 *    table identity mapping for kexec kernel" (6.12) is the kernel's own fix.
 *  - ACPI tables: from 5.0 on the decompressor parses them to find hot-pluggable
 *    memory, and has no page fault handler before 5.10 (6bbeb276b71f "x86/kexec:
 *    Add the EFI system tables and ACPI tables to the ident map", 5.2).  On some
 *    machines they lie in what E820 calls non-volatile storage.
 *
 * Called by x86_64-boot-params.c.
 */
#include "x86_64.h"

/* Segments and what is unpacked need regions as well. */
#define WINDOWS_MAX	8

/* The system table is 120 bytes, a configuration table 24 an entry. */
#define EFI_TABLE_LEN	0x1000u

static void add(struct kx_plan *p, const char *name, struct kx_range r)
{
	if (p->window_count == WINDOWS_MAX || r.end > X86_PLACE_MAX)
		return;
	r = kx_range_grow(r, p->sources->page_size);
	p->window[p->window_count++] = (struct kx_window){ name, r };
}

static void add_efi_table(struct kx_plan *p, const char *name, uint64_t pa)
{
	struct kx_range r;

	if (kx_range_make(pa, EFI_TABLE_LEN, &r))
		add(p, name, r);
}

void kx_x86_add_windows(struct kx_plan *p, bool efi)
{
	const struct kx_memmap *map = &p->sources->firmware;

	if (efi) {
		add_efi_table(p, "EFI systab", p->sources->x86.efi_systab.value);
		add_efi_table(p, "EFI config", p->sources->x86.config_table.value);
	}
	for (size_t i = 0; i < map->n; i++)
		if (map->v[i].type == KX_MEM_ACPI || map->v[i].type == KX_MEM_NVS)
			add(p, "ACPI tables", map->v[i].r);
}
