// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log of Linux 5.10 and later: kernel/printk/printk_ringbuffer.c, whose head
 * comment is the document.  Called by printk.c.
 *
 *	descriptors	state_var, begin, next		a ring of 2^count_bits
 *	infos		seq, time, length, ...		one beside each descriptor
 *	text		id, characters			a ring of 2^size_bits bytes
 *
 * A descriptor's id grows forever; its remainder is the place in the ring.  A
 * position in the text ring ("lpos") grows forever, too.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kx/core.h"
#include "printk.h"

#define WORD		8u

/* DESC_STATE(): the two highest bits of state_var; the others are the id. */
#define STATE_SHIFT	62
#define ID_MASK		((1ULL << STATE_SHIFT) - 1)

enum state {
	STATE_RESERVED,		/* "in use by writer" */
	STATE_COMMITTED,	/* "committed by writer, could get reopened" */
	STATE_FINALIZED,	/* "committed, no further modification allowed" */
	STATE_REUSABLE,		/* "free, not yet used by any writer" */
};

/* BLK_DATALESS(): "lpos & 1UL"; both NO_LPOS: an empty line. */
#define DATALESS	1u
#define NO_LPOS		3u

/* LOG_BUF_LEN_MAX is 2^31; there is a descriptor for every 2^5 bytes of it. */
#define SIZE_BITS_MAX	31u
#define COUNT_BITS_MAX	26u

/* struct printk_info { ...; u16 text_len; u8 facility; u8 flags:5, level:3; u32 caller_id; */
#define FACILITY	2u
#define FLAGS		3u
#define CALLER		4u
#define LOG_CONT	8u

/* Sizes and offsets; the field's names are those in VMCOREINFO. */
struct layout {
	uint64_t ring, desc_ring, text_ring;
	uint64_t descs_size, count_bits, descs, infos, head_id, tail_id;
	uint64_t desc, state, blk;
	uint64_t blk_size, begin, next;
	uint64_t info, seq, ts_nsec, text_len, caller_id, dev_info;
	uint64_t dev, subsystem, device, subsystem_len, device_len;
	uint64_t text_size, size_bits, data;
	uint64_t counter;
};

#define KEY(name, field)	{ name, offsetof(struct layout, field), PRINTK_OBJECT_MAX }

static const struct printk_key keys[] = {
	KEY("SIZE(printk_ringbuffer)", ring),
	KEY("OFFSET(printk_ringbuffer.desc_ring)", desc_ring),
	KEY("OFFSET(printk_ringbuffer.text_data_ring)", text_ring),
	KEY("SIZE(prb_desc_ring)", descs_size),
	KEY("OFFSET(prb_desc_ring.count_bits)", count_bits),
	KEY("OFFSET(prb_desc_ring.descs)", descs),
	KEY("OFFSET(prb_desc_ring.infos)", infos),
	KEY("OFFSET(prb_desc_ring.head_id)", head_id),
	KEY("OFFSET(prb_desc_ring.tail_id)", tail_id),
	KEY("SIZE(prb_desc)", desc),
	KEY("OFFSET(prb_desc.state_var)", state),
	KEY("OFFSET(prb_desc.text_blk_lpos)", blk),
	KEY("SIZE(prb_data_blk_lpos)", blk_size),
	KEY("OFFSET(prb_data_blk_lpos.begin)", begin),
	KEY("OFFSET(prb_data_blk_lpos.next)", next),
	KEY("SIZE(printk_info)", info),
	KEY("OFFSET(printk_info.seq)", seq),
	KEY("OFFSET(printk_info.ts_nsec)", ts_nsec),
	KEY("OFFSET(printk_info.text_len)", text_len),
	KEY("OFFSET(printk_info.caller_id)", caller_id),
	KEY("OFFSET(printk_info.dev_info)", dev_info),
	KEY("SIZE(dev_printk_info)", dev),
	KEY("OFFSET(dev_printk_info.subsystem)", subsystem),
	KEY("OFFSET(dev_printk_info.device)", device),
	KEY("LENGTH(printk_info_subsystem)", subsystem_len),
	KEY("LENGTH(printk_info_device)", device_len),
	KEY("SIZE(prb_data_ring)", text_size),
	KEY("OFFSET(prb_data_ring.size_bits)", size_bits),
	KEY("OFFSET(prb_data_ring.data)", data),
	KEY("OFFSET(atomic_long_t.counter)", counter),
	{ NULL, 0, 0 },
};

struct ring {
	const struct printk_reader *p;
	struct layout l;
	unsigned int count_bits, size_bits;
	uint64_t head, tail;
	struct printk_window desc, info, text;
	char *subsystem, *device;	/* with room for a NUL */
};

struct desc {
	uint64_t id;
	enum state state;
	uint64_t begin, next;
};

