// SPDX-License-Identifier: GPL-2.0-only
/*
 * --info: which kernel a core is of, what is in it, and how to get back to it.
 * The JSON is a promise: doc/plan-json.md, schema "vmcore-info/1".  Called by
 * main.c.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "vmcore-dump.h"

/* Types of the notes named "CORE". */
#define NT_PRSTATUS	1

/* What VMCOREINFO says of the kernel; NULL and !known where it does not. */
struct kernel {
	const char *release, *build_id;
	bool has_page_size, has_offset, has_crash_time;
	uint64_t page_size, offset, crash_time;
};

static bool number(const struct dump *d, const char *key, int base, uint64_t *ret)
{
	return kx_vmcoreinfo_u64(d->vmcoreinfo, key, base, ret, NULL) == 0;
}

/* Bytes of a file may be anything; a terminal shall not obey them. */
static const char *printable(const struct dump *d, const char *s)
{
	char *copy = s ? kx_arena_strdup(d->arena, s) : NULL;

	for (char *p = copy; p && *p; p++)
		if (*p < 0x20 || *p > 0x7e)
			*p = '?';
	return copy;
}

static const char *value(const struct dump *d, const char *key)
{
	return printable(d, kx_vmcoreinfo_str(d->vmcoreinfo, key, d->arena));
}

static struct kernel kernel_of(const struct dump *d)
{
	struct kernel k = { .release = value(d, "OSRELEASE"), .build_id = value(d, "BUILD-ID") };

	k.has_page_size = number(d, "PAGESIZE", 10, &k.page_size);
	k.has_offset = number(d, "KERNELOFFSET", 16, &k.offset);
	k.has_crash_time = number(d, "CRASHTIME", 10, &k.crash_time);
	return k;
}

static size_t count_registers(const struct kx_core *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->note_count; i++)
		n += c->note[i].type == NT_PRSTATUS && !strcmp(c->note[i].name, "CORE");
	return n;
}

/* Physical memory that is in the file. */
static uint64_t memory_bytes(const struct kx_core *c)
{
	uint64_t n = 0;

	for (size_t i = 0; i < c->span_count; i++)
		n += kx_range_len(c->span[i].pa);
	return n;
}

static const char *hex(const struct dump *d, const uint8_t *p, size_t n)
{
	struct kx_text t;

	kx_text_init(&t, d->arena);
	for (size_t i = 0; i < n; i++)
		kx_text_add(&t, "%02x", p[i]);
	return kx_text_str(&t);
}

/* NULL: all zeros, that is not known. */
static const char *hex_known(const struct dump *d, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return hex(d, p, n);
	return NULL;
}

static const char *source_name(const struct kx_context *c)
{
	return c->source == CONTEXT_SOURCE_JUMP ? "jump" : "snapshot";
}

static const char *entry_name(const struct kx_context *c)
{
	static const char *const names[] = {
		[CONTEXT_ENTRY_NONE] = "none",
		[CONTEXT_ENTRY_JUMP_X86_64] = "jump-x86_64",
		[CONTEXT_ENTRY_RESTORE_X86_64] = "restore-x86_64",
		[CONTEXT_ENTRY_RESUME_ARM64] = "resume-arm64",
	};

	return names[c->entry_kind];
}

/* ---- for people -------------------------------------------------------------------- */

static void text_kernel(const struct dump *d, struct kx_text *t)
{
	struct kernel k = kernel_of(d);
	char date[64] = "";
	struct tm tm;

	kx_text_add(t, "kernel         %s\n", k.release ? k.release :
		    d->vmcoreinfo.len ? "not known" : "not known: no VMCOREINFO");
	if (k.build_id)
		kx_text_add(t, "build ID       %s\n", k.build_id);
	if (k.has_page_size)
		kx_text_add(t, "page size      %" PRIu64 "\n", k.page_size);
	if (k.has_offset)
		kx_text_add(t, "KASLR offset   0x%" PRIx64 "\n", k.offset);
	if (k.has_crash_time && k.crash_time <= INT32_MAX * 4ull &&
	    gmtime_r(&(time_t){ (time_t)k.crash_time }, &tm))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &tm);
	if (*date)
		kx_text_add(t, "crashed        %s\n", date);
}

