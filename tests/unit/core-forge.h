/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes small cores, well-formed unless told otherwise: for the tests of the
 * reader, of the notes, and for the fuzzers' seeds.  Written with
 * doc/resumable-core.md.
 */
#ifndef CORE_FORGE_H
#define CORE_FORGE_H

#include "forge.h"
#include "kx/core.h"

/* A core: ELF header, program headers, notes at CORE_NOTES, memory at CORE_MEMORY. */
#define CORE_NOTES	0x1000
#define CORE_MEMORY	0x3000
#define CORE_PHDR(i)	(64 + 56 * (size_t)(i))

#define CORE_INFO								\
	"OSRELEASE=6.1.0-test\nBUILD-ID=0123456789abcdef\nPAGESIZE=4096\n"	\
	"SYMBOL(_stext)=ffffffff81000000\nNUMBER(phys_base)=-4096\n"		\
	"NUMBER(VA_BITS)=0x30\nKERNELOFFSET=1c000000\nCRASHTIME=1700000000\n"

static inline void core_ehdr(struct forge *f, uint16_t machine, uint16_t phnum)
{
	forge_put(f, "\177ELF\2\1\1", 7);
	forge_to(f, 16);
	forge_le16(f, 4);
	forge_le16(f, machine);
	forge_le32(f, 1);
	forge_le64(f, 0);
	forge_le64(f, 64);
	forge_le64(f, 0);
	forge_le32(f, 0);
	forge_le16(f, 64);
	forge_le16(f, 56);
	forge_le16(f, phnum);
	forge_to(f, 64);
}

static inline void core_phdr(struct forge *f, uint32_t type, uint64_t off, uint64_t va,
			     uint64_t pa, uint64_t file_len, uint64_t mem_len)
{
	forge_le32(f, type);
	forge_le32(f, 7);
	forge_le64(f, off);
	forge_le64(f, va);
	forge_le64(f, pa);
	forge_le64(f, file_len);
	forge_le64(f, mem_len);
	forge_le64(f, 0);
}

static inline void core_note(struct forge *f, const char *name, uint32_t type, const void *desc,
			     size_t len)
{
	forge_le32(f, (uint32_t)strlen(name) + 1);
	forge_le32(f, (uint32_t)len);
	forge_le32(f, type);
	forge_put(f, name, strlen(name) + 1);
	forge_to(f, (f->len + 3) & ~(size_t)3);
	forge_put(f, desc, len);
	forge_to(f, (f->len + 3) & ~(size_t)3);
}

/* ---- our notes' descriptors -------------------------------------------------- */

static inline void core_context(struct forge *f)
{
	size_t at = f->len;

	forge_le32(f, 1);
	forge_le32(f, 62);
	forge_le32(f, 1);			/* jump */
	forge_le32(f, 1);
	forge_le32(f, 1);			/* filled */
	forge_le32(f, 0);
	forge_le64(f, 0x1234060);		/* entry */
	forge_le64(f, 0x77);			/* value[0] */
	forge_to(f, at + 80);
	forge_le64(f, 5);			/* boot CPU */
	forge_le64(f, 0x1000);
	forge_le64(f, 0x5000);			/* window */
	forge_le64(f, 0x7000);
	forge_put(f, "\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe\xf\x10", 16);
	memset(forge_room(f, 32), 0xab, 32);
	forge_str(f, "6.1.0-test");
	forge_to(f, at + 256);
}

static inline void core_state(struct forge *f)
{
	forge_le32(f, 1);
	forge_le32(f, 1);
	for (uint64_t i = 1; i <= 11; i++)
		forge_le64(f, 0x1000 * i);
	forge_room(f, 32);
}

/* Two runs, not in order, and room for a third. */
static inline void core_map(struct forge *f)
{
	forge_le32(f, 1);
	forge_le32(f, 1);
	forge_le64(f, 0x1000);
	forge_le64(f, 2);			/* runs */
	forge_le64(f, 2);			/* pages */
	forge_le64(f, 0x2002);			/* list head */
	forge_le64(f, 0);
	forge_le64(f, 0x6000);
	forge_le64(f, 0x9000);
	forge_le64(f, 1);
	forge_le64(f, 0x5000);
	forge_le64(f, 0x8000);
	forge_le64(f, 1);
	forge_room(f, 24);
}

static inline void core_integrity(struct forge *f)
{
	forge_le32(f, 1);
	forge_le32(f, 1);
	forge_le64(f, 2);
	forge_le64(f, 0x4000);
	forge_le64(f, 0x1000);
	memset(forge_room(f, 32), 0x11, 32);
	forge_le64(f, 0x8000);
	forge_le64(f, 0x2000);
	memset(forge_room(f, 32), 0x22, 32);
}

static inline void core_our_note(struct forge *f, uint32_t type, void (*desc)(struct forge *f))
{
	struct forge d = FORGE_NONE;

	desc(&d);
	core_note(f, "KEXECJUMP", type, d.p, d.len);
	forge_free(&d);
}

/*
 * An x86_64 core with every kind of note.  Memory [0x4000, 0xa000): in [0x4000,
 * 0x6000) and, as a PT_LOAD of its own, [0x8000, 0xa000); [0x6000, 0x8000) was
 * left out.  Each byte is the number of its page.  The text overlaps the first.
 */
static inline void core_build(struct forge *f)
{
	static const uint8_t prstatus[336];
	struct forge notes = FORGE_NONE;

	core_note(&notes, "CORE", 1, prstatus, sizeof(prstatus));
	core_note(&notes, "CORE", 1, prstatus, sizeof(prstatus));
	core_note(&notes, "VMCOREINFO", 0, CORE_INFO, strlen(CORE_INFO));
	core_our_note(&notes, 0x4b4a0001, core_context);
	core_our_note(&notes, 0x4b4a0002, core_state);
	core_our_note(&notes, 0x4b4a0003, core_map);
	core_our_note(&notes, 0x4b4a0004, core_integrity);

	core_ehdr(f, 62, 4);
	core_phdr(f, 4, CORE_NOTES, 0, 0, notes.len, notes.len);
	core_phdr(f, 1, CORE_MEMORY + 0x1000, 0xffffffff81000000, 0x5000, 0x800, 0x800);
	core_phdr(f, 1, CORE_MEMORY + 0x2000, 0xffff888000008000, 0x8000, 0x2000, 0x2000);
	core_phdr(f, 1, CORE_MEMORY, 0xffff888000004000, 0x4000, 0x2000, 0x4000);
	forge_to(f, CORE_NOTES);
	forge_put(f, notes.p, notes.len);
	forge_free(&notes);
	forge_to(f, CORE_MEMORY);
	memset(forge_room(f, 0x1000), 4, 0x1000);
	memset(forge_room(f, 0x1000), 5, 0x1000);
	memset(forge_room(f, 0x1000), 8, 0x1000);
	memset(forge_room(f, 0x1000), 9, 0x1000);
}

/* ---- a core in memory ------------------------------------------------------------ */

static inline int core_bytes_read(void *ctx, uint64_t off, void *to, size_t len,
				  struct kx_err *err)
{
	const struct kx_bytes *b = ctx;
	struct kx_bytes part;

	/* The reader promised to stay inside. */
	if (!kx_bytes_sub(*b, off, len, &part))
		abort();
	(void)err;
	memcpy(to, part.data, part.len);
	return 0;
}

/* @b must outlive the core. */
static inline struct kx_core_file core_file(struct kx_bytes *b)
{
	return (struct kx_core_file){ .read = core_bytes_read, .ctx = b, .len = b->len };
}

#endif
