// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the backup-pages map of a kernel that preserved itself.
 *
 * relocate_kernel_64.S keeps the head of the kernel's page list in the control
 * page, for its own way back: at offset 0x830 up to v6.13, behind the code,
 * wherever that ends, from v6.14 on.  Instead of knowing offsets, we try every
 * one, and believe the word whose list is the list of our own segments: it
 * begins each of them at its first page, gives each page of them a source, names
 * no page that is in none, and ends.  Nothing else in that page looks like that.
 *
 * Called by purgatory/x86_64/preserve.c, on the page tables of the kernel that
 * jumped: the list is in that kernel's memory, which ours do not map.
 */
#include "jump-map.h"

static uint64_t read_word(const void *at)
{
	uint64_t v;

	__builtin_memcpy(&v, at, sizeof(v));
	return v;
}

/* The pages from @pa on to the end of the segment that it is the start of. */
static uint64_t pages_from(const struct jump_segment *seg, uint32_t count, uint64_t pa)
{
	for (uint32_t i = 0; i < count; i++)
		if (seg[i].pa == pa)
			return seg[i].len / JUMP_PAGE;
	return 0;
}

uint64_t jump_map_check(const struct jump_memory *m, uint64_t head,
			const struct jump_segment *seg, uint32_t count)
{
	uint64_t all = 0, pages = 0, left = 0, entry = head, lists = 0;
	const uint8_t *list = 0;
	uint32_t begun = 0;

	for (uint32_t i = 0; i < count; i++)
		all += seg[i].len / JUMP_PAGE;
	for (;;) {
		uint64_t pa = entry & ~(uint64_t)(JUMP_PAGE - 1);

		switch (entry & (JUMP_PAGE - 1)) {
		case JUMP_IND_INDIRECTION:
			/* Lists of a page each: a circle of them would be endless. */
			list = lists++ > all ? 0 : m->at(m, pa);
			break;
		case JUMP_IND_DESTINATION:
			if (left)
				return 0;
			left = pages_from(seg, count, pa);
			if (!left || begun++ == count)
				return 0;
			break;
		case JUMP_IND_SOURCE:
			if (!left || !m->at(m, pa))
				return 0;
			left--;
			pages++;
			break;
		case JUMP_IND_DONE:
			return !left && begun == count && pages == all ? pages : 0;
		default:
			return 0;
		}
		if (!list)
			return 0;
		entry = read_word(list);
		list += sizeof(entry);
		/* The last word of a page leads to the next one, or ends it all. */
		if (!((uintptr_t)list & (JUMP_PAGE - 1)) &&
		    !(entry & (JUMP_IND_INDIRECTION | JUMP_IND_DONE)))
			return 0;
	}
}

static int run_goes_on(const struct context_run *r, uint64_t dst, uint64_t src)
{
	uint64_t len = r->pages * JUMP_PAGE;

	return r->pages && r->dst_pa + len == dst && r->src_pa + len == src;
}

uint64_t jump_map_runs(const struct jump_memory *m, uint64_t head, struct context_run *run,
		       uint64_t room)
{
	struct context_run now = { 0, 0, 0 };
	const uint8_t *list = 0;
	uint64_t entry = head, dst = 0, n = 0;

	for (;; entry = read_word(list), list += sizeof(entry)) {
		uint64_t pa = entry & ~(uint64_t)(JUMP_PAGE - 1);

		if (entry & JUMP_IND_INDIRECTION) {
			list = m->at(m, pa);
		} else if (entry & JUMP_IND_DESTINATION) {
			dst = pa;
		} else if (entry & JUMP_IND_SOURCE) {
			if (run_goes_on(&now, dst, pa)) {
				now.pages++;
			} else {
				now = (struct context_run){ dst, pa, 1 };
				n++;
			}
			if (n <= room)
				run[n - 1] = now;
			dst += JUMP_PAGE;
		} else {
			return n;
		}
	}
}

void jump_map_find(const struct jump_memory *m, uint64_t control_page,
		   const struct jump_segment *seg, uint32_t count, struct jump_map *ret)
{
	const uint8_t *page = m->at(m, control_page);

	*ret = (struct jump_map){ 0 };
	if (!page)
		return;
	/* Byte by byte: the linker aligns what is behind the code as it likes. */
	for (uint32_t i = 0; i + sizeof(uint64_t) <= JUMP_PAGE; i++) {
		uint64_t head = read_word(page + i), pages;

		if ((head & (JUMP_PAGE - 1)) != JUMP_IND_INDIRECTION || head == ret->head)
			continue;
		pages = jump_map_check(m, head, seg, count);
		if (!pages)
			continue;
		/* Its pages neither: who reads them takes them for the runs'. */
		if (ret->head) {
			*ret = (struct jump_map){ .found = 2 };
			return;
		}
		ret->found = 1;
		ret->head = head;
		ret->pages = pages;
		ret->offset = i;
	}
}
