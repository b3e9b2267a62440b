// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a snapshot goes, past every filesystem and page cache (O_DIRECT): a block
 * device; a file, whose extents are written on the device below, because the saved
 * kernel remembers its filesystems as they are before; or a socket.  A kernel that
 * sleeps goes to files as anything else does, and into pipes.  Called by snapshot.c,
 * snapshot-jump.c, snapshot-image.c.
 *
 *	snapshot-file.c		finds a file's extents
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "snapshot.h"

/* A socket that takes nothing for that long has nobody at its other end. */
#define STREAM_WAIT_S	60

/* ---- block devices ------------------------------------------------------------------ */

/* "filesystem=8:1 UUID ext4 rw /path" of the MACHINE note: where is it mounted? */
static bool in_use_as(struct kx_bytes machine, const char *key, dev_t dev, char *ret, size_t len)
{
	const char *text = (const char *)machine.data, *end = text + machine.len, *p;
	char line[64];
	int n = snprintf(line, sizeof(line), "%s=%u:%u ", key, major(dev), minor(dev));

	p = machine.len ? memmem(text, machine.len, line, (size_t)n) : NULL;
	if (!p || (p != text && p[-1] != '\n'))
		return false;
	end = memchr(p, '\n', (size_t)(end - p));
	while (end && end[-1] != ' ')
		end--;
	snprintf(ret, len, "%.*s", end ? (int)strcspn(end, "\n") : 0, end ? end : "");
	return true;
}

static int not_in_use(dev_t dev, struct kx_bytes machine, struct kx_err *err)
{
	char where[256];

	if (in_use_as(machine, "filesystem", dev, where, sizeof(where)))
		return kx_err_set(err, EBUSY, "expected a device of its own, this one is mounted on %s",
				  where);
	if (in_use_as(machine, "swap", dev, where, sizeof(where)))
		return kx_err_set(err, EBUSY, "expected a device of its own, this one is swapped on"
				  " (swapoff it first)");
	return 0;
}

/* Size and sector size of the device that t->fd is. */
static int measure(struct target *t, struct kx_err *err)
{
	int sector, read_only = 0;

	if (ioctl(t->fd, BLKGETSIZE64, &t->size) < 0 || ioctl(t->fd, BLKSSZGET, &sector) < 0)
		return kx_err_set(err, errno, "cannot get its size: %s", strerror(errno));
	if (sector < (int)KX_SAVED_SECTOR || sector > (int)KX_SAVED_ALIGN)
		return kx_err_set(err, EOPNOTSUPP, "expected sectors of 512 to 4096 bytes, have %d",
				  sector);
	if (ioctl(t->fd, BLKROGET, &read_only) == 0 && read_only)
		return kx_err_set(err, EROFS, "expected a device that can be written, this one is"
				  " read-only");
	t->sector = (uint32_t)sector;
	t->size = kx_align_down(t->size, KX_SAVED_ALIGN);
	t->have = t->size;
	return 0;
}

static int open_device(struct target *t, struct kx_err *err)
{
	/* O_EXCL: "the system call open() fails with EBUSY" if it is in use, open(2). */
	t->fd = open(t->path, O_RDWR | O_DIRECT | O_EXCL | O_CLOEXEC);
	if (t->fd < 0 && errno == EBUSY)
		return kx_err_set(err, EBUSY, "expected a device of its own, somebody uses this one or"
				  " a part of it (mounted, LVM, RAID: see lsblk)");
	if (t->fd < 0)
		return kx_err_set(err, errno, "cannot open: %s", strerror(errno));
	return measure(t, err);
}

/* ---- files ------------------------------------------------------------------------------ */

