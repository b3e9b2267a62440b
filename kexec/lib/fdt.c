/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hostile bytes into a device tree that libfdt can walk.
 *
 * fdt_check_full() finds broken nodes, but says "FDT_ERR_TRUNCATED" for most
 * things and lets blocks overlap; the header is therefore read here first
 * (Devicetree Specification v0.4, 5.2; big-endian), with a sentence per field.
 * The facts that come out of a tree are in fdt-facts.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>
#include <string.h>

#include "kx/fdt.h"
#include "kx/range.h"

#define HEADER_LEN	40	/* of version 17 */
#define VERSION		17

struct header {
	uint32_t magic, totalsize, off_struct, off_strings, off_reserve;
	uint32_t version, last_compatible, boot_cpu, size_strings, size_struct;
};

static bool header_read(struct kx_bytes b, struct header *h)
{
	struct kx_rd rd = kx_rd_make(b, KX_BE);

	h->magic = kx_rd_u32(&rd);
	h->totalsize = kx_rd_u32(&rd);
	h->off_struct = kx_rd_u32(&rd);
	h->off_strings = kx_rd_u32(&rd);
	h->off_reserve = kx_rd_u32(&rd);
	h->version = kx_rd_u32(&rd);
	h->last_compatible = kx_rd_u32(&rd);
	h->boot_cpu = kx_rd_u32(&rd);
	h->size_strings = kx_rd_u32(&rd);
	h->size_struct = kx_rd_u32(&rd);
	return !rd.bad;
}

/*
 * The reserve map has no size: it ends with an entry of two zeros, says the
 * specification; Linux and libfdt stop at the first size of zero.
 */
static int reserve_len(struct kx_bytes tree, uint32_t off, uint32_t *ret, struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make(tree, KX_BE);
	uint64_t len;

	kx_rd_seek(&rd, off);
	do {
		kx_rd_skip(&rd, 8);	/* the address */
		len = kx_rd_u64(&rd);
	} while (!rd.bad && len);
	if (rd.bad)
		return kx_err_set(err, ENOEXEC,
				  "device tree: memory reservations at 0x%" PRIx32
				  ": expected an entry of size 0 at the end, have none", off);
	*ret = (uint32_t)(rd.off - off);
	return 0;
}

struct block {
	const char *name;
	uint32_t off, len, align;
};

static int blocks_check(const struct block *v, size_t n, uint32_t totalsize,
			struct kx_err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct block *b = &v[i];

		if (b->off > totalsize || b->len > totalsize - b->off)
			return kx_err_set(err, ENOEXEC,
					  "device tree: %s: 0x%" PRIx32 " bytes at 0x%" PRIx32
					  " leave the tree of 0x%" PRIx32,
					  b->name, b->len, b->off, totalsize);
		if (b->off % b->align)
			return kx_err_set(err, ENOEXEC,
					  "device tree: %s: offset: expected a multiple of %" PRIu32
					  ", have 0x%" PRIx32, b->name, b->align, b->off);
		for (size_t j = 0; j < i; j++) {
			struct kx_range mine = { b->off, (uint64_t)b->off + b->len };
			struct kx_range other = { v[j].off, (uint64_t)v[j].off + v[j].len };

			if (kx_range_overlaps(mine, other))
				return kx_err_set(err, ENOEXEC,
						  "device tree: %s [0x%" PRIx64 ", 0x%" PRIx64
						  ") and %s [0x%" PRIx64 ", 0x%" PRIx64 ") overlap",
						  v[j].name, other.start, other.end,
						  b->name, mine.start, mine.end);
		}
	}
	return 0;
}

static int header_check(struct kx_bytes b, struct header *h, struct kx_err *err)
{
	uint32_t reserve = 0;
	struct kx_bytes tree;
	int r;

	if (!header_read(b, h))
		return kx_err_set(err, ENOEXEC,
				  "device tree: expected at least 0x%x bytes, have 0x%zx",
				  HEADER_LEN, b.len);
	if (h->magic != FDT_MAGIC)
		return kx_err_set(err, ENOEXEC,
				  "device tree: magic: expected 0x%x, have 0x%" PRIx32,
				  FDT_MAGIC, h->magic);
	if (h->version < VERSION || h->last_compatible > VERSION)
		return kx_err_set(err, ENOEXEC,
				  "device tree: version: expected 17, have %" PRIu32
				  ", compatible down to %" PRIu32, h->version, h->last_compatible);
	if (h->totalsize < HEADER_LEN || !kx_bytes_sub(b, 0, h->totalsize, &tree))
		return kx_err_set(err, ENOEXEC,
				  "device tree: totalsize: expected 0x%x to 0x%zx (the file), have 0x%"
				  PRIx32, HEADER_LEN, b.len, h->totalsize);
	r = reserve_len(tree, h->off_reserve, &reserve, err);
	if (r < 0)
		return r;

	const struct block blocks[] = {
		{ "header", 0, HEADER_LEN, 8 },
		{ "memory reservations", h->off_reserve, reserve, 8 },
		{ "structure", h->off_struct, h->size_struct, 4 },
		{ "strings", h->off_strings, h->size_strings, 1 },
	};

	return blocks_check(blocks, sizeof(blocks) / sizeof(blocks[0]), h->totalsize, err);
}

int kx_fdt_open(struct kx_bytes b, struct kx_arena *a, const void **ret, struct kx_err *err)
{
	const void *fdt = b.data;
	struct header h;
	int r;

	r = header_check(b, &h, err);
	if (r < 0)
		return r;
	if ((uintptr_t)fdt % 8) {
		void *copy = kx_arena_alloc_raw(a, h.totalsize);

		if (!copy)
			return kx_err_set(err, ENOMEM, "device tree: no memory for 0x%" PRIx32
					  " bytes", h.totalsize);
		memcpy(copy, b.data, h.totalsize);
		fdt = copy;
	}
	r = fdt_check_full(fdt, h.totalsize);
	if (r < 0)
		return kx_err_set(err, ENOEXEC, "device tree: structure: %s", fdt_strerror(r));
	*ret = fdt;
	return 0;
}

bool kx_fdt_number(const void *p, int cells, uint64_t *ret)
{
	const fdt32_t *cell = p;
	uint64_t v = 0;

	if (cells < 0 || cells > 2)
		return false;
	for (int i = 0; i < cells; i++)
		v = v << 32 | fdt32_ld(&cell[i]);
	*ret = v;
	return true;
}
