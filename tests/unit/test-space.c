/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kexec/lib/space.c: the operations against a model that is too simple to be
 * wrong (one byte per address), then the edges of 64 bits and the messages.
 */
#include <errno.h>

#include "kx/memmap.h"
#include "test.h"

#define MODEL	96

enum kind { ABSENT, STAYS, REMOVABLE };

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static struct kx_range random_range(uint32_t *state)
{
	uint64_t start = next_random(state) % MODEL, end = next_random(state) % (MODEL + 1);

	return start < end ? (struct kx_range){ start, end } : (struct kx_range){ end, start };
}

static int model_matches(const struct kx_space *s, const enum kind *model)
{
	enum kind seen[MODEL] = { ABSENT };

	for (size_t i = 0; i < s->n; i++) {
		const struct kx_hole *h = &s->v[i];

		if (kx_range_empty(h->r) || h->r.end > MODEL)
			return 0;
		/* Sorted, disjoint, and neighbours of a kind are one. */
		if (i && (s->v[i - 1].r.end > h->r.start ||
			  (s->v[i - 1].r.end == h->r.start &&
			   s->v[i - 1].removable == h->removable)))
			return 0;
		for (uint64_t pa = h->r.start; pa < h->r.end; pa++)
			seen[pa] = h->removable ? REMOVABLE : STAYS;
	}
	return !memcmp(seen, model, sizeof(seen));
}

static int model_fits(const enum kind *model, const struct kx_want *w, uint64_t pa, enum kind most)
{
	uint64_t max = w->max && w->max < MODEL ? w->max : MODEL;

	if (pa < w->min || pa >= max || w->size > max - pa || pa % w->align != w->skew)
		return 0;
	for (uint64_t i = 0; i < w->size; i++)
		if (model[pa + i] == ABSENT || model[pa + i] > most)
			return 0;
	return 1;
}

static int model_find(const enum kind *model, const struct kx_want *w, uint64_t *ret)
{
	for (enum kind most = STAYS; most <= REMOVABLE; most++) {
		for (uint64_t i = 0; i < MODEL; i++) {
			uint64_t pa = w->top_down ? MODEL - 1 - i : i;

			if (model_fits(model, w, pa, most)) {
				*ret = pa;
				return (int)most;
			}
		}
	}
	return ABSENT;
}

static void check_find(const struct kx_space *s, const enum kind *model, uint32_t *state)
{
	struct kx_want w = {
		.name = "x",
		.size = 1 + next_random(state) % 24,
		.align = 1ULL << next_random(state) % 5,
		.min = next_random(state) % 2 ? next_random(state) % MODEL : 0,
		.max = next_random(state) % 2 ? next_random(state) % MODEL : 0,
		.top_down = next_random(state) % 2,
	};
	uint64_t pa = 777, want = 777;
	bool removable = false;
	int found, r;

	w.skew = next_random(state) % w.align;
	found = model_find(model, &w, &want);
	r = kx_space_find(s, &w, &pa, &removable, NULL);
	CHECK(r == (found == ABSENT ? -ENOSPC : 0));
	CHECK_EQ_U64(pa, want);
	CHECK(removable == (found == REMOVABLE));
}

static void model_step(struct kx_space *s, enum kind *model, uint32_t *state)
{
	struct kx_range r = random_range(state);
	uint32_t what = next_random(state) % 3;

	for (uint64_t pa = r.start; pa < r.end; pa++) {
		if (what == 0 && model[pa] == ABSENT)
			model[pa] = STAYS;
		else if (what == 1)
			model[pa] = ABSENT;
		else if (what == 2 && model[pa] == STAYS)
			model[pa] = REMOVABLE;
	}
	if (what == 0)
		CHECK(kx_space_add(s, r, NULL) == 0);
	else if (what == 1)
		CHECK(kx_space_remove(s, r, NULL) == 0);
	else
		CHECK(kx_space_mark_removable(s, r, NULL) == 0);
}

