// SPDX-License-Identifier: GPL-2.0-only
/* kexec/lib/printk*.c: logs of each format, whole, gone round, torn and malformed. */
#include <errno.h>

#include "kx/printk.h"
#include "printk-forge.h"
#include "test.h"

struct bed {
	struct log_forge log;
	const char *info;
	uint64_t hole;			/* an address that cannot be read; 0: none */
	int sink;			/* what the sink answers */
	char said[4096];		/* "time text|" of each record */
	size_t said_len;
	struct kx_printk_loss loss;
	struct kx_printk_record last;
	char subsystem[32], device[64];
	struct kx_err err;
	uint64_t reads;
};

/* Only the page is there, each byte inside of what was asked for. */
static int memory_read(void *ctx, uint64_t va, void *to, size_t len, struct kx_err *err)
{
	struct bed *t = ctx;

	t->reads++;
	if (va < LOG_VA || va - LOG_VA > LOG_LEN || len > LOG_LEN - (va - LOG_VA) ||
	    (t->hole && va <= t->hole && t->hole - va < len))
		return kx_err_set(err, ENXIO, "virtual address 0x%" PRIx64 ": is not there", va);
	memcpy(to, t->log.mem + (va - LOG_VA), len);
	return 0;
}

static int take(void *ctx, const struct kx_printk_record *r, struct kx_err *err)
{
	struct bed *t = ctx;
	size_t room = sizeof(t->said) - t->said_len;

	t->last = *r;
	snprintf(t->subsystem, sizeof(t->subsystem), "%s", r->subsystem ? r->subsystem : "-");
	snprintf(t->device, sizeof(t->device), "%s", r->device ? r->device : "-");
	t->said_len += (size_t)snprintf(t->said + t->said_len, room, "%" PRIu64 " %.*s|",
					r->time_ns, (int)r->text.len, (const char *)r->text.data);
	return t->sink ? kx_err_set(err, t->sink, "enough") : 0;
}

static int run(struct bed *t)
{
	const struct kx_printk_source source = {
		memory_read, t, { (const uint8_t *)t->info, strlen(t->info) },
	};
	const struct kx_printk_sink out = { take, t };
	struct kx_arena a;
	int r;

	t->said[0] = '\0';
	t->said_len = 0;
	t->err = (struct kx_err){ .code = 0 };
	kx_arena_init(&a);
	r = kx_printk_read(&source, &out, &a, &t->loss, &t->err);
	kx_arena_deinit(&a);
	return r;
}

static void ring_bed(struct bed *t)
{
	memset(t, 0, sizeof(*t));
	t->info = LOG_RING_INFO;
	log_ring_init(&t->log);
}

static void expect(struct bed *t, const char *said, uint64_t unfinished, uint64_t without_text,
		   uint64_t bad)
{
	if (!CHECK_EQ_U64((uint64_t)-run(t), 0))
		printf("# %s\n", t->err.text);
	CHECK_STR(t->said, said);
	CHECK_EQ_U64(t->loss.unfinished, unfinished);
	CHECK_EQ_U64(t->loss.without_text, without_text);
	if (!CHECK_EQ_U64(t->loss.bad, bad))
		printf("# %s\n", t->loss.first_bad);
	CHECK(!t->loss.first_bad[0] == !bad);
}

static void expect_bad(struct bed *t, const char *said, uint64_t bad, const char *first)
{
	expect(t, said, 0, 0, bad);
	CHECK_STR(t->loss.first_bad, first);
}

static void expect_error(struct bed *t, int code, const char *text)
{
	CHECK_EQ_U64((uint64_t)-run(t), (uint64_t)code);
	CHECK_STR(t->err.text, text);
	CHECK_STR(t->said, "");
}

/* @info with the first @from in it replaced. */
static const char *changed(const char *info, const char *from, const char *to)
{
	static char buf[4096];
	const char *at = strstr(info, from);

	if (!CHECK(at))
		exit(99);
	snprintf(buf, sizeof(buf), "%.*s%s%s", (int)(at - info), info, to, at + strlen(from));
	return buf;
}

/* ---- ringbuffer ------------------------------------------------------------------- */

