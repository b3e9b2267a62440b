/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Prints what the QEMU plugin `count` counted in the pages that hold
 * [START, END): one line for each function, "name instructions
 * memory-instructions loads load-bytes stores store-bytes cache-operations", and
 * at last one called "total".  Called by `bench purgatory`.
 *
 *	counts FILE START END [SYMBOLS]
 *
 * SYMBOLS are lines of nm -n, the first of which is what is at START.  Without
 * them all is one function, "code".
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "count.h"

#define SYMBOLS_MAX	1024

struct sum {
	char name[64];
	uint64_t off;
	uint64_t insns, memory, loads, load_bytes, stores, store_bytes, ops;
};

static size_t symbols_read(const char *path, struct sum *ret)
{
	FILE *f = path ? fopen(path, "re") : NULL;
	size_t n = 1;
	char kind;

	strcpy(ret[0].name, "code");
	if (path && !f) {
		perror(path);
		exit(2);
	}
	while (f && n < SYMBOLS_MAX &&
	       fscanf(f, "%" SCNx64 " %c %63s", &ret[n].off, &kind, ret[n].name) == 3)
		n += ret[n].name[0] != '$';	/* mapping symbols: "$x", "$d" */
	if (f)
		fclose(f);
	/* from addresses to offsets */
	for (size_t i = n; i-- > 1;)
		ret[i].off -= ret[1].off;
	return n;
}

/* DC and IC: Arm ARM C5.1.3, SYS with CRn 7 (and AT, which is not used here). */
static int is_cache_op(uint32_t opcode)
{
	return (opcode & 0xfff8f000) == 0xd5087000;
}

static void add(struct sum *s, const struct counter *c)
{
	s->insns += c->count;
	s->memory += c->loads || c->stores ? c->count : 0;
	s->loads += c->loads;
	s->load_bytes += c->load_bytes;
	s->stores += c->stores;
	s->store_bytes += c->store_bytes;
	s->ops += is_cache_op((uint32_t)c->opcode) ? c->count : 0;
}

static void print(const struct sum *s)
{
	if (s->insns)
		printf("%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
		       " %" PRIu64 "\n",
		       s->name, s->insns, s->memory, s->loads, s->load_bytes, s->stores,
		       s->store_bytes, s->ops);
}

int main(int argc, char **argv)
{
	static struct sum sums[SYMBOLS_MAX + 1], total = { .name = "total" };
	const struct page *pages;
	uint64_t start, end;
	size_t n;
	int fd;

	if (argc < 4 || argc > 5) {
		fprintf(stderr, "usage: counts FILE START END [SYMBOLS]\n");
		return 2;
	}
	start = strtoull(argv[2], NULL, 0);
	end = strtoull(argv[3], NULL, 0);
	n = symbols_read(argc == 5 ? argv[4] : NULL, sums);
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	pages = fd < 0 ? MAP_FAILED :
		mmap(NULL, PAGES * sizeof(*pages), PROT_READ, MAP_SHARED, fd, 0);
	if (pages == MAP_FAILED) {
		perror(argv[1]);
		return 2;
	}
	for (const struct page *p = pages; p < pages + PAGES && p->base; p++) {
		for (uint64_t off = 0; off < PAGE; off += 4) {
			uint64_t pa = p->base + off;
			size_t s = 0;

			if (pa < start || pa >= end)
				continue;
			while (s + 1 < n && sums[s + 1].off <= pa - start)
				s++;
			add(&sums[s], &p->insn[off / 4]);
			add(&total, &p->insn[off / 4]);
		}
	}
	for (size_t s = 0; s < n; s++)
		print(&sums[s]);
	print(&total);
	return 0;
}
