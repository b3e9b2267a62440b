/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of this kernel whose physical address is known, for another kernel to
 * look at and to change.  Built for the guests of `jump`.
 *
 *	jump-pages START END COUNT SEED FOLDER
 *
 * Looks for COUNT of its pages inside [START, END) and COUNT outside, fills and
 * pins them, and writes into FOLDER: page-PA, one page's contents, for each; and
 * then "list", lines "in PA" and "out PA".  One more page outside is the slot,
 * "slot PA", in which somebody else may write the first word: it goes to the file
 * "slot" whenever it changes.  From then on it looks, again and again, that the
 * others are as they were and where they were, and counts that in "passes".
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <time.h>

#include "jump-pattern.h"

#define PAGE		4096u
#define WORDS		(PAGE / sizeof(uint64_t))
#define PIPE_PAGES	16u		/* what a pipe holds by default */
#define STEP		((size_t)2 << 20)
/* Pages of one step lie side by side: a few of each are enough. */
#define PER_STEP	4u

struct page {
	uint64_t *at;
	uint64_t pa;
	int in;
};

struct pages {
	uint64_t start, end, seed;
	const char *folder;
	size_t wanted, n, in, out;
	struct page *v;		/* 2 * wanted + 1; the last is the slot */
	int pagemap;
};

static uint64_t physical(const struct pages *p, const void *at)
{
	uint64_t entry;

	/* Documentation/admin-guide/mm/pagemap.rst: bits 0-54 page frame number, 63 present */
	if (pread(p->pagemap, &entry, 8, (off_t)((uintptr_t)at / PAGE * 8)) != 8)
		fail("pages", "pagemap: %s", strerror(errno));
	if (!(entry >> 63))
		return 0;
	return (entry & ((1ull << 55) - 1)) * PAGE;
}

/* Migration fails while a pipe refers to a page. */
static void pin(const struct page *v, size_t n)
{
	struct iovec iov[PIPE_PAGES];
	int fds[2];

	if (pipe(fds) < 0)
		fail("pages", "pipe: %s", strerror(errno));
	for (size_t i = 0; i < n; i++)
		iov[i] = (struct iovec){ v[i].at, PAGE };
	if (vmsplice(fds[1], iov, n, 0) != (ssize_t)(n * PAGE))
		fail("pages", "vmsplice: %s", strerror(errno));
}

static void take(struct pages *p, uint64_t *at)
{
	uint64_t pa = physical(p, at);
	int in = pa >= p->start && pa < p->end;
	/* the slot is outside */
	size_t wanted = in ? p->wanted : p->wanted + 1;

	if (!pa || *(in ? &p->in : &p->out) == wanted)
		return;
	p->v[p->n++] = (struct page){ at, pa, in };
	*(in ? &p->in : &p->out) += 1;
}

/* 2 MiB, aligned, so that the kernel takes one huge page for all of it. */
static uint8_t *step_new(void)
{
	uint8_t *at = mmap(NULL, 2 * STEP, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t skip;

	if (at == MAP_FAILED)
		fail("pages", "mmap: %s", strerror(errno));
	skip = (STEP - (uintptr_t)at % STEP) % STEP;
	if (skip)
		munmap(at, skip);
	munmap(at + skip + STEP, STEP - skip);
	madvise(at + skip, STEP, MADV_HUGEPAGE);
	return at + skip;
}

static size_t enough_steps(void)
{
	struct sysinfo info;

	sysinfo(&info);
	return info.freeram / STEP * info.mem_unit * 3 / 4;
}

/*
 * Takes memory in steps until there are enough pages of both kinds.  What is not
 * wanted is given back at the end only, or it would be what the next step gets.
 */
static void look(struct pages *p)
{
	size_t max = enough_steps(), steps = 0;
	uint8_t **useless = calloc(max, sizeof(*useless));

	for (size_t s = 0; s < max && p->n < 2 * p->wanted + 1; s++) {
		uint8_t *at = step_new();
		size_t before = p->n;

		for (size_t i = 0; i < PER_STEP; i++) {
			uint64_t *page = (uint64_t *)(at + i * (STEP / PER_STEP));

			page[0] = 1;
			take(p, page);
		}
		if (p->n == before)
			useless[steps++] = at;
	}
	while (steps)
		munmap(useless[--steps], STEP);
	free(useless);
	if (p->n < 2 * p->wanted + 1)
		fail("pages", "expected %zu pages in [%#" PRIx64 ", %#" PRIx64
		     ") and as many outside, found %zu and %zu", p->wanted, p->start, p->end,
		     p->in, p->out);
}

static void put(const struct pages *p, const char *name, const void *from, size_t len)
{
	char path[256], done[256];
	int fd;

	snprintf(done, sizeof(done), "%s/%s", p->folder, name);
	snprintf(path, sizeof(path), "%s/.new", p->folder);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, from, len) != (ssize_t)len || close(fd) < 0 ||
	    rename(path, done) < 0)
		fail("pages", "%s: %s", done, strerror(errno));
}

