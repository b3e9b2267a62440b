/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Saved cores: resumable cores on a disk, in a file or in a stream.  The format
 * is doc/resumable-core.md, "The saved core"; this is its reader and what its
 * writer shares with it.
 *
 *	0	sector 0: ELF header, struct saved_head
 *	4096	blocks: pages as they are stored, many records each
 *		tables: all records, all blocks
 *		program headers and notes
 *		in a stream only: 4096 bytes that begin with the real sector 0
 *
 * Every block, the tables and the headers begin at a multiple of 4096, in any
 * order; bytes 512 to 4095 are not the image's.  Sector 0 is written last, and again
 * for each later state, in one piece: it alone says whether there is an image.
 *
 *	lib/saved-sector.c	sector 0
 *	lib/saved.c		opens an image
 *	lib/saved-tables.c	the tables: read and checked, and written
 *	lib/saved-write.c	program headers and notes
 *	lib/saved-seal.c	what is encrypted, with kx/saved-cipher.h
 *	container/saved-pack.c	records packed and unpacked
 */
#ifndef KX_SAVED_H
#define KX_SAVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/context.h"
#include "kx/core.h"
#include "kx/err.h"
#include "kx/range.h"
#include "kx/saved-cipher.h"
#include "purgatory/sha256.h"

#define KX_SAVED_SECTOR		512u
#define KX_SAVED_HEAD_OFF	64u	/* in sector 0, behind the ELF header */
#define KX_SAVED_ALIGN		4096u
#define KX_SAVED_MAGIC		"KXSAVED1"
#define KX_SAVED_VERSION	1u

/* A block stores at most this, so that it is read, checked and unpacked in memory. */
#define KX_SAVED_BLOCK_MAX	(1u << 20)
/* A record's pages, together at most this many bytes unpacked. */
#define KX_SAVED_RECORD_MAX	(256u << 10)
/* Of struct saved_head, as in CONTEXT. */
#define KX_SAVED_RELEASE	80u
/* The tables: 64 million records. */
#define KX_SAVED_TABLES_MAX	(1ULL << 30)
/* ELF: 0xffff as e_phnum means that the number is elsewhere, and one is the PT_NOTE. */
#define KX_SAVED_LOADS_MAX	0xfffdu

/* On the disk. */
#define KX_SAVED_HEAD_LEN	448u
#define KX_SAVED_RECORD_LEN	16u
#define KX_SAVED_BLOCK_LEN	64u	/* and its tag, if encrypted */

enum kx_saved_state {
	KX_SAVED_NONE,
	KX_SAVED_WRITING = 1,		/* being written, or the writer died */
	KX_SAVED_COMPLETE = 2,
	KX_SAVED_CONSUMED = 3,		/* was resumed: must not be again */
	KX_SAVED_STREAM = 4,		/* the real sector 0 begins the last 4096 bytes */
};

/* How records are packed that are neither zero nor stored as they are. */
enum kx_saved_codec {
	KX_SAVED_RAW,			/* none is */
	KX_SAVED_LZ4,			/* one LZ4 block each */
	KX_SAVED_ZSTD,			/* one zstd frame each */
};

/* head.flags */
#define KX_SAVED_ENCRYPTED	1u

/*
 * At KX_SAVED_HEAD_OFF, little-endian, 448 bytes to the end of the sector.
 */
struct saved_head {
	char magic[8];			/* KX_SAVED_MAGIC without a NUL */
	uint32_t version;
	uint32_t state;			/* enum kx_saved_state */
	uint8_t id[16];			/* random; of this image */
	uint64_t created;		/* seconds since 1970 */
	uint64_t length;		/* of the whole image from byte 0, with a stream's last 4096 */
	uint64_t headers_off, headers_len;	/* program headers and notes */
	uint64_t tables_off;		/* records, and behind them blocks */
	uint64_t record_count, block_count;
	uint64_t page_count;		/* that are put back, zero ones included */
	uint64_t zero_pages;
	uint32_t codec;			/* enum kx_saved_codec; all from length to here 0 while */
					/* WRITING, and in a stream's first sector */
	uint32_t flags;			/* KX_SAVED_ENCRYPTED */
	uint8_t headers_sha256[32];	/* as they are stored */
	uint8_t tables_sha256[32];	/* of records and blocks together */
	/* Zeros unless ENCRYPTED: */
	uint8_t salt[KX_SAVED_SALT_LEN];
	uint8_t key_check[KX_SAVED_CHECK_LEN];
	uint8_t headers_tag[KX_SAVED_TAG_LEN];
	uint8_t tables_tag[KX_SAVED_TAG_LEN];
	uint8_t reserved[72];		/* 0 */
	/* CONSUMED by a kernel that put it back: when, by that one's clock, and its release; else 0 */
	uint64_t resumed;		/* seconds since 1970 */
	char resumed_by[KX_SAVED_RELEASE];	/* padded with NULs, at least one */
	uint8_t sha256[32];		/* of sector 0 before it */
};

