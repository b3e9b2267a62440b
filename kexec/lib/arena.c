/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The arena: one malloc(3) block per allocation on a list.  Not a bump
 * allocator, because the large blocks (kernels, initrds) want mmap-backed
 * memory that is neither touched nor copied when it grows, and because
 * AddressSanitizer sees the edge of every block.  Used by everything.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kx/arena.h"

struct kx_arena_block {
	_Alignas(16) struct kx_arena_block *next;
	/* The caller's memory follows, 16-byte aligned. */
};

void kx_arena_init(struct kx_arena *a)
{
	a->blocks = NULL;
}

void kx_arena_deinit(struct kx_arena *a)
{
	if (!a)
		return;
	while (a->blocks) {
		struct kx_arena_block *b = a->blocks;

		a->blocks = b->next;
		free(b);
	}
}

static bool block_size(size_t n, size_t *ret)
{
	return n > 0 && !__builtin_add_overflow(n, sizeof(struct kx_arena_block), ret);
}

static void *block_push(struct kx_arena *a, struct kx_arena_block *b)
{
	if (!b)
		return NULL;
	b->next = a->blocks;
	a->blocks = b;
	return b + 1;
}

void *kx_arena_alloc(struct kx_arena *a, size_t n)
{
	size_t size;

	if (!block_size(n, &size))
		return NULL;
	return block_push(a, calloc(1, size));
}

void *kx_arena_alloc_raw(struct kx_arena *a, size_t n)
{
	size_t size;

	if (!block_size(n, &size))
		return NULL;
	return block_push(a, malloc(size));
}

/* The link that points to the block whose memory is @p; NULL if @p is not ours. */
static struct kx_arena_block **block_link(struct kx_arena *a, const void *p)
{
	for (struct kx_arena_block **link = &a->blocks; *link; link = &(*link)->next)
		if (*link + 1 == p)
			return link;
	return NULL;
}

void *kx_arena_resize_raw(struct kx_arena *a, void *p, size_t n)
{
	struct kx_arena_block **link, *b;
	size_t size;

	if (!p)
		return kx_arena_alloc_raw(a, n);
	link = block_link(a, p);
	if (!link || !block_size(n, &size))
		return NULL;
	b = realloc(*link, size);
	if (!b)
		return NULL;
	*link = b;
	return b + 1;
}

void kx_arena_release(struct kx_arena *a, const void *p)
{
	struct kx_arena_block **link = block_link(a, p), *b;

	if (!link)
		return;
	b = *link;
	*link = b->next;
	free(b);
}

char *kx_arena_strdup(struct kx_arena *a, const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = kx_arena_alloc_raw(a, n);

	if (p)
		memcpy(p, s, n);
	return p;
}

char *kx_arena_printf(struct kx_arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;
	p = kx_arena_alloc_raw(a, (size_t)n + 1);
	if (!p)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}
