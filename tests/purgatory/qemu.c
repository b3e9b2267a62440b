// SPDX-License-Identifier: GPL-2.0-only
/*
 * Purgatory on bare (emulated) machines: a stub leaves like a kernel, the real
 * image verifies, unpacks and hands over, a payload tells what it was handed.
 * One scene is one QEMU of less than a second, TCG, no operating system.
 *
 * On arm64 every scene that ends in the payload compares every register that
 * stub and payload saw, and every byte of memory.
 *
 *	qemu DIR [PART-OF-SCENE-NAME]	DIR has x86_64/purgatory.bin,
 *			arm64/purgatory.bin (may be missing or empty: skipped)
 *			and test/{stub,payload}-*
 *
 * PURG_TEST_VERBOSE shows the consoles; PURG_TEST_ICOUNT runs all with one
 * instruction per nanosecond.
 */
#include <unistd.h>
#include "../unit/test.h"
#include "scene.h"

#define REGS64 "rax=0x0 rbx=0x0 rcx=0x0 rdx=0x0 rsi=0x9a000 rdi=0x0 rbp=0x0 rsp=0x50100000 r8=0x0 " \
	       "r9=0x0 r10=0x0 r11=0x0 r12=0x0 r13=0x0 r14=0x0 r15=0x0 "
#define SEL " sel=0x10001800180018 "
#define VERIFIED "kexec purgatory: 2 regions verified, entering kernel at 0x"
#define BLOCK "kexec purgatory: parameter block: "
#define RESTORE_VA	0xffffffffa5200000ULL
#define RESTORED " regions verified, going on with the saved kernel at 0xffffffffa5200000\r\n"
#define RESTORE_REGS " r8=0xffffffffa5200000 r9=0x123456000 "
#define RESTORE_END SEL "rip=0xffffffffa5200000 cr3=0x201"
#define REFUSED_RESTORE .arch = X86, .cpu = "max", .mode = 4, .entry = PURG_ENTRY_RESTORE, .never = "PAYLOAD"
#define ARMREGS "PAYLOAD x0=0x1234567890ab x1=0x0 x2=0x0 x3=0x0 "

