/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file /run/kexec-tools/staged, and who wrote it: kexec -l
 * --stage=crashkernel.
 *
 * One line with the boot id of the kernel that it speaks of, so that one left
 * behind by another boot (a /run that is no tmpfs, a kernel that was jumped to
 * with it) says nothing.  It counts only while the kernel says that a crash
 * image is loaded.  Read by kx_sources_read(), for every user; written and
 * removed by commit.c.
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
#include "kx/sys.h"
#include "open.h"
#include "staged.h"

#define BOOT_ID		"proc/sys/kernel/random/boot_id"
#define MARK_DIR	"run/kexec-tools"
#define MARK		MARK_DIR "/staged"
/* rename(2) makes it the mark once it is whole. */
#define MARK_NEW	MARK_DIR "/staged-XXXXXX"

int kx_staged_read(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	const char *id, *mark;
	int r;

	r = kx_fact_text(s->root, a, &id, err, BOOT_ID);
	if (r == 0)
		r = kx_fact_text(s->root, a, &mark, err, MARK);
	if (r < 0)
		return r;
	s->crash_is_staged = s->crash_loaded.known && s->crash_loaded.value && id[0] &&
			     !strcmp(id, mark);
	return 0;
}

bool kx_staged_any_image(const char *root)
{
	uint64_t loaded = 0;

	if (kx_root_u64(root, 10, &loaded, NULL, "sys/kernel/kexec_crash_loaded") < 0 &&
	    kx_root_u64(root, 10, &loaded, NULL, "sys/kernel/kexec/crash_loaded") < 0)
		return false;
	return loaded;
}

/* "@root/@path" into @ret. */
static int path_below(char ret[PATH_MAX], const char *root, const char *path, struct kx_err *err)
{
	int n = snprintf(ret, PATH_MAX, "%s/%s", root, path);

	if (n < 0 || n >= PATH_MAX)
		return kx_err_set(err, ENAMETOOLONG, "/%s: path is longer than %d bytes", path,
				  PATH_MAX - 1);
	return 0;
}

/* mkdir(2) and open(2) take bits away by umask; every user may know what is loaded. */
static int make_dir(const char *path)
{
	if (mkdir(path, 0755) < 0)
		return errno == EEXIST ? 0 : -errno;
	return chmod(path, 0755) < 0 ? -errno : 0;
}

/* A whole new file @path, readable for all, with @line in it. */
static int write_new(char *path, const char *line)
{
	_cleanup_fd_ int fd = mkostemp(path, O_CLOEXEC);
	ssize_t n, len = (ssize_t)strlen(line);
	int r = 0;

	if (fd < 0)
		return -errno;
	n = write(fd, line, (size_t)len);
	if (n != len)
		r = n < 0 ? -errno : -ENOSPC;
	else if (fchmod(fd, 0644) < 0)
		r = -errno;
	if (r < 0)
		unlink(path);
	return r;
}

static int write_line(const char *root, const char *line, struct kx_err *err)
{
	char dir[PATH_MAX], made[PATH_MAX], path[PATH_MAX];
	int r;

	if (path_below(dir, root, MARK_DIR, err) < 0 || path_below(made, root, MARK_NEW, err) < 0 ||
	    path_below(path, root, MARK, err) < 0)
		return -ENAMETOOLONG;
	r = make_dir(dir);
	if (r == 0)
		r = write_new(made, line);
	if (r == 0 && rename(made, path) < 0) {
		r = -errno;
		unlink(made);
	}
	return r < 0 ? kx_err_set(err, -r, "%s: cannot write: %s", path, strerror(-r)) : 0;
}

int kx_staged_write(const char *root, struct kx_err *err)
{
	struct kx_arena a;
	const char *id = "", *line;
	int r;

	kx_arena_init(&a);
	r = kx_fact_text(root, &a, &id, err, BOOT_ID);
	if (r == 0 && !id[0])
		r = kx_err_set(err, ENOENT, "%s/" BOOT_ID ": expected the id of this boot", root);
	if (r == 0) {
		line = kx_arena_printf(&a, "%s\n", id);
		r = line ? write_line(root, line, err) : kx_err_set(err, ENOMEM, "out of memory");
	}
	kx_arena_deinit(&a);
	return r;
}

int kx_staged_remove(const char *root, struct kx_err *err)
{
	char path[PATH_MAX];
	int r = path_below(path, root, MARK, err);

	if (r == 0 && unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR)
		r = kx_err_set(err, errno, "%s: cannot remove: %s", path, strerror(errno));
	return r;
}
