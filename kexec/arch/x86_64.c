/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * x86_64: from a kernel image to placed segments and an entry for purgatory.
 *
 * Documentation/arch/x86/boot.rst, "32-bit Boot Protocol" and "64-bit Boot
 * Protocol".  Called through arch/table.c by plan/build.c.
 *
 * Paging levels
 * -------------
 * CR4.LA57 cannot be changed while paging is on, so a kernel runs with the
 * number of levels it is entered with unless somebody leaves long mode for it.
 * The decompressor of a bzImage with XLF_5LEVEL does: to 5 levels when the
 * kernel is built for them (XLF_5LEVEL_ENABLED, CONFIG_X86_5LEVEL), the CPU can
 * and "no5lvl" is not given, else to 4.  On the way from 5 to 4 it reads the
 * first entry of the page table it was entered with (paging_prepare() in
 * arch/x86/boot/compressed/pgtable_64.c, configure_5level_paging() from 6.6):
 *
 *	src = *(unsigned long *)__native_read_cr3() & PAGE_MASK;
 *
 * That is why kexec-tools 2.0.32 dies silently from a 5-level 6.12 into Debian's
 * 5.10, which has XLF_5LEVEL but is not built for 5 levels: it is entered with
 * 6.12's identity map, whose top-level entries carry _PAGE_NOPTISHADOW, bit 58
 * (d0ceea662d45 "x86/mm: Add _PAGE_NOPTISHADOW bit to avoid updating userspace
 * page tables", 6.13, in 6.12.y), and PAGE_MASK does not mask it.  The load from
 * the non-canonical address is a #GP with no handler, and the CPU resets.  Fixed
 * by eb2266312507 "x86/boot: Fix page table access in 5-level to 4-level paging
 * transition" (6.19, and stable from 6.1.y on), which 5.10.223 has not.
 * Seen in QEMU: from our own page tables 5.10 goes from 5 to 4 levels by itself;
 * with bit 58 set in their top-level entry, and nothing else changed, it resets
 * the same way.
 *
 * So a kernel that is going to use 4 levels is entered with 4: purgatory clears
 * LA57 itself (PURG_PAGING_4LEVEL), and the switch in the decompressor never
 * runs.  That also serves kernels before 4.18, which know nothing of 5 levels.
 * A kernel that is going to use 5 keeps what the running one has.
 * An ELF vmlinux has no decompressor in front: its startup_64 looks at CR4.LA57
 * (check_la57_support()) when built for 5 levels and otherwise assumes 4, so 4
 * is right for all of them.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kx/cmdline.h"
#include "kx/fdt.h"
#include "kx/uapi.h"
#include "x86_64.h"

const char *kx_x86_64_file_refuses(const struct kx_image *image, const struct kx_sources *src)
{
	const struct kx_bzimage *bz = &image->bzimage;

	/* The checks of bzImage64_probe(), arch/x86/kernel/kexec-bzimage64.c. */
	if (image->format->id != KX_FORMAT_BZIMAGE)
		return "kexec_file_load takes only a bzImage on x86_64";
	if (bz->version < 0x020c)
		return "kexec_file_load needs boot protocol 2.12 or later";
	if (!(bz->loadflags & LOADFLAG_LOADED_HIGH))
		return "kexec_file_load takes no zImage";
	if (!(bz->xloadflags & KX_XLF_KERNEL_64))
		return "kexec_file_load needs a 64-bit entry point (XLF_KERNEL_64)";
	if (!(bz->xloadflags & KX_XLF_CAN_BE_LOADED_ABOVE_4G))
		return "kexec_file_load needs a kernel that can be above 4 GiB";
	if (src->x86.efi && !src->x86.efi64)
		return "kexec_file_load does not work on 32-bit EFI";
	/*
	 * The kernel itself refuses without XLF_5LEVEL; with it and without
	 * XLF_5LEVEL_ENABLED it would enter the decompressor's switch, see above.
	 */
	if (src->x86.la57 && !(bz->xloadflags & KX_XLF_5LEVEL_ENABLED))
		return "the kernel to load has no 5-level paging, the running one uses it, and only our purgatory changes that safely";
	return NULL;
}

static int place_kernel(struct kx_plan *p, const struct kx_image *image,
			struct x86_kernel *ret, struct kx_err *err)
{
	switch (image->format->id) {
	case KX_FORMAT_BZIMAGE:
		return kx_x86_place_bzimage(p, &image->bzimage, ret, err);
	case KX_FORMAT_ELF:
		return kx_x86_place_elf(p, &image->elf, ret, err);
	default:
		return kx_err_set(err, ENOEXEC, "an %s cannot be booted on x86_64",
				  image->format->name);
	}
}

/* "It should be loaded as high in memory as possible" (boot.rst). */
static int place_initrd(struct kx_plan *p, const struct x86_kernel *k, uint64_t *ret_pa,
			struct kx_err *err)
{
	struct kx_want want = {
		.name = "initrd",
		.max = k->initrd_max,
	};

	*ret_pa = 0;
	if (!p->initrd.len)
		return 0;
	return kx_plan_place_quick(p, want, p->initrd, k->initrd_why, ret_pa, err);
}

static int check_cmdline(const struct kx_plan *p, const struct x86_kernel *k, struct kx_err *err)
{
	size_t len = strlen(p->cmdline);

	if (len > k->cmdline_size)
		return kx_err_set(err, E2BIG,
				  "command line: this kernel takes at most %" PRIu32
				  " characters, have %zu", k->cmdline_size, len);
	return 0;
}

/* Options that name something this boot cannot do, or need not. */
static int check_options(struct kx_plan *p, enum kx_format_id format, struct kx_err *err)
{
	const struct kx_x86_request *req = &p->request->x86;

	if (req->real_mode)
		return kx_err_set(err, EOPNOTSUPP, "--real-mode is not supported yet");
	if (p->request->preserve && format == KX_FORMAT_ELF && req->args == KX_ARGS_NONE)
		return kx_err_set(err, EINVAL,
				  "--args-none: a kernel that runs while this one sleeps has to be told which memory is its own");
	if (p->request->crash && format == KX_FORMAT_ELF && req->args == KX_ARGS_NONE)
		return kx_err_set(err, EINVAL,
				  "--args-none: a crash kernel has to be told which memory is its own");
	if (req->pass_memmap_cmdline && !p->request->crash)
		kx_plan_note(p, "--pass-memmap-cmdline matters for crash kernels only: ignored");
	if (format == KX_FORMAT_BZIMAGE && req->args != KX_ARGS_AUTO)
		kx_plan_note(p, "--args-elf, --args-linux and --args-none matter for ELF only: ignored");
	if (format == KX_FORMAT_ELF && req->entry_32bit)
		kx_plan_note(p, "--entry-32bit matters for a bzImage only: ignored");
	return 0;
}

/* It goes into setup_data as it is; a broken one would stop the next kernel early. */
static int check_dtb(struct kx_plan *p, struct kx_err *err)
{
	const struct kx_input *dtb = &p->request->dtb;
	const void *fdt;
	int rc;

	if (!dtb->path)
		return 0;
	rc = kx_fdt_open(dtb->bytes, p->arena, &fdt, err);
	if (rc < 0) {
		kx_err_wrap(err, "%s", dtb->path);
		return rc;
	}
	kx_plan_note(p, "--dtb goes into setup_data; only x86 kernels with CONFIG_OF look at it");
	return 0;
}

static void set_paging(struct kx_plan *p, const struct x86_kernel *k)
{
	bool no5lvl = k->wants_params && kx_cmdline_get(p->cmdline, "no5lvl", NULL);

	/* With 4 levels it is entered with 4, and purgatory may lie above 4 GiB. */
	if (p->request->crash && !p->sources->x86.la57) {
		p->param.paging = PURG_PAGING_KEEP;
		return;
	}

	p->param.paging = k->levels5 && !no5lvl ? PURG_PAGING_KEEP : PURG_PAGING_4LEVEL;
	if (p->param.paging == PURG_PAGING_4LEVEL && p->sources->x86.la57)
		kx_plan_note(p, "paging: purgatory goes from 5 levels to 4, %s",
			     no5lvl ? "because of no5lvl" : "which is what the next kernel runs with");
}

static void set_param(struct kx_plan *p, const struct x86_kernel *k, uint64_t params_pa)
{
	struct purg_param *param = &p->param;

	param->entry_kind = k->entry_kind;
	param->pc = k->pc;
	param->reg[0] = params_pa;	/* rsi or esi */
	/*
	 * Both legacy PICs, as upstream always does: a line that was unmasked
	 * for the running kernel must not interrupt the next before it has an
	 * IDT.  It programs them afresh.
	 */
	param->flags |= PURG_F_DISABLE_PIC;
	if (p->request->x86.reset_vga)
		param->flags |= PURG_F_RESET_VGA;
	if (k->entry_kind == PURG_ENTRY_X86_64)
		set_paging(p, k);
}

/*
 * Where it runs while the running kernel sleeps: doc/jump-protocol.md; or where that
 * one is kept: doc/resumable-core.md.
 */
static int confine(struct kx_plan *p, const struct kx_image *image, struct kx_err *err)
{
	uint64_t need = p->initrd.len;

	if (kx_request_keeps(p->request))
		return kx_keep_reserve(p, err);
	if (!p->request->preserve)
		return 0;
	p->flags |= KX_LOAD_PRESERVE_CONTEXT;
	/* The other CPUs wait in pages that the next kernel may get. */
	p->param.flags |= PURG_F_PRESERVE | PURG_F_STOP_CPUS;
	if (image->format->id == KX_FORMAT_BZIMAGE)
		need += image->bzimage.init_size;
	for (size_t i = 0; image->format->id == KX_FORMAT_ELF && i < image->elf.load_count; i++)
		need += image->elf.load[i].mem_len;
	return kx_plan_window_choose(p, need, err);
}

int kx_x86_64_layout(struct kx_plan *p, const struct kx_image *image, struct kx_err *err)
{
	uint64_t initrd_pa = 0, params_pa = 0;
	struct x86_kernel k = { 0 };
	int rc;

	rc = check_options(p, image->format->id, err);
	if (rc == 0)
		rc = check_dtb(p, err);
	if (rc == 0)
		rc = confine(p, image, err);
	if (rc == 0)
		rc = place_kernel(p, image, &k, err);
	/* Only an ELF kernel that says so goes there. */
	if (rc == 0)
		rc = kx_space_remove(&p->space, (struct kx_range){ 0, X86_PLACE_MIN }, err);
	if (rc < 0)
		return rc;
	if (k.wants_params) {
		rc = p->request->preserve || p->request->crash ? kx_x86_place_core(p, err) : 0;
		if (rc == 0)
			rc = check_cmdline(p, &k, err);
		if (rc == 0)
			rc = place_initrd(p, &k, &initrd_pa, err);
		if (rc == 0)
			rc = kx_x86_place_params(p, &k, initrd_pa, &params_pa, err);
		if (rc < 0)
			return rc;
	}
	set_param(p, &k, params_pa);
	return 0;
}
