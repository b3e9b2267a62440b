/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct boot_params for the next kernel, out of the running machine's facts:
 * zero-page.rst and boot.rst.  What is not named there, or belongs to a BIOS
 * call nobody made (APM, IST, drive tables), stays 0.
 *
 * One segment, called "boot_params":
 *
 *	0x0000	boot_params
 *	0x1000	command line, NUL
 *	...	EFI memory map, 16-byte aligned
 *	...	setup_data nodes, each 16-byte aligned: SETUP_EFI, SETUP_E820_EXT,
 *		SETUP_DTB, SETUP_RNG_SEED, SETUP_KEXEC_TIMING, chained in this order
 *
 * Below pref_address nothing can be where KASLR decompresses to, so the parts
 * that the decompressor's mem_avoid list does not know (the EFI memory map) are
 * safe too.  Called by x86_64.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "x86_64.h"

#define RNG_SEED_LEN		32u	/* RNG_SEED_LENGTH in kexec-bzimage64.c */
#define NODE_HEADER_LEN		16u	/* next, type, len */
#define PART_ALIGN		16u

/* "D: kexec-tools", version 0: boot.rst, type_of_loader */
#define LOADER_KEXEC		0xd0

/* For an ELF kernel, which brings no header: protocol 2.15. */
#define HEADER_MAGIC		0x53726448u	/* "HdrS" */
#define HEADER_VERSION		0x020fu
#define BOOT_FLAG		0xaa55u

/* Values of screen_info.orig_video_isVGA, include/uapi/linux/screen_info.h */
#define VIDEO_TYPE_VGA		0x01
#define VIDEO_TYPE_EGAM		0x20
#define VIDEO_TYPE_VLFB		0x23
#define VIDEO_TYPE_EFI		0x70

#define SCREEN_INFO_LEN		0x40u
#define MBR_SIG_LEN		(16u * 4)
#define EDDBUF_LEN		(6u * 82)

/* ---- measuring ------------------------------------------------------------- */

static size_t reserve(struct x86_params *x, size_t len)
{
	size_t off = (size_t)kx_align_up(x->len, PART_ALIGN);

	x->len = off + len;
	return off;
}

static void reserve_node(struct x86_params *x, uint32_t type, size_t len)
{
	x->node[x->node_count++] = (struct x86_node){
		.type = type,
		.off = reserve(x, NODE_HEADER_LEN + len) + NODE_HEADER_LEN,
		.len = len,
	};
}

static void measure(struct kx_plan *p, const struct x86_kernel *k, struct x86_params *x)
{
	size_t efi_map = kx_x86_efi_map_len(p, k);
	size_t e820 = kx_x86_e820_ext_count(&x->e820);

	x->len = BP_SIZE;
	x->cmdline_off = reserve(x, strlen(p->cmdline) + 1);
	if (efi_map) {
		x->efi_map_off = reserve(x, efi_map);
		reserve_node(x, SETUP_EFI, EFI_SETUP_DATA_LEN);
	}
	if (e820) {
		reserve_node(x, SETUP_E820_EXT, e820 * E820_ENTRY_LEN);
		kx_plan_note(p, "e820: %zu entries do not fit into boot_params and go into setup_data",
			     e820);
	}
	if (p->request->dtb.bytes.len)
		reserve_node(x, SETUP_DTB, p->request->dtb.bytes.len);
	if (p->request->random.len >= RNG_SEED_LEN)
		reserve_node(x, SETUP_RNG_SEED, RNG_SEED_LEN);
	reserve_node(x, SETUP_KEXEC_TIMING, KX_TIMING_LEN);
}

/* ---- filling ---------------------------------------------------------------- */

static uint8_t *node_data(struct x86_params *x, uint32_t type)
{
	for (size_t i = 0; i < x->node_count; i++)
		if (x->node[i].type == type)
			return x->buf + x->node[i].off;
	return NULL;
}

static void fill_chain(struct x86_params *x)
{
	uint8_t *link = x->buf + HDR_SETUP_DATA;

	for (size_t i = 0; i < x->node_count; i++) {
		const struct x86_node *n = &x->node[i];
		uint8_t *header = x->buf + n->off - NODE_HEADER_LEN;

		kx_put_le64(link, x->pa + n->off - NODE_HEADER_LEN);
		kx_put_le32(header + 8, n->type);
		kx_put_le32(header + 12, (uint32_t)n->len);
		link = header;
	}
}

/* The setup header: the kernel's own, and what a loader must write. */
static void fill_header(const struct kx_plan *p, const struct x86_kernel *k, uint8_t *bp)
{
	const struct kx_bytes old = p->sources->x86.boot_params;
	uint32_t subarch;

	if (k->header.len) {
		memcpy(bp + BP_HDR, k->header.data, k->header.len);
	} else {
		kx_put_le16(bp + HDR_BOOT_FLAG, BOOT_FLAG);
		kx_put_le32(bp + HDR_MAGIC, HEADER_MAGIC);
		kx_put_le16(bp + HDR_VERSION, HEADER_VERSION);
		bp[HDR_LOADFLAGS] = LOADFLAG_LOADED_HIGH;
		kx_put_le32(bp + HDR_CMDLINE_SIZE, k->cmdline_size);
	}
	bp[HDR_TYPE_OF_LOADER] = LOADER_KEXEC;
	bp[HDR_EXT_LOADER_VER] = 0;
	bp[HDR_EXT_LOADER_TYPE] = 0;
	/* The other bits are the real-mode code's (heap) or the decompressor's. */
	bp[HDR_LOADFLAGS] &= LOADFLAG_LOADED_HIGH;
	/* "must set the code32_start field to point to the loaded code" */
	kx_put_le32(bp + HDR_CODE32_START, k->low_pa < X86_4GIB ? (uint32_t)k->low_pa : 0);
	kx_put_le64(bp + HDR_SETUP_DATA, 0);
	if (kx_bytes_le32(old, HDR_HARDWARE_SUBARCH, &subarch))
		kx_put_le32(bp + HDR_HARDWARE_SUBARCH, subarch);
}

