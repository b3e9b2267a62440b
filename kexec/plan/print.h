/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words for a plan's numbers, shared by text.c, json.c and svg.c.
 */
#ifndef KX_PLAN_PRINT_H
#define KX_PLAN_PRINT_H

#include <stddef.h>
#include <stdint.h>

#include "kx/plan.h"

#define KX_SIZE_TEXT	24

/* "64 KiB", "35.2 MiB": three digits, rounded down; into @buf, which is returned. */
const char *kx_size_text(uint64_t bytes, char buf[KX_SIZE_TEXT]);
/* "kexec_load", "kexec_file_load" */
const char *kx_call_name(enum kx_call call);
/* "8250 port", "PL011", … */
const char *kx_console_name(uint32_t kind);
/* "arm64 booting.rst", … how the next kernel is entered */
const char *kx_entry_name(uint32_t kind);
const char *kx_on_fail_name(uint32_t on_fail);
/* "4-level", "5-level"; NULL: as purgatory is entered */
const char *kx_paging_name(uint32_t paging);
/* What told the address that a plan returns to: an option or a file. */
const char *kx_resume_source(const struct kx_plan *p);

/* "none", "lz4"; "kernel", "crashkernel": as the options have them */
const char *kx_pack_name(enum kx_pack pack);
const char *kx_stage_name(enum kx_stage stage);
/* "jump", "snapshot": how the running kernel is preserved */
const char *kx_context_name(const struct kx_request *req);
/* "raw", "zero", "lz4" */
const char *kx_codec_name(uint32_t codec);

/* saved-print.c: what a saved core is, in place of kernel, initrd and command line. */
void kx_saved_print_text(const struct kx_plan *p, struct kx_text *t);
void kx_saved_print_json(const struct kx_plan *p, struct kx_json *j);

/* Does purgatory check this segment?  It cannot check itself. */
bool kx_segment_verified(const struct kx_plan *p, const struct kx_segment *s);

#endif
