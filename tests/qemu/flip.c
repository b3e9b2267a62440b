/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Damages the memory of a running machine: finds markers in the file that is its
 * RAM and flips one bit.  Called by `failures` through `cell --ram-file --then`.
 *
 *	flip FILE HEX...		HEX: a marker
 *		the lowest bit of the first byte of every copy of each marker
 *	flip --length FILE HEX...
 *		in LZ4 blocks, one bit of the length of the literals that begin
 *		with a marker, in every copy of that block: literals of 1 KiB
 *		stand behind their length as ff ff ff xx
 *	flip --watch=START-END FILE HEX
 *		every copy of the marker in these bytes of FILE, and those that
 *		are written there, until there were some and no new ones came
 *		for two seconds
 *
 * A copy that crosses the edge of a page is left alone: its halves are neighbours
 * in one copy of the data and strangers in the next, and the damage has to be the
 * same in all of them.  Prints how many bits it flipped; 1 if there was none.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE		4096
#define MARKER_MAX	64
#define WATCH_S		60
#define QUIET_S		2

struct marker {
	uint8_t bytes[MARKER_MAX];
	size_t len;
};

static int fail(const char *what)
{
	fprintf(stderr, "flip: %s: %s\n", what, strerror(errno));
	return 2;
}

static bool parse_hex(const char *hex, struct marker *ret)
{
	unsigned int byte;

	for (ret->len = 0; *hex; hex += 2) {
		if (ret->len == MARKER_MAX || sscanf(hex, "%2x", &byte) != 1 || !hex[1])
			return false;
		ret->bytes[ret->len++] = (uint8_t)byte;
	}
	return ret->len > 0;
}

static size_t flip_page(uint8_t *page, const struct marker *m)
{
	uint8_t *p = page, *end = page + PAGE;
	size_t count = 0;

	while ((p = memmem(p, (size_t)(end - p), m->bytes, m->len))) {
		*p ^= 1;
		p += m->len;
		count++;
	}
	return count;
}

static size_t flip_length(uint8_t *page, const struct marker *m)
{
	uint8_t *p = memmem(page, PAGE, m->bytes, m->len);

	if (!p || p - page < 4 || p[-2] != 0xff || p[-3] != 0xff || p[-4] != 0xff)
		return 0;
	p[-2] ^= 1;
	return 1;
}

static size_t flip_all(uint8_t *ram, uint64_t len, const struct marker *m,
		       size_t (*flip)(uint8_t *page, const struct marker *m))
{
	size_t count = 0;

	for (uint64_t at = 0; at + PAGE <= len; at += PAGE)
		count += flip(ram + at, m);
	return count;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/*
 * What the machine writes meanwhile is seen, since both have the file mapped.
 * There may be old copies: they are flipped and overwritten later.
 */
static size_t flip_watched(uint8_t *start, uint8_t *end, const struct marker *m)
{
	double begin = now(), last = begin;
	size_t count = 0;

	while (now() - begin < WATCH_S && (!count || now() - last < QUIET_S)) {
		uint8_t *p = memmem(start, (size_t)(end - start), m->bytes, m->len);

		if (!p)
			continue;
		/* the last byte, as the decoder has then written all of it */
		p[m->len - 1] ^= 1;
		last = now();
		count++;
	}
	return count;
}

static int usage(void)
{
	fprintf(stderr, "usage: flip [--length | --watch=START-END] FILE HEX...\n");
	return 2;
}

int main(int argc, char **argv)
{
	bool length = argc > 1 && !strcmp(argv[1], "--length");
	uint64_t start = 0, end = 0, size;
	struct marker m;
	size_t count = 0;
	struct stat st;
	uint8_t *ram;
	int fd, at = 1;

	if (argc > 1 && sscanf(argv[1], "--watch=%" SCNi64 "-%" SCNi64, &start, &end) == 2)
		length = false;
	at += length || end;
	if (argc - at < 2)
		return usage();
	fd = open(argv[at], O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(argv[at]);
	size = (uint64_t)st.st_size;
	ram = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ram == MAP_FAILED)
		return fail(argv[at]);
	while (++at < argc) {
		if (!parse_hex(argv[at], &m) || end > size || start > end)
			return usage();
		if (end)
			count += flip_watched(ram + start, ram + end, &m);
		else
			count += flip_all(ram, size, &m, length ? flip_length : flip_page);
	}
	printf("flipped %zu bits\n", count);
	return count ? 0 : 1;
}
