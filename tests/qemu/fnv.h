/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FNV-1a, 64 bits: a digest in a few instructions, for a function that has no
 * library, and for who compares.
 */
#ifndef FNV_H
#define FNV_H

#include <stdint.h>

/* @change is mixed into the offset basis: 0 for the digest as it is published. */
static inline uint64_t fnv1a(const volatile uint8_t *data, uint64_t len, uint64_t change)
{
	uint64_t sum = 0xcbf29ce484222325ULL ^ change;

	while (len--)
		sum = (sum ^ *data++) * 0x100000001b3ULL;
	return sum;
}

#endif
