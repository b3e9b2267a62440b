// SPDX-License-Identifier: GPL-2.0-only
/*
 * Builds core headers (kx/core-headers.h) as the kernels' fs/proc/vmcore.c reads
 * them:
 *
 *	ELF header | PT_NOTEs | PT_LOADs | our notes | zeros to the end of the page
 *
 * - the program headers follow the ELF header (e_phoff is not looked at), the
 *   PT_NOTEs first and without a gap;
 * - p_offset is a physical address, of notes and memory alike; the notes of the
 *   CPUs and VMCOREINFO lie in the running kernel, ours behind the headers;
 * - a PT_NOTE is read until its first zero header, so there has to be one.
 *
 * Linux itself makes such headers for kexec_file_load(2) in
 * crash_prepare_elf64_headers().  Used for both architectures.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kx/core-headers.h"
#include "purgatory/sha256.h"

#define ET_CORE		4
#define PT_LOAD		1
#define PT_NOTE		4
#define PF_RWX		7

#define EHDR_LEN	64
#define PHDR_LEN	56
#define NHDR_LEN	12

/* e_phnum has 16 bits, and 0xffff has a meaning of its own. */
#define PHDRS_MAX	0xfffe
/* vmcore.c reads a PT_NOTE into one kmalloc(), which gives at most this. */
#define NOTES_MAX	(4u << 20)
/* Purgatory's stores are aligned. */
#define NOTES_ALIGN	64

#define IOMEM_RAM	"System RAM"

/* ---- the memory that is in it ------------------------------------------------------ */

static bool is_ram(const struct kx_mem *m)
{
	return m->depth == 0 && !strcmp(m->name, IOMEM_RAM);
}

/*
 * /proc/iomem is what the kernel goes by: memory that was hot-added is there,
 * memory that mem= cut off is not.
 */
static int ram_space(const struct kx_sources *s, const struct kx_core_headers_wish *w,
		     struct kx_arena *a, struct kx_space *ret, struct kx_err *err)
{
	int r = 0;

	kx_space_init(ret, a);
	for (size_t i = 0; r == 0 && i < s->iomem.n; i++)
		if (is_ram(&s->iomem.v[i]))
			r = kx_space_add(ret, s->iomem.v[i].r, err);
	if (r == 0 && !ret->n)
		return kx_err_set(err, ENODATA, "core headers: expected System RAM in /proc/iomem,"
				  " have none%s", s->iomem_hidden ? " (addresses are hidden)" : "");
	for (size_t i = 0; r == 0 && i < w->exclude_count; i++)
		r = kx_space_remove(ret, w->exclude[i], err);
	return r;
}

/* ---- headers ------------------------------------------------------------------------- */

static void ehdr_put(uint8_t *p, const struct kx_sources *s, size_t phnum)
{
	memcpy(p, "\177ELF\2\1\1", 7);
	kx_put_le16(p + 16, ET_CORE);
	kx_put_le16(p + 18, s->machine == KX_MACHINE_ARM64 ? KX_ELF_ARM64 : KX_ELF_X86_64);
	kx_put_le32(p + 20, 1);
	kx_put_le64(p + 32, EHDR_LEN);
	kx_put_le16(p + 52, EHDR_LEN);
	kx_put_le16(p + 54, PHDR_LEN);
	kx_put_le16(p + 56, (uint16_t)phnum);
}

static void phdr_put(uint8_t *p, uint32_t type, uint64_t pa, uint64_t va, uint64_t len)
{
	kx_put_le32(p, type);
	kx_put_le32(p + 4, type == PT_LOAD ? PF_RWX : 0);
	kx_put_le64(p + 8, pa);
	kx_put_le64(p + 16, va);
	kx_put_le64(p + 24, pa);
	kx_put_le64(p + 32, len);
	kx_put_le64(p + 40, len);
	kx_put_le64(p + 48, type == PT_NOTE ? 4 : 0);
}

/* Where everything goes. */
struct shape {
	struct kx_space ram;
	size_t notes_count, loads_count;	/* program headers */
	uint64_t notes_off, notes_len;		/* our notes, with their terminator */
	uint64_t map_desc;			/* length of the map's descriptor */
	uint64_t len;
};

static bool has_text(const struct kx_sources *s)
{
	return s->machine == KX_MACHINE_X86_64 && !kx_range_empty(s->core.text);
}

