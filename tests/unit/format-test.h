/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the format tests: a sound image is built in memory, a row of a
 * table damages it, and the whole message is compared.
 */
#ifndef FORMAT_TEST_H
#define FORMAT_TEST_H

#include "kx/image.h"
#include "test.h"

/* One damage: @width bytes of @value at @off, then the file cut to @len. */
struct bad_row {
	const char *name;
	uint64_t off;
	unsigned int width;
	uint64_t value;
	size_t len;		/* 0: leave */
	int code;
	const char *message;
};

static inline void put(uint8_t *p, unsigned int width, uint64_t value)
{
	for (unsigned int i = 0; i < width; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

/*
 * Parse the @len bytes at @file from a heap copy of exactly that size, so that
 * AddressSanitizer sees a read behind the end.  Expects @code and @message.
 */
static inline void expect_bad(const uint8_t *file, size_t len, const char *name, int code,
			      const char *message)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct kx_image image = { .machine = KX_MACHINE_COUNT };
	struct kx_err err = { 0 };
	struct kx_arena a;
	int r;

	kx_arena_init(&a);
	memcpy(copy, file, len);
	r = kx_image_parse((struct kx_bytes){ copy, len }, &a, &image, &err);
	if (!CHECK(r == -code) || !CHECK_STR(err.text, message) ||
	    !CHECK(image.machine == KX_MACHINE_COUNT))
		printf("# in: %s (returned %d)\n", name, r);
	kx_arena_deinit(&a);
	free(copy);
}

static inline void check_bad_rows(const uint8_t *sound, size_t len, const struct bad_row *rows,
				  size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint8_t *file = malloc(len);

		memcpy(file, sound, len);
		put(file + rows[i].off, rows[i].width, rows[i].value);
		expect_bad(file, rows[i].len ? rows[i].len : len, rows[i].name, rows[i].code,
			   rows[i].message);
		free(file);
	}
}

/* Whatever the first @len bytes of @file are: an answer, no fault. */
static inline void expect_answer(const uint8_t *file, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct kx_image image;
	struct kx_arena a;

	kx_arena_init(&a);
	memcpy(copy, file, len);
	CHECK(kx_image_parse((struct kx_bytes){ copy, len }, &a, &image, NULL) <= 0);
	kx_arena_deinit(&a);
	free(copy);
}

/* Prefixes of a sound file, and copies with three bytes of its header changed. */
static inline void check_mangled(const uint8_t *sound, size_t len, size_t header_len)
{
	uint8_t *file = malloc(len);
	uint32_t state = 1;

	for (size_t n = 0; n < len; n += n < header_len ? 1 : 509)
		expect_answer(sound, n);
	for (int i = 0; i < 20000; i++) {
		memcpy(file, sound, len);
		for (int k = 0; k < 3; k++) {
			state = state * 1664525 + 1013904223;
			file[(state >> 8) % header_len] = (uint8_t)(state >> 24);
		}
		expect_answer(file, len);
	}
	free(file);
}

#endif
