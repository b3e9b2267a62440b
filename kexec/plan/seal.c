/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Digests and the parameter block: what makes a plan checkable by purgatory.
 *
 * Only what is loaded is hashed: the zeros behind it (bss, decompression room)
 * are cleared by the next kernel itself before it looks at them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kx/plan.h"
#include "print.h"
#include "purgatory/console.h"

/* Less is hashed in no time either way. */
#define QUARTERS_MIN	(64u << 10)

static void digest(const struct kx_request *req, const struct kx_segment *seg,
		   struct purg_region *r)
{
	struct sha256_engine e = kx_request_sha256(req);
	struct sha256 s;

	if (r->flags & PURG_REGION_QUARTERS) {
		sha256_quarters(seg->buf.data, r->len, &e, r->sha256);
		return;
	}
	if (seg->sha256 && r->len == seg->buf.len) {
		memcpy(r->sha256, seg->sha256, sizeof(r->sha256));
		return;
	}
	sha256_init(&s, e.blocks);
	sha256_update(&s, seg->buf.data, r->len);
	sha256_final(&s, r->sha256);
}

/* @s as a region; @verify is how its digest is checked, 0 = not at all. */
static int region_add(struct kx_plan *p, const struct kx_segment *s, uint32_t flags,
		      uint32_t verify, struct kx_err *err)
{
	struct purg_param *param = &p->param;
	struct purg_region *r;

	if (param->region_count == PURG_REGIONS_MAX)
		return kx_err_set(err, E2BIG, "%s: purgatory knows at most %d regions", s->name,
				  PURG_REGIONS_MAX);
	r = &param->region[param->region_count++];
	*r = (struct purg_region){
		.pa = s->range.start,
		.mem_len = kx_range_len(s->range),
		.flags = flags | (s->handover ? PURG_REGION_HANDOVER : 0) |
			 (s->written ? PURG_REGION_WRITE : 0),
	};
	strncpy(r->name, s->name, sizeof(r->name) - 1);
	if (p->request->no_checks || !s->verify || !s->buf.len)
		return 0;
	r->flags |= verify;
	r->len = s->verify_len ? s->verify_len : s->buf.len;
	if (p->sources->sha256_by_four && r->len >= QUARTERS_MIN)
		r->flags |= PURG_REGION_QUARTERS;
	return 0;
}

static int window_part(struct kx_plan *p, const char *name, uint64_t start, uint64_t end,
		       struct kx_err *err)
{
	const struct kx_segment s = { .name = name, .range = { start, end }, .handover = true };

	return start < end ? region_add(p, &s, 0, 0, err) : 0;
}

/* Where a saved core's pages go; of it the next kernel's first instructions are run. */
static int home_add(struct kx_plan *p, struct kx_range r, struct kx_err *err)
{
	const struct kx_segment s = { .name = "home", .range = r, .handover = true };

	return region_add(p, &s, PURG_REGION_WRITE, 0, err);
}

/*
 * What a kernel that is kept in memory lies in: read, and not written, as no page's
 * home is there that is kept elsewhere.  The digest came with it.
 */
static int area_add(struct kx_plan *p, size_t i, struct kx_err *err)
{
	const struct kx_saved *kept = p->saved;
	struct kx_segment s = { .range = kept->kept_area[i], .handover = true };
	char name[32];
	struct purg_region *r;
	int rc;

	snprintf(name, sizeof(name), "kept %zu", i);
	s.name = name;
	rc = region_add(p, &s, 0, 0, err);
	if (rc < 0 || p->request->no_checks || !kept->kept_sha256)
		return rc;
	r = &p->param.region[p->param.region_count - 1];
	r->flags |= PURG_REGION_VERIFY;
	r->len = r->mem_len;
	memcpy(r->sha256, kept->kept_sha256[i], sizeof(r->sha256));
	return 0;
}

