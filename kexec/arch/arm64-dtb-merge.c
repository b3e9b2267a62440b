/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tree given with --dtb (or in a UKI) is usually the board's, as the kernel
 * build made it: memory, reservations and EFI's pointers are what the firmware
 * fills in at boot.  This file copies them from the running machine's tree.
 * Called by arm64-dtb.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>
#include <string.h>

#include "arm64.h"
#include "kx/fdt.h"

/* Numbers of a reg are written in the cells of the tree they go to. */
struct cells {
	int address, size;
};

static struct cells root_cells(const void *fdt)
{
	return (struct cells){ fdt_address_cells(fdt, 0), fdt_size_cells(fdt, 0) };
}

static int cells_check(const void *fdt, const char *whose, struct cells *ret, struct kx_err *err)
{
	*ret = root_cells(fdt);
	if (ret->address < 1 || ret->address > 2 || ret->size < 1 || ret->size > 2)
		return kx_err_set(err, ENOEXEC,
				  "device tree: %s: #address-cells and #size-cells of the root: "
				  "expected 1 or 2, have %d and %d",
				  whose, ret->address, ret->size);
	return 0;
}

static int append_number(void *fdt, int node, uint64_t v, int cells, struct kx_err *err)
{
	int r;

	if (cells == 1 && v > UINT32_MAX)
		return kx_err_set(err, E2BIG,
				  "device tree: 0x%" PRIx64 " of the running machine does not fit "
				  "into the one cell that the given tree uses", v);
	r = cells == 1 ? fdt_appendprop_u32(fdt, node, "reg", (uint32_t)v) :
			 fdt_appendprop_u64(fdt, node, "reg", v);
	return r < 0 ? kx_arm64_dtb_err(err, r, "reg") : 0;
}

/* The running tree's reg @from, re-encoded for @fdt. */
static int copy_reg(void *fdt, int node, const uint8_t *from, int len, struct cells theirs,
		    struct kx_err *err)
{
	struct cells ours = root_cells(fdt);
	int entry = 4 * (theirs.address + theirs.size);

