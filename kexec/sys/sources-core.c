// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts for core headers: where the running kernel keeps its notes, and which
 * virtual addresses its memory has.
 *
 * Documentation/ABI/testing/sysfs-kernel-vmcoreinfo ("address size", both hex),
 * Documentation/ABI/testing/sysfs-devices-system-cpu (crash_notes hex,
 * crash_notes_size decimal), fs/proc/kcore.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "facts.h"
#include "kx/core.h"
#include "kx/core-file.h"
#include "kx/number.h"
#include "kx/sys.h"
#include "open.h"

#define CPUS		"sys/devices/system/cpu"
#define BOOT_ID		"proc/sys/kernel/random/boot_id"

/* x86_64: __START_KERNEL_map; no direct map is above it. */
#define X86_TEXT_VA	0xffffffff80000000ull

/* ---- notes ------------------------------------------------------------------ */

static int read_vmcoreinfo(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	const char *text, *size;
	uint64_t pa, len;
	char *word;
	int r;

	r = kx_fact_text(s->root, a, &text, err, "sys/kernel/vmcoreinfo");
	if (r < 0)
		return r;
	word = kx_arena_strdup(a, text);
	if (!word)
		return kx_err_set(err, ENOMEM, "vmcoreinfo: out of memory");
	size = strchr(text, ' ');
	if (!size)
		return 0;
	word[size - text] = '\0';
	if (kx_number_parse(word, 16, &pa, NULL) == 0 &&
	    kx_number_parse(size + 1, 16, &len, NULL) == 0 &&
	    !kx_range_make(pa, len, &s->core.vmcoreinfo))
		s->core.vmcoreinfo = (struct kx_range){ 0 };
	return 0;
}

/* "cpu0", "cpu12"; not "cpufreq". */
static bool is_cpu(const char *name)
{
	return !strncmp(name, "cpu", 3) && name[3] && !name[3 + strspn(name + 3, "0123456789")];
}

static int read_crash_notes(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	struct kx_ranges *notes = &s->core.crash_notes;
	uint64_t pa, len;
	char **names;
	size_t n = 0;
	int r;

	r = kx_root_list(s->root, a, CPUS, &names, err);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	while (names[n])
		n++;
	notes->v = kx_arena_alloc(a, (n + 1) * sizeof(*notes->v));
	if (!notes->v)
		return kx_err_set(err, ENOMEM, CPUS ": out of memory");
	for (size_t i = 0; names[i]; i++) {
		if (!is_cpu(names[i]) ||
		    kx_root_u64(s->root, 16, &pa, NULL, CPUS "/%s/crash_notes", names[i]) < 0 ||
		    kx_root_u64(s->root, 10, &len, NULL, CPUS "/%s/crash_notes_size",
				names[i]) < 0)
			continue;
		if (pa && len && kx_range_make(pa, len, &notes->v[notes->n]))
			notes->n++;
	}
	return 0;
}

/* ---- virtual addresses -------------------------------------------------------- */

/* Old kernels say 0 for every physical address: believe only what is RAM. */
static bool in_ram(const struct kx_sources *s, const struct kx_core_load *l)
{
	const struct kx_range r = { l->pa, l->pa + l->mem_len };

	for (size_t i = 0; i < s->iomem.n; i++)
		if (!s->iomem.v[i].depth && !strcmp(s->iomem.v[i].name, "System RAM") &&
		    kx_range_contains(s->iomem.v[i].r, r))
			return true;
	return false;
}

/*
 * /proc/kcore has a PT_LOAD for the kernel's image (on x86_64 above
 * X86_TEXT_VA) and one for each piece of RAM, in the direct map.
 */
static void use_kcore(struct kx_sources *s, const struct kx_core *c)
{
	for (size_t i = 0; i < c->load_count; i++) {
		const struct kx_core_load *l = &c->load[i];

		if (l->pa == KX_CORE_NO_PA || !in_ram(s, l))
			continue;
		if (c->machine == KX_ELF_X86_64 && l->va >= X86_TEXT_VA) {
			s->core.text = (struct kx_range){ l->pa, l->pa + l->mem_len };
			s->core.text_va = l->va;
		} else if (!s->core.direct_va.known) {
			s->core.direct_va = (struct kx_opt_u64){ true, l->va - l->pa };
		}
	}
}

int kx_kcore_read(const char *root, struct kx_arena *a, struct kx_core *ret)
{
	_cleanup_fd_ int fd = kx_open_below(root, "proc/kcore", O_RDONLY | O_NONBLOCK);
	struct kx_core_file file = { .read = kx_core_fd_read, .ctx = &fd, .len = INT64_MAX };
	struct kx_core core;
	int r;

	if (fd < 0)
		return fd;
	r = kx_core_open(&file, a, &core, NULL);
	if (r < 0)
		return r;
	core.file = (struct kx_core_file){ .read = NULL };
	*ret = core;
	return 0;
}

static int read_kcore(struct kx_sources *s, struct kx_arena *a)
{
	struct kx_core core;
	int r = kx_kcore_read(s->root, a, &core);

	if (r == 0)
		use_kcore(s, &core);
	return r == -ENOMEM ? r : 0;
}

/* ---- who it is -------------------------------------------------------------------- */

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

/* "6aab5b11-9a6b-4f0c-9f25-4a6d4d0f5c01" */
static int read_boot_id(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	uint8_t id[sizeof(s->core.boot_id)] = { 0 };
	const char *text;
	size_t n = 0;
	int r;

	r = kx_fact_text(s->root, a, &text, err, BOOT_ID);
	if (r < 0)
		return r;
	for (; *text; text++) {
		int digit = hex_digit(*text);

		if (*text == '-')
			continue;
		if (digit < 0 || n == 2 * sizeof(id))
			return 0;
		id[n / 2] = (uint8_t)(id[n / 2] << 4 | digit);
		n++;
	}
	if (n == 2 * sizeof(id))
		memcpy(s->core.boot_id, id, sizeof(id));
	return 0;
}

int kx_core_facts_read(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	/* Files that are missing leave their sentence here; it is told only on failure. */
	struct kx_err e = { 0 };
	int r;

	r = read_vmcoreinfo(s, a, &e);
	if (r == 0)
		r = read_crash_notes(s, a, &e);
	if (r == 0)
		r = read_boot_id(s, a, &e);
	if (r == 0 && read_kcore(s, a) < 0)
		r = kx_err_set(&e, ENOMEM, "%s/proc/kcore: out of memory", s->root);
	return r < 0 ? kx_err_set(err, -r, "%s", e.text) : 0;
}
