/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unpack lists for tests/purgatory/qemu.c, with what memory has to be
 * afterwards.  Blocks are packed with liblz4.
 */
#ifndef PURG_TEST_UNPACK_PLAN_H
#define PURG_TEST_UNPACK_PLAN_H

#include <stdint.h>
#include "purgatory/abi.h"

enum unpack_kind {
	UNPACK_NONE,
	UNPACK_ALL,	/* each codec, each way to overlap and to be unaligned */
	UNPACK_MANY,	/* thousands of short records */
};

/* Which one bit is wrong. */
enum unpack_flip {
	FLIP_NONE,
	FLIP_RAW,	/* a source that is copied */
	FLIP_BLOCK,	/* a packed block, so that it cannot be decoded */
	FLIP_LIST,	/* the list, an unknown codec */
	FLIP_AFTER,	/* what the target has to be */
};

#define UNPACK_PACKED_MAX	0x800000
#define UNPACK_TARGET_LEN	0x600000
#define UNPACK_MOVES_LEN	0x100000

/* All buffers are the plan's own. */
struct unpack_plan {
	uint64_t packed_pa, target_pa, moves_pa;
	uint8_t *packed;		/* the list, then sources; UNPACK_PACKED_MAX */
	uint64_t packed_len;
	uint32_t count;
	uint32_t raw, block, odd;	/* the records that are flipped */
	uint8_t *target, *target_want;	/* before and after; UNPACK_TARGET_LEN */
	uint8_t *moves, *moves_want;	/* its records have their sources in it */
};

void unpack_plan_init(struct unpack_plan *u, enum unpack_kind kind, uint64_t packed_pa,
		      uint64_t target_pa, uint64_t moves_pa);
void unpack_plan_flip(struct unpack_plan *u, enum unpack_flip flip);
void unpack_plan_deinit(struct unpack_plan *u);

#endif
