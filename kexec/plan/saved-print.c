/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of a plan that says which saved core it puts back.  Called by text.c
 * and json.c.
 */
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

static void hex(struct kx_text *t, const uint8_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		kx_text_add(t, "%02x", v[i]);
}

void kx_saved_print_text(const struct kx_plan *p, struct kx_text *t)
{
	const struct saved_head *h = &p->saved->head;
	const struct kx_context *c = &p->saved->contexts.context;
	char memory[KX_SIZE_TEXT], packed[KX_SIZE_TEXT], date[KX_SAVED_DATE];

	kx_text_add(t, "%-13s%s: %s, %s", "saved core", p->request->kernel.path,
		    kx_saved_state_name((enum kx_saved_state)h->state),
		    kx_size_text(h->page_count * c->page_size, memory));
	kx_text_add(t, " of memory, %s as %s\n", kx_size_text(packed_bytes(p), packed),
		    kx_saved_codec_name((enum kx_saved_codec)h->codec));
	kx_text_add(t, "%-13s%s, saved %s, image ", "its kernel",
		    *c->release ? c->release : "an unknown one", kx_saved_date(h->created, date));
	hex(t, h->id, sizeof(h->id));
	kx_text_add(t, "\n");
	if (p->differences)
		kx_text_add(t, "--- the machine that was saved\n+++ this machine\n%s\n",
			    p->differences);
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

void kx_saved_print_json(const struct kx_plan *p, struct kx_json *j)
{
	const struct saved_head *h = &p->saved->head;
	const struct kx_context *c = &p->saved->contexts.context;
	struct kx_text id;

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
