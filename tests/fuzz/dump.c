// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz targets of the readers of dumps: a kdump-compressed file, as the core that
 * vmcore-dump makes of it, too; and a flattened one, with what is in it.
 */
#include <errno.h>

#include "../../vmcore-dump/plain-kdump.h"
#include "../unit/core-forge.h"
#include "kx/dump-sums.h"
#include "kx/kdump-file.h"
#include "targets.h"

/* Runs of a bitmap: alike inside, in order, to the end.  How many bits are set. */
static uint64_t check_bits(const struct kx_kdump *k, enum kx_kdump_map map)
{
	static struct kx_kdump_bits b;
	uint64_t n = 0, end = 0;
	bool set, last = false;

	kx_kdump_bits_init(&b, k, map);
	for (uint64_t page = 0; page < k->max_page; page = end) {
		FUZZ_ASSERT(kx_kdump_bits_next(&b, page, k->max_page, &set, &end, NULL) == 0);
		FUZZ_ASSERT(end > page && end <= k->max_page);
		FUZZ_ASSERT(!page || set != last);
		last = set;
		n += set ? end - page : 0;
	}
	return n;
}

/* Each page that has a descriptor: it is in the file, or an error says why not. */
static void check_pages(const struct kx_kdump *k)
{
	static struct kx_kdump_finder f;
	static struct kx_kdump_bits b;
	uint64_t end = 0, i = 0;
	bool set;

	kx_kdump_finder_init(&f, k);
	kx_kdump_bits_init(&b, k, KX_KDUMP_HERE);
	for (uint64_t page = 0; page < k->max_page; page = end) {
		FUZZ_ASSERT(kx_kdump_bits_next(&b, page, k->max_page, &set, &end, NULL) == 0);
		for (uint64_t p = page; p < end && p < page + 1000; p++) {
			struct kx_kdump_page found = { .off = 0 }, same;
			struct kx_err err = { .code = 0 };
			int rc = kx_kdump_find(&f, p, &found, &err);

			fuzz_check(rc, &err);
			FUZZ_ASSERT(set || rc == -ENODATA);
			if (rc < 0)
				continue;
			FUZZ_ASSERT(found.off <= k->file.len && found.len <= k->file.len - found.off);
			FUZZ_ASSERT(found.len && found.len <= k->page_size);
			FUZZ_ASSERT(kx_kdump_desc(&f, i + (p - page), &same, NULL) == 0);
			FUZZ_ASSERT(same.off == found.off && same.len == found.len);
		}
		i += set ? end - page : 0;
	}
}

/* The ends of each piece of memory, by way of a copy and without. */
static void read_core(const struct kx_core *c)
{
	static uint8_t buf[8192];

	for (size_t i = 0; i < c->span_count && i < 16; i++) {
		uint64_t len = kx_range_len(c->span[i].pa);
		size_t n = len < sizeof(buf) ? (size_t)len : sizeof(buf);
		const uint64_t at[] = { c->span[i].pa.start, c->span[i].pa.end - n };

		for (size_t k = 0; k < 2; k++) {
			struct kx_err err = { .code = 0 };
			const uint8_t *view;
			int rc = kx_core_read(c, at[k], buf, n, &err);

			fuzz_check(rc, &err);
			err.code = 0;
			rc = c->file.view(c->file.ctx, c->span[i].off, 1, &view, &err);
			fuzz_check(rc, &err);
			if (rc == 0)
				fuzz_touch((struct kx_bytes){ view, 1 });
		}
	}
}

