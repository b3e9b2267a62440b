// SPDX-License-Identifier: GPL-2.0-only
/*
 * The extents of a file that a snapshot is written to
 * (Documentation/filesystems/fiemap.rst), and whether they stay where they are and
 * belong to it alone.  Called by snapshot-target.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "snapshot.h"

#define ONCE		64u
#define XFS_MAGIC	0x58465342

/*
 * Filesystems on one device that overwrite in place, and whose FIEMAP gives
 * addresses on it.  btrfs and F2FS write elsewhere; btrfs's addresses are its own.
 */
static int check_filesystem(int fd, struct kx_err *err)
{
	static const unsigned int known[] = { EXT4_SUPER_MAGIC, XFS_MAGIC, MSDOS_SUPER_MAGIC };
	struct fsxattr x = { .fsx_xflags = 0 };
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return kx_err_set(err, errno, "cannot stat its filesystem: %s", strerror(errno));
	if (ioctl(fd, FS_IOC_FSGETXATTR, &x) == 0 && x.fsx_xflags & FS_XFLAG_REALTIME)
		return kx_err_set(err, EOPNOTSUPP, "expected a file on the filesystem's main device, it"
				  " is on XFS's realtime device");
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if ((unsigned int)fs.f_type == known[i])
			return 0;
	return kx_err_set(err, EOPNOTSUPP, "expected a file on ext4, XFS or FAT, its filesystem has"
			  " type 0x%x", (unsigned int)fs.f_type);
}

/*
 * fs/open.c, vfs_fallocate(): -ETXTBSY for a file that is swapped on.  Of one
 * without a hole it changes nothing.
 */
static int check_swap(int fd, struct kx_err *err)
{
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 1) < 0 && errno == ETXTBSY)
		return kx_err_set(err, EBUSY, "expected a file of its own, this one is swapped on"
				  " (swapoff it first)");
	return 0;
}

static int check_extent(const struct fiemap_extent *e, uint64_t wanted, uint32_t sector,
			struct kx_err *err)
{
	static const struct {
		uint32_t flag;
		const char *why;
	} rows[] = {
		{ FIEMAP_EXTENT_UNWRITTEN, "is allocated but was never written: fill the file with"
		  " dd if=/dev/zero, fallocate is not enough" },
		{ FIEMAP_EXTENT_SHARED, "is shared with another file" },
		{ FIEMAP_EXTENT_DATA_ENCRYPTED, "is encrypted" },
		{ FIEMAP_EXTENT_ENCODED, "is compressed or otherwise encoded" },
		{ FIEMAP_EXTENT_DATA_INLINE, "is inside the inode" },
		{ FIEMAP_EXTENT_DATA_TAIL, "shares its block with other data" },
		{ FIEMAP_EXTENT_DELALLOC, "has no place yet" },
		{ FIEMAP_EXTENT_UNKNOWN, "has no place yet" },
		{ FIEMAP_EXTENT_NOT_ALIGNED, "is not aligned" },
	};

	if (e->fe_logical != wanted)
		return kx_err_set(err, EOPNOTSUPP, "expected a file without holes, it has one at 0x%"
				  PRIx64, wanted);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (e->fe_flags & rows[i].flag)
			return kx_err_set(err, EOPNOTSUPP, "its extent at 0x%" PRIx64 " %s", wanted,
					  rows[i].why);
	if ((e->fe_physical | e->fe_length | e->fe_logical) % sector || !e->fe_length)
		return kx_err_set(err, EOPNOTSUPP, "its extent at 0x%" PRIx64 " is not aligned to"
				  " sectors of %u bytes", wanted, sector);
	return 0;
}

/* @n more in t->extent, whose end is *end. */
static int take(struct target *t, const struct fiemap_extent *e, size_t n, uint64_t *end,
		struct kx_arena *a, struct kx_err *err)
{
	struct extent *v;
	int r = 0;

	v = kx_arena_resize_raw(a, t->extent, (t->extent_count + n) * sizeof(*v));
	if (!v)
		return kx_err_set(err, ENOMEM, "no memory for its extents");
	t->extent = v;
	for (size_t i = 0; r == 0 && i < n && *end < t->size; i++) {
		r = check_extent(&e[i], *end, t->sector, err);
		v[t->extent_count++] = (struct extent){
			.off = e[i].fe_logical, .pa = e[i].fe_physical, .len = e[i].fe_length,
		};
		*end += e[i].fe_length;
	}
	return r;
}

int target_extents(struct target *t, struct kx_arena *a, struct kx_err *err)
{
	struct fiemap *map;
	uint64_t end = 0;
	int r;

	r = check_filesystem(t->file_fd, err);
	if (r < 0)
		return r;
	map = kx_arena_alloc(a, sizeof(*map) + ONCE * sizeof(map->fm_extents[0]));
	if (!map)
		return kx_err_set(err, ENOMEM, "no memory for its extents");
	while (r == 0 && end < t->size) {
		*map = (struct fiemap){
			.fm_start = end, .fm_length = t->size - end, .fm_flags = FIEMAP_FLAG_SYNC,
			.fm_extent_count = ONCE,
		};
		if (ioctl(t->file_fd, FS_IOC_FIEMAP, map) < 0)
			return kx_err_set(err, errno, "cannot get its extents: %s", strerror(errno));
		if (!map->fm_mapped_extents)
			return kx_err_set(err, EOPNOTSUPP, "expected a file without holes, it has one"
					  " at 0x%" PRIx64, end);
		r = take(t, map->fm_extents, map->fm_mapped_extents, &end, a, err);
	}
	return r == 0 ? check_swap(t->file_fd, err) : r;
}
