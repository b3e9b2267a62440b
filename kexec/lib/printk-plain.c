// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log of Linux up to 3.4: characters in a ring, "<6>[    0.000000] text" in
 * each line (kernel/printk.c of that time: log_buf, log_buf_len, log_end).
 * Called by printk.c.
 */
#include <errno.h>
#include <inttypes.h>

#include "printk.h"

#define PAGE		4096u
/* A longer line is passed on in parts. */
#define LINE_MAX	32768u

struct plain {
	const struct printk_reader *p;
	struct printk_window window;
	uint64_t len;			/* of the ring */
	uint8_t *line;
	size_t line_len;
};

static int line_end(struct plain *b, struct kx_err *err)
{
	const struct kx_printk_record record = { .text = { b->line, b->line_len } };

	b->line_len = 0;
	return b->p->out->record(b->p->out->ctx, &record, err);
}

static int characters(struct plain *b, struct kx_bytes part, struct kx_err *err)
{
	int r = 0;

	for (size_t i = 0; i < part.len && r == 0; i++) {
		bool end = part.data[i] == '\n';

		if (!end)
			b->line[b->line_len++] = part.data[i];
		if (end || b->line_len == LINE_MAX)
			r = line_end(b, err);
	}
	return r;
}

static int plain_open(struct plain *b, const struct printk_reader *p, uint64_t *ret_end,
		      struct kx_err *err)
{
	uint64_t va;
	int r;

	*b = (struct plain){ .p = p };
	r = printk_variable(p, "log_buf", 8, &va, err);
	if (r == 0)
		r = printk_variable(p, "log_buf_len", 4, &b->len, err);
	if (r == 0)
		r = printk_variable(p, "log_end", 4, ret_end, err);
	/* "log_buf_len ... must be a power of 2"; positions are masked with it. */
	if (r == 0 && (!b->len || b->len & (b->len - 1)))
		return kx_err_set(err, ENOEXEC, "log_buf_len: expected a power of two, have %"
				  PRIu64, b->len);
	if (r == 0)
		r = printk_window_init(&b->window, p, va, b->len, "log_buf", err);
	if (r < 0)
		return r;
	b->line = kx_arena_alloc_raw(p->arena, LINE_MAX);
	return b->line ? 0 : kx_err_set(err, ENOMEM, "no memory for %u bytes", LINE_MAX);
}

/*
 * log_end counts all characters there ever were; the ring has the last of them.
 * What "dmesg -c" cleared is still there, too.
 */
int printk_plain_read(const struct printk_reader *p, struct kx_err *err)
{
	uint64_t end, at;
	struct plain b;
	int r;

	r = plain_open(&b, p, &end, err);
	if (r < 0)
		return r;
	at = end < b.len ? 0 : end - b.len;
	while (at < end && r == 0) {
		uint64_t off = at & (b.len - 1), n = PAGE - (b.window.va + off) % PAGE;
		struct kx_err why = { .code = 0 };
		struct kx_bytes part;

		if (n > end - at)
			n = end - at;
		if (n > b.len - off)
			n = b.len - off;
		if (printk_window_get(&b.window, off, (size_t)n, &part, &why) == 0)
			r = characters(&b, part, err);
		else
			printk_bad(p, "log_buf + 0x%" PRIx64 ": %s", off, why.text);
		at += n;
	}
	return r == 0 && b.line_len ? line_end(&b, err) : r;
}
