/* SPDX-License-Identifier: GPL-2.0-only */
/* What `count`, the QEMU plugin, writes and `counts` reads. */
#ifndef COUNT_H
#define COUNT_H

#include <stdint.h>

#define PAGE		0x10000u
#define PAGES		64u
#define RAM_START	0x40000000ull
#define RAM_END		0x4000000000ull

struct counter {
	uint64_t count;		/* executed */
	uint64_t loads;		/* accesses of at most 8 bytes, as TCG makes them */
	uint64_t load_bytes;
	uint64_t stores;
	uint64_t store_bytes;
	uint64_t opcode;
};

struct page {
	uint64_t base;		/* 0: unused, and so are those behind it */
	struct counter insn[PAGE / 4];
};

#endif
