// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmcore-dmesg(8): the log of the kernel in /proc/vmcore, by the name and with the
 * exit statuses of kexec-tools 2.0.32 (makedumpfile.h).  Called by main.c.
 */
#include <errno.h>
#include <stdio.h>

#include "makedumpfile.h"

/* kexec-tools 2.0.32 has more, one for each thing that may be missing. */
enum {
	DMESG_USAGE = 1,
	DMESG_OPEN = 2,
	DMESG_NO_CORE = 3,
	DMESG_NO_ADDRESS = 30,
	DMESG_READ = 40,
	DMESG_DAMAGED = 50,
	DMESG_NO_KEY = 60,
};

static int status_of(int r, bool opened)
{
	switch (r) {
	case 0:
		return STATUS_OK;
	case -ENOEXEC:
	case -EOPNOTSUPP:
		return opened ? DMESG_DAMAGED : DMESG_NO_CORE;
	case -ENOENT:
		return opened ? DMESG_NO_KEY : DMESG_OPEN;
	case -EINVAL:
		return opened ? DMESG_NO_KEY : DMESG_OPEN;
	case -EBADMSG:
		return DMESG_DAMAGED;
	case -ENXIO:
		return DMESG_NO_ADDRESS;
	default:
		return opened ? DMESG_READ : DMESG_OPEN;
	}
}

static int print_log(const char *path, struct kx_arena *a, struct kx_err *err)
{
	struct dump d = { .fd = -1, .arena = a };
	int r, status;

	r = dump_open(&d, path, a, err);
	status = status_of(r, false);
	if (r == 0)
		status = status_of(dmesg(&d, DMESG_TEXT, stdout, err), true);
	for (size_t i = 0; i < sizeof(d.remark) / sizeof(d.remark[0]); i++)
		if (d.remark[i])
			fprintf(stderr, "vmcore-dmesg: %s: %s\n", path, d.remark[i]);
	dump_close(&d);
	return status;
}

int vmcore_dmesg_main(int argc, char **argv)
{
	struct kx_err err = { 0 };
	struct kx_arena arena;
	int status;

	if (argc != 2) {
		fprintf(stderr, "vmcore-dmesg: expected one core, have %d argument%s\n"
			"Usage: vmcore-dmesg CORE\n", argc - 1, argc == 2 ? "" : "s");
		return DMESG_USAGE;
	}
	kx_arena_init(&arena);
	status = print_log(argv[1], &arena, &err);
	if (err.code)
		fprintf(stderr, "vmcore-dmesg: %s\n", err.text);
	kx_arena_deinit(&arena);
	return status;
}
