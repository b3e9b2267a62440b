/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of a GICv3 goes on writing to memory when a kernel leaves: its interrupt
 * translation services, and its redistributors, whose LPIs have tables in memory.
 * Found in the device tree (lib/fdt-facts.c) or in ACPI's MADT (lib/acpi.c), read by
 * sys/sources-arm64.c, handed to purgatory by arch/arm64.c.
 */
#ifndef KX_GIC_H
#define KX_GIC_H

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

/* Add one; for the two above.  -ENOEXEC: not made of frames; -ENOSPC: there are too many. */
KX_CHECKED int kx_gic_add_its(struct kx_gic *g, uint64_t pa, struct kx_err *err);
KX_CHECKED int kx_gic_add_gicr(struct kx_gic *g, struct purg_gicr r, struct kx_err *err);

#endif
