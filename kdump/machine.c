// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the running machine says of itself in /proc and /sys, through --sysroot; and
 * what is mounted.  Called by the verbs.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kdump.h"
#include "kx/files.h"
#include "kx/number.h"

/* A text file without its last newline; NULL: there is none, or it has NULs in it. */
static char *read_text(struct kdump *k, const char *path)
{
	struct kx_bytes b;
	char *s;

	if (kx_root_read(k->o->sysroot, k->arena, &b, NULL, "%s", path) < 0 ||
	    (b.len && memchr(b.data, 0, b.len)))
		return NULL;
	s = kx_arena_alloc_raw(k->arena, b.len + 1);
	if (!s)
		return NULL;
	if (b.len)
		memcpy(s, b.data, b.len);
	while (b.len && s[b.len - 1] == '\n')
		b.len--;
	s[b.len] = '\0';
	return s;
}

static void copy_name(char ret[static 65], const char *from)
{
	size_t n = strcspn(from, " \n");

	n = n < 64 ? n : 64;
	memcpy(ret, from, n);
	ret[n] = '\0';
}

/* A captured machine has uname's in kx/uname (tests/plan/capture.sh): "Linux 6.1.0 x86_64 4096". */
static int read_names(struct kdump *k, struct machine *m, struct kx_err *err)
{
	struct utsname u;
	const char *s, *space, *next;

	if (!*k->o->sysroot) {
		if (uname(&u) < 0)
			return kx_err_set(err, errno, "uname: %s", strerror(errno));
		copy_name(m->release, u.release);
		copy_name(m->machine, u.machine);
		return 0;
	}
	s = read_text(k, "/kx/uname");
	space = s ? strchr(s, ' ') : NULL;
	next = space ? strchr(space + 1, ' ') : NULL;
	if (!next)
		return kx_err_set(err, EINVAL, "%s/kx/uname: expected system, release and machine, have"
				  " %s", k->o->sysroot, s ? s : "no file");
	copy_name(m->release, space + 1);
	copy_name(m->machine, next + 1);
	return 0;
}

/* "none [integrity] confidentiality" */
static const char *lockdown(struct kdump *k)
{
	char *s = read_text(k, "/sys/kernel/security/lockdown"), *end;

	s = s ? strchr(s, '[') : NULL;
	end = s ? strchr(s, ']') : NULL;
	if (!end)
		return NULL;
	*end = '\0';
	return s + 1;
}

int machine_read(struct kdump *k, struct machine *ret, struct kx_err *err)
{
	const char *root = k->o->sysroot;
	struct machine m = { 0 };
	uint64_t v;
	int r = read_names(k, &m, err);

	if (r < 0)
		return r;
	m.cmdline = read_text(k, "/proc/cmdline");
	if (!m.cmdline)
		m.cmdline = "";
	m.reserved_known = kx_root_u64(root, 10, &m.reserved, NULL, "sys/kernel/kexec_crash_size") == 0;
	m.loaded_known = kx_root_u64(root, 10, &v, NULL, "sys/kernel/kexec_crash_loaded") == 0;
	m.loaded = m.loaded_known && v;
	m.load_disabled = kx_root_u64(root, 10, &v, NULL, "proc/sys/kernel/kexec_load_disabled") == 0 &&
			  v;
	m.lockdown = lockdown(k);
	m.mem_total = machine_meminfo(k, "MemTotal");
	*ret = m;
	return 0;
}

/* The next line of *p, NUL-terminated in place; NULL: no more. */
static char *next_line(char **p)
{
	char *line = *p, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	*p = end ? end + 1 : line + strlen(line);
	if (end)
		*end = '\0';
	return line;
}

/* Word @n of @line, from 0; cut out of it, so ask for the higher ones first. */
static char *word(char *line, unsigned int n)
{
	char *p = line + strspn(line, " \t");

	while (n--) {
		p += strcspn(p, " \t");
		p += strspn(p, " \t");
	}
	p[strcspn(p, " \t")] = '\0';
	return p;
}

uint64_t machine_meminfo(struct kdump *k, const char *name)
{
	char *text = read_text(k, "/proc/meminfo"), *line;
	size_t n = strlen(name);
	uint64_t v;

	while ((line = next_line(&text)))
		if (!strncmp(line, name, n) && line[n] == ':' &&
		    kx_number_parse(word(line + n + 1, 0), 10, &v, NULL) == 0 && v < UINT64_MAX >> 10)
			return v << 10;
	return 0;
}

uint64_t machine_modules(struct kdump *k, const struct initrd *only)
{
	char *text = read_text(k, "/proc/modules"), *line, *size;
	uint64_t v, sum = 0;

	/* "ext4 987136 1 - Live 0x0000000000000000" */
	while ((line = next_line(&text))) {
		size = word(line, 1);
		if (kx_number_parse(size, 10, &v, NULL) < 0 || v > UINT32_MAX)
			continue;
		if (!only || initrd_module(only, word(line, 0)))
			sum += v;
	}
	return sum;
}

/* ---- devices and mounts --------------------------------------------------------------- */

const char *machine_device(struct kdump *k, const char *spec)
{
	static const char *const kinds[][2] = {
		{ "UUID=", "uuid" }, { "LABEL=", "label" }, { "PARTUUID=", "partuuid" },
		{ "PARTLABEL=", "partlabel" },
	};
	const char *path = spec;
	char real[PATH_MAX];

	for (size_t i = 0; i < 4; i++)
		if (!strncmp(spec, kinds[i][0], strlen(kinds[i][0])))
			path = kx_arena_printf(k->arena, "/dev/disk/by-%s/%s", kinds[i][1],
					       spec + strlen(kinds[i][0]));
	/* A link of udev's; in a sysroot it would lead out of it. */
	if (path && !*k->o->sysroot && realpath(path, real))
		path = kx_arena_strdup(k->arena, real);
	return path;
}

/* \040 and the like in mountinfo, in place. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

const char *machine_mounted(struct kdump *k, const char *source)
{
	char *text = read_text(k, "/proc/self/mountinfo"), *line, *dash, *from, *root, *at;
	const char *device = machine_device(k, source);

	/* "36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/root rw", proc(5) */
	while ((line = next_line(&text))) {
		dash = strstr(line, " - ");
		if (!dash)
			continue;
		*dash = '\0';
		from = word(dash + 3, 1);
		at = word(line, 4);
		root = word(line, 3);
		unescape(from);
		unescape(at);
		/* Not a part of it, mounted elsewhere. */
		if (!strcmp(root, "/") && device && (!strcmp(from, device) || !strcmp(from, source)))
			return at;
	}
	return NULL;
}
