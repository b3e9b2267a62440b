/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the files of the x86_64 layout; arch/table.c needs the first few
 * functions, nobody else includes this.
 *
 * Documents: Documentation/arch/x86/boot.rst (setup header, entry points) and
 * zero-page.rst (struct boot_params, "the zero page").  All fields are
 * little-endian, all offsets are into the 4096 bytes of boot_params.
 */
#ifndef KEXEC_ARCH_X86_64_H
#define KEXEC_ARCH_X86_64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/arch.h"
#include "kx/plan.h"
#include "kx/timing.h"

int kx_x86_64_layout(struct kx_plan *p, const struct kx_image *image, struct kx_err *err);
const char *kx_x86_64_file_refuses(const struct kx_image *image, const struct kx_sources *src);
/* x86_64-call.c: -ENOEXEC (no flat binary), -ENOSPC, -E2BIG, -ENOMEM. */
int kx_x86_64_layout_call(struct kx_plan *p, struct kx_err *err);
/* x86_64-resume.c: as struct kx_arch says.  -ENOENT (nobody sleeps), -EINVAL. */
int kx_x86_64_layout_resume(struct kx_plan *p, struct kx_err *err);
/* x86_64-pool.c */
int kx_x86_64_pool_len(struct kx_plan *p, uint64_t *ret, struct kx_err *err);
/* x86_64-saved.c */
int kx_x86_64_enter_saved(struct kx_plan *p, struct kx_err *err);

/* ---- struct boot_params (zero-page.rst) --------------------------------- */

#define BP_SIZE			0x1000
#define BP_SCREEN_INFO		0x000	/* 0x40 bytes */
#define BP_EXT_MEM_K		0x002	/* u16, inside screen_info */
#define BP_VIDEO_IS_VGA		0x00f	/* u8, inside screen_info */
#define BP_ACPI_RSDP_ADDR	0x070	/* u64 */
#define BP_EXT_RAMDISK_IMAGE	0x0c0	/* u32 each: the high halves */
#define BP_EXT_RAMDISK_SIZE	0x0c4
#define BP_EXT_CMD_LINE_PTR	0x0c8
#define BP_EFI_INFO		0x1c0	/* 0x20 bytes, struct efi_info */
#define BP_ALT_MEM_K		0x1e0	/* u32 */
#define BP_E820_ENTRIES		0x1e8	/* u8 */
#define BP_EDDBUF_ENTRIES	0x1e9	/* u8 */
#define BP_EDD_MBR_ENTRIES	0x1ea	/* u8 */
#define BP_SECURE_BOOT		0x1ec	/* u8 */
#define BP_SENTINEL		0x1ef	/* u8: nonzero means a clumsy loader */
#define BP_HDR			0x1f1	/* struct setup_header … */
#define BP_HDR_END_MAX		0x290	/* … and where it must end */
#define BP_EDD_MBR_SIG		0x290	/* 16 u32 */
#define BP_E820_TABLE		0x2d0	/* 128 entries of 20 bytes */
#define BP_EDDBUF		0xd00	/* 6 entries of 82 bytes */

/* ---- struct setup_header (boot.rst), same offsets in the image ----------- */

#define HDR_BOOT_FLAG		0x1fe	/* u16, 0xaa55 */
#define HDR_JUMP_LEN		0x201	/* u8: header ends at 0x202 + this */
#define HDR_MAGIC		0x202	/* u32, "HdrS" */
#define HDR_VERSION		0x206	/* u16 */
#define HDR_TYPE_OF_LOADER	0x210	/* u8 */
#define HDR_LOADFLAGS		0x211	/* u8 */
#define HDR_CODE32_START	0x214	/* u32 */
#define HDR_RAMDISK_IMAGE	0x218	/* u32 */
#define HDR_RAMDISK_SIZE	0x21c	/* u32 */
#define HDR_EXT_LOADER_VER	0x226	/* u8 */
#define HDR_EXT_LOADER_TYPE	0x227	/* u8 */
#define HDR_CMD_LINE_PTR	0x228	/* u32 */
#define HDR_INITRD_ADDR_MAX	0x22c	/* u32 */
#define HDR_KERNEL_ALIGNMENT	0x230	/* u32 */
#define HDR_CMDLINE_SIZE	0x238	/* u32 */
#define HDR_HARDWARE_SUBARCH	0x23c	/* u32 */
#define HDR_SETUP_DATA		0x250	/* u64 */

#define LOADFLAG_LOADED_HIGH	0x01u

/* ---- what the kernel's shape asks for ------------------------------------ */

/*
 * Filled by whoever places the kernel (x86_64-bzimage.c, x86_64-elf.c) for
 * whoever hands over to it.
 */
struct x86_kernel {
	uint64_t pc;			/* entry point, physical */
	uint32_t entry_kind;		/* enum purg_entry_kind */
	bool levels5;			/* runs with 5-level paging where there is some */
	uint64_t low_pa;		/* of the lowest segment: code32_start */

	bool wants_params;		/* false: --args-none */
	struct kx_bytes header;		/* from BP_HDR on; empty: synthesise one */
	uint32_t cmdline_size;		/* without the NUL */
	bool efi_kexec;			/* understands SETUP_EFI */
	uint64_t params_max;		/* boot_params and command line below this */
	uint64_t initrd_max;		/* initrd below this */
	const char *initrd_why;
};

