// SPDX-License-Identifier: GPL-2.0-only
/*
 * The notes of a core (gABI, "Note Section"), as Linux writes them: three 32-bit
 * words, then name and descriptor, each padded to 4 bytes, also in 64-bit files.
 * Called by core.c for each PT_NOTE.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kx/core.h"

#define NHDR_LEN	12
#define NOTE_ALIGN	4

static int note_add(struct kx_core *c, struct kx_arena *a, const struct kx_core_note *n,
		    struct kx_err *err)
{
	if (c->note_count == KX_CORE_NOTES_MAX)
		return kx_err_set(err, E2BIG, "offset 0x%" PRIx64 ": expected at most %u notes,"
				  " have more", n->off, KX_CORE_NOTES_MAX);
	/* Room for a power of two of them: full when the count is one. */
	if (!(c->note_count & (c->note_count - 1))) {
		size_t cap = c->note_count ? 2 * c->note_count : 1;
		struct kx_core_note *v = kx_arena_resize_raw(a, c->note, cap * sizeof(*v));

		if (!v)
			return kx_err_set(err, ENOMEM, "notes: no memory for %zu of them", cap);
		c->note = v;
	}
	c->note[c->note_count++] = *n;
	return 0;
}

/* The padded field of @len bytes; the last one of a PT_NOTE may lack its padding. */
static int field(struct kx_rd *rd, const char *what, uint64_t len, uint64_t at,
		 struct kx_bytes *ret, struct kx_err *err)
{
	uint64_t left = rd->b.len - rd->off, padded = (len + NOTE_ALIGN - 1) & ~(NOTE_ALIGN - 1ull);

	if (len > left)
		return kx_err_set(err, ENOEXEC, "offset 0x%" PRIx64 ": note: %s: expected at most 0x%"
				  PRIx64 " bytes, have 0x%" PRIx64, at, what, left, len);
	*ret = kx_rd_bytes(rd, len);
	kx_rd_skip(rd, (padded < left ? padded : left) - len);
	return 0;
}

/* One note; *ret_end is set at the terminator that the kernel writes. */
static int note_parse(struct kx_rd *rd, uint64_t off, struct kx_arena *a,
		      struct kx_core_note *ret, bool *ret_end, struct kx_err *err)
{
	uint64_t at = off + rd->off, left = rd->b.len - rd->off;
	uint32_t name_len, desc_len;
	struct kx_bytes name;
	int r;

	if (left < NHDR_LEN)
		return kx_err_set(err, ENOEXEC, "offset 0x%" PRIx64 ": note: expected at least %u"
				  " bytes, have %" PRIu64, at, NHDR_LEN, left);
	name_len = kx_rd_u32(rd);
	desc_len = kx_rd_u32(rd);
	*ret = (struct kx_core_note){ .type = kx_rd_u32(rd), .off = at };
	*ret_end = !name_len && !desc_len && !ret->type;
	if (*ret_end)
		return 0;
	r = field(rd, "namesz", name_len, at, &name, err);
	if (r == 0)
		r = field(rd, "descsz", desc_len, at + 4, &ret->desc, err);
	if (r < 0)
		return r;
	ret->name = name.len ? kx_arena_printf(a, "%.*s", (int)name.len, (const char *)name.data)
			     : kx_arena_strdup(a, "");
	return ret->name ? 0 : kx_err_set(err, ENOMEM, "notes: out of memory");
}

int kx_core_notes_parse(struct kx_bytes b, uint64_t off, struct kx_arena *a, struct kx_core *c,
			struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make(b, KX_LE);
	struct kx_core_note n;
	bool end = false;
	int r;

	while (rd.off < b.len) {
		r = note_parse(&rd, off, a, &n, &end, err);
		if (r < 0)
			return r;
		if (end)
			break;
		r = note_add(c, a, &n, err);
		if (r < 0)
			return r;
	}
	return 0;
}
