/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Archives for tests and seeds, as early-userspace/buffer-format.rst of the kernel's
 * documentation has them.
 */
#ifndef CPIO_FORGE_H
#define CPIO_FORGE_H

#include "forge.h"

/* One member, padded; the archive ends with one called TRAILER!!!. */
static inline void forge_cpio(struct forge *f, const char *name, unsigned int mode,
			      struct kx_bytes data)
{
	char header[111];

	/* c_ino c_mode c_uid c_gid c_nlink c_mtime c_filesize c_maj … c_namesize c_chksum */
	snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		 1, mode, 0, 0, 1, 0, (unsigned int)data.len, 0, 0, 0, 0,
		 (unsigned int)strlen(name) + 1, 0);
	forge_str(f, header);
	forge_put(f, name, strlen(name) + 1);
	while (f->len % 4)
		forge_put(f, "", 1);
	forge_put(f, data.data, data.len);
	while (f->len % 4)
		forge_put(f, "", 1);
}

#endif
