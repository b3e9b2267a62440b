/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --pack: which segments are loaded as LZ4 blocks (liblz4) for purgatory to
 * unpack (include/purgatory/abi.h, "The unpack list").  Called by build.c
 * between the layout and stage.c.
 *
 * A packed segment keeps its place and its digest and becomes a target; its
 * blocks join the parcel (parcel.h).  What the segment's range has beyond its
 * bytes, and whole blocks of zeros, are zero records: so memory ends up as the
 * kernel would have made it, and neither is loaded.
 */
#include <errno.h>
#include <inttypes.h>
#include <lz4.h>
#include <string.h>

#include "call.h"
#include "kx/arch.h"
#include "parcel.h"
#include "print.h"

/* Less is not worth a record: it is relocated in no time. */
#define PACK_MIN	(64u << 10)
/* As LZ4 looks back no further than 64 KiB, larger blocks gain nothing. */
#define BLOCK		(1u << 20)
/* What is tried before all of a large segment is. */
#define SAMPLES		16u
#define SAMPLE_LEN	(64u << 10)

/* ---- does it pay? ------------------------------------------------------------ */

/* The digits at *@s, and what is behind them; false if there are none, or too many. */
static bool number(const char **s, uint32_t *ret)
{
	const char *start = *s;

	*ret = 0;
	while (**s >= '0' && **s <= '9' && *s - start < 5)
		*ret = *ret * 10 + (uint32_t)(*(*s)++ - '0');
	return *s > start;
}

/* "5.10.0-32-arm64": 5 and 10. */
static bool release_parse(const char *s, uint32_t *major, uint32_t *minor)
{
	return number(&s, major) && *s++ == '.' && number(&s, minor);
}

/* How the running kernel moves segments, as a sentence. */
static const char *moves(struct kx_plan *p, bool *ret_uncached)
{
	const char *release = p->sources->release;
	const uint16_t *since = p->arch->cached_since;
	uint32_t major, minor;

	*ret_uncached = false;
	if (since[0] && !release_parse(release, &major, &minor))
		return "how the running kernel moves segments is not known";
	if (since[0])
		*ret_uncached = major < since[0] || (major == since[0] && minor < since[1]);
	return kx_arena_printf(p->arena, "the running kernel%s%s moves segments with the caches %s",
			       *release ? " " : "", release, *ret_uncached ? "off" : "on");
}

/* Does loading all as it is take too much memory?  Then *ret_why says so. */
static bool memory_bound(const struct kx_plan *p, const char **ret_why)
{
	const struct kx_sources *src = p->sources;
	uint64_t sum = kx_segments_sum(p->segment, p->segment_count);
	char need[KX_SIZE_TEXT], have[KX_SIZE_TEXT];

	kx_size_text(sum, need);
	if (src->total_ram && sum > src->total_ram / 2)
		*ret_why = kx_arena_printf(p->arena, "the segments take %s, and the kernel loads at most half of RAM, %s",
					   need, kx_size_text(src->total_ram / 2, have));
	else if (src->free_ram && sum > src->free_ram / 2)
		*ret_why = kx_arena_printf(p->arena, "the segments take %s, more than half of the %s that are available",
					   need, kx_size_text(src->free_ram, have));
	else
		return false;
	return true;
}

static void choose_staged(struct kx_plan *p)
{
	struct kx_range crash = kx_crash_reservation(p->sources);
	uint64_t need = kx_stage_need(p, &(struct kx_parcel){ .buf = NULL });
	char text[KX_SIZE_TEXT], have[KX_SIZE_TEXT];

	if (need <= kx_range_len(crash)) {
		p->pack_why = "purgatory moves what is staged, with the caches on";
		return;
	}
	p->pack = KX_PACK_LZ4;
	p->pack_why = kx_arena_printf(p->arena, "to stage all as it is takes %s, and the crash kernel reservation has %s",
				      kx_size_text(need, text),
				      kx_size_text(kx_range_len(crash), have));
}

