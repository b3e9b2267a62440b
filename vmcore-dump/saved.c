// SPDX-License-Identifier: GPL-2.0-only
/*
 * What --info and --map say of a saved core beyond what they say of any core.  The
 * JSON is a promise: doc/plan-json.md.  Called by info.c and map.c.
 */
#include <inttypes.h>

#include "plain.h"
#include "vmcore-dump.h"

/* Bytes that its blocks store. */
static uint64_t stored_bytes(const struct kx_saved *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->head.block_count; i++)
		n += s->block[i].len;
	return n;
}

static const char *id_text(const struct dump *d)
{
	const uint8_t *id = d->saved->head.id;
	struct kx_text t;

	kx_text_init(&t, d->arena);
	for (size_t i = 0; i < sizeof(d->saved->head.id); i++)
		kx_text_add(&t, "%02x", id[i]);
	return kx_text_str(&t);
}

void saved_info_text(const struct dump *d, struct kx_text *t)
{
	const struct kx_saved *s = d->saved;
	const struct saved_head *h = &s->head;
	uint64_t bytes = h->page_count * s->contexts.context.page_size, stored = stored_bytes(s);
	char date[KX_SAVED_DATE];

	kx_text_add(t, "saved          %s, %s%s\n", kx_saved_date(h->created, date),
		    kx_saved_state_name((enum kx_saved_state)h->state),
		    h->state == KX_SAVED_CONSUMED ? ": it was resumed, and must not be again" : "");
	if (*h->resumed_by)
		kx_text_add(t, "  resumed      %s, by Linux %s\n", kx_saved_date(h->resumed, date),
			    h->resumed_by);
	kx_text_add(t, "  id           %s\n", id_text(d));
	kx_text_add(t, "  image        0x%" PRIx64 " bytes%s\n", h->length,
		    s->sector_off ? ", a stream" : "");
	if (h->flags & KX_SAVED_ENCRYPTED)
		kx_text_add(t, "  encrypted    AES-256-GCM\n");
	kx_text_add(t, "  pages        %" PRIu64 " of %" PRIu64 " bytes, %" PRIu64 " of them zero\n",
		    h->page_count, s->contexts.context.page_size, h->zero_pages);
	kx_text_add(t, "  packed       %s, %" PRIu64 " bytes to %" PRIu64 " (%.1f%%), %" PRIu64
		    " records in %" PRIu64 " blocks\n",
		    kx_saved_codec_name((enum kx_saved_codec)h->codec), bytes, stored,
		    bytes ? 100.0 * (double)stored / (double)bytes : 100.0, h->record_count,
		    h->block_count);
}

void saved_info_json(const struct dump *d, struct kx_json *j)
{
	const struct kx_saved *s = d->saved;

	if (!s) {
		kx_json_str(j, "saved", NULL);
		return;
	}
	kx_json_object(j, "saved");
	kx_json_str(j, "state", kx_saved_state_name((enum kx_saved_state)s->head.state));
	kx_json_str(j, "id", id_text(d));
	kx_json_u64(j, "created", s->head.created);
	if (*s->head.resumed_by) {
		kx_json_u64(j, "resumed", s->head.resumed);
		kx_json_str(j, "resumed_by", s->head.resumed_by);
	}
	kx_json_u64(j, "length", s->head.length);
	kx_json_bool(j, "stream", s->sector_off);
	kx_json_str(j, "codec", kx_saved_codec_name((enum kx_saved_codec)s->head.codec));
	kx_json_u64(j, "pages", s->head.page_count);
	kx_json_u64(j, "zero_pages", s->head.zero_pages);
	kx_json_u64(j, "records", s->head.record_count);
	kx_json_u64(j, "blocks", s->head.block_count);
	kx_json_u64(j, "stored_bytes", stored_bytes(s));
	kx_json_bool(j, "encrypted", s->head.flags & KX_SAVED_ENCRYPTED);
	kx_json_object_end(j);
}

/* ---- --map ------------------------------------------------------------------------- */

struct sums {
	uint64_t pages, zero_pages, stored;
};

static struct sums run_sums(const struct kx_saved *s, const struct plain_run *run)
{
	struct sums sum = { .pages = 0 };

	for (size_t i = run->first; i < run->first + run->count; i++) {
		sum.pages += s->record[i].pages;
		sum.zero_pages += s->record[i].stored ? 0 : s->record[i].pages;
		sum.stored += s->record[i].stored;
	}
	return sum;
}

void saved_map_text(const struct dump *d, struct kx_text *t)
{
	const struct plain *p = d->plain;

	saved_info_text(d, t);
	kx_text_add(t, "memory: %zu pieces\n  %-18s  %-18s  %-18s  %-10s  %-10s  %s\n", p->run_count,
		    "physical", "to", "virtual", "pages", "zero", "stored bytes");
	for (size_t i = 0; i < p->run_count; i++) {
		const struct plain_run *r = &p->run[i];
		struct sums sum = run_sums(d->saved, r);

		kx_text_add(t, "  0x%016" PRIx64 "  0x%016" PRIx64 "  0x%016" PRIx64 "  %-10" PRIu64
			    "  %-10" PRIu64 "  %" PRIu64 "\n", r->pa.start, r->pa.end, r->va,
			    sum.pages, sum.zero_pages, sum.stored);
	}
}

/* The elements of "memory". */
void saved_map_json(const struct dump *d, struct kx_json *j)
{
	const struct plain *p = d->plain;

	for (size_t i = 0; i < p->run_count; i++) {
		const struct plain_run *r = &p->run[i];
		struct sums sum = run_sums(d->saved, r);

		kx_json_object(j, NULL);
		kx_json_hex(j, "start", r->pa.start);
		kx_json_hex(j, "virtual", r->va);
		kx_json_u64(j, "bytes", kx_range_len(r->pa));
		kx_json_u64(j, "file_bytes", sum.stored);
		kx_json_str(j, "offset", NULL);
		kx_json_u64(j, "pages", sum.pages);
		kx_json_u64(j, "zero_pages", sum.zero_pages);
		kx_json_object_end(j);
	}
}
