// SPDX-License-Identifier: GPL-2.0-only
/*
 * A core behind a descriptor with all that struct kx_core_file has (kx/core-file.h).
 * Called by vmcore-dump.
 *
 * /proc/vmcore is mapped, a few windows at a time: read(2) of it maps every page for
 * itself and takes that back (fs/proc/vmcore.c, read_from_oldmem()), mmap(2) fills all
 * entries at once, so a window never faults.  Other files are read: what their disk
 * does not give would be a SIGBUS, and is to be a page that is left out.
 */
#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kx/core-file.h"

/*
 * 8 KiB of page tables each.  Struct pages and the page tables that lead there are
 * read in turn, and memory besides.
 */
#define WINDOW		(4u << 20)
#define SLOTS		4u

struct slot {
	uint8_t *at;			/* NULL: empty */
	uint64_t off;
	size_t len;
	unsigned int used;		/* the higher, the later */
};

struct window {
	int fd;
	uint64_t len;			/* of the file */
	bool maps;
	size_t page;
	unsigned int clock;
	struct slot slot[SLOTS];
};

static struct slot *find(struct window *w, uint64_t off, size_t len)
{
	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *s = &w->slot[i];

		if (s->at && off >= s->off && off - s->off <= s->len && len <= s->len - (off - s->off))
			return s;
	}
	return NULL;
}

static struct slot *oldest(struct window *w)
{
	struct slot *s = &w->slot[0];

	for (size_t i = 1; i < SLOTS; i++)
		if (!w->slot[i].at || (s->at && w->slot[i].used < s->used))
			s = &w->slot[i];
	if (s->at)
		munmap(s->at, s->len);
	s->at = NULL;
	return s;
}

/* Where the window that is to have [off, off + len) begins; both lie in the file. */
static uint64_t start_of(const struct window *w, uint64_t off, size_t len)
{
	uint64_t start = off / WINDOW * WINDOW;

	return off - start + len <= WINDOW ? start : off / w->page * w->page;
}

static struct slot *map(struct window *w, uint64_t off, size_t len)
{
	uint64_t start = start_of(w, off, len), left = w->len - start;
	size_t n = left < WINDOW ? (size_t)left : WINDOW;
	struct slot *s;
	void *at;

	if (off - start + len > n)
		return NULL;
	s = oldest(w);
	at = mmap(NULL, n, PROT_READ, MAP_SHARED, w->fd, (off_t)start);
	if (at == MAP_FAILED)
		return NULL;
	*s = (struct slot){ .at = at, .off = start, .len = n };
	return s;
}

/* struct kx_core_file.view */
static int window_view(void *ctx, uint64_t off, size_t len, const uint8_t **ret, struct kx_err *err)
{
	struct window *w = ctx;
	struct slot *s = w->maps ? find(w, off, len) : NULL;

	if (!s && w->maps && off <= w->len && len <= w->len - off)
		s = map(w, off, len);
	if (!s)
		return kx_err_set(err, EOPNOTSUPP, "not mapped");
	s->used = ++w->clock;
	*ret = s->at + (off - s->off);
	return 0;
}

/* struct kx_core_file.read */
static int window_read(void *ctx, uint64_t off, void *to, size_t len, struct kx_err *err)
{
	struct window *w = ctx;
	struct kx_err none;
	const uint8_t *p;
	uint8_t *at = to;

	while (len && w->maps) {
		uint64_t end = (off / WINDOW + 1) * WINDOW;
		size_t n = end - off < len ? (size_t)(end - off) : len;

		if (window_view(w, off, n, &p, &none) < 0)
			break;
		memcpy(at, p, n);
		at += n;
		off += n;
		len -= n;
	}
	return len ? kx_core_fd_read(&w->fd, off, at, len, err) : 0;
}

static void window_done(void *ctx)
{
	struct window *w = ctx;

	for (size_t i = 0; i < SLOTS; i++)
		if (w->slot[i].at)
			munmap(w->slot[i].at, w->slot[i].len);
	free(w);
}

static int window_fork(void *ctx, struct kx_core_file *ret, struct kx_err *err)
{
	const struct window *w = ctx;

	return kx_core_file_open(w->fd, w->len, w->maps ? KX_CORE_MAPS : KX_CORE_READS, ret, err);
}

static bool is_proc(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

int kx_core_file_open(int fd, uint64_t len, enum kx_core_access how, struct kx_core_file *ret,
		      struct kx_err *err)
{
	struct window *w = calloc(1, sizeof(*w));

	if (!w)
		return kx_err_set(err, ENOMEM, "out of memory");
	*w = (struct window){
		.fd = fd, .len = len, .page = (size_t)sysconf(_SC_PAGESIZE),
		.maps = how == KX_CORE_MAPS || (how == KX_CORE_BEST && is_proc(fd)),
	};
	*ret = (struct kx_core_file){
		.read = window_read, .view = window_view, .fork = window_fork,
		.done = window_done, .ctx = w, .len = len,
	};
	return 0;
}
