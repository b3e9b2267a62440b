/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Headers and sections of PE files ("PE Format", learn.microsoft.com), as far
 * as taking kernels out of them needs it.  Nothing in the file is trusted.
 * Called by uki.c and, for the signature's place, by zboot.c.
 */
#include <errno.h>
#include <string.h>

#include "container.h"

/* "At location 0x3c, the stub has the file offset to the PE signature." */
#define DOS_PE_OFF		0x3c
#define COFF_LEN		20
#define SECTION_LEN		40

/* Optional header: where the data directories start, and how many there are. */
#define DIRS_OFF_32		96
#define DIRS_OFF_32_PLUS	112
/* "Certificate Table", the fifth; its address is a file offset, unlike the others'. */
#define DIR_CERT		4

/* Signature table of @pe from the optional header @opt; absent is not an error. */
static void find_certificates(struct kx_bytes opt, struct kx_pe *pe)
{
	size_t dirs = pe->magic == KX_PE_MAGIC_32_PLUS ? DIRS_OFF_32_PLUS : DIRS_OFF_32;
	uint32_t count, off, len;

	if (!kx_bytes_le32(opt, dirs - 4, &count) || count <= DIR_CERT ||
	    !kx_bytes_le32(opt, dirs + DIR_CERT * 8, &off) ||
	    !kx_bytes_le32(opt, dirs + DIR_CERT * 8 + 4, &len))
		return;
	pe->cert_off = off;
	pe->cert_len = len;
}

int kx_pe_parse(struct kx_bytes b, struct kx_pe *ret, struct kx_err *err)
{
	struct kx_pe pe = { .file = b };
	struct kx_rd rd = kx_rd_make(b, KX_LE);
	struct kx_bytes opt;
	uint32_t pe_off, opt_len;
	size_t table_off;

	if (!kx_bytes_starts(b, "MZ", 2))
		return kx_err_set(err, ENOEXEC, "PE: expected MZ at the start");
	kx_rd_seek(&rd, DOS_PE_OFF);
	pe_off = kx_rd_u32(&rd);
	kx_rd_seek(&rd, pe_off);
	if (kx_rd_u32(&rd) != 0x00004550 || rd.bad)
		return kx_err_set(err, ENOEXEC, "PE: expected the signature PE at 0x%x", pe_off);
	kx_rd_skip(&rd, 2);		/* Machine */
	pe.section_count = kx_rd_u16(&rd);
	kx_rd_skip(&rd, 12);		/* TimeDateStamp, symbol table and count */
	opt_len = kx_rd_u16(&rd);
	kx_rd_skip(&rd, 2);		/* Characteristics */
	opt = kx_rd_bytes(&rd, opt_len);
	table_off = rd.off;
	pe.table = kx_rd_bytes(&rd, pe.section_count * SECTION_LEN);
	if (rd.bad)
		return kx_err_set(err, ENOEXEC,
				  "PE: section table: expected %zu sections at 0x%zx, the file ends at 0x%zx",
				  pe.section_count, table_off, b.len);
	if (!kx_bytes_le16(opt, 0, &pe.magic))
		pe.magic = 0;
	find_certificates(opt, &pe);
	*ret = pe;
	return 0;
}

struct kx_pe_section kx_pe_section_at(const struct kx_pe *pe, size_t i)
{
	struct kx_rd rd = kx_rd_make(pe->table, KX_LE);
	struct kx_pe_section s = { .raw_off = 0 };
	struct kx_bytes name;

	kx_rd_seek(&rd, i * SECTION_LEN);
	/* "An 8-byte, null-padded string"; with exactly 8 characters, no null. */
	name = kx_rd_bytes(&rd, 8);
	if (name.len)
		memcpy(s.name, name.data, name.len);
	s.virtual_len = kx_rd_u32(&rd);
	kx_rd_skip(&rd, 4);		/* VirtualAddress */
	s.raw_len = kx_rd_u32(&rd);
	s.raw_off = kx_rd_u32(&rd);
	return s;
}

int kx_pe_section_bytes(const struct kx_pe *pe, const struct kx_pe_section *s,
			struct kx_bytes *ret, struct kx_err *err)
{
	/*
	 * "SizeOfRawData is rounded but VirtualSize is not"; some tools leave
	 * VirtualSize 0.  Where it is more, the rest would be zeros in memory.
	 */
	uint32_t len = s->virtual_len && s->virtual_len < s->raw_len ? s->virtual_len : s->raw_len;

	if (!kx_bytes_sub(pe->file, s->raw_off, len, ret))
		return kx_err_set(err, ENOEXEC,
				  "section %s: expected 0x%x bytes at 0x%x, the file ends at 0x%zx",
				  s->name, len, s->raw_off, pe->file.len);
	return 0;
}
