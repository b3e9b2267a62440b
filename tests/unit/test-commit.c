/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What commit.c asks of the kernel, in which order, and what it makes of the
 * answers.
 *
 * No kernel is asked: syscall(3), through which commit.c makes all its calls,
 * is replaced by this file's, which writes down what it is given and answers
 * from a list.  (The linker prefers the program's symbol to libc's.)  The same
 * goes for the mark in /run of staged.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../kexec/sys/hold.h"
#include "../../kexec/sys/returning.h"
#include "../../kexec/sys/saved-target.h"
#include "../../kexec/sys/staged.h"
#include "kx/arch.h"
#include "kx/sys.h"
#include "kx/uapi.h"
#include "sysroot.h"
#include "test.h"

/* ---- the kernel ------------------------------------------------------------ */

#define CALLS_MAX	16

struct called {
	long number;
	long flags;
	/* kexec_load */
	uint64_t entry, count, first_mem, first_memsz, first_bufsz;
	/* kexec_file_load */
	int kernel_fd, initrd_fd;
	size_t kernel_len, initrd_len, cmdline_len;
	int kernel_seals;
	uint8_t kernel_first, initrd_first;
	char cmdline[64];
};

static struct {
	int answer[CALLS_MAX];		/* 0 or a positive errno, in order; then 0 */
	struct called call[CALLS_MAX];
	size_t calls;
	/* The mark, and what is told about the reservation. */
	int write_fails, remove_fails;	/* positive errno */
	int note_fails;			/* of the other mark, of what returns */
	int resuming_fails;		/* of the third, of a saved core */
	int keeping_fails;		/* of the fourth, of a snapshot to be taken */
	size_t keeping_forgotten;
	bool marked, any_image;
	/* Everything that was done, in order: "load crash mark". */
	char story[200];
} kernel;

static void tell(const char *word)
{
	size_t n = strlen(kernel.story);

	snprintf(kernel.story + n, sizeof(kernel.story) - n, "%s%s", n ? " " : "", word);
}

int kx_staged_write(const char *root, struct kx_err *err)
{
	CHECK_STR(root, "");
	tell("mark");
	if (kernel.write_fails)
		return kx_err_set(err, kernel.write_fails, "no mark");
	kernel.marked = true;
	return 0;
}

int kx_staged_remove(const char *root, struct kx_err *err)
{
	CHECK_STR(root, "");
	tell("unmark");
	if (kernel.remove_fails)
		return kx_err_set(err, kernel.remove_fails, "mark stays");
	kernel.marked = false;
	return 0;
}

int kx_returning_note(const struct kx_plan *p, struct kx_err *err)
{
	CHECK_STR(p->sources->root, "");
	return kernel.note_fails ? kx_err_set(err, kernel.note_fails, "no note") : 0;
}

int kx_returning_forget(const char *root, struct kx_err *err)
{
	CHECK_STR(root, "");
	return kernel.note_fails ? kx_err_set(err, kernel.note_fails, "note stays") : 0;
}

int kx_resuming_note(const struct kx_plan *p, struct kx_err *err)
{
	CHECK_STR(p->sources->root, "");
	return kernel.resuming_fails ? kx_err_set(err, kernel.resuming_fails, "no third mark") : 0;
}

int kx_resuming_forget(const char *root, struct kx_err *err)
{
	CHECK_STR(root, "");
	return kernel.resuming_fails ? kx_err_set(err, kernel.resuming_fails, "it stays") : 0;
}

int kx_keeping_write(const char *root, const struct kx_keeping *v, struct kx_err *err)
{
	CHECK_STR(root, "");
	CHECK_STR(v->dir, "/here");
	tell("keep");
	return kernel.keeping_fails ? kx_err_set(err, kernel.keeping_fails, "no fourth mark") : 0;
}

int kx_keeping_forget(const char *root, struct kx_err *err)
{
	CHECK_STR(root, "");
	kernel.keeping_forgotten++;
	return kernel.keeping_fails ? kx_err_set(err, kernel.keeping_fails, "it is kept") : 0;
}

/* Of a plan with a saved core, so that the stories of the others stay short. */
void kx_hold_begin(const struct kx_plan *p, struct kx_hold *h)
{
	*h = (struct kx_hold){ .held = p->saved != NULL };
	if (h->held)
		tell("hold");
}

void kx_hold_end(struct kx_hold *h)
{
	if (h->held)
		tell("release");
}

/* Only kexec -e calls these, and nothing here does. */
int kx_resuming_consume(const char *root, bool *ret_consumed, struct kx_err *err)
{
	(void)root;
	(void)ret_consumed;
	(void)err;
	abort();
}

int kx_resuming_restore(const char *root, struct kx_err *err)
{
	(void)root;
	(void)err;
	abort();
}

bool kx_staged_any_image(const char *root)
{
	CHECK_STR(root, "");
	return kernel.any_image;
}

static size_t file_length(int fd, uint8_t *ret_first)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	return pread(fd, ret_first, 1, 0) == 1 ? (size_t)st.st_size : 0;
}

static void note_load(struct called *c, va_list ap)
{
	const uint64_t *segment;

	c->entry = va_arg(ap, uint64_t);
	c->count = va_arg(ap, size_t);
	segment = va_arg(ap, const void *);
	c->flags = va_arg(ap, long);
	if (c->count) {
		c->first_bufsz = segment[1];
		c->first_mem = segment[2];
		c->first_memsz = segment[3];
	}
}

