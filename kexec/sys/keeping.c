/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mark "keeping" (mark.h): a kernel that -e is to load while the running one is
 * kept in memory.  Nothing is loaded before, so this is all there is of it:
 *
 *	release RELEASE|-
 *	times N
 *	in DIRECTORY
 *	file DEVICE INODE SIZE SECONDS NANOSECONDS PATH
 *	arg ARGUMENT
 *	end
 *
 * with as many lines "file" and "arg" as there are, numbers as 0x hexadecimal.  Called
 * by commit.c, returning.c and verb-keep.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "kx/json.h"
#include "kx/keep-take.h"
#include "kx/number.h"
#include "mark.h"

#define MARK	"keeping"
#define NUMBERS	5

/* ---- reading ---------------------------------------------------------------------- */

static int mark_bad(const char *wanted, const char *line, struct kx_err *err)
{
	return kx_err_set(err, EINVAL, "/run/kexec-tools/" MARK ": expected %s, have '%s'", wanted,
			  line ? line : "");
}

/* What is behind "NAME " in @line; NULL: it is another line, or none. */
static char *value_of(char *line, const char *name)
{
	size_t n = strlen(name);

	return line && !strncmp(line, name, n) && line[n] == ' ' ? line + n + 1 : NULL;
}

/* Cuts the next line off *p; NULL at the end. */
static char *next_line(char **p)
{
	char *line = *p;

	if (!line || !*line)
		return NULL;
	*p = strchr(line, '\n');
	if (*p)
		*(*p)++ = '\0';
	return line;
}

static int parse_file(char *value, struct kx_keeping_file *ret)
{
	uint64_t n[NUMBERS];

	for (size_t i = 0; i < NUMBERS; i++) {
		char *word = value;

		value = strchr(value, ' ');
		if (!value)
			return -EINVAL;
		*value++ = '\0';
		if (kx_number_parse(word, 16, &n[i], NULL) < 0)
			return -EINVAL;
	}
	*ret = (struct kx_keeping_file){ value, n[0], n[1], n[2], n[3], n[4] };
	return *value ? 0 : -EINVAL;
}

