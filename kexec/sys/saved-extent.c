/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of an image in a file, whose filesystem is mounted for reading only,
 * as that of a saved system has to be: written where the file has its sector on
 * the device below (Documentation/filesystems/fiemap.rst).  vmcore-dump wrote the
 * image that way, too.  Called by saved-target.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "facts.h"
#include "kx/sys.h"
#include "open.h"
#include "saved-target.h"

/* An extent with any of these is not where it says, or not only the file's. */
#define BAD_FLAGS	(FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_ENCODED | \
			 FIEMAP_EXTENT_DATA_ENCRYPTED | FIEMAP_EXTENT_NOT_ALIGNED | \
			 FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_DATA_TAIL | \
			 FIEMAP_EXTENT_UNWRITTEN | FIEMAP_EXTENT_SHARED)

/* Where [@off, @off + @len) of the file is on its device. */
static int find(const struct kx_target *t, uint64_t off, size_t len, uint64_t *ret,
		struct kx_err *err)
{
	/* A header and one extent. */
	union {
		struct fiemap map;
		uint8_t bytes[sizeof(struct fiemap) + sizeof(struct fiemap_extent)];
	} q = { .bytes = { 0 } };
	const struct fiemap_extent *e = q.map.fm_extents;

	q.map.fm_start = off;
	q.map.fm_length = len;
	q.map.fm_extent_count = 1;
	if (ioctl(t->fd, FS_IOC_FIEMAP, &q.map) < 0)
		return kx_err_set(err, errno, "%s: cannot tell where it is on its device: %s", t->path,
				  strerror(errno));
	if (!q.map.fm_mapped_extents || e->fe_logical > off ||
	    off - e->fe_logical > e->fe_length || len > e->fe_length - (off - e->fe_logical) ||
	    e->fe_flags & BAD_FLAGS)
		return kx_err_set(err, EOPNOTSUPP,
				  "%s: expected 0x%" PRIx64 " in one place on its device, flags are 0x%x",
				  t->path, off, q.map.fm_mapped_extents ? e->fe_flags : 0);
	*ret = e->fe_physical + (off - e->fe_logical);
	return 0;
}

/* The device of the filesystem, by the name that the kernel gives it. */
static int open_device(const struct kx_target *t, struct kx_err *err)
{
	char path[PATH_MAX];
	struct kx_arena a;
	const char *text, *name;
	struct stat st;
	int r, fd = -1;

	if (fstat(t->fd, &st) < 0)
		return kx_err_set(err, errno, "%s: %s", t->path, strerror(errno));
	kx_arena_init(&a);
	r = kx_fact_text("", &a, &text, err, "sys/dev/block/%u:%u/uevent", major(st.st_dev),
			 minor(st.st_dev));
	name = r == 0 ? strstr(text, "DEVNAME=") : NULL;
	if (name) {
		snprintf(path, sizeof(path), "/dev/%.*s", (int)strcspn(name + 8, "\n"), name + 8);
		fd = kx_open(path, O_RDWR);
		if (fd < 0)
			r = kx_err_set(err, -fd, "%s: cannot open its device %s for writing: %s",
				       t->path, path, strerror(-fd));
	} else if (r == 0) {
		r = kx_err_set(err, ENODEV, "%s: is on %u:%u, which is no disk", t->path,
			       major(st.st_dev), minor(st.st_dev));
	}
	kx_arena_deinit(&a);
	return r < 0 ? r : fd;
}

int kx_target_write_below(const struct kx_target *t, uint64_t off, const void *data, size_t len,
			  struct kx_err *err)
{
	_cleanup_fd_ int fd = -1;
	uint64_t pa = 0;
	int r;

	r = find(t, off, len, &pa, err);
	if (r < 0)
		return r;
	fd = open_device(t, err);
	if (fd < 0)
		return fd;
	r = kx_write_flushed(fd, pa, data, len);
	return r < 0 ? kx_err_set(err, -r, "%s: cannot be written on its device: %s", t->path,
				  strerror(-r)) : 0;
}
