// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line of the kernel that captures: the running kernel's, so that root,
 * consoles and drivers' options are the same, without what takes memory, with what
 * Debian's kdump-tools or Fedora's kdump-utils add.  The kernel's
 * Documentation/admin-guide/kernel-parameters.txt has what each word does.  Called by
 * verb-load.c and verb-check.c.
 */
#include <string.h>

#include "capture-cmdline.h"
#include "kx/cmdline.h"

/* Always removed, whatever cmdline_remove says: this kernel is not to reserve or resume. */
static const char *const never[] = { "crashkernel", CAPTURE_MARK, "kexec_jump_back_entry",
				     "elfcorehdr", "panic" };

#define REMOVE_DEFAULT	"hugepages hugepagesz default_hugepagesz hugetlb_cma abm slub_debug"	\
			" quiet log_buf_len swiotlb cma transparent_hugepage nr_cpus maxcpus"

/* Debian's: kdump-tools starts its service by a unit that it names here. */
#define DEBIAN_APPEND	"reset_devices systemd.unit=kdump-tools-dump.service nr_cpus=1"		\
			" irqpoll usbcore.nousb"
/* Fedora's, of both architectures. */
#define FEDORA_APPEND	"irqpoll nr_cpus=1 reset_devices cgroup_disable=memory"			\
			" udev.children-max=2 novmcoredd cma=0 hugetlb_cma=0"			\
			" transparent_hugepage=never"
#define FEDORA_X86	" mce=off numa=off acpi_no_memhotplug nokaslr hest_disable pcie_ports=compat"

/*
 * In front, where no quote that is left open takes them.  A second panic
 * must not end in a machine that stands still.
 */
#define ALWAYS		CAPTURE_MARK " panic=10"

static const char *additions(const struct conf *c, const char *machine)
{
	if (c->cmdline_append)
		return c->cmdline_append;
	if (c->layout == LAYOUT_DEBIAN)
		return DEBIAN_APPEND;
	return strcmp(machine, "x86_64") ? FEDORA_APPEND : FEDORA_APPEND FEDORA_X86;
}

/* @line without the words of @names, which are separated by space. */
static const char *remove_all(const char *line, const char *names, struct kx_arena *a)
{
	char *list = kx_arena_strdup(a, names), *p = list, *name;

	while (line && p && *(p += strspn(p, " \t"))) {
		name = p;
		p += strcspn(p, " \t");
		if (*p)
			*p++ = '\0';
		line = kx_cmdline_remove(a, line, name);
	}
	return p ? line : NULL;
}

/* Where the bare "--" of @line is, behind which everything is init's; its end: nowhere. */
static size_t init_part(const char *line)
{
	bool quoted = false, first = true;
	size_t i;

	for (i = 0; line[i]; i++) {
		if (first && !quoted && !strncmp(line + i, "--", 2) &&
		    (!line[i + 2] || strchr(" \t\n", line[i + 2])))
			return i;
		quoted ^= line[i] == '"';
		first = !quoted && strchr(" \t\n", line[i]);
	}
	return i;
}

const char *capture_cmdline(const struct conf *c, const char *running, const char *machine,
			    struct kx_arena *a)
{
	size_t at = init_part(running), len = at;
	const char *line;

	while (running[at] && len && strchr(" \t\n", running[len - 1]))
		len--;
	line = kx_arena_printf(a, "%.*s", (int)len, running);
	if (!line)
		return NULL;
	if (!c->cmdline)
		line = remove_all(line, c->cmdline_remove ? c->cmdline_remove : REMOVE_DEFAULT, a);
	for (size_t i = 0; line && i < sizeof(never) / sizeof(never[0]); i++)
		line = kx_cmdline_remove(a, line, never[i]);
	if (line)
		line = kx_cmdline_join(a, line, additions(c, machine));
	if (line && running[at])
		line = kx_cmdline_join(a, line, running + at);
	return line ? kx_cmdline_join(a, ALWAYS, line) : NULL;
}

bool capture_marked(const char *cmdline)
{
	return kx_cmdline_get(cmdline, CAPTURE_MARK, NULL);
}
