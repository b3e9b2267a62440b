// SPDX-License-Identifier: GPL-2.0-only
/* Lists as unpack-plan.h describes them. */
#include <lz4.h>
#include <stdlib.h>
#include <string.h>
#include "unpack-plan.h"

#define MANY		5000
#define MANY_STEP	1024	/* from one destination to the next */

static void *alloc(uint64_t len)
{
	void *p = calloc(1, len);

	if (!p)
		abort();
	return p;
}

static struct purg_unpack *record(struct unpack_plan *u, uint32_t i)
{
	return (struct purg_unpack *)(void *)u->packed + i;
}

/* Bytes that LZ4 can do something with: words of a small vocabulary. */
static void fill_text(uint8_t *p, uint64_t len, uint32_t seed)
{
	for (uint64_t i = 0; i < len; i++) {
		if (i % 13 == 0)
			seed = seed * 1103515245 + 12345;
		p[i] = (uint8_t)((seed >> 16) % 29 * 7 + i % 13 * 11);
	}
}

static void fill_noise(uint8_t *p, uint64_t len, uint32_t seed)
{
	for (uint64_t i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		p[i] = (uint8_t)(seed >> 24);
	}
}

/* A record with its source at the end of the packed region, at @align bytes past 8. */
static void add(struct unpack_plan *u, uint32_t codec, const uint8_t *bytes, uint64_t len,
		uint64_t dst_off, uint32_t align)
{
	uint64_t at = ((u->packed_len + 7) & ~7ULL) + align, src_len = 0;
	struct purg_unpack *r = record(u, u->count++);

	if (codec == PURG_CODEC_RAW) {
		memcpy(u->packed + at, bytes, len);
		src_len = len;
	} else if (codec == PURG_CODEC_LZ4) {
		int n = LZ4_compress_default((const char *)bytes, (char *)u->packed + at, (int)len,
					     (int)(UNPACK_PACKED_MAX - at));

		if (n <= 0)
			abort();
		src_len = (uint64_t)n;
	}
	*r = (struct purg_unpack){
		.src_pa = codec == PURG_CODEC_ZERO ? 0 : u->packed_pa + at, .src_len = src_len,
		.dst_pa = u->target_pa + dst_off, .dst_len = len, .codec = codec,
	};
	u->packed_len = at + src_len;
	if (bytes)
		memcpy(u->target_want + dst_off, bytes, len);
	else
		memset(u->target_want + dst_off, 0, len);
}

/* A copy inside the moves. */
static void add_move(struct unpack_plan *u, uint64_t src_off, uint64_t dst_off, uint64_t len)
{
	*record(u, u->count++) = (struct purg_unpack){
		.src_pa = u->moves_pa + src_off, .src_len = len,
		.dst_pa = u->moves_pa + dst_off, .dst_len = len, .codec = PURG_CODEC_RAW,
	};
	memmove(u->moves_want + dst_off, u->moves_want + src_off, len);
}

static void plan_all(struct unpack_plan *u)
{
	uint8_t *text = alloc(0x280000), *noise = alloc(0x20000);

	fill_text(text, 0x280000, 1);
	fill_noise(noise, 0x20000, 2);
	/* A long run, and matches that overlap themselves. */
	memset(text + 0x100000, 'r', 0x80000);
	u->raw = u->count;
	add(u, PURG_CODEC_RAW, noise, 100000, 0, 0);
	add(u, PURG_CODEC_RAW, noise, 70001, 0x20003, 5);
	u->odd = u->count;
	add(u, PURG_CODEC_ZERO, NULL, 0x12345, 0x40000, 0);
	add(u, PURG_CODEC_ZERO, NULL, 0x10001, 0x60007, 0);
	add(u, PURG_CODEC_ZERO, NULL, 3, 0x7fff1, 0);
	u->block = u->count;
	add(u, PURG_CODEC_LZ4, text, 200000, 0x100000, 0);
	add(u, PURG_CODEC_LZ4, noise, 5000, 0x150001, 3);
	add(u, PURG_CODEC_LZ4, text, 0x280000, 0x200000, 1);
	add(u, PURG_CODEC_RAW, noise, 0, 0x500000, 0);
	add(u, PURG_CODEC_RAW, noise + 1, 7, 0x500010, 0);
	add(u, PURG_CODEC_RAW, noise + 1, 0x1ffff, 0x510001, 1);
	/* Down and up, by less than a block and by more, aligned and not. */
	add_move(u, 0x10003, 0xfff0, 0x18000);
	add_move(u, 0x30000, 0x30008, 0x10001);
	add_move(u, 0x50005, 0x50010, 0xfff3);
	add_move(u, 0x72000, 0x70000, 0x10000);
	add_move(u, 0x90000, 0x94000, 0x10000);
	add_move(u, 0xc0000, 0xc0000, 0x1000);
	free(text);
	free(noise);
}

