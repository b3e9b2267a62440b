// SPDX-License-Identifier: GPL-2.0-only
/*
 * --resumable: a kernel that sleeps after a jump (doc/jump-protocol.md), as a saved
 * core that kexec -l resumes.  Called by main.c, in the kernel that runs meanwhile.
 *
 * Saved is its memory as it lies now, page by page, but for what it had free.  What
 * the running kernel took the place of is in backup pages there, and the sleeping one
 * gets it back itself, by the code and the list that are saved with the rest; so the
 * window is not.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "kx/core-pages.h"
#include "kx/machine.h"
#include "kx/sys.h"
#include "snapshot.h"

/* struct kx_snapshot_run counts pages in 32 bits. */
#define RUN_PAGES_MAX	(1ull << 30)
#define RUNS_STEP	4096u
/* Free pages that are not all one byte: so many prove that nobody relies on it. */
#define DIRTY_ENOUGH	8u
#define BY_UUID		"/dev/disk/by-uuid"

struct jump {
	struct dump *d;
	const struct kx_contexts *notes;
	uint64_t page_size;
	struct kx_core_va va;
	struct kx_pages pages;
	bool drop;			/* free pages are left out */
	/* Of what is saved; arena. */
	struct kx_snapshot_run *run;
	size_t run_count, run_cap;
	uint64_t saved, free;		/* pages */
	unsigned int dirty;		/* free pages that were looked at, and are not all one byte */
};

/* ---- which pages ------------------------------------------------------------------------ */

/* The last run goes on if it can. */
static int run_add(struct jump *j, uint64_t pa, uint64_t end, struct kx_err *err)
{
	while (pa < end) {
		struct kx_snapshot_run *last = j->run_count ? &j->run[j->run_count - 1] : NULL;
		uint64_t pages = (end - pa) / j->page_size;

		if (!last || last->pages == RUN_PAGES_MAX || last->pa + last->pages * j->page_size != pa) {
			if (j->run_count == j->run_cap) {
				size_t cap = j->run_cap ? 2 * j->run_cap : RUNS_STEP;

				last = kx_arena_resize_raw(j->d->arena, j->run, cap * sizeof(*last));
				if (!last)
					return kx_err_set(err, ENOMEM, "no memory for %zu runs of pages", cap);
				j->run = last;
				j->run_cap = cap;
			}
			last = &j->run[j->run_count++];
			*last = (struct kx_snapshot_run){ .pa = pa };
		}
		if (pages > RUN_PAGES_MAX - last->pages)
			pages = RUN_PAGES_MAX - last->pages;
		last->pages += (uint32_t)pages;
		j->saved += pages;
		pa += pages * j->page_size;
	}
	return 0;
}

/* The first, the middle and the last of them. */
static int look_at_free(struct jump *j, uint64_t pa, uint64_t end, struct kx_err *err)
{
	uint64_t pages = (end - pa) / j->page_size;
	const uint64_t at[] = { 0, pages / 2, pages - 1 };
	uint8_t buf[0x10000];
	int r = 0;

	for (size_t i = 0; i < 3 && r == 0 && j->dirty < DIRTY_ENOUGH; i++) {
		r = kx_core_read(&j->d->core, pa + at[i] * j->page_size, buf, (size_t)j->page_size, err);
		j->dirty += r == 0 && memcmp(buf, buf + 1, (size_t)j->page_size - 1);
	}
	return r;
}

static int span_add(struct jump *j, struct kx_range r, struct kx_err *err)
{
	struct kx_page_run run = { .end = r.end, .kind = KX_PAGE_KEPT };
	int rc = 0;

	for (uint64_t pa = r.start; rc == 0 && pa < r.end; pa = run.end) {
		if (j->drop)
			rc = kx_pages_next(&j->pages, pa, r.end, &run, err);
		if (rc == 0 && run.kind != KX_PAGE_FREE) {
			rc = run_add(j, pa, run.end, err);
		} else if (rc == 0) {
			j->free += (run.end - pa) / j->page_size;
			rc = look_at_free(j, pa, run.end, err);
		}
	}
	return rc;
}

