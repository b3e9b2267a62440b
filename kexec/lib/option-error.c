// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors of the command line (kx/option-error.h).  Called by vmcore-dump and kdump; those
 * of kexec are in the words of kexec-tools 2.0.32, which are getopt's own.
 */
#include <errno.h>
#include <string.h>

#include "kx/option-error.h"

int kx_option_error(int c, int letter, int option, const char *word, struct kx_err *err)
{
	int len = (int)strcspn(word, "=");

	if (letter && c == ':')
		return kx_err_set(err, EINVAL, "option requires an argument -- '%c'", letter);
	if (letter)
		return kx_err_set(err, EINVAL, "invalid option -- '%c'", letter);
	if (c == ':')
		return kx_err_set(err, EINVAL, "option '%.*s' requires an argument", len, word);
	if (option)
		return kx_err_set(err, EINVAL, "option '%.*s' doesn't allow an argument", len, word);
	return kx_err_set(err, EINVAL, "unrecognized option '%.*s'", len, word);
}
