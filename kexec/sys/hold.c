/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeps memory that segments are for from the kernel while it looks for pages to load
 * them into.  Called by commit.c.
 *
 * kimage_alloc_page() (kernel/kexec_core.c) takes what the allocator gives it.  A page
 * that lies in a segment costs a walk over all that was loaded so far, and stays on a
 * list that is walked for each page after it.  So while it allocates, such pages are
 * ours: nearly all free memory is taken, and what lies in no segment is given back.
 *
 * A saved core was read to be verified, and the page cache still has it.  That is as
 * much memory as the segments take, so that what is left to load into would be their
 * own places.  So it is given back first, and the core is read a second time, into
 * their places: then these are held by the page cache, which needs no more memory.
 *
 * Nothing depends on it: pages that are missed, or moved, only cost time.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "facts.h"
#include "hold.h"
#include "kx/sys.h"
#include "open.h"

#define PAGEMAP		"/proc/self/pagemap"
#define MIB		((uint64_t)1 << 20)
/* A smaller share of what is free loads quickly anyway. */
#define SEGMENTS_MIN	(96 * MIB)
#define SEGMENTS_SHARE	3u
/*
 * Never taken, so that nobody runs out of memory: this, and the highest watermark,
 * which is one and a half of the lowest (mm/page_alloc.c, __setup_per_zone_wmarks()).
 */
#define FREE_MIN	(32 * MIB)
#define FREE_SHARE	64u
/* Of 4 KiB each: a huge page, of which no part could be given back. */
#define CHUNK_PAGES	512u

/* ---- how much, and which ---------------------------------------------------------- */

bool kx_hold_pays(uint64_t sum, uint64_t free)
{
	return sum >= SEGMENTS_MIN && sum >= free / SEGMENTS_SHARE;
}

struct kx_hold_share kx_hold_share(uint64_t sum, const struct kx_hold_memory *m)
{
	uint64_t keep = FREE_MIN + m->total / FREE_SHARE + m->reserve + m->reserve / 2, most;

	if (m->free <= keep || m->free - keep <= sum)
		return (struct kx_hold_share){ .keep = keep };
	/* As much has to be left as is loaded. */
	most = m->free - keep - sum;
	return (struct kx_hold_share){
		.keep = keep,
		.take = m->free - keep,
		.skip = sum > most ? sum - most : 0,
	};
}

bool kx_hold_wants(const struct kx_plan *p, uint64_t skip, uint64_t from, uint64_t to)
{
	for (size_t i = 0; i < p->segment_count; i++) {
		struct kx_range r = p->segment[i].range;
		uint64_t len = kx_range_len(r), less = skip < len ? skip : len;

		skip -= less;
		r.start += less;
		if (!kx_range_empty(r) && to > r.start && from < r.end)
			return true;
	}
	return false;
}

/* ---- giving back ------------------------------------------------------------------ */

/* All that is taken is gone through; what is to be given back next begins at @from. */
struct sorter {
	const struct kx_plan *p;
	struct kx_hold *h;
	uint64_t skip, page;
	bool keep_wanted;		/* false: what is wanted is given back, the rest stays */
	uint64_t from;
};

static void give_back(struct sorter *s, uint64_t to)
{
	if (s->from < to)
		madvise(s->h->at + s->from, (size_t)(to - s->from), MADV_DONTNEED);
}

/* @len bytes of the mapping, which are at @pa. */
static void sort_one(struct sorter *s, uint64_t at, uint64_t len, uint64_t pa)
{
	if (kx_hold_wants(s->p, s->skip, pa, pa + len) != s->keep_wanted)
		return;
	give_back(s, at);
	s->from = at + len;
	s->h->held += len;
}

/* Do @n pages lie one behind the other?  Then they may be a huge one. */
static bool is_whole(const uint64_t *entry, size_t n, uint64_t page, uint64_t *ret_pa)
{
	uint64_t pa;

	if (kx_pagemap_parse(entry[0], page, ret_pa, NULL) < 0)
		return false;
	for (size_t i = 1; i < n; i++)
		if (kx_pagemap_parse(entry[i], page, &pa, NULL) < 0 || pa != *ret_pa + i * page)
			return false;
	return true;
}

