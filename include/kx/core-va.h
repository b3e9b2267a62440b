/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual addresses of the kernel that a core is of.
 *
 * The kernel's page tables are in its memory, and VMCOREINFO says where they
 * begin; where they cannot be walked, the virtual addresses of the PT_LOADs help
 * out.  The tables come first because they are the kernel's own: kexec-tools
 * 2.0.32 on arm64 writes virtual addresses that are wrong when it does not find
 * _text.
 *
 *	lib/core-va.c		the walk, and reading
 *	lib/core-va-x86_64.c	where the tables of x86_64 are, and their entries
 *	lib/core-va-arm64.c	the same of arm64
 */
#ifndef KX_CORE_VA_H
#define KX_CORE_VA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/context.h"
#include "kx/core.h"
#include "kx/err.h"

/* What an entry of a page table is. */
enum kx_core_entry {
	KX_CORE_ENTRY_NONE,
	KX_CORE_ENTRY_TABLE,
	KX_CORE_ENTRY_MEMORY,
};

/* Tables as both architectures have them: levels of 8-byte entries, the last one is 0. */
struct kx_core_tables {
	uint64_t top_pa;
	unsigned int page_shift;
	unsigned int levels;
	unsigned int top_bits;		/* of an address that choose in the top table */
	unsigned int va_bits;		/* that are translated; those above are ones */
	uint64_t clear;			/* bits of entries that are no address: encryption */
	bool wide;			/* arm64: entries hold addresses of 52 bits */
	/* Entry @e of @level; *ret is the address it holds, not aligned. */
	enum kx_core_entry (*entry)(const struct kx_core_tables *t, uint64_t e,
				    unsigned int level, uint64_t *ret);
};

struct kx_core_va {
	const struct kx_core *core;
	const struct kx_context_map *map;	/* NULL: as the core has it */
	bool has_tables;
	struct kx_core_tables tables;
	struct kx_err why;		/* !has_tables */
};

/*
 * @vmcoreinfo: kx_vmcoreinfo_text(); @map as in kx_context_memory_read().  Never
 * fails: without tables there are the PT_LOADs.  *ret borrows from @core and @map.
 */
void kx_core_va_init(struct kx_core_va *ret, const struct kx_core *core,
		     const struct kx_context_map *map, struct kx_bytes vmcoreinfo);

/*
 * The physical address of @va, and of how many bytes from there on it is the
 * beginning.  The sentence says why the tables do not have it.
 *   -ENXIO  neither tables nor PT_LOADs have it
 *   and what kx_core_read() says of the tables
 */
KX_CHECKED int kx_core_va_find(const struct kx_core_va *v, uint64_t va, uint64_t *ret_pa,
			       uint64_t *ret_len, struct kx_err *err);

/* @len bytes at @va.  As kx_core_va_find() and kx_core_read(). */
KX_CHECKED int kx_core_va_read(const struct kx_core_va *v, uint64_t va, void *to, size_t len,
			       struct kx_err *err);

/*
 * Where a PT_LOAD has @va; false if none does.  *ret_len: bytes from there on,
 * at least 1.
 */
bool kx_core_va_load(const struct kx_core *c, uint64_t va, uint64_t *ret_pa, uint64_t *ret_len);

/* One for each architecture: what VMCOREINFO says of its tables.  As kx_vmcoreinfo_u64(). */
KX_CHECKED int kx_core_tables_x86_64(const struct kx_core *c, struct kx_bytes vmcoreinfo,
				     struct kx_core_tables *ret, struct kx_err *err);
KX_CHECKED int kx_core_tables_arm64(const struct kx_core *c, struct kx_bytes vmcoreinfo,
				    struct kx_core_tables *ret, struct kx_err *err);

#endif
