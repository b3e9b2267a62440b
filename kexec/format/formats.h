/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of this folder share: the formats that table.c lists, and the
 * arm64 header, which an Image starts with and a vmlinux carries inside.
 */
#ifndef FORMATS_H
#define FORMATS_H

#include "kx/image.h"

extern const struct kx_format kx_format_arm64_image;
extern const struct kx_format kx_format_bzimage;
extern const struct kx_format kx_format_elf;

#define ARM64_HEADER_LEN	64

/* Does @b start with the header of an arm64 Image? */
bool kx_arm64_header_probe(struct kx_bytes b);

/*
 * The header at the start of @b; @loaded is how many bytes are known to be
 * loaded, for kernels whose header does not say.  -ENOEXEC with the field.
 */
KX_CHECKED int kx_arm64_header_parse(struct kx_bytes b, uint64_t loaded,
				     struct kx_arm64_image *ret, struct kx_err *err);

#endif
