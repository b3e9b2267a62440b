// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dump to a device without a filesystem, from its first byte.  There is no place for
 * a log beside it.  Called by capture.c.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "capture.h"

static int open_raw(struct capture *c, struct kx_err *err)
{
	const char *device = machine_device(c->k, c->k->conf.where);
	struct stat st;

	c->dir = device ? below(c->k, device) : NULL;
	if (!c->dir)
		return kx_err_set(err, ENOMEM, "out of memory");
	/* A device that is missing would become a file in memory, which the reboot loses. */
	if (stat(c->dir, &st) < 0)
		return kx_err_set(err, errno, "%s: %s", c->dir, strerror(errno));
	/* In a sysroot, which is for tests, a file stands for it. */
	if (!c->k->o->sysroot[0] && !S_ISBLK(st.st_mode))
		return kx_err_set(err, ENOTBLK, "%s: expected a block device, have something else",
				  c->dir);
	return 0;
}

static int dump_raw(struct capture *c, unsigned int level, const char *compress,
		    struct kx_err *err)
{
	const char *d = kx_arena_printf(c->k->arena, "%u", level);
	const char *how = kx_arena_printf(c->k->arena, "--compress=%s", compress);
	/* --force: the device is configured for this, and has the last dump on it. */
	const char *write[] = { c->vmcore_dump, "-d", d, how, "--force", c->vmcore, c->dir, NULL };
	const char *verify[] = { c->vmcore_dump, "--verify", c->dir, NULL };
	int r;

	if (!d || !how)
		return kx_err_set(err, ENOMEM, "out of memory");
	r = run_check(write, -1, 2, "vmcore-dump", err);
	return r < 0 ? r : run_check(verify, -1, 2, "vmcore-dump --verify", err);
}

static void close_raw(struct capture *c)
{
	(void)c;
}

const struct sink sink_raw = { .open = open_raw, .dump = dump_raw, .close = close_raw };
