// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz targets of the core reader: a whole core, its notes and the memory in it;
 * the KEXECJUMP notes on their own; and the kernel's log and its free pages in a core.
 */
#include <string.h>

#include "../unit/core-forge.h"
#include "kx/context.h"
#include "kx/core-pages.h"
#include "kx/core-va.h"
#include "kx/printk.h"
#include "targets.h"

/* What the readers of memory rely on. */
static void check_core(const struct kx_core *c)
{
	for (size_t i = 0; i < c->span_count; i++) {
		const struct kx_core_span *s = &c->span[i];

		FUZZ_ASSERT(s->pa.start < s->pa.end);
		FUZZ_ASSERT(!i || s[-1].pa.end <= s->pa.start);
		FUZZ_ASSERT(kx_core_span_find(c, s->pa.start) == s);
		FUZZ_ASSERT(kx_core_span_find(c, s->pa.end - 1) == s);
	}
	for (size_t i = 0; i < c->note_count; i++) {
		fuzz_touch(c->note[i].desc);
		FUZZ_ASSERT(strlen(c->note[i].name) <= c->file.len);
	}
}

static void check_map(const struct kx_context_map *m)
{
	FUZZ_ASSERT(m->run_count <= m->capacity);
	for (size_t i = 1; i < m->run_count; i++)
		FUZZ_ASSERT(m->run[i - 1].dst_pa + m->run[i - 1].pages * m->page_size <=
			    m->run[i].dst_pa);
}

/* Each span's ends, and around them. */
static void read_memory(const struct kx_core *c, const struct kx_context_map *m)
{
	uint8_t buf[64];

	for (size_t i = 0; i < c->span_count && i < 16; i++) {
		const uint64_t at[] = { c->span[i].pa.start, c->span[i].pa.end - 32 };

		for (size_t k = 0; k < 2; k++) {
			struct kx_err err = { .code = 0 };

			fuzz_check(kx_context_memory_read(c, m, at[k], buf, sizeof(buf), &err), &err);
		}
	}
}

static void read_vmcoreinfo(const struct kx_core *c)
{
	static const char *const keys[] = { "PAGESIZE", "KERNELOFFSET" };
	struct kx_bytes text = kx_vmcoreinfo_text(c), v;
	uint64_t n;

	if (kx_vmcoreinfo_get(text, "OSRELEASE", &v))
		fuzz_touch(v);
	for (size_t i = 0; i < 2; i++) {
		struct kx_err err = { .code = 0 };

		fuzz_check(kx_vmcoreinfo_u64(text, keys[i], 16, &n, &err), &err);
		err.code = 0;
		fuzz_check(kx_vmcoreinfo_number(text, keys[i], &n, &err), &err);
	}
}

void fuzz_core(struct kx_bytes in)
{
	struct kx_err err = { .code = 0 };
	struct kx_contexts notes;
	struct kx_core_file file;
	struct kx_core core;
	struct kx_bytes copy;
	struct kx_arena a;
	int rc;

	kx_arena_init(&a);
	copy = fuzz_copy(&a, in);
	file = core_file(&copy);
	rc = kx_core_open(&file, &a, &core, &err);
	fuzz_check(rc, &err);
	if (rc == 0) {
		check_core(&core);
		read_vmcoreinfo(&core);
		rc = kx_contexts_read(&core, &a, &notes, &err);
		fuzz_check(rc, &err);
		if (rc == 0 && notes.has_map)
			check_map(&notes.map);
		read_memory(&core, rc == 0 && notes.has_map ? &notes.map : NULL);
	}
	kx_arena_deinit(&a);
}

/* The first byte is the low one of the note's type, the rest its descriptor. */
void fuzz_context(struct kx_bytes in)
{
	struct kx_err err = { .code = 0 };
	struct kx_core_note note = { .name = CONTEXT_NOTE_NAME };
	struct kx_core core = { .note = &note, .note_count = 1 };
	struct kx_contexts notes;
	struct kx_arena a;
	int rc;

	if (!in.len)
		return;
	kx_arena_init(&a);
	note.type = CONTEXT_NOTE_CONTEXT - 1 + in.data[0];
	note.desc = fuzz_copy(&a, (struct kx_bytes){ in.data + 1, in.len - 1 });
	rc = kx_contexts_read(&core, &a, &notes, &err);
	fuzz_check(rc, &err);
	if (rc == 0 && notes.has_map)
		check_map(&notes.map);
	if (rc == 0 && notes.has_integrity)
		for (size_t i = 0; i < notes.integrity.chunk_count; i++)
			fuzz_touch(notes.integrity.chunk[i].digest);
	if (rc == 0 && notes.has_context) {
		uint8_t again[KX_CONTEXT_LEN] = { 0 };

		/* What was read is what would be written; behind its NUL the release may differ. */
		kx_context_build(&notes.context, again);
		FUZZ_ASSERT(!memcmp(again, note.desc.data, 160));
	}
	kx_arena_deinit(&a);
}

