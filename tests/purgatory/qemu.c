// SPDX-License-Identifier: GPL-2.0-only
/*
 * Purgatory on bare (emulated) machines: a stub leaves like a kernel, the real
 * image verifies and hands over, a payload tells what it was handed.  One
 * scene is one QEMU of about a second, TCG, no operating system.
 *
 *	qemu DIR	DIR has x86_64/purgatory.bin, arm64/purgatory.bin (may be
 *			missing or empty: skipped) and test/{stub,payload}-*
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "purgatory/abi.h"
#include "purgatory/sha256.h"
#include "../unit/test.h"

#define TIMEOUT_MS	30000
#define INITRD_LEN	(3 * 1024 * 1024 + 123)

enum { X86, ARM };

struct scene {
	const char *name;
	int arch;
	const char *cpu;	/* -cpu */
	uint32_t mode;		/* x86: levels; arm64: 1 = VHE */
	int el2;
	uint32_t entry;
	uint32_t paging, flags, on_fail;
	int corrupt;		/* one bit of the initrd, after its digest */
	uint64_t initrd_pa;	/* 0 = the usual one */
	uint64_t stuck;		/* an MMIO console here, whose transmitter is never ready */
	int vga;
	const char *payload;	/* another than the usual one */
	int halts;		/* the machine must not end by itself */
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
	  .el2 = 1, .mode = 1,
	  .want = { VERIFIED "46000000\r\n", ARMREGS "el=0x2 daif=0x3c0", "hcr=0x488000000 END" } },
	{ .name = "arm64: EL1, Cortex-A53, quiet", .arch = ARM, .cpu = "cortex-a53",
	  .entry = PURG_ENTRY_ARM64, .flags = PURG_F_QUIET,
	  .want = { ARMREGS "el=0x1 daif=0x3c0" }, .never = "kexec purgatory" },
	{ .name = "arm64: corrupted region, reset by hvc", .arch = ARM, .cpu = "max",
	  .entry = PURG_ENTRY_ARM64, .corrupt = 1,
	  .want = { "kexec purgatory: initrd [0x47000000-0x4730007a]: SHA-256 is ", "..., expected ",
		    "...; resetting\r\n" }, .never = "PAYLOAD" },
	{ .name = "arm64: corrupted region, reset by smc", .arch = ARM, .cpu = "max", .el2 = 1,
	  .entry = PURG_ENTRY_ARM64, .corrupt = 1, .mode = 1,
	  .want = { "...; resetting\r\n" }, .never = "PAYLOAD" },
	{ .name = "arm64: corrupted region, halt", .arch = ARM, .cpu = "max",
	  .entry = PURG_ENTRY_ARM64, .corrupt = 1, .on_fail = PURG_FAIL_HALT, .halts = 1,
	  .want = { "...; halted\r\n" }, .never = "PAYLOAD" },
	{ .name = "arm64: exception at EL1", .arch = ARM, .cpu = "max", .entry = PURG_ENTRY_ARM64,
	  .initrd_pa = 1ULL << 55,
	  .want = { "kexec purgatory: data abort at EL1, vector 4, ESR 0x9600", " ELR 0x4400",
		    " FAR 0x80000000000000; resetting\r\n" }, .never = "PAYLOAD" },
	{ .name = "arm64: exception at EL2 with E2H", .arch = ARM, .cpu = "max", .el2 = 1, .mode = 1,
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

static const struct {
	const char *name, *qemu, *payload, *payload32;
	uint64_t base, payload_pa, payload32_pa, initrd_pa;
} arch[] = {
	[X86] = { "x86_64", "qemu-system-x86_64", "payload-x86_64.bin", "payload-x86_32.bin",
		  0x2000000, 0x50000000, 0x4000000, 0x140000000 },
	[ARM] = { "arm64", "qemu-system-aarch64", "payload-arm64.bin", "", 0x44000000,
		  0x46000000, 0, 0x47000000 },
};

struct bytes {
	uint8_t *p;
	size_t len;
};

static struct bytes slurp(const char *dir, const char *name)
{
	char path[512];
	struct bytes b = { NULL, 0 };
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
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

static int spill(const char *dir, const char *name, const void *p, size_t len)
{
	char path[512];
	int fd, ok;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return 0;
	ok = write(fd, p, len) == (ssize_t)len;
	close(fd);
	return ok;
}

static void add_region(struct purg_param *p, const char *name, uint64_t pa, const void *bytes,
		       uint64_t len, uint64_t mem_len, uint32_t flags)
{
	struct purg_region *r = &p->region[p->region_count++];
	struct sha256 s;

	r->pa = pa;
	r->len = len;
	r->mem_len = mem_len;
	r->flags = flags;
	snprintf(r->name, sizeof(r->name), "%s", name);
	sha256_init(&s, sha256_blocks_portable);
	sha256_update(&s, bytes, len);
	sha256_final(&s, r->sha256);
}

static void add_console(struct purg_param *p, uint32_t kind, uint64_t addr, uint32_t shift)
{
	p->console[p->console_count++] = (struct purg_console){
		.kind = kind, .addr = addr, .reg_shift = shift, .reg_width = 1u << shift,
	};
}

static struct purg_param make_param(const struct scene *s, const struct bytes *payload,
				    const struct bytes *initrd, uint64_t payload_pa, uint64_t initrd_pa)
{
	struct purg_param p = {
		.magic = PURG_MAGIC, .version = PURG_VERSION, .size = sizeof(p),
		.flags = s->flags, .on_fail = s->on_fail, .paging = s->paging,
		.psci = s->arch == X86 ? PURG_PSCI_NONE : s->el2 ? PURG_PSCI_SMC : PURG_PSCI_HVC,
		.base = arch[s->arch].base, .pool_len = PURG_POOL_MIN, .page_shift = 12, .entry_kind = s->entry, .pc = payload_pa,
	};

	if (s->stuck)
		add_console(&p, PURG_CONSOLE_8250_MMIO, s->stuck, 2);
	if (s->arch == X86) {
		p.reg[0] = 0x9a000;
		p.reg[1] = s->entry == PURG_ENTRY_X86_64 ? 0x50100000 : 0;
		add_console(&p, PURG_CONSOLE_8250_PORT, 0x3f8, 0);
		if (s->vga)
			add_console(&p, PURG_CONSOLE_VGA_TEXT, 0xb8000, 0);
	} else {
		p.reg[0] = 0x1234567890ab;
		add_console(&p, PURG_CONSOLE_PL011, 0x09000000, 0);
	}
	add_region(&p, "kernel", payload_pa, payload->p, payload->len, 0x200000,
		   PURG_REGION_VERIFY | PURG_REGION_HANDOVER);
	add_region(&p, "initrd", initrd_pa, initrd->p, initrd->len, (initrd->len + 0xffff) & ~0xffffULL, PURG_REGION_VERIFY);
	return p;
}

/* Collects what the child writes until it ends, @until has appeared, or time is up. */
static int collect(int fd, char *out, size_t size, const char *until)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct timespec start, now;
	size_t len = 0;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		int left, n;

		clock_gettime(CLOCK_MONOTONIC, &now);
		left = TIMEOUT_MS - (int)((now.tv_sec - start.tv_sec) * 1000 +
					  (now.tv_nsec - start.tv_nsec) / 1000000);
		if (left <= 0 || len == size - 1)
			return -ETIMEDOUT;
		if (until && strstr(out, until))
			return 1;
		if (poll(&pfd, 1, left) <= 0)
			continue;
		n = (int)read(fd, out + len, size - 1 - len);
		if (n <= 0)
			return 0;
		for (int i = 0; i < n; i++)	/* firmware may print NULs */
			if (!out[len + (size_t)i])
				out[len + (size_t)i] = ' ';
		len += (size_t)n;
		out[len] = 0;
	}
}