static const struct scene scenes[] = {
	{ .name = "x86_64: 4 levels, 64-bit entry", .arch = X86, .cpu = "max", .mode = 4,
	  .entry = PURG_ENTRY_X86_64,
	  .want = { VERIFIED "50000000\r\n", "PAYLOAD " REGS64, "cr4=0x20 ", SEL } },
	{ .name = "x86_64: 5 levels kept", .arch = X86, .cpu = "max", .mode = 5,
	  .entry = PURG_ENTRY_X86_64, .vga = 1, .flags = PURG_F_RESET_VGA | PURG_F_DISABLE_PIC,
	  .want = { VERIFIED "50000000\r\n", "PAYLOAD " REGS64, "cr4=0x1020 ", SEL } },
	{ .name = "x86_64: from 5 to 4 levels, no 1 GiB pages", .arch = X86,
	  .cpu = "max,pdpe1gb=off", .mode = 5,
	  .entry = PURG_ENTRY_X86_64, .paging = PURG_PAGING_4LEVEL,
	  .want = { VERIFIED "50000000\r\n", "PAYLOAD " REGS64, "cr4=0x20 ", SEL } },
	{ .name = "x86_64: 4 levels asked for and there", .arch = X86, .cpu = "qemu64", .mode = 4,
	  .entry = PURG_ENTRY_X86_64, .paging = PURG_PAGING_4LEVEL, .flags = PURG_F_QUIET,
	  .want = { "PAYLOAD " REGS64, "cr4=0x20 ", SEL }, .never = "kexec purgatory" },
	{ .name = "x86_64: entered by a jump", .arch = X86, .cpu = "max", .mode = 5, .preserve = 1,
	  .entry = PURG_ENTRY_X86_64,
	  .want = { VERIFIED "50000000\r\n", "PAYLOAD " REGS64, "cr4=0x1020 ", SEL } },
	{ .name = "x86_64: a function that returns", .arch = X86, .cpu = "max", .mode = 4,
	  .entry = PURG_ENTRY_CALL, .preserve = 1,
	  .want = { "kexec purgatory: 2 regions verified, calling 0x30000000\r\n",
		    "kexec purgatory: the function returned 0x3f\r\n",
		    " rbx=0xbac ", " rdi=0x2000000 ", " r12=0x0 " } },
	{ .name = "x86_64: back to a kernel with as many levels", .arch = X86, .cpu = "max",
	  .mode = 4, .entry = PURG_ENTRY_RETURN, .preserve = 1,
	  .want = { "kexec purgatory: 2 regions verified, returning to the other kernel\r\n",
		    "PAYLOAD ", " cr4=0x20 ", SEL } },
	{ .name = "x86_64: back to a kernel with 5 levels", .arch = X86, .cpu = "max", .mode = 4,
	  .entry = PURG_ENTRY_RETURN, .preserve = 1, .paging = PURG_PAGING_5LEVEL,
	  .want = { "PAYLOAD ", " cr4=0x1020 ", SEL } },
	{ .name = "x86_64: back to a kernel with 4 levels", .arch = X86, .cpu = "max", .mode = 5,
	  .entry = PURG_ENTRY_RETURN, .preserve = 1, .paging = PURG_PAGING_4LEVEL,
	  .want = { "PAYLOAD ", " cr4=0x20 ", SEL } },
	{ .name = "x86_64: there and back, with other levels", .arch = X86, .cpu = "max", .mode = 5,
	  .entry = PURG_ENTRY_RETURN, .preserve = 3, .paging = PURG_PAGING_4LEVEL,
	  .want = { "PAYLOAD ", " cr4=0x1020 ", " rbx=0xbac ", " rdi=0x2000000 ", " r12=0x0 " } },
	{ .name = "x86_64: there and back, 4 levels here", .arch = X86, .cpu = "max", .mode = 4,
	  .entry = PURG_ENTRY_RETURN, .preserve = 3, .paging = PURG_PAGING_5LEVEL,
	  .want = { "PAYLOAD ", " rbx=0xbac ", " cr4=0x20 ", " rdi=0x2000000 " } },
	{ .name = "x86_64: a function that faults", .arch = X86, .cpu = "max", .mode = 4,
	  .entry = PURG_ENTRY_CALL, .preserve = 2,
	  .want = { "kexec purgatory: exception 6, error code 0x0, rip 0x30000000, cr2 0x",
		    "; resetting\r\n" }, .never = "PAYLOAD" },
	{ .name = "x86_64: a saved kernel, 4 levels", .arch = X86, .cpu = "max", .mode = 4,
	  .entry = PURG_ENTRY_RESTORE, .va = RESTORE_VA, .want = { RESTORED, RESTORE_REGS, "cr4=0x20 ", RESTORE_END } },
	{ .name = "x86_64: a saved kernel, 5 levels", .arch = X86, .cpu = "max", .mode = 5,
	  .entry = PURG_ENTRY_RESTORE, .va = RESTORE_VA, .paging = PURG_PAGING_5LEVEL,
	  .want = { RESTORED, RESTORE_REGS, "cr4=0x1020 ", RESTORE_END } },
	{ .name = "x86_64: a saved kernel with 4 levels, 5 here", .arch = X86, .cpu = "max", .mode = 5,
	  .entry = PURG_ENTRY_RESTORE, .va = RESTORE_VA, .paging = PURG_PAGING_4LEVEL, .unpack = UNPACK_ALL,
	  .want = { RESTORED, RESTORE_REGS, "cr4=0x20 ", RESTORE_END } },
	{ .name = "x86_64: a saved kernel with 5 levels, 4 here", .arch = X86, .cpu = "max,pdpe1gb=off",
	  .mode = 4, .entry = PURG_ENTRY_RESTORE, .va = RESTORE_VA, .paging = PURG_PAGING_5LEVEL,
	  .unpack = UNPACK_ALL, .want = { RESTORED, RESTORE_REGS, "cr4=0x1020 ", RESTORE_END } },
	{ .name = "x86_64: a saved kernel, other CPUs stopped", .arch = X86, .cpu = "max", .mode = 4,
	  .entry = PURG_ENTRY_RESTORE, .va = RESTORE_VA, .flags = PURG_F_STOP_CPUS, .cpus = 3,
	  .corrupt = 1, .on_fail = PURG_FAIL_HALT, .halts = 1, .want = { "...; halted\r\n" } },
	{ .name = "x86_64: a saved kernel, no page of 2 MiB for both", REFUSED_RESTORE,
	  .va = RESTORE_VA + 0x1000, .want = { BLOCK "restored kernel's addresses differ in their low 21 bits; resetting" } },
	{ .name = "x86_64: a saved kernel in no region", REFUSED_RESTORE, .va = RESTORE_VA, .pc = 0x60000000,
	  .want = { BLOCK "restored kernel's entry point in no region; resetting" } },
	{ .name = "x86_64: a saved kernel, cr3 with PCID", REFUSED_RESTORE, .va = RESTORE_VA, .cr3 = RESTORE_CR3 + 1,
	  .want = { BLOCK "restored kernel's cr3 is not the address of a page; resetting" } },
	{ .name = "x86_64: a saved kernel, cr3 with bit 63", REFUSED_RESTORE, .va = RESTORE_VA,
	  .cr3 = RESTORE_CR3 + (1ULL << 63),
	  .want = { BLOCK "restored kernel's cr3 is not the address of a page; resetting" } },
	{ .name = "x86_64: a saved kernel in the lower half", REFUSED_RESTORE, .va = 0x7fffa5200000,
	  .want = { "page tables: none for the restored kernel's entry point; resetting" } },
	{ .name = "x86_64: a saved kernel whose address needs 5 levels", REFUSED_RESTORE, .va = 0xff00000000000000,
	  .want = { "page tables: none for the restored kernel's entry point; resetting" } },
	{ .name = "x86_64: a saved kernel, 5 levels this CPU has not", .arch = X86, .cpu = "qemu64", .mode = 4,
	  .entry = PURG_ENTRY_RESTORE, .paging = PURG_PAGING_5LEVEL, .va = RESTORE_VA, .never = "PAYLOAD",
	  .want = { BLOCK "5 levels, which this CPU has not; resetting" } },
	{ .name = "x86_64: a saved kernel that slept", .arch = X86, .cpu = "max", .mode = 4,
	  .entry = PURG_ENTRY_WOKEN,
	  .want = { " regions verified, going on with the saved kernel at 0x30000000\r\n",
		    "PAYLOAD ", " rbx=0xbac ", " rdi=0x2000000 ", " cr4=0x20 " }, .never = "SHA-256" },
	{ .name = "x86_64: a saved kernel that slept, 5 levels, 4 here", .arch = X86, .cpu = "max",
	  .mode = 4, .entry = PURG_ENTRY_WOKEN, .paging = PURG_PAGING_5LEVEL, .unpack = UNPACK_ALL,
	  .want = { "PAYLOAD ", " rbx=0xbac ", " rdi=0x2000000 ", " cr4=0x1020 " }, .never = "SHA-256" },
	{ .name = "x86_64: a saved kernel that slept, 4 levels, 5 here", .arch = X86, .cpu = "max",
	  .mode = 5, .entry = PURG_ENTRY_WOKEN, .paging = PURG_PAGING_4LEVEL,
	  .want = { "PAYLOAD ", " rbx=0xbac ", " rdi=0x2000000 ", " cr4=0x20 " }, .never = "SHA-256" },
	{ .name = "x86_64: a saved kernel that slept, in no region", .arch = X86, .cpu = "max", .mode = 4,
	  .entry = PURG_ENTRY_WOKEN, .pc = 0x60000000, .never = "PAYLOAD",
	  .want = { BLOCK "woken kernel's return address in no region; resetting" } },
	{ .name = "x86_64: 32-bit entry from 4 levels", .arch = X86, .cpu = "max", .mode = 4,
	  .entry = PURG_ENTRY_X86_32,
	  .want = { VERIFIED "4000000\r\n",
		    "rbx=0x0 rcx=0x0 rdx=0x0 rsi=0x9a000 rdi=0x0 rbp=0x0", "cr0=0x11 cr4=0x0 ", SEL } },
	{ .name = "x86_64: 32-bit entry from 5 levels", .arch = X86, .cpu = "max", .mode = 5,
	  .entry = PURG_ENTRY_X86_32,
	  .want = { VERIFIED "4000000\r\n",
		    "rbx=0x0 rcx=0x0 rdx=0x0 rsi=0x9a000 rdi=0x0 rbp=0x0", "cr0=0x11 cr4=0x0 ", SEL } },
	{ .name = "x86_64: corrupted region, reset", .arch = X86, .cpu = "max", .mode = 4,
	  .entry = PURG_ENTRY_X86_64, .corrupt = 1,
	  .want = { "kexec purgatory: initrd [0x140000000-0x14030007a]: SHA-256 is ", "..., expected ",
		    "...; resetting\r\n" }, .never = "PAYLOAD" },
	{ .name = "x86_64: corrupted region, halt", .arch = X86, .cpu = "max", .mode = 5,
	  .entry = PURG_ENTRY_X86_64, .corrupt = 1, .on_fail = PURG_FAIL_HALT, .halts = 1,
	  .flags = PURG_F_QUIET,
	  .want = { "kexec purgatory: initrd [0x140000000-", "...; halted\r\n" }, .never = "PAYLOAD" },
	{ .name = "x86_64: exception", .arch = X86, .cpu = "max", .mode = 4,
	  .entry = PURG_ENTRY_X86_64, .initrd_pa = 1ULL << 46,
	  .want = { "kexec purgatory: exception 14, error code 0x", ", rip 0x200",
		    ", cr2 0x400000000000; resetting\r\n" }, .never = "PAYLOAD" },
	{ .name = "x86_64: stuck console", .arch = X86, .cpu = "max", .mode = 4,
	  .entry = PURG_ENTRY_X86_64, .stuck = 0x60000000,
	  .want = { VERIFIED "50000000\r\n", "PAYLOAD " REGS64 } },
	{ .name = "arm64: EL1", .arch = ARM, .cpu = "max", .entry = PURG_ENTRY_ARM64,
	  .want = { VERIFIED "46000000\r\n", ARMREGS "el=0x1 daif=0x3c0" } },
	{ .name = "arm64: EL2", .arch = ARM, .cpu = "max", .entry = PURG_ENTRY_ARM64, .el2 = 1,
	  .want = { VERIFIED "46000000\r\n", ARMREGS "el=0x2 daif=0x3c0", "hcr=0x80000000 END" } },
	{ .name = "arm64: EL2 with E2H", .arch = ARM, .cpu = "max", .entry = PURG_ENTRY_ARM64,
	  .el2 = 1, .mode = MODE_E2H | MODE_TGE,
	  .want = { VERIFIED "46000000\r\n", ARMREGS "el=0x2 daif=0x3c0", "hcr=0x488000000 END" } },
	{ .name = "arm64: EL1, Cortex-A53, quiet", .arch = ARM, .cpu = "cortex-a53",
	  .entry = PURG_ENTRY_ARM64, .flags = PURG_F_QUIET,
	  .want = { ARMREGS "el=0x1 daif=0x3c0" }, .never = "kexec purgatory" },
	{ .name = "arm64: corrupted region, reset by hvc", .arch = ARM, .cpu = "max",
	  .entry = PURG_ENTRY_ARM64, .corrupt = 1,
	  .want = { "kexec purgatory: initrd [0x49000000-0x4930007a]: SHA-256 is ", "..., expected ",
		    "...; resetting\r\n" }, .never = "PAYLOAD" },
	{ .name = "arm64: corrupted region, reset by smc", .arch = ARM, .cpu = "max", .el2 = 1,
	  .entry = PURG_ENTRY_ARM64, .corrupt = 1, .mode = MODE_E2H | MODE_TGE,
	  .want = { "...; resetting\r\n" }, .never = "PAYLOAD" },
	{ .name = "arm64: corrupted region, halt", .arch = ARM, .cpu = "max",
	  .entry = PURG_ENTRY_ARM64, .corrupt = 1, .on_fail = PURG_FAIL_HALT, .halts = 1,
	  .want = { "...; halted\r\n" }, .never = "PAYLOAD" },
	{ .name = "arm64: exception at EL1", .arch = ARM, .cpu = "max", .entry = PURG_ENTRY_ARM64,
	  .initrd_pa = 1ULL << 55,
	  .want = { "kexec purgatory: data abort at EL1, vector 4, ESR 0x9600", " ELR 0x4400",
		    " FAR 0x80000000000000; resetting\r\n" }, .never = "PAYLOAD" },
	{ .name = "arm64: exception at EL2 with E2H", .arch = ARM, .cpu = "max", .el2 = 1, .mode = MODE_E2H | MODE_TGE,
	  .entry = PURG_ENTRY_ARM64, .initrd_pa = 1ULL << 55,
	  .want = { "kexec purgatory: data abort at EL2, vector 4, ESR 0x9600",
		    "; resetting\r\n" }, .never = "PAYLOAD" },
	{ .name = "arm64: SHA2 instructions", .arch = ARM, .cpu = "max", .entry = PURG_ENTRY_ARM64,
	  .payload = "sha256-arm64.bin", .want = { "SHA2: 300 of 300 equal", "four: 300 of 300 equal" } },
	{ .name = "arm64: LZ4, unaligned accesses fault", .arch = ARM, .cpu = "max",
	  .entry = PURG_ENTRY_ARM64, .payload = "lz4-arm64.bin",
	  .want = { "LZ4: 300 of 300 equal, 0 unaligned", "LZ4: unaligned accesses are seen" } },
	{ .name = "arm64: stuck console", .arch = ARM, .cpu = "max", .entry = PURG_ENTRY_ARM64,
	  .stuck = 0x4a000000,
	  .want = { VERIFIED "46000000\r\n", ARMREGS } },
	{ .name = "arm64: console that faults, reset all the same", .arch = ARM, .cpu = "max",
	  .entry = PURG_ENTRY_ARM64, .stuck = 1ULL << 55, .never = "PAYLOAD" },
};

