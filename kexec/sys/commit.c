/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only kexec_load(2), kexec_file_load(2) and reboot(2) of the project.
 *
 * Nothing is decided here but what to do about a refusal: which flag to drop,
 * whether to wait, whether the plan's other call may be tried.  A refused load
 * leaves the image that was loaded before in place: the kernel swaps the new
 * one in as its last step, and nothing is unloaded first.  What goes into the crash
 * kernel's reservation is the exception: "Free any current crash dump kernel before we
 * corrupt it", says do_kexec_load(), before it has looked at the new one.  So a plan is
 * held against all of its rules first (plan/check.c), and if it is refused all the same
 * the loss is told.  Staging has a rule of its own in commit-staged.c.
 * Called by the verbs load, unload and exec.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <linux/reboot.h>

#include "commit.h"
#include "hold.h"
#include "interfaces.h"
#include "kmsg.h"
#include "kx/explain.h"
#include "kx/keep-take.h"
#include "kx/sys.h"
#include "kx/uapi.h"
#include "memfd.h"
#include "open.h"
#include "returning.h"
#include "saved-target.h"
#include "staged.h"

/* ---- the system calls --------------------------------------------------------- */

/* struct kexec_segment of include/uapi/linux/kexec.h on a 64-bit machine. */
struct uapi_segment {
	const void *buf;
	uint64_t bufsz;
	uint64_t mem;
	uint64_t memsz;
};

static int call_kexec_load(uint64_t entry, size_t count, const struct uapi_segment *segments,
			   uint64_t flags)
{
	return syscall(SYS_kexec_load, entry, count, segments, flags) < 0 ? -errno : 0;
}

/* @len counts the NUL. */
static int call_kexec_file_load(int kernel_fd, int initrd_fd, size_t len, const char *cmdline,
				uint64_t flags)
{
	return syscall(SYS_kexec_file_load, kernel_fd, initrd_fd, len, cmdline, flags) < 0 ?
	       -errno : 0;
}

static int call_reboot_kexec(void)
{
	return syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		       LINUX_REBOOT_CMD_KEXEC, NULL) < 0 ? -errno : 0;
}

/* ---- one call, with patience ---------------------------------------------------- */

/* A call that may be made again. */
struct attempt {
	enum kx_call call;
	uint64_t flags;
	/* kexec_load */
	uint64_t entry;
	size_t count;
	struct uapi_segment segment[KX_SEGMENTS_MAX];
	/* kexec_file_load */
	int kernel_fd, initrd_fd;
	const char *cmdline;
	size_t cmdline_len;
};

static int call_once(const struct attempt *t)
{
	if (t->call == KX_CALL_FILE)
		return call_kexec_file_load(t->kernel_fd, t->initrd_fd, t->cmdline_len,
					    t->cmdline, t->flags);
	return call_kexec_load(t->entry, t->count, t->segment, t->flags);
}

#define BUSY_TRIES	5
#define BUSY_WAIT_NS	(100 * 1000 * 1000)

/*
 * kernel/kexec.c gives EBUSY when it does not get its lock at once, which
 * another load holds while it copies: udev reloads a crash kernel like that.
 */
static int call_patiently(const struct attempt *t)
{
	int r = call_once(t);

	for (int i = 0; r == -EBUSY && i < BUSY_TRIES; i++) {
		struct timespec wait = { 0, BUSY_WAIT_NS };

		while (nanosleep(&wait, &wait) < 0 && errno == EINTR)
			;
		r = call_once(t);
	}
	return r;
}

/* How texts of the kernel's log about us begin (7.2, 6.12, 6.1). */
static const char *const log_prefixes[] = {
	"kexec", "Kexec", "Can't kexec", "Cannot kexec", "Lockdown", "PEFILE", "PKCS7",
	"ima:", "crash", NULL
};

/* The call; on refusal what the kernel logged meanwhile is in @line. */
static int call_and_listen(const struct attempt *t, char line[KX_KMSG_LINE])
{
	_cleanup_fd_ int log = kx_kmsg_open();
	int r = call_patiently(t);

	line[0] = 0;
	if (r < 0)
		kx_kmsg_since(log, log_prefixes, line);
	return r;
}

