/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel that is kept in memory, in the plan of the one that comes next: the
 * areas as segments, and core headers for its /proc/vmcore (kx/keep.h;
 * doc/resumable-core.md, "Kept in memory").  Called by the layouts.
 *
 *	ELF header | PT_NOTE, PT_NOTE | PT_LOADs | notes | MAP | zeros
 *
 * The kernels' fs/proc/vmcore.c reads each PT_NOTE into one kmalloc(), which gives
 * at most 4 MiB, and until its first zero header: so the map, which is long, has one
 * of its own, and behind either there are zeros.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "kx/arch.h"

#define INFO_NAME	"VMCOREINFO"	/* type 0 */
#define PT_NOTES	2u
/* e_phnum has 16 bits, and 0xffff has a meaning of its own. */
#define LOADS_MAX	(0xfffeu - PT_NOTES)
#define NOTES_MAX	(4u << 20)
#define NHDR_LEN	12u
#define NOTES_ALIGN	8u
#define RUNS_MAX	((NOTES_MAX - CONTEXT_NOTE_DESC - KX_CONTEXT_MAP_LEN - NHDR_LEN) / \
			 KX_CONTEXT_RUN_LEN)
#define CHUNK_LEN	(16u + SHA256_DIGEST_LEN)

/* Before there is a snapshot: this many pages are a run, and notes without the map. */
#define GUESS_RUN	16u
#define GUESS_NOTES	0x10000u

/* ---- the areas -------------------------------------------------------------------------- */

/* All there, as much as the areas have, or not taken yet. */
static int check_bytes(const struct kx_keep *keep, bool *ret_taken, struct kx_err *err)
{
	*ret_taken = keep->run != NULL;
	for (size_t i = 0; i < keep->area_count; i++) {
		if (!keep->bytes[i].data)
			*ret_taken = false;
		else if (keep->bytes[i].len != kx_range_len(keep->area[i]))
			return kx_err_set(err, EINVAL, "kept %zu: expected 0x%" PRIx64
					  " bytes, have 0x%zx", i, kx_range_len(keep->area[i]),
					  keep->bytes[i].len);
	}
	return 0;
}

int kx_keep_reserve(struct kx_plan *p, struct kx_err *err)
{
	const struct kx_keep *keep = p->request->keep;
	bool taken;
	int rc;

	rc = check_bytes(keep, &taken, err);
	for (size_t i = 0; i < keep->area_count && rc == 0; i++) {
		const char *name = kx_arena_printf(p->arena, "kept %zu", i);

		if (!name)
			return kx_err_set(err, ENOMEM, "out of memory");
		rc = kx_plan_place_at(p, name, keep->area[i],
				      taken ? keep->bytes[i] : KX_BYTES_NONE,
				      "top of memory: pages of this kernel, which is kept", err);
		if (rc == 0)
			p->segment[p->segment_count - 1].kept = true;
	}
	return rc;
}

/* ---- PT_LOADs --------------------------------------------------------------------------- */

struct core {
	const struct kx_keep *keep;
	struct kx_core_loads loads;
	/* Shorter runs have no PT_LOAD, and of those that are as long only so many. */
	uint64_t min_pages;
	size_t min_count;
	const uint8_t (*sha256)[SHA256_DIGEST_LEN];	/* of each area */
	size_t notes_len, map_len;	/* of either PT_NOTE */
	size_t notes_off, len;
};

static void loads_put(struct core *c)
{
	const struct kx_keep *keep = c->keep;
	size_t count = c->min_count;

	c->loads.count = 0;
	for (size_t i = 0; i < keep->run_count; i++) {
		const struct context_run *r = &keep->run[i];
		uint64_t len = r->pages * keep->page_size;

		if (r->pages < c->min_pages || (r->pages == c->min_pages && !count))
			continue;
		count -= r->pages == c->min_pages;
		kx_core_loads_put(&c->loads, &(struct kx_core_load){
			.pa = r->dst_pa, .mem_len = len, .off = r->src_pa, .file_len = len,
		});
	}
}