/* The same on several machines; a scene's name is the machine's and the case's. */
#define ON_X86		1
#define ON_EL1		2
#define ON_EL2		4
#define ON_VHE		8
#define ON_HVHE		16
#define ON_ARM		(ON_EL1 | ON_EL2 | ON_VHE | ON_HVHE)
#define ON_THREE	(ON_EL1 | ON_EL2 | ON_VHE)

static const struct scene machines[] = {
	{ .name = "x86_64", .arch = X86, .cpu = "max", .mode = 4, .entry = PURG_ENTRY_X86_64 },
	{ .name = "arm64 EL1", .arch = ARM, .cpu = "max", .entry = PURG_ENTRY_ARM64 },
	{ .name = "arm64 EL2", .arch = ARM, .cpu = "max", .entry = PURG_ENTRY_ARM64, .el2 = 1 },
	{ .name = "arm64 VHE", .arch = ARM, .cpu = "max", .entry = PURG_ENTRY_ARM64, .el2 = 1,
	  .mode = MODE_E2H | MODE_TGE },
	{ .name = "arm64 VHE, TGE 0", .arch = ARM, .cpu = "max", .entry = PURG_ENTRY_ARM64,
	  .el2 = 1, .mode = MODE_E2H },
};

/* What the payload says, by machines[].arch. */
static const char *const payload_says[] = { [X86] = "PAYLOAD " REGS64, [ARM] = ARMREGS };