static int collect(struct jump *j, bool drop, struct kx_err *err)
{
	const struct kx_core *c = &j->d->core;
	int r = 0;

	j->drop = drop;
	j->run_count = 0;
	j->saved = j->free = 0;
	for (size_t i = 0; r == 0 && i < c->span_count; i++)
		r = span_add(j, kx_range_shrink(c->span[i].pa, j->page_size), err);
	if (r == 0 && !j->saved)
		r = kx_err_set(err, ENODATA, "the core has no memory");
	return r;
}

/* ---- is that so? -------------------------------------------------------------------------- */

static bool is_saved(const struct jump *j, uint64_t pa, uint64_t pages)
{
	size_t low = 0, high = j->run_count;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (j->run[mid].pa <= pa)
			low = mid;
		else
			high = mid;
	}
	return j->run_count && j->run[low].pa <= pa &&
	       pages <= j->run[low].pages - (pa - j->run[low].pa) / j->page_size &&
	       (pa - j->run[low].pa) / j->page_size < j->run[low].pages;
}

/*
 * What that kernel needs to come back was allocated by it.  If its struct pages
 * say otherwise, they are not what they are taken for.
 */
static bool is_plausible(const struct jump *j)
{
	const struct context_state *s = &j->notes->state;
	const struct kx_context_map *m = &j->notes->map;
	uint64_t page = j->page_size;

	if (!is_saved(j, kx_align_down(j->notes->context.entry, page), 1))
		return false;
	if (j->notes->has_state && s->status == CONTEXT_FILLED &&
	    (!is_saved(j, s->swap_page, 1) || !is_saved(j, s->table_page, 1)))
		return false;
	/* A page that is its own backup is in the window. */
	for (size_t i = 0; j->notes->has_map && i < m->run_count; i++)
		if (m->run[i].src_pa != m->run[i].dst_pa &&
		    !is_saved(j, m->run[i].src_pa, m->run[i].pages))
			return false;
	return true;
}

static uint64_t mib(const struct jump *j, uint64_t pages)
{
	return pages * j->page_size >> 20;
}

/*
 * A kernel with init_on_free= or page_poison= relies on what its free pages have, and
 * does not write it again.  There is no saying which it has, but without either some
 * free page is not all one byte.
 */
static int choose(struct jump *j, struct kx_err *err)
{
	struct kx_err why = { .code = 0 };
	int r;

	r = kx_pages_init(&j->pages, &j->va, j->d->vmcoreinfo, j->d->arena, &why);
	if (r == 0 && j->pages.page_size != j->page_size)
		r = kx_err_set(&why, EINVAL, "VMCOREINFO: PAGESIZE: expected %" PRIu64 ", have %"
			       PRIu64, j->page_size, j->pages.page_size);
	if (r < 0) {
		say("saving all pages, free ones too: %s", why.text);
		return collect(j, false, err);
	}
	r = collect(j, true, err);
	if (r < 0)
		return r;
	if (j->pages.odd || j->pages.missing)
		say("of some pages nobody knows what they are for: %" PRIu64 " blocks of an"
		    " impossible size, %" PRIu64 " whose struct page the core has not",
		    j->pages.odd, j->pages.missing);
	if (!is_plausible(j)) {
		say("saving all pages: what that kernel needs to come back would be free");
		return collect(j, false, err);
	}
	if (j->free && j->dirty < DIRTY_ENOUGH) {
		say("saving all pages: free ones seem to be cleared, as init_on_free= and page_poison="
		    " do, and may have to be");
		return collect(j, false, err);
	}
	say("leaving out %" PRIu64 " MiB of free pages", mib(j, j->free));
	return 0;
}

/* ---- where it may go ------------------------------------------------------------------------ */

static void print_bytes(struct kx_bytes b, char *to, size_t len)
{
	snprintf(to, len, "%.*s", (int)(b.len < len ? b.len : len - 1), (const char *)b.data);
}

/* The UUID of the filesystem on device @dev, as udev has it; "-": not known. */
static void uuid_of(dev_t dev, char ret[NAME_MAX + 1])
{
	DIR *dir = opendir(BY_UUID);
	const struct dirent *e;
	struct stat st;

	snprintf(ret, NAME_MAX + 1, "-");
	while (dir && (e = readdir(dir)))
		if (fstatat(dirfd(dir), e->d_name, &st, 0) == 0 && S_ISBLK(st.st_mode) &&
		    st.st_rdev == dev)
			snprintf(ret, NAME_MAX + 1, "%s", e->d_name);
	if (dir)
		closedir(dir);
}

