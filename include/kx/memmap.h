/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory maps: what is where (struct kx_memmap), and where there is room
 * (struct kx_space).
 */
#ifndef KX_MEMMAP_H
#define KX_MEMMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/err.h"
#include "kx/range.h"

/* Types of firmware memory; the numbers are ours, arch/ translates to E820. */
enum kx_mem_type {
	KX_MEM_RAM,
	KX_MEM_RESERVED,
	KX_MEM_ACPI,		/* ACPI tables, reclaimable */
	KX_MEM_NVS,		/* ACPI non-volatile storage */
	KX_MEM_UNUSABLE,
	KX_MEM_PMEM,		/* persistent memory, E820 type 7 */
	KX_MEM_PRAM,		/* persistent memory (legacy), E820 type 12 */
	KX_MEM_SOFT_RESERVED,	/* EFI specific purpose */
	KX_MEM_OTHER,		/* a line of /proc/iomem with a name of its own */
};

const char *kx_mem_type_name(enum kx_mem_type type);

struct kx_mem {
	struct kx_range r;
	enum kx_mem_type type;
	unsigned int depth;	/* nesting in /proc/iomem; 0 at the top */
	const char *name;	/* as the source spells it; owned by the arena */
};

struct kx_memmap {
	struct kx_mem *v;	/* owned by the arena */
	size_t n, cap;
};

/* Append; empty ranges are dropped. -ENOMEM. */
KX_CHECKED int kx_memmap_add(struct kx_memmap *m, struct kx_arena *a, struct kx_mem e,
			     struct kx_err *err);
/* Stable sort by start, outer before inner. */
void kx_memmap_sort(struct kx_memmap *m);
/* Sum of the lengths of all entries of @type. */
uint64_t kx_memmap_total(const struct kx_memmap *m, enum kx_mem_type type);

/* Free memory that segments may be placed in; sorted, disjoint. */
struct kx_hole {
	struct kx_range r;
	bool removable;		/* may be hot-removed: last choice */
};

struct kx_space {
	struct kx_hole *v;	/* owned by the arena */
	size_t n, cap;
	struct kx_arena *arena;
};

void kx_space_init(struct kx_space *s, struct kx_arena *a);
/* Add usable memory; merges with neighbours of the same kind. -ENOMEM. */
KX_CHECKED int kx_space_add(struct kx_space *s, struct kx_range r, struct kx_err *err);
/* Take @r out, whatever of it is in. -ENOMEM. */
KX_CHECKED int kx_space_remove(struct kx_space *s, struct kx_range r, struct kx_err *err);
/* Mark what lies in @r as removable. -ENOMEM. */
KX_CHECKED int kx_space_mark_removable(struct kx_space *s, struct kx_range r,
				       struct kx_err *err);

struct kx_want {
	const char *name;	/* for the error */
	uint64_t size;
	uint64_t align;		/* power of two, 0 = 1 */
	uint64_t skew;		/* pa % align == skew (arm64 text_offset) */
	uint64_t min, max;	/* the range lies in [min, max); max 0 = no limit */
	bool top_down;		/* highest fit instead of lowest */
};

/* Does one hole of @s hold all of @r? */
bool kx_space_contains(const struct kx_space *s, struct kx_range r);
/*
 * Where @w fits: in memory that stays if possible, else in removable memory
 * (*ret_removable says which; may be NULL).  -ENOSPC with the largest hole that
 * would have qualified but for its size.  Does not take the memory.
 */
KX_CHECKED int kx_space_find(const struct kx_space *s, const struct kx_want *w,
			     uint64_t *ret_pa, bool *ret_removable, struct kx_err *err);

#endif
