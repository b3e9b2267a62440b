// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a dump will be: by packing some of its pages, spread over each chunk of
 * memory.  Called by write.c before anything is written.
 */
#include <errno.h>
#include <stdlib.h>

#include "write-parts.h"

/* Of each chunk; some 50 ms with zlib. */
#define SAMPLES		768u

int write_guess_add(struct write_guess *g, struct write *w, struct kx_err *err)
{
	const struct write_map *m = &w->map;
	uint64_t size = m->page_size, step = m->count / SAMPLES + 1;
	uint64_t end = m->first + m->count, pfn = m->first;
	uint8_t *room = malloc((size_t)size);
	struct kx_err none;
	const uint8_t *p;

	if (!room)
		return kx_err_set(err, ENOMEM, "no memory for a page");
	for (; (pfn = write_map_next(m, pfn)) < end; pfn += step) {
		size_t n;

		if (write_pages(write_pool_source(w->pool), size, pfn, 1, &p, &none) < 0)
			continue;
		g->sampled += size;
		if (write_is_zero(p, (size_t)size))
			continue;
		n = w->r->format == WRITE_ELF ? 0 :
		    kx_page_pack(write_pool_coder(w->pool), w->r->codec, p, (size_t)size, room);
		g->packed += n ? n : size;
	}
	free(room);
	return 0;
}

uint64_t write_guess_len(const struct write_guess *g, const struct write *w)
{
	const struct write_map *m = &w->map;
	double ratio = g->sampled ? (double)g->packed / (double)g->sampled : 1;
	double len = (double)(m->total_kept * m->page_size) * ratio;

	/* Both bitmaps, and a descriptor for each page. */
	if (w->r->format == WRITE_KDUMP)
		len += (double)w->r->target_count * ((double)m->max_pfn / 4) +
		       (double)m->total_kept * KX_KDUMP_DESC_LEN;
	return (uint64_t)len;
}
