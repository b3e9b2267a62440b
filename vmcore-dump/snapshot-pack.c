// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages as blocks: this thread reads, one on each CPU packs,
 * encrypts and hashes, several blocks at once where the CPU has lanes for them but no
 * SHA-256 instructions, one hands the blocks on in order.
 *
 *	reader -> FILLED -> packers -> PACKED -> writer -> FREE -> reader
 *
 * The slots are a ring; each of the three has its own place in it.  Memory comes
 * from what the snapshot left free, which may be little: with the OOM killer off, a
 * page fault that finds none would wait for ever.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include "kx/host.h"
#include "snapshot.h"

/* Zero pages need none of a block's room, only records. */
#define RECORDS		1024u
/* Of the blocks when there is little memory. */
#define BLOCK_SMALL	KX_SAVED_RECORD_MAX
#define SLOTS_MIN	2u
#define PACKERS_MAX	64u

enum slot_state { FREE, FILLED, PACKED };

struct slot {
	enum slot_state state;
	uint8_t *raw;
	struct packed p;
	struct saved_record *record;	/* RECORDS of them */
};

struct ring {
	struct pack *pack;
	struct slot *slot;
	size_t slots, block_len;
	uint64_t filled, taken, written;	/* blocks, each counted by who did it */
	bool ended;			/* nothing will be filled any more */
	int failed;			/* the first error, negative */
	struct kx_err err;
	pthread_mutex_t lock;
	pthread_cond_t change;
	struct sha256_engine sha256;
	size_t batch;			/* blocks that a packer takes, if they are there */
	/* The reader's place. */
	size_t run;
	uint64_t run_done;		/* pages of it */
};

/* ---- shared ------------------------------------------------------------------------ */

static void ring_fail(struct ring *r, int rc, const struct kx_err *err)
{
	pthread_mutex_lock(&r->lock);
	if (!r->failed) {
		r->failed = rc;
		r->err = *err;
	}
	pthread_cond_broadcast(&r->change);
	pthread_mutex_unlock(&r->lock);
}

static void slot_becomes(struct ring *r, struct slot *s, enum slot_state state, uint64_t *count)
{
	pthread_mutex_lock(&r->lock);
	s->state = state;
	if (count)
		++*count;
	pthread_cond_broadcast(&r->change);
	pthread_mutex_unlock(&r->lock);
}

/*
 * Wait until the slot of block *at is in @state; NULL: an error, or there will be
 * none.  With @take the place moves on, so that no other packer gets it.
 */
static struct slot *slot_wait(struct ring *r, uint64_t *at, enum slot_state state, bool take)
{
	struct slot *s = NULL;

	pthread_mutex_lock(&r->lock);
	while (!r->failed) {
		struct slot *next = &r->slot[*at % r->slots];

		if (state != FREE && *at >= r->filled) {
			if (r->ended)
				break;
		} else if (next->state == state) {
			s = next;
			*at += take;
			break;
		}
		pthread_cond_wait(&r->change, &r->lock);
	}
	pthread_mutex_unlock(&r->lock);
	return s;
}

/* The blocks that are to be packed, at most r->batch of them; 0: there will be none. */
static size_t slots_take(struct ring *r, struct slot *ret[SHA256_LANES_MAX])
{
	size_t n = 0;

	ret[0] = slot_wait(r, &r->taken, FILLED, true);
	if (!ret[0])
		return 0;
	pthread_mutex_lock(&r->lock);
	for (n = 1; n < r->batch && r->taken < r->filled; n++)
		ret[n] = &r->slot[r->taken++ % r->slots];
	pthread_mutex_unlock(&r->lock);
	return n;
}

/* ---- packing and writing --------------------------------------------------------------- */

static void pack_records(struct ring *r, struct slot *s)
{
	uint64_t page = r->pack->source->page_size;
	const uint8_t *from = s->raw;

	s->p.len = 0;
	for (size_t i = 0; i < s->p.record_count; i++) {
		struct saved_record *rec = &s->record[i];

		if (!rec->stored)
			continue;
		rec->stored = kx_saved_pack(r->pack->codec, from, rec->pages, page,
					    s->p.bytes + s->p.len);
		from += rec->pages * page;
		s->p.len += rec->stored;
	}
}