/* The device below, which is in use: no O_EXCL. */
static int open_below(struct target *t, dev_t dev, struct kx_err *err)
{
	char link[64], path[64];
	struct stat st;
	FILE *f;
	int n = 0;

	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u/uevent", major(dev), minor(dev));
	f = fopen(link, "re");
	path[0] = '\0';
	for (char *line = NULL; f && !path[0];) {
		size_t size = 0;
		ssize_t len = getline(&line, &size, f);

		if (len > 0 && !strncmp(line, "DEVNAME=", 8))
			n = snprintf(path, sizeof(path), "/dev/%.*s", (int)strcspn(line + 8, "\n"),
				     line + 8);
		free(line);
		line = NULL;
		if (len <= 0)
			break;
	}
	if (f)
		fclose(f);
	if (!path[0] || n >= (int)sizeof(path))
		return kx_err_set(err, EOPNOTSUPP, "expected a file on a block device, device %u:%u of"
				  " its filesystem is none", major(dev), minor(dev));
	t->fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (t->fd < 0)
		return kx_err_set(err, errno, "cannot open %s below it to write: %s", path,
				  strerror(errno));
	if (fstat(t->fd, &st) < 0 || !S_ISBLK(st.st_mode) || st.st_rdev != dev)
		return kx_err_set(err, ENODEV, "expected %s to be block device %u:%u", path,
				  major(dev), minor(dev));
	return measure(t, err);
}

static int open_file(struct target *t, const struct stat *st, struct kx_arena *a,
		     struct kx_err *err)
{
	uint64_t device_size;
	int r;

