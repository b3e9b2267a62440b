/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The notes in which a kernel that sleeps says how to look at it and how to get
 * back to it: doc/resumable-core.md, which has every field's meaning.
 *
 * kexec lays them out blank in the core headers of the next kernel; purgatory
 * fills what only it can know, before that kernel reads them.  A struct here is
 * a note's descriptor: little-endian, no padding, 8-byte aligned in memory.
 */
#ifndef PURGATORY_CONTEXT_NOTE_H
#define PURGATORY_CONTEXT_NOTE_H

#include <stdint.h>

/* The owner's name with its NUL, and padded as it is in the file. */
#define CONTEXT_NOTE_NAME	"KEXECJUMP"
#define CONTEXT_NOTE_NAME_LEN	10
/* The descriptor's offset in a note: header and padded name. */
#define CONTEXT_NOTE_DESC	24

/*
 * n_type.  Other readers look at the type before the name, so none of these is
 * anybody else's (1 to 7, 0x200 to 0x4ff, 0x700, 0x1000001, 0x70000001).
 */
enum context_note_type {
	CONTEXT_NOTE_CONTEXT	= 0x4b4a0001,	/* "KJ" 1: struct context_note */
	CONTEXT_NOTE_STATE	= 0x4b4a0002,	/* struct context_state */
	CONTEXT_NOTE_MAP	= 0x4b4a0003,	/* struct context_map and runs */
	CONTEXT_NOTE_INTEGRITY	= 0x4b4a0004,	/* struct context_integrity and chunks */
	CONTEXT_NOTE_MACHINE	= 0x4b4a0005,	/* what has to be the same: lines KEY=VALUE */
	CONTEXT_NOTE_SNAPSHOT	= 0x4b4a0006,	/* first page of /dev/snapshot, as the kernel wrote it */
};

#define CONTEXT_NOTE_VERSION	1

#define CONTEXT_RELEASE_LEN	80

enum context_source {
	CONTEXT_SOURCE_JUMP	= 1,	/* kernel jump: the machine's memory is the core */
	CONTEXT_SOURCE_SNAPSHOT	= 2,	/* /dev/snapshot: the file is */
};

enum context_entry {
	CONTEXT_ENTRY_NONE,		/* cannot be entered */
	CONTEXT_ENTRY_JUMP_X86_64,	/* doc/jump-protocol.md */
	CONTEXT_ENTRY_RESTORE_X86_64,	/* restore_registers() of hibernation */
	CONTEXT_ENTRY_RESUME_ARM64,	/* cpu_resume(), as PSCI would enter it */
};

/* Of a note that is filled in two steps. */
enum context_status {
	CONTEXT_BLANK,			/* laid out; whoever fills it never came to it */
	CONTEXT_FILLED,
	CONTEXT_CUT,			/* the map: more runs than there is room for */
	CONTEXT_UNKNOWN,		/* the map: the kernel's page list was not recognised */
};

#define CONTEXT_CPU_UNKNOWN	UINT64_MAX
#define CONTEXT_VALUES		6

struct context_note {
	uint32_t version;		/* CONTEXT_NOTE_VERSION */
	uint32_t machine;		/* ELF's number: 62, 183 */
	uint32_t source;		/* enum context_source */
	uint32_t entry_kind;		/* enum context_entry */

	/* Filled by purgatory when the source is a jump: 64 bytes at offset 16. */
	uint32_t status;		/* enum context_status: BLANK, FILLED */
	uint32_t reserved;		/* 0 */
	uint64_t entry;			/* physical */
	uint64_t value[CONTEXT_VALUES];	/* by entry_kind */

	uint64_t boot_cpu;		/* APIC id, MPIDR; CONTEXT_CPU_UNKNOWN */
	uint64_t page_size;
	uint64_t window_start;		/* memory of the next kernel, */
	uint64_t window_end;		/* exclusive; both 0: not confined */
	uint8_t boot_id[16];		/* /proc/sys/kernel/random/boot_id; zeros: unknown */
	uint8_t ram_map[32];		/* SHA-256 of the RAM map; zeros: unknown */
	char release[CONTEXT_RELEASE_LEN];	/* uname -r, NUL-padded, one NUL at least */
	uint64_t reserved2[2];		/* 0 */
};

/* What purgatory was entered with (x86_64 kernel jump). */
struct context_state {
	uint32_t version;		/* CONTEXT_NOTE_VERSION */
	uint32_t status;		/* enum context_status: BLANK, FILLED */
	uint64_t sp;			/* stack pointer */
	uint64_t return_address;	/* what is on top of the stack */
	uint64_t slot;			/* what is above it, since Linux 6.14; else 0 */
	uint64_t control_page;		/* of the sleeping kernel */
	uint64_t table_page;		/* its identity page tables */
	uint64_t swap_page;
	uint64_t list_head;		/* of its page list, with its flags; 0: not found */
	uint64_t cr0, cr3, cr4, efer;
	uint64_t reserved[4];		/* 0 */
};

/*
 * The backup map: where the pages are that the next kernel's memory took the
 * place of.
 */
struct context_map {
	uint32_t version;		/* CONTEXT_NOTE_VERSION */
	uint32_t status;		/* enum context_status */
	uint64_t page_size;		/* of what the runs count */
	uint64_t run_count;		/* of the runs behind this, those that are filled */
	uint64_t page_count;		/* in the whole list, also what found no room */
	uint64_t list_head;		/* of the kernel's page list; 0: not found */
	uint64_t reserved;		/* 0 */
	/* struct context_run[], as many as the descriptor has room for */
};

/* @pages pages: what was at dst_pa is at src_pa. */
struct context_run {
	uint64_t dst_pa;
	uint64_t src_pa;
	uint64_t pages;
};

enum context_digest {
	CONTEXT_DIGEST_SHA256	= 1,	/* 32 bytes */
	CONTEXT_DIGEST_CRC32C	= 2,	/* 8 bytes: the value, little-endian */
};

struct context_integrity {
	uint32_t version;		/* CONTEXT_NOTE_VERSION */
	uint32_t digest;		/* enum context_digest */
	uint64_t chunk_count;
	/* chunk_count chunks: pa, len (both 64 bits), and the digest */
};

#endif
