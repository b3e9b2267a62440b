/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --snapshot: the running system becomes a saved core (doc/resumable-core.md).
 *
 *	snapshot.c		what is done in which order, and what follows
 *	snapshot-check.c	what can be known before anything is stopped
 *	snapshot-target.c	where it goes: a device, a file, a socket
 *	snapshot-file.c		the extents of a file
 *	snapshot-pack.c		the stream, block by block, packed on all CPUs
 *	snapshot-image.c	the saved core as it is laid out
 *	snapshot-say.c		what is said while nobody can read
 *
 * From the freeze on the rules are different.  Everybody else is stopped: whoever
 * waits for a process waits for ever, and what is written to a mounted filesystem
 * is not what the saved kernel will remember of it.  Memory that is in use before
 * the snapshot becomes part of it, so large buffers come after it.
 */
#ifndef VMCORE_DUMP_SNAPSHOT_H
#define VMCORE_DUMP_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/core.h"
#include "kx/err.h"
#include "kx/saved.h"
#include "kx/snapshot.h"
#include "kx/snapshot-stream.h"
#include "kx/sources.h"
#include "vmcore-dump.h"

#define STATUS_UNDONE	255	/* processes were stopped, and go on */

/* ---- where it goes ---------------------------------------------------------------- */

enum target_kind {
	TARGET_DEVICE,
	TARGET_FILE,		/* the extents of a file, on the device below */
	TARGET_STREAM,
};

struct extent {
	uint64_t off, pa, len;	/* in the file, on the device */
};

struct target {
	const char *path;
	enum target_kind kind;
	int fd;			/* of the device or the stream */
	int file_fd;		/* of the file */
	uint64_t size;		/* UINT64_MAX: a stream */
	uint32_t sector;	/* what the device writes in one piece */
	struct extent *extent;	/* arena; ascending, without gaps */
	size_t extent_count;
	uint64_t at;		/* a stream's position */
};

/*
 * Open @path and find what speaks against it; the MACHINE note @machine knows what
 * is mounted.  Close with target_close(), also on failure.
 *   -EBUSY    mounted, swapped on, in use
 *   -EINVAL   neither a block device nor a file nor a stream that gets anywhere
 *   -EOPNOTSUPP  a file whose blocks are not known, or not only its own
 *   and what the system calls say
 */
KX_CHECKED int target_open(struct target *t, const char *path, struct kx_bytes machine,
			   struct kx_arena *a, struct kx_err *err);
void target_close(struct target *t);
/* snapshot-file.c: t->extent of the t->size bytes of t->file_fd.  -EOPNOTSUPP, -EBUSY */
KX_CHECKED int target_extents(struct target *t, struct kx_arena *a, struct kx_err *err);
/* @off, @len and @buf are multiples of 4096; a stream takes them in order. */
KX_CHECKED int target_write(struct target *t, uint64_t off, const void *buf, size_t len,
			    struct kx_err *err);
KX_CHECKED int target_read(struct target *t, uint64_t off, void *buf, size_t len,
			   struct kx_err *err);
/* What was written is on the disk, or at the other end of the socket. */
KX_CHECKED int target_flush(struct target *t, struct kx_err *err);
/* Sector 0 in one piece, @buf 4096 bytes of which the first KX_SAVED_SECTOR count. */
KX_CHECKED int target_sector(struct target *t, const void *buf, struct kx_err *err);
/* The kernel's cache of it was filled before: forget it. */
void target_forget(struct target *t);
/* For kx_saved_probe(); @ctx is the target. */
int target_core_read(void *ctx, uint64_t off, void *to, size_t len, struct kx_err *err);

/* ---- what is known before ------------------------------------------------------------ */

struct snapshot_facts {
	struct kx_sources s;
	struct kx_snapshot_facts f;
	struct kx_bytes machine;	/* MACHINE note */
	struct kx_range *ram;		/* System RAM */
	size_t ram_count;
	struct kx_context context;	/* without the entry */
};

KX_CHECKED int snapshot_facts_read(struct snapshot_facts *f, struct kx_arena *a,
				   struct kx_err *err);
/* -EEXIST: it has an image, or something that is not zeros. */
KX_CHECKED int snapshot_check_target(struct target *t, bool force, struct kx_err *err);
/*
 * Is there room on the target, and memory for the kernel's copy?  Drops caches if
 * not.  -ENOSPC, -ENOMEM.
 */
KX_CHECKED int snapshot_check_room(const struct snapshot_facts *f, const struct target *t,
				   enum kx_saved_codec codec, struct kx_arena *a,
				   struct kx_err *err);

/* ---- the blocks ------------------------------------------------------------------------- */

/* One block, packed. */
struct packed {
	uint8_t *bytes;			/* padded with zeros to 4096 */
	size_t len;			/* without the padding; 0: only zero pages */
	uint8_t sha256[32];
	uint8_t tag[KX_SAVED_TAG_LEN];	/* if it is encrypted */
	const struct saved_record *record;
	size_t record_count;
	uint64_t raw;			/* bytes of the stream in it */
};

struct pack {
	struct kx_snapshot *snapshot;
	const struct kx_snapshot_frames *frames;
	enum kx_saved_codec codec;
	const struct kx_saved_cipher *cipher;	/* NULL: not encrypted */
	const struct saved_head *head;		/* for it: id */
	/* Called by one thread, in order. */
	int (*put)(void *ctx, const struct packed *p, struct kx_err *err);
	void *ctx;
};

/* All data pages of the stream through put().  Its threads are gone afterwards. */
KX_CHECKED int pack_all(struct pack *p, struct kx_err *err);

/* ---- the image ----------------------------------------------------------------------------- */

struct image {
	struct target *target;
	struct snapshot_facts *facts;
	struct kx_arena *arena;
	enum kx_saved_codec codec;
	const struct kx_saved_cipher *cipher;	/* NULL: not encrypted */
	struct saved_head head;		/* id, salt and created are set before the snapshot */
	size_t phnum;
	uint16_t machine;
	uint8_t *sector;		/* 4096 bytes, aligned */
};

/* Before the snapshot: number, date, the keys of @cipher (may be NULL), the buffer. */
KX_CHECKED int image_init(struct image *im, struct target *t, struct snapshot_facts *f,
			  enum kx_saved_codec codec, const struct kx_saved_cipher *cipher,
			  struct kx_arena *a, struct kx_err *err);
/* The snapshot to the target, sector 0 COMPLETE last. */
KX_CHECKED int image_write(struct image *im, struct kx_snapshot *s, struct kx_err *err);
/*
 * Sector 0 of this image, as the target has it now, says CONSUMED; im->head has who
 * resumed it, if anybody did.  -ESTALE: the target has another image, or none.
 */
KX_CHECKED int image_consume(struct image *im, struct kx_err *err);

/* ---- words ------------------------------------------------------------------------------------ */

/* A line on standard error. */
void say(const char *fmt, ...) KX_PRINTF(1, 2);
/*
 * The same while everybody is stopped, if it is taken now: not by a file, nor by
 * a pipe that is full.
 */
void say_stopped(const char *fmt, ...) KX_PRINTF(1, 2);

/* Wait, but not for ever, until a terminal has shown it. */
void say_drain(void);

/* How far it is. */
struct progress {
	uint64_t total, done;		/* bytes of the stream */
	uint64_t start_ns, last_ns;
	bool tty, shown;
};

uint64_t now_ns(void);
void progress_start(struct progress *p, uint64_t total);
void progress_step(struct progress *p, uint64_t done);
void progress_end(struct progress *p, bool whole);

#endif
