// SPDX-License-Identifier: GPL-2.0-only
/* QEMU as machine.h describes it. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "machine.h"

#define TIMEOUT_MS	60000
#define MONITOR_FD	11	/* in QEMU */
#define PROMPT		"(qemu) "

int ram_init(struct ram *r, uint64_t len, uint64_t low_base, uint64_t low_len, uint64_t high_base)
{
	*r = (struct ram){
		.len = len, .low_base = low_base, .low_len = low_len, .high_base = high_base,
	};
	r->fd = memfd_create("ram", 0);
	if (r->fd < 0)
		return -errno;
	if (ftruncate(r->fd, (off_t)len))
		return -errno;
	r->p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, r->fd, 0);
	return r->p == MAP_FAILED ? -errno : 0;
}

void ram_deinit(struct ram *r)
{
	munmap(r->p, r->len);
	close(r->fd);
}

uint8_t *ram_at(const struct ram *r, uint64_t pa)
{
	uint64_t off = pa - r->low_base;

	if (pa >= r->low_base && off < r->low_len)
		return r->p + off;
	off = pa - r->high_base;
	if (pa >= r->high_base && off < r->len - r->low_len)
		return r->p + r->low_len + off;
	return NULL;
}

int ram_pieces(const struct ram *r, int (*fn)(void *arg, uint64_t off, uint64_t len), void *fn_arg)
{
	off_t start, end = 0;

	for (;;) {
		int rc;

		start = lseek(r->fd, end, SEEK_DATA);
		if (start < 0)
			return 0;	/* nothing but a hole */
		end = lseek(r->fd, start, SEEK_HOLE);
		rc = fn(fn_arg, (uint64_t)start, (uint64_t)(end - start));
		if (rc)
			return rc;
	}
}

void arg(struct args *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if ((size_t)a->n + 1 >= sizeof(a->v) / sizeof(a->v[0]) || vasprintf(&a->v[a->n++], fmt, ap) < 0)
		abort();
	va_end(ap);
}

void args_deinit(struct args *a)
{
	for (int i = 0; i < a->n; i++)
		free(a->v[i]);
}

int vm_start(struct vm *vm, struct args *a, const struct ram *r)
{
	int console[2], monitor[2];

	arg(a, "-object");
	arg(a, "memory-backend-file,id=ram,size=%llu,mem-path=/proc/self/fd/%d,share=on",
	    (unsigned long long)r->len, r->fd);
	arg(a, "-m"); arg(a, "%lluM", (unsigned long long)(r->len >> 20));
	arg(a, "-serial"); arg(a, "stdio"); arg(a, "-S");
	arg(a, "-chardev"); arg(a, "socket,id=mon,fd=%d", MONITOR_FD);
	arg(a, "-mon"); arg(a, "mon");
	a->v[a->n] = NULL;

	vm->len = 0;
	vm->text[0] = 0;
	if (pipe(console))
		return -errno;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, monitor))
		return -errno;
	vm->pid = fork();
	if (!vm->pid) {
		dup2(console[1], 1);
		dup2(monitor[1], MONITOR_FD);
		close(console[0]);
		close(console[1]);
		close(monitor[0]);
		close(monitor[1]);
		execvp(a->v[0], a->v);
		_exit(127);
	}
	close(console[1]);
	close(monitor[1]);
	vm->out = console[0];
	vm->mon = monitor[0];
	return vm->pid < 0 ? -errno : 0;
}

/* Milliseconds since @start. */
static int elapsed(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int)((now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000);
}

/* Reads @fd behind @text[*len] until @until appears: 1; it ends: 0; time is up: -1. */
static int read_until(int fd, const char *until, char *text, size_t size, size_t *len)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct timespec start;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		int left = TIMEOUT_MS - elapsed(&start);
		ssize_t n;

		if (until && strstr(text, until))
			return 1;
		if (left <= 0 || *len == size - 1)
			return -1;
		if (poll(&pfd, 1, left) <= 0)
			continue;
		n = read(fd, text + *len, size - 1 - *len);
		if (n <= 0)
			return 0;
		for (ssize_t i = 0; i < n; i++)	/* firmware may print NULs */
			if (!text[*len + (size_t)i])
				text[*len + (size_t)i] = ' ';
		*len += (size_t)n;
		text[*len] = 0;
	}
}

/* The first prompt comes by itself; "" waits for it. */
const char *vm_monitor(struct vm *vm, const char *command, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = 0;
	if (*command && (write(vm->mon, command, strlen(command)) < 0 || write(vm->mon, "\n", 1) < 0))
		return NULL;
	return read_until(vm->mon, PROMPT, buf, size, &len) == 1 ? buf : NULL;
}

int vm_collect(struct vm *vm, const char *until)
{
	return read_until(vm->out, until, vm->text, sizeof(vm->text), &vm->len);
}

int vm_alive(struct vm *vm)
{
	return waitpid(vm->pid, NULL, WNOHANG) == 0;
}

void vm_kill(struct vm *vm)
{
	kill(vm->pid, SIGKILL);
	waitpid(vm->pid, NULL, 0);
	close(vm->out);
	close(vm->mon);
}
