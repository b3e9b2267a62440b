// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest helper: memory that does not change, and its digest.
 *
 *	known-memory CHANGE		a run of neighbouring pages, which it keeps
 *	known-memory CHANGE FILE	a file, read and done with
 *
 * Prints "ADDRESS LENGTH DIGEST CHANGED-DIGEST" in hexadecimal, the second digest
 * with CHANGE mixed in; address 0 for a file.  Pages lie above 16 MiB; a pipe keeps
 * them where they are.  At SIGUSR1 it says whether their digest is still the same.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fnv.h"

#define PAGE		4096u
#define POOL_PAGES	4096u
#define RUN_MAX		256u		/* what a pipe of 1 MiB holds */
#define LOWEST		(16u << 20)

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t physical(const uint8_t *at)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (fd < 0 || pread(fd, &entry, 8, (off_t)((uintptr_t)at / PAGE * 8)) != 8)
		die("pagemap");
	close(fd);
	return (entry & ((1ULL << 55) - 1)) * PAGE;
}

/* The longest run of pages that are neighbours in physical memory, too. */
static uint8_t *longest_run(uint8_t *pool, size_t *ret_pages)
{
	uint8_t *best = NULL;
	uint64_t next = 0;
	size_t n = 0;

	*ret_pages = 0;
	for (size_t i = 0; i < POOL_PAGES && *ret_pages < RUN_MAX; i++) {
		uint64_t pa = physical(pool + i * PAGE);

		n = pa < LOWEST ? 0 : n && pa == next ? n + 1 : 1;
		next = pa + PAGE;
		if (n > *ret_pages) {
			*ret_pages = n;
			best = pool + (i + 1 - n) * PAGE;
		}
	}
	return best;
}

static void show(uint64_t pa, const uint8_t *data, size_t len, uint64_t change)
{
	printf("%#" PRIx64 " %#zx %#" PRIx64 " %#" PRIx64 "\n", pa, len, fnv1a(data, len, 0),
	       fnv1a(data, len, change));
	fflush(stdout);
}

static void file(const char *path, uint64_t change)
{
	static uint8_t buf[1 << 20];
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(buf, 1, sizeof(buf), f) : 0;

	if (!n)
		die(path);
	show(0, buf, n, change);
}

static void run(uint64_t change)
{
	uint8_t *pool = mmap(NULL, POOL_PAGES * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_LOCKED, -1, 0);
	uint64_t word = change, sum;
	struct iovec v;
	size_t pages;
	sigset_t wait;
	int p[2], got;

	if (pool == MAP_FAILED)
		die("mmap");
	for (size_t i = 0; i < POOL_PAGES * PAGE; i++) {
		word = word * 6364136223846793005ULL + 1442695040888963407ULL;
		pool[i] = (uint8_t)(word >> 56);
	}
	v.iov_base = longest_run(pool, &pages);
	v.iov_len = pages * PAGE;
	if (!pages || pipe(p) || fcntl(p[1], F_SETPIPE_SZ, RUN_MAX * PAGE) < 0 ||
	    vmsplice(p[1], &v, 1, 0) != (ssize_t)v.iov_len)
		die("run");
	sum = fnv1a(v.iov_base, v.iov_len, 0);
	sigemptyset(&wait);
	sigaddset(&wait, SIGUSR1);
	sigprocmask(SIG_BLOCK, &wait, NULL);
	show(physical(v.iov_base), v.iov_base, v.iov_len, change);
	while (sigwait(&wait, &got) == 0) {
		puts(fnv1a(v.iov_base, v.iov_len, 0) == sum ? "the same" : "not the same");
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	/* The published digest of "foobar". */
	if (argc < 2 || fnv1a((const uint8_t *)"foobar", 6, 0) != 0x85944171f73967e8ULL)
		return 2;
	if (argc > 2)
		file(argv[2], strtoull(argv[1], NULL, 0));
	else
		run(strtoull(argv[1], NULL, 0));
	return 0;
}