static size_t count_lines(const char *text)
{
	size_t n = 1;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* @text is cut into lines. */
static int parse(char *text, struct kx_keeping *v, struct kx_err *err)
{
	char *line = next_line(&text), *value;

	v->release = value_of(line, "release");
	if (!v->release)
		return mark_bad("'release'", line, err);
	if (!strcmp(v->release, "-"))
		v->release = "";
	line = next_line(&text);
	value = value_of(line, "times");
	if (!value || kx_number_parse(value, 16, &v->times, NULL) < 0)
		return mark_bad("'times' and a number", line, err);
	line = next_line(&text);
	v->dir = value_of(line, "in");
	if (!v->dir || *v->dir != '/')
		return mark_bad("'in' and a directory", line, err);
	while ((value = value_of(line = next_line(&text), "file")))
		if (parse_file(value, &v->file[v->file_count++]) < 0)
			return mark_bad("five numbers and a path", value, err);
	for (; (value = value_of(line, "arg")); line = next_line(&text))
		v->argv[v->argc++] = value;
	if (!line || strcmp(line, "end") || text)
		return mark_bad("'end'", line, err);
	return 0;
}

int kx_keeping_read(const char *root, struct kx_arena *a, bool *ret_set, struct kx_keeping *ret,
		    struct kx_err *err)
{
	struct kx_keeping v = { .argc = 1 };
	const char *text;
	char *copy;
	size_t lines;
	bool set;
	int r;

	*ret_set = false;
	r = kx_mark_read(root, MARK, a, &set, &text, err);
	if (r < 0 || !set)
		return r;
	lines = count_lines(text);
	copy = kx_arena_strdup(a, text);
	v.file = kx_arena_alloc(a, lines * sizeof(*v.file));
	v.argv = kx_arena_alloc(a, (lines + 2) * sizeof(*v.argv));
	if (v.argv)
		v.argv[0] = kx_arena_strdup(a, "kexec");
	if (!copy || !v.file || !v.argv || !v.argv[0])
		return kx_err_set(err, ENOMEM, "out of memory");
	r = parse(copy, &v, err);
	if (r < 0)
		return r;
	*ret = v;
	*ret_set = true;
	return 0;
}

/* ---- writing ----------------------------------------------------------------------- */

static int check_line(const char *what, const char *text, struct kx_err *err)
{
	return strchr(text, '\n') ? kx_err_set(err, EINVAL, "%s '%s': has a line end in it, which"
					       " cannot be remembered for -e", what, text) : 0;
}

static int check_lines(const struct kx_keeping *v, struct kx_err *err)
{
	int r = check_line("directory", v->dir, err);

	for (size_t i = 0; r == 0 && i < v->file_count; i++)
		r = check_line("file", v->file[i].path, err);
	for (int i = 1; r == 0 && i < v->argc; i++)
		r = check_line("argument", v->argv[i], err);
	return r;
}

int kx_keeping_write(const char *root, const struct kx_keeping *v, struct kx_err *err)
{
	struct kx_arena a;
	struct kx_text t;
	const char *text;
	int r = check_lines(v, err);

	if (r < 0)
		return r;
	kx_arena_init(&a);
	kx_text_init(&t, &a);
	kx_text_add(&t, "release %s\ntimes 0x%" PRIx64 "\nin %s\n",
		    *v->release && !strpbrk(v->release, " \n") ? v->release : "-", v->times, v->dir);
	for (size_t i = 0; i < v->file_count; i++) {
		const struct kx_keeping_file *f = &v->file[i];

		kx_text_add(&t, "file 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 " 0x%"
			    PRIx64 " %s\n", f->dev, f->ino, f->size, f->mtime_s, f->mtime_ns, f->path);
	}
	for (int i = 1; i < v->argc; i++)
		kx_text_add(&t, "arg %s\n", v->argv[i]);
	kx_text_add(&t, "end");
	text = kx_text_str(&t);
	r = text ? kx_mark_write(root, MARK, text, err) : kx_err_set(err, ENOMEM, "out of memory");
	kx_arena_deinit(&a);
	return r;
}

int kx_keeping_forget(const char *root, struct kx_err *err)
{
	return kx_mark_remove(root, MARK, err);
}

/* ---- files -------------------------------------------------------------------------- */

int kx_keeping_stat(const char *path, struct kx_keeping_file *ret, struct kx_err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return kx_err_set(err, errno, "'%s': %s", path, strerror(errno));
	*ret = (struct kx_keeping_file){
		.path = path, .dev = (uint64_t)st.st_dev, .ino = (uint64_t)st.st_ino,
		.size = (uint64_t)st.st_size, .mtime_s = (uint64_t)st.st_mtim.tv_sec,
		.mtime_ns = (uint64_t)st.st_mtim.tv_nsec,
	};
	return 0;
}

static const char *what_changed(const struct kx_keeping_file *then,
				const struct kx_keeping_file *now)
{
	if (then->dev != now->dev || then->ino != now->ino)
		return "is another file";
	if (then->size != now->size)
		return "has another size";
	if (then->mtime_s != now->mtime_s || then->mtime_ns != now->mtime_ns)
		return "was written to";
	return NULL;
}

int kx_keeping_check(const struct kx_keeping *v, struct kx_err *err)
{
	for (size_t i = 0; i < v->file_count; i++) {
		struct kx_keeping_file now;
		const char *changed;
		int r = kx_keeping_stat(v->file[i].path, &now, err);

		if (r < 0)
			return kx_err_wrap(err, "it was there at the load");
		changed = what_changed(&v->file[i], &now);
		if (changed)
			return kx_err_set(err, ESTALE, "'%s': %s since it was loaded with"
					  " --load-preserve-context: load it again", v->file[i].path,
					  changed);
	}
	return 0;
}
