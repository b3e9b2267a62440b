/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parameter block: everything purgatory knows.
 *
 * kexec fills one struct purg_param into the purgatory image at
 * PURG_PARAM_OFF and loads the image as a segment.  Purgatory is entered at
 * offset 0 of the image, reads this block, and nothing else of the machine:
 * no symbol is patched, no relocation applied, no register or stack slot
 * peeked at.
 *
 * Both sides are built from one tree, so PURG_VERSION only guards against a
 * purgatory binary of another build.  All values are little-endian, which both
 * architectures are; all addresses are physical; all ranges are half-open.
 * The structs have no padding and no pointers, so the layout is the same for
 * every compiler (purgatory/purgatory.c asserts it).
 */
#ifndef PURGATORY_ABI_H
#define PURGATORY_ABI_H

#include <stdint.h>

#define PURG_MAGIC	0x33475255504b584bULL	/* "KXKPURG3", little-endian */
#define PURG_VERSION	4

/* Offset of struct purg_param in the image: behind the entry branch. */
#define PURG_PARAM_OFF	0x40

/* The image with its stack and bss never exceeds this. */
#define PURG_IMAGE_MAX	0x10000

/*
 * Behind the image, at base + PURG_IMAGE_MAX, is the pool: pool_len bytes of
 * the same segment in which purgatory builds its page tables.  kexec sizes it
 * by building the same tables; what is in it at the start does not matter.
 */
#define PURG_POOL_MIN	0x10000

/*
 * Placement rules for the image, obeyed by kexec/arch:
 * page-aligned for every page size (64 KiB), and on x86_64 below 4 GiB,
 * because leaving 5-level paging and the 32-bit entry run without paging
 * (PURG_ENTRY_STAGED leaves for nowhere, and may be anywhere; so may
 * PURG_ENTRY_X86_64 with PURG_PAGING_KEEP).
 */
#define PURG_IMAGE_ALIGN	0x10000

#define PURG_REGIONS_MAX	32
#define PURG_CONSOLES_MAX	4
#define PURG_NAME_LEN		16
#define PURG_SHA256_LEN		32

/*
 * A range of memory that purgatory may touch: a kexec segment, or memory that
 * it unpacks to.  Purgatory maps these, itself and the consoles, and nothing
 * else; on arm64 exactly these, so they begin and end at pages of the running
 * kernel.
 */
struct purg_region {
	uint64_t pa;		/* first byte */
	uint64_t len;		/* bytes covered by sha256; 0 if unverified */
	uint64_t mem_len;	/* bytes to map, >= len */
	uint32_t flags;		/* PURG_REGION_* */
	uint32_t reserved;	/* 0 */
	char name[PURG_NAME_LEN];	/* for messages; NUL-terminated */
	uint8_t sha256[PURG_SHA256_LEN];
};

#define PURG_REGION_VERIFY	1u	/* compare sha256 before anything is unpacked */
#define PURG_REGION_HANDOVER	2u	/* must be mapped at the entry (x86_64) */
#define PURG_REGION_WRITE	4u	/* purgatory writes into it */
#define PURG_REGION_VERIFY_AFTER	8u	/* compare sha256 after unpacking */
#define PURG_REGION_QUARTERS	16u	/* sha256 is sha256_quarters(), not SHA-256 */

/*
 * The unpack list: records that put memory into its place, obeyed in order
 * after the regions with PURG_REGION_VERIFY have been verified.  @src lies in a
 * region, @dst in one with PURG_REGION_WRITE.
 *
 * A raw record may overlap itself, as memmove() allows; what one record writes
 * must not be the source of a later one, nor the list (kexec's plan check).
 */
struct purg_unpack {
	uint64_t src_pa;	/* 0 with PURG_CODEC_ZERO */
	uint64_t src_len;	/* raw: dst_len; zero: 0; lz4: length of the block */
	uint64_t dst_pa;
	uint64_t dst_len;	/* bytes written, exactly */
	uint32_t codec;		/* enum purg_codec */
	uint32_t reserved;	/* 0 */
};

enum purg_codec {
	PURG_CODEC_RAW,
	PURG_CODEC_ZERO,
	PURG_CODEC_LZ4,		/* one block: purgatory/lz4.h */
};

