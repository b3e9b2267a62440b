// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads, writes and removes marks (mark.h).  Read by kx_sources_read(), for every
 * user; written and removed by commit.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "facts.h"
#include "mark.h"
#include "open.h"

#define BOOT_ID		"proc/sys/kernel/random/boot_id"
#define MOUNTS		"proc/mounts"
#define MARK_DIR	"run/kexec-tools"

/* In the place of an id: this boot's memory has the mark, and no other boot's. */
#define IN_MEMORY	"-"

static bool word_is(const char *word, const char *text)
{
	size_t len = strcspn(word, " \n");

	return len == strlen(text) && !memcmp(word, text, len);
}

static const char *word_next(const char *word)
{
	word += strcspn(word, " \n");
	return word + (*word == ' ');
}

static bool is_memory(const char *type)
{
	return word_is(type, "tmpfs") || word_is(type, "ramfs") || word_is(type, "rootfs");
}

/*
 * proc(5), /proc/mounts: device, mount point and type begin each line; of those at
 * the same point the last is on top.
 */
static bool marks_in_memory(const char *mounts)
{
	static const char *const points[] = { "/", "/run", ("/" MARK_DIR) };
	size_t nearest = 0;
	bool memory = false;

	for (const char *line = mounts; *line;) {
		const char *point = word_next(line), *type = word_next(point);

		for (size_t i = nearest; i < sizeof(points) / sizeof(points[0]); i++)
			if (word_is(point, points[i])) {
				nearest = i;
				memory = is_memory(type);
			}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return memory;
}

/*
 * What a mark of this boot begins with: its id, or where the kernel has none
 * (CONFIG_SYSCTL is off) IN_MEMORY, if /run is that; else "".
 */
static int boot_id(const char *root, struct kx_arena *a, const char **ret, struct kx_err *err)
{
	const char *mounts;
	int r;

	r = kx_fact_text(root, a, ret, err, BOOT_ID);
	if (r < 0 || **ret)
		return r;
	r = kx_fact_text(root, a, &mounts, err, MOUNTS);
	if (r == 0 && marks_in_memory(mounts))
		*ret = IN_MEMORY;
	return r;
}

int kx_mark_read(const char *root, const char *name, struct kx_arena *a, bool *ret_set,
		 const char **ret_text, struct kx_err *err)
{
	const char *id, *mark;
	size_t len;
	int r;

	r = boot_id(root, a, &id, err);
	if (r == 0)
		r = kx_fact_text(root, a, &mark, err, MARK_DIR "/%s", name);
	if (r < 0)
		return r;
	len = strlen(id);
	*ret_set = len && !strncmp(mark, id, len) && (!mark[len] || mark[len] == '\n');
	*ret_text = *ret_set && mark[len] ? mark + len + 1 : "";
	return 0;
}

/* "@root/run/kexec-tools/@name" into @ret. */
static int mark_path(char ret[PATH_MAX], const char *root, const char *name, struct kx_err *err)
{
	int n = snprintf(ret, PATH_MAX, "%s/" MARK_DIR "%s%s", root, *name ? "/" : "", name);

	if (n < 0 || n >= PATH_MAX)
		return kx_err_set(err, ENAMETOOLONG, "/" MARK_DIR "/%s: path is longer than %d bytes",
				  name, PATH_MAX - 1);
	return 0;
}

/* mkdir(2) and open(2) take bits away by umask; every user may know what is loaded. */
static int make_dir(const char *path)
{
	if (mkdir(path, 0755) < 0)
		return errno == EEXIST ? 0 : -errno;
	return chmod(path, 0755) < 0 ? -errno : 0;
}

/* A whole new file @path, readable for all, with @text in it. */
static int write_new(char *path, const char *text)
{
	_cleanup_fd_ int fd = mkostemp(path, O_CLOEXEC);
	ssize_t n, len = (ssize_t)strlen(text);
	int r = 0;

	if (fd < 0)
		return -errno;
	n = write(fd, text, (size_t)len);
	if (n != len)
		r = n < 0 ? -errno : -ENOSPC;
	else if (fchmod(fd, 0644) < 0)
		r = -errno;
	if (r < 0)
		unlink(path);
	return r;
}

/* rename(2) makes it the mark once it is whole. */
static int write_text(const char *root, const char *name, const char *text, struct kx_err *err)
{
	char dir[PATH_MAX], made[PATH_MAX], path[PATH_MAX];
	int r;

	if (mark_path(dir, root, "", err) < 0 || mark_path(path, root, name, err) < 0)
		return -ENAMETOOLONG;
	r = snprintf(made, sizeof(made), "%s-XXXXXX", path);
	if (r < 0 || r >= (int)sizeof(made))
		return kx_err_set(err, ENAMETOOLONG, "%s-XXXXXX: path is longer than %d bytes", path,
				  PATH_MAX - 1);
	r = make_dir(dir);
	if (r == 0)
		r = write_new(made, text);
	if (r == 0 && rename(made, path) < 0) {
		r = -errno;
		unlink(made);
	}
	return r < 0 ? kx_err_set(err, -r, "%s: cannot write: %s", path, strerror(-r)) : 0;
}

int kx_mark_write(const char *root, const char *name, const char *text, struct kx_err *err)
{
	const char *id = "", *all;
	struct kx_arena a;
	int r;

	kx_arena_init(&a);
	r = boot_id(root, &a, &id, err);
	if (r == 0 && !id[0])
		r = kx_err_set(err, ENOENT, "%s/" BOOT_ID ": expected the id of this boot, or /run"
			       " in memory", root);
	if (r == 0) {
		all = kx_arena_printf(&a, "%s\n%s%s", id, text, *text ? "\n" : "");
		r = all ? write_text(root, name, all, err) :
			  kx_err_set(err, ENOMEM, "out of memory");
	}
	kx_arena_deinit(&a);
	return r;
}

int kx_mark_remove(const char *root, const char *name, struct kx_err *err)
{
	char path[PATH_MAX];
	int r = mark_path(path, root, name, err);

	if (r == 0 && unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR)
		r = kx_err_set(err, errno, "%s: cannot remove: %s", path, strerror(errno));
	return r;
}
