// SPDX-License-Identifier: GPL-2.0-only
/*
 * The unpack list (abi.h): puts memory into its place, record by record.
 * Called by purgatory.c once what was loaded, the list included, is verified;
 * what it makes is verified afterwards.  So a record is wrong only by a bug or
 * by bad memory; it is checked all the same, because a wild write would
 * destroy what could have told about it.
 */
#include "purgatory.h"
#include "purgatory/lz4.h"

static int overlaps(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
	return a < b ? b - a < a_len : a - b < b_len;
}

static const char *check(const struct purg_param *p, const struct purg_unpack *u)
{
	if (u->reserved)
		return "reserved field is not 0";
	if (!purg_param_inside(p, u->dst_pa, u->dst_len, PURG_REGION_WRITE))
		return "destination in no region to write to";
	if (overlaps(u->dst_pa, u->dst_len, p->unpack_pa, p->unpack_count * sizeof(*u)))
		return "destination over the list itself";
	switch (u->codec) {
	case PURG_CODEC_RAW:
		if (u->src_len != u->dst_len)
			return "raw, but of two lengths";
		break;
	case PURG_CODEC_ZERO:
		return u->src_len ? "zeros with a source" : NULL;
	case PURG_CODEC_LZ4:
		if (overlaps(u->src_pa, u->src_len, u->dst_pa, u->dst_len))
			return "packed block over its destination";
		break;
	default:
		return "unknown codec";
	}
	return purg_param_inside(p, u->src_pa, u->src_len, 0) ? NULL : "source in no region";
}

static const char *unpack_one(const struct purg_unpack *u)
{
	const void *src = (const void *)(uintptr_t)u->src_pa;
	void *dst = (void *)(uintptr_t)u->dst_pa;

	switch (u->codec) {
	case PURG_CODEC_RAW:
		purg_arch_move(dst, src, u->dst_len);
		return NULL;
	case PURG_CODEC_ZERO:
		purg_arch_zero(dst, u->dst_len);
		return NULL;
	default:
		return purg_arch_lz4()(src, u->src_len, dst, u->dst_len);
	}
}

static PURG_NORETURN void fail(struct purg_param *p, uint32_t i, const struct purg_unpack *u,
			       const char *why)
{
	struct purg_line l;

	purg_line_init(&l);
	purg_line_str(&l, "unpack record ");
	purg_line_dec(&l, i);
	purg_line_str(&l, " of ");
	purg_line_dec(&l, p->unpack_count);
	purg_line_str(&l, ", to ");
	purg_line_hex(&l, u->dst_pa);
	purg_line_str(&l, ": ");
	purg_line_str(&l, why);
	purg_fail(p, &l);
}

void purg_unpack(struct purg_param *p)
{
	const struct purg_unpack *list = (const struct purg_unpack *)(uintptr_t)p->unpack_pa;

	for (uint32_t i = 0; i < p->unpack_count; i++) {
		const char *why = check(p, &list[i]);

		if (!why)
			why = unpack_one(&list[i]);
		if (why)
			fail(p, i, &list[i], why);
	}
}