static void test_ring(void)
{
	struct bed t;

	ring_bed(&t);
	expect(&t, "", 0, 0, 0);
	log_ring_say(&t.log, 5, "one");
	log_ring_say(&t.log, 6, "");
	log_ring_say(&t.log, 7, "first line\nsecond");
	memcpy(log_info(&t.log, t.log.head_id) + 24, "usb", 3);
	memset(log_info(&t.log, t.log.head_id) + 40, 'd', 48);
	kx_put_le32(log_info(&t.log, t.log.head_id) + 20, 0x80000002);
	log_info(&t.log, t.log.head_id)[18] = 3;
	log_info(&t.log, t.log.head_id)[19] = 4 << 5 | 8;
	expect(&t, "5 one|6 |7 first line\nsecond|", 0, 0, 0);
	CHECK(t.last.has_seq && t.last.has_time && t.last.has_level && t.last.has_caller);
	CHECK_EQ_U64(t.last.seq, 2);
	CHECK_EQ_U64(t.last.level, 4);
	CHECK_EQ_U64(t.last.facility, 3);
	CHECK_EQ_U64(t.last.caller, 0x80000002);
	CHECK(t.last.continued);
	CHECK_STR(t.subsystem, "usb");
	CHECK_STR(t.device, "dddddddddddddddddddddddddddddddddddddddddddddddd");
}

/* VMCOREINFO does not say where the level is: only the layout that has it counts. */
static void test_ring_level(void)
{
	struct bed t;

	ring_bed(&t);
	log_ring_say(&t.log, 5, "one");
	t.info = changed(LOG_RING_INFO, "caller_id)=20", "caller_id)=24");
	expect(&t, "5 one|", 0, 0, 0);
	CHECK(!t.last.has_level);
}

/* Of many messages there are those that fit: 8 of them, or 256 bytes. */
static void test_ring_round(void)
{
	for (int exact = 0; exact < 2; exact++)
		for (size_t len = 0; len < 60; len++) {
			char want[1024] = "", text[64];
			struct bed t;
			size_t n = 0;

			ring_bed(&t);
			t.log.exact = exact;
			memset(text, 'x', sizeof(text));
			for (uint64_t i = 0; i < 1000; i++)
				log_ring_add(&t.log, i, text, len);
			CHECK_EQ_U64((uint64_t)-run(&t), 0);
			CHECK_EQ_U64(t.loss.bad + t.loss.unfinished + t.loss.without_text, 0);
			for (const char *s = t.said; *s; s++)
				n += *s == '|';
			CHECK(n >= (len < 24 ? 7 : 2) && n <= 8);
			for (uint64_t i = 1000 - n; i < 1000; i++)
				snprintf(want + strlen(want), sizeof(want) - strlen(want),
					 "%" PRIu64 " %.*s|", i, (int)len, text);
			if (!CHECK_STR(t.said, want))
				return;
		}
}

/* A block of 24 bytes whose end is the ring's: the older kernels move it. */
static void test_ring_exact_end(void)
{
	for (int exact = 0; exact < 2; exact++) {
		struct bed t;

		ring_bed(&t);
		t.log.exact = exact;
		log_ring_say(&t.log, 1, "0123456789012345678901234567890123456789"
			     "0123456789012345678901234567890123456789"
			     "0123456789012345678901234567890123456789"
			     "0123456789012345678901234567890123456789"
			     "0123456789012345678901234567890123456789"
			     "012345678901234567890123");
		log_ring_say(&t.log, 2, "0123456789abcde");
		CHECK_EQ_U64((uint64_t)-run(&t), 0);
		CHECK_EQ_U64(t.loss.bad, 0);
		CHECK(strstr(t.said, "2 0123456789abcde|"));
		CHECK_EQ_U64(log_word(log_desc(&t.log, t.log.head_id) + 16), exact ? 0 : 24);
	}
}

static void test_ring_torn(void)
{
	uint64_t id;
	struct bed t;

	ring_bed(&t);
	log_ring_say(&t.log, 1, "a");
	id = log_ring_say(&t.log, 2, "b");
	log_state(&t.log, id, LOG_RESERVED);
	id = log_ring_say(&t.log, 3, "c");
	log_state(&t.log, id, LOG_COMMITTED);
	id = log_ring_say(&t.log, 4, "d");
	log_block(&t.log, id, 1, 1);			/* FAILED_LPOS */
	id = log_ring_say(&t.log, 5, "e");
	log_block(&t.log, id, 3, 3);			/* NO_LPOS: an empty line */
	kx_put_le16(log_info(&t.log, id) + 16, 0);
	id = log_ring_say(&t.log, 6, "f");
	log_state(&t.log, id, LOG_REUSABLE);
	t.log.head_id++;				/* and the descriptor not yet taken */
	log_ends(&t.log);
	expect(&t, "1 a|3 c|5 |", 2, 1, 0);
	/* The same when a round lies behind. */
	for (int i = 0; i < 20; i++)
		log_ring_say(&t.log, 10, "x");
	t.log.head_id++;
	t.log.tail_id++;
	log_ends(&t.log);
	expect(&t, "10 x|10 x|10 x|10 x|10 x|10 x|10 x|", 1, 0, 0);
}

