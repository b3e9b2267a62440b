/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Digests and the parameter block: what makes a plan checkable by purgatory.
 *
 * Only what is loaded is hashed: the zeros behind it (bss, decompression room)
 * are cleared by the next kernel itself before it looks at them.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kx/plan.h"
#include "print.h"
#include "purgatory/console.h"

static void digest(const struct kx_request *req, struct kx_bytes b, uint8_t *ret)
{
	struct sha256 s;

	sha256_init(&s, req->sha256 ? req->sha256 : sha256_blocks_portable);
	sha256_update(&s, b.data, b.len);
	sha256_final(&s, ret);
}

static void region_fill(const struct kx_plan *p, const struct kx_segment *s,
			struct purg_region *r)
{
	*r = (struct purg_region){
		.pa = s->range.start,
		.mem_len = kx_range_len(s->range),
		.flags = s->handover ? PURG_REGION_HANDOVER : 0,
	};
	strncpy(r->name, s->name, sizeof(r->name) - 1);
	if (p->request->no_checks || !s->verify || !s->buf.len)
		return;
	r->flags |= PURG_REGION_VERIFY;
	r->len = s->buf.len;
	digest(p->request, s->buf, r->sha256);
}

/* After the segments, which must not be lost. */
static void add_windows(struct kx_plan *p)
{
	struct purg_param *param = &p->param;

	for (size_t i = 0; i < p->window_count && param->region_count < PURG_REGIONS_MAX; i++) {
		struct purg_region *r = &param->region[param->region_count++];

		*r = (struct purg_region){
			.pa = p->window[i].r.start,
			.mem_len = kx_range_len(p->window[i].r),
			.flags = PURG_REGION_HANDOVER,
		};
		strncpy(r->name, p->window[i].name, sizeof(r->name) - 1);
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

int kx_plan_seal(struct kx_plan *p, struct kx_err *err)
{
	struct kx_segment *purgatory = kx_plan_segment(p, "purgatory");
	struct purg_param *param = &p->param;
	uint8_t *image;

	if (!purgatory)
		return kx_err_set(err, EINVAL, "the layout has no purgatory");
	if (purgatory->buf.len < PURG_PARAM_OFF + sizeof(*param))
		return kx_err_set(err, EINVAL,
				  "purgatory: 0x%zx bytes have no room for the parameter block",
				  purgatory->buf.len);
	param->magic = PURG_MAGIC;
	param->version = PURG_VERSION;
	param->size = sizeof(*param);
	param->base = purgatory->range.start;
	param->on_fail = p->request->on_corrupt;
	if (!p->request->debug)
		param->flags |= PURG_F_QUIET;
	add_consoles(p);
	param->region_count = 0;
	for (size_t i = 0; i < p->segment_count; i++) {
		if (&p->segment[i] == purgatory)
			continue;
		region_fill(p, &p->segment[i], &param->region[param->region_count++]);
	}
	add_windows(p);
	if (p->request->no_checks)
		kx_plan_note(p, "-i: purgatory verifies nothing");

	/* The blob itself is constant: the block goes into a copy. */
	image = kx_arena_alloc_raw(p->arena, purgatory->buf.len);
	if (!image)
		return kx_err_set(err, ENOMEM, "out of memory");
	memcpy(image, purgatory->buf.data, purgatory->buf.len);
	memcpy(image + PURG_PARAM_OFF, param, sizeof(*param));
	purgatory->buf.data = image;
	return 0;
}
