// SPDX-License-Identifier: GPL-2.0-only
/*
 * Identity page tables, and a page of the upper half in them: Intel SDM vol. 3A, chapter 4 "Paging", 4.5 "4-level
 * paging and 5-level paging".  Called by machine.c.
 *
 * Whole GiBs get 1 GiB pages, the rest 2 MiB pages: a page that reaches
 * beyond what kexec declared lets the CPU speculate into whatever is there,
 * and some machines stop at a speculative read of firmware memory (Linux
 * d794734c9bbf "x86/mm/ident_map: Use gbpages only where full GB page should
 * be mapped.", v6.9).
 */
#include <stddef.h>
#include "purgatory/idmap-x86_64.h"

#define RAM_FLAGS	(X86_IDMAP_PRESENT | X86_IDMAP_WRITE | X86_IDMAP_ACCESSED | X86_IDMAP_DIRTY)
#define TABLE_FLAGS	(X86_IDMAP_PRESENT | X86_IDMAP_WRITE | X86_IDMAP_ACCESSED)

/* Level 1 entries map 4 KiB, level 2 2 MiB, level 3 1 GiB, and so on. */
static uint32_t level_shift(uint32_t level)
{
	return 12 + 9 * (level - 1);
}

static uint64_t *table_at(const struct x86_idmap *m, uint64_t pa)
{
	return m->pool + (pa - m->pool_pa) / sizeof(uint64_t);
}

/* Returns the physical address of an empty table, 0 if there is none left. */
static uint64_t table_new(struct x86_idmap *m)
{
	uint64_t pa = m->pool_pa + (uint64_t)m->used * 4096;

	if (m->used == m->pool_pages)
		return 0;
	m->used++;
	__builtin_memset(table_at(m, pa), 0, 4096);
	return pa;
}

void x86_idmap_init(struct x86_idmap *m)
{
	m->used = 0;
	m->outer_pa = 0;
	table_new(m);
}

uint64_t x86_idmap_root(struct x86_idmap *m, uint32_t levels)
{
	if (levels == m->levels)
		return m->pool_pa;
	if (levels < m->levels)
		return m->pool[0] & X86_IDMAP_ADDR;
	if (!m->outer_pa) {
		m->outer_pa = table_new(m);
		if (m->outer_pa)
			table_at(m, m->outer_pa)[0] = m->pool_pa | TABLE_FLAGS;
	}
	return m->outer_pa;
}

/* May [start, end) be mapped at @pos by one entry of @level? */
static int fits(const struct x86_idmap *m, uint32_t level, uint64_t start, uint64_t end, uint64_t pos,
		enum x86_idmap_kind kind)
{
	uint64_t span = 1ULL << level_shift(level);
	uint64_t base = pos & ~(span - 1);

	if (level == 1)
		return 1;
	if (kind == X86_IDMAP_DEVICE)
		return 0;
	if (level == 2)
		return 1;
	if (level > 3 || !m->has_1g)
		return 0;
	return start <= base && end - base >= span && end > base;
}

/* Maps one page at @pos; returns its end, or @pos if there was no table. */
static uint64_t add_page(struct x86_idmap *m, uint64_t start, uint64_t end, uint64_t pos,
			 enum x86_idmap_kind kind)
{
	uint64_t *table = m->pool;

	for (uint32_t level = m->levels; ; level--) {
		uint32_t shift = level_shift(level);
		uint64_t base = pos >> shift << shift;
		uint64_t *entry = &table[(pos >> shift) % X86_IDMAP_TABLE_WORDS];
		uint64_t large = level == 1 ? 0 : X86_IDMAP_LARGE;

		if (!*entry && fits(m, level, start, end, pos, kind))
			*entry = base | RAM_FLAGS | large |
				 (kind == X86_IDMAP_DEVICE ? X86_IDMAP_PCD | X86_IDMAP_PWT : 0);
		if (!*entry) {
			uint64_t pa = table_new(m);

			if (!pa)
				return pos;
			*entry = pa | TABLE_FLAGS;
		}
		if (level == 1 || (*entry & X86_IDMAP_LARGE))
			return base + (1ULL << shift);
		table = table_at(m, *entry & X86_IDMAP_ADDR);
	}
}

uint64_t x86_idmap_add(struct x86_idmap *m, uint64_t start, uint64_t end, enum x86_idmap_kind kind)
{
	/*
	 * Identity means the lower, positive half of the canonical addresses:
	 * 47 bits with 4 levels.  With 5 it would be 56, but a physical
	 * address has at most 52 (SDM 4.1.4, MAXPHYADDR).
	 */
	uint64_t limit = 1ULL << (m->levels == 4 ? 47 : 52);
	uint64_t pos = start;

	while (pos < end && pos < limit) {
		uint64_t next = add_page(m, start, end, pos, kind);

		if (next == pos)
			break;
		pos = next;
	}
	return pos;
}

/*
 * "Canonical" (SDM vol. 1, 3.3.7.1): bits 63 to the highest one that is
 * translated are equal; in the upper half they are ones.
 */
static int upper_half(uint32_t levels, uint64_t va)
{
	return va >> (level_shift(levels) + 8) == (1ULL << (56 - level_shift(levels))) - 1;
}

int x86_idmap_alias(struct x86_idmap *m, uint32_t levels, uint64_t va, uint64_t pa)
{
	uint64_t in_page = X86_IDMAP_2M - 1, next = x86_idmap_root(m, levels);

	if (!next || !upper_half(levels, va) || ((va ^ pa) & in_page) ||
	    (pa & ~in_page & ~X86_IDMAP_ADDR))
		return -1;
	for (uint32_t level = levels; ; level--) {
		uint64_t *entry = &table_at(m, next)[(va >> level_shift(level)) % X86_IDMAP_TABLE_WORDS];

		if (level == 2) {
			*entry = (pa & ~in_page) | RAM_FLAGS | X86_IDMAP_LARGE;
			return 0;
		}
		if (!*entry) {
			next = table_new(m);
			if (!next)
				return -1;
			*entry = next | TABLE_FLAGS;
		}
		if (*entry & X86_IDMAP_LARGE)	/* memory beyond what 4 levels reach */
			return -1;
		next = *entry & X86_IDMAP_ADDR;
	}
}
