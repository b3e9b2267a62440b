/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory of a saved core, and of one that is kept in memory: where its pages
 * go, whether that is RAM, and what it leaves.  Called by saved.c and put-back.c.
 */
#include <errno.h>
#include <inttypes.h>

#include "saved.h"

/* All RAM, what the running kernel reserves of it for itself included. */
int saved_ram(struct saved_job *j, struct kx_err *err)
{
	const struct kx_memmap *m = &j->p->sources->firmware;
	uint64_t page = j->p->sources->page_size;
	int rc = 0;

	kx_space_init(&j->ram, j->p->arena);
	for (size_t i = 0; i < m->n && rc == 0; i++)
		if (m->v[i].type == KX_MEM_RAM)
			rc = kx_space_add(&j->ram, kx_range_shrink(m->v[i].r, page), err);
	/* Firmware's other entries win where the two overlap. */
	for (size_t i = 0; i < m->n && rc == 0; i++)
		if (m->v[i].type != KX_MEM_RAM)
			rc = kx_space_remove(&j->ram, kx_range_grow(m->v[i].r, page), err);
	return rc;
}

/* A run that holds the core's next pages. */
static int run_check(const struct saved_job *j, struct kx_range r, struct kx_err *err)
{
	if (kx_space_contains(&j->ram, r))
		return 0;
	return kx_err_set(err, EINVAL,
			  "the core has pages in [0x%" PRIx64 "-0x%" PRIx64 "), which is not all RAM of this machine",
			  r.start, r.end);
}

/* j->run, and that each is RAM here. */
int saved_runs(struct saved_job *j, struct kx_err *err)
{
	uint64_t page = j->p->sources->page_size;
	int rc = 0;

	j->run = kx_arena_alloc_raw(j->p->arena,
				    (j->core->head.record_count + 1) * sizeof(*j->run));
	if (!j->run)
		return kx_err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < j->core->head.record_count; i++) {
		struct kx_range r = kx_range_grow(saved_record_range(j, i), page);
		struct kx_range *last = j->run_count ? &j->run[j->run_count - 1] : NULL;

		if (last && r.start <= last->end)
			last->end = r.end;
		else
			j->run[j->run_count++] = r;
	}
	for (size_t i = 0; i < j->run_count && rc == 0; i++)
		rc = run_check(j, j->run[i], err);
	return rc;
}

/*
 * What is usable and not the core's.  Both lists are sorted, so one pass does it:
 * kx_space_remove() for each of a million runs would not.
 */
int saved_holes(struct saved_job *j, struct kx_err *err)
{
	const struct kx_space *s = &j->p->space;
	size_t k = 0, cap = s->n + j->run_count + 1;
	struct kx_hole *v = kx_arena_alloc_raw(j->p->arena, cap * sizeof(*v));

	if (!v)
		return kx_err_set(err, ENOMEM, "out of memory");
	j->holes = (struct kx_space){ .v = v, .cap = cap, .arena = j->p->arena };
	for (size_t i = 0; i < s->n; i++) {
		struct kx_hole h = s->v[i];

		while (k && j->run[k - 1].end > h.r.start)
			k--;
		for (; !kx_range_empty(h.r); k++) {
			struct kx_hole part = h;

			if (k < j->run_count && j->run[k].end <= h.r.start)
				continue;
			if (k < j->run_count && j->run[k].start < h.r.end)
				part.r.end = j->run[k].start;
			if (part.r.end > part.r.start)
				v[j->holes.n++] = part;
			if (k == j->run_count || j->run[k].end >= h.r.end)
				break;
			h.r.start = j->run[k].end;
		}
	}
	for (size_t i = 0; i < j->holes.n; i++) {
		uint64_t len = kx_range_len(v[i].r);

		j->holes_total += len;
		j->holes_largest = len > j->holes_largest ? len : j->holes_largest;
	}
	return 0;
}

/* Where it is entered is code of the kernel's, and so was saved. */
int saved_entry(const struct saved_job *j, struct kx_err *err)
{
	struct kx_range pc = { j->p->param.pc, j->p->param.pc + 1 };

	for (size_t i = 0; i < j->run_count; i++)
		if (kx_range_contains(j->run[i], pc))
			return 0;
	return kx_err_set(err, ENOEXEC, "is entered at 0x%" PRIx64 ", of which it has no page",
			  pc.start);
}
