/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small device trees for the arm64 tests, written with libfdt's sequential
 * interface.  A machine() is QEMU's virt board in a dozen properties.
 */
#ifndef TREE_H
#define TREE_H

#include <libfdt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kx/bytes.h"

#define TREE_SIZE	0x4000

struct tree {
	_Alignas(8) uint8_t fdt[TREE_SIZE];
};

static inline void tree_ok(int r)
{
	if (r < 0) {
		fprintf(stderr, "tree: %s\n", fdt_strerror(r));
		exit(99);
	}
}

static inline void tree_begin(struct tree *t)
{
	memset(t, 0, sizeof(*t));
	tree_ok(fdt_create(t->fdt, TREE_SIZE));
}

static inline void tree_reserve(struct tree *t, uint64_t start, uint64_t size)
{
	tree_ok(fdt_add_reservemap_entry(t->fdt, start, size));
}

/* The root, with its cells. */
static inline void tree_root(struct tree *t, uint32_t address_cells, uint32_t size_cells)
{
	tree_ok(fdt_finish_reservemap(t->fdt));
	tree_ok(fdt_begin_node(t->fdt, ""));
	tree_ok(fdt_property_u32(t->fdt, "#address-cells", address_cells));
	tree_ok(fdt_property_u32(t->fdt, "#size-cells", size_cells));
}

static inline void tree_node(struct tree *t, const char *name)
{
	tree_ok(fdt_begin_node(t->fdt, name));
}

static inline void tree_end(struct tree *t)
{
	tree_ok(fdt_end_node(t->fdt));
}

static inline void tree_str(struct tree *t, const char *name, const char *value)
{
	tree_ok(fdt_property_string(t->fdt, name, value));
}

static inline void tree_u32(struct tree *t, const char *name, uint32_t value)
{
	tree_ok(fdt_property_u32(t->fdt, name, value));
}

static inline void tree_u64(struct tree *t, const char *name, uint64_t value)
{
	tree_ok(fdt_property_u64(t->fdt, name, value));
}

static inline void tree_raw(struct tree *t, const char *name, const void *value, int len)
{
	tree_ok(fdt_property(t->fdt, name, value, len));
}

/* Two 64-bit numbers. */
static inline void tree_pair(struct tree *t, const char *name, uint64_t a, uint64_t b)
{
	fdt64_t v[2] = { cpu_to_fdt64(a), cpu_to_fdt64(b) };

	tree_raw(t, name, v, sizeof(v));
}

/* Two 32-bit numbers. */
static inline void tree_cells(struct tree *t, const char *name, uint32_t a, uint32_t b)
{
	fdt32_t v[2] = { cpu_to_fdt32(a), cpu_to_fdt32(b) };

	tree_raw(t, name, v, sizeof(v));
}

static inline struct kx_bytes tree_done(struct tree *t)
{
	tree_ok(fdt_end_node(t->fdt));
	tree_ok(fdt_finish(t->fdt));
	return (struct kx_bytes){ t->fdt, fdt_totalsize(t->fdt) };
}

static inline void tree_memory(struct tree *t, uint64_t start, uint64_t size)
{
	char name[40];

	snprintf(name, sizeof(name), "memory@%llx", (unsigned long long)start);
	tree_node(t, name);
	tree_str(t, "device_type", "memory");
	tree_pair(t, "reg", start, size);
	tree_end(t);
}

/* 512 MiB at 1 GiB, a PL011, PSCI by HVC, /chosen with what firmware left. */
static inline struct kx_bytes tree_machine(struct tree *t)
{
	tree_begin(t);
	tree_reserve(t, 0x48000000, 0x12345);	/* the initrd of this boot */
	tree_reserve(t, 0x4f000000, 0x100000);	/* the firmware's own */
	tree_root(t, 2, 2);
	tree_str(t, "compatible", "linux,dummy-virt");
	tree_memory(t, 0x40000000, 0x20000000);
	tree_node(t, "psci");
	tree_str(t, "compatible", "arm,psci-1.0");
	tree_str(t, "method", "hvc");
	tree_end(t);
	tree_node(t, "pl011@9000000");
	tree_str(t, "compatible", "arm,pl011");
	tree_pair(t, "reg", 0x9000000, 0x1000);
	tree_end(t);
	tree_node(t, "chosen");
	tree_str(t, "stdout-path", "/pl011@9000000");
	tree_str(t, "bootargs", "old words");
	tree_u32(t, "linux,initrd-start", 0x48000000);
	tree_u32(t, "linux,initrd-end", 0x48012345);
	tree_u64(t, "kaslr-seed", 0);
	tree_pair(t, "linux,elfcorehdr", 0x5f000000, 0x10000);
	tree_pair(t, "linux,usable-memory-range", 0x50000000, 0x8000000);
	tree_end(t);
	return tree_done(t);
}

#endif