/*
 * The parts: memory in regions that is verified piece by piece, once the regions with
 * PURG_REGION_VERIFY are, of which one holds this table.  Of a saved core they are
 * its blocks, whose digests came with it; and a CPU without SHA-256 instructions hashes
 * several side by side (sha256_many()).
 */
struct purg_part {
	uint64_t pa;
	uint64_t len;
	uint8_t sha256[PURG_SHA256_LEN];
};

/*
 * The timing record, which the next kernel's user space reads (kexec
 * --last-boot): big-endian 64-bit words at timing_pa, aligned to 4, in a
 * region with PURG_REGION_WRITE.  On arm64 it is the device tree's property
 * /chosen/kexec-timing, on x86_64 a setup_data entry; kexec fills it with
 * zeros and PURG_TIMING_MAGIC.  A stamp is a counter value: CNTPCT_EL0 at EL2,
 * CNTVCT_EL0 at EL1, TSC.
 */
#define PURG_TIMING_MAGIC	0x4b58544d00000001ULL	/* "KXTM", version 1 */

enum purg_timing {
	PURG_TIMING_HEAD,	/* PURG_TIMING_MAGIC, from kexec */
	PURG_TIMING_HZ,		/* CNTFRQ_EL0; 0 = unknown (TSC) */
	PURG_TIMING_BYTES,	/* verified, before and after unpacking */
	PURG_TIMING_ENTRY,	/* first instruction */
	PURG_TIMING_MAP,	/* running on its own map */
	PURG_TIMING_VERIFIED,	/* what was loaded */
	PURG_TIMING_UNPACKED,	/* what is unpacked, is */
	PURG_TIMING_CHECKED,	/* and has been verified */
	PURG_TIMING_EXIT,	/* before the last cleaning */
	PURG_TIMING_WORDS
};

/* What a called function returned, at result_pa: words. */
enum purg_result {
	PURG_RESULT_COOKIE,	/* result_cookie, or nothing is written here */
	PURG_RESULT_CALLS,	/* how many calls have returned */
	PURG_RESULT_VALUE,	/* rax of the last one */
	PURG_RESULT_WORDS
};

/* A range that kexec_load(2) was given. */
struct purg_segment {
	uint64_t pa;
	uint64_t len;
};

#define PURG_SEGMENTS_MAX	16	/* KEXEC_SEGMENT_MAX */

/*
 * arm64, GICv3: redistributors, one behind the other.  Whole 64 KiB frames; stride
 * is from one redistributor to the next, 0 = as GICR_TYPER says.
 */
struct purg_gicr {
	uint64_t pa;
	uint64_t len;
	uint64_t stride;
};

#define PURG_ITS_MAX	16
#define PURG_GICR_MAX	32

/*
 * arm64, GICv3: what the redistributor at gicr_pa gets, one of a CPU that the saved
 * kernel ran on.
 */
struct purg_lpi {
	uint64_t gicr_pa;	/* its first frame */
	uint64_t pend_pa;	/* LPI pending table; 0: its LPIs are stopped, and no more */
};

#define PURG_LPI_MAX		512
/* Whole tables, as Linux makes them: 2^16 bits and bytes, or less. */
#define PURG_LPI_PEND_LEN	0x10000u
#define PURG_LPI_PROP_LEN	0x10000u

enum purg_console_kind {
	PURG_CONSOLE_NONE,
	PURG_CONSOLE_8250_PORT,		/* addr is an I/O port */
	PURG_CONSOLE_8250_MMIO,		/* addr is physical */
	PURG_CONSOLE_PL011,		/* addr is physical */
	PURG_CONSOLE_VGA_TEXT,		/* addr is 0xb8000, 80x25 */
};

struct purg_console {
	uint32_t kind;		/* enum purg_console_kind */
	uint32_t reg_shift;	/* 8250 MMIO: log2 of the register stride */
	uint32_t reg_width;	/* 8250 MMIO: access size in bytes, 1 or 4 */
	uint32_t divisor;	/* 8250: divisor to program, 0 leaves it */
	uint64_t addr;
};

