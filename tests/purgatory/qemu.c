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
#include <endian.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "purgatory/abi.h"
#include "purgatory/sha256.h"
#include "../unit/test.h"
#include "guest-arm64.h"
#include "machine.h"
#include "unpack-plan.h"

#define INITRD_LEN	(3 * 1024 * 1024 + 123)
#define PAGE_64K	0x10000ULL	/* whole pages for every granule */
#define TIMING_OFF	0x104		/* in its region: aligned to 4 and no more */

enum { X86, ARM };

struct scene {
	const char *name;
	int arch;
	const char *cpu;	/* -cpu */
	uint32_t mode;		/* x86: levels; arm64: MODE_* */
	int el2;
	uint32_t entry;
	uint32_t paging, flags, on_fail;
	int corrupt;		/* one bit of the initrd, after its digest */
	uint64_t initrd_pa;	/* no memory is there; 0 = the usual one */
	uint64_t initrd_len;	/* 0 = INITRD_LEN */
	uint64_t stuck;		/* an MMIO console here, whose transmitter is never ready */
	int vga;
	const char *payload;	/* another than the usual one */
	int halts;		/* the machine must not end by itself */
	int timing;		/* a timing record */
	uint32_t page_shift;	/* 0 = 12 */
	uint64_t far_pa;	/* a region that is mapped and not looked at */
	uint64_t odd;		/* bytes that the initrd's region is too short by */
	enum unpack_kind unpack;
	enum unpack_flip flip;
	int loose;		/* the packed region is not verified */
	int walk;		/* ask the monitor what is mapped */
	int unmapped;		/* ... and that MMU is off */
	int preserve;		/* x86: left by a kernel that wants to return; which code[] */
	uint32_t most;		/* instructions for 100 bytes, all included */
	const char *want[4];
	const char *never;
};

#define REGS64 "rax=0x0 rbx=0x0 rcx=0x0 rdx=0x0 rsi=0x9a000 rdi=0x0 rbp=0x0 rsp=0x50100000 r8=0x0 " \
	       "r9=0x0 r10=0x0 r11=0x0 r12=0x0 r13=0x0 r14=0x0 r15=0x0 "
#define SEL " sel=0x10001800180018 END"
#define VERIFIED "kexec purgatory: 2 regions verified, entering kernel at 0x"
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
		    " rbx=0xbac ", " rdi=0x2000000 " } },
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
	  .want = { "PAYLOAD ", " cr4=0x1020 ", " rbx=0xbac ", " rdi=0x2000000 " } },
	{ .name = "x86_64: there and back, 4 levels here", .arch = X86, .cpu = "max", .mode = 4,
	  .entry = PURG_ENTRY_RETURN, .preserve = 3, .paging = PURG_PAGING_5LEVEL,
	  .want = { "PAYLOAD ", " rbx=0xbac ", " cr4=0x20 ", " rdi=0x2000000 " } },
	{ .name = "x86_64: a function that faults", .arch = X86, .cpu = "max", .mode = 4,
	  .entry = PURG_ENTRY_CALL, .preserve = 2,
	  .want = { "kexec purgatory: exception 6, error code 0x0, rip 0x30000000, cr2 0x",
		    "; resetting\r\n" }, .never = "PAYLOAD" },
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
	  .payload = "sha256-arm64.bin", .want = { "SHA2: 300 of 300 equal" } },
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
	{ ON_THREE, { .name = "SHA2, instructions counted", .initrd_len = 16 << 20, .most = 200,
		      .never = "caches off" } },
};

