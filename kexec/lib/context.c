// SPDX-License-Identifier: GPL-2.0-only
/*
 * The KEXECJUMP notes, read and written: doc/resumable-core.md.  Called by
 * arch/core-headers.c (blank ones for purgatory to fill) and vmcore-dump.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kx/context.h"

/* The two sides read one layout. */
_Static_assert(sizeof(struct context_note) == KX_CONTEXT_LEN, "context_note has padding");
_Static_assert(sizeof(struct context_state) == KX_CONTEXT_STATE_LEN, "context_state has padding");
_Static_assert(sizeof(struct context_map) == KX_CONTEXT_MAP_LEN, "context_map has padding");
_Static_assert(sizeof(struct context_run) == KX_CONTEXT_RUN_LEN, "context_run has padding");
_Static_assert(sizeof(struct context_integrity) == KX_CONTEXT_INTEGRITY_LEN,
	       "context_integrity has padding");
_Static_assert(offsetof(struct context_note, status) == 16 &&
	       offsetof(struct context_note, boot_cpu) == 80,
	       "purgatory fills 64 bytes at offset 16");

#define FIELD(type, name)	offsetof(struct type, name)

/* ---- checks that more than one note has --------------------------------------- */

static int length_check(struct kx_bytes b, size_t want, struct kx_err *err)
{
	if (b.len < want)
		return kx_err_set(err, ENOEXEC, "descsz: expected at least %zu, have %zu", want,
				  b.len);
	return 0;
}

static int version_check(uint32_t version, struct kx_err *err)
{
	if (version != CONTEXT_NOTE_VERSION)
		return kx_err_set(err, EOPNOTSUPP, "version: expected %u, have %" PRIu32,
				  CONTEXT_NOTE_VERSION, version);
	return 0;
}

static int status_check(uint32_t status, enum context_status last, struct kx_err *err)
{
	if (status > last)
		return kx_err_set(err, ENOEXEC, "status: expected 0 to %u, have %" PRIu32, last,
				  status);
	return 0;
}

static int zero_check(const char *field, uint64_t v, struct kx_err *err)
{
	if (v)
		return kx_err_set(err, ENOEXEC, "%s: expected 0, have 0x%" PRIx64, field, v);
	return 0;
}

static int page_size_check(uint64_t size, struct kx_err *err)
{
	if (size != 0x1000 && size != 0x4000 && size != 0x10000)
		return kx_err_set(err, ENOEXEC, "page size: expected 0x1000, 0x4000 or 0x10000,"
				  " have 0x%" PRIx64, size);
	return 0;
}

/* ---- CONTEXT ------------------------------------------------------------------- */

/* Which machine an entry is for; 0: any. */
static const uint16_t entry_machine[] = {
	[CONTEXT_ENTRY_NONE] = 0,
	[CONTEXT_ENTRY_JUMP_X86_64] = KX_ELF_X86_64,
	[CONTEXT_ENTRY_RESTORE_X86_64] = KX_ELF_X86_64,
	[CONTEXT_ENTRY_RESUME_ARM64] = KX_ELF_ARM64,
};

#define ENTRY_LAST	CONTEXT_ENTRY_RESUME_ARM64

static int kind_check(const struct context_note *n, struct kx_err *err)
{
	if (n->machine != KX_ELF_X86_64 && n->machine != KX_ELF_ARM64)
		return kx_err_set(err, ENOEXEC, "machine: expected 62 (x86_64) or 183 (arm64),"
				  " have %" PRIu32, n->machine);
	if (n->source != CONTEXT_SOURCE_JUMP && n->source != CONTEXT_SOURCE_SNAPSHOT)
		return kx_err_set(err, EOPNOTSUPP, "source: expected 1 (jump) or 2 (snapshot),"
				  " have %" PRIu32, n->source);
	if (n->entry_kind > ENTRY_LAST)
		return kx_err_set(err, EOPNOTSUPP, "entry kind: expected 0 to %u, have %" PRIu32,
				  ENTRY_LAST, n->entry_kind);
	if (entry_machine[n->entry_kind] && entry_machine[n->entry_kind] != n->machine)
		return kx_err_set(err, ENOEXEC, "entry kind: expected one for machine %" PRIu32
				  ", have %" PRIu32 ", for machine %u", n->machine, n->entry_kind,
				  entry_machine[n->entry_kind]);
	return 0;
}

