/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files that write a dump share (write.h).
 *
 *	write.c		the order of things
 *	write-map.c	which pages there are, and which of them are written
 *	write-pack.c	packs blocks of pages, in threads; they come back in order
 *	write-page.c	reads pages of a core, one at a time where it must be
 *	write-kdump.c	a kdump-compressed file
 *	write-elf.c	an ELF core
 *	write-notes.c	what both say of the kernel: its notes, its name
 *	write-sink.c	bytes to where they belong, plain or flattened, with checksums
 *	write-target.c	the file, device or pipe they go to, and its name
 *	write-guess.c	how long it will be
 *	write-say.c	progress, and what was done
 *	write-options.c	the words of the command line
 */
#ifndef WRITE_PARTS_H
#define WRITE_PARTS_H

#include <pthread.h>

#include "kx/core-pages.h"
#include "kx/core-va.h"
#include "kx/dump-sums.h"
#include "kx/kdump-write.h"
#include "out-file.h"
#include "vmcore-dump.h"

/* Default of --memory: what a crash kernel with 256 MiB can spare. */
#define WRITE_MEMORY		(32u << 20)
/* One block of pages, what a thread packs between two locks. */
#define WRITE_BLOCK		(512u << 10)
/* The smallest pages are 4 KiB. */
#define WRITE_BLOCK_PAGES	(WRITE_BLOCK / 4096u)

/* ---- which pages (write-map.c) ---------------------------------------------------- */

#define WRITE_BUCKETS		4096u

/*
 * Pages by number.  Where memory is larger than the bitmaps may be there are several
 * chunks of it, and each is looked at again when it is written.
 */
struct write_map {
	struct dump *d;
	const struct kx_core *core;
	bool whole;			/* one chunk */
	struct kx_core_va va;
	struct kx_pages pages;
	bool knows;			/* what pages are used for; else all are kept */
	const char *why;		/* !knows */
	uint64_t page_size, max_pfn;
	unsigned int level;
	/* Of memory that should be in the file, but it is cut off; the first of it. */
	uint64_t cut_len, cut_pa;
	/*
	 * The chunk: bit n is of page first + n.  What a filtered dump that is read has not
	 * is here, but not if it is @whole, which is for ELF: it has no second bitmap.
	 */
	uint64_t first, count, room;
	uint8_t *here, *kept;
	/* Of all chunks, once they were looked at. */
	uint64_t total, total_kept;
	uint64_t absent;		/* left out of what is read */
	uint64_t kind[8];		/* by enum kx_page_kind */
	/* How many are kept of (1 << bucket_shift) pages each. */
	uint64_t bucket[WRITE_BUCKETS];
	unsigned int bucket_shift;
};

/* @whole: one chunk, whatever it takes.  As kx_pages_init(); at levels 0 and 1 it may fail. */
KX_CHECKED int write_map_init(struct write_map *m, struct dump *d, const struct kx_core *core,
			      uint64_t memory, bool whole, struct kx_arena *a, struct kx_err *err);
/* Forget what was counted, and go by another level.  As kx_pages_init(). */
KX_CHECKED int write_map_level(struct write_map *m, unsigned int level, struct kx_err *err);
/* The chunk that begins at @first, a multiple of m->room; counts it if @counts. */
KX_CHECKED int write_map_load(struct write_map *m, uint64_t first, bool counts,
			      struct kx_err *err);
/* There is no memory in the chunk that begins at @first. */
bool write_map_empty(const struct write_map *m, uint64_t first);
/* Where the @i-th of @n parts begins that have as many pages to write each. */
uint64_t write_map_part(const struct write_map *m, size_t i, size_t n);
/* Of kept pages from @pfn on in the chunk, the first; the chunk's end if there is none. */
uint64_t write_map_next(const struct write_map *m, uint64_t pfn);

static inline bool write_bit(const uint8_t *map, uint64_t i)
{
	return map[i / 8] >> i % 8 & 1;
}

/* ---- reading (write-page.c) ------------------------------------------------------- */

