// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where an x86_64 kernel's page tables are (Documentation/admin-guide/kdump/
 * vmcoreinfo.rst, "x86_64"), and what their entries say (Intel SDM volume 3,
 * "4-Level Paging and 5-Level Paging").  Called by core-va.c.
 */
#include <errno.h>
#include <inttypes.h>

#include "kx/core-va.h"

/*
 * Documentation/arch/x86/x86_64/mm.rst: "kernel text mapping, mapped to physical
 * address 0", but for phys_base.
 */
#define KERNEL_MAP	0xffffffff80000000u

#define PRESENT		0x1u
#define PAGE_SIZE_BIT	0x80u		/* the entry is a large page */
#define ADDRESS		0x000ffffffffff000u	/* bits 51:12 */

/* Of a 1 GiB page: level 2. */
#define LARGEST_PAGE	2u

static enum kx_core_entry entry(const struct kx_core_tables *t, uint64_t e, unsigned int level,
				uint64_t *ret)
{
	(void)t;
	*ret = e & ADDRESS;
	if (!(e & PRESENT))
		return KX_CORE_ENTRY_NONE;
	if (level == 0 || (level <= LARGEST_PAGE && (e & PAGE_SIZE_BIT)))
		return KX_CORE_ENTRY_MEMORY;
	return KX_CORE_ENTRY_TABLE;
}

/*
 * The top table's address.  Linux 4.13 renamed init_level4_pgt; swapper_pg_dir is
 * another name of either.  Addresses in VMCOREINFO are those after KASLR.
 */
static int top_symbol(struct kx_bytes text, uint64_t *ret, struct kx_err *err)
{
	static const char *const names[] = { "init_top_pgt", "init_level4_pgt" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (kx_vmcoreinfo_symbol(text, names[i], ret, NULL) == 0)
			return 0;
	return kx_vmcoreinfo_symbol(text, "swapper_pg_dir", ret, err);
}

static int top_pa(const struct kx_core *c, struct kx_bytes text, uint64_t *ret,
		  struct kx_err *err)
{
	uint64_t va, base, len;
	int r;

	r = top_symbol(text, &va, err);
	if (r < 0)
		return r;
	if (va < KERNEL_MAP)
		return kx_err_set(err, EINVAL, "VMCOREINFO: page tables: expected an address of"
				  " the kernel's text mapping, have 0x%" PRIx64, va);
	r = kx_vmcoreinfo_number(text, "phys_base", &base, err);
	if (r == 0)
		*ret = va - KERNEL_MAP + base;
	else if (kx_core_va_load(c, va, ret, &len))	/* kernels up to 4.9 do not say it */
		r = 0;
	return r;
}

int kx_core_tables_x86_64(const struct kx_core *c, struct kx_bytes vmcoreinfo,
			  struct kx_core_tables *ret, struct kx_err *err)
{
	struct kx_core_tables t = { .page_shift = 12, .top_bits = 9, .entry = entry };
	uint64_t five = 0, pa;
	int r;

	r = top_pa(c, vmcoreinfo, &pa, err);
	if (r < 0)
		return r;
	/* Kernels without the key have four levels (4.17), or no encryption (4.20). */
	if (kx_vmcoreinfo_number(vmcoreinfo, "pgtable_l5_enabled", &five, NULL) < 0)
		five = 0;
	if (kx_vmcoreinfo_number(vmcoreinfo, "sme_mask", &t.clear, NULL) < 0)
		t.clear = 0;
	t.levels = five ? 5 : 4;
	t.va_bits = five ? 57 : 48;
	t.top_pa = pa & ADDRESS;
	*ret = t;
	return 0;
}
