/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The timing record: its bytes, and what they say in milliseconds.  The record
 * is described at enum purg_timing in purgatory/abi.h.  Called by the layouts
 * (an empty one), by sys/last-boot.c and verb-last-boot.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kx/timing.h"

/* The upper half of PURG_TIMING_MAGIC is "KXTM", the lower the version. */
#define MAGIC_SHIFT	32

/* Counters are kHz to GHz; anything else is no rate. */
#define HZ_MIN		1000u
#define HZ_MAX		1000000000000u

/* No kernel takes this long before it keeps time. */
#define START_MAX_US	(120u * 1000000)
/* How far two readings of one moment may lie apart. */
#define SLACK_US	1000u

/* Each phase ends with a stamp and began with the one before it. */
static const struct {
	enum purg_timing from, to;
	const char *json, *title;
} phases[] = {
	{ PURG_TIMING_ENTRY, PURG_TIMING_MAP, "map_us", "set up" },
	{ PURG_TIMING_MAP, PURG_TIMING_VERIFIED, "verify_us", "verify" },
	{ PURG_TIMING_VERIFIED, PURG_TIMING_UNPACKED, "unpack_us", "unpack" },
	{ PURG_TIMING_UNPACKED, PURG_TIMING_EXIT, "finish_us", "finish" },
};

#define PHASES	(sizeof(phases) / sizeof(phases[0]))

static const char *const stamp_name[PURG_TIMING_WORDS] = {
	[PURG_TIMING_ENTRY] = "entry",
	[PURG_TIMING_MAP] = "map",
	[PURG_TIMING_VERIFIED] = "verified",
	[PURG_TIMING_UNPACKED] = "unpacked",
	[PURG_TIMING_EXIT] = "exit",
};

/* ---- the bytes ------------------------------------------------------------- */

void kx_timing_blank(uint8_t *to)
{
	memset(to, 0, KX_TIMING_LEN);
	for (unsigned int i = 0; i < 8; i++)
		to[i] = (uint8_t)(PURG_TIMING_MAGIC >> (56 - 8 * i));
}

static int head_check(uint64_t head, struct kx_err *err)
{
	const uint64_t want = PURG_TIMING_MAGIC;

	if (head >> MAGIC_SHIFT != want >> MAGIC_SHIFT)
		return kx_err_set(err, ENOEXEC, "timing record: magic: expected 0x%" PRIx64
				  ", have 0x%" PRIx64, want, head);
	if (head != want)
		return kx_err_set(err, EOPNOTSUPP, "timing record: version: expected %" PRIu32
				  ", have %" PRIu32, (uint32_t)want, (uint32_t)head);
	return 0;
}

/* What purgatory leaves where it never came to write, and where it could not count. */
static int written_check(const struct kx_timing *t, struct kx_err *err)
{
	bool written = false, counted = false;

	for (int i = PURG_TIMING_HZ; i < PURG_TIMING_WORDS; i++) {
		written |= t->word[i] != 0;
		counted |= i >= PURG_TIMING_ENTRY && t->word[i] != 0;
	}
	if (!written)
		return kx_err_set(err, ENODATA, "timing record: purgatory never wrote it"
				  " (kexec --entry goes around purgatory)");
	if (!counted)
		return kx_err_set(err, ENODATA, "timing record: purgatory had no counter to read");
	return 0;
}

static int stamps_check(const struct kx_timing *t, struct kx_err *err)
{
	uint64_t hz = t->word[PURG_TIMING_HZ];

	if (hz && (hz < HZ_MIN || hz > HZ_MAX))
		return kx_err_set(err, ENOEXEC, "timing record: rate of the counter: expected 0 or"
				  " 1 kHz to 1 THz, have %" PRIu64 " Hz", hz);
	for (size_t i = 0; i < PHASES; i++) {
		uint64_t from = t->word[phases[i].from], to = t->word[phases[i].to];

		if (to < from)
			return kx_err_set(err, ENOEXEC, "timing record: the stamps go backwards:"
					  " '%s' at 0x%" PRIx64 ", '%s' at 0x%" PRIx64,
					  stamp_name[phases[i].from], from,
					  stamp_name[phases[i].to], to);
	}
	return 0;
}

