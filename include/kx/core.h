/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ELF cores of a whole machine: /proc/vmcore, /proc/kcore, and files that hold
 * one (System V gABI chapter 5; fs/proc/vmcore.c).
 *
 * The file may be larger than memory: the headers and notes are read into an
 * arena, everything else through a callback when it is asked for.
 *
 *	lib/core.c		the reader
 *	lib/core-notes.c	its notes
 *	lib/core-write.c	the pieces of a core that is written
 *	lib/core-image.c	where the kernel is in it
 *	lib/context.c		the notes that kexec and purgatory wrote (kx/context.h)
 *	arch/core-headers.c	writes headers for the next kernel's /proc/vmcore
 */
#ifndef KX_CORE_H
#define KX_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/err.h"
#include "kx/range.h"

/* ELF's numbers of the machines we know. */
#define KX_ELF_X86_64		62
#define KX_ELF_ARM64		183

/* Headers and notes together; the kernel's own limit is far below. */
#define KX_CORE_HEADERS_MAX	(64ULL << 20)
/* There are a few for each CPU. */
#define KX_CORE_NOTES_MAX	65536u

/* e_flags of a dump that lacks pages; makedumpfile's DUMP_ELF_INCOMPLETE. */
#define KX_CORE_INCOMPLETE	1u

/* p_paddr of memory without a physical address, in /proc/kcore. */
#define KX_CORE_NO_PA		UINT64_MAX

/* Where the bytes of the core come from. */
struct kx_core_file {
	/*
	 * Exactly @len bytes at offset @off, which with @len lies inside the
	 * file, to @to.  A negative errno and a sentence otherwise.
	 */
	int (*read)(void *ctx, uint64_t off, void *to, size_t len, struct kx_err *err);
	void *ctx;
	uint64_t len;			/* of the file */
	/*
	 * The same without a copy, or NULL: *ret is where the bytes are, until the next
	 * call of one of these with this ctx.  -EOPNOTSUPP: not these bytes, read them.
	 */
	int (*view)(void *ctx, uint64_t off, size_t len, const uint8_t **ret, struct kx_err *err);
	/*
	 * The same file for one more thread, with a ctx of its own that @done frees; or
	 * NULL: one thread only.  The first one outlives the others.
	 */
	int (*fork)(void *ctx, struct kx_core_file *ret, struct kx_err *err);
	void (*done)(void *ctx);	/* with what fork made */
};

/* A PT_LOAD. */
struct kx_core_load {
	uint64_t pa;			/* KX_CORE_NO_PA: has none */
	uint64_t va;
	uint64_t off;			/* in the file */
	uint64_t file_len;		/* what is not in the file was left out of it */
	uint64_t mem_len;		/* >= file_len */
	uint32_t flags;			/* PF_* */
};

/* Physical memory that is in the file; no two overlap. */
struct kx_core_span {
	struct kx_range pa;
	uint64_t off;
};

struct kx_core_note {
	const char *name;		/* up to its first NUL; arena */
	uint32_t type;
	struct kx_bytes desc;
	uint64_t off;			/* of the note in the file */
};

struct kx_core {
	struct kx_core_file file;
	uint16_t machine;		/* KX_ELF_* */
	uint64_t entry;			/* e_entry */
	uint32_t flags;			/* e_flags: KX_CORE_INCOMPLETE */
	struct kx_core_load *load;	/* sorted by pa, longer first; arena */
	size_t load_count;
	struct kx_core_span *span;	/* sorted */
	size_t span_count;
	struct kx_core_note *note;	/* in the order of the file */
	size_t note_count;
	/*
	 * PT_LOADs that cannot be, and are not used: kexec-tools 2.0.32 makes them on
	 * arm64 when it does not find _text.  Why the first one is not; arena.
	 */
	size_t bad_count;
	const char *bad_why;
	uint64_t end;			/* where the last of it ends; > file.len: cut off */
};

/*
 * Read the headers and notes of @file.  A file that is cut off behind them is no
 * error, nor a PT_LOAD that makes no sense: see kx_core.end, bad_count.  *ret borrows
 * from @a; untouched on error.
 *   -ENOEXEC     not an ELF core, or a malformed one: where, wanted, found
 *   -EOPNOTSUPP  a core of another architecture or word length
 *   -E2BIG       more than KX_CORE_HEADERS_MAX bytes of headers and notes,
 *                KX_CORE_NOTES_MAX notes
 *   -ENOMEM, and what @file->read says
 */
KX_CHECKED int kx_core_open(const struct kx_core_file *file, struct kx_arena *a,
			    struct kx_core *ret, struct kx_err *err);

/* "x86_64", "arm64" */
const char *kx_core_machine_name(const struct kx_core *c);

/* The first note of that name and type; NULL if there is none. */
const struct kx_core_note *kx_core_note_find(const struct kx_core *c, const char *name,
					     uint32_t type);

/* The span that holds @pa; NULL if none does.  A binary search. */
const struct kx_core_span *kx_core_span_find(const struct kx_core *c, uint64_t pa);
/* The index of the first span that ends behind @pa; span_count if none does. */
size_t kx_core_span_from(const struct kx_core *c, uint64_t pa);
/* What of @s is in the file; less than s->pa where the file is cut off. */
struct kx_range kx_core_span_held(const struct kx_core *c, const struct kx_core_span *s);

