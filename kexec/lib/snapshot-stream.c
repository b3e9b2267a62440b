// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parses what /dev/snapshot gives (kx/snapshot-stream.h).
 *
 * Offsets in the first page: kernel/power/power.h, struct swsusp_info, on 64-bit
 * machines; arch/x86/power/hibernate.c, struct restore_data_record;
 * arch/arm64/kernel/hibernate.c, struct arch_hibernate_hdr.  They are the same in
 * 5.10 to 7.2.  Called by vmcore-dump/snapshot-pack.c.
 */
#include <errno.h>
#include <inttypes.h>

#include "kx/core.h"
#include "kx/snapshot-stream.h"

enum {
	INFO_PHYSPAGES	= 400,
	INFO_CPUS	= 408,		/* int */
	INFO_DATA	= 416,
	INFO_PAGES	= 424,
	INFO_SIZE	= 432,

	X86_JUMP_VA	= 0,
	X86_JUMP_PA	= 8,
	X86_CR3		= 16,
	X86_MAGIC	= 24,

	ARM64_MPIDR	= 96,
};

/* arch/x86/power/hibernate_64.c, RESTORE_MAGIC, since 4.20 */
#define RESTORE_MAGIC		0x23456789abcdef02ull
/* The kernel's image is mapped by pages of 2 MiB. */
#define X86_IMAGE_ALIGN		(2ull << 20)
/* Architected affinity fields: arch/arm64/include/asm/cputype.h, MPIDR_HWID_BITMASK */
#define MPIDR_FIELDS		0xff00ffffffull

/* kernel/power/snapshot.c: BM_END_OF_MAP, ENCODED_PFN_ZERO_FLAG */
#define FRAME_END		UINT64_MAX
#define FRAME_ZERO		(1ull << 63)

/* Physical addresses have at most 52 bits on both. */
#define PA_MAX			(1ull << 52)
#define PAGE_MIN		4096u
#define PAGE_MAX		65536u

/* ---- the first page -------------------------------------------------------------- */

static int head_x86(struct kx_rd rd, struct kx_snapshot_head *h, struct kx_err *err)
{
	uint64_t magic;

	kx_rd_seek(&rd, X86_JUMP_VA);
	h->jump_va = kx_rd_u64(&rd);
	h->jump_pa = kx_rd_u64(&rd);
	h->cr3 = kx_rd_u64(&rd);
	magic = kx_rd_u64(&rd);
	if (magic != RESTORE_MAGIC)
		return kx_err_set(err, ENOEXEC, "magic: expected 0x%llx, have 0x%" PRIx64,
				  RESTORE_MAGIC, magic);
	if (!h->jump_pa || h->jump_pa >= PA_MAX || (h->jump_pa ^ h->jump_va) % X86_IMAGE_ALIGN)
		return kx_err_set(err, ENOEXEC, "jump address: expected a physical one for 0x%"
				  PRIx64 ", have 0x%" PRIx64, h->jump_va, h->jump_pa);
	if (!h->cr3 || h->cr3 >= PA_MAX || h->cr3 % PAGE_MIN)
		return kx_err_set(err, ENOEXEC, "CR3: expected a page, have 0x%" PRIx64, h->cr3);
	return 0;
}

static int head_arm64(struct kx_rd rd, struct kx_snapshot_head *h, struct kx_err *err)
{
	kx_rd_seek(&rd, ARM64_MPIDR);
	h->mpidr = kx_rd_u64(&rd);
	if (h->mpidr & ~MPIDR_FIELDS)
		return kx_err_set(err, ENOEXEC, "MPIDR: expected affinity fields only, have 0x%"
				  PRIx64, h->mpidr);
	return 0;
}

static int head_counts(struct kx_rd rd, struct kx_snapshot_head *h, struct kx_err *err)
{
	uint64_t size;

	kx_rd_seek(&rd, INFO_PHYSPAGES);
	h->physpages = kx_rd_u64(&rd);
	h->cpus = kx_rd_u32(&rd);
	kx_rd_seek(&rd, INFO_DATA);
	h->data_pages = kx_rd_u64(&rd);
	h->pages = kx_rd_u64(&rd);
	size = kx_rd_u64(&rd);
	if (h->pages >= PA_MAX / h->page_size || size != h->pages * h->page_size)
		return kx_err_set(err, ENOEXEC, "size: expected 0x%" PRIx64 " pages of 0x%" PRIx64
				  " bytes, have 0x%" PRIx64 " bytes", h->pages, h->page_size, size);
	/* This page and one of frame numbers are there at least. */
	if (h->pages < 2 || h->data_pages > h->pages - 2)
		return kx_err_set(err, ENOEXEC, "pages: expected more than the 0x%" PRIx64
				  " of data and two, have 0x%" PRIx64, h->data_pages, h->pages);
	h->frame_pages = h->pages - h->data_pages - 1;
	return 0;
}

