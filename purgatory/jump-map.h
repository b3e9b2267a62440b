/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The backup-pages map of a kernel that jumped to us (CONFIG_KEXEC_JUMP): where
 * the kernel put what was in the pages that are now ours.  doc/jump-protocol.md
 * has the format; part of purgatory on x86_64, and tested on the host.
 */
#ifndef PURGATORY_JUMP_MAP_H
#define PURGATORY_JUMP_MAP_H

#include <stdint.h>

#include "purgatory/context-note.h"

/* include/linux/kexec.h: the low bits of a list entry.  Same in all releases. */
#define JUMP_IND_DESTINATION	1u
#define JUMP_IND_INDIRECTION	2u
#define JUMP_IND_DONE		4u
#define JUMP_IND_SOURCE		8u

#define JUMP_PAGE	4096u

/* Memory that was loaded by kexec_load: whole pages. */
struct jump_segment {
	uint64_t pa, len;
};

/* What the finder needs of the machine. */
struct jump_memory {
	/* The bytes at @pa, whole page readable; NULL if there is no memory. */
	const void *(*at)(const struct jump_memory *m, uint64_t pa);
	void *context;
};

struct jump_map {
	uint64_t head;		/* entry that begins the list; 0 = not found */
	uint64_t pages;		/* that were swapped; 0 = not found */
	uint32_t offset;	/* in the control page, of the head */
	uint32_t found;		/* how many different heads passed */
};

/*
 * Is @head the list of exactly these @count segments?  Returns the number of
 * pages, 0 if it is not.
 */
uint64_t jump_map_check(const struct jump_memory *m, uint64_t head,
			const struct jump_segment *seg, uint32_t count);

/*
 * What the list of @head, which jump_map_check() has passed, says, as runs: what
 * was at dst_pa is at src_pa.  Returns how many there are, and fills the first
 * @room.
 */
uint64_t jump_map_runs(const struct jump_memory *m, uint64_t head, struct context_run *run,
		       uint64_t room);

/*
 * Looks through the control page for a head that jump_map_check() passes.  Two
 * different ones are none.
 */
void jump_map_find(const struct jump_memory *m, uint64_t control_page,
		   const struct jump_segment *seg, uint32_t count, struct jump_map *ret);

#endif