static void put_number(const struct pages *p, const char *name, uint64_t v)
{
	char text[24];

	put(p, name, text, (size_t)snprintf(text, sizeof(text), "%#" PRIx64 "\n", v));
}

static void fill(struct pages *p)
{
	struct page *slot = NULL;

	/* The slot goes last: one that is outside. */
	for (size_t i = 0; i < p->n && !slot; i++)
		if (!p->v[i].in)
			slot = &p->v[i];
	struct page last = *slot;

	*slot = p->v[p->n - 1];
	p->v[p->n - 1] = last;
	for (size_t i = 0; i < p->n; i++)
		pattern_fill(p->v[i].at, WORDS, p->seed, i * WORDS);
	for (size_t i = 0; i < p->n; i += PIPE_PAGES)
		pin(p->v + i, p->n - i < PIPE_PAGES ? p->n - i : PIPE_PAGES);
}

static void tell(const struct pages *p)
{
	size_t size = p->n * 40, len = 0;
	char *list = malloc(size), name[40];

	for (size_t i = 0; i < p->n; i++) {
		const struct page *v = &p->v[i];
		int slot = i + 1 == p->n;

		/* where it is now that it stays there */
		if (physical(p, v->at) != v->pa)
			fail("pages", "page %#" PRIx64 " moved before it was pinned", v->pa);
		len += (size_t)snprintf(list + len, size - len, "%s %#" PRIx64 "\n",
					slot ? "slot" : v->in ? "in" : "out", v->pa);
		snprintf(name, sizeof(name), "page-%#" PRIx64, v->pa);
		if (!slot)
			put(p, name, v->at, PAGE);
	}
	put_number(p, "slot", p->v[p->n - 1].at[0]);
	put(p, "list", list, len);
	free(list);
}

static void watch(const struct pages *p)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
	const struct page *slot = &p->v[p->n - 1];
	uint64_t value = slot->at[0];

	for (uint64_t passes = 1;; passes++) {
		for (size_t i = 0; i + 1 < p->n; i++) {
			const struct page *v = &p->v[i];

			if (pattern_check(v->at, WORDS, p->seed, i * WORDS) < WORDS)
				fail("pages", "page %#" PRIx64 " (%s the window) changed", v->pa,
				     v->in ? "in" : "outside");
			if (physical(p, v->at) != v->pa)
				fail("pages", "page %#" PRIx64 " moved", v->pa);
		}
		if (*(volatile uint64_t *)slot->at != value) {
			value = *(volatile uint64_t *)slot->at;
			put_number(p, "slot", value);
		}
		put_number(p, "passes", passes);
		nanosleep(&pause, NULL);
	}
}

int main(int argc, char **argv)
{
	struct pages p = { .pagemap = -1 };

	if (argc != 6) {
		fprintf(stderr, "usage: jump-pages START END COUNT SEED FOLDER\n");
		return 2;
	}
	p.start = strtoull(argv[1], NULL, 0);
	p.end = strtoull(argv[2], NULL, 0);
	p.wanted = strtoull(argv[3], NULL, 0);
	p.seed = strtoull(argv[4], NULL, 0);
	p.folder = argv[5];
	p.v = calloc(2 * p.wanted + 1, sizeof(*p.v));
	p.pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (!p.v || p.pagemap < 0)
		fail("pages", "pagemap: %s", strerror(errno));
	look(&p);
	fill(&p);
	tell(&p);
	watch(&p);
}
