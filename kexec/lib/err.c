/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Building the sentence in a struct kx_err.  Nothing here prints; main.c does.
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "kx/err.h"

/*
 * Sentences quote what stands in files: a newline would make two of one, and an
 * escape character would talk to the terminal.
 */
static void clean(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
}

int kx_err_set(struct kx_err *err, int code, const char *fmt, ...)
{
	char text[KX_ERR_TEXT];
	va_list ap;

	if (!err)
		return -code;
	/* Through a copy: an argument may point into err->text. */
	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	clean(text);
	memcpy(err->text, text, sizeof(text));
	err->code = code;
	return -code;
}

int kx_err_wrap(struct kx_err *err, const char *fmt, ...)
{
	char text[KX_ERR_TEXT];
	size_t len, rest;
	va_list ap;
	int n;

	if (!err)
		return -EIO;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	len = (size_t)n;
	/* Too long together: the end of the old sentence goes, never ours. */
	if (len > sizeof(text) - 3)
		len = sizeof(text) - 3;
	text[len++] = ':';
	text[len++] = ' ';
	rest = strnlen(err->text, sizeof(err->text));
	if (rest > sizeof(text) - 1 - len)
		rest = sizeof(text) - 1 - len;
	memcpy(text + len, err->text, rest);
	text[len + rest] = '\0';
	clean(text);
	memcpy(err->text, text, len + rest + 1);
	return err->code ? -err->code : -EIO;
}
