// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log of Linux 3.5 to 5.9: records of their own length, one behind the other
 * in a ring (kernel/printk/printk.c of that time, "struct printk_log" and the
 * comment above it).  Called by printk.c.
 *
 *	+--------+------+------+---------+--------+-- ... --+-----------+
 *	| header | text | dict | padding | header |         | len == 0  |
 *	+--------+------+------+---------+--------+-- ... --+-----------+
 *
 * "If there is not enough space ... at the end of the buffer ... a zero length
 * signals the wrap", and the next record is at the beginning.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kx/core.h"
#include "printk.h"

/* Of a header; it has 16 bytes, or 24 with the caller. */
#define HEADER_MAX	64u

/* u64 ts_nsec; u16 len, text_len, dict_len; u8 facility; u8 flags:5, level:3; */
#define DICT_LEN	2u		/* behind text_len */
#define FACILITY	4u
#define FLAGS		5u
#define LOG_CONT	8u

struct layout {
	uint64_t size, ts_nsec, len, text_len, caller_id;
	bool has_caller;
};

#define KEYS(name)								\
	{ "SIZE(" name ")", offsetof(struct layout, size), HEADER_MAX },	\
	{ "OFFSET(" name ".ts_nsec)", offsetof(struct layout, ts_nsec), HEADER_MAX }, \
	{ "OFFSET(" name ".len)", offsetof(struct layout, len), HEADER_MAX },	\
	{ "OFFSET(" name ".text_len)", offsetof(struct layout, text_len), HEADER_MAX }, \
	{ NULL, 0, 0 }

/* 3.5 to 3.10 called the struct "log". */
static const struct printk_key keys[] = { KEYS("printk_log") };
static const struct printk_key keys_before[] = { KEYS("log") };

struct records {
	const struct printk_reader *p;
	struct layout l;
	uint64_t len;			/* of the ring */
	uint64_t first, next;		/* offsets of the oldest record, behind the newest */
	struct printk_window window;
	char *dict;
};

/* ---- where everything is --------------------------------------------------------- */

static int layout_read(struct kx_bytes text, struct layout *l, struct kx_err *err)
{
	struct kx_bytes unused;
	bool before = kx_vmcoreinfo_get(text, "SIZE(log)", &unused);
	int r;

	r = printk_keys(text, before ? keys_before : keys, l, err);
	if (r == 0)
		r = printk_field("printk_log.ts_nsec", l->ts_nsec, 8, l->size, err);
	if (r == 0)
		r = printk_field("printk_log.len", l->len, 2, l->size, err);
	if (r == 0)
		r = printk_field("printk_log.text_len", l->text_len, FLAGS + 1, l->size, err);
	if (r < 0)
		return r;
	/* 5.1 and later, if configured. */
	l->has_caller = kx_vmcoreinfo_u64(text, "OFFSET(printk_log.caller_id)", 10,
					  &l->caller_id, NULL) == 0;
	return l->has_caller ? printk_field("printk_log.caller_id", l->caller_id, 4, l->size,
					    err) : 0;
}

static int ring_check(const struct records *b, struct kx_err *err)
{
	if (b->len < b->l.size)
		return kx_err_set(err, ENOEXEC, "log_buf_len: expected at least %" PRIu64 ", have %"
				  PRIu64, b->l.size, b->len);
	if (b->first >= b->len || b->next > b->len)
		return kx_err_set(err, ENOEXEC, "log_first_idx, log_next_idx: expected offsets in"
				  " 0x%" PRIx64 " bytes, have 0x%" PRIx64 " and 0x%" PRIx64,
				  b->len, b->first, b->next);
	return 0;
}

static int records_open(struct records *b, const struct printk_reader *p, struct kx_err *err)
{
	uint64_t va;
	int r;

	*b = (struct records){ .p = p };
	r = layout_read(p->source->vmcoreinfo, &b->l, err);
	if (r == 0)
		r = printk_variable(p, "log_buf", 8, &va, err);
	if (r == 0)
		r = printk_variable(p, "log_buf_len", 4, &b->len, err);
	if (r == 0)
		r = printk_variable(p, "log_first_idx", 4, &b->first, err);
	if (r == 0)
		r = printk_variable(p, "log_next_idx", 4, &b->next, err);
	if (r == 0)
		r = ring_check(b, err);
	if (r == 0)
		r = printk_window_init(&b->window, p, va, b->len, "log_buf", err);
	if (r < 0)
		return r;
	b->dict = kx_arena_alloc(p->arena, (size_t)UINT16_MAX + 1);
	return b->dict ? 0 : kx_err_set(err, ENOMEM, "out of memory");
}

/* ---- one record ------------------------------------------------------------------- */

struct header {
	uint16_t len, text_len, dict_len;
	struct kx_printk_record record;	/* all but its text and names */
};