/* Pages that lie one behind the other, in memory and, packed, in their block. */
struct saved_record {
	uint64_t pa;
	uint32_t pages;
	uint32_t stored;		/* bytes: 0 = zeros; all = as they are; else packed */
};

struct saved_block {
	uint64_t off;			/* in the image; a multiple of 4096 */
	uint64_t len;			/* sum of its records' stored, <= KX_SAVED_BLOCK_MAX */
	uint64_t first_record;		/* the one behind the previous block's last */
	uint64_t records;
	uint8_t sha256[32];		/* of the stored bytes */
	uint8_t tag[KX_SAVED_TAG_LEN];	/* of an encrypted image */
};

/* An image that was opened: its tables are in memory, its pages are not. */
struct kx_saved {
	struct kx_core_file file;
	struct saved_head head;
	uint64_t sector_off;		/* where the sector is that a new state is written to */
	struct kx_core core;		/* notes; PT_LOADs without bytes unless codec is RAW */
	struct kx_contexts contexts;	/* has_context is set */
	struct kx_bytes machine;	/* CONTEXT_NOTE_MACHINE, ..._SNAPSHOT; empty: has none */
	struct kx_bytes snapshot;
	size_t phnum;
	struct saved_record *record;	/* arena; ascending by pa, disjoint */
	struct saved_block *block;	/* no two overlap; their records ascend, their offsets need not */
	sha256_blocks_fn *sha256;
	struct kx_saved_cipher cipher;	/* of an encrypted image */
	/*
	 * Encrypted, and opened without a key: of all this there are file, head, sector_off,
	 * phnum, core.machine, and of each block off, len and sha256.
	 */
	bool locked;
	/*
	 * A kernel that is kept in memory (kx/keep.h): there is no file, head has the
	 * counts only and codec RAW, there are no blocks, and record i lies at kept_pa[i]
	 * in one of the areas.  NULL: not this one.
	 */
	const uint64_t *kept_pa;
	const struct kx_range *kept_area;	/* ascending, apart */
	size_t kept_area_count;
	const uint8_t (*kept_sha256)[32];	/* of each area; NULL: not known */
};

/* "writing", "complete", ...; "raw", "lz4", "zstd" */
const char *kx_saved_state_name(enum kx_saved_state state);
const char *kx_saved_codec_name(enum kx_saved_codec codec);
/* Seconds since 1970: "2026-11-21 01:12:06 UTC", or the seconds if that is no date. */
#define KX_SAVED_DATE	40u
const char *kx_saved_date(uint64_t seconds, char ret[KX_SAVED_DATE]);

/*
 * The state that the image in @file has, if any: looks at sector 0, for a stream
 * at its last 4096 bytes.  NONE: not ours, of a later version, or damaged; STREAM: a
 * stream without its end.  Only what file->read says is an error.  *ret_head (may
 * be NULL) is valid unless NONE, and not yet compared with the file.
 */
KX_CHECKED int kx_saved_probe(const struct kx_core_file *file, enum kx_saved_state *ret,
			      struct saved_head *ret_head, struct kx_err *err);
/*
 * Open an image in any state that has its tables (COMPLETE, CONSUMED: head.state):
 * whether it may be resumed is for the caller to say.  Checks head, headers and
 * tables with their digests, every record and block against each other, and the
 * notes.  @sha256: the block function to use, kx_sha256_best() (kx/host.h) where
 * there is no reason not to.
 *   -ENOENT      no image
 *   -EBUSY       still WRITING: the sentence says since when
 *   -ENOEXEC     malformed: the sentence names field, wanted and found
 *   -EBADMSG     a digest does not match
 *   -EOPNOTSUPP  a version or codec from later
 *   -E2BIG       more than KX_SAVED_TABLES_MAX or KX_CORE_HEADERS_MAX
 *   -ENOKEY      it is encrypted
 *   -ENOMEM, and what file->read says
 */
