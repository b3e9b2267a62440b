/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is this the machine that a saved core is of?  The kernel in it knows its
 * memory, its CPUs, its devices and its filesystems, and takes them for unchanged;
 * it will not look again.  Called by saved.c and put-back.c.
 *
 * Both machines are described by lines KEY=VALUE (doc/resumable-core.md, MACHINE).
 * What differs is listed as diff(1) does, and refused unless --resume-anyway
 * says that the user knows better.  Another architecture is refused in any case.
 *
 * A kernel that is kept in memory is of the power cycle that still lasts: only what
 * this kernel may have changed is looked at.  Its map of memory is another in any
 * case, without the areas.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kx/arch.h"
#include "kx/core-headers.h"
#include "kx/json.h"
#include "kx/machine.h"
#include "kx/number.h"
#include "saved.h"

/* ---- lines --------------------------------------------------------------------- */

static bool find_line(struct kx_bytes text, struct kx_bytes key, struct kx_bytes *ret)
{
	struct kx_machine_line l;

	while (kx_machine_next(&text, &l))
		if (kx_bytes_same(l.key, key)) {
			*ret = l.value;
			return true;
		}
	return false;
}

/* ---- what differs ---------------------------------------------------------------- */

struct diff {
	struct kx_plan *p;
	struct kx_text t;
	size_t n;
};

#define VALUE_MAX	80

/* Anything may be in a file: only what a terminal shows as it is goes there. */
static void add_value(struct kx_text *t, char sign, struct kx_bytes key, struct kx_bytes value)
{
	size_t len = value.len < VALUE_MAX ? value.len : VALUE_MAX;

	kx_text_add(t, "%s%c", t->len ? "\n" : "", sign);
	for (size_t i = 0; i < key.len && i < VALUE_MAX; i++)
		kx_text_add(t, "%c", key.data[i] > ' ' && key.data[i] < 0x7f ? key.data[i] : '?');
	kx_text_add(t, "=");
	for (size_t i = 0; i < len; i++)
		kx_text_add(t, "%c", value.data[i] >= ' ' && value.data[i] < 0x7f ?
			    value.data[i] : '?');
}

static void differs(struct diff *d, struct kx_bytes key, struct kx_bytes then, struct kx_bytes now)
{
	add_value(&d->t, '-', key, then);
	add_value(&d->t, '+', key, now);
	d->n++;
}

static struct kx_bytes text_bytes(const char *s)
{
	return (struct kx_bytes){ (const uint8_t *)s, strlen(s) };
}

static const char *hex_number(const struct diff *d, uint64_t v)
{
	const char *s = kx_arena_printf(d->p->arena, "0x%" PRIx64, v);

	return s ? s : "?";
}

/*
 * Its lines may have come or gone with the kernel's release: one that is on one
 * side only says nothing.  Nor does a list of CPU features, which each release
 * makes longer, unless it is the same release.
 */
static bool comparable(const struct diff *d, struct kx_bytes key)
{
	const struct kx_plan *p = d->p;

	/* Disks are looked at by who has them mounted; la57 by whether the CPU can. */
	if (kx_machine_word_is(key, "filesystem") || kx_machine_word_is(key, "swap") ||
	    kx_machine_word_is(key, "la57"))
		return false;
	/* Each kernel has its own. */
	if (kx_bytes_starts(key, "lpi_", 4))
		return false;
	return !kx_machine_word_is(key, "cpu_features") ||
	       !strcmp(p->saved->contexts.context.release, p->sources->release);
}

static void compare_lines(struct diff *d, struct kx_bytes then, struct kx_bytes now)
{
	struct kx_bytes value;
	struct kx_machine_line l;

	while (kx_machine_next(&then, &l))
		if (comparable(d, l.key) && find_line(now, l.key, &value) &&
		    !kx_bytes_same(l.value, value))
			differs(d, l.key, l.value, value);
}

static void compare_ram(struct diff *d)
{
	const struct kx_context *c = &d->p->saved->contexts.context;
	static const uint8_t unknown[sizeof(c->ram_map)];
	struct kx_context here;

	kx_context_init(&here, d->p->sources);
	if (!memcmp(c->ram_map, unknown, sizeof(unknown)) ||
	    !memcmp(here.ram_map, unknown, sizeof(unknown)))
		kx_plan_note(d->p, "whether it is the same RAM is not known");
	else if (memcmp(c->ram_map, here.ram_map, sizeof(here.ram_map)))
		differs(d, text_bytes("ram_map"), text_bytes("(another)"),
			text_bytes("(this machine's)"));
}

