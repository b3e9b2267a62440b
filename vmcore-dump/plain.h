/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A saved core as the ELF core that it would be if nothing of it were packed: what
 * --convert writes, and what every reader of memory sees of one.
 *
 *	0		ELF header, program headers, notes
 *	run[0].off	saved pages, run after run
 */
#ifndef PLAIN_H
#define PLAIN_H

#include "kx/saved.h"

/* Saved pages that adjoin in memory: a PT_LOAD. */
struct plain_run {
	struct kx_range pa;
	uint64_t off;			/* in the core; a multiple of 4096 */
	uint64_t va;			/* 0: not known */
	size_t first, count;		/* its records */
};

struct plain {
	const struct kx_saved *saved;
	struct kx_bytes headers;	/* as they are in the core from byte 0 on */
	struct plain_run *run;		/* ascending */
	size_t run_count;
	uint64_t len;
	/* The block and the record that were read last. */
	uint8_t *block_bytes, *record_bytes;
	size_t block, record;		/* SIZE_MAX: none */
};

/* Borrows @s and from @a.  -ENOMEM */
KX_CHECKED int plain_init(struct plain *p, const struct kx_saved *s, struct kx_arena *a,
			  struct kx_err *err);
/* The core, unpacked where it is read; @p must outlive it. */
struct kx_core_file plain_file(struct plain *p);
/* The run that has record @record. */
const struct plain_run *plain_run_of(const struct plain *p, size_t record);

#endif
