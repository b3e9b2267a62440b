/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The purgatory images that kexec carries (purgatory/blob.S), one per
 * architecture, whatever kexec itself was built for.
 *
 * To use one: copy @data, write a struct purg_param (abi.h) at
 * PURG_PARAM_OFF of the copy, load all @len bytes at a multiple of
 * PURG_IMAGE_ALIGN; entry is the first byte.  Nothing follows the @len bytes:
 * stack and tables are inside, so bufsz == memsz == len.
 */
#ifndef PURGATORY_BLOB_H
#define PURGATORY_BLOB_H

#include <stdint.h>

struct purg_blob {
	const char *name;	/* "x86_64", "arm64" */
	const uint8_t *data;
	uint64_t len;		/* a multiple of 4096; 0 if it was not built */
};

#define PURG_BLOB_COUNT	2
extern const struct purg_blob purg_blobs[PURG_BLOB_COUNT];

#endif
