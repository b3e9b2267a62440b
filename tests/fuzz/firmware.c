/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzz targets of what firmware hands to kexec, device trees and ACPI tables,
 * and of what another kernel's purgatory left.
 */
#include <string.h>

#include "kx/acpi.h"
#include "kx/fdt.h"
#include "kx/gic.h"
#include "kx/timing.h"
#include "targets.h"

/* What purgatory refuses would be a kexec -e that fails. */
static void check_gic(const struct kx_gic *g)
{
	FUZZ_ASSERT(g->its_count <= PURG_ITS_MAX && g->gicr_count <= PURG_GICR_MAX);
	for (uint32_t i = 0; i < g->its_count; i++)
		FUZZ_ASSERT(g->its_pa[i] % KX_GIC_FRAME == 0);
	for (uint32_t i = 0; i < g->gicr_count; i++) {
		const struct purg_gicr *r = &g->gicr[i];

		FUZZ_ASSERT((r->pa | r->len | r->stride) % KX_GIC_FRAME == 0);
		FUZZ_ASSERT(r->pa + r->len >= r->pa);
	}
}

void fuzz_fdt(struct kx_bytes in)
{
	struct purg_console console;
	struct kx_err err = { .code = 0 };
	struct kx_memmap memory;
	struct kx_gic gic;
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
		err = (struct kx_err){ .code = 0 };
		rc = kx_fdt_gic(fdt, &gic, &err);
		fuzz_check(rc, &err);
		if (rc == 0)
			check_gic(&gic);
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

/* The record, and the counter and the clock that it is read at behind it. */
void fuzz_timing(struct kx_bytes in)
{
	struct kx_last_boot b = { .machine = "arm64", .source = "fuzz", .running = true };
	struct kx_bytes record = in, rest = KX_BYTES_NONE;
	struct kx_err err = { .code = 0 };
	struct kx_arena a;
	struct kx_text t;
	struct kx_rd rd;
	int rc;

	if (in.len > KX_TIMING_LEN) {
		record.len = KX_TIMING_LEN;
		rest = (struct kx_bytes){ in.data + KX_TIMING_LEN, in.len - KX_TIMING_LEN };
	}
	kx_arena_init(&a);
	rc = kx_timing_parse(fuzz_copy(&a, record), &b.record, &err);
	fuzz_check(rc, &err);
	if (rc == 0) {
		rd = kx_rd_make(rest, KX_BE);
		b.now = kx_rd_u64(&rd);
		b.age_ns = kx_rd_u64(&rd);
		b.hz_error = kx_rd_u32(&rd) % 1000000001;
		b.hz = b.record.word[PURG_TIMING_HZ];
		kx_text_init(&t, &a);
		kx_last_boot_print_text(&b, &t);
		kx_last_boot_print_json(&b, &t);
		FUZZ_ASSERT(kx_text_str(&t));
	}
	kx_arena_deinit(&a);
}

void fuzz_madt(struct kx_bytes in)
{
	struct kx_err err = { .code = 0 };
	struct kx_gic gic;
	struct kx_arena a;
	uint64_t mpidr;
	int rc;

	kx_arena_init(&a);
	rc = kx_acpi_madt_gic(fuzz_copy(&a, in), &gic, &err);
	fuzz_check(rc, &err);
	if (rc == 0)
		check_gic(&gic);
	err = (struct kx_err){ .code = 0 };
	fuzz_check(kx_acpi_madt_mpidr(fuzz_copy(&a, in), 1, &mpidr, &err), &err);
	kx_arena_deinit(&a);
}
