/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Will a crash kernel find enough memory in its reservation?  A kernel that does not
 * dies of it, when it is too late to load another.  Called by build.c.
 *
 * What is counted is what the next kernel needs at its worst moment, when it has
 * unpacked its initramfs and not yet given the packed one back.
 */
#include <string.h>

#include "crash.h"
#include "kx/initrd-size.h"
#include "print.h"

/*
 * struct page is 64 bytes for each page of 4 KiB; the page tables of the direct map are
 * at most 8.
 */
#define PAGE_FACTS(memory)	((memory) / 4096 * (64 + 8))

/*
 * Drivers, the rest of the kernel's own data, and the programs that write a dump: a
 * guess, on the safe side of Debian's kernels with busybox and virtio.
 */
#define WORK	(64u << 20)

/* Where the kernel is when it runs, and its zeros. */
static uint64_t kernel_len(const struct kx_image *image)
{
	uint64_t low = UINT64_MAX, high = 0;

	switch (image->format->id) {
	case KX_FORMAT_BZIMAGE:
		return image->bzimage.init_size;
	case KX_FORMAT_ARM64_IMAGE:
		return image->arm64.image_size > image->bytes.len ? image->arm64.image_size :
								    image->bytes.len;
	default:
		for (size_t i = 0; i < image->elf.load_count; i++) {
			uint64_t end = image->elf.load[i].pa + image->elf.load[i].mem_len;

			low = image->elf.load[i].pa < low ? image->elf.load[i].pa : low;
			high = end > high ? end : high;
		}
		return high > low ? high - low : 0;
	}
}

static uint64_t sum(const uint64_t *v, size_t n)
{
	uint64_t s = 0;

	for (size_t i = 0; i < n; i++)
		if (__builtin_add_overflow(s, v[i], &s))
			return UINT64_MAX;
	return s;
}

void kx_crash_fit(struct kx_plan *p, const struct kx_image *image)
{
	struct kx_initrd_size unpacked = kx_initrd_unpacked(p->initrd);
	struct kx_fit *f = &p->fit;
	char have[KX_SIZE_TEXT], need[KX_SIZE_TEXT], kernel[KX_SIZE_TEXT], initrd[KX_SIZE_TEXT],
	     files[KX_SIZE_TEXT], tables[KX_SIZE_TEXT], work[KX_SIZE_TEXT];

	*f = (struct kx_fit){
		.kernel = kernel_len(image), .initrd = p->initrd.len, .unpacked = unpacked.bytes,
		.exact = unpacked.exact, .work = WORK,
	};
	for (size_t i = 0; i < p->sources->crash_count; i++)
		f->have += kx_range_len(p->sources->crash[i]);
	f->tables = PAGE_FACTS(f->have);
	f->need = sum((uint64_t[]){ f->kernel, f->initrd, f->unpacked, f->tables, f->work }, 5);
	kx_plan_note(p, "crash kernel: %s: it needs about %s (kernel %s, initrd %s, unpacked %s%s, page tables %s, to work %s), and the reservation has %s",
		     kx_fits(f) ? "fits" : "does not fit", kx_size_text(f->need, need),
		     kx_size_text(f->kernel, kernel), kx_size_text(f->initrd, initrd),
		     f->exact ? "" : "about ", kx_size_text(f->unpacked, files),
		     kx_size_text(f->tables, tables), kx_size_text(f->work, work),
		     kx_size_text(f->have, have));
}
