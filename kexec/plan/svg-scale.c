/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is on the picture, and to which scale.  Called by svg.c.
 */
#include <stdlib.h>
#include <string.h>

#include "svg-picture.h"

/* ---- what there is ---------------------------------------------------------- */

static const char *memory_fill(const struct kx_mem *m)
{
	if (m->type == KX_MEM_RAM)
		return FILL_RAM;
	if (m->name && !strncmp(m->name, "Kernel ", 7))
		return FILL_RUNNING;
	if (m->name && !strncmp(m->name, "Crash kernel", 12))
		return FILL_CRASH;
	return FILL_RESERVED;
}

static void thing_add(struct picture *pic, const struct kx_mem *m)
{
	pic->thing[pic->thing_count++] = (struct svg_thing){
		.r = m->r,
		.name = m->name && *m->name ? m->name : kx_mem_type_name(m->type),
		.fill = memory_fill(m),
	};
}

static void things_of(struct picture *pic, const struct kx_memmap *m, bool ram)
{
	for (size_t i = 0; i < m->n; i++)
		if ((m->v[i].type == KX_MEM_RAM) == ram && !kx_range_empty(m->v[i].r))
			thing_add(pic, &m->v[i]);
}

/* RAM first, then what may be pulled out of it, then what stands in it. */
static bool things_init(struct picture *pic)
{
	const struct kx_sources *s = pic->p->sources;
	size_t max = s->firmware.n + s->iomem.n + s->removable.n;

	pic->thing = max ? kx_arena_alloc(pic->p->arena, max * sizeof(*pic->thing)) : NULL;
	if (!pic->thing)
		return false;
	things_of(pic, s->firmware.n ? &s->firmware : &s->iomem, true);
	pic->thing_ram = pic->thing_count;
	for (size_t i = 0; i < s->removable.n; i++)
		pic->thing[pic->thing_count++] = (struct svg_thing){
			.r = s->removable.v[i],
			.name = "can be hot-removed",
			.fill = FILL_REMOVABLE,
		};
	things_of(pic, &s->firmware, false);
	things_of(pic, &s->iomem, false);
	return pic->thing_ram > 0;
}

static int range_compare(const void *a, const void *b)
{
	const struct kx_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* ---- scales ------------------------------------------------------------------ */

/*
 * Join ranges with gaps of up to @gap; false if memory ran out.  @r is sorted
 * in place.
 */
static bool axis_join(struct svg_axis *axis, struct kx_arena *a, struct kx_range *r, size_t n,
		      uint64_t gap)
{
	axis->v = kx_arena_alloc(a, (n ? n : 1) * sizeof(*axis->v));
	axis->n = 0;
	if (!axis->v)
		return false;
	qsort(r, n, sizeof(*r), range_compare);
	for (size_t i = 0; i < n; i++) {
		struct svg_stretch *last = axis->n ? &axis->v[axis->n - 1] : NULL;

		if (last && (r[i].start <= last->r.end || r[i].start - last->r.end <= gap)) {
			if (r[i].end > last->r.end)
				last->r.end = r[i].end;
		} else {
			axis->v[axis->n++].r = r[i];
		}
	}
	return true;
}

/* All RAM and all segments, with gaps larger than a twelfth of RAM cut out. */
static bool all_init(struct picture *pic)
{
	size_t n = 0, max = pic->thing_ram + pic->seg_count;
	struct kx_range *r = kx_arena_alloc(pic->p->arena, max * sizeof(*r));
	uint64_t sum = 0;
	unsigned int y = HEAD_HEIGHT;

	if (!r)
		return false;
	for (size_t i = 0; i < pic->thing_ram; i++) {
		r[n++] = pic->thing[i].r;
		sum += kx_range_len(pic->thing[i].r);
	}
	for (size_t i = 0; i < pic->seg_count; i++)
		r[n++] = pic->seg[i]->range;
	if (!axis_join(&pic->all, pic->p->arena, r, n, sum / 12))
		return false;
	sum = 0;
	for (size_t i = 0; i < pic->all.n; i++)
		sum += kx_range_len(pic->all.v[i].r);
	for (size_t i = 0; i < pic->all.n; i++) {
		struct svg_stretch *s = &pic->all.v[i];

		s->y = y;
		s->height = (unsigned int)((unsigned __int128)kx_range_len(s->r) * BAR_HEIGHT / sum);
		if (s->height < SMALLEST)
			s->height = SMALLEST;
		y += s->height + CUT_HEIGHT;
	}
	pic->bottom = y - CUT_HEIGHT;
	return true;
}

/* The largest power of two that is no larger than @v; 4 KiB at least. */
static uint64_t round_below(uint64_t v)
{
	uint64_t round = 4096;

	while (round <= v / 2)
		round *= 2;
	return round;
}

/* Windows are as high as their labels need, and never less than a fair bit. */
static bool zoom_init(struct picture *pic)
{
	size_t n = pic->seg_count;
	struct kx_range r[PLACED_MAX];
	unsigned int y = HEAD_HEIGHT + 20;

	for (size_t i = 0; i < n; i++)
		r[i] = pic->seg[i]->range;
	if (!axis_join(&pic->zoom, pic->p->arena, r, n, WINDOW_GAP))
		return false;
	for (size_t w = 0; w < pic->zoom.n; w++) {
		struct svg_stretch *s = &pic->zoom.v[w];
		/* Some of the neighbourhood, too, with round numbers; no other window's. */
		uint64_t margin = kx_range_len(s->r) / 12;
		uint64_t round = round_below(margin < WINDOW_GAP / 8 ? margin : WINDOW_GAP / 8);
		unsigned int need = 0;

		for (size_t i = 0; i < n; i++)
			if (kx_range_contains(s->r, pic->seg[i]->range))
				need += svg_segment_label_height(pic->seg[i]);
		s->r.start = kx_align_down(s->r.start < round ? 0 : s->r.start - round, round);
		s->r.end = kx_align_up(s->r.end + round, round);
		s->y = y;
		s->height = need > 150 ? need : 150;
		if (pic->zoom.n == 1 && s->height < BAR_HEIGHT * 3 / 4)
			s->height = BAR_HEIGHT * 3 / 4;
		y += s->height + ZOOM_GAP;
	}
	if (pic->zoom.n && y - ZOOM_GAP > pic->bottom)
		pic->bottom = y - ZOOM_GAP;
	return true;
}

static int segment_compare(const void *a, const void *b)
{
	const struct kx_segment *const *x = a, *const *y = b;

	return ((*x)->range.start > (*y)->range.start) - ((*x)->range.start < (*y)->range.start);
}

static void add_placed(struct picture *pic, const struct kx_segment *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pic->seg[pic->seg_count++] = &s[i];
}

bool svg_picture_init(struct picture *pic)
{
	add_placed(pic, pic->p->segment, pic->p->segment_count);
	add_placed(pic, pic->p->target, pic->p->target_count);
	add_placed(pic, pic->p->staged, pic->p->staged_count);
	qsort(pic->seg, pic->seg_count, sizeof(pic->seg[0]), segment_compare);
	return things_init(pic) && all_init(pic) && zoom_init(pic);
}
