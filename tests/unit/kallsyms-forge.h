/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes a small core with a kernel's table of symbols: for the tests of lib/kallsyms.c
 * and lib/core-pages-free.c, and for the fuzzers' seeds.  One PT_LOAD, and in it
 *
 *	0	kallsyms_num_syms, and at 8 kallsyms_relative_base
 *	0x100	kallsyms_offsets
 *	0x200	vm_zone_stat
 *	0x300	node_data: two nodes, of which the second is at 0x400
 *	0x800	kallsyms_token_index
 *	0xa00	kallsyms_token_table
 *	0x1000	kallsyms_names
 */
#ifndef KALLSYMS_FORGE_H
#define KALLSYMS_FORGE_H

#include "core-forge.h"

#define SYMS_VA		0xffffffff81000000u
#define SYMS_FILE	0x1000
#define SYMS_LEN	0x1400
#define SYMS_FREE	12345

#define SYMS_TABLE							\
	"SYMBOL(_stext)=ffffffff81000000\n"				\
	"SYMBOL(kallsyms_names)=ffffffff81001000\n"			\
	"SYMBOL(kallsyms_num_syms)=ffffffff81000000\n"			\
	"SYMBOL(kallsyms_token_table)=ffffffff81000a00\n"		\
	"SYMBOL(kallsyms_token_index)=ffffffff81000800\n"		\
	"SYMBOL(kallsyms_offsets)=ffffffff81000100\n"
#define SYMS_BASE	"SYMBOL(kallsyms_relative_base)=ffffffff81000008\n"
#define SYMS_STAT	"NUMBER(NR_FREE_PAGES)=1\n"
#define SYMS_NODES							\
	"SYMBOL(node_data)=ffffffff81000300\nLENGTH(node_data)=2\n"	\
	"OFFSET(pglist_data.node_zones)=16\nOFFSET(pglist_data.nr_zones)=8\n" \
	"SIZE(zone)=64\nOFFSET(zone.vm_stat)=24\n"

enum syms_way { SYMS_PLAIN, SYMS_PERCPU, SYMS_PLACE };

static inline uint8_t *syms_at(struct forge *f, uint64_t off)
{
	return f->p + SYMS_FILE + off;
}

/* Token 1 is "zone", the others are the character of that number, or "?". */
static inline void syms_tokens(struct forge *f)
{
	uint16_t at = 0;

	for (unsigned int i = 0; i < 256; i++) {
		uint8_t *to = syms_at(f, 0xa00) + at;
		const char one[2] = { (char)(i > 32 && i < 127 ? i : '?'), '\0' };
		const char *text = i == 1 ? "zone" : one;

		kx_put_le16(syms_at(f, 0x800) + i * 2, at);
		memcpy(to, text, strlen(text) + 1);
		at = (uint16_t)(at + strlen(text) + 1);
	}
}

static inline void syms_value(struct forge *f, uint64_t nr, enum syms_way way, uint64_t va)
{
	uint64_t place = SYMS_VA + 0x100 + 4 * nr;
	uint64_t v = way == SYMS_PLAIN ? va - SYMS_VA : way == SYMS_PLACE ? va - place :
		     SYMS_VA - 1 - va;

	kx_put_le32(syms_at(f, 0x100) + 4 * nr, (uint32_t)v);
}

/* A per-CPU symbol, _stext, one with a name of 200 characters, vm_zone_stat. */
static inline void syms_core(struct forge *f, const char *info, enum syms_way way)
{
	static const char few[] = "\003Acp\007T_stext\310\001";
	static const char last[] = "\012Dvm_\001_stat";
	struct forge note = FORGE_NONE;

	core_note(&note, "VMCOREINFO", 0, info, strlen(info));
	core_ehdr(f, 62, 2);
	core_phdr(f, 4, 0x200, 0, 0, note.len, note.len);
	core_phdr(f, 1, SYMS_FILE, SYMS_VA, 0x1000000, SYMS_LEN, SYMS_LEN);
	forge_to(f, 0x200);
	forge_put(f, note.p, note.len);
	forge_free(&note);
	forge_to(f, SYMS_FILE + SYMS_LEN);
	kx_put_le32(syms_at(f, 0), 4);
	kx_put_le64(syms_at(f, 8), SYMS_VA);
	memcpy(syms_at(f, 0x1000), few, sizeof(few) - 1);
	memset(syms_at(f, 0x1000) + sizeof(few) - 1, 'x', 200);
	memcpy(syms_at(f, 0x1000) + sizeof(few) - 1 + 200, last, sizeof(last) - 1);
	syms_tokens(f);
	syms_value(f, 1, way, SYMS_VA);
	syms_value(f, 3, way, SYMS_VA + 0x200);
	kx_put_le64(syms_at(f, 0x208), SYMS_FREE);
	/* Three zones of the second node: 100, 20 and -1 */
	kx_put_le64(syms_at(f, 0x308), SYMS_VA + 0x400);
	kx_put_le32(syms_at(f, 0x408), 3);
	kx_put_le64(syms_at(f, 0x410 + 24 + 8), 100);
	kx_put_le64(syms_at(f, 0x450 + 24 + 8), 20);
	kx_put_le64(syms_at(f, 0x490 + 24 + 8), UINT64_MAX);
}

#endif