static int header_read(struct records *b, uint64_t off, struct header *ret, struct kx_err *err)
{
	const struct layout *l = &b->l;
	struct kx_bytes bytes;
	struct kx_rd rd;
	uint8_t flags;
	int r;

	r = printk_window_get(&b->window, off, (size_t)l->size, &bytes, err);
	if (r < 0)
		return r;
	rd = kx_rd_make(bytes, KX_LE);
	*ret = (struct header){ .record = { .has_time = true, .has_level = true } };
	kx_rd_seek(&rd, l->ts_nsec);
	ret->record.time_ns = kx_rd_u64(&rd);
	kx_rd_seek(&rd, l->len);
	ret->len = kx_rd_u16(&rd);
	kx_rd_seek(&rd, l->text_len);
	ret->text_len = kx_rd_u16(&rd);
	ret->dict_len = kx_rd_u16(&rd);
	ret->record.facility = kx_rd_u8(&rd);
	flags = kx_rd_u8(&rd);
	ret->record.level = flags >> 5;
	ret->record.continued = flags & LOG_CONT;
	ret->record.has_caller = l->has_caller;
	kx_rd_seek(&rd, l->has_caller ? l->caller_id : 0);
	ret->record.caller = l->has_caller ? kx_rd_u32(&rd) : 0;
	return 0;
}

/* "SUBSYSTEM=pci", "DEVICE=+pci:0000:00:1f.2", each with a NUL behind it. */
static void dict_parse(struct records *b, struct kx_bytes dict, struct kx_printk_record *record)
{
	static const char subsystem[] = "SUBSYSTEM=", device[] = "DEVICE=";
	const char *end = b->dict + dict.len;

	memcpy(b->dict, dict.data, dict.len);
	b->dict[dict.len] = '\0';
	for (const char *s = b->dict; s < end; s += strlen(s) + 1) {
		if (!strncmp(s, subsystem, sizeof(subsystem) - 1))
			record->subsystem = s + sizeof(subsystem) - 1;
		else if (!strncmp(s, device, sizeof(device) - 1))
			record->device = s + sizeof(device) - 1;
	}
}

static int record_read(struct records *b, uint64_t off, struct header *h, struct kx_err *err)
{
	size_t size = (size_t)b->l.size, inner = (size_t)h->text_len + h->dict_len;
	struct kx_err why = { .code = 0 };
	struct kx_bytes bytes;

	if (inner > h->len - size) {
		printk_bad(b->p, "log_buf + 0x%" PRIx64 ": text_len, dict_len: expected at most %zu"
			   " together, have %u and %u", off, h->len - size, h->text_len,
			   h->dict_len);
		if (h->text_len > h->len - size)
			h->text_len = (uint16_t)(h->len - size);
		h->dict_len = 0;
		inner = h->text_len;
	}
	if (printk_window_get(&b->window, off, size + inner, &bytes, &why) < 0) {
		printk_bad(b->p, "log_buf + 0x%" PRIx64 ": %s", off, why.text);
		return 0;
	}
	h->record.text = (struct kx_bytes){ bytes.data + size, h->text_len };
	dict_parse(b, (struct kx_bytes){ bytes.data + size + h->text_len, h->dict_len },
		   &h->record);
	return b->p->out->record(b->p->out->ctx, &h->record, err);
}

/* ---- all records ------------------------------------------------------------------ */

/*
 * The record at @off, or the mark behind the last one before the ring's end.
 * h->len 0: the mark.  Past a record whose length makes no sense there is no
 * other way to the next.
 */
static int step(struct records *b, uint64_t off, uint64_t end, struct header *h,
		struct kx_err *err)
{
	uint64_t room = end - off;
	int r;

	/* The mark is a header, too: there is room for one. */
	if (room < b->l.size)
		return kx_err_set(err, ENOEXEC, "expected a record of %" PRIu64 " bytes or more,"
				  " have %" PRIu64 " before the end", b->l.size, room);
	r = header_read(b, off, h, err);
	if (r < 0)
		return r;
	if (h->len == 0 && end == b->len)
		return 0;
	if (h->len < b->l.size || h->len > room)
		return kx_err_set(err, ENOEXEC, "len: expected %" PRIu64 " to %" PRIu64 ", have %u",
				  b->l.size, room, h->len);
	return 0;
}

/* From @off to @end, which is the ring's end or where the next record will be. */
static int stretch(struct records *b, uint64_t off, uint64_t end, struct kx_err *err)
{
	int r = 0;

	while (off < end && r == 0) {
		struct kx_err why = { .code = 0 };
		struct header h;

		if (step(b, off, end, &h, &why) < 0) {
			printk_bad(b->p, "log_buf + 0x%" PRIx64 ": %s; up to 0x%" PRIx64
				   " nothing can be read", off, why.text, end);
			return 0;
		}
		if (h.len == 0)
			return 0;
		r = record_read(b, off, &h, err);
		off += h.len;
	}
	return r;
}

/* A stretch that cannot be read to its end does not hide the one behind the wrap. */
int printk_records_read(const struct printk_reader *p, struct kx_err *err)
{
	struct records b;
	int r;

	r = records_open(&b, p, err);
	if (r < 0)
		return r;
	if (b.first <= b.next)
		return stretch(&b, b.first, b.next, err);
	r = stretch(&b, b.first, b.len, err);
	return r < 0 ? r : stretch(&b, 0, b.next, err);
}
