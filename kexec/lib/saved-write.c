// SPDX-License-Identifier: GPL-2.0-only
/*
 * Program headers and notes of a saved core that is written:
 * doc/resumable-core.md, "ELF" and "The saved core".  Called by whoever writes one.
 */
#include <errno.h>
#include <string.h>

#include "kx/saved.h"

#define INFO_NAME	"VMCOREINFO"	/* type 0 */

/* ---- PT_LOADs of what is stored as it is -------------------------------------------- */

/* Is @next behind @p in memory, and either both in the file, one behind the other, or neither? */
static bool adjoins(const struct kx_core_load *p, const struct kx_core_load *next)
{
	if (p->pa + p->mem_len != next->pa || !p->file_len != !next->file_len)
		return false;
	return !p->file_len || p->off + p->file_len == next->off;
}

static void runs_put(struct kx_core_loads *h, const struct saved_head *head, uint64_t page,
		     const struct saved_record *record, const struct saved_block *block)
{
	struct kx_core_load run = { .mem_len = 0 };

	for (uint64_t b = 0; b < head->block_count; b++) {
		const struct saved_record *r = &record[block[b].first_record];
		uint64_t off = block[b].off;

		for (uint64_t i = 0; i < block[b].records; i++, r++) {
			struct kx_core_load p = {
				.pa = r->pa, .mem_len = r->pages * page,
				.off = r->stored ? off : 0, .file_len = r->stored,
			};

			off += r->stored;
			if (adjoins(&run, &p)) {
				run.mem_len += p.mem_len;
				run.file_len += p.file_len;
				continue;
			}
			kx_core_loads_put(h, &run);
			run = p;
		}
	}
	kx_core_loads_put(h, &run);
}

static void ram_put(struct kx_core_loads *h, const struct kx_saved_parts *parts)
{
	for (size_t i = 0; i < parts->ram_count; i++)
		kx_core_loads_put(h, &(struct kx_core_load){
			.pa = parts->ram[i].start, .mem_len = kx_range_len(parts->ram[i]),
		});
}

/* ---- notes ---------------------------------------------------------------------------- */

/* Of what is there. */
static size_t note_len(const char *name, struct kx_bytes desc)
{
	return desc.len ? kx_core_note_len(name, desc.len) : 0;
}

static size_t notes_len(const struct kx_saved_parts *p)
{
	return note_len(INFO_NAME, p->vmcoreinfo) +
	       kx_core_note_len(CONTEXT_NOTE_NAME, KX_CONTEXT_LEN) +
	       note_len(CONTEXT_NOTE_NAME, p->machine) + note_len(CONTEXT_NOTE_NAME, p->snapshot);
}

static uint8_t *note_put(uint8_t *to, const char *name, uint32_t type, struct kx_bytes desc)
{
	return desc.len ? kx_core_note_build(to, name, type, desc) : to;
}

static void notes_put(uint8_t *to, const struct kx_saved_parts *p)
{
	uint8_t context[KX_CONTEXT_LEN] = { 0 };

	kx_context_build(p->context, context);
	to = note_put(to, INFO_NAME, 0, p->vmcoreinfo);
	to = note_put(to, CONTEXT_NOTE_NAME, CONTEXT_NOTE_CONTEXT,
		      (struct kx_bytes){ context, sizeof(context) });
	to = note_put(to, CONTEXT_NOTE_NAME, CONTEXT_NOTE_MACHINE, p->machine);
	note_put(to, CONTEXT_NOTE_NAME, CONTEXT_NOTE_SNAPSHOT, p->snapshot);
}

/* ---- both ------------------------------------------------------------------------------ */

int kx_saved_headers(const struct kx_saved_parts *parts, const struct saved_head *head,
		     const struct saved_record *record, const struct saved_block *block,
		     struct kx_arena *a, struct kx_bytes *ret, size_t *ret_phnum,
		     struct kx_err *err)
{
	struct kx_core_loads h;
	uint64_t page = parts->context->page_size;
	size_t notes = notes_len(parts), len;
	/* Bytes that others can read where they are. */
	bool raw = head->codec == KX_SAVED_RAW && !(head->flags & KX_SAVED_ENCRYPTED);
	uint8_t *p;

	kx_core_loads_init(&h, parts->vmcoreinfo, parts->context->machine, parts->direct_va);
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
	len = (h.count + 1) * KX_CORE_PHDR_LEN + notes;
	p = kx_arena_alloc(a, len);
	if (!p)
		return kx_err_set(err, ENOMEM, "no memory for 0x%zx bytes of headers", len);
	notes_put(p + (len - notes), parts);
	*ret_phnum = h.count + 1;
	h.at = kx_core_phdr_build(p, KX_CORE_PT_NOTE, &(struct kx_core_load){
		.off = head->headers_off + (len - notes), .file_len = notes, .mem_len = notes,
	});
	if (raw)
		runs_put(&h, head, page, record, block);
	else
		ram_put(&h, parts);
	*ret = (struct kx_bytes){ p, len };
	return 0;
}