int kx_snapshot_head_parse(struct kx_bytes page, uint16_t machine, struct kx_snapshot_head *ret,
			   struct kx_err *err)
{
	struct kx_snapshot_head h = { .page_size = page.len };
	struct kx_rd rd = kx_rd_make(page, KX_LE);
	int r;

	if (page.len < PAGE_MIN || page.len > PAGE_MAX || page.len & (page.len - 1))
		return kx_err_set(err, ENOEXEC, "snapshot: head: expected one page, have 0x%zx"
				  " bytes", page.len);
	r = head_counts(rd, &h, err);
	if (r == 0)
		r = machine == KX_ELF_ARM64 ? head_arm64(rd, &h, err) : head_x86(rd, &h, err);
	if (r < 0)
		return kx_err_wrap(err, "snapshot: head");
	*ret = h;
	return 0;
}

/* ---- frame numbers ------------------------------------------------------------------ */

void kx_snapshot_frames_init(struct kx_snapshot_frames *f, const struct kx_snapshot_head *head,
			     struct kx_snapshot_run *run, size_t cap)
{
	*f = (struct kx_snapshot_frames){ .head = head, .run = run, .cap = cap };
}

static int add_frame(struct kx_snapshot_frames *f, uint64_t frame, struct kx_err *err)
{
	struct kx_snapshot_run *last = f->n ? &f->run[f->n - 1] : NULL;
	uint32_t zero = frame & FRAME_ZERO ? 1 : 0;
	uint64_t pfn = frame & ~FRAME_ZERO, pa = pfn * f->head->page_size;

	if (pfn >= PA_MAX / f->head->page_size)
		return kx_err_set(err, ENOEXEC, "expected a page frame number, have 0x%" PRIx64,
				  frame);
	if (last && pa < f->next_pa)
		return kx_err_set(err, ENOEXEC, "expected frames to ascend, have address 0x%"
				  PRIx64 " behind 0x%" PRIx64, pa, f->next_pa);
	if (last && pa == f->next_pa && last->zero == zero && last->pages < UINT32_MAX) {
		last->pages++;
	} else {
		if (f->n == f->cap)
			return kx_err_set(err, E2BIG, "expected at most %zu runs of frames, have"
					  " more", f->cap);
		f->run[f->n++] = (struct kx_snapshot_run){ .pa = pa, .pages = 1, .zero = zero };
	}
	f->next_pa = pa + f->head->page_size;
	f->frames++;
	f->zeros += zero;
	return 0;
}

static int add_page(struct kx_snapshot_frames *f, struct kx_bytes page, struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make(page, KX_LE);
	int r = 0;

	for (size_t i = 0; r == 0 && i < page.len / 8; i++) {
		uint64_t frame = kx_rd_u64(&rd);

		/* The page was cleared before it was filled. */
		if (f->ended && frame)
			return kx_err_set(err, ENOEXEC, "expected zeros behind the last frame,"
					  " have 0x%" PRIx64, frame);
		if (!f->ended && frame == FRAME_END)
			f->ended = true;
		else if (!f->ended)
			r = add_frame(f, frame, err);
	}
	return r;
}

int kx_snapshot_frames_add(struct kx_snapshot_frames *f, struct kx_bytes page, struct kx_err *err)
{
	int r = 0;

	if (page.len != f->head->page_size)
		r = kx_err_set(err, ENOEXEC, "expected a page of 0x%" PRIx64 " bytes, have 0x%zx",
			       f->head->page_size, page.len);
	else if (f->taken == f->head->frame_pages || f->ended)
		r = kx_err_set(err, ENOEXEC, "expected no page behind the last frame, have one");
	if (r == 0)
		r = add_page(f, page, err);
	if (r < 0)
		return kx_err_wrap(err, "snapshot: frames, page %" PRIu64, f->taken);
	f->taken++;
	return 0;
}

int kx_snapshot_frames_end(const struct kx_snapshot_frames *f, struct kx_err *err)
{
	uint64_t data = f->frames - f->zeros;

	if (f->taken != f->head->frame_pages)
		return kx_err_set(err, ENOEXEC, "snapshot: frames: expected %" PRIu64 " pages, have %"
				  PRIu64, f->head->frame_pages, f->taken);
	if (data != f->head->data_pages)
		return kx_err_set(err, ENOEXEC, "snapshot: frames: expected %" PRIu64 " that have"
				  " data, have %" PRIu64, f->head->data_pages, data);
	return 0;
}