static void note_file(struct called *c, va_list ap)
{
	const char *cmdline;

	c->kernel_fd = va_arg(ap, int);
	c->initrd_fd = va_arg(ap, int);
	c->cmdline_len = va_arg(ap, size_t);
	cmdline = va_arg(ap, const char *);
	c->flags = va_arg(ap, long);
	c->kernel_len = file_length(c->kernel_fd, &c->kernel_first);
	c->initrd_len = file_length(c->initrd_fd, &c->initrd_first);
	c->kernel_seals = c->kernel_fd < 0 ? -1 : fcntl(c->kernel_fd, F_GET_SEALS);
	if (cmdline)
		snprintf(c->cmdline, sizeof(c->cmdline), "%s", cmdline);
}

long syscall(long number, ...)
{
	struct called *c = &kernel.call[kernel.calls];
	int answer;
	va_list ap;

	if (kernel.calls == CALLS_MAX)
		abort();
	memset(c, 0, sizeof(*c));
	c->number = number;
	va_start(ap, number);
	if (number == SYS_kexec_load)
		note_load(c, ap);
	else if (number == SYS_kexec_file_load)
		note_file(c, ap);
	va_end(ap);
	if (number == SYS_kexec_load)
		tell(c->flags & KX_LOAD_ON_CRASH ? c->count ? "stage" : "unload-crash" :
		     c->count ? "load" : "unload");
	else
		tell("file");
	answer = kernel.answer[kernel.calls++];
	errno = answer;
	return answer ? -1 : 0;
}

/* ---- a plan ------------------------------------------------------------------ */

struct fixture {
	struct kx_arch arch;
	struct kx_format format;
	struct kx_request request;
	struct kx_sources sources;
	struct kx_hole hole;
	struct kx_plan plan;
	struct kx_err left, err;
	enum kx_call call;
};

static const uint8_t kernel_bytes[0x3000] = { 'K' }, initrd_bytes[0x2000] = { 'I' };

static void begin(struct fixture *f)
{
	memset(&kernel, 0, sizeof(kernel));
	memset(f, 0, sizeof(*f));
	f->arch = (struct kx_arch){ .name = "x86_64", .cmdline_max = 2048 };
	f->format = (struct kx_format){ .id = KX_FORMAT_BZIMAGE, .name = "bzImage" };
	f->request.mem_max = UINT64_MAX;
	f->request.kernel.fd = -1;
	f->sources = (struct kx_sources){
		.root = "",
		.machine = KX_MACHINE_X86_64,
		.page_size = 0x1000,
		.total_ram = 0x40000000,
		.has_cap_boot = true,
		.config_kexec = -1,
		.config_kexec_file = -1,
	};
	f->hole = (struct kx_hole){ { 0x1000000, 0x40000000 }, false };
	f->plan = (struct kx_plan){
		.arch = &f->arch,
		.request = &f->request,
		.sources = &f->sources,
		.format = &f->format,
		.cmdline = "quiet",
		.initrd = { initrd_bytes, sizeof(initrd_bytes) },
		.initrd_fd = -1,
		.file_kernel = { kernel_bytes, sizeof(kernel_bytes) },
		.call = KX_CALL_LOAD,
		.fallback_allowed = true,
		.entry = 0x1000010,
		.flags = KX_ARCH_X86_64,
		.segment_count = 1,
		.usable = { .v = &f->hole, .n = 1, .cap = 1 },
	};
	f->plan.segment[0] = (struct kx_segment){
		.name = "kernel", .buf = { kernel_bytes, sizeof(kernel_bytes) },
		.range = { 0x1000000, 0x2000000 },
	};
	f->call = KX_CALL_AUTO;
}

static int load(struct fixture *f)
{
	return kx_commit_load(&f->plan, &f->call, &f->left, &f->err);
}

static int unload(struct fixture *f, bool crash, enum kx_call call)
{
	return kx_commit_unload(&f->sources, crash, call, &f->left, &f->err);
}

/* An ordinary file with @len bytes that start with @first. */
static int plain_file(char first, size_t len)
{
	char path[] = "/tmp/kx-commit-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || unlink(path) < 0 || pwrite(fd, &first, 1, 0) != 1 ||
	    ftruncate(fd, (off_t)len) < 0)
		sysroot_die(path);
	return fd;
}

/* ---- a snapshot that -e takes ---------------------------------------------------- */

static int keep(struct fixture *f)
{
	const struct kx_keeping v = { .dir = "/here" };

	f->request.preserve = true;
	f->request.context = KX_PRESERVE_SNAPSHOT;
	return kx_commit_keep(&f->plan, &v, &f->left, &f->err);
}

static void test_keep(void)
{
	struct fixture f;

	begin(&f);
	CHECK(keep(&f) == 0);
	CHECK_STR(kernel.story, "keep unload");
	CHECK_EQ_U64(kernel.keeping_forgotten, 0);
	CHECK_EQ_U64(f.left.code, 0);

	begin(&f);
	f.sources.crash_is_staged = true;
	CHECK(keep(&f) == 0);
	CHECK_STR(kernel.story, "keep unload unload-crash unmark");

	/* A load that fails replaces nothing. */
	begin(&f);
	kernel.keeping_fails = EROFS;
	CHECK(keep(&f) == -EROFS);
	CHECK_STR(kernel.story, "keep");
	CHECK_STR(f.err.text, "no fourth mark");

	begin(&f);
	kernel.answer[0] = kernel.answer[1] = EPERM;
	CHECK(keep(&f) == -EPERM);
	CHECK_EQ_U64(kernel.keeping_forgotten, 1);
	CHECK(strstr(f.err.text, "what is loaded cannot be replaced: "));

	begin(&f);
	f.sources.iomem_hidden = true;
	CHECK(keep(&f) == -EPERM);
	CHECK_STR(kernel.story, "");

	begin(&f);
	kernel.note_fails = EIO;
	CHECK(keep(&f) == 0);
	CHECK_STR(f.left.text, "note stays");
}

