// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where an arm64 kernel's page tables are (Documentation/admin-guide/kdump/
 * vmcoreinfo.rst, "arm64"), and what their entries say (Arm ARM, D8.3
 * "Translation table descriptor formats").  Called by core-va.c.
 */
#include <errno.h>
#include <inttypes.h>

#include "kx/core-va.h"

/* Bits 1:0 of a descriptor; 0 and 2 are invalid. */
#define TYPE		0x3u
#define TYPE_BLOCK	0x1u		/* reserved at the last level */
#define TYPE_TABLE	0x3u		/* a page at the last level */

#define LOW_48		0x0000ffffffffffffu
#define LOW_50		0x0003ffffffffffffu

/*
 * "64KB granule: ... bits[15:12] are bits[51:48]" of an address of 52 bits, which
 * are zero where it has 48.  With FEAT_LPA2, "bits[9:8] are bits[51:50]"; without
 * it they are the shareability.
 */
static uint64_t address(const struct kx_core_tables *t, uint64_t e)
{
	uint64_t page = (1ULL << t->page_shift) - 1;

	if (t->page_shift == 16)
		return (e & LOW_48 & ~page) | (e >> 12 & 0xf) << 48;
	if (t->wide)
		return (e & LOW_50 & ~page) | (e >> 8 & 0x3) << 50;
	return e & LOW_48 & ~page;
}

static enum kx_core_entry entry(const struct kx_core_tables *t, uint64_t e, unsigned int level,
				uint64_t *ret)
{
	unsigned int type = e & TYPE;

	*ret = address(t, e);
	if (type == TYPE_TABLE)
		return level ? KX_CORE_ENTRY_TABLE : KX_CORE_ENTRY_MEMORY;
	return type == TYPE_BLOCK && level ? KX_CORE_ENTRY_MEMORY : KX_CORE_ENTRY_NONE;
}

static int page_shift(struct kx_bytes text, unsigned int *ret, struct kx_err *err)
{
	uint64_t size;
	int r;

	r = kx_vmcoreinfo_u64(text, "PAGESIZE", 10, &size, err);
	if (r < 0)
		return r;
	if (size != 0x1000 && size != 0x4000 && size != 0x10000)
		return kx_err_set(err, EINVAL, "VMCOREINFO: PAGESIZE: expected 4096, 16384 or"
				  " 65536, have %" PRIu64, size);
	*ret = (unsigned int)__builtin_ctzll(size);
	return 0;
}

/*
 * *built: bits that the kernel was built for; *actual: those the machine has.
 * Linux 5.9 and later say T1SZ, of TCR_EL1; before, only 64 KiB pages could have
 * fewer, and those have as many levels either way.
 */
static int va_bits(struct kx_bytes text, unsigned int shift, uint64_t *built, uint64_t *actual,
		   struct kx_err *err)
{
	uint64_t t1sz;
	int r;

	r = kx_vmcoreinfo_number(text, "VA_BITS", built, err);
	if (r < 0)
		return r;
	*actual = *built;
	if (kx_vmcoreinfo_number(text, "TCR_EL1_T1SZ", &t1sz, NULL) == 0)
		*actual = 64 - t1sz;
	if (*built > 52 || *actual > *built || *actual <= shift)
		return kx_err_set(err, EINVAL, "VMCOREINFO: VA_BITS, TCR_EL1_T1SZ: expected %u to"
				  " 52 bits, have %" PRIu64 " and %" PRIu64, shift + 1, *built,
				  *actual);
	return 0;
}

/*
 * Since 4.6 the kernel's image is mapped apart from the rest, kimage_voffset above
 * where it is; before, it is in the linear map, the upper half of all addresses.
 */
static int top_pa(struct kx_bytes text, uint64_t bits, uint64_t *ret, struct kx_err *err)
{
	uint64_t va, offset;
	int r;

	r = kx_vmcoreinfo_symbol(text, "swapper_pg_dir", &va, err);
	if (r < 0)
		return r;
	if (kx_vmcoreinfo_number(text, "kimage_voffset", &offset, NULL) == 0) {
		*ret = va - offset;
		return 0;
	}
	r = kx_vmcoreinfo_number(text, "PHYS_OFFSET", &offset, err);
	if (r == 0)
		*ret = (va & ((1ULL << (bits - 1)) - 1)) + offset;
	return r;
}

/*
 * swapper_pg_dir is as large as the bits that the kernel was built for make it,
 * but has one page at most; on a machine with fewer bits it is the top all the
 * same (arch/arm64/include/asm/pgtable.h, pgd_to_folded_p4d()).
 */
int kx_core_tables_arm64(const struct kx_core *c, struct kx_bytes vmcoreinfo,
			 struct kx_core_tables *ret, struct kx_err *err)
{
	struct kx_core_tables t = { .entry = entry };
	uint64_t built = 0, actual = 0;
	unsigned int bits, top;
	int r;

	(void)c;
	r = page_shift(vmcoreinfo, &t.page_shift, err);
	if (r == 0)
		r = va_bits(vmcoreinfo, t.page_shift, &built, &actual, err);
	if (r == 0)
		r = top_pa(vmcoreinfo, actual, &t.top_pa, err);
	if (r < 0)
		return r;
	bits = t.page_shift - 3;
	t.va_bits = (unsigned int)actual;
	t.levels = (t.va_bits - t.page_shift + bits - 1) / bits;
	top = t.page_shift + (t.levels - 1) * bits;
	t.top_bits = (unsigned int)built - top < bits ? (unsigned int)built - top : bits;
	/* Kconfig: 52-bit physical addresses need 52-bit virtual ones, or 64 KiB pages. */
	t.wide = t.va_bits == 52;
	*ret = t;
	return 0;
}
