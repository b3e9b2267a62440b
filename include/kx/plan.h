/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A boot as data: what was asked (kx_request) and what will be done (kx_plan).
 *
 *   argv -> request -> sources + files -> containers peeled -> image
 *        -> arch->layout() -> plan -> check -> seal -> print or commit
 *
 * Nothing is decided after the plan is built.  The plan borrows all bytes from
 * one arena.
 */
#ifndef KX_PLAN_H
#define KX_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/err.h"
#include "kx/image.h"
#include "kx/json.h"
#include "kx/keep.h"
#include "kx/memmap.h"
#include "kx/range.h"
#include "kx/saved.h"
#include "kx/sources.h"
#include "purgatory/abi.h"
#include "purgatory/sha256.h"

/* ---- what was asked ---------------------------------------------------- */

enum kx_call {
	KX_CALL_AUTO,
	KX_CALL_LOAD,		/* kexec_load(2): our purgatory */
	KX_CALL_FILE,		/* kexec_file_load(2): the kernel's loader */
};

/* May purgatory unpack what is loaded?  Auto: where it pays. */
enum kx_pack {
	KX_PACK_AUTO,
	KX_PACK_NONE,
	KX_PACK_LZ4,
};

/* Where the payload waits for kexec -e. */
enum kx_stage {
	KX_STAGE_AUTO,
	KX_STAGE_KERNEL,	/* in pages of the running kernel, which moves it */
	KX_STAGE_CRASHKERNEL,	/* in the crash kernel reservation; purgatory moves it */
};

/* How the running kernel is preserved (--context). */
enum kx_preserve {
	KX_PRESERVE_AUTO,
	KX_PRESERVE_JUMP,	/* the kernel swaps memory and jumps (CONFIG_KEXEC_JUMP) */
	KX_PRESERVE_SNAPSHOT,	/* kexec -e takes a snapshot and keeps it in memory (kx/keep.h) */
};

#define KX_INITRD_MAX	16

struct kx_input {
	const char *path;	/* as the user wrote it, or "UKI .initrd" */
	struct kx_bytes bytes;
	int fd;			/* open file, -1 if none (owned by main) */
	bool mapped;		/* bytes are a mapping of it, not the arena's */
};

struct kx_x86_request {
	bool noefi, reuse_video_type, pass_memmap_cmdline;
	bool reset_vga, console_vga, console_serial;
	bool entry_32bit, real_mode;
	enum { KX_ARGS_AUTO, KX_ARGS_ELF, KX_ARGS_LINUX, KX_ARGS_NONE } args;
	bool force_dtb;
};

struct kx_request {
	struct kx_input kernel;
	/*
	 * kernel is a saved core, whose memory is put back in place of booting
	 * anything; kernel.bytes is all of it, mapped and not read.  NULL: it is not.
	 */
	const struct kx_saved *saved;
	bool resume_anyway;		/* --resume-anyway */
	struct kx_input initrd[KX_INITRD_MAX];
	size_t initrd_count;
	struct kx_input dtb;		/* path NULL when not given */
	const char *append;		/* NULL when not given */
	bool reuse_cmdline;
	bool reuse_initrd;
	const char *type;		/* -t; NULL */
	enum kx_call call;		/* -a, -c, -s */
	bool crash;			/* -p: for a panic, in the reservation */
	bool no_checks;			/* -i */
	bool debug;			/* -d */
	bool say_timing;		/* --serial: purgatory says how long it took */
	bool no_cma;
	bool hotplug;
	/*
	 * What is loaded returns to the running kernel: --load-preserve-context,
	 * and with one of the next two no kernel is loaded.
	 */
	bool preserve;
	enum kx_preserve context;	/* --context; a request that is built has no AUTO */
	const char *context_why;	/* why it was chosen; NULL unless preserve */
	/* KX_PRESERVE_SNAPSHOT: what is kept, or will be; NULL with the others */
	const struct kx_keep *keep;
	uint64_t window_size;		/* --window; 0 = as much as it needs */
	bool resume;			/* --load-resume-entry: the way back to who sleeps */
	bool has_resume_entry;		/* else the one that sources->peer has */
	uint64_t resume_entry;
	struct kx_input function;	/* --call; path NULL when not given */
	uint64_t call_arg[3];		/* --call-arg, in order */
	size_t call_arg_count;
	uint64_t result_pa;		/* words of enum purg_result, pinned; 0 = --plan */
	uint64_t result_cookie;
	enum kx_pack pack;		/* --pack */
	enum kx_stage stage;		/* --stage */
	bool evict_crash_kernel;	/* --evict-crash-kernel */
	uint32_t on_corrupt;		/* enum purg_on_fail */
	bool has_entry;
	uint64_t entry;			/* --entry: replaces ours, purgatory bypassed */
	uint64_t mem_min, mem_max;	/* [min, max]; max is inclusive as upstream's */
	/* 256 bytes from getrandom(2), or fixed ones for --plan; empty: no seeds */
	struct kx_bytes random;
	/* What the CPU has that kexec runs on, see kx_request_sha256() */
	struct sha256_engine sha256;
	size_t cpus;			/* that may hash at once; 0 as 1 */
	struct kx_x86_request x86;
};

