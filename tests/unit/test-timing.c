/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lib/timing.c: records that purgatory wrote, did not write, or could not have
 * written, and what is printed of them.
 */
#include <errno.h>

#include "kx/timing.h"
#include "test.h"

#define MS	1000000ull	/* in ns, and in counts at 1 GHz */

static void put(uint8_t *to, int word, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		to[8 * word + i] = (uint8_t)(v >> (56 - 8 * i));
}

/* 62.5 MHz, 40 MB in 20 ms. */
static void record(uint8_t to[KX_TIMING_LEN])
{
	kx_timing_blank(to);
	put(to, PURG_TIMING_HZ, 62500000);
	put(to, PURG_TIMING_BYTES, 40000000);
	put(to, PURG_TIMING_ENTRY, 0x100000000);
	put(to, PURG_TIMING_MAP, 0x100000000 + 6250);
	put(to, PURG_TIMING_VERIFIED, 0x100000000 + 6250 + 1250000);
	put(to, PURG_TIMING_UNPACKED, 0x100000000 + 6250 + 1250000);
	put(to, PURG_TIMING_EXIT, 0x100000000 + 6250 + 1250000 + 625);
}

static int parse(const uint8_t *b, size_t len, struct kx_timing *t, struct kx_err *err)
{
	memset(t, 0xaa, sizeof(*t));
	*err = (struct kx_err){ 0 };
	return kx_timing_parse((struct kx_bytes){ b, len }, t, err);
}

static void test_parse(void)
{
	static const uint8_t head[8] = { 'K', 'X', 'T', 'M', 0, 0, 0, 1 };
	uint8_t b[KX_TIMING_LEN];
	struct kx_timing t;
	struct kx_err err;

	record(b);
	CHECK_MEM(b, head, 8);
	CHECK(parse(b, sizeof(b), &t, &err) == 0);
	CHECK_EQ_U64(t.word[PURG_TIMING_HZ], 62500000);
	CHECK_EQ_U64(t.word[PURG_TIMING_ENTRY], 0x100000000);
	CHECK_EQ_U64(t.word[PURG_TIMING_EXIT], 0x100000000 + 1256875);
	/* The TSC's rate is not in the record; a phase may take no time at all. */
	put(b, PURG_TIMING_HZ, 0);
	put(b, PURG_TIMING_MAP, 0x100000000);
	CHECK(parse(b, sizeof(b), &t, &err) == 0);
}

static void test_bad(void)
{
	static const struct {
		int word;
		uint64_t value;
		int code;
		const char *text;
	} rows[] = {
		{ PURG_TIMING_HEAD, 0, ENOEXEC,
		  "timing record: magic: expected 0x4b58544d00000001, have 0x0" },
		{ PURG_TIMING_HEAD, 0x010000004d54584b, ENOEXEC,
		  "timing record: magic: expected 0x4b58544d00000001, have 0x10000004d54584b" },
		{ PURG_TIMING_HEAD, 0x4b58544d00000002, EOPNOTSUPP,
		  "timing record: version: expected 1, have 2" },
		{ PURG_TIMING_HZ, 999, ENOEXEC,
		  "timing record: rate of the counter: expected 0 or 1 kHz to 1 THz, have 999 Hz" },
		{ PURG_TIMING_HZ, 1000000000001, ENOEXEC,
		  "timing record: rate of the counter: expected 0 or 1 kHz to 1 THz, have 1000000000001 Hz" },
		{ PURG_TIMING_ENTRY, 0x100001870, ENOEXEC,
		  "timing record: the stamps go backwards: 'entry' at 0x100001870, 'map' at 0x10000186a" },
		{ PURG_TIMING_VERIFIED, 0x1, ENOEXEC,
		  "timing record: the stamps go backwards: 'map' at 0x10000186a, 'verified' at 0x1" },
		{ PURG_TIMING_UNPACKED, 0, ENOEXEC,
		  "timing record: the stamps go backwards: 'verified' at 0x100132b3a, 'unpacked' at 0x0" },
		{ PURG_TIMING_EXIT, 0, ENOEXEC,
		  "timing record: the stamps go backwards: 'unpacked' at 0x100132b3a, 'exit' at 0x0" },
	};
	uint8_t b[KX_TIMING_LEN + 1] = { 0 };
	struct kx_timing t;
	struct kx_err err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		record(b);
		put(b, rows[i].word, rows[i].value);
		CHECK_EQ_U64((uint64_t)-parse(b, KX_TIMING_LEN, &t, &err), (uint64_t)rows[i].code);
		CHECK_STR(err.text, rows[i].text);
		CHECK_EQ_U64(t.word[0], 0xaaaaaaaaaaaaaaaa);
	}
	record(b);
	CHECK(parse(b, KX_TIMING_LEN - 1, &t, &err) == -ENOEXEC);
	CHECK_STR(err.text, "timing record: expected 64 bytes, have 63");
	CHECK(parse(b, KX_TIMING_LEN + 1, &t, &err) == -ENOEXEC);
	CHECK(parse(NULL, 0, &t, &err) == -ENOEXEC);
}

