// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many messages, hashed side by side: one SHA-256 is a chain, whose rounds wait for
 * each other; several fill the lanes of a vector unit.  A lane whose message ends gets
 * the next one, so that messages may differ in length.  Called by purgatory.c to verify
 * and, linked a second time, by kexec and vmcore-dump.
 */
#include "purgatory/sha256.h"

struct lane {
	struct sha256_message m;
	const uint8_t *at;
	uint64_t blocks;	/* whole ones that are left; 0: no message */
};

struct lanes {
	const struct sha256_engine *e;
	const struct sha256_feed *feed;
	/* Aligned: the vector code loads it as it is, perhaps from Device memory. */
	uint32_t state[SHA256_WORDS * SHA256_LANES_MAX] __attribute__((aligned(16)));
	struct lane lane[SHA256_LANES_MAX];
	unsigned int busy;
};

static void one(const struct sha256_engine *e, const struct sha256_feed *feed,
		const struct sha256_message *m)
{
	uint8_t digest[SHA256_DIGEST_LEN];
	struct sha256 s;

	sha256_init(&s, e->blocks);
	sha256_update(&s, m->data, m->len);
	sha256_final(&s, digest);
	feed->done(feed->ctx, m, digest);
}

/* A message with a whole block for lane @i; one without is done at once.  0: no more. */
static int lane_fill(struct lanes *v, unsigned int i)
{
	struct lane *l = &v->lane[i];
	struct sha256 s;

	do {
		if (!v->feed->next(v->feed->ctx, &l->m))
			return 0;
		l->blocks = l->m.len / SHA256_BLOCK_LEN;
		if (!l->blocks)
			one(v->e, v->feed, &l->m);
	} while (!l->blocks);
	l->at = l->m.data;
	sha256_init(&s, v->e->blocks);
	for (unsigned int w = 0; w < SHA256_WORDS; w++)
		v->state[w * v->e->lane_count + i] = s.state[w];
	v->busy++;
	return 1;
}

/* What is left of lane @i's message, by itself. */
static void lane_finish(struct lanes *v, unsigned int i)
{
	struct lane *l = &v->lane[i];
	uint64_t done = (uint64_t)(l->at - l->m.data);
	uint8_t digest[SHA256_DIGEST_LEN];
	struct sha256 s;

	sha256_init(&s, v->e->blocks);
	for (unsigned int w = 0; w < SHA256_WORDS; w++)
		s.state[w] = v->state[w * v->e->lane_count + i];
	s.len = done;
	sha256_update(&s, l->at, l->m.len - done);
	sha256_final(&s, digest);
	l->blocks = 0;
	v->busy--;
	v->feed->done(v->feed->ctx, &l->m, digest);
}

/* As far as the shortest goes. */
static void lanes_step(struct lanes *v)
{
	const uint8_t *data[SHA256_LANES_MAX];
	const struct lane *shortest = NULL;
	uint64_t blocks;

	for (unsigned int i = 0; i < v->e->lane_count; i++)
		if (v->lane[i].blocks && (!shortest || v->lane[i].blocks < shortest->blocks))
			shortest = &v->lane[i];
	/* A lane without a message reads what another does, for nothing. */
	for (unsigned int i = 0; i < v->e->lane_count; i++)
		data[i] = v->lane[i].blocks ? v->lane[i].at : shortest->at;
	blocks = shortest->blocks;
	v->e->lanes(v->state, data, blocks);
	for (unsigned int i = 0; i < v->e->lane_count; i++) {
		struct lane *l = &v->lane[i];

		if (!l->blocks)
			continue;
		l->at += blocks * SHA256_BLOCK_LEN;
		if (l->blocks == blocks)
			lane_finish(v, i);
		else
			l->blocks -= blocks;
	}
}

void sha256_many(const struct sha256_engine *e, const struct sha256_feed *feed)
{
	struct lanes v = { .e = e, .feed = feed };
	struct sha256_message m;
	int more = 1;

	if (!e->lanes) {
		while (feed->next(feed->ctx, &m))
			one(e, feed, &m);
		return;
	}
	while (more) {
		for (unsigned int i = 0; i < e->lane_count && more; i++)
			if (!v.lane[i].blocks)
				more = lane_fill(&v, i);
		/* Lanes half empty gain nothing any more. */
		while (v.busy && (v.busy == e->lane_count || (!more && v.busy > e->lane_count / 2)))
			lanes_step(&v);
	}
	for (unsigned int i = 0; i < e->lane_count; i++)
		if (v.lane[i].blocks)
			lane_finish(&v, i);
}