/* What the kernel is known to refuse is not tried. */
static void test_may_load(void)
{
	struct fixture f;

	begin(&f);
	CHECK(kx_commit_may_load(&f.plan, &f.err) == 0);
	f.sources.limit_reboot = (struct kx_opt_u64){ true, 1 };
	CHECK(kx_commit_may_load(&f.plan, &f.err) == 0);
	f.sources.limit_panic = (struct kx_opt_u64){ true, 0 };
	CHECK(kx_commit_may_load(&f.plan, &f.err) == 0);
	f.sources.limit_reboot.value = 0;
	CHECK(kx_commit_may_load(&f.plan, &f.err) == -EPERM);
	CHECK(strstr(f.err.text, "kexec_load refused: "));
	CHECK(strstr(f.err.text, "kernel.kexec_load_limit_reboot is 0"));

	begin(&f);
	f.sources.load_disabled = (struct kx_opt_u64){ true, 1 };
	CHECK(kx_commit_may_load(&f.plan, &f.err) == -EPERM);
	CHECK(strstr(f.err.text, "kernel.kexec_load_disabled is 1"));

	begin(&f);
	f.sources.iomem_hidden = true;
	CHECK(kx_commit_may_load(&f.plan, &f.err) == -EPERM);
	CHECK(strstr(f.err.text, "/proc/iomem shows no addresses"));
	CHECK_EQ_U64(kernel.calls, 0);
}

/* What is loaded instead of it is not it; but -e loads it itself. */
static void test_keep_forgotten(void)
{
	struct fixture f;

	begin(&f);
	CHECK(load(&f) == 0);
	CHECK_EQ_U64(kernel.keeping_forgotten, 1);
	CHECK(unload(&f, false, KX_CALL_LOAD) == 0);
	CHECK_EQ_U64(kernel.keeping_forgotten, 2);
	CHECK(unload(&f, true, KX_CALL_LOAD) == 0);
	CHECK_EQ_U64(kernel.keeping_forgotten, 2);

	begin(&f);
	f.request.preserve = true;
	f.request.context = KX_PRESERVE_SNAPSHOT;
	CHECK(load(&f) == 0);
	CHECK_EQ_U64(kernel.keeping_forgotten, 0);

	begin(&f);
	kernel.keeping_fails = EIO;
	CHECK(load(&f) == 0);
	CHECK_STR(f.left.text, "kexec -e with nothing loaded will take a snapshot: it is kept");
}

/* ---- kexec_load ---------------------------------------------------------------- */

static void test_load(void)
{
	struct fixture f;

	begin(&f);
	CHECK(load(&f) == 0);
	CHECK_EQ_U64(f.call, KX_CALL_LOAD);
	CHECK_EQ_U64(kernel.calls, 1);
	CHECK(kernel.call[0].number == SYS_kexec_load);
	CHECK_EQ_U64(kernel.call[0].entry, 0x1000010);
	CHECK_EQ_U64(kernel.call[0].count, 1);
	CHECK_EQ_U64(kernel.call[0].first_bufsz, 0x3000);
	CHECK_EQ_U64(kernel.call[0].first_mem, 0x1000000);
	CHECK_EQ_U64(kernel.call[0].first_memsz, 0x1000000);
	CHECK(kernel.call[0].flags == 62L << 16);
	CHECK_EQ_U64(f.err.code, 0);
}

/* -d costs kexec_load nothing: no kernel up to 7.2 knows a debug flag there. */
static void test_load_debug(void)
{
	struct fixture f;

	begin(&f);
	f.request.debug = true;
	CHECK(load(&f) == 0);
	CHECK(kernel.call[0].flags == 62L << 16);
}

/* CAP_SYS_BOOT without CAP_SYS_ADMIN: only the kernel knows what is reserved. */
static void test_load_blind(void)
{
	struct fixture f;

	begin(&f);
	f.sources.iomem_hidden = true;
	CHECK(load(&f) == 0);
	CHECK_EQ_U64(f.call, KX_CALL_FILE);
	CHECK_EQ_U64(kernel.calls, 1);
	begin(&f);
	f.sources.iomem_hidden = true;
	f.plan.fallback_allowed = false;
	CHECK(load(&f) == -EPERM);
	CHECK_EQ_U64(kernel.calls, 0);
	CHECK_STR(f.err.text, "kexec_load not tried: /proc/iomem shows no addresses (the capability"
		  " CAP_SYS_ADMIN is missing), so what must not be overwritten is not known");
}

static void test_busy(void)
{
	struct fixture f;

	begin(&f);
	kernel.answer[0] = kernel.answer[1] = EBUSY;
	CHECK(load(&f) == 0);
	CHECK_EQ_U64(kernel.calls, 3);
	begin(&f);
	for (size_t i = 0; i < CALLS_MAX; i++)
		kernel.answer[i] = EBUSY;
	CHECK(load(&f) == -EBUSY);
	CHECK_EQ_U64(kernel.calls, 6);
	CHECK_STR(f.err.text, "kexec_load refused: Device or resource busy (EBUSY): another kexec"
		  " held the kernel's lock for half a second");
	CHECK_EQ_U64(f.call, KX_CALL_AUTO);	/* untouched */
}

