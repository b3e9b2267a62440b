/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unpacking into memory whose final size is not known: the growing buffer, its
 * limit, and what every compression format does before and after its own part.
 * Called by the codecs (gzip.c xz.c zstd.c lz4.c) and by zboot.c.
 */
#include <errno.h>
#include <inttypes.h>

#include "container.h"

#define OUT_MIN		((size_t)1 << 16)
/*
 * A decoder that has filled the buffer exactly has not yet seen its end mark:
 * with a little more room than the hint it need not grow only for that.
 */
#define OUT_SLACK	64
/* Kernels pack 3 to 5 times; a hint beyond this is not believed. */
#define HINT_RATIO_MAX	16
#define GUESS_RATIO	4

void kx_out_init(struct kx_out *o, struct kx_arena *a, uint64_t max)
{
	*o = (struct kx_out){ .arena = a, .max = max };
}

int kx_out_too_large(const struct kx_out *o, struct kx_err *err)
{
	return kx_err_set(err, ENOEXEC, "unpacks to more than the limit of 0x%" PRIx64 " bytes",
			  o->max);
}

static int resize(struct kx_out *o, uint64_t cap, struct kx_err *err)
{
	uint8_t *p;

	if (cap > o->max)
		cap = o->max;
	p = cap <= SIZE_MAX ? kx_arena_resize_raw(o->arena, o->data, (size_t)cap) : NULL;
	if (!p)
		return kx_err_set(err, ENOMEM, "no memory for 0x%" PRIx64 " unpacked bytes", cap);
	o->data = p;
	o->cap = (size_t)cap;
	return 0;
}

static uint64_t first_size(const struct kx_out *o, size_t packed)
{
	uint64_t guess, most;

	if (__builtin_mul_overflow((uint64_t)packed, GUESS_RATIO, &guess))
		guess = o->max;
	if (__builtin_mul_overflow((uint64_t)packed, HINT_RATIO_MAX, &most))
		most = o->max;
	if (o->hint && o->hint <= most)
		guess = o->hint + OUT_SLACK;
	return guess < OUT_MIN ? OUT_MIN : guess;
}

int kx_out_grow(struct kx_out *o, size_t packed, struct kx_err *err)
{
	if (o->len < o->cap)
		return 0;
	if (o->cap >= o->max)
		return kx_out_too_large(o, err);
	return resize(o, o->cap ? (uint64_t)o->cap + o->cap / 2 : first_size(o, packed), err);
}

int kx_out_reserve(struct kx_out *o, uint64_t n, struct kx_err *err)
{
	uint64_t cap;

	if (n <= o->cap - o->len)
		return 0;
	if (o->len >= o->max)
		return kx_out_too_large(o, err);
	if (o->cap == o->max)
		return 0;
	if (__builtin_add_overflow((uint64_t)o->len, n, &cap))
		cap = o->max;
	/* Not linear in the number of calls, and no less than asked for. */
	if (cap < (uint64_t)o->cap + o->cap / 2)
		cap = (uint64_t)o->cap + o->cap / 2;
	return resize(o, cap, err);
}

/* The block as long as its content; the arena may not be able to, then it stays. */
static struct kx_bytes out_finish(struct kx_out *o)
{
	uint8_t *p = kx_arena_resize_raw(o->arena, o->data, o->len ? o->len : 1);

	if (p)
		o->data = p;
	return (struct kx_bytes){ o->data, o->len };
}

int kx_codec_unpack(const struct kx_codec *codec, struct kx_bytes b, uint64_t hint, uint64_t max,
		    struct kx_arena *a, struct kx_bytes *ret, struct kx_err *err)
{
	struct kx_out out;
	int rc;

	kx_out_init(&out, a, max);
	out.hint = hint;
	rc = codec->unpack(b, &out, err);
	if (rc < 0) {
		kx_arena_release(a, out.data);
		return rc;
	}
	*ret = out_finish(&out);
	return 0;
}

int kx_codec_tail(struct kx_bytes in, size_t off, uint64_t unpacked, struct kx_err *err)
{
	uint32_t word;
	size_t i;

	if (kx_bytes_le32(in, off, &word) && word == (uint32_t)unpacked)
		off += sizeof(word);
	for (i = off; i < in.len; i++)
		if (in.data[i])
			return kx_err_set(err, ENOEXEC,
					  "behind the packed data at 0x%zx: expected zeros or the end, have 0x%x",
					  i, in.data[i]);
	return 0;
}
