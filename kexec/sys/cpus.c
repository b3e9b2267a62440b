/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Takes CPUs offline and brings them back (Documentation/core-api/cpu_hotplug.rst).
 * Called by verb-keep.c and vmcore-dump/snapshot.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "facts.h"
#include "kx/keep-take.h"
#include "kx/number.h"
#include "open.h"

#define CPUS		"/sys/devices/system/cpu"
/* More than any kernel has; a list that says so is not one. */
#define CPUS_MAX	65536u

int kx_cpus_parse(const char *text, struct kx_arena *a, struct kx_cpus *ret, struct kx_err *err)
{
	struct kx_cpus v = { kx_arena_alloc(a, CPUS_MAX * sizeof(*v.cpu)), 0 };
	const char *p = text;
	uint64_t first, last;
	int more;

	if (!v.cpu)
		return kx_err_set(err, ENOMEM, "out of memory");
	do {
		more = kx_cpu_list_next(&p, &first, &last);
		if (more < 0 || last >= CPUS_MAX || (v.n && v.cpu[v.n - 1] >= first))
			return kx_err_set(err, EINVAL, "expected ascending numbers of CPUs, have '%s'",
					  text);
		for (uint64_t cpu = first; cpu <= last; cpu++)
			v.cpu[v.n++] = cpu;
	} while (more);
	*ret = v;
	return 0;
}

static int set_online(uint64_t cpu, bool online, struct kx_err *err)
{
	_cleanup_fd_ int fd = -1;
	char path[80];
	int code;

	snprintf(path, sizeof(path), CPUS "/cpu%" PRIu64 "/online", cpu);
	fd = kx_open(path, O_WRONLY);
	if (fd < 0)
		code = -fd;
	else
		code = write(fd, online ? "1" : "0", 1) == 1 ? 0 : errno;
	return code ? kx_err_set(err, code, "%s: cannot take CPU %" PRIu64 " %s: %s", path, cpu,
				 online ? "online" : "offline", strerror(code)) : 0;
}

int kx_cpus_offline(struct kx_arena *a, struct kx_cpus *ret, struct kx_err *err)
{
	struct kx_cpus all;
	const char *text;
	int r;

	*ret = (struct kx_cpus){ NULL, 0 };
	r = kx_fact_text("", a, &text, err, CPUS "/online");
	/* One CPU, and a kernel without CONFIG_HOTPLUG_CPU. */
	if (r < 0 || !*text)
		return r;
	r = kx_cpus_parse(text, a, &all, err);
	if (r < 0)
		return kx_err_wrap(err, CPUS "/online");
	ret->cpu = all.cpu + 1;
	for (size_t i = 1; r == 0 && i < all.n; i++) {
		r = set_online(all.cpu[i], false, err);
		ret->n += r == 0;
	}
	return r;
}

int kx_cpus_online(const struct kx_cpus *cpus, struct kx_err *err)
{
	struct kx_err other;
	int r = 0;

	for (size_t i = 0; i < cpus->n; i++)
		if (set_online(cpus->cpu[i], true, &other) < 0 && r == 0)
			r = kx_err_set(err, other.code, "%s", other.text);
	return r;
}