/* A saved core is never left loaded without the mark that says so. */
static void test_load_saved(void)
{
	struct kx_saved saved = { .phnum = 0 };
	struct fixture f;

	begin(&f);
	f.plan.saved = &saved;
	f.plan.format = NULL;
	CHECK(load(&f) == 0);
	CHECK_STR(kernel.story, "hold load release");
	CHECK_EQ_U64(f.left.code, 0);
	begin(&f);
	f.plan.saved = &saved;
	kernel.resuming_fails = EROFS;
	CHECK(load(&f) == -EROFS);
	CHECK_STR(kernel.story, "hold load release unload");
	CHECK_STR(f.err.text, "kexec -e would not know that it is a saved core (no third mark), so it"
		  " was unloaded again");
	CHECK_EQ_U64(f.call, KX_CALL_AUTO);
	begin(&f);
	f.plan.saved = &saved;
	kernel.resuming_fails = EROFS;
	kernel.answer[1] = EPERM;
	CHECK(load(&f) == -EROFS);
	CHECK(strstr(f.err.text, "unloaded again, which failed: "));
	/* Refused, nothing stays held. */
	begin(&f);
	f.plan.saved = &saved;
	f.plan.fallback_allowed = false;
	kernel.answer[0] = ENOMEM;
	CHECK(load(&f) == -ENOMEM);
	CHECK_STR(kernel.story, "hold load release");
	/* Another kernel only has to be taken for what it is. */
	begin(&f);
	kernel.resuming_fails = EROFS;
	CHECK(load(&f) == 0);
	CHECK_EQ_U64(f.left.code, EROFS);
	CHECK_STR(f.left.text, "kexec -e will take what is loaded for a saved core: no third mark");
	begin(&f);
	kernel.resuming_fails = EROFS;
	CHECK(unload(&f, false, KX_CALL_AUTO) == 0);
	CHECK_STR(f.left.text, "what is loaded next will be taken for a saved core: it stays");
}

/* ---- kexec_file_load ------------------------------------------------------------ */

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static void test_file(void)
{
	struct fixture f;
	struct called *c = &kernel.call[0];

	begin(&f);
	f.plan.call = KX_CALL_FILE;
	CHECK(load(&f) == 0);
	CHECK_EQ_U64(f.call, KX_CALL_FILE);
	CHECK_EQ_U64(kernel.calls, 1);
	CHECK(c->number == SYS_kexec_file_load);
	CHECK_EQ_U64(c->kernel_len, 0x3000);
	CHECK_EQ_U64(c->kernel_first, 'K');
	CHECK((c->kernel_seals & SEALS) == SEALS);
	CHECK_EQ_U64(c->initrd_len, 0x2000);
	CHECK_EQ_U64(c->initrd_first, 'I');
	CHECK_STR(c->cmdline, "quiet");
	CHECK_EQ_U64(c->cmdline_len, 6);
	CHECK(c->flags == 0);
	/* Both memory files are closed again. */
	CHECK(fcntl(c->kernel_fd, F_GETFD) < 0 && fcntl(c->initrd_fd, F_GETFD) < 0);
}

static void test_file_own(void)
{
	struct fixture f;
	struct called *c = &kernel.call[0];
	int kernel_fd = plain_file('k', 0x1234), initrd_fd = plain_file('i', 0x2000);

	begin(&f);
	f.plan.call = KX_CALL_FILE;
	f.plan.file_use_fd = true;
	f.plan.file_flags = KX_FILE_NO_CMA;
	f.request.kernel.fd = kernel_fd;
	f.plan.initrd_fd = initrd_fd;
	CHECK(load(&f) == 0);
	CHECK(c->kernel_fd == kernel_fd && c->initrd_fd == initrd_fd);
	CHECK(c->flags == KX_FILE_NO_CMA);
	CHECK(fcntl(kernel_fd, F_GETFD) >= 0 && fcntl(initrd_fd, F_GETFD) >= 0);
	/* Unpacked: the descriptor is that of the wrapper. No initrd: the plan says so. */
	begin(&f);
	f.plan.call = KX_CALL_FILE;
	f.plan.file_flags = KX_FILE_NO_INITRAMFS;
	f.request.kernel.fd = kernel_fd;
	f.plan.initrd = KX_BYTES_NONE;
	f.plan.cmdline = "";
	CHECK(load(&f) == 0);
	CHECK(c->kernel_fd != kernel_fd);
	CHECK_EQ_U64(c->kernel_len, 0x3000);
	CHECK(c->initrd_fd == -1);
	CHECK(c->flags == KX_FILE_NO_INITRAMFS);
	CHECK_EQ_U64(c->cmdline_len, 1);
	close(kernel_fd);
	close(initrd_fd);
}

/* The kernel reads regular files only. */
static void test_file_pipe(void)
{
	struct fixture f;
	int fd[2];

	begin(&f);
	if (!CHECK(pipe(fd) == 0))
		return;
	f.plan.call = KX_CALL_FILE;
	f.plan.file_use_fd = true;
	f.request.kernel.fd = fd[0];
	f.plan.initrd_fd = fd[0];
	CHECK(load(&f) == 0);
	CHECK(kernel.call[0].kernel_fd != fd[0] && kernel.call[0].initrd_fd != fd[0]);
	CHECK_EQ_U64(kernel.call[0].kernel_len, 0x3000);
	CHECK_EQ_U64(kernel.call[0].initrd_len, 0x2000);
	close(fd[0]);
	close(fd[1]);
}

static void test_file_debug(void)
{
	struct fixture f;

	begin(&f);
	f.plan.call = KX_CALL_FILE;
	f.request.debug = true;
	kernel.answer[0] = EINVAL;
	CHECK(load(&f) == 0);
	CHECK_EQ_U64(kernel.calls, 2);
	CHECK(kernel.call[0].flags == KX_FILE_DEBUG);
	CHECK(kernel.call[1].flags == 0);
	/* Where every try is counted, the flag is not tried. */
	begin(&f);
	f.plan.call = KX_CALL_FILE;
	f.request.debug = true;
	f.sources.limit_reboot = (struct kx_opt_u64){ true, 1 };
	CHECK(load(&f) == 0);
	CHECK_EQ_U64(kernel.calls, 1);
	CHECK(kernel.call[0].flags == 0);
}