/*
 * The running kernel comes back to where it was: by a jump to memory that was swapped,
 * or from the areas that it is kept in (KX_PRESERVE_SNAPSHOT), beside which this is a
 * boot like any other.
 */
static inline bool kx_request_keeps(const struct kx_request *req)
{
	return req->preserve && req->context == KX_PRESERVE_SNAPSHOT && !req->function.path &&
	       !req->resume;
}

/* Not chosen: portable. */
static inline struct sha256_engine kx_request_sha256(const struct kx_request *req)
{
	struct sha256_engine portable = { .blocks = sha256_blocks_portable };

	return req->sha256.blocks ? req->sha256 : portable;
}

static inline bool kx_request_swaps(const struct kx_request *req)
{
	return req->preserve && !kx_request_keeps(req);
}

/* ---- what will be done ------------------------------------------------- */

#define KX_SEGMENTS_MAX	16	/* KEXEC_SEGMENT_MAX, include/uapi/linux/kexec.h */

struct kx_segment {
	const char *name;	/* "kernel", "initrd", "dtb", "boot_params", "purgatory" */
	struct kx_bytes buf;	/* <= length of range; the rest is zeros */
	struct kx_range range;	/* page-aligned, physical */
	const char *why;	/* the constraint that chose the address */
	bool removable;		/* lies in memory that may be hot-removed */
	bool verify;		/* purgatory compares its digest */
	bool handover;		/* purgatory maps it for the entry (x86_64) */
	/* Bytes purgatory compares, from the start; 0 = all of buf. */
	uint64_t verify_len;
	/* What is unpacked may fall onto it, once nobody needs it any more (p->home). */
	bool written;
	bool kept;		/* pages of the kernel that is kept: it stays as it is */
	const uint8_t *sha256;	/* of all of buf, if it is known already; NULL; arena */
};

/*
 * Memory that is not loaded, but that purgatory maps for the entry (x86_64): what
 * the next kernel reads before it has page tables of its own, EFI and ACPI tables;
 * for a function all memory, and where its result is left.
 */
#define KX_WINDOWS_MAX	24

struct kx_window {
	const char *name;
	struct kx_range r;
};

/*
 * All memory that the next kernel has when the running one is preserved: each
 * page of it is in a segment, so that the kernel swaps it (plan/window.c).
 */
#define KX_OWN_LOW_MAX	4

struct kx_own {
	struct kx_range low[KX_OWN_LOW_MAX];	/* below 1 MiB, for trampolines */
	size_t low_count;
	struct kx_range window;			/* the rest; empty = nothing is preserved */
	/*
	 * In it, with a kernel that is kept anywhere, for a crash kernel in its
	 * reservation: core headers, "old" memory to it.
	 */
	struct kx_range core;
	const char *why;
};

/* What a crash kernel needs of its reservation, in bytes (plan/fit.c); have 0: not counted. */
struct kx_fit {
	uint64_t have, need;
	uint64_t kernel, initrd, unpacked, tables, work;
	bool exact;		/* unpacked is no guess */
};

static inline bool kx_fits(const struct kx_fit *f)
{
	return f->need <= f->have;
}

#define KX_NOTES_MAX	32

struct kx_plan {
	const struct kx_arch *arch;
	struct kx_arena *arena;
	const struct kx_request *request;
	const struct kx_sources *sources;

	/* Both NULL when no kernel is loaded: --call, --load-resume-entry, a saved core. */
	const struct kx_format *format;
	const struct kx_payload *payload;	/* layers */
	const char *release;			/* of the next kernel; "": not known */
	const char *cmdline;			/* final, for the next kernel */
	struct kx_bytes initrd;			/* final, concatenated */
	int initrd_fd;				/* a file that is just this; -1 if none */

	enum kx_call call;
	const char *call_why;
	/* An option that the call chosen cannot honour and that is passed over; NULL. */
	const char *ignored;
	/* In auto mode: may kexec_file_load be tried when kexec_load is refused? */
	bool fallback_allowed;
	const char *fallback_why_not;