int kx_timing_parse(struct kx_bytes b, struct kx_timing *ret, struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make(b, KX_BE);
	struct kx_timing t;
	int r;

	if (b.len != KX_TIMING_LEN)
		return kx_err_set(err, ENOEXEC, "timing record: expected %u bytes, have %zu",
				  KX_TIMING_LEN, b.len);
	for (int i = 0; i < PURG_TIMING_WORDS; i++)
		t.word[i] = kx_rd_u64(&rd);
	r = head_check(t.word[PURG_TIMING_HEAD], err);
	if (r == 0)
		r = written_check(&t, err);
	if (r == 0)
		r = stamps_check(&t, err);
	if (r == 0)
		*ret = t;
	return r;
}

/* ---- what they say ----------------------------------------------------------- */

/* @count of a counter with @hz > 0 in microseconds; UINT64_MAX if it is more. */
static uint64_t microseconds(uint64_t count, uint64_t hz)
{
	unsigned __int128 us = (unsigned __int128)count * 1000000 / hz;

	return us > UINT64_MAX ? UINT64_MAX : (uint64_t)us;
}

static uint64_t ticks(const struct kx_last_boot *b, enum purg_timing from, enum purg_timing to)
{
	return b->record.word[to] - b->record.word[from];
}

const char *kx_timing_kernel(const struct kx_last_boot *b, struct kx_timing_kernel *ret)
{
	uint64_t left = b->record.word[PURG_TIMING_EXIT], age = b->age_ns / 1000;
	uint64_t gone, error, start;

	if (!b->running)
		return "told on the machine itself only";
	if (!b->hz)
		return "the rate of the counter is not known";
	if (b->now < left)
		return "the counter was set back since";
	gone = microseconds(b->now - left, b->hz);
	error = (uint64_t)((unsigned __int128)gone * b->hz_error / 1000000000);
	if (age > gone && age - gone > error + SLACK_US)
		return "the counter has stood still since";
	start = age < gone ? gone - age : 0;
	/*
	 * Loaders that copy the running device tree, the kernel's own and other
	 * programs', hand an old record on.
	 */
	if (start > START_MAX_US && start - START_MAX_US > error)
		return "the record is of an earlier kexec, handed on by another loader";
	*ret = (struct kx_timing_kernel){ .start = start, .since = age, .error = error };
	return NULL;
}

/*
 * Bytes verified per microsecond, that is MB/s; 0 if it cannot be told.  What
 * is unpacked is verified again, so both phases count.
 */
static uint64_t rate(const struct kx_last_boot *b)
{
	uint64_t us = b->hz ? microseconds(ticks(b, PURG_TIMING_MAP, PURG_TIMING_UNPACKED),
					   b->hz) : 0;

	return us ? b->record.word[PURG_TIMING_BYTES] / us : 0;
}

/* ---- for people ----------------------------------------------------------------- */

static void text_us(struct kx_text *t, const char *title, uint64_t us)
{
	kx_text_add(t, "  %-20s %9" PRIu64 ".%03u ms", title, us / 1000, (unsigned int)(us % 1000));
}

static void text_phase(struct kx_text *t, const struct kx_last_boot *b, const char *title,
		       enum purg_timing from, enum purg_timing to)
{
	if (b->hz)
		text_us(t, title, microseconds(ticks(b, from, to), b->hz));
	else
		kx_text_add(t, "  %-20s %13" PRIu64 " counts", title, ticks(b, from, to));
}

static void text_verified(struct kx_text *t, const struct kx_last_boot *b)
{
	uint64_t bytes = b->record.word[PURG_TIMING_BYTES], mb = bytes / 1000000;

	if (!bytes) {
		kx_text_add(t, ", nothing verified");
		return;
	}
	kx_text_add(t, ", %" PRIu64 ".%u MB verified", mb, (unsigned int)(bytes / 100000 % 10));
	if (rate(b))
		kx_text_add(t, " at %" PRIu64 " MB/s", rate(b));
}