static const struct {
	const char *name, *qemu, *payload, *payload32;
	uint64_t base, payload_pa, payload32_pa, initrd_pa, timing_pa;
	uint64_t packed_pa, target_pa, moves_pa;
	uint64_t ram_len, ram_low, low_len, ram_high;
} arch[] = {
	[X86] = { "x86_64", "qemu-system-x86_64", "payload-x86_64.bin", "payload-x86_32.bin",
		  0x2000000, 0x50000000, 0x4000000, 0x140000000, 0x3000000,
		  0x148000000, 0x70000000, 0x150000000,
		  /* hw/i386/pc_piix.c: 3 GiB below 4 GiB */
		  6ULL << 30, 0, 3ULL << 30, 4ULL << 30 },
	[ARM] = { "arm64", "qemu-system-aarch64", "payload-arm64.bin", "", 0x44000000,
		  0x46000000, 0, 0x49000000, 0x45000000,
		  0x4c000000, 0x4d000000, 0x4e000000,
		  256 << 20, 0x40000000, 256 << 20, 0 },
};

struct bytes {
	uint8_t *p;
	size_t len;
};

/* One running scene. */
struct world {
	const struct scene *s;
	char built[512];
	struct ram ram;
	struct vm vm;
	struct purg_param p;
	struct unpack_plan unpack;
	uint64_t payload_pa, initrd_pa, timing_pa;
	uint8_t *want;		/* what all of memory has to be; arm64 */
};

static const char *dir;
static const struct scene *current;

static struct bytes slurp(const char *in, const char *name)
{
	char path[600];
	struct bytes b = { NULL, 0 };
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", in, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return b;
	if (!fstat(fd, &st) && st.st_size && (b.p = malloc((size_t)st.st_size))) {
		ssize_t n = read(fd, b.p, (size_t)st.st_size);

		b.len = n > 0 ? (size_t)n : 0;
	}
	close(fd);
	return b;
}

static void put(struct world *w, uint64_t pa, const void *bytes, uint64_t len)
{
	uint8_t *to = ram_at(&w->ram, pa);

	if (CHECK(to))
		memcpy(to, bytes, len);
}

/* Recognisable bytes before and behind [@pa, @pa + @len), which must stay. */
static void put_fence(struct world *w, uint64_t pa, uint64_t len)
{
	uint8_t *start = ram_at(&w->ram, pa), *end = ram_at(&w->ram, pa + len);

	for (uint64_t i = 0; i < 8192; i++) {
		start[-1 - (int64_t)i] = (uint8_t)(0x5a ^ i);
		end[i] = (uint8_t)(0xa5 ^ i);
	}
}

static uint64_t whole(uint64_t len)
{
	return (len + PAGE_64K - 1) & ~(PAGE_64K - 1);
}

static struct purg_region *add_region(struct world *w, const char *name, uint64_t pa,
				      const void *bytes, uint64_t len, uint64_t mem_len, uint32_t flags)
{
	struct purg_region *r = &w->p.region[w->p.region_count++];
	struct sha256 s;

	r->pa = pa;
	r->len = len;
	r->mem_len = mem_len;
	r->flags = flags;
	snprintf(r->name, sizeof(r->name), "%s", name);
	sha256_init(&s, sha256_blocks_portable);
	sha256_update(&s, bytes, len);
	sha256_final(&s, r->sha256);
	return r;
}

static void add_console(struct purg_param *p, uint32_t kind, uint64_t addr, uint32_t shift)
{
	p->console[p->console_count++] = (struct purg_console){
		.kind = kind, .addr = addr, .reg_shift = shift, .reg_width = 1u << shift,
	};
}

static void make_head(struct world *w)
{
	const struct scene *s = w->s;
	struct purg_param *p = &w->p;

	*p = (struct purg_param){
		.magic = PURG_MAGIC, .version = PURG_VERSION, .size = sizeof(*p),
		.flags = s->flags, .on_fail = s->on_fail, .paging = s->paging,
		.psci = s->arch == X86 ? PURG_PSCI_NONE : s->el2 ? PURG_PSCI_SMC : PURG_PSCI_HVC,
		.base = arch[s->arch].base, .page_shift = s->page_shift ? s->page_shift : 12,
		.pool_len = s->page_shift || s->far_pa ? 0x100000 : PURG_POOL_MIN,
		.entry_kind = s->entry, .pc = w->payload_pa,
	};
	if (s->stuck)
		add_console(p, PURG_CONSOLE_8250_MMIO, s->stuck, 2);
	if (s->arch == X86) {
		p->reg[0] = 0x9a000;
		p->reg[1] = s->entry == PURG_ENTRY_X86_64 ? 0x50100000 : 0;
		add_console(p, PURG_CONSOLE_8250_PORT, 0x3f8, 0);
		if (s->vga)
			add_console(p, PURG_CONSOLE_VGA_TEXT, 0xb8000, 0);
	} else {
		p->reg[0] = 0x1234567890ab;
		add_console(p, PURG_CONSOLE_PL011, 0x09000000, 0);
	}
}

