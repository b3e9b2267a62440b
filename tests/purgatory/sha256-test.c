// SPDX-License-Identifier: GPL-2.0-only
/*
 * SHA-256: published vectors, and every block function against a plain
 * transcription of FIPS 180-4, for all lengths around block borders, any
 * alignment and any way of cutting the input.  The instructions of the CPU
 * the test runs on are tested if it has them.
 */
#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif
#include "purgatory/sha256.h"
#include "../unit/test.h"

static uint32_t ror(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

/* FIPS 180-4 6.2.2 word for word. */
static void blocks_reference(uint32_t h[8], const uint8_t *data, size_t blocks)
{
	for (; blocks; blocks--, data += 64) {
		uint32_t w[64], v[8];

		for (int t = 0; t < 16; t++)
			w[t] = (uint32_t)data[4 * t] << 24 | data[4 * t + 1] << 16 |
			       data[4 * t + 2] << 8 | data[4 * t + 3];
		for (int t = 16; t < 64; t++)
			w[t] = (ror(w[t - 2], 17) ^ ror(w[t - 2], 19) ^ w[t - 2] >> 10) + w[t - 7] +
			       (ror(w[t - 15], 7) ^ ror(w[t - 15], 18) ^ w[t - 15] >> 3) + w[t - 16];
		memcpy(v, h, sizeof(v));
		for (int t = 0; t < 64; t++) {
			uint32_t t1 = v[7] + (ror(v[4], 6) ^ ror(v[4], 11) ^ ror(v[4], 25)) +
				      ((v[4] & v[5]) ^ (~v[4] & v[6])) + sha256_k[t] + w[t];
			uint32_t t2 = (ror(v[0], 2) ^ ror(v[0], 13) ^ ror(v[0], 22)) +
				      ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

			memmove(v + 1, v, 7 * sizeof(v[0]));
			v[4] += t1;
			v[0] = t1 + t2;
		}
		for (int i = 0; i < 8; i++)
			h[i] += v[i];
	}
}

static const char *hex(sha256_blocks_fn *fn, const void *data, size_t len)
{
	static char text[65];
	uint8_t digest[32];
	struct sha256 s;

	sha256_init(&s, fn);
	sha256_update(&s, data, len);
	sha256_final(&s, digest);
	for (int i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	return text;
}

static void vectors(sha256_blocks_fn *fn)
{
	uint8_t *a = malloc(1000000);

	/* FIPS 180-2 appendix B and NIST's CAVS short messages */
	CHECK_STR(hex(fn, "", 0), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	CHECK_STR(hex(fn, "abc", 3), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	CHECK_STR(hex(fn, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56),
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	CHECK_STR(hex(fn, "\xd3", 1), "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1");
	memset(a, 'a', 1000000);
	CHECK_STR(hex(fn, a, 1000000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(a);
}

static void fill(uint8_t *p, size_t len, uint32_t seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		p[i] = (uint8_t)(seed >> 24);
	}
}

static void against_reference(sha256_blocks_fn *fn)
{
	char want[65];

	for (size_t len = 0; len < 600; len++) {
		/* Exactly as long as the input, so that ASan sees a byte too many. */
		uint8_t *p = malloc(len + len % 8 + 1);
		uint8_t *data = p + len % 8;
		uint8_t digest[32], again[32];
		struct sha256 s;
		size_t cut = len ? (len * 7919 + 13) % len : 0;

		fill(data, len, (uint32_t)len);
		memcpy(want, hex(blocks_reference, data, len), sizeof(want));
		CHECK_STR(hex(fn, data, len), want);

		sha256_init(&s, fn);
		sha256_update(&s, data, cut);
		sha256_update(&s, NULL, 0);
		sha256_update(&s, data + cut, len - cut);
		sha256_final(&s, digest);
		sha256_init(&s, fn);
		for (size_t i = 0; i < len; i++)
			sha256_update(&s, data + i, 1);
		sha256_final(&s, again);
		CHECK_MEM(digest, again, 32);
		free(p);
	}
}

static void test_reference(void)
{
	vectors(blocks_reference);
}

static void test_portable(void)
{
	vectors(sha256_blocks_portable);
	against_reference(sha256_blocks_portable);
}

#if defined(__x86_64__)
static sha256_blocks_fn *cpu_blocks(void)
{
	unsigned int a, b, c, d, b7;

	if (!__get_cpuid_count(7, 0, &a, &b7, &c, &d) || !__get_cpuid(1, &a, &b, &c, &d))
		return NULL;
	return (b7 & bit_SHA) && (c & bit_SSSE3) && (c & bit_SSE4_1) ? sha256_blocks_ni : NULL;
}
#elif defined(__aarch64__)
static sha256_blocks_fn *cpu_blocks(void)
{
	return getauxval(AT_HWCAP) & (1 << 6) ? sha256_blocks_ce : NULL;	/* HWCAP_SHA2 */
}
#else
static sha256_blocks_fn *cpu_blocks(void)
{
	return NULL;
}
#endif

static void test_cpu(void)
{
	sha256_blocks_fn *fn = cpu_blocks();
	uint32_t state[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, before[8];

	if (!fn)
		TEST_SKIP("this CPU has no SHA-256 instructions");
	vectors(fn);
	against_reference(fn);
	memcpy(before, state, sizeof(state));
	fn(state, NULL, 0);
	CHECK_MEM(state, before, sizeof(state));
}

/* As many lanes as there are, one after the other. */
static void lanes_fake(uint32_t *state, const uint8_t *const *data, size_t blocks, int lanes)
{
	for (int i = 0; i < lanes; i++) {
		uint32_t one[SHA256_WORDS];

		for (int w = 0; w < SHA256_WORDS; w++)
			one[w] = state[w * lanes + i];
		blocks_reference(one, data[i], blocks);
		for (int w = 0; w < SHA256_WORDS; w++)
			state[w * lanes + i] = one[w];
	}
}

static void lanes_fake4(uint32_t *state, const uint8_t *const *data, size_t blocks)
{
	lanes_fake(state, data, blocks, 4);
}

static void lanes_fake8(uint32_t *state, const uint8_t *const *data, size_t blocks)
{
	lanes_fake(state, data, blocks, 8);
}

/* All that this CPU has, and what none has. */
static size_t engines(struct sha256_engine ret[5])
{
	size_t n = 0;

	ret[n++] = (struct sha256_engine){ .blocks = sha256_blocks_portable };
	ret[n++] = (struct sha256_engine){ sha256_blocks_portable, lanes_fake4, 4 };
	ret[n++] = (struct sha256_engine){ sha256_blocks_portable, lanes_fake8, 8 };
#if defined(__x86_64__)
	ret[n++] = (struct sha256_engine){ sha256_blocks_portable, sha256_lanes_sse2, 4 };
	if (__builtin_cpu_supports("avx2"))
		ret[n++] = (struct sha256_engine){ sha256_blocks_portable, sha256_lanes_avx2, 8 };
#elif defined(__aarch64__)
	ret[n++] = (struct sha256_engine){ sha256_blocks_portable, sha256_lanes_neon, 4 };
#endif
	return n;
}

/* What sha256.h says, with other means. */
static void quarters_reference(const uint8_t *data, size_t len, uint8_t digest[32])
{
	size_t quarter = len / 4 / 64 * 64;
	uint8_t parts[128];
	struct sha256 s;

	for (size_t i = 0; i < 4; i++) {
		sha256_init(&s, blocks_reference);
		sha256_update(&s, data + i * quarter, i < 3 ? quarter : len - 3 * quarter);
		sha256_final(&s, parts + 32 * i);
	}
	sha256_init(&s, blocks_reference);
	sha256_update(&s, parts, 128);
	sha256_final(&s, digest);
}

static void test_quarters(void)
{
	struct sha256_engine e[5];
	size_t n = engines(e);

	for (size_t len = 0; len < 3000; len += len < 600 ? 1 : 61) {
		uint8_t *data = malloc(len + 1), want[32], have[32];

		fill(data, len, (uint32_t)len);
		quarters_reference(data, len, want);
		for (size_t i = 0; i < n; i++) {
			sha256_quarters(data, len, &e[i], have);
			CHECK_MEM(have, want, 32);
		}
		free(data);
	}
}

/* Messages of many lengths, each of its own memory. */
struct many {
	struct sha256_message *m;
	uint8_t (*digest)[32];
	size_t count, next, done;
};

static int many_next(void *ctx, struct sha256_message *ret)
{
	struct many *v = ctx;

	if (v->next == v->count)
		return 0;
	*ret = v->m[v->next++];
	return 1;
}

static void many_done(void *ctx, const struct sha256_message *m, const uint8_t digest[32])
{
	struct many *v = ctx;

	memcpy(v->digest[m->tag], digest, 32);
	v->done++;
}

#define MANY	60

static void test_many(void)
{
	uint8_t digest[MANY][32], want[MANY][32];
	struct sha256_message m[MANY];
	uint8_t *mem[MANY];
	struct sha256_engine e[5];
	size_t n = engines(e);

	for (size_t i = 0; i < MANY; i++) {
		struct sha256 s;

		m[i] = (struct sha256_message){ .len = i * i * 7919 % 1500, .tag = i };
		if (i % 7 == 3)
			m[i].len /= 30;
		/* The end of it is the end of the message, whatever its start is aligned to. */
		mem[i] = malloc(m[i].len + i % 8 + 1);
		m[i].data = mem[i] + i % 8 + 1;
		fill(mem[i] + i % 8 + 1, m[i].len, (uint32_t)i);
		sha256_init(&s, blocks_reference);
		sha256_update(&s, m[i].data, m[i].len);
		sha256_final(&s, want[i]);
	}
	for (size_t k = 0; k < n; k++)
		for (size_t count = 0; count <= MANY; count++) {
			struct many v = { .m = m, .digest = digest, .count = count };
			struct sha256_feed feed = { many_next, many_done, &v };

			memset(digest, 0xee, sizeof(digest));
			sha256_many(&e[k], &feed);
			CHECK_EQ_U64(v.done, count);
			CHECK_MEM(digest, want, 32 * count);
		}
	for (size_t i = 0; i < MANY; i++)
		free(mem[i]);
}

TEST_MAIN({ "the reference itself", test_reference },
	  { "portable", test_portable },
	  { "the CPU's instructions", test_cpu },
	  { "quarters", test_quarters },
	  { "many at once", test_many })