#define REFUSED		.never = "PAYLOAD"
#define WALKED		.walk = 1, .corrupt = 1, .on_fail = PURG_FAIL_HALT, .halts = 1, \
			.never = "PAYLOAD"
#define HIGH(bit)	((1ULL << (bit)) + 0x7770000)

static const struct {
	unsigned int on;
	struct scene s;
} cases[] = {
	{ ON_ARM, { .name = "stops a GICv3", .mode = MODE_GIC, .gic = 1, .corrupt = 1,
		    .on_fail = PURG_FAIL_HALT, .halts = 1, .never = "PAYLOAD",
		    .want = { "KiB\r\n", "...; halted\r\n" } } },
	{ ON_EL1, { .name = "leaves a GICv3 that it does not know", .mode = MODE_GIC, .gic = 2,
		    .corrupt = 1, .on_fail = PURG_FAIL_HALT, .halts = 1,
		    .never = "PAYLOAD", .want = { "KiB\r\n", "...; halted\r\n" } } },
	{ ON_ARM, { .name = "stops a GICv3 and hands over", .mode = MODE_GIC, .gic = 1,
		    .never = "did not stop" } },
	{ ON_ARM, { .name = "gives a GICv3 a saved kernel's tables", .mode = MODE_GIC, .gic = 3,
		    .never = "GIC:" } },
	{ ON_ARM, { .name = "the same without map", .mode = MODE_GIC, .gic = 3,
		    .flags = PURG_F_NO_MAP, .never = "GIC:" } },
	{ ON_EL1, { .name = "the same, caches watched", .el2 = 1, .mode = MODE_WATCH, .gic = 3,
		    .never = "GIC:" } },
	{ ON_ARM, { .name = "hands over", .timing = 1, .never = "caches off" } },
	{ ON_ARM, { .name = "hands over without map", .timing = 1, .flags = PURG_F_NO_MAP,
		    .want = { " KiB, caches off: " } } },
	{ ON_X86 | ON_ARM, { .name = "says how long it took", .timing = 1, .flags = PURG_F_TIMING,
			     .want = { "kexec purgatory: map ", ", verify ", ", unpack ", ", all " } } },
	{ ON_X86 | ON_ARM, { .name = "staged", .entry = PURG_ENTRY_STAGED, REFUSED,
			     .want = { "holds a kernel staged for kexec -e, not a crash kernel: no dump; "
				       "resetting\r\n" } } },
	{ ON_ARM, { .name = "4K pages", WALKED, .want = { "KiB\r\n", "...; halted\r\n" } } },
	{ ON_ARM, { .name = "16K pages", WALKED, .page_shift = 14,
		    .want = { "KiB\r\n", "...; halted\r\n" } } },
	{ ON_ARM, { .name = "64K pages", WALKED, .page_shift = 16,
		    .want = { "KiB\r\n", "...; halted\r\n" } } },
	{ ON_ARM, { .name = "4K pages, 52 bits", WALKED, .far_pa = HIGH(50),
		    .want = { "KiB\r\n", "...; halted\r\n" } } },
	{ ON_ARM, { .name = "16K pages, 52 bits", WALKED, .page_shift = 14, .far_pa = HIGH(51),
		    .want = { "KiB\r\n", "...; halted\r\n" } } },
	{ ON_ARM, { .name = "64K pages, 52 bits", WALKED, .page_shift = 16, .far_pa = HIGH(48),
		    .want = { "KiB\r\n", "...; halted\r\n" } } },
	{ ON_ARM, { .name = "above 4 TiB", WALKED, .far_pa = HIGH(43),
		    .want = { "KiB\r\n", "...; halted\r\n" } } },
	{ ON_ARM, { .name = "half a page", WALKED, .odd = 512, .unmapped = 1,
		    .want = { " KiB, caches off: a region is not made of whole pages\r\n",
			      "...; halted\r\n" } } },
	{ ON_EL1, { .name = "caches watched", .el2 = 1, .mode = MODE_WATCH, .timing = 1,
		    .unpack = UNPACK_ALL, .never = "caches off" } },
	{ ON_EL1, { .name = "caches watched, 5000 records", .el2 = 1, .mode = MODE_WATCH, .timing = 1,
		    .unpack = UNPACK_MANY, .never = "caches off" } },
	{ ON_EL1, { .name = "caches watched, no map", .el2 = 1, .mode = MODE_WATCH, .timing = 1,
		    .unpack = UNPACK_ALL, .flags = PURG_F_NO_MAP, .want = { ", caches off: " } } },
	{ ON_ARM, { .name = "16K pages hand over", .page_shift = 14, .unpack = UNPACK_ALL,
		    .never = "caches off" } },
	{ ON_ARM, { .name = "64K pages hand over", .page_shift = 16, .unpack = UNPACK_ALL,
		    .never = "caches off" } },
	{ ON_ARM, { .name = "52 bits hand over", .far_pa = HIGH(49), .unpack = UNPACK_ALL,
		    .never = "caches off" } },
	{ ON_EL1 | ON_EL2, { .name = "16K pages wanted, 4K there", .cpu = "cortex-a72",
			     .page_shift = 14, .never = "caches off" } },
	{ ON_EL1 | ON_EL2, { .name = "Cortex-A57", .cpu = "cortex-a57", .never = "caches off" } },
	{ ON_ARM, { .name = "16K pages wanted, not there", .cpu = "a64fx", .page_shift = 14,
		    .never = "caches off" } },
	{ ON_THREE, { .name = "4K pages, but half of one", .page_shift = 14, .odd = 4096,
		      .never = "caches off" } },
	{ ON_ARM, { .name = "52 bits wanted, 48 there", .cpu = "a64fx", .far_pa = HIGH(50),
		    .want = { "caches off: the CPU has fewer address bits\r\n" } } },
	{ ON_ARM, { .name = "no FP/SIMD", .cpu = "max,vfp=off,neon=off", .never = "caches off" } },
	{ ON_EL1 | ON_VHE, { .name = "streaming mode", .mode = MODE_STREAMING,
			     .never = "caches off" } },
	{ ON_X86 | ON_ARM, { .name = "unpacks", .unpack = UNPACK_ALL, .timing = 1,
			     .want = { ", unpacking 17 records\r\n" } } },
	{ ON_ARM, { .name = "unpacks without map", .unpack = UNPACK_ALL, .timing = 1,
		    .flags = PURG_F_NO_MAP, .want = { "records, caches off: " } } },
	{ ON_X86 | ON_ARM, { .name = "unpacks 5000 records", .unpack = UNPACK_MANY, .timing = 1,
			     .want = { ", unpacking 5000 records\r\n" } } },
	{ ON_X86 | ON_THREE, { .name = "a bit of a raw source", .unpack = UNPACK_ALL, .flip = FLIP_RAW,
			       REFUSED, .want = { "kexec purgatory: packed [0x",
						  "]: SHA-256 is ", "...; resetting\r\n" } } },
	{ ON_X86 | ON_THREE, { .name = "a bit of a packed block", .unpack = UNPACK_ALL,
			       .flip = FLIP_BLOCK, REFUSED,
			       .want = { "kexec purgatory: packed [0x", "]: SHA-256 is ",
					 "...; resetting\r\n" } } },
	{ ON_X86 | ON_THREE, { .name = "a bit of the list", .unpack = UNPACK_ALL, .flip = FLIP_LIST,
			       REFUSED, .want = { "kexec purgatory: packed [0x", "]: SHA-256 is ",
						  "...; resetting\r\n" } } },
	{ ON_X86 | ON_THREE, { .name = "a bit of a destination", .unpack = UNPACK_ALL,
			       .flip = FLIP_AFTER, REFUSED,
			       .want = { "kexec purgatory: target [0x", "]: SHA-256 is ",
					 "...; resetting\r\n" } } },
	{ ON_X86 | ON_THREE, { .name = "a bit of a raw source, unverified", .unpack = UNPACK_ALL,
			       .flip = FLIP_RAW, .loose = 1, REFUSED,
			       .want = { "kexec purgatory: target [0x", "]: SHA-256 is ",
					 "...; resetting\r\n" } } },
	{ ON_X86 | ON_THREE, { .name = "a bit of a packed block, unverified", .unpack = UNPACK_ALL,
			       .flip = FLIP_BLOCK, .loose = 1, REFUSED,
			       .want = { "kexec purgatory: unpack record 5 of 17, to 0x",
					 "; resetting\r\n" } } },
	{ ON_X86 | ON_THREE, { .name = "a bit of the list, unverified", .unpack = UNPACK_ALL,
			       .flip = FLIP_LIST, .loose = 1, REFUSED,
			       .want = { "kexec purgatory: unpack record 2 of 17, to 0x",
					 ": unknown codec; resetting\r\n" } } },
	{ ON_THREE, { .name = "a bit of a packed block, unverified, no map", .unpack = UNPACK_ALL,
		      .flip = FLIP_BLOCK, .loose = 1, .flags = PURG_F_NO_MAP, REFUSED,
		      .want = { "kexec purgatory: unpack record 5 of 17, to 0x", "; resetting\r\n" } } },
	{ ON_THREE, { .name = "exception on the map", .initrd_pa = 1ULL << 42, REFUSED,
		      .want = { "KiB\r\n", "kexec purgatory: data abort at EL", ", vector 4, ESR 0x96",
				" FAR 0x40000000000; resetting\r\n" } } },
	{ ON_X86 | ON_ARM, { .name = "digest of quarters", .quarters = 1 } },
	{ ON_ARM, { .name = "digest of quarters, no SHA2", .quarters = 1, .flags = PURG_F_NO_SHA2,
		    .never = "caches off" } },
	{ ON_THREE, { .name = "digest of quarters, no SHA2, no map", .quarters = 1,
		      .flags = PURG_F_NO_SHA2 | PURG_F_NO_MAP, .want = { "caches off: " } } },
	{ ON_EL1, { .name = "digest of quarters, no FP/SIMD", .quarters = 1,
		    .cpu = "max,vfp=off,neon=off", .never = "caches off" } },
	{ ON_THREE, { .name = "a bit of quarters, no SHA2", .quarters = 1, .corrupt = 1,
		      .flags = PURG_F_NO_SHA2, REFUSED,
		      .want = { "kexec purgatory: initrd [0x", "]: SHA-256 is ", "...; resetting\r\n" } } },
	{ ON_X86 | ON_ARM, { .name = "digests of parts", .parts = 20 } },
	{ ON_X86, { .name = "digests of parts, no AVX2", .parts = 20, .cpu = "max,avx2=off" } },
	{ ON_X86, { .name = "digests of parts, no XSAVE", .parts = 20, .cpu = "max,xsave=off" } },
	{ ON_ARM, { .name = "digests of parts, no SHA2", .parts = 20, .flags = PURG_F_NO_SHA2,
		    .never = "caches off" } },
	{ ON_THREE, { .name = "digests of parts, no SHA2, no map", .parts = 20,
		      .flags = PURG_F_NO_SHA2 | PURG_F_NO_MAP, .want = { "caches off: " } } },
	{ ON_X86 | ON_THREE, { .name = "a bit of a part", .parts = 20, .corrupt = 1, REFUSED,
		      .want = { "kexec purgatory: part 19 of 20 [0x", "]: SHA-256 is ",
				"...; resetting\r\n" } } },
	{ ON_THREE, { .name = "no SHA2, instructions counted", .initrd_len = 16 << 20, .quarters = 1,
		      .flags = PURG_F_NO_SHA2, .most = 1100, .never = "caches off" } },
	{ ON_EL1, { .name = "portable C, instructions counted", .initrd_len = 4 << 20,
		    .cpu = "max,vfp=off,neon=off", .most = 3000, .never = "caches off" } },
	{ ON_THREE, { .name = "SHA2, instructions counted", .initrd_len = 16 << 20, .most = 200,
		      .never = "caches off" } },
};

