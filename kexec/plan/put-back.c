/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The plan of the way back to a kernel that is kept in memory (kx/keep.h): purgatory
 * moves its pages from the areas to where they belong, and enters it.  The order of
 * decisions; called by build.c.
 *
 * Much as for a saved core (saved.c), but that nothing is loaded beside purgatory and
 * its list: the pages are in memory that this kernel was told to leave alone.  What
 * is at home already stays; nothing else has its home in an area, so all moves go
 * from areas to elsewhere, and their order does not matter.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kx/arch.h"
#include "kx/cmdline.h"
#include "kx/number.h"
#include "print.h"
#include "saved.h"

/* ---- what was asked ---------------------------------------------------------------- */

static int check_request(const struct kx_plan *p, struct kx_err *err)
{
	const struct kx_request *req = p->request;
	const struct kx_peer *peer = &p->sources->peer;

	if (req->has_resume_entry && req->resume_entry != peer->entry)
		return kx_err_set(err, EINVAL,
				  "--load-resume-entry: expected 0x%" PRIx64 ", the entry of the kernel that is kept in memory, have 0x%" PRIx64,
				  peer->entry, req->resume_entry);
	if (req->call == KX_CALL_FILE)
		return kx_err_set(err, EINVAL,
				  "--load-resume-entry works with kexec_load only, and -s asks for kexec_file_load");
	return 0;
}

/* This kernel is not returned to: what is asked of one that is would be wrong. */
static int settle_request(struct kx_plan *p, struct kx_err *err)
{
	struct kx_request *req = kx_arena_alloc(p->arena, sizeof(*req));

	if (!req)
		return kx_err_set(err, ENOMEM, "out of memory");
	*req = *p->request;
	req->preserve = false;
	p->request = req;
	p->call = KX_CALL_LOAD;
	p->call_why = "purgatory puts the kept memory back";
	p->fallback_why_not = p->call_why;
	p->flags = p->arch->kexec_arch;
	p->pack = KX_PACK_NONE;
	p->pack_why = "the pages lie in memory as they are";
	p->stage = KX_STAGE_KERNEL;
	p->stage_why = "only purgatory and its list are loaded";
	return 0;
}

/* ---- memory --------------------------------------------------------------------------- */

/* RAM, and what this kernel was told is reserved, as the areas on x86_64. */
static int find_all(const struct saved_job *j, struct kx_space *ret, struct kx_err *err)
{
	const struct kx_memmap *m = &j->p->sources->firmware;
	int rc = 0;

	kx_space_init(ret, j->p->arena);
	for (size_t i = 0; i < m->n && rc == 0; i++)
		if (m->v[i].type == KX_MEM_RAM || m->v[i].type == KX_MEM_RESERVED)
			rc = kx_space_add(ret, m->v[i].r, err);
	return rc;
}

static int add_areas(struct saved_job *j, struct kx_err *err)
{
	struct kx_space all;
	int rc = find_all(j, &all, err);

	for (size_t i = 0; i < j->core->kept_area_count && rc == 0; i++) {
		struct kx_range area = j->core->kept_area[i];

		if (!kx_space_contains(&all, area))
			return kx_err_set(err, EINVAL,
					  "area %zu: expected memory of this machine, have [0x%" PRIx64 "-0x%" PRIx64 ")",
					  i + 1, area.start, area.end);
		rc = kx_space_add(&j->ram, area, err);
		if (rc == 0)
			rc = kx_space_remove(&j->p->space, area, err);
	}
	return rc;
}

/*
 * The core headers were put where that kernel may have pages, and on x86_64 are
 * reserved in our map.
 */
static int add_core_headers(struct saved_job *j, struct kx_err *err)
{
	const struct kx_sources *src = j->p->sources;
	const struct kx_memmap *m = &src->firmware;
	struct kx_bytes value;
	char word[64];
	uint64_t pa;
	int rc = 0;

	if (!src->cmdline || !kx_cmdline_get(src->cmdline, "elfcorehdr", &value) ||
	    value.len >= sizeof(word))
		return 0;
	memcpy(word, value.data, value.len);
	word[value.len] = '\0';
	if (kx_number_parse(word, 0, &pa, NULL) < 0)
		return 0;
	for (size_t i = 0; i < m->n && rc == 0; i++)
		if (m->v[i].type == KX_MEM_RESERVED && pa >= m->v[i].r.start && pa < m->v[i].r.end)
			rc = kx_space_add(&j->ram, kx_range_shrink(m->v[i].r, src->page_size), err);
	return rc;
}

static int find_memory(struct saved_job *j, struct kx_err *err)
{
	int rc = saved_ram(j, err);

	if (rc == 0)
		rc = add_areas(j, err);
	if (rc == 0)
		rc = add_core_headers(j, err);
	if (rc == 0)
		rc = saved_runs(j, err);
	if (rc == 0)
		rc = saved_entry(j, err);
	return rc < 0 ? rc : saved_holes(j, err);
}

/* ---- the list ----------------------------------------------------------------------------- */

