// SPDX-License-Identifier: GPL-2.0-only
/*
 * --map: the pieces of memory that a core has, and its backup map.  The JSON is
 * a promise: doc/plan-json.md, schema "vmcore-map/1".  Called by main.c.
 */
#include <inttypes.h>

#include "vmcore-dump.h"

const char *context_status_name(enum context_status status)
{
	static const char *const names[] = {
		[CONTEXT_BLANK] = "blank",
		[CONTEXT_FILLED] = "filled",
		[CONTEXT_CUT] = "cut",
		[CONTEXT_UNKNOWN] = "unknown",
	};

	return names[status];
}

static void text_load(struct kx_text *t, const struct kx_core_load *l)
{
	if (l->pa == KX_CORE_NO_PA)
		kx_text_add(t, "  %-18s  %-18s", "-", "-");
	else
		kx_text_add(t, "  0x%016" PRIx64 "  0x%016" PRIx64, l->pa, l->pa + l->mem_len);
	kx_text_add(t, "  0x%016" PRIx64 "  0x%-12" PRIx64 " 0x%" PRIx64, l->va, l->off,
		    l->file_len);
	if (l->file_len < l->mem_len)
		kx_text_add(t, " of 0x%" PRIx64, l->mem_len);
	kx_text_add(t, "\n");
}

static void text_loads(const struct dump *d, struct kx_text *t)
{
	kx_text_add(t, "memory: %zu pieces\n", d->core.load_count);
	if (d->core.load_count)
		kx_text_add(t, "  %-18s  %-18s  %-18s  %-14s %s\n", "physical", "to", "virtual",
			    "offset", "bytes");
	for (size_t i = 0; i < d->core.load_count; i++)
		text_load(t, &d->core.load[i]);
}

void map_text(const struct dump *d, struct kx_text *t)
{
	const struct kx_context_map *m = &d->notes.map;

	(d->saved ? saved_map_text : text_loads)(d, t);
	if (d->kdump)
		kdump_map_text(d, t);
	if (!d->notes.has_map)
		return;
	kx_text_add(t, "%s: %s, %zu runs, %" PRIu64 " pages of %" PRIu64 " bytes\n",
		    d->notes.context.source == CONTEXT_SOURCE_SNAPSHOT ? "kept in memory" : "backup map",
		    context_status_name(m->status), m->run_count, m->page_count, m->page_size);
	if (m->run_count)
		kx_text_add(t, "  %-18s  %-18s  %s\n", "physical", "is at", "pages");
	for (size_t i = 0; i < m->run_count; i++)
		kx_text_add(t, "  0x%016" PRIx64 "  0x%016" PRIx64 "  %" PRIu64 "\n",
			    m->run[i].dst_pa, m->run[i].src_pa, m->run[i].pages);
}

static void json_load(struct kx_json *j, const struct kx_core_load *l)
{
	kx_json_object(j, NULL);
	if (l->pa == KX_CORE_NO_PA)
		kx_json_str(j, "start", NULL);
	else
		kx_json_hex(j, "start", l->pa);
	kx_json_hex(j, "virtual", l->va);
	kx_json_u64(j, "bytes", l->mem_len);
	kx_json_u64(j, "file_bytes", l->file_len);
	kx_json_hex(j, "offset", l->off);
	kx_json_object_end(j);
}

static void json_backup(struct kx_json *j, const struct kx_context_map *m)
{
	kx_json_object(j, "backup_map");
	kx_json_str(j, "status", context_status_name(m->status));
	kx_json_u64(j, "page_size", m->page_size);
	kx_json_u64(j, "pages", m->page_count);
	kx_json_array(j, "runs");
	for (size_t i = 0; i < m->run_count; i++) {
		kx_json_object(j, NULL);
		kx_json_hex(j, "start", m->run[i].dst_pa);
		kx_json_hex(j, "backup", m->run[i].src_pa);
		kx_json_u64(j, "pages", m->run[i].pages);
		kx_json_object_end(j);
	}
	kx_json_array_end(j);
	kx_json_object_end(j);
}

void map_json(const struct dump *d, struct kx_text *t)
{
	struct kx_json j;

	kx_json_init(&j, t);
	kx_json_object(&j, NULL);
	kx_json_str(&j, "schema", "vmcore-map/1");
	kx_json_str(&j, "file", d->path);
	kx_json_array(&j, "memory");
	if (d->saved)
		saved_map_json(d, &j);
	for (size_t i = 0; !d->saved && i < d->core.load_count; i++)
		json_load(&j, &d->core.load[i]);
	kx_json_array_end(&j);
	kdump_map_json(d, &j);
	if (d->notes.has_map)
		json_backup(&j, &d->notes.map);
	else
		kx_json_str(&j, "backup_map", NULL);
	kx_json_object_end(&j);
}
