// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages: a line is put together from strings and numbers and written at
 * once.  Knows nothing about consoles (console.c); called by purgatory.c and
 * the exception handlers.
 */
#include "purgatory.h"

/* The last byte is kept for the newline. */
static void put(struct purg_line *l, char c)
{
	if (l->len < PURG_LINE_MAX - 1)
		l->text[l->len++] = c;
}

static char hex_digit(uint32_t nibble)
{
	return (char)(nibble < 10 ? '0' + nibble : 'a' + nibble - 10);
}

void purg_line_init(struct purg_line *l)
{
	l->len = 0;
	purg_line_str(l, "kexec purgatory: ");
}

void purg_line_str(struct purg_line *l, const char *s)
{
	while (*s)
		put(l, *s++);
}

void purg_line_hex(struct purg_line *l, uint64_t v)
{
	int shift = 60;

	purg_line_str(l, "0x");
	while (shift && !(v >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		put(l, hex_digit((v >> shift) & 0xf));
}

void purg_line_dec(struct purg_line *l, uint64_t v)
{
	char digits[20];	/* 2^64 has 20 */
	uint32_t n = 0;

	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	while (n)
		put(l, digits[--n]);
}

void purg_line_bytes(struct purg_line *l, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		put(l, hex_digit(bytes[i] >> 4));
		put(l, hex_digit(bytes[i] & 0xf));
	}
}

void purg_line_print(struct purg_line *l, struct purg_param *p)
{
	l->text[l->len++] = '\n';
	purg_console_write(p, l->text, l->len);
	l->len = 0;
}