KX_CHECKED int kx_saved_open(const struct kx_core_file *file, sha256_blocks_fn *sha256,
			     struct kx_arena *a, struct kx_saved *ret, struct kx_err *err);
/*
 * The same of an encrypted image, with @cipher and the user's key in it, which is wiped;
 * *ret has a copy of @cipher.  NULL: no key, kx_saved_open().
 *   -EINVAL        it is not encrypted: nobody vouches for what is in it
 *   -EKEYREJECTED  another key
 *   -EBADMSG       also when a tag does not fit
 */
KX_CHECKED int kx_saved_open_key(const struct kx_core_file *file, sha256_blocks_fn *sha256,
				 const struct kx_saved_cipher *cipher, struct kx_arena *a,
				 struct kx_saved *ret, struct kx_err *err);
/* What can be seen of an image without a key: all, if it is not encrypted, else "locked". */
KX_CHECKED int kx_saved_open_locked(const struct kx_core_file *file, sha256_blocks_fn *sha256,
				    struct kx_arena *a, struct kx_saved *ret, struct kx_err *err);
/*
 * The bytes of block @i, whose digest, and tag, are right, to @to (block[i].len).  Of a
 * locked image they are as they are stored.  -EBADMSG.
 */
KX_CHECKED int kx_saved_block(const struct kx_saved *s, size_t i, uint8_t *to,
			      struct kx_err *err);
/*
 * Unpack a record: its @stored bytes at @from to its whole pages at @to.  -EBADMSG
 * when that is not what it says.  May be called from several threads.
 */
KX_CHECKED int kx_saved_unpack(const struct kx_saved *s, const struct saved_record *r,
			       const uint8_t *from, uint8_t *to, struct kx_err *err);

/*
 * The kernel that is kept in memory (kx/keep.h), of which @core with its @notes is
 * /proc/vmcore: contexts, machine, snapshot, records, the counts in head, kept_*.
 * Borrows from both (lib/context-kept.c).
 *   -ENOENT      it is of no such kernel
 *   -ENOEXEC     malformed, or a map that is not obeyed: pages outside of areas, two in
 *                one place, one at another's home
 *   -EOPNOTSUPP  a digest from later
 *   -ENOMEM
 */
KX_CHECKED int kx_saved_kept(const struct kx_core *core, const struct kx_contexts *notes,
			     struct kx_arena *a, struct kx_saved *ret, struct kx_err *err);

/* ---- for writers ---------------------------------------------------------------- */

/*
 * Pack @pages pages at @from to @to, which has room for them all: returns the
 * stored length (0 if all are zeros; as they are if packing does not help).
 * Pure; may be called from several threads.
 */
uint32_t kx_saved_pack(enum kx_saved_codec codec, const uint8_t *from, uint32_t pages,
		       uint64_t page_size, uint8_t *to);
/* SHA-256 of @b: what stands in a block, and in the head of headers and tables. */
void kx_saved_digest(struct kx_bytes b, sha256_blocks_fn *sha256, uint8_t ret[32]);
/* The tables as they are written: head->record_count and block_count of them.  -ENOMEM, -E2BIG */
KX_CHECKED int kx_saved_tables(const struct saved_head *head, const struct saved_record *record,
			       const struct saved_block *block, struct kx_arena *a,
			       struct kx_bytes *ret, struct kx_err *err);
/*
 * The image that @head, with id and salt, is of will be encrypted: sets its flags and
 * key check, and the keys of @c.  As c->begin().
 */
KX_CHECKED int kx_saved_encrypt(struct saved_head *head, const struct kx_saved_cipher *c,
				struct kx_err *err);
/* The bytes of a block, which has these records, in place.  As c->seal(). */
KX_CHECKED int kx_saved_block_seal(const struct saved_head *head, const struct kx_saved_cipher *c,
				   const struct saved_record *record, size_t record_count,
				   uint8_t *data, size_t len, uint8_t ret_tag[KX_SAVED_TAG_LEN],
				   struct kx_err *err);
/*
 * The tables of kx_saved_tables(), and then the headers of kx_saved_headers(), in place;
 * sets their tags in @head, of which created, codec, flags and counts are final.
 */
KX_CHECKED int kx_saved_tables_seal(struct saved_head *head, const struct kx_saved_cipher *c,
				    struct kx_bytes tables, struct kx_err *err);
