/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The facts that every architecture has, and which file reads the others.
 *
 * Everything comes from files below the root but three: release, machine and
 * page size of the running machine are uname(2)'s and sysconf(3)'s; a captured
 * machine has them in kx/uname, "Linux RELEASE MACHINE PAGESIZE", written by
 * tests/plan/capture.sh.  Called by main.c and the verbs.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "facts.h"
#include "kx/iomem.h"
#include "kx/number.h"
#include "kx/sys.h"

/* include/uapi/linux/capability.h */
#define CAP_SYS_BOOT	22

static const struct {
	const char *uname;
	enum kx_machine machine;
	int (*read)(struct kx_sources *s, const struct kx_console_wish *wish,
		    struct kx_arena *a, struct kx_err *err);
} machines[] = {
	{ "aarch64", KX_MACHINE_ARM64, kx_sources_read_arm64 },
	{ "x86_64", KX_MACHINE_X86_64, kx_sources_read_x86 },
};

#define MACHINES (sizeof(machines) / sizeof(machines[0]))

int kx_fact_text(const char *root, struct kx_arena *a, const char **ret, struct kx_err *err,
		 const char *fmt, ...)
{
	char path[256];
	struct kx_bytes b;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	*ret = "";
	if (r < 0 || r >= (int)sizeof(path))
		return 0;
	r = kx_root_read(root, a, &b, NULL, "%s", path);
	if (r == -ENOMEM)
		return kx_err_set(err, ENOMEM, "%s/%s: out of memory", root, path);
	if (r < 0 || !b.len || memchr(b.data, 0, b.len))
		return 0;
	while (b.len && strchr(" \t\n", b.data[0])) {
		b.data++;
		b.len--;
	}
	while (b.len && strchr(" \t\n", b.data[b.len - 1]))
		b.len--;
	*ret = kx_arena_printf(a, "%.*s", (int)b.len, (const char *)b.data);
	if (!*ret)
		return kx_err_set(err, ENOMEM, "%s/%s: out of memory", root, path);
	return 0;
}

/* ---- who the machine is ------------------------------------------------- */

static int set_release(struct kx_sources *s, const char *release, struct kx_err *err)
{
	size_t n = strlen(release);

	if (n >= sizeof(s->release))
		return kx_err_set(err, EINVAL, "uname: release: expected at most %zu bytes, have %zu",
				  sizeof(s->release) - 1, n);
	memcpy(s->release, release, n + 1);
	return 0;
}

/* The row of machines[], or an error. */
static int find_machine(const char *uname_machine, size_t *ret, struct kx_err *err)
{
	for (size_t i = 0; i < MACHINES; i++) {
		if (!strcmp(uname_machine, machines[i].uname)) {
			*ret = i;
			return 0;
		}
	}
	return kx_err_set(err, EOPNOTSUPP, "uname: machine: expected aarch64 or x86_64, have '%s'",
			  uname_machine);
}

/* Every page size either architecture has: 4, 16 or 64 KiB. */
static int set_page_size(struct kx_sources *s, uint64_t size, struct kx_err *err)
{
	if (size != 0x1000 && size != 0x4000 && size != 0x10000)
		return kx_err_set(err, EINVAL,
				  "page size: expected 0x1000, 0x4000 or 0x10000, have 0x%" PRIx64,
				  size);
	s->page_size = size;
	return 0;
}

static int identify_running(struct kx_sources *s, size_t *ret_row, struct kx_err *err)
{
	struct utsname u;
	long size;
	int r;

	if (uname(&u) < 0)
		return kx_err_set(err, errno, "uname: %s", strerror(errno));
	size = sysconf(_SC_PAGESIZE);
	r = find_machine(u.machine, ret_row, err);
	if (r == 0)
		r = set_release(s, u.release, err);
	if (r == 0)
		r = set_page_size(s, size < 0 ? 0 : (uint64_t)size, err);
	return r;
}

/* The next word of *p, which is cut in place; "" at the end. */
static char *next_word(char **p)
{
	char *word = *p + strspn(*p, " ");

	*p = word + strcspn(word, " ");
	if (**p)
		*(*p)++ = 0;
	return word;
}

static int identify_captured(struct kx_sources *s, struct kx_arena *a, size_t *ret_row,
			     struct kx_err *err)
{
	char *line, *word;
	const char *text;
	uint64_t size;
	int r;