enum purg_entry_kind {
	PURG_ENTRY_NONE,
	/*
	 * Documentation/arch/arm64/booting.rst: MMU and D-cache off, DAIF
	 * masked, x0..x3 = reg[0..3], branch to pc.
	 */
	PURG_ENTRY_ARM64,
	/*
	 * Documentation/arch/x86/boot.rst "64-bit boot protocol": long mode,
	 * flat segments 0x10/0x18, interrupts off, the regions, the image and
	 * [0, 1 MiB) identity mapped and nothing else (so whatever the kernel
	 * reads before its own page fault handler works has to be a region
	 * with HANDOVER: itself with init_size, boot_params, command line, and
	 * for its early SEV probe the EFI system and configuration tables), rsi =
	 * reg[0], every other GPR 0 but rsp (= reg[1], or purgatory's own
	 * stack if that is 0), jump to pc.
	 */
	PURG_ENTRY_X86_64,
	/*
	 * boot.rst "32-bit boot protocol": protected mode, paging off,
	 * esi = reg[0], ebp = edi = ebx = 0, jump to pc (< 4 GiB).
	 */
	PURG_ENTRY_X86_32,
	/*
	 * x86_64, with PURG_F_PRESERVE.  The function at pc is called as C
	 * does, rdi, rsi, rdx = reg[0..2], with the stack that ends at reg[3],
	 * interrupts off, SSE usable, the regions mapped.  What it returns is
	 * left at result_pa; then the kernel that jumped here is returned to,
	 * with our entry point as what to call the next time.
	 */
	PURG_ENTRY_CALL,
	/*
	 * x86_64, with PURG_F_PRESERVE: back to the kernel that once jumped to
	 * the running one, at the return address that it left, which is pc, in
	 * a region with HANDOVER.  On top of the stack it finds our entry point,
	 * and when it enters there, the running kernel is returned to; and so on.
	 * paging is for the first time; later each kernel finds what it had.
	 */
	PURG_ENTRY_RETURN,
	/*
	 * x86_64: a kernel that was saved by its hibernation code, whose memory is
	 * back in its place: restore_registers() of arch/x86/power/hibernate_asm_64.S.
	 * On tables of our own that map the regions and the 2 MiB page of the virtual
	 * address reg[0] to that of the physical address pc, r9 = reg[1] (its CR3), jump
	 * to reg[0].  reg[2] is the base of gs, 0 if it is not known.  paging is what that
	 * kernel runs with.  doc/resume-protocol.md.  arm64 needs no kind of its
	 * own: cpu_resume() is entered as firmware does, which is PURG_ENTRY_ARM64.
	 */
	PURG_ENTRY_RESTORE,
	/*
	 * No kernel: what is entered when the running kernel panics while its
	 * crash kernel reservation holds a staged payload.  Says so and obeys
	 * on_fail.
	 */
	PURG_ENTRY_STAGED,
	/*
	 * x86_64: a kernel that slept after a jump and was saved then, whose memory is
	 * back in its place: it is returned to at its return address pc, in a region.
	 * paging is what it runs with.  On top of the stack it finds our entry point, and
	 * we lie in memory that it swaps with its backup pages, as the next kernel did.
	 * When it enters there, we return at once: nobody is here any more.
	 */
	PURG_ENTRY_WOKEN,
};

/* How many levels of page tables PURG_ENTRY_X86_64, _RETURN, _RESTORE, _WOKEN hand over with. */
enum purg_paging {
	PURG_PAGING_KEEP,	/* as purgatory was entered */
	PURG_PAGING_4LEVEL,	/* CR4.LA57 cleared if it is set */
	PURG_PAGING_5LEVEL,	/* CR4.LA57 set if it is clear; _RETURN, _RESTORE, _WOKEN only */
};

/* What ends a failed verification or an exception. */
enum purg_on_fail {
	PURG_FAIL_RESET,	/* PSCI SYSTEM_RESET; 0xcf9, port 0x92, triple fault */
	PURG_FAIL_HALT,		/* message stays on the screen */
};

/* arm64: how PSCI is called (Arm DEN0022; DT /psci/method, ACPI FADT). */
enum purg_psci {
	PURG_PSCI_NONE,
	PURG_PSCI_HVC,
	PURG_PSCI_SMC,
};

