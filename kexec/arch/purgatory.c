/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Our own segment: the purgatory image of the plan's architecture, the same
 * for every layout.  Its parameter block is written by plan/seal.c.
 */
#include <errno.h>
#include <string.h>

#include "kx/arch.h"
#include "purgatory/blob.h"

static const struct purg_blob *blob_find(const char *name)
{
	for (size_t i = 0; i < PURG_BLOB_COUNT; i++)
		if (strcmp(purg_blobs[i].name, name) == 0)
			return &purg_blobs[i];
	return NULL;
}

int kx_purgatory_image(const struct kx_plan *p, struct kx_bytes *ret, struct kx_err *err)
{
	const struct purg_blob *blob = blob_find(p->arch->name);

	if (!blob || !blob->len)
		return kx_err_set(err, EOPNOTSUPP,
				  "this kexec was built without a purgatory for %s", p->arch->name);
	*ret = (struct kx_bytes){ blob->data, blob->len };
	return 0;
}

static const char *what_it_does(const struct kx_plan *p)
{
	if (p->param.entry_kind == PURG_ENTRY_CALL)
		return "verifies the function, then calls it";
	if (p->param.entry_kind == PURG_ENTRY_RETURN)
		return "enters the kernel that sleeps, and this one when that comes back";
	return p->unpack_count ? "unpacks and verifies the others, then enters the kernel" :
				 "verifies the others, then enters the kernel";
}

/*
 * Where paging may go off on its way out, below 4 GiB; a crash kernel's reservation may
 * be above.
 */
static uint64_t highest(const struct kx_plan *p)
{
	bool stays = p->param.entry_kind == PURG_ENTRY_X86_64 &&
		     p->param.paging == PURG_PAGING_KEEP;

	return p->request->crash && stays ? 0 : p->arch->purgatory_max;
}

int kx_plan_place_purgatory(struct kx_plan *p, struct kx_err *err)
{
	struct kx_want want = {
		.name = "purgatory",
		.align = PURG_IMAGE_ALIGN,
		.max = highest(p),
	};
	struct kx_bytes image;
	uint64_t pool_len;
	int r;

	r = kx_purgatory_image(p, &image, err);
	if (r == 0)
		r = p->arch->pool_len(p, &pool_len, err);
	if (r < 0)
		return r;
	p->param.pool_len = kx_align_up(pool_len, PURG_POOL_MIN);
	/* The image is what this compiler made of it: plans do not depend on that. */
	want.size = PURG_IMAGE_MAX + p->param.pool_len;
	r = kx_plan_place(p, want, image, what_it_does(p), &p->entry, err);
	if (r < 0)
		return r;
	/* It cannot hold its own digest. */
	kx_plan_segment(p, "purgatory")->verify = false;
	return 0;
}