static int va_read(void *ctx, uint64_t va, void *to, size_t len, struct kx_err *err)
{
	int r;

	FUZZ_ASSERT(len);
	r = kx_core_va_read(ctx, va, to, len, err);
	FUZZ_ASSERT(r <= 0);
	return r;
}

/* A log has as many records as it has descriptors, or half as many as bytes. */
#define RECORDS_MAX	(1u << 30)

static int record_touch(void *ctx, const struct kx_printk_record *r, struct kx_err *err)
{
	uint64_t *count = ctx;

	(void)err;
	FUZZ_ASSERT(++*count < RECORDS_MAX);
	FUZZ_ASSERT(r->text.len < 1u << 16);
	fuzz_touch(r->text);
	if (r->subsystem)
		FUZZ_ASSERT(strlen(r->subsystem) < 1u << 16);
	if (r->device)
		FUZZ_ASSERT(strlen(r->device) < 1u << 16);
	return 0;
}

void fuzz_dmesg(struct kx_bytes in)
{
	struct kx_printk_loss loss = { .bad = 0 };
	struct kx_err err = { .code = 0 };
	struct kx_printk_source source;
	struct kx_printk_sink sink;
	struct kx_contexts notes;
	struct kx_core_file file;
	struct kx_core core;
	struct kx_core_va va;
	struct kx_bytes copy;
	uint64_t count = 0;
	struct kx_arena a;
	int rc;

	kx_arena_init(&a);
	copy = fuzz_copy(&a, in);
	file = core_file(&copy);
	if (kx_core_open(&file, &a, &core, NULL) == 0) {
		bool backup = kx_contexts_read(&core, &a, &notes, NULL) == 0 && notes.has_map;

		source = (struct kx_printk_source){ va_read, &va, kx_vmcoreinfo_text(&core) };
		sink = (struct kx_printk_sink){ record_touch, &count };
		kx_core_va_init(&va, &core, backup ? &notes.map : NULL, source.vmcoreinfo);
		rc = kx_printk_read(&source, &sink, &a, &loss, &err);
		fuzz_check(rc, &err);
		FUZZ_ASSERT(!loss.first_bad[0] == !loss.bad);
		FUZZ_ASSERT(!strchr(loss.first_bad, '\n'));
	}
	kx_arena_deinit(&a);
}

/* Every run is whole pages, goes on where the one before ended, and is of the other kind. */
static void walk_pages(struct kx_pages *p, struct kx_range r)
{
	struct kx_page_run run = { .end = 0 }, last;
	uint64_t at = r.start;

	while (at < r.end) {
		struct kx_err err = { .code = 0 };
		int rc;

		last = run;
		rc = kx_pages_next(p, at, r.end, &run, &err);
		fuzz_check(rc, &err);
		if (rc < 0)
			return;
		FUZZ_ASSERT(run.end > at && run.end <= r.end && run.end % p->page_size == 0);
		FUZZ_ASSERT(at == r.start || run.kind != last.kind);
		at = run.end;
	}
}

void fuzz_pages(struct kx_bytes in)
{
	struct kx_err err = { .code = 0 };
	struct kx_core_file file;
	struct kx_pages pages;
	struct kx_core core;
	struct kx_core_va va;
	struct kx_bytes copy;
	struct kx_arena a;
	int rc;

	kx_arena_init(&a);
	copy = fuzz_copy(&a, in);
	file = core_file(&copy);
	if (kx_core_open(&file, &a, &core, NULL) == 0) {
		kx_core_va_init(&va, &core, NULL, kx_vmcoreinfo_text(&core));
		rc = kx_pages_init(&pages, &va, kx_vmcoreinfo_text(&core), &a, &err);
		fuzz_check(rc, &err);
		/* As vmcore-dump: nothing that is cut off. */
		for (size_t i = 0; rc == 0 && core.end <= file.len && i < core.span_count; i++)
			walk_pages(&pages, kx_range_shrink(core.span[i].pa, pages.page_size));
	}
	kx_arena_deinit(&a);
}
