/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Core headers: the segment from which the next kernel makes its /proc/vmcore
 * (elfcorehdr=, /chosen/linux,elfcorehdr), built from the facts of the running
 * one (arch/core-headers.c).
 */
#ifndef KX_CORE_HEADERS_H
#define KX_CORE_HEADERS_H

#include <stddef.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/context.h"
#include "kx/err.h"
#include "kx/sources.h"

struct kx_core_headers_wish {
	/* Memory that is not to be in the core: what the next kernel runs in. */
	const struct kx_range *exclude;
	size_t exclude_count;
	/* NULL: without notes of ours, as for a crash kernel. */
	const struct kx_context *context;
	/* Runs that the backup map is to have room for; 0: no map, no state. */
	uint64_t runs_max;
	/* With a context: the MACHINE note, as kx_machine_note() makes it; empty: none. */
	struct kx_bytes machine;
};

struct kx_core_headers {
	uint8_t *blob;			/* arena; whole pages of the running kernel */
	size_t len;
	/*
	 * Offsets in the blob of our notes' descriptors, aligned to 8, for
	 * purgatory to fill; 0: there is none.
	 */
	uint64_t context_off, state_off, map_off;
	uint64_t map_len;		/* of the map's descriptor */
	size_t load_count;
};

/*
 * Build headers that are good at physical address 0; the length does not depend
 * on where they go, so find them a place and call kx_core_headers_place().
 *   -ENODATA  /proc/iomem has no System RAM (addresses are hidden), or
 *             s->core has no VMCOREINFO, without which there is no /proc/vmcore
 *   -E2BIG    more PT_LOADs or longer notes than the kernel takes
 *   -ENOMEM
 */
KX_CHECKED int kx_core_headers_build(const struct kx_sources *s,
				     const struct kx_core_headers_wish *w, struct kx_arena *a,
				     struct kx_core_headers *ret, struct kx_err *err);

/* They will be loaded at @pa. */
void kx_core_headers_place(struct kx_core_headers *h, uint64_t pa);

/*
 * What @s says of a context: machine, page size, release, boot id, and the
 * identity of the RAM map; the rest is 0, the CPU unknown.
 */
void kx_context_init(struct kx_context *c, const struct kx_sources *s);

#endif