static void three(struct bed *t, uint64_t *id)
{
	ring_bed(t);
	log_ring_say(&t->log, 1, "a");
	*id = log_ring_say(&t->log, 2, "bbb");
	log_ring_say(&t->log, 3, "c");
}

static void test_ring_malformed(void)
{
	uint64_t id;
	struct bed t;

	three(&t, &id);
	kx_put_le16(log_info(&t.log, id) + 16, 200);
	expect_bad(&t, "1 a|2 bbb|3 c|", 1, "record 0x3ffffffffffffff9: text_len: expected at"
		   " most 8, have 200");
	three(&t, &id);
	log_state(&t.log, id + 1024, LOG_FINALIZED);
	expect_bad(&t, "1 a|3 c|", 1, "descriptor 1: expected id 0x3ffffffffffffff9, have 0x3f9");
	three(&t, &id);
	kx_put_le64(t.log.mem + LOG_TEXT + 16, 0x77);
	expect_bad(&t, "1 a|3 c|", 1, "record 0x3ffffffffffffff9: text block at 0x10: expected that"
		   " of this record, have that of 0x77");
	three(&t, &id);
	log_block(&t.log, id, 0x1000, 0x3000);
	expect_bad(&t, "1 a|3 c|", 1, "record 0x3ffffffffffffff9: text block: expected one in a"
		   " ring of 0x100 bytes, have 0x1000 to 0x3000");
	/* Backwards, empty, odd, one end without data, and no room for the id. */
	for (size_t i = 0; i < 5; i++) {
		const uint64_t ends[][2] = { { 0x40, 0x10 }, { 0x40, 0x40 }, { 0x43, 0x60 },
					     { 0x40, 3 }, { 0x40, 0x44 } };

		three(&t, &id);
		log_block(&t.log, id, ends[i][0], ends[i][1]);
		expect(&t, "1 a|3 c|", 0, 0, 1);
	}
}

static void test_ring_ends(void)
{
	static const char all[] = "13 x|14 x|15 x|16 x|17 x|18 x|19 x|";
	uint64_t head;
	struct bed t;

	ring_bed(&t);
	for (uint64_t i = 0; i < 20; i++)
		log_ring_say(&t.log, i, "x");
	log_state(&t.log, t.log.tail_id, LOG_REUSABLE);
	head = t.log.head_id;
	/* The tail far away: a round before the head, as it were. */
	t.log.tail_id -= 4711;
	log_ends(&t.log);
	expect_bad(&t, all, 1, "printk_ringbuffer: expected head_id and tail_id less than 0x8"
		   " apart, have 0xb and 0x3fffffffffffed9d");
	/* The head, too. */
	t.log.head_id += 0x123456;
	log_ends(&t.log);
	expect(&t, all, 0, 0, 1);
	t.log.head_id = head;
	t.log.tail_id = head + 1;
	log_ends(&t.log);
	expect(&t, all, 0, 0, 1);
}

static void test_ring_holes(void)
{
	uint64_t id;
	struct bed t;

	three(&t, &id);
	t.hole = LOG_VA + LOG_TEXT + 16 + 8;
	expect_bad(&t, "1 a|3 c|", 1, "record 0x3ffffffffffffff9: virtual address"
		   " 0xffffffff81600810: is not there");
	t.hole = LOG_VA + LOG_INFOS + LOG_INFO_LEN;
	expect(&t, "1 a|3 c|", 0, 0, 1);
	/* Without descriptors there is one place, as far as the page goes. */
	t.hole = LOG_VA + LOG_DESCS + 2 * LOG_DESC_LEN;
	expect_bad(&t, "1 a|2 bbb|", 1, "descriptor 2: virtual address 0xffffffff81600230: is not"
		   " there");
	t.hole = LOG_VA + LOG_HEAD;
	expect_error(&t, ENXIO, "printk_ringbuffer: virtual address 0xffffffff81600100: is not there");
	t.hole = LOG_VA;
	expect_error(&t, ENXIO, "prb: virtual address 0xffffffff81600000: is not there");
}

