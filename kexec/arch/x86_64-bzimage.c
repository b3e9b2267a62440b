/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a bzImage may go and how it is entered: boot.rst, "The Real-Mode
 * Kernel Header" and "64-bit Boot Protocol".  Called by x86_64.c.
 *
 *	kernel_pa                                     kernel_pa + init_size
 *	| protected-mode code (packed) |   zeros                 |
 *	'- 32-bit entry   '- +0x200 64-bit entry
 *
 * The decompressor works inside [runtime start, runtime start + init_size),
 * runtime start being the load address aligned up, but not below pref_address:
 * so it is loaded aligned and not below pref_address.
 */
#include <errno.h>
#include <inttypes.h>

#include "x86_64.h"

/* The first protocol with pref_address and init_size (Linux 2.6.31). */
#define PROTOCOL_INIT_SIZE	0x020a
#define ENTRY_64_OFF		0x200
/* Where a bzImage goes when it does not say: boot.rst, "Loading The Rest". */
#define LOAD_DEFAULT		0x100000ULL

static int check(const struct kx_bzimage *bz, struct kx_err *err)
{
	if (bz->version < PROTOCOL_INIT_SIZE)
		return kx_err_set(err, EOPNOTSUPP,
				  "bzImage: boot protocol: expected at least 2.10 (Linux 2.6.31), have %u.%02u",
				  bz->version >> 8, bz->version & 0xff);
	if (!(bz->loadflags & LOADFLAG_LOADED_HIGH))
		return kx_err_set(err, EOPNOTSUPP, "bzImage: loadflags: a zImage cannot be kexec'ed");
	return 0;
}

/* The setup header, "0x0202 + byte value at offset 0x0201" being its end. */
static int find_header(const struct kx_bzimage *bz, struct kx_bytes *ret, struct kx_err *err)
{
	struct kx_bytes jump;
	size_t end;

	if (!kx_bytes_sub(bz->setup, HDR_JUMP_LEN, 1, &jump))
		return kx_err_set(err, ENOEXEC, "bzImage: setup: expected at least 0x%x bytes, have 0x%zx",
				  HDR_MAGIC, bz->setup.len);
	end = HDR_MAGIC + jump.data[0];
	/* Up to where the next field of boot_params begins. */
	if (end > BP_HDR_END_MAX)
		end = BP_HDR_END_MAX;
	if (!kx_bytes_sub(bz->setup, BP_HDR, end - BP_HDR, ret))
		return kx_err_set(err, ENOEXEC, "bzImage: setup: the header ends at 0x%zx, the setup code at 0x%zx",
				  end, bz->setup.len);
	return 0;
}

static int place(struct kx_plan *p, const struct kx_bzimage *bz, uint64_t max, uint64_t *ret_pa,
		 struct kx_err *err)
{
	uint64_t pref = bz->pref_address ? bz->pref_address : LOAD_DEFAULT;
	struct kx_want want = {
		.name = "kernel",
		.size = bz->init_size,
		.align = bz->kernel_alignment,
		.min = pref,
		.max = max,
	};
	const char *why;

	if (!bz->relocatable) {
		/* "will unconditionally move itself and to run at this address" */
		want.align = 0;
		want.max = pref + kx_align_up(bz->init_size, p->sources->page_size);
		why = kx_arena_printf(p->arena, "not relocatable: at pref_address 0x%" PRIx64, pref);
	} else {
		why = kx_arena_printf(p->arena,
				      "lowest room for init_size 0x%" PRIx32
				      " from pref_address 0x%" PRIx64 " on, aligned to 0x%" PRIx32,
				      bz->init_size, pref, bz->kernel_alignment);
	}
	if (!why)
		return kx_err_set(err, ENOMEM, "out of memory");
	return kx_plan_place(p, want, bz->kernel, why, ret_pa, err);
}

static void initrd_limit(const struct kx_bzimage *bz, bool above_4g, struct x86_kernel *k)
{
	if (above_4g) {
		k->initrd_max = X86_PLACE_MAX;
		k->initrd_why = "highest room below 64 TiB: the kernel can be loaded above 4 GiB";
	} else {
		/* "the address of the highest safe byte" */
		k->initrd_max = (uint64_t)bz->initrd_addr_max + 1;
		k->initrd_why = "highest room below the header's initrd_addr_max";
	}
}

int kx_x86_place_bzimage(struct kx_plan *p, const struct kx_bzimage *bz, struct x86_kernel *ret,
			 struct kx_err *err)
{
	bool entry32 = p->request->x86.entry_32bit || !(bz->xloadflags & KX_XLF_KERNEL_64);
	bool above_4g = !entry32 && (bz->xloadflags & KX_XLF_CAN_BE_LOADED_ABOVE_4G);
	uint64_t pa = 0;
	int rc;

	rc = check(bz, err);
	if (rc == 0)
		rc = find_header(bz, &ret->header, err);
	if (rc == 0)
		rc = place(p, bz, above_4g ? X86_PLACE_MAX : X86_4GIB, &pa, err);
	if (rc < 0)
		return rc;
	if (entry32 && !p->request->x86.entry_32bit)
		kx_plan_note(p, "entry: 32-bit, because the kernel has no 64-bit one (XLF_KERNEL_64)");
	/* "The range with setup_header.init_size … get ident mapping" */
	kx_plan_segment(p, "kernel")->handover = true;
	ret->entry_kind = entry32 ? PURG_ENTRY_X86_32 : PURG_ENTRY_X86_64;
	ret->pc = entry32 ? pa : pa + ENTRY_64_OFF;
	ret->low_pa = pa;
	ret->levels5 = bz->xloadflags & KX_XLF_5LEVEL_ENABLED;
	ret->wants_params = true;
	ret->cmdline_size = bz->cmdline_size;
	ret->efi_kexec = bz->xloadflags & KX_XLF_EFI_KEXEC;
	ret->params_max = above_4g ? X86_PLACE_MAX : X86_4GIB;
	initrd_limit(bz, above_4g, ret);
	return 0;
}
