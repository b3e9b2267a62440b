/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel command lines: words separated by space, with "quoted parts" kept
 * together the way the kernel's next_arg() does (lib/cmdline.c).
 */
#ifndef KX_CMDLINE_H
#define KX_CMDLINE_H

#include <stdbool.h>

#include "kx/arena.h"
#include "kx/bytes.h"

/*
 * @cmdline without every word whose name is exactly @name ("name" or
 * "name=value"; '-' and '_' are equal, as in the kernel).  Owned by @a; NULL
 * when out of memory.
 */
char *kx_cmdline_remove(struct kx_arena *a, const char *cmdline, const char *name);
/* Both parts with one space between, if neither is empty. */
char *kx_cmdline_join(struct kx_arena *a, const char *first, const char *second);
/* Does a word with this name stand in @cmdline? *ret_value (may be NULL) gets the last one's value or "". */
bool kx_cmdline_get(const char *cmdline, const char *name, struct kx_bytes *ret_value);

#endif