/* Purgatory maps itself, and takes no region that it lies in: where it is known, around it. */
static int window_add(struct kx_plan *p, const struct kx_window *w, struct kx_err *err)
{
	const struct kx_segment *purgatory = kx_plan_segment(p, "purgatory");
	int r;

	if (!purgatory || !kx_range_overlaps(w->r, purgatory->range))
		return window_part(p, w->name, w->r.start, w->r.end, err);
	r = window_part(p, w->name, w->r.start, purgatory->range.start, err);
	return r < 0 ? r : window_part(p, w->name, purgatory->range.end, w->r.end, err);
}

static void mark_written(struct purg_param *param, uint64_t pa)
{
	for (uint32_t i = 0; i < param->region_count; i++)
		if (pa && pa >= param->region[i].pa && pa - param->region[i].pa < param->region[i].mem_len)
			param->region[i].flags |= PURG_REGION_WRITE;
}

/*
 * The regions that hold records, or the stack of a function, are written to; and of
 * a kernel that is kept in memory those where LPI tables stay in their area.
 */
static void mark_records(struct purg_param *param)
{
	const uint64_t record[] = {
		param->timing_pa, param->context_pa, param->state_pa, param->map_pa,
		param->result_pa, param->entry_kind == PURG_ENTRY_CALL ? param->reg[3] - 1 : 0,
	};

	for (size_t i = 0; i < sizeof(record) / sizeof(record[0]); i++)
		mark_written(param, record[i]);
	if (param->lpi_count)
		mark_written(param, param->lpi_prop_pa);
	for (uint32_t i = 0; i < param->lpi_count; i++)
		mark_written(param, param->lpi[i].pend_pa);
}

int kx_plan_regions(struct kx_plan *p, struct kx_err *err)
{
	int r = 0;

	p->param.region_count = 0;
	for (size_t i = 0; i < p->segment_count && r == 0; i++)
		if (strcmp(p->segment[i].name, "purgatory") != 0)
			r = region_add(p, &p->segment[i], 0, PURG_REGION_VERIFY, err);
	for (size_t i = 0; i < p->staged_count && r == 0; i++)
		if (strcmp(p->staged[i].name, "purgatory") != 0)
			r = region_add(p, &p->staged[i], 0, PURG_REGION_VERIFY, err);
	for (size_t i = 0; i < p->target_count && r == 0; i++)
		r = region_add(p, &p->target[i], PURG_REGION_WRITE, PURG_REGION_VERIFY_AFTER, err);
	for (size_t i = 0; i < p->window_count && r == 0; i++)
		r = window_add(p, &p->window[i], err);
	for (size_t i = 0; p->saved && i < p->saved->kept_area_count && r == 0; i++)
		r = area_add(p, i, err);
	for (size_t i = 0; i < p->home_count && r == 0; i++)
		r = home_add(p, p->home[i], err);
	if (r < 0)
		return r;
	mark_records(&p->param);
	return 0;
}

/* What the region starting at @pa will hold. */
static const struct kx_segment *region_segment(const struct kx_plan *p, uint64_t pa)
{
	for (size_t i = 0; i < p->segment_count; i++)
		if (p->segment[i].range.start == pa)
			return &p->segment[i];
	for (size_t i = 0; i < p->staged_count; i++)
		if (p->staged[i].range.start == pa)
			return &p->staged[i];
	for (size_t i = 0; i < p->target_count; i++)
		if (p->target[i].range.start == pa)
			return &p->target[i];
	return NULL;
}

static void add_digests(struct kx_plan *p)
{
	for (uint32_t i = 0; i < p->param.region_count; i++) {
		struct purg_region *r = &p->param.region[i];
		const struct kx_segment *s = r->len ? region_segment(p, r->pa) : NULL;

		/* Without a segment it is an area, which is not loaded. */
		if (s)
			digest(p->request, s, r);
	}
}

/*
 * Firmware tables and device trees may describe a console that purgatory could
 * not drive, and it would refuse the whole block: no line is better than no boot.
 */