/* Rings as large as they can be said to be, and not there: it ends soon. */
static void test_ring_huge(void)
{
	struct bed t;

	ring_bed(&t);
	log_ring_say(&t.log, 1, "a");
	kx_put_le32(t.log.mem + LOG_HEAD, 26);
	kx_put_le32(t.log.mem + LOG_HEAD + 48, 31);
	for (unsigned int at = LOG_HEAD + 8; at <= LOG_HEAD + 16; at += 8)
		kx_put_le64(t.log.mem + at, 0xffff888000000000);
	kx_put_le64(t.log.mem + LOG_HEAD + 56, 0xffff888000000000);
	t.log.tail_id -= 1u << 25;
	log_ends(&t.log);
	CHECK_EQ_U64((uint64_t)-run(&t), 0);
	CHECK(t.loss.bad > 0);
	CHECK(t.reads < 500000);
}

static void test_ring_head(void)
{
	struct bed t;

	ring_bed(&t);
	kx_put_le32(t.log.mem + LOG_HEAD, 0);
	expect_error(&t, ENOEXEC, "printk_ringbuffer: count_bits: expected 1 to 26, have 0");
	kx_put_le32(t.log.mem + LOG_HEAD, 27);
	expect_error(&t, ENOEXEC, "printk_ringbuffer: count_bits: expected 1 to 26, have 27");
	ring_bed(&t);
	kx_put_le32(t.log.mem + LOG_HEAD + 48, 32);
	expect_error(&t, ENOEXEC, "printk_ringbuffer: size_bits: expected 1 to 31, have 32");
	ring_bed(&t);
	kx_put_le64(t.log.mem + LOG_HEAD + 16, UINT64_MAX - 8);
	expect_error(&t, ENOEXEC, "infos: expected an end below 2^64, have 0x2c0 bytes at"
		     " 0xfffffffffffffff7");
}

static void test_keys(void)
{
	struct bed t;

	ring_bed(&t);
	t.info = "";
	expect_error(&t, ENOENT, "expected VMCOREINFO, have none");
	t.info = "OSRELEASE=6.1\n";
	expect_error(&t, ENOENT, "VMCOREINFO: expected SYMBOL(prb) or SYMBOL(log_buf), have neither");
	t.info = changed(LOG_RING_INFO, "SIZE(prb_desc)", "size(prb_desc)");
	expect_error(&t, ENOENT, "VMCOREINFO: expected SIZE(prb_desc), have no such line");
	t.info = changed(LOG_RING_INFO, "SIZE(prb_desc)=24", "SIZE(prb_desc)=1024");
	expect_error(&t, EINVAL, "VMCOREINFO: SIZE(prb_desc): expected less than 1024, have 1024");
	t.info = changed(LOG_RING_INFO, "SIZE(prb_desc)=24", "SIZE(prb_desc)=23");
	expect_error(&t, EINVAL, "VMCOREINFO: prb_desc.text_blk_lpos: expected 16 bytes inside of"
		     " 23, have offset 8");
	t.info = changed(LOG_RING_INFO, "SIZE(prb_desc)=24", "SIZE(prb_desc)=x");
	expect_error(&t, EINVAL, "VMCOREINFO: SIZE(prb_desc): expected a number, have 'x'");
}

static void test_sink(void)
{
	uint64_t id;
	struct bed t;

	three(&t, &id);
	t.sink = EPIPE;
	CHECK_EQ_U64((uint64_t)-run(&t), EPIPE);
	CHECK_STR(t.said, "1 a|");
}

/* ---- records ---------------------------------------------------------------------- */

static void records_bed(struct bed *t)
{
	memset(t, 0, sizeof(*t));
	t->info = LOG_RECORDS_INFO;
	log_records_init(&t->log);
}