	r = kx_fact_text(s->root, a, &text, err, "kx/uname");
	if (r < 0)
		return r;
	line = kx_arena_strdup(a, text);
	if (!line)
		return kx_err_set(err, ENOMEM, "kx/uname: out of memory");
	word = next_word(&line);
	if (strcmp(word, "Linux"))
		return kx_err_set(err, EOPNOTSUPP,
				  "%s/kx/uname: expected 'Linux RELEASE MACHINE PAGESIZE', have '%s'"
				  " (tests/plan/capture.sh captures a machine)", s->root, text);
	r = set_release(s, next_word(&line), err);
	if (r == 0)
		r = find_machine(next_word(&line), ret_row, err);
	if (r == 0)
		r = kx_number_parse(next_word(&line), 10, &size, err);
	if (r == 0)
		r = set_page_size(s, size, err);
	if (r < 0)
		kx_err_wrap(err, "%s/kx/uname", s->root);
	return r;
}

/* ---- memory -------------------------------------------------------------- */

uint64_t kx_meminfo_bytes(const char *text, const char *name)
{
	const char *p = strstr(text, name);
	char digits[21];
	uint64_t v;
	size_t n;

	if (!p || (p != text && p[-1] != '\n'))
		return 0;
	p += strlen(name);
	p += strspn(p, " ");
	n = strspn(p, "0123456789");
	if (n >= sizeof(digits))
		return 0;
	memcpy(digits, p, n);
	digits[n] = 0;
	if (kx_number_parse(digits, 10, &v, NULL) < 0 || v > UINT64_MAX / 1024)
		return 0;
	return v * 1024;
}

static int read_meminfo(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	const char *text;
	int r;

	r = kx_fact_text(s->root, a, &text, err, "proc/meminfo");
	if (r < 0)
		return r;
	s->total_ram = kx_meminfo_bytes(text, "MemTotal:");
	s->free_ram = kx_meminfo_bytes(text, "MemAvailable:");
	return 0;
}

/*
 * A map that can be read only in part is worse than none: it would hide what
 * must not be overwritten.  So, other than a missing file, a malformed one is
 * an error.
 */
static int read_iomem(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	struct kx_bytes text;
	int r;

	r = kx_root_read(s->root, a, &text, NULL, "proc/iomem");
	if (r == -ENOMEM)
		return kx_err_set(err, ENOMEM, "%s/proc/iomem: out of memory", s->root);
	if (r < 0)
		return 0;
	r = kx_iomem_parse(text, a, &s->iomem, &s->iomem_hidden, err);
	if (r < 0) {
		kx_err_wrap(err, "%s/proc/iomem", s->root);
		return r;
	}
	for (size_t i = 0; i < s->iomem.n; i++) {
		if (strcmp(s->iomem.v[i].name, "Crash kernel"))
			continue;
		if (s->crash_count < sizeof(s->crash) / sizeof(s->crash[0]))
			s->crash[s->crash_count++] = s->iomem.v[i].r;
	}
	return 0;
}

/* ---- what is allowed ------------------------------------------------------ */

static struct kx_opt_u64 number(const struct kx_sources *s, const char *path)
{
	struct kx_opt_u64 v = { 0 };

	v.known = kx_root_u64(s->root, 10, &v.value, NULL, "%s", path) == 0;
	return v;
}

/* v7.2 has the files in /sys/kernel/kexec/; the old names are links that may go one day. */
static struct kx_opt_u64 number_or(const struct kx_sources *s, const char *path,
				   const char *other)
{
	struct kx_opt_u64 v = number(s, path);

	return v.known ? v : number(s, other);
}

/* kernel.kexec_load_limit_* (v6.3): -1 is no limit. */
static int read_limit(struct kx_sources *s, const char *name, struct kx_opt_u64 *ret,
		      struct kx_arena *a, struct kx_err *err)
{
	const char *text;
	int r;

	r = kx_fact_text(s->root, a, &text, err, "proc/sys/kernel/%s", name);
	if (r < 0)
		return r;
	if (!strcmp(text, "-1"))
		*ret = (struct kx_opt_u64){ true, UINT64_MAX };
	else
		ret->known = kx_number_parse(text, 10, &ret->value, NULL) == 0;
	return 0;
}

