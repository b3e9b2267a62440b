// SPDX-License-Identifier: GPL-2.0-only
/*
 * Program headers and notes of a saved core that is written:
 * doc/resumable-core.md, "ELF" and "The saved core".  Called by whoever writes one.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kx/saved.h"

#define PT_LOAD		1
#define PT_NOTE		4
#define PF_ALL		7u	/* as the kernel has it for RAM */
#define PHDR_LEN	56u
#define NHDR_LEN	12u

#define INFO_NAME	"VMCOREINFO"	/* type 0; 11 bytes with its NUL */
#define INFO_DESC	(NHDR_LEN + 12u)

/* A PT_LOAD; without bytes in the file: off and file_len 0. */
struct piece {
	uint64_t pa, len, off, file_len;
};

struct phdrs {
	uint8_t *at;		/* the next one; NULL: they are counted only */
	size_t count;
	uint64_t direct_va;
};

static void phdr_put(struct phdrs *h, uint32_t type, uint64_t va, const struct piece *p)
{
	h->count++;
	if (!h->at)
		return;
	kx_put_le32(h->at, type);
	kx_put_le32(h->at + 4, type == PT_LOAD ? PF_ALL : 0);
	kx_put_le64(h->at + 8, p->off);
	kx_put_le64(h->at + 16, va);
	kx_put_le64(h->at + 24, p->pa);
	kx_put_le64(h->at + 32, p->file_len);
	kx_put_le64(h->at + 40, p->len);
	kx_put_le64(h->at + 48, 0);
	h->at += PHDR_LEN;
}

static void load_put(struct phdrs *h, const struct piece *p)
{
	if (p->len)
		phdr_put(h, PT_LOAD, h->direct_va ? p->pa + h->direct_va : 0, p);
}

/* ---- PT_LOADs of what is stored as it is -------------------------------------------- */

/* Is @next behind @p in memory, and either both in the file, one behind the other, or neither? */
static bool adjoins(const struct piece *p, const struct piece *next)
{
	if (p->pa + p->len != next->pa || !p->file_len != !next->file_len)
		return false;
	return !p->file_len || p->off + p->file_len == next->off;
}

static void runs_put(struct phdrs *h, const struct saved_head *head, uint64_t page,
		     const struct saved_record *record, const struct saved_block *block)
{
	struct piece run = { .len = 0 };

	for (uint64_t b = 0; b < head->block_count; b++) {
		const struct saved_record *r = &record[block[b].first_record];
		uint64_t off = block[b].off;

		for (uint64_t i = 0; i < block[b].records; i++, r++) {
			struct piece p = {
				.pa = r->pa, .len = r->pages * page,
				.off = r->stored ? off : 0, .file_len = r->stored,
			};

			off += r->stored;
			if (adjoins(&run, &p)) {
				run.len += p.len;
				run.file_len += p.file_len;
				continue;
			}
			load_put(h, &run);
			run = p;
		}
	}
	load_put(h, &run);
}

static void ram_put(struct phdrs *h, const struct kx_saved_parts *parts)
{
	for (size_t i = 0; i < parts->ram_count; i++)
		load_put(h, &(struct piece){
			.pa = parts->ram[i].start, .len = kx_range_len(parts->ram[i]),
		});
}

/* ---- notes ---------------------------------------------------------------------------- */

/* Padded to 4, as every reader of cores expects it. */
static uint64_t note_len(uint64_t head, struct kx_bytes desc)
{
	return desc.len ? head + (desc.len + 3) / 4 * 4 : 0;
}

static uint64_t notes_len(const struct kx_saved_parts *p)
{
	return note_len(INFO_DESC, p->vmcoreinfo) + CONTEXT_NOTE_DESC + KX_CONTEXT_LEN +
	       note_len(CONTEXT_NOTE_DESC, p->machine) + note_len(CONTEXT_NOTE_DESC, p->snapshot);
}

/* @to is zeros. */
static uint8_t *info_put(uint8_t *to, struct kx_bytes text)
{
	if (!text.len)
		return to;
	kx_put_le32(to, sizeof(INFO_NAME));
	kx_put_le32(to + 4, (uint32_t)text.len);
	memcpy(to + NHDR_LEN, INFO_NAME, sizeof(INFO_NAME));
	memcpy(to + INFO_DESC, text.data, text.len);
	return to + note_len(INFO_DESC, text);
}

static uint8_t *note_put(uint8_t *to, uint32_t type, struct kx_bytes desc)
{
	if (!desc.len)
		return to;
	kx_put_le32(to, CONTEXT_NOTE_NAME_LEN);
	kx_put_le32(to + 4, (uint32_t)desc.len);
	kx_put_le32(to + 8, type);
	memcpy(to + NHDR_LEN, CONTEXT_NOTE_NAME, CONTEXT_NOTE_NAME_LEN);
	memcpy(to + CONTEXT_NOTE_DESC, desc.data, desc.len);
	return to + note_len(CONTEXT_NOTE_DESC, desc);
}

static void notes_put(uint8_t *to, const struct kx_saved_parts *p)
{
	uint8_t context[KX_CONTEXT_LEN] = { 0 };

	kx_context_build(p->context, context);
	to = info_put(to, p->vmcoreinfo);
	to = note_put(to, CONTEXT_NOTE_CONTEXT, (struct kx_bytes){ context, sizeof(context) });
	to = note_put(to, CONTEXT_NOTE_MACHINE, p->machine);
	note_put(to, CONTEXT_NOTE_SNAPSHOT, p->snapshot);
}

/* ---- both ------------------------------------------------------------------------------ */

int kx_saved_headers(const struct kx_saved_parts *parts, const struct saved_head *head,
		     const struct saved_record *record, const struct saved_block *block,
		     struct kx_arena *a, struct kx_bytes *ret, size_t *ret_phnum,
		     struct kx_err *err)
{
	struct phdrs h = { .direct_va = parts->direct_va };
	uint64_t page = parts->context->page_size, notes = notes_len(parts), len;
	bool raw = head->codec == KX_SAVED_RAW;
	uint8_t *p;

	if (raw)
		runs_put(&h, head, page, record, block);
	if (!raw || h.count > KX_SAVED_LOADS_MAX) {
		raw = false;
		h.count = 0;
		ram_put(&h, parts);
	}
	if (h.count > KX_SAVED_LOADS_MAX)
		return kx_err_set(err, E2BIG, "program headers: expected at most %u ranges of RAM,"
				  " have %zu", KX_SAVED_LOADS_MAX, h.count);
	len = (h.count + 1) * PHDR_LEN + notes;
	p = kx_arena_alloc(a, (size_t)len);
	if (!p)
		return kx_err_set(err, ENOMEM, "no memory for 0x%" PRIx64 " bytes of headers", len);
	notes_put(p + (len - notes), parts);
	h.at = p;
	h.count = 0;
	phdr_put(&h, PT_NOTE, 0, &(struct piece){
		.off = head->headers_off + (len - notes), .len = notes, .file_len = notes,
	});
	if (raw)
		runs_put(&h, head, page, record, block);
	else
		ram_put(&h, parts);
	*ret = (struct kx_bytes){ p, (size_t)len };
	*ret_phnum = h.count;
	return 0;
}