/* ---- the other call --------------------------------------------------------------- */

static void test_fallback(void)
{
	static const struct {
		enum kx_call call;
		int code;
		bool tried;
	} rows[] = {
		{ KX_CALL_LOAD, EPERM, true },
		{ KX_CALL_LOAD, EACCES, true },
		{ KX_CALL_LOAD, ENOSYS, true },
		{ KX_CALL_LOAD, EINVAL, false },
		{ KX_CALL_LOAD, EADDRNOTAVAIL, false },
		{ KX_CALL_LOAD, ENOMEM, false },
		{ KX_CALL_FILE, ENOSYS, false },
		{ KX_CALL_FILE, EINVAL, false },
		{ KX_CALL_FILE, EPERM, false },
		{ KX_CALL_FILE, EKEYREJECTED, false },
		{ KX_CALL_FILE, ENOMEM, false },
	};
	struct fixture f;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(&f);
		f.plan.call = rows[i].call;
		kernel.answer[0] = rows[i].code;
		CHECK(load(&f) == (rows[i].tried ? 0 : -rows[i].code));
		CHECK_EQ_U64(kernel.calls, rows[i].tried ? 2 : 1);
		if (rows[i].tried) {
			CHECK_EQ_U64(f.call, KX_CALL_FILE);
			CHECK(kernel.call[0].number != kernel.call[1].number);
			CHECK_EQ_U64(f.err.code, 0);
		}
		/* Not when the user or the plan said which. */
		begin(&f);
		f.plan.call = f.request.call = rows[i].call;
		kernel.answer[0] = rows[i].code;
		CHECK(load(&f) == -rows[i].code);
		CHECK_EQ_U64(kernel.calls, 1);
		begin(&f);
		f.plan.call = rows[i].call;
		f.plan.fallback_allowed = false;
		kernel.answer[0] = rows[i].code;
		CHECK(load(&f) == -rows[i].code);
		CHECK_EQ_U64(kernel.calls, 1);
	}
}

/* Both are forbidden alike. */
static void test_no_fallback(void)
{
	struct fixture f;

	begin(&f);
	f.sources.has_cap_boot = false;
	kernel.answer[0] = EPERM;
	CHECK(load(&f) == -EPERM);
	CHECK_EQ_U64(kernel.calls, 1);
	begin(&f);
	f.sources.load_disabled = (struct kx_opt_u64){ true, 1 };
	kernel.answer[0] = EPERM;
	CHECK(load(&f) == -EPERM);
	CHECK_EQ_U64(kernel.calls, 1);
	begin(&f);
	f.sources.limit_reboot = (struct kx_opt_u64){ true, 0 };
	kernel.answer[0] = EPERM;
	CHECK(load(&f) == -EPERM);
	CHECK_EQ_U64(kernel.calls, 1);
}

static void test_both_refuse(void)
{
	struct fixture f;

	begin(&f);
	f.sources.lockdown = KX_LOCKDOWN_INTEGRITY;
	kernel.answer[0] = EPERM;
	kernel.answer[1] = EKEYREJECTED;
	CHECK(load(&f) == -EPERM);
	CHECK_STR(f.err.text, "kexec_load refused: Operation not permitted (EPERM): kernel lockdown"
		  " is 'integrity', which forbids kexec_load (use -s with a signed kernel); then"
		  " kexec_file_load refused: Key was rejected by service (EKEYREJECTED): the"
		  " signature does not match the file, or its key is not trusted or revoked");
}

/* ---- unload -------------------------------------------------------------------------- */

static void test_unload(void)
{
	struct fixture f;

	begin(&f);
	CHECK(unload(&f, false, KX_CALL_AUTO) == 0);
	CHECK_EQ_U64(kernel.calls, 1);
	CHECK(kernel.call[0].number == SYS_kexec_load);
	CHECK(kernel.call[0].count == 0 && kernel.call[0].flags == 0);

	begin(&f);
	CHECK(unload(&f, true, KX_CALL_FILE) == 0);
	CHECK(kernel.call[0].number == SYS_kexec_file_load);
	CHECK(kernel.call[0].flags == (KX_FILE_UNLOAD | KX_FILE_ON_CRASH));
	CHECK(kernel.call[0].kernel_fd == -1 && kernel.call[0].initrd_fd == -1);

	begin(&f);
	CHECK(unload(&f, true, KX_CALL_LOAD) == 0);
	CHECK(kernel.call[0].flags == KX_LOAD_ON_CRASH);
}