/* Not on a disk that the sleeping kernel has mounted, or swaps to. */
static int check_disks(const struct target *t, struct kx_bytes theirs, struct kx_err *err)
{
	char number[32], uuid[NAME_MAX + 1], where[128];
	struct kx_bytes disk[KX_DISK_WORDS], here[KX_DISK_WORDS] = { KX_BYTES_NONE };
	struct kx_machine_line l;

	if (t->kind == TARGET_STREAM)
		return 0;
	uuid_of(t->dev, uuid);
	snprintf(number, sizeof(number), "%u:%u", major(t->dev), minor(t->dev));
	here[KX_DISK_DEVICE] = (struct kx_bytes){ (const uint8_t *)number, strlen(number) };
	here[KX_DISK_UUID] = (struct kx_bytes){ (const uint8_t *)uuid, strlen(uuid) };
	while (kx_machine_next(&theirs, &l)) {
		if (!kx_machine_disk(&l, disk) || !kx_machine_disk_same(disk, here))
			continue;
		print_bytes(disk[KX_DISK_PATH], where, sizeof(where));
		return kx_err_set(err, EBUSY, "%s: expected a disk that the sleeping kernel does not use,"
				  " it has this one %s%s", t->path,
				  kx_machine_word_is(l.key, "swap") ? "swapped on" : "mounted on ",
				  kx_machine_word_is(l.key, "swap") ? "" : where);
	}
	return 0;
}

static int open_target(struct target *t, const struct options *o, struct kx_bytes theirs,
		       struct kx_arena *a, struct kx_err *err)
{
	struct kx_bytes machine = KX_BYTES_NONE;
	struct kx_sources s;
	int r;

	r = kx_sources_read("", NULL, a, &s, err);
	if (r == 0)
		r = kx_machine_note(&s, a, &machine, err);
	if (r == 0)
		r = target_open(t, o->out, FOR_JUMP, machine, a, err);
	if (r == 0)
		r = check_disks(t, theirs, err);
	return r == 0 ? snapshot_check_target(t, o->force, err) : r;
}

/* ---- what is said of it ------------------------------------------------------------------------ */

static struct kx_bytes note(const struct jump *j, uint32_t type)
{
	const struct kx_core_note *n = kx_core_note_find(&j->d->core, CONTEXT_NOTE_NAME, type);

	return n ? n->desc : KX_BYTES_NONE;
}

/* Without the room for more runs behind them. */
static struct kx_bytes map_note(const struct jump *j)
{
	struct kx_bytes map = note(j, CONTEXT_NOTE_MAP);

	if (map.len)
		map.len = KX_CONTEXT_MAP_LEN + j->notes->map.run_count * KX_CONTEXT_RUN_LEN;
	return map;
}

/* RAM as the core has it; and where the kernel has physical 0, as its longest PT_LOAD says. */
static int say_ram(const struct jump *j, struct kx_saved_parts *parts, struct kx_err *err)
{
	const struct kx_core *c = &j->d->core;
	struct kx_range *ram = kx_arena_alloc(j->d->arena, (c->span_count + 1) * sizeof(*ram));
	uint64_t longest = 0;
	size_t n = 0;

	if (!ram)
		return kx_err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < c->span_count; i++) {
		if (n && ram[n - 1].end == c->span[i].pa.start)
			ram[n - 1].end = c->span[i].pa.end;
		else
			ram[n++] = c->span[i].pa;
	}
	for (size_t i = 0; i < c->load_count; i++) {
		if (!c->load[i].va || c->load[i].mem_len <= longest)
			continue;
		longest = c->load[i].mem_len;
		parts->direct_va = c->load[i].va - c->load[i].pa;
	}
	parts->ram = ram;
	parts->ram_count = n;
	return 0;
}

static int read_page(void *ctx, uint64_t pa, void *to, size_t len, struct kx_err *err)
{
	const struct jump *j = ctx;

	return kx_core_read(&j->d->core, pa, to, len, err);
}

