/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes streams of /dev/snapshot without their data pages, well-formed unless
 * told otherwise: for the tests of the parser and the fuzzers' seeds.  Offsets as
 * kernel/power/power.h has them.
 */
#ifndef SNAPSHOT_FORGE_H
#define SNAPSHOT_FORGE_H

#include "forge.h"
#include "kx/core.h"

#define SNAPSHOT_PAGE	4096u
#define SNAPSHOT_ZERO	(1ull << 63)
#define SNAPSHOT_END	UINT64_MAX

/* The first page: @frame_pages of frame numbers and @data_pages of data follow. */
static inline void snapshot_head(struct forge *f, uint16_t machine, uint64_t frame_pages,
				 uint64_t data_pages)
{
	uint64_t pages = 1 + frame_pages + data_pages;
	size_t start = f->len;

	if (machine == KX_ELF_ARM64) {
		forge_put(f, "#1 SMP Debian", 13);
		forge_to(f, start + 72);
		forge_le64(f, 0x42000000);		/* swapper_pg_dir */
		forge_le64(f, 0xffff800008001000);	/* _cpu_resume */
		forge_le64(f, 0);			/* no stub vectors */
		forge_le64(f, 0x100);			/* MPIDR */
	} else {
		forge_le64(f, 0xffffffff9b401000);	/* jump address */
		forge_le64(f, 0x2b401000);
		forge_le64(f, 0x2d00a000);		/* CR3 */
		forge_le64(f, 0x23456789abcdef02);
		forge_le64(f, 0x12345678);		/* CRC of the e820 map */
	}
	forge_to(f, start + 400);
	forge_le64(f, 0x40000);
	forge_le32(f, 2);
	forge_to(f, start + 416);
	forge_le64(f, data_pages);
	forge_le64(f, pages);
	forge_le64(f, pages * SNAPSHOT_PAGE);
	forge_to(f, start + SNAPSHOT_PAGE);
}

/* A page of @n frame numbers and, if there is room, the end. */
static inline void snapshot_frames(struct forge *f, const uint64_t *frame, size_t n)
{
	size_t start = f->len;

	for (size_t i = 0; i < n; i++)
		forge_le64(f, frame[i]);
	if (n < SNAPSHOT_PAGE / 8)
		forge_le64(f, SNAPSHOT_END);
	forge_to(f, start + SNAPSHOT_PAGE);
}

#endif
