// SPDX-License-Identifier: GPL-2.0-only
/*
 * kdump check: has the initrd what a capture to this target needs?  A module may be
 * built into the kernel instead (modules.builtin); a program is in the initrd, or, with
 * Debian's configuration, whose capture runs from the installed system, there.
 */
#include <string.h>

#include "kdump.h"
#include "kx/files.h"

/* What each kind of target needs; "" ends a list. */
static const struct need {
	const char *programs[4], *modules[3];
} needs[] = {
	[TARGET_LOCAL] = { { "vmcore-dump", "" }, { "" } },
	[TARGET_DEVICE] = { { "vmcore-dump", "mount", "" }, { "" } },
	[TARGET_RAW] = { { "vmcore-dump", "" }, { "" } },
	[TARGET_NFS] = { { "vmcore-dump", "mount", "mount.nfs", "" }, { "nfs", "" } },
	[TARGET_SSH] = { { "vmcore-dump", "ssh", "" }, { "" } },
};

static const char *const directories[] = { "/usr/sbin", "/usr/bin", "/sbin", "/bin",
					   "/usr/local/sbin" };

static bool on_system(struct kdump *k, const char *name)
{
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		if (kx_root_exists(k->o->sysroot, "%s/%s", directories[i], name))
			return true;
	return false;
}

static void check_program(struct report *r, const char *name)
{
	bool there = r->k->conf.layout == LAYOUT_DEBIAN;

	if (initrd_find(r->initrd, name))
		report(r, VERDICT_OK, "initrd", "has %s", name);
	else if (there && on_system(r->k, name))
		report(r, VERDICT_OK, "initrd", "has no %s, the installed system has: captures run there",
		       name);
	else
		report(r, VERDICT_FAIL, "initrd", "has no %s; put it in, and run kdump reload", name);
}

/* "kernel/fs/ext4/ext4.ko" in the list of what the kernel has without a module. */
static bool built_in(struct report *r, const char *name)
{
	struct kx_bytes b;
	const char *want = kx_arena_printf(r->k->arena, "/%s.ko\n", name);

	return want && kx_root_read(r->k->o->sysroot, r->k->arena, &b, NULL,
				    "lib/modules/%s/modules.builtin", r->machine->release) == 0 &&
	       memmem(b.data, b.len, want, strlen(want));
}

static void check_module(struct report *r, const char *name)
{
	if (initrd_module(r->initrd, name))
		report(r, VERDICT_OK, "initrd", "has the module %s", name);
	else if (built_in(r, name))
		report(r, VERDICT_OK, "initrd", "%s is built into the kernel", name);
	else
		report(r, VERDICT_WARN, "initrd", "has no module %s, and the running kernel has it not"
		       " built in", name);
}

/* The module that mounts the target; NULL: none is needed for it. */
static const char *filesystem(const struct conf *c)
{
	if (c->target != TARGET_DEVICE)
		return NULL;
	/* ext2 and ext3 are ext4's. */
	return strncmp(c->fstype, "ext", 3) ? c->fstype : "ext4";
}

void check_initrd(struct report *r)
{
	const struct need *n = &needs[r->k->conf.target];
	const char *fs = filesystem(&r->k->conf);

	if (!r->initrd)
		return;
	if (!initrd_find(r->initrd, "init"))
		report(r, VERDICT_FAIL, "initrd", "has no init: the kernel would not start it");
	if (!initrd_find(r->initrd, "kdump"))
		/* Debian's own unit, or whatever was there before. */
		report(r, r->k->conf.layout == LAYOUT_DEBIAN ? VERDICT_WARN : VERDICT_FAIL, "initrd",
		       "has no kdump: nothing in it runs kdump capture");
	else
		report(r, VERDICT_OK, "initrd", "has kdump");
	for (size_t i = 0; *n->programs[i]; i++)
		check_program(r, n->programs[i]);
	for (size_t i = 0; *n->modules[i]; i++)
		check_module(r, n->modules[i]);
	if (fs)
		check_module(r, fs);
}