static void make_initrd(struct world *w)
{
	const struct scene *s = w->s;
	uint64_t len = s->initrd_len ? s->initrd_len : INITRD_LEN;
	uint8_t *initrd = malloc(len);

	if (!CHECK(initrd))
		return;
	for (uint64_t i = 0; i < len; i++)
		initrd[i] = (uint8_t)(i * 2654435761u >> 13);
	add_region(w, "initrd", w->initrd_pa, initrd, len, whole(len) - s->odd, PURG_REGION_VERIFY);
	initrd[len - 1] ^= (uint8_t)s->corrupt;
	if (!s->initrd_pa)
		put(w, w->initrd_pa, initrd, len);
	if (!s->initrd_pa)
		put_fence(w, w->initrd_pa, len);
	free(initrd);
}

static void make_timing(struct world *w)
{
	uint8_t page[4096] = "a device tree";
	uint64_t magic = htobe64(PURG_TIMING_MAGIC), pa = arch[w->s->arch].timing_pa;

	w->timing_pa = w->p.timing_pa = pa + TIMING_OFF;
	memcpy(page + TIMING_OFF, &magic, sizeof(magic));
	add_region(w, "dtb", pa, page, sizeof(page), PAGE_64K, PURG_REGION_VERIFY | PURG_REGION_WRITE);
	put(w, pa, page, sizeof(page));
	put_fence(w, pa, sizeof(page));
}

static void make_unpack(struct world *w)
{
	const struct scene *s = w->s;
	struct unpack_plan *u = &w->unpack;

	unpack_plan_init(u, s->unpack, arch[s->arch].packed_pa, arch[s->arch].target_pa,
			 arch[s->arch].moves_pa);
	if (s->flip == FLIP_AFTER)
		unpack_plan_flip(u, s->flip);
	w->p.unpack_pa = u->packed_pa;
	w->p.unpack_count = u->count;
	add_region(w, "packed", u->packed_pa, u->packed, u->packed_len, whole(u->packed_len),
		   s->loose ? 0 : PURG_REGION_VERIFY);
	add_region(w, "target", u->target_pa, u->target_want, UNPACK_TARGET_LEN, UNPACK_TARGET_LEN,
		   PURG_REGION_WRITE | PURG_REGION_VERIFY_AFTER);
	add_region(w, "moves", u->moves_pa, u->moves_want, UNPACK_MOVES_LEN, UNPACK_MOVES_LEN,
		   PURG_REGION_WRITE | PURG_REGION_VERIFY_AFTER);
	if (s->flip != FLIP_AFTER)
		unpack_plan_flip(u, s->flip);
	put(w, u->packed_pa, u->packed, u->packed_len);
	put(w, u->target_pa, u->target, UNPACK_TARGET_LEN);
	put(w, u->moves_pa, u->moves, UNPACK_MOVES_LEN);
	put_fence(w, u->packed_pa, u->packed_len);
	put_fence(w, u->target_pa, UNPACK_TARGET_LEN);
	put_fence(w, u->moves_pa, UNPACK_MOVES_LEN);
}

#define FUNCTION_PA	0x30000000ULL
#define RECORD_OFF	0x8000		/* of the function's region, whose end is the stack */
#define RESULT_OFF	0x9000
#define FUNCTION_LEN	0x10000ULL