static void test_records(void)
{
	static const char dict[] = "SUBSYSTEM=pci\0DEVICE=+pci:0000:00:1f.2\0DRIVER=x";
	struct bed t;

	records_bed(&t);
	expect(&t, "", 0, 0, 0);
	log_records_add(&t.log, 5, "one\ntwo", dict, sizeof(dict) - 1);
	expect(&t, "5 one\ntwo|", 0, 0, 0);
	CHECK(!t.last.has_seq && t.last.has_time && t.last.has_level && !t.last.has_caller);
	CHECK_EQ_U64(t.last.level, 6);
	CHECK_STR(t.subsystem, "pci");
	CHECK_STR(t.device, "+pci:0000:00:1f.2");
	log_records_add(&t.log, 6, "", "", 0);
	t.log.mem[LOG_TEXT + log_half(&t.log, 16) - 1] |= 8;
	expect(&t, "5 one\ntwo|6 |", 0, 0, 0);
	CHECK(t.last.continued);
	CHECK_STR(t.subsystem, "-");
	/* The names up to 3.10. */
	t.info = "SYMBOL(log_buf)=ffffffff81600000\nSYMBOL(log_buf_len)=ffffffff81600008\n"
		 "SYMBOL(log_first_idx)=ffffffff8160000c\nSYMBOL(log_next_idx)=ffffffff81600010\n"
		 "SIZE(log)=16\nOFFSET(log.ts_nsec)=0\nOFFSET(log.len)=8\nOFFSET(log.text_len)=10\n";
	expect(&t, "5 one\ntwo|6 |", 0, 0, 0);
	/* 5.1 and later have the caller. */
	t.info = LOG_RECORDS_INFO "OFFSET(printk_log.caller_id)=12\n";
	expect(&t, "5 one\ntwo|6 |", 0, 0, 0);
	CHECK(t.last.has_caller);
	t.info = LOG_RECORDS_INFO "OFFSET(printk_log.caller_id)=13\n";
	expect_error(&t, EINVAL, "VMCOREINFO: printk_log.caller_id: expected 4 bytes inside of 16,"
		     " have offset 13");
}

static void test_records_round(void)
{
	for (size_t len = 0; len < 60; len++) {
		char want[1024] = "", text[64] = "";
		struct bed t;

		records_bed(&t);
		memset(text, 'x', len);
		for (uint64_t i = 0; i < 1000; i++)
			log_records_add(&t.log, i, text, "", 0);
		for (uint64_t i = t.log.tail_id; i < 1000; i++)
			snprintf(want + strlen(want), sizeof(want) - strlen(want),
				 "%" PRIu64 " %s|", i, text);
		expect(&t, want, 0, 0, 0);
		CHECK(1000 - t.log.tail_id >= 2);
	}
}

static void test_records_malformed(void)
{
	uint32_t at;
	struct bed t;

	records_bed(&t);
	log_records_add(&t.log, 1, "a", "", 0);
	at = log_records_add(&t.log, 2, "bbb", "", 0);
	log_records_add(&t.log, 3, "c", "", 0);
	kx_put_le16(t.log.mem + LOG_TEXT + at + 10, 500);
	expect_bad(&t, "1 a|2 bbb|3 c|", 1, "log_buf + 0x18: text_len, dict_len: expected at"
		   " most 8 together, have 500 and 0");
	kx_put_le16(t.log.mem + LOG_TEXT + at + 10, 3);
	kx_put_le16(t.log.mem + LOG_TEXT + at + 12, 6);
	expect(&t, "1 a|2 bbb|3 c|", 0, 0, 1);
	kx_put_le16(t.log.mem + LOG_TEXT + at + 12, 0);
	for (size_t i = 0; i < 3; i++) {
		static const struct {
			uint16_t len;
			const char *why;
		} rows[] = {
			{ 0, "log_buf + 0x18: len: expected 16 to 48, have 0; up to 0x48 nothing"
			     " can be read" },
			{ 8, "log_buf + 0x18: len: expected 16 to 48, have 8; up to 0x48 nothing"
			     " can be read" },
			{ 49, "log_buf + 0x18: len: expected 16 to 48, have 49; up to 0x48 nothing"
			      " can be read" },
		};

		kx_put_le16(t.log.mem + LOG_TEXT + at + 8, rows[i].len);
		expect_bad(&t, "1 a|", 1, rows[i].why);
	}
	/* Its length ends inside the last record's header. */
	kx_put_le16(t.log.mem + LOG_TEXT + at + 8, 40);
	expect(&t, "1 a|2 bbb|", 0, 0, 1);
	kx_put_le16(t.log.mem + LOG_TEXT + at + 8, 24);
	t.hole = LOG_VA + LOG_TEXT + at;
	expect(&t, "1 a|", 0, 0, 1);
	t.hole = LOG_VA + LOG_TEXT + at + 17;
	expect(&t, "1 a|3 c|", 0, 0, 1);
}

