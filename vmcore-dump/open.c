// SPDX-License-Identifier: GPL-2.0-only
/*
 * A core in a file, or in /proc/vmcore, whose size stat(2) says since Linux 2.6.
 * Called by main.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmcore-dump.h"

/* struct kx_core_file.read */
static int file_read(void *ctx, uint64_t off, void *to, size_t len, struct kx_err *err)
{
	const struct dump *d = ctx;
	uint8_t *p = to;

	while (len) {
		ssize_t n = pread(d->fd, p, len, (off_t)off);

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

static int open_file(struct dump *d, struct kx_core_file *ret, struct kx_err *err)
{
	struct stat st;

	/* O_NONBLOCK: a FIFO must not wait for its writer. */
	d->fd = open(d->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (d->fd < 0)
		return kx_err_set(err, errno, "cannot open: %s", strerror(errno));
	if (fstat(d->fd, &st) < 0)
		return kx_err_set(err, errno, "cannot stat: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return kx_err_set(err, EINVAL, "expected a regular file, have something else");
	*ret = (struct kx_core_file){
		.read = file_read, .ctx = d, .len = (uint64_t)st.st_size,
	};
	return 0;
}

int dump_open(struct dump *d, const char *path, struct kx_arena *a, struct kx_err *err)
{
	struct kx_core_file file;
	int r;

	d->path = path;
	r = open_file(d, &file, err);
	if (r == 0)
		r = kx_core_open(&file, a, &d->core, err);
	if (r == 0)
		r = kx_contexts_read(&d->core, a, &d->notes, err);
	if (r < 0) {
		kx_err_wrap(err, "%s", path);
		return r;
	}
	d->vmcoreinfo = kx_vmcoreinfo_text(&d->core);
	return 0;
}

void dump_close(struct dump *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}
