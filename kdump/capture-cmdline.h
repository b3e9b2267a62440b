/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line of the kernel that captures.
 */
#ifndef CAPTURE_CMDLINE_H
#define CAPTURE_CMDLINE_H

#include <stdbool.h>

#include "conf.h"

/* What tells kdump capture that this kernel is there for it; the kernel passes it by. */
#define CAPTURE_MARK	"kdump.capture"

/*
 * @running (/proc/cmdline, or what the configuration has in its place) without what a
 * small kernel must not have, with what it must, and the mark.  @machine: uname's, for
 * the options that one architecture has only.  NULL when out of memory.
 */
const char *capture_cmdline(const struct conf *c, const char *running, const char *machine,
			    struct kx_arena *a);
bool capture_marked(const char *cmdline);

#endif
