/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs stored inputs through the fuzz targets, without libFuzzer:
 *
 *	replay DIR...
 *
 * Every DIR/NAME/ holds inputs of the target NAME.  Speaks TAP, one line per
 * target; a fault ends the program (a sanitizer, or FUZZ_ASSERT), and the line
 * before says which input it was.  "make check" runs it on the seeds that
 * make-seeds.c writes and on tests/fuzz/found, which holds inputs that once
 * showed a fault.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "targets.h"

#define PATH_LEN	4096
#define INPUT_MAX	(64l << 20)

/* The file in memory of exactly its size, to be freed; -1 if it cannot be read. */
static int read_input(const char *path, struct kx_bytes *ret)
{
	FILE *f = fopen(path, "re");
	uint8_t *p = NULL;
	long len = -1;

	if (f && fseek(f, 0, SEEK_END) == 0)
		len = ftell(f);
	if (len >= 0 && len <= INPUT_MAX && fseek(f, 0, SEEK_SET) == 0)
		p = malloc(len ? (size_t)len : 1);
	if (p && fread(p, 1, (size_t)len, f) != (size_t)len) {
		free(p);
		p = NULL;
	}
	if (f)
		fclose(f);
	if (!p)
		return -1;
	*ret = (struct kx_bytes){ p, (size_t)len };
	return 0;
}

/* Number of inputs run from the directory at @path; -1 if one cannot be read. */
static long run_directory(const struct fuzz_target *t, const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	long count = 0;

	while (d && count >= 0 && (e = readdir(d))) {
		char file[PATH_LEN];
		struct kx_bytes in;

		if (e->d_name[0] == '.')
			continue;
		if (snprintf(file, sizeof(file), "%s/%s", path, e->d_name) >= PATH_LEN ||
		    read_input(file, &in) < 0) {
			printf("# cannot read %s\n", file);
			count = -1;
			break;
		}
		/* Flushed line by line: what is last is what failed. */
		printf("# %s\n", file);
		t->run(in);
		free((void *)(uintptr_t)in.data);
		count++;
	}
	if (d)
		closedir(d);
	return count;
}

/* A directory that no target is called like is a mistake of ours. */
static int check_names(const char *top)
{
	DIR *d = opendir(top);
	struct dirent *e;
	int bad = !d;

	if (!d)
		printf("# cannot open %s\n", top);
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' && !fuzz_find(e->d_name)) {
			printf("# %s/%s: no such target\n", top, e->d_name);
			bad = 1;
		}
	if (d)
		closedir(d);
	return bad;
}

static int run_target(const struct fuzz_target *t, size_t number, int argc, char **argv)
{
	long total = 0;

	for (int i = 1; i < argc && total >= 0; i++) {
		char path[PATH_LEN];
		long n;

		if (snprintf(path, sizeof(path), "%s/%s", argv[i], t->name) >= PATH_LEN)
			return 1;
		n = run_directory(t, path);
		total = n < 0 ? -1 : total + n;
	}
	/* A target without an input tests nothing. */
	printf("%sok %zu - fuzz inputs: %s (%ld)\n", total > 0 ? "" : "not ", number, t->name,
	       total);
	return total <= 0;
}

int main(int argc, char **argv)
{
	size_t count = 0;
	int bad = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2) {
		fprintf(stderr, "usage: replay DIR...\n");
		return 2;
	}
	while (fuzz_targets[count].name)
		count++;
	printf("1..%zu\n", count + 1);
	for (size_t i = 0; i < count; i++)
		bad |= run_target(&fuzz_targets[i], i + 1, argc, argv);
	for (int i = 1; i < argc; i++)
		bad |= check_names(argv[i]) << 1;
	printf("%sok %zu - fuzz inputs: every directory belongs to a target\n",
	       bad & 2 ? "not " : "", count + 1);
	return bad != 0;
}
