// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory to save, the same in each run: 40% text, 30% random bytes, 15% zeros, 15%
 * pages that repeat the one before, in runs of up to 16 pages.  For `bench resume`.
 *
 *	mixture write MIB SEED	to standard output
 *	mixture check MIB SEED	says "same" if standard input is that, else "differs"
 *	mixture hold MIB SEED	has it in memory and says "held"; for each byte from
 *				standard input it says "same" or "differs"
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE	4096u
#define RUN_MAX	16u

static const char *const words[] = {
	"memory ", "page ", "kernel ", "the ", "of ", "and ", "image ", "to ", "a ", "device ",
	"system ", "is ", "process ", "read ", "0x", "return ", "error ", "struct ", "\n", "table ",
	"address ", "\t", "for ", "physical ", "block ", "with ", "interrupt ", "not ", "value ",
	"in ", "buffer ", "128 ",
};

struct mixture {
	uint64_t state;		/* xorshift64 (Marsaglia, "Xorshift RNGs", 2003) */
	unsigned kind, left;	/* of the run */
	uint8_t page[PAGE];
};

static uint64_t next(struct mixture *m)
{
	m->state ^= m->state << 13;
	m->state ^= m->state >> 7;
	m->state ^= m->state << 17;
	return m->state;
}

static void text(struct mixture *m)
{
	size_t n = sizeof(words) / sizeof(words[0]);

	for (size_t at = 0; at < PAGE;) {
		uint64_t r = next(m);

		/* three words of a draw, and now and then a number */
		for (unsigned i = 0; i < 3 && at < PAGE; i++, r >>= 16) {
			const char *w = words[(r >> 3) % n];
			size_t len = strlen(w);

			if ((r & 7) == 0) {
				m->page[at++] = (uint8_t)('0' + (r >> 8) % 10);
				continue;
			}
			if (len > PAGE - at)
				len = PAGE - at;
			memcpy(m->page + at, w, len);
			at += len;
		}
	}
}

static void noise(struct mixture *m)
{
	for (size_t at = 0; at < PAGE; at += 8) {
		uint64_t r = next(m);

		memcpy(m->page + at, &r, 8);
	}
}

/* m->page becomes the next one. */
static void step(struct mixture *m)
{
	if (!m->left) {
		m->kind = next(m) % 100;
		m->left = 1 + next(m) % RUN_MAX;
	}
	m->left--;
	if (m->kind < 40)
		text(m);
	else if (m->kind < 70)
		noise(m);
	else if (m->kind < 85)
		memset(m->page, 0, PAGE);
}

static int give(struct mixture *m, size_t pages)
{
	for (; pages; pages--) {
		step(m);
		if (fwrite(m->page, PAGE, 1, stdout) != 1)
			return 1;
	}
	return fflush(stdout) != 0;
}

/* @at has them; NULL: standard input. */
static bool is_same(struct mixture m, const uint8_t *at, size_t pages)
{
	uint8_t buf[PAGE];

	for (; pages; pages--) {
		step(&m);
		if (!at && fread(buf, PAGE, 1, stdin) != 1)
			return false;
		if (memcmp(m.page, at ? at : buf, PAGE))
			return false;
		at += at ? PAGE : 0;
	}
	return at || getchar() == EOF;
}

static int say(bool same)
{
	puts(same ? "same" : "differs");
	fflush(stdout);
	return !same;
}

static int hold(const struct mixture *start, size_t pages)
{
	struct mixture m = *start;
	char byte;
	uint8_t *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	if (p == MAP_FAILED)
		return 1;
	for (size_t i = 0; i < pages; i++) {
		step(&m);
		memcpy(p + i * PAGE, m.page, PAGE);
	}
	puts("held");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) == 1)
		say(is_same(*start, p, pages));
	return 0;
}

int main(int argc, char **argv)
{
	static struct mixture m;
	size_t pages;

	if (argc != 4)
		return 2;
	pages = strtoull(argv[2], NULL, 10) * (1048576 / PAGE);
	m.state = strtoull(argv[3], NULL, 10) * 0x9e3779b97f4a7c15ull;
	if (!strcmp(argv[1], "write"))
		return give(&m, pages);
	if (!strcmp(argv[1], "check"))
		return say(is_same(m, NULL, pages));
	return strcmp(argv[1], "hold") ? 2 : hold(&m, pages);
}
