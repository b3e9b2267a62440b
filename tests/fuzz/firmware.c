/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzz targets of what firmware hands to kexec: device trees and ACPI tables.
 */
#include <string.h>

#include "kx/acpi.h"
#include "kx/fdt.h"
#include "targets.h"

void fuzz_fdt(struct kx_bytes in)
{
	struct purg_console console;
	struct kx_err err = { .code = 0 };
	struct kx_memmap memory;
	struct kx_arena a;
	const void *fdt;
	int rc;

	memset(&memory, 0, sizeof(memory));
	kx_arena_init(&a);
	rc = kx_fdt_open(fuzz_copy(&a, in), &a, &fdt, &err);
	fuzz_check(rc, &err);
	if (rc == 0) {
		rc = kx_fdt_console(fdt, &console, &err);
		fuzz_check(rc, &err);
		err = (struct kx_err){ .code = 0 };
		rc = kx_fdt_memory(fdt, &a, &memory, &err);
		fuzz_check(rc, &err);
		FUZZ_ASSERT(kx_fdt_psci(fdt) <= PURG_PSCI_SMC);
		(void)kx_fdt_is_stub(fdt);
	}
	for (size_t i = 0; i < memory.n; i++)
		FUZZ_ASSERT(memory.v[i].r.start < memory.v[i].r.end);
	kx_arena_deinit(&a);
}

void fuzz_spcr(struct kx_bytes in)
{
	struct kx_err err = { .code = 0 };
	struct purg_console console;
	struct kx_arena a;

	kx_arena_init(&a);
	fuzz_check(kx_acpi_spcr(fuzz_copy(&a, in), &console, &err), &err);
	kx_arena_deinit(&a);
}

void fuzz_fadt(struct kx_bytes in)
{
	struct kx_err err = { .code = 0 };
	struct kx_arena a;
	uint32_t psci = 0;

	kx_arena_init(&a);
	fuzz_check(kx_acpi_fadt_psci(fuzz_copy(&a, in), &psci, &err), &err);
	FUZZ_ASSERT(psci <= PURG_PSCI_SMC);
	kx_arena_deinit(&a);
}
