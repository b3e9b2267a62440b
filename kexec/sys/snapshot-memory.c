// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is there memory for a snapshot?  The kernel copies what is in use before anybody
 * can read it.  Called by vmcore-dump/snapshot-check.c and verb-keep.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "facts.h"
#include "kx/snapshot.h"
#include "open.h"

/*
 * What the kernel keeps for itself: PAGES_FOR_IO, twice reserved_size, bitmaps
 * (kernel/power/snapshot.c, hibernate_preallocate_memory()), and watermarks.
 */
#define SLACK_FIXED	(16ull << 20)
#define SLACK_SHARE	64u

#define DROP_CACHES	"/proc/sys/vm/drop_caches"

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t at_most(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* RAM that no line of /proc/meminfo counts is the kernel's, and is saved with the rest. */
static uint64_t total(const struct kx_sources *s)
{
	const struct kx_memmap *m = &s->iomem;
	uint64_t sum = 0;

	for (size_t i = 0; i < m->n; i++)
		if (!m->v[i].depth && m->v[i].type == KX_MEM_RAM)
			sum += kx_range_len(m->v[i].r);
	/* A reservation for a crash kernel is not ours to save. */
	for (size_t i = 0; i < s->crash_count; i++)
		sum = less(sum, kx_range_len(s->crash[i]));
	return sum;
}

int kx_snapshot_memory_read(const struct kx_sources *s, struct kx_arena *a,
			    struct kx_snapshot_memory *ret, struct kx_err *err)
{
	const char *text;
	int r = kx_fact_text(s->root, a, &text, err, "proc/meminfo");

	if (r < 0)
		return r;
	*ret = (struct kx_snapshot_memory){
		.total = total(s),
		.free = kx_meminfo_bytes(text, "MemFree:"),
		.cma = kx_meminfo_bytes(text, "CmaFree:"),
		.cache = less(kx_meminfo_bytes(text, "Buffers:") + kx_meminfo_bytes(text, "Cached:") +
			      kx_meminfo_bytes(text, "SReclaimable:"),
			      kx_meminfo_bytes(text, "Shmem:")),
		.swappable = at_most(kx_meminfo_bytes(text, "SwapFree:"),
				     kx_meminfo_bytes(text, "AnonPages:")),
	};
	return 0;
}

uint64_t kx_snapshot_memory_used(const struct kx_snapshot_memory *m)
{
	return less(m->total, m->free);
}

/*
 * hibernate_preallocate_memory() takes a good half of what is in use and free
 * together, none of it from CMA, which is for pages that can move (mm/cma.c): what is
 * free there counts as free, but has to be found again elsewhere.
 */
bool kx_snapshot_memory_fits(const struct kx_snapshot_memory *m, uint64_t given_back,
			     unsigned int copies)
{
	uint64_t need;

	if (__builtin_mul_overflow(less(kx_snapshot_memory_used(m), given_back), copies, &need))
		return false;
	return need + SLACK_FIXED + m->total / SLACK_SHARE + 2 * m->cma <= m->free + given_back;
}

int kx_snapshot_drop_caches(struct kx_err *err)
{
	_cleanup_fd_ int fd = kx_open(DROP_CACHES, O_WRONLY);
	int code = fd < 0 ? -fd : 0;

	sync();
	if (!code && write(fd, "3\n", 2) != 2)
		code = errno;
	return code ? kx_err_set(err, code, DROP_CACHES ": cannot write: %s", strerror(code)) : 0;
}