KX_CHECKED int kx_saved_headers_seal(struct saved_head *head, const struct kx_saved_cipher *c,
				     size_t phnum, struct kx_bytes headers, struct kx_err *err);
/*
 * Sector 0 of an image in @state: the ELF header (e_phoff is head->headers_off)
 * and @head with magic, version, state and its digest.  @phnum and headers_off 0
 * while there are no headers; who resumed it is written with CONSUMED only.
 */
void kx_saved_sector(uint16_t elf_machine, size_t phnum, const struct saved_head *head,
		     enum kx_saved_state state, uint8_t ret[KX_SAVED_SECTOR]);
/*
 * The same of an image that was opened, to be written to sector_off: how COMPLETE
 * becomes CONSUMED.  @by: the release of who resumes it now, @when; NULL: as it is.
 */
void kx_saved_sector_again(const struct kx_saved *s, enum kx_saved_state state, const char *by,
			   uint64_t when, uint8_t ret[KX_SAVED_SECTOR]);
/*
 * Program headers and notes, to be written to head->headers_off, which is set:
 * PT_NOTE with VMCOREINFO, CONTEXT and what the writer adds, a PT_LOAD for each range
 * of @ram (without bytes), or for each run of records when nothing is packed nor
 * encrypted and they are at most KX_SAVED_LOADS_MAX.  Of @head also codec, flags and
 * the counts are read.
 *   -E2BIG  more ranges of RAM than that; -ENOMEM
 */
struct kx_saved_parts {
	const struct kx_context *context;
	struct kx_bytes vmcoreinfo;	/* the text; may be empty */
	struct kx_bytes snapshot;	/* the kernel's own header page; may be empty */
	struct kx_bytes machine;	/* CONTEXT_NOTE_MACHINE: lines of text; may be empty */
	struct kx_bytes state, map;	/* of a kernel jump: their descriptors; may be empty */
	const struct kx_range *ram;
	size_t ram_count;
	uint64_t direct_va;		/* virtual address of physical 0, modulo 2^64; 0 = unknown */
};

KX_CHECKED int kx_saved_headers(const struct kx_saved_parts *parts, const struct saved_head *head,
				const struct saved_record *record, const struct saved_block *block,
				struct kx_arena *a, struct kx_bytes *ret, size_t *ret_phnum,
				struct kx_err *err);

/* ---- between the files of lib/ --------------------------------------------------- */

/* The sector that counts. */
struct kx_saved_found {
	uint8_t sector[KX_SAVED_SECTOR];
	struct saved_head head;		/* state NONE: there is none */
	uint64_t off;
};

/*
 * Look for it.  Returns only what the file's read says; *ret_bad is what is wrong with
 * the sector, and @err has the sentence of either.
 */
KX_CHECKED int kx_saved_find(const struct kx_core_file *file, struct kx_saved_found *f,
			     int *ret_bad, struct kx_err *err);
/* -EBADMSG when they differ. */
KX_CHECKED int kx_saved_digest_compare(const uint8_t have[32], const uint8_t want[32],
				       struct kx_err *err);
/* The same of the digest of @b. */
KX_CHECKED int kx_saved_digest_check(struct kx_bytes b, sha256_blocks_fn *sha256,
				     const uint8_t want[32], struct kx_err *err);

/* s->machine and s->snapshot, of the notes in s->core; s->contexts is set.  -ENOEXEC. */
KX_CHECKED int kx_saved_notes(struct kx_saved *s, struct kx_err *err);
/* The inverse of what is sealed above; the number of a block is found in its records. */
KX_CHECKED int kx_saved_block_unseal(const struct kx_saved *s, size_t i, uint8_t *data,
				     struct kx_err *err);
KX_CHECKED int kx_saved_tables_unseal(const struct kx_saved *s, uint8_t *tables, size_t len,
				      struct kx_err *err);
KX_CHECKED int kx_saved_headers_unseal(const struct kx_saved *s, uint8_t *headers, size_t len,
				       struct kx_err *err);

/* On the disk, of one block. */
size_t kx_saved_block_len(const struct saved_head *head);
/* Their length; false if that is not below 2^64. */
bool kx_saved_tables_len(const struct saved_head *head, uint64_t *ret);
/*
 * Read s->record and s->block and check them: s->head, file, sha256, cipher, locked and
 * contexts are set.  As kx_saved_open_key().
 */
KX_CHECKED int kx_saved_tables_read(struct kx_saved *s, struct kx_arena *a, struct kx_err *err);

#endif
