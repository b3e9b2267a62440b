// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of a core for those who write them: without a copy where that can be, and with
 * what the core has of a page where it ends inside one.  Called by write-pack.c,
 * write-elf.c and write-guess.c.
 */
#include <errno.h>
#include <string.h>

#include "write-parts.h"

bool write_is_zero(const uint8_t *p, size_t len)
{
	const size_t word = sizeof(uint64_t);
	uint64_t first;

	memcpy(&first, p, word);
	return !first && !memcmp(p, p + word, len - word);
}

/* All of it is behind each other in the file. */
static int whole(struct write_source *s, uint64_t off, size_t len, const uint8_t **ret,
		 struct kx_err *err)
{
	const struct kx_core_file *f = &s->core.file;
	struct kx_err none;
	int r;

	if (off > f->len || len > f->len - off)
		return kx_err_set(err, ENODATA, "the file ends before it");
	/* What is viewed would be gone when the lock is. */
	if (f->view && !s->lock && f->view(f->ctx, off, len, ret, &none) == 0)
		return 0;
	if (s->lock)
		pthread_mutex_lock(s->lock);
	r = f->read(f->ctx, off, s->buf, len, err);
	if (s->lock)
		pthread_mutex_unlock(s->lock);
	*ret = s->buf;
	return r;
}

/* What the core has of [pa, end), in the buffer. */
static int pieces(struct write_source *s, uint64_t pa, uint64_t end, struct kx_err *err)
{
	int r = 0;

	memset(s->buf, 0, (size_t)(end - pa));
	if (s->lock)
		pthread_mutex_lock(s->lock);
	for (size_t i = kx_core_span_from(&s->core, pa);
	     r == 0 && i < s->core.span_count && s->core.span[i].pa.start < end; i++) {
		const struct kx_range *have = &s->core.span[i].pa;
		uint64_t from = have->start > pa ? have->start : pa;
		uint64_t to = have->end < end ? have->end : end;

		if (from < to)
			r = kx_core_read(&s->core, from, s->buf + (from - pa), (size_t)(to - from), err);
	}
	if (s->lock)
		pthread_mutex_unlock(s->lock);
	return r;
}

int write_pages(struct write_source *s, uint64_t page_size, uint64_t pfn, size_t count,
		const uint8_t **ret, struct kx_err *err)
{
	uint64_t pa = pfn * page_size, end = pa + count * page_size;
	const struct kx_core_span *span = kx_core_span_find(&s->core, pa);

	if (span && end <= span->pa.end)
		return whole(s, span->off + (pa - span->pa.start), (size_t)(end - pa), ret, err);
	*ret = s->buf;
	return pieces(s, pa, end, err);
}
