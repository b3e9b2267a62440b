/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between architectures, one table row each (arch/table.c).
 *
 * To add an architecture: arch/NAME.c with layout(), purgatory/NAME/, a row in
 * arch/table.c, sys/sources-NAME.c, a captured machine in tests/plan/ and a
 * line in tests/qemu/matrix.  Every architecture is always compiled in.
 */
#ifndef KX_ARCH_H
#define KX_ARCH_H

#include <stdint.h>

#include "kx/err.h"
#include "kx/image.h"
#include "kx/plan.h"

struct kx_arch {
	const char *name;		/* "arm64", "x86_64" */
	const char *uname;		/* "aarch64", "x86_64": uname -m */
	enum kx_machine machine;
	uint32_t kexec_arch;		/* KEXEC_ARCH_*: ELF machine << 16 */
	uint16_t elf_machine;
	uint32_t cmdline_max;		/* COMMAND_LINE_SIZE, with the NUL */
	uint64_t purgatory_max;		/* its image ends below; 0 = anywhere */
	/*
	 * Where the running kernel loads large segments quickly: below this and
	 * the middle of memory.  0 = at the top.
	 */
	uint64_t quick_max;
	/* First release that moves segments with the caches on; 0 = all do. */
	uint16_t cached_since[2];
	/*
	 * Bytes of page tables purgatory needs for p->param's regions, wherever
	 * it is placed itself.  -ENOMEM, -ENOSPC (memory it cannot map).
	 */
	int (*pool_len)(struct kx_plan *p, uint64_t *ret, struct kx_err *err);
	/*
	 * Can the running kernel's own kexec_file_load take this image?  A
	 * sentence (a constant) if not, NULL if so.
	 */
	const char *(*file_refuses)(const struct kx_image *image, const struct kx_sources *src);
	/*
	 * Place every segment of @image for kexec_load and fill p->entry,
	 * p->param's entry part.  p->space, cmdline and initrd are ready.
	 * -EINVAL/-ENOEXEC (image and machine do not fit), -ENOSPC, -E2BIG, -ENOMEM.
	 */
	int (*layout)(struct kx_plan *p, const struct kx_image *image, struct kx_err *err);
	/*
	 * The same without an image, for what only returns to a kernel: the way back
	 * to p->sources->peer, and a function.  NULL where kernels cannot jump.
	 */
	int (*layout_resume)(struct kx_plan *p, struct kx_err *err);
	int (*layout_call)(struct kx_plan *p, struct kx_err *err);
	/*
	 * How p->saved is entered once its memory is in place: p->param's entry part.
	 * -EINVAL (it cannot be, on this machine).
	 */
	int (*enter_saved)(struct kx_plan *p, struct kx_err *err);
};

extern const struct kx_arch kx_archs[KX_MACHINE_COUNT];	/* by enum kx_machine */
/* By uname -m; NULL if unknown. */
const struct kx_arch *kx_arch_by_uname(const char *machine);

/*
 * The purgatory image for @p's architecture, constant.  -EOPNOTSUPP when this
 * build has none.
 */
KX_CHECKED int kx_purgatory_image(const struct kx_plan *p, struct kx_bytes *ret,
				  struct kx_err *err);
/*
 * Place our purgatory, the same for every layout, behind everything else: image
 * and page table pool as one segment; sets plan->entry to it.  The bytes are
 * copied into the arena so that seal can write the parameter block.  Errors of
 * kx_plan_place() and of pool_len; -EOPNOTSUPP when this build has no purgatory
 * for the architecture.
 */
KX_CHECKED int kx_plan_place_purgatory(struct kx_plan *p, struct kx_err *err);

#endif
