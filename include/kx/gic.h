/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of a GICv3 goes on writing to memory when a kernel leaves: its interrupt
 * translation services, and its redistributors, whose LPIs have tables in memory.
 * Found in the device tree (lib/fdt-facts.c) or in ACPI's MADT (lib/acpi.c), read by
 * sys/sources-arm64.c, handed to purgatory by arch/arm64.c.  And those tables, for a
 * kernel that was saved (lib/gic-tables.c, lib/gic-log.c, sys/gic-tables.c).
 */
#ifndef KX_GIC_H
#define KX_GIC_H

#include <stdbool.h>
#include <stdint.h>

#include "kx/bytes.h"
#include "kx/err.h"
#include "purgatory/abi.h"

/* Registers are in frames of 64 KiB (Arm IHI0069, 12.10 and 12.19). */
#define KX_GIC_FRAME	0x10000u

/* As struct purg_param has it. */
struct kx_gic {
	uint32_t its_count, gicr_count;
	uint64_t its_pa[PURG_ITS_MAX];
	struct purg_gicr gicr[PURG_GICR_MAX];
};

/*
 * The nodes "arm,gic-v3" and "arm,gic-v3-its" of a tree from kx_fdt_open().  Empty
 * without them, which is no error.  *ret untouched on error.
 *   -ENOEXEC  a reg that is none, or is not made of frames
 *   -ENOSPC   more of them than purgatory takes
 */
KX_CHECKED int kx_fdt_gic(const void *fdt, struct kx_gic *ret, struct kx_err *err);

/*
 * The translation services in the MADT @madt ("APIC").  Its redistributors are not
 * read: who has ACPI has EFI, and there they stay as they are (arch/arm64.c).
 * Errors as above.
 */
KX_CHECKED int kx_acpi_madt_gic(struct kx_bytes madt, struct kx_gic *ret, struct kx_err *err);

/*
 * The LPI tables of a kernel: what its redistributors hold, of each CPU that it ever
 * ran on.  A kernel that was saved gets them back (doc/purgatory-arm64.md).  In the
 * MACHINE note of a saved core they are lines (doc/resumable-core.md):
 *
 *	lpi_property=0x43290000
 *	lpi_pending=0x80a0000 0x432a0000
 */
struct kx_gic_tables {
	uint64_t prop_pa;
	uint32_t count;
	struct purg_lpi v[PURG_LPI_MAX];	/* ->pend_pa is not 0 */
};

struct kx_text;

/* Add a CPU's: -ENOEXEC: not aligned, or 0; -ENOSPC: there are too many. */
KX_CHECKED int kx_gic_tables_add(struct kx_gic_tables *t, struct purg_lpi l, struct kx_err *err);
/* As lines. */
void kx_gic_tables_print(const struct kx_gic_tables *t, struct kx_text *text);
/* Does @machine say that they are not known?  *ret_why, which it owns, then is why. */
bool kx_gic_tables_unknown(struct kx_bytes machine, struct kx_bytes *ret_why);
/*
 * From the lines @machine.  *ret is undefined on error.
 *   -ENOENT   they are not there; the sentence has the value of a line lpi_unknown
 *   -ENOEXEC  malformed
 *   -ENOSPC   more than purgatory takes
 */
KX_CHECKED int kx_gic_tables_parse(struct kx_bytes machine, struct kx_gic_tables *ret,
				   struct kx_err *err);

/*
 * What the kernel's log says of them, record by record, as read(2) of /dev/kmsg gives
 * them (irq-gic-v3-its.c:its_cpu_init_lpis(), irq-gic-v3.c:__gic_populate_rdist(), the
 * same from 5.10 to 7.2).  Starts as zeros.
 */
struct kx_gic_log {
	bool has_start;		/* the first record of all is there */
	bool too_many;		/* a CPU beyond PURG_LPI_MAX */
	uint64_t prop_pa;
	struct purg_lpi cpu[PURG_LPI_MAX];
};

void kx_gic_log_add(struct kx_gic_log *log, struct kx_bytes record);
/*
 * The tables, if all of them are there: of each CPU of @online, and where the start
 * of the log is lost, of each of @present ("0-3,8").
 *   -ENODATA  not all; the sentence has what is missing
 *   -ENOEXEC, -ENOSPC  as kx_gic_tables_add(); a list that is none
 */
KX_CHECKED int kx_gic_log_tables(const struct kx_gic_log *log, const char *online,
				 const char *present, struct kx_gic_tables *ret,
				 struct kx_err *err);

/* Add one; for kx_fdt_gic() and kx_acpi_madt_gic().  -ENOEXEC: not made of frames; -ENOSPC: there are too many. */
KX_CHECKED int kx_gic_add_its(struct kx_gic *g, uint64_t pa, struct kx_err *err);
KX_CHECKED int kx_gic_add_gicr(struct kx_gic *g, struct purg_gicr r, struct kx_err *err);

#endif
