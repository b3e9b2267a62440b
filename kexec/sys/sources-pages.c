/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of the running kernel that another one should not get while it sleeps,
 * though the kernel would swap them: huge pages of hugetlbfs and CMA areas, which
 * are promised to somebody as they are, pages with memory errors, and pages that a
 * balloon gave back to the hypervisor.
 *
 * Documentation/admin-guide/mm/pagemap.rst (/proc/kpageflags, one 64-bit word for
 * each page), include/uapi/linux/kernel-page-flags.h; mm/cma_debug.c
 * (/sys/kernel/debug/cma/NAME/{base_pfn,count}, decimal).  Only memory below 4 GiB
 * is looked at, as there is no window above (plan/window.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "facts.h"
#include "kx/sys.h"
#include "open.h"

#define CMA		"sys/kernel/debug/cma"
#define FOUR_GIB	((uint64_t)1 << 32)
/* A window begins and ends at these: a block with one such page is one as a whole. */
#define BLOCK		((uint64_t)2 << 20)
#define MIB		((uint64_t)1 << 20)

static const struct {
	unsigned int bit;		/* KPF_* */
	const char *name;
} flags[] = {
	{ 17, "hugetlb pages" },	/* KPF_HUGE */
	{ 19, "pages with memory errors" },	/* KPF_HWPOISON */
	{ 23, "pages that are offline" },	/* KPF_OFFLINE; KPF_BALLOON before 5.1 */
};

static const char *name_of(uint64_t word)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (word >> flags[i].bit & 1)
			return flags[i].name;
	return NULL;
}

static int add(struct kx_sources *s, struct kx_arena *a, struct kx_range r, const char *name,
	       struct kx_err *err)
{
	struct kx_memmap *m = &s->special;
	struct kx_mem *last = m->n ? &m->v[m->n - 1] : NULL;

	if (last && last->r.end == r.start && !strcmp(last->name, name)) {
		last->r.end = r.end;
		return 0;
	}
	return kx_memmap_add(m, a, (struct kx_mem){ .r = r, .type = KX_MEM_OTHER, .name = name },
			     err);
}

/* The words of one block's pages, or of one page below 1 MiB. */
static int look(struct kx_sources *s, struct kx_arena *a, int fd, struct kx_range r,
		struct kx_err *err)
{
	uint64_t word[BLOCK / 4096];
	uint64_t n = kx_range_len(r) / s->page_size;
	const char *name = NULL;

	if (n > sizeof(word) / sizeof(word[0]) ||
	    pread(fd, word, n * 8, (off_t)(r.start / s->page_size * 8)) != (ssize_t)(n * 8))
		return 0;
	for (uint64_t i = 0; i < n && !name; i++)
		name = name_of(word[i]);
	return name ? add(s, a, r, name, err) : 0;
}

static int read_flags(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	_cleanup_fd_ int fd = kx_open_below(s->root, "proc/kpageflags", O_RDONLY | O_NONBLOCK);
	int r = 0;

	for (size_t i = 0; fd >= 0 && i < s->firmware.n && r == 0; i++) {
		struct kx_range ram = s->firmware.v[i].r;

		if (s->firmware.v[i].type != KX_MEM_RAM)
			continue;
		ram = kx_range_shrink(ram, s->page_size);
		while (r == 0 && ram.start < ram.end && ram.start < FOUR_GIB) {
			uint64_t step = ram.start < MIB ? s->page_size :
					BLOCK - ram.start % BLOCK;
			struct kx_range part = { ram.start, ram.start + step };

			if (part.end > ram.end)
				part.end = ram.end;
			r = look(s, a, fd, part, err);
			ram.start = part.end;
		}
	}
	return r;
}

static int read_cma(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	uint64_t pfn, count, start, len;
	struct kx_range range;
	char **names;
	int r = kx_root_list(s->root, a, CMA, &names, err);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	for (r = 0; *names && r == 0; names++) {
		if (kx_root_u64(s->root, 10, &pfn, NULL, CMA "/%s/base_pfn", *names) < 0 ||
		    kx_root_u64(s->root, 10, &count, NULL, CMA "/%s/count", *names) < 0 ||
		    __builtin_mul_overflow(pfn, s->page_size, &start) ||
		    __builtin_mul_overflow(count, s->page_size, &len) ||
		    !kx_range_make(start, len, &range))
			continue;
		r = kx_memmap_add(&s->special, a, (struct kx_mem){
					.r = range, .type = KX_MEM_OTHER, .name = "a CMA area",
				  }, err);
	}
	return r;
}

int kx_pages_read(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	struct kx_err e = { 0 };
	int r = read_flags(s, a, &e);

	if (r == 0)
		r = read_cma(s, a, &e);
	kx_memmap_sort(&s->special);
	return r < 0 ? kx_err_set(err, -r, "special pages: %s", e.text) : 0;
}