static int context_check(const struct context_note *n, struct kx_err *err)
{
	int r;

	r = version_check(n->version, err);
	if (r == 0)
		r = kind_check(n, err);
	if (r == 0)
		r = status_check(n->status, CONTEXT_FILLED, err);
	if (r == 0)
		r = page_size_check(n->page_size, err);
	if (r == 0)
		r = zero_check("reserved", n->reserved | n->reserved2[0] | n->reserved2[1], err);
	if (r < 0)
		return r;
	if (n->window_end < n->window_start)
		return kx_err_set(err, ENOEXEC, "window: expected an end at or behind 0x%" PRIx64
				  ", have 0x%" PRIx64, n->window_start, n->window_end);
	if (!memchr(n->release, 0, sizeof(n->release)))
		return kx_err_set(err, ENOEXEC, "release: expected a NUL in %zu bytes, have none",
				  sizeof(n->release));
	return 0;
}

static void copy_bytes(void *to, struct kx_bytes from)
{
	if (from.len)
		memcpy(to, from.data, from.len);
}

int kx_context_parse(struct kx_bytes b, struct kx_context *ret, struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make(b, KX_LE);
	struct context_note n;
	int r;

	r = length_check(b, KX_CONTEXT_LEN, err);
	if (r < 0)
		return r;
	n.version = kx_rd_u32(&rd);
	n.machine = kx_rd_u32(&rd);
	n.source = kx_rd_u32(&rd);
	n.entry_kind = kx_rd_u32(&rd);
	n.status = kx_rd_u32(&rd);
	n.reserved = kx_rd_u32(&rd);
	n.entry = kx_rd_u64(&rd);
	for (int i = 0; i < CONTEXT_VALUES; i++)
		n.value[i] = kx_rd_u64(&rd);
	n.boot_cpu = kx_rd_u64(&rd);
	n.page_size = kx_rd_u64(&rd);
	n.window_start = kx_rd_u64(&rd);
	n.window_end = kx_rd_u64(&rd);
	copy_bytes(n.boot_id, kx_rd_bytes(&rd, sizeof(n.boot_id)));
	copy_bytes(n.ram_map, kx_rd_bytes(&rd, sizeof(n.ram_map)));
	copy_bytes(n.release, kx_rd_bytes(&rd, sizeof(n.release)));
	n.reserved2[0] = kx_rd_u64(&rd);
	n.reserved2[1] = kx_rd_u64(&rd);
	r = context_check(&n, err);
	if (r < 0)
		return r;
	*ret = (struct kx_context){
		.machine = (uint16_t)n.machine, .source = n.source, .entry_kind = n.entry_kind,
		.filled = n.status == CONTEXT_FILLED, .entry = n.entry, .boot_cpu = n.boot_cpu,
		.page_size = n.page_size, .window = { n.window_start, n.window_end },
	};
	memcpy(ret->value, n.value, sizeof(n.value));
	memcpy(ret->boot_id, n.boot_id, sizeof(n.boot_id));
	memcpy(ret->ram_map, n.ram_map, sizeof(n.ram_map));
	memcpy(ret->release, n.release, sizeof(n.release));
	return 0;
}

void kx_context_build(const struct kx_context *c, uint8_t *desc)
{
	kx_put_le32(desc + FIELD(context_note, version), CONTEXT_NOTE_VERSION);
	kx_put_le32(desc + FIELD(context_note, machine), c->machine);
	kx_put_le32(desc + FIELD(context_note, source), c->source);
	kx_put_le32(desc + FIELD(context_note, entry_kind), c->entry_kind);
	kx_put_le32(desc + FIELD(context_note, status), c->filled ? CONTEXT_FILLED : CONTEXT_BLANK);
	kx_put_le64(desc + FIELD(context_note, entry), c->entry);
	for (size_t i = 0; i < CONTEXT_VALUES; i++)
		kx_put_le64(desc + FIELD(context_note, value) + 8 * i, c->value[i]);
	kx_put_le64(desc + FIELD(context_note, boot_cpu), c->boot_cpu);
	kx_put_le64(desc + FIELD(context_note, page_size), c->page_size);
	kx_put_le64(desc + FIELD(context_note, window_start), c->window.start);
	kx_put_le64(desc + FIELD(context_note, window_end), c->window.end);
	memcpy(desc + FIELD(context_note, boot_id), c->boot_id, sizeof(c->boot_id));
	memcpy(desc + FIELD(context_note, ram_map), c->ram_map, sizeof(c->ram_map));
	memcpy(desc + FIELD(context_note, release), c->release,
	       strnlen(c->release, CONTEXT_RELEASE_LEN - 1));
}

