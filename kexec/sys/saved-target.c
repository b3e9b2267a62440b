/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a saved core is: a file, a partition or a disk, opened, mapped, and told
 * that its image was resumed.  And the mark "resuming" (mark.h) by which kexec -e
 * knows that what is loaded is one:
 *
 *	ID STATE PATH	id of the image in hexadecimal, and what it was at the load
 *
 * Called by the verbs and by commit.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "facts.h"
#include "kx/host.h"
#include "kx/sys.h"
#include "mark.h"
#include "open.h"
#include "saved-target.h"

#define MARK	"resuming"
#define ID_LEN	16

/* ---- reading -------------------------------------------------------------------- */

static int no_read(const struct kx_target *t, uint64_t off, int code, struct kx_err *err)
{
	return kx_err_set(err, code, "%s: cannot read at 0x%" PRIx64 ": %s", t->path, off,
			  strerror(code));
}

/* struct kx_core_file.read */
static int target_read(void *ctx, uint64_t off, void *to, size_t len, struct kx_err *err)
{
	const struct kx_target *t = ctx;
	uint8_t *p = to;

	while (len) {
		ssize_t n = pread(t->fd, p, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return no_read(t, off, n < 0 ? errno : ENODATA, err);
		p += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int target_len(struct kx_target *t, struct kx_err *err)
{
	struct stat st;

	if (fstat(t->fd, &st) < 0)
		return kx_err_set(err, errno, "%s: %s", t->path, strerror(errno));
	t->is_block = S_ISBLK(st.st_mode);
	if (!t->is_block && !S_ISREG(st.st_mode))
		return kx_err_set(err, EINVAL, "%s: expected a regular file or a block device",
				  t->path);
	t->file.len = (uint64_t)st.st_size;
	if (t->is_block && ioctl(t->fd, BLKGETSIZE64, &t->file.len) < 0)
		return kx_err_set(err, errno, "%s: cannot tell its size: %s", t->path,
				  strerror(errno));
	return 0;
}

int kx_target_open(const char *path, bool write, struct kx_target *t, struct kx_err *err)
{
	int r;

	*t = (struct kx_target){ .path = path, .fd = -1 };
	t->file = (struct kx_core_file){ .read = target_read, .ctx = t };
	t->fd = kx_open(path, (write ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_NOCTTY);
	if (t->fd == -EROFS && write) {
		t->read_only = true;
		t->fd = kx_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	}
	if (t->fd < 0)
		return kx_err_set(err, -t->fd, "%s: cannot open%s: %s", path,
				  write ? " for writing" : "", strerror(-t->fd));
	r = target_len(t, err);
	if (r < 0)
		kx_target_close(t);
	return r;
}

void kx_target_close(struct kx_target *t)
{
	if (t->map.len)
		munmap((void *)(uintptr_t)t->map.data, t->map.len);
	t->map = KX_BYTES_NONE;
	kx_close(&t->fd);
}

int kx_target_map(struct kx_target *t, uint64_t len, struct kx_err *err)
{
	void *p;

	if (len > SIZE_MAX)
		return kx_err_set(err, EFBIG, "%s: 0x%" PRIx64 " bytes cannot be mapped", t->path, len);
	/* Not populated: it may be larger than what memory is free. */
	p = mmap(NULL, (size_t)len, PROT_READ, MAP_PRIVATE, t->fd, 0);
	if (p == MAP_FAILED)
		return kx_err_set(err, errno, "%s: cannot map 0x%" PRIx64 " bytes: %s", t->path, len,
				  strerror(errno));
	t->map = (struct kx_bytes){ p, (size_t)len };
	return 0;
}

/* ---- the mark -------------------------------------------------------------------------- */

static const char *id_text(struct kx_arena *a, const uint8_t id[ID_LEN])
{
	struct kx_text t;

	kx_text_init(&t, a);
	for (size_t i = 0; i < ID_LEN; i++)
		kx_text_add(&t, "%02x", id[i]);
	return kx_text_str(&t);
}

int kx_resuming_note(const struct kx_plan *p, struct kx_err *err)
{
	char path[PATH_MAX];
	struct kx_arena a;
	const char *id, *line = NULL;
	int r;

	if (!p->saved)
		return kx_resuming_forget(p->sources->root, err);
	if (!realpath(p->request->kernel.path, path))
		return kx_err_set(err, errno, "%s: %s", p->request->kernel.path, strerror(errno));
	if (strchr(path, '\n'))
		return kx_err_set(err, EINVAL, "%s: has a line end in its name", path);
	kx_arena_init(&a);
	id = id_text(&a, p->saved->head.id);
	if (id)
		line = kx_arena_printf(&a, "%s %s %s", id,
				       kx_saved_state_name((enum kx_saved_state)p->saved->head.state), path);
	r = line ? kx_mark_write(p->sources->root, MARK, line, err) :
		   kx_err_set(err, ENOMEM, "out of memory");
	kx_arena_deinit(&a);
	return r;
}

int kx_resuming_forget(const char *root, struct kx_err *err)
{
	return kx_mark_remove(root, MARK, err);
}

/* ---- states ------------------------------------------------------------------------------ */

int kx_write_flushed(int fd, uint64_t off, const void *data, size_t len)
{
	ssize_t n = pwrite(fd, data, len, (off_t)off);

	if (n != (ssize_t)len)
		return n < 0 ? -errno : -EIO;
	return fsync(fd) < 0 ? -errno : 0;
}

/* One sector, in one piece. */
static int write_state(const struct kx_target *t, const struct kx_saved *s,
		       enum kx_saved_state state, struct kx_err *err)
{
	uint8_t sector[KX_SAVED_SECTOR];
	struct timespec now = { 0, 0 };
	struct utsname name;
	int r;

	/* For who wakes: it cannot know whom it owes that to. */
	clock_gettime(CLOCK_REALTIME, &now);
	kx_saved_sector_again(s, state, uname(&name) == 0 ? name.release : "",
			      (uint64_t)now.tv_sec, sector);
	if (t->read_only) {
		r = kx_target_write_below(t, s->sector_off, sector, sizeof(sector), err);
	} else {
		r = kx_write_flushed(t->fd, s->sector_off, sector, sizeof(sector));
		if (r < 0)
			kx_err_set(err, -r, "%s: cannot be written: %s", t->path, strerror(-r));
	}
	return r < 0 ? kx_err_wrap(err, "cannot mark the image %s", kx_saved_state_name(state)) : 0;
}

/* What the mark says. */
struct resuming {
	const char *id;
	enum kx_saved_state state;
	const char *path;		/* NULL: there is no mark */
};

/* Is the image in @t the one that was loaded, and as it was then? */
static int check_image(const struct kx_target *t, const struct kx_saved *s,
		       const struct resuming *m, struct kx_arena *a, struct kx_err *err)
{
	const char *have = id_text(a, s->head.id);

	if (!have)
		return kx_err_set(err, ENOMEM, "out of memory");
	if (strcmp(have, m->id))
		return kx_err_set(err, ESTALE, "%s: has another image than the one that is loaded", t->path);
	if (s->head.state != m->state)
		return kx_err_set(err, ESTALE, "%s: the image that is loaded was %s, and is %s by now",
				  t->path, kx_saved_state_name(m->state),
				  kx_saved_state_name((enum kx_saved_state)s->head.state));
	return 0;
}

static int set_state(const struct resuming *m, enum kx_saved_state state, bool check,
		     struct kx_arena *a, struct kx_err *err)
{
	struct kx_target t;
	struct kx_saved s;
	int r;

	r = kx_target_open(m->path, true, &t, err);
	if (r < 0)
		return r;
	/* Only sector 0 is written, for which an encrypted one needs no key. */
	r = kx_saved_open_locked(&t.file, kx_sha256_best(), a, &s, err);
	if (r < 0)
		kx_err_wrap(err, "%s", m->path);
	if (r == 0 && check)
		r = check_image(&t, &s, m, a, err);
	if (r == 0)
		r = write_state(&t, &s, state, err);
	kx_target_close(&t);
	return r;
}

static int mark_bad(const char *text, struct kx_err *err)
{
	return kx_err_set(err, EINVAL,
			  "/run/kexec-tools/" MARK ": expected an id, a state and a path, have '%s'",
			  text);
}

static int mark_read(const char *root, struct kx_arena *a, struct resuming *ret,
		     struct kx_err *err)
{
	const char *text, *state;
	char *line, *save;
	bool set;
	int r;

	ret->path = NULL;
	r = kx_mark_read(root, MARK, a, &set, &text, err);
	if (r < 0 || !set)
		return r;
	line = kx_arena_strdup(a, text);
	if (!line)
		return kx_err_set(err, ENOMEM, "out of memory");
	ret->id = strtok_r(line, " ", &save);
	state = strtok_r(NULL, " ", &save);
	ret->path = strtok_r(NULL, "", &save);
	if (!ret->id || !state || !ret->path)
		return mark_bad(text, err);
	for (int i = KX_SAVED_COMPLETE; i <= KX_SAVED_CONSUMED; i++)
		if (!strcmp(state, kx_saved_state_name((enum kx_saved_state)i))) {
			ret->state = (enum kx_saved_state)i;
			return 0;
		}
	return mark_bad(text, err);
}

int kx_resuming_consume(const char *root, bool *ret_consumed, struct kx_err *err)
{
	struct resuming m;
	struct kx_arena a;
	int r;

	*ret_consumed = false;
	kx_arena_init(&a);
	r = mark_read(root, &a, &m, err);
	if (r == 0 && m.path) {
		r = set_state(&m, KX_SAVED_CONSUMED, true, &a, err);
		*ret_consumed = r == 0;
	}
	if (r < 0)
		kx_err_wrap(err, "not resumed, because then it could be resumed once more");
	kx_arena_deinit(&a);
	return r;
}

int kx_resuming_restore(const char *root, struct kx_err *err)
{
	struct resuming m;
	struct kx_arena a;
	int r;

	kx_arena_init(&a);
	r = mark_read(root, &a, &m, err);
	if (r == 0 && m.path)
		r = set_state(&m, m.state, false, &a, err);
	kx_arena_deinit(&a);
	return r;
}
