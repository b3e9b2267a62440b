/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The architectures, all of them always: an arm64 plan can be computed on an
 * x86_64 builder.  Read by plan/build.c and by whoever has a uname.
 */
#include <string.h>

#include "arm64.h"
#include "x86_64.h"

/* e_machine, and with it KEXEC_ARCH_* (include/uapi/linux/kexec.h) */
#define ELF_X86_64	62
#define ELF_AARCH64	183
#define KEXEC_ARCH(elf)	((uint32_t)(elf) << 16)

const struct kx_arch kx_archs[KX_MACHINE_COUNT] = {
	[KX_MACHINE_ARM64] = {
		.name = "arm64",
		.uname = "aarch64",
		.machine = KX_MACHINE_ARM64,
		.kexec_arch = KEXEC_ARCH(ELF_AARCH64),
		.elf_machine = ELF_AARCH64,
		.cmdline_max = 2048,	/* arch/arm64/include/uapi/asm/setup.h */
		/*
		 * Before, arm64_relocate_new_kernel() copied with the MMU, and
		 * with it the caches, off; since then through a copy of the
		 * linear map (trans_pgd_create_copy()).
		 */
		.cached_since = { 5, 16 },
		.pool_len = kx_arm64_pool_len,
		.file_refuses = kx_arm64_file_refuses,
		.layout = kx_arm64_layout,
		.enter_saved = kx_arm64_enter_saved,
	},
	[KX_MACHINE_X86_64] = {
		.name = "x86_64",
		.uname = "x86_64",
		.machine = KX_MACHINE_X86_64,
		.kexec_arch = KEXEC_ARCH(ELF_X86_64),
		.elf_machine = ELF_X86_64,
		.cmdline_max = 2048,	/* arch/x86/include/asm/setup.h */
		/*
		 * It may leave long mode, so it must be reachable without
		 * paging.  Its page tables serve until the decompressor has its
		 * own: the lowest place is never one that a kernel is
		 * decompressed to.
		 */
		.purgatory_max = X86_4GIB,
		/*
		 * Not where the running kernel's allocator starts: it hands out
		 * the top of its highest zone first, and for each page that
		 * happens to be some segment's destination kimage_alloc_page()
		 * walks the list of all pages loaded so far.  An initrd of 60
		 * MiB at the top of 2 GiB takes three times as long to load as
		 * in the middle.
		 */
		.quick_max = X86_4GIB,
		.pool_len = kx_x86_64_pool_len,
		.file_refuses = kx_x86_64_file_refuses,
		.layout = kx_x86_64_layout,
		.enter_saved = kx_x86_64_enter_saved,
		.layout_call = kx_x86_64_layout_call,
		.layout_resume = kx_x86_64_layout_resume,
	},
};

const struct kx_arch *kx_arch_by_uname(const char *machine)
{
	for (size_t i = 0; i < KX_MACHINE_COUNT; i++)
		if (strcmp(kx_archs[i].uname, machine) == 0)
			return &kx_archs[i];
	return NULL;
}