/* ---- STATE --------------------------------------------------------------------- */

int kx_context_state_parse(struct kx_bytes b, struct context_state *ret, struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make(b, KX_LE);
	struct context_state s;
	uint64_t rest = 0;
	int r;

	r = length_check(b, KX_CONTEXT_STATE_LEN, err);
	if (r < 0)
		return r;
	memset(&s, 0, sizeof(s));
	s.version = kx_rd_u32(&rd);
	s.status = kx_rd_u32(&rd);
	s.sp = kx_rd_u64(&rd);
	s.return_address = kx_rd_u64(&rd);
	s.slot = kx_rd_u64(&rd);
	s.control_page = kx_rd_u64(&rd);
	s.table_page = kx_rd_u64(&rd);
	s.swap_page = kx_rd_u64(&rd);
	s.list_head = kx_rd_u64(&rd);
	s.cr0 = kx_rd_u64(&rd);
	s.cr3 = kx_rd_u64(&rd);
	s.cr4 = kx_rd_u64(&rd);
	s.efer = kx_rd_u64(&rd);
	for (size_t i = 0; i < sizeof(s.reserved) / sizeof(s.reserved[0]); i++)
		rest |= kx_rd_u64(&rd);
	r = version_check(s.version, err);
	if (r == 0)
		r = status_check(s.status, CONTEXT_FILLED, err);
	if (r == 0)
		r = zero_check("reserved", rest, err);
	if (r == 0)
		*ret = s;
	return r;
}

void kx_context_state_blank(uint8_t *desc)
{
	kx_put_le32(desc + FIELD(context_state, version), CONTEXT_NOTE_VERSION);
}

/* ---- INTEGRITY ----------------------------------------------------------------- */

/* Bytes of a digest; 0: not one we know. */
static size_t digest_len(uint32_t digest)
{
	switch (digest) {
	case CONTEXT_DIGEST_SHA256:
		return 32;
	case CONTEXT_DIGEST_CRC32C:
		return 8;
	default:
		return 0;
	}
}

static int chunk_read(struct kx_rd *rd, size_t i, size_t len, uint64_t floor,
		      struct kx_context_chunk *ret, struct kx_err *err)
{
	uint64_t pa = kx_rd_u64(rd), n = kx_rd_u64(rd);

	ret->digest = kx_rd_bytes(rd, len);
	if (!n || !kx_range_make(pa, n, &ret->pa))
		return kx_err_set(err, ENOEXEC, "chunk %zu: expected a length and an end below 2^64,"
				  " have 0x%" PRIx64 " and 0x%" PRIx64 " bytes", i, pa, n);
	if (pa < floor)
		return kx_err_set(err, ENOEXEC, "chunk %zu: expected an address of 0x%" PRIx64
				  " or more, have 0x%" PRIx64, i, floor, pa);
	return 0;
}

static int integrity_check(uint32_t version, uint32_t digest, uint64_t count, uint64_t room,
			   struct kx_err *err)
{
	size_t len = digest_len(digest);
	int r;

	r = version_check(version, err);
	if (r < 0)
		return r;
	if (!len)
		return kx_err_set(err, EOPNOTSUPP, "digest: expected 1 (SHA-256) or 2 (CRC-32C),"
				  " have %" PRIu32, digest);
	if (count > room / (16 + len))
		return kx_err_set(err, ENOEXEC, "chunk count: expected at most %" PRIu64 ", have %"
				  PRIu64, room / (16 + len), count);
	return 0;
}

