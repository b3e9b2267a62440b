// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz targets of the core reader: a whole core, its notes and the memory in it;
 * the KEXECJUMP notes on their own; the map of a kernel that is kept in memory; and
 * the kernel's log, its pages and its symbols in a core.
 */
#include <string.h>

#include "../unit/core-forge.h"
#include "kx/context.h"
#include "kx/core-pages.h"
#include "kx/core-va.h"
#include "kx/kallsyms.h"
#include "kx/keep.h"
#include "kx/printk.h"
#include "kx/saved.h"
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

static struct kx_range record_home(const struct kx_saved *s, size_t i)
{
	uint64_t len = s->record[i].pages * s->contexts.context.page_size;

	return (struct kx_range){ s->record[i].pa, s->record[i].pa + len };
}

/* What plan/put-back.c relies on: moves from areas to elsewhere. */
static void check_kept(const struct kx_saved *s)
{
	FUZZ_ASSERT(s->kept_area_count && s->kept_area_count <= KX_KEEP_AREAS_MAX);
	FUZZ_ASSERT(s->head.record_count);
	for (size_t i = 0; i < s->kept_area_count; i++)
		FUZZ_ASSERT(!i || s->kept_area[i - 1].end <= s->kept_area[i].start);
	for (size_t i = 0; i < s->head.record_count; i++) {
		struct kx_range home = record_home(s, i), kept = { s->kept_pa[i], 0 };
		bool in = false, touches = false;

		FUZZ_ASSERT(s->record[i].pages && home.start < home.end);
		FUZZ_ASSERT(!i || record_home(s, i - 1).end <= home.start);
		kept.end = kept.start + kx_range_len(home);
		for (size_t k = 0; k < s->kept_area_count; k++) {
			in |= kx_range_contains(s->kept_area[k], kept);
			touches |= kx_range_overlaps(s->kept_area[k], home);
		}
		FUZZ_ASSERT(in);
		FUZZ_ASSERT(!touches || home.start == kept.start);
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
		read_memory(&core, rc == 0 ? kx_contexts_map(&notes) : NULL);
		if (rc == 0) {
			struct kx_saved kept;

			rc = kx_saved_kept(&core, &notes, &a, &kept, &err);
			fuzz_check(rc, &err);
			if (rc == 0)
				check_kept(&kept);
		}
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

#define KEPT_PAGES	4096u

/*
 * Moves in the order of the records, and backwards: both give each page back.
 * @page has what is in memory: a number for each page of A's, 0 where there is none.
 */
static void move_kept(const struct kx_saved *s, uint16_t *page, bool backwards)
{
	size_t n = s->head.record_count;

	for (size_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < s->record[i].pages; k++)
			page[s->kept_pa[i] / 4096 + k] = (uint16_t)(s->record[i].pa / 4096 + k + 1);
	for (size_t m = 0; m < n; m++) {
		size_t i = backwards ? n - 1 - m : m;

		memmove(&page[s->record[i].pa / 4096], &page[s->kept_pa[i] / 4096],
			s->record[i].pages * sizeof(*page));
	}
	for (size_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < s->record[i].pages; k++)
			FUZZ_ASSERT(page[s->record[i].pa / 4096 + k] == s->record[i].pa / 4096 + k + 1);
}

/*
 * Areas and runs of a small machine: a byte, how many areas (0: no INTEGRITY), two
 * bytes for each, where and how many of 64 KiB; then runs of home, kept and pages, each
 * two bytes of which twelve bits count.
 */
void fuzz_kept(struct kx_bytes in)
{
	struct kx_rd rd = kx_rd_make(in, KX_LE);
	struct kx_core core = { .machine = KX_ELF_ARM64 };
	static uint16_t page[2 * KEPT_PAGES];
	struct forge map = FORGE_NONE;
	struct kx_context_chunk chunk[16];
	struct kx_contexts notes = {
		.has_context = true, .has_map = true,
		.context = { .machine = KX_ELF_ARM64, .source = CONTEXT_SOURCE_SNAPSHOT, .page_size = 4096,
			     .entry_kind = CONTEXT_ENTRY_RESUME_ARM64, .filled = true, .entry = 4 },
		.integrity = { .digest = CONTEXT_DIGEST_SHA256, .chunk = chunk },
	};
	struct kx_err err = { .code = 0 };
	static const uint8_t digest[32];
	uint64_t floor = 0, pages = 0;
	struct kx_saved kept;
	struct kx_arena a;
	size_t n, runs = 0;
	int rc;

	n = kx_rd_u8(&rd) % 16;
	for (size_t i = 0; i < n; i++) {
		uint64_t start = floor + kx_rd_u8(&rd) % 64, len = 1 + kx_rd_u8(&rd) % 32;

		chunk[i] = (struct kx_context_chunk){
			.pa = { start << 16, (start + len) << 16 }, .digest = { digest, 32 },
		};
		floor = start + len;
	}
	notes.integrity.chunk_count = n;
	notes.has_integrity = n;
	forge_room(&map, KX_CONTEXT_MAP_LEN);
	for (; rd.off + 6 <= in.len && runs < 1000; runs++) {
		uint64_t home = kx_rd_u16(&rd) % KEPT_PAGES, at = kx_rd_u16(&rd) % KEPT_PAGES;
		uint64_t len = 1 + kx_rd_u16(&rd) % (KEPT_PAGES - 1);

		forge_le64(&map, home << 12);
		forge_le64(&map, at << 12);
		forge_le64(&map, len);
		pages += len;
	}
	kx_put_le32(map.p, 1);
	kx_put_le32(map.p + 4, CONTEXT_FILLED);
	kx_put_le64(map.p + 8, 4096);
	kx_put_le64(map.p + 16, runs);
	kx_put_le64(map.p + 24, pages);
	kx_arena_init(&a);
	rc = kx_context_map_parse(forge_bytes(&map), &a, &notes.map, &err);
	fuzz_check(rc, &err);
	if (rc == 0)
		rc = kx_saved_kept(&core, &notes, &a, &kept, &err);
	fuzz_check(rc, &err);
	if (rc == 0) {
		check_kept(&kept);
		move_kept(&kept, page, false);
		move_kept(&kept, page, true);
	}
	kx_arena_deinit(&a);
	forge_free(&map);
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
		bool read = kx_contexts_read(&core, &a, &notes, NULL) == 0;

		source = (struct kx_printk_source){ va_read, &va, kx_vmcoreinfo_text(&core) };
		sink = (struct kx_printk_sink){ record_touch, &count };
		kx_core_va_init(&va, &core, read ? kx_contexts_map(&notes) : NULL, source.vmcoreinfo);
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
		FUZZ_ASSERT(run.kind <= KX_PAGE_POISONED);
		at = run.end;
	}
}

/* The file as it is, without a copy. */
static int core_view(void *ctx, uint64_t off, size_t len, const uint8_t **ret, struct kx_err *err)
{
	const struct kx_bytes *b = ctx;

	(void)err;
	FUZZ_ASSERT(off <= b->len && len <= b->len - off);
	*ret = b->data + off;
	return 0;
}

/* What is seen does not depend on where one begins, nor on whether it is copied. */
static void walk_again(const struct kx_pages *p, struct kx_range r, struct kx_arena *a)
{
	struct kx_core copied = *p->va->core;
	struct kx_core_va va = *p->va;
	struct kx_page_run one = { .end = 0 }, other = { .end = 0 };
	uint64_t mid = r.start + kx_range_len(r) / p->page_size / 2 * p->page_size;
	struct kx_pages whole, part;

	copied.file.view = NULL;
	va.core = &copied;
	if (kx_range_len(r) == 0 || kx_pages_fork(p, p->va, a, &whole, NULL) < 0 ||
	    kx_pages_fork(p, &va, a, &part, NULL) < 0)
		return;
	for (uint64_t at = r.start; at <= mid; at = one.end)
		if (kx_pages_next(&whole, at, r.end, &one, NULL) < 0)
			return;
	if (kx_pages_next(&part, mid, r.end, &other, NULL) < 0)
		return;
	FUZZ_ASSERT(one.kind == other.kind && one.end == other.end);
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
	file.view = core_view;
	if (kx_core_open(&file, &a, &core, NULL) == 0) {
		kx_core_va_init(&va, &core, NULL, kx_vmcoreinfo_text(&core));
		rc = kx_pages_init(&pages, &va, kx_vmcoreinfo_text(&core), &a, &err);
		fuzz_check(rc, &err);
		/* As vmcore-dump: nothing that is cut off. */
		for (size_t i = 0; rc == 0 && core.end <= file.len && i < core.span_count; i++) {
			struct kx_range r = kx_range_shrink(core.span[i].pa, pages.page_size);

			walk_pages(&pages, r);
			if (i < 4)
				walk_again(&pages, r, &a);
		}
		for (size_t i = 0; rc == 0 && pages.doubt[i]; i++)
			FUZZ_ASSERT(strlen(pages.doubt[i]));
	}
	kx_arena_deinit(&a);
}

void fuzz_kallsyms(struct kx_bytes in)
{
	struct kx_err err = { .code = 0 };
	struct kx_core_file file;
	struct kx_core core;
	struct kx_core_va va;
	struct kx_bytes copy;
	struct kx_arena a;
	uint64_t v;

	kx_arena_init(&a);
	copy = fuzz_copy(&a, in);
	file = core_file(&copy);
	if (kx_core_open(&file, &a, &core, NULL) == 0) {
		struct kx_bytes text = kx_vmcoreinfo_text(&core);

		kx_core_va_init(&va, &core, NULL, text);
		fuzz_check(kx_kallsyms_find(&va, text, "vm_zone_stat", &a, &v, &err), &err);
		err.code = 0;
		fuzz_check(kx_pages_free_expected(&va, text, &a, &v, &err), &err);
	}
	kx_arena_deinit(&a);
}
