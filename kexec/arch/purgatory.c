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

int kx_plan_place_purgatory(struct kx_plan *p, struct kx_err *err)
{
	const struct purg_blob *blob = blob_find(p->arch->name);
	struct kx_want want = {
		.name = "purgatory",
		.align = PURG_IMAGE_ALIGN,
		.max = p->arch->purgatory_max,
	};
	uint64_t pool_len;
	int r;

	if (!blob || !blob->len)
		return kx_err_set(err, EOPNOTSUPP,
				  "this kexec was built without a purgatory for %s", p->arch->name);
	r = p->arch->pool_len(p, &pool_len, err);
	if (r < 0)
		return r;
	p->param.pool_len = kx_align_up(pool_len, PURG_POOL_MIN);
	/* The image is what this compiler made of it: plans do not depend on that. */
	want.size = PURG_IMAGE_MAX + p->param.pool_len;
	r = kx_plan_place(p, want, (struct kx_bytes){ blob->data, blob->len },
			  "verifies the others, then enters the kernel", &p->entry, err);
	if (r < 0)
		return r;
	/* It cannot hold its own digest. */
	kx_plan_segment(p, "purgatory")->verify = false;
	return 0;
}
