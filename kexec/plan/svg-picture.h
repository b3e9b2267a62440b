/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The picture svg.c draws: measures, colours, and what is where on it.
 *
 * Private to svg.c (the page and the bars), svg-scale.c (what is drawn, and how
 * large) and svg-label.c (the words beside the bars).
 */
#ifndef KX_SVG_PICTURE_H
#define KX_SVG_PICTURE_H

#include "kx/plan.h"
#include "print.h"
#include "svg-draw.h"

#define PAGE_WIDTH	1400
#define HEAD_HEIGHT	92
#define BAR_X		330
#define BAR_WIDTH	130
#define BAR_SEGMENT_X	16
#define BAR_HEIGHT	760
#define CUT_HEIGHT	30
#define ZOOM_X		600
#define ZOOM_SEGMENT_X	100
#define ZOOM_WIDTH	220
#define ZOOM_GAP	34
#define LABEL_X		880
#define LINE		14
#define WHY_CHARS	74
#define NOTE_CHARS	190
/* Side labels: one line each, this many of the largest things. */
#define SIDE_MAX	26
#define SIDE_LINE	15
/* What a plan fills memory with, at most: segments, targets, what is staged. */
#define PLACED_MAX	(3 * KX_SEGMENTS_MAX)
/* Segments further apart than this get windows of their own. */
#define WINDOW_GAP	(64ULL << 20)
#define SMALLEST	2

#define SMALL		"font-size=\"11\""
#define DIM		"font-size=\"11\" fill=\"#666\""
#define RIGHT		"font-size=\"11\" text-anchor=\"end\""
#define BOLD		"font-weight=\"bold\""
#define TITLE		"font-size=\"17\" " BOLD

#define FILL_RAM	"#e3efe0"
#define FILL_REMOVABLE	"url(#removable)"
#define FILL_RESERVED	"#c9a0a0"
#define FILL_RUNNING	"#b9cbe6"
#define FILL_CRASH	"#e6cf7a"

struct picture {
	const struct kx_plan *p;
	struct kx_text *t;
	struct svg_thing *thing;	/* what is not a segment, in drawing order */
	size_t thing_count, thing_ram;	/* the first thing_ram are RAM */
	struct svg_axis all;		/* the left bar */
	struct svg_axis zoom;		/* windows of the right bar */
	const struct kx_segment *seg[PLACED_MAX];	/* by address: loaded, staged, unpacked */
	size_t seg_count;
	unsigned int bottom;		/* below both bars */
};

/* Everything but the text; false when no RAM is known, or memory ran out. */
bool svg_picture_init(struct picture *pic);
const char *svg_segment_fill(const char *name);
/* "", or what sets @s apart from a segment of the normal image. */
const char *svg_segment_role(const struct picture *pic, const struct kx_segment *s);
unsigned int svg_segment_label_height(const struct kx_segment *s);

void svg_draw_side(struct picture *pic);
void svg_draw_window_labels(struct picture *pic, const struct svg_stretch *w);

#endif
