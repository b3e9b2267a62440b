// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bytes of kdump-compressed files and of flattened ones: kx/kdump-write.h.  Called
 * by vmcore-dump.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kx/bytes.h"
#include "kx/kdump-write.h"

static uint64_t blocks_of(uint64_t len, uint32_t block)
{
	return len / block + (len % block != 0);
}

int kx_kdump_layout_make(struct kx_kdump_layout *ret, uint32_t page_size, uint64_t max_pfn,
			 uint64_t notes_len, uint64_t descs, struct kx_err *err)
{
	struct kx_kdump_layout l = {
		.page_size = page_size, .max_pfn = max_pfn, .notes_len = notes_len, .descs = descs,
	};
	uint64_t sub, map;

	/* The header is one block. */
	if (page_size < 1024 || page_size & (page_size - 1))
		return kx_err_set(err, EINVAL, "expected a page size that is a power of 2, and 1024 at"
				  " least, have %" PRIu32, page_size);
	if (notes_len > UINT32_MAX)
		return kx_err_set(err, EFBIG, "expected less than 4 GiB of notes, have 0x%" PRIx64
				  " bytes", notes_len);
	sub = blocks_of(KX_KDUMP_SUB_LEN + notes_len, page_size);
	map = blocks_of(blocks_of(max_pfn, 8), page_size);
	/* bitmap_blocks counts both. */
	if (map > UINT32_MAX / 2)
		return kx_err_set(err, EFBIG, "expected bitmaps of less than 2^32 blocks, have %"
				  PRIu64 " pages of memory", max_pfn);
	l.notes_off = page_size + KX_KDUMP_SUB_LEN;
	l.map_len = map * page_size;
	l.map_off[0] = (1 + sub) * page_size;
	l.map_off[1] = l.map_off[0] + l.map_len;
	l.desc_off = l.map_off[1] + l.map_len;
	l.data_off = l.desc_off + descs * KX_KDUMP_DESC_LEN;
	*ret = l;
	return 0;
}

void kx_kdump_head_build(uint8_t *to, const struct kx_kdump_layout *l,
			 const struct kx_kdump_head *h)
{
	uint32_t block = l->page_size;

	memset(to, 0, block);
	memcpy(to, KX_KDUMP_MAGIC, 8);
	kx_put_le32(to + KX_KDUMP_VERSION_AT, KX_KDUMP_VERSION);
	memcpy(to + KX_KDUMP_UTSNAME_AT, h->utsname, KX_KDUMP_UTSNAME_LEN);
	kx_put_le64(to + KX_KDUMP_TIME_AT, h->time);
	kx_put_le32(to + KX_KDUMP_STATUS_AT, h->status);
	kx_put_le32(to + KX_KDUMP_BLOCK_AT, block);
	kx_put_le32(to + KX_KDUMP_SUB_BLOCKS_AT, (uint32_t)(l->map_off[0] / block - 1));
	kx_put_le32(to + KX_KDUMP_MAP_BLOCKS_AT, (uint32_t)(2 * (l->map_len / block)));
	kx_put_le32(to + KX_KDUMP_MAX_PFN_AT,
		    l->max_pfn < UINT32_MAX ? (uint32_t)l->max_pfn : UINT32_MAX);
	kx_put_le32(to + KX_KDUMP_CPUS_AT, h->cpus);
}

static uint32_t low32(uint64_t v)
{
	return v < UINT32_MAX ? (uint32_t)v : UINT32_MAX;
}

void kx_kdump_sub_build(uint8_t to[KX_KDUMP_SUB_LEN], const struct kx_kdump_layout *l,
			const struct kx_kdump_head *h)
{
	memset(to, 0, KX_KDUMP_SUB_LEN);
	kx_put_le64(to + KX_KDUMP_PHYS_BASE_AT, h->phys_base);
	kx_put_le32(to + KX_KDUMP_LEVEL_AT, h->level);
	if (h->split) {
		kx_put_le32(to + KX_KDUMP_SPLIT_AT, 1);
		kx_put_le64(to + KX_KDUMP_START_AT, low32(h->start_pfn));
		kx_put_le64(to + KX_KDUMP_END_AT, low32(h->end_pfn));
		kx_put_le64(to + KX_KDUMP_START_64_AT, h->start_pfn);
		kx_put_le64(to + KX_KDUMP_END_64_AT, h->end_pfn);
	}
	if (h->vmcoreinfo_len) {
		kx_put_le64(to + KX_KDUMP_VMCOREINFO_AT, l->notes_off + h->vmcoreinfo_off);
		kx_put_le64(to + KX_KDUMP_VMCOREINFO_AT + 8, h->vmcoreinfo_len);
	}
	if (l->notes_len) {
		kx_put_le64(to + KX_KDUMP_NOTES_AT, l->notes_off);
		kx_put_le64(to + KX_KDUMP_NOTES_AT + 8, l->notes_len);
	}
	kx_put_le64(to + KX_KDUMP_MAX_PFN_64_AT, l->max_pfn);
}

void kx_kdump_desc_build(uint8_t to[KX_KDUMP_DESC_LEN], uint64_t off, uint32_t len,
			 uint32_t flags)
{
	kx_put_le64(to, off);
	kx_put_le32(to + 8, len);
	kx_put_le32(to + 12, flags);
	kx_put_le64(to + 16, 0);
}

/* ---- flattened -------------------------------------------------------------------- */

static void put_be64(uint8_t *to, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		to[i] = (uint8_t)(v >> (56 - 8 * i));
}

void kx_flat_head_build(uint8_t to[KX_FLAT_HEAD_LEN])
{
	memset(to, 0, KX_FLAT_HEAD_LEN);
	memcpy(to, KX_FLAT_MAGIC, strlen(KX_FLAT_MAGIC));
	put_be64(to + KX_FLAT_TYPE_AT, 1);
	put_be64(to + KX_FLAT_VERSION_AT, 1);
}

void kx_flat_record_build(uint8_t to[KX_FLAT_RECORD_LEN], uint64_t off, uint64_t len)
{
	put_be64(to, off);
	put_be64(to + 8, len);
}

void kx_flat_end_build(uint8_t to[KX_FLAT_RECORD_LEN])
{
	memset(to, 0xff, KX_FLAT_RECORD_LEN);
}
