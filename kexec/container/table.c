/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every container, and taking them off one after the other.  Called with a
 * kernel file's bytes before a format (format/table.c) looks at what is left.
 *
 * To add one: its file, its line in container.h and its row here.
 */
#include <errno.h>

#include "container.h"

/*
 * What has a magic number comes first, LZMA last: it has none.  A zboot kernel
 * is a PE file as a UKI is, but it has no .linux section.
 */
const struct kx_container *const kx_containers[] = {
	&kx_container_gzip,
	&kx_container_xz,
	&kx_container_zstd,
	&kx_container_lz4,
	&kx_container_uimage,
	&kx_container_zboot,
	&kx_container_uki,
	&kx_container_lzma,
	NULL,
};

static const struct kx_container *find(struct kx_bytes b)
{
	const struct kx_container *const *c = kx_containers;

	while (*c && !(*c)->probe(b))
		c++;
	return *c;
}

/* Is @view part of @outer?  Compared as numbers: they may be unrelated. */
static bool inside(struct kx_bytes view, struct kx_bytes outer)
{
	uintptr_t start = (uintptr_t)outer.data, p = (uintptr_t)view.data;

	return view.data && p >= start && p - start < outer.len;
}

/* The layers in front of the error of the innermost one: "gzip: uki .linux: zstd: …". */
static int fail(const struct kx_payload *p, int rc, struct kx_err *err)
{
	for (size_t i = p->layer_count; i-- > 0;) {
		/* What is inside of a UKI is its .linux. */
		if (p->layer[i] == kx_container_uki.name && i + 1 < p->layer_count)
			kx_err_wrap(err, "%s .linux", p->layer[i]);
		else
			kx_err_wrap(err, "%s", p->layer[i]);
	}
	return rc;
}

int kx_container_peel(struct kx_bytes file, struct kx_arena *a, struct kx_payload *ret,
		      struct kx_err *err)
{
	struct kx_payload p = { .kernel = file };
	/* The memory that p.kernel is part of: the file, then whatever was unpacked. */
	struct kx_bytes owner = file;
	const struct kx_container *c;

	while ((c = find(p.kernel))) {
		int rc;

		if (p.layer_count == KX_PEEL_MAX)
			return fail(&p, kx_err_set(err, ENOEXEC,
						   "too deep: expected at most %d wrappers, have %s inside of them",
						   KX_PEEL_MAX, c->name), err);
		p.layer[p.layer_count++] = c->name;
		rc = c->peel(p.kernel, a, &p, err);
		if (rc < 0)
			return fail(&p, rc, err);
		if (inside(p.kernel, owner))
			continue;
		/* Unpacked: what it was packed in has served, unless side files are in it. */
		if (!inside(p.initrd, owner) && !inside(p.dtb, owner) && !inside(p.cmdline, owner))
			kx_arena_release(a, owner.data);
		owner = p.kernel;
	}
	*ret = p;
	return 0;
}
