/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Taking a snapshot of the running system: /dev/snapshot as an object, and the
 * facts that a saved core needs.  Without policy: what is done with the stream,
 * and what has to be looked at before, is for the caller (vmcore-dump).
 *
 *	sys/snapshot.c		the device
 *	sys/snapshot-facts.c	where the kernel is entered again
 *	sys/machine-note.c	what has to be the same then
 */
#ifndef KX_SNAPSHOT_H
#define KX_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/err.h"
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
 * Let the snapshot and the processes go.  To be called by the thread that froze
 * them, when the others have been joined.  Any state, and closed.
 */
void kx_snapshot_close(struct kx_snapshot *s);
/*
 * The end of this machine, without a sync and with everybody frozen: what is on
 * the disks is what the snapshot knows.  Returns only on failure.
 */
KX_CHECKED int kx_snapshot_end(bool reboot, struct kx_err *err);

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
 * What has to be the same when @s is resumed, as lines KEY=VALUE
 * (doc/resumable-core.md, MACHINE).  What cannot be read is not there.  -ENOMEM.
 */
KX_CHECKED int kx_machine_note(const struct kx_sources *s, struct kx_arena *a,
			       struct kx_bytes *ret, struct kx_err *err);

#endif
