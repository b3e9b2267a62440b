// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/snapshot (kernel/power/user.c, include/uapi/linux/suspend_ioctls.h): stops
 * the processes, copies the memory that is in use, hands the copy out.  Called by
 * vmcore-dump/snapshot.c and verb-keep.c.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/reboot.h>
#include <linux/suspend_ioctls.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "facts.h"
#include "kmsg.h"
#include "kx/snapshot.h"
#include "kx/sys.h"
#include "open.h"

#define DEVICE		"/dev/snapshot"
#define LOCKDOWN	"sys/kernel/security/lockdown"
#define PM_TEST		"sys/power/pm_test"

/* How long threads that were joined may take to leave the kernel's list. */
#define ALONE_TRIES	1000
#define ALONE_PAUSE_NS	1000000

/* ---- opening ------------------------------------------------------------------- */

/* A word of the command line, not a part of one. */
static bool has_word(const char *line, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = line; p && (p = strstr(p, word)); p += n)
		if ((p == line || p[-1] == ' ') && (!p[n] || p[n] == ' '))
			return true;
	return false;
}

/* kernel/power/hibernate.c, hibernation_available(): all of these are EPERM. */
static const char *why_not_permitted(const struct kx_sources *s)
{
	if (s->lockdown != KX_LOCKDOWN_NONE)
		return "this kernel is locked down (/" LOCKDOWN ")";
	if (has_word(s->cmdline, "nohibernate") || has_word(s->cmdline, "hibernate=no"))
		return "the command line of this kernel forbids hibernation";
	if (!kx_root_exists(s->root, LOCKDOWN))
		return "this kernel is locked down (" LOCKDOWN " is not there to say), or"
		       " somebody holds secret memory (memfd_secret)";
	return "somebody holds secret memory (memfd_secret), or there is CXL memory";
}

static int open_failed(const struct kx_sources *s, int code, struct kx_err *err)
{
	switch (code) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return kx_err_set(err, ENOENT, DEVICE ": expected the device, have none: this kernel"
				  " is built without CONFIG_HIBERNATION_SNAPSHOT_DEV");
	case EACCES:
		return kx_err_set(err, EACCES, DEVICE ": expected to be root, am not");
	case EPERM:
		return kx_err_set(err, EPERM, DEVICE ": not permitted: %s", why_not_permitted(s));
	case EBUSY:
		return kx_err_set(err, EBUSY, DEVICE ": somebody else has it open, or hibernates");
	}
	return kx_err_set(err, code, DEVICE ": cannot open: %s", strerror(code));
}

/*
 * Documentation/power/basic-pm-debugging.rst: hibernation up to some point, and back,
 * which then looks like a resume.  "none [core] processors platform devices freezer".
 */
static int check_test(const struct kx_sources *s, struct kx_err *err)
{
	const char *text, *have;
	struct kx_arena a;
	int r;

	kx_arena_init(&a);
	r = kx_fact_text(s->root, &a, &text, err, PM_TEST);
	have = r == 0 ? strchr(text, '[') : NULL;
	if (have && strncmp(have, "[none]", 6))
		r = kx_err_set(err, EINVAL, DEVICE ": expected 'none' in /" PM_TEST ", have '%.*s': there"
			       " would be no snapshot", (int)strcspn(have + 1, "]"), have + 1);
	kx_arena_deinit(&a);
	return r;
}

int kx_snapshot_open(struct kx_snapshot *s, const struct kx_sources *sources, struct kx_err *err)
{
	int r = check_test(sources, err);

	*s = (struct kx_snapshot){ .fd = -1, .kmsg = -1 };
	if (r < 0)
		return r;
	s->fd = kx_open(DEVICE, O_RDONLY);
	if (s->fd < 0) {
		int code = -s->fd;

		s->fd = -1;
		return open_failed(sources, code, err);
	}
	s->kmsg = kx_kmsg_open();
	return 0;
}

void kx_snapshot_block_signals(sigset_t *before)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
	sigset_t all;

	sigfillset(&all);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&all, faults[i]);
	sigprocmask(SIG_SETMASK, &all, before);
}

/* ---- the snapshot ------------------------------------------------------------------ */