static void text_kernel(struct kx_text *t, const struct kx_last_boot *b)
{
	struct kx_timing_kernel k;
	const char *why = kx_timing_kernel(b, &k);

	if (why) {
		kx_text_add(t, "  %-20s not known: %s\n", "kernel", why);
		return;
	}
	text_us(t, "kernel", k.start);
	kx_text_add(t, ", until its clock started");
	if (k.error >= SLACK_US)
		kx_text_add(t, " (within %" PRIu64 " ms)", (k.error + 999) / 1000);
	kx_text_add(t, "\n");
	text_us(t, "since then", k.since);
	kx_text_add(t, "\n");
}

void kx_last_boot_print_text(const struct kx_last_boot *b, struct kx_text *t)
{
	kx_text_add(t, "The last kexec, from %s:\n", b->source);
	for (size_t i = 0; i < PHASES; i++) {
		text_phase(t, b, phases[i].title, phases[i].from, phases[i].to);
		kx_text_add(t, "\n");
	}
	text_phase(t, b, "purgatory, in all", PURG_TIMING_ENTRY, PURG_TIMING_EXIT);
	text_verified(t, b);
	kx_text_add(t, "\n");
	text_kernel(t, b);
}

/* ---- for programs ---------------------------------------------------------------- */

/* A number, or null where it is not known. */
static void json_u64(struct kx_json *j, const char *name, bool known, uint64_t v)
{
	if (known)
		kx_json_u64(j, name, v);
	else
		kx_json_str(j, name, NULL);
}

static void json_us(struct kx_json *j, const struct kx_last_boot *b, const char *name,
		    enum purg_timing from, enum purg_timing to)
{
	json_u64(j, name, b->hz, b->hz ? microseconds(ticks(b, from, to), b->hz) : 0);
}

static void json_stamps(struct kx_json *j, const struct kx_last_boot *b)
{
	kx_json_object(j, "stamps");
	for (int i = 0; i < PURG_TIMING_WORDS; i++)
		if (stamp_name[i])
			kx_json_hex(j, stamp_name[i], b->record.word[i]);
	kx_json_object_end(j);
}

static void json_kernel(struct kx_json *j, const struct kx_last_boot *b)
{
	struct kx_timing_kernel k = { 0 };
	const char *why = kx_timing_kernel(b, &k);

	kx_json_object(j, "kernel");
	json_u64(j, "start_us", !why, k.start);
	json_u64(j, "since_us", !why, k.since);
	json_u64(j, "error_us", !why, k.error);
	kx_json_str(j, "why_not", why);
	kx_json_object_end(j);
}

void kx_last_boot_print_json(const struct kx_last_boot *b, struct kx_text *t)
{
	struct kx_json j;

	kx_json_init(&j, t);
	kx_json_object(&j, NULL);
	kx_json_str(&j, "schema", "kexec-last-boot/1");
	kx_json_str(&j, "machine", b->machine);
	kx_json_str(&j, "source", b->source);
	json_u64(&j, "counter_hz", b->hz, b->hz);
	kx_json_str(&j, "counter_hz_source", b->hz_source);
	json_stamps(&j, b);
	kx_json_object(&j, "purgatory");
	for (size_t i = 0; i < PHASES; i++)
		json_us(&j, b, phases[i].json, phases[i].from, phases[i].to);
	json_us(&j, b, "all_us", PURG_TIMING_ENTRY, PURG_TIMING_EXIT);
	kx_json_u64(&j, "verified_bytes", b->record.word[PURG_TIMING_BYTES]);
	json_u64(&j, "verified_mb_per_s", rate(b), rate(b));
	kx_json_object_end(&j);
	json_kernel(&j, b);
	kx_json_object_end(&j);
}
