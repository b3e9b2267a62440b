/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A plan as a picture: --plan=svg.
 *
 *	labels | all memory | one window per group of segments | name, range, why
 *
 * Both bars are to scale, low addresses on top.  Address space without RAM is
 * cut out where it is large, and the cut is marked.  What is too small to be
 * seen is drawn two pixels high.  Called by verb-load.c.
 */
#include <inttypes.h>
#include <string.h>

#include "kx/arch.h"
#include "svg-picture.h"

/* ---- bars -------------------------------------------------------------------- */

static bool has_segment(const struct picture *pic, struct kx_range r)
{
	for (size_t i = 0; i < pic->seg_count; i++)
		if (kx_range_overlaps(pic->seg[i]->range, r))
			return true;
	return false;
}

/* @chars: room for the name inside the box, 0 for none. */
static void draw_thing(struct picture *pic, const struct svg_axis *axis,
		       const struct svg_thing *thing, unsigned int x, unsigned int width,
		       size_t chars)
{
	unsigned int y, height;

	for (size_t i = 0; i < axis->n; i++) {
		if (!svg_stretch_box(&axis->v[i], thing->r, &y, &height))
			continue;
		if (height < SMALLEST)
			height = SMALLEST;
		svg_box(pic->t, thing, x, width, y, height);
		if (chars >= 4 && height >= 13)
			svg_text(pic->t, x + 4, y + height / 2 + 4, SMALL, thing->name, chars);
	}
}

/* Memory over the whole width, segments from @segment_x on. */
static void draw_bar(struct picture *pic, const struct svg_axis *axis, unsigned int x,
		     unsigned int width, unsigned int segment_x)
{
	for (size_t i = 0; i < axis->n; i++)
		kx_text_add(pic->t, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\""
			    " fill=\"#f4f4f4\" stroke=\"#888\"><title>no RAM</title></rect>\n", x,
			    axis->v[i].y, width, axis->v[i].height);
	for (size_t i = 0; i < pic->thing_count; i++)
		draw_thing(pic, axis, &pic->thing[i], x, width, i < pic->thing_ram ? 0 :
			   ((has_segment(pic, pic->thing[i].r) ? segment_x : width) - 8) / 7);
	for (size_t i = 0; i < pic->seg_count; i++) {
		const struct kx_segment *s = pic->seg[i];
		struct svg_thing thing = {
			.r = s->range, .name = s->name, .why = s->why,
			.fill = svg_segment_fill(s->name),
		};

		draw_thing(pic, axis, &thing, x + segment_x, width - segment_x, 0);
	}
	for (size_t i = 0; i < axis->n; i++)
		kx_text_add(pic->t, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\""
			    " fill=\"none\" stroke=\"#555\"/>\n", x, axis->v[i].y, width,
			    axis->v[i].height);
}

/* The zigzag where address space was cut out of the left bar. */
static void draw_cuts(struct picture *pic)
{
	char size[KX_SIZE_TEXT];

	for (size_t i = 1; i < pic->all.n; i++) {
		const struct svg_stretch *a = &pic->all.v[i - 1], *b = &pic->all.v[i];
		unsigned int y = a->y + a->height + CUT_HEIGHT / 2;

		kx_text_add(pic->t, "<path d=\"M%u %u", BAR_X, y - 9);
		for (unsigned int n = 1; n <= 10; n++)
			kx_text_add(pic->t, " L%u %u", BAR_X + n * BAR_WIDTH / 10,
				    y - 9 + (n % 2) * 5);
		kx_text_add(pic->t, "\" fill=\"none\" stroke=\"#888\"/>\n<path d=\"M%u %u", BAR_X,
			    y + 6);
		for (unsigned int n = 1; n <= 10; n++)
			kx_text_add(pic->t, " L%u %u", BAR_X + n * BAR_WIDTH / 10,
				    y + 6 + (n % 2) * 5);
		kx_text_add(pic->t, "\" fill=\"none\" stroke=\"#888\"/>\n");
		svg_textf(pic->t, BAR_X + BAR_WIDTH / 2, y + 4,
			  "font-size=\"10\" fill=\"#666\" text-anchor=\"middle\"",
			  "cut: %s", kx_size_text(b->r.start - a->r.end, size));
	}
}

static void draw_window(struct picture *pic, const struct svg_stretch *w)
{
	unsigned int top = svg_axis_y(&pic->all, w->r.start);
	unsigned int end = svg_axis_y(&pic->all, w->r.end);
	char size[KX_SIZE_TEXT];

	kx_text_add(pic->t, "<polygon points=\"%u,%u %u,%u %u,%u %u,%u\" fill=\"#888\""
		    " fill-opacity=\"0.15\"/>\n", BAR_X + BAR_WIDTH, top, ZOOM_X, w->y, ZOOM_X,
		    w->y + w->height, BAR_X + BAR_WIDTH, end > top ? end : top + 1);
	svg_textf(pic->t, ZOOM_X, w->y - 4, SMALL, "0x%" PRIx64, w->r.start);
	svg_textf(pic->t, ZOOM_X, w->y + w->height + 12, SMALL, "0x%" PRIx64, w->r.end);
	svg_textf(pic->t, ZOOM_X + ZOOM_WIDTH, w->y + w->height + 12, RIGHT, "%s",
		  kx_size_text(kx_range_len(w->r), size));
}

/* ---- around -------------------------------------------------------------------- */

