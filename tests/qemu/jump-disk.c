/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes blocks to a disk for ever, past the page cache, each with its number and
 * contents that follow from it; or tells from the disk, or its image on the host,
 * whether all of them arrived.  Built for the guests of `jump` and for the host.
 *
 *	jump-disk write DEVICE SEED STATE	STATE: "last", the last that is there
 *	jump-disk check FILE SEED LAST		those before LAST, and LAST
 *
 * Block N is in slot N modulo SLOTS.  Every few blocks the writer reads an older
 * one again.  SIGTERM ends it between two blocks.  A writer that goes on behind LAST
 * takes the oldest slots, so only half of them is checked.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "jump-pattern.h"

#define SLOTS		128u
#define BLOCK		65536u
#define WORDS		(BLOCK / sizeof(uint64_t))
#define READ_EVERY	4u

static volatile sig_atomic_t ending;

static void end(int sig)
{
	(void)sig;
	ending = 1;
}

static off_t slot(uint64_t number)
{
	return (off_t)(number % SLOTS * BLOCK);
}

/* A sequence of its own for each block; word 0 is its number. */
static uint64_t block_seed(uint64_t seed, uint64_t number)
{
	return pattern(seed, number);
}

static void block_make(uint64_t *b, uint64_t seed, uint64_t number)
{
	pattern_fill(b, WORDS, block_seed(seed, number), 0);
	b[0] = number;
}

static void block_check(int fd, uint64_t *b, uint64_t seed, uint64_t number)
{
	size_t bad;

	if (pread(fd, b, BLOCK, slot(number)) != (ssize_t)BLOCK)
		fail("disk", "block %" PRIu64 ": %s", number, strerror(errno));
	if (b[0] != number)
		fail("disk", "slot %" PRIu64 ": expected block %" PRIu64 ", have %" PRIu64,
		     number % SLOTS, number, b[0]);
	bad = 1 + pattern_check(b + 1, WORDS - 1, block_seed(seed, number), 1);
	if (bad < WORDS)
		fail("disk", "block %" PRIu64 ": word %zu differs", number, bad);
}

static uint64_t oldest(uint64_t last)
{
	return last > SLOTS ? last - SLOTS + 1 : 1;
}

static void say(const char *path, uint64_t last)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	char line[24];
	int n = snprintf(line, sizeof(line), "%-20" PRIu64 "\n", last);

	if (fd < 0 || write(fd, line, (size_t)n) != n)
		fail("disk", "%s: %s", path, strerror(errno));
	close(fd);
}

static void write_blocks(int fd, uint64_t *b, uint64_t seed, const char *state)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };

	for (uint64_t n = 1; !ending; n++) {
		block_make(b, seed, n);
		if (pwrite(fd, b, BLOCK, slot(n)) != (ssize_t)BLOCK || fdatasync(fd) < 0)
			fail("disk", "block %" PRIu64 ": %s", n, strerror(errno));
		say(state, n);
		if (n % READ_EVERY == 0)
			block_check(fd, b, seed,
				    oldest(n) + pattern(seed, n) % (n - oldest(n) + 1));
		nanosleep(&pause, NULL);
	}
}

int main(int argc, char **argv)
{
	int writing = argc == 5 && !strcmp(argv[1], "write");
	struct sigaction action = { .sa_handler = end };
	uint64_t *b, seed, last;
	int fd;

	if (!writing && (argc != 5 || strcmp(argv[1], "check"))) {
		fprintf(stderr, "usage: jump-disk write DEVICE SEED STATE | check FILE SEED LAST\n");
		return 2;
	}
	seed = strtoull(argv[3], NULL, 0);
	fd = open(argv[2], (writing ? O_RDWR : O_RDONLY) | O_DIRECT | O_CLOEXEC);
	/* An image on the host's tmpfs. */
	if (fd < 0 && errno == EINVAL && !writing)
		fd = open(argv[2], O_RDONLY | O_CLOEXEC);
	b = aligned_alloc(4096, BLOCK);
	if (fd < 0 || !b)
		fail("disk", "%s: %s", argv[2], strerror(errno));
	if (writing) {
		sigaction(SIGTERM, &action, NULL);
		write_blocks(fd, b, seed, argv[4]);
		return 0;
	}
	last = strtoull(argv[4], NULL, 0);
	if (!last)
		fail("disk", "%s: expected blocks, LAST is 0", argv[2]);
	for (uint64_t n = last > SLOTS / 2 ? last - SLOTS / 2 : 1; n <= last; n++)
		block_check(fd, b, seed, n);
	printf("%" PRIu64 " blocks\n", last);
	return 0;
}