/* The CPU that is entered: the saved kernel's first, which has to be ours, too. */
static void compare_boot_cpu(struct diff *d)
{
	uint64_t then = d->p->saved->contexts.context.boot_cpu, now;
	struct kx_bytes value;
	const char *digits;

	if (!find_line(d->p->sources->machine_note, text_bytes("cpu0"), &value)) {
		kx_plan_note(d->p, "which CPU is the first here is not known");
		return;
	}
	digits = kx_arena_printf(d->p->arena, "%.*s", (int)value.len, (const char *)value.data);
	if (!digits || then == CONTEXT_CPU_UNKNOWN || kx_number_parse(digits, 0, &now, NULL) < 0)
		return;
	if (then != now)
		differs(d, text_bytes("boot_cpu"), text_bytes(hex_number(d, then)),
			text_bytes(hex_number(d, now)));
}

static void compare_page_size(struct diff *d)
{
	uint64_t page = d->p->saved->contexts.context.page_size;

	if (page != d->p->sources->page_size)
		kx_plan_note(d->p, "the saved kernel has pages of 0x%" PRIx64 ", the running one of 0x%"
			     PRIx64, page, d->p->sources->page_size);
}

/* ---- filesystems ------------------------------------------------------------------- */

/*
 * The saved kernel has a filesystem's state in memory: who writes to it meanwhile
 * destroys it.  A mount for reading may have, too, by replaying the journal.
 */
static int check_disk(struct kx_plan *p, const struct kx_bytes disk[KX_DISK_WORDS],
		      struct kx_err *err)
{
	struct kx_bytes now = p->sources->machine_note, here[KX_DISK_WORDS];
	struct kx_machine_line l;
	bool used;

	while (kx_machine_next(&now, &l)) {
		if (!kx_machine_disk(&l, here) || !kx_machine_disk_same(disk, here))
			continue;
		used = kx_machine_word_is(here[KX_DISK_MODE], "rw");
		if (used && !p->request->resume_anyway)
			return kx_err_set(err, EBUSY,
					  "%.*s (%.*s), which the saved kernel goes on to use, is in use here, for writing, on %.*s: unmount it (--resume-anyway destroys it)",
					  (int)here[KX_DISK_DEVICE].len,
					  (const char *)here[KX_DISK_DEVICE].data,
					  (int)here[KX_DISK_TYPE].len, (const char *)here[KX_DISK_TYPE].data,
					  (int)here[KX_DISK_PATH].len, (const char *)here[KX_DISK_PATH].data);
		kx_plan_note(p, "%.*s, which the saved kernel goes on to use, is mounted here%s",
			     (int)here[KX_DISK_DEVICE].len, (const char *)here[KX_DISK_DEVICE].data,
			     used ? " for writing (--resume-anyway)" :
			     ", for reading: that may have replayed its journal");
	}
	return 0;
}

static int check_disks(struct kx_plan *p, struct kx_err *err)
{
	struct kx_bytes then = p->saved->machine, disk[KX_DISK_WORDS];
	struct kx_machine_line l;
	int rc = 0;

	while (rc == 0 && kx_machine_next(&then, &l))
		if (kx_machine_disk(&l, disk))
			rc = check_disk(p, disk, err);
	return rc;
}

/* ---- all of it ------------------------------------------------------------------------ */

static int check_context(const struct kx_plan *p, struct kx_err *err)
{
	const struct kx_context *c = &p->saved->contexts.context;

	if (c->machine != p->arch->elf_machine)
		return kx_err_set(err, ENOEXEC, "is a saved core of %s, and this machine is %s",
				  kx_core_machine_name(&p->saved->core), p->arch->name);
	if (!c->filled || c->entry_kind == CONTEXT_ENTRY_NONE)
		return kx_err_set(err, ENOEXEC,
				  "is a core to look at only: it does not say where its kernel is entered");
	return 0;
}

int kx_saved_same(struct kx_plan *p, struct kx_err *err)
{
	struct diff d = { .p = p };
	const char *text;
	int rc = check_context(p, err);

	if (rc < 0)
		return rc;
	kx_text_init(&d.t, p->arena);
	if (!p->saved->kept_pa)
		compare_ram(&d);
	compare_boot_cpu(&d);
	compare_page_size(&d);
	if (!p->saved->kept_pa)
		compare_lines(&d, p->saved->machine, p->sources->machine_note);
	text = kx_text_str(&d.t);
	if (!text)
		return kx_err_set(err, ENOMEM, "out of memory");
	if (d.n)
		p->differences = text;
	if (d.n && !p->request->resume_anyway)
		return kx_err_set(err, EINVAL,
				  "was saved on another machine, or this one has changed since: %zu difference%s (--resume-anyway resumes it all the same)",
				  d.n, d.n == 1 ? "" : "s");
	if (d.n)
		kx_plan_note(p, "--resume-anyway: the machine differs from the one that was saved");
	return check_disks(p, err);
}
