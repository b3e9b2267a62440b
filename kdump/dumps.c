// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dumps below a directory: which there are, and removing old ones.  What does not
 * look like a dump is not touched.  Called by verb-dumps.c and capture-directory.c.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kdump.h"
#include "kx/files.h"

int dumps_base(struct kdump *k, const char **ret, struct kx_err *err)
{
	const struct conf *c = &k->conf;
	const char *at;

	if (k->o->path) {
		*ret = k->o->path;
		return 0;
	}
	if (c->target == TARGET_RAW || c->target == TARGET_SSH)
		return kx_err_set(err, EOPNOTSUPP, "the target is %s %s: expected a directory; --path="
				  " looks into one", target_name(c->target), c->where);
	if (c->target == TARGET_LOCAL) {
		*ret = below(k, c->path);
	} else {
		at = machine_mounted(k, c->where);
		if (!at)
			return kx_err_set(err, ENOENT, "%s: expected it to be mounted, it is not; --path="
					  " looks into a directory", c->where);
		*ret = kx_arena_printf(k->arena, "%s%s%s", k->o->sysroot, strcmp(at, "/") ? at : "",
				       c->path);
	}
	return *ret ? 0 : kx_err_set(err, ENOMEM, "out of memory");
}

static const char *host_name(struct kdump *k)
{
	struct kx_bytes b;
	size_t n = 0;

	if (kx_root_read(k->o->sysroot, k->arena, &b, NULL, "proc/sys/kernel/hostname") == 0)
		while (n < b.len && b.data[n] != '\n')
			n++;
	if (!n || b.data[0] == '(')	/* "(none)" */
		return "localhost";
	return kx_arena_printf(k->arena, "%.*s", (int)n, (const char *)b.data);
}

const char *dumps_host(struct kdump *k)
{
	const char *host = net_host(k), *from;

	if (k->conf.host_tag == HOST_NONE)
		return "";
	if (k->conf.host_tag == HOST_ADDRESS && !host)
		return "127.0.0.1";	/* Fedora's name for a local dump */
	if (k->conf.host_tag == HOST_ADDRESS && net_route(k, host, &from, NULL) == 0)
		return from;
	return host_name(k);
}

static void look_at(struct dump_dir *d, int fd, const char *name)
{
	enum dump_file f = stamp_file_of(name);
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return;
	d->bytes += (uint64_t)st.st_size;
	if (f == FILE_OTHER || strlen(name) > STAMP_NAME_MAX)
		return;
	d->whole |= f == FILE_VMCORE || f == FILE_FLAT;
	d->incomplete |= f == FILE_INCOMPLETE;
	d->log |= f == FILE_DMESG;
	if (f == FILE_DMESG)
		strncpy(d->log_name, name, STAMP_NAME_MAX);
	/* An incomplete one counts where there is no other. */
	else if (f != FILE_INCOMPLETE || !d->dump[0])
		strncpy(d->dump, name, STAMP_NAME_MAX);
}

static DIR *open_below(int fd, const char *name)
{
	int sub = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = sub < 0 ? NULL : fdopendir(sub);

	if (sub >= 0 && !dir)
		close(sub);
	return dir;
}

/* The files of @name in the directory @fd; false: it is no dump. */
static bool read_one(int fd, const char *name, struct dump_dir *d)
{
	const struct dirent *e;
	DIR *dir;

	*d = (struct dump_dir){ .empty = true };
	if (!stamp_parse(name, &d->stamp))
		return false;
	dir = open_below(fd, name);
	if (!dir)
		return false;
	strncpy(d->name, name, STAMP_NAME_MAX);
	while ((e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		d->empty = false;
		look_at(d, dirfd(dir), e->d_name);
	}
	closedir(dir);
	return true;
}

static int newest_first(const void *x, const void *y)
{
	const struct dump_dir *a = x, *b = y;
	int r = stamp_compare(&b->stamp, &a->stamp);

	return r ? r : strcmp(a->name, b->name);
}

int dumps_read(struct kx_arena *a, const char *base, struct dump_dir **ret, size_t *ret_count,
	       struct kx_err *err)
{
	struct dump_dir *v = NULL, d, *more;
	const struct dirent *e;
	DIR *dir = opendir(base);
	size_t n = 0, room = 0;

	if (!dir && errno != ENOENT)
		return kx_err_set(err, errno, "%s: cannot open: %s", base, strerror(errno));
	while (dir && (e = readdir(dir))) {
		if (!read_one(dirfd(dir), e->d_name, &d))
			continue;
		if (n == room) {
			room = room ? 2 * room : 16;
			more = kx_arena_resize_raw(a, v, room * sizeof(*v));
			if (!more) {
				closedir(dir);
				return kx_err_set(err, ENOMEM, "out of memory");
			}
			v = more;
		}
		v[n++] = d;
	}
	if (dir)
		closedir(dir);
	if (n)
		qsort(v, n, sizeof(*v), newest_first);
	*ret = v;
	*ret_count = n;
	return 0;
}

/* Its files, then the directory.  Nothing is followed, and no directory entered. */
static int remove_one(int fd, const char *base, const char *name, struct kx_err *err)
{
	const struct dirent *e;
	DIR *dir = open_below(fd, name);
	int r = 0;

	if (!dir)
		return kx_err_set(err, errno, "%s/%s: cannot open: %s", base, name, strerror(errno));
	while ((e = readdir(dir)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") &&
		    unlinkat(dirfd(dir), e->d_name, 0) < 0 && errno != EISDIR && errno != EPERM)
			r = kx_err_set(err, errno, "%s/%s/%s: cannot remove: %s", base, name,
				       e->d_name, strerror(errno));
	closedir(dir);
	if (r == 0 && unlinkat(fd, name, AT_REMOVEDIR) < 0)
		r = kx_err_set(err, errno, "%s/%s: cannot remove: %s", base, name, strerror(errno));
	return r;
}

/* Is there something of a dump in it, or nothing at all? */
static bool is_dump(const struct dump_dir *d)
{
	return d->whole || d->incomplete || d->log || d->empty;
}

static bool is_ours(const struct dump_dir *d, const struct prune *p)
{
	return !p->host || !strcmp(d->stamp.host, p->host);
}

/* Those of @v, newest first, that go: to its front.  Their number. */
static size_t choose(struct dump_dir *v, size_t n, const struct prune *p)
{
	size_t kept = p->protect != NULL, out = 0;

	for (size_t i = 0; i < n; i++) {
		if (!is_ours(&v[i], p) || !is_dump(&v[i]) ||
		    (p->protect && !strcmp(v[i].name, p->protect)))
			continue;
		if (kept >= p->keep)
			v[out++] = v[i];
		else
			kept += v[i].whole;
	}
	return out;
}

int dumps_prune(struct kx_arena *a, const char *base, const struct prune *p,
		void (*each)(void *ctx, const struct dump_dir *d), void *ctx,
		size_t *ret_removed, struct kx_err *err)
{
	struct dump_dir *v;
	size_t n, removed = 0;
	int fd, r = dumps_read(a, base, &v, &n, err);

	*ret_removed = 0;
	if (r < 0)
		return r;
	n = choose(v, n, p);
	if (!n)
		return 0;
	fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return kx_err_set(err, errno, "%s: cannot open: %s", base, strerror(errno));
	for (size_t i = 0; i < n; i++) {
		if (each)
			each(ctx, &v[i]);
		/* One that cannot be removed does not keep the others. */
		if (p->dry_run || remove_one(fd, base, v[i].name, err) == 0)
			removed++;
		else
			r = -err->code;
	}
	close(fd);
	*ret_removed = removed;
	return r;
}
