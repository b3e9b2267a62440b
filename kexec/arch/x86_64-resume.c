/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * x86_64: the way back to the kernel that sleeps, --load-resume-entry.
 *
 * Purgatory alone is loaded, as the door between the two kernels: section 5 of
 * doc/jump-protocol.md.  It maps the page of the return address, has as many
 * levels of page tables there as that kernel left with, and comes back here when
 * that kernel jumps the next time.  Called through arch/table.c by plan/build.c.
 */
#include <errno.h>
#include <inttypes.h>

#include "kx/uapi.h"
#include "x86_64.h"

#define OPTION	"--load-resume-entry"

static bool is_ram(const struct kx_mem *m)
{
	return m->depth == 0 && m->type == KX_MEM_RAM;
}

static int nobody_sleeps(const struct kx_peer *peer, const struct kx_sources *src,
			 struct kx_err *err)
{
	return kx_err_set(err, ENOENT,
			  OPTION ": no kernel is known to sleep%s: /proc/vmcore: %s; /proc/cmdline: no kexec_jump_back_entry= (" OPTION "=ENTRY is its return address)",
			  src->has_cap_boot ? "" : ", not as root",
			  peer->no_entry ? peer->no_entry : "not read");
}

static int find_entry(const struct kx_plan *p, uint64_t *ret, struct kx_err *err)
{
	const struct kx_request *req = p->request;
	const struct kx_peer *peer = &p->sources->peer;

	if (!req->has_resume_entry && !peer->entry)
		return nobody_sleeps(peer, p->sources, err);
	*ret = req->has_resume_entry ? req->resume_entry : peer->entry;
	return 0;
}

/* A return address in that kernel's control page, which is none of our memory. */
static int check_entry(const struct kx_plan *p, uint64_t entry, struct kx_err *err)
{
	const struct kx_memmap *map = &p->sources->iomem;
	struct kx_range at = { entry, entry + 1 };

	if (entry >= X86_PLACE_MAX)
		return kx_err_set(err, EINVAL,
				  OPTION ": expected a physical address below 0x%llx, have 0x%" PRIx64,
				  X86_PLACE_MAX, entry);
	if (entry % p->sources->page_size == 0)
		return kx_err_set(err, EINVAL,
				  OPTION ": expected a return address, have 0x%" PRIx64 ", where a page begins",
				  entry);
	for (size_t i = 0; i < map->n; i++)
		if (is_ram(&map->v[i]) && kx_range_contains(map->v[i].r, at))
			return kx_err_set(err, EINVAL,
					  OPTION ": 0x%" PRIx64 " is memory of this kernel, [0x%" PRIx64 "-0x%" PRIx64 "), and not of one that sleeps",
					  entry, map->v[i].r.start, map->v[i].r.end);
	return 0;
}

/*
 * What this kernel was not given (memmap=, mem=) may be the sleeping one's, what
 * the firmware's map says notwithstanding; and that page certainly is.
 */
static int keep_own(struct kx_plan *p, struct kx_range page, struct kx_err *err)
{
	const struct kx_memmap *map = &p->sources->iomem;
	uint64_t at = X86_PLACE_MIN;
	int rc;

	rc = kx_space_remove(&p->space, (struct kx_range){ 0, at }, err);
	if (rc == 0)
		rc = kx_space_remove(&p->space, page, err);
	for (size_t i = 0; i < map->n && rc == 0; i++) {
		struct kx_range r = map->v[i].r;

		if (!is_ram(&map->v[i]) || r.end <= at)
			continue;
		if (r.start > at)
			rc = kx_space_remove(&p->space, (struct kx_range){ at, r.start }, err);
		at = r.end;
	}
	if (rc == 0 && map->n)
		rc = kx_space_remove(&p->space, (struct kx_range){ at, UINT64_MAX }, err);
	return rc;
}

static void set_paging(struct kx_plan *p)
{
	const struct kx_peer *peer = kx_plan_peer(p);

	p->param.paging = PURG_PAGING_KEEP;
	if (peer && peer->la57.known)
		p->param.paging = peer->la57.value ? PURG_PAGING_5LEVEL : PURG_PAGING_4LEVEL;
	else
		kx_plan_note(p, "paging: how many levels the kernel that sleeps has is not known, so it gets those of this one, %d",
			     p->sources->x86.la57 ? 5 : 4);
}

int kx_x86_64_layout_resume(struct kx_plan *p, struct kx_err *err)
{
	struct purg_param *param = &p->param;
	struct kx_range page;
	uint64_t entry = 0;
	int rc;

	rc = find_entry(p, &entry, err);
	if (rc == 0)
		rc = check_entry(p, entry, err);
	if (rc < 0)
		return rc;
	page = kx_range_grow((struct kx_range){ entry, entry + 1 }, p->sources->page_size);
	p->flags |= KX_LOAD_PRESERVE_CONTEXT;
	/* The other CPUs wait in memory that the other kernel gets back. */
	param->flags |= PURG_F_PRESERVE | PURG_F_STOP_CPUS;
	param->entry_kind = PURG_ENTRY_RETURN;
	param->pc = entry;
	set_paging(p);
	p->window[p->window_count++] = (struct kx_window){ "control page", page };
	return keep_own(p, page, err);
}
