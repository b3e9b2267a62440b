/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every kernel format there is, and the words for what is none of them.  To
 * add a format: one file here, one line in kx_formats[], one test, one line in
 * the man page.  Called by plan, after the containers are peeled.
 */
#include <errno.h>
#include <stdio.h>

#include "formats.h"

const struct kx_format *const kx_formats[] = {
	&kx_format_arm64_image,
	&kx_format_bzimage,
	&kx_format_elf,
	NULL,
};

const char *kx_machine_name(enum kx_machine m)
{
	static const char *const names[KX_MACHINE_COUNT] = {
		[KX_MACHINE_ARM64] = "arm64",
		[KX_MACHINE_X86_64] = "x86_64",
	};

	return names[m];
}

/* Files that people have given to kexec, and what to call them. */
static const struct {
	uint16_t off;
	uint8_t len;
	const char *magic;
	const char *what;
} strangers[] = {
	{ 0, 4, "\xd0\x0d\xfe\xed", "a device tree blob" },
	{ 0, 6, "070701", "a cpio archive (an initrd)" },
	{ 0, 2, "#!", "a script" },
	{ 36, 4, "\x18\x28\x6f\x01", "a 32-bit Arm zImage" },
	{ 48, 5, "RISCV", "a RISC-V Image" },
	{ 0, 2, "MZ", "a PE program (EFI) without a kernel that kexec knows" },
};

/* The first bytes of @b in hex, for the user to compare with what was meant. */
static void first_bytes(struct kx_bytes b, char *text, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < b.len && i < 8 && size - len > 4; i++)
		len += (size_t)snprintf(text + len, size - len, "%s%02x", i ? " " : "", b.data[i]);
}

static int stranger_error(struct kx_bytes b, struct kx_err *err)
{
	char text[32] = "";

	if (b.len == 0)
		return kx_err_set(err, ENOEXEC, "not a kernel image: empty file");
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		struct kx_bytes at;

		if (kx_bytes_sub(b, strangers[i].off, strangers[i].len, &at) &&
		    kx_bytes_starts(at, strangers[i].magic, strangers[i].len))
			return kx_err_set(err, ENOEXEC, "not a kernel image: %s",
					  strangers[i].what);
	}
	first_bytes(b, text, sizeof(text));
	return kx_err_set(err, ENOEXEC, "not a kernel image: starts with %s%s", text,
			  b.len > 8 ? " …" : "");
}

int kx_image_parse(struct kx_bytes b, struct kx_arena *a, struct kx_image *ret,
		   struct kx_err *err)
{
	for (size_t i = 0; kx_formats[i]; i++) {
		const struct kx_format *f = kx_formats[i];
		int r;

		if (!f->probe(b))
			continue;
		r = f->parse(b, a, ret, err);
		if (r < 0)
			kx_err_wrap(err, "%s", f->name);
		return r;
	}
	return stranger_error(b, err);
}
