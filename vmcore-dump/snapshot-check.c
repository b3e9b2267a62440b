// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be known before anything is stopped: who this machine is, what is on
 * the target, whether there is room.  Called by snapshot.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kx/core-headers.h"
#include "kx/number.h"
#include "kx/sys.h"
#include "snapshot.h"

/* A target with zeros here has no filesystem, no partitions, no swap: btrfs is at 64 KiB. */
#define LOOK		(128u << 10)

/*
 * What the kernel keeps for itself: PAGES_FOR_IO, twice reserved_size, bitmaps
 * (kernel/power/snapshot.c, hibernate_preallocate_memory()), and watermarks.
 */
#define SLACK_FIXED	(16ull << 20)
#define SLACK_SHARE	64u

/* ---- this machine ------------------------------------------------------------------- */

static int find_ram(struct snapshot_facts *f, struct kx_arena *a, struct kx_err *err)
{
	const struct kx_memmap *m = &f->s.iomem;

	f->ram = kx_arena_alloc(a, (m->n + 1) * sizeof(*f->ram));
	if (!f->ram)
		return kx_err_set(err, ENOMEM, "/proc/iomem: out of memory");
	for (size_t i = 0; i < m->n; i++)
		if (!m->v[i].depth && m->v[i].type == KX_MEM_RAM)
			f->ram[f->ram_count++] = m->v[i].r;
	if (!f->ram_count)
		return kx_err_set(err, ENODATA, "/proc/iomem: expected System RAM, have none%s",
				  f->s.iomem_hidden ? " (addresses are hidden)" : "");
	return 0;
}

int snapshot_facts_read(struct snapshot_facts *f, struct kx_arena *a, struct kx_err *err)
{
	int r;

	*f = (struct snapshot_facts){ .ram_count = 0 };
	r = kx_sources_read("", NULL, a, &f->s, err);
	if (r == 0)
		r = kx_core_facts_read(&f->s, a, err);
	if (r == 0)
		r = find_ram(f, a, err);
	if (r == 0)
		r = kx_snapshot_facts_read(&f->s, a, &f->f, err);
	if (r == 0)
		r = kx_machine_note(&f->s, a, &f->machine, err);
	if (r == 0)
		kx_context_init(&f->context, &f->s);
	return r;
}

/* ---- what is on the target ------------------------------------------------------------ */

static int look(struct target *t, uint8_t *buf, bool *ret_blank, struct kx_err *err)
{
	size_t len = t->size < LOOK ? (size_t)t->size : LOOK;
	int r = target_read(t, 0, buf, len, err);

	*ret_blank = true;
	for (size_t i = 0; r == 0 && i < len; i++)
		if (buf[i])
			*ret_blank = false;
	return r;
}

int snapshot_check_target(struct target *t, bool force, struct kx_err *err)
{
	struct kx_core_file file = { .read = target_core_read, .ctx = t, .len = t->size };
	enum kx_saved_state state;
	bool blank = false;
	uint8_t *buf;
	int r;

	if (t->kind == TARGET_STREAM)
		return 0;
	buf = aligned_alloc(KX_SAVED_ALIGN, LOOK);
	if (!buf)
		return kx_err_set(err, ENOMEM, "no memory for 0x%x bytes", LOOK);
	r = kx_saved_probe(&file, &state, NULL, err);
	if (r == 0 && state == KX_SAVED_NONE)
		r = look(t, buf, &blank, err);
	free(buf);
	if (r < 0)
		return r;
	if (state == KX_SAVED_COMPLETE && !force)
		return kx_err_set(err, EEXIST, "%s: has the image of a system that was not resumed yet;"
				  " --force overwrites it", t->path);
	if (state == KX_SAVED_NONE && !blank && !force)
		return kx_err_set(err, EEXIST, "%s: expected zeros or an image of ours at its start, have"
				  " something else; --force overwrites it", t->path);
	return 0;
}

/* ---- room ---------------------------------------------------------------------------------- */

struct memory {
	uint64_t total, free;
	uint64_t cma;			/* of which the kernel's copy gets none */
	uint64_t cache;			/* that can be dropped, at most */
	uint64_t swappable;
};

