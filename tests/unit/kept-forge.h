/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes what /proc/vmcore has of a kernel that is kept in memory: ELF header,
 * PT_LOADs and notes, without the memory.  For the tests of who reads it, of plans,
 * and for the fuzzers' seeds.  Written with doc/resumable-core.md, not with the
 * writer.
 */
#ifndef KEPT_FORGE_H
#define KEPT_FORGE_H

#include "core-forge.h"

struct kept_run {
	uint64_t home, kept, pages;
};

struct kept_area {
	uint64_t start, end;
	const uint8_t *sha256;		/* NULL: 0x11... */
};

/* What is kept unless told otherwise: two areas, one run moved, two at home. */
static const struct kept_run kept_runs[] = {
	{ 0x800000, 0x4000000, 8 },
	{ 0x4008000, 0x4008000, 8 },
	{ 0x2000000, 0x4100000, 16 },
};
static const struct kept_area kept_areas[] = {
	{ .start = 0x4000000, .end = 0x4010000 }, { .start = 0x4100000, .end = 0x4110000 },
};

struct kept_forge {
	uint16_t machine;		/* 62, 183 */
	uint64_t page_size;		/* 0 is 4096 */
	uint64_t entry;			/* 0: in the first run */
	const struct kept_run *runs;	/* NULL: kept_runs */
	size_t run_rows;
	const struct kept_area *areas;	/* NULL: kept_areas */
	size_t area_rows;
	int no_integrity;
	const char *machine_text;	/* NULL: none */
	struct forge f;
	size_t notes_off;
};

static inline uint64_t kept_page(const struct kept_forge *k)
{
	return k->page_size ? k->page_size : 4096;
}

static inline void kept_context(const struct kept_forge *k, struct forge *f)
{
	size_t at = f->len;
	uint64_t entry = k->entry ? k->entry : k->runs[0].home + 0x40;

	forge_le32(f, 1);
	forge_le32(f, k->machine);
	forge_le32(f, 2);			/* snapshot */
	forge_le32(f, k->machine == 62 ? 2 : 3);
	forge_le32(f, 1);			/* filled */
	forge_le32(f, 0);
	forge_le64(f, entry);
	if (k->machine == 62) {
		forge_le64(f, 0x6000);		/* CR3 */
		forge_le64(f, 0xffffffff80000000 + entry % 0x200000);
		forge_le64(f, entry);
	}
	forge_to(f, at + 80);
	forge_le64(f, 0);			/* boot CPU */
	forge_le64(f, kept_page(k));
	forge_to(f, at + 112);
	forge_put(f, "\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe\xf\x10", 16);
	memset(forge_room(f, 32), 0xab, 32);
	forge_str(f, "6.1.0-kept");
	forge_to(f, at + 256);
}

static inline void kept_map(const struct kept_forge *k, struct forge *f)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < k->run_rows; i++)
		pages += k->runs[i].pages;
	forge_le32(f, 1);
	forge_le32(f, 1);
	forge_le64(f, kept_page(k));
	forge_le64(f, k->run_rows);
	forge_le64(f, pages);
	forge_le64(f, 0);
	forge_le64(f, 0);
	for (size_t i = 0; i < k->run_rows; i++) {
		forge_le64(f, k->runs[i].home);
		forge_le64(f, k->runs[i].kept);
		forge_le64(f, k->runs[i].pages);
	}
}

static inline void kept_integrity(const struct kept_forge *k, struct forge *f)
{
	forge_le32(f, 1);
	forge_le32(f, 1);
	forge_le64(f, k->area_rows);
	for (size_t i = 0; i < k->area_rows; i++) {
		forge_le64(f, k->areas[i].start);
		forge_le64(f, k->areas[i].end - k->areas[i].start);
		if (k->areas[i].sha256)
			forge_put(f, k->areas[i].sha256, 32);
		else
			memset(forge_room(f, 32), 0x11, 32);
	}
}

static inline void kept_note(const struct kept_forge *k, struct forge *notes, uint32_t type,
			     void (*desc)(const struct kept_forge *k, struct forge *f))
{
	struct forge d = FORGE_NONE;

	desc(k, &d);
	core_note(notes, "KEXECJUMP", type, d.p, d.len);
	forge_free(&d);
}

static inline void kept_notes(struct kept_forge *k, struct forge *notes)
{
	if (!k->runs) {
		k->runs = kept_runs;
		k->run_rows = sizeof(kept_runs) / sizeof(kept_runs[0]);
	}
	if (!k->areas) {
		k->areas = kept_areas;
		k->area_rows = sizeof(kept_areas) / sizeof(kept_areas[0]);
	}
	core_note(notes, "VMCOREINFO", 0, CORE_INFO, strlen(CORE_INFO));
	kept_note(k, notes, 0x4b4a0001, kept_context);
	kept_note(k, notes, 0x4b4a0003, kept_map);
	if (!k->no_integrity)
		kept_note(k, notes, 0x4b4a0004, kept_integrity);
	if (k->machine_text)
		core_note(notes, "KEXECJUMP", 0x4b4a0005, k->machine_text, strlen(k->machine_text));
}

/*
 * k->f: p_offset is where the kernel makes the memory appear in the file, behind the
 * notes, in the order of the PT_LOADs.
 */
static inline void kept_build(struct kept_forge *k)
{
	struct forge notes = FORGE_NONE;
	uint64_t off;

	kept_notes(k, &notes);
	k->notes_off = (CORE_PHDR(k->run_rows + 1) + 4095) & ~(size_t)4095;
	core_ehdr(&k->f, k->machine, (uint16_t)(k->run_rows + 1));
	core_phdr(&k->f, 4, k->notes_off, 0, 0, notes.len, notes.len);
	off = (k->notes_off + notes.len + 4095) & ~4095ull;
	for (size_t i = 0; i < k->run_rows; i++) {
		uint64_t len = k->runs[i].pages * kept_page(k);

		core_phdr(&k->f, 1, off, 0xffff888000000000 + k->runs[i].home, k->runs[i].home, len, len);
		off += len;
	}
	forge_to(&k->f, k->notes_off);
	forge_put(&k->f, notes.p, notes.len);
	forge_free(&notes);
}

static inline void kept_free(struct kept_forge *k)
{
	forge_free(&k->f);
}

#endif