static void choose_auto(struct kx_plan *p)
{
	const char *bound;
	bool uncached;

	p->pack = KX_PACK_NONE;
	if (p->request->crash) {
		p->pack_why = "a crash kernel is loaded where it runs";
		return;
	}
	if (kx_request_swaps(p->request)) {
		p->pack_why = "the kernel swaps each page with what was there";
		return;
	}
	if (p->request->has_entry) {
		p->pack_why = "--entry bypasses purgatory, which unpacks";
		return;
	}
	if (p->request->stage == KX_STAGE_CRASHKERNEL) {
		choose_staged(p);
		return;
	}
	p->pack_why = moves(p, &uncached);
	if (uncached) {
		p->pack = KX_PACK_LZ4;
	} else if (memory_bound(p, &bound)) {
		p->pack = KX_PACK_LZ4;
		p->pack_why = bound;
	}
}

static int choose(struct kx_plan *p, struct kx_err *err)
{
	p->pack = p->request->pack;
	switch (p->request->pack) {
	case KX_PACK_NONE:
		p->pack_why = "--pack=none was given";
		return 0;
	case KX_PACK_LZ4:
		p->pack_why = "--pack=lz4 was given";
		if (kx_request_swaps(p->request))
			return kx_err_set(err, EINVAL,
					  "--pack=lz4: purgatory would unpack over what %s has to swap",
					  kx_plan_return_option(p->request));
		if (p->request->has_entry)
			return kx_err_set(err, EINVAL,
					  "--pack=lz4 needs purgatory, and --entry bypasses it");
		return 0;
	default:
		choose_auto(p);
		return p->pack_why ? 0 : kx_err_set(err, ENOMEM, "out of memory");
	}
}

/* ---- packing ------------------------------------------------------------------ */

/* Bytes written to @dst; 0 if they would be @room or more. */
static size_t lz4(const uint8_t *src, size_t len, uint8_t *dst, size_t room)
{
	int n = LZ4_compress_default((const char *)src, (char *)dst, (int)len, (int)room - 1);

	return n > 0 ? (size_t)n : 0;
}

/* Less by a tenth, or it is not worth purgatory's time. */
static bool shrinks(uint64_t packed, uint64_t whole)
{
	return packed <= whole - whole / 10;
}

/* Do a few bits of @b, spread over it, shrink?  Saves the rest of an initrd that is packed. */
static bool sample_shrinks(struct kx_bytes b, uint8_t *room)
{
	size_t step = (b.len - SAMPLE_LEN) / (SAMPLES - 1), sum = 0;

	if (b.len <= (size_t)SAMPLES * SAMPLE_LEN)
		return true;
	for (size_t i = 0; i < SAMPLES; i++) {
		size_t n = lz4(b.data + i * step, SAMPLE_LEN, room, SAMPLE_LEN);

		sum += n ? n : SAMPLE_LEN;
	}
	return shrinks(sum, (uint64_t)SAMPLES * SAMPLE_LEN);
}

static bool is_zero(const uint8_t *data, size_t len)
{
	return data[0] == 0 && memcmp(data, data + 1, len - 1) == 0;
}

/* One block, to @dst_pa.  @try: it may shrink. */
static int add_block(struct kx_plan *p, struct kx_parcel *parcel, const uint8_t *data, size_t len,
		     uint64_t dst_pa, bool try, struct kx_err *err)
{
	struct purg_unpack u = {
		.src_pa = parcel->len, .src_len = len, .dst_pa = dst_pa, .dst_len = len,
		.codec = PURG_CODEC_RAW,
	};
	uint8_t *room = parcel->buf + parcel->len;
	size_t packed = 0;

	if (is_zero(data, len)) {
		u.src_pa = u.src_len = 0;
		u.codec = PURG_CODEC_ZERO;
		return kx_parcel_add(p, parcel, u, err);
	}
	if (try)
		packed = lz4(data, len, room, len);
	if (packed) {
		u.src_len = packed;
		u.codec = PURG_CODEC_LZ4;
	} else {
		memcpy(room, data, len);
	}
	parcel->len = kx_align_up(parcel->len + u.src_len, KX_PARCEL_ALIGN);
	memset(room + u.src_len, 0, parcel->len - (size_t)u.src_pa - u.src_len);
	return kx_parcel_add(p, parcel, u, err);
}

static int add_segment(struct kx_plan *p, struct kx_parcel *parcel, const struct kx_segment *s,
		       struct kx_err *err)
{
	bool try = sample_shrinks(s->buf, parcel->buf + parcel->len);
	uint64_t pa = s->range.start;
	int rc = 0;

