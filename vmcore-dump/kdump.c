// SPDX-License-Identifier: GPL-2.0-only
/*
 * --info, --map and --verify of what makedumpfile, QEMU and we write: kdump-compressed
 * and flattened dumps, and the checksums behind ours (kx/dump-sums.h).  Called by
 * info.c, map.c and verify.c.
 */
#include <errno.h>
#include <inttypes.h>

#include "kx/core-pages.h"
#include "kx/dump-sums.h"
#include "plain-kdump.h"
#include "vmcore-dump.h"

/* What the descriptors say. */
struct counts {
	uint64_t codec[KX_PAGE_CODECS];	/* pages that are packed in this way */
	uint64_t lost, bad;
	uint64_t bytes;			/* that the pages take */
	struct kx_err why;		/* they could not be read; or code 0 */
};

static void descs_count(const struct kx_kdump *k, struct kx_arena *a, struct counts *ret)
{
	struct kx_kdump_finder *f = kx_arena_alloc(a, sizeof(*f));
	struct counts c = { .lost = 0 };
	int r = f ? 0 : kx_err_set(&c.why, ENOMEM, "out of memory");

	if (f)
		kx_kdump_finder_init(f, k);
	for (uint64_t i = 0; r == 0 && i < k->desc_count; i++) {
		struct kx_kdump_page p;

		r = kx_kdump_desc(f, i, &p, &c.why);
		if (r < 0)
			break;
		switch (kx_kdump_desc_check(k, &p, NULL)) {
		case 0:
			c.codec[plain_kdump_codec(p.flags)]++;
			c.bytes += p.len;
			break;
		case -ENODATA:
			c.lost++;
			break;
		default:
			c.bad++;
		}
	}
	*ret = c;
}

static bool has_sums(const struct dump *d)
{
	struct kx_sums_table t;

	return !d->saved && kx_sums_find(&d->file, &t, NULL) == 0;
}

static bool is_incomplete(const struct kx_kdump *k, const struct counts *c)
{
	return k->status & KX_KDUMP_STATUS_INCOMPLETE || c->lost;
}

/* ---- for people -------------------------------------------------------------------- */

static void text_level(uint32_t level, struct kx_text *t)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} bits[] = {
		{ KX_LEVEL_ZERO, "zero" }, { KX_LEVEL_CACHE, "cache" },
		{ KX_LEVEL_CACHE_PRIVATE, "private cache" }, { KX_LEVEL_USER, "user" },
		{ KX_LEVEL_FREE, "free" },
	};
	const char *comma = " (";

	kx_text_add(t, "level %" PRIu32, level);
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (level & bits[i].bit) {
			kx_text_add(t, "%s%s", comma, bits[i].name);
			comma = ", ";
		}
	kx_text_add(t, "%s\n", *comma == ',' ? ")" : "");
}

static void text_pages(const struct kx_kdump *k, const struct counts *c, struct kx_text *t)
{
	const char *comma = "  packed       ";

	kx_text_add(t, "  pages        %" PRIu64 " of memory, %" PRIu64 " in the dump\n", k->present,
		    k->desc_count);
	for (int i = 0; i < KX_PAGE_CODECS; i++)
		if (c->codec[i]) {
			kx_text_add(t, "%s%s %" PRIu64, comma,
				    kx_page_codec_name((enum kx_page_codec)i), c->codec[i]);
			comma = ", ";
		}
	if (*comma == ',')
		kx_text_add(t, "\n");
	if (k->split && kx_range_empty(k->pages))
		kx_text_add(t, "  split        one of several files, with no pages\n");
	else if (k->split)
		kx_text_add(t, "  split        one of several files, with pages %" PRIu64 " to %" PRIu64
			    " (0x%" PRIx64 "-0x%" PRIx64 ")\n", k->pages.start, k->pages.end - 1,
			    k->pages.start * k->page_size, k->pages.end * k->page_size);
	if (c->bad)
		kx_text_add(t, "  malformed    %" PRIu64 " descriptors\n", c->bad);
	if (c->why.code)
		kx_text_add(t, "  unreadable   %s\n", c->why.text);
	if (is_incomplete(k, c))
		kx_text_add(t, "  incomplete   %" PRIu64 " pages were lost\n", c->lost);
}

