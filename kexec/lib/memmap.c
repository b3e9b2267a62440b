/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A list of what lies where, as firmware or /proc/iomem tells it.  Filled by
 * sys/sources, read by plan and arch.
 */
#include <errno.h>
#include <string.h>

#include "kx/memmap.h"

const char *kx_mem_type_name(enum kx_mem_type type)
{
	static const char *const names[] = {
		[KX_MEM_RAM] = "RAM",
		[KX_MEM_RESERVED] = "reserved",
		[KX_MEM_ACPI] = "ACPI tables",
		[KX_MEM_NVS] = "ACPI NVS",
		[KX_MEM_UNUSABLE] = "unusable",
		[KX_MEM_PMEM] = "persistent",
		[KX_MEM_PRAM] = "persistent (legacy)",
		[KX_MEM_SOFT_RESERVED] = "soft reserved",
		[KX_MEM_OTHER] = "other",
	};

	return names[type];
}

int kx_memmap_add(struct kx_memmap *m, struct kx_arena *a, struct kx_mem e, struct kx_err *err)
{
	if (kx_range_empty(e.r))
		return 0;
	if (m->n == m->cap) {
		size_t cap = m->cap ? 2 * m->cap : 32;
		struct kx_mem *v = kx_arena_resize_raw(a, m->v, cap * sizeof(*v));

		if (!v)
			return kx_err_set(err, ENOMEM, "no memory for %zu memory map entries", cap);
		m->v = v;
		m->cap = cap;
	}
	m->v[m->n++] = e;
	return 0;
}

static bool mem_before(const struct kx_mem *a, const struct kx_mem *b)
{
	if (a->r.start != b->r.start)
		return a->r.start < b->r.start;
	if (a->r.end != b->r.end)
		return a->r.end > b->r.end;
	return a->depth < b->depth;
}

/* Insertion sort: stable, and maps arrive sorted or nearly so. */
void kx_memmap_sort(struct kx_memmap *m)
{
	for (size_t i = 1; i < m->n; i++) {
		struct kx_mem e = m->v[i];
		size_t j = i;

		while (j > 0 && mem_before(&e, &m->v[j - 1]))
			j--;
		memmove(&m->v[j + 1], &m->v[j], (i - j) * sizeof(e));
		m->v[j] = e;
	}
}

uint64_t kx_memmap_total(const struct kx_memmap *m, enum kx_mem_type type)
{
	uint64_t total = 0;

	for (size_t i = 0; i < m->n; i++) {
		if (m->v[i].type != type)
			continue;
		if (__builtin_add_overflow(total, kx_range_len(m->v[i].r), &total))
			return UINT64_MAX;
	}
	return total;
}