static void test_unwritten(void)
{
	uint8_t b[KX_TIMING_LEN];
	struct kx_timing t;
	struct kx_err err;

	kx_timing_blank(b);
	CHECK(parse(b, sizeof(b), &t, &err) == -ENODATA);
	CHECK_STR(err.text, "timing record: purgatory never wrote it (kexec --entry goes around purgatory)");
	put(b, PURG_TIMING_BYTES, 5);
	CHECK(parse(b, sizeof(b), &t, &err) == -ENODATA);
	CHECK_STR(err.text, "timing record: purgatory had no counter to read");
}

/* ---- what is printed ------------------------------------------------------------ */

static struct kx_last_boot last_boot(void)
{
	struct kx_last_boot b = {
		.machine = "arm64", .source = "/sys/firmware/fdt",
		.hz = 62500000, .hz_source = "record",
	};
	uint8_t bytes[KX_TIMING_LEN];
	struct kx_err err;

	record(bytes);
	CHECK(parse(bytes, sizeof(bytes), &b.record, &err) == 0);
	return b;
}

/* The kernel's clock started 40 ms after the exit, 5 s ago. */
static void run(struct kx_last_boot *b)
{
	b->running = true;
	b->age_ns = 5000 * MS;
	b->now = b->record.word[PURG_TIMING_EXIT] + 5040 * b->hz / 1000;
}

static void prints(const struct kx_last_boot *b, bool json, const char *want)
{
	struct kx_arena a;
	struct kx_text t;

	kx_arena_init(&a);
	kx_text_init(&t, &a);
	if (json)
		kx_last_boot_print_json(b, &t);
	else
		kx_last_boot_print_text(b, &t);
	CHECK_STR(kx_text_str(&t), want);
	kx_arena_deinit(&a);
}

static void test_text(void)
{
	struct kx_last_boot b = last_boot();

	run(&b);
	prints(&b, false,
	       "The last kexec, from /sys/firmware/fdt:\n"
	       "  set up                       0.100 ms\n"
	       "  verify                      20.000 ms\n"
	       "  unpack                       0.000 ms\n"
	       "  finish                       0.010 ms\n"
	       "  purgatory, in all           20.110 ms, 40.0 MB verified at 2000 MB/s\n"
	       "  kernel                      40.000 ms, until its clock started\n"
	       "  since then                5000.000 ms\n");
	/* No rate: counts.  -i: nothing verified. */
	b.hz = 0;
	b.record.word[PURG_TIMING_BYTES] = 0;
	prints(&b, false,
	       "The last kexec, from /sys/firmware/fdt:\n"
	       "  set up                        6250 counts\n"
	       "  verify                     1250000 counts\n"
	       "  unpack                           0 counts\n"
	       "  finish                         625 counts\n"
	       "  purgatory, in all          1256875 counts, nothing verified\n"
	       "  kernel               not known: the rate of the counter is not known\n");
}