static void add_consoles(struct kx_plan *p)
{
	const struct kx_sources *src = p->sources;
	struct purg_param *param = &p->param;

	param->console_count = 0;
	for (size_t i = 0; i < src->console_count; i++) {
		const struct purg_console *c = &src->console[i];
		const char *fault = purg_console_fault(c);

		if (fault)
			kx_plan_note(p, "console: %s at 0x%" PRIx64 " left out: %s",
				     kx_console_name(c->kind), c->addr, fault);
		else
			param->console[param->console_count++] = *c;
	}
}

/* By these purgatory recognises the kernel's list of pages. */
static void add_segments(struct kx_plan *p)
{
	struct purg_param *param = &p->param;

	param->segment_count = 0;
	if (!(param->flags & PURG_F_PRESERVE))
		return;
	for (size_t i = 0; i < p->segment_count; i++)
		param->segment[param->segment_count++] = (struct purg_segment){
			p->segment[i].range.start, kx_range_len(p->segment[i].range),
		};
}

/* They lie behind the unpack list (saved-list.c). */
static void add_parts(struct kx_plan *p)
{
	p->param.part_pa = p->part_count ? p->param.unpack_pa + p->unpack_count * sizeof(*p->unpack) : 0;
	p->param.part_count = (uint32_t)p->part_count;
	p->param.part_bytes = 0;
	for (size_t i = 0; i < p->part_count; i++)
		p->param.part_bytes += p->part[i].len;
}

/* @param into a copy of the image: the blob itself is constant. */
static int write_param(struct kx_plan *p, struct kx_segment *purgatory,
		       const struct purg_param *param, struct kx_err *err)
{
	uint8_t *image;

	if (purgatory->buf.len < PURG_PARAM_OFF + sizeof(*param))
		return kx_err_set(err, EINVAL,
				  "purgatory: 0x%zx bytes have no room for the parameter block",
				  purgatory->buf.len);
	image = kx_arena_alloc_raw(p->arena, purgatory->buf.len);
	if (!image)
		return kx_err_set(err, ENOMEM, "out of memory");
	memcpy(image, purgatory->buf.data, purgatory->buf.len);
	memcpy(image + PURG_PARAM_OFF, param, sizeof(*param));
	purgatory->buf.data = image;
	return 0;
}

/* The crash image's purgatory touches no memory but its own, and speaks of a panic. */
static int seal_staged(struct kx_plan *p, struct kx_err *err)
{
	struct purg_param param = p->param;

	if (!p->staged_count)
		return 0;
	param.flags &= ~PURG_F_QUIET;
	param.base = p->staged_entry;
	param.pool_len = PURG_POOL_MIN;
	param.unpack_pa = param.timing_pa = 0;
	param.unpack_count = param.region_count = param.part_count = 0;
	memset(param.region, 0, sizeof(param.region));
	param.entry_kind = PURG_ENTRY_STAGED;
	param.paging = PURG_PAGING_KEEP;
	param.pc = 0;
	memset(param.reg, 0, sizeof(param.reg));
	return write_param(p, &p->staged[0], &param, err);
}

int kx_plan_seal(struct kx_plan *p, struct kx_err *err)
{
	struct kx_segment *purgatory = kx_plan_segment(p, "purgatory");
	struct purg_param *param = &p->param;
	int rc;

	if (!purgatory)
		return kx_err_set(err, EINVAL, "the layout has no purgatory");
	param->magic = PURG_MAGIC;
	param->version = PURG_VERSION;
	param->size = sizeof(*param);
	param->base = purgatory->range.start;
	param->on_fail = p->request->on_corrupt;
	if (!p->request->debug)
		param->flags |= PURG_F_QUIET;
	if (p->request->debug || p->request->say_timing)
		param->flags |= PURG_F_TIMING;
	param->page_shift = (uint32_t)__builtin_ctzll(p->sources->page_size);
	param->unpack_count = (uint32_t)p->unpack_count;
	add_parts(p);
	add_consoles(p);
	add_segments(p);
	add_digests(p);
	if (p->request->no_checks)
		kx_plan_note(p, "-i: purgatory verifies nothing");
	rc = write_param(p, purgatory, param, err);
	return rc < 0 ? rc : seal_staged(p, err);
}
