/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An arm64 vmlinux: the same bytes as the Image, cut into PT_LOADs at virtual
 * addresses.  Its physical place is that of the Image; only the distance from
 * the lowest virtual address matters (arch/arm64/kernel/vmlinux.lds.S).
 * Called by arm64.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arm64.h"

#define MIB_2		(2ULL << 20)

/* More separate pieces than this are copied into one segment. */
#define PARTS_MAX	8

struct parts {
	const struct kx_elf_load *load;	/* ascending, no empty ones */
	size_t count;
	uint64_t low, high;		/* virtual */
};

static int by_va(const void *a, const void *b)
{
	const struct kx_elf_load *x = a, *y = b;

	return x->va < y->va ? -1 : x->va > y->va;
}

static int sort_loads(struct kx_plan *p, const struct kx_elf *elf, struct parts *ret,
		      struct kx_err *err)
{
	struct kx_elf_load *v = NULL;
	size_t n = 0;

	if (elf->load_count)
		v = kx_arena_alloc(p->arena, elf->load_count * sizeof(*v));
	if (elf->load_count && !v)
		return kx_err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < elf->load_count; i++)
		if (elf->load[i].mem_len)
			v[n++] = elf->load[i];
	if (n == 0)
		return kx_err_set(err, ENOEXEC, "kernel: ELF: no PT_LOAD with content");
	qsort(v, n, sizeof(*v), by_va);
	for (size_t i = 0; i < n; i++) {
		struct kx_range r;

		if (v[i].mem_len < v[i].bytes.len || !kx_range_make(v[i].va, v[i].mem_len, &r))
			return kx_err_set(err, ENOEXEC,
					  "kernel: ELF: PT_LOAD at 0x%" PRIx64 " with 0x%" PRIx64
					  " bytes wraps", v[i].va, v[i].mem_len);
		if (i + 1 < n && r.end > v[i + 1].va)
			return kx_err_set(err, ENOEXEC,
					  "kernel: ELF: PT_LOADs at 0x%" PRIx64 " and 0x%" PRIx64
					  " overlap", v[i].va, v[i + 1].va);
	}
	*ret = (struct parts){ v, n, v[0].va, v[n - 1].va + v[n - 1].mem_len };
	return 0;
}

/* Loads @first to @last as one buffer, zeros between them. */
static int join(struct kx_plan *p, const struct parts *parts, size_t first, size_t last,
		struct kx_bytes *ret, struct kx_err *err)
{
	const struct kx_elf_load *v = parts->load;
	uint64_t len = v[last].va + v[last].bytes.len - v[first].va;
	uint8_t *buf;

	if (first == last) {
		*ret = v[first].bytes;
		return 0;
	}
	buf = kx_arena_alloc(p->arena, len);
	if (!buf)
		return kx_err_set(err, ENOMEM, "kernel: no memory for 0x%" PRIx64 " bytes", len);
	for (size_t i = first; i <= last; i++)
		if (v[i].bytes.len)
			memcpy(buf + (v[i].va - v[first].va), v[i].bytes.data, v[i].bytes.len);
	*ret = (struct kx_bytes){ buf, len };
	return 0;
}

/* Can load @i be a segment of its own, page-aligned for the running kernel? */
static bool starts_part(const struct kx_plan *p, const struct parts *parts, size_t i,
			uint64_t image_pa)
{
	uint64_t pa = image_pa + (parts->load[i].va - parts->low);

	return i == 0 || pa % p->sources->page_size == 0;
}

static size_t count_parts(const struct kx_plan *p, const struct parts *parts, uint64_t image_pa)
{
	size_t n = 0;

	for (size_t i = 0; i < parts->count; i++)
		n += starts_part(p, parts, i, image_pa);
	return n;
}

static int place_parts(struct kx_plan *p, const struct parts *parts, struct kx_range image,
		       const char *why, struct kx_err *err)
{
	bool separate = count_parts(p, parts, image.start) <= PARTS_MAX;

	for (size_t first = 0, last, n = 1; first < parts->count; first = last + 1, n++) {
		const char *name = n == 1 ? "kernel" : kx_arena_printf(p->arena, "kernel-%zu", n);
		uint64_t pa = image.start + (parts->load[first].va - parts->low);
		uint64_t end = image.end;
		struct kx_bytes buf;
		int r;

		for (last = first; last + 1 < parts->count; last++)
			if (separate && starts_part(p, parts, last + 1, image.start))
				break;
		/* Up to the next part, so that the image is covered without a hole. */
		if (last + 1 < parts->count)
			end = image.start + (parts->load[last + 1].va - parts->low);
		if (!name)
			return kx_err_set(err, ENOMEM, "out of memory");
		r = join(p, parts, first, last, &buf, err);
		if (r < 0)
			return r;
		r = kx_arm64_place_part(p, name, pa, end, buf, why, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int kx_arm64_place_elf(struct kx_plan *p, const struct kx_elf *elf,
		       struct arm64_kernel *ret, struct kx_err *err)
{
	struct kx_arm64_image header = elf->arm64;
	struct parts parts = { 0 };
	const char *why;
	uint64_t size;
	int r;

	r = sort_loads(p, elf, &parts, err);
	if (r < 0)
		return r;
	if (elf->entry < parts.low || elf->entry >= parts.high)
		return kx_err_set(err, ENOEXEC,
				  "kernel: ELF: entry: expected 0x%" PRIx64 " to 0x%" PRIx64
				  ", have 0x%" PRIx64, parts.low, parts.high, elf->entry);
	size = parts.high - parts.low;
	if (!elf->has_arm64_header)
		/* Then at least keep what the link assumed about alignment. */
		header = (struct kx_arm64_image){ .text_offset = parts.low % MIB_2 };
	else if (size < header.image_size)
		size = header.image_size;
	r = kx_arm64_find_base(p, &header, size, ret, err);
	if (r < 0)
		return r;
	ret->entry = ret->image.start + (elf->entry - parts.low);
	why = kx_arena_printf(p->arena, "%s 2 MiB boundary with 0x%" PRIx64
			      " bytes free, plus text_offset 0x%" PRIx64
			      ", as far apart as the virtual addresses",
			      ret->anywhere ? "highest" : "lowest",
			      header.text_offset + size, header.text_offset);
	if (!why)
		return kx_err_set(err, ENOMEM, "out of memory");
	return place_parts(p, &parts, ret->image, why, err);
}