/* ---- what is allowed, and where ----------------------------------------------------- */

/* kexec_load_permitted() refuses both calls alike; lockdown and IMA do not. */
static bool both_forbidden(const struct kx_sources *s, bool crash)
{
	const struct kx_opt_u64 *limit = crash ? &s->limit_panic : &s->limit_reboot;

	return !s->has_cap_boot || (s->load_disabled.known && s->load_disabled.value) ||
	       (limit->known && limit->value == 0);
}

static int only_here(const struct kx_sources *s, struct kx_err *err)
{
	if (s->root[0])
		return kx_err_set(err, EINVAL,
				  "the facts are those of the machine captured in %s: nothing can be loaded or started with them",
				  s->root);
	return 0;
}

/* ---- one image less ----------------------------------------------------------------- */

static int unload_by(const struct kx_sources *s, enum kx_call call, bool crash,
		     struct kx_err *err)
{
	struct attempt t = {
		.call = call,
		.flags = crash ? KX_LOAD_ON_CRASH : 0,
		.kernel_fd = -1,
		.initrd_fd = -1,
	};
	char line[KX_KMSG_LINE];
	int r;

	if (call == KX_CALL_FILE)
		t.flags = KX_FILE_UNLOAD | (crash ? KX_FILE_ON_CRASH : 0);
	r = call_and_listen(&t, line);
	return r < 0 ? kx_explain_unload(s, call, crash, -r, line, err) : 0;
}

/*
 * Both calls unload what either has loaded; under lockdown only
 * kexec_file_load may, and many arm64 kernels do not have that one.
 */
int kx_unload_image(const struct kx_sources *s, bool crash, enum kx_call call,
		    struct kx_err *err)
{
	struct kx_err first = { 0 }, second = { 0 };
	bool automatic = call == KX_CALL_AUTO;
	int r;

	if (automatic)
		call = s->lockdown == KX_LOCKDOWN_NONE ? KX_CALL_LOAD : KX_CALL_FILE;
	r = unload_by(s, call, crash, &first);
	if (r == 0)
		return 0;
	if (!automatic || (r != -EPERM && r != -EACCES && r != -ENOSYS) ||
	    (r == -EPERM && both_forbidden(s, crash)))
		return kx_err_set(err, first.code, "%s", first.text);
	call = call == KX_CALL_FILE ? KX_CALL_LOAD : KX_CALL_FILE;
	r = unload_by(s, call, crash, &second);
	if (r < 0)
		return kx_err_set(err, first.code, "%s; then %s", first.text, second.text);
	return 0;
}

/* ---- load ------------------------------------------------------------------------- */

static struct attempt attempt_segments(const struct kx_segment *v, size_t count, uint64_t entry,
				       uint64_t flags)
{
	struct attempt t = {
		.call = KX_CALL_LOAD, .flags = flags, .entry = entry, .count = count,
	};

	for (size_t i = 0; i < count; i++)
		t.segment[i] = (struct uapi_segment){
			.buf = v[i].buf.len ? v[i].buf.data : NULL,
			.bufsz = v[i].buf.len,
			.mem = v[i].range.start,
			.memsz = kx_range_len(v[i].range),
		};
	return t;
}

/*
 * A plan made like that is good to look at.  Loaded, it could overwrite what
 * firmware and kernel have reserved.
 */
int kx_check_sighted(const struct kx_plan *p, struct kx_err *err)
{
	if (p->sources->iomem_hidden)
		return kx_err_set(err, EPERM,
				  "kexec_load not tried: /proc/iomem shows no addresses (the capability CAP_SYS_ADMIN is missing), so what must not be overwritten is not known");
	return 0;
}

int kx_commit_may_load(const struct kx_plan *p, struct kx_err *err)
{
	if (both_forbidden(p->sources, p->request->crash))
		return kx_explain_load(p, p->call, EPERM, "", err);
	return kx_check_sighted(p, err);
}

