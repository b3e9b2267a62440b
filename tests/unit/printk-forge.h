/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes small kernel logs in each format, as a page of a kernel's memory and the
 * VMCOREINFO that goes with it, and cores with such a page: for the tests of
 * lib/printk*.c and of vmcore-dump, and for the fuzzers' seeds.
 *
 * The writers do what the kernel's do (kernel/printk/printk_ringbuffer.c;
 * log_store() of 5.9; emit_log_char() of 3.4), without other CPUs.
 */
#ifndef PRINTK_FORGE_H
#define PRINTK_FORGE_H

#include "core-forge.h"

/* One page, where an x86_64 kernel has its data. */
#define LOG_VA		0xffffffff81600000u
#define LOG_LEN		0x1000u

/* In the page: variables, the ring's head, and its three arrays, or the other logs. */
#define LOG_VARIABLES	0x000u
#define LOG_HEAD	0x100u
#define LOG_DESCS	0x200u
#define LOG_INFOS	0x300u
#define LOG_TEXT	0x800u

#define LOG_COUNT	8u		/* descriptors */
#define LOG_SIZE	256u		/* bytes of text */
#define LOG_ID_MASK	((1ULL << 62) - 1)
#define LOG_DESC_LEN	24u
#define LOG_INFO_LEN	88u

enum { LOG_RESERVED, LOG_COMMITTED, LOG_FINALIZED, LOG_REUSABLE };

#define LOG_RING_INFO								\
	"OSRELEASE=6.1.0-test\nPAGESIZE=4096\nSYMBOL(prb)=ffffffff81600000\n"	\
	"SIZE(printk_ringbuffer)=88\nOFFSET(printk_ringbuffer.desc_ring)=0\n"	\
	"OFFSET(printk_ringbuffer.text_data_ring)=48\n"				\
	"OFFSET(printk_ringbuffer.fail)=80\nSIZE(prb_desc_ring)=48\n"		\
	"OFFSET(prb_desc_ring.count_bits)=0\nOFFSET(prb_desc_ring.descs)=8\n"	\
	"OFFSET(prb_desc_ring.infos)=16\nOFFSET(prb_desc_ring.head_id)=24\n"	\
	"OFFSET(prb_desc_ring.tail_id)=32\nSIZE(prb_desc)=24\n"			\
	"OFFSET(prb_desc.state_var)=0\nOFFSET(prb_desc.text_blk_lpos)=8\n"	\
	"SIZE(prb_data_blk_lpos)=16\nOFFSET(prb_data_blk_lpos.begin)=0\n"	\
	"OFFSET(prb_data_blk_lpos.next)=8\nSIZE(printk_info)=88\n"		\
	"OFFSET(printk_info.seq)=0\nOFFSET(printk_info.ts_nsec)=8\n"		\
	"OFFSET(printk_info.text_len)=16\nOFFSET(printk_info.caller_id)=20\n"	\
	"OFFSET(printk_info.dev_info)=24\nSIZE(dev_printk_info)=64\n"		\
	"OFFSET(dev_printk_info.subsystem)=0\nLENGTH(printk_info_subsystem)=16\n" \
	"OFFSET(dev_printk_info.device)=16\nLENGTH(printk_info_device)=48\n"	\
	"SIZE(prb_data_ring)=32\nOFFSET(prb_data_ring.size_bits)=0\n"		\
	"OFFSET(prb_data_ring.data)=8\nOFFSET(prb_data_ring.head_lpos)=16\n"	\
	"OFFSET(prb_data_ring.tail_lpos)=24\nSIZE(atomic_long_t)=8\n"		\
	"OFFSET(atomic_long_t.counter)=0\n"

#define LOG_RECORDS_INFO							\
	"OSRELEASE=4.19.0-test\nPAGESIZE=4096\nSYMBOL(log_buf)=ffffffff81600000\n" \
	"SYMBOL(log_buf_len)=ffffffff81600008\n"				\
	"SYMBOL(log_first_idx)=ffffffff8160000c\nSYMBOL(clear_idx)=ffffffff81600014\n" \
	"SYMBOL(log_next_idx)=ffffffff81600010\nSIZE(printk_log)=16\n"		\
	"OFFSET(printk_log.ts_nsec)=0\nOFFSET(printk_log.len)=8\n"		\
	"OFFSET(printk_log.text_len)=10\nOFFSET(printk_log.dict_len)=12\n"

