/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of fuzz targets and what they share.  Called by fuzz.c and
 * replay.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "targets.h"

const struct fuzz_target fuzz_targets[] = {
	{ "gzip", fuzz_gzip },
	{ "xz", fuzz_xz },
	{ "lzma", fuzz_lzma },
	{ "zstd", fuzz_zstd },
	{ "lz4", fuzz_lz4 },
	{ "zboot", fuzz_zboot },
	{ "uki", fuzz_uki },
	{ "uimage", fuzz_uimage },
	{ "peel", fuzz_peel },
	{ "cmdline", fuzz_cmdline },
	{ "number", fuzz_number },
	{ "iomem", fuzz_iomem },
	{ "image", fuzz_image },
	{ "bzimage", fuzz_bzimage },
	{ "arm64-image", fuzz_arm64_image },
	{ "elf", fuzz_elf },
	{ "fdt", fuzz_fdt },
	{ "spcr", fuzz_spcr },
	{ "fadt", fuzz_fadt },
	{ "madt", fuzz_madt },
	{ "gic-tables", fuzz_gic_tables },
	{ "timing", fuzz_timing },
	{ "plan-arm64", fuzz_plan_arm64 },
	{ "plan-x86", fuzz_plan_x86 },
	{ "plan-call", fuzz_plan_call },
	{ "dtb", fuzz_dtb },
	{ "dtb-given", fuzz_dtb_given },
	{ "boot-params", fuzz_boot_params },
	{ "plan-saved", fuzz_plan_saved },
	{ "sources", fuzz_sources },
	{ "core", fuzz_core },
	{ "context", fuzz_context },
	{ "kept", fuzz_kept },
	{ "saved", fuzz_saved },
	{ "dmesg", fuzz_dmesg },
	{ "pages", fuzz_pages },
	{ "kallsyms", fuzz_kallsyms },
	{ "kdump-file", fuzz_kdump_file },
	{ "flat-file", fuzz_flat_file },
	{ "snapshot", fuzz_snapshot },
	{ "purgatory-lz4", fuzz_purgatory_lz4 },
	{ "purgatory-unpack", fuzz_purgatory_unpack },
	{ "purgatory-param", fuzz_purgatory_param },
	{ NULL, NULL },
};

const struct fuzz_target *fuzz_find(const char *name)
{
	for (const struct fuzz_target *t = fuzz_targets; t->name; t++)
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}

void fuzz_assert(int ok, const char *file, int line, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

void fuzz_check(int rc, const struct kx_err *err)
{
	FUZZ_ASSERT(rc <= 0);
	if (rc == 0) {
		FUZZ_ASSERT(err->code == 0);
		return;
	}
	FUZZ_ASSERT(err->code == -rc);
	FUZZ_ASSERT(memchr(err->text, '\0', sizeof(err->text)));
	FUZZ_ASSERT(err->text[0]);
	FUZZ_ASSERT(!strchr(err->text, '\n'));
}

void fuzz_touch(struct kx_bytes b)
{
	volatile uint8_t sum = 0;

	for (size_t i = 0; i < b.len; i++)
		sum = (uint8_t)(sum + b.data[i]);
}

char *fuzz_text(struct kx_arena *a, struct kx_bytes in)
{
	char *s = kx_arena_alloc_raw(a, in.len + 1);

	FUZZ_ASSERT(s);
	for (size_t i = 0; i < in.len; i++)
		s[i] = in.data[i] ? (char)in.data[i] : ' ';
	s[in.len] = '\0';
	return s;
}

struct kx_bytes fuzz_copy(struct kx_arena *a, struct kx_bytes in)
{
	uint8_t *p = kx_arena_alloc_raw(a, in.len);

	FUZZ_ASSERT(p || !in.len);
	if (in.len)
		memcpy(p, in.data, in.len);
	return (struct kx_bytes){ p, in.len };
}