static int write_image(struct jump *j, struct image *im, struct kx_err *err)
{
	const struct pages_source source = {
		.run = j->run, .run_count = j->run_count, .page_size = j->page_size,
		.pages = j->saved, .data_pages = j->saved, .read = read_page, .ctx = j,
	};
	struct kx_saved_parts parts = {
		.context = &j->notes->context, .vmcoreinfo = j->d->vmcoreinfo,
		.machine = note(j, CONTEXT_NOTE_MACHINE), .state = note(j, CONTEXT_NOTE_STATE),
		.map = map_note(j),
	};
	int r = say_ram(j, &parts, err);

	return r == 0 ? image_write(im, &source, &parts, err) : r;
}

/* ---- all of it ------------------------------------------------------------------------------------ */

/* Is it one that sleeps, and can be entered? */
static int check_core(const struct dump *d, struct kx_err *err)
{
	const struct kx_context *c = &d->notes.context;

	if (d->saved)
		return kx_err_set(err, EINVAL, "%s: expected a kernel that sleeps, have a saved core, which"
				  " can be resumed as it is", d->path);
	if (!d->notes.has_context)
		return kx_err_set(err, ENODATA, "%s: expected a kernel that sleeps, have one that cannot be"
				  " entered again (no note " CONTEXT_NOTE_NAME " CONTEXT)", d->path);
	if (c->source != CONTEXT_SOURCE_JUMP || c->entry_kind != CONTEXT_ENTRY_JUMP_X86_64)
		return kx_err_set(err, EOPNOTSUPP, "%s: expected a kernel that jumped here (source %u, entry"
				  " kind %u), have source %u, entry kind %u", d->path, CONTEXT_SOURCE_JUMP,
				  CONTEXT_ENTRY_JUMP_X86_64, c->source, c->entry_kind);
	if (!c->filled)
		return kx_err_set(err, ENODATA, "%s: note CONTEXT: expected where the kernel is entered,"
				  " have a blank one: purgatory was not there", d->path);
	if (d->core.end > d->file_len)
		return kx_err_set(err, ENODATA, "%s: expected 0x%" PRIx64 " bytes, have 0x%" PRIx64
				  ": it is cut off", d->path, d->core.end, d->file_len);
	return 0;
}

static int save(struct jump *j, const struct options *o, const struct secret *secret,
		struct target *t, struct kx_err *err)
{
	struct kx_arena *a = j->d->arena;
	struct image im;
	int r;

	r = open_target(t, o, note(j, CONTEXT_NOTE_MACHINE), a, err);
	if (r == 0)
		r = choose(j, err);
	if (r == 0 && snapshot_stored(j->saved * j->page_size, o->codec) > t->size)
		r = kx_err_set(err, ENOSPC, "%s: expected room for about %" PRIu64 " MiB, it has %" PRIu64
			       " MiB", t->path, snapshot_stored(j->saved * j->page_size, o->codec) >> 20,
			       t->size >> 20);
	if (r == 0)
		r = image_init(&im, t, j->d->core.machine, o->codec,
			       secret->key ? &secret->cipher : NULL, a, err);
	if (r < 0)
		return r;
	say("saving %" PRIu64 " MiB of memory to %s", mib(j, j->saved), t->path);
	r = write_image(j, &im, err);
	if (r == 0)
		say(SAVED_FORMAT, SAVED_VALUES(&im));
	return r;
}

int resumable_run(const struct options *o, struct dump *d, struct kx_err *err)
{
	struct target t = { .fd = -1, .file_fd = -1 };
	struct jump j = { .d = d, .notes = &d->notes };
	struct secret secret = { .key = NULL };
	int r = check_core(d, err);

	if (r < 0)
		return r;
	j.page_size = d->notes.context.page_size;
	kx_core_va_init(&j.va, &d->core, d->notes.has_map ? &d->notes.map : NULL, d->vmcoreinfo);
	if (!note(&j, CONTEXT_NOTE_MACHINE).len)
		say("%s: no note MACHINE: what the sleeping kernel has mounted is not known", d->path);
	r = secret_init(&secret, o->key, err);
	if (r == 0)
		r = save(&j, o, &secret, &t, err);
	target_close(&t);
	secret_forget(&secret);
	return r;
}