/* Flags of the block. */
#define PURG_F_QUIET		1u	/* no progress lines, only failures */
#define PURG_F_RESET_VGA	2u	/* x86_64: bring up standard VGA text mode */
#define PURG_F_DISABLE_PIC	4u	/* x86_64: mask both legacy PICs */
#define PURG_F_TIMING		8u	/* print how long each phase took */
#define PURG_F_NO_MAP		16u	/* arm64: as if the MMU had an unknown feature (tests) */
#define PURG_F_NO_SHA2		32u	/* arm64: as if there were no SHA2 instructions (tests) */
/*
 * x86_64: loaded with KEXEC_PRESERVE_CONTEXT, so on top of the stack is the
 * address to return to.  Without it the stack pointer is not followed: it may
 * point to nothing.
 */
#define PURG_F_PRESERVE		64u
/*
 * x86_64: send INIT to all other CPUs, unless we run on another than the boot CPU,
 * before anything is unpacked: they are parked in the memory of the kernel that
 * left, which the next one may get.  And take the interrupts that are pending on this
 * one, which it would get as well.
 */
#define PURG_F_STOP_CPUS	128u

struct purg_param {
	uint64_t magic;			/* PURG_MAGIC */
	uint32_t version;		/* PURG_VERSION */
	uint32_t size;			/* sizeof(struct purg_param) */
	uint32_t flags;			/* PURG_F_* */
	uint32_t on_fail;		/* enum purg_on_fail */
	uint32_t psci;			/* enum purg_psci */
	uint32_t paging;		/* enum purg_paging */
	uint64_t base;			/* where the image is loaded */
	uint64_t pool_len;		/* >= PURG_POOL_MIN, whole pages */
	uint64_t unpack_pa;		/* struct purg_unpack[], aligned to 8, in a region */
	uint64_t timing_pa;		/* big-endian words, enum purg_timing; 0 = none */
	uint32_t unpack_count;
	uint32_t page_shift;		/* of the running kernel: 12, 14 or 16 */

	uint32_t entry_kind;		/* enum purg_entry_kind */
	uint32_t region_count;
	uint64_t pc;			/* next kernel's entry point */
	uint64_t reg[4];

	uint32_t console_count;
	uint32_t reserved;		/* 0 */
	struct purg_console console[PURG_CONSOLES_MAX];
	struct purg_region region[PURG_REGIONS_MAX];

	/* With PURG_F_PRESERVE. */
	/*
	 * purgatory/context-note.h, aligned to 8, in regions with WRITE: who jumped
	 * here, filled at the entry.  0 = nothing is recorded.
	 */
	uint64_t context_pa;		/* struct context_note */
	uint64_t state_pa;		/* struct context_state */
	uint64_t map_pa;		/* struct context_map and its runs */
	uint64_t map_len;		/* bytes of both */
	uint64_t result_pa;		/* words, enum purg_result, in a region with WRITE; 0 = none */
	uint64_t result_cookie;
	uint32_t segment_count;		/* all segments, this one included */
	uint32_t reserved2;		/* 0 */
	struct purg_segment segment[PURG_SEGMENTS_MAX];

	/*
	 * arm64: what is stopped before anything is unpacked, because it writes to
	 * memory of the kernel that left: interrupt translation services, and LPIs
	 * of redistributors.
	 */
	uint32_t its_count;
	uint32_t gicr_count;
	uint64_t its_pa[PURG_ITS_MAX];
	struct purg_gicr gicr[PURG_GICR_MAX];
	/*
	 * arm64: the LPI tables of a kernel that was saved, which does not set them
	 * again (doc/purgatory-arm64.md).  The pending tables, in regions with WRITE,
	 * are emptied; LPIs are on when the kernel is entered.
	 */
	uint64_t lpi_prop_pa;		/* property table, of all; in a region */
	uint32_t lpi_count;
	uint32_t reserved3;		/* 0 */
	struct purg_lpi lpi[PURG_LPI_MAX];

	uint64_t part_pa;		/* struct purg_part[], aligned to 8, in a region */
	uint64_t part_bytes;		/* sum of their len, for messages */
	uint32_t part_count;
	uint32_t reserved4;		/* 0 */
};

#endif
