/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory reservations that describe this boot and not the machine: those of
 * the initrd, the crash dump header, the IMA buffer and the tree itself, which
 * the next kernel has its own of.  Carried over they would pile up, one set per
 * kexec.  The kernel's loader drops the same ones (drivers/of/kexec.c).
 * Called by arm64-dtb.c and arm64-dtb-merge.c.
 */
#include <libfdt.h>

#include "arm64.h"
#include "kx/fdt.h"

static void stale_add(struct arm64_stale *s, uint64_t start, uint64_t size)
{
	struct kx_range r;

	if (size && s->count < ARM64_STALE_MAX && kx_range_make(start, size, &r))
		s->range[s->count++] = r;
}

/* One address, in as many cells as the property has. */
static bool address_prop(const void *fdt, int node, const char *name, uint64_t *ret)
{
	int len;
	const void *p = fdt_getprop(fdt, node, name, &len);

	return p && (len == 4 || len == 8) && kx_fdt_number(p, len / 4, ret);
}

/* Address and size in the root's cells. */
static void stale_range_prop(struct arm64_stale *s, const void *fdt, int node, const char *name)
{
	int ac = fdt_address_cells(fdt, 0), sc = fdt_size_cells(fdt, 0), len;
	const uint8_t *p = fdt_getprop(fdt, node, name, &len);
	uint64_t start, size;

	if (p && ac > 0 && sc > 0 && len >= 4 * (ac + sc) &&
	    kx_fdt_number(p, ac, &start) && kx_fdt_number(p + 4 * ac, sc, &size))
		stale_add(s, start, size);
}

void kx_arm64_stale_find(const void *fdt, bool running, uint64_t page_size,
			 struct arm64_stale *ret)
{
	int chosen = fdt_path_offset(fdt, "/chosen");
	uint64_t start, end;

	*ret = (struct arm64_stale){
		.fdt_size = running ? fdt_totalsize(fdt) : 0,
		.page_size = page_size,
	};
	if (chosen < 0)
		return;
	if (address_prop(fdt, chosen, "linux,initrd-start", &start) &&
	    address_prop(fdt, chosen, "linux,initrd-end", &end) && end > start)
		stale_add(ret, start, end - start);
	stale_range_prop(ret, fdt, chosen, "linux,elfcorehdr");
	stale_range_prop(ret, fdt, chosen, "linux,ima-kexec-buffer");
}

bool kx_arm64_stale_has(const struct arm64_stale *s, uint64_t start, uint64_t size)
{
	/* Loaders reserve the exact size, firmware often whole pages. */
	for (size_t i = 0; i < s->count; i++) {
		uint64_t len = kx_range_len(s->range[i]);

		if (s->range[i].start == start &&
		    (len == size || kx_align_up(len, s->page_size) == size))
			return true;
	}
	/*
	 * Where the running tree lies is not visible to user space, so only its
	 * size can betray its reservation.  A round size could as well be some
	 * firmware's, and keeping too much is the smaller evil.
	 */
	return s->fdt_size && size == s->fdt_size && size % 0x1000;
}
