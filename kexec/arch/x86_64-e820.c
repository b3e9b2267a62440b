/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The firmware's memory map as the next kernel wants it: E820 entries in
 * boot_params (zero-page.rst), and from the 129th on in SETUP_E820_EXT.
 *
 * It is the map of the machine, not of the running kernel: what that one
 * reserved for itself is not in it, so a chain of kexecs always sees the same.
 * A kernel that runs while this one is preserved sees no RAM but its own; beside one
 * that is kept in memory, all but what that takes.  A crash kernel has its reservation,
 * and the first MiB, without which none starts.
 * Called by x86_64-boot-params.c.
 */
#include <string.h>

#include "x86_64.h"

/* arch/x86/include/asm/e820/types.h */
static const uint32_t e820_type[] = {
	[KX_MEM_RAM] = 1,
	[KX_MEM_RESERVED] = 2,
	[KX_MEM_ACPI] = 3,
	[KX_MEM_NVS] = 4,
	[KX_MEM_UNUSABLE] = 5,
	[KX_MEM_PMEM] = 7,
	[KX_MEM_PRAM] = 12,
	[KX_MEM_SOFT_RESERVED] = 0xefffffff,
	[KX_MEM_OTHER] = 2,	/* whatever it is, it is not ours */
};

/* ext_mem_k: what 16-bit BIOS calls reported, 64 MiB at most. */
#define EXT_MEM_K_MAX	0xfc00u
#define ONE_MIB		0x100000u

static int add_own(struct kx_plan *p, struct kx_range r, struct kx_memmap *map,
		   struct kx_err *err)
{
	return kx_memmap_add(map, p->arena, (struct kx_mem){ .r = r, .type = KX_MEM_RAM }, err);
}

/*
 * The window, but for the core headers: reserved, as KASLR takes what is RAM in
 * any entry, and as ioremap(), through which they are read, takes no RAM.
 */
static int add_window(struct kx_plan *p, struct kx_memmap *map, struct kx_err *err)
{
	const struct kx_own *own = &p->own;
	struct kx_mem core = { .r = own->core, .type = KX_MEM_RESERVED };
	int rc;

	if (kx_range_empty(own->core))
		return add_own(p, own->window, map, err);
	rc = add_own(p, (struct kx_range){ own->window.start, own->core.start }, map, err);
	if (rc == 0)
		rc = kx_memmap_add(map, p->arena, core, err);
	if (rc == 0)
		rc = add_own(p, (struct kx_range){ own->core.end, own->window.end }, map, err);
	return rc;
}

/* What is kept and the headers that say where, ascending. */
static size_t kept_ranges(const struct kx_plan *p, struct kx_range ret[KX_KEEP_AREAS_MAX + 1])
{
	const struct kx_keep *keep = p->request->keep;
	size_t n = keep->area_count;

	memcpy(ret, keep->area, n * sizeof(*ret));
	if (kx_range_empty(p->own.core))
		return n;
	for (; n && ret[n - 1].start > p->own.core.start; n--)
		ret[n] = ret[n - 1];
	ret[n] = p->own.core;
	return keep->area_count + 1;
}

/* RAM @m without the @n ranges of @cut. */
static int add_cut(struct kx_plan *p, const struct kx_mem *m, const struct kx_range *cut, size_t n,
		   struct kx_memmap *map, struct kx_err *err)
{
	uint64_t at = m->r.start;
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		if (!kx_range_overlaps(m->r, cut[i]))
			continue;
		if (at < cut[i].start)
			rc = add_own(p, (struct kx_range){ at, cut[i].start }, map, err);
		at = cut[i].end;
	}
	if (rc == 0 && at < m->r.end)
		rc = add_own(p, (struct kx_range){ at, m->r.end }, map, err);
	return rc;
}

/*
 * Reserved, as above, and not left out: where nothing is said to be, PCI devices
 * may be put.
 */
static int map_kept(struct kx_plan *p, struct kx_memmap *ret, struct kx_err *err)
{
	const struct kx_memmap *all = &p->sources->firmware;
	struct kx_range cut[KX_KEEP_AREAS_MAX + 1];
	size_t n = kept_ranges(p, cut);
	int rc = 0;

	*ret = (struct kx_memmap){ .v = NULL };
	for (size_t i = 0; i < all->n && rc == 0; i++)
		if (all->v[i].type == KX_MEM_RAM)
			rc = add_cut(p, &all->v[i], cut, n, ret, err);
		else
			rc = kx_memmap_add(ret, p->arena, all->v[i], err);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = kx_memmap_add(ret, p->arena, (struct kx_mem){
			.r = cut[i], .type = KX_MEM_RESERVED,
		}, err);
	kx_memmap_sort(ret);
	return rc;
}

