/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One bare machine in QEMU for tests/purgatory/qemu.c: its memory, which the
 * test shares and can fill before and read after; its console; its monitor.
 */
#ifndef PURG_TEST_MACHINE_H
#define PURG_TEST_MACHINE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Guest memory, a file without a name; holes read as zeros. */
struct ram {
	int fd;
	uint8_t *p;
	uint64_t len;
	uint64_t low_base, low_len, high_base;	/* behind low_len of it comes high_base */
};

/* 0 or -errno.  @low_len = @len: one piece at @low_base. */
int ram_init(struct ram *r, uint64_t len, uint64_t low_base, uint64_t low_len,
	     uint64_t high_base);
void ram_deinit(struct ram *r);
/* The bytes at a physical address, NULL if there is no memory. */
uint8_t *ram_at(const struct ram *r, uint64_t pa);
/*
 * Calls @fn for every piece that is not a hole, with its offset, in order,
 * until one returns non-zero; that or 0.
 */
int ram_pieces(const struct ram *r, int (*fn)(void *arg, uint64_t off, uint64_t len), void *arg);

struct args {
	char *v[64];
	int n;
};

/* Appends one argument; freed by args_deinit. */
void arg(struct args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void args_deinit(struct args *a);

struct vm {
	pid_t pid;
	int out, mon;		/* console and monitor */
	char text[65536];	/* what the console said, NUL-terminated */
	size_t len;
};

/* Starts QEMU, stopped (-S), with @r as memory "ram".  0 or -errno. */
int vm_start(struct vm *vm, struct args *a, const struct ram *r);
/* One monitor command; NULL on timeout, else the answer in @buf. */
const char *vm_monitor(struct vm *vm, const char *command, char *buf, size_t size);
/* Collects console text.  1: @until has appeared; 0: QEMU has ended; -1: time is up. */
int vm_collect(struct vm *vm, const char *until);
/* Is QEMU still there? */
int vm_alive(struct vm *vm);
void vm_kill(struct vm *vm);

#endif
