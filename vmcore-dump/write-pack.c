// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packs pages in threads.  Called by write-kdump.c, which fills blocks with page
 * numbers and gets them back packed, in the order in which it filled them.
 *
 *	block	  0     1     2     3     4     5		a ring
 *		  taken       next        tail
 *		  written     packed by   filled
 *		  by the      the next
 *		  caller      thread
 *
 * One lock, taken twice for each block by whoever packs it.  Whoever runs out of work
 * sleeps.  With one thread there is none: the caller packs when it waits.  Workers for
 * whom there is no memory or no thread are done without.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "write-parts.h"

#define THREADS_MAX	64u
/* Blocks that wait to be packed or written, for each thread. */
#define AHEAD		2u
/* Of a thread besides: its codecs. */
#define CODER_MEMORY	(1u << 20)

struct worker {
	struct write_pool *pool;
	struct write_source source;
	struct kx_page_coder *coder;
	pthread_t thread;
	bool runs;
	bool forked;
};

struct write_pool {
	enum kx_page_codec codec;
	uint64_t page_size;
	size_t pages;			/* of a block */
	struct worker *worker;
	unsigned int workers;
	bool threaded;			/* else the caller packs, as worker 0 */
	struct write_block *block;
	size_t blocks;
	/* Numbers of blocks since the beginning: taken <= next <= tail. */
	uint64_t taken, next, tail;
	bool ends;
	pthread_mutex_t lock;		/* of the above, and of write_block.done */
	pthread_cond_t filled, packed;
	pthread_mutex_t reading;	/* if all have one file */
};

/* ---- a block -------------------------------------------------------------------------- */

static void pack_page(struct worker *w, struct write_block *b, size_t i, const uint8_t *page)
{
	size_t size = (size_t)w->pool->page_size, n;
	uint8_t *to = b->out + b->out_len;

	b->len[i] = 0;
	if (write_is_zero(page, size))
		return;
	n = kx_page_pack(w->coder, w->pool->codec, page, size, to);
	if (!n)
		memcpy(to, page, n = size);
	b->len[i] = (uint32_t)n;
	b->out_len += n;
}

/* Pages behind each other from the @i-th of @b on. */
static size_t run_of(const struct write_block *b, size_t i)
{
	size_t n = 1;

	while (i + n < b->count && b->pfn[i + n] == b->pfn[i] + n)
		n++;
	return n;
}

static void pack_run(struct worker *w, struct write_block *b, size_t i, size_t n)
{
	uint64_t size = w->pool->page_size;
	const uint8_t *p;
	struct kx_err why;

	if (write_pages(&w->source, size, b->pfn[i], n, &p, &why) < 0) {
		/* One of them cannot be read: which? */
		for (size_t k = 0; n > 1 && k < n; k++)
			pack_run(w, b, i + k, 1);
		if (n == 1)
			b->len[i] = WRITE_LOST;
		return;
	}
	for (size_t k = 0; k < n; k++)
		pack_page(w, b, i + k, p + k * size);
}

static void pack_block(struct worker *w, struct write_block *b)
{
	size_t n;

	b->out_len = 0;
	for (size_t i = 0; i < b->count; i += n) {
		n = run_of(b, i);
		pack_run(w, b, i, n);
	}
}

/* ---- threads -------------------------------------------------------------------------- */

static struct write_block *block_of(struct write_pool *p, uint64_t number)
{
	return &p->block[number % p->blocks];
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct write_pool *p = w->pool;
	struct write_block *b;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (p->next == p->tail && !p->ends)
			pthread_cond_wait(&p->filled, &p->lock);
		if (p->ends)
			break;
		b = block_of(p, p->next++);
		pthread_mutex_unlock(&p->lock);
		pack_block(w, b);
		pthread_mutex_lock(&p->lock);
		b->done = true;
		if (b == block_of(p, p->taken))
			pthread_cond_signal(&p->packed);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

struct write_block *write_pool_free_block(struct write_pool *p)
{
	/* Only the caller changes these two. */
	return p->tail - p->taken < p->blocks ? block_of(p, p->tail) : NULL;
}

void write_pool_submit(struct write_pool *p)
{
	pthread_mutex_lock(&p->lock);
	block_of(p, p->tail++)->done = false;
	pthread_cond_signal(&p->filled);
	pthread_mutex_unlock(&p->lock);
}

struct write_block *write_pool_wait(struct write_pool *p)
{
	struct write_block *b = block_of(p, p->taken);

	if (p->taken == p->tail)
		return NULL;
	if (!p->threaded) {
		pack_block(&p->worker[0], b);
		return b;
	}
	pthread_mutex_lock(&p->lock);
	while (!b->done)
		pthread_cond_wait(&p->packed, &p->lock);
	pthread_mutex_unlock(&p->lock);
	return b;
}

void write_pool_release(struct write_pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->taken++;
	pthread_mutex_unlock(&p->lock);
}

void write_pool_drop(struct write_pool *p)
{
	while (p->threaded && write_pool_wait(p))
		write_pool_release(p);
	p->taken = p->next = p->tail;
}

size_t write_pool_pages(const struct write_pool *p)
{
	return p->pages;
}

struct write_source *write_pool_source(struct write_pool *p)
{
	return &p->worker[0].source;
}

struct kx_page_coder *write_pool_coder(struct write_pool *p)
{
	return p->worker[0].coder;
}

unsigned int write_pool_threads(const struct write_pool *p)
{
	return p->workers;
}

/* ---- the pool ------------------------------------------------------------------------- */

/* The first one reads with the core's own file, which nobody reads while it does. */
static int worker_init(struct worker *w, struct write_pool *p, const struct kx_core *core,
		       struct kx_err *err)
{
	bool first = w == p->worker, forks = core->file.fork != NULL;
	int r;

