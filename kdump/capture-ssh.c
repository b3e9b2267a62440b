// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dump to another machine: "vmcore-dump --flat … - | ssh USER@HOST 'cat > FILE'".  The
 * exit status of both counts; the file gets its name after that.  Called by capture.c.
 */
#include <errno.h>
#include <string.h>

#include "capture.h"

/* @s as one word of the remote shell. */
static const char *quoted(struct capture *c, const char *s)
{
	struct kx_text t;

	kx_text_init(&t, c->k->arena);
	kx_text_add(&t, "'");
	for (; *s; s++)
		kx_text_add(&t, *s == '\'' ? "'\\''" : "%c", *s);
	kx_text_add(&t, "'");
	return kx_text_str(&t);
}

/* ssh …, which never asks, and notices when the other side is gone. */
struct ssh {
	const char *v[16];
};

static struct ssh ssh_args(struct capture *c, const char *command)
{
	const struct conf *conf = &c->k->conf;

	return (struct ssh){ {
		"ssh", "-i", below(c->k, conf->sshkey), "-o", "BatchMode=yes", "-o",
		"StrictHostKeyChecking=yes", "-o", "ConnectTimeout=30", "-o",
		"ServerAliveInterval=15", "--", conf->where, command, NULL,
	} };
}

static int remote(struct capture *c, const char *command, struct kx_err *err)
{
	struct ssh s = ssh_args(c, command);

	if (!command || !s.v[2])
		return kx_err_set(err, ENOMEM, "out of memory");
	return run_check(s.v, -1, -1, "ssh", err);
}

static int open_ssh(struct capture *c, struct kx_err *err)
{
	struct kx_arena *a = c->k->arena;
	const char *base, *dir;

	c->base = c->k->conf.path;
	for (;;) {
		c->dir = kx_arena_printf(a, "%s/%s", c->base, c->name);
		base = quoted(c, c->base);
		dir = c->dir ? quoted(c, c->dir) : NULL;
		if (!base || !dir)
			return kx_err_set(err, ENOMEM, "out of memory");
		if (remote(c, kx_arena_printf(a, "mkdir -p %s && mkdir %s", base, dir), err) == 0)
			return 0;
		/* What is there is another dump; what is not could not be made. */
		if (remote(c, kx_arena_printf(a, "test -e %s", dir), NULL) < 0)
			return -err->code;
		*err = (struct kx_err){ 0 };
		if (capture_rename(c, err) < 0)
			return -err->code;
	}
}

static const char *path_of(struct capture *c, enum dump_file f, const char *suffix)
{
	char name[STAMP_NAME_MAX + 1];

	stamp_file(&c->stamp, f, name);
	return quoted(c, kx_arena_printf(c->k->arena, "%s/%s%s", c->dir, name, suffix));
}

/* What @argv prints into @part there, then under its name. */
static int send_as(struct capture *c, const char *const *argv, const char *part,
		   const char *name, struct kx_err *err)
{
	const char *command = kx_arena_printf(c->k->arena, "cat > %s && sync", part);
	struct ssh s = ssh_args(c, command);
	int status[2], r;

	if (!part || !name || !command || !s.v[2])
		return kx_err_set(err, ENOMEM, "out of memory");
	r = run_pipe(argv, s.v, status, err);
	if (r < 0)
		return r;
	/* ssh first: where it ends, vmcore-dump only says that nobody reads. */
	if (status[1])
		return kx_err_set(err, EIO, "ssh %s: exit status %d", c->k->conf.where, status[1]);
	if (status[0])
		return kx_err_set(err, EIO, "vmcore-dump: exit status %d", status[0]);
	return remote(c, kx_arena_printf(c->k->arena, "mv -f %s %s && sync", part, name), err);
}

static int log_ssh(struct capture *c, struct kx_err *err)
{
	const char *argv[] = { c->vmcore_dump, "--dmesg", c->vmcore, NULL };

	return send_as(c, argv, path_of(c, FILE_DMESG, "-incomplete"), path_of(c, FILE_DMESG, ""),
		       err);
}

static int dump_ssh(struct capture *c, unsigned int level, const char *compress,
		    struct kx_err *err)
{
	const char *d = kx_arena_printf(c->k->arena, "%u", level);
	const char *how = kx_arena_printf(c->k->arena, "--compress=%s", compress);
	const char *argv[] = { c->vmcore_dump, "--flat", "-d", d, how, c->vmcore, "-", NULL };

	if (!d || !how)
		return kx_err_set(err, ENOMEM, "out of memory");
	return send_as(c, argv, path_of(c, FILE_INCOMPLETE, ""), path_of(c, FILE_FLAT, ""), err);
}

static void close_ssh(struct capture *c)
{
	(void)c;
}

const struct sink sink_ssh = {
	.open = open_ssh, .log = log_ssh, .dump = dump_ssh, .close = close_ssh,
};