/*
 * As the kernel's own loader makes it (crash_setup_memmap_entries()): what is no RAM as
 * the firmware has it, for ACPI and the PCI configuration space; of RAM the first MiB,
 * which a kernel with a reservation leaves alone (plan/crash.c), and the reservation.
 */
static int map_crash(struct kx_plan *p, struct kx_memmap *ret, struct kx_err *err)
{
	const struct kx_sources *s = p->sources;
	const struct kx_memmap *all = &s->firmware;
	int rc = 0;

	*ret = (struct kx_memmap){ .v = NULL };
	for (size_t i = 0; i < all->n && rc == 0; i++) {
		struct kx_mem m = all->v[i];

		if (m.type == KX_MEM_RAM && m.r.end > ONE_MIB)
			m.r.end = ONE_MIB;
		if (m.r.start < m.r.end)
			rc = kx_memmap_add(ret, p->arena, m, err);
	}
	for (size_t i = 0; i < s->crash_count && rc == 0; i++)
		rc = add_cut(p, &(struct kx_mem){ .r = s->crash[i] }, &p->own.core, 1, ret, err);
	if (rc == 0)
		rc = kx_memmap_add(ret, p->arena, (struct kx_mem){
			.r = p->own.core, .type = KX_MEM_RESERVED,
		}, err);
	kx_memmap_sort(ret);
	return rc;
}

int kx_x86_e820_map(struct kx_plan *p, struct kx_memmap *ret, struct kx_err *err)
{
	const struct kx_memmap *all = &p->sources->firmware;
	int rc = 0;

	if (p->request->crash)
		return map_crash(p, ret, err);
	if (kx_request_keeps(p->request))
		return map_kept(p, ret, err);
	*ret = *all;
	if (kx_range_empty(p->own.window))
		return 0;
	*ret = (struct kx_memmap){ .v = NULL };
	for (size_t i = 0; i < all->n && rc == 0; i++)
		if (all->v[i].type != KX_MEM_RAM)
			rc = kx_memmap_add(ret, p->arena, all->v[i], err);
	for (size_t i = 0; i < p->own.low_count && rc == 0; i++)
		rc = add_own(p, p->own.low[i], ret, err);
	if (rc == 0)
		rc = add_window(p, ret, err);
	kx_memmap_sort(ret);
	return rc;
}

size_t kx_x86_e820_ext_count(const struct kx_memmap *map)
{
	return map->n > E820_ZEROPAGE_MAX ? map->n - E820_ZEROPAGE_MAX : 0;
}

/* Memory above 1 MiB in KiB, for kernels that find the table empty. */
static void fill_mem_k(const struct kx_mem *m, uint8_t *bp)
{
	uint64_t k;

	if (m->type != KX_MEM_RAM || m->r.start > ONE_MIB || m->r.end <= ONE_MIB)
		return;
	k = (m->r.end - ONE_MIB) >> 10;
	kx_put_le16(bp + BP_EXT_MEM_K, (uint16_t)(k > EXT_MEM_K_MAX ? EXT_MEM_K_MAX : k));
	kx_put_le32(bp + BP_ALT_MEM_K, k > UINT32_MAX ? UINT32_MAX : (uint32_t)k);
}

void kx_x86_e820_fill(const struct kx_memmap *map, uint8_t *bp, uint8_t *ext)
{
	uint8_t *at = bp + BP_E820_TABLE;

	kx_put_le16(bp + BP_EXT_MEM_K, 0);
	for (size_t i = 0; i < map->n; i++, at += E820_ENTRY_LEN) {
		const struct kx_mem *m = &map->v[i];

		if (i == E820_ZEROPAGE_MAX)
			at = ext;
		kx_put_le64(at, m->r.start);
		kx_put_le64(at + 8, kx_range_len(m->r));
		kx_put_le32(at + 16, e820_type[m->type]);
		fill_mem_k(m, bp);
	}
	bp[BP_E820_ENTRIES] = (uint8_t)(map->n > E820_ZEROPAGE_MAX ? E820_ZEROPAGE_MAX : map->n);
}