/* Nothing is placed higher: what 4-level paging and every kernel can map. */
#define X86_PLACE_MAX		(1ULL << 46)
/* Low memory belongs to the BIOS, trampolines and VGA. */
#define X86_PLACE_MIN		0x100000ULL
#define X86_4GIB		(1ULL << 32)

/* -EOPNOTSUPP, -ENOEXEC, -ENOSPC, -E2BIG, -ENOMEM. */
KX_CHECKED int kx_x86_place_bzimage(struct kx_plan *p, const struct kx_bzimage *bz,
				    struct x86_kernel *ret, struct kx_err *err);
/* The same, and -EINVAL when --args-none meets a command line or an initrd. */
KX_CHECKED int kx_x86_place_elf(struct kx_plan *p, const struct kx_elf *elf,
				struct x86_kernel *ret, struct kx_err *err);

/* ---- boot_params and what hangs on it ------------------------------------ */

#define X86_NODES_MAX		5

struct x86_node {			/* struct setup_data: next, type, len, data */
	uint32_t type;			/* SETUP_* */
	size_t off, len;		/* of the data, inside the segment */
};

#define SETUP_E820_EXT		1u
#define SETUP_DTB		2u
#define SETUP_EFI		4u
#define SETUP_RNG_SEED		9u
/*
 * Ours: the timing record.  Above kernel_info.setup_type_max of every kernel,
 * which is "maximal allowed type" (boot.rst); what happens to a type that a
 * kernel does not know, in arch/x86 of Linux 5.10 to 7.2:
 *
 *	parse_setup_data()			passes over it
 *	memblock_x86_reserve_range_setup_data()	keeps its memory
 *	mem_avoid_overlap() (decompressor)	keeps KASLR off it
 *	ksysfs.c	/sys/kernel/boot_params/setup_data/N/{type,data}
 *	e820__reserve_setup_data()		see below
 *
 * The last one, gone in 7.2, also splits it off in the map that kexec_file_load
 * hands on, as it does for SETUP_DTB, SETUP_E820_EXT and, until 6.8, for
 * SETUP_RNG_SEED (7fd817c90650 "x86/e820: Don't reserve SETUP_RNG_SEED in e820").
 * Seen from 6.1 to 6.1 to 6.1, the first by our kexec_load, the second by
 * kexec_file_load: the third has three entries instead of one, all usable; a
 * kernel that does not know type 128 (E820_TYPE_RESERVED_KERN) uses a page less.
 * Until the firmware runs again; kexec_load alone takes the map of
 * /sys/firmware/memmap, which stays as it was.
 */
#define SETUP_KEXEC_TIMING	KX_TIMING_SETUP_TYPE

/*
 * One segment: boot_params, command line, EFI memory map, setup_data nodes.
 * Sizes are known before the address is, so it is measured, placed, filled.
 */
struct x86_params {
	uint8_t *buf;			/* arena, zeroed; also what the segment borrows */
	size_t len;
	uint64_t pa;
	size_t cmdline_off;
	size_t efi_map_off;		/* 0: no EFI is handed on */
	struct kx_memmap e820;
	struct x86_node node[X86_NODES_MAX];
	size_t node_count;
};

/*
 * Place and fill boot_params for @k.  @initrd_pa is 0 without initrd.
 * -ENOSPC, -E2BIG (segments), -ENOMEM.  *ret_pa is what goes into rsi/esi.
 */
KX_CHECKED int kx_x86_place_params(struct kx_plan *p, const struct x86_kernel *k,
				   uint64_t initrd_pa, uint64_t *ret_pa, struct kx_err *err);

/*
 * x86_64-windows.c: what the next kernel reads through the page tables it is
 * entered with.  @efi: EFI is handed on.
 */
void kx_x86_add_windows(struct kx_plan *p, bool efi);

/*
 * x86_64-core.c: core headers of the running kernel, which is preserved or panics, into
 * p->own.core, and elfcorehdr= into the command line.  -ENODATA (kx_core_facts),
 * -ENOSPC, -E2BIG, -ENOMEM.
 */
KX_CHECKED int kx_x86_place_core(struct kx_plan *p, struct kx_err *err);

/* x86_64-e820.c: what the next kernel is told of memory.  -ENOMEM. */
KX_CHECKED int kx_x86_e820_map(struct kx_plan *p, struct kx_memmap *ret, struct kx_err *err);
/* How many entries do not fit into boot_params. */
#define E820_ZEROPAGE_MAX	128u
#define E820_ENTRY_LEN		20u
size_t kx_x86_e820_ext_count(const struct kx_memmap *map);
/* The table, its count and the ext_mem_k fields; @ext gets the rest. */
void kx_x86_e820_fill(const struct kx_memmap *map, uint8_t *bp, uint8_t *ext);

/* x86_64-efi.c: bytes of the EFI memory map to hand on; 0 = none, with a note why. */
size_t kx_x86_efi_map_len(struct kx_plan *p, const struct x86_kernel *k);
#define EFI_SETUP_DATA_LEN	96u
/* efi_info in @bp, the map at @map (physical @map_pa), efi_setup_data at @data. */
void kx_x86_efi_fill(const struct kx_sources *src, uint8_t *bp, uint8_t *map,
		     uint64_t map_pa, uint8_t *data);

#endif