int kx_context_integrity_parse(struct kx_bytes b, struct kx_arena *a,
			       struct kx_context_integrity *ret, struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make(b, KX_LE);
	struct kx_context_integrity g = { .chunk_count = 0 };
	uint32_t version, digest;
	uint64_t count, floor = 0;
	int r;

	r = length_check(b, KX_CONTEXT_INTEGRITY_LEN, err);
	if (r < 0)
		return r;
	version = kx_rd_u32(&rd);
	digest = kx_rd_u32(&rd);
	count = kx_rd_u64(&rd);
	r = integrity_check(version, digest, count, b.len - KX_CONTEXT_INTEGRITY_LEN, err);
	if (r < 0)
		return r;
	g.digest = digest;
	if (count) {
		g.chunk = kx_arena_alloc(a, (size_t)count * sizeof(*g.chunk));
		if (!g.chunk)
			return kx_err_set(err, ENOMEM, "no memory for %" PRIu64 " chunks", count);
	}
	for (; g.chunk_count < count; g.chunk_count++) {
		struct kx_context_chunk *c = &g.chunk[g.chunk_count];

		r = chunk_read(&rd, g.chunk_count, digest_len(digest), floor, c, err);
		if (r < 0)
			return r;
		floor = c->pa.end;
	}
	*ret = g;
	return 0;
}

/* ---- all of them ------------------------------------------------------------------ */

static int note_parse(const struct kx_core_note *n, struct kx_arena *a, struct kx_contexts *c,
		      struct kx_err *err)
{
	switch (n->type) {
	case CONTEXT_NOTE_CONTEXT:
		return kx_context_parse(n->desc, &c->context, err);
	case CONTEXT_NOTE_STATE:
		return kx_context_state_parse(n->desc, &c->state, err);
	case CONTEXT_NOTE_MAP:
		return kx_context_map_parse(n->desc, a, &c->map, err);
	default:
		return kx_context_integrity_parse(n->desc, a, &c->integrity, err);
	}
}

int kx_contexts_read(const struct kx_core *core, struct kx_arena *a, struct kx_contexts *ret,
		     struct kx_err *err)
{
	struct kx_contexts c = { .has_context = false };
	const struct {
		uint32_t type;
		const char *name;
		bool *has;
	} kinds[] = {
		{ CONTEXT_NOTE_CONTEXT, "CONTEXT", &c.has_context },
		{ CONTEXT_NOTE_STATE, "STATE", &c.has_state },
		{ CONTEXT_NOTE_MAP, "MAP", &c.has_map },
		{ CONTEXT_NOTE_INTEGRITY, "INTEGRITY", &c.has_integrity },
	};

	for (size_t i = 0; i < core->note_count; i++) {
		const struct kx_core_note *n = &core->note[i];
		size_t k = 0;
		int r = 0;

		while (k < sizeof(kinds) / sizeof(kinds[0]) && kinds[k].type != n->type)
			k++;
		/* A type from later is for readers from later. */
		if (k == sizeof(kinds) / sizeof(kinds[0]) || strcmp(n->name, CONTEXT_NOTE_NAME))
			continue;
		if (*kinds[k].has)
			r = kx_err_set(err, ENOEXEC, "expected one such note, have a second");
		if (r == 0)
			r = note_parse(n, a, &c, err);
		if (r < 0) {
			kx_err_wrap(err, "offset 0x%" PRIx64 ": note " CONTEXT_NOTE_NAME " %s",
				    n->off, kinds[k].name);
			return r;
		}
		*kinds[k].has = true;
	}
	*ret = c;
	return 0;
}

void kx_context_note_build(uint8_t *to, uint32_t type, uint32_t desc_len)
{
	memset(to, 0, (size_t)KX_CONTEXT_NOTE_LEN(desc_len));
	kx_put_le32(to, CONTEXT_NOTE_NAME_LEN);
	kx_put_le32(to + 4, desc_len);
	kx_put_le32(to + 8, type);
	memcpy(to + 12, CONTEXT_NOTE_NAME, CONTEXT_NOTE_NAME_LEN);
}