/* ---- where everything is ------------------------------------------------------- */

static int layout_check(const struct layout *l, struct kx_err *err)
{
	const struct {
		const char *name;
		uint64_t off, width, size;
	} fields[] = {
		{ "printk_ringbuffer.desc_ring", l->desc_ring, l->descs_size, l->ring },
		{ "printk_ringbuffer.text_data_ring", l->text_ring, l->text_size, l->ring },
		{ "prb_desc_ring.count_bits", l->count_bits, 4, l->descs_size },
		{ "prb_desc_ring.descs", l->descs, WORD, l->descs_size },
		{ "prb_desc_ring.infos", l->infos, WORD, l->descs_size },
		{ "prb_desc_ring.head_id", l->head_id + l->counter, WORD, l->descs_size },
		{ "prb_desc_ring.tail_id", l->tail_id + l->counter, WORD, l->descs_size },
		{ "prb_desc.state_var", l->state + l->counter, WORD, l->desc },
		{ "prb_desc.text_blk_lpos", l->blk, l->blk_size, l->desc },
		{ "prb_data_blk_lpos.begin", l->begin, WORD, l->blk_size },
		{ "prb_data_blk_lpos.next", l->next, WORD, l->blk_size },
		{ "printk_info.seq", l->seq, WORD, l->info },
		{ "printk_info.ts_nsec", l->ts_nsec, WORD, l->info },
		{ "printk_info.text_len", l->text_len, CALLER, l->info },
		{ "printk_info.caller_id", l->caller_id, 4, l->info },
		{ "printk_info.dev_info", l->dev_info, l->dev, l->info },
		{ "dev_printk_info.subsystem", l->subsystem, l->subsystem_len, l->dev },
		{ "dev_printk_info.device", l->device, l->device_len, l->dev },
		{ "prb_data_ring.size_bits", l->size_bits, 4, l->text_size },
		{ "prb_data_ring.data", l->data, WORD, l->text_size },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		int r = printk_field(fields[i].name, fields[i].off, fields[i].width,
				     fields[i].size, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* @width bytes of the ring buffer's own struct. */
static uint64_t head_field(struct kx_bytes head, uint64_t off, size_t width)
{
	struct kx_rd rd = kx_rd_make(head, KX_LE);

	kx_rd_seek(&rd, off);
	return width == 4 ? kx_rd_u32(&rd) : kx_rd_u64(&rd);
}

static int bits_check(const char *name, uint64_t bits, unsigned int most, struct kx_err *err)
{
	if (bits && bits <= most)
		return 0;
	return kx_err_set(err, ENOEXEC, "printk_ringbuffer: %s: expected 1 to %u, have %" PRIu64,
			  name, most, bits);
}

static int windows_open(struct ring *b, struct kx_bytes head, struct kx_err *err)
{
	const struct layout *l = &b->l;
	uint64_t descs = l->desc_ring, count = 1ULL << b->count_bits;
	int r;

	r = printk_window_init(&b->desc, b->p, head_field(head, descs + l->descs, WORD),
			       count * l->desc, "descs", err);
	if (r == 0)
		r = printk_window_init(&b->info, b->p, head_field(head, descs + l->infos, WORD),
				       count * l->info, "infos", err);
	if (r == 0)
		r = printk_window_init(&b->text, b->p,
				       head_field(head, l->text_ring + l->data, WORD),
				       1ULL << b->size_bits, "data", err);
	return r;
}

static int head_read(struct ring *b, struct kx_err *err)
{
	const struct kx_printk_source *s = b->p->source;
	const struct layout *l = &b->l;
	uint8_t buf[PRINTK_OBJECT_MAX];
	struct kx_bytes head = { buf, (size_t)l->ring };
	uint64_t va, count, size;
	int r;

	r = printk_variable(b->p, "prb", WORD, &va, err);
	if (r < 0)
		return r;
	r = s->read(s->ctx, va, buf, head.len, err);
	if (r < 0)
		return kx_err_wrap(err, "printk_ringbuffer");
	count = head_field(head, l->desc_ring + l->count_bits, 4);
	size = head_field(head, l->text_ring + l->size_bits, 4);
	r = bits_check("count_bits", count, COUNT_BITS_MAX, err);
	if (r == 0)
		r = bits_check("size_bits", size, SIZE_BITS_MAX, err);
	if (r < 0)
		return r;
	b->count_bits = (unsigned int)count;
	b->size_bits = (unsigned int)size;
	b->head = head_field(head, l->desc_ring + l->head_id + l->counter, WORD) & ID_MASK;
	b->tail = head_field(head, l->desc_ring + l->tail_id + l->counter, WORD) & ID_MASK;
	return windows_open(b, head, err);
}

static int ring_open(struct ring *b, const struct printk_reader *p, struct kx_err *err)
{
	int r;

	*b = (struct ring){ .p = p };
	r = printk_keys(p->source->vmcoreinfo, keys, &b->l, err);
	if (r == 0)
		r = layout_check(&b->l, err);
	if (r < 0)
		return r;
	b->subsystem = kx_arena_alloc(p->arena, (size_t)b->l.subsystem_len + 1);
	b->device = kx_arena_alloc(p->arena, (size_t)b->l.device_len + 1);
	if (!b->subsystem || !b->device)
		return kx_err_set(err, ENOMEM, "out of memory");
	return head_read(b, err);
}

/* ---- one record -------------------------------------------------------------------- */

static uint64_t place(const struct ring *b, uint64_t id)
{
	return id & ((1ULL << b->count_bits) - 1);
}

static int desc_read(struct ring *b, uint64_t at, struct desc *ret, struct kx_err *err)
{
	const struct layout *l = &b->l;
	struct kx_bytes d;
	uint64_t state;
	int r;

	r = printk_window_get(&b->desc, at * l->desc, (size_t)l->desc, &d, err);
	if (r < 0)
		return r;
	state = head_field(d, l->state + l->counter, WORD);
	*ret = (struct desc){
		.id = state & ID_MASK, .state = state >> STATE_SHIFT,
		.begin = head_field(d, l->blk + l->begin, WORD),
		.next = head_field(d, l->blk + l->next, WORD),
	};
	return 0;
}

/*
 * Where the text block of @d is, id included.  A block that does not fit before the
 * ring's end is at its beginning, and "next" is in the following round.  Positions
 * start a round below zero, so they overflow soon.  Whether a block may end exactly
 * at the end changed; one that does has "next" at the beginning of a round, which
 * the other kind never has.
 */
static int block_find(const struct ring *b, const struct desc *d, uint64_t *ret_off,
		      uint64_t *ret_len, struct kx_err *err)
{
	uint64_t size = 1ULL << b->size_bits, len = d->next - d->begin;
	uint64_t first = d->begin >> b->size_bits;

	*ret_off = 0;
	*ret_len = 0;
	if (len <= size && first == (d->next - 1) >> b->size_bits) {
		*ret_off = d->begin & (size - 1);
		*ret_len = len;
	} else if ((d->begin + size) >> b->size_bits == d->next >> b->size_bits) {
		*ret_len = d->next & (size - 1);
	}
	if (*ret_len >= WORD && *ret_off % WORD == 0)
		return 0;
	return kx_err_set(err, ENOEXEC, "text block: expected one in a ring of 0x%" PRIx64
			  " bytes, have 0x%" PRIx64 " to 0x%" PRIx64, size, d->begin, d->next);
}

/* The text of @d, of which the info says it has @want bytes; what there is of it. */
static int text_read(struct ring *b, const struct desc *d, size_t want, struct kx_bytes *ret,
		     struct kx_err *err)
{
	struct kx_bytes block;
	uint64_t off, len, id;
	int r;

	*ret = KX_BYTES_NONE;
	if (d->begin == NO_LPOS && d->next == NO_LPOS)
		return 0;
	r = block_find(b, d, &off, &len, err);
	if (r < 0)
		return r;
	if (want > len - WORD) {
		printk_bad(b->p, "record 0x%" PRIx64 ": text_len: expected at most %" PRIu64
			   ", have %zu", d->id, len - WORD, want);
		want = (size_t)(len - WORD);
	}
	r = printk_window_get(&b->text, off, WORD + want, &block, err);
	if (r < 0)
		return r;
	id = head_field(block, 0, WORD);
	if (id != d->id)
		return kx_err_set(err, ENOEXEC, "text block at 0x%" PRIx64 ": expected that of"
				  " this record, have that of 0x%" PRIx64, off, id);
	*ret = (struct kx_bytes){ block.data + WORD, want };
	return 0;
}

/* A string in an array of @len bytes at @off; NULL if it is empty. */
static const char *name_read(struct kx_bytes info, uint64_t off, uint64_t len, char *to)
{
	memcpy(to, info.data + off, (size_t)len);
	to[len] = '\0';
	return *to ? to : NULL;
}

static int info_read(struct ring *b, uint64_t id, struct kx_printk_record *ret, size_t *ret_len,
		     struct kx_err *err)
{
	const struct layout *l = &b->l;
	struct kx_bytes info;
	uint32_t word;
	int r;

	r = printk_window_get(&b->info, place(b, id) * l->info, (size_t)l->info, &info, err);
	if (r < 0)
		return r;
	word = (uint32_t)head_field(info, l->text_len, 4);
	*ret_len = word & 0xffff;
	*ret = (struct kx_printk_record){
		.has_seq = true, .seq = head_field(info, l->seq, WORD),
		.has_time = true, .time_ns = head_field(info, l->ts_nsec, WORD),
		.has_caller = true, .caller = (uint32_t)head_field(info, l->caller_id, 4),
		.subsystem = name_read(info, l->dev_info + l->subsystem, l->subsystem_len,
				       b->subsystem),
		.device = name_read(info, l->dev_info + l->device, l->device_len, b->device),
	};
	/* VMCOREINFO does not place these two; they are where they were since 5.10. */
	if (l->caller_id == l->text_len + CALLER) {
		uint8_t flags = (uint8_t)(word >> 8 * FLAGS);

		ret->has_level = true;
		ret->facility = (uint8_t)(word >> 8 * FACILITY);
		ret->level = flags >> 5;
		ret->continued = flags & LOG_CONT;
	}
	return 0;
}

/* A record that its writer has finished; what is wrong with it goes to the account. */
static int record_read(struct ring *b, const struct desc *d, struct kx_err *err)
{
	struct kx_err why = { .code = 0 };
	struct kx_printk_record record;
	size_t len;

	if (d->begin & d->next & DATALESS && (d->begin != NO_LPOS || d->next != NO_LPOS)) {
		b->p->loss->without_text++;
		return 0;
	}
	if (info_read(b, d->id, &record, &len, &why) < 0 ||
	    text_read(b, d, len, &record.text, &why) < 0) {
		printk_bad(b->p, "record 0x%" PRIx64 ": %s", d->id, why.text);
		return 0;
	}
	return b->p->out->record(b->p->out->ctx, &record, err);
}

/* ---- all records ----------------------------------------------------------------- */

/* Places from @at to the first one in the next page, at least 1. */
static uint64_t places_in_page(const struct ring *b, uint64_t at)
{
	uint64_t va = b->desc.va + at * b->l.desc;

	return (4096 - va % 4096 + b->l.desc - 1) / b->l.desc;
}

/* What stands in the place of a record of another id. */
static void other_id(const struct ring *b, const struct desc *d, uint64_t id)
{
	/* desc_reserve() advances head_id before it takes the descriptor over. */
	if (d->id == ((id - (1ULL << b->count_bits)) & ID_MASK) || !(d->id || d->state))
		b->p->loss->unfinished++;
	else
		printk_bad(b->p, "descriptor %" PRIu64 ": expected id 0x%" PRIx64 ", have 0x%"
			   PRIx64, place(b, id), id, d->id);
}

static int walk(struct ring *b, struct kx_err *err)
{
	uint64_t count = ((b->head - b->tail) & ID_MASK) + 1, n = 1;
	int r = 0;

	for (uint64_t i = 0; i < count && r == 0; i += n) {
		uint64_t id = (b->tail + i) & ID_MASK, at = place(b, id);
		struct kx_err why = { .code = 0 };
		struct desc d;

		n = 1;
		if (desc_read(b, at, &d, &why) < 0) {
			printk_bad(b->p, "descriptor %" PRIu64 ": %s", at, why.text);
			n = places_in_page(b, at);
			if (n > (1ULL << b->count_bits) - at)
				n = (1ULL << b->count_bits) - at;
		} else if (d.id != id) {
			other_id(b, &d, id);
		} else if (d.state == STATE_RESERVED) {
			b->p->loss->unfinished++;
		} else if (d.state != STATE_REUSABLE) {
			r = record_read(b, &d, err);
		}
	}
	return r;
}

/*
 * Where head and tail cannot be right: the newest record is the one whose id is the
 * furthest, the oldest is a round before it.
 */
static void ends_guess(struct ring *b)
{
	uint64_t count = 1ULL << b->count_bits, n = 1;
	bool any = false;

	printk_bad(b->p, "printk_ringbuffer: expected head_id and tail_id less than 0x%" PRIx64
		   " apart, have 0x%" PRIx64 " and 0x%" PRIx64, count, b->head, b->tail);
	for (uint64_t at = 0; at < count; at += n) {
		struct desc d;

		n = 1;
		if (desc_read(b, at, &d, NULL) < 0) {
			n = places_in_page(b, at);
			continue;
		}
		if (place(b, d.id) != at || !(d.id || d.state))
			continue;
		/* A difference in 62 bits, by its sign. */
		if (!any || (int64_t)((d.id - b->head) << 2) > 0)
			b->head = d.id;
		any = true;
	}
	b->tail = (b->head - count + 1) & ID_MASK;
}

int printk_ring_read(const struct printk_reader *p, struct kx_err *err)
{
	struct ring b;
	int r;

	r = ring_open(&b, p, err);
	if (r < 0)
		return r;
	if (((b.head - b.tail) & ID_MASK) >> b.count_bits)
		ends_guess(&b);
	return walk(&b, err);
}