/* A 64-bit value whose high half has a field of its own. */
static void put_split(uint8_t *bp, size_t low, size_t high, uint64_t v)
{
	kx_put_le32(bp + low, (uint32_t)v);
	kx_put_le32(bp + high, (uint32_t)(v >> 32));
}

/*
 * The screen as the running kernel found it.  Text modes (1: VGA, 0x20-0x22:
 * EGA and its like), VESA and EFI framebuffers are known to the next kernel's
 * drivers; anything else only on --reuse-video-type.
 */
static void fill_screen(const struct kx_plan *p, uint8_t *bp)
{
	struct kx_bytes screen = p->sources->x86.screen_info;
	uint8_t type;

	if (screen.len < SCREEN_INFO_LEN)
		return;
	type = screen.data[BP_VIDEO_IS_VGA];
	if (type != VIDEO_TYPE_VGA && type != VIDEO_TYPE_EFI &&
	    (type < VIDEO_TYPE_EGAM || type > VIDEO_TYPE_VLFB) &&
	    !p->request->x86.reuse_video_type)
		return;
	memcpy(bp + BP_SCREEN_INFO, screen.data, SCREEN_INFO_LEN);
}

/*
 * Every kernel needs the RSDP on an EFI machine when it cannot ask EFI itself
 * (XLF_EFI_KEXEC missing, --noefi): without it there is no ACPI, and no CPU but
 * the first.  On a BIOS machine it searches below 1 MiB when this is 0.
 */
static void fill_firmware(struct kx_plan *p, uint8_t *bp)
{
	const struct kx_x86_facts *f = &p->sources->x86;

	if (f->rsdp.known)
		kx_put_le64(bp + BP_ACPI_RSDP_ADDR, f->rsdp.value);
	else if (f->efi)
		kx_plan_note(p, "acpi: the RSDP is not known here; the next kernel may have to find ACPI without it");
	if (f->boot_params.len == BP_SIZE)
		bp[BP_SECURE_BOOT] = f->boot_params.data[BP_SECURE_BOOT];
	if (f->edd.len == EDDBUF_LEN) {
		memcpy(bp + BP_EDDBUF, f->edd.data, EDDBUF_LEN);
		bp[BP_EDDBUF_ENTRIES] = f->edd_count;
	}
	if (f->mbr_signatures.len == MBR_SIG_LEN) {
		memcpy(bp + BP_EDD_MBR_SIG, f->mbr_signatures.data, MBR_SIG_LEN);
		bp[BP_EDD_MBR_ENTRIES] = f->mbr_count;
	}
}

static void fill(struct kx_plan *p, const struct x86_kernel *k, uint64_t initrd_pa,
		 struct x86_params *x)
{
	const struct kx_request *req = p->request;
	uint8_t *bp = x->buf;

	fill_header(p, k, bp);
	fill_screen(p, bp);
	fill_firmware(p, bp);
	kx_x86_e820_fill(&x->e820, bp, node_data(x, SETUP_E820_EXT));
	memcpy(bp + x->cmdline_off, p->cmdline, strlen(p->cmdline));
	put_split(bp, HDR_CMD_LINE_PTR, BP_EXT_CMD_LINE_PTR, x->pa + x->cmdline_off);
	put_split(bp, HDR_RAMDISK_IMAGE, BP_EXT_RAMDISK_IMAGE, initrd_pa);
	put_split(bp, HDR_RAMDISK_SIZE, BP_EXT_RAMDISK_SIZE, p->initrd.len);
	if (x->efi_map_off)
		kx_x86_efi_fill(p->sources, bp, bp + x->efi_map_off, x->pa + x->efi_map_off,
				node_data(x, SETUP_EFI));
	if (node_data(x, SETUP_DTB))
		memcpy(node_data(x, SETUP_DTB), req->dtb.bytes.data, req->dtb.bytes.len);
	if (node_data(x, SETUP_RNG_SEED))
		memcpy(node_data(x, SETUP_RNG_SEED), req->random.data, RNG_SEED_LEN);
	kx_timing_blank(node_data(x, SETUP_KEXEC_TIMING));
	fill_chain(x);
}

int kx_x86_place_params(struct kx_plan *p, const struct x86_kernel *k, uint64_t initrd_pa,
			uint64_t *ret_pa, struct kx_err *err)
{
	struct kx_want want = {
		.name = "boot_params",
		.max = k->params_max,
	};
	struct x86_params x = { 0 };
	int rc;

	rc = kx_x86_e820_map(p, &x.e820, err);
	if (rc < 0)
		return rc;
	measure(p, k, &x);
	x.buf = kx_arena_alloc(p->arena, x.len);
	if (!x.buf)
		return kx_err_set(err, ENOMEM, "boot_params: no memory for 0x%zx bytes", x.len);
	rc = kx_plan_place(p, want, (struct kx_bytes){ x.buf, x.len },
			   "lowest room above 1 MiB, clear of the BIOS and of trampolines",
			   &x.pa, err);
	if (rc < 0)
		return rc;
	/* "zero page and command line buffer get ident mapping" */
	kx_plan_segment(p, "boot_params")->handover = true;
	fill(p, k, initrd_pa, &x);
	p->param.timing_pa = x.pa + (uint64_t)(node_data(&x, SETUP_KEXEC_TIMING) - x.buf);
	kx_x86_add_windows(p, x.efi_map_off != 0);
	*ret_pa = x.pa;
	return 0;
}