static int shape_notes(const struct kx_core_headers_wish *w, struct shape *sh, struct kx_err *err)
{
	if (!w->context)
		return 0;
	sh->notes_len = KX_CONTEXT_NOTE_LEN(KX_CONTEXT_LEN) + NHDR_LEN;
	if (w->runs_max) {
		if (w->runs_max > NOTES_MAX / KX_CONTEXT_RUN_LEN)
			return kx_err_set(err, E2BIG, "core headers: backup map: expected at most %u"
					  " runs, have %" PRIu64, NOTES_MAX / KX_CONTEXT_RUN_LEN,
					  w->runs_max);
		sh->map_desc = KX_CONTEXT_MAP_LEN + w->runs_max * KX_CONTEXT_RUN_LEN;
		sh->notes_len += KX_CONTEXT_NOTE_LEN(KX_CONTEXT_STATE_LEN) +
				 KX_CONTEXT_NOTE_LEN(sh->map_desc);
	}
	if (w->machine.len)
		sh->notes_len += KX_CONTEXT_NOTE_LEN(w->machine.len);
	sh->notes_len = kx_align_up(sh->notes_len, 8);
	if (sh->notes_len > NOTES_MAX)
		return kx_err_set(err, E2BIG, "core headers: notes: expected at most 0x%x bytes,"
				  " have 0x%" PRIx64, NOTES_MAX, sh->notes_len);
	return 0;
}

/* A kernel that sleeps has left no registers: only a panic fills these notes. */
static const struct kx_ranges *cpu_notes(const struct kx_sources *s,
					 const struct kx_core_headers_wish *w)
{
	static const struct kx_ranges none;

	return w->context ? &none : &s->core.crash_notes;
}

static int shape_make(const struct kx_sources *s, const struct kx_core_headers_wish *w,
		      struct kx_arena *a, struct shape *sh, struct kx_err *err)
{
	size_t phnum;
	int r;

	if (kx_range_empty(s->core.vmcoreinfo))
		return kx_err_set(err, ENODATA, "core headers: expected the address of VMCOREINFO"
				  " in /sys/kernel/vmcoreinfo, have none");
	r = ram_space(s, w, a, &sh->ram, err);
	if (r == 0)
		r = shape_notes(w, sh, err);
	if (r < 0)
		return r;
	sh->notes_count = cpu_notes(s, w)->n + 1 + (w->context ? 1 : 0);
	sh->loads_count = sh->ram.n + (has_text(s) ? 1 : 0);
	phnum = sh->notes_count + sh->loads_count;
	if (phnum > PHDRS_MAX)
		return kx_err_set(err, E2BIG, "core headers: expected at most %u program headers,"
				  " have %zu", PHDRS_MAX, phnum);
	sh->notes_off = kx_align_up(EHDR_LEN + phnum * PHDR_LEN, NOTES_ALIGN);
	sh->len = kx_align_up(sh->notes_off + sh->notes_len, s->page_size);
	return 0;
}

/* Returns where the next program header goes. */
static uint8_t *notes_put(uint8_t *p, const struct kx_sources *s, const struct kx_ranges *cpu,
			  const struct shape *sh)
{
	const struct kx_range info = s->core.vmcoreinfo;

	for (size_t i = 0; i < cpu->n; i++, p += PHDR_LEN)
		phdr_put(p, PT_NOTE, cpu->v[i].start, 0, kx_range_len(cpu->v[i]));
	phdr_put(p, PT_NOTE, info.start, 0, kx_range_len(info));
	p += PHDR_LEN;
	if (sh->notes_len) {
		phdr_put(p, PT_NOTE, sh->notes_off, 0, sh->notes_len);
		p += PHDR_LEN;
	}
	return p;
}

static void loads_put(uint8_t *p, const struct kx_sources *s, const struct shape *sh)
{
	const struct kx_core_facts *c = &s->core;

	if (has_text(s)) {
		phdr_put(p, PT_LOAD, c->text.start, c->text_va, kx_range_len(c->text));
		p += PHDR_LEN;
	}
	for (size_t i = 0; i < sh->ram.n; i++, p += PHDR_LEN) {
		struct kx_range r = sh->ram.v[i].r;

		phdr_put(p, PT_LOAD, r.start, c->direct_va.known ? c->direct_va.value + r.start : 0,
			 kx_range_len(r));
	}
}

/* A blank note at @off of the blob; returns its descriptor's offset, and moves on. */
static uint64_t note_put(uint8_t *blob, uint64_t *off, uint32_t type, uint64_t desc_len)
{
	uint64_t desc = *off + CONTEXT_NOTE_DESC;

	kx_context_note_build(blob + *off, type, (uint32_t)desc_len);
	*off += KX_CONTEXT_NOTE_LEN(desc_len);
	return desc;
}

