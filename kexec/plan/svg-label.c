/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words beside the bars: addresses and reservations on the left, segments
 * with their reasons on the right.  Called by svg.c.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "svg-picture.h"

/* ---- labels on the left ------------------------------------------------------- */

struct side {
	uint64_t pa, len;
	const char *name;
};

static int side_by_len(const void *a, const void *b)
{
	const struct side *x = a, *y = b;

	if (x->len != y->len)
		return x->len < y->len ? 1 : -1;
	return (x->pa > y->pa) - (x->pa < y->pa);
}

static int side_by_pa(const void *a, const void *b)
{
	const struct side *x = a, *y = b;

	return (x->pa > y->pa) - (x->pa < y->pa);
}

/* Both ends of every stretch, and the largest things in between. */
static size_t side_collect(const struct picture *pic, struct side *side)
{
	size_t n = 0, keep = 2 * pic->all.n;

	for (size_t i = 0; i < pic->all.n; i++) {
		side[n++] = (struct side){ pic->all.v[i].r.start, UINT64_MAX, NULL };
		side[n++] = (struct side){ pic->all.v[i].r.end, UINT64_MAX, NULL };
	}
	for (size_t i = pic->thing_ram; i < pic->thing_count; i++) {
		const struct svg_thing *thing = &pic->thing[i];
		unsigned int y, height;
		bool inside = false;

		for (size_t s = 0; s < pic->all.n; s++)
			inside |= svg_stretch_box(&pic->all.v[s], thing->r, &y, &height);
		/* Firmware and /proc/iomem often know the same. */
		for (size_t s = keep; s < n; s++)
			inside &= side[s].pa != thing->r.start ||
				  side[s].len != kx_range_len(thing->r);
		if (inside)
			side[n++] = (struct side){ thing->r.start, kx_range_len(thing->r),
						   thing->name };
	}
	qsort(side, n, sizeof(*side), side_by_len);
	if (n > keep + SIDE_MAX)
		n = keep + SIDE_MAX;
	qsort(side, n, sizeof(*side), side_by_pa);
	return n;
}

void svg_draw_side(struct picture *pic)
{
	size_t max = 2 * pic->all.n + pic->thing_count, n;
	struct side *side = kx_arena_alloc(pic->p->arena, max * sizeof(*side));
	struct svg_label *label = kx_arena_alloc(pic->p->arena, max * sizeof(*label));
	char size[KX_SIZE_TEXT];

	if (!side || !label)
		return;
	n = side_collect(pic, side);
	for (size_t i = 0; i < n; i++)
		label[i] = (struct svg_label){ svg_axis_y(&pic->all, side[i].pa), SIDE_LINE, 0 };
	svg_labels_spread(label, n, HEAD_HEIGHT - 8, pic->bottom + 10);
	for (size_t i = 0; i < n; i++) {
		unsigned int y = label[i].y + SIDE_LINE / 2;

		kx_text_add(pic->t, "<path d=\"M%u %u L%u %u L%u %u\" fill=\"none\""
			    " stroke=\"#aaa\"/>\n", BAR_X - 34, y, BAR_X - 30, y, BAR_X - 2,
			    label[i].want_y);
		if (side[i].name)
			svg_textf(pic->t, BAR_X - 38, y + 4, RIGHT, "%.20s (%s) 0x%" PRIx64,
				  side[i].name, kx_size_text(side[i].len, size), side[i].pa);
		else
			svg_textf(pic->t, BAR_X - 38, y + 4, RIGHT " " BOLD, "0x%" PRIx64,
				  side[i].pa);
	}
}

/* ---- labels on the right ------------------------------------------------------- */

unsigned int svg_segment_label_height(const struct kx_segment *s)
{
	return LINE * (unsigned int)(2 + (s->why ? svg_line_count(s->why, WHY_CHARS) : 0)) + 10;
}

const char *svg_segment_fill(const char *name)
{
	static const struct { const char *name, *fill; } fill[] = {
		{ "kernel", "#3b6ea5" },
		{ "initrd", "#d08a2c" },
		{ "dtb", "#7a4fa3" },
		{ "boot_params", "#2a8f83" },
		{ "purgatory", "#c0392b" },
		{ "packed", "#6b7d2a" },
	};

	for (size_t i = 0; i < sizeof(fill) / sizeof(fill[0]); i++)
		if (!strcmp(fill[i].name, name))
			return fill[i].fill;
	return strncmp(name, "kept ", 5) ? "#555555" : "#8c6d46";
}

const char *svg_segment_role(const struct picture *pic, const struct kx_segment *s)
{
	const struct kx_plan *p = pic->p;

	for (size_t i = 0; i < p->target_count; i++)
		if (s == &p->target[i])
			return ", unpacked by purgatory";
	for (size_t i = 0; i < p->staged_count; i++)
		if (s == &p->staged[i])
			return ", staged";
	return "";
}

static void draw_segment_label(struct picture *pic, const struct kx_segment *s, unsigned int y)
{
	char bytes[KX_SIZE_TEXT], room[KX_SIZE_TEXT];
	const char *why = s->why ? s->why : "";

	kx_text_add(pic->t, "<rect x=\"%u\" y=\"%u\" width=\"9\" height=\"9\" fill=\"%s\"/>\n",
		    LABEL_X, y + 4, svg_segment_fill(s->name));
	svg_textf(pic->t, LABEL_X + 14, y + 13, BOLD, "%s", s->name);
	svg_textf(pic->t, LABEL_X + 120, y + 13, SMALL, "%s in %s%s%s",
		  kx_size_text(s->buf.len, bytes), kx_size_text(kx_range_len(s->range), room),
		  svg_segment_role(pic, s), kx_segment_verified(pic->p, s) ? ", verified" : "");
	svg_textf(pic->t, LABEL_X + 14, y + 13 + LINE, SMALL, "0x%" PRIx64 " - 0x%" PRIx64,
		  s->range.start, s->range.end);
	for (unsigned int line = 2; *why; line++) {
		size_t len = svg_line_len(why, WHY_CHARS);

		svg_text(pic->t, LABEL_X + 14, y + 13 + line * LINE, DIM, why, len);
		why += len;
		why += strspn(why, " ");
	}
}

void svg_draw_window_labels(struct picture *pic, const struct svg_stretch *w)
{
	struct svg_label label[PLACED_MAX];
	const struct kx_segment *seg[PLACED_MAX];
	size_t n = 0;

	for (size_t i = 0; i < pic->seg_count; i++) {
		unsigned int y, height;

		if (!svg_stretch_box(w, pic->seg[i]->range, &y, &height))
			continue;
		seg[n] = pic->seg[i];
		label[n++] = (struct svg_label){ y + height / 2, svg_segment_label_height(pic->seg[i]), 0 };
	}
	svg_labels_spread(label, n, w->y, w->y + w->height);
	for (size_t i = 0; i < n; i++) {
		kx_text_add(pic->t, "<path d=\"M%u %u L%u %u L%u %u\" fill=\"none\" stroke=\"%s\"/>\n",
			    ZOOM_X + ZOOM_WIDTH, label[i].want_y, LABEL_X - 22, label[i].y + 9,
			    LABEL_X - 3, label[i].y + 9, svg_segment_fill(seg[i]->name));
		draw_segment_label(pic, seg[i], label[i].y);
	}
}