int kx_load_segments(const struct kx_plan *p, struct kx_err *err)
{
	struct attempt t = attempt_segments(p->segment, p->segment_count, p->entry, p->flags);
	char line[KX_KMSG_LINE];
	struct kx_hold hold;
	int r = kx_check_sighted(p, err);

	if (r < 0)
		return r;
	kx_hold_begin(p, &hold);
	r = call_and_listen(&t, line);
	kx_hold_end(&hold);
	return r < 0 ? kx_explain_load(p, KX_CALL_LOAD, -r, line, err) : 0;
}

int kx_load_payload(const struct kx_plan *p, struct kx_err *err)
{
	struct attempt t = attempt_segments(p->staged, p->staged_count, p->staged_entry,
					    (p->flags & KX_ARCH_MASK) | KX_LOAD_ON_CRASH);
	char line[KX_KMSG_LINE];
	int r = call_and_listen(&t, line);

	return r < 0 ? kx_explain_stage(p, -r, line, err) : 0;
}

/* kernel_read_file() in fs/kernel_read_file.c takes regular files only, not pipes. */
static bool is_regular(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/*
 * Every call the kernel permits costs one of kernel.kexec_load_limit_*, even
 * if it then dislikes a flag: with a limit set nothing is tried out.
 */
static bool may_try_flags(const struct kx_plan *p)
{
	const struct kx_sources *s = p->sources;
	const struct kx_opt_u64 *limit = p->request->crash ? &s->limit_panic : &s->limit_reboot;

	return !limit->known || limit->value == UINT64_MAX;
}

static uint64_t file_flags(const struct kx_plan *p)
{
	uint64_t flags = p->file_flags;

	if (p->request->debug && may_try_flags(p))
		flags |= KX_FILE_DEBUG;
	return flags;
}

static int load_files(const struct kx_plan *p, struct kx_err *err)
{
	_cleanup_fd_ int own_kernel = -1;
	_cleanup_fd_ int own_initrd = -1;
	struct attempt t = {
		.call = KX_CALL_FILE,
		.flags = file_flags(p),
		.kernel_fd = p->request->kernel.fd,
		.initrd_fd = p->initrd.len ? p->initrd_fd : -1,
		.cmdline = p->cmdline,
		.cmdline_len = strlen(p->cmdline) + 1,
	};
	char line[KX_KMSG_LINE];
	int r;

	if (!p->file_use_fd || !is_regular(t.kernel_fd)) {
		t.kernel_fd = own_kernel = kx_memfd("kernel", p->file_kernel, err);
		if (own_kernel < 0)
			return own_kernel;
	}
	if (p->initrd.len && !is_regular(t.initrd_fd)) {
		t.initrd_fd = own_initrd = kx_memfd("initrd", p->initrd, err);
		if (own_initrd < 0)
			return own_initrd;
	}
	r = call_and_listen(&t, line);
	/* Before v6.8 KEXEC_FILE_DEBUG is an unknown flag; -d is not worth a failure. */
	if (r == -EINVAL && t.flags & KX_FILE_DEBUG) {
		t.flags &= ~(uint64_t)KX_FILE_DEBUG;
		r = call_and_listen(&t, line);
	}
	return r < 0 ? kx_explain_load(p, KX_CALL_FILE, -r, line, err) : 0;
}

/* ---- load, by either call ------------------------------------------------------------ */

/*
 * Is @code the kernel's way to say "not by kexec_load", so that kexec_file_load
 * may do?  The other way round there is no hope: a plan only chooses
 * kexec_file_load where kexec_load cannot be had or cannot do it.
 */
static bool file_may_do(const struct kx_plan *p, int code)
{
	if (p->call != KX_CALL_LOAD || p->request->call != KX_CALL_AUTO || !p->fallback_allowed)
		return false;
	/* EPERM: lockdown; EACCES: IMA */
	if (code != ENOSYS && code != EPERM && code != EACCES)
		return false;
	return code != EPERM || !both_forbidden(p->sources, p->request->crash);
}

/* What is loaded hides it, and once that is unloaded -e would do it after all. */
static void forget_keeping(const struct kx_sources *s, struct kx_err *left)
{
	struct kx_err failed = { 0 };

	if (kx_keeping_forget(s->root, &failed) == 0 || left->code)
		return;
	kx_err_wrap(&failed, "kexec -e with nothing loaded will take a snapshot");
	*left = failed;
}

/* @text is why it was refused. */
static int refuse(const struct kx_plan *p, int code, const char *text, struct kx_err *err)
{
	const struct kx_sources *s = p->sources;
	bool lost = p->request->crash && s->crash_loaded.known && s->crash_loaded.value &&
		    !kx_staged_any_image(s->root);

	return kx_err_set(err, code, "%s%s", text,
			  lost ? "; the crash kernel that was loaded is gone" : "");
}

/* All that is known of the other image stays true. */
static void settle_crash(const struct kx_plan *p, struct kx_err *left)
{
	if (kx_staged_remove(p->sources->root, left) < 0)
		kx_err_wrap(left, "the crash kernel will be taken for a staged payload");
}

int kx_commit_load(const struct kx_plan *p, enum kx_call *ret_call, struct kx_err *ret_left,
		   struct kx_err *err)
{
	enum kx_call call = p->call;
	struct kx_err first = { 0 }, second = { 0 }, left = { 0 }, failed = { 0 };
	int r;

	r = only_here(p->sources, err);
	if (r < 0)
		return r;
	if (call == KX_CALL_FILE)
		r = load_files(p, &first);
	else if (p->staged_count)
		r = kx_load_staged(p, &left, &first);
	else
		r = kx_load_segments(p, &first);
	if (r < 0 && !file_may_do(p, -r))
		return refuse(p, first.code, first.text, err);
	if (r < 0) {
		call = KX_CALL_FILE;
		r = load_files(p, &second);
		if (r < 0) {
			kx_err_set(&first, first.code, "%s; then %s", first.text, second.text);
			return refuse(p, first.code, first.text, err);
		}
	}
	if (p->request->crash) {
		settle_crash(p, &left);
		*ret_call = call;
		*ret_left = left;
		return 0;
	}
	if (!p->staged_count)
		kx_drop_staged(p, &left);
	if (kx_returning_note(p, &failed) < 0 && !left.code) {
		kx_err_wrap(&failed, "kexec -e will not know whether it returns");
		left = failed;
	}
	/* Without it kexec -e would not say on disk that the image is used up. */
	r = kx_resuming_note(p, &failed);
	if (r < 0 && p->saved && !p->saved->kept_pa) {
		r = kx_unload_image(p->sources, false, KX_CALL_LOAD, &left);
		return kx_err_set(err, failed.code, "kexec -e would not know that it is a saved core (%s), so it was unloaded again%s%s",
				  failed.text, r < 0 ? ", which failed: " : "",
				  r < 0 ? left.text : "");
	}
	if (r < 0 && !left.code) {
		kx_err_wrap(&failed, "kexec -e will take what is loaded for a saved core");
		left = failed;
	}
	/* It is what kexec -e has just loaded, and will load again. */
	if (p->request->context != KX_PRESERVE_SNAPSHOT)
		forget_keeping(p->sources, &left);
	*ret_call = call;
	*ret_left = left;
	return 0;
}

/* ---- unload ------------------------------------------------------------------------ */

/*
 * The image before its payload: between the two calls nothing must be loaded
 * that cannot be entered.
 */
int kx_commit_unload(const struct kx_sources *s, bool crash, enum kx_call call,
		     struct kx_err *ret_left, struct kx_err *err)
{
	struct kx_err left = { 0 };
	int r;

	r = only_here(s, err);
	if (r == 0 && (!crash || s->crash_is_staged))
		r = kx_unload_image(s, false, call, err);
	if (r < 0)
		return r;
	if (!crash && kx_returning_forget(s->root, &left) < 0)
		kx_err_wrap(&left, "what is loaded next will be taken for a kernel that returns");
	if (!crash && kx_resuming_forget(s->root, &left) < 0)
		kx_err_wrap(&left, "what is loaded next will be taken for a saved core");
	if (!crash)
		forget_keeping(s, &left);
	if (crash && !s->crash_is_staged)
		r = kx_unload_image(s, true, call, err);
	else if (s->crash_is_staged)
		r = kx_unload_staged(s, call, &left, err);
	if (r == 0)
		*ret_left = left;
	return r;
}

/* ---- a snapshot to be taken ---------------------------------------------------------- */

/* The new mark first: a load that fails replaces nothing. */
int kx_commit_keep(const struct kx_plan *p, const struct kx_keeping *v, struct kx_err *ret_left,
		   struct kx_err *err)
{
	const struct kx_sources *s = p->sources;
	struct kx_err left = { 0 }, failed = { 0 };
	int r = only_here(s, err);

	if (r == 0)
		r = kx_check_sighted(p, err);
	if (r == 0)
		r = kx_keeping_write(s->root, v, err);
	if (r < 0)
		return r;
	r = kx_unload_image(s, false, KX_CALL_AUTO, &failed);
	if (r < 0) {
		if (kx_keeping_forget(s->root, err) < 0)
			return kx_err_wrap(err, "%s; and", failed.text);
		return kx_err_set(err, failed.code, "what is loaded cannot be replaced: %s",
				  failed.text);
	}
	kx_drop_staged(p, &left);
	if ((kx_returning_forget(s->root, &failed) < 0 ||
	     kx_resuming_forget(s->root, &failed) < 0) && !left.code)
		left = failed;
	*ret_left = left;
	return 0;
}

/* ---- exec --------------------------------------------------------------------------- */

/* Read anew: the facts may be older than the load. */
static int check_loaded(struct kx_err *err)
{
	uint64_t loaded;

	if (!kx_root_exists("", "sys/kernel"))
		return kx_err_set(err, ENOENT,
				  "cannot see whether an image is loaded: expected sysfs on /sys, found nothing there");
	if (kx_root_u64("", 10, &loaded, NULL, "sys/kernel/kexec_loaded") < 0 &&
	    kx_root_u64("", 10, &loaded, NULL, "sys/kernel/kexec/loaded") < 0)
		return kx_err_set(err, ENOSYS,
				  "this kernel cannot kexec: it has no /sys/kernel/kexec_loaded (CONFIG_KEXEC and CONFIG_KEXEC_FILE are off)");
	if (!loaded)
		return kx_err_set(err, EINVAL,
				  "Nothing has been loaded! (/sys/kernel/kexec_loaded is 0; load a kernel with -l first)");
	return 0;
}

/* Everything that would make the jump fail, while the machine is still whole. */
static int check_exec(const struct kx_sources *s, struct kx_err *err)
{
	int r = only_here(s, err);

	if (r == 0)
		r = check_loaded(err);
	if (r == 0 && !s->has_cap_boot && kx_root_exists("", "proc/self/status"))
		r = kx_explain_exec(s, EPERM, "", err);
	return r;
}

int kx_commit_exec(const struct kx_sources *s, const struct kx_exec_options *o,
		   struct kx_err *err)
{
	struct kx_interfaces interfaces = { NULL, 0 };
	struct kx_err failed = { 0 };
	_cleanup_fd_ int log = -1;
	char line[KX_KMSG_LINE];
	bool consumed;
	int r;

	r = check_exec(s, err);
	if (r < 0)
		return r;
	r = kx_resuming_consume(s->root, &consumed, err);
	if (r < 0)
		return r;
	log = kx_kmsg_open();
	if (!o->no_sync)
		sync();
	/* Devices sleep as they are while another kernel runs that returns. */
	if (!o->no_ifdown && s->returning.kind == KX_RETURNING_NONE)
		kx_interfaces_down(&interfaces);
	r = call_reboot_kexec();
	/* Still here: refused, or back from a kernel jump. */
	kx_interfaces_up(&interfaces);
	kx_interfaces_deinit(&interfaces);
	if (r == 0)
		return 0;
	kx_kmsg_since(log, log_prefixes, line);
	r = kx_explain_exec(s, -r, line, err);
	if (consumed && kx_resuming_restore(s->root, &failed) < 0)
		return kx_err_set(err, -r, "%s; and what is loaded stays marked consumed: %s",
				  err->text, failed.text);
	return r;
}