static void test_json(void)
{
	struct kx_last_boot b = last_boot();

	run(&b);
	prints(&b, true,
	       "{\n"
	       "  \"schema\": \"kexec-last-boot/1\",\n"
	       "  \"machine\": \"arm64\",\n"
	       "  \"source\": \"/sys/firmware/fdt\",\n"
	       "  \"counter_hz\": 62500000,\n"
	       "  \"counter_hz_source\": \"record\",\n"
	       "  \"stamps\": {\n"
	       "    \"entry\": \"0x100000000\",\n"
	       "    \"map\": \"0x10000186a\",\n"
	       "    \"verified\": \"0x100132b3a\",\n"
	       "    \"unpacked\": \"0x100132b3a\",\n"
	       "    \"exit\": \"0x100132dab\"\n"
	       "  },\n"
	       "  \"purgatory\": {\n"
	       "    \"map_us\": 100,\n"
	       "    \"verify_us\": 20000,\n"
	       "    \"unpack_us\": 0,\n"
	       "    \"finish_us\": 10,\n"
	       "    \"all_us\": 20110,\n"
	       "    \"verified_bytes\": 40000000,\n"
	       "    \"verified_mb_per_s\": 2000\n"
	       "  },\n"
	       "  \"kernel\": {\n"
	       "    \"start_us\": 40000,\n"
	       "    \"since_us\": 5000000,\n"
	       "    \"error_us\": 0,\n"
	       "    \"why_not\": null\n"
	       "  }\n"
	       "}\n");
	b.hz = 0;
	b.hz_source = NULL;
	prints(&b, true,
	       "{\n"
	       "  \"schema\": \"kexec-last-boot/1\",\n"
	       "  \"machine\": \"arm64\",\n"
	       "  \"source\": \"/sys/firmware/fdt\",\n"
	       "  \"counter_hz\": null,\n"
	       "  \"counter_hz_source\": null,\n"
	       "  \"stamps\": {\n"
	       "    \"entry\": \"0x100000000\",\n"
	       "    \"map\": \"0x10000186a\",\n"
	       "    \"verified\": \"0x100132b3a\",\n"
	       "    \"unpacked\": \"0x100132b3a\",\n"
	       "    \"exit\": \"0x100132dab\"\n"
	       "  },\n"
	       "  \"purgatory\": {\n"
	       "    \"map_us\": null,\n"
	       "    \"verify_us\": null,\n"
	       "    \"unpack_us\": null,\n"
	       "    \"finish_us\": null,\n"
	       "    \"all_us\": null,\n"
	       "    \"verified_bytes\": 40000000,\n"
	       "    \"verified_mb_per_s\": null\n"
	       "  },\n"
	       "  \"kernel\": {\n"
	       "    \"start_us\": null,\n"
	       "    \"since_us\": null,\n"
	       "    \"error_us\": null,\n"
	       "    \"why_not\": \"the rate of the counter is not known\"\n"
	       "  }\n"
	       "}\n");
}

/* Clocks that contradict each other, and a record from long ago. */
static void test_kernel(void)
{
	struct kx_timing_kernel k;
	struct kx_last_boot b = last_boot();

	CHECK_STR(kx_timing_kernel(&b, &k), "told on the machine itself only");
	run(&b);
	CHECK(!kx_timing_kernel(&b, &k));
	CHECK_EQ_U64(k.start, 40000);
	CHECK_EQ_U64(k.since, 5000000);
	b.hz_error = 1000000;		/* one in a thousand */
	CHECK(!kx_timing_kernel(&b, &k));
	CHECK_EQ_U64(k.error, 5040);
	/* within what is not known, the clock may seem older than the exit */
	b.age_ns = 5044 * MS;
	CHECK(!kx_timing_kernel(&b, &k));
	CHECK_EQ_U64(k.start, 0);
	b.age_ns = 5050 * MS;
	CHECK_STR(kx_timing_kernel(&b, &k), "the counter has stood still since");
	run(&b);
	b.hz_error = 0;
	b.now = b.record.word[PURG_TIMING_EXIT] - 1;
	CHECK_STR(kx_timing_kernel(&b, &k), "the counter was set back since");
	b.now = b.record.word[PURG_TIMING_EXIT] + 200 * b.hz;
	CHECK_STR(kx_timing_kernel(&b, &k),
		  "the record is of an earlier kexec, handed on by another loader");
	/* No overflow, whatever the numbers. */
	b.hz = 1000;
	b.record.word[PURG_TIMING_EXIT] = 0;
	b.now = UINT64_MAX;
	b.hz_error = 1000000000;
	b.age_ns = 0;
	CHECK(!kx_timing_kernel(&b, &k));
	CHECK_EQ_U64(k.error, UINT64_MAX);
}

TEST_MAIN({ "a record", test_parse },
	  { "malformed records", test_bad },
	  { "a record nobody wrote", test_unwritten },
	  { "as text", test_text },
	  { "as JSON", test_json },
	  { "the kernel's share", test_kernel })
