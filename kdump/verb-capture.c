// SPDX-License-Identifier: GPL-2.0-only
/*
 * kdump capture: in the kernel that captures, saves the dump and ends the machine.
 *
 * The work is done by a process of its own (capture.c).  This one only waits for it, for
 * capture_timeout at most, and then ends the machine, whatever became of the other: a
 * disk that hangs, a program that is killed for want of memory, or a fault of ours must
 * not leave a machine that does nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capture-cmdline.h"
#include "capture.h"
#include "kx/files.h"

/* Never in a kernel that does something else: this ends it. */
static int refuse(struct kdump *k, struct kx_err *err)
{
	struct machine m;
	int r = machine_read(k, &m, err);

	if (r < 0)
		return r;
	if (!capture_marked(m.cmdline))
		return kx_err_set(err, EPERM, "expected '%s' on this kernel's command line, have none:"
				  " it was not loaded by kdump, and is left alone", CAPTURE_MARK);
	if (!kx_root_exists(k->o->sysroot, "proc/vmcore"))
		return kx_err_set(err, ENOENT, "%s/proc/vmcore: expected it to be there: no kernel"
				  " crashed before this one, which is left alone", k->o->sysroot);
	return 0;
}

/* proc(5): -1000 "disables OOM-killing entirely for this task". */
static void oom_score(struct kdump *k, const char *score)
{
	const char *path = below(k, "/proc/self/oom_score_adj");
	int fd = path ? open(path, O_WRONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	if (write(fd, score, strlen(score)) < 0)
		say_now("%s: cannot write: %s", path, strerror(errno));
	close(fd);
}

/* Waits @seconds for @pid; 0: it has not ended; else waitpid's, with its *ret_status. */
static pid_t wait_for(pid_t pid, unsigned int seconds, int *ret_status)
{
	struct timespec now, end, rest;
	sigset_t child;
	pid_t r;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	while ((r = waitpid(pid, ret_status, WNOHANG)) == 0) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		rest = (struct timespec){ end.tv_sec - now.tv_sec, end.tv_nsec - now.tv_nsec };
		if (rest.tv_nsec < 0) {
			rest.tv_nsec += 1000000000;
			rest.tv_sec--;
		}
		if (rest.tv_sec < 0)
			return 0;
		if (sigtimedwait(&child, NULL, &rest) < 0 && errno == EAGAIN)
			return waitpid(pid, ret_status, WNOHANG);
	}
	return r;
}

/* As good as for ever, where there is no time-out. */
#define NEVER	(366u * 24 * 3600)

/* @saved: the dump is whole, whatever becomes of kdump_post and umount. */
static bool supervise(pid_t pid, unsigned int timeout, volatile bool *saved)
{
	int status = 0;
	pid_t r = wait_for(pid, timeout ? timeout : NEVER, &status);

	if (r < 0) {
		say_now("cannot wait for the capture: %s", strerror(errno));
		return false;
	}
	if (r > 0 && WIFEXITED(status))
		return WEXITSTATUS(status) == STATUS_OK;
	if (r > 0) {
		say_now("the capture was ended by signal %d", WTERMSIG(status));
		return *saved;
	}
	say_now("the capture took longer than capture_timeout, %u s: it is ended", timeout);
	/* With the programs that it runs; who hangs in the kernel stays there. */
	kill(-pid, SIGKILL);
	wait_for(pid, 5, &status);
	return *saved;
}

static pid_t fork_worker(struct kdump *k, volatile bool *saved)
{
	sigset_t none;
	int null;
	pid_t pid = fork();

	if (pid)
		return pid;
	setpgid(0, 0);
	/* Nobody answers: who would read from the console were stopped for ever. */
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		close(STDIN_FILENO);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Who reads what is said may be gone; the dump is to be saved. */
	signal(SIGPIPE, SIG_IGN);
	munlockall();
	oom_score(k, "0");
	_exit(capture_run(k, saved));
}

int verb_capture(struct kdump *k, struct kx_err *err)
{
	volatile bool alone = false, *saved = &alone;
	sigset_t mine;
	void *shared;
	bool done;
	pid_t pid;

	if (refuse(k, err) < 0)
		return STATUS_FAILED;
	/* Nobody ends this one but the machine's end. */
	sigfillset(&mine);
	sigprocmask(SIG_BLOCK, &mine, NULL);
	oom_score(k, "-1000");
	if (mlockall(MCL_CURRENT) < 0 && errno != EPERM && errno != ENOMEM)
		say_now("cannot keep this process in memory: %s", strerror(errno));
	shared = mmap(NULL, sizeof(*saved), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared != MAP_FAILED)
		saved = shared;
	pid = fork_worker(k, saved);
	if (pid < 0) {
		say_now("no process to watch the capture: %s; capture_timeout has no effect",
		    strerror(errno));
		done = capture_run(k, saved) == STATUS_OK;
	} else {
		setpgid(pid, pid);
		done = supervise(pid, k->conf.capture_timeout, saved);
	}
	if (end_run(k, done ? k->conf.final_action : k->conf.failure_action, k->o->end_hook, err) < 0)
		return STATUS_FAILED;
	return done ? STATUS_OK : STATUS_FAILED;
}