/* Record @i, if it is not at home. */
static bool is_moved(const struct saved_job *j, size_t i)
{
	return j->core->kept_pa[i] != j->core->record[i].pa;
}

static bool goes_on(const struct purg_unpack *last, uint64_t src_pa, uint64_t dst_pa)
{
	return last->dst_pa + last->dst_len == dst_pa && last->src_pa + last->src_len == src_pa;
}

/* All moves to @list; NULL: only count them. */
static size_t add_moves(const struct saved_job *j, struct purg_unpack *list)
{
	struct purg_unpack last = { .dst_len = 0 };
	size_t n = 0;

	for (size_t i = 0; i < j->core->head.record_count; i++) {
		struct kx_range home = saved_record_range(j, i);
		uint64_t kept = j->core->kept_pa[i], len = kx_range_len(home);

		if (!is_moved(j, i))
			continue;
		if (last.dst_len && goes_on(&last, kept, home.start)) {
			last.src_len += len;
			last.dst_len += len;
		} else {
			last = (struct purg_unpack){
				.src_pa = kept, .src_len = len, .dst_pa = home.start,
				.dst_len = len, .codec = PURG_CODEC_RAW,
			};
			n++;
		}
		if (list)
			list[n - 1] = last;
	}
	return n;
}

/* j->written: where moved pages go, in whole pages of this kernel. */
static int find_written(struct saved_job *j, size_t moves, struct kx_err *err)
{
	uint64_t page = j->p->sources->page_size;

	j->written = kx_arena_alloc_raw(j->p->arena, (moves + 1) * sizeof(*j->written));
	if (!j->written)
		return kx_err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < moves; i++) {
		const struct purg_unpack *u = &j->p->unpack[i];
		struct kx_range r = { u->dst_pa, u->dst_pa + u->dst_len };
		struct kx_range *last = j->written_count ? &j->written[j->written_count - 1] : NULL;

		r = kx_range_grow(r, page);
		if (last && r.start <= last->end)
			last->end = r.end;
		else
			j->written[j->written_count++] = r;
	}
	return 0;
}

static int no_room(const struct saved_job *j, int rc, struct kx_err *err)
{
	char have[KX_SIZE_TEXT], most[KX_SIZE_TEXT];

	return rc != -ENOSPC ? rc :
	       kx_err_wrap(err, "no room for the way back: the kernel that is kept in memory has no page in %s that may be used, the largest piece of that being %s",
			   kx_size_text(j->holes_total, have), kx_size_text(j->holes_largest, most));
}

static int build_list(struct saved_job *j, struct kx_err *err)
{
	size_t moves = add_moves(j, NULL);
	struct kx_plan *p = j->p;
	int rc;

	if (moves > UINT32_MAX)
		return kx_err_set(err, E2BIG, "%zu moves, and purgatory counts them with 32 bits", moves);
	/* Room for one, so that a kernel that is all at home has a list, too. */
	rc = saved_take(j, moves + 1, err);
	if (rc < 0)
		return no_room(j, rc, err);
	p->unpack = kx_arena_alloc_raw(p->arena, (moves + 1) * sizeof(*p->unpack));
	if (!p->unpack)
		return kx_err_set(err, ENOMEM, "no memory for %zu unpack records", moves);
	p->unpack_count = add_moves(j, p->unpack);
	rc = find_written(j, moves, err);
	if (rc == 0)
		rc = saved_place_list(j, err);
	return rc < 0 ? rc : saved_homes(j, err);
}

/* ---- the plan ------------------------------------------------------------------------------ */

static int build(struct saved_job *j, struct kx_err *err)
{
	struct kx_plan *p = j->p;
	int rc;

	rc = kx_plan_space(p, err);
	if (rc == 0)
		rc = find_memory(j, err);
	if (rc == 0)
		rc = build_list(j, err);
	if (rc == 0)
		rc = kx_plan_regions(p, err);
	if (rc == 0)
		rc = saved_place_purgatory(j, "moves the pages home, then enters that kernel", err);
	if (rc == 0)
		rc = kx_plan_check(p, err);
	if (rc < 0)
		return rc;
	if (!j->core->kept_sha256)
		kx_plan_note(p, "the kept memory has no digests: purgatory does not verify it");
	return kx_plan_seal(p, err);
}

int kx_plan_build_put_back(struct kx_plan *p, struct kx_err *err)
{
	struct saved_job j = { .p = p, .core = p->sources->peer.kept };
	int rc = check_request(p, err);

	if (rc < 0)
		return rc;
	p->saved = j.core;
	p->cmdline = "";
	p->release = j.core->contexts.context.release;
	rc = settle_request(p, err);
	if (rc == 0)
		rc = kx_saved_same(p, err);
	if (rc == 0)
		rc = p->arch->enter_saved(p, err);
	if (rc == 0)
		rc = build(&j, err);
	if (rc < 0)
		kx_err_wrap(err, "%s", p->sources->peer.source);
	return rc;
}