/* security/lockdown/lockdown.c prints every level, the active one in brackets. */
static int read_lockdown(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	static const struct {
		const char *word;
		enum kx_lockdown level;
	} levels[] = {
		{ "[integrity]", KX_LOCKDOWN_INTEGRITY },
		{ "[confidentiality]", KX_LOCKDOWN_CONFIDENTIALITY },
	};
	const char *text;
	int r;

	r = kx_fact_text(s->root, a, &text, err, "sys/kernel/security/lockdown");
	for (size_t i = 0; r == 0 && i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strstr(text, levels[i].word))
			s->lockdown = levels[i].level;
	return r;
}

static int read_capability(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	static const char name[] = "CapEff:\t";
	char digits[17] = "";
	const char *text, *p;
	uint64_t set;
	int r;

	r = kx_fact_text(s->root, a, &text, err, "proc/self/status");
	if (r < 0)
		return r;
	p = strstr(text, name);
	if (!p)
		return 0;
	p += sizeof(name) - 1;
	memcpy(digits, p, strnlen(p, sizeof(digits) - 1));
	if (kx_number_parse(digits, 16, &set, NULL) == 0)
		s->has_cap_boot = set >> CAP_SYS_BOOT & 1;
	return 0;
}

static int read_permissions(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	int r;

	s->kexec_loaded = number_or(s, "sys/kernel/kexec_loaded", "sys/kernel/kexec/loaded");
	s->crash_loaded = number_or(s, "sys/kernel/kexec_crash_loaded",
				    "sys/kernel/kexec/crash_loaded");
	s->elfcorehdr_size = number(s, "sys/kernel/crash_elfcorehdr_size");
	s->crash_hotplug = kx_root_exists(s->root, "sys/devices/system/cpu/crash_hotplug") ||
			   kx_root_exists(s->root, "sys/devices/system/memory/crash_hotplug");
	s->load_disabled = number(s, "proc/sys/kernel/kexec_load_disabled");
	r = read_limit(s, "kexec_load_limit_reboot", &s->limit_reboot, a, err);
	if (r == 0)
		r = read_limit(s, "kexec_load_limit_panic", &s->limit_panic, a, err);
	if (r == 0)
		r = kx_staged_read(s, a, err);
	if (r == 0)
		r = kx_returning_read(s, a, err);
	if (r == 0)
		r = read_lockdown(s, a, err);
	if (r == 0)
		r = read_capability(s, a, err);
	return r;
}

/* ---- all of it ------------------------------------------------------------ */

/* @root as an absolute or relative directory without trailing slashes; "/" is "". */
static int set_root(struct kx_sources *s, const char *root, struct kx_arena *a,
		    struct kx_err *err)
{
	size_t n = strlen(root);
	char *copy = kx_arena_strdup(a, root);

	if (!copy)
		return kx_err_set(err, ENOMEM, "root: out of memory");
	while (n && copy[n - 1] == '/')
		copy[--n] = 0;
	s->root = copy;
	return 0;
}

static int read_common(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	int r;

	r = kx_fact_text(s->root, a, &s->cmdline, err, "proc/cmdline");
	if (r == 0)
		r = read_meminfo(s, a, err);
	if (r == 0)
		r = read_iomem(s, a, err);
	if (r == 0)
		r = kx_removable_read(s, a, err);
	if (r == 0)
		r = read_permissions(s, a, err);
	if (r == 0)
		r = kx_config_read(s, a, err);
	return r;
}

int kx_sources_read(const char *root, const struct kx_console_wish *wish, struct kx_arena *a,
		    struct kx_sources *ret, struct kx_err *err)
{
	struct kx_sources s = { 0 };
	/* Files that are missing leave their sentence here; it is told only on failure. */
	struct kx_err e = { 0 };
	size_t row = 0;
	int r;

	r = set_root(&s, root, a, &e);
	if (r == 0)
		r = s.root[0] ? identify_captured(&s, a, &row, &e) :
				identify_running(&s, &row, &e);
	if (r == 0) {
		s.machine = machines[row].machine;
		r = read_common(&s, a, &e);
	}
	if (r == 0)
		r = machines[row].read(&s, wish, a, &e);
	if (r < 0)
		return kx_err_set(err, -r, "%s", e.text);
	*ret = s;
	return 0;
}