static void test_unload_locked(void)
{
	struct fixture f;

	/* Lockdown that cannot be seen: securityfs is not mounted. */
	begin(&f);
	kernel.answer[0] = EPERM;
	CHECK(unload(&f, false, KX_CALL_AUTO) == 0);
	CHECK(kernel.call[1].number == SYS_kexec_file_load);
	CHECK(kernel.call[1].flags == KX_FILE_UNLOAD);
	CHECK_EQ_U64(f.err.code, 0);
	/* Lockdown that can: the call that may comes first. */
	begin(&f);
	f.sources.lockdown = KX_LOCKDOWN_INTEGRITY;
	CHECK(unload(&f, false, KX_CALL_AUTO) == 0);
	CHECK_EQ_U64(kernel.calls, 1);
	CHECK(kernel.call[0].number == SYS_kexec_file_load);
	/* -c means kexec_load. */
	begin(&f);
	kernel.answer[0] = EPERM;
	CHECK(unload(&f, false, KX_CALL_LOAD) == -EPERM);
	CHECK_EQ_U64(kernel.calls, 1);
	/* Not root: one refusal is enough. */
	begin(&f);
	f.sources.has_cap_boot = false;
	kernel.answer[0] = EPERM;
	CHECK(unload(&f, false, KX_CALL_AUTO) == -EPERM);
	CHECK_EQ_U64(kernel.calls, 1);
	CHECK_STR(f.err.text, "kexec_load (unload) refused: Operation not permitted (EPERM): the"
		  " capability CAP_SYS_BOOT is missing (not root?)");
	begin(&f);
	kernel.answer[0] = kernel.answer[1] = ENOSYS;
	CHECK(unload(&f, false, KX_CALL_AUTO) == -ENOSYS);
	CHECK_STR(f.err.text, "kexec_load (unload) refused: Function not implemented (ENOSYS): this"
		  " kernel is built without CONFIG_KEXEC, or a seccomp filter hides the call; then"
		  " kexec_file_load (unload) refused: Function not implemented (ENOSYS): this kernel"
		  " is built without CONFIG_KEXEC_FILE, or a seccomp filter hides the call");
}

/* ---- staging ----------------------------------------------------------------------------- */

/* A plan with its payload in the reservation of a machine where nothing is loaded. */
static void begin_staged(struct fixture *f)
{
	begin(f);
	f->sources.crash[0] = (struct kx_range){ 0x30000000, 0x38000000 };
	f->sources.crash_count = 1;
	f->sources.kexec_loaded = f->sources.crash_loaded = (struct kx_opt_u64){ true, 0 };
	f->request.stage = KX_STAGE_CRASHKERNEL;
	f->plan.fallback_allowed = false;
	f->plan.staged_count = 1;
	f->plan.staged[0] = (struct kx_segment){
		.name = "payload", .buf = { initrd_bytes, sizeof(initrd_bytes) },
		.range = { 0x30000000, 0x30004000 },
	};
	f->plan.staged_entry = 0x30000000;
}

/* ... where our payload is staged, and an image loaded that needs it. */
static void begin_again(struct fixture *f)
{
	begin_staged(f);
	f->sources.kexec_loaded.value = f->sources.crash_loaded.value = 1;
	f->sources.crash_is_staged = kernel.marked = true;
}

static void test_stage(void)
{
	struct fixture f;

	begin_staged(&f);
	CHECK(load(&f) == 0);
	CHECK_STR(kernel.story, "stage mark load");
	CHECK(kernel.marked);
	CHECK_EQ_U64(f.call, KX_CALL_LOAD);
	CHECK_EQ_U64(kernel.call[0].entry, 0x30000000);
	CHECK_EQ_U64(kernel.call[0].first_mem, 0x30000000);
	CHECK_EQ_U64(kernel.call[0].first_memsz, 0x4000);
	CHECK_EQ_U64(kernel.call[0].first_bufsz, 0x2000);
	CHECK(kernel.call[0].flags == (62L << 16 | KX_LOAD_ON_CRASH));
	CHECK_EQ_U64(kernel.call[1].first_mem, 0x1000000);
	CHECK(kernel.call[1].flags == 62L << 16);
	CHECK(f.err.code == 0 && f.left.code == 0);

	/* An image that needs nothing of the reservation stays until it is replaced. */
	begin_staged(&f);
	f.sources.kexec_loaded.value = 1;
	CHECK(load(&f) == 0);
	CHECK_STR(kernel.story, "stage mark load");

	begin_staged(&f);
	kernel.write_fails = EROFS;
	CHECK(load(&f) == 0);
	CHECK_STR(kernel.story, "stage mark load");
	CHECK_STR(f.left.text, "what is staged will be taken for a crash kernel, and only kexec"
		  " -p -u unloads it: no mark");
}

static void test_stage_again(void)
{
	struct fixture f;

	begin_again(&f);
	CHECK(load(&f) == 0);
	CHECK_STR(kernel.story, "unload stage mark load");
	CHECK(kernel.marked && f.left.code == 0);
	/* A kernel that forbids it says so before anything is lost. */
	begin_again(&f);
	kernel.answer[0] = EPERM;
	CHECK(load(&f) == -EPERM);
	CHECK_STR(kernel.story, "unload");
	CHECK(kernel.marked);
}

/* Refused, with what is lost: by the payload's load, and by the image's. */
static void test_stage_refused(void)
{
	struct fixture f;

	begin_staged(&f);
	kernel.answer[0] = EADDRNOTAVAIL;
	CHECK(load(&f) == -EADDRNOTAVAIL);
	CHECK_STR(kernel.story, "stage");
	CHECK_STR(f.err.text, "kexec_load (staging) refused: Cannot assign requested address"
		  " (EADDRNOTAVAIL): the kernel cannot reach one of the addresses; its page size"
		  " is taken to be 0x1000");
	CHECK_EQ_U64(f.call, KX_CALL_AUTO);

	begin_staged(&f);
	kernel.answer[1] = ENOMEM;
	CHECK(load(&f) == -ENOMEM);
	CHECK_STR(kernel.story, "stage mark load unload-crash unmark");
	CHECK(!kernel.marked);
	CHECK_STR(f.err.text, "kexec_load refused: Cannot allocate memory (ENOMEM): the kernel"
		  " copies 0x1000000 bytes until the jump, and 0x0 bytes were available");

	begin_staged(&f);
	kernel.answer[1] = ENOMEM;
	kernel.answer[2] = EPERM;
	CHECK(load(&f) == -ENOMEM);
	CHECK_STR(kernel.story, "stage mark load unload-crash");
	CHECK(kernel.marked);
	CHECK(strstr(f.err.text, "were available; the crash kernel's reservation still holds a"
		     " staged payload: kexec_load (unload) refused: "));

	begin_staged(&f);
	kernel.answer[1] = ENOMEM;
	kernel.remove_fails = EROFS;
	CHECK(load(&f) == -ENOMEM);
	CHECK(strstr(f.err.text, "; the next crash kernel will be taken for a staged payload: mark"
		     " stays"));
}

