/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The blocks of a saved core against their digests, by as many threads as there are
 * CPUs, while the plan is sealed: that hashes the same bytes once more, one behind
 * the other, and takes as long as one thread for all blocks.  Called by saved.c.
 */
#include <errno.h>

#include "saved.h"

static bool block_take(struct saved_verifier *v, size_t *ret)
{
	bool more;

	pthread_mutex_lock(&v->lock);
	more = !v->failed && v->next < v->core->head.block_count;
	*ret = v->next;
	v->next += more;
	pthread_mutex_unlock(&v->lock);
	return more;
}

/* Of several the first: all blocks before it were taken, and are finished. */
static void block_fail(struct saved_verifier *v, size_t i, int rc, const struct kx_err *err)
{
	pthread_mutex_lock(&v->lock);
	if (!v->failed || i < v->failed_block) {
		v->failed = rc;
		v->failed_block = i;
		v->err = *err;
	}
	pthread_mutex_unlock(&v->lock);
}

static void *work(void *ctx)
{
	struct saved_thread *t = ctx;
	struct saved_verifier *v = t->verifier;
	size_t i;

	while (block_take(v, &i)) {
		struct kx_err err = { 0 };
		int rc = v->core->block[i].len ? kx_saved_block(v->core, i, t->block, &err) : 0;

		if (rc < 0)
			block_fail(v, i, rc, &err);
	}
	return NULL;
}

int saved_verify_begin(const struct saved_job *j, struct saved_verifier *v, struct kx_err *err)
{
	size_t want = j->p->request->cpus;

	*v = (struct saved_verifier){ .core = j->core, .lock = PTHREAD_MUTEX_INITIALIZER };
	if (saved_is_read(j))
		v->next = j->core->head.block_count;
	if (want > SAVED_THREADS_MAX)
		want = SAVED_THREADS_MAX;
	for (size_t i = 0; i < want || i == 0; i++) {
		struct saved_thread *t = &v->thread[i];

		t->verifier = v;
		t->block = kx_arena_alloc_raw(j->p->arena, KX_SAVED_BLOCK_MAX);
		if (!t->block && i == 0)
			return kx_err_set(err, ENOMEM, "no memory for 0x%x bytes of a saved core",
					  KX_SAVED_BLOCK_MAX);
		if (!t->block || want < 2 || pthread_create(&t->id, NULL, work, t))
			break;
		v->threads++;
	}
	return 0;
}

int saved_verify_end(struct saved_verifier *v, struct kx_err *err)
{
	/* With one CPU, or without memory for a thread. */
	if (!v->threads)
		work(&v->thread[0]);
	for (size_t i = 0; i < v->threads; i++)
		pthread_join(v->thread[i].id, NULL);
	if (v->failed && err)
		*err = v->err;
	return v->failed;
}
