/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of a plan that says which saved core it puts back, or which kernel that
 * is kept in memory.  Called by text.c and json.c.
 */
#include <inttypes.h>
#include <string.h>

#include "kx/json.h"
#include "print.h"

static uint64_t packed_bytes(const struct kx_plan *p)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < p->saved->head.block_count; i++)
		sum += p->saved->block[i].len;
	return sum;
}

/* Of a kernel that is kept in memory, those that need not be moved. */
static uint64_t pages_at_home(const struct kx_saved *s)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < s->head.record_count; i++)
		if (s->kept_pa[i] == s->record[i].pa)
			pages += s->record[i].pages;
	return pages;
}

static void hex(struct kx_text *t, const uint8_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		kx_text_add(t, "%02x", v[i]);
}

static void differences_text(const struct kx_plan *p, struct kx_text *t)
{
	if (p->differences)
		kx_text_add(t, "--- the machine that was saved\n+++ this machine\n%s\n",
			    p->differences);
}

static void kept_text(const struct kx_plan *p, struct kx_text *t)
{
	const struct kx_saved *s = p->saved;
	const struct kx_context *c = &s->contexts.context;
	char memory[KX_SIZE_TEXT], home[KX_SIZE_TEXT];

	kx_text_add(t, "%-13s%s at 0x%" PRIx64 ", from %s, kept in memory: %s", "returns to",
		    *c->release ? c->release : "an unknown kernel", p->sources->peer.entry,
		    kx_resume_source(p), kx_size_text(s->head.page_count * c->page_size, memory));
	kx_text_add(t, ", %s of it at home\n",
		    kx_size_text(pages_at_home(s) * c->page_size, home));
	for (size_t i = 0; i < s->kept_area_count; i++)
		kx_text_add(t, "%-13s0x%" PRIx64 " - 0x%" PRIx64 ", %s\n", i ? "" : "areas",
			    s->kept_area[i].start, s->kept_area[i].end,
			    kx_size_text(kx_range_len(s->kept_area[i]), memory));
	differences_text(p, t);
}

bool kx_kept_print_verified(const struct kx_plan *p, bool any, struct kx_text *t)
{
	if (!p->saved || !p->saved->kept_sha256 || p->request->no_checks)
		return any;
	for (size_t i = 0; i < p->saved->kept_area_count; i++, any = true)
		kx_text_add(t, "%skept %zu", any ? ", " : "", i);
	return any;
}

void kx_saved_print_text(const struct kx_plan *p, struct kx_text *t)
{
	const struct saved_head *h = &p->saved->head;
	const struct kx_context *c = &p->saved->contexts.context;
	char memory[KX_SIZE_TEXT], packed[KX_SIZE_TEXT], date[KX_SAVED_DATE];

	if (p->saved->kept_pa) {
		kept_text(p, t);
		return;
	}
	kx_text_add(t, "%-13s%s: %s, %s", "saved core", p->request->kernel.path,
		    kx_saved_state_name((enum kx_saved_state)h->state),
		    kx_size_text(h->page_count * c->page_size, memory));
	kx_text_add(t, " of memory, %s as %s\n", kx_size_text(packed_bytes(p), packed),
		    kx_saved_codec_name((enum kx_saved_codec)h->codec));
	kx_text_add(t, "%-13s%s, saved %s, image ", "its kernel",
		    *c->release ? c->release : "an unknown one", kx_saved_date(h->created, date));
	hex(t, h->id, sizeof(h->id));
	kx_text_add(t, "\n");
	differences_text(p, t);
}

/* A line each. */
static void json_differences(const struct kx_plan *p, struct kx_json *j)
{
	const char *s = p->differences ? p->differences : "";

	kx_json_array(j, "differences");
	while (*s) {
		size_t len = strcspn(s, "\n");
		const char *line = kx_arena_printf(p->arena, "%.*s", (int)len, s);

		kx_json_str(j, NULL, line);
		s += len + (s[len] == '\n');
	}
	kx_json_array_end(j);
}

static void json_homes(const struct kx_plan *p, struct kx_json *j)
{
	kx_json_array(j, "homes");
	for (size_t i = 0; i < p->home_count; i++) {
		kx_json_object(j, NULL);
		kx_json_hex(j, "start", p->home[i].start);
		kx_json_hex(j, "end", p->home[i].end);
		kx_json_object_end(j);
	}
	kx_json_array_end(j);
}

static void kept_json(const struct kx_plan *p, struct kx_json *j)
{
	const struct kx_saved *s = p->saved;

	kx_json_object(j, "put_back");
	kx_json_u64(j, "page_size", s->contexts.context.page_size);
	kx_json_u64(j, "pages", s->head.page_count);
	kx_json_u64(j, "pages_at_home", pages_at_home(s));
	kx_json_array(j, "areas");
	for (size_t i = 0; i < s->kept_area_count; i++) {
		struct kx_text sha256;

		kx_text_init(&sha256, p->arena);
		if (s->kept_sha256)
			hex(&sha256, s->kept_sha256[i], sizeof(s->kept_sha256[i]));
		kx_json_object(j, NULL);
		kx_json_hex(j, "start", s->kept_area[i].start);
		kx_json_hex(j, "end", s->kept_area[i].end);
		kx_json_str(j, "sha256", s->kept_sha256 ? kx_text_str(&sha256) : NULL);
		kx_json_object_end(j);
	}
	kx_json_array_end(j);
	json_differences(p, j);
	json_homes(p, j);
	kx_json_object_end(j);
}

void kx_saved_print_json(const struct kx_plan *p, struct kx_json *j)
{
	const struct saved_head *h = &p->saved->head;
	const struct kx_context *c = &p->saved->contexts.context;
	struct kx_text id;

	if (p->saved->kept_pa) {
		kept_json(p, j);
		return;
	}
	kx_text_init(&id, p->arena);
	hex(&id, h->id, sizeof(h->id));
	kx_json_object(j, "saved");
	kx_json_str(j, "path", p->request->kernel.path);
	kx_json_str(j, "id", kx_text_str(&id));
	kx_json_str(j, "state", kx_saved_state_name((enum kx_saved_state)h->state));
	kx_json_u64(j, "created", h->created);
	kx_json_str(j, "release", *c->release ? c->release : NULL);
	kx_json_str(j, "codec", kx_saved_codec_name((enum kx_saved_codec)h->codec));
	kx_json_u64(j, "page_size", c->page_size);
	kx_json_u64(j, "pages", h->page_count);
	kx_json_u64(j, "zero_pages", h->zero_pages);
	kx_json_u64(j, "packed_bytes", packed_bytes(p));
	json_differences(p, j);
	json_homes(p, j);
	kx_json_object_end(j);
}
