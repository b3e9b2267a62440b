/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Half-open ranges of physical addresses, [start, end).
 *
 * Everything outside the kernel's interfaces counts this way; the inclusive
 * ends of /proc/iomem and the like are converted where they are read.
 * The byte at 2^64-1 cannot be described, and no machine has it.
 */
#ifndef KX_RANGE_H
#define KX_RANGE_H

#include <stdbool.h>
#include <stdint.h>

struct kx_range {
	uint64_t start;
	uint64_t end;		/* exclusive, >= start */
};

/* [start, start+len); false, *ret untouched, if that wraps. */
__attribute__((warn_unused_result))
bool kx_range_make(uint64_t start, uint64_t len, struct kx_range *ret);
uint64_t kx_range_len(struct kx_range r);
bool kx_range_empty(struct kx_range r);
bool kx_range_contains(struct kx_range outer, struct kx_range inner);
bool kx_range_overlaps(struct kx_range a, struct kx_range b);
/* Largest aligned range inside @r (may be empty). @align: a power of two. */
struct kx_range kx_range_shrink(struct kx_range r, uint64_t align);
/* Smallest aligned range around @r; clamps at the top of the address space. */
struct kx_range kx_range_grow(struct kx_range r, uint64_t align);

/* @v up or down to a power of two; up saturates at the last aligned value. */
uint64_t kx_align_up(uint64_t v, uint64_t align);
uint64_t kx_align_down(uint64_t v, uint64_t align);

#endif
