// SPDX-License-Identifier: GPL-2.0-only
/*
 * --mem-usage (usage.h).  Called by main.c and makedumpfile-run.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kx/core-va.h"
#include "usage.h"

#define PIECE	((size_t)1 << 20)

struct counting {
	const struct kx_core *core;
	struct kx_pages pages;
	struct usage *usage;
	uint8_t *buf;
};

static bool all_zero(const uint8_t *p, size_t len)
{
	return !p[0] && !memcmp(p, p + 1, len - 1);
}

static void count_bytes(struct usage *u, const uint8_t *p, size_t len)
{
	for (size_t at = 0; at < len; at += u->page_size)
		if (all_zero(p + at, u->page_size))
			u->zero++;
		else
			u->kind[KX_PAGE_KEPT]++;
}

/* [pa, end), page by page if they cannot be had in one. */
static void count_kept(struct counting *c, uint64_t pa, uint64_t end)
{
	size_t len;

	for (; pa < end; pa += len) {
		len = end - pa < PIECE ? (size_t)(end - pa) : PIECE;
		if (kx_core_read(c->core, pa, c->buf, len, NULL) < 0) {
			len = c->usage->page_size;
			if (kx_core_read(c->core, pa, c->buf, len, NULL) < 0) {
				c->usage->unread++;
				continue;
			}
		}
		count_bytes(c->usage, c->buf, len);
	}
}

static int count_span(struct counting *c, const struct kx_core_span *span, struct kx_err *err)
{
	struct kx_range pa = kx_core_span_held(c->core, span);
	uint64_t size = c->usage->page_size, at, cut = (span->pa.end - pa.end) / size;
	struct kx_page_run run;
	int r;

	/* What the file is cut off of is not tried. */
	c->usage->pages += cut;
	c->usage->unread += cut;
	if (pa.start > UINT64_MAX - size)
		return 0;
	at = (pa.start + size - 1) / size * size;
	for (; at < pa.end && pa.end - at >= size; at = run.end) {
		r = kx_pages_next(&c->pages, at, pa.end / size * size, &run, err);
		if (r < 0)
			return r;
		c->usage->pages += (run.end - at) / size;
		if (run.kind == KX_PAGE_KEPT)
			count_kept(c, at, run.end);
		else
			c->usage->kind[run.kind] += (run.end - at) / size;
	}
	return 0;
}

int usage_count(struct dump *d, struct usage *ret, struct kx_err *err)
{
	struct usage u = { .pages = 0 };
	struct counting c = { .core = &d->core, .usage = &u };
	struct kx_core_va va;
	int r;

	kx_core_va_init(&va, &d->core, kx_contexts_map(&d->notes), d->vmcoreinfo);
	r = kx_pages_init(&c.pages, &va, d->vmcoreinfo, d->arena, err);
	if (r < 0)
		return kx_err_wrap(err, "%s", d->path);
	u.page_size = c.pages.page_size;
	c.buf = kx_arena_alloc(d->arena, PIECE);
	if (!c.buf)
		return kx_err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < d->core.span_count; i++) {
		r = count_span(&c, &d->core.span[i], err);
		if (r < 0)
			return kx_err_wrap(err, "%s", d->path);
	}
	*ret = u;
	return 0;
}

/* In makedumpfile's order, with its words. */
static const struct line {
	const char *type, *json, *what;
	int kind;			/* -1: zero */
	bool always;			/* makedumpfile has such a line */
	bool excludable;
} lines[] = {
	{ "ZERO", "zero", "Pages filled with zero", -1, true, true },
	{ "NON_PRI_CACHE", "cache", "Cache pages without private flag", KX_PAGE_CACHE, true, true },
	{ "PRI_CACHE", "cache_private", "Cache pages with private flag", KX_PAGE_CACHE_PRIVATE,
	  true, true },
	{ "USER", "user", "User process pages", KX_PAGE_USER, true, true },
	{ "FREE", "free", "Free pages", KX_PAGE_FREE, true, true },
	{ "UNACCEPTED", "unaccepted", "Pages never accepted", KX_PAGE_UNACCEPTED, false, true },
	{ "OFFLINE", "offline", "Pages of a balloon", KX_PAGE_OFFLINE, false, true },
	{ "HWPOISON", "poisoned", "Broken memory", KX_PAGE_POISONED, false, true },
	{ "KERN_DATA", "kernel", "Dumpable kernel data", KX_PAGE_KEPT, true, false },
};

#define LINES	(sizeof(lines) / sizeof(lines[0]))

static uint64_t count_of(const struct usage *u, const struct line *l)
{
	return l->kind < 0 ? u->zero : u->kind[l->kind];
}

void usage_text(const struct usage *u, struct kx_text *t)
{
	kx_text_add(t, "TYPE\t\tPAGES\t\t\tEXCLUDABLE\tDESCRIPTION\n"
		    "----------------------------------------------------------------------\n");
	for (size_t i = 0; i < LINES; i++)
		if (lines[i].always || count_of(u, &lines[i]))
			kx_text_add(t, "%s%s%-16" PRIu64 "\t%s\t\t%s\n", lines[i].type,
				    strlen(lines[i].type) < 8 ? "\t\t" : "\t", count_of(u, &lines[i]),
				    lines[i].excludable ? "yes" : "no", lines[i].what);
	if (u->unread)
		kx_text_add(t, "UNREAD\t\t%-16" PRIu64 "\tno\t\tCould not be read\n", u->unread);
	kx_text_add(t, "\npage size:\t\t%-16" PRIu64 "\nTotal pages on system:\t%-16" PRIu64 "\n"
		    "Total size on system:\t%-16" PRIu64 " Byte\n", u->page_size, u->pages,
		    u->pages * u->page_size);
}

void usage_json(const struct usage *u, const struct dump *d, struct kx_text *t)
{
	struct kx_json j;

	kx_json_init(&j, t);
	kx_json_object(&j, NULL);
	kx_json_str(&j, "schema", "vmcore-mem-usage/1");
	kx_json_str(&j, "file", d->path);
	kx_json_u64(&j, "page_size", u->page_size);
	kx_json_object(&j, "pages");
	for (size_t i = 0; i < LINES; i++)
		kx_json_u64(&j, lines[i].json, count_of(u, &lines[i]));
	kx_json_u64(&j, "unread", u->unread);
	kx_json_u64(&j, "all", u->pages);
	kx_json_object_end(&j);
	kx_json_object_end(&j);
}