void kdump_info_text(const struct dump *d, struct kx_text *t)
{
	const struct kx_kdump *k = d->kdump ? &d->kdump->kdump : NULL;
	struct counts c;

	if (d->flat)
		kx_text_add(t, "flattened      %" PRIu64 " records, %s\n", d->flat->records,
			    d->flat->ended ? "and their end" : "cut off: there is no last one");
	if (k) {
		descs_count(k, d->arena, &c);
		kx_text_add(t, "dump           kdump-compressed, version %" PRIu32 ", ", k->version);
		text_level(k->level, t);
		text_pages(k, &c, t);
	}
	if (has_sums(d))
		kx_text_add(t, "checksums      of all of it: --verify compares them\n");
}

/* Pages of memory that the dump has, run by run. */
void kdump_map_text(const struct dump *d, struct kx_text *t)
{
	const struct kx_kdump *k = &d->kdump->kdump;
	uint64_t end = 0;
	bool has;

	kx_text_add(t, "in the dump: %" PRIu64 " pages of %" PRIu32 " bytes\n", k->desc_count,
		    k->page_size);
	kx_kdump_bits_init(&d->kdump->here, k, KX_KDUMP_HERE);
	for (uint64_t page = 0; page < k->max_page; page = end) {
		struct kx_err err = { 0 };

		if (kx_kdump_bits_next(&d->kdump->here, page, k->max_page, &has, &end, &err) < 0) {
			kx_text_add(t, "  unreadable: %s\n", err.text);
			return;
		}
		if (has)
			kx_text_add(t, "  0x%016" PRIx64 "  0x%016" PRIx64 "\n", page * k->page_size,
				    end * k->page_size);
	}
}

/* ---- for programs -------------------------------------------------------------------- */

static void json_kdump(const struct kx_kdump *k, const struct counts *c, struct kx_json *j)
{
	kx_json_u64(j, "version", k->version);
	kx_json_u64(j, "level", k->level);
	kx_json_bool(j, "incomplete", is_incomplete(k, c));
	kx_json_u64(j, "page_size", k->page_size);
	kx_json_u64(j, "pages_of_memory", k->present);
	kx_json_u64(j, "pages", k->desc_count);
	kx_json_u64(j, "pages_lost", c->lost);
	kx_json_u64(j, "descriptors_malformed", c->bad);
	kx_json_u64(j, "bytes_of_pages", c->bytes);
	kx_json_object(j, "packed");
	for (int i = 0; i < KX_PAGE_CODECS; i++)
		kx_json_u64(j, kx_page_codec_name((enum kx_page_codec)i), c->codec[i]);
	kx_json_object_end(j);
	if (!k->split) {
		kx_json_str(j, "split", NULL);
		return;
	}
	kx_json_object(j, "split");
	kx_json_u64(j, "first_page", k->pages.start);
	kx_json_u64(j, "end_page", k->pages.end);
	kx_json_object_end(j);
}

void kdump_info_json(const struct dump *d, struct kx_json *j)
{
	const struct kx_kdump *k = d->kdump ? &d->kdump->kdump : NULL;
	struct counts c;

	kx_json_object(j, "dump");
	kx_json_str(j, "format", k ? "kdump" : d->saved ? "saved" : "elf");
	kx_json_bool(j, "flattened", d->flat);
	kx_json_bool(j, "cut_off", d->flat && !d->flat->ended);
	kx_json_bool(j, "checksums", has_sums(d));
	if (k) {
		descs_count(k, d->arena, &c);
		json_kdump(k, &c, j);
	}
	kx_json_object_end(j);
}

void kdump_map_json(const struct dump *d, struct kx_json *j)
{
	const struct kx_kdump *k = d->kdump ? &d->kdump->kdump : NULL;
	uint64_t end = 0;
	bool has;

	if (!k) {
		kx_json_str(j, "in_dump", NULL);
		return;
	}
	kx_json_array(j, "in_dump");
	kx_kdump_bits_init(&d->kdump->here, k, KX_KDUMP_HERE);
	for (uint64_t page = 0; page < k->max_page; page = end) {
		if (kx_kdump_bits_next(&d->kdump->here, page, k->max_page, &has, &end, NULL) < 0)
			break;
		if (!has)
			continue;
		kx_json_object(j, NULL);
		kx_json_hex(j, "start", page * k->page_size);
		kx_json_u64(j, "bytes", (end - page) * k->page_size);
		kx_json_object_end(j);
	}
	kx_json_array_end(j);
}