	w->pool = p;
	w->source.core = *core;
	if (!forks && p->workers > 1)
		w->source.lock = &p->reading;
	if (!first && forks) {
		r = core->file.fork(core->file.ctx, &w->source.core.file, err);
		if (r < 0)
			return r;
		w->forked = true;
	}
	w->source.buf = malloc(WRITE_BLOCK);
	if (!w->source.buf)
		return kx_err_set(err, ENOMEM, "no memory for a block of pages");
	return kx_page_coder_new(&w->coder, err);
}

static int blocks_init(struct write_pool *p, struct kx_err *err)
{
	p->blocks = p->workers == 1 ? 1 : AHEAD * p->workers + 1;
	p->block = calloc(p->blocks, sizeof(*p->block));
	for (size_t i = 0; p->block && i < p->blocks; i++) {
		p->block[i].out = malloc(WRITE_BLOCK);
		if (!p->block[i].out && !i)
			return kx_err_set(err, ENOMEM, "no memory for a block of pages");
		if (!p->block[i].out)
			p->blocks = i;
	}
	return p->block ? 0 : kx_err_set(err, ENOMEM, "no memory for %zu blocks", p->blocks);
}

static void worker_deinit(struct worker *w)
{
	if (w->runs)
		pthread_join(w->thread, NULL);
	kx_page_coder_free(w->coder);
	free(w->source.buf);
	if (w->forked)
		w->source.core.file.done(w->source.core.file.ctx);
}

/* The first @n workers are enough: a crash kernel has little memory. */
static void workers_keep(struct write_pool *p, unsigned int n)
{
	while (p->workers > n)
		worker_deinit(&p->worker[--p->workers]);
}

/* A thread that there is not is no reason to write no dump; without the first there is none. */
static void threads_start(struct write_pool *p)
{
	for (unsigned int i = 0; p->workers > 1 && i < p->workers; i++) {
		struct worker *w = &p->worker[i];

		if (pthread_create(&w->thread, NULL, work, w)) {
			workers_keep(p, i ? i : 1);
			return;
		}
		p->threaded = w->runs = true;
	}
}

static int workers_init(struct write_pool *p, const struct kx_core *core, struct kx_err *err)
{
	struct kx_err none;
	int r = worker_init(&p->worker[0], p, core, err);

	for (unsigned int i = 1; r == 0 && i < p->workers; i++)
		if (worker_init(&p->worker[i], p, core, &none) < 0) {
			/* With what it has by now, but not those that never had anything. */
			p->workers = i + 1;
			workers_keep(p, i);
		}
	return r;
}

static unsigned int threads_that_fit(unsigned int threads, uint64_t memory)
{
	uint64_t each = (AHEAD + 1) * WRITE_BLOCK + CODER_MEMORY;
	uint64_t most = memory / each;

	most = most < THREADS_MAX ? most : THREADS_MAX;
	threads = threads < most ? threads : (unsigned int)most;
	return threads ? threads : 1;
}

int write_pool_new(struct write_pool **ret, const struct kx_core *core, uint64_t page_size,
		   enum kx_page_codec codec, unsigned int threads, uint64_t memory,
		   struct kx_err *err)
{
	struct write_pool *p = calloc(1, sizeof(*p));
	int r = 0;

	if (!p)
		return kx_err_set(err, ENOMEM, "out of memory");
	*p = (struct write_pool){
		.codec = codec, .page_size = page_size, .pages = (size_t)(WRITE_BLOCK / page_size),
		.workers = threads_that_fit(threads, memory),
		.lock = PTHREAD_MUTEX_INITIALIZER, .reading = PTHREAD_MUTEX_INITIALIZER,
		.filled = PTHREAD_COND_INITIALIZER, .packed = PTHREAD_COND_INITIALIZER,
	};
	p->worker = calloc(p->workers, sizeof(*p->worker));
	if (!p->worker)
		r = kx_err_set(err, ENOMEM, "no memory for %u threads", p->workers);
	if (r == 0)
		r = workers_init(p, core, err);
	if (r == 0)
		r = blocks_init(p, err);
	if (r < 0) {
		write_pool_free(p);
		return r;
	}
	threads_start(p);
	*ret = p;
	return 0;
}

void write_pool_free(struct write_pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->ends = true;
	pthread_cond_broadcast(&p->filled);
	pthread_mutex_unlock(&p->lock);
	for (unsigned int i = 0; p->worker && i < p->workers; i++)
		worker_deinit(&p->worker[i]);
	for (size_t i = 0; p->block && i < p->blocks; i++)
		free(p->block[i].out);
	free(p->block);
	free(p->worker);
	free(p);
}
