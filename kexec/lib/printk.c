// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's log: which format it has, and what the readers of the formats
 * share.  Called by vmcore-dump.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kx/core.h"
#include "printk.h"

/* Read ahead this much, but for the largest piece; and up to the end of a page. */
#define WINDOW		((size_t)PRINTK_PIECE_MAX + 65536)
#define PAGE		4096u

/* ---- VMCOREINFO -------------------------------------------------------------- */

int printk_keys(struct kx_bytes vmcoreinfo, const struct printk_key *keys, void *layout,
		struct kx_err *err)
{
	for (const struct printk_key *k = keys; k->name; k++) {
		uint64_t v;
		int r;

		r = kx_vmcoreinfo_u64(vmcoreinfo, k->name, 10, &v, err);
		if (r < 0)
			return r;
		if (v >= k->limit)
			return kx_err_set(err, EINVAL, "VMCOREINFO: %s: expected less than %"
					  PRIu64 ", have %" PRIu64, k->name, k->limit, v);
		memcpy((uint8_t *)layout + k->at, &v, sizeof(v));
	}
	return 0;
}

int printk_field(const char *name, uint64_t off, uint64_t width, uint64_t size,
		 struct kx_err *err)
{
	if (off <= size && width <= size - off)
		return 0;
	return kx_err_set(err, EINVAL, "VMCOREINFO: %s: expected %" PRIu64 " bytes inside of %"
			  PRIu64 ", have offset %" PRIu64, name, width, size, off);
}

/* ---- memory ------------------------------------------------------------------ */

int printk_number(const struct printk_reader *p, uint64_t va, size_t len, const char *what,
		  uint64_t *ret, struct kx_err *err)
{
	const struct kx_printk_source *s = p->source;
	uint8_t b[8] = { 0 };
	int r;

	r = s->read(s->ctx, va, b, len, err);
	if (r < 0)
		return kx_err_wrap(err, "%s", what);
	*ret = 0;
	for (size_t i = 0; i < len; i++)
		*ret |= (uint64_t)b[i] << 8 * i;
	return 0;
}

int printk_variable(const struct printk_reader *p, const char *symbol, size_t len, uint64_t *ret,
		    struct kx_err *err)
{
	uint64_t va;
	int r;

	r = kx_vmcoreinfo_symbol(p->source->vmcoreinfo, symbol, &va, err);
	return r < 0 ? r : printk_number(p, va, len, symbol, ret, err);
}

int printk_window_init(struct printk_window *w, const struct printk_reader *p, uint64_t va,
		       uint64_t len, const char *what, struct kx_err *err)
{
	if (len - 1 > UINT64_MAX - va || !len)
		return kx_err_set(err, ENOEXEC, "%s: expected an end below 2^64, have 0x%" PRIx64
				  " bytes at 0x%" PRIx64, what, len, va);
	*w = (struct printk_window){ .p = p, .va = va, .len = len };
	w->buf = kx_arena_alloc_raw(p->arena, WINDOW);
	return w->buf ? 0 : kx_err_set(err, ENOMEM, "no memory for 0x%zx bytes", WINDOW);
}

static int window_fill(struct printk_window *w, uint64_t off, size_t len, struct kx_err *err)
{
	const struct kx_printk_source *s = w->p->source;
	int r;

	w->have = 0;
	r = s->read(s->ctx, w->va + off, w->buf, len, err);
	if (r < 0)
		return r;
	w->off = off;
	w->have = len;
	return 0;
}

int printk_window_get(struct printk_window *w, uint64_t off, size_t len, struct kx_bytes *ret,
		      struct kx_err *err)
{
	uint64_t rest = w->len - off;
	size_t ahead = rest < WINDOW ? (size_t)rest : WINDOW;
	size_t page = len + (PAGE - (w->va + off + len) % PAGE) % PAGE;
	int r = 0;

	/* What follows may not be in the core: then to the end of the page. */
	if (off < w->off || off - w->off > w->have || len > w->have - (off - w->off)) {
		r = window_fill(w, off, ahead, NULL);
		if (r < 0)
			r = window_fill(w, off, page < ahead ? page : len, err);
	}
	if (r == 0)
		*ret = (struct kx_bytes){ w->buf + (off - w->off), len };
	return r;
}

/* ---- loss -------------------------------------------------------------------- */

void printk_bad(const struct printk_reader *p, const char *fmt, ...)
{
	struct kx_printk_loss *l = p->loss;
	va_list ap;

	va_start(ap, fmt);
	if (!l->bad++)
		vsnprintf(l->first_bad, sizeof(l->first_bad), fmt, ap);
	va_end(ap);
}

/* ---- formats ----------------------------------------------------------------- */

int kx_printk_format(struct kx_bytes vmcoreinfo, enum kx_printk_format *ret, struct kx_err *err)
{
	/* The records' kernels have log_buf, too. */
	static const char *const symbols[] = {
		[KX_PRINTK_RING] = "prb",
		[KX_PRINTK_RECORDS] = "log_first_idx",
		[KX_PRINTK_PLAIN] = "log_buf",
	};
	uint64_t va;

	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
		if (kx_vmcoreinfo_symbol(vmcoreinfo, symbols[i], &va, NULL) == 0) {
			*ret = (enum kx_printk_format)i;
			return 0;
		}
	return kx_err_set(err, ENOENT, vmcoreinfo.len ? "VMCOREINFO: expected SYMBOL(prb) or"
			  " SYMBOL(log_buf), have neither" : "expected VMCOREINFO, have none");
}

int kx_printk_read(const struct kx_printk_source *s, const struct kx_printk_sink *out,
		   struct kx_arena *a, struct kx_printk_loss *loss, struct kx_err *err)
{
	static int (*const readers[])(const struct printk_reader *p, struct kx_err *err) = {
		[KX_PRINTK_RING] = printk_ring_read,
		[KX_PRINTK_RECORDS] = printk_records_read,
		[KX_PRINTK_PLAIN] = printk_plain_read,
	};
	const struct printk_reader p = { .source = s, .out = out, .arena = a, .loss = loss };
	enum kx_printk_format format;
	int r;

	*loss = (struct kx_printk_loss){ .bad = 0 };
	r = kx_printk_format(s->vmcoreinfo, &format, err);
	return r < 0 ? r : readers[format](&p, err);
}
