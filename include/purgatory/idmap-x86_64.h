/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A builder for x86_64 identity page tables from a fixed pool, 4 or 5 levels,
 * which may have pages of a kernel's upper half besides.  Pure: it touches the pool and nothing else.  Purgatory builds its map with
 * it, kexec runs it to learn how much pool a plan needs, and the host tests
 * walk what it built.
 */
#ifndef PURGATORY_IDMAP_X86_64_H
#define PURGATORY_IDMAP_X86_64_H

#include <stdint.h>

#define X86_IDMAP_TABLE_WORDS	512

/* Intel SDM vol. 3A, 4.5: bits of a paging-structure entry. */
#define X86_IDMAP_PRESENT	0x001ULL
#define X86_IDMAP_WRITE	0x002ULL
#define X86_IDMAP_PWT	0x008ULL
#define X86_IDMAP_PCD	0x010ULL
#define X86_IDMAP_ACCESSED	0x020ULL
#define X86_IDMAP_DIRTY	0x040ULL
#define X86_IDMAP_LARGE	0x080ULL		/* PS: a page, not a table */
#define X86_IDMAP_ADDR	0x000ffffffffff000ULL
#define X86_IDMAP_2M	0x200000ULL

enum x86_idmap_kind {
	/* Pages of 2 MiB, and of 1 GiB where one is covered as a whole. */
	X86_IDMAP_RAM,
	/* Pages of 4 KiB, uncached. */
	X86_IDMAP_DEVICE,
};

struct x86_idmap {
	uint64_t *pool;		/* page-aligned */
	uint64_t pool_pa;	/* where the CPU finds it */
	uint32_t pool_pages;
	uint32_t used;		/* page 0 is the root */
	uint32_t levels;	/* 4 or 5 */
	uint32_t has_1g;	/* the CPU knows 1 GiB pages */
	uint64_t outer_pa;	/* a level 5 table around a 4-level map, 0 = none yet */
};

/* Empties the map; the fields but @used and @outer_pa are set by the caller. */
void x86_idmap_init(struct x86_idmap *m);

/*
 * Maps the pages that [@start, @end) touches.  What is mapped already stays as
 * it is.  Returns the first address not mapped: >= @end if all of it is, less
 * if the pool ran out or the address is beyond what the levels can reach.
 */
uint64_t x86_idmap_add(struct x86_idmap *m, uint64_t start, uint64_t end, enum x86_idmap_kind kind);

/*
 * Physical address of the top table of a @levels-level map, 4 or 5, of what was
 * added and can be reached with so many levels.  5 around a 4-level map takes one
 * page of the pool, once: 0 if there is none left.
 */
uint64_t x86_idmap_root(struct x86_idmap *m, uint32_t levels);

/*
 * Maps the 2 MiB page of the virtual address @va, in the upper half of what
 * @levels levels reach, to that of the physical address @pa; for who walks from
 * x86_idmap_root(@m, @levels).  Takes at most X86_IDMAP_ALIAS_PAGES pages of the
 * pool, the table around included.  0, or -1 if the pool ran out, @va is not in
 * that half, or the two are not at the same place of their pages.
 */
#define X86_IDMAP_ALIAS_PAGES	4
int x86_idmap_alias(struct x86_idmap *m, uint32_t levels, uint64_t va, uint64_t pa);

#endif
