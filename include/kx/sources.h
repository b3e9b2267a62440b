/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything kexec knows of the running machine, read once, through a root.
 *
 * kx_sources_read() (kexec/sys/sources.c) fills this from /proc, /sys and /dev
 * below @root; a captured machine is a directory (tests/plan/capture.sh).
 * Everything after it, the plan included, works on these facts alone.
 * Missing files leave a field empty; only arch->layout() decides what it
 * cannot do without.
 */
#ifndef KX_SOURCES_H
#define KX_SOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/err.h"
#include "kx/gic.h"
#include "kx/image.h"
#include "kx/memmap.h"
#include "purgatory/abi.h"

/* What stands in a file, when the difference between 0 and absent matters. */
struct kx_saved;

struct kx_opt_u64 {
	bool known;
	uint64_t value;
};

struct kx_ranges {
	struct kx_range *v;	/* arena */
	size_t n;
};

enum kx_lockdown {
	KX_LOCKDOWN_NONE,
	KX_LOCKDOWN_INTEGRITY,
	KX_LOCKDOWN_CONFIDENTIALITY,
};

struct kx_efi_region {		/* /sys/firmware/efi/runtime-map/N */
	uint32_t type;
	uint64_t pa, va, pages, attribute;
};

struct kx_x86_facts {
	/* /sys/kernel/boot_params/data (4096 bytes) or empty */
	struct kx_bytes boot_params;
	bool efi;			/* /sys/firmware/efi exists */
	bool efi64;			/* fw_platform_size == 64 */
	struct kx_efi_region *runtime;	/* arena */
	size_t runtime_count;
	struct kx_opt_u64 fw_vendor, efi_runtime, config_table;
	struct kx_opt_u64 smbios;	/* EFI systab, physical */
	struct kx_opt_u64 efi_systab;	/* boot_params efi_info */
	struct kx_opt_u64 rsdp;		/* boot_params, else EFI systab, else bios search in iomem */
	struct kx_bytes edd;		/* 6 * 82 bytes, as boot_params wants them */
	uint8_t edd_count;
	struct kx_bytes mbr_signatures;	/* 16 * 4 bytes */
	uint8_t mbr_count;
	bool la57;			/* the running kernel uses 5 levels */
	bool la57_possible;		/* the CPU can; known before a saved core is put back */
	struct kx_bytes screen_info;	/* 64 bytes to hand on, or empty */
};

struct kx_arm64_facts {
	struct kx_bytes fdt;		/* /sys/firmware/fdt, else from /proc/device-tree; or empty */
	const char *fdt_source;		/* which of them, for the plan */
	bool efi, acpi;
	uint32_t psci;			/* enum purg_psci */
	struct kx_gic gic;		/* empty: none that has to be stopped, or not known */
};

/*
 * What core headers are made of, beside the map of memory; read on its own
 * (kx_core_facts_read()), because only who keeps the running kernel's memory
 * needs it.
 */
struct kx_core_facts {
	struct kx_range vmcoreinfo;	/* physical: the kernel's note; empty = unknown */
	struct kx_ranges crash_notes;	/* physical: each CPU's notes, by number */
	uint64_t possible_cpus;		/* 0 = unknown */
	/* From /proc/kcore; unknown without the privilege to read it. */
	struct kx_opt_u64 direct_va;	/* virtual address of physical 0, modulo 2^64 */
	struct kx_range text;		/* physical: the kernel's image; empty = unknown */
	uint64_t text_va;
	uint8_t boot_id[16];		/* zeros = unknown */
};

/*
 * The kernel that sleeps while this one runs, and can be returned to: its notes in
 * /proc/vmcore, or kexec_jump_back_entry= (sys/sources-peer.c).
 */
struct kx_peer {
	bool present;
	const char *source;		/* which of them; what has the entry, if it is known */
	uint64_t entry;			/* physical: its return address; 0 = unknown */
	struct kx_opt_u64 la57;		/* does it run with 5 levels? */
	char release[80];		/* "" = unknown */
	struct kx_range window;		/* what this kernel is confined to; empty = unknown */
	const char *no_entry;		/* why /proc/vmcore does not have it; NULL: it has */
	/*
	 * It is kept in memory (kx/keep.h), and put back instead of jumped to: entry is
	 * that of its snapshot, there is no window.  NULL: a kernel jump.
	 */
	const struct kx_saved *kept;
};

