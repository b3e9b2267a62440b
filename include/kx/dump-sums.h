/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checksums behind a dump, where no other reader looks: what vmcore-dump --verify
 * compares.  container/dump-sums.c.
 *
 *	u32[]	CRC-32 (zlib's) of each KX_SUMS_EXTENT bytes of the file before the
 *		table, the last one shorter
 *	trailer	KX_SUMS_TRAILER_LEN bytes, the end of the file:
 *		"KXDUMPS1", u64 bytes that are covered, u32 CRC-32 of the table,
 *		u32 CRC-32 of the 20 bytes before
 *
 * Little-endian.  In a flattened dump they are the last records, and are about the
 * file that it becomes.
 */
#ifndef KX_DUMP_SUMS_H
#define KX_DUMP_SUMS_H

#include <stddef.h>
#include <stdint.h>

#include "kx/core.h"
#include "kx/err.h"

#define KX_SUMS_MAGIC		"KXDUMPS1"
#define KX_SUMS_EXTENT		(1u << 20)
#define KX_SUMS_TRAILER_LEN	24u

/* ---- writing ------------------------------------------------------------------ */

/*
 * The sums of a file while it is written.  The order does not matter: a CRC is linear,
 * so what is at an offset adds its share whenever it is known, and the header, bitmaps
 * and descriptors may come last.  4 bytes of memory for each MiB of file.
 */
struct kx_sums {
	uint32_t *share;		/* of each extent, as if it had all its bytes */
	size_t room;			/* extents */
	uint64_t end;			/* of what was added */
};

void kx_sums_init(struct kx_sums *s);
void kx_sums_deinit(struct kx_sums *s);
/*
 * @len bytes at @off of the file.  Each byte once: the same bytes a second time are
 * taken out again, which is how they are changed.  Bytes that are never added are
 * zeros, as holes are.  Costs a CRC and 1 us: no single pages, if it can be helped.
 *   -ENOMEM
 *   -EFBIG   an end above 2^52
 */
KX_CHECKED int kx_sums_add(struct kx_sums *s, uint64_t off, const uint8_t *p, size_t len,
			   struct kx_err *err);
/* Bytes of table and trailer behind a file of @covered bytes. */
uint64_t kx_sums_len(uint64_t covered);
/* Table and trailer to @to, for offset @covered of the file, not below s->end. */
void kx_sums_build(const struct kx_sums *s, uint64_t covered, uint8_t *to);

/* ---- checking ----------------------------------------------------------------- */

struct kx_sums_table {
	uint64_t covered;		/* bytes; the table begins there */
	uint64_t extents;
};

/*
 * The trailer and the table of @file, which are checked themselves.
 *   -ENOENT   it has none
 *   -EBADMSG  they are damaged: where, wanted, found
 *   and what file->read says
 */
KX_CHECKED int kx_sums_find(const struct kx_core_file *file, struct kx_sums_table *ret,
			    struct kx_err *err);
/*
 * Extent @i, below t->extents; @buf has room for KX_SUMS_EXTENT bytes.
 *   -EBADMSG  other bytes than were written: which, wanted, found
 *   and what file->read says
 */
KX_CHECKED int kx_sums_check(const struct kx_core_file *file, const struct kx_sums_table *t,
			     uint64_t i, uint8_t *buf, struct kx_err *err);

#endif