static void text_memory(const struct dump *d, struct kx_text *t)
{
	const struct kx_core *c = &d->core;
	uint64_t bytes = memory_bytes(c);

	kx_text_add(t, "memory         %" PRIu64 " bytes (%" PRIu64 " MiB) in %zu pieces\n", bytes,
		    bytes >> 20, c->span_count);
	if (c->end > c->file.len)
		kx_text_add(t, "cut off        expected 0x%" PRIx64 " bytes, the file has 0x%" PRIx64
			    "\n", c->end, c->file.len);
	if (c->bad_count)
		kx_text_add(t, "malformed      %zu PT_LOADs are not used, the first: %s\n",
			    c->bad_count, c->bad_why);
	kx_text_add(t, "CPUs           %zu with registers\n", count_registers(c));
}

/* One line for notes that follow each other and are alike. */
static void text_notes(const struct dump *d, struct kx_text *t)
{
	const struct kx_core *c = &d->core;
	size_t i = 0;

	kx_text_add(t, "notes          %zu\n", c->note_count);
	while (i < c->note_count) {
		const struct kx_core_note *n = &c->note[i];
		size_t alike = 1;

		while (i + alike < c->note_count && c->note[i + alike].type == n->type &&
		       c->note[i + alike].desc.len == n->desc.len &&
		       !strcmp(c->note[i + alike].name, n->name))
			alike++;
		kx_text_add(t, "  %-12s 0x%-8" PRIx32 " %zu bytes", printable(d, n->name), n->type,
			    n->desc.len);
		kx_text_add(t, alike > 1 ? ", %zu times\n" : "\n", alike);
		i += alike;
	}
}

static void text_entry(const struct kx_context *c, struct kx_text *t)
{
	kx_text_add(t, "  entry        %s", entry_name(c));
	if (!c->filled) {
		kx_text_add(t, ", not recorded\n");
		return;
	}
	kx_text_add(t, " at 0x%" PRIx64, c->entry);
	for (int i = 0; i < CONTEXT_VALUES; i++)
		if (c->value[i])
			kx_text_add(t, ", value[%d] 0x%" PRIx64, i, c->value[i]);
	kx_text_add(t, "\n");
}

/* Is it the kernel that is kept in this machine's memory, and not a file? */
static bool is_kept(const struct kx_contexts *n)
{
	return n->has_context && n->context.source == CONTEXT_SOURCE_SNAPSHOT && n->has_map;
}

static uint64_t pages_at_home(const struct kx_context_map *m)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < m->run_count; i++)
		if (m->run[i].dst_pa == m->run[i].src_pa)
			pages += m->run[i].pages;
	return pages;
}

static void text_kept(const struct kx_contexts *n, struct kx_text *t)
{
	kx_text_add(t, "  kept         in memory, %" PRIu64 " pages of %" PRIu64 " bytes, %" PRIu64
		    " of them at home, %zu runs\n", n->map.page_count, n->map.page_size,
		    pages_at_home(&n->map), n->map.run_count);
	if (!n->has_integrity)
		return;
	for (size_t i = 0; i < n->integrity.chunk_count; i++)
		kx_text_add(t, "  area %-8zu0x%" PRIx64 "-0x%" PRIx64 "\n", i + 1,
			    n->integrity.chunk[i].pa.start, n->integrity.chunk[i].pa.end);
}

static void text_context(const struct dump *d, struct kx_text *t)
{
	const struct kx_context *c = &d->notes.context;
	const char *boot = hex_known(d, c->boot_id, sizeof(c->boot_id));

	kx_text_add(t, "can be entered again, made by a %s\n", source_name(c));
	kx_text_add(t, "  release      %s\n", printable(d, c->release));
	text_entry(c, t);
	if (c->boot_cpu != CONTEXT_CPU_UNKNOWN)
		kx_text_add(t, "  boot CPU     0x%" PRIx64 "\n", c->boot_cpu);
	if (!kx_range_empty(c->window))
		kx_text_add(t, "  window       0x%" PRIx64 "-0x%" PRIx64 "\n", c->window.start,
			    c->window.end);
	if (boot)
		kx_text_add(t, "  boot id      %s\n", boot);
}