/*
 * What this kernel has loaded that returns to it, as far as our own record in
 * /run says (sys/returning.c); it counts while an image is loaded, and a snapshot
 * to be taken, while none is.
 */
enum kx_returning_kind {
	KX_RETURNING_NONE,
	KX_RETURNING_KERNEL,		/* --load-preserve-context */
	KX_RETURNING_RESUME,		/* --load-resume-entry */
	KX_RETURNING_SNAPSHOT,		/* --context=snapshot: not before -e loads it */
};

struct kx_returning {
	enum kx_returning_kind kind;
	char release[80];		/* of the kernel that was loaded; "" = unknown */
	uint64_t entry;
	struct kx_range window;		/* of KX_RETURNING_KERNEL only */
	uint64_t times;			/* it has come back */
};

struct kx_sources {
	const char *root;		/* "" for the running machine; no trailing / */
	enum kx_machine machine;
	char release[65];		/* uname -r */
	uint64_t page_size;		/* of the running kernel */
	uint64_t total_ram;		/* MemTotal, bytes */
	uint64_t free_ram;		/* MemAvailable, bytes */
	const char *cmdline;		/* /proc/cmdline, no newline */

	/* /proc/iomem, sorted, depth kept; empty when addresses are hidden */
	struct kx_memmap iomem;
	bool iomem_hidden;		/* read without the privilege to see addresses */
	/* Memory as the firmware described it (e820 or System RAM lines). */
	struct kx_memmap firmware;
	const char *firmware_source;	/* the path it came from */
	/* Memory blocks that may be hot-removed, and driver-managed RAM. */
	struct kx_ranges removable;

	/*
	 * Below 4 GiB: pages that a kernel which comes back has promised to somebody
	 * as they are (sys/sources-pages.c); empty before kx_pages_read().
	 */
	struct kx_memmap special;

	struct kx_range crash[2];	/* "Crash kernel", ascending */
	size_t crash_count;

	struct kx_core_facts core;	/* empty before kx_core_facts_read() */

	/*
	 * This machine as a saved core describes its own, lines KEY=VALUE; empty unless
	 * it is to be compared with one, or the running kernel is to be preserved
	 * (kx_machine_note()).
	 */
	struct kx_bytes machine_note;

	struct kx_peer peer;		/* absent before kx_peer_read() */
	struct kx_returning returning;

	struct kx_opt_u64 kexec_loaded, crash_loaded;
	/* The crash image loaded is a payload of ours, staged for kexec -e. */
	bool crash_is_staged;
	/*
	 * The kernel can keep the core headers of a crash image up to date: bytes that
	 * they take (CONFIG_CRASH_HOTPLUG); and sysfs tells whether it does.
	 */
	struct kx_opt_u64 elfcorehdr_size;
	bool crash_hotplug;
	struct kx_opt_u64 load_disabled;	/* sysctl kernel.kexec_load_disabled */
	struct kx_opt_u64 limit_reboot, limit_panic; /* -1 = ~0 = no limit */
	enum kx_lockdown lockdown;
	bool has_cap_boot;			/* CAP_SYS_BOOT in CapEff */
	/*
	 * The CPUs have no SHA-256 instructions but hash four messages at once:
	 * purgatory is given the digests of quarters (sha256_quarters()).
	 */
	bool sha256_by_four;
	/* From /proc/config.gz or /boot/config-RELEASE; -1 unknown, 0, 1. */
	int config_kexec, config_kexec_file, config_kexec_sig_force, config_kexec_jump;

	/* What the purgatory and early consoles of this machine are. */
	struct purg_console console[PURG_CONSOLES_MAX];
	size_t console_count;
	const char *console_source;		/* "--serial", "stdout-path", "SPCR", … */

	union {
		struct kx_x86_facts x86;
		struct kx_arm64_facts arm64;
	};
};

/*
 * The reservation that crash segments have to lie in: crashk_res, the higher of
 * the two, never crashk_low (kernel/kexec_core.c).  Empty without one.
 */
static inline struct kx_range kx_crash_main(const struct kx_sources *s)
{
	return s->crash_count ? s->crash[s->crash_count - 1] : (struct kx_range){ 0, 0 };
}

#endif
