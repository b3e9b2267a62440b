/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzz targets of kexec/format: each format behind its own probe, and all of
 * them as kx_image_parse() tries them.
 */
#include <string.h>

#include "../../kexec/format/formats.h"
#include "targets.h"

static void inside(struct kx_bytes view, struct kx_bytes outer)
{
	struct kx_bytes same;

	if (!view.len)
		return;
	FUZZ_ASSERT(view.data >= outer.data);
	FUZZ_ASSERT(kx_bytes_sub(outer, (uint64_t)(view.data - outer.data), view.len, &same));
}

/* What layout relies on. */
static void check_image(const struct kx_image *image, struct kx_bytes in)
{
	inside(image->bytes, in);
	switch (image->format->id) {
	case KX_FORMAT_ARM64_IMAGE:
		FUZZ_ASSERT(image->arm64.image_size);
		break;
	case KX_FORMAT_BZIMAGE:
		inside(image->bzimage.setup, in);
		inside(image->bzimage.kernel, in);
		break;
	case KX_FORMAT_ELF:
		for (size_t i = 0; i < image->elf.load_count; i++) {
			const struct kx_elf_load *l = &image->elf.load[i];
			uint64_t end;

			inside(l->bytes, in);
			FUZZ_ASSERT(l->mem_len >= l->bytes.len);
			FUZZ_ASSERT(!__builtin_add_overflow(l->pa, l->mem_len, &end));
		}
		break;
	}
}

static void one_format(const struct kx_format *f, struct kx_bytes in)
{
	struct kx_err err = { .code = 0 };
	struct kx_image image;
	struct kx_arena a;
	struct kx_bytes copy;
	int rc;

	memset(&image, 0, sizeof(image));
	kx_arena_init(&a);
	copy = fuzz_copy(&a, in);
	if (f->probe(copy)) {
		rc = f->parse(copy, &a, &image, &err);
		fuzz_check(rc, &err);
	}
	kx_arena_deinit(&a);
}

void fuzz_bzimage(struct kx_bytes in)
{
	one_format(&kx_format_bzimage, in);
}

void fuzz_arm64_image(struct kx_bytes in)
{
	one_format(&kx_format_arm64_image, in);
}

void fuzz_elf(struct kx_bytes in)
{
	one_format(&kx_format_elf, in);
}

void fuzz_image(struct kx_bytes in)
{
	struct kx_err err = { .code = 0 };
	struct kx_image image;
	struct kx_arena a;
	struct kx_bytes copy;
	int rc;

	memset(&image, 0, sizeof(image));
	kx_arena_init(&a);
	copy = fuzz_copy(&a, in);
	rc = kx_image_parse(copy, &a, &image, &err);
	fuzz_check(rc, &err);
	if (rc == 0)
		check_image(&image, copy);
	kx_arena_deinit(&a);
}
