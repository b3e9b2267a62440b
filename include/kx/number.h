/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one helper that turns text into numbers.
 */
#ifndef KX_NUMBER_H
#define KX_NUMBER_H

#include <stdint.h>

#include "kx/err.h"

/*
 * The whole of @s as an unsigned number: base 0 takes 0x (hex), 0 (octal) and
 * decimal like strtoul(3); no sign, no space, nothing behind it.
 * -EINVAL: not a number ("expected a number, have 'foo'"); -ERANGE: > 2^64-1.
 */
KX_CHECKED int kx_number_parse(const char *s, int base, uint64_t *ret, struct kx_err *err);

/* The same with an optional K, M, G or T suffix (powers of 1024), as the kernel's memparse(). */
KX_CHECKED int kx_size_parse(const char *s, uint64_t *ret, struct kx_err *err);

/*
 * The next "8" or "0-3" of a list of CPUs as sysfs has them, "0-3,8": *list moves behind
 * it and its comma.  Returns 1 if another follows, 0 if it was the last, -EINVAL if
 * there is none, or it is not one.  Both numbers are inclusive, the first not the higher.
 */
KX_CHECKED int kx_cpu_list_next(const char **list, uint64_t *ret_first, uint64_t *ret_last);

#endif