/* A core as one thread sees it. */
struct write_source {
	struct kx_core core;
	pthread_mutex_t *lock;		/* held while it is read; NULL: nobody else reads */
	uint8_t *buf;			/* WRITE_BLOCK bytes */
};

/*
 * *ret: @count pages from @pfn on, WRITE_BLOCK bytes at most, until the next call.
 * Parts of a page that the core has not are zeros.
 *   what reading says: of all of them or none
 */
KX_CHECKED int write_pages(struct write_source *s, uint64_t page_size, uint64_t pfn, size_t count,
			   const uint8_t **ret, struct kx_err *err);
bool write_is_zero(const uint8_t *p, size_t len);

/* ---- packing (write-pack.c) ------------------------------------------------------- */

#define WRITE_LOST	UINT32_MAX	/* could not be read */

struct write_block {
	size_t count;
	uint64_t pfn[WRITE_BLOCK_PAGES];	/* ascending */
	/* Packed length; of a page as it is, the page size; 0: zeros; WRITE_LOST. */
	uint32_t len[WRITE_BLOCK_PAGES];
	uint8_t *out;			/* the packed pages one behind the other */
	size_t out_len;
	bool done;
};

struct write_pool;

/*
 * @threads: 1 packs when it is asked for.  As many as fit into @memory, one at least.
 * Or fewer: those which there is memory for, and which the system starts.
 *   -ENOMEM
 */
KX_CHECKED int write_pool_new(struct write_pool **ret, const struct kx_core *core,
			      uint64_t page_size, enum kx_page_codec codec, unsigned int threads,
			      uint64_t memory, struct kx_err *err);
void write_pool_free(struct write_pool *p);
/* How many pages a block has. */
size_t write_pool_pages(const struct write_pool *p);
/* A block to fill and submit; NULL: all are under way. */
struct write_block *write_pool_free_block(struct write_pool *p);
void write_pool_submit(struct write_pool *p);
/* The oldest block that was submitted, when it is packed; NULL: there is none. */
struct write_block *write_pool_wait(struct write_pool *p);
/* That block again. */
void write_pool_release(struct write_pool *p);
/* Forget the blocks that were submitted. */
void write_pool_drop(struct write_pool *p);
/* For the caller's own reading, while no block is under way. */
struct write_source *write_pool_source(struct write_pool *p);
struct kx_page_coder *write_pool_coder(struct write_pool *p);
unsigned int write_pool_threads(const struct write_pool *p);

/* ---- the target (write-target.c) -------------------------------------------------- */

enum write_place {
	WRITE_FILE,			/* has a temporary name */
	WRITE_DEVICE,			/* written in place */
	WRITE_PIPE,
	WRITE_NOWHERE,			/* write_request.dry */
};

struct write_target {
	const char *path;		/* for messages, too */
	enum write_place place;
	int fd;
	struct out_file file;		/* WRITE_FILE, whose fd it is */
};

/* As write_run(). */
KX_CHECKED int write_target_open(struct write_target *t, const char *path,
				 const struct write_request *r, int core_fd, struct kx_arena *a,
				 struct kx_err *err);
/* Of a block device; -EEXIST: what is there is not to be overwritten without --force. */
#define WRITE_BLANK	(128u << 10)
KX_CHECKED int write_zeros_check(const struct write_target *t, struct kx_err *err);
/* WRITE_FILE: @len bytes of it stay, and the next ones go there. */
KX_CHECKED int write_target_cut(const struct write_target *t, uint64_t len, struct kx_err *err);
/* Empty again. */
KX_CHECKED int write_target_restart(const struct write_target *t, struct kx_err *err);
/* What was written is on the disk. */
KX_CHECKED int write_target_sync(const struct write_target *t, struct kx_err *err);
/*
 * On the disk, with its name.  Not @whole: it does not replace a file.  Where it gets no
 * name it stays beside it, and @err says where.
 */
KX_CHECKED int write_target_commit(struct write_target *t, bool whole, struct kx_arena *a,
				   struct kx_err *err);
/* What was not committed goes away. */
void write_target_close(struct write_target *t);
/* Bytes there is room for; UINT64_MAX: not known. */
uint64_t write_target_room(const struct write_target *t);

