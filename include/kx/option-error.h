/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What getopt_long(3) did not take, in its own words, as an error that can be returned.
 * lib/option-error.c.
 */
#ifndef KX_OPTION_ERROR_H
#define KX_OPTION_ERROR_H

#include "kx/err.h"

/*
 * -EINVAL.  @c: what getopt_long() returned with opterr 0 and a ':' in front of the
 * letters; @letter, @option: the letter that it is about, or 0, and whether it knows the
 * option at all (optopt); @word: the argument.
 */
int kx_option_error(int c, int letter, int option, const char *word, struct kx_err *err);

#endif