/* The kernel has no errno for what went wrong, only a line in its log. */
static int call_failed(struct kx_snapshot *s, int code, const char *what,
		       const char *const *prefixes, struct kx_err *err)
{
	char line[KX_KMSG_LINE];

	kx_kmsg_since(s->kmsg, prefixes, line);
	return kx_err_set(err, code, DEVICE ": %s: %s%s%s", what, strerror(code),
			  *line ? "; the kernel says: " : "", line);
}

int kx_snapshot_freeze(struct kx_snapshot *s, struct kx_err *err)
{
	/* try_to_freeze_tasks(), kernel/power/process.c: until 6.1, and since. */
	static const char *const prefixes[] = {
		"Freezing of tasks ", "Freezing user space processes failed",
		"Freezing remaining freezable tasks failed", NULL,
	};

	if (ioctl(s->fd, SNAPSHOT_FREEZE) < 0)
		return call_failed(s, errno, "cannot stop the processes", prefixes, err);
	s->frozen = true;
	return 0;
}

int kx_snapshot_create(struct kx_snapshot *s, bool *ret_resumed, struct kx_err *err)
{
	static const char *const prefixes[] = {
		"PM: hibernation: Image allocation", "PM: hibernation: Not enough",
		"PM: hibernation: Cannot", "PM: Some devices failed", "PM: Device ", NULL,
	};
	int in_suspend = 1;

	if (ioctl(s->fd, SNAPSHOT_CREATE_IMAGE, &in_suspend) < 0)
		return call_failed(s, errno, "cannot take the snapshot", prefixes, err);
	*ret_resumed = in_suspend == 0;
	return 0;
}

int kx_snapshot_read(struct kx_snapshot *s, void *to, size_t len, uint64_t page_size,
		     struct kx_err *err)
{
	uint8_t *p = to;

	/* read(2) gives a page at most, and stops at its end. */
	while (len) {
		size_t want = len < page_size ? len : (size_t)page_size, got;
		int r = kx_read_some(s->fd, p, want, &got);

		if (r < 0)
			return kx_err_set(err, -r, DEVICE ": cannot read: %s", strerror(-r));
		if (!got)
			return kx_err_set(err, ENODATA, DEVICE ": expected 0x%zx bytes more, the"
					  " snapshot ends", len);
		p += got;
		len -= got;
	}
	return 0;
}

int kx_snapshot_discard(struct kx_snapshot *s, struct kx_err *err)
{
	if (ioctl(s->fd, SNAPSHOT_FREE) < 0)
		return kx_err_set(err, errno, DEVICE ": cannot let the snapshot go: %s",
				  strerror(errno));
	return 0;
}

/* ---- the end ------------------------------------------------------------------------ */

static size_t count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *e;
	size_t n = 0;

	while (dir && (e = readdir(dir)))
		n += e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

/*
 * Threads inherit PF_SUSPEND_TASK from the one that froze the others, and a
 * joined one lives in the kernel a little longer: thaw_processes() warns of each
 * it meets.
 */
static void wait_alone(void)
{
	const struct timespec pause = { .tv_nsec = ALONE_PAUSE_NS };

	for (int i = 0; i < ALONE_TRIES && count_threads() > 1; i++)
		nanosleep(&pause, NULL);
}

void kx_snapshot_close(struct kx_snapshot *s)
{
	if (s->fd < 0)
		return;
	if (s->frozen) {
		wait_alone();
		/*
		 * In this order: UNFREEZE does nothing while there is a snapshot, nor
		 * after a resume.  Closing does the same if they fail.
		 */
		ioctl(s->fd, SNAPSHOT_FREE);
		ioctl(s->fd, SNAPSHOT_UNFREEZE);
	}
	s->frozen = false;
	kx_close(&s->fd);
	kx_close(&s->kmsg);
}

int kx_snapshot_end(enum kx_snapshot_end how, struct kx_err *err)
{
	static const struct { unsigned int command; const char *name; } rows[] = {
		[KX_END_POWEROFF] = { LINUX_REBOOT_CMD_POWER_OFF, "power off" },
		[KX_END_REBOOT] = { LINUX_REBOOT_CMD_RESTART, "restart" },
		[KX_END_KEXEC] = { LINUX_REBOOT_CMD_KEXEC, "enter the kernel that is loaded" },
	};

	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, rows[how].command, NULL);
	return kx_err_set(err, errno, "cannot %s: %s", rows[how].name, strerror(errno));
}
