// SPDX-License-Identifier: GPL-2.0-only
/*
 * Standard error, also while everybody is stopped.  Then a terminal shows it; a
 * pipe or a socket keeps it as long as there is room; a file must not be touched,
 * because the saved kernel has to find its filesystems as it left them.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "snapshot.h"

#define NS		1000000000ull
/* Between two lines of progress. */
#define PAUSE_TTY_NS	(NS / 4)
#define PAUSE_LOG_NS	(5 * NS)
/* A serial line at 9600 baud needs a tenth of that for a line. */
#define DRAIN_TRIES	100

static void put(const char *text, size_t len)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	struct stat st;

	if (fstat(STDERR_FILENO, &st) < 0 || S_ISREG(st.st_mode))
		return;
	if (poll(&p, 1, 0) == 1 && p.revents & POLLOUT && write(STDERR_FILENO, text, len) < 0)
		return;
}

void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "vmcore-dump: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
}

void say_stopped(const char *fmt, ...)
{
	char line[256] = "vmcore-dump: ";
	size_t start = strlen(line), len;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line + start, sizeof(line) - start - 1, fmt, ap);
	va_end(ap);
	len = strlen(line);
	line[len++] = '\n';
	put(line, len);
}

void say_drain(void)
{
	const struct timespec pause = { .tv_nsec = NS / 100 };
	int queued;

	for (int i = 0; i < DRAIN_TRIES; i++) {
		if (ioctl(STDERR_FILENO, TIOCOUTQ, &queued) < 0 || !queued)
			break;
		nanosleep(&pause, NULL);
	}
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS + (uint64_t)t.tv_nsec;
}

void progress_start(struct progress *p, uint64_t total)
{
	uint64_t now = now_ns();

	*p = (struct progress){
		.total = total, .start_ns = now, .last_ns = now, .tty = isatty(STDERR_FILENO),
	};
}

/* MiB a second since the start. */
static uint64_t rate(const struct progress *p, uint64_t now)
{
	uint64_t ms = (now - p->start_ns) / 1000000;

	return (p->done >> 10) * 1000 / 1024 / (ms ? ms : 1);
}

static void show(struct progress *p, uint64_t now)
{
	uint64_t mib = rate(p, now), left = (p->total - p->done) >> 20;
	char line[128];
	int n;

	n = snprintf(line, sizeof(line), "%svmcore-dump: saved %" PRIu64 " of %" PRIu64 " MiB, %"
		     PRIu64 " MiB/s, %" PRIu64 " s left%s", p->tty ? "\r" : "", p->done >> 20,
		     p->total >> 20, mib, mib ? left / mib : 0, p->tty ? "\033[K" : "\n");
	if (n > 0 && n < (int)sizeof(line))
		put(line, (size_t)n);
	p->shown = true;
}

void progress_step(struct progress *p, uint64_t done)
{
	uint64_t now = now_ns();

	p->done += done;
	if (now - p->last_ns < (p->tty ? PAUSE_TTY_NS : PAUSE_LOG_NS))
		return;
	p->last_ns = now;
	show(p, now);
}

void progress_end(struct progress *p, bool whole)
{
	if (whole)
		show(p, now_ns());
	/* What is said next begins a line. */
	if (p->tty && p->shown)
		put("\n", 1);
}
