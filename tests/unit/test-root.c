/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files below a root: kx_file_read*() and kx_root_*().
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "kx/sys.h"
#include "sysroot.h"
#include "test.h"

static struct kx_arena arena;
static struct sysroot root;
static struct kx_err err;

static void begin(void)
{
	memset(&err, 0, sizeof(err));
	kx_arena_init(&arena);
	sysroot_make(&root);
}

static void end(void)
{
	sysroot_remove(&root);
	kx_arena_deinit(&arena);
}

/* What an error about the file @path below the root says. */
static const char *about(const char *path, const char *sentence)
{
	return kx_arena_printf(&arena, "%s/%s: %s", root.dir, path, sentence);
}

static void test_read(void)
{
	struct kx_bytes b = KX_BYTES_NONE;

	begin();
	sysroot_put(&root, "a/b", "one\0two", 7);
	CHECK(kx_root_read(root.dir, &arena, &b, &err, "a/%c", 'b') == 0);
	CHECK_EQ_U64(b.len, 7);
	CHECK_MEM(b.data, "one\0two", 8);	/* the NUL behind it, too */
	CHECK(kx_root_read(root.dir, &arena, &b, &err, "/a/b") == 0);
	sysroot_text(&root, "empty", "");
	CHECK(kx_root_read(root.dir, &arena, &b, &err, "empty") == 0);
	CHECK_EQ_U64(b.len, 0);
	CHECK(b.data && b.data[0] == 0);
	end();
}

static void test_large(void)
{
	size_t n = 300000;
	uint8_t *data = malloc(n);
	struct kx_bytes b = KX_BYTES_NONE;
	char path[PATH_MAX];

	begin();
	for (size_t i = 0; i < n; i++)
		data[i] = (uint8_t)(i * 7 ^ i >> 8);
	sysroot_put(&root, "large", data, n);
	snprintf(path, sizeof(path), "%s/large", root.dir);
	CHECK(kx_file_read(path, n, &arena, &b, &err) == 0);
	if (CHECK_EQ_U64(b.len, n))
		CHECK_MEM(b.data, data, n);
	CHECK(kx_file_read(path, n - 1, &arena, &b, &err) == -EFBIG);
	CHECK_STR(err.text, about("large", "expected at most 0x493df bytes, have more"));
	CHECK_EQ_U64(b.len, n);		/* untouched */
	free(data);
	end();
}

/* A pipe has no size, like the files of /proc. */
static void test_pipe(void)
{
	static uint8_t data[40000];
	struct kx_bytes b = KX_BYTES_NONE;
	int fd[2];

	begin();
	memset(data, 'x', sizeof(data));
	if (!CHECK(pipe(fd) == 0))
		return;
	CHECK(write(fd[1], data, sizeof(data)) == sizeof(data));
	close(fd[1]);
	CHECK(kx_file_read_fd(fd[0], "pipe", 1 << 20, &arena, &b, &err) == 0);
	if (CHECK_EQ_U64(b.len, sizeof(data)))
		CHECK_MEM(b.data, data, sizeof(data));
	close(fd[0]);
	if (!CHECK(pipe(fd) == 0))
		return;
	CHECK(write(fd[1], data, sizeof(data)) == sizeof(data));
	close(fd[1]);
	CHECK(kx_file_read_fd(fd[0], "pipe", 39999, &arena, &b, &err) == -EFBIG);
	CHECK_STR(err.text, "pipe: expected at most 0x9c3f bytes, have more");
	close(fd[0]);
	CHECK(kx_file_read_fd(-1, "closed", 1, &arena, &b, &err) == -EBADF);
	CHECK_STR(err.text, "closed: cannot stat: Bad file descriptor");
	CHECK(kx_root_read("", &arena, &b, &err, "proc/self/status") == 0);
	CHECK(b.len > 100 && memmem(b.data, b.len, "CapEff:", 7));
	end();
}

static int open_below(const char *path)
{
	return open(kx_arena_printf(&arena, "%s/%s", root.dir, path), O_RDONLY | O_CLOEXEC);
}

static void test_map(void)
{
	struct kx_bytes b = KX_BYTES_NONE;
	int fds[2], fd;

	begin();
	sysroot_put(&root, "a", "mapped", 6);
	fd = open_below("a");
	CHECK(kx_file_map(fd, &b) == 0);
	CHECK_EQ_U64(b.len, 6);
	if (b.len == 6)
		CHECK_MEM(b.data, "mapped", 6);
	close(fd);
	kx_file_unmap(b);
	kx_file_unmap(KX_BYTES_NONE);

	/* What cannot be mapped is left to be read. */
	sysroot_put(&root, "empty", "", 0);
	fd = open_below("empty");
	CHECK(kx_file_map(fd, &b) == -ENODEV);
	close(fd);
	CHECK(pipe(fds) == 0);
	CHECK(kx_file_map(fds[0], &b) == -ENODEV);
	close(fds[0]);
	close(fds[1]);
	CHECK(kx_file_map(-1, &b) == -EBADF);
	end();
}