#define LOST "; the kernel that was loaded before is unloaded, because its payload waited in the" \
	     " same place"
#define GONE "; the crash kernel that was loaded is gone"

static bool ends_with(const char *s, const char *end)
{
	return strlen(s) >= strlen(end) && !strcmp(s + strlen(s) - strlen(end), end);
}

static void test_stage_lost(void)
{
	struct fixture f;

	/* Over our own payload. */
	begin_again(&f);
	for (size_t i = 1; i < 7; i++)
		kernel.answer[i] = EBUSY;
	CHECK(load(&f) == -EBUSY);
	CHECK_STR(kernel.story, "unload stage stage stage stage stage stage unload-crash unmark");
	CHECK(!kernel.marked);
	CHECK_STR(f.err.text, "kexec_load (staging) refused: Device or resource busy (EBUSY):"
		  " another kexec held the kernel's lock for half a second" LOST);
	begin_again(&f);
	kernel.answer[2] = ENOMEM;
	CHECK(load(&f) == -ENOMEM);
	CHECK_STR(kernel.story, "unload stage mark load unload-crash unmark");
	CHECK(ends_with(f.err.text, "available" LOST));
	begin_again(&f);
	f.sources.kexec_loaded.value = 0;
	kernel.answer[2] = ENOMEM;
	CHECK(load(&f) == -ENOMEM);
	CHECK(ends_with(f.err.text, "available"));
	/* Over a crash kernel that may be evicted. */
	begin_staged(&f);
	f.sources.crash_loaded.value = 1;
	kernel.answer[0] = ENOMEM;
	CHECK(load(&f) == -ENOMEM);
	CHECK_STR(kernel.story, "stage");
	CHECK(ends_with(f.err.text, "[0x30000000-0x38000000)" GONE));
	begin_staged(&f);
	f.sources.crash_loaded.value = 1;
	kernel.any_image = true;
	kernel.answer[0] = EPERM;
	CHECK(load(&f) == -EPERM);
	CHECK(!strstr(f.err.text, GONE));
	begin_staged(&f);
	f.sources.crash_loaded.value = 1;
	kernel.any_image = true;	/* the payload */
	kernel.answer[1] = ENOMEM;
	CHECK(load(&f) == -ENOMEM);
	CHECK_STR(kernel.story, "stage mark load unload-crash unmark");
	CHECK(ends_with(f.err.text, "available" GONE));
}

/* A crash kernel: the other image's marks stay, a payload's is no more true. */
static void test_crash(void)
{
	struct fixture f;

	begin(&f);
	f.request.crash = true;
	f.plan.flags |= KX_LOAD_ON_CRASH;
	kernel.marked = true;
	CHECK(load(&f) == 0);
	/* The kernel here calls everything for a panic so. */
	CHECK_STR(kernel.story, "stage unmark");
	CHECK(!kernel.marked && !f.left.code);
	/* Refused when the kernel has dropped the old one, and before. */
	for (int i = 0; i < 2; i++) {
		begin(&f);
		f.request.crash = true;
		f.plan.flags |= KX_LOAD_ON_CRASH;
		f.plan.fallback_allowed = false;
		f.sources.crash_loaded = (struct kx_opt_u64){ true, 1 };
		kernel.any_image = i;
		kernel.answer[0] = ENOMEM;
		CHECK(load(&f) == -ENOMEM);
		CHECK(ends_with(f.err.text, GONE) == !i);
	}
}

/* The plan saw an empty reservation; before the first call somebody has filled it. */
static void test_stage_taken(void)
{
	struct fixture f;

	begin_staged(&f);
	f.request.evict_crash_kernel = true;
	kernel.any_image = true;
	CHECK(load(&f) == -EBUSY);
	CHECK_STR(kernel.story, "");
	CHECK_STR(f.err.text, "staging not tried: since this load began the crash kernel's"
		  " reservation has been taken");
	/* Our own payload is there. */
	begin_again(&f);
	kernel.any_image = true;
	CHECK(load(&f) == 0);
}

static void test_stage_limits(void)
{
	struct fixture f;

	begin_staged(&f);
	f.sources.limit_panic = (struct kx_opt_u64){ true, 0 };
	f.sources.limit_reboot = (struct kx_opt_u64){ true, UINT64_MAX };
	CHECK(load(&f) == -EPERM);
	CHECK_STR(f.err.text, "staging not tried: it takes 1 of the loads that the sysctl"
		  " kernel.kexec_load_limit_panic allows, and 0 are left");
	CHECK_STR(kernel.story, "");
	begin_again(&f);
	f.sources.limit_reboot = (struct kx_opt_u64){ true, 1 };
	CHECK(load(&f) == -EPERM);
	CHECK_STR(f.err.text, "staging not tried: it takes 2 of the loads that the sysctl"
		  " kernel.kexec_load_limit_reboot allows, and 1 are left");
	CHECK_STR(kernel.story, "");
	begin_staged(&f);
	f.sources.limit_reboot = (struct kx_opt_u64){ true, 1 };
	CHECK(load(&f) == 0);
	begin_staged(&f);
	f.sources.iomem_hidden = true;
	CHECK(load(&f) == -EPERM);
	CHECK_STR(kernel.story, "");
}