	if (len % entry)
		return kx_err_set(err, ENOEXEC,
				  "device tree of the running machine: %s: reg is no list of ranges",
				  fdt_get_name(fdt, node, NULL));
	for (int off = 0; off < len; off += entry) {
		uint64_t start = 0, size = 0;
		int r;

		/* cells_check() has seen to it that both are numbers */
		if (!kx_fdt_number(from + off, theirs.address, &start) ||
		    !kx_fdt_number(from + off + 4 * theirs.address, theirs.size, &size))
			return kx_err_set(err, ENOEXEC, "device tree: bad cells");
		r = append_number(fdt, node, start, ours.address, err);
		if (r == 0)
			r = append_number(fdt, node, size, ours.size, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * @from of @running as a new child of @parent.  Its phandle stays behind:
 * nothing in this tree can mean it, and the number may be taken.
 */
static int copy_node(void *fdt, int parent, const void *running, int from, struct kx_err *err)
{
	const char *name = fdt_get_name(running, from, NULL);
	struct cells theirs;
	int node, prop, r;

	r = cells_check(running, "running machine", &theirs, err);
	if (r < 0)
		return r;
	node = fdt_add_subnode(fdt, parent, name);
	if (node < 0)
		return kx_arm64_dtb_err(err, node, name);
	fdt_for_each_property_offset(prop, running, from) {
		const char *key;
		int len;
		const void *value = fdt_getprop_by_offset(running, prop, &key, &len);

		if (!value)
			return kx_arm64_dtb_err(err, len, name);
		if (!strcmp(key, "phandle") || !strcmp(key, "linux,phandle"))
			continue;
		if (!strcmp(key, "reg")) {
			r = copy_reg(fdt, node, value, len, theirs, err);
			if (r < 0)
				return r;
			continue;
		}
		r = fdt_setprop(fdt, node, key, value, len);
		if (r < 0)
			return kx_arm64_dtb_err(err, r, key);
	}
	return 0;
}

static bool is_memory(const void *fdt, int node)
{
	const char *type = fdt_stringlist_get(fdt, node, "device_type", 0, NULL);

	return type && strcmp(type, "memory") == 0;
}

/* A child of the root that describes memory; negative if none is left. */
static int first_memory(const void *fdt)
{
	int node;

	fdt_for_each_subnode(node, fdt, 0)
		if (is_memory(fdt, node))
			break;
	return node;
}

static int merge_memory(struct kx_plan *p, void *fdt, const void *running, struct kx_err *err)
{
	struct kx_memmap here = { 0 }, there = { 0 };
	int node, r;

	r = kx_fdt_memory(fdt, p->arena, &here, err);
	if (r < 0)
		return r;
	r = kx_fdt_memory(running, p->arena, &there, err);
	if (r < 0)
		return r;
	if (kx_memmap_total(&here, KX_MEM_RAM)) {
		kx_plan_note(p, "dtb: memory is what the given tree says");
		return 0;
	}
	if (!kx_memmap_total(&there, KX_MEM_RAM))
		return 0;
	/* Placeholders without size. */
	while ((node = first_memory(fdt)) >= 0) {
		r = fdt_del_node(fdt, node);
		if (r < 0)
			return kx_arm64_dtb_err(err, r, "memory");
	}
	fdt_for_each_subnode(node, running, 0) {
		if (!is_memory(running, node))
			continue;
		r = copy_node(fdt, 0, running, node, err);
		if (r < 0)
			return r;
	}
	kx_plan_note(p, "dtb: memory nodes taken from the running machine");
	return 0;
}

/* /reserved-memory of @fdt, made like the running tree's if absent. */
static int reserved_memory_node(void *fdt, struct kx_err *err)
{
	struct cells cells = root_cells(fdt);
	int node = fdt_path_offset(fdt, "/reserved-memory"), r;

	if (node >= 0)
		return node;
	node = fdt_add_subnode(fdt, 0, "reserved-memory");
	if (node < 0)
		return kx_arm64_dtb_err(err, node, "reserved-memory");
	/* "should use the same values as for the root node", reserved-memory.txt */
	r = fdt_setprop_u32(fdt, node, "#address-cells", (uint32_t)cells.address);
	if (r == 0)
		r = fdt_setprop_u32(fdt, node, "#size-cells", (uint32_t)cells.size);
	if (r == 0)
		r = fdt_setprop_empty(fdt, node, "ranges");
	return r < 0 ? kx_arm64_dtb_err(err, r, "reserved-memory") : node;
}

static int merge_reserved_memory(struct kx_plan *p, void *fdt, const void *running,
				 struct kx_err *err)
{
	int from = fdt_path_offset(running, "/reserved-memory"), child, r;
	unsigned int added = 0;

	if (from < 0)
		return 0;
	fdt_for_each_subnode(child, running, from) {
		int node;

		/* Without reg the kernel chooses the place: nothing lives there yet. */
		if (!fdt_getprop(running, child, "reg", NULL))
			continue;
		node = reserved_memory_node(fdt, err);
		if (node < 0)
			return node;
		if (fdt_subnode_offset(fdt, node, fdt_get_name(running, child, NULL)) >= 0)
			continue;
		r = copy_node(fdt, node, running, child, err);
		if (r < 0)
			return r;
		added++;
	}
	if (added)
		kx_plan_note(p, "dtb: %u reserved-memory nodes taken from the running machine", added);
	return 0;
}

static bool has_reservation(const void *fdt, uint64_t start, uint64_t size)
{
	for (int i = 0; i < fdt_num_mem_rsv(fdt); i++) {
		uint64_t s, n;

		if (fdt_get_mem_rsv(fdt, i, &s, &n) == 0 && s == start && n == size)
			return true;
	}
	return false;
}

static int merge_reservations(struct kx_plan *p, void *fdt, const void *running,
			      struct kx_err *err)
{
	struct arm64_stale stale;

	kx_arm64_stale_find(running, true, p->sources->page_size, &stale);
	for (int i = 0; i < fdt_num_mem_rsv(running); i++) {
		uint64_t start, size;
		int r = fdt_get_mem_rsv(running, i, &start, &size);

		if (r == 0 && !kx_arm64_stale_has(&stale, start, size) &&
		    !has_reservation(fdt, start, size))
			r = fdt_add_mem_rsv(fdt, start, size);
		if (r < 0)
			return kx_arm64_dtb_err(err, r, "memory reservations");
	}
	return 0;
}

/* What the EFI stub wrote: the only way to the EFI memory map. */
static int merge_efi(struct kx_plan *p, void *fdt, const void *running, struct kx_err *err)
{
	static const char prefix[] = "linux,uefi-";
	int from = fdt_path_offset(running, "/chosen"), to = fdt_path_offset(fdt, "/chosen");
	bool any = false;
	int prop;

	if (from < 0 || to < 0)
		return 0;
	fdt_for_each_property_offset(prop, running, from) {
		const char *key;
		int len, r;
		const void *value = fdt_getprop_by_offset(running, prop, &key, &len);

		if (!value)
			return kx_arm64_dtb_err(err, len, "chosen");
		if (strncmp(key, prefix, sizeof(prefix) - 1))
			continue;
		r = fdt_setprop(fdt, to, key, value, len);
		if (r < 0)
			return kx_arm64_dtb_err(err, r, key);
		any = true;
	}
	if (any)
		kx_plan_note(p, "dtb: EFI's entries in /chosen taken from the running machine");
	return 0;
}

int kx_arm64_dtb_merge(struct kx_plan *p, void *fdt, const void *running, struct kx_err *err)
{
	struct cells cells;
	int r;

	r = cells_check(fdt, "the given one", &cells, err);
	if (r == 0)
		r = merge_efi(p, fdt, running, err);
	if (r == 0)
		r = merge_memory(p, fdt, running, err);
	if (r == 0)
		r = merge_reserved_memory(p, fdt, running, err);
	if (r == 0)
		r = merge_reservations(p, fdt, running, err);
	return r;
}
