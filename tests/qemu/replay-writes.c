/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a disk has on it when the power fails: a log of all writes and flushes to it, as
 * QEMU's blklogwrites makes it (the format is that of Linux's dm-log-writes,
 * Documentation/admin-guide/device-mapper/log-writes.rst), is obeyed up to a moment.
 * Called by `powercut`.
 *
 *	replay-writes LOG
 *		how many entries it has, and how many there are before each flush
 *	replay-writes LOG ENTRIES SEED IMAGE
 *		what the last flush in the first ENTRIES was about is in IMAGE; of each
 *		write behind it all, nothing, or some of its sectors
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC		0x6a736677736872ULL
#define SECTOR		512u

/* flags */
#define FLUSH		1u
#define FUA		2u
#define DISCARD		4u

struct entry {
	uint64_t sector, sectors, flags, data_len;
};

struct log {
	int fd;
	uint64_t unit;			/* bytes of a sector as the log counts them */
	uint64_t at;			/* of the next entry */
	uint64_t end;
};

static uint64_t state;

static void die(const char *what)
{
	fprintf(stderr, "replay-writes: %s: %s\n", what, errno ? strerror(errno) : "not as expected");
	exit(2);
}

static uint32_t random_number(void)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(state >> 33);
}

static void read_at(int fd, void *to, size_t len, uint64_t off)
{
	errno = 0;
	if (pread(fd, to, len, (off_t)off) != (ssize_t)len)
		die("the log");
}

static struct log log_open(const char *path)
{
	struct log l = { .fd = open(path, O_RDONLY | O_CLOEXEC) };
	uint64_t head[4];

	if (l.fd < 0)
		die(path);
	read_at(l.fd, head, sizeof(head), 0);
	l.unit = le64toh(head[3]) & UINT32_MAX;
	if (le64toh(head[0]) != MAGIC || le64toh(head[1]) != 1 || l.unit < SECTOR || l.unit > 65536)
		die(path);
	l.at = l.unit;
	l.end = (uint64_t)lseek(l.fd, 0, SEEK_END);
	return l;
}

/* false: there is none, or the end of it was not written */
static bool next(struct log *l, struct entry *ret, uint64_t *ret_data)
{
	uint64_t v[4], len;

	if (l->end - l->at < l->unit)
		return false;
	read_at(l->fd, v, sizeof(v), l->at);
	*ret = (struct entry){ le64toh(v[0]), le64toh(v[1]), le64toh(v[2]), le64toh(v[3]) };
	len = ret->flags & DISCARD ? 0 : ret->sectors * l->unit;
	if (!ret->sectors && !ret->flags)
		return false;
	if (l->end - l->at - l->unit < len)
		return false;
	*ret_data = l->at + l->unit;
	l->at += l->unit + len;
	return true;
}

/* @say: where the flushes are */
static uint64_t count(const char *path, uint64_t limit, uint64_t *ret_flushed, bool say)
{
	struct log l = log_open(path);
	struct entry e;
	uint64_t n = 0, data;

	*ret_flushed = 0;
	while (n < limit && next(&l, &e, &data)) {
		if (e.flags & FLUSH && say)
			printf("%" PRIu64 "\n", n);
		n++;
		if (e.flags & FLUSH)
			*ret_flushed = n;
	}
	close(l.fd);
	return n;
}

static void copy(const struct log *l, const struct entry *e, uint64_t data, int image, bool torn)
{
	uint8_t sector[SECTOR];

	for (uint64_t at = 0; at < e->sectors * l->unit; at += SECTOR) {
		if (torn && random_number() & 1)
			continue;
		read_at(l->fd, sector, SECTOR, data + at);
		if (pwrite(image, sector, SECTOR, (off_t)(e->sector * l->unit + at)) != SECTOR)
			die("the image");
	}
}

static void replay(const char *path, uint64_t entries, const char *image_path)
{
	int image = open(image_path, O_RDWR | O_CLOEXEC);
	struct log l = log_open(path);
	uint64_t flushed, data, lost = 0, torn = 0, n;
	struct entry e;

	if (image < 0)
		die(image_path);
	entries = count(path, entries, &flushed, false);
	for (n = 0; n < entries && next(&l, &e, &data); n++) {
		uint32_t fate = n < flushed || e.flags & FUA ? 0 : random_number() % 3;

		if (e.flags & DISCARD || !e.sectors)
			continue;
		lost += fate == 1;
		torn += fate == 2;
		if (fate != 1)
			copy(&l, &e, data, image, fate == 2);
	}
	printf("%" PRIu64 " entries, flushed at %" PRIu64 "; %" PRIu64 " lost, %" PRIu64 " torn\n",
	       n, flushed, lost, torn);
	close(image);
}

int main(int argc, char **argv)
{
	uint64_t flushed;

	if (argc == 2) {
		printf("%" PRIu64 "\n", count(argv[1], UINT64_MAX, &flushed, true));
	} else if (argc == 5) {
		state = strtoull(argv[3], NULL, 10);
		replay(argv[1], strtoull(argv[2], NULL, 10), argv[4]);
	} else {
		fprintf(stderr, "usage: replay-writes LOG [ENTRIES SEED IMAGE]\n");
		return 2;
	}
	return 0;
}
