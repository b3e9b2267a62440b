/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where an arm64 kernel, its initrd, its device tree and purgatory go, and how
 * purgatory enters it: Documentation/arch/arm64/booting.rst.  Quotes below are
 * from there.  Called by plan/build.c through arch/table.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arm64.h"
#include "kx/fdt.h"

#define MIB_2		(2ULL << 20)
#define MIB_512		(512ULL << 20)
#define GIB_1		(1ULL << 30)
#define GIB_32		(32ULL << 30)

#define FLAG_BIG_ENDIAN	(1ULL << 0)
#define FLAG_PAGE_SHIFT	1
#define FLAG_ANYWHERE	(1ULL << 3)

/* Header bits 1-2; 0 = unspecified. */
static const uint64_t page_sizes[4] = { 0, 0x1000, 0x4000, 0x10000 };

const char *kx_arm64_file_refuses(const struct kx_image *image, const struct kx_sources *src)
{
	(void)src;
	/* arch/arm64/kernel/machine_kexec_file.c: kexec_file_loaders[] */
	if (image->format->id != KX_FORMAT_ARM64_IMAGE)
		return "arm64's kexec_file_load takes an Image only, and this is an ELF file";
	return NULL;
}

static void note_page_size(struct kx_plan *p, uint64_t flags)
{
	uint64_t page = page_sizes[flags >> FLAG_PAGE_SHIFT & 3];

	if (page && page != p->sources->page_size)
		kx_plan_note(p, "kernel: uses pages of 0x%" PRIx64
			     ", the running one 0x%" PRIx64 ": the CPU must support both",
			     page, p->sources->page_size);
}

int kx_arm64_find_base(struct kx_plan *p, const struct kx_arm64_image *header, uint64_t size,
		       struct arm64_kernel *ret, struct kx_err *err)
{
	struct kx_want want = {
		.name = "kernel",
		.align = MIB_2,
		.top_down = header->flags & FLAG_ANYWHERE,
	};
	uint64_t base;
	int r;

	if (header->flags & FLAG_BIG_ENDIAN)
		return kx_err_set(err, EINVAL,
				  "kernel: flags: expected a little-endian kernel, have 0x%" PRIx64
				  " (bit 0 set)", header->flags);
	if (__builtin_add_overflow(header->text_offset, size, &want.size) ||
	    want.size > UINT64_MAX - MIB_2)
		return kx_err_set(err, ENOEXEC,
				  "kernel: text_offset 0x%" PRIx64 " and size 0x%" PRIx64 " wrap",
				  header->text_offset, size);
	want.size = kx_align_up(want.size, p->sources->page_size);
	/*
	 * "The Image must be placed text_offset bytes from a 2MB aligned base
	 * address anywhere in usable system RAM"; without flag bit 3 that base
	 * "should be as close as possible to the base of DRAM".
	 *
	 * Where anywhere will do, it is the top: the running kernel takes control
	 * pages for a copy of its linear map (trans_pgd_create_copy(), v5.16), and
	 * drops every page it is handed that lies in a segment, each time anew
	 * (kimage_alloc_normal_control_pages()).  Its allocator hands out low pages
	 * first, so segments in free low memory make a load take minutes.
	 */
	r = kx_space_find(&p->space, &want, &base, NULL, err);
	if (r < 0)
		return r;
	*ret = (struct arm64_kernel){
		.base = base,
		.image = { base + header->text_offset, base + header->text_offset + size },
		.anywhere = header->flags & FLAG_ANYWHERE,
	};
	note_page_size(p, header->flags);
	if (header->old_header)
		kx_plan_note(p, "kernel: the header has no image size; 0x%" PRIx64
			     " bytes are kept free", size);
	/* Old kernels use what lies between base and image, too. */
	return kx_space_remove(&p->space,
			       (struct kx_range){ base, kx_align_down(ret->image.start,
								      p->sources->page_size) },
			       err);
}

int kx_arm64_place_part(struct kx_plan *p, const char *name, uint64_t pa, uint64_t end,
			struct kx_bytes buf, const char *why, struct kx_err *err)
{
	uint64_t page = p->sources->page_size;
	struct kx_range r = kx_range_grow((struct kx_range){ pa, end }, page);
	uint64_t pad = pa - r.start;

	if (pad) {
		uint8_t *moved = kx_arena_alloc_raw(p->arena, pad + buf.len);

		if (!moved)
			return kx_err_set(err, ENOMEM, "%s: no memory for 0x%zx bytes", name, buf.len);
		memset(moved, 0, pad);
		if (buf.len)
			memcpy(moved + pad, buf.data, buf.len);
		buf = (struct kx_bytes){ moved, pad + buf.len };
	}
	return kx_plan_place_at(p, name, r, buf, why, err);
}

static int place_image(struct kx_plan *p, const struct kx_image *image,
		       struct arm64_kernel *ret, struct kx_err *err)
{
	const struct kx_arm64_image *header = &image->arm64;
	uint64_t size = header->image_size;
	const char *why;
	int r;

	if (size < image->bytes.len)
		size = image->bytes.len;
	r = kx_arm64_find_base(p, header, size, ret, err);
	if (r < 0)
		return r;
	ret->entry = ret->image.start;
	why = kx_arena_printf(p->arena, "%s 2 MiB boundary with 0x%" PRIx64
			      " bytes free, plus text_offset 0x%" PRIx64,
			      ret->anywhere ? "highest" : "lowest",
			      header->text_offset + size, header->text_offset);
	if (!why)
		return kx_err_set(err, ENOMEM, "out of memory");
	return kx_arm64_place_part(p, "kernel", ret->image.start, ret->image.end,
				   image->bytes, why, err);
}