static int pack_slot(struct ring *r, struct slot *s, struct kx_err *err)
{
	const struct pack *p = r->pack;
	int rc = 0;

	pack_records(r, s);
	if (p->cipher && s->p.len)
		rc = kx_saved_block_seal(p->head, p->cipher, s->record, s->p.record_count, s->p.bytes,
					 s->p.len, s->p.tag, err);
	memset(s->p.bytes + s->p.len, 0, -s->p.len % KX_SAVED_ALIGN);
	return rc;
}

/* The blocks of a batch, side by side if the CPU has no SHA-256 of its own. */
struct hashing {
	struct slot **slot;
	size_t count, next;
};

static int hash_next(void *ctx, struct sha256_message *ret)
{
	struct hashing *h = ctx;

	if (h->next == h->count)
		return 0;
	*ret = (struct sha256_message){
		.data = h->slot[h->next]->p.bytes, .len = h->slot[h->next]->p.len, .tag = h->next,
	};
	h->next++;
	return 1;
}

static void hash_done(void *ctx, const struct sha256_message *m,
		      const uint8_t digest[SHA256_DIGEST_LEN])
{
	struct hashing *h = ctx;

	memcpy(h->slot[m->tag]->p.sha256, digest, SHA256_DIGEST_LEN);
}

static int pack_batch(struct ring *r, struct slot **slot, size_t n, struct kx_err *err)
{
	struct hashing h = { .slot = slot, .count = n };
	struct sha256_feed feed = { hash_next, hash_done, &h };
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = pack_slot(r, slot[i], err);
	if (rc < 0)
		return rc;
	sha256_many(&r->sha256, &feed);
	return 0;
}

static void *packer(void *ctx)
{
	struct slot *slot[SHA256_LANES_MAX];
	struct ring *r = ctx;
	size_t n;

	while ((n = slots_take(r, slot))) {
		struct kx_err err = { 0 };
		int rc = pack_batch(r, slot, n, &err);

		if (rc < 0) {
			ring_fail(r, rc, &err);
			break;
		}
		for (size_t i = 0; i < n; i++)
			slot_becomes(r, slot[i], PACKED, NULL);
	}
	return NULL;
}

static void *writer(void *ctx)
{
	struct ring *r = ctx;
	struct slot *s;

	while ((s = slot_wait(r, &r->written, PACKED, false))) {
		struct kx_err err = { 0 };
		int rc = r->pack->put(r->pack->ctx, &s->p, &err);

		if (rc < 0) {
			ring_fail(r, rc, &err);
			break;
		}
		slot_becomes(r, s, FREE, &r->written);
	}
	return NULL;
}

/* ---- reading ---------------------------------------------------------------------------- */

/* The next record of the run we are in; false: none, or it finds no room. */
static bool next_record(struct ring *r, const struct slot *s, struct saved_record *ret)
{
	const struct pages_source *f = r->pack->source;
	uint64_t page = f->page_size, pages, room = (r->block_len - s->p.raw) / page;
	const struct kx_snapshot_run *run;

	if (r->run == f->run_count || s->p.record_count == RECORDS)
		return false;
	run = &f->run[r->run];
	pages = run->pages - r->run_done;
	if (pages > KX_SAVED_RECORD_MAX / page)
		pages = KX_SAVED_RECORD_MAX / page;
	if (!run->zero && pages > room)
		pages = room;
	if (!pages)
		return false;
	*ret = (struct saved_record){
		.pa = run->pa + r->run_done * page, .pages = (uint32_t)pages,
		.stored = run->zero ? 0 : (uint32_t)(pages * page),
	};
	r->run_done += pages;
	if (r->run_done == run->pages) {
		r->run++;
		r->run_done = 0;
	}
	return true;
}

static int fill_slot(struct ring *r, struct slot *s, struct kx_err *err)
{
	const struct pages_source *from = r->pack->source;
	struct saved_record rec;
	int rc = 0;

	s->p.raw = 0;
	s->p.record_count = 0;
	while (rc == 0 && next_record(r, s, &rec)) {
		s->record[s->p.record_count++] = rec;
		if (!rec.stored)
			continue;
		rc = from->read(from->ctx, rec.pa, s->raw + s->p.raw, rec.stored, err);
		s->p.raw += rec.stored;
	}
	return rc;
}

