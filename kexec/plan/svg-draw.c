/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Drawing primitives (SVG 1.1).  Called by svg.c.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "print.h"
#include "svg-draw.h"

/* ---- addresses to pixels -------------------------------------------------- */

static unsigned int stretch_y(const struct svg_stretch *s, uint64_t pa)
{
	uint64_t len = kx_range_len(s->r);

	if (pa <= s->r.start || !len)
		return s->y;
	if (pa >= s->r.end)
		return s->y + s->height;
	/* 52 bits of address times a few thousand pixels do not fit into 64. */
	return s->y + (unsigned int)((unsigned __int128)(pa - s->r.start) * s->height / len);
}

bool svg_stretch_box(const struct svg_stretch *s, struct kx_range r, unsigned int *ret_y,
		     unsigned int *ret_height)
{
	unsigned int end;

	if (!kx_range_overlaps(s->r, r))
		return false;
	*ret_y = stretch_y(s, r.start);
	end = stretch_y(s, r.end);
	*ret_height = end > *ret_y ? end - *ret_y : 0;
	return true;
}

unsigned int svg_axis_y(const struct svg_axis *a, uint64_t pa)
{
	unsigned int y = a->n ? a->v[0].y : 0;

	for (size_t i = 0; i < a->n && pa >= a->v[i].r.start; i++)
		y = stretch_y(&a->v[i], pa);
	return y;
}

/*
 * Downwards each label goes where its thing is or right below the one above;
 * then upwards, what hangs out at the bottom is pushed back in.
 */
void svg_labels_spread(struct svg_label *l, size_t n, unsigned int top, unsigned int bottom)
{
	unsigned int at = top;

	for (size_t i = 0; i < n; i++) {
		unsigned int half = l[i].height / 2;
		unsigned int want = l[i].want_y > half ? l[i].want_y - half : 0;

		l[i].y = want > at ? want : at;
		at = l[i].y + l[i].height;
	}
	at = bottom;
	for (size_t i = n; i-- > 0; at = l[i].y)
		if (l[i].y + l[i].height > at)
			l[i].y = at > l[i].height ? at - l[i].height : 0;
}

/* ---- text ------------------------------------------------------------------ */

void svg_escape(struct kx_text *t, const char *s, size_t n)
{
	for (size_t i = 0; i < n && s[i]; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '&')
			kx_text_add(t, "&amp;");
		else if (c == '<')
			kx_text_add(t, "&lt;");
		else if (c == '>')
			kx_text_add(t, "&gt;");
		else if (c == '"')
			kx_text_add(t, "&quot;");
		else if (c < 0x20 || c >= 0x7f)
			kx_text_add(t, "?");
		else
			kx_text_raw(t, &s[i], 1);
	}
}

void svg_text(struct kx_text *t, unsigned int x, unsigned int y, const char *style,
	      const char *s, size_t n)
{
	kx_text_add(t, "<text x=\"%u\" y=\"%u\"%s%s>", x, y, *style ? " " : "", style);
	svg_escape(t, s, n);
	kx_text_add(t, "</text>\n");
}

void svg_textf(struct kx_text *t, unsigned int x, unsigned int y, const char *style,
	       const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	svg_text(t, x, y, style, text, sizeof(text));
}

size_t svg_line_len(const char *s, size_t width)
{
	size_t len = strlen(s), cut = width;

	if (len <= width)
		return len;
	while (cut && s[cut] != ' ')
		cut--;
	return cut ? cut : width;
}

size_t svg_line_count(const char *s, size_t width)
{
	size_t n = 0;

	for (; *s; n++) {
		s += svg_line_len(s, width);
		s += strspn(s, " ");
	}
	return n;
}

/* ---- boxes ----------------------------------------------------------------- */

void svg_box(struct kx_text *t, const struct svg_thing *thing, unsigned int x, unsigned int width,
	     unsigned int y, unsigned int height)
{
	char size[KX_SIZE_TEXT];

	kx_text_add(t, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" fill=\"%s\"><title>", x,
		    y, width, height, thing->fill);
	svg_escape(t, thing->name, strlen(thing->name));
	kx_text_add(t, "\n0x%" PRIx64 " - 0x%" PRIx64 ", %s", thing->r.start, thing->r.end,
		    kx_size_text(kx_range_len(thing->r), size));
	if (thing->why) {
		kx_text_add(t, "\n");
		svg_escape(t, thing->why, strlen(thing->why));
	}
	kx_text_add(t, "</title></rect>\n");
}
