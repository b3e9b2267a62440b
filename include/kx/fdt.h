/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading a flattened device tree (Devicetree Specification v0.4, chapter 5):
 * the check that makes hostile bytes safe for libfdt, and the few facts kexec
 * wants from a tree.  Writing one is arch/arm64-dtb.c's business.
 *
 * Used by arch/arm64*.c and sys/sources-arm64.c.
 */
#ifndef KX_FDT_H
#define KX_FDT_H

#include <stdbool.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/err.h"
#include "kx/memmap.h"
#include "purgatory/abi.h"

/* "must not exceed 2 megabytes in size", Documentation/arch/arm64/booting.rst */
#define KX_FDT_MAX	(2u << 20)

/*
 * A sound tree behind an 8-byte aligned pointer (libfdt wants that), in @b
 * itself if it is aligned, else in a copy that @a owns.  Bytes behind totalsize
 * are ignored.  -ENOEXEC: header, structure or strings contradict themselves or
 * leave the file; -ENOMEM.
 */
KX_CHECKED int kx_fdt_open(struct kx_bytes b, struct kx_arena *a, const void **ret,
			   struct kx_err *err);

/*
 * The number in @cells 32-bit cells at @p; false, *ret untouched, for more than
 * two cells, which hold no plain address (PCI).
 */
KX_CHECKED bool kx_fdt_number(const void *p, int cells, uint64_t *ret);

/*
 * The console /chosen/stdout-path names, its address translated to the CPU's
 * view.  ret->divisor is 0: the speed stays.  *ret untouched on error.
 * -ENOENT: no stdout-path; -ENOEXEC: it leads nowhere; -EOPNOTSUPP: a UART
 * that purgatory has no driver for (the sentence names it).
 */
KX_CHECKED int kx_fdt_console(const void *fdt, struct purg_console *ret, struct kx_err *err);

/* How PSCI 0.2 or later is called (enum purg_psci); NONE without such a node. */
uint32_t kx_fdt_psci(const void *fdt);

/*
 * Has the tree nothing but /chosen and /hypervisor?  Then Linux looks at ACPI
 * (arch/arm64/kernel/acpi.c, dt_is_stub()).
 */
bool kx_fdt_is_stub(const void *fdt);

/*
 * Append what the nodes with device_type "memory" describe, as RAM.  Empty
 * placeholders are skipped.  -ENOEXEC: a reg that is no list of pairs; -ENOMEM.
 */
KX_CHECKED int kx_fdt_memory(const void *fdt, struct kx_arena *a, struct kx_memmap *ret,
			     struct kx_err *err);

#endif