/* ---- --verify ------------------------------------------------------------------------- */

/* What is wrong: how much of it, and the first. */
struct faults {
	uint64_t all, bad, lost;
	struct kx_err first;
};

static void fault(struct faults *f, int r, const struct kx_err *why)
{
	if (r >= 0)
		return;
	if (!f->bad && !f->lost)
		f->first = *why;
	f->bad += r != -ENODATA;
	f->lost += r == -ENODATA;
}

/* -ENOENT: it has none. */
static int sums_verify(struct dump *d, struct faults *f, struct kx_err *err)
{
	struct kx_sums_table t;
	int r = kx_sums_find(&d->file, &t, err);
	uint8_t *buf;

	if (r < 0)
		return r;
	buf = kx_arena_alloc_raw(d->arena, KX_SUMS_EXTENT);
	if (!buf)
		return kx_err_set(err, ENOMEM, "no memory for 0x%x bytes", KX_SUMS_EXTENT);
	f->all = t.extents;
	for (uint64_t i = 0; i < t.extents; i++) {
		struct kx_err why = { 0 };
		int bad = kx_sums_check(&d->file, &t, i, buf, &why);

		/* There is no byte that may be missing. */
		fault(f, bad == -ENODATA ? -EBADMSG : bad, &why);
	}
	kx_arena_release(d->arena, buf);
	return 0;
}

static int pages_verify(struct dump *d, struct faults *f, struct kx_err *err)
{
	const struct kx_kdump *k = &d->kdump->kdump;
	uint64_t end = 0;
	bool has;

	f->all = k->desc_count;
	kx_kdump_bits_init(&d->kdump->here, k, KX_KDUMP_HERE);
	for (uint64_t page = 0; page < k->max_page; page = end) {
		int r = kx_kdump_bits_next(&d->kdump->here, page, k->max_page, &has, &end, err);

		if (r < 0)
			return r;
		for (uint64_t i = page; has && i < end; i++) {
			struct kx_err why = { 0 };

			fault(f, plain_kdump_check(d->kdump, i, &why), &why);
		}
	}
	return 0;
}

static int faults_say(const struct dump *d, const struct faults *f, const char *what,
		      struct kx_err *err)
{
	if (f->bad)
		return kx_err_set(err, EBADMSG, "%s: %" PRIu64 " of %" PRIu64 " %s are bad, the first: %s",
				  d->path, f->bad, f->all, what, f->first.text);
	if (f->lost)
		return kx_err_set(err, EBADMSG, "%s: %" PRIu64 " of %" PRIu64 " %s were lost, the first:"
				  " %s", d->path, f->lost, f->all, what, f->first.text);
	return 0;
}

int kdump_verify(struct dump *d, struct kx_text *t, struct kx_err *err)
{
	struct faults sums = { .all = 0 }, pages = { .all = 0 };
	struct kx_err why = { 0 };
	int r = sums_verify(d, &sums, &why);
	bool summed = r == 0;

	if (r == -ENOENT && !d->kdump)
		return kx_err_set(err, EINVAL, "%s: expected a saved core, a kdump-compressed dump, or"
				  " one with checksums, have one without", d->path);
	if (r < 0 && r != -ENOENT)
		return kx_err_set(err, -r, "%s: %s", d->path, why.text);
	r = faults_say(d, &sums, "MiB", err);
	if (r == 0 && d->flat && !d->flat->ended)
		r = kx_err_set(err, EBADMSG, "%s: flattened: expected a last record, the file ends"
			       " without", d->path);
	if (r == 0 && d->kdump)
		r = pages_verify(d, &pages, err);
	if (r == 0)
		r = faults_say(d, &pages, "pages", err);
	if (r < 0)
		return r;
	kx_text_add(t, "%s: ", d->path);
	if (d->kdump)
		kx_text_add(t, "%" PRIu64 " pages unpacked", pages.all);
	kx_text_add(t, "%s%s\n", d->kdump ? ", " : "", summed ? "the checksums of all of it verified" :
		    "there are no checksums to compare");
	return 0;
}
