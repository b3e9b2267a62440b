// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads a core where lib/core.c wants to.  Called through struct kx_core_file: by
 * sources-core.c and sources-peer.c for /proc/kcore and /proc/vmcore, by vmcore-dump
 * for what it is given.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "kx/core-file.h"

int kx_core_fd_read(void *ctx, uint64_t off, void *to, size_t len, struct kx_err *err)
{
	const int *fd = ctx;
	uint8_t *p = to;

	while (len) {
		ssize_t n = pread(*fd, p, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return kx_err_set(err, errno, "offset 0x%" PRIx64 ": cannot read: %s", off,
					  strerror(errno));
		if (n == 0)
			return kx_err_set(err, ENODATA, "offset 0x%" PRIx64 ": expected 0x%zx bytes"
					  " more, the file ends here", off, len);
		p += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}
