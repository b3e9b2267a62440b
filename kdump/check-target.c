// SPDX-License-Identifier: GPL-2.0-only
/*
 * kdump check: the target.  Is it there, is there room, can it be reached?  Nothing is
 * written, mounted or sent to it.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "kdump.h"
#include "kx/files.h"

/* Pages pack to a third as a rule, to a quarter at best. */
#define PACKED		4

/*
 * How large a dump is before it is packed, from what is in memory now: at -d 31 the
 * kernel's own; page cache, processes' memory and free pages are left out.
 */
static uint64_t dump_bytes(struct kdump *k, const struct machine *m)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} left_out[] = {
		{ 16, "MemFree" }, { 4, "Cached" }, { 4, "Buffers" }, { 8, "AnonPages" },
	};
	uint64_t bytes = m->mem_total, v;

	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++) {
		v = k->conf.level & left_out[i].bit ? machine_meminfo(k, left_out[i].name) : 0;
		bytes -= v < bytes ? v : bytes;
	}
	return bytes;
}

static void check_room(struct report *r, const char *where, uint64_t free)
{
	struct kdump *k = r->k;
	uint64_t need = dump_bytes(k, r->machine);
	bool packed = strcmp(k->conf.compress, "none");

	if (free >= need)
		report(r, VERDICT_OK, "room", "%s: %" PRIu64 " MiB free, a dump of this moment has %"
		       PRIu64 " before it is packed", where, free >> 20, need >> 20);
	else if (packed && free >= need / PACKED)
		report(r, VERDICT_WARN, "room", "%s: %" PRIu64 " MiB free, a dump of this moment has %"
		       PRIu64 " before it is packed: it may not fit", where, free >> 20, need >> 20);
	else
		report(r, VERDICT_FAIL, "room", "%s: %" PRIu64 " MiB free, a dump of this moment has %"
		       PRIu64 " before it is packed; remove something (kdump prune), or raise level",
		       where, free >> 20, need >> 20);
}

static void check_statvfs(struct report *r, const char *path)
{
	struct statvfs s;

	if (statvfs(path, &s) < 0)
		report(r, VERDICT_FAIL, "room", "%s: %s", path, strerror(errno));
	else if (s.f_flag & ST_RDONLY)
		report(r, VERDICT_FAIL, "room", "%s: mounted read-only", path);
	else
		check_room(r, path, (uint64_t)s.f_bavail * s.f_frsize);
}

/* The directory, or the nearest above it that is there: capture makes the rest. */
static void check_directory(struct report *r, const char *top)
{
	char *path = kx_arena_printf(r->k->arena, "%s%s", top, r->k->conf.path);
	struct stat st;
	char *slash;

	if (!path)
		return;
	while (stat(path, &st) < 0 && errno == ENOENT && strlen(path) > strlen(top)) {
		slash = strrchr(path, '/');
		slash[slash == path] = '\0';
	}
	if (stat(path, &st) < 0) {
		report(r, VERDICT_FAIL, "target", "%s: %s", path, strerror(errno));
		return;
	}
	if (!S_ISDIR(st.st_mode))
		report(r, VERDICT_FAIL, "target", "%s: expected a directory, have something else", path);
	else
		report(r, VERDICT_OK, "target", "%s%s is below %s", top, r->k->conf.path, path);
	if (S_ISDIR(st.st_mode))
		check_statvfs(r, path);
}

static void check_local(struct report *r)
{
	check_directory(r, r->k->o->sysroot);
}

/* Of a block device, from /sys; 0: unknown. */
static uint64_t device_bytes(struct kdump *k, const char *device)
{
	const char *slash = strrchr(device, '/');
	uint64_t sectors;

	if (!slash || kx_root_u64(k->o->sysroot, 10, &sectors, NULL, "sys/class/block/%s/size",
				  slash + 1) < 0 || sectors > UINT64_MAX / 512)
		return 0;
	return sectors * 512;
}

static bool check_node(struct report *r, const char **ret)
{
	const char *device = machine_device(r->k, r->k->conf.where);

	if (!device || !kx_root_exists(r->k->o->sysroot, "%s", device)) {
		report(r, VERDICT_FAIL, "target", "%s: there is no such device", r->k->conf.where);
		return false;
	}
	report(r, VERDICT_OK, "target", "%s is %s", r->k->conf.where, device);
	*ret = device;
	return true;
}

static void check_device(struct report *r)
{
	const char *device, *at;

	if (!check_node(r, &device))
		return;
	at = machine_mounted(r->k, r->k->conf.where);
	if (at)
		check_directory(r, kx_arena_printf(r->k->arena, "%s%s", r->k->o->sysroot,
						   strcmp(at, "/") ? at : ""));
	else
		report(r, VERDICT_WARN, "room", "%s is not mounted: how much is free is not known",
		       device);
}

static void check_raw(struct report *r)
{
	const char *device;
	uint64_t bytes;

	if (!check_node(r, &device))
		return;
	bytes = device_bytes(r->k, device);
	if (machine_mounted(r->k, r->k->conf.where))
		report(r, VERDICT_FAIL, "target", "%s is mounted: a dump would destroy what is on it",
		       device);
	if (bytes)
		check_room(r, device, bytes);
	else
		report(r, VERDICT_WARN, "room", "%s: its size is not known", device);
}

static void check_host(struct report *r)
{
	const char *host = net_host(r->k), *from;
	struct kx_err err = { 0 };

	if (!host)
		return;
	if (net_route(r->k, host, &from, &err) < 0)
		report(r, VERDICT_FAIL, "target", "%s; check name and network", err.text);
	else
		report(r, VERDICT_OK, "target", "%s: there is a route, from %s; nothing was sent", host,
		       from);
}

static void check_nfs(struct report *r)
{
	const char *at = machine_mounted(r->k, r->k->conf.where);

	check_host(r);
	if (at)
		check_directory(r, kx_arena_printf(r->k->arena, "%s%s", r->k->o->sysroot, at));
	else
		report(r, VERDICT_WARN, "room", "%s is not mounted: how much is free is not known",
		       r->k->conf.where);
}

static void check_ssh(struct report *r)
{
	const char *key = below(r->k, r->k->conf.sshkey);
	struct stat st;

	check_host(r);
	if (!key || stat(key, &st) < 0)
		report(r, VERDICT_FAIL, "sshkey", "%s: %s; ssh-keygen makes one, its .pub belongs to the"
		       " other side's authorized_keys", r->k->conf.sshkey, strerror(errno));
	else if (st.st_mode & 077)
		report(r, VERDICT_FAIL, "sshkey", "%s: expected mode 0600, have %04o: ssh ignores it",
		       r->k->conf.sshkey, st.st_mode & 07777);
	else
		report(r, VERDICT_OK, "sshkey", "%s", r->k->conf.sshkey);
}

void check_target(struct report *r)
{
	static void (*const checks[TARGET_KINDS])(struct report *r) = {
		[TARGET_LOCAL] = check_local, [TARGET_DEVICE] = check_device,
		[TARGET_RAW] = check_raw, [TARGET_NFS] = check_nfs, [TARGET_SSH] = check_ssh,
	};

	checks[r->k->conf.target](r);
}