static const char *dir;
static const struct scene *current;

static void machine_args(struct args *a, const struct world *w)
{
	const struct scene *s = w->s;

	arg(a, "%s", places[s->arch].qemu);
	arg(a, "-nodefaults"); arg(a, "-display"); arg(a, "none"); arg(a, "-no-reboot");
	arg(a, "-accel"); arg(a, "tcg");
	if (s->most || getenv("PURG_TEST_ICOUNT")) {	/* 1 instruction = 1 ns */
		arg(a, "-icount"); arg(a, "shift=0,sleep=off");
	}
	arg(a, "-cpu"); arg(a, "%s", s->cpu);
	arg(a, "-M");
	if (s->arch == X86) {
		arg(a, "pc,memory-backend=ram");
		arg(a, "-smp"); arg(a, "%d", s->cpus ? s->cpus : 1);
		arg(a, "-vga"); arg(a, "std");
		arg(a, "-device"); arg(a, "isa-debug-exit,iobase=0xf4");
		arg(a, "-kernel"); arg(a, "%s/stub-x86_64.elf", w->built);
	} else {
		arg(a, "virt,memory-backend=ram,virtualization=%s,gic-version=%d", s->el2 ? "on" : "off",
		    s->gic ? 3 : 2);
		arg(a, "-smp"); arg(a, "%d", s->gic ? 2 : 1);
		arg(a, "-device"); arg(a, "loader,addr=%#x,cpu-num=0", GUEST_STUB);
	}
}

