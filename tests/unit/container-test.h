/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of kexec/container share: peel a forged file and compare.
 * Files are copied to memory of exactly their size first, so that
 * AddressSanitizer sees a read behind their end.
 */
#ifndef CONTAINER_TEST_H
#define CONTAINER_TEST_H

#include <errno.h>

#include "forge.h"
#include "kx/image.h"
#include "test.h"

static inline struct kx_bytes exact_copy(struct kx_arena *a, struct kx_bytes b)
{
	uint8_t *p = kx_arena_alloc_raw(a, b.len ? b.len : 1);

	if (!p)
		exit(99);
	if (b.len)
		memcpy(p, b.data, b.len);
	return (struct kx_bytes){ p, b.len };
}

static inline int bytes_equal(struct kx_bytes a, struct kx_bytes b)
{
	return a.len == b.len && (!a.len || !memcmp(a.data, b.data, a.len));
}

static inline struct kx_bytes text_bytes(const char *s)
{
	return (struct kx_bytes){ (const uint8_t *)s, strlen(s) };
}

/* The file in @f (freed) is refused with this code and sentence; *ret stays untouched. */
static inline void check_refused(struct forge *f, int code, const char *sentence)
{
	struct kx_payload p, before;
	struct kx_err err = { .code = 0 };
	struct kx_arena a;

	memset(&p, 0x5a, sizeof(p));
	before = p;
	kx_arena_init(&a);
	CHECK_EQ_U64((uint64_t)-kx_container_peel(exact_copy(&a, forge_bytes(f)), &a, &p, &err),
		     (uint64_t)code);
	CHECK_EQ_U64((uint64_t)err.code, (uint64_t)code);
	CHECK_STR(err.text, sentence);
	CHECK(!memcmp(&p, &before, sizeof(p)));
	kx_arena_deinit(&a);
	forge_free(f);
}

/* The file in @f (freed) unpacks to @kernel through @layers, "outer inner". */
static inline void check_kernel(struct forge *f, struct kx_bytes kernel, const char *layers)
{
	struct kx_payload p = { .layer_count = 0 };
	struct kx_err err = { .code = 0 };
	char names[128] = "";
	struct kx_arena a;

	kx_arena_init(&a);
	CHECK_EQ_U64((uint64_t)kx_container_peel(exact_copy(&a, forge_bytes(f)), &a, &p, &err), 0);
	CHECK_STR(err.text, "");
	for (size_t i = 0; i < p.layer_count; i++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
			 i ? " " : "", p.layer[i]);
	CHECK_STR(names, layers);
	CHECK(bytes_equal(p.kernel, kernel));
	kx_arena_deinit(&a);
	forge_free(f);
}

/* The file in @f (freed) unpacked; memory is @a's. */
static inline struct kx_payload peel(struct kx_arena *a, struct forge *f)
{
	struct kx_payload p = { .layer_count = 0 };
	struct kx_err err = { .code = 0 };

	CHECK(kx_container_peel(exact_copy(a, forge_bytes(f)), a, &p, &err) == 0);
	CHECK_STR(err.text, "");
	forge_free(f);
	return p;
}

#endif
