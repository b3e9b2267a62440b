/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What touches the running system: reading it (any user, through a root) and
 * changing it (kexec/sys/commit.c, the only kexec and reboot system calls).
 */
#ifndef KX_SYS_H
#define KX_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/err.h"
#include "kx/files.h"
#include "kx/host.h"
#include "kx/keep-take.h"
#include "kx/plan.h"
#include "kx/saved.h"
#include "kx/sources.h"
#include "kx/timing.h"

/* ---- files ------------------------------------------------------------- */

/* kx_file_read() from an open descriptor, positioned at its start; @path for errors. */
KX_CHECKED int kx_file_read_fd(int fd, const char *path, uint64_t max, struct kx_arena *a,
			       struct kx_bytes *ret, struct kx_err *err);

/*
 * A regular file of at least one byte as memory, read-only: the page cache's
 * own pages, so that a large initrd is not in memory twice while the kernel
 * makes its copy.  No NUL behind it.  What is written to the file later may or
 * may not be seen, which purgatory notices; a file that shrinks meanwhile ends
 * kexec with SIGBUS, before anything is loaded.  Negative errno of fstat or
 * mmap; -ENODEV and the like mean "read it instead".
 */
KX_CHECKED int kx_file_map(int fd, struct kx_bytes *ret);
/* Gives the mapping back; nothing for empty @b. */
void kx_file_unmap(struct kx_bytes b);

/*
 * What a saved core is read from: a regular file or a block device.  @t is not to
 * be moved while t->file is in use.  Negative errno of open and ioctl; -EINVAL: it
 * is something else.
 */
struct kx_target {
	const char *path;
	int fd;
	bool is_block;
	bool read_only;			/* to be written, on a filesystem that is not */
	struct kx_core_file file;
	struct kx_bytes map;		/* after kx_target_map() */
};

KX_CHECKED int kx_target_open(const char *path, bool write, struct kx_target *t,
			      struct kx_err *err);
/* Its first @len bytes as memory, read when they are looked at. */
KX_CHECKED int kx_target_map(struct kx_target *t, uint64_t len, struct kx_err *err);
/* Any state. */
void kx_target_close(struct kx_target *t);

/* ---- facts ------------------------------------------------------------- */

/* --serial, --console-vga and friends, before the machine is asked. */
struct kx_console_wish {
	const char *serial;	/* --serial argument or NULL */
	uint32_t baud;		/* --serial-baud or 0 */
	bool vga, serial_port;	/* --console-vga, --console-serial */
};

/*
 * Read the machine below @root ("" or "/" = the running one).  Whatever is
 * missing or unreadable stays empty; these fail:
 *   -EOPNOTSUPP  an unknown architecture, or a root without kx/uname
 *   -EINVAL      a page size or release no kernel has; a --serial that names
 *   -ENOENT      nothing
 *   -ENOEXEC     a malformed line in /proc/iomem: a map read in part would
 *                hide what must not be overwritten
 *   -ENOMEM
 */
KX_CHECKED int kx_sources_read(const char *root, const struct kx_console_wish *wish,
			       struct kx_arena *a, struct kx_sources *ret, struct kx_err *err);

/*
 * The architecture's part, called by kx_sources_read() through a table when
 * everything common (root, cmdline, iomem) is in @s.  Fills the firmware map,
 * the architecture's facts and, following @wish (NULL: nothing asked), the
 * consoles.
 */
KX_CHECKED int kx_sources_read_x86(struct kx_sources *s, const struct kx_console_wish *wish,
				   struct kx_arena *a, struct kx_err *err);
KX_CHECKED int kx_sources_read_arm64(struct kx_sources *s, const struct kx_console_wish *wish,
				     struct kx_arena *a, struct kx_err *err);

/*
 * s->core of the machine that @s describes (sources-core.c), for core headers.
 * What is missing or unreadable stays empty; only -ENOMEM.
 */
KX_CHECKED int kx_core_facts_read(struct kx_sources *s, struct kx_arena *a, struct kx_err *err);

/*
 * s->special of the machine that @s describes (sources-pages.c).  What is missing
 * or unreadable stays empty; only -ENOMEM.
 */
KX_CHECKED int kx_pages_read(struct kx_sources *s, struct kx_arena *a, struct kx_err *err);

/*
 * s->peer of the machine that @s describes (sources-peer.c).  Where there is none,
 * or it cannot be read, it stays absent; these fail:
 *   -ENOEXEC, -EOPNOTSUPP  a note of ours is malformed, or from later
 *   -E2BIG   more headers and notes than any core has
 *   -ENOMEM
 */
