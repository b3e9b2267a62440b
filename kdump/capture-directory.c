// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dump into a directory: local, on a device that is mounted for it, or on NFS.  A file
 * gets its name when all of it is on the disk.  Called by capture.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "capture.h"

#define MOUNT_POINT	"/run/kdump/target"

/* With all directories above it. */
static int make_directories(struct kdump *k, const char *path, struct kx_err *err)
{
	char *p = kx_arena_strdup(k->arena, path), *slash;

	if (!p)
		return kx_err_set(err, ENOMEM, "out of memory");
	for (slash = p + 1;; slash++) {
		slash += strcspn(slash, "/");
		char c = *slash;

		*slash = '\0';
		if (mkdir(p, 0755) < 0 && errno != EEXIST)
			return kx_err_set(err, errno, "%s: cannot make the directory: %s", p,
					  strerror(errno));
		*slash = c;
		if (!c)
			return 0;
	}
}

static int sync_directory(const char *path, struct kx_err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return kx_err_set(err, errno, "%s: cannot open: %s", path, strerror(errno));
	/* Some filesystems of servers have no such thing. */
	if (fsync(fd) < 0 && errno != EINVAL)
		r = kx_err_set(err, errno, "%s: cannot sync: %s", path, strerror(errno));
	close(fd);
	return r;
}

/* mount -t TYPE [-o OPTIONS] WHAT WHERE */
static int mount_target(struct capture *c, const char **ret, struct kx_err *err)
{
	const struct conf *conf = &c->k->conf;
	const char *options = conf->mount_options, *at = below(c->k, MOUNT_POINT);
	const char *argv[8] = { "mount", "-t", conf->fstype };
	size_t n = 3;
	int r;

	if (!at)
		return kx_err_set(err, ENOMEM, "out of memory");
	r = make_directories(c->k, at, err);
	if (r < 0)
		return r;
	/* No daemon for locks runs here. */
	if (!options && conf->target == TARGET_NFS)
		options = "nolock";
	if (options) {
		argv[n++] = "-o";
		argv[n++] = options;
	}
	argv[n++] = conf->where;
	argv[n] = at;
	r = run_check(argv, -1, STDERR_FILENO, "mount", err);
	if (r < 0)
		return kx_err_wrap(err, "%s", conf->where);
	c->mounted = at;
	*ret = at;
	return 0;
}

/* What is on the initramfs is lost with it, unless somebody is to fetch it before. */
static int check_lasts(struct capture *c, struct kx_err *err)
{
	enum end end = c->k->conf.final_action;
	struct statfs s;

	if (c->k->conf.target != TARGET_LOCAL || c->k->o->sysroot[0] || end == END_NONE ||
	    end == END_SHELL)
		return 0;
	if (statfs(c->base, &s) < 0)
		return kx_err_set(err, errno, "%s: %s", c->base, strerror(errno));
	/* Of the width of f_type, which is signed on some machines. */
	if ((uint32_t)s.f_type == TMPFS_MAGIC || (uint32_t)s.f_type == RAMFS_MAGIC)
		return kx_err_set(err, EMEDIUMTYPE, "%s: expected a disk, have memory, which is lost by"
				  " the final action, %s", c->base, end_name(end));
	return 0;
}

/* One of its own: what is there is another dump. */
static int make_own(struct capture *c, struct kx_err *err)
{
	for (;;) {
		c->dir = kx_arena_printf(c->k->arena, "%s/%s", c->base, c->name);
		if (!c->dir)
			return kx_err_set(err, ENOMEM, "out of memory");
		if (mkdir(c->dir, 0755) == 0)
			return sync_directory(c->base, err);
		if (errno != EEXIST)
			return kx_err_set(err, errno, "%s: cannot make the directory: %s", c->dir,
					  strerror(errno));
		if (capture_rename(c, err) < 0)
			return -err->code;
	}
}

static int open_directory(struct capture *c, struct kx_err *err)
{
	const char *top = c->k->o->sysroot;
	int r = c->k->conf.target == TARGET_LOCAL ? 0 : mount_target(c, &top, err);

	if (r < 0)
		return r;
	c->base = kx_arena_printf(c->k->arena, "%s%s", top, c->k->conf.path);
	if (!c->base)
		return kx_err_set(err, ENOMEM, "out of memory");
	r = make_directories(c->k, c->base, err);
	if (r == 0)
		r = check_lasts(c, err);
	return r < 0 ? r : make_own(c, err);
}