/*
 * A jump: its record, and a function, which adds and uses SSE, or is not one, or
 * is a kernel that was returned to and jumps again.
 */
static void make_jump(struct world *w)
{
	static const uint8_t add[] = {
		0x66, 0x0f, 0xef, 0xc0,			/* pxor %xmm0, %xmm0 */
		0x48, 0x8d, 0x04, 0x37,			/* lea (%rdi, %rsi), %rax */
		0x48, 0x01, 0xd0, 0xc3,			/* add %rdx, %rax; ret */
	}, fault[] = { 0x0f, 0x0b };			/* ud2 */
	const uint8_t kernel[] = {
		0x48, 0x8b, 0x04, 0x24,			/* mov (%rsp), %rax */
		0x48, 0xc7, 0xc4, 0x00, 0xf0, 0x00, 0x30, /* mov $0x3000f000, %rsp */
		0x48, 0x8b, 0x0c, 0x25, 0x20, 0x80, 0x00, 0x30, /* mov 0x30008020, %rcx */
		0x48, 0x81, 0xc1, 0, (uint8_t)(w->s->mode == 5 ? 0x10 : 0xf0),
		(uint8_t)(w->s->mode == 5 ? 0 : 0xff),	/* add $0x1000 or -0x1000, %rcx: */
		(uint8_t)(w->s->mode == 5 ? 0 : 0xff),	/* the stub's other tables */
		0x0f, 0x22, 0xd9,			/* mov %rcx, %cr3 */
		0xff, 0xd0, 0xf4,			/* call *%rax; hlt */
	};
	const struct { const uint8_t *p; size_t len; } code[] = {
		[1] = { add, sizeof(add) }, [2] = { fault, sizeof(fault) },
		[3] = { kernel, sizeof(kernel) },
	};
	struct purg_param *p = &w->p;
	uint8_t page[FUNCTION_LEN] = { 0 };
	uint64_t word[PURG_JUMP_WORDS] = { PURG_JUMP_MAGIC };

	memcpy(page, code[w->s->preserve].p, code[w->s->preserve].len);
	memcpy(page + RECORD_OFF, word, sizeof(word));
	memcpy(page + RESULT_OFF, "cookies!", 8);
	p->flags |= PURG_F_PRESERVE | PURG_F_STOP_CPUS;
	p->record_pa = FUNCTION_PA + RECORD_OFF;
	p->result_pa = FUNCTION_PA + RESULT_OFF;
	memcpy(&p->result_cookie, "cookies!", 8);
	p->segment[p->segment_count++] = (struct purg_segment){
		p->base, PURG_IMAGE_MAX + p->pool_len,
	};
	if (p->entry_kind == PURG_ENTRY_CALL) {
		p->pc = FUNCTION_PA;
		p->reg[0] = 0x30;
		p->reg[1] = 0xc;
		p->reg[2] = 3;
		p->reg[3] = FUNCTION_PA + FUNCTION_LEN;
	}
	if (w->s->preserve == 3)
		p->pc = FUNCTION_PA;
	add_region(w, "function", FUNCTION_PA, page, 0, FUNCTION_LEN,
		   PURG_REGION_WRITE | PURG_REGION_HANDOVER);
	put(w, FUNCTION_PA, page, FUNCTION_LEN);
}

