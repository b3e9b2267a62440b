// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a capture ends.  The only file of kdump that calls reboot(2).  Called by
 * verb-capture.c, from the process that watches the capture: nothing here may wait for
 * a disk or a network that may never answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kdump.h"

/* Longer than any disk's own timeouts together; a server that is gone takes for ever. */
#define SYNC_SECONDS	30

/* What is still on its way to the disk, in a process that is left behind if it hangs. */
static void sync_for_a_while(void)
{
	const struct timespec tick = { .tv_nsec = 100000000 };
	pid_t pid = fork();

	if (pid == 0) {
		sync();
		_exit(0);
	}
	for (int i = 0; pid > 0 && i < 10 * SYNC_SECONDS; i++) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return;
		nanosleep(&tick, NULL);
	}
}

/* Where reboot(2) is refused, e.g. by a filter of system calls. */
static void sysrq(struct kdump *k, char c)
{
	const char *path = below(k, "/proc/sysrq-trigger");
	int fd = path ? open(path, O_WRONLY | O_CLOEXEC) : -1;

	if (fd >= 0 && write(fd, &c, 1) != 1)
		say_now("%s: cannot write: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static int hook_run(enum end end, const char *hook, struct kx_err *err)
{
	const char *argv[] = { hook, end_name(end), NULL };

	return run_check(argv, -1, -1, hook, err);
}

static int shell_run(struct kx_err *err)
{
	const char *argv[] = { "/bin/sh", NULL };

	say_now("a shell; the machine is rebooted when it ends");
	return run_wait(argv, -1, -1, err);
}

int end_run(struct kdump *k, enum end end, const char *hook, struct kx_err *err)
{
	static const struct {
		int command;
		char sysrq;
	} how[] = {
		[END_REBOOT] = { RB_AUTOBOOT, 'b' }, [END_POWEROFF] = { RB_POWER_OFF, 'o' },
		[END_HALT] = { RB_HALT_SYSTEM, 0 }, [END_SHELL] = { RB_AUTOBOOT, 'b' },
	};
	struct kx_err why = { 0 };

	say_now("action: %s", end_name(end));
	if (hook)
		return hook_run(end, hook, err);
	if (end == END_NONE)
		return 0;
	if (end == END_SHELL && shell_run(&why) < 0)
		say_now("%s", why.text);
	sync_for_a_while();
	reboot(how[end].command);
	kx_err_set(err, errno, "reboot(2): %s", strerror(errno));
	if (how[end].sysrq)
		sysrq(k, how[end].sysrq);
	/* A machine that cannot be switched off shall at least run again. */
	if (how[end].command != RB_AUTOBOOT) {
		reboot(RB_AUTOBOOT);
		sysrq(k, 'b');
	}
	return -err->code;
}