static void contexts_put(struct kx_core_headers *h, const struct kx_core_headers_wish *w,
			 const struct kx_sources *s, const struct shape *sh)
{
	uint64_t off = sh->notes_off;

	if (!w->context)
		return;
	h->context_off = note_put(h->blob, &off, CONTEXT_NOTE_CONTEXT, KX_CONTEXT_LEN);
	kx_context_build(w->context, h->blob + h->context_off);
	if (w->runs_max) {
		h->state_off = note_put(h->blob, &off, CONTEXT_NOTE_STATE, KX_CONTEXT_STATE_LEN);
		kx_context_state_blank(h->blob + h->state_off);
		h->map_len = sh->map_desc;
		h->map_off = note_put(h->blob, &off, CONTEXT_NOTE_MAP, sh->map_desc);
		kx_context_map_blank(h->blob + h->map_off, s->page_size);
	}
	/* Last: a text's length is no multiple of 8, and what is behind it is zeros. */
	if (w->machine.len) {
		uint64_t desc = note_put(h->blob, &off, CONTEXT_NOTE_MACHINE, w->machine.len);

		memcpy(h->blob + desc, w->machine.data, w->machine.len);
	}
}

int kx_core_headers_build(const struct kx_sources *s, const struct kx_core_headers_wish *w,
			  struct kx_arena *a, struct kx_core_headers *ret, struct kx_err *err)
{
	struct kx_core_headers h = { .blob = NULL };
	struct shape sh = { .notes_len = 0 };
	int r;

	r = shape_make(s, w, a, &sh, err);
	if (r < 0)
		return r;
	h.len = (size_t)sh.len;
	h.load_count = sh.loads_count;
	h.blob = kx_arena_alloc(a, h.len);
	if (!h.blob)
		return kx_err_set(err, ENOMEM, "core headers: no memory for 0x%" PRIx64 " bytes",
				  sh.len);
	ehdr_put(h.blob, s, sh.notes_count + sh.loads_count);
	loads_put(notes_put(h.blob + EHDR_LEN, s, cpu_notes(s, w), &sh), s, &sh);
	contexts_put(&h, w, s, &sh);
	*ret = h;
	return 0;
}

void kx_core_headers_place(struct kx_core_headers *h, uint64_t pa)
{
	uint64_t notes = h->context_off - CONTEXT_NOTE_DESC;
	uint8_t *p = h->blob + EHDR_LEN;

	if (!h->context_off)
		return;
	/* Ours is the last PT_NOTE. */
	while (p[PHDR_LEN] == PT_NOTE)
		p += PHDR_LEN;
	kx_put_le64(p + 8, pa + notes);
	kx_put_le64(p + 24, pa + notes);
}

/* ---- who it is ---------------------------------------------------------------------- */

/*
 * SHA-256 over start and end, 64-bit little-endian, of the firmware's RAM, sorted
 * and merged: what a machine has to have again for a core to fit it.
 */
static void ram_map_digest(const struct kx_sources *s, uint8_t ret[SHA256_DIGEST_LEN])
{
	struct kx_range run = { 0, 0 };
	uint8_t bytes[16];
	struct sha256 h;
	bool any = false;

	sha256_init(&h, sha256_blocks_portable);
	for (size_t i = 0; i <= s->firmware.n; i++) {
		bool end = i == s->firmware.n;
		struct kx_range r = end ? (struct kx_range){ 0 } : s->firmware.v[i].r;

		if (!end && s->firmware.v[i].type != KX_MEM_RAM)
			continue;
		if (!end && !kx_range_empty(run) && r.start <= run.end) {
			run.end = r.end > run.end ? r.end : run.end;
			continue;
		}
		if (!kx_range_empty(run)) {
			kx_put_le64(bytes, run.start);
			kx_put_le64(bytes + 8, run.end);
			sha256_update(&h, bytes, sizeof(bytes));
			any = true;
		}
		run = r;
	}
	if (any)
		sha256_final(&h, ret);
}

void kx_context_init(struct kx_context *c, const struct kx_sources *s)
{
	*c = (struct kx_context){
		.machine = s->machine == KX_MACHINE_ARM64 ? KX_ELF_ARM64 : KX_ELF_X86_64,
		.boot_cpu = CONTEXT_CPU_UNKNOWN, .page_size = s->page_size,
	};
	memcpy(c->boot_id, s->core.boot_id, sizeof(c->boot_id));
	memcpy(c->release, s->release, strnlen(s->release, sizeof(s->release) - 1));
	ram_map_digest(s, c->ram_map);
}