/* All signals are blocked: one of these is taken here, and told as an error. */
static int interrupted(struct kx_err *err)
{
	const struct timespec now = { 0 };
	sigset_t ending;

	sigemptyset(&ending);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGHUP);
	if (sigtimedwait(&ending, NULL, &now) > 0)
		return kx_err_set(err, ECANCELED, "interrupted by a signal");
	return 0;
}

static void read_all(struct ring *r)
{
	struct kx_err err = { 0 };
	int rc = 0;

	while (rc == 0 && r->run < r->pack->source->run_count) {
		/* Nobody but this thread changes how many are filled. */
		uint64_t at = r->filled;
		struct slot *s = slot_wait(r, &at, FREE, false);

		if (!s)
			break;
		rc = interrupted(&err);
		if (rc == 0)
			rc = fill_slot(r, s, &err);
		if (rc == 0)
			slot_becomes(r, s, FILLED, &r->filled);
	}
	if (rc < 0)
		ring_fail(r, rc, &err);
	pthread_mutex_lock(&r->lock);
	r->ended = true;
	pthread_cond_broadcast(&r->change);
	pthread_mutex_unlock(&r->lock);
}

/* ---- setting up ---------------------------------------------------------------------------- */

static uint64_t free_memory(void)
{
	struct sysinfo info;

	return sysinfo(&info) == 0 ? (uint64_t)info.freeram * info.mem_unit : 0;
}

static size_t slot_cost(size_t block_len)
{
	/* What is raw, what is packed, and its records: all multiples of a page. */
	return 2 * block_len + RECORDS * sizeof(struct saved_record);
}

static uint8_t *ring_size(struct ring *r, size_t cpus, size_t *ret_len)
{
	/* A batch for each CPU, and another that is read or written meanwhile. */
	size_t most = r->batch > 1 ? (cpus + 1) * r->batch : 2 * cpus + 2;
	uint64_t budget = free_memory() / 4;
	uint8_t *p;

	r->block_len = KX_SAVED_BLOCK_MAX;
	if (budget < SLOTS_MIN * slot_cost(r->block_len))
		r->block_len = BLOCK_SMALL;
	r->slots = budget / slot_cost(r->block_len);
	if (r->slots > most)
		r->slots = most;
	if (r->slots < SLOTS_MIN)
		r->slots = SLOTS_MIN;
	*ret_len = r->slots * (sizeof(*r->slot) + slot_cost(r->block_len)) + KX_SAVED_ALIGN;
	p = mmap(NULL, *ret_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

/* Buffers first, for their alignment; the slots behind them. */
static void ring_split(struct ring *r, uint8_t *p)
{
	r->slot = (struct slot *)(void *)(p + r->slots * slot_cost(r->block_len));
	for (size_t i = 0; i < r->slots; i++, p += slot_cost(r->block_len)) {
		struct slot *s = &r->slot[i];

		*s = (struct slot){ .state = FREE, .raw = p };
		s->p.bytes = p + r->block_len;
		s->record = (struct saved_record *)(void *)(p + 2 * r->block_len);
		s->p.record = s->record;
	}
}

static int run_threads(struct ring *r, size_t cpus, struct kx_err *err)
{
	pthread_t thread[PACKERS_MAX + 1];
	size_t n = 0;
	int code = 0;

	while (code == 0 && n < cpus + 1) {
		code = pthread_create(&thread[n], NULL, n ? packer : writer, r);
		n += code == 0;
	}
	if (n < 2) {
		kx_err_set(err, code, "cannot start a thread: %s", strerror(code));
		ring_fail(r, -code, err);
	} else {
		read_all(r);
	}
	for (size_t i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	if (r->failed && err)
		*err = r->err;
	return r->failed;
}

int pack_all(struct pack *p, struct kx_err *err)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	size_t cpus = online < 1 ? 1 : online > (long)PACKERS_MAX ? PACKERS_MAX : (size_t)online, len;
	struct ring r = {
		.pack = p, .lock = PTHREAD_MUTEX_INITIALIZER, .change = PTHREAD_COND_INITIALIZER,
		.sha256 = kx_sha256_engine(),
	};
	uint8_t *mem;
	int rc;

	r.batch = r.sha256.lanes ? r.sha256.lane_count : 1;
	mem = ring_size(&r, cpus, &len);
	if (!mem)
		return kx_err_set(err, ENOMEM, "no memory for 0x%zx bytes of buffers", len);
	ring_split(&r, mem);
	rc = run_threads(&r, cpus, err);
	munmap(mem, len);
	return rc;
}
