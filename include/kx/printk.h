/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's log as it lies in its memory, in the three formats there were:
 *
 *	lib/printk-ring.c	descriptors and text in two rings, Linux 5.10 and later
 *	lib/printk-records.c	a ring of records, 3.5 to 5.9
 *	lib/printk-plain.c	a ring of characters, up to 3.4
 *	lib/printk.c		which of them it is
 *	lib/printk-clear.c	what was there when it was last cleared
 *
 * VMCOREINFO says where everything is.  The log is read piece by piece, whatever
 * its size, and what it says is never believed: a log that somebody was writing to,
 * or that was damaged, gives all that can be read.
 */
#ifndef KX_PRINTK_H
#define KX_PRINTK_H

#include <stdbool.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/err.h"

/* The kernel's memory and its VMCOREINFO. */
struct kx_printk_source {
	/* As kx_core_va_read(). */
	int (*read)(void *ctx, uint64_t va, void *to, size_t len, struct kx_err *err);
	void *ctx;
	struct kx_bytes vmcoreinfo;
};

enum kx_printk_format {
	KX_PRINTK_RING,
	KX_PRINTK_RECORDS,
	KX_PRINTK_PLAIN,
};

/* A message, which may have several lines; of the plain format, one line. */
struct kx_printk_record {
	bool has_seq, has_time, has_level, has_caller;
	uint64_t seq;
	uint64_t time_ns;		/* since the kernel's clock started */
	uint8_t level, facility;	/* has_level */
	bool continued;			/* it goes on with the message before it */
	uint32_t caller;		/* a thread, or with the top bit set a CPU */
	const char *subsystem, *device;	/* NULL: none */
	struct kx_bytes text;
};

/* Whoever wants the log: 0, or a negative errno, which ends the reading. */
struct kx_printk_sink {
	int (*record)(void *ctx, const struct kx_printk_record *r, struct kx_err *err);
	void *ctx;
};

/* What could not be read. */
struct kx_printk_loss {
	uint64_t unfinished;		/* records whose writer was not done */
	uint64_t without_text;		/* records whose text the kernel found no room for */
	uint64_t bad;			/* places that are malformed or not in the core */
	char first_bad[KX_ERR_TEXT];	/* the first of them; "" if there is none */
};

/*
 * Which format it is, by the symbols that VMCOREINFO has.
 *   -ENOENT  it names no log
 */
KX_CHECKED int kx_printk_format(struct kx_bytes vmcoreinfo, enum kx_printk_format *ret,
				struct kx_err *err);

/*
 * Every message, oldest first.  Views in a record are valid during the call.  @a
 * is for buffers; *loss is filled in also on error.
 *   -ENOENT, -EINVAL  VMCOREINFO lacks a key, or has nonsense in one
 *   -ENOEXEC          what describes the log is malformed
 *   -ENOMEM, what @s->read says of the log's head, and what @out->record says
 */
KX_CHECKED int kx_printk_read(const struct kx_printk_source *s, const struct kx_printk_sink *out,
			      struct kx_arena *a, struct kx_printk_loss *loss,
			      struct kx_err *err);

/*
 * The number (seq) of the first message since the log was cleared.
 *   -ENOENT  VMCOREINFO does not say where that is: Linux 5.9 and older
 *   -EINVAL, and what @s->read says
 */
KX_CHECKED int kx_printk_cleared(const struct kx_printk_source *s, uint64_t *ret,
				 struct kx_err *err);

#endif