/* ---- bytes (write-sink.c) --------------------------------------------------------- */

struct write_sink {
	const struct write_target *target;
	bool flat;
	uint64_t limit;			/* of the file; UINT64_MAX: none */
	uint64_t bytes;			/* written, with what flattening adds */
	struct kx_sums sums;
};

/* Writes the beginning of a flattened file. */
KX_CHECKED int write_sink_init(struct write_sink *s, const struct write_target *t, bool flat,
			       uint64_t limit, struct kx_err *err);
void write_sink_deinit(struct write_sink *s);
/* Bytes [0, @len) are going to be written: -ENOSPC if there is no room, else best effort. */
KX_CHECKED int write_sink_reserve(struct write_sink *s, uint64_t len, struct kx_err *err);
/* -ENOSPC: no room, or the limit */
KX_CHECKED int write_sink_put(struct write_sink *s, uint64_t off, const uint8_t *p, size_t len,
			      struct kx_err *err);
/*
 * What was written at @off is now @p.  Flattened, where readers want each byte once, it
 * is what was left out at first.
 */
KX_CHECKED int write_sink_change(struct write_sink *s, uint64_t off, const uint8_t *old,
				 const uint8_t *p, size_t len, struct kx_err *err);
/* Checksums behind @len bytes. */
KX_CHECKED int write_sink_sums(struct write_sink *s, uint64_t len, struct kx_err *err);
/*
 * Zeros at @off of a device, where old bytes would be taken for ours; on the disk, with
 * all that was written before.
 */
KX_CHECKED int write_sink_blank(struct write_sink *s, uint64_t off, uint64_t len,
				struct kx_err *err);
/* Flattened, in a file: it ends where a record ends, so it can be read without its end. */
bool write_sink_cuts(const struct write_sink *s);
/* The end of a flattened file. */
KX_CHECKED int write_sink_end(struct write_sink *s, struct kx_err *err);

/* ---- a whole dump ----------------------------------------------------------------- */

struct write {
	struct dump *d;
	bool partial;			/* what is read is incomplete: so are the files */
	const struct write_request *r;
	struct write_report *report;
	struct kx_core core;		/* d->core, with the fastest way to read it */
	struct write_map map;
	struct write_pool *pool;
	/* Progress. */
	uint64_t done_pages;		/* of all targets */
	double started, said;
	bool shows;			/* on a terminal */
};

/* One file: pages [start, end). */
struct write_file {
	struct write *w;
	struct write_sink *sink;
	uint64_t start_pfn, end_pfn;
	uint64_t pages;			/* that are kept, of these */
	uint64_t lost;			/* of these, could not be read */
	bool split;
};

/*
 * -ENOSPC: no room.  What was written opens if *ret_opens, and says that it is
 * incomplete.
 */
KX_CHECKED int write_kdump(struct write_file *f, bool *ret_opens, struct kx_err *err);
KX_CHECKED int write_elf(struct write_file *f, bool *ret_opens, struct kx_err *err);

/* ---- the kernel (write-notes.c) --------------------------------------------------- */

struct write_kernel {
	uint8_t utsname[KX_KDUMP_UTSNAME_LEN];
	uint64_t time, phys_base;
	uint32_t cpus;
	struct kx_bytes notes;		/* arena */
	uint64_t vmcoreinfo_off, vmcoreinfo_len;	/* of its text in the notes */
};

/* -ENOMEM */
KX_CHECKED int write_kernel_read(struct write_kernel *ret, const struct write *w,
				 struct kx_err *err);

/* ---- how long it will be (write-guess.c) ------------------------------------------ */

struct write_guess {
	uint64_t sampled, packed;	/* bytes */
};

/* Pack some pages of the chunk. */
KX_CHECKED int write_guess_add(struct write_guess *g, struct write *w, struct kx_err *err);
/* The length of the file with all kept pages. */
uint64_t write_guess_len(const struct write_guess *g, const struct write *w);

/* ---- telling (write-say.c) -------------------------------------------------------- */

double write_now(void);			/* seconds */
void write_progress(struct write *w);
void write_progress_end(struct write *w);

#endif
