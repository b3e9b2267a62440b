/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which memory of the running machine segments may be placed in.
 *
 * The kernel does not check that a destination is RAM, or that nothing lives
 * there ("the caller is responsible", kernel/kexec_core.c), so this file does:
 * firmware RAM, minus everything /proc/iomem shows in or over it that is not
 * the running kernel itself.  What the running kernel uses may be overwritten,
 * because it is gone by then; what it *reserves* (EFI memory reservations such
 * as GICv3 LPI tables, no-map regions, firmware tables) must live on.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "crash.h"

/*
 * The running kernel's image, which the next may overwrite: names from
 * arch/x86/kernel/setup.c and arch/arm64/kernel/setup.c.
 */
static const char *const kernel_names[] = {
	"Kernel code", "Kernel rodata", "Kernel data", "Kernel bss", NULL
};

static bool is_running_kernel(const char *name)
{
	for (size_t i = 0; kernel_names[i]; i++)
		if (strcmp(name, kernel_names[i]) == 0)
			return true;
	return false;
}

/*
 * Does this line of /proc/iomem take memory away from us?  A kernel that comes
 * back could have its image swapped like all else, but not the code that swaps.
 */
static bool is_taken(const struct kx_plan *p, const struct kx_mem *m)
{
	/* "System RAM" itself, and nested plain RAM. */
	if (m->type == KX_MEM_RAM)
		return false;
	return kx_request_swaps(p->request) || !is_running_kernel(m->name);
}

/* What may be hot-removed is the last choice, and none for what is swapped back. */
static int take_removable(struct kx_plan *p, struct kx_range r, struct kx_err *err)
{
	if (kx_request_swaps(p->request))
		return kx_space_remove(&p->space, kx_range_grow(r, p->sources->page_size), err);
	return kx_space_mark_removable(&p->space, r, err);
}

/* Keep what is free now, before any segment takes its share. */
static int remember_usable(struct kx_plan *p, struct kx_err *err)
{
	struct kx_space *u = &p->usable;

	*u = p->space;
	if (u->n == 0)
		return 0;
	u->v = kx_arena_alloc(p->arena, u->n * sizeof(*u->v));
	if (!u->v)
		return kx_err_set(err, ENOMEM, "out of memory");
	memcpy(u->v, p->space.v, u->n * sizeof(*u->v));
	u->cap = u->n;
	return 0;
}

static int limit(struct kx_plan *p, struct kx_err *err)
{
	const struct kx_request *req = p->request;
	struct kx_range below = { 0, req->mem_min };
	struct kx_range above = { UINT64_MAX, UINT64_MAX };
	int rc;

	/* mem_max is inclusive, like upstream's. */
	if (req->mem_max != UINT64_MAX)
		above.start = req->mem_max + 1;
	if (above.start <= below.end)
		return kx_err_set(err, EINVAL,
				  "--mem-max=0x%" PRIx64 " is below --mem-min=0x%" PRIx64,
				  req->mem_max, req->mem_min);
	/* Then they are about the window alone, which only a kernel has. */
	if (kx_request_swaps(req) && !req->function.path && !req->resume)
		return 0;
	rc = kx_space_remove(&p->space, below, err);
	if (rc < 0)
		return rc;
	return kx_space_remove(&p->space, above, err);
}

/* All of it, for a kernel that is entered when this one is gone. */
static int take_ram(struct kx_plan *p, struct kx_err *err)
{
	const struct kx_sources *src = p->sources;
	int rc;

	for (size_t i = 0; i < src->firmware.n; i++) {
		const struct kx_mem *m = &src->firmware.v[i];

		if (m->type != KX_MEM_RAM)
			continue;
		/* Only whole pages can be copied. */
		rc = kx_space_add(&p->space, kx_range_shrink(m->r, src->page_size), err);
		if (rc < 0)
			return rc;
	}
	if (p->space.n == 0)
		return kx_err_set(err, ENOSPC,
				  "no memory map: neither the firmware's nor /proc/iomem shows System RAM%s",
				  src->has_cap_boot ? "" : " (not root: addresses are hidden)");
	for (size_t i = 0; i < src->iomem.n; i++) {
		if (!is_taken(p, &src->iomem.v[i]))
			continue;
		rc = kx_space_remove(&p->space,
				     kx_range_grow(src->iomem.v[i].r, src->page_size), err);
		if (rc < 0)
			return rc;
	}
	/* Firmware's other entries win over RAM where the two overlap. */
	for (size_t i = 0; i < src->firmware.n; i++) {
		if (src->firmware.v[i].type == KX_MEM_RAM)
			continue;
		rc = kx_space_remove(&p->space,
				     kx_range_grow(src->firmware.v[i].r, src->page_size), err);
		if (rc < 0)
			return rc;
	}
	if (src->iomem.n == 0)
		kx_plan_note(p, "/proc/iomem is unreadable: what the kernel reserves is not known here");
	for (size_t i = 0; i < src->removable.n; i++) {
		rc = take_removable(p, src->removable.v[i], err);
		if (rc < 0)
			return rc;
	}
	for (size_t i = 0; kx_request_swaps(p->request) && i < src->special.n; i++) {
		rc = kx_space_remove(&p->space,
				     kx_range_grow(src->special.v[i].r, src->page_size), err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int kx_plan_space(struct kx_plan *p, struct kx_err *err)
{
	int rc;

	kx_space_init(&p->space, p->arena);
	rc = p->request->crash ? kx_crash_space(p, err) : take_ram(p, err);
	if (rc == 0)
		rc = limit(p, err);
	return rc < 0 ? rc : remember_usable(p, err);
}