static void check_jump(const struct world *w)
{
	uint64_t word[PURG_JUMP_WORDS], result[PURG_RESULT_WORDS];

	memcpy(word, ram_at(&w->ram, w->p.record_pa), sizeof(word));
	memcpy(result, ram_at(&w->ram, w->p.result_pa), sizeof(result));
	if (w->s->preserve == 3) {
		CHECK_EQ_U64(word[PURG_JUMP_ENTERED], 2);
		CHECK_EQ_U64(word[PURG_JUMP_RETURN], FUNCTION_PA + 31);
		return;
	}
	CHECK_EQ_U64(word[PURG_JUMP_ENTERED], 1);
	CHECK_EQ_U64(word[PURG_JUMP_MAP_FOUND], 1);
	CHECK_EQ_U64(word[PURG_JUMP_MAP] & 0xfff, 2);
	CHECK_EQ_U64(word[PURG_JUMP_MAP_PAGES], 32);
	CHECK_EQ_U64(word[PURG_JUMP_RSP] & 0xfff, 0xff8);
	CHECK_EQ_U64(word[PURG_JUMP_CR4], w->s->mode == 5 ? 0x1020 : 0x20);
	CHECK_EQ_U64(word[PURG_JUMP_EFER] & 0x900, 0x900);
	CHECK(word[PURG_JUMP_RETURN] > 0x100000 && word[PURG_JUMP_RETURN] < 0x1000000);
	CHECK_EQ_U64(result[PURG_RESULT_CALLS], w->s->entry == PURG_ENTRY_CALL && w->s->preserve == 1);
	if (result[PURG_RESULT_CALLS])
		CHECK_EQ_U64(result[PURG_RESULT_VALUE], 0x3f);
}

/* Memory as a kernel would leave it.  0, or the test is skipped or has failed. */
static int make_memory(struct world *w)
{
	const struct scene *s = w->s;
	int is32 = s->entry == PURG_ENTRY_X86_32;
	char name[64];
	struct bytes blob, payload, stub;

	snprintf(name, sizeof(name), "%s/purgatory.bin", arch[s->arch].name);
	blob = slurp(dir, name);
	if (!blob.len) {
		test_skipped = "this purgatory was not built";
		return -1;
	}
	w->payload_pa = is32 ? arch[X86].payload32_pa : arch[s->arch].payload_pa;
	w->initrd_pa = s->initrd_pa ? s->initrd_pa : arch[s->arch].initrd_pa;
	payload = slurp(w->built, s->payload ? s->payload :
			is32 ? arch[X86].payload32 : arch[s->arch].payload);
	make_head(w);
	add_region(w, "kernel", w->payload_pa, payload.p, payload.len, 0x200000,
		   PURG_REGION_VERIFY | PURG_REGION_HANDOVER);
	put(w, w->payload_pa, payload.p, payload.len);
	make_initrd(w);
	if (s->timing)
		make_timing(w);
	if (s->unpack)
		make_unpack(w);
	if (s->preserve)
		make_jump(w);
	if (s->far_pa)
		add_region(w, "far", s->far_pa, NULL, 0, PAGE_64K, 0);
	memcpy(blob.p + PURG_PARAM_OFF, &w->p, sizeof(w->p));
	put(w, w->p.base, blob.p, blob.len);
	put_fence(w, w->p.base, PURG_IMAGE_MAX + w->p.pool_len);
	if (s->arch == ARM) {
		stub = slurp(w->built, "stub-arm64.bin");
		put(w, GUEST_STUB, stub.p, stub.len);
		free(stub.p);
	}
	memcpy(ram_at(&w->ram, s->arch == ARM ? GUEST_MODE : 0x1800000), &s->mode, sizeof(s->mode));
	if (s->preserve)
		*(uint8_t *)ram_at(&w->ram, 0x1800001) = 1;
	free(blob.p);
	free(payload.p);
	return 0;
}

static void machine_args(struct args *a, const struct world *w)
{
	const struct scene *s = w->s;

	arg(a, "%s", arch[s->arch].qemu);
	arg(a, "-nodefaults"); arg(a, "-display"); arg(a, "none"); arg(a, "-no-reboot");
	arg(a, "-accel"); arg(a, "tcg");
	if (s->most || getenv("PURG_TEST_ICOUNT")) {	/* 1 instruction = 1 ns */
		arg(a, "-icount"); arg(a, "shift=0,sleep=off");
	}
	arg(a, "-cpu"); arg(a, "%s", s->cpu);
	arg(a, "-M");
	if (s->arch == X86) {
		arg(a, "pc,memory-backend=ram");
		arg(a, "-vga"); arg(a, "std");
		arg(a, "-device"); arg(a, "isa-debug-exit,iobase=0xf4");
		arg(a, "-kernel"); arg(a, "%s/stub-x86_64.elf", w->built);
	} else {
		arg(a, "virt,memory-backend=ram,virtualization=%s", s->el2 ? "on" : "off");
		arg(a, "-device"); arg(a, "loader,addr=%#x,cpu-num=0", GUEST_STUB);
	}
}