static void check_text(struct world *w)
{
	const struct scene *s = w->s;

	for (int i = 0; i < WANTS && s->want[i]; i++)
		if (!test_report(!!strstr(w->vm.text, s->want[i]), s->name, 0, s->want[i]))
			printf("# got: %s\n", w->vm.text);
	if (s->never && !test_report(!strstr(w->vm.text, s->never), s->name, 0, s->never))
		printf("# got: %s\n", w->vm.text);
	if (getenv("PURG_TEST_VERBOSE"))
		printf("# %s\n", w->vm.text);
}

static void run(struct world *w)
{
	const struct scene *s = w->s;
	struct args a = { .n = 0 };
	char answer[8192];

	machine_args(&a, w);
	if (!CHECK(vm_start(&w->vm, &a, &w->ram) == 0))
		return;
	/* The prompt is there early; an answer comes when the machine is made. */
	if (!CHECK(vm_monitor(&w->vm, "", answer, sizeof(answer))) ||
	    !CHECK(vm_monitor(&w->vm, "info status", answer, sizeof(answer))))
		goto out;
	if (s->arch == ARM)
		CHECK(scene_snapshot(w));
	CHECK(vm_monitor(&w->vm, "cont", answer, sizeof(answer)));
	if (s->halts) {
		/* It has to stay: 0.3 s for a machine that would reset at once. */
		CHECK(vm_collect(&w->vm, s->want[1] ? s->want[1] : s->want[0]) == 1);
		usleep(300000);
		if (CHECK(vm_alive(&w->vm)) && s->walk)
			CHECK(scene_walk(w));
		if (s->cpus)
			CHECK(scene_stopped(w));
		if (s->gic)
			CHECK(scene_gic(w));
	} else {
		CHECK(vm_collect(&w->vm, NULL) == 0);
	}
	check_text(w);
	if (strstr(w->vm.text, "PAYLOAD") && s->va)
		CHECK(strstr(w->vm.text, " gs=0xff11000012345678 efer=0xd01 END") &&
		      strstr(w->vm.text, " cr0=0x80010011 "));
	if (strstr(w->vm.text, "PAYLOAD"))
		CHECK(scene_check(w));
out:
	vm_kill(&w->vm);
	args_deinit(&a);
}

