/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Drawing primitives of svg.c: an axis from physical addresses to pixels,
 * boxes with a tooltip, text, and labels that keep out of each other's way.
 *
 * Pixels are whole numbers, so that a plan draws the same everywhere.
 */
#ifndef KX_SVG_DRAW_H
#define KX_SVG_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/json.h"
#include "kx/range.h"

/* A stretch of memory drawn to scale. */
struct svg_stretch {
	struct kx_range r;
	unsigned int y, height;
};

/* Stretches from low to high, from top to bottom; what lies between is cut out. */
struct svg_axis {
	struct svg_stretch *v;		/* arena */
	size_t n;
};

/* @r as far as it lies in stretch @s, in pixels from the top; false if outside. */
bool svg_stretch_box(const struct svg_stretch *s, struct kx_range r, unsigned int *ret_y,
		     unsigned int *ret_height);
/* Pixel of @pa; an address in a gap is at the end of the stretch before it. */
unsigned int svg_axis_y(const struct svg_axis *a, uint64_t pa);

struct svg_label {
	unsigned int want_y;		/* where its thing is */
	unsigned int height;
	unsigned int y;			/* where it is put: top edge */
};

/* Give the @n labels, sorted by want_y, places between @top and @bottom. */
void svg_labels_spread(struct svg_label *l, size_t n, unsigned int top, unsigned int bottom);

/* @s with what XML would take for markup, or not take at all, replaced. */
void svg_escape(struct kx_text *t, const char *s, size_t n);
/* Up to @n characters of @s at (x, baseline y); @style is attributes. */
void svg_text(struct kx_text *t, unsigned int x, unsigned int y, const char *style,
	      const char *s, size_t n);
void svg_textf(struct kx_text *t, unsigned int x, unsigned int y, const char *style,
	       const char *fmt, ...) KX_PRINTF(5, 6);
/* A box with "name, range, size, why" as its tooltip. @why may be NULL. */
struct svg_thing {
	struct kx_range r;
	const char *name, *why;
	const char *fill;		/* colour or url(#…) */
};
void svg_box(struct kx_text *t, const struct svg_thing *thing, unsigned int x, unsigned int width,
	     unsigned int y, unsigned int height);

/* Characters of @s for the next line of at most @width, broken at a space. */
size_t svg_line_len(const char *s, size_t width);
size_t svg_line_count(const char *s, size_t width);

#endif
