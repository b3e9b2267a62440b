/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The blocks of a saved core against their digests, and the digests of parts that
 * have none (saved-parts.c), by as many threads as there are CPUs, each with several
 * side by side if the CPU has no SHA-256 of its own.  Straight from where they are loaded
 * from: nothing is copied.  Called by saved.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "saved.h"

/* The blocks of the core, and behind them the parts of the plan, by number. */
struct verifier {
	const struct saved_job *j;
	struct sha256_engine engine;
	size_t blocks, count;
	pthread_mutex_t lock;		/* of what follows */
	size_t next;			/* that nobody has taken */
	int failed;			/* 0, or as failed_block has it */
	size_t failed_block;
	struct kx_err err;
};

/* What number @i hashes; nothing, if its digest is known to be right. */
static struct kx_bytes bytes_of(const struct verifier *v, size_t i)
{
	const struct saved_block *b = &v->j->core->block[i];
	struct kx_bytes bytes = KX_BYTES_NONE;

	if (i >= v->blocks)
		return v->j->part[i - v->blocks];
	/* saved-bytes.c has seen that it is inside. */
	if (!saved_is_read(v->j) &&
	    !kx_bytes_sub(v->j->p->request->kernel.bytes, b->off, b->len, &bytes))
		return KX_BYTES_NONE;
	return bytes;
}

static int next(void *ctx, struct sha256_message *ret)
{
	struct verifier *v = ctx;
	struct kx_bytes b = KX_BYTES_NONE;

	pthread_mutex_lock(&v->lock);
	while (!v->failed && v->next < v->count && !b.len) {
		b = bytes_of(v, v->next);
		*ret = (struct sha256_message){ .data = b.data, .len = b.len, .tag = v->next++ };
	}
	pthread_mutex_unlock(&v->lock);
	return b.len != 0;
}

/* Of several the first: all blocks before it were taken, and are finished. */
static void block_fail(struct verifier *v, size_t i, int rc, const struct kx_err *err)
{
	pthread_mutex_lock(&v->lock);
	if (!v->failed || i < v->failed_block) {
		v->failed = rc;
		v->failed_block = i;
		v->err = *err;
	}
	pthread_mutex_unlock(&v->lock);
}

static void done(void *ctx, const struct sha256_message *m,
		 const uint8_t digest[SHA256_DIGEST_LEN])
{
	struct verifier *v = ctx;
	const struct saved_block *b;
	struct kx_err err = { 0 };
	int rc;

	if (m->tag >= v->blocks) {
		memcpy(v->j->p->part[m->tag - v->blocks].sha256, digest, SHA256_DIGEST_LEN);
		return;
	}
	b = &v->j->core->block[m->tag];
	rc = kx_saved_digest_compare(digest, b->sha256, &err);
	if (rc == 0)
		return;
	kx_err_wrap(&err, "block %zu at 0x%" PRIx64, m->tag, b->off);
	block_fail(v, m->tag, rc, &err);
}

static void *work(void *ctx)
{
	struct verifier *v = ctx;
	struct sha256_feed feed = { next, done, v };

	sha256_many(&v->engine, &feed);
	return NULL;
}

int saved_verify(const struct saved_job *j, struct kx_err *err)
{
	struct verifier v = {
		.j = j, .engine = kx_request_sha256(j->p->request),
		.blocks = j->core->head.block_count, .lock = PTHREAD_MUTEX_INITIALIZER,
	};
	size_t cpus = j->p->request->cpus, n = 0;
	pthread_t thread[SAVED_THREADS_MAX];

	v.count = v.blocks + j->p->part_count;
	/* One is this. */
	while (n < SAVED_THREADS_MAX && n + 1 < cpus && !pthread_create(&thread[n], NULL, work, &v))
		n++;
	work(&v);
	for (size_t i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	if (v.failed && err)
		*err = v.err;
	return v.failed;
}