/*
 * @len bytes of physical memory as the file has them.
 *   -ENXIO    some are not in the core, the sentence names the first
 *   -ENODATA  the file is cut off before them
 *   and what the file's read says
 */
KX_CHECKED int kx_core_read(const struct kx_core *c, uint64_t pa, void *to, size_t len,
			    struct kx_err *err);

/*
 * A struct kx_core_file.read made of one that reads the first of what is asked for:
 * *len is made smaller, and never 0.
 */
KX_CHECKED int kx_core_read_parts(int (*part)(void *ctx, uint64_t off, uint8_t *to, size_t *len,
					      struct kx_err *err),
				  void *ctx, uint64_t off, void *to, size_t len,
				  struct kx_err *err);

/* lib/core-notes.c: append the notes of one PT_NOTE, found at @off; as kx_core_open(). */
KX_CHECKED int kx_core_notes_parse(struct kx_bytes b, uint64_t off, struct kx_arena *a,
				   struct kx_core *c, struct kx_err *err);

/* ---- writing (lib/core-write.c) ------------------------------------------------ */

#define KX_CORE_EHDR_LEN	64u
#define KX_CORE_PHDR_LEN	56u
/* What a PT_LOAD of RAM has: readable, writable, executable. */
#define KX_CORE_RWX		7u

enum kx_core_phdr_type {
	KX_CORE_PT_LOAD = 1,
	KX_CORE_PT_NOTE = 4,
};

/* The ELF header; phnum is below 0xffff. */
void kx_core_ehdr_build(uint8_t to[KX_CORE_EHDR_LEN], uint16_t machine, uint64_t phoff,
			size_t phnum);
/* One program header, one note padded to 4; each gives where the next one goes. */
uint8_t *kx_core_phdr_build(uint8_t *to, enum kx_core_phdr_type type,
			    const struct kx_core_load *l);
uint8_t *kx_core_note_build(uint8_t *to, const char *name, uint32_t type, struct kx_bytes desc);
size_t kx_core_note_len(const char *name, size_t desc_len);

/*
 * lib/core-image.c: where a kernel's image is in memory and at which virtual
 * address, from its first symbol in VMCOREINFO to its last one, in whole 2 MiB.
 * false: it does not say.
 */
bool kx_core_image(struct kx_bytes vmcoreinfo, uint16_t machine, struct kx_range *ret_pa,
		   uint64_t *ret_va);
/*
 * What of @load, which has all of its bytes or none, is in the image, as a PT_LOAD of
 * its own; false: nothing.
 */
bool kx_core_image_part(const struct kx_core_load *load, struct kx_range image_pa,
			uint64_t image_va, struct kx_core_load *ret);

/*
 * PT_LOADs one behind the other, each with its virtual address in the direct map, and
 * what of it is in the image a second time at its other one.
 */
struct kx_core_loads {
	uint8_t *at;			/* the next one; NULL: they are counted only */
	size_t count;
	uint64_t direct_va;		/* virtual address of physical 0; 0 = unknown */
	struct kx_range image;		/* physical; empty: not known */
	uint64_t image_va;
};

void kx_core_loads_init(struct kx_core_loads *l, struct kx_bytes vmcoreinfo, uint16_t machine,
			uint64_t direct_va);
/* @run: pa, mem_len, off, file_len; nothing if mem_len is 0. */
void kx_core_loads_put(struct kx_core_loads *l, const struct kx_core_load *run);

/* ---- VMCOREINFO (lib/vmcoreinfo.c) ------------------------------------------- */

/*
 * Documentation/admin-guide/kdump/vmcoreinfo.rst: lines of KEY=VALUE.  @text is
 * the descriptor of the note; lines without a '=' are not looked at.
 */
struct kx_bytes kx_vmcoreinfo_text(const struct kx_core *c);	/* empty: there is none */

/* The value of @key, e.g. "OSRELEASE"; false if there is none. */
bool kx_vmcoreinfo_get(struct kx_bytes text, const char *key, struct kx_bytes *ret);
/* The same as a string in @a; NULL if there is none, or no memory. */
const char *kx_vmcoreinfo_str(struct kx_bytes text, const char *key, struct kx_arena *a);

/*
 * The value as a number: -ENOENT without the key, -EINVAL if it is no number.
 * @base 16 for what the kernel prints in hex without a 0x: KERNELOFFSET, SYMBOL().
 */
KX_CHECKED int kx_vmcoreinfo_u64(struct kx_bytes text, const char *key, int base, uint64_t *ret,
				 struct kx_err *err);
/* SYMBOL(@name): an address. */
KX_CHECKED int kx_vmcoreinfo_symbol(struct kx_bytes text, const char *name, uint64_t *ret,
				    struct kx_err *err);
/*
 * NUMBER(@name): decimal and signed, or hexadecimal with a 0x; two's complement.
 */
KX_CHECKED int kx_vmcoreinfo_number(struct kx_bytes text, const char *name, uint64_t *ret,
				    struct kx_err *err);

#endif
