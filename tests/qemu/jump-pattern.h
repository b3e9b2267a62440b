/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the helpers of `jump` share: bytes that look random and can be made again
 * from a seed, and how to tell `cell` that something is wrong.
 */
#ifndef JUMP_PATTERN_H
#define JUMP_PATTERN_H

#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Word @i of the sequence that belongs to @seed (splitmix64). */
static inline uint64_t pattern(uint64_t seed, uint64_t i)
{
	uint64_t z = seed + (i + 1) * 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static inline void pattern_fill(uint64_t *to, size_t words, uint64_t seed, uint64_t from)
{
	for (size_t i = 0; i < words; i++)
		to[i] = pattern(seed, from + i);
}

/* The first word that is not as it was filled, or @words. */
static inline size_t pattern_check(const uint64_t *at, size_t words, uint64_t seed,
				   uint64_t from)
{
	for (size_t i = 0; i < words; i++)
		if (at[i] != pattern(seed, from + i))
			return i;
	return words;
}

/*
 * In a guest "KX: fail=..." in the kernel's log says what is wrong, and "KX: done"
 * ends the cell; on the host it goes to stderr.
 */
__attribute__((format(printf, 2, 3), noreturn))
static inline void fail(const char *who, const char *fmt, ...)
{
	int guest = access("/jump/row", F_OK) == 0;
	FILE *f = guest ? fopen("/dev/kmsg", "we") : stderr;
	va_list ap;

	if (!f)
		exit(2);
	/* one line of the log is one write */
	setvbuf(f, NULL, _IOLBF, 512);
	fprintf(f, guest ? "<3>KX: fail=%s " : "%s: ", who);
	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	fputc('\n', f);
	fflush(f);
	if (guest)
		fputs("<3>KX: done\n", f);
	fclose(f);
	exit(1);
}

#endif
