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

/* "KX: fail=..." in the kernel's log ends the cell; without one, on stderr. */
__attribute__((format(printf, 2, 3), noreturn))
static inline void fail(const char *who, const char *fmt, ...)
{
	char text[256], line[320];
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC), n;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	n = snprintf(line, sizeof(line), "<3>KX: fail=%s %s\n", who, text);
	if (fd < 0 || write(fd, line, (size_t)n) != n)
		fprintf(stderr, "%s: %s\n", who, text);
	exit(1);
}

#endif
