// SPDX-License-Identifier: GPL-2.0-only
/*
 * kdump(8): a dump when the kernel crashes.
 *
 * The only file of it that prints errors.  Exit status 0; 1 for what failed, and for
 * status, check and show where the answer is no; 2 for a command line that makes no sense.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kdump.h"

void say(const char *fmt, ...)
{
	char line[KX_ERR_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	/* One write: others may use the console, too. */
	fprintf(stderr, "kdump: %s\n", line);
}

/* Of what may stand still for ever; /dev/kmsg never does, and has no POLLOUT. */
static bool would_block(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	struct stat st;

	if (!isatty(fd) && (fstat(fd, &st) < 0 || !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))))
		return false;
	return poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT);
}

void say_now(const char *fmt, ...)
{
	char line[KX_ERR_TEXT];
	va_list ap;

	if (would_block(STDERR_FILENO))
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(stderr, "kdump: %s\n", line);
}

int out_flush(struct kdump *k, struct kx_err *err)
{
	const char *s = kx_text_str(&k->out);

	if (!s)
		return kx_err_set(err, ENOMEM, "out of memory");
	if (fputs(s, stdout) == EOF || fflush(stdout) == EOF)
		return kx_err_set(err, EIO, "cannot write to standard output: %s",
				  strerror(errno));
	kx_text_clear(&k->out);
	return 0;
}

char *below(const struct kdump *k, const char *path)
{
	return kx_arena_printf(k->arena, "%s%s", k->o->sysroot, path);
}

static void remarks(const struct conf *c)
{
	for (size_t i = 0; i < c->remark_count; i++)
		say_now("%s:%u: %s", c->file, c->remark[i].line, c->remark[i].text);
}

static int configure(struct kdump *k, struct kx_err *err)
{
	struct kx_err why = { 0 };

	if (conf_find(k->o->sysroot, k->o->config, k->o->verb->lenient, k->arena, &k->conf,
		      &why) == 0)
		return 0;
	if (!k->o->verb->lenient) {
		*err = why;
		return -why.code;
	}
	/* A dump where nobody looks for it is better than none. */
	say_now("%s; going on with the defaults", why.text);
	conf_init(&k->conf, LAYOUT_FEDORA);
	return 0;
}

static int run(const struct options *o, struct kx_arena *a, struct kx_err *err)
{
	struct kdump k = { .o = o, .arena = a };
	int status;

	kx_text_init(&k.out, a);
	if (configure(&k, err) < 0)
		return STATUS_FAILED;
	/* check and status have them in their answers. */
	if (o->verb->run != verb_check && o->verb->run != verb_status)
		remarks(&k.conf);
	status = o->verb->run(&k, err);
	if (out_flush(&k, err) < 0)
		status = STATUS_FAILED;
	return status;
}

static int text(void (*print)(struct kx_text *t), struct kx_arena *a, struct kx_err *err)
{
	struct kdump k = { .arena = a };

	kx_text_init(&k.out, a);
	print(&k.out);
	return out_flush(&k, err) < 0 ? STATUS_FAILED : STATUS_OK;
}

/*
 * A kernel without a console starts init with none of these: the next file that is opened
 * would be standard error.  Programs that are run need them, too: no O_CLOEXEC.
 */
static void open_standard(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
		if (fd < 0)
			fd = open("/", O_RDONLY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	void (*print)(struct kx_text *t) = NULL;
	struct kx_err err = { 0 };
	struct kx_arena arena;
	struct options o;
	int status = STATUS_USAGE;

	open_standard();
	/* Who ignores it has no exit status of any child: waitpid(2), ECHILD. */
	signal(SIGCHLD, SIG_DFL);
	/* An initramfs may start us with nothing. */
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 0);
	kx_arena_init(&arena);
	if (options_parse(argc, argv, &o, &print, &err) == 0)
		status = print ? text(print, &arena, &err) : run(&o, &arena, &err);
	if (err.code)
		fprintf(stderr, "kdump: %s%s\n", err.text,
			status == STATUS_USAGE ? "\nTry 'kdump --help'" : "");
	kx_arena_deinit(&arena);
	return status;
}