static void text_state(const struct context_state *s, struct kx_text *t)
{
	if (s->status != CONTEXT_FILLED) {
		kx_text_add(t, "  state        not recorded\n");
		return;
	}
	kx_text_add(t, "  state        returns to 0x%" PRIx64 ", stack 0x%" PRIx64
		    ", control page 0x%" PRIx64 ", tables 0x%" PRIx64 "\n", s->return_address,
		    s->sp, s->control_page, s->table_page);
}

static void text_map(const struct kx_context_map *m, struct kx_text *t)
{
	kx_text_add(t, "  backup map   %s", context_status_name(m->status));
	if (m->status == CONTEXT_UNKNOWN)
		kx_text_add(t, ": the kernel's page list was not recognised");
	else if (m->status != CONTEXT_BLANK)
		kx_text_add(t, ": %" PRIu64 " pages in %zu runs, room for %" PRIu64, m->page_count,
			    m->run_count, m->capacity);
	kx_text_add(t, "\n");
}

void info_text(const struct dump *d, struct kx_text *t)
{
	kx_text_add(t, "core           %s, %s, 0x%" PRIx64 " bytes\n", d->path,
		    kx_core_machine_name(&d->core), d->file_len);
	if (d->saved)
		saved_info_text(d, t);
	else
		kdump_info_text(d, t);
	text_kernel(d, t);
	text_memory(d, t);
	text_notes(d, t);
	if (d->notes.has_context)
		text_context(d, t);
	if (d->notes.has_state)
		text_state(&d->notes.state, t);
	if (is_kept(&d->notes))
		text_kept(&d->notes, t);
	else if (d->notes.has_map)
		text_map(&d->notes.map, t);
	if (d->notes.has_integrity)
		kx_text_add(t, "  integrity    %s, %zu chunks\n",
			    d->notes.integrity.digest == CONTEXT_DIGEST_SHA256 ? "SHA-256" :
			    "CRC-32C", d->notes.integrity.chunk_count);
}

/* ---- for programs -------------------------------------------------------------------- */

static void json_hex(struct kx_json *j, const char *name, bool known, uint64_t v)
{
	if (known)
		kx_json_hex(j, name, v);
	else
		kx_json_str(j, name, NULL);
}

static void json_u64(struct kx_json *j, const char *name, bool known, uint64_t v)
{
	if (known)
		kx_json_u64(j, name, v);
	else
		kx_json_str(j, name, NULL);
}

static void json_kernel(const struct dump *d, struct kx_json *j)
{
	struct kernel k = kernel_of(d);

	kx_json_object(j, "kernel");
	kx_json_str(j, "release", k.release);
	kx_json_str(j, "build_id", k.build_id);
	json_u64(j, "page_size", k.has_page_size, k.page_size);
	json_hex(j, "offset", k.has_offset, k.offset);
	json_u64(j, "crash_time", k.has_crash_time, k.crash_time);
	kx_json_object_end(j);
}

static void json_notes(const struct kx_core *c, struct kx_json *j)
{
	kx_json_array(j, "notes");
	for (size_t i = 0; i < c->note_count; i++) {
		kx_json_object(j, NULL);
		kx_json_str(j, "name", c->note[i].name);
		kx_json_hex(j, "type", c->note[i].type);
		kx_json_u64(j, "bytes", c->note[i].desc.len);
		kx_json_object_end(j);
	}
	kx_json_array_end(j);
}

static void json_entry(const struct kx_context *c, struct kx_json *j)
{
	kx_json_object(j, "entry");
	kx_json_str(j, "kind", entry_name(c));
	kx_json_bool(j, "recorded", c->filled);
	json_hex(j, "address", c->filled, c->entry);
	kx_json_array(j, "values");
	for (int i = 0; i < CONTEXT_VALUES; i++)
		kx_json_hex(j, NULL, c->value[i]);
	kx_json_array_end(j);
	kx_json_object_end(j);
}

