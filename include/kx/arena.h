/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An arena owns everything a plan borrows: it hands out memory that lives
 * until the arena is gone, so no parser frees anything and no view dangles.
 */
#ifndef KX_ARENA_H
#define KX_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "kx/bytes.h"
#include "kx/err.h"

struct kx_arena_block;

struct kx_arena {
	struct kx_arena_block *blocks;	/* newest first */
};

void kx_arena_init(struct kx_arena *a);
/* Frees every block; @a may be used again. NULL-safe. */
void kx_arena_deinit(struct kx_arena *a);

/* Zeroed memory, 16-byte aligned; NULL when the allocator fails or @n == 0. */
void *kx_arena_alloc(struct kx_arena *a, size_t n);
/* Uninitialised memory for large buffers (not touched, so not resident). */
void *kx_arena_alloc_raw(struct kx_arena *a, size_t n);
/*
 * Grow or shrink the block at @p from kx_arena_alloc_raw() (NULL: new); it may
 * move.  Growing is amortised by the caller.  NULL, @p still valid, on failure.
 */
void *kx_arena_resize_raw(struct kx_arena *a, void *p, size_t n);
/* Give one raw block back early, e.g. a packed file once it is unpacked. */
void kx_arena_release(struct kx_arena *a, const void *p);

char *kx_arena_strdup(struct kx_arena *a, const char *s);
char *kx_arena_printf(struct kx_arena *a, const char *fmt, ...) KX_PRINTF(2, 3);

#endif
