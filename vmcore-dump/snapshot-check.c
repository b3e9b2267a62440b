// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be known before anything is stopped: who this machine is, what is on
 * the target, whether there is room.  Called by snapshot.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kx/core-headers.h"
#include "kx/gic.h"
#include "kx/sys.h"
#include "snapshot.h"

/* A target with zeros here has no filesystem, no partitions, no swap: btrfs is at 64 KiB. */
#define LOOK		(128u << 10)

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
	size_t len = t->have < LOOK ? (size_t)t->have : LOOK;
	int r = target_read(t, 0, buf, len, err);

	*ret_blank = true;
	for (size_t i = 0; r == 0 && i < len; i++)
		if (buf[i])
			*ret_blank = false;
	return r;
}

int snapshot_check_target(struct target *t, bool force, struct kx_err *err)
{
	struct kx_core_file file = { .read = target_core_read, .ctx = t, .len = t->have };
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

/* If they do not, it fails later. */
uint64_t snapshot_stored(uint64_t bytes, enum kx_saved_codec codec)
{
	return codec == KX_SAVED_RAW ? bytes : bytes / 2;
}

static uint64_t used(const struct kx_snapshot_memory *m)
{
	return kx_snapshot_memory_used(m);
}

/* Said now: at the resume it would be too late. */
static void say_lpis(const struct snapshot_facts *f)
{
	struct kx_bytes why;

	if (kx_gic_tables_unknown(f->machine, &why))
		say("only Linux %s itself will be able to resume it, for its LPI tables are not"
		    " known: %.*s", f->s.release, (int)why.len, (const char *)why.data);
}

int snapshot_check_room(const struct snapshot_facts *f, const struct target *t,
			enum kx_saved_codec codec, struct kx_arena *a, struct kx_err *err)
{
	struct kx_snapshot_memory m;
	struct kx_err failed;
	int r;

	r = kx_snapshot_memory_read(&f->s, a, &m, err);
	if (r < 0)
		return r;
	if (!kx_snapshot_memory_fits(&m, 0, 1) || snapshot_stored(used(&m), codec) > t->size) {
		say("%" PRIu64 " MiB are in use and %" PRIu64 " MiB free: dropping caches",
		    used(&m) >> 20, m.free >> 20);
		if (kx_snapshot_drop_caches(&failed) < 0)
			say("%s", failed.text);
		r = kx_snapshot_memory_read(&f->s, a, &m, err);
		if (r < 0)
			return r;
	}
	if (snapshot_stored(used(&m), codec) > t->size)
		return kx_err_set(err, ENOSPC, "%s: expected room for about %" PRIu64 " MiB, it has %"
				  PRIu64 " MiB", t->path, snapshot_stored(used(&m), codec) >> 20,
				  t->size >> 20);
	/* The kernel takes from caches and swaps out as much as it needs itself. */
	if (!kx_snapshot_memory_fits(&m, m.cache + m.swappable, 1))
		return kx_err_set(err, ENOMEM, "memory: expected as much free as there is to save, for"
				  " the kernel's copy: %" PRIu64 " MiB are in use, %" PRIu64 " MiB"
				  " free (%" PRIu64 " MiB of these only for CMA), %" PRIu64 " MiB"
				  " can be swapped out", used(&m) >> 20, m.free >> 20, m.cma >> 20,
				  m.swappable >> 20);
	say_lpis(f);
	say("saving about %" PRIu64 " MiB of memory to %s", used(&m) >> 20, t->path);
	return 0;
}