static int compare_pages(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Only the @room longest runs. */
static int leave_out(struct core *c, size_t room, struct kx_arena *a, struct kx_err *err)
{
	const struct kx_keep *keep = c->keep;
	size_t n = keep->run_count;
	uint64_t *pages = kx_arena_alloc_raw(a, n * sizeof(*pages));

	if (!pages)
		return kx_err_set(err, ENOMEM, "no memory for %zu runs of pages", n);
	for (size_t i = 0; i < n; i++)
		pages[i] = keep->run[i].pages;
	qsort(pages, n, sizeof(*pages), compare_pages);
	c->min_pages = pages[n - room];
	c->min_count = 0;
	for (size_t i = n - room; i < n && pages[i] == c->min_pages; i++)
		c->min_count++;
	kx_arena_release(a, pages);
	return 0;
}

/* Which of the runs have one; loads.count is how many there are. */
static int choose_loads(struct kx_plan *p, struct core *c, struct kx_err *err)
{
	size_t n = c->keep->run_count, image;
	int rc;

	loads_put(c);
	if (c->loads.count <= LOADS_MAX)
		return 0;
	/* Those of the image are second ones, and never so many; if they are, they go. */
	image = c->loads.count - n;
	if (image > LOADS_MAX / 2) {
		c->loads.image = (struct kx_range){ 0, 0 };
		image = 0;
	}
	if (n > LOADS_MAX - image) {
		rc = leave_out(c, LOADS_MAX - image, p->arena, err);
		if (rc < 0)
			return rc;
		kx_plan_note(p, "/proc/vmcore: the %zu shortest of %zu runs of pages are left out",
			     n - (LOADS_MAX - image), n);
	}
	loads_put(c);
	return 0;
}

/* ---- notes ------------------------------------------------------------------------------ */

/* Of what is there. */
static size_t note_len(const char *name, struct kx_bytes desc)
{
	return desc.len ? kx_core_note_len(name, desc.len) : 0;
}

static uint8_t *note_put(uint8_t *to, const char *name, uint32_t type, struct kx_bytes desc)
{
	return desc.len ? kx_core_note_build(to, name, type, desc) : to;
}

static size_t integrity_len(const struct kx_keep *keep)
{
	return KX_CONTEXT_INTEGRITY_LEN + keep->area_count * CHUNK_LEN;
}

static void integrity_build(const struct core *c, uint8_t *to)
{
	const struct kx_keep *keep = c->keep;

	kx_put_le32(to + offsetof(struct context_integrity, version), CONTEXT_NOTE_VERSION);
	kx_put_le32(to + offsetof(struct context_integrity, digest), CONTEXT_DIGEST_SHA256);
	kx_put_le64(to + offsetof(struct context_integrity, chunk_count), keep->area_count);
	to += KX_CONTEXT_INTEGRITY_LEN;
	for (size_t i = 0; i < keep->area_count; i++, to += CHUNK_LEN) {
		kx_put_le64(to, keep->area[i].start);
		kx_put_le64(to + 8, kx_range_len(keep->area[i]));
		memcpy(to + 16, c->sha256[i], SHA256_DIGEST_LEN);
	}
}

static void notes_put(const struct core *c, uint8_t *to)
{
	const struct kx_keep *keep = c->keep;
	uint8_t context[KX_CONTEXT_LEN] = { 0 };
	uint8_t integrity[KX_CONTEXT_INTEGRITY_LEN + KX_KEEP_AREAS_MAX * CHUNK_LEN];

	kx_context_build(&keep->context, context);
	integrity_build(c, integrity);
	to = note_put(to, INFO_NAME, 0, keep->vmcoreinfo);
	to = note_put(to, CONTEXT_NOTE_NAME, CONTEXT_NOTE_CONTEXT,
		      (struct kx_bytes){ context, sizeof(context) });
	to = note_put(to, CONTEXT_NOTE_NAME, CONTEXT_NOTE_MACHINE, keep->machine);
	to = note_put(to, CONTEXT_NOTE_NAME, CONTEXT_NOTE_SNAPSHOT, keep->snapshot);
	note_put(to, CONTEXT_NOTE_NAME, CONTEXT_NOTE_INTEGRITY,
		 (struct kx_bytes){ integrity, integrity_len(keep) });
}

/* Straight into its place: it may be the longest of all. */
static void map_put(const struct kx_keep *keep, uint8_t *to)
{
	size_t desc = KX_CONTEXT_MAP_LEN + keep->run_count * KX_CONTEXT_RUN_LEN;

	kx_context_note_build(to, CONTEXT_NOTE_MAP, (uint32_t)desc);
	to += CONTEXT_NOTE_DESC;
	kx_context_map_blank(to, keep->page_size);
	kx_put_le32(to + offsetof(struct context_map, status), CONTEXT_FILLED);
	kx_put_le64(to + offsetof(struct context_map, run_count), keep->run_count);
	kx_put_le64(to + offsetof(struct context_map, page_count), keep->page_count);
	to += KX_CONTEXT_MAP_LEN;
	for (size_t i = 0; i < keep->run_count; i++, to += KX_CONTEXT_RUN_LEN) {
		kx_put_le64(to, keep->run[i].dst_pa);
		kx_put_le64(to + 8, keep->run[i].src_pa);
		kx_put_le64(to + 16, keep->run[i].pages);
	}
}

static int measure_notes(struct core *c, struct kx_err *err)
{
	const struct kx_keep *keep = c->keep;
	size_t notes;

	if (keep->run_count > RUNS_MAX)
		return kx_err_set(err, E2BIG,
				  "this kernel's memory is in too many pieces to be kept: %zu runs of pages, and the map of a core has room for %u",
				  keep->run_count, RUNS_MAX);
	notes = note_len(INFO_NAME, keep->vmcoreinfo) +
		kx_core_note_len(CONTEXT_NOTE_NAME, KX_CONTEXT_LEN) +
		note_len(CONTEXT_NOTE_NAME, keep->machine) +
		note_len(CONTEXT_NOTE_NAME, keep->snapshot) +
		kx_core_note_len(CONTEXT_NOTE_NAME, integrity_len(keep)) + NHDR_LEN;
	c->notes_len = kx_align_up(notes, NOTES_ALIGN);
	c->map_len = kx_align_up(KX_CONTEXT_NOTE_LEN(KX_CONTEXT_MAP_LEN +
						     keep->run_count * KX_CONTEXT_RUN_LEN) +
				 NHDR_LEN, NOTES_ALIGN);
	if (c->notes_len > NOTES_MAX)
		return kx_err_set(err, E2BIG,
				  "core headers: notes: expected at most 0x%x bytes, have 0x%zx",
				  NOTES_MAX, c->notes_len);
	return 0;
}

/* ---- both ------------------------------------------------------------------------------ */

static int place(struct kx_plan *p, struct kx_bytes buf, uint64_t size, uint64_t *ret_pa,
		 struct kx_err *err)
{
	struct kx_want want = {
		.name = "elfcorehdr", .size = size, .align = KX_KEEP_ALIGN, .top_down = true,
	};

	return kx_plan_place(p, want, buf, "highest room: /proc/vmcore of this kernel", ret_pa, err);
}

/* How long they will be, more or less. */
static int place_guess(struct kx_plan *p, uint64_t *ret_pa, struct kx_err *err)
{
	uint64_t runs = p->request->keep->page_count / GUESS_RUN + 1;
	uint64_t loads = runs < LOADS_MAX ? runs : LOADS_MAX;

	if (runs > RUNS_MAX)
		runs = RUNS_MAX;
	return place(p, KX_BYTES_NONE, GUESS_NOTES + loads * KX_CORE_PHDR_LEN +
		     runs * KX_CONTEXT_RUN_LEN, ret_pa, err);
}

/* The digests of the areas, which purgatory compares, too. */
static int hash(struct kx_plan *p, struct core *c, struct kx_err *err)
{
	sha256_blocks_fn *blocks = kx_request_sha256(p->request).blocks;
	uint8_t (*digest)[SHA256_DIGEST_LEN];

	digest = kx_arena_alloc(p->arena, c->keep->area_count * sizeof(*digest));
	if (!digest)
		return kx_err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0, n = 0; i < p->segment_count; i++)
		if (p->segment[i].kept) {
			kx_saved_digest(p->segment[i].buf, blocks, digest[n]);
			p->segment[i].sha256 = digest[n++];
		}
	c->sha256 = digest;
	return 0;
}