/* The payload of the image that is replaced serves nobody. */
static void test_plain_after_staged(void)
{
	struct fixture f;

	begin_again(&f);
	f.plan.staged_count = 0;
	CHECK(load(&f) == 0);
	CHECK_STR(kernel.story, "load unload-crash unmark");
	CHECK(!kernel.marked && f.left.code == 0);
	begin_again(&f);
	f.plan.staged_count = 0;
	f.plan.call = KX_CALL_FILE;
	CHECK(load(&f) == 0);
	CHECK_STR(kernel.story, "file unload-crash unmark");
	/* Replaced it is not. */
	begin_again(&f);
	f.plan.staged_count = 0;
	kernel.answer[0] = EINVAL;
	CHECK(load(&f) == -EINVAL);
	CHECK_STR(kernel.story, "load");
	begin_again(&f);
	f.plan.staged_count = 0;
	kernel.answer[1] = ENOMEM;
	CHECK(load(&f) == 0);
	CHECK_STR(kernel.story, "load unload-crash");
	CHECK(kernel.marked);
	CHECK_STR(f.left.text, "the crash kernel's reservation still holds a staged payload:"
		  " kexec_load (unload) refused: Cannot allocate memory (ENOMEM): the kernel is"
		  " out of memory");
	/* A crash kernel is not ours to unload. */
	begin_again(&f);
	f.plan.staged_count = 0;
	f.sources.crash_is_staged = false;
	CHECK(load(&f) == 0);
	CHECK_STR(kernel.story, "load");
}

static void test_unload_staged(void)
{
	struct fixture f;

	for (int crash = 0; crash < 2; crash++) {
		begin_again(&f);
		CHECK(unload(&f, crash, KX_CALL_AUTO) == 0);
		CHECK_STR(kernel.story, "unload unload-crash unmark");
		CHECK(!kernel.marked && f.left.code == 0);
		begin_again(&f);
		kernel.answer[0] = EPERM;
		CHECK(unload(&f, crash, KX_CALL_LOAD) == -EPERM);
		CHECK_STR(kernel.story, "unload");
		CHECK(kernel.marked);
		begin_again(&f);
		kernel.answer[1] = ENOMEM;
		CHECK(unload(&f, crash, KX_CALL_LOAD) == -ENOMEM);
		CHECK_STR(kernel.story, "unload unload-crash");
		CHECK(kernel.marked);
		CHECK_STR(f.err.text, "the crash kernel's reservation still holds a staged payload:"
			  " kexec_load (unload) refused: Cannot allocate memory (ENOMEM): the"
			  " kernel is out of memory");
		begin_again(&f);
		kernel.remove_fails = EROFS;
		CHECK(unload(&f, crash, KX_CALL_AUTO) == 0);
		CHECK_STR(f.left.text, "the next crash kernel will be taken for a staged payload:"
			  " mark stays");
	}
	/* A crash kernel is not. */
	begin_again(&f);
	f.sources.crash_is_staged = false;
	CHECK(unload(&f, false, KX_CALL_AUTO) == 0);
	CHECK_STR(kernel.story, "unload");
	begin_again(&f);
	f.sources.crash_is_staged = false;
	CHECK(unload(&f, true, KX_CALL_AUTO) == 0);
	CHECK_STR(kernel.story, "unload-crash");
}

/* ---- a captured machine cannot be changed ---------------------------------------------- */

static void test_captured(void)
{
	const struct kx_exec_options nothing = { true, true };
	static const char want[] = "the facts are those of the machine captured in /tmp/m: nothing"
				   " can be loaded or started with them";
	struct fixture f;

	begin(&f);
	f.sources.root = "/tmp/m";
	CHECK(load(&f) == -EINVAL);
	CHECK_STR(f.err.text, want);
	CHECK(unload(&f, false, KX_CALL_AUTO) == -EINVAL);
	CHECK_STR(f.err.text, want);
	CHECK(kx_commit_exec(&f.sources, &nothing, &f.err) == -EINVAL);
	CHECK_STR(f.err.text, want);
	CHECK_EQ_U64(kernel.calls, 0);
}

TEST_MAIN(
	{ "kexec_load", test_load },
	{ "kexec_load and -d", test_load_debug },
	{ "kexec_load without addresses in /proc/iomem", test_load_blind },
	{ "a busy kernel", test_busy },
	{ "a saved core", test_load_saved },
	{ "kexec_file_load", test_file },
	{ "kexec_file_load of the user's files", test_file_own },
	{ "kexec_file_load of a pipe", test_file_pipe },
	{ "kexec_file_load and -d", test_file_debug },
	{ "when the other call is tried", test_fallback },
	{ "when it is not", test_no_fallback },
	{ "both refuse", test_both_refuse },
	{ "unload", test_unload },
	{ "unload under lockdown", test_unload_locked },
	{ "staging", test_stage },
	{ "staging over a staged payload", test_stage_again },
	{ "staging that is refused", test_stage_refused },
	{ "what a refusal has cost", test_stage_lost },
	  { "a crash kernel, and one that is lost", test_crash },
	{ "staging where somebody was faster", test_stage_taken },
	{ "staging and the load limits", test_stage_limits },
	{ "an image without a payload after one with", test_plain_after_staged },
	{ "unload what is staged", test_unload_staged },
	{ "a snapshot to be taken", test_keep },
	{ "a snapshot that is not taken after all", test_keep_forgotten },
	{ "what is known to be refused", test_may_load },
	{ "a captured machine", test_captured },
)