static void test_model(void)
{
	for (uint32_t seed = 1; seed <= 300; seed++) {
		enum kind model[MODEL] = { ABSENT };
		uint32_t state = seed;
		struct kx_arena a;
		struct kx_space s;

		kx_arena_init(&a);
		kx_space_init(&s, &a);
		for (int i = 0; i < 30; i++) {
			model_step(&s, model, &state);
			CHECK(model_matches(&s, model));
			for (int k = 0; k < 8; k++)
				check_find(&s, model, &state);
		}
		kx_arena_deinit(&a);
	}
}

static void test_edges(void)
{
	struct kx_want w = { .name = "x", .size = 0x1000, .align = 0x1000 };
	struct kx_arena a;
	struct kx_space s;
	uint64_t pa = 7;

	kx_arena_init(&a);
	kx_space_init(&s, &a);
	CHECK(kx_space_find(&s, &w, &pa, NULL, NULL) == -ENOSPC && pa == 7);
	CHECK(kx_space_add(&s, (struct kx_range){ UINT64_MAX - 0x1800, UINT64_MAX }, NULL) == 0);
	CHECK(kx_space_find(&s, &w, &pa, NULL, NULL) == -ENOSPC);
	w.align = 0x800;
	CHECK(kx_space_find(&s, &w, &pa, NULL, NULL) == 0);
	CHECK_EQ_U64(pa, 0xffffffffffffe800);
	w.align = 1ULL << 63;
	CHECK(kx_space_find(&s, &w, &pa, NULL, NULL) == -ENOSPC);
	w.skew = (1ULL << 63) - 0x1100;
	CHECK(kx_space_find(&s, &w, &pa, NULL, NULL) == 0);
	CHECK_EQ_U64(pa, UINT64_MAX - 0x10ff);
	w = (struct kx_want){ .name = "x", .size = UINT64_MAX, .top_down = true };
	CHECK(kx_space_find(&s, &w, &pa, NULL, NULL) == -ENOSPC);
	CHECK(kx_space_add(&s, (struct kx_range){ 0, UINT64_MAX }, NULL) == 0);
	CHECK_EQ_U64(s.n, 1);
	CHECK(kx_space_find(&s, &w, &pa, NULL, NULL) == 0 && pa == 0);
	kx_arena_deinit(&a);
}

static void test_messages(void)
{
	struct kx_want w = {
		.name = "kernel", .size = 0x2000000, .align = 0x200000, .skew = 0x80000,
		.min = 0x40000000, .max = 0x80000000,
	};
	struct kx_arena a;
	struct kx_space s;
	struct kx_err err;
	uint64_t pa;

	kx_arena_init(&a);
	kx_space_init(&s, &a);
	CHECK(kx_space_find(&s, &w, &pa, NULL, &err) == -ENOSPC);
	CHECK_STR(err.text, "kernel: expected a hole of 0x2000000 bytes aligned to 0x200000 plus "
		  "0x80000 in [0x40000000, 0x80000000), there is none");
	CHECK(kx_space_add(&s, (struct kx_range){ 0x50000000, 0x51000000 }, NULL) == 0);
	CHECK(kx_space_add(&s, (struct kx_range){ 0x90000000, 0xf1000000 }, NULL) == 0);
	CHECK(kx_space_find(&s, &w, &pa, NULL, &err) == -ENOSPC);
	CHECK_STR(err.text, "kernel: expected a hole of 0x2000000 bytes aligned to 0x200000 plus "
		  "0x80000 in [0x40000000, 0x80000000), the largest has 0xf80000");
	w = (struct kx_want){ .name = "initrd", .size = 1ULL << 40 };
	CHECK(kx_space_find(&s, &w, &pa, NULL, &err) == -ENOSPC);
	CHECK_STR(err.text, "initrd: expected a hole of 0x10000000000 bytes aligned to 0x1 in "
		  "[0x0, 0xffffffffffffffff), the largest has 0x61000000");
	w.align = 0x3000;
	CHECK(kx_space_find(&s, &w, &pa, NULL, &err) == -EINVAL);
	CHECK_STR(err.text, "initrd: alignment: expected a power of two, have 0x3000");
	kx_arena_deinit(&a);
}

TEST_MAIN({ "against the model", test_model },
	  { "edges of the address space", test_edges },
	  { "messages", test_messages })
