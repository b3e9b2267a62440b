/* SPDX-License-Identifier: GPL-2.0-only */
/* kexec/format/table.c: files that are no kernel, and what they are called. */
#include <errno.h>

#include "format-test.h"

static void expect(const char *bytes, size_t len, const char *message)
{
	uint8_t f[64] = { 0 };

	memcpy(f, bytes, len);
	expect_bad(f, len, message, ENOEXEC, message);
}

static void test_strangers(void)
{
	uint8_t f[64] = { 0 };

	expect("", 0, "not a kernel image: empty file");
	expect("\x7f" "EL", 3, "not a kernel image: starts with 7f 45 4c");
	expect("root:x:0", 8, "not a kernel image: starts with 72 6f 6f 74 3a 78 3a 30");
	expect("root:x:0:", 9, "not a kernel image: starts with 72 6f 6f 74 3a 78 3a 30 …");
	expect("\xd0\x0d\xfe\xed\0\0", 6, "not a kernel image: a device tree blob");
	expect("070701000", 9, "not a kernel image: a cpio archive (an initrd)");
	expect("#!/bin/sh\n", 10, "not a kernel image: a script");
	expect("MZ\0\0", 4,
	       "not a kernel image: a PE program (EFI) without a kernel that kexec knows");
	memcpy(f + 36, "\x18\x28\x6f\x01", 4);
	expect_bad(f, 40, "zImage", ENOEXEC, "not a kernel image: a 32-bit Arm zImage");
	memset(f, 0, sizeof(f));
	memcpy(f, "MZ", 2);
	memcpy(f + 48, "RISCV\0\0\0RSC\5", 12);
	expect_bad(f, 64, "RISC-V", ENOEXEC, "not a kernel image: a RISC-V Image");
}

static void test_random(void)
{
	uint32_t state = 42;

	for (int i = 0; i < 2000; i++) {
		uint8_t f[1024];
		size_t len;

		for (size_t k = 0; k < sizeof(f); k++) {
			state = state * 1664525 + 1013904223;
			f[k] = (uint8_t)(state >> 24);
		}
		len = state >> 22;
		CHECK(kx_image_parse((struct kx_bytes){ f, len }, NULL, &(struct kx_image){ 0 },
				     NULL) == -ENOEXEC);
	}
}

static void test_names(void)
{
	CHECK_STR(kx_machine_name(KX_MACHINE_ARM64), "arm64");
	CHECK_STR(kx_machine_name(KX_MACHINE_X86_64), "x86_64");
	for (size_t i = 0; kx_formats[i]; i++)
		CHECK(kx_formats[i]->name && kx_formats[i]->type_names[0]);
}

TEST_MAIN({ "no kernel", test_strangers },
	  { "random bytes", test_random },
	  { "names", test_names })
