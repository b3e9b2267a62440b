// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a dump says of its kernel: all notes of the core, where VMCOREINFO is in them,
 * the name of the kernel, how many CPUs it had.  Called by write-kdump.c and
 * write-elf.c.
 */
#include <errno.h>
#include <string.h>

#include "write-parts.h"

#define NT_PRSTATUS	1u

/* struct new_utsname: sysname nodename release version machine domainname */
#define NAME_LEN	65u
enum { SYSNAME, NODENAME, RELEASE, VERSION, MACHINE };

static void set_name(uint8_t *utsname, unsigned int i, const uint8_t *s, size_t len)
{
	uint8_t *to = utsname + i * NAME_LEN;

	memset(to, 0, NAME_LEN);
	memcpy(to, s, len < NAME_LEN ? len : NAME_LEN - 1);
}

/* init_uts_ns, if what is there looks like it. */
static bool read_utsname(uint8_t *to, const struct write *w)
{
	struct kx_bytes text = w->d->vmcoreinfo;
	uint64_t va, off;
	struct kx_err none;

	if (kx_vmcoreinfo_symbol(text, "init_uts_ns", &va, &none) < 0 ||
	    kx_vmcoreinfo_u64(text, "OFFSET(uts_namespace.name)", 10, &off, &none) < 0 ||
	    kx_core_va_read(&w->map.va, va + off, to, KX_KDUMP_UTSNAME_LEN, &none) < 0)
		return false;
	for (size_t i = 0; i < KX_KDUMP_UTSNAME_LEN; i += NAME_LEN)
		if (!memchr(to + i, 0, NAME_LEN))
			return false;
	return !memcmp(to, "Linux", 6);
}

/* Readers find the architecture by utsname.machine; a process may have had another. */
static void utsname_read(struct write_kernel *k, const struct write *w)
{
	const char *machine = w->core.machine == KX_ELF_ARM64 ? "aarch64" : "x86_64";
	struct kx_bytes release;

	if (!read_utsname(k->utsname, w)) {
		memset(k->utsname, 0, sizeof(k->utsname));
		set_name(k->utsname, SYSNAME, (const uint8_t *)"Linux", 5);
		if (kx_vmcoreinfo_get(w->d->vmcoreinfo, "OSRELEASE", &release))
			set_name(k->utsname, RELEASE, release.data, release.len);
	}
	set_name(k->utsname, MACHINE, (const uint8_t *)machine, strlen(machine));
}

static void numbers_read(struct write_kernel *k, const struct write *w)
{
	const char *base = w->core.machine == KX_ELF_ARM64 ? "PHYS_OFFSET" : "phys_base";
	struct kx_err none;

	if (kx_vmcoreinfo_number(w->d->vmcoreinfo, base, &k->phys_base, &none) < 0)
		k->phys_base = 0;
	/* Appended when a kernel panics. */
	if (kx_vmcoreinfo_u64(w->d->vmcoreinfo, "CRASHTIME", 10, &k->time, &none) < 0)
		k->time = 0;
}

/*
 * Each note as it was, one behind the other: a reader that goes by offsets finds the
 * descriptor of VMCOREINFO there.
 */
static int notes_build(struct write_kernel *k, const struct write *w, struct kx_err *err)
{
	const struct kx_core *c = &w->core;
	size_t len = 0;
	uint8_t *to, *at;

	for (size_t i = 0; i < c->note_count; i++)
		len += kx_core_note_len(c->note[i].name, c->note[i].desc.len);
	if (!len)
		return 0;
	at = to = kx_arena_alloc(w->d->arena, len);
	if (!to)
		return kx_err_set(err, ENOMEM, "no memory for 0x%zx bytes of notes", len);
	for (size_t i = 0; i < c->note_count; i++) {
		const struct kx_core_note *n = &c->note[i];

		k->cpus += n->type == NT_PRSTATUS && !strcmp(n->name, "CORE");
		if (n->desc.data == w->d->vmcoreinfo.data && n->desc.len) {
			k->vmcoreinfo_off = (uint64_t)(at - to) + kx_core_note_len(n->name, 0);
			k->vmcoreinfo_len = w->d->vmcoreinfo.len;
		}
		at = kx_core_note_build(at, n->name, n->type, n->desc);
	}
	k->notes = (struct kx_bytes){ to, len };
	return 0;
}

int write_kernel_read(struct write_kernel *ret, const struct write *w, struct kx_err *err)
{
	int r;

	memset(ret, 0, sizeof(*ret));
	r = notes_build(ret, w, err);
	/* Not 0, or crash takes the file for damaged. */
	ret->cpus = ret->cpus ? ret->cpus : 1;
	utsname_read(ret, w);
	numbers_read(ret, w);
	return r;
}
