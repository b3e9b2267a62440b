/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What liblz4 takes to decode the blocks that kexec --pack=lz4 makes of a file
 * (kexec/plan/pack.c: LZ4_compress_default() of 1 MiB, zeros left out), in
 * counts of CNTVCT_EL0.  Built for the arm64 guests, with liblz4; called by the
 * script of `bench purgatory`.
 *
 *	lz4cost FILE
 *
 * Prints "bytes=N packed=N counts=N", the counts of the cheapest of three
 * passes.  Source and destination are touched before, so there is no page fault.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <lz4.h>

#define BLOCK	(1 << 20)
#define PASSES	3

struct block {
	char *packed;
	int packed_len, len;
};

static uint64_t counter(void)
{
	uint64_t v;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(v) : : "memory");
	return v;
}

static int is_zero(const char *p, int len)
{
	return p[0] == 0 && memcmp(p, p + 1, (size_t)len - 1) == 0;
}

/* False if the block is not one that is packed. */
static int pack(const char *src, int len, struct block *ret)
{
	ret->len = len;
	ret->packed = malloc((size_t)len);
	if (!ret->packed)
		exit(3);
	ret->packed_len = is_zero(src, len) ? 0 :
		LZ4_compress_default(src, ret->packed, len, len - 1);
	return ret->packed_len > 0;
}

/* One pass over all blocks; exits if one is not what it was. */
static uint64_t decode(const struct block *b, size_t n, char *room)
{
	uint64_t sum = 0, start;

	for (size_t i = 0; i < n; i++) {
		int len;

		start = counter();
		len = LZ4_decompress_safe(b[i].packed, room, b[i].packed_len, BLOCK);
		sum += counter() - start;
		if (len != b[i].len)
			exit(3);
	}
	return sum;
}

int main(int argc, char **argv)
{
	uint64_t bytes = 0, packed = 0, best = UINT64_MAX;
	static char room[BLOCK];
	struct block *blocks;
	struct stat st;
	size_t n = 0;
	char *file;
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: lz4cost FILE\n");
		return 2;
	}
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !st.st_size) {
		perror(argv[1]);
		return 1;
	}
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	blocks = calloc((size_t)st.st_size / BLOCK + 1, sizeof(*blocks));
	if (file == MAP_FAILED || !blocks)
		return 3;
	for (off_t at = 0; at < st.st_size; at += BLOCK) {
		int len = st.st_size - at < BLOCK ? (int)(st.st_size - at) : BLOCK;

		if (!pack(file + at, len, &blocks[n]))
			continue;
		bytes += (uint64_t)len;
		packed += (uint64_t)blocks[n++].packed_len;
	}
	memset(room, 1, sizeof(room));
	for (int i = 0; i < PASSES; i++) {
		uint64_t counts = decode(blocks, n, room);

		best = counts < best ? counts : best;
	}
	printf("bytes=%" PRIu64 " packed=%" PRIu64 " counts=%" PRIu64 "\n", bytes, packed, best);
	return 0;
}
