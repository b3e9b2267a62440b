/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the readers of the kernel's log share: fields that VMCOREINFO places, a
 * window on an array in the kernel's memory, and the account of what was lost.
 * Included by printk*.c only.
 */
#ifndef KX_LIB_PRINTK_H
#define KX_LIB_PRINTK_H

#include "kx/printk.h"

/* Of an object of which we read a field; the largest are 120 bytes. */
#define PRINTK_OBJECT_MAX	1024u
/* text_len is 16 bits; the id in front of the text, or a record's header. */
#define PRINTK_PIECE_MAX	(65536u + PRINTK_OBJECT_MAX)

struct printk_reader {
	const struct kx_printk_source *source;
	const struct kx_printk_sink *out;
	struct kx_arena *arena;
	struct kx_printk_loss *loss;
};

/* ---- VMCOREINFO -------------------------------------------------------------- */

/*
 * A key whose value is a number below @limit, for *(uint64_t *)(layout + at).  A
 * table of these ends with a NULL name.
 */
struct printk_key {
	const char *name;
	size_t at;
	uint64_t limit;
};

KX_CHECKED int printk_keys(struct kx_bytes vmcoreinfo, const struct printk_key *keys,
			   void *layout, struct kx_err *err);

/* A field of @width bytes at @off lies inside an object of @size. */
KX_CHECKED int printk_field(const char *name, uint64_t off, uint64_t width, uint64_t size,
			    struct kx_err *err);

/* ---- memory ------------------------------------------------------------------ */

/* @len (4 or 8) bytes at @va as a number. */
KX_CHECKED int printk_number(const struct printk_reader *p, uint64_t va, size_t len,
			     const char *what, uint64_t *ret, struct kx_err *err);
/* The number that the variable of this name in VMCOREINFO holds. */
KX_CHECKED int printk_variable(const struct printk_reader *p, const char *symbol, size_t len,
			       uint64_t *ret, struct kx_err *err);

/* Part of an array in the kernel's memory, of which we go from one end to the other. */
struct printk_window {
	const struct printk_reader *p;
	uint64_t va, len;		/* the array; does not wrap */
	uint8_t *buf;
	uint64_t off;			/* in the array, of what is in buf */
	size_t have;
};

KX_CHECKED int printk_window_init(struct printk_window *w, const struct printk_reader *p,
				  uint64_t va, uint64_t len, const char *what,
				  struct kx_err *err);
/*
 * @len bytes, at most PRINTK_PIECE_MAX, at offset @off, inside the array, valid
 * until the next call.
 */
KX_CHECKED int printk_window_get(struct printk_window *w, uint64_t off, size_t len,
				 struct kx_bytes *ret, struct kx_err *err);

/* ---- loss -------------------------------------------------------------------- */

/* Something malformed, or not in the core; goes on. */
void printk_bad(const struct printk_reader *p, const char *fmt, ...) KX_PRINTF(2, 3);

/* ---- the formats ---------------------------------------------------------------- */

KX_CHECKED int printk_ring_read(const struct printk_reader *p, struct kx_err *err);
KX_CHECKED int printk_records_read(const struct printk_reader *p, struct kx_err *err);
KX_CHECKED int printk_plain_read(const struct printk_reader *p, struct kx_err *err);

#endif
