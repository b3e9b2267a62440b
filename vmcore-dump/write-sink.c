// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes to where they belong in a dump: with pwrite(2) where one can go back, as
 * records of a flattened file elsewhere; and their checksums.  Called by write-kdump.c
 * and write-elf.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "write-parts.h"

/* ---- out ------------------------------------------------------------------------------ */

/* EDQUOT, EFBIG: to the user it is the same, and to the next level. */
static bool is_full(int e)
{
	return e == ENOSPC || e == EDQUOT || e == EFBIG;
}

static int fail(const struct write_sink *s, struct kx_err *err)
{
	int e = errno;

	return kx_err_set(err, is_full(e) ? ENOSPC : e, "%s: cannot write, with %" PRIu64
			  " bytes there: %s", s->target->path, s->bytes, strerror(e));
}

bool write_sink_cuts(const struct write_sink *s)
{
	return s->flat && s->target->place == WRITE_FILE;
}

/* One behind the other, all of them or none in a file. */
static int stream_out(struct write_sink *s, struct iovec *v, int count, struct kx_err *err)
{
	uint64_t start = s->bytes;

	while (count) {
		ssize_t n;

		if (!v->iov_len) {
			v++, count--;
			continue;
		}
		n = s->target->place == WRITE_NOWHERE ? (ssize_t)v->iov_len :
		    writev(s->target->fd, v, count);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int r = fail(s, err);

			if (!write_sink_cuts(s) || s->bytes == start)
				return r;
			s->bytes = start;
			return write_target_cut(s->target, start, NULL) < 0 ? -EIO : r;
		}
		s->bytes += (uint64_t)n;
		for (; count && (size_t)n >= v->iov_len; v++, count--)
			n -= (ssize_t)v->iov_len;
		if (count) {
			v->iov_base = (uint8_t *)v->iov_base + n;
			v->iov_len -= (size_t)n;
		}
	}
	return 0;
}

static int file_out(struct write_sink *s, uint64_t off, const uint8_t *p, size_t len,
		    struct kx_err *err)
{
	while (len) {
		ssize_t n = s->target->place == WRITE_NOWHERE ? (ssize_t)len :
			    pwrite(s->target->fd, p, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(s, err);
		p += n;
		off += (uint64_t)n;
		len -= (size_t)n;
		s->bytes += (uint64_t)n;
	}
	return 0;
}

static int record_out(struct write_sink *s, uint64_t off, const uint8_t *p, size_t len,
		      struct kx_err *err)
{
	uint8_t head[KX_FLAT_RECORD_LEN];
	struct iovec v[2] = { { head, sizeof(head) }, { (void *)(uintptr_t)p, len } };

	kx_flat_record_build(head, off, len);
	return stream_out(s, v, 2, err);
}

static int out(struct write_sink *s, uint64_t off, const uint8_t *p, size_t len, struct kx_err *err)
{
	return s->flat ? record_out(s, off, p, len, err) : file_out(s, off, p, len, err);
}

/* ---- a file --------------------------------------------------------------------------- */

int write_sink_init(struct write_sink *s, const struct write_target *t, bool flat, uint64_t limit,
		    struct kx_err *err)
{
	uint8_t head[KX_FLAT_HEAD_LEN];
	struct iovec v = { head, sizeof(head) };

	*s = (struct write_sink){ .target = t, .flat = flat, .limit = limit };
	kx_sums_init(&s->sums);
	kx_flat_head_build(head);
	return flat ? stream_out(s, &v, 1, err) : 0;
}

void write_sink_deinit(struct write_sink *s)
{
	kx_sums_deinit(&s->sums);
}

static int limit_check(const struct write_sink *s, uint64_t off, uint64_t len,
		       struct kx_err *err)
{
	uint64_t end = s->flat ? s->bytes + KX_FLAT_RECORD_LEN + len : off + len;

	if (end <= s->limit)
		return 0;
	return kx_err_set(err, ENOSPC, "%s: expected at most %" PRIu64 " bytes (--limit), have %"
			  PRIu64 " and more", s->target->path, s->limit, s->bytes);
}

int write_sink_reserve(struct write_sink *s, uint64_t len, struct kx_err *err)
{
	int r = limit_check(s, 0, len, err);

	if (r < 0 || s->flat || s->target->place != WRITE_FILE)
		return r;
	/* Where it is not done (NFS), full is seen later. */
	if (fallocate(s->target->fd, 0, 0, (off_t)len) < 0 && is_full(errno))
		return kx_err_set(err, ENOSPC, "%s: expected room for headers of %" PRIu64
				  " bytes: %s", s->target->path, len, strerror(errno));
	return 0;
}

int write_sink_blank(struct write_sink *s, uint64_t off, uint64_t len, struct kx_err *err)
{
	size_t room = len < WRITE_BLOCK ? (size_t)len : WRITE_BLOCK;
	uint64_t bytes = s->bytes;
	uint8_t *p;
	int r = 0;

	if (s->flat || s->target->place != WRITE_DEVICE || !len)
		return 0;
	p = calloc(1, room);
	if (!p)
		return kx_err_set(err, ENOMEM, "no memory for 0x%zx zeros", room);
	for (uint64_t done = 0; r == 0 && done < len;) {
		size_t n = len - done < room ? (size_t)(len - done) : room;

		r = file_out(s, off + done, p, n, err);
		done += n;
	}
	free(p);
	/* They are written over: no part of the length, and none of the sums. */
	s->bytes = bytes;
	return r < 0 ? r : write_target_sync(s->target, err);
}

int write_sink_put(struct write_sink *s, uint64_t off, const uint8_t *p, size_t len,
		   struct kx_err *err)
{
	int r = limit_check(s, off, len, err);

	if (r == 0)
		r = out(s, off, p, len, err);
	if (r == 0 && s->target->place != WRITE_NOWHERE)
		r = kx_sums_add(&s->sums, off, p, len, err);
	return r;
}

int write_sink_change(struct write_sink *s, uint64_t off, const uint8_t *old, const uint8_t *p,
		      size_t len, struct kx_err *err)
{
	int r = 0;

	/* Bytes a second time are taken out of the sums. */
	if (!s->flat)
		r = kx_sums_add(&s->sums, off, old, len, err);
	if (r == 0)
		r = kx_sums_add(&s->sums, off, p, len, err);
	return r < 0 ? r : out(s, off, p, len, err);
}

int write_sink_sums(struct write_sink *s, uint64_t len, struct kx_err *err)
{
	size_t n = (size_t)kx_sums_len(len);
	uint8_t *p;
	int r;

	if (s->target->place == WRITE_NOWHERE) {
		s->bytes += n;
		return 0;
	}
	p = malloc(n);
	if (!p)
		return kx_err_set(err, ENOMEM, "no memory for %zu bytes of checksums", n);
	kx_sums_build(&s->sums, len, p);
	r = limit_check(s, len, n, err);
	if (r == 0)
		r = out(s, len, p, n, err);
	free(p);
	return r;
}

int write_sink_end(struct write_sink *s, struct kx_err *err)
{
	uint8_t end[KX_FLAT_RECORD_LEN];
	struct iovec v = { end, sizeof(end) };

	kx_flat_end_build(end);
	return s->flat ? stream_out(s, &v, 1, err) : 0;
}
