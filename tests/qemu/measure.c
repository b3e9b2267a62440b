/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs a command and says what it cost.  Built for the guest, because busybox
 * time knows no peak memory and no microseconds.  Called by `bench`'s script.
 *
 *	measure NAME COMMAND [ARGUMENT...]
 *
 * Prints "measure NAME wall=US cpu=US peak=KIB" and ends like the command.
 * cpu is user and system time together; peak is the largest resident set.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static long long microseconds(struct timeval t)
{
	return t.tv_sec * 1000000LL + t.tv_usec;
}

int main(int argc, char **argv)
{
	struct rusage use;
	long long start;
	int status;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "usage: measure NAME COMMAND [ARGUMENT...]\n");
		return 125;
	}
	start = now();
	pid = vfork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	memset(&use, 0, sizeof(use));
	if (pid < 0 || wait4(pid, &status, 0, &use) < 0) {
		perror("measure");
		return 125;
	}
	printf("measure %s wall=%lld cpu=%lld peak=%ld\n", argv[1], now() - start,
	       microseconds(use.ru_utime) + microseconds(use.ru_stime), use.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}
