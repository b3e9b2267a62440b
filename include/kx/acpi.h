/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ACPI tables a boot loader's purgatory cares about: SPCR (where the firmware's
 * console is), FADT (how PSCI is called on arm64) and MADT (which CPU is which on
 * arm64; the rest of it is in kx/gic.h).
 *
 * Pure: bytes of /sys/firmware/acpi/tables in, values out.  Used by
 * sys/sources-arm64.c, sys/console-x86_64.c and sys/machine-note.c.
 */
#ifndef KX_ACPI_H
#define KX_ACPI_H

#include <stdint.h>

#include "kx/bytes.h"
#include "kx/err.h"
#include "purgatory/abi.h"

/*
 * The console that the Serial Port Console Redirection table @spcr names.
 * ret->divisor is 0: the firmware has set the speed.  *ret untouched on error.
 * -ENOEXEC: not an SPCR, truncated, or no address in it; -EOPNOTSUPP: a port
 * that purgatory has no driver for (the sentence names its type).
 */
KX_CHECKED int kx_acpi_spcr(struct kx_bytes spcr, struct purg_console *ret,
			    struct kx_err *err);

/*
 * ARM_BOOT_ARCH of the FADT @fadt ("FACP") as enum purg_psci: NONE when the
 * firmware has no PSCI or the table is older than 5.1.  -ENOEXEC: not a FADT.
 */
KX_CHECKED int kx_acpi_fadt_psci(struct kx_bytes fadt, uint32_t *ret,
				 struct kx_err *err);

/*
 * The MPIDR of the CPU whose ACPI processor UID is @uid, by the GICC structures of
 * the MADT @madt ("APIC").  *ret untouched on error.  -ENOEXEC: not a MADT, or
 * structures that do not fit into it; -ENOENT: no such CPU.
 */
KX_CHECKED int kx_acpi_madt_mpidr(struct kx_bytes madt, uint32_t uid, uint64_t *ret,
				  struct kx_err *err);

#endif
