// SPDX-License-Identifier: GPL-2.0-only
/* purgatory/jump-map.c against lists as kernel/kexec_core.c makes them, and others. */
#include "jump-map.h"
#include "../unit/test.h"

#define BASE	0x7f000000ULL
#define PAGES	64u
#define CONTROL	0u		/* page */
#define LIST	1u		/* and the following */

struct world {
	uint8_t *ram;		/* of BASE, aligned */
	uint64_t *at;		/* where the next entry goes */
	uint64_t list_pages;
	uint64_t hole;		/* this page cannot be read */
	struct jump_segment seg[3];
	uint32_t count;
};

static const void *at(const struct jump_memory *m, uint64_t pa)
{
	const struct world *w = m->context;
	uint64_t off = pa - BASE;

	return off < PAGES * 4096 && pa / 4096 != w->hole / 4096 ? w->ram + off : NULL;
}

static uint64_t list_pa(uint64_t page)
{
	return BASE + (LIST + page) * 4096;
}

/* kimage_add_entry(): the last word of a page leads to the next. */
static void add(struct world *w, uint64_t entry)
{
	if (((uintptr_t)w->at & 4095) == 4088) {
		*w->at = list_pa(++w->list_pages) | 2;
		w->at = (uint64_t *)(void *)(w->ram + (LIST + w->list_pages) * 4096);
	}
	*w->at++ = entry;
}

static uint64_t head(void)
{
	return list_pa(0) | 2;
}

static void init(struct world *w)
{
	*w = (struct world){ .count = 3, .seg = {
		{ 0x1000, 0x9e000 }, { 0x2000000, 0x200000 }, { 0x4000000, 0x3000 } } };
	w->ram = aligned_alloc(4096, PAGES * 4096);
	memset(w->ram, 0xcc, PAGES * 4096);
	w->at = (uint64_t *)(void *)(w->ram + LIST * 4096);
	/* not in the order of the table: nobody promises one */
	for (uint32_t i = 3; i--; ) {
		add(w, w->seg[i].pa | 1);
		for (uint64_t n = 0; n < w->seg[i].len / 4096; n++)
			add(w, (BASE + (40 + n % 20) * 4096) | 8);
	}
	*w->at = 4;
}

static uint64_t check(struct world *w)
{
	struct jump_memory m = { .at = at, .context = w };

	return jump_map_check(&m, head(), w->seg, w->count);
}

static struct jump_map find(struct world *w)
{
	struct jump_memory m = { .at = at, .context = w };
	struct jump_map map;

	jump_map_find(&m, BASE + CONTROL * 4096, w->seg, w->count, &map);
	return map;
}

static void put_head(struct world *w, uint32_t off, uint64_t pa)
{
	memcpy(w->ram + off, &pa, 8);
}

static void test_found(void)
{
	/* up to v6.13; from v6.14 on it is not even aligned to 8; at both ends */
	static const uint32_t offsets[] = { 0x830, 0x2f1, 0, 4088 };

	for (size_t i = 0; i < 4; i++) {
		struct world w;
		struct jump_map map;

		init(&w);
		put_head(&w, offsets[i], head());
		map = find(&w);
		CHECK_EQ_U64(map.head, head());
		CHECK_EQ_U64(map.offset, offsets[i]);
		CHECK_EQ_U64(map.pages, 0x9e + 0x200 + 3);
		CHECK_EQ_U64(map.found, 1);
		free(w.ram);
	}
}

static void test_not_found(void)
{
	struct world w;

	init(&w);
	CHECK_EQ_U64(find(&w).head, 0);
	put_head(&w, 0x830, BASE + 20 * 4096 + 2);	/* no list */
	put_head(&w, 0x900, 0xdead000002);		/* no memory */
	CHECK_EQ_U64(find(&w).head, 0);
	CHECK_EQ_U64(find(&w).found, 0);
	w.hole = BASE;					/* no control page */
	CHECK_EQ_U64(find(&w).found, 0);
	free(w.ram);
}

/* The same word twice is one; two lists that pass are none. */
static void test_two(void)
{
	struct world w;

	init(&w);
	put_head(&w, 0x100, head());
	put_head(&w, 0x830, head());
	CHECK_EQ_U64(find(&w).found, 1);
	memcpy(w.ram + 30 * 4096, w.ram + LIST * 4096, 4096);
	put_head(&w, 0x400, (BASE + 30 * 4096) | 2);
	CHECK_EQ_U64(find(&w).found, 2);
	CHECK_EQ_U64(find(&w).head, 0);
	CHECK_EQ_U64(find(&w).pages, 0);	/* else the note is malformed */
	free(w.ram);
}

/* Sources 40 to 59 over and over: each time round is a run, each segment begins one. */
static void test_runs(void)
{
	struct context_run run[40], end = { 1, 2, 3 };
	struct jump_memory m = { .at = at };
	uint64_t pages = 0, n;
	struct world w;

	init(&w);
	m.context = &w;
	run[2] = end;
	CHECK_EQ_U64(jump_map_runs(&m, head(), run, 2), 1 + 26 + 8);
	CHECK(!memcmp(&run[2], &end, sizeof(end)));	/* no further than there is room */
	n = jump_map_runs(&m, head(), run, 40);
	CHECK_EQ_U64(n, 35);
	for (uint64_t i = 0; i < n && i < 40; i++)
		pages += run[i].pages;
	CHECK_EQ_U64(pages, 0x9e + 0x200 + 3);
	CHECK_EQ_U64(run[0].dst_pa, w.seg[2].pa);
	CHECK_EQ_U64(run[0].src_pa, BASE + 40 * 4096);
	CHECK_EQ_U64(run[0].pages, 3);
	CHECK_EQ_U64(run[2].dst_pa, w.seg[1].pa + 20 * 4096);
	CHECK_EQ_U64(run[2].src_pa, BASE + 40 * 4096);
	CHECK_EQ_U64(run[34].dst_pa, w.seg[0].pa + 140 * 4096);
	CHECK_EQ_U64(run[34].pages, 0x9e - 140);
	free(w.ram);
}

#define BAD(change) do { \
	struct world w; \
	uint64_t *list; \
	init(&w); \
	list = (uint64_t *)(void *)(w.ram + LIST * 4096); \
	CHECK(check(&w) && *list); \
	change; \
	CHECK_EQ_U64(check(&w), 0); \
	free(w.ram); \
} while (0)

static void test_bad(void)
{
	BAD(list[0] += 4096);			/* begins no segment */
	BAD(list[0] |= 2);			/* two kinds at once */
	BAD(list[0] |= 16);			/* a bit that is none */
	BAD(list[1] = 0);
	BAD(list[1] = 4);			/* ends too early */
	BAD(list[0] = 4);
	BAD(list[1] = 0xdead000008);		/* a page that is not there */
	BAD(list[4] = list[0]);			/* a segment twice, another not */
	BAD(list[511] = list[510]);		/* runs out of the page */
	BAD(list[511] = 0xdead000002);
	BAD(list[511] = head());		/* a circle with pages */
	BAD(list[0] = head());			/* a circle without */
	BAD(*w.at = list[1]);			/* more pages than the segment has */
	BAD(w.seg[2].len += 4096);
	BAD(w.seg[1].len -= 4096);
	BAD(w.count = 2);
	BAD(w.hole = list_pa(1));
}

TEST_MAIN({ "found", test_found }, { "not found", test_not_found }, { "two", test_two },
	  { "runs", test_runs }, { "bad lists", test_bad })