static void run_scene(void)
{
	static struct world w;
	int a = current->arch, missing;
	uint64_t watched;	/* more memory, for the monitor */
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "command -v %s >/dev/null", places[a].qemu);
	if (system(cmd))
		TEST_SKIP("no qemu");
	memset(&w, 0, sizeof(w));
	w.s = current;
	snprintf(w.built, sizeof(w.built), "%s/test", dir);
	watched = current->mode & MODE_WATCH && a == ARM ? WATCH_END - WATCH_RAM - places[a].ram_len : 0;
	if (!CHECK(ram_init(&w.ram, places[a].ram_len + watched, places[a].ram_low,
			    places[a].low_len + watched, places[a].ram_high) == 0))
		return;
	missing = scene_memory(&w, dir);
	if (missing == 1) {
		test_skipped = "this purgatory was not built";
	} else if (CHECK(!missing)) {
		run(&w);
		if (current->preserve)
			CHECK(scene_jump(&w));
	}
	if (current->unpack)
		unpack_plan_deinit(&w.unpack);
	free(w.want);
	free(w.before);
	ram_deinit(&w.ram);
}

/* cases[] on machines[]: what the case says, or else the machine. */
static struct scene combine(const struct scene *machine, const struct scene *c)
{
	struct scene s = *c;
	char *name;

