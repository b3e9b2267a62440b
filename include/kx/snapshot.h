/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Taking a snapshot of the running system: /dev/snapshot as an object, and the
 * facts that a saved core needs.  Without policy: what is done with the stream,
 * and what has to be looked at before, is for the caller (vmcore-dump).
 *
 *	sys/snapshot.c		the device
 *	sys/snapshot-index.c	the stream up to its first data page
 *	sys/snapshot-memory.c	is there room for the kernel's copy?
 *	sys/snapshot-facts.c	where the kernel is entered again
 *	sys/machine-note.c	what has to be the same then
 */
#ifndef KX_SNAPSHOT_H
#define KX_SNAPSHOT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/context.h"
#include "kx/err.h"
#include "kx/snapshot-stream.h"
#include "kx/sources.h"

struct kx_snapshot {
	int fd;			/* -1: closed */
	int kmsg;		/* to quote what the kernel says of a failure; -1: cannot */
	bool frozen;
};

/*
 * From here to kx_snapshot_close() no CPU goes up or down, and nobody else
 * hibernates.  Fails with a sentence that says why as far as @s knows:
 *   -EACCES  not root
 *   -ENOENT  no such device: CONFIG_HIBERNATION_SNAPSHOT_DEV
 *   -EPERM   lockdown, nohibernate, secret memory
 *   -EBUSY   somebody else has it
 */
KX_CHECKED int kx_snapshot_open(struct kx_snapshot *s, const struct kx_sources *sources,
				struct kx_err *err);
/*
 * No signal but that of a fault ends this process until @before is set again: one would
 * leave CPUs offline, or come while everybody else is stopped.
 */
void kx_snapshot_block_signals(sigset_t *before);
/*
 * Write dirty pages to the disks and stop every process but this one, which must
 * have one thread.  -EBUSY: one does not stop; the sentence has the kernel's.
 */
KX_CHECKED int kx_snapshot_freeze(struct kx_snapshot *s, struct kx_err *err);
/*
 * Returns twice with 0: with *ret_resumed false when the snapshot was taken, and
 * with true when it was resumed, with this process as it was then.
 * -ENOMEM: there is no room for the copy; others as the kernel's drivers say.
 */
KX_CHECKED int kx_snapshot_create(struct kx_snapshot *s, bool *ret_resumed, struct kx_err *err);
/* The next @len bytes of the stream, whole pages.  -ENODATA: it ends before. */
KX_CHECKED int kx_snapshot_read(struct kx_snapshot *s, void *to, size_t len, uint64_t page_size,
				struct kx_err *err);
/*
 * Let the snapshot go, and the memory that it took; the processes stay where they
 * are.  The kernel's own threads run again (kernel/power/user.c, SNAPSHOT_FREE).
 */
KX_CHECKED int kx_snapshot_discard(struct kx_snapshot *s, struct kx_err *err);
/*
 * Let the snapshot and the processes go.  To be called by the thread that froze
 * them, when the others have been joined.  Any state, and closed.
 */
void kx_snapshot_close(struct kx_snapshot *s);
/*
 * The end of this machine, without a sync and with everybody frozen: what is on
 * the disks is what the snapshot knows.  Returns only on failure.
 */
enum kx_snapshot_end {
	KX_END_POWEROFF,
	KX_END_REBOOT,
	KX_END_KEXEC,		/* what is loaded is entered, as it is: see verb-exec.c for more */
};

KX_CHECKED int kx_snapshot_end(enum kx_snapshot_end how, struct kx_err *err);

/* ---- the stream ---------------------------------------------------------------- */

/* What is in front of the data pages; its memory is never given back. */
struct kx_snapshot_index {
	struct kx_snapshot_head head;
	struct kx_bytes first;			/* the stream's first page */
	struct kx_snapshot_frames frames;	/* points to head: do not move it */
	uint64_t cap;				/* of frames.run */
};

/*
 * Address space for @count times @size bytes, of which pages come as they are
 * touched: what is in memory at the snapshot is part of it.  NULL: *err says why.
 */
void *kx_snapshot_reserve(uint64_t count, size_t size, struct kx_err *err);
/*
 * Read @s from its start to its first data page.  @machine: KX_ELF_*.
 * -ENOMEM, as kx_snapshot_read(), kx_snapshot_head_parse() and _frames_add().
 */
KX_CHECKED int kx_snapshot_index_read(struct kx_snapshot *s, uint16_t machine, uint64_t page_size,
				      struct kx_snapshot_index *ret, struct kx_err *err);

/* ---- memory -------------------------------------------------------------------- */

struct kx_snapshot_memory {
	uint64_t total, free;
	uint64_t cma;			/* of what is free: the kernel's copy gets none of it */
	uint64_t cache;			/* that can be dropped, at most */
	uint64_t swappable;
};

/* Of the machine that @s describes; its /proc/meminfo is read now. */
KX_CHECKED int kx_snapshot_memory_read(const struct kx_sources *s, struct kx_arena *a,
				       struct kx_snapshot_memory *ret, struct kx_err *err);
/* In use, and so in a snapshot. */
uint64_t kx_snapshot_memory_used(const struct kx_snapshot_memory *m);
/*
 * Is as much free as @copies of what is in use, when @given_back of that is, too?
 * One is the kernel's own copy.
 */
bool kx_snapshot_memory_fits(const struct kx_snapshot_memory *m, uint64_t given_back,
			     unsigned int copies);
/* Write dirty pages to the disks, and forget what is only cached.  Errors of open, write. */
KX_CHECKED int kx_snapshot_drop_caches(struct kx_err *err);

/* ---- facts ------------------------------------------------------------------- */

struct kx_snapshot_facts {
	struct kx_bytes vmcoreinfo;	/* text; empty on x86_64: not known */
	uint64_t boot_cpu;		/* APIC id of CPU 0; CONTEXT_CPU_UNKNOWN on arm64 */
	uint64_t cpu_resume;		/* arm64: its physical address */
};

/*
 * Of the machine that @s describes.  On arm64 these fail:
 *   -ENODATA  VMCOREINFO, its kimage_voffset, or cpu_resume in /proc/kallsyms is
 *             not there or hidden
 * and -ENOMEM on both.
 */
KX_CHECKED int kx_snapshot_facts_read(const struct kx_sources *s, struct kx_arena *a,
				      struct kx_snapshot_facts *ret, struct kx_err *err);

/*
 * Where the kernel of @head and @f is entered: source, entry, values and boot CPU of
 * *c, whose machine is set (doc/resumable-core.md, CONTEXT).
 */
void kx_snapshot_entry(const struct kx_snapshot_head *head, const struct kx_snapshot_facts *f,
		       struct kx_context *c);

/*
 * What has to be the same when @s is resumed, as lines KEY=VALUE
 * (doc/resumable-core.md, MACHINE).  What cannot be read is not there.  -ENOMEM.
 */
KX_CHECKED int kx_machine_note(const struct kx_sources *s, struct kx_arena *a,
			       struct kx_bytes *ret, struct kx_err *err);

#endif