static pid_t start(char **argv, int *fd)
{
	int pipefd[2];
	pid_t pid;

	if (pipe(pipefd))
		return -1;
	pid = fork();
	if (!pid) {
		dup2(pipefd[1], 1);
		close(pipefd[0]);
		close(pipefd[1]);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(pipefd[1]);
	*fd = pipefd[0];
	return pid;
}

static const char *dir;
static const struct scene *current;

struct args {
	char *v[64];
	int n;
};

static void arg(struct args *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&a->v[a->n++], fmt, ap) < 0)
		abort();
	va_end(ap);
}

static void load(struct args *a, const char *path, const char *name, uint64_t pa, int cpu)
{
	arg(a, "-device");
	arg(a, "loader,file=%s/%s,addr=%#llx,force-raw=on%s", path, name, (unsigned long long)pa,
	    cpu ? ",cpu-num=0" : "");
}

static void machine_args(struct args *a, const struct scene *s, const char *built)
{
	arg(a, "%s", arch[s->arch].qemu);
	arg(a, "-nodefaults"); arg(a, "-display"); arg(a, "none"); arg(a, "-no-reboot");
	arg(a, "-serial"); arg(a, "stdio");
	arg(a, "-accel"); arg(a, "tcg");
	if (getenv("PURG_TEST_ICOUNT")) {	/* 1 instruction = 1 ns */
		arg(a, "-icount"); arg(a, "shift=0,sleep=off");
	}
	arg(a, "-cpu"); arg(a, "%s", s->cpu);
	arg(a, "-device");
	arg(a, "loader,addr=%#x,data=%u,data-len=4", s->arch == X86 ? 0x1800000 : 0x48000000, s->mode);
	if (s->arch == X86) {
		arg(a, "-m"); arg(a, "6G"); arg(a, "-vga"); arg(a, "std");
		arg(a, "-device"); arg(a, "isa-debug-exit,iobase=0xf4");
		arg(a, "-kernel"); arg(a, "%s/stub-x86_64.elf", built);
	} else {
		arg(a, "-m"); arg(a, "256M");
		arg(a, "-M"); arg(a, "virt,virtualization=%s", s->el2 ? "on" : "off");
		load(a, built, "stub-arm64.bin", 0x48100000, 1);
	}
}