	/* Then only the zeros behind it count. */
	if (!try && !shrinks(s->buf.len, kx_range_len(s->range)))
		return 0;
	for (size_t off = 0, n; off < s->buf.len && rc == 0; off += n) {
		n = s->buf.len - off < BLOCK ? s->buf.len - off : BLOCK;
		rc = add_block(p, parcel, s->buf.data + off, n, pa + off, try, err);
	}
	if (rc < 0)
		return rc;
	return kx_parcel_add(p, parcel, (struct purg_unpack){
		.dst_pa = pa + s->buf.len, .dst_len = kx_range_len(s->range) - s->buf.len,
		.codec = PURG_CODEC_ZERO,
	}, err);
}

static bool is_candidate(const struct kx_segment *s)
{
	return s->verify && !s->kept && s->buf.len >= PACK_MIN;
}

/* Room for all candidates even if no block of them shrinks. */
static int make_room(struct kx_plan *p, struct kx_parcel *parcel, struct kx_err *err)
{
	size_t records = 0, bytes = 0;

	for (size_t i = 0; i < p->segment_count; i++) {
		const struct kx_segment *s = &p->segment[i];
		size_t blocks = s->buf.len / BLOCK + 1;

		if (!is_candidate(s))
			continue;
		records += blocks + 1;
		if (__builtin_add_overflow(bytes, s->buf.len + blocks * KX_PARCEL_ALIGN, &bytes))
			return kx_err_set(err, E2BIG, "the segments' sizes add up to more than 2^64");
	}
	return bytes ? kx_parcel_init(p, parcel, records, bytes, err) : 0;
}

/*
 * Segment @i into the parcel, and off the list.  If it does not shrink, nothing
 * has happened, and *ret_packed is false.
 */
static int pack_one(struct kx_plan *p, struct kx_parcel *parcel, size_t i, bool *ret_packed,
		    struct kx_err *err)
{
	const struct kx_segment *s = &p->segment[i];
	size_t len = parcel->len, records = p->unpack_count;
	uint64_t now;
	int rc;

	parcel->first = records;
	rc = add_segment(p, parcel, s, err);
	if (rc < 0)
		return rc;
	now = parcel->len - len + (p->unpack_count - records) * sizeof(*p->unpack);
	*ret_packed = p->unpack_count > records && shrinks(now, kx_range_len(s->range));
	if (*ret_packed) {
		kx_plan_retarget(p, i);
		return 0;
	}
	kx_plan_note(p, "%s: does not shrink by a tenth, so it is loaded as it is", s->name);
	memset(&p->unpack[records], 0, (p->unpack_count - records) * sizeof(*p->unpack));
	p->unpack_count = records;
	parcel->len = len;
	return 0;
}

static int pack_all(struct kx_plan *p, struct kx_parcel *parcel, struct kx_err *err)
{
	bool packed;
	int rc;

	rc = make_room(p, parcel, err);
	for (size_t i = 0; parcel->buf && i < p->segment_count && rc == 0; i += !packed) {
		packed = false;
		if (is_candidate(&p->segment[i]))
			rc = pack_one(p, parcel, i, &packed, err);
	}
	return rc;
}

int kx_plan_pack(struct kx_plan *p, struct kx_parcel *ret, struct kx_err *err)
{
	int rc;

	*ret = (struct kx_parcel){ .buf = NULL };
	rc = choose(p, err);
	if (rc == 0 && p->pack == KX_PACK_LZ4)
		rc = pack_all(p, ret, err);
	if (rc < 0 || p->pack == KX_PACK_NONE)
		return rc;
	if (p->target_count) {
		kx_parcel_trim(p, ret);
		return 0;
	}
	kx_arena_release(p->arena, ret->buf);
	*ret = (struct kx_parcel){ .buf = NULL };
	p->unpack = NULL;
	p->pack = KX_PACK_NONE;
	p->pack_why = kx_arena_printf(p->arena, "nothing shrinks by a tenth (%s)", p->pack_why);
	return p->pack_why ? 0 : kx_err_set(err, ENOMEM, "out of memory");
}