#define LOG_PLAIN_INFO								\
	"OSRELEASE=3.4.0-test\nPAGESIZE=4096\nSYMBOL(log_buf)=ffffffff81600000\n" \
	"SYMBOL(log_buf_len)=ffffffff81600008\nSYMBOL(log_end)=ffffffff8160000c\n" \
	"SYMBOL(logged_chars)=ffffffff81600010\n"

struct log_forge {
	uint8_t mem[LOG_LEN];
	uint64_t head_id, tail_id, head_lpos, tail_lpos, seq;
	int exact;		/* a block may end at the ring's end, as in newer kernels */
};

static inline uint64_t log_word(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

/* ---- 5.10 and later -------------------------------------------------------------- */

static inline uint8_t *log_desc(struct log_forge *f, uint64_t id)
{
	return f->mem + LOG_DESCS + id % LOG_COUNT * LOG_DESC_LEN;
}

static inline uint8_t *log_info(struct log_forge *f, uint64_t id)
{
	return f->mem + LOG_INFOS + id % LOG_COUNT * LOG_INFO_LEN;
}

static inline void log_state(struct log_forge *f, uint64_t id, uint64_t state)
{
	kx_put_le64(log_desc(f, id), (id & LOG_ID_MASK) | state << 62);
}

static inline void log_block(struct log_forge *f, uint64_t id, uint64_t begin, uint64_t next)
{
	kx_put_le64(log_desc(f, id) + 8, begin);
	kx_put_le64(log_desc(f, id) + 16, next);
}

static inline void log_ends(struct log_forge *f)
{
	kx_put_le64(f->mem + LOG_HEAD + 24, f->head_id & LOG_ID_MASK);
	kx_put_le64(f->mem + LOG_HEAD + 32, f->tail_id & LOG_ID_MASK);
	kx_put_le64(f->mem + LOG_HEAD + 48 + 16, f->head_lpos);
	kx_put_le64(f->mem + LOG_HEAD + 48 + 24, f->tail_lpos);
}

static inline void log_ring_init(struct log_forge *f)
{
	*f = (struct log_forge){ .head_id = 0 - (uint64_t)(LOG_COUNT + 1), .seq = 0 };
	f->tail_id = f->head_id;
	f->head_lpos = 0 - (uint64_t)LOG_SIZE;
	f->tail_lpos = f->head_lpos;
	kx_put_le64(f->mem + LOG_VARIABLES, LOG_VA + LOG_HEAD);
	kx_put_le32(f->mem + LOG_HEAD, 3);
	kx_put_le64(f->mem + LOG_HEAD + 8, LOG_VA + LOG_DESCS);
	kx_put_le64(f->mem + LOG_HEAD + 16, LOG_VA + LOG_INFOS);
	kx_put_le32(f->mem + LOG_HEAD + 48, 8);
	kx_put_le64(f->mem + LOG_HEAD + 48 + 8, LOG_VA + LOG_TEXT);
	log_state(f, f->head_id, LOG_REUSABLE);
	log_block(f, f->head_id, 1, 1);
	log_ends(f);
}

/* The oldest record's text goes; the record can be reused. */
static inline void log_drop(struct log_forge *f, uint64_t id)
{
	if (log_word(log_desc(f, id)) >> 62 == LOG_FINALIZED)
		f->tail_lpos = log_word(log_desc(f, id) + 16);
	log_state(f, id, LOG_REUSABLE);
}

/* Make room for text up to @end. */
static inline void log_push(struct log_forge *f, uint64_t end)
{
	for (uint64_t id = f->tail_id; id != f->head_id && end - f->tail_lpos > LOG_SIZE; id++)
		log_drop(f, id);
}

/* A message at @ns nanoseconds of level 6, facility 0; gives its id. */
static inline uint64_t log_ring_add(struct log_forge *f, uint64_t ns, const char *text, size_t len)
{
	uint64_t id = ++f->head_id, begin = f->head_lpos;
	uint64_t size = 8 + (len + 7) / 8 * 8, next = begin + size, at = begin % LOG_SIZE;
	uint8_t *info = log_info(f, id);

	if (id - f->tail_id >= LOG_COUNT)
		log_drop(f, f->tail_id++);
	if (begin / LOG_SIZE != (f->exact ? next - 1 : next) / LOG_SIZE) {
		kx_put_le64(f->mem + LOG_TEXT + at, id & LOG_ID_MASK);
		at = 0;
		next = next / LOG_SIZE * LOG_SIZE + size;
	}
	log_push(f, next);
	kx_put_le64(f->mem + LOG_TEXT + at, id & LOG_ID_MASK);
	memcpy(f->mem + LOG_TEXT + at + 8, text, len);
	f->head_lpos = next;
	memset(info, 0, LOG_INFO_LEN);
	kx_put_le64(info, f->seq++);
	kx_put_le64(info + 8, ns);
	kx_put_le16(info + 16, (uint16_t)len);
	info[19] = 6 << 5;
	kx_put_le32(info + 20, 1);
	log_block(f, id, begin, next);
	log_state(f, id, LOG_FINALIZED);
	log_ends(f);
	return id;
}

static inline uint64_t log_ring_say(struct log_forge *f, uint64_t ns, const char *text)
{
	return log_ring_add(f, ns, text, strlen(text));
}

/* ---- 3.5 to 5.9 ------------------------------------------------------------------- */

static inline uint32_t log_half(const struct log_forge *f, size_t off)
{
	return (uint32_t)(log_word(f->mem + off) & 0xffffffff);
}

static inline void log_records_init(struct log_forge *f)
{
	*f = (struct log_forge){ .seq = 0 };
	kx_put_le64(f->mem, LOG_VA + LOG_TEXT);
	kx_put_le32(f->mem + 8, LOG_SIZE);
}

static inline int log_records_fit(const struct log_forge *f, uint32_t len)
{
	uint32_t first = log_half(f, 12), next = log_half(f, 16), room = first - next;

	if (next > first || f->seq == f->tail_id)
		room = LOG_SIZE - next > first ? LOG_SIZE - next : first;
	return room >= len + 16;
}

/* Room for @len bytes: the records in the way go.  tail_id is the oldest one's seq. */
static inline uint32_t log_records_room(struct log_forge *f, uint32_t len)
{
	uint32_t next = log_half(f, 16);

	while (f->tail_id < f->seq && !log_records_fit(f, len)) {
		uint32_t first = log_half(f, 12), step = f->mem[LOG_TEXT + first + 8];

		kx_put_le32(f->mem + 12, step ? first + step : f->mem[LOG_TEXT + 8]);
		f->tail_id++;
	}
	if (next + len + 16 <= LOG_SIZE)
		return next;
	memset(f->mem + LOG_TEXT + next, 0, 16);
	return 0;
}

/* Gives the record's offset in the ring; @dict may have NULs. */
static inline uint32_t log_records_add(struct log_forge *f, uint64_t ns, const char *text,
				       const char *dict, size_t dict_len)
{
	size_t text_len = strlen(text);
	uint32_t len = (uint32_t)(16 + text_len + dict_len + 7) / 8 * 8;
	uint32_t at = log_records_room(f, len);
	uint8_t *p = f->mem + LOG_TEXT + at;

	memset(p, 0, len);
	kx_put_le64(p, ns);
	kx_put_le16(p + 8, (uint16_t)len);
	kx_put_le16(p + 10, (uint16_t)text_len);
	kx_put_le16(p + 12, (uint16_t)dict_len);
	p[15] = 6 << 5;
	memcpy(p + 16, text, text_len);
	memcpy(p + 16 + text_len, dict, dict_len);
	kx_put_le32(f->mem + 16, at + len);
	f->seq++;
	return at;
}

/* ---- up to 3.4 -------------------------------------------------------------------- */

static inline void log_plain_init(struct log_forge *f)
{
	log_records_init(f);
}

static inline void log_plain_add(struct log_forge *f, const char *text)
{
	for (; *text; text++) {
		f->mem[LOG_TEXT + f->seq % LOG_SIZE] = (uint8_t)*text;
		kx_put_le32(f->mem + 12, (uint32_t)++f->seq);
	}
}

/* ---- three logs with something in each ---------------------------------------------- */

static inline void log_ring_example(struct log_forge *f)
{
	uint64_t id;

	log_ring_init(f);
	for (int i = 0; i < 20; i++)
		log_ring_say(f, 1000000000u + (uint64_t)i, "this one will be gone");
	log_ring_say(f, 2000000000, "usb 1-1: one\ntwo");
	memcpy(log_info(f, f->head_id) + 24, "usb", 3);
	memcpy(log_info(f, f->head_id) + 40, "+usb:1-1", 8);
	log_ring_add(f, 12345678901234, "nul \0 bell \a \xc3\xa9", 15);
	id = log_ring_say(f, 2000002000, "not done");
	log_state(f, id, LOG_RESERVED);
	id = log_ring_say(f, 2000003000, "no room");
	log_block(f, id, 1, 1);
	log_ring_say(f, 2000004000, "last");
	log_state(f, f->head_id, LOG_COMMITTED);
}

static inline void log_records_example(struct log_forge *f)
{
	static const char dict[] = "SUBSYSTEM=pci\0DEVICE=+pci:0000:00:1f.2";

	log_records_init(f);
	for (int i = 0; i < 12; i++)
		log_records_add(f, 1000000000u + (uint64_t)i, "this one will be gone", "", 0);
	log_records_add(f, 2000000000, "ahci: one\ntwo", dict, sizeof(dict));
	log_records_add(f, 2000001000, "last", "", 0);
}

static inline void log_plain_example(struct log_forge *f)
{
	log_plain_init(f);
	for (int i = 0; i < 12; i++)
		log_plain_add(f, "<6>[    1.000000] this one will be gone\n");
	log_plain_add(f, "<4>[    2.000000] last\n");
}

/* ---- a core ------------------------------------------------------------------------- */

/*
 * An x86_64 core: the log's page at physical address 0x6000, in front of it the
 * page tables of four levels that lead to it, at 0x2000.
 */
#define LOG_PA		0x6000u
#define LOG_TABLES_PA	0x2000u
#define LOG_TABLES							\
	"NUMBER(phys_base)=0\nSYMBOL(init_top_pgt)=ffffffff80002000\n"	\
	"NUMBER(pgtable_l5_enabled)=0\nNUMBER(sme_mask)=0\n"

enum log_core {
	LOG_CORE_TABLES,
	LOG_CORE_VA,		/* the PT_LOAD says where it is mapped; no page tables */
	LOG_CORE_BACKUP,	/* core_map() has the last table's page, and the log's */
};

static inline void log_memory(struct forge *f, const struct log_forge *log, enum log_core kind)
{
	uint8_t *mem = forge_room(f, 0x8000);
	uint64_t shift = 39;

	for (unsigned int i = 0; i < 4; i++, shift -= 9)
		kx_put_le64(mem + i * 0x1000 + (LOG_VA >> shift & 511) * 8,
			    (LOG_TABLES_PA + (i + 1) * 0x1000) | 0x63);
	memcpy(mem + LOG_PA - LOG_TABLES_PA, log->mem, LOG_LEN);
	if (kind != LOG_CORE_BACKUP)
		return;
	memcpy(mem + 0x6000, mem + 0x3000, 0x2000);
	memset(mem + 0x3000, 0xff, 0x2000);
}

static inline void log_core(struct forge *f, const char *info, const struct log_forge *log,
			    enum log_core kind)
{
	const uint64_t va = kind == LOG_CORE_VA ? LOG_VA - (LOG_PA - LOG_TABLES_PA) : 0;
	struct forge notes = FORGE_NONE, text = FORGE_NONE;

	forge_str(&text, info);
	if (kind != LOG_CORE_VA)
		forge_str(&text, LOG_TABLES);
	core_note(&notes, "VMCOREINFO", 0, text.p, text.len);
	if (kind == LOG_CORE_BACKUP)
		core_our_note(&notes, 0x4b4a0003, core_map);
	core_ehdr(f, 62, 2);
	core_phdr(f, 4, CORE_NOTES, 0, 0, notes.len, notes.len);
	core_phdr(f, 1, CORE_MEMORY, va, LOG_TABLES_PA, 0x8000, 0x8000);
	forge_to(f, CORE_NOTES);
	forge_put(f, notes.p, notes.len);
	forge_to(f, CORE_MEMORY);
	log_memory(f, log, kind);
	forge_free(&notes);
	forge_free(&text);
}

#endif
