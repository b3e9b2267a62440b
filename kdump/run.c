// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs other programs: kexec, vmcore-dump, mount, ssh, and the configuration's own.
 * No shell is ever asked.  Called by every verb that does something.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kdump.h"

extern char **environ;

/* "DIRECTORY/NAME" of the directory that this program is in; NULL: there is none. */
static const char *beside(struct kdump *k, const char *name)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *path;
	char *slash;

	if (n <= 0)
		return NULL;
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return NULL;
	path = kx_arena_printf(k->arena, "%.*s/%s", (int)(slash - self), self, name);
	return path && access(path, X_OK) == 0 ? path : NULL;
}

static const char *in_path(struct kdump *k, const char *name)
{
	const char *p = getenv("PATH");

	while (p && *p) {
		size_t len = strcspn(p, ":");
		const char *path = kx_arena_printf(k->arena, "%.*s/%s", (int)len, p, name);

		if (len && path && access(path, X_OK) == 0)
			return path;
		p += len + (p[len] == ':');
	}
	return NULL;
}

int run_find(struct kdump *k, const char *name, const char *given, const char **ret,
	     struct kx_err *err)
{
	const char *path = given;

	if (given && access(given, X_OK) < 0)
		return kx_err_set(err, errno, "%s: cannot run: %s", given, strerror(errno));
	if (!path)
		path = beside(k, name);
	if (!path)
		path = in_path(k, name);
	if (!path)
		return kx_err_set(err, ENOENT, "%s: expected it beside kdump or in PATH, found in"
				  " neither", name);
	*ret = path;
	return 0;
}

/* argv[0] with @in and @out as its standard input and output. */
static int start(const char *const *argv, int in, int out, pid_t *ret, struct kx_err *err)
{
	posix_spawn_file_actions_t to;
	posix_spawnattr_t attr;
	sigset_t none, pipe;
	/* posix_spawnp() changes neither the words nor the array. */
	union { const char *const *in; char *const *out; } words = { .in = argv };
	int r;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&to);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	/* Ignored here, in a capture. */
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	posix_spawnattr_setsigdefault(&attr, &pipe);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	r = in >= 0 ? posix_spawn_file_actions_adddup2(&to, in, STDIN_FILENO) : 0;
	if (r == 0 && out >= 0)
		r = posix_spawn_file_actions_adddup2(&to, out, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawnp(ret, argv[0], &to, &attr, words.out, environ);
	posix_spawn_file_actions_destroy(&to);
	posix_spawnattr_destroy(&attr);
	if (r)
		return kx_err_set(err, r, "%s: cannot run: %s", argv[0], strerror(r));
	return 0;
}

static int finish(pid_t pid, const char *name, struct kx_err *err)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return kx_err_set(err, errno, "%s: cannot wait for it: %s", name,
					  strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int run_wait(const char *const *argv, int in, int out, struct kx_err *err)
{
	pid_t pid;
	int r = start(argv, in, out, &pid, err);

	return r < 0 ? r : finish(pid, argv[0], err);
}

int run_pipe(const char *const *first, const char *const *second, int status[2],
	     struct kx_err *err)
{
	pid_t pid[2];
	int fd[2], r;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return kx_err_set(err, errno, "cannot make a pipe: %s", strerror(errno));
	r = start(second, fd[0], -1, &pid[1], err);
	close(fd[0]);
	if (r < 0) {
		close(fd[1]);
		return r;
	}
	r = start(first, -1, fd[1], &pid[0], err);
	close(fd[1]);
	/* The second one ends either way: nobody has the pipe's other end. */
	status[0] = r < 0 ? r : finish(pid[0], first[0], err);
	status[1] = finish(pid[1], second[0], r < 0 ? NULL : err);
	if (r < 0)
		return r;
	return status[0] < 0 ? status[0] : status[1] < 0 ? status[1] : 0;
}

int run_check(const char *const *argv, int in, int out, const char *what, struct kx_err *err)
{
	int r = run_wait(argv, in, out, err);

	if (r > 128)
		return kx_err_set(err, EIO, "%s: ended by signal %d", what, r - 128);
	if (r > 0)
		return kx_err_set(err, EIO, "%s: exit status %d", what, r);
	return r;
}

int run_output(const char *const *argv, char *ret, size_t len, struct kx_err *err)
{
	size_t got = 0;
	int fd[2], r;
	char drop[512];
	ssize_t n;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return kx_err_set(err, errno, "cannot make a pipe: %s", strerror(errno));
	r = start(argv, -1, fd[1], &pid, err);
	close(fd[1]);
	/* All of it, so that nobody waits for a reader. */
	while (r == 0) {
		bool full = got + 1 >= len;

		n = read(fd[0], full ? drop : ret + got, full ? sizeof(drop) : len - 1 - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += full ? 0 : (size_t)n;
	}
	close(fd[0]);
	ret[got] = '\0';
	return r < 0 ? r : finish(pid, argv[0], err);
}