/* "MemFree:   12345 kB"; 0 if it is not there. */
static uint64_t line_kib(const char *text, const char *name)
{
	const char *p = strstr(text, name);
	char digits[21] = "";
	uint64_t v = 0;
	size_t n;

	if (!p || (p != text && p[-1] != '\n'))
		return 0;
	p += strlen(name);
	p += strspn(p, " ");
	n = strspn(p, "0123456789");
	if (n < sizeof(digits))
		memcpy(digits, p, n);
	return kx_number_parse(digits, 10, &v, NULL) == 0 ? v << 10 : 0;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t at_most(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* RAM that no line of /proc/meminfo counts is the kernel's, and is saved with the rest. */
static int read_memory_facts(const struct snapshot_facts *f, struct memory *m, struct kx_arena *a,
			     struct kx_err *err)
{
	struct kx_bytes text;
	const char *s;
	int r = kx_file_read("/proc/meminfo", 65536, a, &text, err);

	if (r < 0)
		return r;
	s = (const char *)text.data;
	*m = (struct memory){ .free = line_kib(s, "MemFree:"), .cma = line_kib(s, "CmaFree:") };
	for (size_t i = 0; i < f->ram_count; i++)
		m->total += kx_range_len(f->ram[i]);
	/* A reservation for a crash kernel is not ours to save. */
	for (size_t i = 0; i < f->s.crash_count; i++)
		m->total = less(m->total, kx_range_len(f->s.crash[i]));
	m->cache = less(line_kib(s, "Buffers:") + line_kib(s, "Cached:") +
			line_kib(s, "SReclaimable:"), line_kib(s, "Shmem:"));
	m->swappable = at_most(line_kib(s, "SwapFree:"), line_kib(s, "AnonPages:"));
	return 0;
}

static uint64_t used(const struct memory *m)
{
	return less(m->total, m->free);
}

/* What it is on the target: pages pack to half at least as a rule, or it fails later. */
static uint64_t stored(uint64_t bytes, enum kx_saved_codec codec)
{
	return codec == KX_SAVED_RAW ? bytes : bytes / 2;
}

/*
 * hibernate_preallocate_memory() takes a good half of what is in use and free
 * together, none of it from CMA, which is for pages that can move (mm/cma.c): what is
 * free there counts as free, but has to be found again elsewhere.
 */
static bool has_memory(const struct memory *m, uint64_t given_back)
{
	return less(used(m), given_back) + SLACK_FIXED + m->total / SLACK_SHARE + 2 * m->cma <=
	       m->free + given_back;
}

static void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	sync();
	if (fd >= 0 && write(fd, "3\n", 2) != 2)
		say("/proc/sys/vm/drop_caches: cannot write: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

int snapshot_check_room(const struct snapshot_facts *f, const struct target *t,
			enum kx_saved_codec codec, struct kx_arena *a, struct kx_err *err)
{
	struct memory m;
	int r;

	r = read_memory_facts(f, &m, a, err);
	if (r < 0)
		return r;
	if (!has_memory(&m, 0) || stored(used(&m), codec) > t->size) {
		say("%" PRIu64 " MiB are in use and %" PRIu64 " MiB free: dropping caches",
		    used(&m) >> 20, m.free >> 20);
		drop_caches();
		r = read_memory_facts(f, &m, a, err);
		if (r < 0)
			return r;
	}
	if (stored(used(&m), codec) > t->size)
		return kx_err_set(err, ENOSPC, "%s: expected room for about %" PRIu64 " MiB, it has %"
				  PRIu64 " MiB", t->path, stored(used(&m), codec) >> 20,
				  t->size >> 20);
	/* The kernel takes from caches and swaps out as much as it needs itself. */
	if (!has_memory(&m, m.cache + m.swappable))
		return kx_err_set(err, ENOMEM, "memory: expected as much free as there is to save, for"
				  " the kernel's copy: %" PRIu64 " MiB are in use, %" PRIu64 " MiB"
				  " free (%" PRIu64 " MiB of these only for CMA), %" PRIu64 " MiB"
				  " can be swapped out", used(&m) >> 20, m.free >> 20, m.cma >> 20,
				  m.swappable >> 20);
	say("saving about %" PRIu64 " MiB of memory to %s", used(&m) >> 20, t->path);
	return 0;
}
