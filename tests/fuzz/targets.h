/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzz targets: one function per parser, found by name.
 *
 * The same table serves libFuzzer (fuzz.c: "fuzz --target=NAME CORPUS") and the
 * replay that "make check" runs with any compiler (replay.c: "replay DIR",
 * where DIR/NAME/ holds inputs).
 *
 * A target feeds the bytes to its parser and checks what must hold whatever
 * they are: see fuzz_check().  Everything else is the sanitizers' work.
 */
#ifndef FUZZ_TARGETS_H
#define FUZZ_TARGETS_H

#include <stddef.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/err.h"

struct fuzz_target {
	const char *name;
	void (*run)(struct kx_bytes in);
};

extern const struct fuzz_target fuzz_targets[];		/* ends with a NULL name */
/* NULL if there is none of this name. */
const struct fuzz_target *fuzz_find(const char *name);

/* End the program, with the line that found it, unless @cond. */
#define FUZZ_ASSERT(cond)	fuzz_assert(!!(cond), __FILE__, __LINE__, #cond)
void fuzz_assert(int ok, const char *file, int line, const char *what);

/*
 * What every function promises: 0 and no error, or a negative errno and one
 * sentence that goes with it.
 */
void fuzz_check(int rc, const struct kx_err *err);
/* Read every byte, so that AddressSanitizer sees a view that dangles. */
void fuzz_touch(struct kx_bytes b);
/* A copy of the input, as a NUL-terminated string without NULs in it. */
char *fuzz_text(struct kx_arena *a, struct kx_bytes in);
/* A copy of the input of exactly its size. */
struct kx_bytes fuzz_copy(struct kx_arena *a, struct kx_bytes in);

/* container.c */
void fuzz_gzip(struct kx_bytes in);
void fuzz_xz(struct kx_bytes in);
void fuzz_lzma(struct kx_bytes in);
void fuzz_zstd(struct kx_bytes in);
void fuzz_lz4(struct kx_bytes in);
void fuzz_zboot(struct kx_bytes in);
void fuzz_uki(struct kx_bytes in);
void fuzz_uimage(struct kx_bytes in);
void fuzz_peel(struct kx_bytes in);

/* text.c */
void fuzz_cmdline(struct kx_bytes in);
void fuzz_number(struct kx_bytes in);
void fuzz_iomem(struct kx_bytes in);

/* format.c */
void fuzz_image(struct kx_bytes in);
void fuzz_bzimage(struct kx_bytes in);
void fuzz_arm64_image(struct kx_bytes in);
void fuzz_elf(struct kx_bytes in);

/* firmware.c */
void fuzz_fdt(struct kx_bytes in);
void fuzz_spcr(struct kx_bytes in);
void fuzz_fadt(struct kx_bytes in);
void fuzz_madt(struct kx_bytes in);
void fuzz_gic_tables(struct kx_bytes in);
void fuzz_timing(struct kx_bytes in);

/* plan.c */
void fuzz_plan_arm64(struct kx_bytes in);
void fuzz_plan_x86(struct kx_bytes in);
void fuzz_plan_call(struct kx_bytes in);
void fuzz_dtb(struct kx_bytes in);
void fuzz_dtb_given(struct kx_bytes in);
void fuzz_boot_params(struct kx_bytes in);
void fuzz_plan_saved(struct kx_bytes in);

/* sources.c */
void fuzz_sources(struct kx_bytes in);

/* core.c */
void fuzz_core(struct kx_bytes in);
void fuzz_context(struct kx_bytes in);
void fuzz_kept(struct kx_bytes in);
void fuzz_dmesg(struct kx_bytes in);
void fuzz_pages(struct kx_bytes in);
void fuzz_kallsyms(struct kx_bytes in);

/* saved.c */
void fuzz_saved(struct kx_bytes in);

/* dump.c */
void fuzz_kdump_file(struct kx_bytes in);
void fuzz_flat_file(struct kx_bytes in);

/* snapshot.c */
void fuzz_snapshot(struct kx_bytes in);

/* purgatory.c */
void fuzz_purgatory_lz4(struct kx_bytes in);
void fuzz_purgatory_unpack(struct kx_bytes in);
void fuzz_purgatory_param(struct kx_bytes in);

#endif