/* "DIR/NAME@suffix"; NULL when out of memory. */
static const char *path_of(struct capture *c, enum dump_file f, const char *suffix)
{
	char name[STAMP_NAME_MAX + 1];

	stamp_file(&c->stamp, f, name);
	return kx_arena_printf(c->k->arena, "%s/%s%s", c->dir, name, suffix);
}

static int give_name(struct capture *c, const char *from, const char *to, struct kx_err *err)
{
	if (rename(from, to) < 0)
		return kx_err_set(err, errno, "%s: cannot rename it to %s: %s", from, to,
				  strerror(errno));
	return sync_directory(c->dir, err);
}

static int log_into(struct capture *c, int fd, const char *path, struct kx_err *err)
{
	const char *argv[] = { c->vmcore_dump, "--dmesg", c->vmcore, NULL };
	int r = run_check(argv, -1, fd, "vmcore-dump --dmesg", err);
	struct stat st;

	/* A log that is damaged in part is a log. */
	if (r < 0 && fstat(fd, &st) == 0 && st.st_size) {
		say("%s; what there is of the log is kept", err->text);
		*err = (struct kx_err){ 0 };
		r = 0;
	}
	if (r == 0 && fsync(fd) < 0)
		r = kx_err_set(err, errno, "%s: cannot sync: %s", path, strerror(errno));
	return r;
}

static int log_directory(struct capture *c, struct kx_err *err)
{
	const char *name = path_of(c, FILE_DMESG, ""), *part = path_of(c, FILE_DMESG, "-incomplete");
	int fd, r;

	if (!name || !part)
		return kx_err_set(err, ENOMEM, "out of memory");
	fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return kx_err_set(err, errno, "%s: cannot create: %s", part, strerror(errno));
	r = log_into(c, fd, part, err);
	if (close(fd) < 0 && r == 0)
		r = kx_err_set(err, errno, "%s: cannot close: %s", part, strerror(errno));
	if (r == 0)
		return give_name(c, part, name, err);
	unlink(part);
	return r;
}

static int remove_left(const char *path, struct kx_err *err)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return kx_err_set(err, errno, "%s: cannot remove: %s", path, strerror(errno));
	return 0;
}

static int dump_directory(struct capture *c, unsigned int level, const char *compress,
			  struct kx_err *err)
{
	const char *name = path_of(c, FILE_VMCORE, ""), *part = path_of(c, FILE_INCOMPLETE, "");
	/* vmcore-dump's own name until it is done. */
	const char *left = path_of(c, FILE_INCOMPLETE, ".incomplete");
	const char *d = kx_arena_printf(c->k->arena, "%u", level);
	const char *how = kx_arena_printf(c->k->arena, "--compress=%s", compress);
	const char *write[] = { c->vmcore_dump, "-d", d, how, c->vmcore, part, NULL };
	const char *verify[] = { c->vmcore_dump, "--verify", part, NULL };
	int r;

	if (!name || !part || !left || !d || !how)
		return kx_err_set(err, ENOMEM, "out of memory");
	/* What an earlier try has left takes room that this one needs. */
	if (remove_left(part, err) < 0 || remove_left(left, err) < 0)
		return -err->code;
	r = run_check(write, -1, STDERR_FILENO, "vmcore-dump", err);
	if (r == 0)
		r = run_check(verify, -1, STDERR_FILENO, "vmcore-dump --verify", err);
	if (r == 0)
		return give_name(c, part, name, err);
	/* Of one that died, what there is of it. */
	if (rename(left, part) < 0 && errno != ENOENT)
		say("%s: cannot rename: %s", left, strerror(errno));
	return r;
}

static void say_removed(void *ctx, const struct dump_dir *d)
{
	(void)ctx;
	say("removing the old dump %s", d->name);
}

static int prune_directory(struct capture *c, struct kx_err *err)
{
	const struct prune p = {
		.keep = c->k->conf.keep, .protect = c->name, .host = c->stamp.host,
	};
	size_t removed;

	return dumps_prune(c->k->arena, c->base, &p, say_removed, NULL, &removed, err);
}

static void close_directory(struct capture *c)
{
	const char *argv[] = { "umount", c->mounted, NULL };
	struct kx_err err = { 0 };

	if (c->mounted && run_check(argv, -1, STDERR_FILENO, "umount", &err) < 0)
		say("%s", err.text);
}

const struct sink sink_directory = {
	.open = open_directory, .log = log_directory, .dump = dump_directory,
	.prune = prune_directory, .close = close_directory,
};