static void read_plain(const struct kx_kdump *k, struct kx_arena *a)
{
	struct kx_err err = { .code = 0 };
	struct kx_core_file file, fork;
	struct plain_kdump p;
	struct kx_core c;
	int rc = plain_kdump_init(&p, k, a, &err);

	fuzz_check(rc, &err);
	if (rc == 0) {
		file = plain_kdump_file(&p);
		rc = kx_core_open(&file, a, &c, &err);
		fuzz_check(rc, &err);
		/* It was made here: only notes may be malformed, and they were looked at. */
		FUZZ_ASSERT(rc == 0 && !c.bad_count && c.end <= file.len);
		read_core(&c);
		if (k->file.len % 4 == 0 && file.fork(file.ctx, &fork, NULL) == 0) {
			c.file = fork;
			read_core(&c);
			fork.done(fork.ctx);
		}
	}
	plain_kdump_deinit(&p);
}

static void check_kdump(const struct kx_core_file *file, struct kx_arena *a)
{
	struct kx_err err = { .code = 0 };
	struct kx_kdump k;
	int rc = kx_kdump_open(file, a, &k, &err);

	fuzz_check(rc, &err);
	if (rc < 0)
		return;
	FUZZ_ASSERT(check_bits(&k, KX_KDUMP_PRESENT) == k.present);
	FUZZ_ASSERT(check_bits(&k, KX_KDUMP_HERE) == k.desc_count);
	check_pages(&k);
	read_plain(&k, a);
}

static void check_sums(const struct kx_core_file *file)
{
	static uint8_t buf[KX_SUMS_EXTENT];
	struct kx_err err = { .code = 0 };
	struct kx_sums_table t;
	int rc = kx_sums_find(file, &t, &err);

	fuzz_check(rc, &err);
	for (uint64_t i = 0; rc == 0 && i < t.extents; i++) {
		rc = kx_sums_check(file, &t, i, buf, &err);
		fuzz_check(rc, &err);
	}
}

void fuzz_kdump_file(struct kx_bytes in)
{
	struct kx_core_file file;
	struct kx_bytes copy;
	struct kx_arena a;

	kx_arena_init(&a);
	copy = fuzz_copy(&a, in);
	file = core_file(&copy);
	check_kdump(&file, &a);
	check_sums(&file);
	kx_arena_deinit(&a);
}

/* Sorted, apart from each other, and each byte from the youngest chain that has it. */
static void check_flat(const struct kx_flat *f)
{
	FUZZ_ASSERT(f->piece_count <= 2 * f->chain_count);
	for (size_t i = 0; i < f->piece_count; i++) {
		const struct kx_flat_piece *p = &f->piece[i];
		const struct kx_flat_chain *c = &f->chain[p->chain];

		FUZZ_ASSERT(p->len && p->len <= f->len && p->at <= f->len - p->len);
		FUZZ_ASSERT(!i || p[-1].at + p[-1].len <= p->at);
		FUZZ_ASSERT(p->at >= c->at && p->at - c->at < c->len);
		FUZZ_ASSERT(p->len <= c->len - (p->at - c->at));
		for (size_t k = p->chain + 1; k < f->chain_count && f->chain_count < 64; k++)
			FUZZ_ASSERT(f->chain[k].at + f->chain[k].len <= p->at ||
				    f->chain[k].at >= p->at + p->len);
	}
}

void fuzz_flat_file(struct kx_bytes in)
{
	struct kx_err err = { .code = 0 };
	struct kx_core_file file;
	static uint8_t buf[256];
	struct kx_bytes copy;
	struct kx_arena a;
	struct kx_flat f;
	int rc;

	kx_arena_init(&a);
	copy = fuzz_copy(&a, in);
	file = core_file(&copy);
	rc = kx_flat_open(&file, &a, &f, &err);
	fuzz_check(rc, &err);
	if (rc == 0) {
		check_flat(&f);
		file = kx_flat_file(&f);
		for (size_t i = 0; i < f.piece_count; i++) {
			uint64_t at = f.piece[i].at > 100 ? f.piece[i].at - 100 : 0;
			size_t n = f.len - at < sizeof(buf) ? (size_t)(f.len - at) : sizeof(buf);

			FUZZ_ASSERT(file.read(file.ctx, at, buf, n, NULL) == 0);
		}
		check_kdump(&file, &a);
	}
	kx_arena_deinit(&a);
}