KX_CHECKED int kx_peer_read(struct kx_sources *s, struct kx_arena *a, struct kx_err *err);

/*
 * The timing record of the kernel that @s describes (last-boot.c), with the
 * counter and the clock of the moment when @s is the running machine; takes 50 ms
 * where the counter's rate has to be measured.
 *   -ENOENT   there is no record; -ENODATA  nobody wrote to it
 *   others    as kx_timing_parse() and kx_fdt_open()
 */
KX_CHECKED int kx_last_boot_read(const struct kx_sources *s, struct kx_arena *a,
				 struct kx_last_boot *ret, struct kx_err *err);

/* ---- changes ----------------------------------------------------------- */

/*
 * Load the plan.  On refusal @err carries errno, the rule most likely broken
 * with its numbers, the kernel's last log line about it, and what is no longer
 * loaded because of staging.  In auto mode kexec_file_load is tried after
 * kexec_load when the plan allows it; *ret_call says which worked.  What was
 * staged for the image loaded before is unloaded with it.  @ret_left->code is 0,
 * or the load worked and the sentence says what did not.
 */
KX_CHECKED int kx_commit_load(const struct kx_plan *p, enum kx_call *ret_call,
			      struct kx_err *ret_left, struct kx_err *err);
/*
 * Would the kernel refuse to load @p whatever it is, as far as its facts tell?  For who
 * stops everybody first.  -EPERM, as kx_commit_load().
 */
KX_CHECKED int kx_commit_may_load(const struct kx_plan *p, struct kx_err *err);
/*
 * Unload the loaded image (crash: the panic one).  Of an image and the payload
 * staged for it either takes both with it.  @ret_left as above.
 */
KX_CHECKED int kx_commit_unload(const struct kx_sources *s, bool crash, enum kx_call call,
				struct kx_err *ret_left, struct kx_err *err);

/*
 * @p, which keeps the running kernel by a snapshot, is to be loaded by -e, as @v says:
 * nothing is loaded now, and what was is unloaded.  Errors of the mark and of unloading;
 * @ret_left as above.
 */
KX_CHECKED int kx_commit_keep(const struct kx_plan *p, const struct kx_keeping *v,
			      struct kx_err *ret_left, struct kx_err *err);

/*
 * s->returning, which kx_sources_read() has filled, anew after a load (returning.c);
 * reads s->kexec_loaded.  Only -ENOMEM.
 */
KX_CHECKED int kx_returning_read(struct kx_sources *s, struct kx_arena *a, struct kx_err *err);
/* It has come back: counts it in @s and in /run.  Errors of the file calls. */
KX_CHECKED int kx_returning_count(struct kx_sources *s, struct kx_err *err);

struct kx_exec_options {
	bool no_sync, no_ifdown;
};

/*
 * Jump: checks that an image is loaded and that the kernel can kexec, then
 * syncs, takes interfaces down, and calls reboot(2).  Interfaces come back up
 * when reboot(2) returns.  Returns 0 only after a return from a kernel jump.
 */
KX_CHECKED int kx_commit_exec(const struct kx_sources *s, const struct kx_exec_options *o,
			      struct kx_err *err);

/*
 * A page of this process that stays where it is in memory (pinned.c).
 */
struct kx_pinned {
	uint64_t *page;			/* NULL: none */
	uint64_t len;
	uint64_t pa;
	int pipe[2];			/* holds it; -1 */
};

/*
 * One of @page_size bytes, zeros.  -EPERM: the kernel does not tell its address
 * (CAP_SYS_ADMIN); -EFAULT, -ERANGE, and what the system calls return.
 */
KX_CHECKED int kx_pinned_init(uint64_t page_size, struct kx_pinned *ret, struct kx_err *err);
/* Is it still there?  -ESTALE, and as above. */
KX_CHECKED int kx_pinned_check(const struct kx_pinned *p, struct kx_err *err);
void kx_pinned_deinit(struct kx_pinned *p);
/* The physical address in an entry of /proc/self/pagemap; errors as above. */
KX_CHECKED int kx_pagemap_parse(uint64_t entry, uint64_t page_size, uint64_t *ret_pa,
				struct kx_err *err);

/* getrandom(2) into the arena; empty when unavailable. */
struct kx_bytes kx_random(struct kx_arena *a, size_t n);

#endif
