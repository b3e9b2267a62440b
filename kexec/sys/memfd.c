/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sealed memory files: what was unpacked from a container has no file of its
 * own that kexec_file_load(2) could read.  memfd_create(2).  Called by commit.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memfd.h"
#include "open.h"

/* include/uapi/linux/memfd.h, v6.3; older C libraries do not have it. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL	0x0008U
#endif

/*
 * Without MFD_NOEXEC_SEAL kernels since v6.3 log a warning, and with
 * vm.memfd_noexec=2 they refuse; before v6.3 it is an unknown flag.
 */
static int create(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? -errno : fd;
}

static int write_all(int fd, struct kx_bytes b)
{
	while (b.len) {
		ssize_t n = write(fd, b.data, b.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENOSPC;
		b.data += n;
		b.len -= (size_t)n;
	}
	return 0;
}

int kx_memfd(const char *name, struct kx_bytes b, struct kx_err *err)
{
	_cleanup_fd_ int fd = create(name);
	int r;

	if (fd < 0)
		return kx_err_set(err, -fd, "memfd_create(%s): %s", name, strerror(-fd));
	r = write_all(fd, b);
	if (r < 0)
		return kx_err_set(err, -r, "memfd %s: cannot write 0x%zx bytes: %s", name, b.len,
				  strerror(-r));
	/* Nobody, we included, changes it between the signature check and the load. */
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return kx_err_set(err, errno, "memfd %s: cannot seal: %s", name, strerror(errno));
	r = fd;
	fd = -1;
	return r;
}
