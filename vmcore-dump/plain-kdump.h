/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kdump-compressed file as the ELF core that it was made of: what every reader of
 * memory sees of one.
 *
 *	0		ELF header, program headers, notes
 *	run[0].off	memory, run after run; what the dump has not reads as -ENODATA
 */
#ifndef PLAIN_KDUMP_H
#define PLAIN_KDUMP_H

#include "kx/kdump-file.h"
#include "kx/page-codec.h"

/* Memory that there was: a PT_LOAD. */
struct kdump_run {
	struct kx_range pa;
	uint64_t off;			/* in the core */
};

struct kdump_reader;

struct plain_kdump {
	struct kx_kdump kdump;
	struct kx_bytes headers;	/* as they are in the core from byte 0 on */
	struct kdump_run *run;		/* ascending */
	size_t run_count;
	uint64_t len;
	struct kdump_reader *reader;	/* the first thread's */
	/* Of the thread that asks dump_has(). */
	struct kx_kdump_bits here;
};

/* Borrows @k and from @a; deinit it, also on failure.  -ENOMEM and what the file says */
KX_CHECKED int plain_kdump_init(struct plain_kdump *p, const struct kx_kdump *k,
				struct kx_arena *a, struct kx_err *err);
void plain_kdump_deinit(struct plain_kdump *p);
/* The core, unpacked where it is read; @p must outlive it.  It has view, fork and done. */
struct kx_core_file plain_kdump_file(struct plain_kdump *p);

/* Is page @number, which has a descriptor, in the file, and does it unpack?  As a read. */
KX_CHECKED int plain_kdump_check(struct plain_kdump *p, uint64_t number, struct kx_err *err);

/* A descriptor's flags as a codec: those that kx_kdump_desc_check() lets pass. */
enum kx_page_codec plain_kdump_codec(uint32_t flags);

#endif