static void plan_many(struct unpack_plan *u)
{
	uint8_t *text = alloc(MANY_STEP * 64);

	fill_text(text, MANY_STEP * 64, 3);
	for (uint32_t i = 0; i < MANY; i++) {
		const uint8_t *bytes = text + i % 63 * MANY_STEP + i % 17;
		uint64_t dst = (uint64_t)i * MANY_STEP + i * 7 % 24, len = 1 + i * 613 % 1000;

		switch (i % 3) {
		case 0:
			add(u, PURG_CODEC_RAW, bytes, len, dst, i % 8);
			break;
		case 1:
			add(u, PURG_CODEC_ZERO, NULL, len, dst, 0);
			break;
		default:
			add(u, PURG_CODEC_LZ4, bytes, len, dst, i % 8);
		}
	}
	free(text);
}

void unpack_plan_init(struct unpack_plan *u, enum unpack_kind kind, uint64_t packed_pa,
		      uint64_t target_pa, uint64_t moves_pa)
{
	*u = (struct unpack_plan){
		.packed_pa = packed_pa, .target_pa = target_pa, .moves_pa = moves_pa,
		.packed = alloc(UNPACK_PACKED_MAX),
		.target = alloc(UNPACK_TARGET_LEN), .target_want = alloc(UNPACK_TARGET_LEN),
		.moves = alloc(UNPACK_MOVES_LEN), .moves_want = alloc(UNPACK_MOVES_LEN),
		.packed_len = MANY * sizeof(struct purg_unpack),
	};
	/* What was there before; it must stay between the destinations. */
	fill_noise(u->target, UNPACK_TARGET_LEN, 4);
	fill_noise(u->moves, UNPACK_MOVES_LEN, 5);
	memcpy(u->target_want, u->target, UNPACK_TARGET_LEN);
	memcpy(u->moves_want, u->moves, UNPACK_MOVES_LEN);
	if (kind == UNPACK_ALL)
		plan_all(u);
	else
		plan_many(u);
}

/* The two bytes of the first match's offset in a block. */
static uint8_t *first_offset(uint8_t *block)
{
	uint64_t literals = *block++ >> 4;

	if (literals == 15) {
		do
			literals += *block;
		while (*block++ == 255);
	}
	return block + literals;
}

void unpack_plan_flip(struct unpack_plan *u, enum unpack_flip flip)
{
	switch (flip) {
	case FLIP_NONE:
		break;
	case FLIP_RAW:
		u->packed[record(u, u->raw)->src_pa - u->packed_pa + 4711] ^= 0x10;
		break;
	case FLIP_BLOCK:
		/* 32 KiB further back than there is anything. */
		first_offset(u->packed + (record(u, u->block)->src_pa - u->packed_pa))[1] ^= 0x80;
		break;
	case FLIP_LIST:
		record(u, u->odd)->codec ^= 0x100;
		break;
	case FLIP_AFTER:
		u->target_want[0x30000] ^= 1;
		break;
	}
}

void unpack_plan_deinit(struct unpack_plan *u)
{
	free(u->packed);
	free(u->target);
	free(u->target_want);
	free(u->moves);
	free(u->moves_want);
}