static void sort_chunk(struct sorter *s, uint64_t at, const uint64_t *entry, size_t n)
{
	uint64_t pa;

	if (is_whole(entry, n, s->page, &pa)) {
		sort_one(s, at, n * s->page, pa);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (kx_pagemap_parse(entry[i], s->page, &pa, NULL) == 0)
			sort_one(s, at + i * s->page, s->page, pa);
}

/* Pages whose address cannot be told are given back. */
static void sort_out(struct sorter *s, int pagemap)
{
	uint64_t entry[CHUNK_PAGES];
	size_t chunk = sizeof(entry);

	for (uint64_t at = 0; at < s->h->len; at += CHUNK_PAGES * s->page) {
		uint64_t number = ((uintptr_t)s->h->at + at) / s->page;

		if (pread(pagemap, entry, chunk, (off_t)(number * sizeof(*entry))) != (ssize_t)chunk)
			break;
		sort_chunk(s, at, entry, CHUNK_PAGES);
	}
	give_back(s, s->h->len);
}

/* ---- taking ----------------------------------------------------------------------- */

/* "0::/a/b": may this process not have as much memory as is free? */
static bool is_limited(const char *root, struct kx_arena *a)
{
	const char *text, *line;
	char path[256];
	uint64_t v;

	if (kx_fact_text(root, a, &text, NULL, "proc/self/cgroup") < 0)
		return true;
	line = strncmp(text, "0::/", 4) ? strstr(text, "\n0::/") : text;
	if (!line || sscanf(strchr(line, '/'), "%255[^\n]", path) != 1)
		return false;
	/* "max" is no number. */
	for (char *end = path + strlen(path); end > path; end = strrchr(path, '/')) {
		*end = '\0';
		if (kx_root_u64(root, 10, &v, NULL, "sys/fs/cgroup%s/memory.max", path) == 0)
			return true;
	}
	return false;
}

/* kimage_alloc_pages() asks for GFP_HIGHUSER: neither this zone nor CMA is for it. */
static bool has_movable_zone(const char *zoneinfo)
{
	const char *zone = strstr(zoneinfo, "zone  Movable"), *managed;
	unsigned long pages = 0;

	managed = zone ? strstr(zone, "managed") : NULL;
	return managed && sscanf(managed, "managed %lu", &pages) == 1 && pages;
}

bool kx_hold_may(const char *root, uint64_t *ret_cma)
{
	const char *zones, *memory;
	struct kx_arena a;
	bool may;

	kx_arena_init(&a);
	may = !is_limited(root, &a) &&
	      kx_fact_text(root, &a, &zones, NULL, "proc/zoneinfo") == 0 &&
	      kx_fact_text(root, &a, &memory, NULL, "proc/meminfo") == 0 &&
	      !has_movable_zone(zones);
	if (may)
		*ret_cma = kx_meminfo_bytes(memory, "CmaFree:");
	kx_arena_deinit(&a);
	return may;
}

/* @cma of what is free is not for segments. */
static bool memory_read(const struct kx_sources *s, uint64_t cma, struct kx_hold_memory *ret)
{
	uint64_t kib = 0;
	struct sysinfo i;

	if (s->root[0] || sysinfo(&i) < 0)
		return false;
	if (kx_root_u64(s->root, 10, &kib, NULL, "proc/sys/vm/min_free_kbytes") < 0)
		kib = 0;
	*ret = (struct kx_hold_memory){
		.total = (uint64_t)i.totalram * i.mem_unit,
		.free = (uint64_t)i.freeram * i.mem_unit,
		.reserve = kib << 10,
	};
	ret->free -= ret->free < cma ? ret->free : cma;
	return true;
}

/* Was a file read through the page cache for it? */
static bool is_read(const struct kx_plan *p)
{
	return p->saved && !p->saved->kept_pa;
}

/* Are segments loaded as they lie in that file? */
static bool is_mapped(const struct kx_plan *p)
{
	const struct kx_bytes core = p->request->kernel.bytes;

	for (size_t i = 0; i < p->segment_count && is_read(p); i++)
		if (p->segment[i].buf.data >= core.data &&
		    p->segment[i].buf.data < core.data + core.len)
			return true;
	return false;
}

/*
 * Read from the file, at most @len bytes of what is loaded from it, and lock it: unlocked,
 * the kernel takes it back to have blocks of pages.  Until it is unmapped.
 */
static void read_again(const struct kx_plan *p, uint64_t len)
{
	for (size_t i = 0; i < p->segment_count && len; i++) {
		struct kx_bytes buf = p->segment[i].buf;
		uint64_t part = buf.len < len ? buf.len : len;

		if (part && mlock(buf.data, (size_t)part) < 0)
			return;
		len -= part;
	}
}

static struct kx_hold_share choose(const struct kx_plan *p, uint64_t cma)
{
	uint64_t sum = kx_segments_sum(p->segment, p->segment_count);
	struct kx_bytes core = p->request->kernel.bytes;
	struct kx_hold_memory m;

	if (!memory_read(p->sources, cma, &m) || !kx_hold_pays(sum, m.free))
		return (struct kx_hold_share){ .take = 0 };
	if (is_read(p)) {
		/* Since 5.4.  POSIX_FADV_DONTNEED leaves what is mapped. */
		madvise((void *)(uintptr_t)core.data, core.len, MADV_PAGEOUT);
		if (!memory_read(p->sources, cma, &m))
			return (struct kx_hold_share){ .take = 0 };
	}
	return kx_hold_share(sum, &m);
}

/* A mapping of whole chunks, each aligned so that it can be a huge page. */
static bool map(struct kx_hold *h, uint64_t take, uint64_t chunk)
{
	uint64_t len = kx_align_down(take, chunk), head;
	uint8_t *at;

	if (!len)
		return false;
	at = mmap(NULL, (size_t)(len + chunk), PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return false;
	head = kx_align_up((uintptr_t)at, chunk) - (uintptr_t)at;
	if (head)
		munmap(at, (size_t)head);
	if (head < chunk)
		munmap(at + head + len, (size_t)(chunk - head));
	*h = (struct kx_hold){ .at = at + head, .len = len };
	return true;
}

/* Until only @keep bytes are free, whoever takes some meanwhile. */
static void touch(const struct kx_plan *p, uint64_t keep, uint64_t chunk, struct kx_hold *h)
{
	struct kx_hold_memory m;
	uint64_t at = 0;

	for (; at < h->len && memory_read(p->sources, 0, &m) && m.free > keep + chunk; at += chunk)
		for (uint64_t k = 0; k < chunk; k += p->sources->page_size)
			((volatile uint8_t *)h->at)[at + k] = 1;
	if (at < h->len)
		munmap(h->at + at, (size_t)(h->len - at));
	h->len = at;
	if (!at)
		h->at = NULL;
}

/* Of all that is taken, what is wanted stays, or with @keep_wanted false all else. */
static bool take(const struct kx_plan *p, const struct kx_hold_share *share, bool keep_wanted,
		 int pagemap, struct kx_hold *h)
{
	struct sorter s = {
		.p = p, .h = h, .page = p->sources->page_size, .skip = share->skip,
		.keep_wanted = keep_wanted,
	};

	if (!map(h, share->take, CHUNK_PAGES * s.page))
		return false;
	/* Huge pages are larger, and take more than they should, where pages are. */
	if (s.page != 4096)
		madvise(h->at, (size_t)h->len, MADV_NOHUGEPAGE);
	touch(p, share->keep, CHUNK_PAGES * s.page, h);
	sort_out(&s, pagemap);
	return true;
}

void kx_hold_begin(const struct kx_plan *p, struct kx_hold *h)
{
	_cleanup_fd_ int pagemap = kx_open(PAGEMAP, O_RDONLY);
	struct kx_hold_share share;
	uint64_t cma;

	*h = (struct kx_hold){ .at = NULL };
	/* Nobody is given pages of a reservation. */
	if (pagemap < 0 || p->request->crash || !kx_hold_may(p->sources->root, &cma))
		return;
	share = choose(p, cma);
	share.keep += cma;
	if (!take(p, &share, !is_mapped(p), pagemap, h) || !is_mapped(p))
		return;
	/* No more than what was given back: all else is taken. */
	read_again(p, h->len - h->held);
	kx_hold_end(h);
}

void kx_hold_end(struct kx_hold *h)
{
	if (h->at)
		munmap(h->at, (size_t)h->len);
	*h = (struct kx_hold){ .at = NULL };
}
