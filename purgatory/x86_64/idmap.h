/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A builder for x86_64 identity page tables from a fixed pool, 4 or 5 levels.
 * Pure: it touches the pool and nothing else, so the host tests walk what it
 * built.
 */
#ifndef PURGATORY_X86_64_IDMAP_H
#define PURGATORY_X86_64_IDMAP_H

#include <stdint.h>

#define IDMAP_TABLE_WORDS	512

/* Intel SDM vol. 3A, 4.5: bits of a paging-structure entry. */
#define IDMAP_PRESENT	0x001ULL
#define IDMAP_WRITE	0x002ULL
#define IDMAP_PWT	0x008ULL
#define IDMAP_PCD	0x010ULL
#define IDMAP_ACCESSED	0x020ULL
#define IDMAP_DIRTY	0x040ULL
#define IDMAP_LARGE	0x080ULL		/* PS: a page, not a table */
#define IDMAP_ADDR	0x000ffffffffff000ULL

enum idmap_kind {
	/* Pages of 2 MiB, and of 1 GiB where one is covered as a whole. */
	IDMAP_RAM,
	/* Pages of 1 GiB also where less is covered: saves tables. */
	IDMAP_RAM_COARSE,
	/* Pages of 4 KiB, uncached. */
	IDMAP_DEVICE,
};

struct idmap {
	uint64_t *pool;		/* page-aligned */
	uint64_t pool_pa;	/* where the CPU finds it */
	uint32_t pool_pages;
	uint32_t used;		/* page 0 is the root */
	uint32_t levels;	/* 4 or 5 */
	uint32_t has_1g;	/* the CPU knows 1 GiB pages */
};

/* Empties the map; the fields but @used are set by the caller. */
void idmap_init(struct idmap *m);

/*
 * Maps the pages that [@start, @end) touches.  What is mapped already stays as
 * it is.  Returns the first address not mapped: >= @end if all of it is, less
 * if the pool ran out or the address is beyond what the levels can reach.
 */
uint64_t idmap_add(struct idmap *m, uint64_t start, uint64_t end, enum idmap_kind kind);

/* Physical address of the top table of a @levels-level map; 4 also works on a 5-level one. */
uint64_t idmap_root(const struct idmap *m, uint32_t levels);

#endif