static void run_scene(void)
{
	const struct scene *s = current;
	int is32 = s->entry == PURG_ENTRY_X86_32;
	uint64_t payload_pa = is32 ? arch[X86].payload32_pa : arch[s->arch].payload_pa;
	uint64_t initrd_pa = s->initrd_pa ? s->initrd_pa : arch[s->arch].initrd_pa;
	static char out[65536];
	char tmp[] = "/tmp/purgatory-test-XXXXXX", built[512], cmd[600];
	struct bytes blob, payload, initrd;
	struct purg_param p;
	struct args a = { .n = 0 };
	int fd, status, ended;
	pid_t pid;

	snprintf(cmd, sizeof(cmd), "command -v %s >/dev/null", arch[s->arch].qemu);
	if (system(cmd))
		TEST_SKIP("no qemu");
	snprintf(cmd, sizeof(cmd), "%s/purgatory.bin", arch[s->arch].name);
	blob = slurp(dir, cmd);
	if (!blob.len)
		TEST_SKIP("this purgatory was not built");
	snprintf(built, sizeof(built), "%s/test", dir);
	payload = slurp(built, s->payload ? s->payload :
			is32 ? arch[X86].payload32 : arch[s->arch].payload);
	initrd.len = INITRD_LEN;
	initrd.p = malloc(initrd.len);
	if (!CHECK(payload.len) || !CHECK(initrd.p) || !CHECK(mkdtemp(tmp)))
		return;
	for (size_t i = 0; i < initrd.len; i++)
		initrd.p[i] = (uint8_t)(i * 2654435761u >> 13);

	p = make_param(s, &payload, &initrd, payload_pa, initrd_pa);
	memcpy(blob.p + PURG_PARAM_OFF, &p, sizeof(p));
	initrd.p[INITRD_LEN - 1] ^= (uint8_t)s->corrupt;
	CHECK(spill(tmp, "blob", blob.p, blob.len));
	CHECK(spill(tmp, "payload", payload.p, payload.len));
	CHECK(spill(tmp, "initrd", initrd.p, initrd.len));

	machine_args(&a, s, built);
	load(&a, tmp, "blob", arch[s->arch].base, 0);
	load(&a, tmp, "payload", payload_pa, 0);
	if (!s->initrd_pa)
		load(&a, tmp, "initrd", initrd_pa, 0);
	a.v[a.n] = NULL;

	out[0] = 0;
	pid = start(a.v, &fd);
	ended = collect(fd, out, sizeof(out), s->halts ? s->want[1] ? s->want[1] : s->want[0] : NULL);
	if (s->halts) {
		/* It has to stay: 0.3 s for a machine that would reset at once. */
		CHECK(ended == 1);
		usleep(300000);
		CHECK(waitpid(pid, &status, WNOHANG) == 0);
	} else {
		CHECK(ended == 0);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(fd);

	for (int i = 0; i < 4 && s->want[i]; i++)
		if (!test_report(!!strstr(out, s->want[i]), s->name, 0, s->want[i]))
			printf("# got: %s\n", out);
	if (s->never && !test_report(!strstr(out, s->never), s->name, 0, s->never))
		printf("# got: %s\n", out);
	if (getenv("PURG_TEST_VERBOSE"))
		printf("# %s\n", out);

	snprintf(cmd, sizeof(cmd), "rm -r %s", tmp);
	if (system(cmd))
		printf("# could not remove %s\n", tmp);
	for (int i = 0; i < a.n; i++)
		free(a.v[i]);
	free(blob.p);
	free(payload.p);
	free(initrd.p);
}

/* The table of test.h has functions without argument: one scene at a time. */
int main(int argc, char **argv)
{
	const size_t count = sizeof(scenes) / sizeof(scenes[0]);
	int failures = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: qemu DIR [PART-OF-SCENE-NAME]\n");
		return 2;
	}
	dir = argv[1];
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++) {
		struct test t = { scenes[i].name, run_scene };

		if (argc > 2 && !strstr(scenes[i].name, argv[2]))
			continue;
		current = &scenes[i];
		failures += test_run(&t, i + 1);
	}
	return failures != 0;
}