static int copy_piece(void *arg_, uint64_t off, uint64_t len)
{
	struct world *w = arg_;

	memcpy(w->want + off, w->ram.p + off, len);
	return 0;
}

/*
 * What memory has to be in the end: as it is now, when QEMU has put its device
 * tree there, but for what the unpack list writes.
 */
static void snapshot(struct world *w)
{
	uint64_t base = arch[ARM].ram_low;

	w->want = calloc(1, w->ram.len);
	if (!CHECK(w->want))
		return;
	ram_pieces(&w->ram, copy_piece, w);
	if (!w->s->unpack)
		return;
	memcpy(w->want + (w->unpack.target_pa - base), w->unpack.target_want, UNPACK_TARGET_LEN);
	memcpy(w->want + (w->unpack.moves_pa - base), w->unpack.moves_want, UNPACK_MOVES_LEN);
}

/* Purgatory's own, what it stamps, and what stub and payload write. */
static uint64_t may_change(const struct world *w, uint64_t pa)
{
	const struct { uint64_t start, end; } own[] = {
		{ w->p.base, w->p.base + PURG_IMAGE_MAX + w->p.pool_len },
		{ w->timing_pa + 8, w->timing_pa ? w->timing_pa + PURG_TIMING_WORDS * 8 : 0 },
		{ GUEST_BEFORE, GUEST_STACK },
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (pa >= own[i].start && pa < own[i].end)
			return own[i].end - pa;
	return 0;
}

static int compare_piece(void *arg_, uint64_t off, uint64_t len)
{
	struct world *w = arg_;
	uint64_t end = off + len;

	while (off < end) {
		uint64_t skip, n = end - off < 4096 ? end - off : 4096;

		if (!memcmp(w->want + off, w->ram.p + off, n)) {
			off += n;
			continue;
		}
		while (w->want[off] == w->ram.p[off])
			off++;
		skip = may_change(w, arch[ARM].ram_low + off);
		if (!skip) {
			printf("# at %#llx: have %#x, want %#x\n",
			       (unsigned long long)(arch[ARM].ram_low + off), w->ram.p[off], w->want[off]);
			return 1;
		}
		off += skip;
	}
	return 0;
}

/* guest-arm64.h's lists, as names and as values the stub has set. */
#define REG_NAME(reg)		#reg,
#define REG_VALUE(reg, value)	{ #reg, value },
static const char *const reg_names[] = {
	REGS_ANY(REG_NAME) REGS_EL1(REG_NAME) REGS_EL2(REG_NAME) REGS_EL12(REG_NAME)
};
static const struct {
	const char *name;
	uint64_t value;
} reg_stale[] = {
	STALE_ANY(REG_VALUE) STALE_EL1(REG_VALUE) STALE_EL2(REG_VALUE) STALE_EL12(REG_VALUE)
};

static size_t reg_count(const struct scene *s)
{
	size_t el1 = sizeof((const char *[]){ REGS_ANY(REG_NAME) REGS_EL1(REG_NAME) }) / sizeof(char *);
	size_t el2 = sizeof((const char *[]){ REGS_EL2(REG_NAME) }) / sizeof(char *);

	if (!s->el2)
		return el1;
	return s->mode & MODE_E2H ? sizeof(reg_names) / sizeof(reg_names[0]) : el1 + el2;
}

/* The stub did set them: else the comparison would prove nothing. */
static void check_stale(const struct scene *s, const char *name, uint64_t have)
{
	/* With E2H = 1, EL2's are set by EL1's names. */
	if ((s->mode & MODE_E2H) && strstr(name, "_EL2") && strcmp(name, "TPIDR_EL2"))
		return;
	for (size_t i = 0; i < sizeof(reg_stale) / sizeof(reg_stale[0]); i++)
		if (!strcmp(reg_stale[i].name, name) && reg_stale[i].value != have)
			test_report(!printf("# the stub has not set %s: %#llx\n", name,
					    (unsigned long long)have), name, 0, "stub");
}

static void check_registers(const struct world *w)
{
	const uint64_t *before = (const uint64_t *)(void *)ram_at(&w->ram, GUEST_BEFORE) + 1;
	const uint64_t *after = (const uint64_t *)(void *)ram_at(&w->ram, GUEST_AFTER) + 1;

	for (size_t i = 0; i < reg_count(w->s); i++) {
		check_stale(w->s, reg_names[i], before[i]);
		test_u64(after[i], before[i], w->s->name, 0, reg_names[i]);
	}
}

static uint64_t stamp(const struct world *w, int word)
{
	uint64_t v;

	memcpy(&v, ram_at(&w->ram, w->timing_pa + 8 * (uint64_t)word), sizeof(v));
	return be64toh(v);
}

static void check_timing(const struct world *w)
{
	uint64_t bytes = 0, before = 0, after = UINT64_MAX;

	for (uint32_t i = 0; i < w->p.region_count; i++)
		bytes += w->p.region[i].len;
	if (w->s->arch == ARM) {
		memcpy(&before, ram_at(&w->ram, GUEST_BEFORE), 8);
		memcpy(&after, ram_at(&w->ram, GUEST_AFTER), 8);
		CHECK_EQ_U64(stamp(w, PURG_TIMING_HZ), 62500000);
	} else {
		CHECK_EQ_U64(stamp(w, PURG_TIMING_HZ), 0);
	}
	CHECK_EQ_U64(stamp(w, PURG_TIMING_HEAD), PURG_TIMING_MAGIC);
	CHECK_EQ_U64(stamp(w, PURG_TIMING_BYTES), bytes);
	CHECK(before <= stamp(w, PURG_TIMING_ENTRY));
	for (int i = PURG_TIMING_ENTRY; i < PURG_TIMING_EXIT; i++)
		CHECK(stamp(w, i) <= stamp(w, i + 1));
	CHECK(stamp(w, PURG_TIMING_VERIFIED) < stamp(w, PURG_TIMING_EXIT));
	CHECK(stamp(w, PURG_TIMING_EXIT) <= after);
}

/* From the stub's last instruction to the payload's first. */
static void check_count(const struct world *w)
{
	uint64_t before, after, bytes = 0, ns;

	memcpy(&before, ram_at(&w->ram, GUEST_BEFORE), 8);
	memcpy(&after, ram_at(&w->ram, GUEST_AFTER), 8);
	for (uint32_t i = 0; i < w->p.region_count; i++)
		bytes += w->p.region[i].len;
	ns = (after - before) * 16;		/* 62.5 MHz */
	printf("# %s: %llu instructions for %llu bytes, %llu.%02llu per byte\n", w->s->name,
	       (unsigned long long)ns, (unsigned long long)bytes, (unsigned long long)(ns / bytes),
	       (unsigned long long)(ns % bytes * 100 / bytes));
	CHECK(ns * 100 / bytes <= w->s->most);
}

/* After the payload has run. */
static void check_memory(struct world *w)
{
	const struct unpack_plan *u = &w->unpack;

	if (w->s->unpack) {
		CHECK_MEM(ram_at(&w->ram, u->target_pa), u->target_want, UNPACK_TARGET_LEN);
		CHECK_MEM(ram_at(&w->ram, u->moves_pa), u->moves_want, UNPACK_MOVES_LEN);
	}
	if (w->s->arch == ARM && !w->s->payload) {
		CHECK(ram_pieces(&w->ram, compare_piece, w) == 0);
		check_registers(w);
	}
	if (w->s->timing)
		check_timing(w);
	if (w->s->most)
		check_count(w);
}

/* Is @pa in what should be mapped, pages of the granule? */
static int should_map(const struct world *w, uint64_t pa)
{
	uint64_t page = 1ULL << w->p.page_shift;

	if (w->s->unmapped)
		return 1;
	if (pa - w->p.base < PURG_IMAGE_MAX || pa - 0x09000000 < page)
		return 1;
	for (uint32_t i = 0; i < w->p.region_count; i++)
		if (pa - w->p.region[i].pa < w->p.region[i].mem_len)
			return 1;
	return 0;
}

/* What the CPU makes of a virtual address, halted with its MMU as it is. */
static void walk_one(struct world *w, uint64_t pa)
{
	char command[64], answer[8192], want[64];

	snprintf(command, sizeof(command), "gva2gpa 0x%llx", (unsigned long long)pa);
	if (!CHECK(vm_monitor(&w->vm, command, answer, sizeof(answer))))
		return;
	snprintf(want, sizeof(want), "gpa: %#llx\r\n", (unsigned long long)pa);
	if (!test_report(!!strstr(answer, should_map(w, pa) ? want : "Unmapped"), w->s->name, 0, command))
		printf("# got: %s\n", strchr(answer, '\n'));
}

/* Both ends of every range, from the inside and from the outside. */
static void walk(struct world *w)
{
	const uint64_t others[] = { 0, 0x08000000, 0x0a000000, GUEST_STUB, w->p.base + PURG_IMAGE_MAX,
				    0x47000000, 0x4ffff000, 1ULL << 38 };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		walk_one(w, others[i]);
	for (uint32_t i = 0; i <= w->p.region_count + 1; i++) {
		uint64_t start = 0x09000000, len = 1ULL << w->p.page_shift;

		if (i < w->p.region_count) {
			start = w->p.region[i].pa;
			len = w->p.region[i].mem_len;
		} else if (i == w->p.region_count) {
			start = w->p.base;
			len = PURG_IMAGE_MAX;
		}
		walk_one(w, start - 0x1000);
		walk_one(w, start);
		walk_one(w, start + len - 0x1000);
		walk_one(w, start + len);
	}
}

static void check_text(struct world *w)
{
	const struct scene *s = w->s;

	for (int i = 0; i < 4 && s->want[i]; i++)
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
		snapshot(w);
	CHECK(vm_monitor(&w->vm, "cont", answer, sizeof(answer)));
	if (s->halts) {
		/* It has to stay: 0.3 s for a machine that would reset at once. */
		CHECK(vm_collect(&w->vm, s->want[1] ? s->want[1] : s->want[0]) == 1);
		usleep(300000);
		if (CHECK(vm_alive(&w->vm)) && s->walk)
			walk(w);
	} else {
		CHECK(vm_collect(&w->vm, NULL) == 0);
	}
	check_text(w);
	if (strstr(w->vm.text, "PAYLOAD"))
		check_memory(w);
out:
	vm_kill(&w->vm);
	args_deinit(&a);
}

static void run_scene(void)
{
	static struct world w;
	int a = current->arch;
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "command -v %s >/dev/null", arch[a].qemu);
	if (system(cmd))
		TEST_SKIP("no qemu");
	memset(&w, 0, sizeof(w));
	w.s = current;
	snprintf(w.built, sizeof(w.built), "%s/test", dir);
	if (!CHECK(ram_init(&w.ram, arch[a].ram_len, arch[a].ram_low, arch[a].low_len,
			    arch[a].ram_high) == 0))
		return;
	if (make_memory(&w) == 0) {
		run(&w);
		if (current->preserve)
			check_jump(&w);
	}
	if (current->unpack)
		unpack_plan_deinit(&w.unpack);
	free(w.want);
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
	s.el2 = machine->el2;
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
