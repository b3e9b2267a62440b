/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which memory may go away before the jump.
 *
 * Destinations of segments are not pinned: a block that is hot-removed after
 * the load makes the kernel copy into nothing.  Two kinds of memory can go:
 *
 *  - blocks in /sys/devices/system/memory that are offline, or online in zone
 *    Movable (Documentation/admin-guide/mm/memory-hotplug.rst: "valid_zones").
 *    The file "removable" there is a constant since 5.7 and says nothing.
 *  - memory a driver added, "System RAM (kmem)" and "System RAM (virtio_mem)"
 *    in /proc/iomem.
 *
 * arm64 never lets boot memory go offline, so a Movable block of it is listed
 * here without need; it is only a last choice for placement, never lost.
 * Called by sources.c, after iomem was read.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "kx/sys.h"

#define BLOCKS "sys/devices/system/memory"

static int add_range(struct kx_ranges *l, size_t *cap, struct kx_arena *a, struct kx_range r,
		     struct kx_err *err)
{
	if (l->n == *cap) {
		size_t more = *cap ? *cap * 2 : 16;
		struct kx_range *v = kx_arena_resize_raw(a, l->v, more * sizeof(*v));

		if (!v)
			return kx_err_set(err, ENOMEM, "%s: out of memory", BLOCKS);
		l->v = v;
		*cap = more;
	}
	l->v[l->n++] = r;
	return 0;
}

/* Is the (only) word in the file @name of this block @word? */
static int block_says(const struct kx_sources *s, struct kx_arena *a, const char *block,
		      const char *name, const char *word, bool *ret, struct kx_err *err)
{
	const char *text;
	int r;

	r = kx_fact_text(s->root, a, &text, err, BLOCKS "/%s/%s", block, name);
	if (r < 0)
		return r;
	*ret = !strcmp(text, word);
	return 0;
}

static int block_is_removable(const struct kx_sources *s, struct kx_arena *a, const char *block,
			      bool *ret, struct kx_err *err)
{
	bool movable, offline;
	int r;

	r = block_says(s, a, block, "valid_zones", "Movable", &movable, err);
	if (r < 0)
		return r;
	r = block_says(s, a, block, "state", "offline", &offline, err);
	if (r < 0)
		return r;
	*ret = movable || offline;
	return 0;
}

/* "memory32", not "memory_failure" or "memory32x". */
static bool is_block(const char *name)
{
	static const char prefix[] = "memory";
	size_t digits;

	if (strncmp(name, prefix, sizeof(prefix) - 1))
		return false;
	name += sizeof(prefix) - 1;
	digits = strspn(name, "0123456789");
	return digits && !name[digits];
}

static int read_blocks(struct kx_sources *s, struct kx_arena *a, struct kx_ranges *l, size_t *cap,
		       struct kx_err *err)
{
	uint64_t size, index, start;
	struct kx_range range;
	char **names;
	bool yes;
	int r;

	if (kx_root_u64(s->root, 16, &size, NULL, BLOCKS "/block_size_bytes") < 0)
		return 0;
	r = kx_root_list(s->root, a, BLOCKS, &names, NULL);
	if (r == -ENOMEM)
		return kx_err_set(err, ENOMEM, "%s/%s: out of memory", s->root, BLOCKS);
	if (r < 0)
		return 0;
	for (; *names; names++) {
		if (!is_block(*names))
			continue;
		if (kx_root_u64(s->root, 16, &index, NULL, BLOCKS "/%s/phys_index", *names) < 0)
			continue;
		if (__builtin_mul_overflow(index, size, &start) ||
		    !kx_range_make(start, size, &range))
			continue;
		r = block_is_removable(s, a, *names, &yes, err);
		if (r == 0 && yes)
			r = add_range(l, cap, a, range, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int by_start(const void *x, const void *y)
{
	const struct kx_range *a = x, *b = y;

	return (a->start > b->start) - (a->start < b->start);
}

/* Neighbours become one range. */
static void merge(struct kx_ranges *l)
{
	size_t n = 0;

	if (!l->n)
		return;
	qsort(l->v, l->n, sizeof(*l->v), by_start);
	for (size_t i = 1; i < l->n; i++) {
		if (l->v[i].start > l->v[n].end)
			l->v[++n] = l->v[i];
		else if (l->v[i].end > l->v[n].end)
			l->v[n].end = l->v[i].end;
	}
	l->n = n + 1;
}

int kx_removable_read(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	static const char driver[] = "System RAM (";
	struct kx_ranges l = { 0 };
	size_t cap = 0;
	int r;

	r = read_blocks(s, a, &l, &cap, err);
	for (size_t i = 0; r == 0 && i < s->iomem.n; i++)
		if (!strncmp(s->iomem.v[i].name, driver, sizeof(driver) - 1))
			r = add_range(&l, &cap, a, s->iomem.v[i].r, err);
	if (r < 0)
		return r;
	merge(&l);
	s->removable = l;
	return 0;
}