/*
 * "If an initrd/initramfs is passed to the kernel at boot, it must reside
 * entirely within a 1 GB aligned physical memory window of up to 32 GB in size
 * that fully covers the kernel Image as well."
 */
static int place_initrd(struct kx_plan *p, const struct arm64_kernel *k,
			struct kx_range *ret, struct kx_err *err)
{
	uint64_t top = kx_align_up(k->image.end, GIB_1), pa;
	struct kx_want want = {
		.name = "initrd",
		.size = p->initrd.len,
		.min = top > GIB_32 ? top - GIB_32 : 0,
		.max = kx_align_down(k->image.start, GIB_1) + GIB_32,
		.top_down = k->anywhere,
	};
	int r;

	if (!p->initrd.len)
		return 0;
	/* "memory below it is not usable via the linear mapping" */
	if (!k->anywhere)
		want.min = k->base;
	r = kx_plan_place(p, want, p->initrd,
			  "in one 32 GiB window with the kernel, 1 GiB aligned", &pa, err);
	if (r < 0)
		return r;
	*ret = (struct kx_range){ pa, pa + p->initrd.len };
	return 0;
}

static uint64_t power_of_two_up(uint64_t v)
{
	uint64_t p = 1;

	while (p < v)
		p <<= 1;
	return p;
}

/*
 * "must be placed on an 8-byte boundary and must not exceed 2 megabytes in size.
 * Since the dtb will be mapped cacheable using blocks of up to 2 megabytes in
 * size, it must not be placed within any 2M region which must be mapped with any
 * specific attributes."  A block that is all free has no such neighbour.  Where
 * there is none, at least only one block is touched: aligned to its own size,
 * rounded up to a power of two, the tree never crosses into a second.
 */
static int place_dtb(struct kx_plan *p, const struct arm64_kernel *k, struct kx_bytes dtb,
		     uint64_t *ret, struct kx_err *err)
{
	struct kx_want want = {
		.name = "dtb",
		.size = MIB_2,
		.align = MIB_2,
		.top_down = k->anywhere,
	};
	struct kx_range r = { 0, 0 };

	/*
	 * "versions prior to v4.2 also require that the DTB be placed within
	 * the 512 MB region starting at text_offset bytes below the kernel
	 * Image": those all lack flag bit 3 (v4.6).
	 */
	if (!k->anywhere) {
		want.min = k->base;
		want.max = k->base + MIB_512;
	}
	if (kx_space_find(&p->space, &want, &r.start, NULL, NULL) == 0) {
		r.end = r.start + kx_align_up(dtb.len, p->sources->page_size);
		*ret = r.start;
		return kx_plan_place_at(p, "dtb", r, dtb,
					"at the start of a 2 MiB block that is all free", err);
	}
	want.size = dtb.len;
	want.align = power_of_two_up(dtb.len);
	return kx_plan_place(p, want, dtb, "inside one 2 MiB block", ret, err);
}

/* The tables of the translation services are never handed on. */
void kx_arm64_stop_interrupts(struct kx_plan *p, bool lpis)
{
	const struct kx_gic *g = &p->sources->arm64.gic;

	memcpy(p->param.its_pa, g->its_pa, sizeof(g->its_pa));
	p->param.its_count = g->its_count;
	p->param.gicr_count = lpis ? g->gicr_count : 0;
	memcpy(p->param.gicr, g->gicr, p->param.gicr_count * sizeof(g->gicr[0]));
	if (p->param.its_count || p->param.gicr_count)
		kx_plan_note(p, "interrupts: purgatory stops %" PRIu32 " ITS%s", g->its_count,
			     p->param.gicr_count ? " and the redistributors' LPIs" : "");
}

int kx_arm64_layout(struct kx_plan *p, const struct kx_image *image, struct kx_err *err)
{
	struct kx_range initrd = { 0, 0 };
	struct arm64_kernel kernel;
	struct kx_bytes dtb;
	uint64_t dtb_pa;
	int r = 0;

	if (kx_request_keeps(p->request))
		r = kx_keep_reserve(p, err);
	if (r < 0)
		return r;
	if (image->format->id == KX_FORMAT_ARM64_IMAGE)
		r = place_image(p, image, &kernel, err);
	else
		r = kx_arm64_place_elf(p, &image->elf, &kernel, err);
	if (r < 0)
		return r;
	r = place_initrd(p, &kernel, &initrd, err);
	if (r == 0 && kx_request_keeps(p->request))
		r = kx_keep_place(p, &p->own.core, err);
	if (r == 0 && p->request->crash)
		r = kx_crash_place_core(p, err);
	if (r < 0)
		return r;
	/* The tree names their addresses, so it is built after they are known. */
	r = kx_arm64_dtb_build(p, initrd, &dtb, err);
	if (r < 0)
		return r;
	r = place_dtb(p, &kernel, dtb, &dtb_pa, err);
	if (r < 0)
		return r;
	p->param.entry_kind = PURG_ENTRY_ARM64;
	p->param.pc = kernel.entry;
	p->param.reg[0] = dtb_pa;	/* x0; x1 to x3 are 0 */
	p->param.timing_pa = dtb_pa + kx_arm64_dtb_timing(dtb);
	p->param.psci = p->sources->arm64.psci;
	/*
	 * With EFI the running kernel has had the LPIs' tables reserved for all that come
	 * behind it (LINUX_EFI_MEMRESERVE), and they use them on: without LPIs they would
	 * reserve new ones at each kexec.
	 *
	 * A crash kernel leaves them alone: they are in memory that is not its own, and it
	 * goes on with them where they cannot be stopped (is_kdump_kernel() in
	 * drivers/irqchip/irq-gic-v3-its.c).
	 */
	if (!p->request->crash)
		kx_arm64_stop_interrupts(p, !p->sources->arm64.efi);
	return 0;
}
