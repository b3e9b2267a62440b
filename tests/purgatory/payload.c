// SPDX-License-Identifier: GPL-2.0-only
/*
 * The "next kernel" of tests/purgatory/qemu.c: prints what payload-*.S found
 * in the registers, one "name=value" each, and switches the machine off.
 * Built three times; io.h is purgatory's of that architecture.
 */
#include <stdint.h>
#include <io.h>

void payload(const uint64_t *saved);

#ifdef __aarch64__
static const char names[] = "x0\0x1\0x2\0x3\0el\0daif\0sctlr\0hcr\0";

static void put(char c)
{
	purg_wr32(0x09000000, (uint8_t)c);
}

static void off(void)
{
}
#else
static const char names[] = "rax\0rbx\0rcx\0rdx\0rsi\0rdi\0rbp\0rsp\0r8\0r9\0r10\0r11\0r12\0r13\0r14\0"
			    "r15\0flags\0cr0\0cr4\0sel\0rip\0cr3\0gs\0efer\0";

static void put(char c)
{
	purg_out8(0x3f8, (uint8_t)c);
}

static void off(void)
{
	purg_out8(0xf4, 0);		/* -device isa-debug-exit */
}
#endif

static void puts_(const char *s)
{
	while (*s)
		put(*s++);
}

static void hex(uint64_t v)
{
	int shift = 60;

	while (shift && !(v >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		put("0123456789abcdef"[(v >> shift) & 0xf]);
}

void payload(const uint64_t *saved)
{
	puts_("PAYLOAD");
	for (const char *n = names; *n; saved++) {
		put(' ');
		puts_(n);
		puts_("=0x");
		hex(*saved);
		while (*n++)
			;
	}
	puts_(" END\n");
	off();
}
