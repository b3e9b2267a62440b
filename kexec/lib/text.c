/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text that grows in an arena.  Used by everything that prints a plan, a
 * status or a tree, so that printing is one write at the end.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kx/json.h"

void kx_text_init(struct kx_text *t, struct kx_arena *a)
{
	*t = (struct kx_text){ .arena = a };
}

/* Room for @n more bytes and the NUL behind them. */
static bool text_reserve(struct kx_text *t, size_t n)
{
	size_t need, cap = t->cap ? t->cap : 256;
	char *p;

	if (t->bad)
		return false;
	if (__builtin_add_overflow(t->len, n, &need) || __builtin_add_overflow(need, 1, &need)) {
		t->bad = true;
		return false;
	}
	if (need <= t->cap)
		return true;
	while (cap < need)
		cap = cap > need / 2 ? need : 2 * cap;
	p = kx_arena_resize_raw(t->arena, t->p, cap);
	if (!p) {
		t->bad = true;
		return false;
	}
	t->p = p;
	t->cap = cap;
	return true;
}

void kx_text_add(struct kx_text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		t->bad = true;
	if (n < 0 || !text_reserve(t, (size_t)n))
		return;
	va_start(ap, fmt);
	vsnprintf(t->p + t->len, t->cap - t->len, fmt, ap);
	va_end(ap);
	t->len += (size_t)n;
}

void kx_text_raw(struct kx_text *t, const char *s, size_t n)
{
	if (!text_reserve(t, n))
		return;
	if (n)
		memcpy(t->p + t->len, s, n);
	t->len += n;
	t->p[t->len] = '\0';
}

void kx_text_clear(struct kx_text *t)
{
	t->len = 0;
	if (t->p)
		t->p[0] = '\0';
}

const char *kx_text_str(const struct kx_text *t)
{
	if (t->bad)
		return NULL;
	return t->p ? t->p : "";
}