static void fill(const struct kx_plan *p, struct core *c, uint8_t *blob, uint64_t pa)
{
	const uint64_t map_off = c->notes_off + c->notes_len;
	const struct kx_core_load note[PT_NOTES] = {
		{ .off = pa + c->notes_off, .pa = pa + c->notes_off,
		  .file_len = c->notes_len, .mem_len = c->notes_len },
		{ .off = pa + map_off, .pa = pa + map_off,
		  .file_len = c->map_len, .mem_len = c->map_len },
	};
	uint8_t *at = blob + KX_CORE_EHDR_LEN;

	kx_core_ehdr_build(blob, p->arch->elf_machine, KX_CORE_EHDR_LEN,
			   PT_NOTES + c->loads.count);
	for (size_t i = 0; i < PT_NOTES; i++)
		at = kx_core_phdr_build(at, KX_CORE_PT_NOTE, &note[i]);
	c->loads.at = at;
	loads_put(c);
	notes_put(c, blob + c->notes_off);
	map_put(c->keep, blob + map_off);
}

static int place_core(struct kx_plan *p, uint64_t *ret_pa, struct kx_err *err)
{
	const struct kx_core_facts *facts = &p->sources->core;
	const struct kx_keep *keep = p->request->keep;
	struct core c = { .keep = keep };
	uint8_t *blob;
	int rc;

	kx_core_loads_init(&c.loads, keep->vmcoreinfo, p->arch->elf_machine,
			   facts->direct_va.known ? facts->direct_va.value : 0);
	rc = measure_notes(&c, err);
	if (rc == 0)
		rc = choose_loads(p, &c, err);
	if (rc == 0)
		rc = hash(p, &c, err);
	if (rc < 0)
		return rc;
	c.notes_off = kx_align_up(KX_CORE_EHDR_LEN +
				  (PT_NOTES + c.loads.count) * KX_CORE_PHDR_LEN, NOTES_ALIGN);
	c.len = c.notes_off + c.notes_len + c.map_len;
	blob = kx_arena_alloc(p->arena, c.len);
	if (!blob)
		return kx_err_set(err, ENOMEM, "core headers: no memory for 0x%zx bytes", c.len);
	rc = place(p, (struct kx_bytes){ blob, c.len }, c.len, ret_pa, err);
	if (rc == 0)
		fill(p, &c, blob, *ret_pa);
	return rc;
}

int kx_keep_place(struct kx_plan *p, struct kx_range *ret_core, struct kx_err *err)
{
	uint64_t pa;
	bool taken;
	int rc;

	rc = check_bytes(p->request->keep, &taken, err);
	if (rc == 0)
		rc = taken ? place_core(p, &pa, err) : place_guess(p, &pa, err);
	if (rc < 0)
		return rc;
	*ret_core = kx_plan_segment(p, "elfcorehdr")->range;
	return 0;
}