/* What is behind the wrap is read even if what is before it is not. */
static void test_records_wrap_malformed(void)
{
	struct bed t;

	records_bed(&t);
	for (uint64_t i = 0; i < 12; i++)
		log_records_add(&t.log, i, "0123456789", "", 0);
	CHECK(log_half(&t.log, 12) > log_half(&t.log, 16));
	kx_put_le16(t.log.mem + LOG_TEXT + log_half(&t.log, 12) + 8, 0xffff);
	expect(&t, "7 0123456789|8 0123456789|9 0123456789|10 0123456789|11 0123456789|", 0, 0, 1);
}

static void test_records_head(void)
{
	struct bed t;

	records_bed(&t);
	kx_put_le32(t.log.mem + 12, LOG_SIZE);
	expect_error(&t, ENOEXEC, "log_first_idx, log_next_idx: expected offsets in 0x100 bytes,"
		     " have 0x100 and 0x0");
	records_bed(&t);
	kx_put_le32(t.log.mem + 16, LOG_SIZE + 1);
	expect_error(&t, ENOEXEC, "log_first_idx, log_next_idx: expected offsets in 0x100 bytes,"
		     " have 0x0 and 0x101");
	records_bed(&t);
	kx_put_le32(t.log.mem + 8, 15);
	expect_error(&t, ENOEXEC, "log_buf_len: expected at least 16, have 15");
}

/* ---- plain ------------------------------------------------------------------------ */

static void plain_bed(struct bed *t)
{
	memset(t, 0, sizeof(*t));
	t->info = LOG_PLAIN_INFO;
	log_plain_init(&t->log);
}

static void test_plain(void)
{
	struct bed t;

	plain_bed(&t);
	expect(&t, "", 0, 0, 0);
	log_plain_add(&t.log, "<6>one\n<4>two\n\nthree");
	expect(&t, "0 <6>one|0 <4>two|0 |0 three|", 0, 0, 0);
	CHECK(!t.last.has_time && !t.last.has_seq && !t.last.has_level);
	for (int i = 0; i < 100; i++)
		log_plain_add(&t.log, "0123456789012345678901234567890123456789012345678\n");
	/* 256 bytes: five lines of 50 and the end of a sixth. */
	expect(&t, "0 45678|0 0123456789012345678901234567890123456789012345678|"
	       "0 0123456789012345678901234567890123456789012345678|"
	       "0 0123456789012345678901234567890123456789012345678|"
	       "0 0123456789012345678901234567890123456789012345678|"
	       "0 0123456789012345678901234567890123456789012345678|", 0, 0, 0);
}

static void test_plain_malformed(void)
{
	struct bed t;

	plain_bed(&t);
	kx_put_le32(t.log.mem + 8, 100);
	expect_error(&t, ENOEXEC, "log_buf_len: expected a power of two, have 100");
	plain_bed(&t);
	log_plain_add(&t.log, "one\n");
	t.hole = LOG_VA + LOG_TEXT;
	expect_bad(&t, "", 1, "log_buf + 0x0: virtual address 0xffffffff81600800: is not there");
	/* A ring that goes beyond what is there: the part that is there. */
	plain_bed(&t);
	kx_put_le32(t.log.mem + 8, 1u << 20);
	log_plain_add(&t.log, "one\ntwo\n");
	kx_put_le32(t.log.mem + 12, 0x1000);
	CHECK_EQ_U64((uint64_t)-run(&t), 0);
	CHECK(!strncmp(t.said, "0 one|0 two|", 12));
	CHECK_EQ_U64(t.loss.bad, 1);
}

TEST_MAIN(
	{ "ringbuffer", test_ring },
	{ "ringbuffer: level only where its place is known", test_ring_level },
	{ "ringbuffer: gone round, each length", test_ring_round },
	{ "ringbuffer: a block that ends where the ring does", test_ring_exact_end },
	{ "ringbuffer: torn", test_ring_torn },
	{ "ringbuffer: malformed records", test_ring_malformed },
	{ "ringbuffer: malformed ends", test_ring_ends },
	{ "ringbuffer: memory that is not there", test_ring_holes },
	{ "ringbuffer: huge", test_ring_huge },
	{ "ringbuffer: malformed head", test_ring_head },
	{ "keys", test_keys },
	{ "a sink that ends it", test_sink },
	{ "records", test_records },
	{ "records: gone round, each length", test_records_round },
	{ "records: malformed", test_records_malformed },
	{ "records: malformed before the wrap", test_records_wrap_malformed },
	{ "records: malformed head", test_records_head },
	{ "plain", test_plain },
	{ "plain: malformed", test_plain_malformed })
