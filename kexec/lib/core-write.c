// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pieces of a core that is written: ELF header, program headers, notes (System V
 * gABI, "ELF Header", "Program Header", "Note Section").  Called by the writers of
 * saved cores and by vmcore-dump.
 */
#include <string.h>

#include "kx/core.h"

#define NHDR_LEN	12u

void kx_core_ehdr_build(uint8_t to[KX_CORE_EHDR_LEN], uint16_t machine, uint64_t phoff,
			size_t phnum)
{
	static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };

	memset(to, 0, KX_CORE_EHDR_LEN);
	memcpy(to, ident, sizeof(ident));
	kx_put_le16(to + 16, 4);		/* ET_CORE */
	kx_put_le16(to + 18, machine);
	kx_put_le32(to + 20, 1);		/* EV_CURRENT */
	kx_put_le64(to + 32, phoff);
	kx_put_le16(to + 52, KX_CORE_EHDR_LEN);
	kx_put_le16(to + 54, KX_CORE_PHDR_LEN);
	kx_put_le16(to + 56, (uint16_t)phnum);
}

uint8_t *kx_core_phdr_build(uint8_t *to, enum kx_core_phdr_type type,
			    const struct kx_core_load *l)
{
	kx_put_le32(to, type);
	kx_put_le32(to + 4, l->flags);
	kx_put_le64(to + 8, l->off);
	kx_put_le64(to + 16, l->va);
	kx_put_le64(to + 24, l->pa);
	kx_put_le64(to + 32, l->file_len);
	kx_put_le64(to + 40, l->mem_len);
	kx_put_le64(to + 48, 0);
	return to + KX_CORE_PHDR_LEN;
}

static size_t padded(size_t n)
{
	return (n + 3) / 4 * 4;
}

size_t kx_core_note_len(const char *name, size_t desc_len)
{
	return NHDR_LEN + padded(strlen(name) + 1) + padded(desc_len);
}

uint8_t *kx_core_note_build(uint8_t *to, const char *name, uint32_t type, struct kx_bytes desc)
{
	size_t name_len = strlen(name) + 1, len = kx_core_note_len(name, desc.len);

	memset(to, 0, len);
	kx_put_le32(to, (uint32_t)name_len);
	kx_put_le32(to + 4, (uint32_t)desc.len);
	kx_put_le32(to + 8, type);
	memcpy(to + NHDR_LEN, name, name_len);
	if (desc.len)
		memcpy(to + NHDR_LEN + padded(name_len), desc.data, desc.len);
	return to + len;
}
