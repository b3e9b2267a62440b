// SPDX-License-Identifier: GPL-2.0-only
/*
 * kdump test: crashes this machine, so that one sees a dump before one needs it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kdump.h"

/* Did somebody at the terminal type "crash"? */
static int ask(const struct machine *m, struct kx_err *err)
{
	char answer[16] = "";
	ssize_t n;

	fprintf(stderr, "This crashes %s now: everything that runs ends, what is not saved is lost.\n"
		"Type 'crash' to go on: ", m->release);
	n = read(STDIN_FILENO, answer, sizeof(answer) - 1);
	if (n < 0)
		return kx_err_set(err, errno, "standard input: cannot read: %s", strerror(errno));
	answer[strcspn(answer, "\n")] = '\0';
	if (strcmp(answer, "crash"))
		return kx_err_set(err, ECANCELED, "expected 'crash', have '%s': nothing was done", answer);
	return 0;
}

/* admin-guide/sysrq.rst: "'c' Will perform a system crash and a crashdump if configured". */
static int crash(struct kdump *k, struct kx_err *err)
{
	const char *path = below(k, "/proc/sysrq-trigger");
	int fd, r = 0;

	if (!path)
		return kx_err_set(err, ENOMEM, "out of memory");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return kx_err_set(err, errno, "%s: cannot open: %s", path, strerror(errno));
	sync();
	if (write(fd, "c", 1) != 1)
		r = kx_err_set(err, errno, "%s: cannot write: %s", path, strerror(errno));
	close(fd);
	return r;
}

int verb_test(struct kdump *k, struct kx_err *err)
{
	struct machine m;

	if (machine_read(k, &m, err) < 0)
		return STATUS_FAILED;
	if (!m.loaded) {
		kx_err_set(err, ENODEV, "no crash kernel is loaded: there would be no dump; kdump load"
			   " loads one");
		return STATUS_FAILED;
	}
	if (!k->o->yes && ask(&m, err) < 0)
		return STATUS_FAILED;
	return crash(k, err) < 0 ? STATUS_FAILED : STATUS_OK;
}
