/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marks: what kexec has to remember until the next boot and the kernel does not
 * tell, one small file each in /run/kexec-tools.
 *
 * The first line is the boot id of the kernel that the mark speaks of, so that
 * one left behind by another boot (a /run that is no tmpfs, a kernel that was
 * jumped to with it) says nothing.  A kernel without boot ids has "-" there, if
 * /run is in memory, where no other boot finds it.
 */
#ifndef KEXEC_SYS_MARK_H
#define KEXEC_SYS_MARK_H

#include <stdbool.h>

#include "kx/arena.h"
#include "kx/err.h"

/*
 * *ret_set: the mark @name is there for this boot, and *ret_text is what follows
 * its first line, without white space around it (arena).  Only -ENOMEM.
 */
KX_CHECKED int kx_mark_read(const char *root, const char *name, struct kx_arena *a,
			    bool *ret_set, const char **ret_text, struct kx_err *err);
/*
 * Set the mark below @root; @text does not end with a line end.  Negative errno of
 * the file calls, -ENOENT without /run, or if no boot id is known and /run is on a disk; an older mark then
 * stays.
 */
KX_CHECKED int kx_mark_write(const char *root, const char *name, const char *text,
			     struct kx_err *err);
/* Take it away; one that is not there is no error. */
KX_CHECKED int kx_mark_remove(const char *root, const char *name, struct kx_err *err);

#endif
