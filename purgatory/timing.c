// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long purgatory's phases took: said on the consoles, and left in the
 * timing record (abi.h) for the next kernel's user space.  Called by
 * purgatory.c with the stamps it took.
 */
#include "purgatory.h"

/* Microseconds since the stamp before, or counts where the rate is unknown. */
static void line_phase(struct purg_line *l, const char *name, uint64_t count, uint64_t hz)
{
	purg_line_str(l, name);
	/* No overflow: a phase of 2^40 counts is minutes at any rate there is. */
	if (hz && count < 1ULL << 40) {
		purg_line_dec(l, count * 1000000 / hz);
		purg_line_str(l, " us");
	} else {
		purg_line_dec(l, count);
		purg_line_str(l, " counts");
	}
}

static void say(struct purg_param *p, const uint64_t stamp[PURG_TIMING_WORDS])
{
	uint64_t hz = stamp[PURG_TIMING_HZ];
	struct purg_line l;

	purg_line_init(&l);
	line_phase(&l, "map ", stamp[PURG_TIMING_MAP] - stamp[PURG_TIMING_ENTRY], hz);
	line_phase(&l, ", verify ", stamp[PURG_TIMING_VERIFIED] - stamp[PURG_TIMING_MAP], hz);
	line_phase(&l, ", unpack ", stamp[PURG_TIMING_UNPACKED] - stamp[PURG_TIMING_VERIFIED], hz);
	line_phase(&l, ", check ", stamp[PURG_TIMING_CHECKED] - stamp[PURG_TIMING_UNPACKED], hz);
	line_phase(&l, ", all ", stamp[PURG_TIMING_EXIT] - stamp[PURG_TIMING_ENTRY], hz);
	purg_line_print(&l, p);
}

/* Device tree properties are aligned to 4 only: two halves, big-endian. */
static void put_be64(uint32_t *to, uint64_t v)
{
	to[0] = __builtin_bswap32((uint32_t)(v >> 32));
	to[1] = __builtin_bswap32((uint32_t)v);
}

void purg_timing_record(struct purg_param *p, const uint64_t stamp[PURG_TIMING_WORDS])
{
	uint32_t *record = (uint32_t *)(uintptr_t)p->timing_pa;

	if (p->flags & PURG_F_TIMING)
		say(p, stamp);
	if (!p->timing_pa)
		return;
	for (uint32_t i = PURG_TIMING_HZ; i < PURG_TIMING_WORDS; i++)
		put_be64(record + 2 * i, stamp[i]);
}
