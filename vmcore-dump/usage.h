/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a kernel uses its memory for, page by page: --mem-usage.  usage.c.
 */
#ifndef USAGE_H
#define USAGE_H

#include <stdint.h>

#include "kx/core-pages.h"
#include "kx/err.h"
#include "kx/json.h"
#include "vmcore-dump.h"

#define USAGE_KINDS	(KX_PAGE_POISONED + 1)

struct usage {
	uint64_t page_size;
	uint64_t pages;			/* all of them */
	uint64_t kind[USAGE_KINDS];	/* of the kept ones without zeros */
	uint64_t zero;			/* kept, and filled with zeros */
	uint64_t unread;		/* kept, and could not be read */
};

/*
 * As kx_pages_init().  Memory that cannot be read is counted, and is no error: the
 * running kernel's may go away meanwhile.
 */
KX_CHECKED int usage_count(struct dump *d, struct usage *ret, struct kx_err *err);

/* The table that makedumpfile --mem-usage prints; the same as JSON. */
void usage_text(const struct usage *u, struct kx_text *t);
void usage_json(const struct usage *u, const struct dump *d, struct kx_text *t);

#endif
