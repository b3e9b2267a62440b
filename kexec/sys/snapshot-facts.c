// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts that a saved core needs beside the snapshot: VMCOREINFO, which CPU boots,
 * and on arm64 where firmware enters a kernel that slept.
 *
 * arm64: cpu_resume() is what psci_system_suspend() hands to the firmware as
 * __pa_symbol(cpu_resume): its address in /proc/kallsyms less kimage_voffset.
 * "Kernel code" in /proc/iomem is no way there: it starts at _stext up to 6.x and at
 * _text since.  x86_64 says all of it in the snapshot itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "facts.h"
#include "kx/context.h"
#include "kx/number.h"
#include "kx/snapshot.h"
#include "kx/sys.h"
#include "open.h"

#define CHUNK		65536u
#define SYMBOL		"cpu_resume"

/* ---- /proc/kallsyms ---------------------------------------------------------------- */

/* "ffffffc008a2b000 T cpu_resume": is it this one, and where? */
static bool line_has(char *line, const char *name, uint64_t *ret)
{
	char *type = strchr(line, ' ');

	/* A module's symbol has its module behind a tab. */
	if (!type || !type[1] || type[2] != ' ' || strcmp(type + 3, name))
		return false;
	*type = '\0';
	return kx_number_parse(line, 16, ret, NULL) == 0;
}

/* Takes whole lines of @buf, moves the rest to its front and its length to *len. */
static bool take_lines(char *buf, size_t *len, const char *name, uint64_t *ret)
{
	char *line = buf, *end;
	bool found = false;

	while (!found && (end = memchr(line, '\n', *len - (size_t)(line - buf)))) {
		*end = '\0';
		found = line_has(line, name, ret);
		line = end + 1;
	}
	*len -= (size_t)(line - buf);
	memmove(buf, line, *len);
	return found;
}

/* Ten megabytes of text, read until the line is there.  -ESRCH: it is not. */
static int find_symbol(const char *root, const char *name, struct kx_arena *a, uint64_t *ret)
{
	_cleanup_fd_ int fd = kx_open_below(root, "proc/kallsyms", O_RDONLY);
	size_t len = 0, got;
	char *buf;
	int r;

	buf = kx_arena_alloc_raw(a, CHUNK);
	if (!buf)
		return -ENOMEM;
	r = fd < 0 ? fd : 0;
	while (r == 0) {
		/* No line is that long. */
		if (len == CHUNK)
			len = 0;
		r = kx_read_some(fd, buf + len, CHUNK - len, &got);
		if (r < 0 || !got)
			break;
		len += got;
		if (take_lines(buf, &len, name, ret)) {
			kx_arena_release(a, buf);
			return 0;
		}
	}
	kx_arena_release(a, buf);
	return r < 0 ? r : -ESRCH;
}

/* ---- where it is entered ------------------------------------------------------------ */

static int resume_address(const struct kx_sources *s, struct kx_bytes info, struct kx_arena *a,
			  uint64_t *ret, struct kx_err *err)
{
	uint64_t va, offset;
	int r;

	if (!info.len)
		return kx_err_set(err, ENODATA, "%s/proc/kcore: expected VMCOREINFO in its note, which"
				  " says where the kernel lies, have none", s->root);
	if (kx_vmcoreinfo_number(info, "kimage_voffset", &offset, NULL) < 0)
		return kx_err_set(err, ENODATA, "%s/proc/kcore: VMCOREINFO: expected"
				  " NUMBER(kimage_voffset), have none", s->root);
	r = find_symbol(s->root, SYMBOL, a, &va);
	if (r == -ENOMEM)
		return kx_err_set(err, ENOMEM, "%s/proc/kallsyms: out of memory", s->root);
	if (r < 0)
		return kx_err_set(err, ENODATA, "%s/proc/kallsyms: expected " SYMBOL ", where the"
				  " kernel is entered, have none: %s", s->root,
				  r == -ESRCH ? "it needs CONFIG_KALLSYMS_ALL" : strerror(-r));
	if (!va)
		return kx_err_set(err, ENODATA, "%s/proc/kallsyms: expected the address of " SYMBOL
				  ", have 0: addresses are hidden (/proc/sys/kernel/kptr_restrict)",
				  s->root);
	*ret = va - offset;
	return 0;
}

/* "apicid\t\t: 0" of the first CPU. */
static int boot_apic_id(const struct kx_sources *s, struct kx_arena *a, uint64_t *ret,
			struct kx_err *err)
{
	static const char key[] = "\napicid";
	const char *text, *p;
	char digits[21] = "";
	int r;

	r = kx_fact_text(s->root, a, &text, err, "proc/cpuinfo");
	if (r < 0)
		return r;
	p = strstr(text, key);
	if (p) {
		p += strlen(key) + strspn(p + strlen(key), "\t :");
		memcpy(digits, p, strnlen(p, strspn(p, "0123456789") % sizeof(digits)));
	}
	if (kx_number_parse(digits, 10, ret, NULL) < 0)
		*ret = CONTEXT_CPU_UNKNOWN;
	return 0;
}

int kx_snapshot_facts_read(const struct kx_sources *s, struct kx_arena *a,
			   struct kx_snapshot_facts *ret, struct kx_err *err)
{
	struct kx_snapshot_facts f = { .boot_cpu = CONTEXT_CPU_UNKNOWN };
	struct kx_core kcore;
	int r;

	r = kx_kcore_read(s->root, a, &kcore);
	if (r == -ENOMEM)
		return kx_err_set(err, ENOMEM, "%s/proc/kcore: out of memory", s->root);
	if (r == 0)
		f.vmcoreinfo = kx_vmcoreinfo_text(&kcore);
	r = s->machine == KX_MACHINE_ARM64 ?
		resume_address(s, f.vmcoreinfo, a, &f.cpu_resume, err) :
		boot_apic_id(s, a, &f.boot_cpu, err);
	if (r < 0)
		return r;
	*ret = f;
	return 0;
}
