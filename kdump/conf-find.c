// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which configuration file there is, and reading it.  Called by main.c.
 */
#include <errno.h>
#include <string.h>

#include "conf.h"
#include "kx/files.h"

typedef int parse_fn(struct kx_bytes text, const char *file, bool lenient, struct kx_arena *a,
		     struct conf *ret, struct kx_err *err);

static parse_fn *parser_of(const char *file)
{
	const char *slash = strrchr(file, '/');

	return strcmp(slash ? slash + 1 : file, "kdump-tools") ? conf_parse : conf_debian_parse;
}

int conf_find(const char *sysroot, const char *given, bool lenient, struct kx_arena *a,
	      struct conf *ret, struct kx_err *err)
{
	static const char *const files[] = { CONF_FEDORA_FILE, CONF_DEBIAN_FILE };
	struct kx_bytes text;
	int r;

	if (given) {
		r = kx_file_read(given, CONF_FILE_MAX, a, &text, err);
		return r < 0 ? r : parser_of(given)(text, given, lenient, a, ret, err);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		/* One that is there and cannot be read is an error, not the next one. */
		if (!kx_root_exists(sysroot, "%s", files[i]))
			continue;
		r = kx_root_read(sysroot, a, &text, err, "%s", files[i]);
		return r < 0 ? r : parser_of(files[i])(text, files[i], lenient, a, ret, err);
	}
	conf_init(ret, LAYOUT_FEDORA);
	return 0;
}
