/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Damages the memory of a running machine: finds every copy of a marker in the
 * file that is its RAM, and flips the lowest bit of the marker's first byte.
 * Called by `failures` through `cell --ram-file --then`.
 *
 *	flip FILE HEX		HEX: the marker
 *
 * A copy that crosses the edge of a page is left alone: its halves are neighbours
 * in one copy of the data and strangers in the next, and the damage has to be the
 * same in all of them.  Prints how many bits it flipped; 1 if there was none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE		4096
#define MARKER_MAX	64

static int fail(const char *what)
{
	fprintf(stderr, "flip: %s: %s\n", what, strerror(errno));
	return 2;
}

static size_t parse_hex(const char *hex, uint8_t *ret)
{
	unsigned int byte;
	size_t n = 0;

	for (; *hex; hex += 2, n++) {
		if (n == MARKER_MAX || sscanf(hex, "%2x", &byte) != 1 || !hex[1])
			return 0;
		ret[n] = (uint8_t)byte;
	}
	return n;
}

static size_t flip_page(uint8_t *page, const uint8_t *marker, size_t n)
{
	uint8_t *p = page, *end = page + PAGE;
	size_t count = 0;

	while ((p = memmem(p, (size_t)(end - p), marker, n))) {
		*p ^= 1;
		p += n;
		count++;
	}
	return count;
}

int main(int argc, char **argv)
{
	uint8_t marker[MARKER_MAX], *ram;
	size_t n, count = 0;
	struct stat st;
	int fd;

	n = argc == 3 ? parse_hex(argv[2], marker) : 0;
	if (!n) {
		fprintf(stderr, "usage: flip FILE HEX\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(argv[1]);
	ram = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ram == MAP_FAILED)
		return fail(argv[1]);
	for (off_t at = 0; at + PAGE <= st.st_size; at += PAGE)
		count += flip_page(ram + at, marker, n);
	printf("flipped %zu bits\n", count);
	return count ? 0 : 1;
}
