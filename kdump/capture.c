// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a capture does, in the order in which it helps most:
 *
 *	kdump_pre, the target, the log, the dump as configured
 *	... or a smaller dump, or only the log, or the log on the console
 *	kdump_post
 *
 * Whatever fails is said, and the next thing is done.  Called by verb-capture.c, in a
 * process of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture.h"

/* The smallest dump: everything left out that can be. */
#define SMALL_LEVEL	31u
#define SMALL_COMPRESS	"zstd"

/* More dumps of one minute, or of one clock that always begins at the same time. */
#define NAMES_TRIED	100u

static const struct sink *const sinks[] = {
	[TARGET_LOCAL] = &sink_directory, [TARGET_DEVICE] = &sink_directory,
	[TARGET_NFS] = &sink_directory, [TARGET_RAW] = &sink_raw, [TARGET_SSH] = &sink_ssh,
};

int capture_rename(struct capture *c, struct kx_err *err)
{
	if (c->renamed++ >= NAMES_TRIED)
		return kx_err_set(err, EEXIST, "%s: expected a name that is free, tried %u", c->dir,
				  NAMES_TRIED);
	stamp_next(&c->stamp);
	stamp_directory(&c->stamp, c->name);
	return 0;
}

static int start(struct capture *c, struct kx_err *err)
{
	time_t now = time(NULL);
	const char *host = dumps_host(c->k);
	struct tm t;
	int r = run_find(c->k, "vmcore-dump", c->k->o->vmcore_dump, &c->vmcore_dump, err);

	if (r < 0)
		return r;
	c->vmcore = below(c->k, "/proc/vmcore");
	if (!host || !c->vmcore)
		return kx_err_set(err, ENOMEM, "out of memory");
	if (!localtime_r(&now, &t))
		t = (struct tm){ .tm_year = 70, .tm_mday = 1 };
	stamp_make(&c->stamp, c->k->conf.layout, host, &t);
	stamp_directory(&c->stamp, c->name);
	return 0;
}

/* A program of the configuration's; @argument: what Fedora's kdump_post is given. */
static int program(struct kdump *k, const char *path, const char *argument)
{
	const char *argv[] = { path ? below(k, path) : NULL, argument, NULL };
	struct kx_err err = { 0 };

	if (!argv[0])
		return 0;
	say("running %s", path);
	if (run_check(argv, -1, STDERR_FILENO, path, &err) == 0)
		return 0;
	say("%s", err.text);
	return -1;
}

static bool save_log(struct capture *c, const struct sink *s)
{
	struct kx_err err = { 0 };

	if (c->log_saved || !s->log)
		return c->log_saved;
	c->log_saved = s->log(c, &err) == 0;
	say(c->log_saved ? "the log is saved" : "the log is not saved: %s", err.text);
	return c->log_saved;
}

static bool save_dump(struct capture *c, const struct sink *s, unsigned int level,
		      const char *compress)
{
	struct kx_err err = { 0 };

	say("saving the dump: -d %u --compress=%s", level, compress);
	if (s->dump(c, level, compress, &err) == 0) {
		say("the dump is saved");
		return true;
	}
	say("the dump is not saved: %s", err.text);
	return false;
}

/* The last resort: whoever has the serial line has the log. */
static void log_to_console(struct capture *c)
{
	const char *path = below(c->k, "/dev/console");
	const char *argv[] = { c->vmcore_dump, "--dmesg", c->vmcore, NULL };
	int fd = path ? open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC) : -1;
	struct kx_err err = { 0 };

	if (!c->vmcore_dump || !c->vmcore)
		return;
	say("the log of the kernel that crashed, on the console:");
	if (run_check(argv, -1, fd >= 0 ? fd : STDERR_FILENO, "vmcore-dump --dmesg", &err) < 0)
		say("%s", err.text);
	if (fd >= 0)
		close(fd);
}

static bool save(struct capture *c, const struct sink *s)
{
	const struct conf *conf = &c->k->conf;
	struct kx_err err = { 0 };
	bool done;

	if (s->open(c, &err) < 0) {
		say("no target: %s", err.text);
		return false;
	}
	/* First: it is small, and says more than any other page. */
	if (conf->dmesg)
		save_log(c, s);
	done = save_dump(c, s, conf->level, conf->compress);
	if (!done && (conf->level != SMALL_LEVEL || strcmp(conf->compress, SMALL_COMPRESS)))
		done = save_dump(c, s, SMALL_LEVEL, SMALL_COMPRESS);
	if (!done)
		save_log(c, s);
	*c->saved = done;
	if (done && s->prune && conf->keep && s->prune(c, &err) < 0)
		say("old dumps: %s", err.text);
	return done;
}

int capture_run(struct kdump *k, volatile bool *saved)
{
	const struct sink *s = sinks[k->conf.target];
	struct capture c = { .k = k, .saved = saved };
	struct kx_err err = { 0 };
	bool done = false;

	if (start(&c, &err) < 0)
		say("%s", err.text);
	else if (program(k, k->conf.pre, NULL) < 0)
		say("kdump_pre failed: no dump is made");
	else
		done = save(&c, s);
	if (!done && !c.log_saved)
		log_to_console(&c);
	program(k, k->conf.post, done ? "0" : "1");
	s->close(&c);
	return done ? STATUS_OK : STATUS_FAILED;
}
