// SPDX-License-Identifier: GPL-2.0-only
/*
 * VGA text mode: an 80x25 console with scrolling, and programming the mode.
 * Registers: IBM "Personal System/2 Display Adapter 8514/A and VGA technical
 * reference", and any SVGA data sheet since.  Called by machine.c.
 *
 * The cursor is where the CRT controller says, so that nothing has to be
 * remembered here and what the old kernel printed stays above.
 */
#include "x86_64.h"
#include <io.h>

#define COLUMNS		80
#define ROWS		25
#define CELLS		(COLUMNS * ROWS)
#define BLANK		0x0720		/* a space, grey on black */
#define ATTRIBUTE	0x0700

#define SEQ		0x3c4		/* sequencer; data at +1, as for the next two */
#define GFX		0x3ce		/* graphics controller */
#define CRTC		0x3d4
#define CRTC_CURSOR	0x0e		/* high byte; low byte at 0x0f */
#define ATTR		0x3c0		/* attribute controller: index and data */
#define MISC_WRITE	0x3c2
#define STATUS1		0x3da		/* reading it makes ATTR expect an index */
#define DAC_MASK	0x3c6
#define DAC_INDEX	0x3c8
#define DAC_DATA	0x3c9

static uint8_t indexed_in(uint16_t port, uint8_t index)
{
	purg_out8(port, index);
	return purg_in8((uint16_t)(port + 1));
}

static void indexed_out(uint16_t port, uint8_t index, uint8_t v)
{
	purg_out8(port, index);
	purg_out8((uint16_t)(port + 1), v);
}

static void put(const struct purg_console *c, uint32_t cell, uint16_t v)
{
	purg_wr16(c->addr + 2 * cell, v);
}

static void scroll(const struct purg_console *c)
{
	for (uint32_t i = COLUMNS; i < CELLS; i++)
		put(c, i - COLUMNS, purg_rd16(c->addr + 2 * i));
	for (uint32_t i = CELLS - COLUMNS; i < CELLS; i++)
		put(c, i, BLANK);
}

int purg_vga_write(const struct purg_console *c, const char *text, size_t len)
{
	uint32_t cell = (uint32_t)indexed_in(CRTC, CRTC_CURSOR) << 8 |
			indexed_in(CRTC, CRTC_CURSOR + 1);

	/* No VGA, or one in another mode: the last line is as good as any. */
	if (cell >= CELLS)
		cell = CELLS - COLUMNS;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			cell += COLUMNS - cell % COLUMNS;
		else
			put(c, cell++, (uint16_t)(ATTRIBUTE | (uint8_t)text[i]));
		if (cell >= CELLS) {
			scroll(c);
			cell -= COLUMNS;
		}
	}
	indexed_out(CRTC, CRTC_CURSOR, (uint8_t)(cell >> 8));
	indexed_out(CRTC, CRTC_CURSOR + 1, (uint8_t)cell);
	return 0;
}

/* The BIOS's values for mode 3, 80x25 in 720x400. */
static const uint8_t mode3_seq[] = { 0x03, 0x00, 0x03, 0x00, 0x02 };
static const uint8_t mode3_crtc[] = {
	0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00,
	0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff,
};
static const uint8_t mode3_gfx[] = { 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x00, 0xff };
static const uint8_t mode3_attr[] = {
	0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d,
	0x3e, 0x3f, 0x0c, 0x00, 0x0f, 0x08, 0x00,
};

/* The 64 colours of the EGA: two bits each of red, green and blue. */
static uint8_t dac_level(uint32_t colour, uint32_t bit)
{
	return (uint8_t)((colour >> bit & 1) * 0x2a + (colour >> (bit + 3) & 1) * 0x15);
}

/*
 * Puts a VGA that was left in a graphics mode back into text mode 3: all
 * standard registers, the palette, a cleared screen, the cursor at the top.
 * It does not load a font: if the graphics mode has overwritten plane 2, the
 * text is there but not legible.  Registers beyond the standard (an SVGA's
 * own, a GPU's scanout) are not touched either, so a screen driven by a
 * native driver may stay as it is.
 */
void purg_vga_reset(void)
{
	static const struct purg_console screen = { .addr = 0xb8000 };
	uint32_t i;

	purg_out8(MISC_WRITE, 0x67);	/* colour addresses, RAM on, 28 MHz, 400 lines */
	indexed_out(SEQ, 0, 0x01);	/* synchronous reset while the clock changes */
	for (i = 1; i < sizeof(mode3_seq); i++)
		indexed_out(SEQ, (uint8_t)i, mode3_seq[i]);
	indexed_out(SEQ, 0, mode3_seq[0]);

	/* CRTC register 0x11 bit 7 write-protects registers 0 to 7. */
	indexed_out(CRTC, 0x11, mode3_crtc[0x11] & 0x7f);
	for (i = 0; i < sizeof(mode3_crtc); i++)
		indexed_out(CRTC, (uint8_t)i, mode3_crtc[i]);
	for (i = 0; i < sizeof(mode3_gfx); i++)
		indexed_out(GFX, (uint8_t)i, mode3_gfx[i]);

	purg_in8(STATUS1);
	for (i = 0; i < sizeof(mode3_attr); i++) {
		purg_out8(ATTR, (uint8_t)i);
		purg_out8(ATTR, mode3_attr[i]);
	}
	purg_out8(DAC_MASK, 0xff);
	purg_out8(DAC_INDEX, 0);
	for (i = 0; i < 64; i++) {
		purg_out8(DAC_DATA, dac_level(i, 2));
		purg_out8(DAC_DATA, dac_level(i, 1));
		purg_out8(DAC_DATA, dac_level(i, 0));
	}
	purg_in8(STATUS1);
	purg_out8(ATTR, 0x20);		/* palette address source: screen on */

	for (i = 0; i < CELLS; i++)
		put(&screen, i, BLANK);
}