static void json_context(const struct dump *d, struct kx_json *j)
{
	const struct kx_context *c = &d->notes.context;

	if (!d->notes.has_context) {
		kx_json_str(j, "context", NULL);
		return;
	}
	kx_json_object(j, "context");
	kx_json_str(j, "source", source_name(c));
	kx_json_str(j, "release", c->release);
	kx_json_str(j, "boot_id", hex_known(d, c->boot_id, sizeof(c->boot_id)));
	kx_json_str(j, "ram_map", hex_known(d, c->ram_map, sizeof(c->ram_map)));
	kx_json_u64(j, "page_size", c->page_size);
	json_hex(j, "boot_cpu", c->boot_cpu != CONTEXT_CPU_UNKNOWN, c->boot_cpu);
	json_entry(c, j);
	kx_json_object(j, "window");
	json_hex(j, "start", !kx_range_empty(c->window), c->window.start);
	json_hex(j, "end", !kx_range_empty(c->window), c->window.end);
	kx_json_object_end(j);
	kx_json_object_end(j);
}

static void json_state(const struct dump *d, struct kx_json *j)
{
	const struct context_state *s = &d->notes.state;

	if (!d->notes.has_state || s->status != CONTEXT_FILLED) {
		kx_json_str(j, "state", NULL);
		return;
	}
	kx_json_object(j, "state");
	kx_json_hex(j, "sp", s->sp);
	kx_json_hex(j, "return_address", s->return_address);
	kx_json_hex(j, "slot", s->slot);
	kx_json_hex(j, "control_page", s->control_page);
	kx_json_hex(j, "table_page", s->table_page);
	kx_json_hex(j, "swap_page", s->swap_page);
	kx_json_hex(j, "list_head", s->list_head);
	kx_json_hex(j, "cr0", s->cr0);
	kx_json_hex(j, "cr3", s->cr3);
	kx_json_hex(j, "cr4", s->cr4);
	kx_json_hex(j, "efer", s->efer);
	kx_json_object_end(j);
}

static void json_map(const struct dump *d, struct kx_json *j)
{
	const struct kx_context_map *m = &d->notes.map;

	if (!d->notes.has_map) {
		kx_json_str(j, "backup_map", NULL);
		return;
	}
	kx_json_object(j, "backup_map");
	kx_json_str(j, "status", context_status_name(m->status));
	kx_json_u64(j, "pages", m->page_count);
	kx_json_u64(j, "runs", m->run_count);
	kx_json_u64(j, "capacity", m->capacity);
	kx_json_object_end(j);
}

static void json_kept(const struct kx_contexts *n, struct kx_json *j)
{
	if (!is_kept(n)) {
		kx_json_str(j, "kept", NULL);
		return;
	}
	kx_json_object(j, "kept");
	kx_json_u64(j, "pages", n->map.page_count);
	kx_json_u64(j, "pages_at_home", pages_at_home(&n->map));
	kx_json_array(j, "areas");
	for (size_t i = 0; n->has_integrity && i < n->integrity.chunk_count; i++) {
		kx_json_object(j, NULL);
		kx_json_hex(j, "start", n->integrity.chunk[i].pa.start);
		kx_json_hex(j, "end", n->integrity.chunk[i].pa.end);
		kx_json_object_end(j);
	}
	kx_json_array_end(j);
	kx_json_object_end(j);
}

void info_json(const struct dump *d, struct kx_text *t)
{
	const struct kx_core *c = &d->core;
	struct kx_json j;

	kx_json_init(&j, t);
	kx_json_object(&j, NULL);
	kx_json_str(&j, "schema", "vmcore-info/1");
	kx_json_str(&j, "file", d->path);
	kx_json_str(&j, "machine", kx_core_machine_name(c));
	kx_json_u64(&j, "bytes", d->file_len);
	kx_json_bool(&j, "cut_off", c->end > c->file.len);
	kx_json_u64(&j, "memory_bytes", memory_bytes(c));
	kx_json_u64(&j, "memory_pieces", c->span_count);
	kx_json_u64(&j, "malformed_pieces", c->bad_count);
	kx_json_u64(&j, "cpus_with_registers", count_registers(c));
	json_kernel(d, &j);
	json_notes(c, &j);
	json_context(d, &j);
	json_state(d, &j);
	json_map(d, &j);
	json_kept(&d->notes, &j);
	saved_info_json(d, &j);
	kdump_info_json(d, &j);
	kx_json_object_end(&j);
}