	/* kexec_load */
	struct kx_segment segment[KX_SEGMENTS_MAX];
	size_t segment_count;
	struct kx_window window[KX_WINDOWS_MAX];
	size_t window_count;
	uint64_t entry;
	uint64_t flags;			/* KEXEC_ARCH_* and KEXEC_* */
	struct purg_param param;	/* what seal writes into purgatory */

	/*
	 * What purgatory puts into its place itself, from the unpack list: was
	 * a segment until pack.c or stage.c took it off the list.  buf is what
	 * will be there, unpacked.
	 */
	struct kx_segment target[KX_SEGMENTS_MAX];
	size_t target_count;
	struct purg_unpack *unpack;	/* arena */
	size_t unpack_count;
	struct purg_part *part;		/* of a saved core, behind the list in its segment */
	size_t part_count;
	/* What was chosen (never auto), and why; the sentences are NULL with kexec_file_load. */
	enum kx_pack pack;
	enum kx_stage stage;
	const char *pack_why, *stage_why;

	/*
	 * --stage=crashkernel: loaded with KEXEC_ON_CRASH before the segments,
	 * into the crash kernel reservation, where the kernel never moves it.
	 * The first one is a purgatory of its own, entered at staged_entry if
	 * the running kernel panics.
	 */
	struct kx_segment staged[KX_SEGMENTS_MAX];
	size_t staged_count;
	uint64_t staged_entry;

	struct kx_own own;
	struct kx_fit fit;		/* of a crash kernel */

	/*
	 * A saved core in place of a kernel (plan/saved.c), or a kernel that is kept in
	 * memory (plan/put-back.c): there is no target; what is unpacked goes to homes,
	 * few ranges that all its records lie in that are not there already.  They
	 * overlap no segment but those that are written, and no area.
	 */
	const struct kx_saved *saved;	/* NULL: a kernel */
	struct kx_range home[PURG_REGIONS_MAX];
	size_t home_count;
	/* Where purgatory has to lie for the kernel that is saved; empty: anywhere. */
	struct kx_range door;
	/*
	 * What is not as on the machine that was saved, as diff(1) has it: lines
	 * "-KEY=VALUE" and "+KEY=VALUE".  NULL: nothing.  Also after a failure.
	 */
	const char *differences;

	/* kexec_file_load */
	struct kx_bytes file_kernel;	/* the bytes to give when fd is not usable */
	bool file_use_fd;		/* the user's own file, nothing peeled */
	uint64_t file_flags;

	/* Free memory: at first, and what the segments left of it. */
	struct kx_space usable;
	struct kx_space space;
	/* Decisions worth telling, in order ("dtb: kaslr-seed renewed"). */
	const char *note[KX_NOTES_MAX];
	size_t note_count;
};

/*
 * The kernel that sleeps, if it is the one that the plan returns to and not only
 * an address that was given; NULL.
 */
static inline const struct kx_peer *kx_plan_peer(const struct kx_plan *p)
{
	const struct kx_peer *peer = &p->sources->peer;

	return p->request->resume && peer->present && peer->entry == p->param.pc ? peer : NULL;
}

/* Add a decision to the plan; silently drops when full or out of memory. */
void kx_plan_note(struct kx_plan *p, const char *fmt, ...) KX_PRINTF(2, 3);

/*
 * Place @buf in plan->space: finds @want (its size is rounded up to the running
 * kernel's page size), takes it, appends the segment.  @ret_pa may be NULL.
 * -ENOSPC, -E2BIG (17th segment), -ENOMEM.  The returned pointer form is not
 * offered: segments may be looked up by name.
 */
KX_CHECKED int kx_plan_place(struct kx_plan *p, struct kx_want want, struct kx_bytes buf,
			     const char *why, uint64_t *ret_pa, struct kx_err *err);
/*
 * The same for large segments that may be in many places: at the top of
 * [want.min, want.max), or where arch->quick_max says that loading is quick,
 * if it fits there; @why is for when it does not.
 */
KX_CHECKED int kx_plan_place_quick(struct kx_plan *p, struct kx_want want, struct kx_bytes buf,
				   const char *why, uint64_t *ret_pa, struct kx_err *err);
/* Segments below this load quickly; 0 = no such limit. */
uint64_t kx_plan_quick_max(const struct kx_plan *p);
/* The same at a fixed address (ELF); -ENOSPC names what is in the way. */
KX_CHECKED int kx_plan_place_at(struct kx_plan *p, const char *name, struct kx_range r,
				struct kx_bytes buf, const char *why, struct kx_err *err);