	if (asprintf(&name, "%s: %s", machine->name, c->name) < 0)
		abort();
	s.name = name;
	s.arch = machine->arch;
	s.cpu = c->cpu ? c->cpu : machine->cpu;
	s.mode = machine->mode | c->mode;
	s.el2 = machine->el2 | c->el2;
	s.entry = c->entry ? c->entry : machine->entry;
	if (!c->never || strcmp(c->never, "PAYLOAD"))
		s.want[3] = c->want[3] ? c->want[3] : payload_says[s.arch];
	for (int i = 0; i < 3; i++)	/* no gaps */
		if (!s.want[i]) {
			s.want[i] = s.want[3];
			s.want[3] = NULL;
			break;
		}
	return s;
}

/* The table of test.h has functions without argument: one scene at a time. */
static int run_one(const struct scene *s, size_t number, const char *part)
{
	struct test t = { s->name, run_scene };

	if (part && !strstr(s->name, part))
		return 0;
	current = s;
	return test_run(&t, number);
}

int main(int argc, char **argv)
{
	const size_t count = sizeof(scenes) / sizeof(scenes[0]);
	size_t n = count;
	int failures = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: qemu DIR [PART-OF-SCENE-NAME]\n");
		return 2;
	}
	dir = argv[1];
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < count; i++)
		failures += run_one(&scenes[i], i + 1, argv[2]);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t m = 0; m < sizeof(machines) / sizeof(machines[0]); m++) {
			struct scene s;

			if (!(cases[i].on >> m & 1))
				continue;
			s = combine(&machines[m], &cases[i].s);
			failures += run_one(&s, ++n, argv[2]);
			free((char *)(uintptr_t)s.name);
		}
	printf("1..%zu\n", n);
	return failures != 0;
}