static void draw_head(struct picture *pic)
{
	const struct kx_plan *p = pic->p;
	char ram[KX_SIZE_TEXT];

	kx_size_text(p->sources->total_ram, ram);
	svg_textf(pic->t, 20, 47, SMALL, "%s: %s", kx_call_name(p->call), p->call_why);
	if (p->format) {
		svg_textf(pic->t, 20, 28, TITLE, "kexec plan: %s (%s) on %s, %s of RAM",
			  p->request->kernel.path, p->format->name, p->arch->name, ram);
		svg_textf(pic->t, 20, 63, SMALL, "command line: %s", p->cmdline);
	} else if (p->saved && p->saved->kept_pa) {
		svg_textf(pic->t, 20, 28, TITLE,
			  "kexec plan: back to %s, kept in memory, on %s, %s of RAM", p->release,
			  p->arch->name, ram);
	} else if (p->saved) {
		svg_textf(pic->t, 20, 28, TITLE, "kexec plan: %s (saved core) on %s, %s of RAM",
			  p->request->kernel.path, p->arch->name, ram);
	} else if (p->request->resume) {
		svg_textf(pic->t, 20, 28, TITLE, "kexec plan: back to 0x%" PRIx64 " on %s, %s of RAM",
			  p->param.pc, p->arch->name, ram);
	} else {
		svg_textf(pic->t, 20, 28, TITLE, "kexec plan: %s (function) on %s, %s of RAM",
			  p->request->function.path, p->arch->name, ram);
	}
	svg_text(pic->t, BAR_X, HEAD_HEIGHT - 12, BOLD, "all memory", 40);
	if (p->segment_count)
		svg_text(pic->t, ZOOM_X, HEAD_HEIGHT - 4, BOLD, "around the segments", 40);
	else
		svg_text(pic->t, ZOOM_X, HEAD_HEIGHT + 20, SMALL,
			 "the kernel's own loader places the segments", 60);
}

static unsigned int draw_legend(struct picture *pic, unsigned int y)
{
	static const struct { const char *fill, *name; } legend[] = {
		{ FILL_RAM, "RAM" },
		{ FILL_RESERVED, "reserved: stays as it is" },
		{ FILL_RUNNING, "running kernel: may be overwritten" },
		{ FILL_CRASH, "crash kernel reservation" },
		{ FILL_REMOVABLE, "can be hot-removed" },
		{ "#f4f4f4", "no RAM" },
	};
	unsigned int x = 20;

	for (size_t i = 0; i < sizeof(legend) / sizeof(legend[0]); i++) {
		kx_text_add(pic->t, "<rect x=\"%u\" y=\"%u\" width=\"14\" height=\"11\" fill=\"%s\""
			    " stroke=\"#888\"/>\n", x, y - 10, legend[i].fill);
		svg_text(pic->t, x + 20, y, SMALL, legend[i].name, 60);
		x += 44 + 7 * (unsigned int)strlen(legend[i].name);
	}
	svg_text(pic->t, 20, y + 18, DIM, "Both bars are to scale, except for the cuts and for what"
		 " would be lower than 2 pixels.", 100);
	return y + 42;
}

static unsigned int note_lines(const struct kx_plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->note_count; i++)
		n += svg_line_count(p->note[i], NOTE_CHARS);
	return (unsigned int)n;
}

static void draw_notes(struct picture *pic, unsigned int y)
{
	for (size_t i = 0; i < pic->p->note_count; i++) {
		const char *s = pic->p->note[i];

		svg_text(pic->t, 20, y, SMALL, "-", 1);
		while (*s) {
			size_t len = svg_line_len(s, NOTE_CHARS);

			svg_text(pic->t, 32, y, SMALL, s, len);
			s += len;
			s += strspn(s, " ");
			y += LINE;
		}
	}
}

static void draw_open(struct picture *pic, unsigned int height)
{
	kx_text_add(pic->t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\""
		    " viewBox=\"0 0 %u %u\" font-family=\"DejaVu Sans Mono, monospace\""
		    " font-size=\"12\">\n"
		    "<defs><pattern id=\"removable\" width=\"8\" height=\"8\""
		    " patternUnits=\"userSpaceOnUse\"><path d=\"M0 8 L8 0\" stroke=\"#9a9a5a\"/>"
		    "</pattern></defs>\n"
		    "<rect width=\"%u\" height=\"%u\" fill=\"#ffffff\"/>\n", PAGE_WIDTH, height,
		    PAGE_WIDTH, height, PAGE_WIDTH, height);
}

static void draw(struct picture *pic)
{
	draw_open(pic, pic->bottom + 90 + LINE * note_lines(pic->p));
	draw_head(pic);
	draw_bar(pic, &pic->all, BAR_X, BAR_WIDTH, BAR_SEGMENT_X);
	draw_cuts(pic);
	svg_draw_side(pic);
	for (size_t i = 0; i < pic->zoom.n; i++)
		draw_window(pic, &pic->zoom.v[i]);
	draw_bar(pic, &pic->zoom, ZOOM_X, ZOOM_WIDTH, ZOOM_SEGMENT_X);
	for (size_t i = 0; i < pic->zoom.n; i++)
		svg_draw_window_labels(pic, &pic->zoom.v[i]);
	draw_notes(pic, draw_legend(pic, pic->bottom + 40));
	kx_text_add(pic->t, "</svg>\n");
}

void kx_plan_print_svg(const struct kx_plan *p, struct kx_text *t)
{
	struct picture pic = { .p = p, .t = t };

	if (svg_picture_init(&pic)) {
		draw(&pic);
		return;
	}
	/* No memory map (or no memory): a picture all the same. */
	pic.bottom = HEAD_HEIGHT + 40;
	draw_open(&pic, pic.bottom + 40 + LINE * note_lines(p));
	draw_head(&pic);
	svg_text(t, 20, HEAD_HEIGHT + 20, SMALL, "No memory map is known.", 60);
	draw_notes(&pic, pic.bottom + 20);
	kx_text_add(t, "</svg>\n");
}