	t->file_fd = open(t->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (t->file_fd < 0)
		return kx_err_set(err, errno, "cannot open: %s", strerror(errno));
	r = open_below(t, st->st_dev, err);
	if (r < 0)
		return r;
	device_size = t->size;
	t->size = kx_align_down((uint64_t)st->st_size, KX_SAVED_ALIGN);
	t->have = t->size;
	r = target_extents(t, a, err);
	for (size_t i = 0; r == 0 && i < t->extent_count; i++)
		if (t->extent[i].pa > device_size || t->extent[i].len > device_size - t->extent[i].pa)
			r = kx_err_set(err, EOPNOTSUPP, "expected extents inside the device, one is at"
				       " 0x%" PRIx64, t->extent[i].pa);
	return r;
}

/* 0600: memory has everybody's secrets.  What is there stays until it is written over. */
static int open_live_file(struct target *t, struct kx_err *err)
{
	struct stat st;

	t->kind = TARGET_OPEN_FILE;
	t->fd = open(t->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (t->fd < 0)
		return kx_err_set(err, errno, "cannot open: %s", strerror(errno));
	if (fstat(t->fd, &st) < 0)
		return kx_err_set(err, errno, "cannot stat: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return kx_err_set(err, EINVAL, "expected a block device or a file, have something else");
	t->dev = st.st_dev;
	t->have = (uint64_t)st.st_size;
	t->size = UINT64_MAX;
	t->sector = KX_SAVED_SECTOR;
	return 0;
}

/* ---- streams ------------------------------------------------------------------------------ */

static bool is_loopback(const struct sockaddr_storage *peer)
{
	const struct sockaddr_in *v4 = (const void *)peer;
	const struct sockaddr_in6 *v6 = (const void *)peer;

	if (peer->ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	return peer->ss_family == AF_INET6 &&
	       (IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) || (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) &&
							 v6->sin6_addr.s6_addr[12] == 127));
}

static int check_socket(int fd, struct kx_err *err)
{
	const struct timeval wait = { .tv_sec = STREAM_WAIT_S };
	struct sockaddr_storage peer = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(peer);

	if (getpeername(fd, (struct sockaddr *)&peer, &len) < 0)
		return kx_err_set(err, errno, "expected a connected socket: %s", strerror(errno));
	if (peer.ss_family == AF_UNIX || is_loopback(&peer))
		return kx_err_set(err, EINVAL, "expected a socket to another machine: on this one all"
				  " processes are stopped, the reader too");
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	return 0;
}

static int open_stream(struct target *t, enum target_for who, struct kx_err *err)
{
	struct stat st;

	t->kind = TARGET_STREAM;
	t->fd = STDOUT_FILENO;
	t->size = UINT64_MAX;
	if (fstat(t->fd, &st) < 0)
		return kx_err_set(err, errno, "cannot stat: %s", strerror(errno));
	if (who == FOR_JUMP && (S_ISSOCK(st.st_mode) || S_ISFIFO(st.st_mode)))
		return 0;
	if (S_ISSOCK(st.st_mode))
		return check_socket(t->fd, err);
	if (S_ISCHR(st.st_mode) && !isatty(t->fd))
		return 0;
	return kx_err_set(err, EINVAL, "expected %s, have %s",
			  who == FOR_JUMP ? "a pipe or a socket" : "a socket to another machine",
			  S_ISFIFO(st.st_mode) ? "a pipe: its reader is stopped like everybody" :
			  S_ISREG(st.st_mode) ? "a file: name it as the target" :
			  S_ISBLK(st.st_mode) ? "a block device: name it as the target" :
			  "a terminal");
}

/* ---- all three ------------------------------------------------------------------------------ */

static int open_path(struct target *t, enum target_for who, struct kx_bytes machine,
		     struct kx_arena *a, struct kx_err *err)
{
	struct stat st;
	int r;

	if (stat(t->path, &st) < 0) {
		if (who == FOR_JUMP && errno == ENOENT)
			return open_live_file(t, err);
		return kx_err_set(err, errno, "cannot stat: %s", strerror(errno));
	}
	if (S_ISBLK(st.st_mode)) {
		t->dev = st.st_rdev;
		r = not_in_use(st.st_rdev, machine, err);
		return r == 0 ? open_device(t, err) : r;
	}
	if (S_ISREG(st.st_mode) && who == FOR_JUMP)
		return open_live_file(t, err);
	t->kind = TARGET_FILE;
	t->dev = st.st_dev;
	if (S_ISREG(st.st_mode))
		return open_file(t, &st, a, err);
	return kx_err_set(err, EINVAL, "expected a block device or a file, have something else");
}

int target_open(struct target *t, const char *path, enum target_for who, struct kx_bytes machine,
		struct kx_arena *a, struct kx_err *err)
{
	int r;

	*t = (struct target){ .path = path, .kind = TARGET_DEVICE, .fd = -1, .file_fd = -1 };
	if (strcmp(path, "-")) {
		r = open_path(t, who, machine, a, err);
	} else {
		t->path = "standard output";
		r = open_stream(t, who, err);
	}
	return r < 0 ? kx_err_wrap(err, "%s", t->path) : 0;
}

void target_close(struct target *t)
{
	if (t->fd >= 0 && t->kind != TARGET_STREAM)
		close(t->fd);
	if (t->file_fd >= 0)
		close(t->file_fd);
	t->fd = t->file_fd = -1;
}

/* ---- reading and writing ------------------------------------------------------------------------ */

/* Where @off is on the device, and how much of @len follows it there. */
static uint64_t place(const struct target *t, uint64_t off, size_t *len)
{
	size_t low = 0, high = t->extent_count;

	if (t->kind != TARGET_FILE)
		return off;
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (t->extent[mid].off <= off)
			low = mid;
		else
			high = mid;
	}
	off -= t->extent[low].off;
	if (*len > t->extent[low].len - off)
		*len = (size_t)(t->extent[low].len - off);
	return t->extent[low].pa + off;
}

static int stream_write(struct target *t, uint64_t off, const uint8_t *p, size_t len,
			struct kx_err *err)
{
	if (off != t->at)
		return kx_err_set(err, ESPIPE, "%s: at 0x%" PRIx64 ", cannot go to 0x%" PRIx64,
				  t->path, t->at, off);
	t->at += len;
	while (len) {
		ssize_t n = write(t->fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return kx_err_set(err, errno, "%s: cannot write: %s", t->path,
					  errno == EAGAIN ? "nobody takes it" : strerror(errno));
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* pread(2) or pwrite(2), extent by extent. */
static int device_move(struct target *t, uint64_t off, uint8_t *p, size_t len, bool writing,
		       struct kx_err *err)
{
	while (len) {
		size_t piece = len;
		uint64_t at = place(t, off, &piece);
		ssize_t n = writing ? pwrite(t->fd, p, piece, (off_t)at) :
				      pread(t->fd, p, piece, (off_t)at);

		/* A file that grows is zeros where it is not yet. */
		if (!n && !writing && t->kind == TARGET_OPEN_FILE) {
			memset(p, 0, piece);
			n = (ssize_t)piece;
		}
		if (n <= 0)
			return kx_err_set(err, n ? errno : EIO, "%s: cannot %s 0x%zx bytes at 0x%"
					  PRIx64 ": %s", t->path, writing ? "write" : "read", piece,
					  off, n ? strerror(errno) : "the device ends");
		p += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int fits(const struct target *t, uint64_t off, size_t len, struct kx_err *err)
{
	if (off > t->size || len > t->size - off)
		return kx_err_set(err, ENOSPC, "%s: expected room for 0x%zx bytes at 0x%" PRIx64
				  ", it has 0x%" PRIx64, t->path, len, off, t->size);
	return 0;
}

int target_write(struct target *t, uint64_t off, const void *buf, size_t len, struct kx_err *err)
{
	int r;

	if (t->kind == TARGET_STREAM)
		return stream_write(t, off, buf, len, err);
	r = fits(t, off, len, err);
	/* device_move() does not write through it when it writes to the device. */
	return r == 0 ? device_move(t, off, (uint8_t *)(uintptr_t)buf, len, true, err) : r;
}

int target_read(struct target *t, uint64_t off, void *buf, size_t len, struct kx_err *err)
{
	int r = fits(t, off, len, err);

	return r == 0 ? device_move(t, off, buf, len, false, err) : r;
}

int target_sector(struct target *t, const void *buf, struct kx_err *err)
{
	return target_write(t, 0, buf, t->sector, err);
}

/* Bytes in a TCP socket are gone with this machine until the other one has them. */
static int stream_flush(struct target *t, struct kx_err *err)
{
	const struct timespec pause = { .tv_nsec = 10000000 };

	for (int i = 0; i < STREAM_WAIT_S * 100; i++) {
		int queued;

		if (ioctl(t->fd, SIOCOUTQ, &queued) < 0 || !queued)
			return 0;
		nanosleep(&pause, NULL);
	}
	return kx_err_set(err, ETIMEDOUT, "%s: the other end does not confirm what it got", t->path);
}

int target_flush(struct target *t, struct kx_err *err)
{
	if (t->kind == TARGET_STREAM)
		return stream_flush(t, err);
	if (fsync(t->fd) < 0)
		return kx_err_set(err, errno, "%s: cannot flush: %s", t->path, strerror(errno));
	return 0;
}

void target_forget(struct target *t)
{
	/* Not of a device with a filesystem on it, whose buffers are there, too. */
	if (t->kind == TARGET_DEVICE)
		ioctl(t->fd, BLKFLSBUF);
	if (t->kind == TARGET_FILE)
		posix_fadvise(t->file_fd, 0, 0, POSIX_FADV_DONTNEED);
}

int target_core_read(void *ctx, uint64_t off, void *to, size_t len, struct kx_err *err)
{
	static const size_t align = KX_SAVED_ALIGN;
	struct target *t = ctx;
	uint8_t *buf, *p = to;
	int r = 0;

	buf = aligned_alloc(align, align);
	if (!buf)
		return kx_err_set(err, ENOMEM, "no memory for 0x%zx bytes", align);
	while (r == 0 && len) {
		size_t skip = off % align, n = align - skip < len ? align - skip : len;

		r = target_read(t, off - skip, buf, align, err);
		if (r == 0)
			memcpy(p, buf + skip, n);
		p += n;
		off += n;
		len -= n;
	}
	free(buf);
	return r;
}