/* Segment by name; NULL if absent. */
struct kx_segment *kx_plan_segment(struct kx_plan *p, const char *name);
/* The memory of @n segments, saturating. */
uint64_t kx_segments_sum(const struct kx_segment *s, size_t n);

/*
 * The free memory of the running machine: firmware RAM, minus every child of
 * System RAM in iomem that the kernel reserves, minus crash kernel, minus
 * anything outside [mem_min, mem_max]; removable memory marked.  When it is
 * jumped back to, minus the running kernel's image and removable memory as well, and
 * [mem_min, mem_max] is for the window, where there is one.  (plan/space.c)
 */
KX_CHECKED int kx_plan_space(struct kx_plan *p, struct kx_err *err);
/*
 * The first thing known that is not free memory in @r, or NULL.  (plan/place.c)
 */
const char *kx_plan_what_blocks(const struct kx_plan *p, struct kx_range r);

/*
 * Is there a reservation for a crash kernel?  -EADDRNOTAVAIL; -EPERM (/proc/iomem does
 * not show it).  (plan/crash.c)
 */
KX_CHECKED int kx_crash_reserved(const struct kx_sources *s, struct kx_err *err);
/*
 * For layouts: the segment "elfcorehdr", which is p->own.core, for a crash kernel.
 * -ENODATA (kx_core_facts), -ENOSPC, -E2BIG, -ENOMEM.  (plan/crash.c)
 */
KX_CHECKED int kx_crash_place_core(struct kx_plan *p, struct kx_err *err);

/*
 * What the next kernel gets while the running one is preserved: fills p->own,
 * for files that need @need bytes where they are placed, and leaves the window as
 * p->space.  -EINVAL (request), -ENOSPC, -ENOMEM.  (plan/window.c)
 */
KX_CHECKED int kx_plan_window_choose(struct kx_plan *p, uint64_t need, struct kx_err *err);
/* Segments for what the others left of p->own.  -E2BIG, -ENOMEM. */
KX_CHECKED int kx_plan_window_fill(struct kx_plan *p, struct kx_err *err);

/*
 * req->context, which is not AUTO any more, and context_why; nothing without
 * req->preserve.  -EINVAL: an option does not go with it.  (plan/preserve.c)
 */
KX_CHECKED int kx_preserve_choose(struct kx_request *req, const struct kx_sources *s,
				  struct kx_err *err);

/*
 * Request + facts + image -> plan: chooses the call, joins command line and
 * initrds, runs arch->layout(), checks and seals.  Everything is borrowed from
 * @a.  With req->resume there is no kernel: format is NULL, command line and
 * payload are empty.  Errors as below.
 */
KX_CHECKED int kx_plan_build(const struct kx_request *req, const struct kx_sources *src,
			     struct kx_arena *a, struct kx_plan *ret, struct kx_err *err);
/*
 * The part of kx_plan_build() for req->saved, which has no kernel: format is NULL,
 * command line and payload are empty (plan/saved.c).
 *   -EINVAL (options that make no sense; another machine), -ENOSPC (no room that
 *   the core leaves), -E2BIG, -EBADMSG (a damaged block), -ENOMEM, and what
 *   req->saved->file says
 */
KX_CHECKED int kx_plan_build_saved(struct kx_plan *p, struct kx_err *err);
/*
 * The part for req->resume where p->sources->peer is kept in memory
 * (plan/put-back.c): only list and purgatory are loaded, and what is loaded does not
 * return: the plan's request has no preserve.  As above, but -EBADMSG.
 */
KX_CHECKED int kx_plan_build_put_back(struct kx_plan *p, struct kx_err *err);

/*
 * plan->param's regions, without digests, once every segment but purgatory has
 * its place (seal.c); purgatory's page tables are sized by them.  -E2BIG.
 */
KX_CHECKED int kx_plan_regions(struct kx_plan *p, struct kx_err *err);
/* Digests and consoles into plan->param, and param into the purgatory segment. */
KX_CHECKED int kx_plan_seal(struct kx_plan *p, struct kx_err *err);

/*
 * The kernel's rules (kernel/kexec_core.c sanity_check_segment_list) and ours,
 * each with its own sentence, so that EINVAL never has to be guessed.
 */
KX_CHECKED int kx_plan_check(const struct kx_plan *p, struct kx_err *err);

void kx_plan_print_text(const struct kx_plan *p, struct kx_text *t);
void kx_plan_print_json(const struct kx_plan *p, struct kx_text *t);
void kx_plan_print_svg(const struct kx_plan *p, struct kx_text *t);

#endif
