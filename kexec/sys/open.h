/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptors inside kexec/sys: opened O_CLOEXEC, EINTR-safe, closed by scope.
 */
#ifndef KEXEC_SYS_OPEN_H
#define KEXEC_SYS_OPEN_H

#include <stddef.h>

/* open(2) with O_CLOEXEC; the descriptor or a negative errno. */
int kx_open(const char *path, int flags);
/* The same of @name below @root; -ENAMETOOLONG. */
int kx_open_below(const char *root, const char *name, int flags);
/* Close *@fd if it is one. */
void kx_close(int *fd);
/* One read(2), repeated while interrupted; *ret 0 is end of file. Negative errno. */
int kx_read_some(int fd, void *p, size_t n, size_t *ret);

/* int fd: closed when it goes out of scope. */
#define _cleanup_fd_ __attribute__((cleanup(kx_close)))

#endif