static void test_missing(void)
{
	struct kx_bytes b = KX_BYTES_NONE;

	begin();
	CHECK(kx_root_read(root.dir, &arena, &b, &err, "no") == -ENOENT);
	CHECK_STR(err.text, about("no", "cannot open: No such file or directory"));
	CHECK(kx_root_read(root.dir, &arena, &b, &err, ".") == -EISDIR);
	CHECK_STR(err.text, about(".", "cannot read: Is a directory"));
	CHECK(kx_root_read(root.dir, &arena, &b, &err, "%05000d", 1) == -ENAMETOOLONG);
	end();
}

static void test_number(void)
{
	static const struct {
		const char *text;
		int base;
		uint64_t value;
	} good[] = {
		{ "0x1000\n", 0, 0x1000 }, { "80000000\n", 16, 0x80000000 }, { "12", 10, 12 },
		{ " 7 \n", 10, 7 }, { "ffffffffffffffff\n", 16, UINT64_MAX },
	};
	static const struct {
		const char *text;
		int code;
		const char *error;
	} bad[] = {
		{ "", EINVAL, "expected a number, have ''" },
		{ "\n", EINVAL, "expected a number, have ''" },
		{ "-1\n", EINVAL, "expected a number, have '-1'" },
		{ "12 13\n", EINVAL, "expected a number, have '12 13'" },
		{ "18446744073709551616\n", ERANGE,
		  "expected a number below 2^64, have '18446744073709551616'" },
		{ "0000000000000000000000000000000000000000000000000000000000000000", EINVAL,
		  "expected a number, have 0x40 bytes or more" },
	};
	uint64_t v = 99;

	begin();
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		sysroot_text(&root, "n", good[i].text);
		CHECK(kx_root_u64(root.dir, good[i].base, &v, &err, "n") == 0);
		CHECK_EQ_U64(v, good[i].value);
	}
	v = 99;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		sysroot_text(&root, "n", bad[i].text);
		CHECK(kx_root_u64(root.dir, 10, &v, &err, "n") == -bad[i].code);
		CHECK_STR(err.text, about("n", bad[i].error));
		CHECK_EQ_U64(v, 99);
	}
	sysroot_put(&root, "n", "1\0002", 3);
	CHECK(kx_root_u64(root.dir, 10, &v, &err, "n") == -EINVAL);
	CHECK_STR(err.text, about("n", "expected a number, have a NUL byte"));
	CHECK(kx_root_u64(root.dir, 10, &v, &err, "no") == -ENOENT);
	CHECK(kx_root_u64(root.dir, 10, &v, NULL, "no") == -ENOENT);
	end();
}

static void test_list(void)
{
	static const char *const want[] = {
		"block_size", "memory0", "memory2", "memory10", "memory100",
	};
	char **names = NULL, name[32];

	begin();
	sysroot_text(&root, "d/memory10", "");
	sysroot_text(&root, "d/memory2/state", "");
	sysroot_text(&root, "d/memory100", "");
	sysroot_text(&root, "d/block_size", "");
	sysroot_text(&root, "d/memory0", "");
	CHECK(kx_root_list(root.dir, &arena, "/d", &names, &err) == 0);
	for (size_t i = 0; names && i < 5; i++)
		CHECK_STR(names[i], want[i]);
	CHECK(names && !names[5]);
	/* More than the first guess. */
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "many/%d", i);
		sysroot_text(&root, name, "");
	}
	CHECK(kx_root_list(root.dir, &arena, "many", &names, &err) == 0);
	CHECK_STR(names[99], "99");
	CHECK(!names[100]);
	CHECK(kx_root_list(root.dir, &arena, "d/memory2", &names, &err) == 0);
	CHECK(names[0] && !names[1]);
	CHECK(kx_root_list(root.dir, &arena, "none", &names, &err) == -ENOENT);
	CHECK_STR(err.text, about("none", "cannot open: No such file or directory"));
	CHECK(kx_root_list(root.dir, &arena, "d/memory0", &names, &err) == -ENOTDIR);
	end();
}

static void test_exists(void)
{
	begin();
	sysroot_text(&root, "x/y", "");
	CHECK(kx_root_exists(root.dir, "x"));
	CHECK(kx_root_exists(root.dir, "/x/%s", "y"));
	CHECK(!kx_root_exists(root.dir, "x/z"));
	CHECK(kx_root_exists("", "proc/self/status"));
	end();
}

TEST_MAIN(
	{ "whole files", test_read },
	{ "a large file and its bound", test_large },
	{ "files without a size", test_pipe },
	{ "a file as memory", test_map },
	{ "what is not there", test_missing },
	{ "numbers", test_number },
	{ "directories", test_list },
	{ "existence", test_exists },
)
