/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading files whole, and files below a root that stands for / (sys/file.c,
 * sys/root.c).  Part of kx/sys.h, and on its own for who reads the machine and does
 * nothing else of kexec's: kdump.
 */
#ifndef KX_FILES_H
#define KX_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "kx/arena.h"
#include "kx/bytes.h"
#include "kx/err.h"

/*
 * A whole file into the arena.  @max bounds it (-EFBIG).  Works for /proc and
 * /sys files whose size reads 0.  Negative errno of open/read, with the path.
 * A NUL that ret->len does not count follows the bytes, so that text files can
 * be read as strings (mind NULs inside).
 */
KX_CHECKED int kx_file_read(const char *path, uint64_t max, struct kx_arena *a,
			    struct kx_bytes *ret, struct kx_err *err);

/* Below the root: "@root/@fmt…" -> bytes.  -ENOENT is common and cheap. */
KX_CHECKED int kx_root_read(const char *root, struct kx_arena *a, struct kx_bytes *ret,
			    struct kx_err *err, const char *fmt, ...) KX_PRINTF(5, 6);
/* One number in a file (base as strtoul), e.g. "0x1000\n". */
KX_CHECKED int kx_root_u64(const char *root, int base, uint64_t *ret, struct kx_err *err,
			   const char *fmt, ...) KX_PRINTF(5, 6);
bool kx_root_exists(const char *root, const char *fmt, ...) KX_PRINTF(2, 3);
/*
 * Names in a directory, without . and .. , sorted with numbers by value
 * (memory2 before memory10); NULL-terminated, arena.
 */
KX_CHECKED int kx_root_list(const char *root, struct kx_arena *a, const char *dir,
			    char ***ret, struct kx_err *err);

#endif
