// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is in a kernel and an initrd: how much memory they take, and which files an
 * initrd has.  The only file of kdump that knows kexec's formats (kx/image.h), which are
 * pure: bytes in, facts out.  Called by verb-estimate.c and verb-check.c.
 */
#include <errno.h>
#include <string.h>

#include "kdump.h"
#include "kx/files.h"
#include "kx/image.h"

#define FILE_MAX	(1ull << 30)

static uint64_t memory_of(const struct kx_image *i)
{
	uint64_t start = UINT64_MAX, end = 0;

	if (i->format->id == KX_FORMAT_BZIMAGE)
		return i->bzimage.init_size;
	if (i->format->id == KX_FORMAT_ARM64_IMAGE)
		return i->arm64.image_size;
	for (size_t k = 0; k < i->elf.load_count; k++) {
		const struct kx_elf_load *l = &i->elf.load[k];

		start = l->pa < start ? l->pa : start;
		end = l->pa + l->mem_len > end ? l->pa + l->mem_len : end;
	}
	return end > start ? end - start : 0;
}

int kernel_read(struct kdump *k, const char *path, struct kernel_facts *ret, struct kx_err *err)
{
	struct kx_payload inside = { 0 };
	struct kx_image image;
	struct kx_bytes file;
	struct kx_arena a;
	int r;

	/* Its own: a kernel that is unpacked is large, and not needed afterwards. */
	kx_arena_init(&a);
	r = kx_file_read(below(k, path), FILE_MAX, &a, &file, err);
	if (r == 0) {
		r = kx_container_peel(file, &a, &inside, err);
		if (r == 0)
			r = kx_image_parse(inside.kernel, &a, &image, err);
		if (r < 0)
			kx_err_wrap(err, "%s%s", k->o->sysroot, path);
	}
	if (r == 0) {
		ret->machine = kx_machine_name(image.machine);
		memcpy(ret->release, image.release, sizeof(ret->release));
		ret->memory = memory_of(&image);
	}
	kx_arena_deinit(&a);
	return r;
}

static int unpack(struct kx_bytes b, struct kx_arena *a, struct kx_bytes *ret, struct kx_err *err)
{
	struct kx_payload inside = { 0 };
	int r = kx_container_peel(b, a, &inside, err);

	if (r == 0)
		*ret = inside.kernel;
	return r;
}

int initrd_open(struct kdump *k, const char *path, struct initrd *ret, uint64_t *ret_len,
		struct kx_err *err)
{
	struct kx_bytes file;
	int r = kx_file_read(below(k, path), FILE_MAX, k->arena, &file, err);

	if (r < 0)
		return r;
	*ret_len = file.len;
	r = initrd_read(file, unpack, k->arena, ret, err);
	return r < 0 ? kx_err_wrap(err, "%s%s", k->o->sysroot, path) : 0;
}
