/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the files of the arm64 layout; arch/table.c needs the first
 * functions, nobody else includes this.
 *
 * Documents: Documentation/arch/arm64/booting.rst for placement and hand-over,
 * the Devicetree Specification and drivers/of/kexec.c for the device tree.
 */
#ifndef KEXEC_ARCH_ARM64_H
#define KEXEC_ARCH_ARM64_H

#include <stdint.h>

#include "kx/arch.h"
#include "kx/plan.h"

int kx_arm64_layout(struct kx_plan *p, const struct kx_image *image, struct kx_err *err);
const char *kx_arm64_file_refuses(const struct kx_image *image, const struct kx_sources *src);
/* arm64-pool.c */
int kx_arm64_pool_len(struct kx_plan *p, uint64_t *ret, struct kx_err *err);
/* arm64-saved.c */
int kx_arm64_enter_saved(struct kx_plan *p, struct kx_err *err);

/* ---- the kernel (arm64.c, arm64-elf.c) ----------------------------- */

struct arm64_kernel {
	uint64_t base;			/* 2 MiB aligned; text_offset below the image */
	struct kx_range image;		/* what the kernel may use before it knows memory */
	uint64_t entry;
	bool anywhere;			/* memory below base is usable, too */
};

/*
 * Find room for text_offset + @size bytes at a 2 MiB boundary.  Fills all but
 * ret->entry and takes the gap below the image out of p->space.
 * -EINVAL (big-endian), -ENOSPC, -ENOMEM.
 */
KX_CHECKED int kx_arm64_find_base(struct kx_plan *p, const struct kx_arm64_image *header,
				  uint64_t size, struct arm64_kernel *ret, struct kx_err *err);
/*
 * A part of the kernel at @pa, which need not be page-aligned for the running
 * kernel: then the bytes are moved behind a pad of zeros.  The segment reaches
 * to @end.  Errors of kx_plan_place_at().
 */
KX_CHECKED int kx_arm64_place_part(struct kx_plan *p, const char *name, uint64_t pa,
				   uint64_t end, struct kx_bytes buf, const char *why,
				   struct kx_err *err);
/* -ENOEXEC, -ENOSPC, -E2BIG, -ENOMEM. */
KX_CHECKED int kx_arm64_place_elf(struct kx_plan *p, const struct kx_elf *elf,
				  struct arm64_kernel *ret, struct kx_err *err);

/* ---- the device tree (arm64-dtb.c) --------------------------------------- */

/*
 * The tree for the next kernel: --dtb, else the UKI's, else the running one,
 * edited and packed; owned by the arena.  @initrd is empty without one.
 * -EINVAL: no tree to start from; -ENOEXEC: a malformed one; -E2BIG: over
 * 2 MiB, or memory that does not fit into the cells of --dtb; -ENOMEM.
 */
KX_CHECKED int kx_arm64_dtb_build(struct kx_plan *p, struct kx_range initrd,
				  struct kx_bytes *ret, struct kx_err *err);
/*
 * Where in the tree that kx_arm64_dtb_build() made the timing record is; a
 * multiple of 4, as all properties.
 */
uint64_t kx_arm64_dtb_timing(struct kx_bytes dtb);

/*
 * Reservations (/memreserve/) of this boot that the next has no use for
 * (arm64-dtb-reserve.c).
 */
#define ARM64_STALE_MAX	3

struct arm64_stale {
	struct kx_range range[ARM64_STALE_MAX];
	size_t count;
	uint64_t fdt_size;		/* of the running tree; 0 = not this one's */
	uint64_t page_size;		/* firmware rounds sizes up to it */
};

/* Learn from @fdt; @running says that it is the running machine's own. */
void kx_arm64_stale_find(const void *fdt, bool running, uint64_t page_size,
			 struct arm64_stale *ret);
bool kx_arm64_stale_has(const struct arm64_stale *s, uint64_t start, uint64_t size);

/*
 * What a tree from elsewhere lacks of this machine, from @running's
 * (arm64-dtb-merge.c): EFI's pointers in /chosen, memory if @fdt has none,
 * reserved memory and reservations.  Errors of kx_arm64_dtb_build().
 */
KX_CHECKED int kx_arm64_dtb_merge(struct kx_plan *p, void *fdt, const void *running,
				  struct kx_err *err);

/* @r, a negative libfdt error, as ours: "device tree: @what: …". */
int kx_arm64_dtb_err(struct kx_err *err, int r, const char *what);

/*
 * Have purgatory stop what of the interrupt controller would go on writing to the
 * running kernel's memory (doc/purgatory-arm64.md).  @lpis: the redistributors, too.
 */
void kx_arm64_stop_interrupts(struct kx_plan *p, bool lpis);

#endif
